"""An attribution graph as a still picture."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from course_utils.circuits import AttributionGraph, grid_of, influence_on_answer, links_of
from course_utils.plots.style import BLACK, BLUE, GREY, SKY, VERMILLION, axes_or_new

SHAPES = {"embedding": "s", "latent": "o", "error": "D", "answer": "p"}


def plot_attribution_graph(
    graph: AttributionGraph,
    labels: Mapping[int, str] | None = None,
    *,
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
        title: above the picture.
    """
    grid, labels = grid_of(graph), labels or {}
    ax = axes_or_new(ax, (0.36 * grid.columns[-1].end + 1.2, 0.62 * grid.rows[-1].end + 1.2))
    for row in grid.rows[1:]:
        ax.axhline(row.start, color=GREY, linewidth=0.5, alpha=0.5, zorder=0)
    links = links_of(graph)
    widest = max((link.flow for link in links), default=1.0)
    for link in reversed(links):
        (x0, y0), (x1, y1) = grid.places[link.source], grid.places[link.target]
        raises, share = link.weight > 0, link.flow / widest
        ax.plot(
            [x0, x1], [y0, y1], color=BLUE if raises else VERMILLION, linestyle="-" if raises else "--",
            linewidth=0.4 + 4 * share, alpha=0.25 + 0.6 * share, zorder=1, solid_capstyle="round",
        )  # fmt: skip
        if link.contradicted:
            ax.plot(
                (x0 + x1) / 2, (y0 + y1) / 2, "x", color=BLACK, markersize=7, markeredgewidth=1.8, zorder=2
            )

    influences = influence_on_answer(graph).tolist()
    for i, (node, (x, y), influence) in enumerate(zip(graph.nodes, grid.places, influences, strict=True)):
        is_error = node.kind == "error"
        ax.scatter(
            x, y, s=30 + 160 * influence**0.5, marker=SHAPES[node.kind], facecolor="white", zorder=3, linewidths=1.2,
            edgecolor=GREY if is_error else SKY if node.kind == "latent" else BLACK, hatch="/////" if is_error else "",
        )  # fmt: skip
        if node.kind == "latent":
            said = f"{node.latent} {labels[i]}" if i in labels else str(node.latent)
            ax.annotate(
                said, (x, y), (0, -8), textcoords="offset points", ha="center", va="top", zorder=4,
                fontsize=7 if i in labels else 5.5,
            )  # fmt: skip
        elif node.kind == "answer":
            ax.annotate(
                graph.question, (x, y), (0, 11), textcoords="offset points", ha="center", fontsize=8, zorder=4
            )
    ax.set(
        xlim=(-0.5, grid.columns[-1].end + 0.5), ylim=(0, grid.rows[-1].end + 0.3), title=title,
        xticks=[column.middle for column in grid.columns], yticks=[row.middle for row in grid.rows],
    )  # fmt: skip
    ax.set_xticklabels(
        ["BOS", *(repr(token)[1:-1] for token in graph.tokens[1:])],
        rotation=45,
        ha="right",
        rotation_mode="anchor",
        fontsize=8,
    )
    names = ["embedding", *(f"layer {layer}" for layer in range(len(grid.rows) - 2)), "answer"]
    ax.set_yticklabels(names, fontsize=8)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.legend(
        handles=_keys(any(link.contradicted for link in links)),
        frameon=False,
        fontsize=7,
        loc="upper left",
        ncols=2,
    )
    return ax


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
