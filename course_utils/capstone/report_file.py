"""Read a report without running it: forms are literals, evidence is a line that a cell printed.

    NEURON = {"layer": 2, …}           the last assignment of a form at the top of a cell counts
    fires                              the last function of this name, as text
    "area 0.93 of 40 texts"            evidence: a cell printed it, and computed one of its numbers

A number is computed if it does not stand in the code of the cell that printed it.
"""

from __future__ import annotations

import ast
import contextlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils.capstone.points import PROJECTS, Unjudged
from course_utils.grade import printable, read_notebook

LARGEST = 50_000_000
"""Bytes of a notebook. The seven days have up to 4 MB each, pictures included."""
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NOT_PYTHON = re.compile(r"^\s*[%!].*$", re.MULTILINE)
EXPLANATION = "fires"
FORMS = tuple(project.form for project in PROJECTS)


@dataclass(frozen=True)
class Report:
    """What a report says and shows."""

    path: Path
    forms: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    """Forms that cannot be read, and why."""

    functions: dict[str, str] = field(default_factory=dict)
    """Source of the function that explains a neuron, if there is one at the top of a cell."""

    printed: dict[str, set[str]] = field(default_factory=dict)
    """Lines, and of each the numbers that the cell's code does not hold."""

    def form(self, name: str) -> dict[str, Any]:
        """A form that was filled in.

        Raises:
            Unjudged: if it is missing, blank, or no literal.
        """
        if name in self.problems:
            raise Unjudged(self.problems[name])
        form = self.forms.get(name)
        if form is None:
            raise Unjudged(f"{name} is not filled in")
        if not isinstance(form, dict):
            raise Unjudged(f"{name} is {shown(form)}: a dict is asked, as in the notebook")
        if _blank(form):
            raise Unjudged(f"{name} is not filled in")
        return form

    def no_evidence(self, line: object) -> str | None:
        """Why a line is no evidence; None if it is."""
        if not isinstance(line, str) or not line.strip():
            return "no line of evidence"
        line = one_line(line)
        if not NUMBER.search(line):
            return f"{shown(line)} holds no number"
        if line not in self.printed:
            return f"no cell printed {shown(line)}"
        if not self.printed[line]:
            return f"{shown(line)} was typed, not computed: its numbers stand in the cell's code"
        return None

    def file(self, form: str, name: object) -> Path:
        """What a form says to lie beside the notebook, or in a folder there.

        Raises:
            Unjudged: if it is not there, or lies elsewhere.
        """
        if not isinstance(name, str) or not name.strip():
            raise Unjudged(f"{form} does not say which file or folder")
        beside = self.path.resolve().parent
        try:
            found = (beside / name).resolve()
            there = found.exists()
        except (OSError, ValueError, RuntimeError):
            there, found = False, beside
        if there and beside not in found.parents:
            raise Unjudged(f"{shown(name)} does not lie beside the notebook: hand it in with it")
        if not there:
            raise Unjudged(f"{shown(name)} is not beside the notebook")
        return found


def read_report(path: Path) -> Report:
    """The forms, the functions and the printed lines of a notebook.

    Raises:
        ValueError: if it is no notebook, or too large; the message says what it is.
        OSError: if it cannot be read.
    """
    if path.is_file() and path.stat().st_size > LARGEST:
        raise ValueError(
            f"it has {path.stat().st_size / 1e6:.0f} MB, and {LARGEST / 1e6:.0f} are read at most"
        )
    report = Report(path)
    for number, cell in enumerate(read_notebook(path).cells, 1):
        if cell.cell_type != "code":
            continue
        _read_code(cell.source, number, report)
        typed = set(NUMBER.findall(cell.source))
        for line in _lines(cell.outputs):
            report.printed.setdefault(line, set()).update(set(NUMBER.findall(line)) - typed)
    return report


def _read_code(source: str, number: int, report: Report) -> None:
    try:
        tree = ast.parse(NOT_PYTHON.sub("", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        for name in FORMS:
            if re.search(rf"^{name}\s*=", source, re.MULTILINE):
                report.problems[name] = f"{name}, in cell {number}, cannot be read: the cell is not Python"
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == EXPLANATION:
            node.decorator_list = []  # what decorates it is not at hand where it runs
            with contextlib.suppress(RecursionError):
                report.functions[EXPLANATION] = ast.unparse(node)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            name = getattr(target, "id", None)
            if name in FORMS and isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                _read_form(name, node, number, report)


def _read_form(
    name: str, node: ast.Assign | ast.AnnAssign | ast.AugAssign, number: int, report: Report
) -> None:
    report.forms.pop(name, None)
    report.problems.pop(name, None)
    try:
        if isinstance(node, ast.AugAssign) or node.value is None:
            raise ValueError("it is changed in place")
        report.forms[name] = ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        report.problems[name] = (
            f"{name}, in cell {number}, is no literal: write its values out, with no names, calls or f-strings"
        )


def _lines(outputs: list[Any]) -> set[str]:
    texts = [o.text for o in outputs if o.output_type == "stream" and o.name == "stdout"]
    texts += [
        o.data.get("text/plain", "") for o in outputs if o.output_type in ("execute_result", "display_data")
    ]
    return {one_line(line) for text in texts for line in text.splitlines() if line.strip()}


def _blank(value: object) -> bool:
    """Whether there is nothing in it but what the notebook's form has."""
    if isinstance(value, dict):
        return all(map(_blank, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_blank, value))
    return value in (None, "", True, False)


def one_line(text: str) -> str:
    """With one space wherever there was some."""
    return " ".join(text.split())


def shown(value: object, most: int = 60) -> str:
    """What a learner wrote, short and harmless, for a sentence of the judge's."""
    text = printable(one_line(value) if isinstance(value, str) else repr(value)[:1000])
    return f"“{text[: most - 1]}…”" if len(text) > most else f"“{text}”"
