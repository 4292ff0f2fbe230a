"""A figure of which most stays: drawn once, and then only what moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from course_utils.base import DPI, compact
from course_utils.plots.style import figure_of


class Backdrop:
    """A figure of which some artists move: a map of 400 cells takes 0.3 seconds to draw, and a ring over it 0.05.

    Examples:
        >>> ax = plt.subplots(figsize=(2, 1))[1]
        >>> (ring,) = ax.plot(0.5, 0.5, "o")
        >>> figure = Backdrop(ax, lambda: [ring])
        >>> before = figure.png()
        >>> ring.set_data([0.7], [0.5])
        >>> before[1:4], figure.png() == before
        (b'PNG', False)

    Args:
        ax: of the figure, which is laid out as it is now; it is closed, so the notebook does not show it.
        moving: gives what is drawn anew each time: artists of the figure, others each time if need be. The axis of a
            plot with its ticks takes longer than all that stands in it, so it should stay.
        dpi: pixels an inch.

    Raises:
        ValueError: if ``ax`` was taken out of its figure.
    """

    def __init__(self, ax: Axes, moving: Callable[[], Iterable[Artist]], dpi: int = DPI) -> None:
        figure = figure_of(ax)
        plt.close(figure)  # first: it sets the resolution back
        figure.set_dpi(dpi)
        self._moving, self._canvas = moving, FigureCanvasAgg(figure)
        self._canvas.draw()  # lays out
        figure.set_layout_engine("none")
        at_first = list(moving())
        for artist in at_first:
            artist.set_visible(False)
        self._canvas.draw()
        self._behind = self._canvas.copy_from_bbox(figure.bbox)
        for artist in at_first:
            artist.set_visible(True)

    def png(self) -> bytes:
        """The figure as it is now, as the bytes of a PNG file."""
        self._canvas.restore_region(self._behind)
        for artist in self._moving():
            artist.draw(self._canvas.get_renderer())
        return compact(Image.fromarray(np.asarray(self._canvas.buffer_rgba())))
