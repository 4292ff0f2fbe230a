"""The linear regions of a ReLU network, drawn to their exact borders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from torch import Tensor

from course_utils.plots.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILLION, axes_or_new
from course_utils.worlds import LinearRegion

CLASSES = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION)
MARKERS = "osD^v"


def plot_regions(
    regions: Sequence[LinearRegion],
    *,
    values: Sequence[float] | None = None,
    label: str = "neurons on",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Each region in one shade: by ``values``, one a region, or else by how many of its neurons are on.

    Examples:
        >>> from course_utils.worlds import linear_regions, random_network
        >>> ax = plot_regions(linear_regions(random_network([3], seed=0), half_width=20))
        >>> ax.get_title()  # three lines cut a plane into seven pieces at most
        '7 regions'

    Args:
        regions: from `linear_regions`.
        values: any number for each region.
        label: what the shades mean, beside their scale.
        title: None says how many regions there are.
    """
    ax = axes_or_new(ax, (4.6, 4))
    shades = np.array([r.code.sum() for r in regions] if values is None else values, dtype=float)
    drawn = PolyCollection(
        [r.vertices for r in regions], array=shades, cmap="cividis", edgecolors="white", linewidths=0.5
    )
    ax.add_collection(drawn)
    ax.figure.colorbar(drawn, ax=ax, label=label, shrink=0.8)
    return _framed(ax, regions, title or f"{len(regions)} regions")


def plot_region_groups(
    regions: Sequence[LinearRegion],
    answers: Sequence[int],
    names: Sequence[str],
    *,
    points: Float[Tensor, "n 2"] | None = None,
    classes: Int[Tensor, "n"] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Each region in the colour of the class that it answers at its centre, with the labelled points on top.

    Examples:
        >>> from course_utils.worlds import linear_regions, random_network
        >>> regions = linear_regions(random_network([3], seed=0), half_width=20)
        >>> ax = plot_region_groups(regions, [int(region.code[0]) for region in regions], ["off", "on"])
        >>> ax.get_title()
        '7 regions in 2 groups'

    Args:
        regions: from `linear_regions`.
        answers: the class of each region, counted from 0.
        names: of the classes, five at most; they appear in the legend, which needs points.
        points: to draw on top, with the class of each in ``classes``: give both or neither.
        title: None counts regions and classes.
    """
    ax = axes_or_new(ax, (4.6, 4.4))
    pale = [0.45 * np.array(to_rgb(CLASSES[a])) + 0.55 for a in answers]
    ax.add_collection(
        PolyCollection([r.vertices for r in regions], facecolors=pale, edgecolors="white", linewidths=0.6)
    )
    for number, name in enumerate(names):
        if points is not None and classes is not None:
            mine = points[classes == number].numpy()
            ax.scatter(
                mine[:, 0],
                mine[:, 1],
                s=9,
                marker=MARKERS[number],
                color=CLASSES[number],
                edgecolors=BLACK,
                linewidths=0.3,
                label=name,
            )
    if points is not None:
        ax.legend(fontsize="small", loc="upper right")
    return _framed(ax, regions, title or f"{len(regions)} regions in {len(names)} groups")


def _framed(ax: Axes, regions: Sequence[LinearRegion], title: str) -> Axes:
    corners = np.concatenate([r.vertices for r in regions])
    low, high = corners.min(axis=0), corners.max(axis=0)
    ax.set(
        xlim=(low[0], high[0]),
        ylim=(low[1], high[1]),
        aspect="equal",
        xlabel="input 1",
        ylabel="input 2",
        title=title,
    )
    ax.locator_params(nbins=5)
    return ax
