"""An attribution graph as one HTML file that needs nothing else, from a stick and with the network off.

Its places are those of `grid_of`: a column for each token, a row for each layer. A library for layout would have nothing
to find, so there is none in the page, and no licence to carry along. Everything that comes from data stands in text and
attributes that the template engine escapes; the script reads them from there and never writes HTML. A content security
policy keeps the page from fetching anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from course_utils.base import render_template, write_text
from course_utils.circuits import (
    AttributionGraph,
    Grouping,
    check_node_numbers,
    links_of,
)
from course_utils.reading import LatentSummary
from course_utils.views.circuit_picture import picture_of
from course_utils.views.circuit_words import (
    LIMITS,
    circuit_lead,
    describe_circuit,
    latent_labels,
    node_name,
    token_name,
)
from course_utils.views.html import latent_card


def export_circuit(
    graph: AttributionGraph,
    path: str | Path,
    *,
    title: str = "",
    whole: AttributionGraph | None = None,
    labels: Mapping[int, str] | None = None,
    summaries: Mapping[tuple[int, int], LatentSummary] | None = None,
    grouping: Grouping | None = None,
) -> None:
    """Write a graph as a page: a picture to walk through, cards of its latents, nodes to pin and to group by hand.

    The page saves a copy of itself with the grouping inside. It works without a network; without scripts it still has the
    picture, the table and the cards.

    Examples:
        >>> import torch
        >>> from tempfile import TemporaryDirectory
        >>> from course_utils.circuits import Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("latent", 0, 0, 17, 1.0), Node("answer", 1, 0, None, 5.0)
        >>> edges = torch.tensor([[1.0, 4.0, 0.0], [1.0, 0.0, 0.0]])
        >>> graph = AttributionGraph(("The",), "sea", nodes, edges, torch.tensor([2, 1]), torch.zeros(2), torch.tensor([5.0, 1.0]))
        >>> with TemporaryDirectory() as folder:
        ...     export_circuit(graph, f"{folder}/circuit.html", labels={1: "ships"}, title="Why sea?")
        ...     "latent 0/17 “ships” at “The” (0)" in Path(folder, "circuit.html").read_text(encoding="utf-8")
        True

    Args:
        graph: pruned (`prune`): a hundred nodes are many.
        path: of the page; an existing file is overwritten.
        title: else the question is.
        whole: the graph before it was pruned, whose scores are said; without it they are of the graph as it is.
        labels: of latents, by the number of the node; else made from ``summaries`` (`latent_labels`).
        summaries: cards of latents, by layer and number, as `summarise_latents` makes them.
        grouping: to begin with.

    Raises:
        ValueError: if a label or a grouping is of nodes that the graph does not have, or `grid_of` refuses the graph.
        OSError: if the file cannot be written.
    """
    write_text(
        path,
        circuit_page(graph, title=title, whole=whole, labels=labels, summaries=summaries, grouping=grouping),
    )


def circuit_page(
    graph: AttributionGraph,
    *,
    title: str = "",
    whole: AttributionGraph | None = None,
    labels: Mapping[int, str] | None = None,
    summaries: Mapping[tuple[int, int], LatentSummary] | None = None,
    grouping: Grouping | None = None,
) -> str:
    """The page that `export_circuit` writes, as HTML. Arguments and errors are the same.

    Examples:
        >>> import torch
        >>> from course_utils.circuits import Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 0, 0, None, 5.0)
        >>> graph = AttributionGraph(("x",), "<b>", nodes, torch.ones(1, 2), torch.tensor([1]), torch.ones(1), torch.ones(1))
        >>> "<title>Why &lt;b&gt;?</title>" in circuit_page(graph)
        True
    """
    summaries, grouping = summaries or {}, grouping or Grouping()
    labels = latent_labels(graph, summaries) if labels is None else labels
    check_node_numbers(graph, labels, grouping)
    links = links_of(graph)
    verdicts = {
        (False, False): "not made",
        (True, False): "agrees",
        (True, True): "contradicts",
        (False, True): "contradicts",
    }
    table = [
        {
            "source": node_name(graph, link.source, labels),
            "target": node_name(graph, link.target, labels),
            "weight": f"{link.weight:+.3f}",
            "share": f"{link.flow:.1%}",
            "verdict": verdicts[link.checked, link.contradicted],
        }
        for link in links
    ]
    key = [
        ("raises", "raises what it leads to"),
        ("lowers", "lowers it"),
        ("embedding", "token"),
        ("latent", "latent, the larger the more influence"),
        ("error", "error: what no latent explains"),
    ]
    if any(link.contradicted for link in links):
        key.insert(2, ("cross", "contradicted by an intervention"))
    return render_template(
        "views",
        "circuit_page",
        title=title or f"Why {graph.question}?",
        lead=circuit_lead(graph, whole),
        grouping=json.dumps({"pinned": grouping.pinned, "groups": grouping.groups}),
        key=key,
        table=table,
        checked=graph.contradicted is not None,
        cards=_cards(graph, labels, summaries),
        limits=LIMITS,
        alt=describe_circuit(graph, labels),
        **picture_of(graph, labels),
    )


def _cards(
    graph: AttributionGraph, labels: Mapping[int, str], summaries: Mapping[tuple[int, int], LatentSummary]
) -> list[dict[str, Any]]:
    """One for each latent with a summary, however often it is in the graph."""
    places: dict[tuple[int, int], list[int]] = {}
    for i, node in enumerate(graph.nodes):
        if node.latent is not None and (node.layer, node.latent) in summaries:
            places.setdefault((node.layer, node.latent), []).append(i)
    cards = []
    for (layer, latent), here in sorted(places.items()):
        at = ", ".join(f"“{token_name(graph, graph.nodes[i].position)}”" for i in here)
        label = f" {labels[here[0]]}" if here[0] in labels else ""
        card = latent_card(summaries[layer, latent], title=f"Latent {latent} of layer {layer}")
        cards.append(
            {
                "key": f"{layer}/{latent}",
                "name": f"{layer}/{latent}{label}, here at {at}",
                "html": Markup(card),
            }
        )
    return cards
