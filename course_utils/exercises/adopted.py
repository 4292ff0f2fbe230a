"""The learner's function as the notebook uses it, so that a tick holds for every cell below.

It is handed copies, so that nothing it does to its arguments reaches the notebook. What it returns is turned into what
the reference would have returned: kind, precision, device, strides, and a gradient only where one was asked for.
Arguments may be passed by the names of the task. The first calls, on the notebook's own numbers, are held against the
reference; a version that stops there, runs without an end or gives something else is told so, and the reference
stands in from then on.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises import feedback
from course_utils.exercises.answer_key import Exercise
from course_utils.exercises.describing import plain
from course_utils.exercises.guards import OutOfTime, call, guarded, kept_settings, kept_state
from course_utils.exercises.other_kinds import numbers_in, of_expected_kind
from course_utils.exercises.outcomes import CaseOutcome, disagree, generators
from course_utils.exercises.verdicts import Verdict

FIRST_CALLS = 8
"""So many different calls are held against the reference: different in shapes or in numbers that are not tensors."""

SECONDS = 60.0
"""For one of these calls."""

ROUGHLY = 1e-2
"""Relative tolerance on the notebook's numbers: single precision sums long rows in more than one right way."""


def adopted(
    record: Exercise, attempt: Callable[..., Any], verdict: Verdict, tell: Callable[[Verdict], None]
) -> Callable[..., Any]:
    """``attempt``, made to behave like the reference towards its caller.

    Args:
        verdict: of `judge` on this attempt.
        tell: shows a verdict, if the version turns out not to fit the notebook's own numbers.

    Returns:
        A function with the name, the docstring and the ``__wrapped__`` of ``attempt``.
    """
    reference = record.reference
    if isinstance(reference, type):
        return attempt
    signature = inspect.signature(reference)
    example_args = record.cases()[0]
    with kept_state():
        started = generators()
        example = reference(*record.cases()[0])
        reference_draws = generators() != started
    follows_args = _follows_args(example, example_args)
    only_by_name = {n for n, p in signature.parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    seen: set[Any] = set()
    stands_in, draws = False, verdict.draws
    running: set[int] = set()  # threads that are inside the attempt

    def run(args: tuple) -> Any:
        running.add(threading.get_ident())
        try:
            # what it draws is its own affair: draws below it stay what they are
            with kept_settings(), kept_state() if draws else contextlib.nullcontext():
                try:
                    returned = call(attempt, copied(args))
                except Exception:
                    needed = record.gradient or not any(x.requires_grad for x in _tensors(args))
                    if torch.is_grad_enabled() and needed:
                        raise
                    # `torch.autograd.grad` in it wants gradients on, `.numpy()` no graph
                    with torch.enable_grad():
                        returned = call(attempt, detached(copied(args)))
        finally:
            running.discard(threading.get_ident())
        return like(returned, example, args, follows_args=follows_args)

    def beside_the_reference(args: tuple) -> tuple[Any, Verdict | None]:
        nonlocal draws
        try:
            with (
                contextlib.nullcontext() if reference_draws else kept_state(),
                guarded(attempt, SECONDS),
            ):
                started = generators()
                returned = run(args)
                draws = draws or (not reference_draws and generators() != started)
        except OutOfTime:
            sizes = ", ".join(feedback.arguments(reference, args, values=0))
            return None, Verdict(
                "wrong", f"It ran longer than {SECONDS:g} s on the notebook's own numbers: {sizes}."
            )
        expected = _beside(reference, args)
        complaint = disagree(
            record, returned, CaseOutcome(expected, None, args), max(record.tolerance, ROUGHLY)
        )
        if complaint and not _nearly(returned, expected):
            told = f"It passes the checks, but not on the notebook's own numbers. {complaint}"
            return None, Verdict("wrong", told, feedback.arguments(reference, args))
        if _lost_gradient(record, returned, args):
            return None, Verdict(
                "wrong",
                "It passes the checks, but no gradient gets through it on the notebook's own numbers.",
            )
        return returned, None

    @functools.wraps(attempt, updated=())
    def yours(*args: Any, **kwargs: Any) -> Any:
        nonlocal stands_in
        if threading.get_ident() in running:
            return attempt(*args, **kwargs)  # it calls itself, perhaps with arguments of its own
        if only_by_name & kwargs.keys():
            return reference(*args, **kwargs)  # no case asks for these
        if kwargs or len(args) != len(example_args):
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                if not _takes(attempt, args, kwargs):
                    raise
                return attempt(*copied(args), **copied(kwargs))  # by its own names
            bound.apply_defaults()
            args = bound.args[: max(len(args) + len(kwargs), len(example_args))]
        if stands_in:
            return reference(*args)
        new = len(seen) < FIRST_CALLS and (looks := _looks(args)) not in seen
        try:
            if not new:
                return run(args)
            seen.add(looks)
            returned, amiss = beside_the_reference(args)
            if amiss is None:
                return returned
        except (KeyboardInterrupt, OutOfTime):
            raise
        except BaseException as error:  # of `exit()` too
            try:
                _beside(reference, args)
            except Exception:
                raise error from None  # the reference refuses these arguments as well
            sentence, details = feedback.error(attempt, error)
            amiss = Verdict("wrong", f"It stops on the notebook's own numbers. {sentence}".rstrip(), details)
        stands_in = True
        tell(amiss)
        return reference(*args)

    return yours


def copied(value: Any) -> Any:
    """The same numbers elsewhere in memory, inside lists, tuples and dictionaries too; gradients still flow back."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple):
        parts = map(copied, value)
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return list(map(copied, value))
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    return value


def detached(value: Any) -> Any:
    """The same without a graph behind it, inside lists and tuples too."""
    if isinstance(value, list | tuple):
        parts = map(detached, value)
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value.detach() if isinstance(value, Tensor) else value


def like(yours: Any, expected: Any, args: tuple, *, follows_args: bool) -> Any:
    """``yours`` as the reference would have returned it for ``args``.

    Args:
        expected: what the reference returned for others; tells of which kind its results are.
        follows_args: whether its precision is that of its arguments; else it is always the one of ``expected``.
    """
    tensors = list(_tensors(args))
    yours = of_expected_kind(yours, expected)
    if isinstance(expected, Tensor):
        if not isinstance(yours, Tensor):  # a list too may have other axes here than in the example
            listed = numbers_in(yours)
            yours = torch.as_tensor(plain(yours)) if listed is None else listed
        floats = expected.is_floating_point()
        dtype = _precision(tensors) if floats and follows_args else expected.dtype
        device = tensors[0].device if tensors else expected.device
        dense = yours.to_dense() if yours.layout != torch.strided else yours
        result = dense.to(device, dtype).as_subclass(Tensor).clone(memory_format=torch.contiguous_format)
        wanted = torch.is_grad_enabled() and any(x.requires_grad for x in tensors)
        return result if wanted else result.detach()
    if isinstance(expected, bool | int | float | complex):
        return type(expected)(plain(yours).item() if isinstance(plain(yours), Tensor) else yours)
    if isinstance(expected, list | tuple) and isinstance(yours, list | tuple):
        kinds = expected if len(expected) == len(yours) else [*expected[:1]] * len(yours)
        if len(kinds) != len(yours):
            return yours
        parts = [like(y, e, args, follows_args=follows_args) for y, e in zip(yours, kinds, strict=True)]
        return type(expected)(*parts) if hasattr(expected, "_fields") else type(expected)(parts)
    if isinstance(expected, Mapping) and isinstance(yours, Mapping):
        return {
            key: like(part, expected[key], args, follows_args=follows_args) if key in expected else part
            for key, part in yours.items()
        }
    return yours


def _tensors(value: Any) -> Any:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)


def _precision(tensors: list[Tensor]) -> torch.dtype:
    floats = [x.dtype for x in tensors if x.is_floating_point()]
    return functools.reduce(torch.promote_types, floats) if floats else torch.get_default_dtype()


def _follows_args(example: Any, args: tuple) -> bool:
    precision = _precision(list(_tensors(args)))
    return all(x.dtype == precision for x in _tensors(example) if x.is_floating_point())


def _looks(args: tuple) -> Any:
    """What tells two calls apart: shapes and precisions of tensors, and plain values."""
    if isinstance(args, Tensor):
        return args.dtype, tuple(args.shape)
    if isinstance(args, list | tuple):
        return tuple(map(_looks, args[:8])), len(args)
    return args if isinstance(args, int | float | str | None) else type(args)


def _takes(attempt: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> bool:
    try:
        inspect.signature(attempt).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return False
    return True


def _lost_gradient(record: Exercise, returned: Any, args: tuple) -> bool:
    """Whether training needs a gradient through ``returned``, and there is none."""
    trained = dict(zip(feedback.argument_names(record.reference), args, strict=False))
    wanted = any(getattr(trained.get(name), "requires_grad", False) for name in record.gradient)
    return wanted and torch.is_grad_enabled() and not any(x.requires_grad for x in _tensors(returned))


def _beside(reference: Callable[..., Any], args: tuple) -> Any:
    """What the reference gives, without a trace of it in gradients or generators."""
    with kept_state():
        return reference(*detached(copied(args)))


def _nearly(yours: Any, expected: Any) -> bool:
    """Whether all but one of a hundred numbers agree: ties and edges may fall otherwise in another right way."""
    yours, expected = plain(yours), plain(expected)
    if isinstance(expected, list | tuple) and isinstance(yours, list | tuple) and len(yours) == len(expected):
        return all(map(_nearly, yours, expected))
    if not isinstance(expected, Tensor) or not isinstance(yours, Tensor) or yours.shape != expected.shape:
        return False
    yours, expected = yours.double(), expected.double()
    finite = expected.isfinite()
    if not expected.ndim or (~yours.isfinite() & finite).any():
        return False  # one NaN spoils every mean below
    scale = expected[finite].abs().amax() if finite.any() else 0.0
    near = (yours - expected).abs() <= ROUGHLY * (expected.abs() + 0.1 * scale)
    near = near.where(finite, (yours == expected) | (yours.isnan() & expected.isnan()))
    return not near.numel() or near.double().mean().item() >= 0.99
