"""How a wrong result follows from the right one, or the right one from it, whatever the exercise.

A relation is said only if it holds on every case, and the attempt is wrong on some.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.compare import difference
from course_utils.exercises.describing import number, plain
from course_utils.exercises.feedback import argument_names
from course_utils.exercises.named_relations import LEADS_TO_EXPECTED, MADE_OF_EXPECTED, Relation

Results = Sequence[Tensor]
"""Of one attempt, one for each case, in double precision."""


def whole_relation(
    reference: Callable[..., Any],
    yours: Sequence[Any],
    expected: Sequence[Any],
    cases: Sequence[tuple],
    tolerance: float,
    *,
    only_named: bool = False,
) -> str | None:
    """A sentence that tells how ``yours`` follows from ``expected`` on every case, results of tuples one by one.

    Args:
        only_named: look for `named_relations` alone, not for factors and arguments that fit.
    """
    mine, right = doubles(yours), doubles(expected)
    if mine is None or right is None:
        return _of_parts(reference, yours, expected, cases, tolerance, only_named)
    numbers = torch.cat([y.flatten() for y in mine])
    if len(numbers) > len(mine) and (numbers == numbers[0]).all():
        return None if only_named else f"Yours is {number(numbers[0])} everywhere, whatever comes in."
    return (
        _listed(mine, right, tolerance, whole=only_named)
        or _offset(mine, right, tolerance)
        or (None if only_named else _factor(reference, mine, right, cases, tolerance))
        or _with_an_argument(reference, mine, right, cases, tolerance)
    )


def _of_parts(
    reference: Callable[..., Any],
    yours: Sequence[Any],
    expected: Sequence[Any],
    cases: Sequence[tuple],
    tolerance: float,
    only_named: bool,
) -> str | None:  # fmt: skip
    count = len(expected[0]) if isinstance(expected[0], tuple | list) else 0
    if not 2 <= count <= 4 or not all(isinstance(y, tuple | list) and len(y) == count for y in yours):
        return None
    for order in itertools.permutations(range(count)):
        if list(order) != sorted(order) and all(
            difference(tuple(y[place] for place in order), tuple(e), tolerance) is None
            for y, e in zip(yours, expected, strict=True)
        ):
            return "The right results in the wrong order" + (": exchange them." if count == 2 else ".")
    said = []
    for part in range(count):
        mine, right = [y[part] for y in yours], [e[part] for e in expected]
        if all(difference(y, e, tolerance) is None for y, e in zip(mine, right, strict=True)):
            continue
        found = whole_relation(reference, mine, right, cases, tolerance, only_named=only_named)
        if not found:
            return None
        said.append(f"Result {part + 1} of {count}: {found[0].lower()}{found[1:]}")
    return " ".join(said) or None


def right_parts(yours: Sequence[Any], expected: Sequence[Any], tolerance: float) -> str | None:
    """Which of several results are right on every case; None if none is, or there is one only."""
    count = len(expected[0]) if isinstance(expected[0], tuple) else 0
    if count < 2 or not all(isinstance(y, tuple | list) and len(y) == count for y in yours):
        return None
    right = [
        part + 1
        for part in range(count)
        if all(difference(y[part], e[part], tolerance) is None for y, e in zip(yours, expected, strict=True))
    ]
    if not right or len(right) == count:
        return None
    other = [str(part) for part in range(1, count + 1) if part not in right]
    good = " and ".join(map(str, right))
    return (
        f"Result {good} of {count} is right on every input; look at how you get result {' and '.join(other)}."
    )


def doubles(values: Sequence[Any]) -> list[Tensor] | None:
    """The values as double tensors; None if some are not numbers or not finite."""
    out = []
    for value in map(plain, values):
        if not isinstance(value, Tensor | int | float) or (isinstance(value, Tensor) and value.is_complex()):
            return None
        tensor = torch.as_tensor(value).double()
        if not tensor.numel() or not tensor.isfinite().all():
            return None
        out.append(tensor)
    return out


def same(one: Results, two: Results, tolerance: float) -> bool:
    return all(
        a.shape == b.shape and difference(a, b, tolerance) is None for a, b in zip(one, two, strict=True)
    )


def applied(relation: Relation, values: Results) -> list[Tensor] | None:
    try:
        return [relation.apply(value).double() for value in values]
    except (RuntimeError, IndexError, ValueError, TypeError):
        return None


PARTS = (
    "The first",
    "The last",
    "All but",
    "The largest",
    "The smallest",
    "The place",
    "Where",
    "Only",
    "The diagonal",
)
"""Of a wrong result only a part: no evidence of two mistakes."""

KEEPS = ("a root.", "a square.", "`exp`.", "a logarithm.", "(`relu`).")
"""Last steps that may be missing beside another mistake; behind a mean, say, too much looks alike."""


def _listed(yours: Results, expected: Results, tolerance: float, *, whole: bool) -> str | None:
    for relation in MADE_OF_EXPECTED:
        if whole and relation.sentence.startswith(PARTS):
            continue
        made = applied(relation, expected)
        if made is not None and same(made, yours, tolerance):
            return relation.sentence
    for relation in LEADS_TO_EXPECTED:
        if whole and not relation.sentence.endswith(KEEPS):
            continue
        made = applied(relation, yours)
        if made is not None and same(made, expected, tolerance):
            return relation.sentence
    return None


# ── a factor, or an argument ────────────────────────────────────────────────────────────────────────────────────────


def _factor(
    reference: Callable[..., Any], yours: Results, expected: Results, cases: Sequence[tuple], tolerance: float
) -> str | None:  # fmt: skip
    """A factor that all numbers of a case share: a constant, or made of the sizes and numbers of its arguments."""
    factors = []
    for y, e in zip(yours, expected, strict=True):
        at = e.abs().argmax()
        if y.shape != e.shape or not e.flatten()[at]:
            return None
        factor = (y.flatten()[at] / e.flatten()[at]).item()
        if difference(y, factor * e, tolerance) is not None or not factor:
            return None
        factors.append(factor)
    if sum(e.numel() for e in expected) < 3 or len(factors) < 2:
        return None
    for words, numbers in _sizes(reference, cases):
        for said, made in FACTORS:
            try:
                predicted = [made(n) for n in numbers]
            except (ZeroDivisionError, ValueError, OverflowError):
                continue
            if all(
                math.isclose(f, p, rel_tol=max(tolerance, 1e-6))
                for f, p in zip(factors, predicted, strict=True)
            ):
                return f"Yours is the expected {said.format(words)}".rstrip("?.") + (
                    "?" if said.endswith("?") else "."
                )
    if all(math.isclose(f, factors[0], rel_tol=max(tolerance, 1e-6)) for f in factors):
        return f"Yours is {factors[0]:.4g} times the expected, on every input: which factor is missing, or too many?"
    if sum(e.numel() > 2 for e in expected) >= 2:
        return (
            "The right numbers up to a factor, which is another one for every input "
            f"({', '.join(f'{f:.3g}' for f in factors)}): by what should the whole be divided or multiplied?"
        )
    return None


def _offset(yours: Results, expected: Results, tolerance: float) -> str | None:
    if any(y.shape != e.shape for y, e in zip(yours, expected, strict=True)):
        return None
    gap = float((yours[0] - expected[0]).flatten()[0])
    if gap and same([e + gap for e in expected], yours, tolerance):
        return f"Yours is {abs(gap):.4g} {'more' if gap > 0 else 'less'} than expected everywhere."
    return None


FACTORS = (
    ("times {0}: a sum where a mean is meant, or a factor too many?", lambda n: n),
    ("divided by {0}: a mean where a sum is meant, or a division too many?", lambda n: 1 / n),
    ("times {0} less 1: a sum over all others where a mean is meant?", lambda n: n - 1),
    ("divided by {0} less 1: a mean over all others where a sum is meant?", lambda n: 1 / (n - 1)),
    ("times n / (n - 1), where n is {0}: divide by n, not by n - 1", lambda n: n / (n - 1)),
    ("times (n - 1) / n, where n is {0}: divide by n - 1, not by n", lambda n: (n - 1) / n),
    ("times the root of n / (n - 1), where n is {0}: divide by n, not by n - 1", lambda n: math.sqrt(n / (n - 1))),
    ("times the root of (n - 1) / n, where n is {0}: divide by n - 1, not by n", lambda n: math.sqrt((n - 1) / n)),
    ("times the root of {0}", math.sqrt),
    ("divided by the root of {0}", lambda n: 1 / math.sqrt(n)),
    ("times the square of {0}", lambda n: n * n),
    ("divided by the square of {0}", lambda n: 1 / (n * n)),
    ("times 2 / {0}", lambda n: 2 / n),
    ("times half of {0}", lambda n: n / 2),
    ("divided by {0} plus 1", lambda n: 1 / (n + 1)),
)  # fmt: skip


def _sizes(reference: Callable[..., Any], cases: Sequence[tuple]) -> Iterator[tuple[str, list[float]]]:
    """What a factor may be made of: sizes of the arguments, and arguments that are numbers."""
    seen = []
    for place, name in enumerate(argument_names(reference)[: min(map(len, cases))]):
        values = [case[place] for case in cases]
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            yield f"`{name}`", [float(v) for v in values]
        elif all(isinstance(v, Tensor) for v in values):
            for axis in range(min(v.ndim for v in values)):
                numbers = [float(v.shape[axis]) for v in values]
                if numbers not in seen:
                    seen.append(numbers)
                    yield f"the size of `{name}` along axis {axis}", numbers


def _with_an_argument(
    reference: Callable[..., Any], yours: Results, expected: Results, cases: Sequence[tuple], tolerance: float
) -> str | None:  # fmt: skip
    """The expected result and an argument together, added, taken off, multiplied or divided; or the argument alone."""
    for place, name in enumerate(argument_names(reference)[: min(map(len, cases))]):
        argument = doubles([case[place] for case in cases])
        if argument is None:
            continue
        if same(argument, yours, tolerance):
            return f"That is `{name}`, as it came in."
        for said, made in (
            (f"Yours has `{name}` in it once more than expected: it is added, or not taken off.", torch.add),
            (f"Yours has `{name}` in it once less than expected: it is taken off, or not added.", torch.sub),
            (
                f"Yours is the expected times `{name}`: once too many, or a division by it is missing.",
                torch.mul,
            ),
            (
                f"Yours is the expected divided by `{name}`: a factor is missing, or a division too many.",
                torch.div,
            ),
        ):
            try:
                together = [made(e, a) for e, a in zip(expected, argument, strict=True)]
            except RuntimeError:
                continue
            if same(together, yours, tolerance):
                return said
    return None
