"""What the template of a graph's picture draws, and where: `grid_of` in pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from course_utils.circuits import AttributionGraph, grid_of, influence_on_answer, links_of
from course_utils.views.circuit_words import node_name, token_name

UNIT, LEFT, BELOW, ABOVE = 34, 76, 84, 34
"""Pixels of a node's room, and at the edges of the picture."""


def picture_of(graph: AttributionGraph, labels: Mapping[int, str]) -> dict[str, Any]:
    """What the template draws, in pixels from the upper left."""
    grid, links = grid_of(graph), links_of(graph)
    top = grid.rows[-1].end

    def x_of(x: float) -> float:
        return LEFT + UNIT * x

    def y_of(y: float) -> float:
        return ABOVE + UNIT * 1.3 * (top - y)

    names = ["tokens", *(f"layer {layer}" for layer in range(len(grid.rows) - 2)), "answer"]
    places = [(round(x_of(x), 1), round(y_of(y), 1)) for x, y in grid.places]
    widest = max((link.flow for link in links), default=1.0)
    edges = []
    for link in reversed(links):
        (x0, y0), (x1, y1) = places[link.source], places[link.target]
        edges.append(
            {
                "source": link.source,
                "target": link.target,
                "raises": link.weight > 0,
                "flow": f"{math.copysign(link.flow, link.weight):.6f}",
                "weight": f"{link.weight:+.3f}",
                "d": f"M{x0} {y0}L{x1} {y1}",
                "thick": round(0.7 + 6 * link.flow / widest, 2),
                "x": round((x0 + x1) / 2, 1),
                "y": round((y0 + y1) / 2, 1),
                "contradicted": link.contradicted,
                "said": "contradicted"
                if link.contradicted
                else "agrees with an intervention"
                if link.checked
                else "",
            }
        )
    nodes = []
    for i, (node, (x, y), influence) in enumerate(
        zip(graph.nodes, places, influence_on_answer(graph).tolist(), strict=True)
    ):
        card = "" if node.latent is None else f"{node.layer}/{node.latent}"
        value = (
            f", activation {node.value:.2f}" if node.kind == "latent" and math.isfinite(node.value) else ""
        )
        nodes.append(
            {
                "kind": node.kind,
                "x": x,
                "y": y,
                "layer": node.layer,
                "name": f"{node_name(graph, i, labels)}{value}, influence {influence:.1%}",
                "short": _short(graph, i, labels),
                "number": "" if node.latent is None else node.latent,
                "card": card,
                "r": round(5 + 6 * influence**0.5, 1),
            }
        )
    answer = places[int(graph.targets[0])]
    return {
        "width": round(x_of(grid.columns[-1].end)) + 12,
        "height": round(y_of(0)) + BELOW,
        "rows": [
            {"top": round(y_of(row.end), 1), "middle": round(y_of(row.middle), 1), "name": name}
            for row, name in zip(grid.rows, names, strict=True)
        ],
        "tokens": [
            {"x": round(x_of(column.middle), 1) + 5, "y": round(y_of(0), 1) + 4, "text": _cut(token_name(graph, p), 14)}
            for p, column in enumerate(grid.columns)
        ],
        "edges": edges,
        "nodes": nodes,
        "answer": {"x": answer[0] + 12, "y": answer[1]},
        "question": _cut(graph.question, 60),
    }  # fmt: skip


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _short(graph: AttributionGraph, i: int, labels: Mapping[int, str]) -> str:
    """For a button: the label stands for the number."""
    node = graph.nodes[i]
    if node.kind == "answer":
        return graph.question
    at = f"at “{token_name(graph, node.position)}”"
    if node.kind == "latent":
        return (
            f"{labels[i]} {node.layer}/{node.latent} {at}"
            if i in labels
            else f"{node.layer}/{node.latent} {at}"
        )
    return f"error {node.layer} {at}" if node.kind == "error" else f"“{token_name(graph, node.position)}”"
