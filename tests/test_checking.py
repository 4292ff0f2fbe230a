"""Edges against the real model, each experiment made a second time by hand."""

from dataclasses import replace

import pytest
import torch

from course_utils.circuits import CheckedEdges, agreement, attribution_graph, check_edges, prune
from course_utils.interventions import prompt_ids
from course_utils.lm import load_model
from course_utils.sae import Transcoder, load_transcoder

PROMPT = "When Mary and John went to"


@pytest.fixture(scope="module")
def model():
    return load_model("pocket")


@pytest.fixture(scope="module")
def transcoders():
    """Random numbers everywhere and no skip connection: an MLP that is held writes exactly what it wrote."""
    made = {layer: Transcoder(256, 64, seed=layer) for layer in range(5)}
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in [p for t in made.values() for p in t.parameters()]:
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return made


@pytest.fixture(scope="module")
def graph(model, transcoders):
    return prune(attribution_graph(model, transcoders, PROMPT, " the", against=" a"), 0.99, edge_share=0.95)


def by_hand(model, transcoders, graph, row, source, strength, held=False):
    """One source scaled, one target read, with hooks written out."""
    node, aim = graph.nodes[source], graph.nodes[graph.targets[row]]
    ids = prompt_ids(model, PROMPT)[None]
    the, a = (int(prompt_ids(model, text)[1]) for text in (" the", " a"))
    _, before = model.run_with_cache(ids)

    def target(hooks):
        caught = {}
        place = f"blocks.{min(aim.layer, 4)}.mlp.hook_in"
        watching = (place, lambda x, hook: caught.update(x=x))
        logits = model.run_with_hooks(ids, fwd_hooks=[*hooks, watching])[0, -1]
        if aim.kind == "answer":
            return logits[the] - logits[a]
        t = transcoders[aim.layer]
        return caught["x"][0, aim.position] @ t.W_enc[:, aim.latent] + t.b_enc[aim.latent]

    if node.kind == "embedding":
        name, vector = "blocks.0.hook_resid_pre", before["blocks.0.hook_resid_pre"][0, node.position]
    else:
        name, t = f"blocks.{node.layer}.hook_mlp_out", transcoders[node.layer]
        vector = node.value * t.W_dec[node.latent] if node.kind == "latent" else None
        if vector is None:
            read = before[f"blocks.{node.layer}.mlp.hook_in"][0, node.position]
            vector = before[name][0, node.position] - t(read).x_hat

    def scale(x, hook):
        x = x.clone()
        x[0, node.position] += (strength - 1) * vector
        return x

    hooks = [(name, scale)]
    if held:
        above = [f"blocks.{layer}.hook_mlp_out" for layer in range(node.layer + 1, 5)]
        hooks += [(name, lambda x, hook, name=name: before[name]) for name in above]
    return (target([]) - target(hooks)) / (1 - strength)


@torch.no_grad()
@pytest.mark.parametrize("direct", [False, True])
def test_effects_are_those_of_experiments_by_hand(model, transcoders, graph, direct):
    found = check_edges(model, transcoders, graph, strengths=(0.0, 2.0), direct=direct)
    pairs = (graph.edges != 0).nonzero().tolist()
    for kind in ("embedding", "latent", "error"):
        edges = [i for i, (_, source) in enumerate(pairs) if graph.nodes[source].kind == kind]
        for edge in (edges[0], edges[-1]):
            for k, strength in enumerate((0.0, 2.0)):
                effect = by_hand(model, transcoders, graph, *pairs[edge], strength, held=direct).item()
                assert found.effects[k, edge].item() == pytest.approx(effect, abs=2e-3, rel=1e-3)


@torch.no_grad()
def test_edges_whose_target_moves_the_other_way_are_marked(model, transcoders, graph):
    found = check_edges(model, transcoders, graph, strengths=(0.0, 2.0))
    assert torch.equal(found.weights, graph.edges[graph.edges != 0])
    marks = found.graph.contradicted[found.graph.checked]
    assert torch.equal(marks, found.weights.sign() != found.effects[0].sign())
    assert 0 < marks.sum() < len(marks)  # random transcoders explain little
    smaller = prune(found.graph, 0.5)
    assert smaller.contradicted.shape == smaller.edges.shape


@torch.no_grad()
def test_of_a_name_the_shipped_transcoders_edges_hold(model):
    shipped = {layer: load_transcoder(f"layer_{layer}") for layer in range(5)}
    prompt = "When Mary and John went to the shop, John gave a drink to"
    whole = attribution_graph(model, shipped, prompt, " Mary", against=" John")
    graph = prune(whole, 0.3)
    (found,) = agreement(check_edges(model, shipped, graph, strengths=(0.0,)))
    (alone,) = agreement(check_edges(model, shipped, graph, strengths=(0.0,), direct=True))
    assert found.n_edges > 200
    assert 0.7 < found.rank_correlation < alone.rank_correlation
    assert min(found.same_sign, alone.same_sign) > 0.85


def test_agreement_counts_ties_and_pools_graphs(graph):
    one = CheckedEdges(graph, (0.0,), torch.tensor([1.0, 2.0]), torch.tensor([[0.0, 0.0]]))
    other = CheckedEdges(graph, (0.0,), torch.tensor([3.0]), torch.tensor([[-5.0]]))
    (found,) = agreement(one, other)
    # ranks 1 2 3 and 2.5 2.5 1: -1.5 / sqrt(2 · 1.5)
    assert found.rank_correlation == pytest.approx(-1.5 / 3**0.5)
    assert (found.same_sign, found.n_edges) == (0.0, 3)
    with pytest.raises(ValueError, match="same strengths"):
        agreement(one, other._replace(strengths=(0.5,)))


def test_what_cannot_be_checked_is_refused(model, transcoders, graph):
    with pytest.raises(ValueError, match="1 leaves a source as it was"):
        check_edges(model, transcoders, graph, strengths=(0.0, 1.0))
    with pytest.raises(ValueError, match="no token numbers"):
        check_edges(model, transcoders, replace(graph, ids=None))
