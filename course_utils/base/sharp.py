"""Pictures for fine screens: drawn at 144 pixels an inch and shown at 96, in few colours."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

DPI = 144
"""Pixels an inch of every figure."""

SHARP = 1.5
"""Pixels of a picture for one of the page's."""


def compact(picture: Image.Image, colours: int = 128) -> bytes:
    """As PNG in few colours, a quarter as large; no colour is off by more than a few of 256 steps, and white stays white.

    Examples:
        >>> png = compact(Image.new("RGB", (300, 200), "white"))
        >>> shown_width(png), round(Image.open(BytesIO(png)).info["dpi"][0])
        (200, 144)

    Args:
        colours: at most 256.

    Returns:
        The bytes of a PNG file, which says that it has `DPI` pixels an inch.
    """
    small = BytesIO()
    few = picture.convert("RGB").quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(small, "PNG", dpi=(DPI, DPI))
    return small.getvalue()


def shown_width(png: bytes) -> int:
    """How many pixels of a page a picture is wide.

    Examples:
        >>> shown_width(compact(Image.new("RGB", (150, 10))))
        100

    Args:
        png: the bytes of a PNG file.
    """
    return round(int.from_bytes(png[16:20], "big") / SHARP)
