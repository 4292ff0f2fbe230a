"""Fill a notebook's exercises in with their references, and run it: what a learner sees who solved everything."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from nbclient import NotebookClient


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
                return ast.parse(f"{node.name} = {ast.unparse(decorator)}(_solved({key}))").body[0]
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        if _key(node, "answer") and len(node.args) > 1:
            key, _, *context = map(ast.unparse, node.args)
            node.args[1] = ast.parse(f"_expected({', '.join([key, *context])})", mode="eval").body
        return node


HELPERS = """
from functools import wraps as _wraps
from course_utils.exercises import find as _find

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


def filled(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook as it is when everything is solved; only cells with an exercise change."""
    solved = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in solved.cells:
        if cell.cell_type == "code":
            tree = parsed(cell.source)
            changed = ast.unparse(ast.fix_missing_locations(_Fill().visit(tree)))
            if changed != ast.unparse(parsed(cell.source)):
                cell.source = changed
    solved.cells.insert(0, nbformat.v4.new_code_cell(HELPERS))
    return solved


def run(notebook: nbformat.NotebookNode, folder: Path) -> list[str]:
    """Run a notebook, which must not fail; the text of everything that it shows."""
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [o.get("data", {}).get("text/plain", o.get("text", "")) for o in outputs]
