"""The sentences of a verdict that hold for every exercise: signatures, errors, arguments changed in place."""

from __future__ import annotations

import contextlib
import inspect
import linecache
import re
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from torch import Tensor

from course_utils.exercises.compare import difference
from course_utils.exercises.describing import describe, shape
from course_utils.exercises.guards import globals_of, innermost

NO_MEMORY = re.compile(r"not enough memory|can't allocate memory|out of memory|bad_alloc")
SHAPES = re.compile(
    r"shapes? .*cannot be multiplied|must match|size mismatch|inconsistent tensor size|invalid for input of size"
    r"|expand|broadcast|[Dd]imension|subscript|einsum|Sizes of tensors|\dD|must be a matrix"
)

REMEDIES = (  # of torch's errors that beginners meet most: what the message says, and what a tutor adds
    (
        r"Boolean value of Tensor",
        "`if`, `and` and `or` want one yes or no, and this is a whole tensor of them: `torch.where(condition, a, b)` decides number by number, `&` and `|` combine.",
    ),
    (
        r"cannot be multiplied|size mismatch|inconsistent tensor size|must be a matrix",
        "In a product `a @ b` the last size of `a` must be the first of `b`: is a `.T` missing, or the order turned round?",
    ),
    (
        r"must match the size|must match the existing size|broadcast",
        "These shapes do not line up, counted from the right: is `keepdim=True` missing in a sum or mean, or a `[:, None]`; is there a sum, norm or max over the other axis, or a `*` in place of `@`?",
    ),
    (
        r"same dtype|expected scalar type|Float but found Double|Double but found Float",
        "Two precisions meet here: turn one into the other's, as with `.to(x.dtype)`.",
    ),
    (
        r"Can't call numpy\(\) on Tensor that requires grad",
        "NumPy cannot follow gradients: stay in torch.",
    ),
    (
        r"elements? tensors? can be converted|cannot be converted to Scalar",
        "`.item()`, `float` and `int` take a tensor with one number in it; this one has more.",
    ),
    (
        r"Dimension out of range|IndexError: Dimension",
        "There is no axis of this number: count the axes of the tensor from 0, or from the end with -1.",
    ),
    (
        r"could not infer output dtype|Input dtype must be either a floating point",
        "A mean needs floats, and these are counts, or yes and no: `.float()` first.",
    ),
    (
        r"argument 'input' \(position 1\) must be Tensor, not (float|int)",
        "torch's functions take tensors: for a plain number there is `math`, or `** 0.5` for a root.",
    ),
    (
        r"unsupported operand type\(s\) for \^|bitwise_xor",
        "`^` is not a power in Python: write `**`.",
    ),
    (
        r"'Tensor' object has no attribute 'copy'",
        "A tensor is copied by `.clone()`.",
    ),
    (
        r"list indices must be integers or slices, not Tensor|only integer tensors of a single element",
        "A list cannot be indexed by a tensor: loop over it, or make a tensor of it first.",
    ),
    (
        r"unexpected keyword argument '?reverse|sort\(\) received an invalid combination|argsort\(\) received an invalid combination",
        "torch's `sort` and `argsort` take `descending=True`; `reverse=True` is that of Python's `sorted`.",
    ),
    (
        r"_and_cpu|and_cpu. not implemented|unsupported operand type\(s\) for &",
        "`&` binds before `>=`: put brackets around each comparison, `(a >= b) & c`.",
    ),
    (
        r"view size is not compatible",
        "`view` needs numbers that lie side by side in memory: `reshape` does without.",
    ),
)


def argument_names(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def wrong_signature(reference: Callable[..., Any], attempt: Callable[..., Any], args: tuple) -> str | None:
    """A sentence if ``attempt`` cannot be called with ``args``, or would take them for one another."""
    asked = argument_names(reference)[: len(args)]
    if isinstance(attempt, type) and not isinstance(reference, type):
        return f"It is a class; a function is asked for: `def {attempt.__name__}({', '.join(asked)}):`."
    try:
        signature = inspect.signature(attempt)
    except (TypeError, ValueError):
        return None
    names = list(signature.parameters)
    own = names[: len(asked)]
    if own != asked and sorted(own) == sorted(asked):
        return f"Its arguments are ({', '.join(own)}), but they are passed in the order ({', '.join(asked)})."
    try:
        signature.bind(*args)
    except TypeError:
        count = "1 argument" if len(args) == 1 else f"{len(args)} arguments"
        return f"It takes ({', '.join(names)}), but is called with {count}: {', '.join(asked)}."
    return None


def arguments(reference: Callable[..., Any], args: tuple, values: int = 16) -> tuple[str, ...]:
    """One line an argument, with its numbers if there are at most ``values``."""
    names = argument_names(reference)
    return tuple(f"{name}: {describe(arg, values)}" for name, arg in zip(names, args, strict=False))


Runs = Sequence[tuple[tuple, tuple, tuple]]
"""For each case the arguments after the attempt ran, after the reference ran, and fresh ones."""


def changed_arguments(reference: Callable[..., Any], runs: Runs) -> str:
    """The arguments that an attempt changes in place and the reference does not: "`x` and `W`", or empty."""
    names = argument_names(reference)
    changed = {
        name
        for case in runs
        for name, after, meant, fresh in zip(names, *case, strict=False)
        if _changed(after, fresh) and not _changed(meant, fresh)
    }
    return " and ".join(f"`{name}`" for name in names if name in changed)


def _changed(after: Any, before: Any) -> bool:
    if isinstance(before, Tensor) or (isinstance(before, list | dict) and type(after) is type(before)):
        with contextlib.suppress(Exception):
            return difference(after, before, 0.0) is not None
    return False


def error(attempt: Callable[..., Any], raised: BaseException) -> tuple[str, tuple[str, ...]]:
    """A sentence if there is more to say than the error, and lines that show where: the learner's own line, the message, the shapes there."""
    message = first_line(raised)
    message = message if len(message) <= 300 else f"{message[:300]}…"
    frame, place = own_line(attempt, raised)
    if isinstance(raised, SystemExit):
        return "It calls `exit()`: `return` a result instead.", place
    if isinstance(raised, MemoryError) or NO_MEMORY.search(message):
        return _too_large(message), place
    if isinstance(raised, RecursionError):
        return "It calls itself without an end: which case returns without calling again?", place
    kind = type(raised).__name__
    lines = (*place, f"{kind}: {message}" if message else kind)
    if isinstance(raised, RuntimeError | ValueError | IndexError) and SHAPES.search(message) and frame:
        tensors = [f"{name} {shape(v)}" for name, v in frame.f_locals.items() if isinstance(v, Tensor)]
        lines += (f"the shapes there: {', '.join(tensors[:8])}",) if tensors else ()
    return next((remedy for said, remedy in REMEDIES if re.search(said, message)), ""), lines


def first_line(raised: BaseException) -> str:
    """Of the error's message; empty if it has none, or cannot tell it."""
    with contextlib.suppress(Exception):
        return next(iter(str(raised).strip().splitlines()), "")
    return ""


def _too_large(message: str) -> str:
    asked = re.search(r"tried to allocate ([\d.]+) ?([KMGT]?i?B|bytes)", message)
    if not asked:
        return "It asked for more memory than there is: look for a list that grows or a broadcast to a large shape."
    amount, unit = asked.groups()
    size = f"{float(amount) / 1e9:,.1f} GB" if unit == "bytes" else f"{amount} {unit}"
    return f"It asked for {size} of memory: look for a broadcast to a shape that is too large."


def own_line(attempt: Callable[..., Any], raised: BaseException) -> tuple[FrameType | None, tuple[str, ...]]:
    """The deepest frame that runs the learner's code, and its line: not the library's stack below it."""
    own = [
        (frame, number)
        for frame, number in traceback.walk_tb(raised.__traceback__)
        if frame.f_globals is globals_of(attempt)
    ]
    if not own:
        return None, ()
    frame, number = own[-1]
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    name = frame.f_code.co_name
    if name.startswith("<") or name == getattr(innermost(attempt), "__name__", ""):
        where = f"line {number}"
    else:  # a helper, perhaps of another cell
        where = f"line {number - frame.f_code.co_firstlineno + 1} of {name}"
    return frame, (f"{where}: {text}" if text else where,)
