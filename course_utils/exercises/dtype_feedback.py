"""The right numbers, but of a kind that the cells below the exercise cannot use, or not with everything else."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.describing import dtype_name

NO_GRADIENT = "No gradient gets through it to its input, and a cell below asks for one: stay in torch, without `.item()` and `.detach()`."


def wrong_dtype(yours: Any, expected: Any) -> str | None:
    """A sentence if these are the same numbers, but of a kind that the cells below cannot use."""
    if not (isinstance(yours, Tensor) and isinstance(expected, Tensor)):
        return None
    if yours.is_complex() and not expected.is_complex():
        return f"Right, but as {dtype_name(yours)}, though nothing in it is imaginary: end with `.real`."
    if not expected.ndim or yours.dtype == expected.dtype:
        return None
    if expected.dtype == torch.bool:
        return f"Right, but as {dtype_name(yours)}: a mask must be boolean, as comparisons such as `x > 0` give it."
    if expected.is_floating_point() and not yours.is_floating_point():
        return f"The numbers agree here, but as {dtype_name(yours)} they lose fractions: compute in floats, or end with `.float()`."
    if (
        not expected.is_floating_point()
        and not expected.is_complex()
        and (yours.is_floating_point() or yours.dtype == torch.bool)
    ):
        return f"The right numbers, but as {dtype_name(yours)}: they count or point at something, so end with `.long()`."
    return None


def cuts(yours: Tensor, expected: Tensor) -> bool:
    """Whether ``yours`` holds whole numbers where fractions are expected."""
    return expected.is_floating_point() and not yours.is_floating_point() and not yours.is_complex()


def mixing(yours: Any, expected: Any) -> tuple[str, ...]:
    """Worth telling of a right result, as a cell below may stop at it: another precision, gradients too many or too few."""
    if isinstance(yours, list | tuple) and isinstance(expected, list | tuple):
        return tuple(dict.fromkeys(s for y, e in zip(yours, expected, strict=False) for s in mixing(y, e)))
    if isinstance(expected, Tensor) and expected.requires_grad and not getattr(yours, "requires_grad", False):
        return (NO_GRADIENT,)
    if not (isinstance(yours, Tensor) and isinstance(expected, Tensor)):
        return ()
    said = []
    if yours.is_floating_point() and expected.is_floating_point() and yours.dtype != expected.dtype:
        name = dtype_name(expected)
        said.append(
            f"It gives {dtype_name(yours)}, the task's numbers are {name}: `@` refuses to mix them in a cell below, "
            f"so end with `.to(torch.{name})`."
        )
    if yours.requires_grad and not expected.requires_grad:
        said.append("Its result carries gradients, which `.numpy()` and plots refuse: end with `.detach()`.")
    return tuple(said)
