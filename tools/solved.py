"""Solve every exercise of a notebook while nbval runs it: a plug-in.

    pytest --nbval -p tools.kept_outputs -p tools.solved notebooks

A cell with an exercise runs as it stands, unsolved, and nbval compares what it shows with what is kept. Then the same
cell runs once more with the references filled in, as when a learner goes back and solves it: every exercise in it must
say ✓. All cells below work with the learner's functions from there on, and must print what the notebook keeps, which
is what an unsolved run printed. Beside the first calls of each function tests/promise.py tries every trick of a right
answer. So one run shows that each stub runs and is judged, and that a solved notebook prints
what an unsolved one printed. That an unsolved exercise means the reference, so that the unsolved path is the same one, is
shown by tests/test_solutions.py; that an unsolved notebook runs to its end, by the browser tests.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from course_utils.exercises import days


class Uses(NamedTuple):
    """What a notebook asks for."""

    exercises: dict[str, ast.FunctionDef]
    answers: dict[str, ast.Call]
    quizzes: list[str]
    times: list[str]
    """Every key, as often as it stands there."""


def parsed(source: str) -> ast.Module:
    """The cell's Python; lines for the shell and IPython count as empty."""
    lines = [
        line if line.lstrip()[:1] not in ("!", "%") else line[: len(line) - len(line.lstrip())] + "pass"
        for line in source.splitlines()
    ]
    return ast.parse("\n".join(lines))


def _key(node: ast.AST, name: str) -> str | None:
    """The key of a call ``name("key", …)``."""
    is_call = isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name
    return node.args[0].value if is_call and node.args and isinstance(node.args[0], ast.Constant) else None


def uses(path: Path) -> Uses:
    """Every key that a notebook names."""
    found = Uses({}, {}, [], [])
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        for node in ast.walk(parsed("".join(cell["source"]))):
            for decorator in getattr(node, "decorator_list", []):
                if key := _key(decorator, "exercise"):
                    found.exercises[key] = node
                    found.times.append(key)
            if key := _key(node, "answer"):
                found.answers[key] = node
                found.times.append(key)
            if key := _key(node, "quiz"):
                found.quizzes.append(key)
    return found


class _Fill(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        for decorator in node.decorator_list:
            if _key(decorator, "exercise"):
                key = ast.unparse(decorator.args[0])
                mine = f"{ast.unparse(decorator)}(_solved({key}))"
                return ast.parse(f"{node.name} = _watched({key}, {mine})").body[0]
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        if _key(node, "answer") and len(node.args) > 1:
            key, _, *context = map(ast.unparse, node.args)
            node.args[1] = ast.parse(f"_expected({', '.join([key, *context])})", mode="eval").body
        return node


HELPERS = f"""
import sys as _sys
_sys.path.append({str(Path(__file__).parents[1] / "tests")!r})
from functools import wraps as _wraps
from course_utils.exercises import find as _find
from promise import watched as _watched

def _solved(key):
    reference = _find(key).reference

    @_wraps(reference, updated=())
    def mine(*args, **kwargs):
        return reference(*args, **kwargs)

    return mine

def _expected(key, *context):
    reference = _find(key).reference
    return reference(*context) if callable(reference) else reference
"""


def solved(source: str) -> tuple[str, list[str]]:
    """A cell with its exercises filled in, and their keys; a cell without any stays as it is."""
    before = parsed(source)
    keys = [
        key
        for node in ast.walk(before)
        for key in (*(_key(d, "exercise") for d in getattr(node, "decorator_list", [])), _key(node, "answer"))
        if key
    ]
    if not keys:
        return source, []
    return HELPERS + ast.unparse(ast.fix_missing_locations(_Fill().visit(before))), keys


def verdicts(outputs: list[dict[str, Any]]) -> list[str]:
    """First lines of what the judges of a cell say."""
    shown = [output.get("data", {}).get("text/plain", output.get("text", "")) for output in outputs]
    return [text.splitlines()[0] for text in shown if text.startswith(("✓", "✗", "○"))]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """After a cell with an exercise has run and was compared: the same cell, solved."""
    yield
    cell = getattr(item, "cell", None)
    if cell is None:
        return
    source, keys = solved(cell.source)
    if keys:
        said = verdicts(_run(item, source, "solved").test_outputs)
        right = [line for line in said if line.startswith("✓")]
        if len(right) != len(keys) or said != right:
            item.raise_cell_error(f"Solved, {', '.join(keys)} should say ✓ and nothing else", "\n".join(said))
    day = item.path.stem[:5]
    if cell is [c for c in item.parent.nb.cells if c.cell_type == "code"][-1] and day in days():
        _run(item, f"{HELPERS}\nfrom promise import settle\nsettle({day!r})", "the promise")


def _run(item: Any, source: str, what: str) -> Any:
    """Run more code in the notebook's kernel; nbval compares nothing of it, and an error is one of the cell's."""
    again = copy.deepcopy(item.cell)
    again.update(source=source, execution_count=None, outputs=[])
    run = type(item).from_parent(
        item.parent, name=f"{item.name}, {what}", cell_num=item.cell_num, cell=again, options=item.options
    )
    run.runtest()
    return run
