"""Does a tick hold on the notebook's own numbers, whatever trick a right answer uses? Asked in the strict run.

`tools.solved` wraps each solved exercise in `watched`. On the first calls that the notebook's cells make it tries every
trick below beside the reference: either the judge does not accept it, or what the cell gets is what the reference
gives, and nothing else in the notebook is touched. If every call gives what the reference gives, the rest of the day
does too. It also keeps which arguments a cell trains through, for `settle`.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises import Exercise, find, judge, keys
from course_utils.exercises.adopted import adopted, copied, detached
from course_utils.exercises.compare import difference
from course_utils.exercises.feedback import argument_names
from course_utils.exercises.guards import kept_state, reseed
from course_utils.exercises.verdicts import Verdict

CALLS = 2  # of each exercise that a notebook makes are tried
_trained_through: dict[str, set[str]] = defaultdict(set)
_watched: set[str] = set()


def everywhere(change: Callable[[Tensor], Any], value: Any) -> Any:
    """``value`` with its tensors changed, inside lists and tuples too."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, list | tuple):
        parts = [everywhere(change, part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def to(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    return lambda x: x.to(dtype) if x.is_floating_point() else x


def computing_in(dtype: torch.dtype) -> Callable:
    def trick(reference: Callable) -> Callable:
        return lambda *args: everywhere(to(dtype), reference(*everywhere(to(dtype), args)))

    return trick


def returning(change: Callable[[Tensor], Any]) -> Callable:
    def trick(reference: Callable) -> Callable:
        return lambda *args: everywhere(change, reference(*args))

    return trick


def in_place(reference: Callable) -> Callable:
    def spoil(x: Tensor) -> Tensor:
        with torch.no_grad():
            return x.fill_(7) if x.is_floating_point() else x.zero_()

    def attempt(*args: Any) -> Any:
        result = copied(reference(*copied(args)))
        everywhere(spoil, args)
        return result

    return attempt


def and_emptied_lists(reference: Callable) -> Callable:
    def attempt(*args: Any) -> Any:
        result = copied(reference(*copied(args)))
        for arg in args:
            if isinstance(arg, list):
                arg.clear()
        return result

    return attempt


def with_settings_left_behind(reference: Callable) -> Callable:
    def attempt(*args: Any) -> Any:
        result = reference(*args)
        torch.manual_seed(13), np.random.seed(13)  # noqa: NPY002
        torch.set_default_dtype(torch.float16)
        torch.set_grad_enabled(False)
        return result

    return attempt


def by_other_names(reference: Callable) -> Callable:
    names = [f"a{i}" for i, _ in enumerate(argument_names(reference))]
    space: dict[str, Any] = {"reference": reference}
    exec(f"def attempt({', '.join(names)}):\n return reference({', '.join(names)})", space)
    return space["attempt"]


TRICKS: dict[str, Callable[[Callable], Callable]] = {
    "in place": in_place,
    "emptied lists": and_emptied_lists,
    "float64": computing_in(torch.float64),
    "float16": computing_in(torch.float16),
    "bfloat16": returning(to(torch.bfloat16)),
    "NumPy": returning(lambda x: x.detach().numpy()),
    "NumPy and back": returning(lambda x: torch.from_numpy(np.asarray(x.detach().numpy(), dtype=None))),
    ".item()": returning(lambda x: x.item() if x.ndim == 0 else x),
    ".tolist()": returning(lambda x: x.tolist()),
    ".detach()": returning(lambda x: x.detach()),
    "list": returning(lambda x: list(x) if x.ndim else x),
    "non-contiguous": returning(lambda x: torch.stack([x, x], dim=-1)[..., 0]),
    "expanded": returning(lambda x: x.unsqueeze(-1).expand(*x.shape, 1)[..., 0]),
    "sparse": returning(lambda x: x.to_sparse() if x.ndim else x),
    "with gradients": returning(
        lambda x: x.clone().requires_grad_() if x.is_floating_point() and not x.requires_grad else x
    ),
    "no_grad": lambda reference: torch.no_grad()(lambda *args: reference(*args)),
    "inference_mode": lambda reference: torch.inference_mode()(lambda *args: reference(*args)),
    "settings left behind": with_settings_left_behind,
    "other names": by_other_names,
}


def watched(key: str, used: Callable[..., Any]) -> Callable[..., Any]:
    """``used``, which is what the notebook calls; on the first calls every trick is tried beside it."""
    record = find(key)
    names = argument_names(record.reference)
    calls = 0

    @functools.wraps(used, updated=())
    def mine(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        if calls < CALLS:
            calls += 1
            with kept_state():
                expected = of_the_reference(record, args, kwargs)
                for trick in TRICKS:
                    try_trick(key, record, trick, expected, args, kwargs)
        result = used(*args, **kwargs)
        through = {
            name for name, arg in zip(names, args, strict=False) if getattr(arg, "requires_grad", False)
        }
        for part in tensors(result):
            if part.requires_grad:
                part.register_hook(lambda _: _trained_through[key].update(through))
        return result

    return mine


def of_the_reference(record: Exercise, args: tuple, kwargs: dict[str, Any]) -> tuple[Any, Tensor]:
    """What it gives, and what the generator draws next."""
    reseed(0)
    return record.reference(*copied(args), **kwargs), torch.rand(1)


def try_trick(
    key: str, record: Exercise, trick: str, expected: tuple[Any, Tensor], args: tuple, kwargs: dict[str, Any]
) -> None:
    """Raises AssertionError if the cell would notice the trick and the judge accepts it."""
    _watched.add(key)
    attempt = TRICKS[trick](record.reference)
    if noticed(
        record, attempt, Verdict("correct"), expected, args, kwargs
    ):  # only then, since judges take longer
        verdict = judge(record, attempt)
        if verdict.status == "correct":
            what = noticed(record, attempt, verdict, expected, args, kwargs)
            assert what is None, f"{key}, {trick}: {what}"


def noticed(
    record: Exercise,
    attempt: Callable,
    verdict: Verdict,
    reference_gave: tuple[Any, Tensor],
    args: tuple,
    kwargs: dict[str, Any],
) -> str | None:
    """What is not as with the reference when a cell calls the attempt, or None."""
    told: list[Any] = []
    yours = adopted(record, attempt, verdict, told.append)
    handed = copied(args)
    expected, after = reference_gave
    reseed(0)
    result = yours(*handed, **kwargs)
    drawn = torch.rand(1)
    if not record.gradient:  # nothing trains through it, so its gradient is never missed
        result, expected = detached(result), detached(expected)
    if told:
        return told[0].sentence
    if kinds(result) != kinds(expected):
        return f"{kinds(result)} where the reference gives {kinds(expected)}"
    if difference(detached(handed), detached(args), 0.0) is not None:
        return "it changes what the notebook keeps"
    if not torch.equal(drawn, after):
        return "it moves the generator"
    bare = functools.partial(everywhere, lambda x: x.detach())
    return difference(bare(result), bare(expected))


def kinds(value: Any) -> Any:
    """Type, shape, precision, device, strides and gradient of a result, inside lists and tuples too."""
    if isinstance(value, Tensor):
        return "Tensor", type(value), tuple(value.shape), value.dtype, value.device, value.requires_grad
    if isinstance(value, list | tuple):
        return type(value), tuple(map(kinds, value))
    return type(value)


def tensors(value: Any) -> list[Tensor]:
    """All that are in a result."""
    if isinstance(value, list | tuple):
        return [part for each in value for part in tensors(each)]
    return [value] if isinstance(value, Tensor) else []


def settle(day: str) -> None:
    """At the end of a day: is `Exercise.gradient` what its cells trained through, and was every exercise called?

    Raises:
        AssertionError: if not.
    """
    for key in keys(day):
        record = find(key)
        if isinstance(record, Exercise):
            found = _trained_through[key]
            assert found == set(record.gradient), (
                f"{key}: cells train through {sorted(found)}, not {record.gradient}"
            )
            assert key in _watched, f"{key}: no call of its was watched"
