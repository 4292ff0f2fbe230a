"""Read the JSON of circuit-tracer and Neuronpedia, and what `exchange` writes.

Of several outputs the one asked about is read, else the most probable. What their files do not say is NaN: what flows
into a node altogether (so `AttributionGraph.left_out` is NaN too), and the sizes of embeddings and errors. The ids of
tokens are those of some other model, so they are not kept.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from course_utils.circuits.exchange import Grouping
from course_utils.circuits.graph import AttributionGraph, Kind, Node

LARGEST = 100_000_000
"""Targets times nodes: 400 MB of edges."""


class GraphFile(NamedTuple):
    """A graph, and what somebody wrote into it."""

    graph: AttributionGraph
    labels: dict[int, str]
    """Of latents, by their number in the graph."""

    grouping: Grouping


def graph_from_json(text: str) -> GraphFile:
    """A graph out of circuit-tracer's JSON.

    Examples:
        >>> node = {"ctx_idx": 0, "feature": 0, "clerp": ""}
        >>> token = node | {"node_id": "E_2_0", "layer": "E", "feature_type": "embedding"}
        >>> latent = node | {"node_id": "0_35_0", "layer": "0", "feature_type": "cross layer transcoder", "activation": 2.5}
        >>> logit = node | {"node_id": "2_9_0", "layer": "2", "feature_type": "logit", "clerp": 'Output " sea" (p=0.9)'}
        >>> links = [{"source": "0_35_0", "target": "2_9_0", "weight": 3.0}]
        >>> written = {"metadata": {"prompt_tokens": ["The"]}, "nodes": [token, latent, logit], "links": links}
        >>> graph = graph_from_json(json.dumps(written)).graph
        >>> graph.question, graph.nodes[1], graph.incoming(2)
        ('" sea"', Node(kind='latent', layer=0, position=0, latent=35, value=2.5), [(1, 3.0)])

    Args:
        text: of the file.

    Returns:
        (graph, labels, grouping).

    Raises:
        ValueError: if it is not such a file: no JSON, a field is missing or of another type, two nodes have one name, a
            link leads to no node or does not lead upwards, or there is no output.
    """
    try:
        written = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is no JSON that can be read: {error}") from None
    if not isinstance(written, dict):
        raise ValueError(
            f"a graph is an object with metadata, nodes and links, not a {type(written).__name__}"
        )
    tokens = tuple(_field(_field(written, "metadata", dict), "prompt_tokens", list))
    if not all(isinstance(token, str) for token in tokens):
        raise ValueError("prompt_tokens are not all strings")
    found = _one_answer([_checked_node(node, len(tokens)) for node in _field(written, "nodes", list)])
    top = max((layer for kind, layer, _ in found if kind != "answer"), default=-1) + 1
    nodes = tuple(
        Node(
            kind,
            max(layer, top) if kind == "answer" else layer,
            node["ctx_idx"],
            _latent(node, kind),
            _value(node),
        )
        for kind, layer, node in found
    )
    raw = [node for *_, node in found]
    numbers = {node["node_id"]: i for i, node in enumerate(raw)}
    if len(numbers) < len(raw):
        twice = next(node["node_id"] for i, node in enumerate(raw) if numbers[node["node_id"]] != i)
        raise ValueError(f"two nodes have the name {twice!r}: links cannot tell them apart")
    graph = _graph(tokens, nodes, raw, numbers, _field(written, "links", list))
    labels = {
        i: node["clerp"] for i, node in enumerate(raw) if nodes[i].kind == "latent" and node.get("clerp")
    }
    return GraphFile(graph, labels, _grouping(written.get("qParams"), numbers))


def _graph(
    tokens: tuple[str, ...], nodes: tuple[Node, ...], raw: list[dict], numbers: Mapping[str, int], links: list
) -> AttributionGraph:
    ends = []
    for link in links:
        source, target = (_field(link, end, str) for end in ("source", "target"))
        if target in numbers and source in numbers:
            i, j, weight = numbers[source], numbers[target], _field(link, "weight", float)
            if nodes[i].layer >= nodes[j].layer:
                raise ValueError(f"the link from {source!r} to {target!r} does not lead upwards")
            ends.append((i, j, weight, link))
    reached = {j for _, j, *_ in ends}
    answer = next(i for i, node in enumerate(nodes) if node.kind == "answer")
    others = [i for i in range(len(nodes)) if i != answer and (i in reached or "sum" in raw[i])]
    targets = [answer, *sorted(others, key=lambda i: -nodes[i].layer)]
    if len(targets) * len(nodes) > LARGEST:
        raise ValueError(
            f"{len(targets):,} targets and {len(nodes):,} nodes are too many: prune the graph first"
        )
    row = {target: r for r, target in enumerate(targets)}
    edges, given = torch.zeros(len(targets), len(nodes)), {}
    if ends:
        place = torch.tensor([(row[j], i) for i, j, *_ in ends]).unbind(dim=1)
        edges[place] = torch.tensor([weight for *_, weight, _ in ends])
        for name in ("checked", "contradicted"):
            if any(name in link for *_, link in ends):
                given[name] = torch.zeros_like(edges, dtype=torch.bool)
                given[name][place] = torch.tensor([link.get(name) is True for *_, link in ends])
    said = [raw[target] for target in targets]
    return AttributionGraph(
        tokens, _question(raw[answer]), nodes, edges, torch.tensor(targets), _column(said, "constant"),
        _column(said, "sum"), **given,
    )  # fmt: skip


def _checked_node(node: Any, n_tokens: int) -> tuple[Kind, int, dict[str, Any]]:
    name, feature_type = _field(node, "node_id", str), _field(node, "feature_type", str)
    if not 0 <= _field(node, "ctx_idx", int) < n_tokens:
        raise ValueError(f"node {name!r} is at token {node['ctx_idx']}, and the prompt has {n_tokens}")
    if feature_type in ("embedding", "logit"):
        kind: Kind = "embedding" if feature_type == "embedding" else "answer"
    else:
        kind = "error" if "error" in feature_type else "latent"
    if kind == "embedding":
        return kind, -1, node
    layer = str(node.get("layer"))
    if not re.fullmatch(r"\d{1,3}", layer):
        raise ValueError(f"node {name!r} is in layer {layer!r}: a number is needed")
    return kind, int(layer) - (kind == "answer"), node


def _one_answer(found: list[tuple[Kind, int, dict]]) -> list[tuple[Kind, int, dict]]:
    outputs = [node for kind, _, node in found if kind == "answer"]
    if not outputs:
        raise ValueError("there is no logit node: nothing is asked")
    best = max(
        outputs, key=lambda node: (node.get("is_target_logit") is True, _number(node.get("token_prob")))
    )
    return [each for each in found if each[0] != "answer" or each[2] is best]


def _latent(node: dict[str, Any], kind: Kind) -> int | None:
    """Out of the name if it is as circuit-tracer writes it: ``feature`` is layer and number in one then."""
    if kind != "latent":
        return None
    named = re.fullmatch(rf"{node['layer']}_(\d+)_{node['ctx_idx']}", node["node_id"])
    return int(named[1]) if named else _field(node, "feature", int)


def _value(node: dict[str, Any]) -> float:
    given = (
        node.get("activation") if node.get("activation") is not None else node.get("value", node.get("sum"))
    )
    return _number(given, math.nan)


def _question(node: dict[str, Any]) -> str:
    clerp = str(node.get("clerp") or node["node_id"])
    found = re.fullmatch(r"Output (\".*\") \(p=(.*)\)", clerp, flags=re.DOTALL)
    if not found:
        return clerp
    return found[1][1:-1] if found[2] == "?" else found[1]


def _grouping(params: Any, numbers: Mapping[str, int]) -> Grouping:
    params = params if isinstance(params, dict) else {}
    groups = params.get("supernodes")
    supernodes = (
        [each for each in groups if isinstance(each, list) and each] if isinstance(groups, list) else []
    )
    return Grouping(
        _known(params.get("pinnedIds"), numbers),
        tuple((str(name), _known(members, numbers)) for name, *members in supernodes),
    )


def _known(names: Any, numbers: Mapping[str, int]) -> tuple[int, ...]:
    names = names if isinstance(names, list) else []
    return tuple(numbers[name] for name in names if isinstance(name, str) and name in numbers)


def _column(nodes: list[dict[str, Any]], name: str) -> Tensor:
    return torch.tensor([_number(node.get(name), math.nan) for node in nodes])


def _number(value: Any, otherwise: float = 0.0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e30 < value < 1e30:
        return otherwise
    return float(value)


def _field(where: Any, name: str, kind: type) -> Any:
    value = where.get(name) if isinstance(where, dict) else None
    if kind is float:
        value = _number(value, math.nan)
    if not isinstance(value, kind) or isinstance(value, bool) or value != value:
        raise ValueError(f"{name!r} is missing, or no {kind.__name__}: {str(where)[:80]}")
    return value
