"""The right numbers, but of a kind that the cells below the exercise cannot use, or not with everything else."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.describing import dtype_name

HALF = {torch.float16: 4e-3, torch.bfloat16: 3e-2}
"""Relative tolerance of the short precisions."""


def wrong_dtype(yours: Any, expected: Any) -> str | None:
    """A sentence if these are the same numbers, but of a kind that the cells below cannot use."""
    if not (isinstance(yours, Tensor) and isinstance(expected, Tensor)):
        return None
    if yours.is_complex() and not expected.is_complex():
        return f"Right, but as {dtype_name(yours)}, though nothing in it is imaginary: end with `.real`."
    if yours.dtype in HALF and expected.dtype not in HALF:
        return f"Right to three digits, but in {dtype_name(yours)}, which keeps no more: compute in {dtype_name(expected)}."
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
    """Whether ``yours`` holds the whole parts of the fractions that are expected."""
    if not expected.is_floating_point() or yours.is_floating_point() or yours.is_complex():
        return False
    if yours.dtype == torch.bool or not expected.isfinite().all() or torch.equal(expected, expected.trunc()):
        return False
    whole = (expected.trunc(), expected.floor(), expected.round())
    return any(torch.equal(each, yours.to(expected.dtype)) for each in whole)


def mixing(yours: Any, expected: Any) -> tuple[str, ...]:
    """Worth telling of a right result in another precision: `adopted` turns it into the reference's."""
    if isinstance(yours, list | tuple) and isinstance(expected, list | tuple):
        return tuple(dict.fromkeys(s for y, e in zip(yours, expected, strict=False) for s in mixing(y, e)))
    if not (isinstance(yours, Tensor) and isinstance(expected, Tensor)) or yours.dtype == expected.dtype:
        return ()
    if not (yours.is_floating_point() and expected.is_floating_point()):
        return ()
    name = dtype_name(expected)
    return (
        f"It gives {dtype_name(yours)}, the task's numbers are {name}: the notebook turns it into {name}.",
    )
