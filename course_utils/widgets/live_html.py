"""Kept outputs on a page without a kernel, alive: the still view, and beside it what the scripts need to take over.

    <div class="course-live"><div class="still">…</div><script type="application/json">{…}</script></div>

An explorer's data are those that ship (``data/live``, made by ``recipes/live_pages.py``), never the notebook's: so a
notebook from anywhere can bring no script of its own. They are taken only where the notebook keeps the very view that
they begin with. Nothing here takes torch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from course_utils.base import asset_path, colour_variables
from course_utils.exercises import asked_on_a_page
from course_utils.widgets.page import words

SCRIPTS = Path(__file__).with_name("scripts")
SHARED = ("live", "chart", "random", "quiz")
"""What the other scripts use, in the order in which they have to stand."""

OUTDATED = "The explorer stands still: this notebook keeps another view than the page's data were made from"


@cache
def shipped_views() -> dict[str, dict[str, Any]]:
    """What ships of each explorer, by its title."""
    files = sorted(asset_path("live").glob("day_*.json"))
    views = [view for file in files for view in json.loads(file.read_text(encoding="utf-8"))]
    return {view["title"]: view for view in views}


def live_output(output: Mapping[str, Any], told: Callable[[str], None] = lambda sentence: None) -> str | None:
    """A kept output as HTML that scripts bring to life; None for one that is no explorer, quiz or prediction.

    Examples:
        >>> live_output({"text/plain": "Out of 5, 3 live", "text/html": "<b>3</b>"}) is None
        True

    Args:
        output: what a cell shows, by media type, as a notebook keeps it.
        told: is called with a sentence where an explorer has to stand still.
    """
    text, html = output.get("text/plain", ""), output.get("text/html", "")
    asked = asked_on_a_page(text)
    if asked is not None:
        return live_box(html, asked)
    for title, view in shipped_views().items():
        if text.startswith(f"{title} (") and html:
            if words(html) == view["first"]:
                return live_box(html, view)
            told(OUTDATED)
    return None


def live_box(still: str, view: Mapping[str, Any]) -> str:
    """The still view and the data in one box.

    Args:
        still: HTML that Python made and escaped.
        view: of `live_view`; ``first`` stays behind.
    """
    data = json.dumps({name: part for name, part in view.items() if name != "first"}, ensure_ascii=False)
    safe = data.replace("<", "\\u003c")  # no text can end the element that it stands in
    return (
        f'<div class="course-live"><div class="still">{still}</div>'
        f'<script type="application/json">{safe}</script></div>'
    )


def live_scripts() -> dict[str, str]:
    """All scripts by file name, in the order in which a page has to load them.

    Examples:
        >>> list(live_scripts())[:5]
        ['live.js', 'chart.js', 'random.js', 'quiz.js', 'cell.js']
    """
    views = sorted(path.stem for path in SCRIPTS.glob("*.js") if path.stem not in SHARED)
    return {f"{n}.js": (SCRIPTS / f"{n}.js").read_text(encoding="utf-8") for n in (*SHARED, *views)}


def live_style() -> str:
    """The style sheet of live views with the palette, as CSS.

    Examples:
        >>> ".course-live" in live_style()
        True
    """
    return colour_variables() + (SCRIPTS / "live.css").read_text(encoding="utf-8")


def page_of_views(views: Iterable[Mapping[str, Any]]) -> str:
    """A bare page of these views alone, which needs nothing else: to look at them, and to test them. Returns HTML.

    Examples:
        >>> view = {"title": "Squares", "script": "frames", "controls": [], "data": {}}
        >>> page_of_views([view]).count("course.view(") > 0
        True

    Args:
        views: of `live_view`, or of `asked_on_a_page`.
    """
    scripts = "".join(f"<script>{text}</script>" for text in live_scripts().values())
    boxes = "".join(live_box("", view) for view in views)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Explorers</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>:root{{color-scheme:light dark}}body{{font-family:sans-serif;max-width:60em;margin:1em auto;padding:0 1em}}"
        f"{live_style()}</style></head><body><main><h1>Explorers</h1>{boxes}</main>{scripts}</body></html>"
    )
