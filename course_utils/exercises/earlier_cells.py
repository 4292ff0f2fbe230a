"""Run a cell from the middle of a day in a fresh kernel, and a name is missing: which cell makes it?

IPython's own traceback stays as it is; below it stands one sentence more, which names the cell to run first. It is said
of a name only that a cell of the day makes, in a kernel that runs cells of that day. Of every other missing name
nothing is said.
"""

from __future__ import annotations

import builtins
import json
import os
import re
import symtable
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from course_utils.base import shipped_notebooks

IPYTHONS_LINE = re.compile(r"^\s*[%!?].*$|^.*\?\s*$", re.MULTILINE)
ALL_ABOVE = "Run ▸ Run All Above Selected Cell"
ALL_ABOVE_IN_COLAB = "Runtime ▸ Run before"


class Cell(NamedTuple):
    """A code cell of a notebook, and what it has to do with names."""

    under: str
    """The heading above it."""

    source: str
    makes: frozenset[str]
    needs: frozenset[str]

    @property
    def begins(self) -> str:
        """Its first line of code."""
        lines = [line.strip() for line in self.source.splitlines()]
        first = next((line for line in lines if line and not line.startswith("#")), "")
        return first if len(first) <= 60 else f"{first[:57]}…"


def cells_of(notebook: Mapping[str, Any]) -> list[Cell]:
    """The code cells of a notebook, in order.

    Examples:
        >>> text = {"cell_type": "markdown", "source": ["## 1 · Whales\\n", "They sing."]}
        >>> code = {"cell_type": "code", "source": "songs = [len(whale) for whale in whales]"}
        >>> [cell] = cells_of({"cells": [text, code]})
        >>> cell.under, set(cell.makes), set(cell.needs)
        ('1 · Whales', {'songs'}, {'whales'})
    """
    found, under = [], "the title"
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ +(.+)$", source, re.MULTILINE)
            under = headings[-1].replace("`", "").strip(" ◇●○") if headings else under
        elif cell["cell_type"] == "code":
            found.append(Cell(under, source, *names_of(source)))
    return found


def names_of(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a cell makes, and those that have to be there before it runs; none if it is not Python.

    Examples:
        >>> names_of("y = f(x)")[0], sorted(names_of("y = f(x)")[1])
        (frozenset({'y'}), ['f', 'x'])
    """
    try:
        top = symtable.symtable(IPYTHONS_LINE.sub("", source), "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return frozenset(), frozenset()
    symbols = top.get_symbols()
    makes = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()}
    used = {s.get_name() for s in symbols if s.is_referenced()} | set(_globals_in(top.get_children()))
    return frozenset(makes), frozenset(used - makes - set(vars(builtins)))


def _globals_in(scopes: Sequence[symtable.SymbolTable]) -> Iterable[str]:
    for scope in scopes:
        yield from (s.get_name() for s in scope.get_symbols() if s.is_global())
        yield from _globals_in(scope.get_children())


def what_to_run(name: str, cells: Sequence[Cell], here: int, known: Iterable[str]) -> list[Cell]:
    """The cells that have to run before a cell finds a name, in order; the first is the one to begin with.

    Args:
        here: the place of the cell that misses it.
        known: names that are there; what made them need not run.

    Returns:
        Empty if no other cell makes it.
    """
    known, wanted, asked = set(known), set(), [(name, here)]
    while asked:
        missing, before = asked.pop()
        makers = [i for i, cell in enumerate(cells) if missing in cell.makes and i != here]
        above = [i for i in makers if i < before]
        maker = above[-1] if above else makers[0] if makers and not wanted else None
        if maker is None or maker in wanted:
            continue
        wanted.add(maker)
        asked += [(need, maker) for need in cells[maker].needs if need not in known]
    return [cells[i] for i in sorted(wanted)]


def sentence_about(name: str, ran: Sequence[str], known: Iterable[str]) -> str:
    """What is said below the traceback; empty if the days know no such name, or this kernel is about something else.

    Args:
        ran: the sources of the cells that were run, the last of which misses the name.
        known: the names that are there.
    """
    cells = _nearest(_notebooks(), ran)
    here = _place(cells, ran[-1]) if cells else -1
    first, *more = what_to_run(name, cells, here, known) or [None]
    if first is None:
        return ""
    where = f"the cell under “{first.under}” that begins `{first.begins}`"
    above = ALL_ABOVE_IN_COLAB if "google.colab" in sys.modules else ALL_ABOVE
    if not more:
        return f"`{name}` comes from a cell that has not run in this kernel: run {where}. ({above} runs all.)"
    others = f"{len(more)} more below it {'is' if len(more) == 1 else 'are'} needed"
    return (
        f"`{name}` comes from cells that have not run in this kernel: begin with {where}; {others}. "
        f"({above} runs all.)"
    )


def _notebooks() -> list[Path]:
    """The learner's own notebook, where Jupyter or VS Code says which it is, and those of the seven days."""
    named = [
        os.environ.get("JPY_SESSION_NAME"),
        getattr(sys.modules.get("__main__"), "__vsc_ipynb_file__", None),
    ]
    own = [Path(name) for name in named if name and Path(name).suffix.lower() == ".ipynb"]
    return [path for path in own if path.is_file()] + shipped_notebooks()


def _nearest(paths: Sequence[Path], ran: Sequence[str]) -> list[Cell]:
    """The cells of the notebook that has most of the lines that were run; empty if none has any."""
    lines = set(_lines("\n".join(ran)))
    best, best_shared = [], 0
    for path in paths:
        try:
            cells = cells_of(json.loads(path.read_text(encoding="utf-8-sig")))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        shared = len(lines & set(_lines("\n".join(cell.source for cell in cells))))
        if shared > best_shared:
            best, best_shared = cells, shared
    return best


def _place(cells: Sequence[Cell], source: str) -> int:
    """Which of the cells this is: the one that shares most lines; behind the last if none does."""
    lines = set(_lines(source))
    shared = [len(lines & set(_lines(cell.source))) for cell in cells]
    return shared.index(max(shared)) if any(shared) else len(cells)


def _lines(source: str) -> list[str]:
    """Lines that tell one cell from another."""
    stripped = (line.strip() for line in source.splitlines())
    return [line for line in stripped if len(line) > 8 and not line.startswith(("#", "import ", "from "))]


def name_missed(error: BaseException, namespace: Mapping[str, Any]) -> str | None:
    """The global name that the learner's code missed; None if the error is another, or came from other code."""
    tb = error.__traceback__
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    name = getattr(error, "name", None)
    if not name or tb is None or tb.tb_frame.f_globals is not namespace or name in namespace:
        return None
    return name if str(error) == f"name {name!r} is not defined" else None


def explain_missing_names(shell: Any = None) -> None:
    """Have IPython add the sentence to a NameError. Does nothing elsewhere, or where errors are handled already.

    Examples:
        >>> explain_missing_names()  # in plain Python

    Args:
        shell: IPython's; without it the one that runs.
    """
    running: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    shell = shell or running()
    if shell is not None and not getattr(shell, "custom_exceptions", True):
        shell.set_custom_exc((NameError,), _with_sentence)


def _with_sentence(
    shell: Any, kind: type, error: BaseException, tb: Any, tb_offset: int | None = None
) -> list[str]:
    lines = shell.InteractiveTB.structured_traceback(kind, error, tb, tb_offset=tb_offset)
    try:
        name = name_missed(error, shell.user_ns)
        said = sentence_about(name, shell.user_ns["In"][1:], shell.user_ns) if name else ""
    except Exception:  # whatever it is, the learner's own error is shown
        said = ""
    if said:
        setattr(error, "_render_traceback_", lambda: [*lines, said])  # noqa: B010
    shell.showtraceback((kind, error, tb), tb_offset=tb_offset)
    return lines
