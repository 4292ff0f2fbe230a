"""What came out of one case, and whether it is what another version gives, by the record's own judge."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from course_utils.exercises.answer_key import Exercise
from course_utils.exercises.compare import beyond_comparing, difference, wrong_kind
from course_utils.exercises.describing import cast, describe, plain
from course_utils.exercises.dtype_feedback import wrong_dtype
from course_utils.exercises.guards import OutOfTime, call, kept_settings, reseed
from course_utils.exercises.other_kinds import of_expected_kind


class CaseOutcome(NamedTuple):
    value: Any = None
    error: BaseException | None = None
    args: tuple = ()
    draws: bool = False


class OwnWords(str):
    """A complaint of a record's own judge, which needs no "It differs" before it."""


def outcome_of(function: Callable[..., Any], args: tuple, seed: int) -> CaseOutcome:
    reseed(seed)
    before = generators()
    try:
        with kept_settings():
            value = call(function, args)
    except (KeyboardInterrupt, OutOfTime):
        raise
    except BaseException as error:  # of `exit()` too
        return CaseOutcome(None, error, args)
    return CaseOutcome(value, None, args, draws=generators() != before)


def outcomes_of(function: Callable[..., Any], cases: Sequence[tuple]) -> list[CaseOutcome]:
    return [outcome_of(function, args, number) for number, args in enumerate(cases)]


def generators() -> tuple[Any, ...]:
    """Where Python's, NumPy's and torch's global generators stand."""
    numbers = np.random.get_state(legacy=False)["state"]  # noqa: NPY002 — a learner may use it
    return (
        random.getstate(),
        numbers["key"].tobytes(),
        numbers["pos"],
        torch.get_rng_state().numpy().tobytes(),
    )


def complaint_about(record: Exercise, yours: CaseOutcome, expected: CaseOutcome) -> str | None:
    if expected.error is not None:
        raise expected.error
    if yours.error is not None:
        return "It raised an error."
    return disagree(record, yours.value, expected, record.tolerance)


def taken(record: Exercise, yours: Any, expected: Any) -> Any:
    """``yours`` as it is judged: a list or an array for a tensor, unless a gradient has to get through."""
    return yours if record.gradient else of_expected_kind(yours, expected)


def disagree(record: Exercise, yours: Any, expected: CaseOutcome, tolerance: float) -> str | None:
    """None if the record's judge takes ``yours`` for right, or the numbers agree; else a sentence."""
    yours = taken(record, yours, expected.value)
    if record.judge is None:
        return difference(yours, expected.value, tolerance)
    if complaint := wrong_kind(yours, expected.value):
        return complaint
    mine = right = None
    try:
        mine, right = plain(yours), plain(expected.value)
        verdict = record.judge(cast(mine, right), right, expected.args)
        verdict = verdict if isinstance(verdict, str) else bool(verdict)
    except Exception:
        cannot = f"It cannot be compared: it is {describe(yours)}, expected is {describe(expected.value)}."
        return beyond_comparing(mine, right) or cannot
    if verdict is True:
        return wrong_dtype(mine, right)
    if isinstance(verdict, str) and verdict:
        return OwnWords(verdict)
    return beyond_comparing(mine, right) or "It is not what is expected."


def alike(record: Exercise, yours: CaseOutcome, slipped: CaseOutcome) -> bool:
    if yours.error is not None or slipped.error is not None:
        return type(yours.error) is type(slipped.error) and str(yours.error) == str(slipped.error)
    if difference(taken(record, yours.value, slipped.value), slipped.value, record.tolerance) is None:
        return True  # a judge that looks at the answer alone finds a slip unlike itself
    return record.judge is not None and disagree(record, yours.value, slipped, record.tolerance) is None
