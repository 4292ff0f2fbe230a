"""What all figures share: colours, a place to draw, and the way to bytes.

Colours are those of ``base/colours``; lines differ in dash as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import cycle
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from course_utils.base import DPI, OKABE_ITO, compact

BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, YELLOW = OKABE_ITO.values()
BLACK, GREY = "#000000", "#BBBBBB"
DIVERGING = "PuOr_r"  # orange above 0, purple below, white at 0: safe for colour-blind readers

MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", ":", "-.")
DASHES_DOTTED_LAST = ("-", "--", "-.", ":")


class Series(NamedTuple):
    """How one line of a figure is told apart: by its colour, its dash and its marker."""

    colour: str
    dash: str
    marker: str


def series(
    colours: Sequence[str] = (BLUE, VERMILLION, GREEN, PURPLE, BLACK, SKY), dashes: Sequence[str] = DASHES
) -> Iterator[Series]:
    """A style for each line of a figure, without end; every figure that tells lines apart takes them from here."""
    return map(Series, cycle(colours), cycle(dashes), cycle(MARKERS))


def axes_or_new(ax: Axes | None, figsize: tuple[float, float] = (5, 3)) -> Axes:
    """The axes given, else those of a new figure (inches)."""
    return ax if ax is not None else plt.subplots(figsize=figsize)[1]


def axes_in_a_row(widths: Sequence[float], figsize: tuple[float, float]) -> list[Axes]:
    """Axes side by side in a new figure, each as wide as its share of ``widths``.

    Examples:
        >>> wide, narrow = axes_in_a_row([3, 1], figsize=(8, 2))
        >>> round(float(wide.get_position().width / narrow.get_position().width), 2)
        3.0

    Args:
        widths: two or more, in any unit: only their ratios count.
        figsize: width and height of the whole figure, in inches.
    """
    return list(plt.subplots(1, len(widths), figsize=figsize, width_ratios=widths, layout="constrained")[1])


def figure_of(ax: Axes) -> Figure:
    """The whole figure that ``ax`` is a part of.

    Raises:
        ValueError: if ``ax`` was taken out of its figure.
    """
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("these axes were taken out of their figure")
    return figure


def figure_png(ax: Axes, dpi: int = DPI) -> bytes:
    """The whole figure that ``ax`` belongs to as PNG; the figure is closed, so the notebook does not show it again.

    Examples:
        >>> ax = plt.subplots(figsize=(1, 1))[1]
        >>> figure_png(ax)[1:4], plt.fignum_exists(ax.figure.number)
        (b'PNG', False)

    Args:
        dpi: pixels an inch.

    Returns:
        The bytes of a PNG file, margins cut off.

    Raises:
        ValueError: if ``ax`` was taken out of its figure.
    """
    png = BytesIO()
    figure = figure_of(ax)
    figure.savefig(png, dpi=dpi, bbox_inches="tight", pil_kwargs={"compress_level": 1})
    plt.close(figure)
    return compact(Image.open(png))
