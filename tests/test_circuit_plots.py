from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.circuits import AttributionGraph, Node, grid_of, links_of, prune
from course_utils.plots import figure_png, plot_attribution_graph

plt.switch_backend("Agg")


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def small_graph(**marks):
    """BOS and a token; two latents and an error at the token; the answer. One edge lowers its target."""
    nodes = (
        Node("embedding", -1, 0, None, 1.0),
        Node("embedding", -1, 1, None, 2.0),
        Node("error", 0, 1, None, 0.5),
        Node("latent", 0, 1, 17, 3.0),
        Node("latent", 1, 1, 4, 1.0),
        Node("answer", 2, 1, None, 5.0),
    )
    edges = torch.tensor(
        [
            [0.0, 1.0, 0.5, 2.0, -1.5, 0.0],
            [0.0, 0.0, 1.0, 3.0, 0.0, 0.0],
            [0.5, 2.5, 0.0, 0.0, 0.0, 0.0],
        ]
    )
    targets, sums = torch.tensor([5, 4, 3]), torch.tensor([5.0, 4.0, 3.0])
    return AttributionGraph(
        ("<|endoftext|>", " sea"), "' ship'", nodes, edges, targets, sums - edges.sum(dim=1), sums, **marks
    )


def marked_graph():
    contradicted = torch.zeros(3, 6, dtype=torch.bool)
    contradicted[0, 4] = True
    return small_graph(
        checked=contradicted.clone().index_fill(0, torch.tensor([0]), True), contradicted=contradicted
    )


def test_tokens_go_right_and_layers_go_up():
    graph = small_graph()
    grid = grid_of(graph)
    for node, (x, y) in zip(graph.nodes, grid.places, strict=True):
        assert grid.columns[node.position].start <= x <= grid.columns[node.position].end
        assert grid.rows[node.layer + 1].start <= y <= grid.rows[node.layer + 1].end
    assert len(set(grid.places)) == len(graph.nodes)


def test_a_layer_without_nodes_takes_little_room():
    high = tuple(node._replace(layer=9) if node.kind == "answer" else node for node in small_graph().nodes)
    rows = grid_of(replace(small_graph(), nodes=high)).rows
    assert [round(row.end - row.start, 1) for row in rows] == [1.0] * 3 + [0.4] * 7 + [1.0]


@pytest.mark.parametrize("n", [1, 4, 5, 9, 13])
def test_no_two_nodes_of_a_full_cell_meet(n):
    nodes = (*(Node("latent", 0, 0, i, 1.0) for i in range(n)), Node("answer", 1, 0, None, 1.0))
    graph = AttributionGraph(
        ("x",), "y", nodes, torch.ones(1, n + 1), torch.tensor([n]), torch.ones(1), torch.ones(1)
    )
    places = grid_of(graph).places
    closest = min(abs(a - c) + abs(b - d) for i, (a, b) in enumerate(places) for c, d in places[:i])
    assert closest >= 1 and grid_of(graph).columns[0].end <= 4


def test_flows_of_the_links_into_the_answer_add_up_to_one():
    links = links_of(small_graph())
    assert len(links) == 8
    assert sum(link.flow for link in links if link.target == 5) == pytest.approx(1)
    assert [link.flow for link in links] == sorted((link.flow for link in links), reverse=True)


def test_marks_stay_with_their_edges_when_a_graph_is_pruned():
    marked = marked_graph()
    small = prune(marked, share=0.8, edge_share=1.0)
    assert len(small.nodes) < len(marked.nodes)
    for link in links_of(small):
        source, target = small.nodes[link.source], small.nodes[link.target]
        assert link.contradicted == (source.layer == 1 and target.kind == "answer")
        assert link.checked == (target.kind == "answer")


def test_every_edge_has_its_line_and_its_sign():
    graph = small_graph()
    plain = plot_attribution_graph(graph)
    lines = [line for line in plain.lines if len(set(line.get_ydata())) == 2]
    assert [line.get_linestyle() for line in lines].count("--") == 1 and len(lines) == 8
    assert {"17", "4", "' ship'"} <= {text.get_text() for text in plain.texts}
    assert [t.get_text() for t in plain.get_xticklabels()] == ["BOS", " sea"]
    assert figure_png(plain).startswith(b"\x89PNG")


def test_a_contradicted_edge_is_crossed_out_and_the_key_says_so():
    ax = plot_attribution_graph(marked_graph(), {3: "whales"})
    assert [line.get_marker() for line in ax.lines].count("x") == 1
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "contradicted by an intervention" in said and "17 whales" in [t.get_text() for t in ax.texts]
    unmarked = plot_attribution_graph(replace(marked_graph(), contradicted=None))
    assert "x" not in [line.get_marker() for line in unmarked.lines]
    assert "contradicted by an intervention" not in [t.get_text() for t in unmarked.get_legend().get_texts()]


def test_what_is_not_joined_to_the_chosen_node_fades():
    lines = [
        line
        for line in plot_attribution_graph(small_graph(), chosen=4).lines
        if len(set(line.get_ydata())) == 2
    ]
    assert (
        sorted(line.get_alpha() for line in lines) == [0.06] * 5 + [0.9] * 3
    )  # two lead into node 4, one out of it


def test_dollars_are_no_formula():
    graph = replace(small_graph(), tokens=("<|endoftext|>", "$_{$"), question="$^$")
    assert figure_png(plot_attribution_graph(graph, {3: r"$\frac$"})).startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_refused():
    n = 120
    nodes = (
        *(Node("embedding", -1, 0, None, 1.0) for _ in range(n)),
        *(Node("latent", 0, 0, i, 1.0) for i in range(n)),
    )
    edges = torch.zeros(n, 2 * n).index_fill(1, torch.arange(n), 1.0)
    dense = AttributionGraph(("x",), "y", nodes, edges, torch.arange(n, 2 * n), torch.ones(n), torch.ones(n))
    with pytest.raises(ValueError, match="14,400 edges are too many to draw: prune"):
        plot_attribution_graph(dense)
    with pytest.raises(ValueError, match="there is no node 6"):
        plot_attribution_graph(small_graph(), chosen=6)


def test_a_first_word_is_no_bos():
    named = [
        t.get_text()
        for t in plot_attribution_graph(replace(small_graph(), tokens=("The", " sea"))).get_xticklabels()
    ]
    assert named == ["The", " sea"]
