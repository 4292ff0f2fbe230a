"""How much of an answer comes through each node, and how much of it through errors (Ameisen et al. 2025).

    share of a source in a target   |edge| / sum of |edges| into the target
    influence of a node             sum over all paths to the answer of the product of their shares

A node that was not traced back ends a path, as an embedding or an error does. Constants have no share.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.circuits.graph import AttributionGraph


def shares(edges: Float[Tensor, "n_targets n_nodes"]) -> Float[Tensor, "n_targets n_nodes"]:
    """What part of all that flows into a target comes from each node, signs left aside.

    Examples:
        >>> shares(torch.tensor([[3.0, -1.0], [0.0, 0.0]]))
        tensor([[0.7500, 0.2500],
                [0.0000, 0.0000]])
    """
    sizes = edges.abs()
    return sizes / sizes.sum(dim=1, keepdim=True).clamp(min=torch.finfo(edges.dtype).tiny)


def influence(
    edges: Float[Tensor, "n_targets n_nodes"], targets: Int[Tensor, "n_targets"]
) -> Float[Tensor, "n_nodes"]:
    """Influence of each node on the first target, whose own is 1.

    Examples:
        >>> edges = torch.tensor([[3.0, 1.0, 0.0], [0.0, 2.0, 0.0]])  # of node 2, then of node 0
        >>> influence(edges, torch.tensor([2, 0]))  # node 1 has 0.25 directly, 0.75 by way of node 0
        tensor([0.7500, 1.0000, 1.0000])

    Args:
        targets: the node of each row, none before one that it feeds.
    """
    found = edges.new_zeros(edges.shape[1])
    found[targets[0]] = 1
    for row, target in zip(shares(edges), targets.tolist(), strict=True):
        found += found[target] * row
    return found


def influence_on_answer(graph: AttributionGraph) -> Float[Tensor, "n_nodes"]:
    """`influence` of each node of a graph on its answer.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)
        >>> influence_on_answer(AttributionGraph(("x",), "y", nodes, torch.tensor([[4.0, 0.0]]), torch.tensor([1]),
        ...                                      torch.tensor([1.0]), torch.tensor([5.0])))
        tensor([1., 1.])
    """
    return influence(graph.edges, graph.targets)


def replacement(graph: AttributionGraph) -> float:
    """Share of the paths to the answer that begin at an embedding, and not at an error or a node not traced back.

    Of a graph that is not pruned: what was pruned begins nowhere.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = (Node("embedding", -1, 0, None, 2.0), Node("error", 0, 0, None, 1.0), Node("answer", 1, 0, None, 5.0))
        >>> edges = torch.tensor([[3.0, 1.0, 0.0]])
        >>> graph = AttributionGraph(("x",), "y", nodes, edges, torch.tensor([2]), torch.ones(1), torch.tensor([5.0]))
        >>> replacement(graph), completeness(graph)
        (0.75, 0.75)
    """
    return influence_on_answer(graph)[graph.are("embedding")].sum().item()


def completeness(graph: AttributionGraph) -> float:
    """Share of what flows into the nodes that does not come from errors; each counts by its influence.

    Nodes that were not traced back have no say, other than in `replacement`.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = (Node("error", 0, 0, None, 1.0), Node("answer", 1, 0, None, 5.0))
        >>> edges = torch.tensor([[4.0, 0.0]])
        >>> completeness(AttributionGraph(("x",), "y", nodes, edges, torch.tensor([1]), torch.ones(1), torch.ones(1)))
        0.0
    """
    counted = influence_on_answer(graph)[graph.targets]
    return completeness_of(graph.edges, graph.are("error"), counted).item()


def completeness_of(
    edges: Float[Tensor, "n_targets n_nodes"],
    is_error: Bool[Tensor, "n_nodes"],
    influence: Float[Tensor, "n_targets"],
) -> Float[Tensor, ""]:
    """`completeness` from its parts: the mean over targets, by influence, of what does not come from errors.

    Examples:
        >>> edges = torch.tensor([[3.0, 1.0], [-1.0, 1.0]])  # a quarter and a half come from the second node
        >>> completeness_of(edges, torch.tensor([False, True]), torch.tensor([1.0, 0.0]))
        tensor(0.7500)

    Args:
        is_error: which nodes are errors.
        influence: of each target on the answer.
    """
    sizes = edges.abs()
    total = sizes.sum(dim=1).clamp(min=torch.finfo(edges.dtype).tiny)
    from_errors = sizes[:, is_error].sum(dim=1) / total
    return (influence * (1 - from_errors)).sum() / influence.sum()
