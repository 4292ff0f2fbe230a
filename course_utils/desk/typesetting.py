"""Formulas as MathML, which browsers draw by themselves. What cannot be read as one stays as it was written."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from typing import Any
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import convert_to_element
from latex2mathml.symbols_parser import convert_symbol
from mistune import HTMLRenderer
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

Told = Callable[[str], None]

FORMULA = re.compile(
    r"(?<!\\)\$\$(?P<apart>.+?)(?<!\\)\$\$"
    r"|(?<![\\$])\$(?P<inline>[^$]+?)(?<![\\$])\$"
    r"|\\\[(?P<brackets>.+?)\\\]"
    r"|\\\((?P<parentheses>.+?)\\\)"
    r"|(?P<environment>\\begin\{(?P<name>[a-zA-Z]+\*?)\}.*?\\end\{(?P=name)\})",
    re.DOTALL,
)
ROWS = re.compile(r"\\(begin|end)\{(?:align|alignat|aligned|eqnarray|flalign|gather|gathered|multline)\*?\}")
ENVIRONMENT = re.compile(r"\\begin\s*\{\s*([^}]*?)\*?\s*\}")
DRAWN = {
    *("align", "array", "Bmatrix", "bmatrix", "cases", "equation", "matrix", "pmatrix", "smallmatrix"),
    *("split", "vmatrix", "Vmatrix"),
}
"""Environments that the converter lays out, `ROWS` among them; it runs the cells of others together."""

BARS = ("&#x0007C;", "&#x02016;")
COMMAND = re.compile(r"\\[a-zA-Z]+")
REFERENCE = re.compile(r"&amp;(#\w+;)")
TAG = re.compile(r"(<[^>]*>)")
AS_IT_IS = re.compile(r"<(/?)(?:code|pre|script|style|math)\b", re.IGNORECASE)


def markdown_html(source: str, told: Told) -> str:
    r"""Markdown as HTML, with its formulas typeset: those that Jupyter draws, and no others.

    Examples:
        >>> markdown_html(r"It costs \$5 today and \$6 tomorrow.", told=print)
        '<p>It costs $5 today and $6 tomorrow.</p>\n'

    Args:
        told: is called with a sentence for each formula that cannot be read.
    """
    return MarkdownWithMath(renderer=_Renderer(told)).render(source)


def latex_html(text: str, told: Told) -> str:
    r"""A text with formulas, as an output of the kind ``text/latex`` has it, as HTML.

    Examples:
        >>> latex_html(r"less: $\left( x$", told=print)
        The formula $\left( x$ cannot be read
        'less: $\\left( x$'

    Args:
        told: is called with a sentence for each formula that cannot be read.
    """
    parts, at = [], 0
    for found in FORMULA.finditer(text):
        parts.append(_plain(text[at : found.start()]))
        latex = next(found[name] for name in found.groupdict() if name != "name" and found[name] is not None)
        parts.append(_formula(latex, found[0], told, apart=found["inline"] is found["parentheses"] is None))
        at = found.end()
    return "".join([*parts, _plain(text[at:])])


def _formula(latex: str, as_written: str, told: Told, *, apart: bool) -> str:
    latex = ROWS.sub(r"\\\1{align*}", latex)  # rows in columns, without numbers
    try:
        if unknown := set(ENVIRONMENT.findall(latex)) - DRAWN:
            raise ValueError(f"unknown environments {unknown}")
        math = convert_to_element(latex, display="block" if apart else "inline")
    except Exception:  # a dozen kinds of latex2mathml's own, and what a strange formula makes Python raise
        shown = " ".join(as_written.split())
        told(f"The formula {shown if len(shown) < 60 else f'{shown[:60]}…'} cannot be read")
        return escape(as_written, quote=False)
    for part in math.iter():
        _mend(part)
    # Of the converter's texts only its references to signs are HTML; its own writer takes a <script> for HTML too.
    return REFERENCE.sub(r"&\1", tostring(math, encoding="unicode"))


def _mend(part: Element) -> None:
    r"""The converter leaves names as written behind \Big, and some others; its bars grow with what stands near them."""
    if COMMAND.fullmatch(name := part.text or ""):
        sign = convert_symbol(name)
        part.text = chr(int(sign, 16)) if sign else name[1:]
    if part.tag == "mo" and name in BARS and not part.attrib:
        part.set("stretchy", "false")


def _plain(text: str) -> str:
    return escape(text.replace(r"\$", "$"), quote=False)


class _Renderer(IPythonRenderer):
    def __init__(self, told: Told) -> None:
        super().__init__(escape=False)
        self._told = told

    def inline_math(self, body: str) -> str:
        return _formula(body, f"${body}$", self._told, apart=False)

    def block_math(self, body: str) -> str:
        return _formula(body, f"$${body}$$", self._told, apart=True)

    def latex_environment(self, name: str, body: str) -> str:
        written = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return _formula(written, written, self._told, apart=True)

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """With the address that nbconvert gives it; its own way there takes MathML apart."""
        address = unescape(TAG.sub("", text)).replace(" ", "-")
        link = f'<a class="anchor-link" href="#{escape(address)}">¶</a>'
        return f'<h{level} id="{escape(address)}">{text}{link}</h{level}>\n'

    def block_html(self, html: str) -> str:
        """HTML within Markdown: its texts, but for code, have formulas too."""
        parts, inside = [], 0
        for part in TAG.split(html):
            if mark := AS_IT_IS.match(part):
                inside = max(inside + (-1 if mark[1] else 1), 0)
            is_text = not (part.startswith("<") or inside)
            parts.append(latex_html(unescape(part), self._told) if is_text and "$" in part else part)
        return HTMLRenderer.block_html(self, "".join(parts))

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return HTMLRenderer.image(self, text, url, title)  # pictures are put in later, whoever names them
