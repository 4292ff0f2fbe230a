"""Graphs exchanged with circuit-tracer: what we write is read back, and a file as circuit-tracer writes it is read."""

import json
import math
import random
from dataclasses import replace

import pytest
import torch
from test_circuit_plots import marked_graph, small_graph

from course_utils.circuits import Grouping, graph_from_json, graph_to_json, links_of, node_ids


def theirs():
    """Fields as in circuit_tracer/frontend/graph_models.py: two outputs, an error whose name is not as ours are."""

    def node(node_id, layer, ctx_idx, feature_type, **more):
        return {
            "node_id": node_id, "feature": -1, "layer": layer, "ctx_idx": ctx_idx, "feature_type": feature_type,
            "token_prob": 0.0, "is_target_logit": False, "run_idx": 0, "reverse_ctx_idx": 0, "jsNodeId": node_id,
            "clerp": "", "influence": 0.5, "activation": None,
        } | more  # fmt: skip

    return {
        "metadata": {
            "slug": "two", "scan": "gemma-2-2b", "transcoder_list": [], "prompt_tokens": ["<bos>", " one"],
            "prompt": " one", "node_threshold": 0.8, "schema_version": 1,
        },
        "qParams": {
            "pinnedIds": ["3_200_1", "E_2_0"], "supernodes": [["counting", "3_200_1", "0_35_1"]], "linkType": "both",
            "clickedId": "", "sg_pos": "",
        },
        "nodes": [
            node("0_35_1", "0", 1, "cross layer transcoder", feature=665, activation=22.125, clerp="a number word"),
            node("3_200_1", "3", 1, "cross layer transcoder", feature=20906, activation=7.5),
            node("0_3_1", "3", 1, "mlp reconstruction error"),
            node("E_2_0", "E", 0, "embedding", feature=0),
            node("E_700_1", "E", 1, "embedding", feature=1),
            node("27_11_1", "27", 1, "logit", feature=11, token_prob=0.4, clerp='Output " three" (p=0.400)'),
            node("27_9_1", "27", 1, "logit", feature=9, token_prob=0.3, clerp='Output " two" (p=0.300)', is_target_logit=True),
        ],
        "links": [
            {"source": "E_700_1", "target": "0_35_1", "weight": 18.75},
            {"source": "0_35_1", "target": "3_200_1", "weight": -5.0},
            {"source": "0_35_1", "target": "27_9_1", "weight": 2.5},
            {"source": "3_200_1", "target": "27_9_1", "weight": 1.5},
            {"source": "0_3_1", "target": "27_9_1", "weight": -0.5},
            {"source": "0_3_1", "target": "27_11_1", "weight": 9.0},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("graph", [small_graph(), marked_graph()], ids=["plain", "marked"])
def test_what_we_write_is_read_back(graph):
    grouping = Grouping(pinned=(4, 3, 2), groups=(("both", (3, 4)), ("</script>", (2,))))
    read = graph_from_json(graph_to_json(graph, labels={3: 'whales "&"'}, grouping=grouping))
    assert read.graph.tokens == graph.tokens and read.graph.question == graph.question
    assert read.graph.nodes == graph.nodes and read.graph.targets.tolist() == graph.targets.tolist()
    for name in ("edges", "sums", "constants"):
        assert torch.equal(getattr(read.graph, name), getattr(graph, name))
    assert links_of(read.graph) == links_of(graph)
    assert (read.graph.contradicted is None) == (graph.contradicted is None)
    assert (read.labels, read.grouping) == ({3: 'whales "&"'}, grouping)
    assert read.graph.left_out == pytest.approx(graph.left_out, abs=1e-6)


def test_what_circuit_tracer_writes_is_read():
    read = graph_from_json(json.dumps(theirs()))
    graph = read.graph
    assert [node.kind for node in graph.nodes] == [
        "latent",
        "latent",
        "error",
        "embedding",
        "embedding",
        "answer",
    ]
    assert [node.layer for node in graph.nodes] == [0, 3, 3, -1, -1, 26]
    assert [node.latent for node in graph.nodes[:2]] == [35, 200]  # not 665, which is layer and number in one
    assert graph.nodes[0].value == 22.125 and math.isnan(graph.nodes[2].value)
    assert graph.question == '" two"'  # the target, though another output is more probable
    assert graph.incoming(5) == [(0, 2.5), (1, 1.5), (2, -0.5)] and graph.incoming(1) == [(0, -5.0)]
    assert math.isnan(graph.left_out)  # their file does not say what flows into a node altogether
    assert read.labels == {0: "a number word"}
    assert read.grouping == Grouping(pinned=(1, 3), groups=(("counting", (1, 0)),))


@pytest.mark.parametrize(("first", "prompt"), [("<bos>", " sea"), ("The", "The sea")])
def test_the_prompt_has_no_start_token(first, prompt):
    written = json.loads(graph_to_json(replace(small_graph(), tokens=(first, " sea"))))
    assert written["metadata"]["prompt"] == prompt and written["metadata"]["prompt_tokens"] == [first, " sea"]


def test_ids_of_tokens_are_written_where_they_are_known():
    known = replace(small_graph(), ids=torch.tensor([0, 77]), asked=(12,))
    assert node_ids(known) == ["E_0_0", "E_77_1", "0_-1_1", "0_17_1", "1_4_1", "3_12_1"]
    difference = replace(known, asked=(12, 13))  # of two logits: no one token
    assert node_ids(difference)[-1] == "3_-1_1" and node_ids(small_graph())[1] == "E_-1_1"


def test_members_of_groups_are_pinned_in_the_file():
    """circuit-tracer's page shows a supernode's members only if they are pinned."""
    read = graph_from_json(graph_to_json(small_graph(), grouping=Grouping(groups=(("x", (3, 4)),))))
    assert read.grouping == Grouping(pinned=(3, 4), groups=(("x", (3, 4)),))


def test_what_was_read_from_circuit_tracer_is_written_again():
    read = graph_from_json(json.dumps(theirs()))
    again = graph_from_json(graph_to_json(read.graph, labels=read.labels, grouping=read.grouping))
    assert links_of(again.graph) == links_of(read.graph)
    assert (again.labels, again.grouping.groups) == (read.labels, read.grouping.groups)
    assert again.graph.question == read.graph.question


def test_we_write_every_field_that_they_do():
    written, as_theirs = json.loads(graph_to_json(marked_graph())), theirs()
    assert set(as_theirs) <= set(written)
    assert set(as_theirs["metadata"]) <= set(written["metadata"])
    assert set(as_theirs["qParams"]) <= set(written["qParams"])
    for node in written["nodes"]:
        assert set(as_theirs["nodes"][0]) <= set(node)
    for link in written["links"]:
        assert {"source", "target", "weight"} <= set(link)
    latent = next(node for node in written["nodes"] if node["node_id"] == "0_17_1")
    assert latent["feature"] == (0 + 17) * (0 + 17 + 1) // 2 + 17  # their pairing of layer and number
    assert all(0 < node["influence"] <= 1 for node in written["nodes"] if node["feature_type"] != "logit")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("nodes"), "'nodes' is missing"),
        (lambda d: d.update(metadata=[]), "'metadata' is missing"),
        (lambda d: d["nodes"].append(d["nodes"][0]), "two nodes have the name '0_35_1'"),
        (lambda d: d["nodes"].__delitem__(slice(5, 7)), "no logit node"),
        (lambda d: d["nodes"][0].update(ctx_idx=2), "at token 2, and the prompt has 2"),
        (lambda d: d["nodes"][0].update(layer="high"), "in layer 'high'"),
        (
            lambda d: d["links"].append({"source": "3_200_1", "target": "0_35_1", "weight": 1.0}),
            "does not lead upwards",
        ),
        (lambda d: d["links"][0].update(weight="1"), "'weight' is missing, or no float"),
        (lambda d: d["links"][0].update(weight=10**400), "'weight' is missing, or no float"),
    ],
)
def test_what_is_no_graph_is_refused_with_the_reason(change, said):
    damaged = theirs()
    change(damaged)
    with pytest.raises(ValueError, match=said):
        graph_from_json(json.dumps(damaged))


def test_damage_of_any_kind_ends_in_a_value_error_or_a_graph():
    random.seed(0)
    whole = json.dumps(theirs())
    odd = [None, True, -1, 1e300, "x", [], {}, [[]], float("nan")]
    for _ in range(400):
        damaged = json.loads(whole)
        part = damaged[random.choice(list(damaged))]
        part = random.choice(part) if isinstance(part, list) else part
        part[random.choice(list(part))] = random.choice(odd)
        try:
            graph_from_json(json.dumps(damaged))
        except ValueError:
            continue
    for text in ("", "[" * 100_000, "[]", "null", whole[: len(whole) // 2]):
        with pytest.raises(ValueError):
            graph_from_json(text)


def test_labels_and_groups_are_of_nodes_that_there_are():
    with pytest.raises(ValueError, match="no node 6"):
        graph_to_json(small_graph(), labels={6: "x"})
    with pytest.raises(ValueError, match="no node 9"):
        graph_to_json(small_graph(), grouping=Grouping(groups=(("x", (1, 9)),)))
