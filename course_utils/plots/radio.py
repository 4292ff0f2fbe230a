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
    """Who is on the air when: one row a station, dark where it sends."""
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
    """The strength that was sent, and one receiver's or several receivers' idea of it."""
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
    """Named lines over one axis, each with a colour, a marker and a dash of its own."""
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
    """Share of exact recoveries over (delta, rho), the theory's curve and the measured 50% crossing on it."""
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
    """For each true code the cosine with the nearest one found, sorted; one line a method."""
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
    """Read strength against the strength that was sent; the diagonal is a faithful reader."""
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

    Args:
        points: for each architecture its settings, each as (l0 of every seed, score of every seed).
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
    """One bar a name, its value on it; a dotted line at ``level``."""
    ax = axes_or_new(ax, (5, 2.8))
    bars = ax.bar(list(values), list(values.values()), color=SKY, edgecolor=BLACK)
    ax.bar_label(bars, fmt="%.2f", fontsize="small")
    if level is not None:
        ax.axhline(level, color=ORANGE, linestyle=":")
    ax.set(ylabel=ylabel, title=title)
    ax.margins(y=0.15)
    plt.setp(ax.get_xticklabels(), fontsize="small")
    return ax
