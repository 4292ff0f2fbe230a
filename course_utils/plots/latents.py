"""Day 6's figures: lengths of activations, what training leaves dead, sparsity against error, who tells concepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter
from torch import Tensor

from course_utils.plots.style import (
    BLACK,
    BLUE,
    DASHES,
    GREEN,
    MARKERS,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    axes_in_a_row,
    axes_or_new,
)
from course_utils.training import History

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE)
LOWEST_AREA = 0.4


def plot_lengths(
    lengths: Mapping[str, Float[Tensor, "n"]],
    unit: str = "length of the activation",
    *,
    ax: Axes | None = None,
) -> Axes:
    """Histograms of lengths on one logarithmic axis, each as a share of its own group.

    Examples:
        >>> ax = plot_lengths({"start token": torch.tensor([3000.0]), "others": torch.tensor([50.0, 60.0])})
        >>> [round(float(sum(bar.get_height() for bar in bars)), 2) for bars in ax.containers]
        [1.0, 1.0]

    Args:
        lengths: of each group by its name, as many as there are; all above 0.
        unit: what the axis says.
    """
    ax = axes_or_new(ax, (6, 3))
    everything = torch.cat(list(lengths.values())).log10()
    bins = torch.logspace(everything.min() - 0.02, everything.max() + 0.02, 50).tolist()
    for (name, values), colour in zip(lengths.items(), cycle(COLOURS), strict=False):
        ax.hist(
            values.tolist(),
            bins=bins,
            weights=[1 / len(values)] * len(values),
            color=colour,
            alpha=0.7,
            label=name,
        )
    ax.set(xscale="log", xlabel=unit, ylabel="share of the tokens")
    decades = (everything.max() - everything.min()).item()
    labelled = (1, 2, 3, 5, 7) if decades < 1.5 else (1, 3) if decades < 3 else (1,)
    ax.xaxis.set_major_locator(LogLocator(subs=labelled))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_outlier_dimensions(
    values: Float[Tensor, "n d_in"], n_named: int = 3, *, ax: Axes | None = None
) -> Axes:
    """Root mean square of each dimension, largest first; the largest are named by their number.

    Examples:
        >>> values = torch.tensor([[1.0, 12.0, 1.0], [-1.0, 12.0, 1.0]])
        >>> ax = plot_outlier_dimensions(values, n_named=1)
        >>> ax.texts[0].get_text(), ax.get_title()
        ('dimension 1', 'the largest is 12 times the median')

    Args:
        values: activations, one row a token.
        n_named: dimensions to name and to colour.
    """
    ax = axes_or_new(ax, (6, 3))
    size, order = values.pow(2).mean(dim=0).sqrt().sort(descending=True)
    ax.bar(
        range(len(size)), size.tolist(), width=1.0, color=[ORANGE] * n_named + [BLUE] * (len(size) - n_named)
    )
    for rank in range(n_named):
        ax.annotate(
            f"dimension {order[rank]}", (rank, size[rank].item()), xytext=(12, -4 - 2 * rank),
            textcoords="offset points", fontsize="small",
        )  # fmt: skip
    ratio = (size[0] / size.median()).item()
    ax.set(
        xlabel="dimensions, largest first",
        ylabel="root mean square",
        title=f"the largest is {ratio:.0f} times the median",
    )
    return ax


def plot_runs(runs: Mapping[str, History], *, axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """Several trainings side by side: variance unexplained, active latents and dead latents by step.

    Examples:
        >>> run = History(step=[0, 100], fvu=[1.0, 0.4], l0=[90.0, 30.0], dead_share=[0.0, 0.25])
        >>> axes = plot_runs({"L1": run})
        >>> axes[2].get_ylabel(), axes[2].lines[0].get_ydata().tolist()
        ('dead latents (%)', [0.0, 25.0])

    Args:
        runs: histories by name, as `fit_sae` returns them.
        axes: three to draw on.

    Returns:
        The three axes, in the order above.
    """
    if axes is None:
        axes = axes_in_a_row([1, 1, 1], (9.8, 3))
    for i, (name, run) in enumerate(runs.items()):
        # of two runs that go the same way for a while both stay visible
        style: dict[str, Any] = dict(
            color=COLOURS[i % len(COLOURS)], linestyle=DASHES[i % len(DASHES)], label=name
        )
        style["linewidth"] = 1.5 if i % 2 else 4
        axes[0].plot(run.step, run.fvu, **style)
        axes[1].plot(run.step, run.l0, **style)
        axes[2].plot(run.step, [100 * share for share in run.dead_share], **style)
    axes[0].set(xlabel="step", ylabel="variance unexplained", ylim=(0, 1))
    axes[1].set(xlabel="step", ylabel="active latents a token", yscale="log")
    axes[2].set(xlabel="step", ylabel="dead latents (%)", ylim=(-2, 102))
    axes[0].legend(frameon=False, fontsize="small")
    return axes


def plot_densities(firing_rates: Mapping[str, Float[Tensor, "d_sae"]], *, ax: Axes | None = None) -> Axes:
    """Histograms of log10 firing rates, dead latents counted in the legend.

    Examples:
        >>> ax = plot_densities({"TopK": torch.tensor([0.0, 0.1, 0.2, 0.0])})
        >>> ax.get_legend_handles_labels()[1]
        ['TopK (50% dead)']

    Args:
        firing_rates: by the name of the dictionary; each latent's share of the tokens on which it fires.
    """
    ax = axes_or_new(ax, (6, 3))
    bins = torch.linspace(-5.5, 0, 45).tolist()
    for (name, rate), colour, dash in zip(firing_rates.items(), cycle(COLOURS), cycle(DASHES), strict=False):
        alive = rate[rate > 0].log10()
        label = f"{name} ({(1 - len(alive) / len(rate)):.0%} dead)"
        shares = [100 / len(rate)] * len(alive)
        ax.hist(
            alive.tolist(), bins=bins, weights=shares, histtype="step", color=colour, linestyle=dash, linewidth=1.6,
            label=label,
        )  # fmt: skip
    ax.set(xlabel="log10 of the firing rate", ylabel="latents (%)")
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def plot_pareto(
    curves: Mapping[str, Sequence[tuple[float, float]]],
    points: Mapping[str, tuple[float, float]] | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Variance unexplained against active latents; down and to the left is better.

    Examples:
        >>> ax = plot_pareto({"TopK": [(32, 0.2), (8, 0.5)]}, {"shipped": (32, 0.1)})
        >>> ax.lines[0].get_xdata().tolist(), ax.get_legend_handles_labels()[1]
        ([8, 32], ['TopK', 'shipped'])

    Args:
        curves: (l0, fvu) of each setting, in any order, by the name of the method; joined from left to right.
        points: (l0, fvu) of single dictionaries by name, five at most.
    """
    ax = axes_or_new(ax, (6.5, 4))
    styles = zip(cycle(COLOURS), cycle(MARKERS), cycle(DASHES), strict=False)
    for (name, curve), (colour, marker, dash) in zip(curves.items(), styles, strict=False):
        x, y = zip(*sorted(curve), strict=True)
        ax.plot(x, y, color=colour, marker=marker, linestyle=dash, label=name)
    for (name, (x, y)), marker in zip((points or {}).items(), ("*", "X", "P", "d", "h"), strict=False):
        ax.plot([x], [y], color=BLACK, marker=marker, markersize=10, linestyle="", label=name)
    ax.set(xscale="log", ylim=(0, 1), xlabel="active latents a token", ylabel="variance unexplained")
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def plot_areas(
    areas: Mapping[str, Float[Tensor, "n"]],
    of: str = "concepts",
    chance: float | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Distributions of ROC areas, each with its median as a line; what is below 0.4 is counted in the first bar.

    Examples:
        >>> ax = plot_areas({"neurons": torch.tensor([0.6, 0.7, 0.8, torch.nan])}, chance=0.75)
        >>> ax.get_legend_handles_labels()[1]
        ['neurons, median 0.70', 'luck reaches 0.75']

    Args:
        areas: on held-out texts, by the name of the distribution; what is not finite is left out.
        of: what has these areas, for the label: the bars are shares of them.
        chance: the ROC area that luck reaches; None draws no line.
    """
    ax = axes_or_new(ax, (6.5, 3.4))
    bins = torch.linspace(LOWEST_AREA, 1.0, 31).tolist()
    for (name, values), colour, dash in zip(areas.items(), cycle(COLOURS), cycle(DASHES), strict=False):
        values = values[values.isfinite()]
        median = values.median().item()
        ax.hist(
            values.clamp(LOWEST_AREA, 1).tolist(),
            bins=bins,
            weights=[100 / len(values)] * len(values),
            color=colour,
            alpha=0.2,
        )
        ax.hist(
            values.clamp(LOWEST_AREA, 1).tolist(),
            bins=bins,
            weights=[100 / len(values)] * len(values),
            color=colour,
            histtype="step",
            linewidth=1.2,
        )
        ax.axvline(median, color=colour, linestyle=dash, linewidth=2, label=f"{name}, median {median:.2f}")
    if chance is not None:
        ax.axvline(
            chance, color=BLACK, linewidth=1, linestyle=(0, (1, 3)), label=f"luck reaches {chance:.2f}"
        )
    ax.set(xlabel="ROC area on held-out texts", ylabel=f"{of} (%)", xlim=(LOWEST_AREA, 1.005))
    ax.set_xticks(ticks := [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], labels=["≤ 0.4", *map(str, ticks[1:])])
    ax.legend(frameon=False, fontsize="small", loc="upper left")
    return ax


def plot_children(n_children: Mapping[str, Float[Tensor, "d_small"]], *, ax: Axes | None = None) -> Axes:
    """How many latents of a larger dictionary belong to each latent of the smallest, in order.

    Examples:
        >>> ax = plot_children({"16,384 latents": torch.tensor([3.0, 0.0, 5.0])})
        >>> ax.lines[0].get_ydata().tolist()
        [5.0, 3.0, 0.0]

    Args:
        n_children: a count for each latent of the smallest dictionary, by the name of the larger one.
    """
    ax = axes_or_new(ax, (5.5, 3.2))
    for (name, counts), colour, dash in zip(n_children.items(), cycle(COLOURS), cycle(DASHES), strict=False):
        ordered = counts.sort(descending=True).values
        ax.plot(range(1, len(ordered) + 1), ordered.tolist(), color=colour, linestyle=dash, label=name)
    ax.set(
        xlabel="latents of the smallest dictionary, in order",
        ylabel="latents that belong to it",
        title="Families",
    )
    ax.set_ylim(-0.03 * ax.get_ylim()[1], None)  # a line at 0 would hide in the frame
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_hole(
    parts: Sequence[str],
    by_wide: Sequence[float],
    by_own: Sequence[float],
    *,
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """Recall of one wide latent over the parts of its concept, beside that of each part's own latent.

    Examples:
        >>> ax = plot_hole(["storms", "whales"], [0.9, 0.1], [0.7, 0.8], title="The latent for the sea misses whales")
        >>> [text.get_text() for text in ax.texts]
        ['0.90', '0.10', '0.70', '0.80']

    Args:
        parts: names of the parts.
        by_wide: share of each part's texts on which the wide concept's latent fires.
        by_own: share on which the part's own latent fires.
    """
    ax = axes_or_new(ax, (7, 0.35 * len(parts) + 1.4))
    y = torch.arange(len(parts)).float()
    wide = ax.barh(
        (y - 0.2).tolist(), list(by_wide), height=0.38, color=BLUE, label="the wide concept's latent"
    )
    own = ax.barh(
        (y + 0.2).tolist(), list(by_own), height=0.38, color=ORANGE, hatch="//", label="the part's own latent"
    )
    for bars in (wide, own):
        ax.bar_label(bars, fmt="{:.2f}", padding=2, fontsize=8)
    ax.set_yticks(y.tolist(), labels=parts)
    ax.invert_yaxis()
    ax.set(xlabel="share of the texts on which it fires (recall)", xlim=(0, 1.1), title=title)
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return ax
