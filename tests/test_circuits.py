import pytest
import torch

from course_utils.circuits import (
    AttributionGraph,
    Node,
    attribution_graph,
    completeness,
    freeze,
    influence_on_answer,
    prune,
    replacement,
)
from course_utils.interventions import prompt_ids
from course_utils.lm import load_model
from course_utils.sae import Transcoder, load_transcoder

PROMPT = "When Mary and John went to"


def transcoder(seed, architecture="batchtopk", skip=True):
    """Random numbers everywhere, biases and threshold too: it reconstructs nothing, so errors are large."""
    t = Transcoder(
        256, 64, architecture, skip=skip, seed=seed, **({"k": 8} if architecture == "batchtopk" else {})
    )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in t.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
        if architecture == "batchtopk":
            t.threshold.fill_(0.5)
    return t.eval()


@pytest.fixture(scope="module")
def model():
    return load_model("pocket")


@pytest.fixture(scope="module")
def transcoders():
    kinds = [("batchtopk", True), ("relu", False), ("batchtopk", False), ("relu", True), ("batchtopk", True)]
    return {layer: transcoder(layer, *kind) for layer, kind in enumerate(kinds)}


@pytest.fixture(scope="module")
def graph(model, transcoders):
    return attribution_graph(model, transcoders, PROMPT, " the", against=" a", max_targets=5000)


@torch.no_grad()
def test_the_frozen_model_gives_what_the_real_one_gave(model, transcoders):
    frozen = freeze(model, transcoders, prompt_ids(model, PROMPT))
    *read, last = frozen.run(frozen.embedded, list(frozen.written), torch.ones(()))
    torch.testing.assert_close(torch.stack(read), frozen.read, atol=1e-4, rtol=1e-4)
    logits = model(frozen.ids[None])[0, -1]
    torch.testing.assert_close(last[-1] @ model.W_U, logits, atol=1e-3, rtol=1e-4)


@torch.no_grad()
def test_the_frozen_model_is_linear(model, transcoders):
    frozen = freeze(model, transcoders, prompt_ids(model, PROMPT))
    once = frozen.run(frozen.embedded, list(frozen.written), torch.ones(()))
    twice = frozen.run(2 * frozen.embedded, list(2 * frozen.written), 2 * torch.ones(()))
    torch.testing.assert_close(twice[-1], 2 * once[-1], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_what_flows_into_a_node_is_its_pre_activation(model, transcoders, graph):
    """Computed from the real run: a latent's pre-activation, and the difference of two logits."""
    torch.testing.assert_close(graph.edges.sum(dim=1) + graph.constants, graph.sums, atol=1e-4, rtol=1e-4)
    ids = prompt_ids(model, PROMPT)[None]
    logits, cache = model.run_with_cache(ids)
    the, a = (int(prompt_ids(model, text)[1]) for text in (" the", " a"))
    assert graph.answer.value == pytest.approx((logits[0, -1, the] - logits[0, -1, a]).item(), abs=1e-3)
    for target, found in zip(graph.targets.tolist()[1:], graph.sums.tolist()[1:], strict=True):
        node = graph.nodes[target]
        x, t = cache[f"blocks.{node.layer}.mlp.hook_in"][0, node.position], transcoders[node.layer]
        assert found == pytest.approx((x @ t.W_enc[:, node.latent] + t.b_enc[node.latent]).item(), abs=1e-4)
        assert node.value == pytest.approx(
            found, abs=1e-4
        )  # active, so the activation function changes nothing


@torch.no_grad()
def test_an_edge_is_what_the_target_loses_in_the_frozen_model(model, transcoders, graph):
    """By another way than gradients: run the frozen model without the source, its other parts held."""
    frozen = freeze(model, transcoders, prompt_ids(model, PROMPT))
    one = torch.ones(())
    whole = frozen.run(frozen.embedded, list(frozen.written), one)
    target = next(
        int(t) for t in graph.targets if graph.nodes[t].kind == "latent" and graph.nodes[t].layer == 3
    )
    row = graph.edges[(graph.targets == target).nonzero()[0, 0]]
    reads = transcoders[3].W_enc[:, graph.nodes[target].latent]
    for kind in ("embedding", "latent", "error"):
        source = int((row.abs() * graph.are(kind)).argmax())
        node, embedded, written = (
            graph.nodes[source],
            frozen.embedded.clone(),
            [w.clone() for w in frozen.written],
        )
        if kind == "embedding":
            embedded[node.position] = 0
        elif kind == "latent":
            written[node.layer][node.position] -= node.value * transcoders[node.layer].W_dec[node.latent]
        else:
            written[node.layer][node.position] -= frozen.errors[node.layer, node.position]
        less = frozen.run(embedded, written, one)
        lost = ((whole[3] - less[3])[graph.nodes[target].position] @ reads).item()
        assert lost == pytest.approx(row[source].item(), abs=1e-4) and abs(lost) > 1e-3


def test_nothing_flows_upstream(graph):
    for target, row in zip(graph.targets.tolist(), graph.edges, strict=True):
        to = graph.nodes[target]
        sources = [graph.nodes[i] for i in row.nonzero()[:, 0].tolist()]
        assert all(s.layer < to.layer and s.position <= to.position for s in sources)


def test_the_ends_of_all_paths_carry_the_whole_answer(graph):
    traced = torch.zeros(len(graph.nodes), dtype=torch.bool).index_fill(0, graph.targets, True)
    ends = influence_on_answer(graph)[~traced]
    assert ends.sum().item() == pytest.approx(1, abs=1e-3)
    assert 0 < replacement(graph) < completeness(graph) < 1


def test_with_few_targets_the_strongest_are_traced(model, transcoders, graph):
    few = attribution_graph(model, transcoders, PROMPT, " the", against=" a", max_targets=20)
    assert len(few.targets) <= 20 < len(graph.targets) and len(few.nodes) == len(graph.nodes)
    for target, row in zip(few.targets.tolist(), few.edges, strict=True):
        torch.testing.assert_close(row, graph.edges[(graph.targets == target).nonzero()[0, 0]])
    assert replacement(few) < replacement(graph)  # what is not traced back counts as an error does


def test_pruning_keeps_a_share(graph):
    small = prune(graph, share=0.5, edge_share=1.0)
    kept = {(n.kind, n.layer, n.position, n.latent) for n in small.nodes}
    carried = influence_on_answer(graph)
    may_go = graph.are("latent", "error")
    of_kept = sum(
        carried[i].item()
        for i, n in enumerate(graph.nodes)
        if may_go[i] and (n.kind, n.layer, n.position, n.latent) in kept
    )
    assert of_kept >= 0.45 * carried[may_go].sum().item()  # what no longer reaches the answer went as well
    assert len(small.nodes) < len(graph.nodes) / 3
    assert small.answer == graph.answer
    assert small.left_out == pytest.approx(
        (graph.sums[0] - graph.constants[0] - small.edges[0].sum()).item(), abs=1e-3
    )
    for share in (0.2, 0.8):
        assert (len(prune(graph, share).nodes) < len(small.nodes)) == (share < 0.5)


def test_pruning_nothing_changes_no_edge(graph):
    whole = prune(graph, share=1.0, edge_share=1.0)
    assert whole.left_out == pytest.approx(0, abs=1e-3)
    assert replacement(whole) == pytest.approx(replacement(graph), abs=1e-3)


def test_a_pruned_graph_by_hand():
    """answer 3 <- latents 0 (8) and 1 (2); latent 1 <- latent 2 (1)."""
    nodes = (
        *(Node("latent", layer, 0, i, 1.0) for i, layer in enumerate((1, 1, 0))),
        Node("answer", 2, 0, None, 10.0),
    )
    edges = torch.tensor([[8.0, -2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    graph = AttributionGraph(
        ("x",), "y", nodes, edges, torch.tensor([3, 1]), torch.tensor([4.0, 0.0]), torch.tensor([10.0, 1.0])
    )
    assert influence_on_answer(graph).tolist() == pytest.approx([0.8, 0.2, 0.2, 1.0])
    small = prune(graph, share=0.6)
    assert [node.latent for node in small.nodes] == [0, None]
    assert small.edges.tolist() == [[8.0, 0.0]] and small.left_out == -2


def test_what_does_not_fit_is_refused(model, transcoders):
    with pytest.raises(ValueError, match="2 tokens of this model, not one"):
        attribution_graph(model, transcoders, PROMPT, " the the")
    with pytest.raises(ValueError, match="prompt is empty"):
        attribution_graph(model, transcoders, "", " the")
    with pytest.raises(ValueError, match=r"no transcoder for layers \[1, 4\]"):
        freeze(model, {0: transcoders[0], 2: transcoders[2], 3: transcoders[3]}, prompt_ids(model, PROMPT))
    with pytest.raises(ValueError, match="a transcoder from 256 to 8"):
        freeze(model, {**transcoders, 2: Transcoder(256, 4, d_out=8)}, prompt_ids(model, PROMPT))
    with pytest.raises(ValueError, match="max_targets"):
        attribution_graph(model, transcoders, PROMPT, " the", max_targets=0)
    with pytest.raises(ValueError, match="share is 80"):
        prune(attribution_graph(model, transcoders, "The", " a", max_targets=1), share=80)


@torch.no_grad()
def test_of_a_name_the_shipped_transcoders_leave_little_to_errors(model):
    shipped = {layer: load_transcoder(f"layer_{layer}") for layer in range(5)}
    prompt = "When Mary and John went to the shop, John gave a drink to"
    graph = attribution_graph(model, shipped, prompt, " Mary", against=" John")
    assert completeness(graph) > 0.9
    assert replacement(graph) > 0.75
    flowing = graph.edges.sum(dim=1) + graph.constants
    torch.testing.assert_close(flowing, graph.sums, atol=1e-3, rtol=1e-3)
