"""A dollar sign in a text, a token or a name begins no formula: neither in a figure of Matplotlib, nor on a page.

JupyterLab hands every HTML output to MathJax.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

DOLLAR = re.compile(r"(?<!\\)\$")
FORMULA = re.compile(r"\$|\\[(\[]|\\begin\b")
"""What MathJax may take for the beginning of one."""

LEFT_ALONE = '<div class="mathjax_ignore tex2jax_ignore" style="display:contents">{}</div>'
"""By MathJax 3 and 2; a box that is not there for the layout."""


def as_text(label: Any) -> Any:
    """A label in which Matplotlib sees no formula; so are those in lists and tuples, and the keys and values of a dict.

    Examples:
        >>> as_text(["$5 or $6", {"a": 1.0}])
        ['\\\\$5 or \\\\$6', {'a': 1.0}]
    """
    if isinstance(label, str):
        return DOLLAR.sub(r"\\$", label)
    if type(label) in (list, tuple):
        return type(label)(map(as_text, label))
    if type(label) is dict:
        return {as_text(name): as_text(value) for name, value in label.items()}
    return label


def labels_as_text(function: Callable) -> Callable:
    r"""A function that draws, with every text that is handed to it `as_text`.

    Examples:
        >>> labels_as_text(lambda title, names: (title, names))("$1", names=["$2"])
        ('\\$1', ['\\$2'])
    """

    @functools.wraps(function)
    def drawn(*args: Any, **kwargs: Any) -> Any:
        return function(*as_text(args), **as_text(kwargs))

    return drawn


def without_formulas(html: str) -> str:
    """The same HTML; if anything in it could begin a formula, in a box that MathJax leaves alone.

    Examples:
        >>> without_formulas("<b>5 dollars</b>")
        '<b>5 dollars</b>'
        >>> without_formulas("$5 or $6")
        '<div class="mathjax_ignore tex2jax_ignore" style="display:contents">$5 or $6</div>'
    """
    return LEFT_ALONE.format(html) if FORMULA.search(html) else html


def no_formulas(view: Callable[..., str]) -> Callable[..., str]:
    """A view whose HTML is `without_formulas`.

    Examples:
        >>> @no_formulas
        ... def bold(text): return f"<b>{text}</b>"
        >>> bold("5 dollars")
        '<b>5 dollars</b>'
    """

    @functools.wraps(view)
    def shown(*args: Any, **kwargs: Any) -> str:
        return without_formulas(view(*args, **kwargs))

    return shown
