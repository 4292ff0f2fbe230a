"""Lists, tuples and arrays that hold what was asked for: as good as a tensor, where no gradient has to get through."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.describing import is_number, kind, plain


def of_expected_kind(yours: Any, expected: Any) -> Any:
    """``yours`` as a tensor, tuple or list, if one of these is expected and ``yours`` holds the same; else as it is.

    Examples:
        >>> of_expected_kind([1, 2], torch.zeros(2))
        tensor([1., 2.])
        >>> of_expected_kind(np.array([0.5, 1.0]), (0.0, 0.0))
        (0.5, 1.0)
    """
    if isinstance(expected, Tensor) and expected.ndim and not isinstance(yours, Tensor):
        numbers = numbers_in(yours)
        if numbers is None or numbers.ndim != expected.ndim:
            return yours
        whole = isinstance(yours, list | tuple) and not numbers.is_floating_point()
        return numbers.to(expected.dtype) if whole and expected.is_floating_point() else numbers
    if isinstance(expected, list | tuple) and isinstance(yours, np.ndarray | Tensor):
        fields = getattr(expected, "_fields", None)
        flat = yours.ndim == 1 and len(yours) == len(expected) and all(map(_has_no_axes, expected))
        return (
            type(expected)(plain(yours).tolist() if isinstance(yours, Tensor) else yours.tolist())
            if flat and not fields
            else yours
        )
    return yours


def _has_no_axes(value: Any) -> bool:
    return is_number(value) or isinstance(value, str)


def numbers_in(value: Any) -> Tensor | None:
    """A list, tuple or array of numbers, however deep, as a tensor; None if it is not one, or its rows have several lengths."""
    if isinstance(value, np.ndarray):
        return plain(value) if value.dtype.kind in "biufc" else None
    if not isinstance(value, list | tuple) or not value:
        return None
    if isinstance(value, tuple) and (len(value) == 1 or any(isinstance(part, Tensor) for part in value)):
        return None  # a comma too many, or several results
    try:
        parts = [part for part in map(_part, value) if part is not None]
        if len(parts) < len(value):
            return None
        common = parts[0].dtype
        for part in parts:
            common = torch.promote_types(common, part.dtype)
        return torch.stack([part.to(common) for part in parts])
    except (RuntimeError, TypeError, ValueError, OverflowError):
        return None


def _part(value: Any) -> Tensor | None:
    if isinstance(value, Tensor):
        return value
    if is_number(value):
        value = plain(value)
        return value if isinstance(value, Tensor) else torch.tensor(value, dtype=_dtype(value))
    return numbers_in(value)


def _dtype(value: Any) -> torch.dtype | None:
    return torch.float64 if isinstance(value, float) else None


def told(yours: Any, expected: Any) -> tuple[str, ...]:
    """What a note says of a right result of another kind."""
    if isinstance(expected, Tensor) and expected.ndim and not isinstance(yours, Tensor):
        return (f"It gives {kind(yours)}: the notebook turns it into a tensor.",)
    return ()
