"""The small mistakes that people make at one place of a syntax tree, and words for each."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

COMPARISONS = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.MatMult),
    ast.Div: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
SIGNS = {
    ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|",
    ast.Pow: "**", ast.FloorDiv: "//", ast.Mod: "%",
}  # fmt: skip
OTHER_CALLS = {
    "sum": ("mean", "amax"), "mean": ("sum", "median", "amax"), "median": ("mean",), "nanmean": ("mean",),
    "max": ("min", "sum", "mean"), "min": ("max",), "amax": ("amin", "sum", "mean"), "amin": ("amax",),
    "argmax": ("argmin",), "argmin": ("argmax",), "sin": ("cos",), "cos": ("sin",),
    "var": ("std",), "std": ("var",), "any": ("all",), "all": ("any",),
    "log": ("log2", "log10"), "log2": ("log",), "log10": ("log",), "log1p": ("log",),
    "floor": ("ceil", "round"), "ceil": ("floor",), "round": ("floor",), "int": ("round",),
    "relu": ("abs",), "abs": ("relu", "square"), "square": ("abs",), "sqrt": ("square",),
    "softmax": ("log_softmax", "sigmoid"), "log_softmax": ("softmax",), "sigmoid": ("softmax",),
    "zeros_like": ("ones_like",), "ones_like": ("zeros_like",), "zeros": ("ones",), "ones": ("zeros",),
    "clamp": ("abs",), "fmod": ("remainder",), "degrees": ("radians",), "radians": ("degrees",),
}  # fmt: skip
"""For a call by name: what stands where another was meant."""

OVER_AN_AXIS = {
    "sum", "mean", "max", "min", "amax", "amin", "argmax", "argmin", "softmax", "log_softmax", "cumsum", "sort",
    "argsort", "std", "var", "prod", "all", "any", "flip", "median", "norm", "normalize", "topk", "logsumexp",
    "unsqueeze", "squeeze", "roll", "cosine_similarity", "stack", "cat", "diff",
}  # fmt: skip
ADDED = ("abs", "square", "sqrt", "relu", "T")
"""What may be missing after an expression."""

KEPT = {
    "item",
    "tolist",
    "clone",
    "detach",
    "copy",
    "numpy",
    "contiguous",
    "zeros_like",
    "ones_like",
    "empty_like",
    "range",
}
"""Calls without which something else would be changed in place, or nothing be there to fill."""

TURNS = {360: ("2 * pi", 2 * math.pi), 180: ("pi", math.pi)}
"""A whole turn and half of it, in degrees: in radians."""

SHORT = 60


def small_mistakes(node: ast.AST, local: list[str]) -> Iterator[tuple[str, ast.AST | None]]:
    """(words, what could stand in the place of ``node``), the likeliest first; None leaves a statement out."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        (op,) = node.ops
        for other in COMPARISONS.get(type(op), ()):
            yield (
                _in_place(SIGNS[other], SIGNS[type(op)]),
                ast.Compare(node.left, [other()], node.comparators),
            )
    elif isinstance(node, ast.BinOp):
        yield from _operations(node)
    elif isinstance(node, ast.UnaryOp):
        sign = {ast.USub: "-", ast.Invert: "~", ast.Not: "not"}.get(type(node.op), "+")
        yield f"without the `{sign}` in front of `{short_source(node.operand)}`", node.operand
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield f"without `.{node.attr}`", node.value
    elif isinstance(node, ast.Constant):
        yield from _constants(node, local)
    elif isinstance(node, ast.Slice):
        yield from _slices(node)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name | ast.BinOp | ast.Call):
        for op, sign in ((ast.Sub(), "-"), (ast.Add(), "+")):
            place = ast.BinOp(node.slice, op, ast.Constant(1))
            words = _in_place(f"[{short_source(node.slice)} {sign} 1]", f"[{short_source(node.slice)}]")
            yield words, ast.Subscript(node.value, place, node.ctx)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        yield "with the results exchanged", ast.Return(ast.Tuple(node.value.elts[::-1], ast.Load()))
    elif isinstance(node, ast.IfExp):
        yield "with the two sides of the `if` exchanged", ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.AugAssign):
        for other in OPERATORS.get(type(node.op), ()):
            said = _in_place(f"{SIGNS[other]}=", f"{SIGNS[type(node.op)]}=")
            yield said, ast.AugAssign(node.target, other(), node.value)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in local:
        for other in local:
            if other != node.id:
                yield _in_place(other, node.id), ast.Name(other, ast.Load())
    elif isinstance(node, ast.For) and node.body and isinstance(node.body[-1], ast.Return):
        loop = ast.For(node.target, node.iter, node.body[:-1] or [ast.Pass()], node.orelse)
        yield "with the `return` behind the loop", ast.If(ast.Constant(True), [loop, node.body[-1]], [])
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield f"without `[{short_source(node.slice)}]`", node.value
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        yield f"without `{short_source(node)}`", None
    if isinstance(node, ast.Name | ast.BinOp | ast.Call | ast.Subscript) and not isinstance(
        getattr(node, "ctx", None), ast.Store
    ):
        for name in ADDED:
            yield (
                f"with `.{name}{'' if name == 'T' else '()'}` after `{short_source(node)}`",
                _after(node, name),
            )


def _in_place(new: str, old: str) -> str:
    return f"with `{new}` in place of `{old}`"


def _after(node: ast.expr, name: str) -> ast.expr:
    attribute = ast.Attribute(node, name, ast.Load())
    return attribute if name == "T" else ast.Call(attribute, [], [])


def _operations(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    sign = SIGNS.get(type(node.op), "")
    left, right = _operand(node.left), _operand(node.right)
    for other in OPERATORS.get(type(node.op), ()):
        yield f"{_in_place(SIGNS[other], sign)} before `{right}`", ast.BinOp(node.left, other(), node.right)
    yield f"without `{sign} {right}`", node.left
    yield f"without `{left} {sign}`", node.right
    if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult):
        yield f"with the two sides of `{sign}` exchanged", ast.BinOp(node.right, node.op, node.left)
    if isinstance(node.op, ast.MatMult):
        turned = ast.BinOp(ast.Attribute(node.left, "T", ast.Load()), node.op, node.right)
        yield f"with `{left}` transposed", turned
    inner = node.left
    if isinstance(inner, ast.BinOp):  # a · b + c → a · (b + c)
        regrouped = ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, node.op, node.right))
        yield f"with brackets around `{short_source(inner.right)} {sign} {right}`", regrouped


def _operand(node: ast.expr) -> str:
    bare = short_source(node)
    return f"({bare})" if isinstance(node, ast.BinOp | ast.Compare | ast.UnaryOp) else bare


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    of_module = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id in (
        "torch", "math", "np", "F", "nn"
    )  # fmt: skip
    is_method = isinstance(called, ast.Attribute) and not of_module
    if name in OVER_AN_AXIS:
        yield from _axes(node, name, first=0 if is_method else 1)
    for other in OTHER_CALLS.get(name, ()):
        if other in ("amax", "amin") and not (node.keywords or node.args):
            continue
        if isinstance(called, ast.Attribute):
            arguments = ([], []) if name == "clamp" else (node.args, node.keywords)
            yield _in_place(other, name), ast.Call(ast.Attribute(called.value, other, ast.Load()), *arguments)
    for flag in ("descending", "largest", "keepdim", "correction", "unbiased"):
        rest = [k for k in node.keywords if k.arg != flag]
        if len(rest) < len(node.keywords):
            yield f"without `{flag}` in `{name}`", ast.Call(called, node.args, rest)
    if name in ("sort", "argsort"):
        more = [*node.keywords, ast.keyword("descending", ast.Constant(True))]
        yield f"with `descending=True` in `{name}`", ast.Call(called, node.args, more)
    if name in ("std", "var"):
        more = [*node.keywords, ast.keyword("correction", ast.Constant(0))]
        yield f"with `correction=0` in `{name}`", ast.Call(called, node.args, more)
    if name in ("sum", "mean", "norm", "amax", "amin", "any", "all"):
        more = [*node.keywords, ast.keyword("keepdim", ast.Constant(True))]
        yield f"with `keepdim=True` in `{name}`", ast.Call(called, node.args, more)
    if name == "range":
        last = node.args[-1]
        for op, sign in ((ast.Add(), "+"), (ast.Sub(), "-")):
            ends = [*node.args[:-1], ast.BinOp(last, op, ast.Constant(1))]
            yield f"with a range up to `{short_source(last)} {sign} 1`", ast.Call(called, ends, [])
    if name in KEPT:
        pass
    elif is_method and isinstance(called, ast.Attribute):
        yield f"without `.{name}({', '.join(map(short_source, [*node.args, *node.keywords]))})`", called.value
    elif node.args and not is_method:
        yield f"without `{name}`", node.args[0]
    if len(node.args) >= 2:
        swapped = ast.Call(called, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
        yield f"with the first two arguments of `{name}` exchanged", swapped


def _axes(node: ast.Call, name: str, first: int) -> Iterator[tuple[str, ast.AST]]:
    """The same call over other axes, over all, or over one where it was over all."""
    for place, keyword in enumerate(node.keywords):
        if keyword.arg in ("dim", "axis"):
            old = short_source(keyword.value)
            for axis in (0, 1, 2, -1):
                if old != str(axis):
                    other = [*node.keywords]
                    other[place] = ast.keyword(keyword.arg, ast.Constant(axis))
                    yield (
                        f"{_in_place(f'dim={axis}', f'dim={old}')} in `{name}`",
                        ast.Call(node.func, node.args, other),
                    )
            yield f"with `{name}` over everything", ast.Call(node.func, node.args[:first], [])
            return
    if len(node.args) == first + 1 and name != "norm":
        old = short_source(node.args[first])
        for axis in (0, 1, 2, -1):
            if old != str(axis):
                said = f"{_in_place(f'dim={axis}', f'dim={old}')} in `{name}`"
                yield said, ast.Call(node.func, [*node.args[:first], ast.Constant(axis)], node.keywords)
        yield f"with `{name}` over everything", ast.Call(node.func, node.args[:first], [])
    elif len(node.args) == first:
        for axis in (0, 1, -1):
            more = [*node.keywords, ast.keyword("dim", ast.Constant(axis))]
            yield f"with `dim={axis}` in `{name}`", ast.Call(node.func, node.args, more)


def _constants(node: ast.Constant, local: list[str]) -> Iterator[tuple[str, ast.AST]]:
    value = node.value
    if isinstance(value, bool):
        yield _in_place(str(not value), str(value)), ast.Constant(not value)
    elif isinstance(value, int | float):
        others = (value + 1, value - 1, 2 * value, value / 2, -value, 0, 1, 2, 0.5)
        for other in dict.fromkeys(others):
            if other != value:
                yield _in_place(f"{other:g}", f"{value:g}"), ast.Constant(other)
        if value in TURNS:
            said, radians = TURNS[value]
            yield _in_place(said, f"{value:g}"), ast.Constant(radians)
        for name in local:
            yield _in_place(name, f"{value:g}"), ast.Name(name, ast.Load())


def _slices(node: ast.Slice) -> Iterator[tuple[str, ast.AST]]:
    old = short_source(node)
    yield _in_place("[:]", f"[{old}]"), ast.Slice()
    if node.upper is not None and node.lower is None and node.step is None:
        last = ast.UnaryOp(ast.USub(), node.upper)
        yield _in_place(f"[{short_source(last)}:]", f"[{old}]"), ast.Slice(last, None, None)
    if node.upper is not None and not isinstance(node.upper, ast.Constant | ast.UnaryOp):
        for op, sign in ((ast.Add(), "+"), (ast.Sub(), "-")):
            upper = ast.BinOp(node.upper, op, ast.Constant(1))
            words = _in_place(f"up to `{short_source(node.upper)} {sign} 1", short_source(node.upper))
            yield words.replace("with `up to", "up to", 1), ast.Slice(node.lower, upper, node.step)
    if node.lower is None and node.step is None:
        yield _in_place("[1:]", f"[{old}]"), ast.Slice(ast.Constant(1), None, None)


def short_source(node: ast.AST) -> str:
    try:
        text = " ".join(ast.unparse(node).split())
    except Exception:
        return ""
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"
