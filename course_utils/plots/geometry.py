"""Angles, packings, measured laws, and a city seen from any side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice

import matplotlib.pyplot as plt
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.plots.style import BLACK, ORANGE, axes_or_new, series
from course_utils.worlds import pairwise_cosines, welch_bound

SERIES = list(islice(series(), 5))
"""Colour, dash and marker of the first, second … line: none is told by its colour alone."""


def plot_cosines(groups: Mapping[str, Float[Tensor, "n d"]], *, ax: Axes | None = None) -> Axes:
    """Histograms of the cosines of all pairs of directions; the sets may differ in their number of dimensions.

    The dashed curve is the normal distribution of standard deviation 1/√d that random directions come close to.

    Examples:
        >>> from course_utils.worlds import random_directions
        >>> ax = plot_cosines({f"{d} dimensions": random_directions(20, d, seed=0) for d in (10, 100)})
        >>> [round(float(curve.get_ydata().max()), 1) for curve in ax.lines]  # √(d/2π): with d, cosines gather at 0
        [1.3, 4.0]

    Args:
        groups: sets of directions by name, five at most; their lengths do not matter.
    """
    ax = axes_or_new(ax, (6, 3.2))
    edges = torch.linspace(-1, 1, 161)
    for (name, directions), (colour, *_) in zip(groups.items(), SERIES, strict=False):
        d = directions.shape[1]
        ax.hist(
            pairwise_cosines(directions).tolist(),
            bins=edges.tolist(),
            density=True,
            color=colour,
            alpha=0.55,
            label=name,
        )
        normal = torch.exp(-(edges**2) * d / 2) * math.sqrt(d / (2 * math.pi))
        ax.plot(edges.numpy(), normal.numpy(), color=colour, linestyle="--", linewidth=1.2)
    ax.set(
        xlabel="cosine of two directions",
        ylabel="density",
        title="Dashed: normal with standard deviation 1/√d",
    )
    ax.legend(frameon=False)
    return ax


def plot_packing(
    groups: Mapping[str, Float[Tensor, "n d"]], *, limit: float = 1.0, ax: Axes | None = None
) -> Axes:
    """Absolute cosines of all pairs, as histograms, and the Welch bound below which no worst pair can lie.

    Examples:
        >>> angles = torch.arange(3) * 2 * torch.pi / 3
        >>> ax = plot_packing({"a star": torch.stack([angles.cos(), angles.sin()], dim=1)})
        >>> ax.get_legend_handles_labels()[1]  # no three directions in a plane do better
        ['a star', 'its worst pair: 0.50', 'Welch bound: 0.50']

    Args:
        groups: one or two sets by name, all with the same number of directions and dimensions.
        limit: right end of the axis, and of the histograms.
    """
    ax = axes_or_new(ax, (6, 3.2))
    for (name, directions), (colour, dash, _) in zip(groups.items(), SERIES[:2][::-1], strict=False):
        size = pairwise_cosines(directions).abs()
        ax.hist(size.tolist(), bins=[limit * i / 50 for i in range(51)], color=colour, alpha=0.6, label=name)
        ax.axvline(size.max().item(), color=colour, linestyle=dash, label=f"its worst pair: {size.max():.2f}")
    n, d = list(groups.values())[-1].shape
    ax.axvline(
        welch_bound(n, d),
        color=BLACK,
        linestyle=":",
        linewidth=2,
        label=f"Welch bound: {welch_bound(n, d):.2f}",
    )
    ax.set(
        xlabel="|cosine| of a pair",
        ylabel="pairs",
        title=f"{n} directions in {d} dimensions",
        xlim=(0, limit),
    )
    ax.legend(fontsize="small", framealpha=1)
    return ax


def plot_measured_lines(
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
    *,
    dashed: Mapping[str, Sequence[float]] | None = None,
    xlabel: str,
    ylabel: str,
    title: str,
    log: str = "xy",
    ax: Axes | None = None,
) -> Axes:
    """Measured lines with markers and, thin and grey, what a theory says.

    Examples:
        >>> lines, theory = {"measured": [1.1, 3.9]}, {"k²": [1, 4]}
        >>> ax = plot_measured_lines([1, 2], lines, dashed=theory, xlabel="k", ylabel="crosstalk", title="It grows")
        >>> ax.get_legend_handles_labels()[1], ax.get_xscale(), ax.get_yscale()
        (['measured', 'k²'], 'log', 'log')

    Args:
        x: where all lines are measured.
        lines: a value at each ``x``, by name; five lines at most.
        dashed: the theory's values at each ``x``, with three dashes at most. A name that begins with ``_`` belongs to
            the line before it: same dash, not in the legend.
        log: the axes that are logarithmic: ``"xy"``, ``"x"``, ``"y"`` or ``""``.
    """
    ax = axes_or_new(ax, (6, 3.6))
    for (name, y), (colour, dash, marker) in zip(lines.items(), SERIES, strict=False):
        ax.plot(x, y, color=colour, linestyle=dash, marker=marker, markersize=5, label=name)
    dashes, dash = iter(("--", ":", "-.")), "--"
    for name, y in (dashed or {}).items():
        dash = dash if name.startswith("_") else next(dashes)
        ax.plot(x, y, color=BLACK, alpha=0.6, linestyle=dash, linewidth=1.3, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.set(**{f"{axis}scale": "log" for axis in log})
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def plot_city(
    places: Float[Tensor, "n 3"], names: Sequence[str], turn: float, tilt: float, *, ax: Axes | None = None
) -> Axes:
    """Places of a city as arrows from its centre, seen from above (``tilt`` 90) or from the side (0).

    Distances along the line of sight are not seen: two places in one line of sight look like one.

    Examples:
        >>> places = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 2.0]])
        >>> ax = plot_city(places, ["door", "tower"], turn=30, tilt=20)
        >>> ax.get_title()
        'turned 30°, from 20° above the ground'

    Args:
        places: (east, north, up) of each, from the centre, in any unit of length.
        names: of the places.
        turn, tilt: where the viewer stands, in degrees, as in `seen_from`.
    """
    ax = axes_or_new(ax, (5, 4.4))
    size = float(places.norm(dim=1).max())
    for at in torch.linspace(-size, size, 7).tolist():
        for street in ([[at, -size, 0], [at, size, 0]], [[-size, at, 0], [size, at, 0]]):
            ax.plot(
                *seen_from(torch.tensor(street), turn, tilt).T.numpy(), color="0.85", linewidth=0.8, zorder=0
            )
    seen = seen_from(places, turn, tilt)
    feet = seen_from(places * torch.tensor([1.0, 1.0, 0.0]), turn, tilt)
    colours = (*(colour for colour, *_ in SERIES), ORANGE)
    for i, name in enumerate(names):
        colour = colours[i % len(colours)]
        ax.plot(
            *torch.stack([feet[i], seen[i]]).T.numpy(), color=colour, linestyle=":", linewidth=1, alpha=0.7
        )
        ax.annotate(
            "",
            (seen[i, 0].item(), seen[i, 1].item()),
            (0, 0),
            arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2},
        )
        x, y = (seen[i] + 0.1 * size * _label_side(seen, i)).tolist()
        ax.annotate(
            name,
            (x, y),
            ha="left" if x > seen[i, 0].item() else "right",
            va="center",
            fontsize=9,
            color=colour,
        )
    ax.set(
        xlim=(-1.25 * size, 1.25 * size),
        ylim=(-1.25 * size, 1.25 * size),
        aspect="equal",
        xticks=[],
        yticks=[],
    )
    ax.set_title("from above" if tilt == 90 else f"turned {turn:.0f}°, from {tilt:.0f}° above the ground")
    return ax


def _label_side(seen: Float[Tensor, "n 2"], i: int) -> Float[Tensor, "2"]:
    """Where the label of arrow ``i`` goes from its tip: onwards, and away from the arrow nearest in angle."""
    unit = torch.nn.functional.normalize(seen, dim=1)
    cosines = unit @ unit[i]
    cosines[i] = -2
    near, here = unit[cosines.argmax()], unit[i]
    side = 1.0 if near[0] * here[1] - near[1] * here[0] > 0 else -1.0
    return 0.6 * here + side * torch.stack([-here[1], here[0]])


def seen_from(points: Float[Tensor, "n 3"], turn: float, tilt: float) -> Float[Tensor, "n 2"]:
    """Where points (east, north, up) appear in the picture: to the right, and upwards.

    Examples:
        >>> tower = torch.tensor([[1.0, 0.0, 2.0]])
        >>> seen_from(tower, turn=0, tilt=0)  # from the ground: how far east, how high
        tensor([[1., 2.]])
        >>> seen_from(tower, turn=0, tilt=90).round().abs()  # from above: how far east, how far north
        tensor([[1., 0.]])

    Args:
        turn: in degrees, anticlockwise as seen from above; at 0 the viewer stands in the south, at 90 in the east.
        tilt: in degrees above the ground; 90 is straight above.

    Returns:
        (right, up) of each point, in the unit of ``points``.
    """
    a, b = math.radians(turn), math.radians(tilt)
    right = torch.tensor([math.cos(a), math.sin(a), 0.0])
    up = torch.tensor([-math.sin(a) * math.sin(b), math.cos(a) * math.sin(b), math.cos(b)])
    return points @ torch.stack([right, up], dim=1)


def axes_side_by_side(n: int, width: float = 4, height: float = 4) -> list[Axes]:
    """``n`` axes in a row of one new figure.

    Examples:
        >>> axes = axes_side_by_side(3, width=2, height=1)
        >>> len(axes), axes[0].figure.get_size_inches().tolist()
        (3, [6.0, 1.0])

    Args:
        width: of one of them, in inches.
        height: of the figure, in inches.
    """
    return list(plt.subplots(1, n, figsize=(n * width, height), layout="constrained", squeeze=False)[1][0])
