"""What an annotation asks of an argument: one reader for each kind of annotation.

A reader takes (value, name, call) and returns the value, or what it stands for: NumPy's numbers as Python's, lists as
tensors. What it cannot take, it refuses in a sentence with the name. What an annotation leaves open, it lets pass.
"""

from __future__ import annotations

import collections.abc as abc
import inspect
import operator
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.base.bounds import check_bounds
from course_utils.base.hint_words import ELSEWHERE, Unfit
from course_utils.base.refusing import is_tensor, require_choice, shown
from course_utils.base.tensor_hints import ALL, Call, check_content, kind_of, reader_of_tensor

Reader = Callable[[Any, str, Call], Any]
PLAIN = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    list,
    tuple,
    dict,
    set,
    range,
    type,
    types.GeneratorType,
    type(None),
)


def reader_of(hint: Any) -> Reader | None:
    """What reads an argument with this annotation; None lets everything pass."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return None
    if hasattr(hint, "dim_str"):
        return reader_of_tensor(hint)
    if origin in (typing.Union, types.UnionType):
        return read_one_of(hint, [reader_of(one) for one in inside])
    if origin is typing.Literal:
        return lambda value, name, call: (require_choice(name, value, inside), value)[1]
    if origin is tuple and inside and Ellipsis not in inside:
        return read_tuple(hint, [reader_of(one) for one in inside])
    if origin in (list, tuple, abc.Sequence, abc.Collection) or hint in (list, abc.Sequence):
        return read_list(hint, reader_of(inside[0]) if inside else None)
    if origin in (abc.Mapping, dict) or hint in (abc.Mapping, dict):
        return read_mapping(hint, reader_of(inside[1]) if inside else None)
    if origin in (abc.Iterable, abc.Iterator):
        return read_stream(hint, reader_of(inside[0]) if inside else None)
    if origin is abc.Callable or hint is abc.Callable:
        return read_function(hint, inside)
    if hint is int:
        return read_whole
    if hint is float:
        return read_number
    if hint is bool:
        return read_flag
    if hint is Path:
        return lambda value, name, call: Path(read_instance(value, name, (str, Path), hint))
    if isinstance(hint, type) and hint is not object:
        return read_kind(hint)
    return None


def read_instance(value: Any, name: str, kinds: Any, hint: Any) -> Any:
    if not isinstance(value, kinds):
        raise Unfit(value, name, hint)
    return value


def read_whole(value: Any, name: str, call: Call) -> int:
    if (
        isinstance(value, bool)
        or type(value).__name__ == "bool"
        or (is_tensor(value) and kind_of(value) != "int")
    ):
        raise Unfit(value, name, int)
    try:
        number = operator.index(value)
    except (TypeError, RuntimeError) as error:
        raise Unfit(value, name, int) from error
    check_bounds(name, number, whole=True)
    return number


def read_number(value: Any, name: str, call: Call) -> Any:
    if is_tensor(value) and not value.ndim and kind_of(value) in ("float", "int"):
        if not value.requires_grad and not value.is_meta:
            check_content(value, name, call)
        return value
    if isinstance(value, bool | str | bytes) or getattr(value, "ndim", 0) or not hasattr(value, "__float__"):
        raise Unfit(value, name, float)
    is_gap = value != value and "[" in name  # one of a list that a plot draws; infinity has no place on paper
    if name.partition("[")[0] not in call.gaps or (call.gaps is ALL and not is_gap):
        check_bounds(name, value, whole=False)
    return value if isinstance(value, int | float) else float(value)


def read_flag(value: Any, name: str, call: Call) -> bool:
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return bool(value)
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise Unfit(value, name, bool)


def read_one_of(hint: Any, readers: list[Reader | None]) -> Reader:
    """The first of a union's kinds that takes the value; a refusal for its content goes before one for its kind."""

    def read(value: Any, name: str, call: Call) -> Any:
        kept = asked = None
        for reader in readers:
            if reader is None:
                return value
            axes = dict(call.axes)
            try:
                return reader(value, name, call)
            except ValueError as error:
                kept = kept or error
            except Unfit as error:
                asked = asked or (error if error.asks else None)
            except TypeError:
                pass
            call.axes = axes
        raise kept or asked or Unfit(value, name, hint)

    return read


def read_tuple(hint: Any, readers: list[Reader | None]) -> Reader:
    def read(value: Any, name: str, call: Call) -> Any:
        if not isinstance(value, tuple | list):
            raise Unfit(value, name, hint)
        if len(value) != len(readers):
            raise ValueError(f"{name} has {len(value)} parts, {len(readers)} are needed")
        pairs = enumerate(zip(readers, value, strict=True))
        parts = [r(v, f"{name}[{i}]", call) if r else v for i, (r, v) in pairs]
        as_it_was = isinstance(value, tuple) and all(a is b for a, b in zip(parts, value, strict=True))
        return value if as_it_was else tuple(parts)

    return read


def read_list(hint: Any, reader: Reader | None) -> Reader:
    inside = typing.get_args(hint)[:1]
    in_order = typing.get_origin(hint) is not abc.Collection
    of_strings, of_tensors = inside == (str,), bool(inside) and hasattr(inside[0], "dim_str")
    of_others = (
        bool(inside) and isinstance(inside[0], type) and inside[0] not in (int, float, bool, object, Any)
    )
    of_others = of_others and not of_tensors and inside[0].__name__ != "Tensor"

    def read(value: Any, name: str, call: Call) -> Any:
        if getattr(value, "ndim", 0) and hasattr(value, "tolist") and not is_tensor(value):
            value = value.tolist()
        if isinstance(value, str | bytes):
            raise Unfit(value, name, hint, f"one alone is [{shown(value)}]" if of_strings else "")
        if isinstance(value, abc.KeysView | abc.ValuesView):
            value = list(value)
        if isinstance(value, dict) or (in_order and isinstance(value, abc.Set)):
            raise Unfit(value, name, hint, f'one column of it? {name}["text"]' if of_strings else "")
        if not is_listed(value):
            raise Unfit(value, name, hint, f"try list({name})" if isinstance(value, abc.Iterable) else "")
        if is_tensor(value):
            if of_others:
                raise Unfit(value, name, hint)
            if value.numel():
                check_content(value, name, call)
            return value
        if of_tensors and not len(value) and name not in call.gaps:
            raise ValueError(f"{name} is empty")
        return read_each(value, name, call, reader) if reader and isinstance(value, list | tuple) else value

    return read


def is_listed(value: Any) -> bool:
    """Whether it has parts, in some order, that can be read more than once."""
    once = isinstance(value, abc.Iterator | type)
    return hasattr(value, "__len__") and not once and not (is_tensor(value) and not value.ndim)


def read_each(value: Any, name: str, call: Call, reader: Reader) -> Any:
    """A list with each part read: the same list, if all parts are as they were."""
    parts = [reader(one, f"{name}[{i}]", call) for i, one in enumerate(value)]
    return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts


def read_mapping(hint: Any, reader: Reader | None) -> Reader:
    def read(value: Any, name: str, call: Call) -> Any:
        if not isinstance(value, abc.Mapping):
            raise Unfit(value, name, hint)
        if reader is None:
            return value
        parts = {key: reader(one, f"{name}[{key!r}]", call) for key, one in value.items()}
        return parts if any(parts[key] is not value[key] for key in parts) else value

    return read


def read_stream(hint: Any, reader: Reader | None) -> Reader:
    inside = typing.get_args(hint)[:1]
    of_tensors = bool(inside) and hasattr(inside[0], "dim_str")

    def read(value: Any, name: str, call: Call) -> Any:
        loops = hasattr(value, "__iter__") or hasattr(value, "__getitem__")
        if isinstance(value, str | bytes | type | abc.Mapping) or not loops:
            raise Unfit(value, name, hint)
        if is_tensor(value) and value.numel():
            check_content(value, name, call)
        listed = (
            type(value) in (list, tuple) and not of_tensors
        )  # whoever takes batches checks each as it comes
        return read_each(value, name, call, reader) if reader and listed else value

    return read


def read_function(hint: Any, inside: tuple) -> Reader:
    takes = len(inside[0]) if inside and isinstance(inside[0], list) else None

    def read(value: Any, name: str, call: Call) -> Any:
        if not callable(value):
            raise Unfit(value, name, hint)
        if takes is not None and isinstance(value, types.FunctionType):
            try:
                inspect.signature(value).bind(*[None] * takes)
            except TypeError as error:
                raise TypeError(
                    f"{name} has to take {takes} argument{'s' * (takes != 1)}: {error}"
                ) from error
        return value

    return read


def know_axes(value: Any, name: str, call: Call) -> None:
    """A model and an autoencoder say how long activations are that go with them."""
    for axis in ("d_in", "d_sae", "d_model"):
        length = getattr(value, axis, None) or getattr(getattr(value, "cfg", None), axis, None)
        if isinstance(length, int) and not is_tensor(value):
            call.axes.setdefault(axis, (length, name))


def know_tokens(model: Any, name: str, call: Call) -> None:
    """A model says how many tokens it knows, which bounds their numbers."""
    count = getattr(getattr(model, "cfg", None), "d_vocab", None)
    if isinstance(count, int):
        call.axes["tokens"] = (count, name)


def read_kind(kind: type) -> Reader:
    """An instance; of other packages' classes, and of protocols, anything that is not plainly something else."""
    ours = kind.__module__.startswith("course_utils.") and not getattr(kind, "_is_protocol", False)
    named = getattr(kind, "_is_runtime_protocol", False)

    def read(value: Any, name: str, call: Call) -> Any:
        if kind.__module__ == ELSEWHERE and any(
            base.__name__ == kind.__name__ for base in type(value).__mro__
        ):
            know_tokens(value, name, call)
            return value
        try:
            if isinstance(value, kind):
                if is_tensor(value):
                    check_content(value, name, call)
                know_axes(value, name, call)
                return value
        except TypeError:  # a protocol that is not checked at run time
            pass
        if (kind.__name__ == "Generator" and kind.__module__ == "torch._C") or kind.__name__ == "dtype":
            raise Unfit(value, name, kind)
        if (
            ours
            or named
            or isinstance(value, PLAIN)
            or type(value) is object
            or is_tensor(value)
            or hasattr(value, "__array__")
        ):
            raise Unfit(value, name, kind)
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
            raise Unfit(value, name, kind)
        know_axes(value, name, call)
        return value

    return read
