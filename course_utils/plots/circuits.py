"""An attribution graph as a still picture."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from course_utils.base import as_text
from course_utils.circuits import (
    AttributionGraph,
    Grid,
    Grouping,
    Kind,
    Link,
    check_node_numbers,
    grid_of,
    influence_on_answer,
    links_of,
)
from course_utils.plots.style import BLACK, BLUE, GREY, SKY, VERMILLION, axes_or_new

SHAPES = {"embedding": "s", "latent": "o", "error": "D", "answer": "p"}


def plot_attribution_graph(
    graph: AttributionGraph,
    labels: Mapping[int, str] | None = None,
    *,
    chosen: int | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Tokens below, layers upwards; lines are as wide as the share of the answer that passes along them.

    Blue lines raise what they lead to, dashed red ones lower it; one that an intervention contradicts is crossed out. Errors
    are hatched diamonds. A node is as large as its influence.

    Examples:
        >>> import torch
        >>> from course_utils.circuits import Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("latent", 0, 0, 17, 2.0), Node("answer", 1, 0, None, 5.0)
        >>> edges = torch.tensor([[1.0, 3.0, 0.0], [2.0, 0.0, 0.0]])
        >>> graph = AttributionGraph(("The",), "' sea'", nodes, edges, torch.tensor([2, 1]), torch.ones(2), torch.ones(2))
        >>> ax = plot_attribution_graph(graph, {1: "ships"})
        >>> [text.get_text() for text in ax.texts]
        ['17 ships', "' sea'"]

    Args:
        graph: pruned (`prune`): more than a hundred nodes are a cloud.
        labels: of nodes by their number in the graph; the others have only their latent's number.
        chosen: a node; what is not joined to it fades.
        title: above the picture.

    Raises:
        ValueError: if a label or ``chosen`` is of a node that the graph does not have, or `grid_of` refuses the graph.
    """
    grid, labels = grid_of(graph), labels or {}
    check_node_numbers(graph, labels, Grouping(pinned=() if chosen is None else (chosen,)))
    ax = axes_or_new(ax, (0.46 * grid.columns[-1].end + 1.2, 0.6 * grid.rows[-1].end + 1.2))
    for row in grid.rows[1:]:
        ax.axhline(row.start, color=GREY, linewidth=0.5, alpha=0.5, zorder=0)
    links = links_of(graph)
    near = {end for link in links for end in link[:2] if chosen in link[:2]} | {chosen}
    _draw_links(ax, grid, links, chosen)
    influences = influence_on_answer(graph).tolist()
    for i, node in enumerate(graph.nodes):
        said = node.latent if node.kind == "latent" else graph.question if node.kind == "answer" else ""
        said = f"{said} {labels[i]}" if i in labels else str(said)
        strong = chosen is None or i in near
        _draw_node(ax, node.kind, grid.places[i], influences[i], said, alpha=1 if strong else 0.25)
    ax.set(
        xlim=(-0.5, grid.columns[-1].end + 0.5), ylim=(0, grid.rows[-1].end + 0.3), title=title,
        xticks=[column.middle for column in grid.columns], yticks=[row.middle for row in grid.rows],
    )  # fmt: skip
    tokens = [
        "BOS" if p == 0 and graph.has_bos else repr(token)[1:-1] for p, token in enumerate(graph.tokens)
    ]
    ax.set_xticklabels(as_text(tokens), rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    names = ["embedding", *(f"layer {layer}" for layer in range(len(grid.rows) - 2)), "answer"]
    ax.set_yticklabels(names, fontsize=8)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    keys = _keys(any(link.contradicted for link in links))
    ax.legend(handles=keys, frameon=False, fontsize=8, loc="upper left", ncols=2)
    return ax


def _draw_links(ax: Axes, grid: Grid, links: list[Link], chosen: int | None) -> None:
    widest = max((link.flow for link in links), default=1.0)
    for link in reversed(links):
        (x0, y0), (x1, y1) = grid.places[link.source], grid.places[link.target]
        raises, share = link.weight > 0, link.flow / widest
        strong = chosen is None or chosen in (link.source, link.target)
        ax.plot(
            [x0, x1], [y0, y1], color=BLUE if raises else VERMILLION, linestyle="-" if raises else "--",
            linewidth=0.4 + 4 * share, alpha=0.25 + 0.6 * share if chosen is None else 0.9 if strong else 0.06,
            zorder=1, solid_capstyle="round",
        )  # fmt: skip
        if link.contradicted:
            ax.plot(
                (x0 + x1) / 2, (y0 + y1) / 2, "x", color=BLACK, markersize=7, markeredgewidth=1.8, zorder=2,
                alpha=1 if strong else 0.15,
            )  # fmt: skip


def _draw_node(
    ax: Axes, kind: Kind, at: tuple[float, float], influence: float, said: str, *, alpha: float
) -> None:
    edge = {"error": GREY, "latent": SKY}.get(kind, BLACK)
    ax.scatter(
        *at, s=30 + 160 * influence**0.5, marker=SHAPES[kind], facecolor="white", zorder=3, linewidths=1.2,
        edgecolor=edge, hatch="/////" if kind == "error" else "", alpha=alpha,
    )  # fmt: skip
    if said:
        above = kind == "answer"
        ax.annotate(
            as_text(said), at, (0, 11 if above else -8), textcoords="offset points", ha="center", va="bottom" if above else "top",
            zorder=4, fontsize=8, alpha=alpha,
        )  # fmt: skip


def _keys(contradicted: bool) -> list[Line2D]:
    marks = [
        Line2D([], [], color=BLUE, linewidth=2, label="raises"),
        Line2D([], [], color=VERMILLION, linestyle="--", linewidth=2, label="lowers"),
        Line2D([], [], color=SKY, marker="o", markerfacecolor="white", linestyle="", label="latent"),
        Line2D(
            [], [], color=GREY, marker="D", markerfacecolor="white", linestyle="", label="error: unexplained"
        ),
    ]
    cross = Line2D([], [], color=BLACK, marker="x", linestyle="", label="contradicted by an intervention")
    return [*marks, cross] if contradicted else marks
