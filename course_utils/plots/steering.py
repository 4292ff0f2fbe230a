"""Interventions: what doses buy and cost, where patches work, whether attributions hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.plots.style import (
    BLACK,
    BLUE,
    DASHES_DOTTED_LAST,
    GREEN,
    GREY,
    PURPLE,
    VERMILLION,
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
                    fontsize=8,
                    color="white" if dark else "black",
                )
    if marked:
        ax.plot(marked[1], marked[0], "s", markersize=17, fillstyle="none", color=BLACK, markeredgewidth=1.5)
    ax.set(
        xticks=range(n_columns), yticks=range(n_rows), xlabel=xlabel, ylabel=ylabel, title=title,
    )  # fmt: skip
    ax.set_xticklabels(column_names, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    ax.set_yticklabels(row_names, fontsize=8)
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
