"""What happens where a public function is called from outside: arguments are read, and what goes wrong is said."""

from __future__ import annotations

import inspect
import math
import re
import sys
import traceback
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.base.bounds import NUMBERS
from course_utils.base.hints import read_number, reader_of
from course_utils.base.refusing import is_tensor, nearest, shown
from course_utils.base.tensor_hints import (
    ALL,
    Call,
    check_places,
    check_size,
    has_gaps,
    one_device,
    one_precision,
)

HERE = str(Path(__file__).parents[1])
COMPLAINTS = {
    "cannot be computed: the precisions differ, or this one is not supported; try .float() on each": (
        "same dtype", "expected scalar type", "not implemented for", "Found dtype", "Expected out tensor to have dtype", "Input dtypes must be the same", "but got long int", "but got bool"),
    "cannot be computed: the shapes do not go together": (
        "cannot be multiplied", "must match the size", "Expected size for first two dimensions", "The expanded size",
        "The size of tensor", "Sizes of tensors must match", "size mismatch", "is invalid for input of size", "The shape of the mask"),
    "asks for a place that is not there: an index is below zero, or too large": (
        "is out of bounds for dimension", "out of bounds with size"),
    "cannot be computed: lists that go together have different lengths": ("zip() argument",),
    "is more than this machine's memory holds": ("allocate memory", "out of memory", "Storage size calculation", "overflow"),
}  # fmt: skip
"""Torch's and Python's words, by what they mean to the one who called."""


class Plan:
    """The readers of a function's arguments, made when it is first called."""

    def __init__(self, function: Callable, name: str):
        self.name, inner = name, inspect.unwrap(function)
        self.draws = any(f".{wing}." in inner.__module__ for wing in ("plots", "widgets"))
        self.gaps = ALL if ".plots." in inner.__module__ else getattr(function, "__gaps__", frozenset())
        parameters = inspect.signature(function).parameters
        hints = resolved(inner)
        self.answer = hints.pop("return", None)
        self.may_break = bool(
            re.search(r"\bNaN\b|infinit|not a number|\binf\b", inspect.getdoc(function) or "")
        )
        kinds = {p.name: p.kind for p in parameters.values()}
        loose = next((n for n, kind in kinds.items() if kind == inspect.Parameter.VAR_POSITIONAL), "")
        self.rest_name, self.rest_reader = loose, reader_of(hints.get(loose, typing.Any))
        self.open = any(kind == inspect.Parameter.VAR_KEYWORD for kind in kinds.values())
        self.any_number = inspect.Parameter.VAR_POSITIONAL in kinds.values()
        self.names = [n for n, kind in kinds.items() if kind in (0, 1)]
        self.known = [n for n, kind in kinds.items() if kind in (1, 3)]
        self.readers = {
            n: reader_of(hints[n]) for n, kind in kinds.items() if n in hints and kind in (0, 1, 3)
        }
        self.defaults = {n: p.default for n, p in parameters.items() if p.default is not p.empty}
        self.needed = {n for n, kind in kinds.items() if n not in self.defaults and kind in (0, 1, 3)}

    def read(self, args: tuple, kwargs: dict[str, Any]) -> tuple[list, dict[str, Any]]:
        """The arguments as they are meant.

        Raises:
            TypeError: if one is of another kind, or of an unknown name.
            ValueError: if a number, a shape, or the content does not go.
        """
        for name in kwargs:
            if not self.open and name not in self.known:
                raise TypeError(f"{self.name}() has no argument {name!r}: {nearest(name, self.known)}")
        too_many = len(args) > len(self.names) and not self.any_number
        if too_many or not self.needed.issubset([*self.names[: len(args)], *kwargs]):
            return list(args), kwargs  # Python says what is missing
        call, given, rest = Call(self.gaps), {}, list(args[len(self.names) :])
        for name, value in [*zip(self.names, args, strict=False), *kwargs.items()]:
            reader = self.readers.get(name)
            is_default = name in self.defaults and value is self.defaults[name]
            if reader is None and self.open and name in NUMBERS and value is not None:
                reader = read_number
            given[name] = value if reader is None or is_default else reader(value, name, call)
        if self.rest_reader is not None:
            rest = [self.rest_reader(one, f"{self.rest_name}[{i}]", call) for i, one in enumerate(rest)]
        for name, value in given.items():
            check_places(name, value, call)
        given.update(one_precision(call, in_place=self.name.endswith("_")))
        one_device(call)
        check_size(self.answer, call, given, self.name)
        n = min(len(args), len(self.names))
        return [given.pop(name) for name in self.names[:n]] + rest, given

    def in_our_words(self, error: Exception, args: list, kwargs: dict[str, Any]) -> str | None:
        """A sentence for a complaint about sizes, lengths or precisions, or for any error of a library that draws.

        None if it is about something else, comes from the caller's own code, or is said in our words already.
        """
        stack = traceback.extract_tb(error.__traceback__)
        mine = [frame.filename for frame in stack if "site-packages" not in frame.filename]
        ours = stack[-1].filename.startswith(HERE) and (stack[-1].line or "").startswith("raise")
        about = next(
            (words for words, signs in COMPLAINTS.items() if any(sign in str(error) for sign in signs)), None
        )
        about = "is more than this machine's memory holds" if isinstance(error, MemoryError) else about
        if self.draws and not ours:
            about = (
                about
                or "cannot be drawn: something is empty, of another kind, or shorter than what it goes with"
            )
        elif not isinstance(error, RuntimeError | MemoryError | IndexError) and "zip() argument" not in str(
            error
        ):
            return None
        if about is None or not mine[-1].startswith(HERE):
            return None
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        each = ", ".join(f"{name} {shown(value)}" for name, value in given.items())
        said = (str(error).splitlines() or [""])[0][:120]
        return f"{self.name}({each}) {about} ({type(error).__name__}: {said})"

    def check_answer(self, answer: Any) -> None:
        """Raises a ValueError if there is NaN or infinity in what a function returns, and its docstring does not say so."""
        if self.may_break:
            return
        for part in answer if type(answer) in (tuple, list) else (answer,):
            if is_tensor(part):
                if part.is_floating_point() and has_gaps(part):
                    raise ValueError(
                        f"{self.name} comes out with NaN or infinity: the numbers it was given are too large, or all alike"
                    )
            elif isinstance(part, float) and not math.isfinite(part):
                raise ValueError(
                    f"{self.name} comes out as {part}: the numbers it was given are too large, or all alike"
                )


class _Unknown(dict):
    """Names that only type checkers import stand for classes of that name."""

    def __missing__(self, name: str) -> type:
        if name in self.known or name in vars(__import__("builtins")):
            raise KeyError(name)
        return type(name, (), {"__module__": "elsewhere"})

    known: dict[str, Any]


def resolved(function: Callable) -> dict[str, Any]:
    """Its annotations as they are meant; one that cannot be read asks nothing."""
    names = _Unknown()
    names.known = vars(sys.modules[function.__module__]) if function.__module__ in sys.modules else {}
    hints = {}
    for name, hint in function.__annotations__.items():
        try:
            hints[name] = eval(hint, names.known, names) if isinstance(hint, str) else hint
        except Exception:
            hints[name] = typing.Any
    return hints
