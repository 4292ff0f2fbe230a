"""Small changes to a function's code, one at a time: an axis, a sign, a comparison, a step left out.

Each comes with words that hold in both directions: of a right version "what comes out without `abs`", of a learner's
"right without `abs`".
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

from course_utils.exercises.small_mistakes import short_source, small_mistakes


class Change(NamedTuple):
    words: str
    """``with `>=` in place of `>` ``, ``without `abs` ``."""

    place: str
    """Source of what was changed, shortened."""

    function: Callable[..., Any]

    @property
    def is_usual(self) -> bool:
        """Whether people make it often enough to think of it beside another mistake."""
        return bool(USUAL.search(self.words))

    @property
    def is_a_number(self) -> bool:
        """Whether only a number is another one, which may fit by chance."""
        return bool(re.fullmatch(r"with `-?[\d.e+-]+` in place of `-?[\d.e+-]+`", self.words))

    @property
    def is_a_step_more(self) -> bool:
        return " after `" in self.words


USUAL = re.compile(
    r"`(>|<|>=|<=|==|!=)` in place|`[+-]` in place|dim=|over everything|keepdim|descending|correction|exchanged"
    r"|(abs\(\)|square\(\)|sqrt\(\)|T)` after `|without `/ |without `\.?(abs|square|sqrt|relu|exp|log|clamp|softmax|normalize|T|mT|round|norm|mean|sum|flip)\b|in front of|transposed|`(sum|mean|amax|max|min|log|log2)` in place"
)


def changes(function: Callable[..., Any]) -> Iterator[Change]:
    """Every version of ``function`` that differs from it by one such change; none if its source cannot be found."""
    definition = definition_of(function)
    for words, place, replaced, _ in _each(definition) if definition else ():
        assert definition is not None
        with replaced:
            changed = compiled(definition, function)
        if changed is not None:
            yield Change(words, place, changed)


def changes_everywhere(function: Callable[..., Any]) -> Iterator[Change]:
    """Every version in which the same change is made wherever it can be, if that is in more than one place."""
    definition = definition_of(function)
    alike: dict[str, list[tuple[str, _Replaced]]] = {}
    for words, place, replaced, _ in _each(definition) if definition else ():
        alike.setdefault(words, []).append((place, replaced))
    for words, places in alike.items():
        if definition is None or len(places) < 2:
            continue
        with contextlib.ExitStack() as stack:
            for _, replaced in places:
                stack.enter_context(replaced)
            changed = compiled(definition, function)
        if changed is not None:
            yield Change(f"{words} (in {len(places)} places)", places[0][0], changed)


def double_changes(function: Callable[..., Any]) -> Iterator[tuple[Change, Change]]:
    """Every two usual changes at once; both come with the function that has both."""
    definition = definition_of(function)
    if definition is None:
        return
    usual = [each for each in _each(definition) if USUAL.search(each[0])]
    for (words, place, one, node), (more, elsewhere, two, other) in itertools.combinations(usual, 2):
        if node is other:
            continue
        with one, two:
            changed = compiled(definition, function)
        if changed is not None:
            yield Change(words, place, changed), Change(more, elsewhere, changed)


def _each(definition: ast.FunctionDef) -> Iterator[tuple[str, str, _Replaced, ast.AST]]:
    """(words, place, the replacement, the node) of every change."""
    local = [node.arg for node in ast.walk(definition) if isinstance(node, ast.arg)]
    for node, parent, field, index in list(_walk(definition)):
        if field == "value" and isinstance(getattr(parent, "ctx", None), ast.Store):
            continue  # what is written into has to stay itself
        place = _place(node, parent)
        for words, new in small_mistakes(node, local):
            yield words, place, _Replaced(parent, field, index, node, new), node


def _place(node: ast.AST, parent: ast.AST) -> str:
    bare = isinstance(node, ast.Constant | ast.Name | ast.Slice) or not isinstance(node, ast.expr)
    return short_source(parent if bare else node)


class _Replaced:
    """For as long as it is entered, ``new`` stands in the place of ``old``; None leaves a statement out."""

    def __init__(
        self, parent: ast.AST, field: str, index: int | None, old: ast.AST, new: ast.AST | None
    ) -> None:
        self.parent, self.field, self.index, self.old = parent, field, index, old
        self.new = ast.Pass() if new is None else new

    def __enter__(self) -> None:
        self._put(self.new)

    def __exit__(self, *_: object) -> None:
        self._put(self.old)

    def _put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


# ── source to function and back ─────────────────────────────────────────────────────────────────────────────────────


def definition_of(function: Callable[..., Any]) -> ast.FunctionDef | None:
    """The function's own syntax tree without decorators, annotations and docstring; a lambda as a ``def``."""
    if not isinstance(function, FunctionType):
        return None
    try:
        if function.__name__ == "<lambda>":
            found = _lambda(function)
        else:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
            found = next((n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)), None)
    except (OSError, TypeError, SyntaxError):
        return None
    if found is None:
        return None
    found.decorator_list, found.returns = [], None
    for argument in (*found.args.posonlyargs, *found.args.args, *found.args.kwonlyargs):
        argument.annotation = None
    if ast.get_docstring(found):
        found.body = found.body[1:] or [ast.Pass()]
    return found


def source_of(function: Callable[..., Any]) -> str | None:
    """The function's code, written anew; None if its source cannot be found."""
    definition = definition_of(function)
    return definition and ast.unparse(definition)


def _lambda(function: FunctionType) -> ast.FunctionDef | None:
    line, names = function.__code__.co_firstlineno, function.__code__.co_varnames
    for node in _lambdas(inspect.getsourcefile(function) or ""):
        own = tuple(argument.arg for argument in node.args.args)
        if node.lineno == line and own == names[: function.__code__.co_argcount]:
            body = ast.parse(ast.unparse(node.body), mode="eval").body
            arguments = ast.parse(f"def changed({ast.unparse(node.args)}): pass").body[0]
            assert isinstance(arguments, ast.FunctionDef)
            arguments.body = [ast.Return(body)]
            return ast.fix_missing_locations(arguments)
    return None


@functools.lru_cache(maxsize=16)
def _lambdas(path: str) -> list[ast.Lambda]:
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]


def compiled(definition: ast.FunctionDef, function: Callable[..., Any]) -> Callable[..., Any] | None:
    """``definition`` as a function that sees the globals and the enclosing names of ``function``; None if it has no sense."""
    function = inspect.unwrap(function)  # its own globals, not those of what checks its arguments
    assert isinstance(function, FunctionType)
    free = function.__code__.co_freevars
    around = ast.parse(f"def around({', '.join(free)}):\n    return {definition.name}").body[0]
    assert isinstance(around, ast.FunctionDef)
    around.body.insert(0, definition)
    try:
        ast.fix_missing_locations(around)
        local: dict[str, Any] = {}
        exec(compile(ast.Module([around], []), "<changed>", "exec"), function.__globals__, local)
        cells = function.__closure__ or ()
        return local["around"](*(cell.cell_contents for cell in cells))
    except Exception:  # of a default argument that is not to be had, or of code that cannot be
        return None


def _walk(root: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, str, int | None]]:
    """(node, parent, field of the parent, index in that field) of every node below ``root``, defaults left out."""
    for field, value in ast.iter_fields(root):
        if field in ("args", "defaults", "kw_defaults") and isinstance(root, ast.FunctionDef):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST):
                yield node, root, field, index
                yield from _walk(node)
