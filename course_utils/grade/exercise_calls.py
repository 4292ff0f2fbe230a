"""Which exercises a cell asks for: known by its code, so that a mention in a text or a comment asks for none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

CALLS = re.compile(
    r"""^(?:[ \t]*@|[^#'"\n]*\b)(?:exercise|answer)\(\s*(['"])(?P<key>[^'"\n]+)\1""", re.MULTILINE
)
PYTHON_CELL = re.compile(r"\s*%%(?:time|timeit|capture|prun)\b[^\n]*")
OTHER_CELL = re.compile(r"\s*%%\w")


def exercise_keys(source: str) -> list[str]:
    """Keys of the exercises that a cell's code asks for by ``@exercise(key)`` or ``answer(key, …)``.

    Examples:
        >>> exercise_keys('l0 = answer("day_6.l0_of_batch", 3)  # not @exercise("day_6.encode")')
        ['day_6.l0_of_batch']
        >>> exercise_keys('!pip list\\n@exercise("day_6.fvu")\\ndef fvu(x, x_hat')  # a line of IPython's, and half typed
        ['day_6.fvu']

    Args:
        source: of one code cell. Where it is not Python, or not yet, the lines that hold such a call count.

    Returns:
        Each once, in the order of the code. Whether there is such an exercise is for others to say: a learner may
        have an ``answer`` of their own.
    """
    if not PYTHON_CELL.match(source) and OTHER_CELL.match(source):
        return []
    source = PYTHON_CELL.sub("", source, count=1) if PYTHON_CELL.match(source) else source
    try:
        found = list(_calls(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = [call["key"] for call in CALLS.finditer(source)]
    return list(dict.fromkeys(found))


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name("exercise" | "answer") | ast.Attribute(attr="exercise" | "answer"),
                args=args,
                keywords=keywords,
            ):
                given = [*args[:1], *(keyword.value for keyword in keywords if keyword.arg == "key")]
                for constant in given:
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        yield constant.value
