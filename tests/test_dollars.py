"""Prices are no formulas: what HTML of ours JupyterLab's MathJax leaves alone."""

import pytest

from course_utils.base import labels_as_text, without_formulas
from course_utils.exercises.rendering import Shown
from course_utils.views import plain_table, token_strip
from course_utils.widgets import texts_side_by_side

IGNORED = '<div class="mathjax_ignore tex2jax_ignore"'


@pytest.mark.parametrize("text", ["$5 or $6", r"\(x\)", r"\[x\]", r"\begin{align}x\end{align}"])
def test_what_could_begin_a_formula_is_left_alone(text):
    shown = [
        token_strip([text], [1.0]),
        plain_table([text], [["a"]]),
        texts_side_by_side("The price", {"untouched": text}),
        Shown(text, f"<p>{text}</p>")._repr_mimebundle_()["text/html"],
    ]
    assert [html[: len(IGNORED)] for html in shown] == [IGNORED] * len(shown)


def test_what_could_not_stays_as_it_is():
    assert without_formulas(r"<p>5 dollars, \alpha</p>") == r"<p>5 dollars, \alpha</p>"


def test_texts_are_reached_in_lists_tuples_and_keys():
    def told(*args, **kwargs):
        return args, kwargs

    args, kwargs = labels_as_text(told)(["$", 1], ("a$b",), {"$c": ["$$"]}, title=r"\$", ax=None)
    assert args == ([r"\$", 1], (r"a\$b",), {r"\$c": [r"\$\$"]})
    assert kwargs == {"title": r"\$", "ax": None}
