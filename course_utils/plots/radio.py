"""Radio: what is sent and heard, how far receivers get, and where exact recovery ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import matplotlib.pyplot as plt
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.plots.style import (
    BLACK,
    BLUE,
    DASHES_DOTTED_LAST,
    ORANGE,
    SKY,
    VERMILLION,
    axes_or_new,
    series,
)

STYLES = list(islice(series(dashes=DASHES_DOTTED_LAST), 6))


def plot_on_air(features: Float[Tensor, "samples n_stations"], rate: int, *, ax: Axes | None = None) -> Axes:
    """Who is on the air when: one row a station, dark where it sends.

    Examples:
        >>> features = torch.tensor([[0.5, 0.0, 0.0], [0.4, 0.2, 0.0]])
        >>> plot_on_air(features, rate=8000).get_title()
        '1.5 of 3 stations at once on average, 2 at most'

    Args:
        features: strength of each station, above 0 where it sends. Of many samples, about 600 at equal distances are
            drawn, and counted in the title.
        rate: samples a second.
    """
    ax = axes_or_new(ax, (6, 3))
    thin = features[:: max(1, len(features) // 600)]
    ax.imshow(
        (thin > 0).T.float(), aspect="auto", cmap="Greys", interpolation="nearest",
        extent=(0, len(features) / rate, features.shape[1] - 0.5, -0.5),
    )  # fmt: skip
    at_once = (thin > 0).sum(dim=1).float()
    ax.set(
        xlabel="seconds", ylabel="station",
        title=f"{at_once.mean():.1f} of {features.shape[1]} stations at once on average, {at_once.max():.0f} at most",
        ylim=(features.shape[1] - 0.2, -0.8),
    )  # fmt: skip
    return ax


def plot_waveforms(
    sent: Float[Tensor, "samples"],
    received: Mapping[str, Float[Tensor, "samples"]],
    rate: int,
    *,
    ax: Axes | None = None,
) -> Axes:
    """The strength that was sent, and one receiver's or several receivers' idea of it.

    Examples:
        >>> sent = torch.tensor([0.0, 1.0, 0.0, -1.0])
        >>> ax = plot_waveforms(sent, {"matched filter": 0.9 * sent}, rate=2000)
        >>> ax.get_title(loc="left")
        '2 ms of one station'

    Args:
        received: what each receiver hears, by its name; five at most.
        rate: samples a second.
    """
    ax = axes_or_new(ax, (7, 2.6))
    seconds = torch.arange(len(sent)) / rate
    for (name, values), (color, dash, _) in zip(received.items(), STYLES[1:], strict=False):
        ax.plot(seconds, values, color=color, linestyle=dash, linewidth=1, label=name)
    ax.plot(seconds, sent, color=BLUE, linewidth=1.2, label="sent")
    ax.set(xlabel="seconds", ylabel="strength")
    ax.set_title(f"{1000 * len(sent) / rate:.0f} ms of one station", loc="left")
    ax.legend(
        frameon=False, fontsize="small", loc="lower right", bbox_to_anchor=(1, 1), ncols=len(received) + 1
    )
    return ax


def plot_lines(
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Named lines over one axis, each with a colour, a marker and a dash of its own.

    Examples:
        >>> errors = {"ISTA": [1.0, 0.1], "FISTA": [1.0, 0.01]}
        >>> ax = plot_lines([1, 100], errors, xlabel="steps", ylabel="error", log=True)
        >>> ax.get_legend_handles_labels()[1], ax.get_yscale()
        (['ISTA', 'FISTA'], 'log')

    Args:
        x: where all lines have a value; of more than 30 places none gets a marker.
        lines: a value at each ``x``, by name; six lines at most.
        log: whether both axes are logarithmic.
    """
    ax = axes_or_new(ax)
    for (name, y), (color, dash, marker) in zip(lines.items(), STYLES, strict=False):
        ax.plot(x, y, color=color, marker=marker if len(x) <= 30 else None, linestyle=dash, label=name)
    if log:
        ax.set(xscale="log", yscale="log")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_phase_map(
    deltas: Float[Tensor, "n_deltas"],
    rhos: Float[Tensor, "n_rhos"],
    success: Float[Tensor, "n_deltas n_rhos"],
    theory: Float[Tensor, "n_deltas"],
    measured: Float[Tensor, "n_deltas"] | None = None,
    here: tuple[float, float] | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Share of exact recoveries over (δ, ρ), with the theory's curve and the measured 50% crossing on it.

    Examples:
        >>> grid = torch.tensor([0.2, 0.5, 0.8])
        >>> ax = plot_phase_map(grid, grid, success=torch.eye(3), theory=grid, here=(0.5, 0.5))
        >>> ax.get_legend_handles_labels()[1]
        ['Donoho–Tanner', 'here']

    Args:
        deltas: channels over stations, from small to large.
        rhos: stations at once over channels, from small to large.
        success: share of exact recoveries at each, between 0 and 1.
        theory: the ρ at which recovery ends, at each δ.
        measured: the ρ at which half the recoveries are exact, at each δ; None draws none.
        here: (δ, ρ) of a place to mark with a star.
    """
    ax = axes_or_new(ax, (5.4, 4))
    mesh = ax.pcolormesh(deltas, rhos, success.T, cmap="cividis", vmin=0, vmax=1, shading="nearest")
    ax.figure.colorbar(mesh, ax=ax, label="share recovered exactly")
    ax.plot(deltas, theory, color="white", linewidth=2.5, label="Donoho–Tanner")
    if measured is not None:
        ax.plot(deltas, measured, color=VERMILLION, marker="o", linestyle="none", label="measured, 50%")
    if here is not None:
        ax.plot(
            *here,
            color="white",
            markeredgecolor=BLACK,
            marker="*",
            markersize=16,
            linestyle="none",
            label="here",
        )
    ax.set(
        xlabel="δ = channels / stations", ylabel="ρ = stations at once / channels",
        xlim=(deltas.min(), deltas.max()), ylim=(rhos.min(), rhos.max()), title="Few enough, and all comes back",
    )  # fmt: skip
    ax.legend(loc="upper left", fontsize="small", facecolor="#777777", labelcolor="white")
    return ax


def plot_matches(cosines: Mapping[str, Float[Tensor, "n_stations"]], *, ax: Axes | None = None) -> Axes:
    """For each true code the cosine with the nearest one found, sorted; one line a method.

    Examples:
        >>> ax = plot_matches({"autoencoder": torch.tensor([0.5, 0.9]), "random": torch.tensor([0.2, 0.3])})
        >>> ax.get_legend_handles_labels()[1]
        ['autoencoder: mean 0.70', 'random: mean 0.25']

    Args:
        cosines: by the name of the method; six at most.
    """
    ax = axes_or_new(ax)
    for (name, values), (color, dash, _) in zip(cosines.items(), STYLES, strict=False):
        ax.plot(
            values.sort(descending=True).values,
            color=color,
            linestyle=dash,
            label=f"{name}: mean {values.mean():.2f}",
        )
    ax.set(xlabel="stations, best first", ylabel="cosine with the nearest code found", ylim=(0, 1.03))
    ax.legend(frameon=False, fontsize="small", loc="lower left")
    ax.set_title("Codes found without being told")
    return ax


def plot_shrinkage(
    true: Float[Tensor, "n"], read: Mapping[str, Float[Tensor, "n"]], *, ax: Axes | None = None
) -> Axes:
    """Read strength against the strength that was sent; the diagonal is a faithful reader.

    Examples:
        >>> sent = torch.tensor([0.25, 0.75])
        >>> ax = plot_shrinkage(sent, {"relu + L1": sent - 0.25})
        >>> ax.collections[0].get_offsets().tolist()  # (sent, read): everything came out 0.25 too quiet
        [[0.25, 0.0], [0.75, 0.5]]

    Args:
        true: strengths sent; the diagonal is drawn from 0 to 1.
        read: the strengths that each reader finds, by its name; six at most.
    """
    ax = axes_or_new(ax, (4.2, 3.6))
    for (name, values), (color, _, marker) in zip(read.items(), STYLES, strict=False):
        ax.scatter(true, values, s=9, color=color, marker=marker, alpha=0.5, linewidths=0, label=name)
    ax.plot([0, 1], [0, 1], color=BLACK, linestyle=":", label="faithful")
    ax.set(xlabel="strength sent", ylabel="strength read", title="Does the penalty make it quieter?")
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_pareto_over_seeds(
    points: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]],
    *,
    ylabel: str = "variance unexplained",
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """One line an architecture, one point a setting: mean over seeds, bars of one standard deviation both ways.

    Examples:
        >>> settings = [([4.0, 6.0], [0.2, 0.4]), ([1.0, 1.0], [0.7, 0.9])]  # two settings, two seeds each
        >>> ax = plot_pareto_over_seeds({"relu": settings}, title="Down and to the left is better")
        >>> ax.lines[0].get_xdata().tolist()  # mean l0, from left to right
        [1.0, 5.0]

    Args:
        points: for each architecture its settings, each as (l0 of every seed, score of every seed). Two seeds or more,
            as many for each setting of an architecture; six architectures at most.
        ylabel: what the score is.
    """
    ax = axes_or_new(ax, (5.6, 4))
    for (name, settings), (color, dash, marker) in zip(points.items(), STYLES, strict=False):
        l0, score = (torch.tensor([list(s[i]) for s in settings]) for i in (0, 1))
        order = l0.mean(dim=1).argsort()
        l0, score = l0[order], score[order]
        ax.errorbar(
            l0.mean(dim=1), score.mean(dim=1), xerr=l0.std(dim=1), yerr=score.std(dim=1),
            color=color, marker=marker, linestyle=dash, capsize=3, label=name,
        )  # fmt: skip
    ax.set(xlabel="l0: latents active at once", ylabel=ylabel, title=title, xscale="log")
    # points lie everywhere
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def plot_bars(
    values: Mapping[str, float],
    *,
    ylabel: str,
    title: str = "",
    level: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One bar a name, its value on it.

    Examples:
        >>> ax = plot_bars({"left dead": 0.61, "resampled": 0.97}, ylabel="mean max cosine", level=1.0)
        >>> [text.get_text() for text in ax.texts]
        ['0.61', '0.97']

    Args:
        level: height of a dotted line; None draws none.
    """
    ax = axes_or_new(ax, (5, 2.8))
    bars = ax.bar(list(values), list(values.values()), color=SKY, edgecolor=BLACK)
    ax.bar_label(bars, fmt="%.2f", fontsize="small")
    if level is not None:
        ax.axhline(level, color=ORANGE, linestyle=":")
    ax.set(ylabel=ylabel, title=title)
    ax.margins(y=0.15)
    plt.setp(ax.get_xticklabels(), fontsize="small")
    return ax
