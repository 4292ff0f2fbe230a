"""The one palette: of figures, views and cards, and as CSS variables of the explorers on pages.

It is Okabe and Ito's, whose colours readers with any kind of colour vision can tell apart; a colour only repeats what a
word, a dash or a number says. Maps of values are matplotlib's (cividis, PuOr), of which ``chart.js`` has some points.
"""

from __future__ import annotations

OKABE_ITO = {
    "blue": "#0072b2",
    "orange": "#e69f00",
    "green": "#009e73",
    "vermillion": "#d55e00",
    "sky": "#56b4e9",
    "purple": "#cc79a7",
    "yellow": "#f0e442",
}

EDGE_BLUE, EDGE_ORANGE, EDGE_GREY = OKABE_ITO["blue"], OKABE_ITO["vermillion"], "#8a8a8a"
"""The edge of a card: right, wrong, neither."""

ORANGE_RGB, BLUE_RGB = "255,140,0", "40,140,205"
"""Laid over whatever background a page has, as in ``rgba({ORANGE_RGB},.5)``."""

FRAME = "border:1px solid rgba(128,128,128,.4);border-radius:6px"
"""Style of the thin frame around a card or a picture."""

VERDICT_COLOURS = {"correct": "#d3e7f7", "wrong": "#fbe3c8", "raised": "#f7d5d5"}
"""Backgrounds in a teacher's report, where a mark tells the verdicts apart too."""


def colour_variables() -> str:
    """The palette as CSS has it, for style sheets and scripts.

    Examples:
        >>> ":root{--course-blue:#0072b2;" in colour_variables()
        True

    Returns:
        One rule: ``--course-…`` for each of `OKABE_ITO`, ``--orange-rgb`` and ``--blue-rgb`` for what is laid over.
    """
    named = {f"course-{name}": colour for name, colour in OKABE_ITO.items()}
    over = {"orange-rgb": ORANGE_RGB, "blue-rgb": BLUE_RGB}
    return ":root{" + "".join(f"--{name}:{value};" for name, value in (named | over).items()) + "}\n"
