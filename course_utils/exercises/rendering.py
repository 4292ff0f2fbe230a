"""Put a text under the cell: as HTML in a notebook, as plain text elsewhere, the same bytes on every run.

Styles are inline and colours come from the notebook's theme, so that a saved page reads well without running. What is
right and wrong is told by sign and word; the colour of the edge (blue, orange, grey) only repeats it.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from course_utils.base import EDGE_GREY, without_formulas

MIMETYPE = "application/vnd.jupyter.widget-view+json"
CODE = "font-family:var(--jp-code-font-family,monospace);font-size:0.92em"
BOX = "margin:4px 0;padding:6px 12px;border-left:4px solid {};line-height:1.5;max-width:52em"
QUIET = "opacity:0.8"

INK = (  # of code, by the beginning of pygments' token names: the theme's ink, else one that reads on light and dark
    ("Keyword", "color:var(--jp-mirror-editor-keyword-color,#2f7f4f);font-weight:bold"),
    ("Operator.Word", "color:var(--jp-mirror-editor-keyword-color,#2f7f4f);font-weight:bold"),
    ("Literal.String", "color:var(--jp-mirror-editor-string-color,#b5532b)"),
    ("Literal.Number", "color:var(--jp-mirror-editor-number-color,#3a7d44)"),
    ("Comment", "color:var(--jp-mirror-editor-comment-color,#5f8787);font-style:italic"),
    ("Name.Function", "color:var(--jp-mirror-editor-def-color,#3273c5)"),
)


class Shown:
    """A text in two forms; in a notebook with widgets, `widget` adds the third."""

    def __init__(self, text: str, html: str, widget: Callable[[], Any] | None = None):
        # half a character, as "\ud800", can be neither printed nor sent
        self.text, self.html = (form.encode("utf-8", "replace").decode("utf-8") for form in (text, html))
        self._widget = widget

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": self.text, "text/html": without_formulas(self.html)}
        if self._widget is not None and _has_front_end():
            with contextlib.suppress(Exception):  # without a place for widgets the static form is enough
                if (box := self._widget()) is not None:
                    bundle[MIMETYPE] = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}
        return bundle

    def show(self) -> None:
        """Under the cell if IPython runs, else printed."""
        ipython = sys.modules.get("IPython")
        if ipython is not None and ipython.get_ipython() is not None:
            from IPython.display import display

            display(self)
        else:
            print(self.text)


def _has_front_end() -> bool:
    """Whether this runs in a kernel: a terminal has no place for widgets."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def widgets() -> Any:
    """ipywidgets, or None where it is not installed or does not load."""
    try:
        import ipywidgets
    except Exception:
        return None
    return ipywidgets


def rich(text: str) -> str:
    """Escaped, with `code` in backticks, *emphasis* in stars and blank lines between paragraphs."""
    paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n", text.strip())]
    return '<br><span style="display:block;height:0.5em"></span>'.join(_inline(p) for p in paragraphs)


def _inline(text: str) -> str:
    parts = re.split(r"(`+)(.+?)\1", text)
    return "".join(
        _emphasised(escape(part)) if i % 3 == 0 else f'<code style="{CODE}">{escape(part)}</code>'
        for i, part in enumerate(parts)
        if i % 3 != 1
    )


def _emphasised(html: str) -> str:
    return re.sub(r"(?<![\w*])\*(?=[^\s*])([^*]+)(?<=\S)\*(?![\w*])", r"<em>\1</em>", html)


def block(lines: Iterable[str]) -> str:
    """Lines in the code font, nothing interpreted."""
    return f'<pre style="margin:4px 0;padding:0;background:none;white-space:pre-wrap;{CODE}">{escape(chr(10).join(lines))}</pre>'


def python(code: str) -> str:
    """Highlighted source."""
    try:
        from pygments.lexers import PythonLexer
    except ImportError:
        return block([code])
    parts = []
    for token, text in PythonLexer().get_tokens(code):
        name = str(token).removeprefix("Token.")
        ink = next((ink for start, ink in INK if name.startswith(start)), "")
        parts.append(f'<span style="{ink}">{escape(text)}</span>' if ink else escape(text))
    return f'<pre style="margin:4px 0;padding:0;background:none;overflow-x:auto;{CODE}">{"".join(parts).rstrip()}</pre>'


def box(html: str, colour: str = EDGE_GREY, label: str = "") -> str:
    """One coloured edge around everything that belongs together."""
    group = f' role="group" aria-label="{escape(label)}"' if label else ""
    return f'<div{group} style="{BOX.format(colour)}">{html}</div>'


def folded(summary: str, html: str) -> str:
    """HTML that a click or the Enter key opens, also on a page that nothing runs behind.

    Examples:
        >>> "<summary" in folded("Answer", "<p>42</p>")
        True

    Args:
        summary: plain text, escaped here.
        html: what is folded, inserted as it is.
    """
    return (
        f'<details style="margin:2px 0"><summary style="cursor:pointer">{escape(summary)}</summary>'
        f'<div style="margin:2px 0 6px 1em">{html}</div></details>'
    )
