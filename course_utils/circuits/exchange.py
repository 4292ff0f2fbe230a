"""Write a graph as circuit-tracer and Neuronpedia do, as JSON: metadata, qParams, nodes, links.

What their format has no place for, we put in as further fields, which their readers leave aside: sums and constants of
the targets, lengths of embeddings and errors, and which edges an intervention was made on. A difference of two logits is
one logit node. -1 stands where they have the id of a token and ours has none. `reading_json` reads both.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.circuits.graph import AttributionGraph
from course_utils.circuits.influence import influence_on_answer

FEATURE_TYPES = {
    "embedding": "embedding",
    "latent": "cross layer transcoder",  # theirs too say so of transcoders of one layer
    "error": "mlp reconstruction error",
    "answer": "logit",
}


class Grouping(NamedTuple):
    """What somebody did to a graph by hand; nodes by their number in it."""

    pinned: tuple[int, ...] = ()
    groups: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Supernodes: a name, and the nodes that it stands for."""


def node_ids(graph: AttributionGraph) -> list[str]:
    """circuit-tracer's name of each node: layer, number in the transcoder, position.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("latent", 0, 0, 17, 1.0), Node("answer", 1, 0, None, 5.0)
        >>> node_ids(AttributionGraph(("x",), "y", nodes, torch.ones(1, 3), torch.tensor([2]), torch.ones(1), torch.ones(1)))
        ['E_-1_0', '0_17_0', '2_-1_0']
    """
    ids = []
    for node in graph.nodes:
        if node.kind == "embedding":
            ids.append(f"E_{-1 if graph.ids is None else int(graph.ids[node.position])}_{node.position}")
        elif node.kind == "answer":
            ids.append(f"{node.layer + 1}_{graph.asked[0] if len(graph.asked) == 1 else -1}_{node.position}")
        else:
            ids.append(f"{node.layer}_{-1 if node.latent is None else node.latent}_{node.position}")
    return ids


def graph_to_json(
    graph: AttributionGraph,
    *,
    labels: Mapping[int, str] | None = None,
    grouping: Grouping | None = None,
    slug: str = "circuit",
    scan: str = "pocket",
) -> str:
    """A graph as circuit-tracer's JSON; `graph_from_json` gives the same graph back.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node, graph_from_json
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("latent", 0, 0, 17, 1.0), Node("answer", 1, 0, None, 5.0)
        >>> edges = torch.tensor([[1.0, 4.0, 0.0], [1.0, 0.0, 0.0]])
        >>> graph = AttributionGraph(("The",), "sea", nodes, edges, torch.tensor([2, 1]), torch.zeros(2), torch.tensor([5., 1.]))
        >>> read = graph_from_json(graph_to_json(graph, labels={1: "ships"}, grouping=Grouping(pinned=(1,))))
        >>> read.graph.incoming(2), read.labels, read.grouping.pinned
        ([(1, 4.0), (0, 1.0)], {1: 'ships'}, (1,))

    Args:
        labels: of latents, by their number in the graph.
        grouping: what was pinned and grouped by hand; what is in a group is pinned, or theirs would not show it.
        slug: a short name of the graph, of letters and hyphens.
        scan: what model it is of; Neuronpedia looks up its latents under that name.

    Raises:
        ValueError: if a label or a grouping is of nodes that the graph does not have.
    """
    labels, grouping = labels or {}, grouping or Grouping()
    check_node_numbers(graph, labels, grouping)
    ids = node_ids(graph)
    counted = _counted(influence_on_answer(graph) * ~graph.are("answer"))
    nodes = [_node(graph, i, ids[i], labels.get(i, ""), counted[i]) for i in range(len(graph.nodes))]
    for row, target in enumerate(graph.targets.tolist()):
        nodes[target] |= _known(sum=graph.sums[row].item(), constant=graph.constants[row].item())
    rows, sources = graph.edges.nonzero().T
    ends = [(ids[s], ids[t]) for s, t in zip(sources.tolist(), graph.targets[rows].tolist(), strict=True)]
    weights = graph.edges[rows, sources].tolist()
    links = [{"source": s, "target": t, "weight": w} for (s, t), w in zip(ends, weights, strict=True)]
    for name in ("checked", "contradicted"):
        marks = getattr(graph, name)
        if marks is not None:
            links = [
                link | {name: mark} for link, mark in zip(links, marks[rows, sources].tolist(), strict=True)
            ]
    members = [i for _, group in grouping.groups for i in group]
    supernodes = [[name, *(ids[i] for i in members)] for name, members in grouping.groups]
    written = {
        "metadata": {
            "slug": slug, "scan": scan, "transcoder_list": [], "prompt_tokens": list(graph.tokens),
            "prompt": "".join(graph.tokens[graph.has_bos :]), "node_threshold": 1.0, "schema_version": 1,
        },
        "qParams": {
            "pinnedIds": [ids[i] for i in dict.fromkeys([*grouping.pinned, *members])], "supernodes": supernodes, "linkType": "both",
            "clickedId": "", "sg_pos": "",
        },
        "nodes": nodes,
        "links": links,
    }  # fmt: skip
    return json.dumps(written, indent=1, allow_nan=False)


def check_node_numbers(graph: AttributionGraph, labels: Mapping[int, str], grouping: Grouping) -> None:
    """Refuse labels and groupings of nodes that the graph does not have.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)
        >>> graph = AttributionGraph(("x",), "y", nodes, torch.ones(1, 2), torch.tensor([1]), torch.ones(1), torch.ones(1))
        >>> check_node_numbers(graph, {2: "ships"}, Grouping())
        Traceback (most recent call last):
        ValueError: there is no node 2: this graph has 2, counted from 0

    Args:
        labels: by the number of the node.

    Raises:
        ValueError: if one is not there.
    """
    members = [i for _, group in grouping.groups for i in group]
    for i in (*labels, *grouping.pinned, *members):
        if not 0 <= i < len(graph.nodes):
            raise ValueError(f"there is no node {i}: this graph has {len(graph.nodes)}, counted from 0")


def _node(graph: AttributionGraph, i: int, node_id: str, label: str, counted: float) -> dict[str, Any]:
    node = graph.nodes[i]
    layer, number, _ = node_id.split("_")
    # their readers want a probability behind an output; a difference of logits has none
    clerp = f'Output "{graph.question}" (p=?)' if node.kind == "answer" else label
    feature = {
        "latent": _cantor(node.layer, node.latent or 0), "embedding": node.position, "error": -1,
        "answer": int(number),
    }[node.kind]  # fmt: skip
    written = {
        "node_id": node_id,
        "feature": feature,
        "layer": layer,
        "ctx_idx": node.position,
        "feature_type": FEATURE_TYPES[node.kind],
        "token_prob": 0.0,
        "is_target_logit": node.kind == "answer",
        "run_idx": 0,
        "reverse_ctx_idx": 0,
        "jsNodeId": f"L_{number}-{node.position}"
        if node.kind == "answer"
        else f"{layer}_{number}-{node.position}",
        "clerp": clerp,
        "influence": None if node.kind == "answer" else counted,
        "activation": node.value if node.kind == "latent" and math.isfinite(node.value) else None,
    }
    return written if node.kind == "latent" else written | _known(value=node.value)


def _known(**numbers: float) -> dict[str, float]:
    return {name: number for name, number in numbers.items() if math.isfinite(number)}


def _counted(influences: Float[Tensor, "n"]) -> list[float]:
    """What share of all influence a node and the more influential ones have together: theirs hide nodes by it."""
    order = influences.argsort(descending=True)
    shares = influences[order].cumsum(dim=0) / influences.sum().clamp(min=torch.finfo(influences.dtype).tiny)
    return torch.zeros_like(influences).scatter(0, order, shares).tolist()


def _cantor(x: int, y: int) -> int:
    """One number for two, as theirs have it for layer and latent."""
    return (x + y) * (x + y + 1) // 2 + y
