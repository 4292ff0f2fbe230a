"""Does a gradient get through an attempt, and the right one? Asked where a cell below trains through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.answer_key import Exercise
from course_utils.exercises.compare import difference
from course_utils.exercises.feedback import argument_names, first_line
from course_utils.exercises.guards import OutOfTime, call, guarded, reseed

NO_GRADIENT = (
    "A cell below trains through it, and that needs the gradient: stay in torch from beginning to end."
)
TOLERANCE = 1e-3  # relative; two right ways to compute something may round its gradient differently


def lost_gradient(record: Exercise, attempt: Callable[..., Any]) -> str | None:
    """None if the gradients with respect to ``record.gradient`` are those of the reference on every case; else a sentence."""
    for number in range(len(record.cases()) if record.gradient else 0):
        expected = _gradients(record, record.reference, number)
        try:
            with guarded(attempt, 4 * record.seconds):  # forwards it was quick enough
                yours = _gradients(record, attempt, number)
        except OutOfTime:
            return "Right, but its gradient takes too long: a loop without an end in a `backward` or a hook?"
        except Exception as error:
            said = first_line(error)
            if "inplace" in said or "in-place" in said:
                return "Right, but it changes in place what its gradient still needs: write `x = x - y` in place of `x -= y`."
            return f"Right, but its gradient cannot be computed: {said or type(error).__name__}"
        if yours is None:
            return f"Right, but a bare number: `.item()` or `float` throws the gradient away. {NO_GRADIENT}"
        for name, mine, right in zip(record.gradient, yours, expected or (), strict=True):
            if right is None:
                continue
            if mine is None:
                return f"Right, but no gradient gets through it to `{name}`: is something detached? {NO_GRADIENT}"
            argument = dict(zip(argument_names(record.reference), record.cases()[number], strict=False))[name]
            if (mine.isnan() & ~right.isnan()).any():
                return f"Right, but its gradient with respect to `{name}` is NaN in places: the root of a zero has no slope."
            # where an argument is zero, two right ways may have different slopes: `x.abs()` and `x`
            if difference(torch.where(argument != 0, mine, right), right, TOLERANCE):
                return f"Right, but its gradient with respect to `{name}` is not: is a part of it detached? {NO_GRADIENT}"
    return None


def _gradients(
    record: Exercise, function: Callable[..., Any], number: int
) -> tuple[Tensor | None, ...] | None:
    """Of a fixed weighting of the results, one for each name of ``record.gradient``; None if no result is a tensor."""
    names = argument_names(record.reference)
    args = dict(zip(names, record.cases()[number], strict=False))
    leaves = {name: args[name].detach().clone().requires_grad_() for name in record.gradient}
    through = list(leaves.values())
    args |= {
        name: leaf.clone() for name, leaf in leaves.items()
    }  # a leaf may not be changed in place, a copy may
    reseed(number)
    results = list(_floats(call(function, tuple(args.values()))))
    if not results:
        return None
    weighted = sum(
        (result * torch.linspace(0.5, 1.5, result.numel()).reshape(result.shape)).sum() for result in results
    )
    if not isinstance(weighted, Tensor) or not weighted.requires_grad:
        return (None,) * len(through)
    return call(partial(torch.autograd.grad, allow_unused=True), (weighted, through))


def _floats(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor) and value.is_floating_point():
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _floats(part)
