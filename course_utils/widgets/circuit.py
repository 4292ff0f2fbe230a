"""The explorer of attribution graphs: choose a node and see what flows into it, where it leads, and what it fires on."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import ipywidgets as w

from course_utils.base import FRAME
from course_utils.circuits import (
    AttributionGraph,
    Grouping,
    check_node_numbers,
    influence_on_answer,
    links_of,
)
from course_utils.plots import figure_png, plot_attribution_graph
from course_utils.reading import LatentSummary
from course_utils.views import (
    FAINT,
    circuit_lead,
    describe_circuit,
    latent_card,
    latent_labels,
    node_name,
    picture,
    plain_table,
)
from course_utils.widgets.panel import Panel

EVERYTHING = -1


def circuit_panel(
    graph: AttributionGraph,
    *,
    whole: AttributionGraph | None = None,
    labels: Mapping[int, str] | None = None,
    summaries: Mapping[tuple[int, int], LatentSummary] | None = None,
) -> Panel:
    """The page of `export_circuit` in a notebook, without the grouping: the graph, and one node at a time.

    Examples:
        >>> import torch
        >>> from course_utils.circuits import Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("latent", 0, 0, 17, 1.0), Node("answer", 1, 0, None, 5.0)
        >>> edges = torch.tensor([[1.0, 4.0, 0.0], [1.0, 0.0, 0.0]])
        >>> graph = AttributionGraph(("The",), "sea", nodes, edges, torch.tensor([2, 1]), torch.zeros(2), torch.tensor([5., 1.]))
        >>> panel = circuit_panel(graph, labels={1: "ships"})
        >>> "Replacement 1.00" in panel.html, "<td" in panel.set(node=1).html
        (True, True)

    Args:
        graph: pruned (`prune`).
        whole: the graph before it was pruned, whose scores are said; without it they are of the graph as it is.
        labels: of latents, by the number of the node; else made from ``summaries`` (`latent_labels`).
        summaries: cards of latents, by layer and number, as `summarise_latents` makes them.

    Raises:
        ValueError: if a label is of a node that the graph does not have.
    """
    cards = summaries or {}
    named = latent_labels(graph, cards) if labels is None else labels
    check_node_numbers(graph, named, Grouping())
    order = influence_on_answer(graph).argsort(descending=True, stable=True).tolist()

    def view(node: int) -> str:
        if node == EVERYTHING:
            ax = plot_attribution_graph(graph)
            below = "".join(f"<p>{escape(sentence)}</p>" for sentence in circuit_lead(graph, whole))
        else:
            some = {node: named[node]} if node in named else {}
            ax = plot_attribution_graph(graph, some, chosen=node)
            below = _of_node(graph, node, named)
            layer, latent = graph.nodes[node].layer, graph.nodes[node].latent
            if latent is not None and (layer, latent) in cards:
                below += latent_card(cards[layer, latent], title=f"Latent {latent} of layer {layer}")
        return (
            picture(figure_png(ax), describe_circuit(graph, named))
            + f'<div style="max-width:60em">{below}</div>'
        )

    options = [("every edge", EVERYTHING), *((node_name(graph, i, named), i) for i in order)]
    return Panel(
        view, title="Walk through the graph", slow=True, node=w.Dropdown(options=options, value=EVERYTHING)
    )


def _of_node(graph: AttributionGraph, node: int, labels: Mapping[int, str]) -> str:
    """Two tables side by side: what flows in, and where it leads."""
    into = [(link, link.source) for link in links_of(graph) if link.target == node]
    out = [(link, link.target) for link in links_of(graph) if link.source == node]
    halves = []
    for heading, ends in (("what flows in", into), ("where it leads", out)):
        rows = [
            [f"{link.weight:+.3f}", node_name(graph, end, labels), _verdict(link.checked, link.contradicted)]
            for link, end in ends
        ]
        table = plain_table(["weight", "", ""], rows) if rows else "nothing that is drawn"
        halves.append(f'<div style="flex:1 1 20em"><div style="{FAINT}">{heading}</div>{table}</div>')
    name = f"<b>{escape(node_name(graph, node, labels))}</b>"
    sides = f'<div style="display:flex;flex-wrap:wrap;gap:.4em 2em">{"".join(halves)}</div>'
    return f'<div style="{FRAME};padding:.6em .9em;margin:.4em 0">{name}{sides}</div>'


def _verdict(checked: bool, contradicted: bool) -> str:
    return "contradicted" if contradicted else "agrees with an intervention" if checked else ""
