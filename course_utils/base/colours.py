"""The colours of pages and cards; those of figures stand in ``plots/style``.

Blue and orange can be told apart with any kind of colour vision, and a colour only repeats what a word or number says.
"""

EDGE_BLUE, EDGE_ORANGE, EDGE_GREY = "#0072b2", "#d55e00", "#8a8a8a"
"""The edge of a card: right, wrong, neither."""

ORANGE_RGB, BLUE_RGB = "255,140,0", "40,140,205"
"""Laid over whatever background a page has, as in ``rgba({ORANGE_RGB},.5)``."""

FRAME = "border:1px solid rgba(128,128,128,.4);border-radius:6px"
"""Style of the thin frame around a card or a picture."""

VERDICT_COLOURS = {"correct": "#d3e7f7", "wrong": "#fbe3c8", "raised": "#f7d5d5"}
"""Backgrounds in a teacher's report, where a mark tells the verdicts apart too."""
