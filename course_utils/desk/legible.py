"""Figures shrink with a page only as far as their labels can be read; from there on they are pushed sideways.

No text of the course's figures is smaller than `SMALLEST_LABEL`, and a PNG of matplotlib says how many pixels an inch it
has. So its width says how high that text comes out.
"""

from __future__ import annotations

import re
from base64 import b64decode
from math import ceil

from bs4 import BeautifulSoup, Tag

SMALLEST_LABEL = 8.0
"""Points; tests/test_legible.py holds every plot to it."""

LEAST = 9
"""Pixels of a label on any page."""

PHONE = 340
"""Pixels of a page's text on a phone: what is wider is pushed sideways there, and has to be reached by Tab."""

INLINE = re.compile(r"data:image/png;base64,(.*)", re.DOTALL)


def least_width(png: bytes, shown: int | None = None) -> int:
    """How narrow a page may show a figure.

    Examples:
        >>> from io import BytesIO
        >>> import matplotlib.pyplot as plt
        >>> file = BytesIO()
        >>> plt.figure(figsize=(5, 3)).savefig(file, dpi=100)  # labels of 11 pixels
        >>> least_width(file.getvalue())
        405

    Args:
        png: the bytes of a PNG file.
        shown: the width that it is made for, in pixels of a page; None for its own.

    Returns:
        Pixels of a page; 0 for a picture that says nothing of its resolution.
    """
    width = int.from_bytes(png[16:20], "big")
    if shown is not None:
        return _rounded(shown, 96)
    at = png.find(b"pHYs", 0, 4096)
    if at < 0 or png[at + 12 : at + 13] != b"\x01":  # pixels a metre
        return 0
    return _rounded(width, round(int.from_bytes(png[at + 4 : at + 8], "big") * 0.0254))


def _rounded(width: int, dots_an_inch: int) -> int:
    label = SMALLEST_LABEL / 72 * dots_an_inch
    return min(width, ceil(width * LEAST / label)) if label else 0


def keep_legible(soup: BeautifulSoup, figures: str) -> None:
    """Put each figure into a box in which it can be pushed sideways, in place.

    Args:
        figures: a CSS selector of ``<img>``; those with a ``width`` are our explorers'.
    """
    for image in soup.select(figures):
        found = INLINE.match(str(image.get("src", "")))
        if found is None:
            continue
        shown = str(image.get("width", ""))
        try:
            least = least_width(b64decode(found[1]), int(shown) if shown.isdecimal() else None)
        except ValueError:  # what a strange notebook calls a picture
            continue
        if least:
            image["style"] = f"{image.get('style', '')};min-width:{least}px".lstrip(";")
            image.wrap(_box(soup, least))


def _box(soup: BeautifulSoup, least: int) -> Tag:
    stop = {"tabindex": "0"} if least > PHONE else {}
    return soup.new_tag("div", attrs={"class": "sideways", **stop})
