"""Toy models of superposition: what trained weights look like, and when they look like it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import torch
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator
from torch import Tensor

from course_utils.plots.style import (
    BLACK,
    BLUE,
    DIVERGING,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    axes_or_new,
    figure_of,
)

CYCLE = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW, BLACK)
FRACTIONS = {"1": 1.0, "3/4": 3 / 4, "2/3": 2 / 3, "1/2": 1 / 2, "2/5": 2 / 5, "3/8": 3 / 8}
"""Where feature dimensionalities stick (Elhage et al. 2022)."""


ABREAST = 4


def _panels(n: int, width: float, height: float) -> list[Axes]:
    """In rows of at most `ABREAST`, so that the figure fits a page and its labels can be read."""
    n_rows = math.ceil(n / ABREAST)
    across = math.ceil(n / n_rows)
    size = (width * across, height * n_rows)
    axes = list(plt.subplots(n_rows, across, figsize=size, squeeze=False, layout="constrained")[1].flatten())
    for ax in axes[n:]:
        ax.remove()
    return axes[:n]


def _titled(axes: Sequence[Axes], titles: Sequence[str]) -> Axes:
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, fontsize="small")
    return axes[0]


def plot_gram(
    W: Float[Tensor, "instances d_hidden n_features"],
    titles: Sequence[str],
    *,
    axes: Sequence[Axes] | None = None,
    numbered: bool = False,
) -> Axes:
    """WᵀW of every instance: how much of feature j comes out at i when only j goes in. Returns the first axes.

    Examples:
        >>> W = torch.tensor([[[1.0, 0.0, -1.0], [0.0, 1.0, 0.0]]])  # features 0 and 2 share a dimension
        >>> ax = plot_gram(W, ["three features, two dimensions"])
        >>> ax.images[0].get_array().tolist()
        [[1.0, 0.0, -1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]

    Args:
        titles: one for each instance.
        axes: one for each instance; None makes a new figure.
        numbered: number rows and columns, with a dash in each feature's own colour, and say what the colours mean.
    """
    axes = axes or _panels(len(W), 2.0, 2.3)
    for ax, gram in zip(axes, W.mT @ W, strict=True):
        image = ax.imshow(gram.tolist(), cmap=DIVERGING, vmin=-1.2, vmax=1.2)
        ax.set(xticks=[], yticks=[], xlabel="feature in")
        if numbered:
            _number(ax, len(gram))
            figure_of(ax).colorbar(image, ax=ax, shrink=0.8, ticks=[-1, 0, 1])
    axes[0].set_ylabel("feature out")
    return _titled(axes, titles)


def _number(ax: Axes, n_features: int) -> None:
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(range(n_features), [str(i) for i in range(n_features)], fontsize="small")
        axis.set_tick_params(length=6, width=4, pad=1)
        for tick, colour in zip(axis.get_major_ticks(), cycle(CYCLE), strict=False):
            tick.tick1line.set_color(colour)
            tick.tick1line.set_markeredgecolor(colour)


def plot_arrows(
    W: Float[Tensor, "instances 2 n_features"],
    titles: Sequence[str],
    *,
    axes: Sequence[Axes] | None = None,
    numbered: bool = False,
) -> Axes:
    """The columns of W as arrows in the plane, for every instance. Returns the first axes.

    Examples:
        >>> W = torch.tensor([[[1.0, 0.0, -1.0], [0.0, 1.0, 0.0]]])
        >>> ax = plot_arrows(W, ["three features, two dimensions"])
        >>> ax.lines[2].get_xydata().tolist()  # feature 2, from the centre to its tip
        [[0.0, 0.0], [-1.0, 0.0]]

    Args:
        titles: one for each instance.
        axes: one for each instance; None makes a new figure.
        numbered: write each feature's number at the tip of its arrow, unless it is too short to have one.
    """
    axes = axes or _panels(len(W), 2.0, 2.3)
    reach = (1.3 if numbered else 1.15) * max(W.norm(dim=1).max().item(), 0.5)
    for ax, columns in zip(axes, W.mT.tolist(), strict=True):
        for i, (x, y) in enumerate(columns):
            ax.plot([0, x], [0, y], color=CYCLE[i % len(CYCLE)], linewidth=2, marker="o", markevery=[1])
            if numbered and (length := math.hypot(x, y)) > 0.1:
                away = 1 + 0.11 * reach / length
                ax.text(x * away, y * away, str(i), ha="center", va="center", fontsize="small")
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal")
        ax.set_xlabel("hidden 1")
    axes[0].set_ylabel("hidden 2")
    return _titled(axes, titles)


def plot_interference(
    length: Float[Tensor, "instances n_features"],
    interference: Float[Tensor, "instances n_features"],
    titles: Sequence[str],
) -> Axes:
    """How long each feature's direction is; the darker, the more other features lie along it. Returns the first axes.

    Examples:
        >>> length, interference = torch.tensor([[1.0, 0.5, 0.0]]), torch.tensor([[0.0, 1.0, 0.0]])
        >>> ax = plot_interference(length, interference, ["sparsity 0.9"])
        >>> [float(bar.get_width()) for bar in ax.patches]
        [1.0, 0.5, 0.0]

    Args:
        length: ‖Wᵢ‖ of each feature.
        interference: for each feature the squared parts of all others along its direction, summed; from 1 on it is
            drawn darkest.
        titles: one for each instance.
    """
    axes = _panels(len(length), 2.0, 2.3)
    colours = plt.get_cmap("cividis_r")
    for ax, bars, shade in zip(axes, length.tolist(), interference.clamp(0, 1).tolist(), strict=True):
        ax.barh(range(len(bars)), bars, color=colours(shade))
        ax.set(xlim=(0, 1.3), xlabel="length of $W_i$", yticks=[])
        ax.invert_yaxis()
    axes[0].set_ylabel("feature (0 on top)")
    axes[-1].legend(
        handles=[Patch(color=colours(v), label=name) for v, name in ((0.0, "alone"), (1.0, "shared"))],
        fontsize="small",
        loc="lower right",
    )
    return _titled(axes, titles)


def plot_dimensionality(
    sparsity: Float[Tensor, "instances"],
    dimensionality: Float[Tensor, "instances n_features"],
    *,
    axes: Sequence[Axes] | None = None,
) -> Axes:
    """Every feature's share of a dimension against sparsity, and a histogram of all shares.

    Dotted lines mark the fractions that they stick to, `FRACTIONS`.

    Examples:
        >>> sparsity, shares = torch.tensor([0.0, 0.75]), torch.tensor([[1.0, 1.0, 0.0], [0.5, 0.5, 1.0]])
        >>> ax = plot_dimensionality(sparsity, shares)
        >>> ax.get_title(), ax.collections[0].get_offsets()[-1].tolist()  # on one time in four, alone in its dimension
        ('3 features in each of 2 models', [4.0, 1.0])

    Args:
        sparsity: of each instance, below 1.
        dimensionality: as `feature_dimensionality` gives it, between 0 and 1.
        axes: two, for the points and for the counts; None makes a new figure.

    Returns:
        The axes of the points.
    """
    if axes is None:
        shape: dict[str, Any] = dict(figsize=(9, 4), width_ratios=(3, 1), layout="constrained")
        axes = list(plt.subplots(1, 2, sharey=True, **shape)[1])
    where = (1 / (1 - sparsity))[:, None].expand_as(dimensionality)
    axes[0].scatter(where.flatten().tolist(), dimensionality.flatten().tolist(), s=8, color=BLUE, alpha=0.35)
    axes[0].set(
        xscale="log",
        xlabel="1 / probability of a feature",
        ylabel="feature dimensionality",
        ylim=(-0.03, 1.05),
    )
    axes[0].set_title(
        f"{dimensionality.shape[1]} features in each of {len(sparsity)} models", fontsize="small"
    )
    shown = dimensionality[dimensionality > 0.02]
    axes[1].hist(shown.tolist(), bins=70, range=(0, 1), orientation="horizontal", color=BLUE)
    axes[1].set(xlabel="features above 0.02")
    for ax in axes:
        for value in FRACTIONS.values():
            ax.axhline(value, color=BLACK, linewidth=0.7, linestyle=":")
    for name, value in FRACTIONS.items():
        side = {"2/5": "bottom", "3/8": "top"}.get(name, "center")  # or the two would cover each other
        axes[1].annotate(name, (1.02, value), xycoords=("axes fraction", "data"), fontsize="small", va=side)
    return axes[0]


def plot_dimensions_per_feature(
    sparsity: Float[Tensor, "instances"], dimensions: Float[Tensor, "instances"], *, ax: Axes | None = None
) -> Axes:
    """m / ‖W‖²: how many dimensions the model spends on a feature that it represents.

    Examples:
        >>> ax = plot_dimensions_per_feature(torch.tensor([0.0, 0.75]), torch.tensor([1.0, 0.5]))
        >>> ax.lines[0].get_xydata().tolist()  # features on one time in four share a dimension in pairs
        [[1.0, 1.0], [4.0, 0.5]]

    Args:
        sparsity: of each instance, below 1.
        dimensions: m / ‖W‖² of each instance, where m is the number of hidden dimensions, ‖W‖ the Frobenius norm.
    """
    ax = axes_or_new(ax)
    ax.plot((1 / (1 - sparsity)).tolist(), dimensions.tolist(), color=BLUE, marker="o", markersize=4)
    for value in (1.0, 0.5):
        ax.axhline(value, color=BLACK, linewidth=0.7, linestyle=":")
    ax.set(xscale="log", xlabel="1 / probability of a feature", ylabel="m / ‖W‖²", ylim=(0, 1.1))
    ax.set_title("dimensions spent on a feature")
    return ax


def plot_levels(
    steps: Sequence[int], dimensionality: Float[Tensor, "steps n_features"], *, ax: Axes | None = None
) -> Axes:
    """The dimensionality of each feature while one model trains; ``ax.legend()`` names the features.

    Examples:
        >>> ax = plot_levels([0, 100], torch.tensor([[0.25, 0.0], [0.5, 0.5]]))
        >>> ax.get_legend_handles_labels()[1], ax.lines[0].get_ydata().tolist()
        (['feature 0', 'feature 1'], [0.25, 0.5])

    Args:
        steps: at which it was measured.
        dimensionality: as `feature_dimensionality` gives it, a row for each of ``steps``.
    """
    ax = axes_or_new(ax)
    for i, line in enumerate(dimensionality.mT.tolist()):
        ax.plot(steps, line, color=CYCLE[i % len(CYCLE)], label=f"feature {i}")
    for value in (0.5, 0.4):
        ax.axhline(value, color=BLACK, linewidth=0.7, linestyle=":")
    ax.set(xlabel="step", ylabel="feature dimensionality", ylim=(0, 1.05))
    return ax


PHASES = ("neither", "first only", "second only", "both: superposition")
PHASE_COLOURS = ("#FFFFFF", SKY, YELLOW, VERMILLION)


def plot_phases(
    importance: Float[Tensor, "n_importances"],
    probability: Float[Tensor, "n_probabilities"],
    phase: Int[Tensor, "n_probabilities n_importances"],
    boundary: Float[Tensor, "n_importances"] | None = None,
    marked: tuple[int, int] | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """What each trained model does with its second feature; the line is the closed form, the ring the ``marked`` cell.

    Examples:
        >>> importance, probability = torch.tensor([0.1, 10.0]), torch.tensor([0.01, 1.0])
        >>> ax = plot_phases(importance, probability, torch.tensor([[3, 3], [1, 2]]))
        >>> [text.get_text() for text in ax.get_legend().get_texts()]  # only what occurs
        ['first only', 'second only', 'both: superposition']

    Args:
        importance: of the second feature, where the first one's is 1; from small to large.
        probability: of each feature to be on, from small to large.
        phase: what the model at each of them does, as a place in `PHASES`.
        boundary: for each importance the probability at which the closed form changes phase; None draws no line.
        marked: (row, column) of the cell to ring.
    """
    ax = axes_or_new(ax, (6, 4.2))
    ax.pcolormesh(
        importance.tolist(), probability.tolist(), phase.tolist(), cmap=ListedColormap(PHASE_COLOURS),
        vmin=-0.5, vmax=3.5, shading="nearest", edgecolors="white", linewidth=0.3,
    )  # fmt: skip
    handles = [
        Patch(facecolor=c, edgecolor=BLACK, label=p) for c, p in zip(PHASE_COLOURS, PHASES, strict=True)
    ]
    handles = [h for i, h in enumerate(handles) if (phase == i).any()]
    if boundary is not None:
        handles += ax.plot(
            importance.tolist(), boundary.tolist(), color=BLACK, linewidth=2, label="closed form"
        )
    if marked is not None:
        row, column = marked
        ax.plot(
            importance[column],
            probability[row],
            "o",
            color=BLACK,
            markersize=11,
            fillstyle="none",
            markeredgewidth=2,
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="importance of the second feature",
        ylabel="probability of a feature",
    )
    ax.set_title("two features, one dimension: which get a direction?", fontsize="medium")
    ax.legend(handles=handles, fontsize="small", loc="lower left", framealpha=0.9)
    return ax


def plot_line_solution(
    W: Float[Tensor, "2"], losses: Mapping[str, float], *, title: str = "", ax: Axes | None = None
) -> Axes:
    """The two features of a model with one dimension as arrows on a line, and its loss beside the two closed forms.

    Examples:
        >>> ax = plot_line_solution(torch.tensor([1.0, -1.0]), {"trained": 0.0123, "one only": 0.05})
        >>> ax.texts[-1].get_text().splitlines()
        ['trained: 0.0123', 'one only: 0.0500']

    Args:
        W: the weight of each feature; between -1.6 and 1.6 it can be seen.
        losses: to write below the line, by name.
    """
    ax = axes_or_new(ax, (4, 3))
    for i, (w, name) in enumerate(zip(W.tolist(), ("first", "second"), strict=True)):
        ax.annotate("", (w, 1 - i), (0, 1 - i), arrowprops=dict(color=CYCLE[i], width=3, headwidth=9))
        ax.text(-1.55, 1 - i, name, va="center")
    ax.axvline(0, color=BLACK, linewidth=0.7)
    said = "\n".join(f"{name}: {loss:.4f}" for name, loss in losses.items())
    ax.text(-1.55, -0.75, said, va="top", fontsize="small", family="monospace")
    ax.set(xlim=(-1.6, 1.6), ylim=(-2.1, 1.6), yticks=[], xlabel="the one hidden dimension", title=title)
    return ax


def plot_capacity(
    x: Float[Tensor, "instances"], capacity: Float[Tensor, "instances n_features"], *, ax: Axes | None = None
) -> Axes:
    """How the dimensions are divided among the features, stacked with the most important at the bottom.

    Examples:
        >>> kurtosis, capacity = torch.tensor([1.8, 18.0]), torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
        >>> ax = plot_capacity(kurtosis, capacity)
        >>> len(ax.collections)  # bands: the third feature never gets anything
        2

    Args:
        x: kurtosis of the features of each instance, E[x⁴] / E[x²]², from small to large.
        capacity: dimensions that each feature gets, the most important first. Features after the last that ever gets
            more than 0.02 are left out; at least one must get that much.
    """
    ax = axes_or_new(ax, (6, 3.6))
    n_paid = int((capacity > 0.02).any(dim=0).nonzero().max()) + 1
    shades = plt.get_cmap("cividis")(torch.linspace(0, 1, n_paid).tolist())
    ax.stackplot(
        x.tolist(), capacity[:, :n_paid].mT.tolist(), colors=shades, edgecolor="white", linewidth=0.4
    )
    ax.set(
        xscale="log",
        xlabel="kurtosis of a feature, E[x⁴] / E[x²]²",
        ylabel="dimensions, summed over features",
    )
    ax.set_xticks(x.tolist(), [f"{value:.2g}" for value in x.tolist()], fontsize="small")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_title("each band is a feature, the most important at the bottom", fontsize="medium")
    return ax


def plot_neurons(W: Float[Tensor, "instances n_neurons n_features"], titles: Sequence[str]) -> Axes:
    """For each neuron the absolute weights of its features, stacked: one colour in a bar is one meaning.

    Examples:
        >>> W = torch.tensor([[[1.0, 0.0], [0.5, -2.0]]])  # neuron 0 means feature 0, neuron 1 means both
        >>> ax = plot_neurons(W, ["two neurons"])
        >>> [[float(bar.get_height()) for bar in feature] for feature in ax.containers]  # strongest neuron first
        [[0.5, 1.0], [2.0, 0.0]]

    Args:
        titles: one for each instance.

    Returns:
        The axes of the first instance.
    """
    axes = _panels(len(W), 2.0, 2.6)
    for ax, rows in zip(axes, W.abs(), strict=True):
        order = rows.amax(dim=1).argsort(descending=True)
        bottom = torch.zeros(len(rows))
        for i, weights in enumerate(rows[order].mT):
            ax.bar(range(len(rows)), weights.tolist(), bottom=bottom.tolist(), color=CYCLE[i % len(CYCLE)],
                   hatch="" if i < len(CYCLE) else "///", edgecolor="white", linewidth=0.4)  # fmt: skip
            bottom += weights
        ax.set(xlabel="neuron", xticks=[])
    axes[0].set_ylabel("sum of |weights|,\na colour a feature")
    return _titled(axes, titles)


def plot_price(
    x: Float[Tensor, "n"],
    losses: Mapping[str, Float[Tensor, "n"]],
    xlabel: str,
    *,
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """Losses by name against one setting, both on logarithmic scales.

    Examples:
        >>> losses = {"free": torch.tensor([0.01, 0.001]), "one feature a neuron": torch.tensor([0.01, 0.005])}
        >>> rarity = torch.tensor([1.0, 100.0])
        >>> ax = plot_price(rarity, losses, "1 / probability of a feature", title="what the constraint costs")
        >>> ax.get_legend_handles_labels()[1], ax.get_yscale()
        (['free', 'one feature a neuron'], 'log')

    Args:
        x: the setting, above 0.
        losses: at each ``x``, by name; four at most.
        xlabel: what the setting is.
    """
    ax = axes_or_new(ax, (5.5, 3.4))
    styles = zip(losses.items(), ("-", "--", ":", "-."), ("o", "s", "^", "d"), CYCLE, strict=False)
    for (name, loss), dash, marker, colour in styles:
        ax.plot(x.tolist(), loss.tolist(), dash, marker=marker, markersize=4, color=colour, label=name)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel="loss", title=title)
    ax.legend(fontsize="small")
    return ax
