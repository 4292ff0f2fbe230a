"""Concept directions: their weights, how widely they spread, how well they read; and when sharing a dimension pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.plots.geometry import SERIES
from course_utils.plots.style import BLACK, BLUE, SKY, axes_or_new


def plot_weights(
    weights: Float[Tensor, "n_concepts n_neurons"],
    concepts: Sequence[str],
    *,
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """Weights of neurons (columns) in concept directions (rows): orange for, blue against."""
    ax = axes_or_new(ax, (8, 0.28 * len(concepts) + 1.2))
    largest = float(weights.abs().quantile(0.99))
    image = ax.imshow(
        weights.numpy(), aspect="auto", cmap="PuOr_r", vmin=-largest, vmax=largest, interpolation="nearest"
    )
    ax.set(xlabel="neuron", title=title, yticks=range(len(concepts)), yticklabels=concepts)
    ax.figure.colorbar(image, ax=ax, label="weight", pad=0.02)
    return ax


def plot_spread(
    groups: Mapping[str, Float[Tensor, "n"]],
    xlabel: str,
    log: bool = False,
    *,
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """Each group's values as a strip of its own, the median marked and written."""
    ax = axes_or_new(ax, (6.5, 0.55 * len(groups) + 1.3))
    names = list(groups)
    for i, (values, (colour, *_)) in enumerate(
        zip(groups.values(), [SERIES[j % 5] for j in range(len(names))], strict=True)
    ):
        values = values[values.isfinite()].sort().values
        height = (torch.arange(len(values)) * 0.618) % 1 - 0.5  # evenly scattered, the same every time
        ax.scatter(values.numpy(), (i + 0.55 * height).numpy(), s=6, color=colour, alpha=0.35, linewidths=0)
        middle = float(values.median())
        ax.plot([middle, middle], [i - 0.38, i + 0.38], color=BLACK, linewidth=2)
        ax.annotate(f"{middle:.3g}", (middle, i - 0.4), ha="center", va="bottom", fontsize=8)
    ax.set(
        xlabel=xlabel,
        title=title,
        yticks=range(len(names)),
        yticklabels=names,
        ylim=(len(names) - 0.4, -0.75),
    )
    if log:
        ax.set_xscale("symlog", linthresh=1)
    ax.margins(x=0.08)
    return ax


def plot_against(
    x: Float[Tensor, "n"],
    y: Float[Tensor, "n"],
    xlabel: str,
    ylabel: str,
    *,
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """One point a concept, and the line on which both are equally good."""
    ax = axes_or_new(ax, (4.2, 4))
    low = min(float(x.min()), float(y.min())) - 0.02
    ax.plot([low, 1], [low, 1], color=BLACK, linestyle="--", linewidth=1)
    ax.scatter(x.numpy(), y.numpy(), s=22, color=BLUE, alpha=0.7)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title, aspect="equal", xlim=(low, 1.02), ylim=(low, 1.02))
    return ax


def plot_break_even(
    kurtosis: Sequence[float],
    ratio: Sequence[float],
    names: Sequence[str],
    families: Sequence[str],
    *,
    ax: Axes | None = None,
) -> Axes:
    """What sharing one dimension costs, as a multiple of giving it to one feature, against the features' kurtosis."""
    ax = axes_or_new(ax, (6.5, 4))
    for family, (colour, _, marker) in zip(dict.fromkeys(families), SERIES, strict=False):
        mine = [i for i, f in enumerate(families) if f == family]
        ax.scatter(
            [kurtosis[i] for i in mine],
            [ratio[i] for i in mine],
            color=colour,
            marker=marker,
            s=45,
            label=family,
        )
    left = {"xytext": (-6, -3), "textcoords": "offset points", "ha": "right", "va": "top"}
    above = {"xytext": (6, 3), "textcoords": "offset points"}
    below = {"xytext": (6, -3), "textcoords": "offset points", "va": "top"}
    place = dict(zip(dict.fromkeys(families), (left, left, above, below), strict=False))
    for k, r, name, family in zip(kurtosis, ratio, names, families, strict=True):
        ax.annotate(name, (k, r), fontsize=8, **place[family])
    ax.axhline(1, color=BLACK, linestyle="--", linewidth=1)
    ax.axhspan(ax.get_ylim()[0], 1, color=SKY, alpha=0.15)
    ax.set(xscale="log", yscale="log", xlabel="E[x⁴] / E[x²]²", ylabel="loss shared / loss dedicated")
    ax.set_xlim(min(kurtosis) / 2.4, max(kurtosis) * 2.4)  # room for the names at the sides
    ax.set_title("Below the line superposition wins")
    ax.legend(frameon=False)
    return ax
