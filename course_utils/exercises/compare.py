"""Is this the expected value? If not, say how it differs, in a sentence, without giving the way to it away."""

from __future__ import annotations

import dataclasses
import inspect
import math
import numbers
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.describing import dtype_name, is_number, kind, number, plain, shape, short
from course_utils.exercises.dtype_feedback import HALF, cuts, wrong_dtype


def difference(yours: Any, expected: Any, tolerance: float = 1e-4) -> str | None:
    """None if they agree, else a sentence.

    Floats agree within ``tolerance``, relative to the number or to a tenth of the largest one beside it; whole numbers
    exactly. A 0-d tensor is a number and a number a 0-d tensor; any precision, device, strides and gradient will do.
    """
    try:
        return _difference(yours, expected, tolerance)
    except Exception:  # of a number type that torch does not know, or of the attempt's own `__eq__`
        return f"It cannot be compared: it is {kind(yours)}, expected is {kind(expected)}."


def _difference(yours: Any, expected: Any, tolerance: float) -> str | None:
    if complaint := wrong_kind(yours, expected):
        return complaint
    yours, expected = plain(yours), plain(expected)
    if isinstance(expected, Tensor):
        return _tensors(torch.as_tensor(yours), expected, tolerance)
    if isinstance(expected, bool):
        return None if bool(yours) == expected else f"Yours is {bool(yours)}."
    if isinstance(expected, numbers.Number):
        return _tensors(torch.as_tensor(yours), torch.as_tensor(expected), tolerance)
    if isinstance(expected, str):
        return None if yours.strip() == expected.strip() else f"Yours is {short(yours)}."
    if isinstance(expected, Mapping):
        pairs = ((f"Under {short(key)}", yours[key], expected[key]) for key in expected)
        return _first(pairs, tolerance)
    if isinstance(expected, list | tuple):
        names = getattr(expected, "_fields", None) or [
            f"result {i} of {len(expected)}" for i in range(1, len(expected) + 1)
        ]
        return _first(
            ((f"In {name}", y, e) for name, y, e in zip(names, yours, expected, strict=True)), tolerance
        )
    if dataclasses.is_dataclass(expected):
        fields = [f.name for f in dataclasses.fields(expected)]
        return _first(((f"In {f}", getattr(yours, f), getattr(expected, f)) for f in fields), tolerance)
    return None if yours == expected else "It is not the expected one."


def _first(parts: Iterable[tuple[str, Any, Any]], tolerance: float) -> str | None:
    for place, yours, expected in parts:
        if complaint := difference(yours, expected, tolerance):
            return f"{place}: {complaint[0].lower()}{complaint[1:]}"
    return None


def wrong_kind(yours: Any, expected: Any) -> str | None:
    """A sentence if ``yours`` is not even the kind of thing that is expected."""
    if yours is None and expected is not None:
        return "It returned `None`: is a `return` missing at the end?"
    if type(yours) is tuple and len(yours) == 1 and not isinstance(expected, list | tuple):
        return "It returned a tuple of 1: is there a comma too many at the end?"
    if inspect.isgenerator(yours) or inspect.isasyncgen(yours):
        return "It returned a generator, as `yield` or round brackets make one: `list(…)` around it collects the results."
    if inspect.iscoroutine(yours):
        yours.close()
        return "It returned a coroutine: write `def`, not `async def`."
    if inspect.isroutine(yours) and not callable(expected):
        return f"It returned the function `{getattr(yours, '__name__', '?')}` itself: are its parentheses missing?"
    if yours is Ellipsis and expected is not Ellipsis:
        return "It returned `...`, the placeholder."
    if isinstance(expected, Tensor):
        return _no_tensor(yours, expected)
    if isinstance(expected, np.ndarray):
        return None if isinstance(yours, np.ndarray) else f"It returned {kind(yours)}, not a NumPy array."
    if isinstance(expected, numbers.Number | np.generic):
        if is_number(yours):
            return None
        if isinstance(yours, Tensor | np.ndarray) and math.prod(yours.shape) == 1:
            return f"It returned {kind(yours)}; take the number out of it: `.item()`."
        return f"It returned {kind(yours)}, not a number."
    if isinstance(expected, list | tuple):
        return _no_sequence(yours, expected)
    if isinstance(expected, Mapping):
        if not isinstance(yours, Mapping):
            return f"It returned {kind(yours)}, not a dictionary."
        missing = [key for key in expected if key not in yours]
        extra = [key for key in yours if key not in expected]
        if missing or extra:
            return "Its keys differ: " + ", ".join(
                [f"{short(k)} is missing" for k in missing[:3]]
                + [f"{short(k)} is too many" for k in extra[:3]]
            )
        return None
    if isinstance(expected, Set):
        return None if isinstance(yours, Set) else f"It returned {kind(yours)}, not a set."
    if callable(expected) and callable(yours):
        return None
    wanted: type = type(expected)
    if not isinstance(yours, wanted):
        return f"It returned {kind(yours)}, not {kind(expected)}."
    return None


def _no_tensor(yours: Any, expected: Tensor) -> str | None:
    if isinstance(yours, Tensor):
        return (
            None
            if yours.device.type != "meta"
            else "It returned a tensor on the meta device, which holds no numbers."
        )
    if expected.ndim == 0 and is_number(yours):
        return None
    if isinstance(yours, np.ndarray | np.generic):
        return f"It returned {kind(yours)}, not a torch tensor: stay in torch all the way, or end with `torch.from_numpy`."
    if isinstance(yours, list | tuple) and yours and all(isinstance(part, Tensor) for part in yours):
        return _several_tensors(yours)
    remedy = (
        ": `torch.tensor(…)` makes one of it"
        if isinstance(yours, list | tuple) and all(map(is_number, yours))
        else ""
    )
    return f"It returned {kind(yours)}, not a tensor{remedy}."


def _several_tensors(yours: list | tuple) -> str:
    if names := getattr(type(yours), "__match_args__", ()):  # named, as `topk` and `max(dim=…)` return them
        return f"It returned {' and '.join(names)} together: take the one that is asked for, as in `.{names[0]}`."
    if isinstance(yours, tuple):
        return f"It returned {len(yours)} tensors; one is asked for."
    return "It returned a list of tensors, not one tensor: `torch.stack` makes one of them."


def _no_sequence(yours: Any, expected: list | tuple) -> str | None:
    fields = getattr(expected, "_fields", None)
    if fields and getattr(yours, "_fields", None) != fields:
        return f"It returned {kind(yours)}, not {type(expected).__name__}({', '.join(fields)})."
    if isinstance(yours, Tensor | np.ndarray) and isinstance(expected, list):
        return f"It returned {kind(yours)}, not a list: `.tolist()` makes one."
    if not isinstance(yours, list | tuple):
        what = "a list" if isinstance(expected, list) else f"{len(expected)} results: `return a, b`"
        return f"It returned {kind(yours)}, not {what}."
    if len(yours) != len(expected):
        what = "long" if isinstance(expected, list) else "results"
        return f"It returned {len(yours)} where {len(expected)} are expected ({what})."
    return None


def _tensors(yours: Tensor, expected: Tensor, tolerance: float) -> str | None:
    if yours.shape != expected.shape:
        return _shapes(yours, expected, tolerance)
    if expected.is_floating_point() or expected.is_complex():
        tolerance = max(tolerance, HALF.get(yours.dtype, 0), HALF.get(expected.dtype, 0))
    else:
        tolerance = 0.0
    if complaint := _not_finite(yours, expected):
        return complaint
    wide = torch.complex128 if yours.is_complex() or expected.is_complex() else torch.float64
    y, e = yours.to(wide), expected.to(wide)
    finite = e[torch.isfinite(e.abs())].abs()
    scale = finite.max().item() if finite.numel() else 0.0
    sizes = e.abs().where(torch.isfinite(e.abs()), torch.zeros_like(e.abs()))
    allowed = tolerance * (sizes + 0.1 * scale) + 1e-9
    gap = torch.where(y == e, 0.0, (y - e).abs())
    gap = torch.where(torch.isnan(y.abs()) & torch.isnan(e.abs()), 0.0, gap)
    off = ~(gap <= allowed)
    if not off.any():
        return wrong_dtype(yours, expected)
    if not y.ndim:
        cut = " Whole numbers cut the fraction off: compute in floats." if cuts(yours, expected) else ""
        return f"Yours is {number(yours)}, {number(expected)} is expected.{cut}"
    place = np.unravel_index(
        int(torch.where(off, gap.nan_to_num(nan=torch.inf), -1).argmax()), tuple(y.shape)
    )
    at = ", ".join(str(int(i)) for i in place)
    cut = (
        f" It is {dtype_name(yours)}: whole numbers cut fractions off, so compute in floats."
        if cuts(yours, expected)
        else ""
    )
    return (
        f"{int(off.sum())} of {y.numel()} numbers differ, most at [{at}]: "
        f"yours is {number(yours[place])}, {number(expected[place])} is expected.{cut}"
    )


def _shapes(yours: Tensor, expected: Tensor, tolerance: float) -> str:
    said = f"It has shape {shape(yours)}, expected is {shape(expected)}"
    if yours.ndim == 2 and yours.T.shape == expected.shape and _tensors(yours.T, expected, tolerance) is None:
        return f"{said}: the right numbers, transposed."
    squeezed = yours.numel() == expected.numel() and yours.squeeze().shape == expected.squeeze().shape
    if squeezed and _tensors(yours.reshape(expected.shape), expected, tolerance) is None:
        more = (
            "too many: an index or `squeeze` drops it, or leave `keepdim` out"
            if yours.ndim > expected.ndim
            else "missing: `keepdim=True` keeps it, `[None]` adds one"
        )
        return f"{said}: the right numbers, but an axis of length 1 is {more}."
    if (
        yours.numel() == expected.numel()
        and _tensors(yours.reshape(expected.shape), expected, tolerance) is None
    ):
        return f"{said}: the right numbers in another shape."
    if expected.ndim and not yours.ndim:
        return f"{said}: everything was summed or averaged; which axis was meant?"
    return f"{said}."


def _not_finite(yours: Tensor, expected: Tensor) -> str | None:
    for name, broken in (("NaN", torch.isnan), ("infinite", torch.isinf)):
        if bad := int((broken(yours) & ~broken(expected)).sum()):
            where = (
                f"{bad} of its {yours.numel()} numbers {'is' if bad == 1 else 'are'} {name}"
                if yours.ndim
                else f"It is {name}"
            )
            return (
                f"{where}: a division by zero, a logarithm or root of something not positive, or an overflow?"
            )
    return None


def beyond_comparing(yours: Any, expected: Any) -> str | None:
    """A sentence if the shape is another one, or numbers are not finite: what a judge may stumble over."""
    if not (isinstance(yours, Tensor) and isinstance(expected, Tensor)) or yours.is_nested:
        return None
    if yours.shape != expected.shape:
        return f"It has shape {shape(yours)}, expected is {shape(expected)}."
    return _not_finite(yours, expected)
