"""Figures of a notebook for fine screens: matplotlib's inline backend draws 100 pixels an inch, and no more.

Its formatter is left to draw, at `DPI`, with all that it was set to; the picture then says how wide it is to be shown.
A notebook whose figures come as SVG, or in double resolution, was set so by somebody and stays.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any
from weakref import WeakKeyDictionary

from course_utils.base import DPI, compact, shown_width

COLOURS = 256
just_drawn: WeakKeyDictionary[Any, tuple[str, dict[str, int]]] = WeakKeyDictionary()
"""Figures that a bundle with words has drawn, which IPython asks for as PNG next."""


def sharpen(shell: Any, figure: Any) -> None:
    """Put `sharp_figure` in front of IPython's formatter of PNGs, if figures come by the inline backend's plain one."""
    formatter = shell.display_formatter.formatters["image/png"]
    try:
        plain = formatter.lookup(figure)
    except KeyError:
        return
    if isinstance(plain, partial) and plain.keywords.get("fmt") == "png":
        formatter.for_type(type(figure), partial(sharp_figure, plain))


def sharp_figure(plain: Callable[..., Any], figure: Any) -> tuple[str, dict[str, int]] | None:
    """A figure as PNG in base64 and its width on the page; None if it is empty.

    Args:
        plain: IPython's ``print_figure`` with its settings.
    """
    if (drawn := just_drawn.pop(figure, None)) is not None:
        return drawn
    from PIL import Image

    png = plain(figure, dpi=DPI, base64=False)
    if not png:
        return None
    small = compact(Image.open(BytesIO(png)), COLOURS)
    return b64encode(small).decode(), {"width": shown_width(small)}
