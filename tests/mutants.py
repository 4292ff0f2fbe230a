"""Systematic small mistakes in a function: would its exercise notice them?

Each mutant differs from the function in one place: an operator, an axis, a sign, a constant, a bias or a norm left out.
A mutant counts only if its result differs somewhere, on the exercise's own cases or on twenty more draws of them.
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from unittest.mock import patch

from course_utils.exercises import Answer, Exercise, judge, judge_value
from course_utils.exercises.compare import difference
from course_utils.exercises.guards import OutOfTime, guarded
from course_utils.exercises.outcomes import disagree, outcome_of, outcomes_of

SWAPS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
}
OTHER_NAMES = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "amax": "amin",
    "amin": "amax",
    "argmax": "argmin",
    "argmin": "argmax",
    "sin": "cos",
    "cos": "sin",
    "relu": "abs",
    "var": "std",
    "std": "var",
    "any": "all",
    "all": "any",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
}


class Mutant(NamedTuple):
    name: str
    function: Callable[..., Any]


class Tally(NamedTuple):
    """What became of the mutants of one exercise."""

    wrong: list[str]
    """Give another result, and are told so."""

    stopped: list[str]
    """Raise an error or never end, and are told so."""

    survivors: list[str]
    """Give another result on further draws, and pass."""

    equivalent: list[str]
    """Give the same result everywhere."""


def mutants(function: Callable[..., Any]) -> Iterator[Mutant]:
    """Every function that differs from ``function`` in one place."""
    function = inspect.unwrap(function)  # a face's function is checked at its border
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    _strip(definition)
    n_nodes, seen = len(list(_walk(definition))), {ast.unparse(definition)}
    for place in range(n_nodes):
        for choice in range(100):
            mutated = copy.deepcopy(definition)
            said = _mutate(mutated, place, choice)
            if said is None:
                break
            ast.fix_missing_locations(mutated)
            code = ast.unparse(mutated)
            if code not in seen:
                seen.add(code)
                yield Mutant(said, _compiled(mutated, function))


def _strip(definition: ast.FunctionDef) -> None:
    """Leave decorators, annotations and docstring out: none of them is an answer."""
    definition.decorator_list, definition.returns = [], None
    arguments = definition.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None
    if ast.get_docstring(definition):
        definition.body = definition.body[1:] or [ast.Pass()]


def _compiled(definition: ast.FunctionDef, function: Callable[..., Any]) -> Callable[..., Any]:
    names = dict(function.__globals__) | {
        name: cell.cell_contents
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    }
    exec(compile(ast.Module([definition], []), "<mutant>", "exec"), names)
    return names[definition.name]


def _mutate(definition: ast.FunctionDef, place: int, choice: int) -> str | None:
    """Apply change number ``choice`` at node number ``place``; say which, or None if there are not so many."""
    node, parent, field, index = list(_walk(definition))[place]
    changes = list(_changes(node))
    if choice >= len(changes):
        return None
    new = changes[choice]
    line = getattr(node, "lineno", None) or getattr(parent, "lineno", 0)
    said = f"{ast.unparse(node)} → {ast.unparse(new) if new is not None else 'left out'}"
    if index is None:
        setattr(parent, field, new)
    elif new is None:
        del getattr(parent, field)[index]
        if not getattr(parent, field) and field == "body":
            parent.body = [ast.Pass()]
    else:
        getattr(parent, field)[index] = new
    return f"line {line}: {' '.join(said.split())}"


def _walk(root: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, str, int | None]]:
    """(node, parent, field of the parent, index in that field) of every node below ``root``."""
    for field, value in ast.iter_fields(root):
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST):
                yield node, root, field, index
                yield from _walk(node)


def _changes(node: ast.AST) -> Iterator[ast.AST | None]:
    """What could stand in the place of ``node``; None leaves it out."""
    if isinstance(node, ast.BinOp):
        for other in SWAPS.get(type(node.op), []):
            yield ast.BinOp(node.left, other(), node.right)
        yield node.left
        yield node.right
        if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.Pow):
            yield ast.BinOp(node.right, node.op, node.left)
        if isinstance(node.op, ast.MatMult):
            yield ast.BinOp(ast.Attribute(node.left, "T", ast.Load()), node.op, node.right)
            yield ast.BinOp(node.left, node.op, ast.Attribute(node.right, "T", ast.Load()))
    elif isinstance(node, ast.AugAssign):
        for other in SWAPS.get(type(node.op), []):
            yield ast.AugAssign(node.target, other(), node.value)
        yield None
    elif isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in SWAPS.get(type(op), []):
                yield ast.Compare(node.left, [*node.ops[:i], other(), *node.ops[i + 1 :]], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(SWAPS[type(node.op)][0](), node.values)
        yield from node.values
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _constants(node.value)
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value
    elif isinstance(node, ast.keyword):
        if node.arg is not None:
            yield None
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.If | ast.While):
        negated = copy.copy(node)
        negated.test = ast.UnaryOp(ast.Not(), node.test)
        yield negated
        yield None
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        yield ast.Return(ast.Tuple(node.value.elts[::-1], ast.Load()))
    elif isinstance(node, ast.Assign | ast.Expr):
        yield None


def _constants(value: Any) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
        if value:
            yield ast.Constant(-value)
        if isinstance(value, float):
            yield ast.Constant(value * 2)


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if name in OTHER_NAMES and isinstance(called, ast.Attribute):
        yield ast.Call(ast.Attribute(called.value, OTHER_NAMES[name], ast.Load()), node.args, node.keywords)
    if name in ("norm", "normalize", "cdist") and not any(k.arg == "p" for k in node.keywords):
        yield ast.Call(called, node.args, [*node.keywords, ast.keyword("p", ast.Constant(1))])
    is_method = isinstance(called, ast.Attribute) and not (
        isinstance(called.value, ast.Name) and called.value.id in ("torch", "math", "np", "F")
    )
    if is_method:  # x.relu() → x
        yield called.value
    elif node.args:  # torch.relu(x) → x
        yield node.args[0]
    if len(node.args) >= 2:
        yield ast.Call(called, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
    if name == "range":
        last = node.args[-1]
        yield ast.Call(called, [*node.args[:-1], ast.BinOp(last, ast.Sub(), ast.Constant(1))], node.keywords)


# ── judging them ────────────────────────────────────────────────────────────────────────────────────────────────────


def tally(record: Exercise | Answer, seeds: range = range(1, 21)) -> Tally:
    """Judge every mutant of the reference."""
    result = Tally([], [], [], [])
    for name, mutant in mutants(record.reference):
        status = _status(record, mutant)
        if status == "wrong":
            result.wrong.append(name)
        elif status == "raised":
            result.stopped.append(name)
        elif any(_differs(record, mutant, seed) for seed in seeds):
            result.survivors.append(name)
        else:
            result.equivalent.append(name)
    return result


def _status(record: Exercise | Answer, mutant: Callable[..., Any]) -> str:
    if isinstance(record, Exercise):
        with patch(
            "course_utils.exercises.verdicts.near_miss", return_value=None
        ):  # no sentence is asked for
            return judge(record, mutant).status
    for context in record.cases():
        try:
            with guarded(mutant, 2.0):
                value = outcome_of(mutant, context, 0)
        except OutOfTime:
            return "raised"
        if value.error is not None:
            return "raised"
        if judge_value(record, value.value, context).status != "correct":
            return "wrong"
    return "correct"


def _differs(record: Exercise | Answer, mutant: Callable[..., Any], seed: int) -> bool:
    expected = outcomes_of(record.reference, record.cases(seed))
    try:
        with guarded(mutant, 2.0):
            yours = outcomes_of(mutant, record.cases(seed))
    except OutOfTime:
        return True
    for mine, right in zip(yours, expected, strict=True):
        if right.error is not None:
            continue
        if mine.error is not None:
            return True
        if isinstance(record, Exercise) and disagree(record, mine.value, right, record.tolerance):
            return True
        if isinstance(record, Answer) and difference(mine.value, right.value, record.tolerance):
            return True
    return False
