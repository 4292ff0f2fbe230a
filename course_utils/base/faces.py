"""The face of a wing: public names, imported when they are first used, which check what is handed to them.

Whoever calls a public function from outside of the package has the arguments checked against their annotations
(`hints`): shapes, dtypes, signs, sizes. Calls inside the package go straight on, so that a training pays nothing, and so
does what torch compiles. A function's own checks come after.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lazy_loader

PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"


def attach(
    package: str,
    file: str,
    unchecked: Sequence[str] = (),
    around: Callable[[Callable], Callable] = lambda function: function,
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """What ``__init__.py`` of a wing takes for its ``__getattr__``, ``__dir__`` and ``__all__``; its stub lists the names.

    Examples:
        >>> import course_utils.worlds as wing
        >>> get, names, _ = attach("course_utils.worlds", wing.__file__)
        >>> get("welch_bound")(5, 2) == wing.welch_bound(5, 2), "welch_bound" in names()
        (True, True)

    Args:
        unchecked: names that refuse what does not go in better words of their own.
        around: what every function is wrapped in.
    """
    get, names, everything = lazy_loader.attach_stub(package, file)

    def __getattr__(name: str) -> Any:
        value = get(name) if name in unchecked else guarded(get(name), around)
        vars(sys.modules[package])[name] = value
        return value

    return __getattr__, names, everything


def guarded(value: Any, around: Callable[[Callable], Callable] = lambda function: function) -> Any:
    """The same, but that it checks: a function in its module's place, a class with its methods replaced."""
    home = sys.modules.get(getattr(value, "__module__", None) or "")
    if home is None or not (home.__file__ or "").startswith(PACKAGE):
        return value
    if inspect.isfunction(value):
        if hasattr(value, "__checks__") or vars(home).get(value.__name__) is not value:
            return value
        guard = checked(around(value))
        setattr(home, value.__name__, guard)
        return guard
    if inspect.isclass(value) and not issubclass(value, BaseException):
        for name, method in list(vars(value).items()):
            public = not name.startswith("_") or (
                name == "__init__" and not getattr(value, "_is_protocol", False)
            )
            if public and inspect.isfunction(method) and not hasattr(method, "__checks__"):
                setattr(value, name, checked(method, value.__name__ if name == "__init__" else name))
    return value


def may_have_gaps(*names: str) -> Callable[[Callable], Callable]:
    """Marks a function's arguments that may hold NaN, or be empty; all others are refused then.

    Examples:
        >>> @may_have_gaps("areas")
        ... def best(areas): ...
    """

    def mark(function: Callable) -> Callable:
        function.__gaps__ = frozenset(names)
        return function

    return mark


def from_inside() -> bool:
    """Whether the package itself is calling; torch's modules stand between ``sae(x)`` and ``forward``."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_name in ("_call_impl", "_wrapped_call_impl"):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(PACKAGE)


def checked(function: Callable, called: str = "") -> Callable:
    """The function, with its arguments checked when it is called from outside."""
    plan: list[Any] = []
    torch = sys.modules.get("torch")
    compiling = torch.compiler.is_compiling if torch else bool

    @functools.wraps(function)
    def border(*args: Any, **kwargs: Any) -> Any:
        if compiling() or from_inside():
            return function(*args, **kwargs)
        if not plan:
            from course_utils.base.border import Plan

            plan.append(Plan(function, called or function.__name__))
        args, kwargs = plan[0].read(args, kwargs)
        torch = sys.modules.get("torch")
        usual = torch is None or torch.get_default_dtype() == torch.float32
        try:
            if usual:
                answer = function(*args, **kwargs)
            else:
                from course_utils.base.precision import called_in_its_precision

                answer = called_in_its_precision(function, args, kwargs)
        except Exception as error:
            if sentence := plan[0].in_our_words(error, args, kwargs):
                raise ValueError(sentence) from error
            raise
        plan[0].check_answer(answer)
        return answer

    vars(border)["__checks__"] = True
    return border
