"""Interventions: what doses buy and cost, where patches work, whether attributions hold, how circuits hang together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from torch import Tensor

from course_utils.plots.style import (
    BLACK,
    BLUE,
    DASHES_DOTTED_LAST,
    GREEN,
    GREY,
    PURPLE,
    SKY,
    VERMILLION,
    as_text,
    axes_or_new,
    series,
)

SERIES = list(islice(series((BLUE, VERMILLION, GREEN, GREY, PURPLE), DASHES_DOTTED_LAST), 5))


class Curve(NamedTuple):
    """One way to steer, at growing strength; a line of `plot_doses`."""

    x: Sequence[float]
    """What each strength is or costs."""

    y: Sequence[float]
    """What it does."""

    error: Sequence[float] | None = None
    """Standard error of ``y``."""


def plot_doses(
    curves: Mapping[str, Curve],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """A line for each way to steer, with error bars; points follow in the order of their strength.

    Examples:
        >>> latent = Curve(x=[0, 5, 10], y=[0.0, 0.4, 0.9], error=[0.0, 0.1, 0.05])
        >>> ax = plot_doses({"latent": latent, "random": Curve([0, 10], [0.0, 0.0])}, xlabel="dose", ylabel="share")
        >>> ax.lines[0].get_ydata().tolist(), ax.get_legend_handles_labels()[1]
        ([0.0, 0.4, 0.9], ['latent', 'random'])

    Args:
        curves: by the way to steer, five at most.
    """
    ax = axes_or_new(ax, (5, 3.4))
    for (name, curve), (colour, dash, marker) in zip(curves.items(), SERIES, strict=False):
        ax.errorbar(
            curve.x, curve.y, yerr=curve.error, label=name, color=colour, linestyle=dash, marker=marker,
            markersize=5, capsize=2, linewidth=1.5,
        )  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if legend:
        ax.legend(frameon=False, fontsize="small")
    return ax


def plot_patching_map(
    recovered: Float[Tensor, "n_rows n_columns"],
    row_names: Sequence[str],
    column_names: Sequence[str],
    *,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    marked: tuple[int, int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How much of an answer each patch brings back: 0 is white, 1 all of it (purple), orange is the wrong way.

    Only what is at least 0.1 in size is written as a number. The first row is at the bottom, as the first layer is.

    Examples:
        >>> recovered = torch.tensor([[1.0, 0.0], [0.05, -0.4]])
        >>> ax = plot_patching_map(recovered, ["layer 0", "layer 1"], ["Mary", "John"])
        >>> [text.get_text() for text in ax.texts]
        ['1.0', '-0.4']

    Args:
        recovered: share of the answer brought back by each patch.
        marked: (row, column) to put a frame around.
    """
    n_rows, n_columns = recovered.shape
    height = 0.34 if n_rows <= 16 else 0.2  # thirty layers have to fit on a screen
    ax = axes_or_new(ax, (0.42 * n_columns + 2.2, height * n_rows + 1.6))
    top = max(1.0, recovered.abs().max().item())
    image = ax.imshow(recovered.tolist(), cmap="PuOr", vmin=-top, vmax=top, aspect="auto")
    ax.figure.colorbar(image, ax=ax, label="share of the answer brought back", fraction=0.05, pad=0.02)
    for r, row in enumerate(recovered.tolist()):
        for c, value in enumerate(row):
            if abs(value) >= 0.1:
                dark = abs(value) > 0.6 * top
                ax.text(
                    c,
                    r,
                    f"{value:.1f}",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if dark else "black",
                )
    if marked:
        ax.plot(marked[1], marked[0], "s", markersize=17, fillstyle="none", color=BLACK, markeredgewidth=1.5)
    ax.set(
        xticks=range(n_columns), yticks=range(n_rows), xlabel=xlabel, ylabel=ylabel, title=title,
    )  # fmt: skip
    ax.set_xticklabels(as_text(column_names), rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    ax.set_yticklabels(as_text(row_names), fontsize=8)
    ax.invert_yaxis()
    return ax


def plot_guess_and_truth(
    guess: Float[Tensor, "n"],
    truth: Float[Tensor, "n"],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """One point a unit; on the dashed line the cheap guess is what the experiment gives.

    Examples:
        >>> guess, truth = torch.tensor([0.0, 0.5]), torch.tensor([0.0, 2.0])
        >>> ax = plot_guess_and_truth(guess, truth, xlabel="attribution", ylabel="logit difference lost")
        >>> ax.collections[0].get_offsets().tolist()  # the second unit does more than was guessed
        [[0.0, 0.0], [0.5, 2.0]]

    Args:
        guess, truth: of the same units, in the same unit of measurement: both axes get the same limits.
    """
    ax = axes_or_new(ax, (4.4, 4))
    both = torch.cat([guess, truth])
    low, high = both.min().item(), both.max().item()
    margin = 0.05 * ((high - low) or 1.0)
    ax.plot([low, high], [low, high], color=BLACK, linestyle="--", linewidth=1, label="guess = experiment")
    ax.scatter(guess.tolist(), truth.tolist(), s=18, color=BLUE, alpha=0.7)
    limits = (low - margin, high + margin)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title, xlim=limits, ylim=limits, aspect="equal")
    ax.legend(frameon=False, fontsize="small")
    return ax


class Edge(NamedTuple):
    """One connection of `plot_circuit`, from node to node."""

    source: str
    """Name of the node that it leaves."""

    target: str
    """Name of the node that it reaches; the edge is compared with the others that end in this node's column."""

    weight: float
    """Its sign gives the colour and the dash, its size the width."""


def plot_circuit(
    columns: Sequence[Sequence[str]],
    edges: Sequence[Edge],
    titles: Sequence[str] = (),
    *,
    ax: Axes | None = None,
) -> Axes:
    """Nodes in columns from left to right, and the edges between them, the widest with their weights.

    Examples:
        >>> edges = [Edge("latent 3", "answer", 2.0), Edge("latent 7", "answer", -0.1)]
        >>> ax = plot_circuit([["latent 3", "latent 7"], ["answer"]], edges)
        >>> [text.get_text() for text in ax.texts]  # an edge of less than a quarter of the widest has no number
        ['+2.00', 'latent 3', 'latent 7', 'answer']

    Args:
        columns: names of the nodes, none of them twice.
        edges: between nodes of any two columns. Widths compare the edges that end in the same column.
        titles: above the columns.
    """
    tallest = max(map(len, columns))
    ax = axes_or_new(ax, (3.2 * len(columns), 0.62 * tallest + 1.2))
    place = {
        name: (column, -(row + 0.5) * tallest / len(names))
        for column, names in enumerate(columns)
        for row, name in enumerate(names)
    }
    tops: dict[float, float] = {}  # widths compare the edges that end in one column
    for edge in edges:
        column = place[edge.target][0]
        tops[column] = max(tops.get(column, 0.0), abs(edge.weight)) or 1.0
    for i, edge in enumerate(sorted(edges, key=lambda e: abs(e.weight))):
        (x0, y0), (x1, y1) = place[edge.source], place[edge.target]
        good = edge.weight >= 0
        share = abs(edge.weight) / tops[place[edge.target][0]]
        ax.plot(
            [x0, x1], [y0, y1], color=BLUE if good else VERMILLION, linestyle="-" if good else "--",
            linewidth=0.6 + 4.4 * share, alpha=0.35 + 0.55 * share, zorder=1, solid_capstyle="round",
        )  # fmt: skip
        if share > 0.25:
            at = 0.3 if i % 2 else 0.62  # labels of crossing edges keep apart
            ax.text(
                x0 + at * (x1 - x0), y0 + at * (y1 - y0), f"{edge.weight:+.2f}", fontsize=7, ha="center", va="center",
                bbox=dict(facecolor="white", edgecolor="none", pad=0.5, alpha=0.85), zorder=3,
            )  # fmt: skip
    for name, (x, y) in place.items():
        ax.text(
            x, y, as_text([name])[0], ha="center", va="center", fontsize=8, zorder=4,
            bbox=dict(boxstyle="round,pad=0.4", facecolor="white", edgecolor=SKY, linewidth=1.5),
        )  # fmt: skip
    for column, title in enumerate(as_text(titles)):
        ax.text(column, 0.25, title, ha="center", va="bottom", fontsize=9, fontweight="bold")
    keys = [
        Line2D([], [], color=BLUE, linewidth=2, label="raises"),
        Line2D([], [], color=VERMILLION, linestyle="--", linewidth=2, label="lowers"),
    ]
    ax.legend(handles=keys, frameon=False, fontsize=8, ncols=2, loc="lower center")
    ax.set(xlim=(-0.45, len(columns) - 0.55), ylim=(-tallest - 0.6, 0.8))
    ax.axis("off")
    return ax
