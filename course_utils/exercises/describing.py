"""Name a value in a few words: never by its own repr, which may be long, or an address that changes."""

from __future__ import annotations

import numbers
import reprlib
from decimal import Decimal
from typing import Any

import numpy as np
import torch
from torch import Tensor


def describe(value: Any, values: int = 0) -> str:
    """``tensor (3, 6) float32``; with its numbers if there are at most ``values``."""
    try:
        return _describe(value, values, 3)
    except Exception:  # a tensor that holds no numbers, or has no shape
        return kind(value)


def _describe(value: Any, values: int, depth: int) -> str:
    if not depth:  # a list may hold itself
        return kind(value)
    if isinstance(value, Tensor | np.ndarray):
        word = (
            f"tensor {shape(value)} {dtype_name(value)}"
            if isinstance(value, Tensor)
            else f"array {shape(value)}"
        )
        numbers_of = plain(value)
        if (
            isinstance(numbers_of, Tensor)
            and numbers_of.device.type != "meta"
            and 0 < numbers_of.numel() <= values
        ):
            word += f", {_nested(numbers_of.tolist())}"
        return word
    if isinstance(value, tuple) and (fields := getattr(value, "_fields", None)) is not None:
        return f"{type(value).__name__}({', '.join(f'{n}: {_describe(v, 0, depth - 1)}' for n, v in zip(fields, value, strict=True))})"
    if isinstance(value, list | tuple) and value and len(value) <= 4 and not all(is_number(v) for v in value):
        return f"{type(value).__name__} of {', '.join(_describe(v, values, depth - 1) for v in value)}"
    if (
        isinstance(value, list | tuple)
        and len(value) <= values
        and all(isinstance(v, int | float) for v in value)
    ):
        return _nested(value)
    if isinstance(value, str | numbers.Number | None):
        return short(value)
    return kind(value)


def kind(value: Any) -> str:
    """``a list of 3``, ``a NumPy array (2, 3)``: never the value's own repr, which may be long or an address."""
    if isinstance(value, Tensor):
        return f"a tensor {shape(value)} {dtype_name(value)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array {shape(value)}"
    if isinstance(value, list | tuple | dict | set):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, type):
        return f"the class `{value.__name__}`"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {'string' if name == 'str' else name}"


def shape(value: Tensor | np.ndarray) -> str:
    if getattr(value, "is_nested", False):
        return "(nested)"  # has no one shape
    return str(tuple(int(n) for n in value.shape))


def dtype_name(value: Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


def _nested(values: Any) -> str:
    if isinstance(values, list | tuple):
        return f"[{', '.join(map(_nested, values))}]"
    return number(values) if isinstance(values, float | complex) else short(values)


def number(value: Any) -> str:
    value = value.item() if isinstance(value, Tensor) else value
    return f"{value:.4g}" if isinstance(value, float | complex) else str(value)


def short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and value.bit_length() > 10_000:  # Python refuses to write these out
        return "a whole number of thousands of digits"
    limited = reprlib.Repr()
    limited.maxstring = limited.maxother = limited.maxlong = 60
    return limited.repr(value)


def is_number(value: Any) -> bool:
    if isinstance(value, Tensor | np.ndarray):
        return value.ndim == 0
    return isinstance(value, numbers.Number | np.generic)


def plain(value: Any) -> Any:
    """Tensors detached, dense and on the CPU, arrays and NumPy numbers as tensors, inside containers too."""
    if isinstance(value, Tensor):
        value = value.detach()
        value = value.to_dense() if value.layout != torch.strided else value
        return value.cpu().resolve_conj().resolve_neg()
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc":
        return torch.as_tensor(np.array(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(plain, value))
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value))
    if isinstance(value, numbers.Real | Decimal) and not isinstance(value, int | float):
        return float(value)  # a fraction
    return value


def cast(yours: Any, expected: Any) -> Any:
    """``yours`` in the precision of ``expected``, inside tuples and lists too: `torch.allclose` refuses to mix them."""
    if isinstance(yours, Tensor) and isinstance(expected, Tensor):
        return yours.to(expected.dtype) if expected.is_floating_point() and not yours.is_complex() else yours
    if isinstance(yours, list | tuple) and isinstance(expected, list | tuple) and len(yours) == len(expected):
        parts = [cast(y, e) for y, e in zip(yours, expected, strict=True)]
        return type(yours)(*parts) if hasattr(yours, "_fields") else type(yours)(parts)
    return yours
