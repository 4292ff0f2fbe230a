"""Keep the part of a graph that carries most of the answer."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.circuits.graph import AttributionGraph
from course_utils.circuits.influence import influence, influence_on_answer, shares


def prune(graph: AttributionGraph, share: float = 0.8, *, edge_share: float = 0.95) -> AttributionGraph:
    """The fewest latents and errors that carry a share of the answer, and the fewest edges among them.

    Embeddings and the answer stay. Edges keep their weights, so that what was cut off is missing from a target's sum
    (`AttributionGraph.left_out`).

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = (Node("latent", 0, 0, 3, 2.0), Node("latent", 0, 0, 4, 2.0), Node("answer", 1, 0, None, 5.0))
        >>> edges = torch.tensor([[9.0, 1.0, 0.0]])
        >>> graph = AttributionGraph(("x",), "y", nodes, edges, torch.tensor([2]), torch.zeros(1), torch.tensor([10.0]))
        >>> small = prune(graph, share=0.9)
        >>> [node.latent for node in small.nodes], small.left_out
        ([3, None], 1.0)

    Args:
        share: of the influence of all latents and errors, from 0 to 1.
        edge_share: of the influence that flows along the edges among the nodes kept.

    Returns:
        A graph of the nodes that still reach the answer.

    Raises:
        ValueError: if a share is not from 0 to 1.
    """
    for given in (share, edge_share):
        if not 0 <= given <= 1:
            raise ValueError(f"a share is from 0 to 1, not {given}")
    may_go = graph.are("latent", "error")
    carried = influence_on_answer(graph) * may_go
    kept = ~may_go | fewest(carried, share)

    edges = graph.edges * kept * kept[graph.targets, None]
    flow = shares(edges) * influence(edges, graph.targets)[graph.targets, None]
    edges = edges * fewest(flow.flatten(), edge_share).view_as(flow)
    kept &= ~may_go | (influence(edges, graph.targets) > 0)

    number = kept.cumsum(dim=0) - 1
    rows = kept[graph.targets]
    return replace(
        graph,
        nodes=tuple(node for node, stays in zip(graph.nodes, kept.tolist(), strict=True) if stays),
        edges=edges[rows][:, kept],
        targets=number[graph.targets[rows]],
        constants=graph.constants[rows],
        sums=graph.sums[rows],
        checked=None if graph.checked is None else graph.checked[rows][:, kept],
        contradicted=None if graph.contradicted is None else graph.contradicted[rows][:, kept],
    )


def fewest(amounts: Float[Tensor, "n"], share: float) -> Bool[Tensor, "n"]:
    """The fewest entries that make up a share of the sum, and none that is 0.

    Examples:
        >>> fewest(torch.tensor([1.0, 6.0, 3.0, 0.0]), 0.9)
        tensor([False,  True,  True, False])

    Args:
        amounts: 0 or above.
        share: from 0 to 1.
    """
    largest = amounts.argsort(descending=True)
    before = amounts[largest].double().cumsum(dim=0) - amounts[largest]
    needed = before < share * amounts.double().sum() * (1 - 1e-6)
    return torch.zeros_like(amounts, dtype=torch.bool).scatter(0, largest, needed) & (amounts > 0)
