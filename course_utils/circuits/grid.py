"""Where the nodes of a graph stand in a picture: tokens from left to right, layers upwards.

Both are given by the graph, so that nothing has to be found by a simulation of forces: the same graph gives the same
picture, and neighbours in it are neighbours in the model.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import torch

from course_utils.circuits.graph import AttributionGraph
from course_utils.circuits.influence import influence, shares

MOST_EDGES = 10_000
"""More are a black sheet, and a page of many megabytes."""


EMPTY_ROW = 0.4
"""Height of a layer without nodes: large models have many."""


class Span(NamedTuple):
    """From where to where a column or a row reaches."""

    start: float
    end: float

    @property
    def middle(self) -> float:
        """Half way."""
        return (self.start + self.end) / 2


class Grid(NamedTuple):
    """Places in units of a node's own room; ``y`` grows upwards."""

    places: tuple[tuple[float, float], ...]
    """(x, y) of each node's middle."""

    columns: tuple[Span, ...]
    """One a token."""

    rows: tuple[Span, ...]
    """One a layer: the embeddings first, the answer last."""


class Link(NamedTuple):
    """An edge as it is drawn."""

    source: int
    target: int
    weight: float
    """In the units of the target."""

    flow: float
    """The share of the answer that passes along it: of the target's influence, what part comes this way."""

    checked: bool
    """Whether an intervention was made."""

    contradicted: bool
    """Whether it found that the target does not follow."""


def grid_of(graph: AttributionGraph, *, at_most: int = 4) -> Grid:
    """A column for each token, as wide as its fullest cell; in a cell, latents before errors.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = (Node("embedding", -1, 0, None, 2.0), Node("latent", 0, 0, 4, 2.0), Node("latent", 0, 0, 7, 1.0),
        ...          Node("answer", 1, 0, None, 5.0))
        >>> graph = AttributionGraph(("x",), "y", nodes, torch.ones(1, 4), torch.tensor([3]), torch.ones(1), torch.ones(1))
        >>> grid_of(graph).places
        ((1.0, 0.5), (0.5, 1.5), (1.5, 1.5), (1.0, 2.5))

    Args:
        at_most: nodes side by side; further ones of a cell stand below.

    Raises:
        ValueError: if there are more than 10,000 edges.
    """
    if (n_edges := int((graph.edges != 0).sum())) > MOST_EDGES:
        raise ValueError(f"{n_edges:,} edges are too many to draw: prune the graph first")
    n_rows = max(node.layer for node in graph.nodes) + 2
    cells: dict[tuple[int, int], list[int]] = {}
    order = sorted(range(len(graph.nodes)), key=lambda i: (graph.nodes[i].kind == "error", i))
    for i in order:
        cells.setdefault((graph.nodes[i].layer + 1, graph.nodes[i].position), []).append(i)
    width, height = [1.0] * len(graph.tokens), [EMPTY_ROW] * n_rows
    for (row, column), members in cells.items():
        lines = ceil(len(members) / at_most)
        height[row] = max(height[row], lines)
        width[column] = max(width[column], ceil(len(members) / lines))
    columns, rows = _spans(width), _spans(height)
    places = [(0.0, 0.0)] * len(graph.nodes)
    for (row, column), members in cells.items():
        lines = ceil(len(members) / at_most)
        per_line = ceil(len(members) / lines)
        for k, i in enumerate(members):
            line, place = divmod(k, per_line)
            in_line = min(per_line, len(members) - line * per_line)
            x = columns[column].middle + place - (in_line - 1) / 2
            places[i] = (x, rows[row].middle + (lines - 1) / 2 - line)
    return Grid(tuple(places), columns, rows)


def links_of(graph: AttributionGraph) -> list[Link]:
    """The edges of a graph, those along which most of the answer passes first.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)
        >>> edges = torch.tensor([[-4.0, 0.0]])
        >>> links_of(AttributionGraph(("x",), "y", nodes, edges, torch.tensor([1]), torch.ones(1), torch.ones(1)))
        [Link(source=0, target=1, weight=-4.0, flow=1.0, checked=False, contradicted=False)]
    """
    flow = shares(graph.edges) * influence(graph.edges, graph.targets)[graph.targets, None]
    rows, sources = graph.edges.nonzero().T
    none = torch.zeros_like(graph.edges, dtype=torch.bool)
    columns = [sources, graph.targets[rows]]
    columns += [each[rows, sources] for each in (graph.edges, flow)]
    columns += [
        (none if mark is None else mark)[rows, sources] for mark in (graph.checked, graph.contradicted)
    ]
    links = [Link(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]
    return sorted(links, key=lambda link: -link.flow)


def _spans(sizes: list[float]) -> tuple[Span, ...]:
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return tuple(Span(end - size, end) for end, size in zip(ends, sizes, strict=True))
