"""Tensors as jaxtyping's annotations have them: dtype, axes that agree among the arguments, not empty, finite."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from course_utils.base.refusing import is_tensor, shown

KINDS = {"Float": "float", "Int": "int", "Bool": "bool"}
REMEDY = {"float": ".float()", "int": ".long()", "bool": ".bool()"}
MOST_BYTES = 8 * 2**30
"""An answer larger than this is refused before it is begun."""


class _All(frozenset):
    def __contains__(self, name: object) -> bool:
        return True


ALL = _All()
"""Every argument may have gaps: a plot leaves them out."""


class Call:
    """What is known of one call's arguments so far: the axes' lengths, and where each was seen."""

    def __init__(self, gaps: frozenset[str] = frozenset()):
        self.axes: dict[str, tuple[Any, str]] = {}
        self.floats: dict[str, Any] = {}
        self.gaps = gaps

    def agree(self, axis: str, length: Any, name: str, shape: tuple[int, ...], value: Any) -> None:
        """Raises a ValueError if an axis of this name has another length elsewhere; it names both."""
        known, where = self.axes.setdefault(axis, (length, f"{name} {shape}"))
        if known != length:
            remedy = f": transposed? try {name}.T" if len(shape) == 2 and known in shape else ""
            raise ValueError(
                f"{name} has shape {shape}, so {axis} is {length}, but it is {known} in {where}{remedy}"
            )


def axes_of(hint: Any) -> list[str]:
    """``["n", "d"]``; an axis of any name, or of any number, keeps its sign: ``["*batch", "d"]``."""
    return hint.dim_str.split()


def words_for(hint: Any) -> str:
    """``a float tensor (n, d)``."""
    kind = KINDS.get(hint.dtype.__name__)
    axes = ", ".join(axes_of(hint)) or "one number, no axes"
    return f"{'an' if kind == 'int' else 'a'} {kind + ' ' if kind else ''}tensor ({axes})"


def reader_of_tensor(hint: Any) -> Callable[[Any, str, Call], Any]:
    """What reads one argument with such an annotation: checks it, and turns a list or NumPy's array into a tensor."""
    axes, kind, wanted = axes_of(hint), KINDS.get(hint.dtype.__name__), words_for(hint)

    def read(value: Any, name: str, call: Call) -> Any:
        value = as_tensor(value, name, kind, wanted)
        if not (
            call.gaps is ALL and kind == "float" and kind_of(value) in ("int", "bool")
        ):  # a plot shows counts too
            check_kind(value, name, kind)
        check_axes(value, name, axes, wanted, call)
        check_content(value, name, call)
        if kind == "float" and "[" not in name:
            call.floats[name] = value
        return value

    return read


def as_tensor(value: Any, name: str, kind: str | None, wanted: str) -> Any:
    """A tensor as it is; numbers in lists and in NumPy's arrays as one, floats in torch's default precision."""
    import numpy as np
    import torch

    if is_tensor(value):
        return value
    if isinstance(value, list | tuple) and len(value) and all(is_tensor(one) for one in value):
        raise TypeError(f"{name} is {shown(value)} tensors, not {wanted}: torch.stack or torch.cat makes one")
    if not isinstance(value, list | tuple | np.ndarray | np.generic) and not hasattr(value, "__array__"):
        raise TypeError(f"{name} is {shown(value)}, not {wanted}")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} is not {wanted}: its rows have different lengths") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} is not {wanted}: it holds something other than numbers ({array.dtype})")
    if kind == "float" and array.dtype.kind in "fiu":
        return torch.as_tensor(array, dtype=torch.get_default_dtype())
    return torch.as_tensor(array)


def kind_of(value: Any) -> str:
    import torch

    if value.is_floating_point():
        return "float"
    return "bool" if value.dtype == torch.bool else "complex" if value.is_complex() else "int"


def check_kind(value: Any, name: str, kind: str | None) -> None:
    found = kind_of(value)
    if kind and found != kind:
        raise TypeError(f"{name} is {shown(value)}, {kind} is needed: try {name}{REMEDY[kind]}")
    if not kind and found == "complex":
        raise TypeError(f"{name} is {shown(value)}: it has to be real")


def check_axes(value: Any, name: str, axes: list[str], wanted: str, call: Call) -> None:
    """Raises a ValueError if the number of axes is another, or one's length differs from another argument's."""
    shape = tuple(value.shape)
    many = next((i for i, axis in enumerate(axes) if axis[0] in "*."), None)
    if len(shape) != len(axes) if many is None else len(shape) < len(axes) - 1:
        one_less = f": one only? try {name}[None]" if len(shape) == len(axes) - 1 else ""
        raise ValueError(f"{name} has shape {shape}, not {wanted.split(' ', 1)[1]}{one_less}")
    if many is not None:
        after = len(axes) - many - 1
        middle = shape[many : len(shape) - after]
        if axes[many] not in ("...", "*_") and "[" not in name:
            call.agree(axes[many], middle, name, shape, value)
        shape_left = [
            *zip(axes[:many], shape[:many], strict=True),
            *zip(axes[many + 1 :], shape[len(shape) - after :], strict=True),
        ]
    else:
        shape_left = list(zip(axes, shape, strict=True))
    for axis, length in shape_left:
        if axis.isdigit():
            if length != int(axis):
                raise ValueError(f"{name} has shape {shape}, not {wanted.split(' ', 1)[1]}")
        elif axis.isidentifier() and axis != "_" and "[" not in name:
            call.agree(axis, length, name, shape, value)


def check_content(value: Any, name: str, call: Call) -> None:
    """Raises a ValueError if there is nothing in it, or if there is NaN or infinity in it."""

    top = name.partition("[")[0]
    if top in call.gaps:
        if call.gaps is ALL and value.is_floating_point() and value.isinf().any():
            raise ValueError(f"{name} has infinity in it, which has no place on paper")
        return
    if not value.numel():
        raise ValueError(f"{name} is empty: shape {tuple(value.shape)}")
    if value.is_floating_point() and has_gaps(value):
        n = int((~value.isfinite()).sum())
        raise ValueError(f"{name} has NaN or infinity in {n:,} of {value.numel():,} numbers")


COUNTED = {
    **dict.fromkeys(("ids", "clean_ids", "corrupted_ids", "right", "wrong"), ("tokens", "d_vocab")),
    **dict.fromkeys(("positions", "position"), ("pos",)),
    "rows": ("batch",),
    "columns": ("n_rows",),
    "starts": ("n",),
}
"""Arguments that name places along an axis, the first of these that is known: token numbers, entries of a sparse matrix
and where its rows begin, and positions, which may count from the end."""


def check_places(name: str, value: Any, call: Call) -> None:
    """Raises a ValueError if there is no such place along the axis, where the call says how long it is."""
    axis = next((axis for axis in COUNTED.get(name, ()) if axis in call.axes), None)
    if axis is None:
        return
    if is_tensor(value):
        if kind_of(value) != "int" or not value.numel() or value.is_meta:
            return
        low, high = int(value.min()), int(value.max())
    elif isinstance(value, int):
        low = high = value
    else:
        return
    length, where = call.axes[axis]
    first = -length if axis == "pos" else 0
    if not first <= low <= high < length + (name == "starts"):  # the last rows may be empty
        wrong = low if low < first else high
        raise ValueError(f"{name} has {wrong}, and {where} has {first} to {length - 1}")


def has_gaps(value: Any) -> bool:
    """Whether there is NaN or infinity in floats; of what torch only traces, maps over or has packed, it is not asked."""
    from torch._C._functorch import peek_interpreter_stack

    if value.is_meta or value.is_mkldnn or peek_interpreter_stack() is not None:
        return False
    flat = value.detach()
    return not math.isfinite(flat.sum().item()) and not bool(
        flat.isfinite().all()
    )  # a sum is quick; it may overflow


def one_precision(call: Call, in_place: bool) -> dict[str, Any]:
    """Floats of several precisions in the widest of them; where they change in place, they are refused."""
    floats = call.floats
    if len({value.dtype for value in floats.values()}) <= 1:
        return {}
    import torch  # not before: what takes no tensors runs without it

    widest = next(iter(floats.values())).dtype
    for value in floats.values():
        widest = torch.promote_types(widest, value.dtype)
    if in_place:
        each = ", ".join(f"{name} {shown(value)}" for name, value in floats.items())
        raise TypeError(f"the precisions differ: {each}; try .to({widest})")
    return {name: value.to(widest) for name, value in floats.items() if value.dtype != widest}


def one_device(call: Call) -> None:
    """Raises a ValueError if floats lie on several devices."""
    floats = {name: value for name, value in call.floats.items() if value.ndim}
    if len({value.device for value in floats.values()}) > 1:
        each = ", ".join(f"{name} on {value.device}" for name, value in floats.items())
        raise ValueError(f"the tensors lie on several devices: {each}; move them with .to(...)")


def check_size(answer: Any, call: Call, numbers: dict[str, Any], function: str) -> None:
    """Raises a ValueError if the answer, by its annotation, would be larger than `MOST_BYTES`."""
    if not hasattr(answer, "dim_str"):
        return
    total = 4
    for axis in axes_of(answer):
        length = call.axes[axis][0] if axis in call.axes else numbers.get(axis, 1)
        total *= math.prod(length) if isinstance(length, tuple) else length if isinstance(length, int) else 1
    if total > MOST_BYTES:
        raise ValueError(
            f"{function} would return {total / 2**30:,.0f} GB, more than the {MOST_BYTES / 2**30:.0f} GB allowed"
        )
