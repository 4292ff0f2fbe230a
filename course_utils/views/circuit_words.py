"""An attribution graph in words: names of nodes, what holds for the whole, what the picture is not."""

from __future__ import annotations

import math
from collections.abc import Mapping

from course_utils.base import require_index
from course_utils.circuits import AttributionGraph, completeness, links_of, replacement
from course_utils.reading import LatentSummary
from course_utils.views.html import show_token

LIMITS = (
    "Attention is held as it was in this one run: where a head looked is not explained here, only what came that way.",
    "Error nodes are what the transcoders do not explain. Whatever leads to them is missing.",
    "It is one prompt and one question. Another sentence has another graph.",
)


def latent_labels(
    graph: AttributionGraph, summaries: Mapping[tuple[int, int], LatentSummary], *, n_tokens: int = 3
) -> dict[int, str]:
    """A short label for each latent of a graph: its best guess, else the tokens on which it is strongest.

    Examples:
        >>> import torch
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> from course_utils.reading import Example
        >>> nodes = Node("latent", 2, 0, 17, 1.0), Node("answer", 3, 0, None, 5.0)
        >>> graph = AttributionGraph(("x",), "y", nodes, torch.ones(1, 2), torch.tensor([1]), torch.ones(1), torch.ones(1))
        >>> example = Example((" the", " sea"), (0.0, 3.25), peak=1, text=0, quantile=1.0)
        >>> summary = LatentSummary(17, 12345, 0.0042, (example,), (), (8, 1), 3.25, (), (), (), label=None)
        >>> latent_labels(graph, {(2, 17): summary})
        {0: 'sea'}

    Args:
        summaries: by layer and latent.
        n_tokens: at most, where there is no guess.

    Returns:
        Labels by the number of the node; nodes without a summary have none.
    """
    labels = {}
    for i, node in enumerate(graph.nodes):
        summary = summaries.get((node.layer, node.latent)) if node.latent is not None else None
        if summary is None:
            continue
        peaks = dict.fromkeys(show_token(e.tokens[e.peak]).strip() for e in summary.top)
        label = summary.label.concept if summary.label else ", ".join(list(peaks)[:n_tokens])
        if label:
            labels[i] = label
    return labels


def node_name(graph: AttributionGraph, number: int, labels: Mapping[int, str] | None = None) -> str:
    """What a node is called in a table or by a screen reader. Not escaped.

    Examples:
        >>> import torch
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = Node("latent", 2, 1, 17, 1.0), Node("answer", 3, 1, None, 5.0)
        >>> graph = AttributionGraph(("BOS", " sea"), "y", nodes, torch.ones(1, 2), torch.tensor([1]), torch.ones(1), torch.ones(1))
        >>> node_name(graph, 0, {0: "ships"}), node_name(graph, 1)
        ('latent 2/17 “ships” at “sea” (1)', 'answer y')

    Args:
        number: of the node.
        labels: of latents, by the number of the node.
    """
    require_index("number", number, len(graph.nodes), "nodes")
    node = graph.nodes[number]
    place = f"“{token_name(graph, node.position)}” ({node.position})"
    if node.kind == "answer":
        return f"answer {graph.question}"
    if node.kind == "embedding":
        return f"token {place}"
    if node.kind == "error":
        return f"error of layer {node.layer} at {place}"
    label = f" “{labels[number]}”" if labels and number in labels else ""
    return f"latent {node.layer}/{node.latent}{label} at {place}"


def token_name(graph: AttributionGraph, position: int) -> str:
    """A token as it is shown below the picture, BOS if it only marks the start."""
    return "BOS" if position == 0 and graph.has_bos else show_token(graph.tokens[position]).strip() or "␣"


def describe_circuit(
    graph: AttributionGraph, labels: Mapping[int, str] | None = None, *, n_edges: int = 5
) -> str:
    """What can be seen, for readers who cannot see it: how many nodes, and the edges that carry most. Not escaped.

    Examples:
        >>> import torch
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)
        >>> edges = torch.tensor([[-4.0, 0.0]])
        >>> print(describe_circuit(AttributionGraph(("x",), "y", nodes, edges, torch.tensor([1]), torch.ones(1), torch.ones(1))))
        Attribution graph of y: 1 token, 0 latents, 0 errors, 1 edge. Most passes along token “x” (0) → answer y (-4.00).

    Args:
        labels: of latents, by the number of the node.
        n_edges: how many are named.
    """
    n = {kind: int(graph.are(kind).sum()) for kind in ("embedding", "latent", "error")}
    links = links_of(graph)
    counts = [_count(n["embedding"], "token"), _count(n["latent"], "latent"), _count(n["error"], "error")]
    first = "; ".join(
        f"{node_name(graph, e.source, labels)} → {node_name(graph, e.target, labels)} ({e.weight:+.2f})"
        for e in links[:n_edges]
    )
    most = f" Most passes along {first}." if first else ""
    return f"Attribution graph of {graph.question}: {', '.join(counts)}, {_count(len(links), 'edge')}.{most}"


def circuit_lead(graph: AttributionGraph, whole: AttributionGraph | None = None) -> list[str]:
    """Sentences about a graph: the prompt, what the answer is made of, both scores, interventions. Not escaped.

    Examples:
        >>> import torch
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)
        >>> edges, sums = torch.tensor([[4.0, 0.0]]), torch.tensor([5.5])
        >>> graph = AttributionGraph(("BOS",), "y", nodes, edges, torch.tensor([1]), torch.tensor([1.0]), sums)
        >>> circuit_lead(graph)[1]
        '+5.50 logits: +4.00 come along the edges into the answer that are drawn, +0.50 along others, +1.00 from biases.'

    Args:
        whole: the graph before it was pruned, whose scores are said.
    """
    prompt = "".join(show_token(token) for token in graph.tokens[graph.has_bos :]).strip()
    lead = [f"“{prompt}” … What makes the model say {graph.question}?"]
    drawn = graph.edges[0].sum().item()
    if math.isfinite(graph.left_out):
        lead.append(
            f"{graph.sums[0].item():+.2f} logits: {drawn:+.2f} come along the edges into the answer that are drawn, "
            f"{graph.left_out:+.2f} along others, {graph.constants[0].item():+.2f} from biases."
        )
    scored, of = (graph, "as drawn, where what was left out counts nowhere") if whole is None else (
        whole, f"before it was pruned, with {len(whole.nodes):,} nodes; {len(graph.nodes):,} are drawn"
    )  # fmt: skip
    lead.append(
        f"Replacement {replacement(scored):.2f}: the share of the paths to the answer that begin at a token, not at an "
        f"error or at a node that was not traced back. Completeness {completeness(scored):.2f}: the share of what flows "
        f"into the nodes that does not come from errors, each node by its influence. Both of the graph {of}."
    )
    if graph.contradicted is not None:
        links = links_of(graph)
        against = sum(link.contradicted for link in links)
        tested = sum(link.checked or link.contradicted for link in links)
        verb = "are" if against != 1 else "is"
        lead.append(
            f"Interventions in the real model were made on {tested} of {_count(len(links), 'edge')}; {against} of them "
            f"{verb} contradicted and crossed out."
        )
    return lead


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
