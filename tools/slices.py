"""Run of a notebook only what some of its values hang on.

A day prints many figures. Who wants three of them need not train and draw for all the others: from each wanted value one
can walk back through the statements that bind the names in it, and the names in those, down to `load_model()`.

    day = Notebook(path)
    for value in day.measure([Wanted("clean", 'print(f"formats: ', "int(clean.sum())")]): ...

What is followed: names bound, objects changed by a statement on their own (`x[i] = …`, `x.fit()`, `fit(x)`), and the names
that a function looks up when it is called. What is not: an object that a call in an assignment changes on the side, as in
``history = train(sae)``, where ``sae`` is trained. So whoever asks for a value checks it against what the whole day printed.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import io
import linecache
import symtable
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from tools.solved import parsed

ALWAYS = ("seed_everything",)
SHOWS = ("plot_", "print", "display", "predict", "your_guess", "guesses", "quiz", "inventory")
INNER = ("genexpr", "listcomp", "setcomp", "dictcomp", "lambda")


class Wanted(NamedTuple):
    """A value of a day."""

    name: str

    cell: str
    """A piece of the source of the cell, and of no other, at whose end the value is taken."""

    value: str
    """An expression in the day's names."""


class Statement(NamedTuple):
    """One statement of a cell, and the names that it has to do with."""

    cell: int
    node: ast.stmt
    reads: frozenset[str]
    later: frozenset[str]
    """What functions that it defines look up when they are called."""

    binds: frozenset[str]
    changes: frozenset[str]
    """Names whose objects it changes, or that it binds in one case and not in another."""

    @property
    def source(self) -> str:
        return ast.unparse(self.node)


class Notebook:
    """The statements of a notebook's cells, in order."""

    def __init__(self, path: Path):
        self.path = path
        cells = nbformat.read(path, as_version=4).cells
        self.cells = [cell.source if cell.cell_type == "code" else "" for cell in cells]
        self.statements = [
            statement(number, node)
            for number, source in enumerate(self.cells)
            for node in parsed(source).body
        ]

    def end_of(self, cell: str) -> int:
        """How many statements there are up to the end of the one cell that contains this.

        Raises:
            ValueError: if there is no such cell, or several.
        """
        found = [number for number, source in enumerate(self.cells) if cell in source]
        if len(found) != 1:
            raise ValueError(f"{len(found)} cells of {self.path.name} contain {cell!r}")
        return sum(s.cell <= found[0] for s in self.statements)

    def needed_for(self, wanted: Wanted) -> list[int]:
        """Numbers of the statements on which a value hangs, in order."""
        end = self.end_of(wanted.cell)
        asked = statement(0, ast.parse(wanted.value).body[0])
        todo = [(name, end) for name in asked.reads | asked.later]
        kept = {i for i, s in enumerate(self.statements[:end]) if s.source.startswith(ALWAYS)}
        todo += [(name, i) for i in kept for name in self.statements[i].reads]
        return sorted(kept | self._behind(todo, end))

    def cells_about(self, start: str) -> set[int]:
        """Numbers of the cells that work with what came of a call of ``start``, and of those that these hang on."""
        theirs: set[str] = {start}
        cells = set()
        for s in self.statements:
            loop = _names_in(s.node.target) if isinstance(s.node, ast.For) else set()
            if ((s.reads | s.later | s.changes) - loop) & theirs:
                cells.add(s.cell)
                theirs |= s.binds | s.changes
            else:
                theirs -= s.binds - s.changes - {start}
        end, kept = len(self.statements), set()
        while new := {i for i, s in enumerate(self.statements) if s.cell in cells} - kept:
            kept |= new
            todo = [asked for number in new for asked in self._asked_by(number, end)]
            cells |= {self.statements[number].cell for number in self._behind(todo, end)}
        return cells

    def _behind(self, todo: list[tuple[str, int]], end: int) -> set[int]:
        """Numbers of the statements that make what these names, each before a place, stand for."""
        kept: set[int] = set()
        seen = set(todo)
        while todo:
            name, before = todo.pop()
            for number in self._makers(name, before):
                kept.add(number)
                more = self._asked_by(number, end)
                todo += more - seen
                seen |= more
        return kept

    def _asked_by(self, number: int, end: int) -> set[tuple[str, int]]:
        """Names that a statement reads or may look up later, each with the place before which it has to be bound."""
        s = self.statements[number]
        more = {(other, number) for other in s.reads | s.later | s.changes}
        return more | {
            (other, later) for other in s.later for later in self._bound_between(other, number, end)
        }

    def _bound_between(self, name: str, first: int, end: int) -> list[int]:
        """Places behind each statement that binds a name from ``first`` on, and the end: a call may stand behind any."""
        return [i + 1 for i in range(first, end) if name in self.statements[i].binds] + [end]

    def _makers(self, name: str, before: int) -> Iterator[int]:
        """The last statement before a place that binds a name, and those since then that change its object."""
        for number in reversed(range(before)):
            s = self.statements[number]
            if name in s.changes or name in s.binds:
                yield number
            if name in s.binds and name not in s.changes:
                return

    def code_of(self, wanted: Wanted) -> str:
        """A few letters that are others once anything that the value hangs on is written otherwise."""
        source = "\n".join([*(self.statements[i].source for i in self.needed_for(wanted)), wanted.value])
        return hashlib.sha256(source.encode()).hexdigest()[:12]

    def measure(
        self, wanted: Iterable[Wanted], instead: Mapping[str, Callable[..., Any]] | None = None
    ) -> Iterator[tuple[str, Any]]:
        """Run what the values hang on, once, and give (name, value) of each as soon as it is there.

        Args:
            wanted: the values.
            instead: functions to put in the place of imported ones of these names.
        """
        ends: dict[int, list[Wanted]] = {}
        numbers: set[int] = set()
        for one in wanted:
            needed = self.needed_for(one)
            numbers |= set(needed)
            ends.setdefault(needed[-1], []).append(one)
        names: dict[str, Any] = {"__name__": "__main__"}
        for number in sorted(numbers):
            s = self.statements[number]
            with contextlib.redirect_stdout(io.StringIO()):
                run(s.source, f"<{self.path.stem}, cell {s.cell}, statement {number}>", names)
            if isinstance(s.node, ast.ImportFrom):
                names |= {name: replaced for name, replaced in (instead or {}).items() if name in s.binds}
            for one in ends.get(number, []):
                yield one.name, eval(one.value, names)


def run(source: str, called: str, names: dict[str, Any]) -> None:
    """Execute source in a namespace, so that errors and judges can read it."""
    linecache.cache[called] = (len(source), None, source.splitlines(keepends=True), called)
    exec(compile(source, called, "exec"), names)


def statement(cell: int, node: ast.stmt) -> Statement:
    """A statement with its names."""
    source = ast.unparse(node)
    table = symtable.symtable(source, "cell", "exec")
    reads = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    binds = {
        s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()
    }
    later: set[str] = set()
    for child in table.get_children():
        (reads if child.get_name() in INNER else later).update(_globals(child))
    changes = set(_changed(node))
    if isinstance(node, ast.If | ast.For | ast.While | ast.Try):
        changes |= binds
    if isinstance(node, ast.AugAssign):
        reads |= binds
    return Statement(cell, node, *map(frozenset, (reads, later - binds, binds, changes)))


def _names_in(target: ast.expr) -> set[str]:
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}


def _globals(table: symtable.SymbolTable) -> set[str]:
    found = {s.get_name() for s in table.get_symbols() if s.is_global()}
    return found.union(*(_globals(child) for child in table.get_children()))


def _changed(node: ast.stmt) -> Iterator[str]:
    """Names whose objects a statement changes."""
    for part in _outside_functions(node):
        if isinstance(part, ast.Subscript | ast.Attribute) and isinstance(part.ctx, ast.Store | ast.Del):
            yield from _base(part)
        if isinstance(part, ast.AugAssign):
            yield from _base(part.target)
        if isinstance(part, ast.Expr) and isinstance(call := part.value, ast.Call):
            if isinstance(call.func, ast.Attribute):
                yield from _base(call.func)
            elif isinstance(call.func, ast.Name) and not _shows(call.func.id):
                yield from (argument.id for argument in call.args if isinstance(argument, ast.Name))
        if isinstance(part, ast.For):
            members = _names_in(part.target)
            if members & {name for inner in part.body for name in _changed(inner)}:
                yield from (n.id for n in ast.walk(part.iter) if isinstance(n, ast.Name))


def _shows(function: str) -> bool:
    """Whether a function of this name leaves what it is given alone, as far as its name tells."""
    return function.startswith(SHOWS) or function.endswith("_panel")


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _outside_functions(child)


def _base(node: ast.AST) -> Iterator[str]:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
