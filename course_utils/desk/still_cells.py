"""Cells as a page can carry them: Markdown and outputs as HTML that needs neither script nor network."""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from nbformat import NotebookNode

from course_utils.desk.inert_html import INTERACTIVE, inert, left_out
from course_utils.desk.typesetting import Told, latex_html, markdown_html

PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp")
SHOWN = ("text/html", "text/markdown", "image/svg+xml", "text/latex", *PICTURES[1:], "text/plain")
"""What an output can be shown as, the best first."""

DRAWN_BY_SCRIPT = re.compile(r"application/(?:javascript|vnd\.(?:plotly|vega|vegalite|bokehjs|holoviews)).*")
ACTIVE = re.compile(r"<(?:script|iframe|object|embed)\b", re.IGNORECASE)


def make_still(cells: list[NotebookNode], folder: Path, told: Told) -> None:
    """Replace the source of each Markdown cell, and what the outputs show, by HTML.

    Examples:
        >>> cell = NotebookNode(cell_type="markdown", source="**five** features")
        >>> make_still([cell], Path(), told=print)
        >>> cell.source
        '<p><strong>five</strong> features</p>\\n'

    Args:
        folder: of the notebook, whose pictures are put in.
        told: is called with a sentence for each thing that is left out; it names the cell, counted from 1.
    """
    for number, cell in enumerate(cells, 1):
        if "launch" not in cell.get("metadata", {}).get("tags", ()):  # those stay behind
            _one(cell, folder, lambda sentence, number=number: told(f"cell {number}: {sentence}"))


def _one(cell: NotebookNode, folder: Path, told: Told) -> None:
    still = partial(inert, picture=partial(_content, folder, cell.get("attachments", {})), told=told)
    if cell.cell_type == "markdown":
        cell.source = _markdown(cell.source, still, told)
    for output in cell.get("outputs", ()):
        if "data" in output:
            output.data = _still_data(output.data, still, told)


def _still_data(data: dict[str, Any], still: Callable[[str], str], told: Told) -> dict[str, str]:
    kinds = [kind for kind in SHOWN if kind in data]
    if any(kind in data for kind in PICTURES) and ACTIVE.search(data.get("text/html", "")):
        kinds.remove("text/html")
    by_script = any(DRAWN_BY_SCRIPT.fullmatch(kind) for kind in data)
    if not data or (kinds and not (by_script and kinds == ["text/plain"])):
        return _as_shown(kinds[0], data[kinds[0]], still, told) if kinds else {}
    sentence = INTERACTIVE if by_script else f"An output is left out: {', '.join(data)[:80]}"
    told(sentence)
    return {"text/html": left_out(f"{sentence}.")}


def _as_shown(kind: str, value: str, still: Callable[[str], str], told: Told) -> dict[str, str]:
    match kind:
        case "text/html":
            return {kind: still(value)}
        case "text/markdown":
            return {"text/html": _markdown(value, still, told)}
        case "text/latex":
            return {"text/html": still(latex_html(value, told))}
        case "image/gif" | "image/webp":
            return {"text/html": still(f'<img src="data:{kind};base64,{escape(value)}">')}
        case _:
            return {kind: value}


def _markdown(source: str, still: Callable[[str], str], told: Told) -> str:
    try:
        return still(markdown_html(source, told))
    except Exception as error:  # whatever a strange text makes the parser raise
        told(f"The text is shown as it was written: {type(error).__name__}")
        return f"<pre>{escape(source)}</pre>"


def _content(folder: Path, attachments: dict[str, dict[str, str]], address: str) -> str | None:
    """What an address within the notebook, or beside it, stands for, as an address that has it all in it."""
    if address.startswith("attachment:"):
        name = address.removeprefix("attachment:")
        pictures = attachments.get(name) or attachments.get(unquote(name)) or {}
        return next((f"data:{kind};base64,{value}" for kind, value in pictures.items()), None)
    folder = folder.resolve()
    for name in (address, unquote(address)):
        kind, path = mimetypes.guess_type(name)[0] or "", folder / name
        try:
            if kind.startswith(("image/", "audio/", "video/")) and path.resolve().is_relative_to(folder):
                return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
        except (OSError, ValueError):
            continue
    return None
