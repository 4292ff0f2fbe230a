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
    """Weights of neurons (columns) in concept directions (rows): orange for, purple against.

    Examples:
        >>> weights = torch.ones(2, 100)
        >>> weights[0, 0] = 50.0  # one huge weight does not make all others look white
        >>> plot_weights(weights, ["whale", "chess"], title="made up").images[0].get_clim()
        (-1.0, 1.0)

    Args:
        weights: the colours are full from the 99th percentile of the absolute weights on.
        concepts: a name for each row.
    """
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
    """Each group's values as a strip of its own, the median marked and written.

    Examples:
        >>> groups = {"neurons": torch.tensor([1.0, 2.0, 9.0]), "turned": torch.tensor([0.5, 1.0, 1.5])}
        >>> ax = plot_spread(groups, "excess kurtosis", title="Is the basis privileged?")
        >>> [text.get_text() for text in ax.texts]  # the medians
        ['2', '1']

    Args:
        groups: the values of each strip by its name, as many as there are; what is not finite is left out.
        xlabel: what the values are, with their unit.
        log: a logarithmic axis, linear between -1 and 1, so that it holds 0 and negative values too.
    """
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
    """One point a concept, and the line on which both are equally good.

    Examples:
        >>> neuron, mean = torch.tensor([0.5, 0.75]), torch.tensor([1.0, 0.75])
        >>> ax = plot_against(neuron, mean, "best neuron", "difference of means", title="ROC area")
        >>> ax.collections[0].get_offsets().tolist()  # the first lies above the line, the second on it
        [[0.5, 1.0], [0.75, 0.75]]

    Args:
        x, y: scores of the same concepts in two ways, at most 1: the axes end there.
    """
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
    """What sharing one dimension costs, as a multiple of giving it to one feature, against the features' kurtosis.

    Examples:
        >>> ax = plot_break_even([1.8, 18.0], [2.0, 0.5], ["always on", "on one time in ten"], ["uniform", "uniform"])
        >>> [text.get_text() for text in ax.texts], ax.get_title()
        (['always on', 'on one time in ten'], 'Below the line superposition wins')

    Args:
        kurtosis: E[x⁴] / E[x²]² of the features of each case.
        ratio: loss with the dimension shared over loss with the dimension given to one feature, for each case.
        names: of the cases, written beside their points.
        families: the kind of distribution of each case, with a colour and a mark of its own; at most four kinds.
    """
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
    right = {"xytext": (8, 0), "textcoords": "offset points", "va": "center"}
    place = dict(zip(dict.fromkeys(families), (left, left, above, right), strict=False))
    for k, r, name, family in zip(kurtosis, ratio, names, families, strict=True):
        ax.annotate(name, (k, r), fontsize=8, **place[family])
    ax.axhline(1, color=BLACK, linestyle="--", linewidth=1)
    ax.axhspan(ax.get_ylim()[0], 1, color=SKY, alpha=0.15)
    ax.set(xscale="log", yscale="log", xlabel="E[x⁴] / E[x²]²", ylabel="loss shared / loss dedicated")
    ax.set_xlim(min(kurtosis) / 2.4, max(kurtosis) * 2.4)  # room for the names at the sides
    ax.set_title("Below the line superposition wins")
    ax.legend(frameon=False)
    return ax
