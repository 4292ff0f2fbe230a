"""Judge an attempt: run it beside the reference on fresh cases and say, like a tutor, what comes out.

Nothing here prints, draws or writes; a `Verdict` is all there is.
"""

from __future__ import annotations

import contextlib
import dis
import math
import random
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from course_utils.exercises import feedback
from course_utils.exercises.answer_key import Answer, Exercise
from course_utils.exercises.compare import beyond_comparing, difference, wrong_kind
from course_utils.exercises.describing import cast, describe, kind, plain
from course_utils.exercises.dtype_feedback import mixing, wrong_dtype
from course_utils.exercises.gradients import NO_GRADIENT, lost_gradient
from course_utils.exercises.guards import (
    OutOfTime,
    Said,
    call,
    guarded,
    innermost,
    kept_settings,
    kept_state,
    reseed,
)


@dataclass(frozen=True)
class Verdict:
    status: Literal["correct", "wrong", "raised", "not attempted"]
    sentence: str = ""
    """What a tutor would say; empty where the status says it all."""

    details: tuple[str, ...] = ()
    slip: bool = False
    """Whether the sentence is that of a known slip."""

    notes: tuple[str, ...] = ()
    """Worth knowing, even if the attempt is correct."""

    said: str = ""
    """What the attempt printed while it was judged."""

    error: BaseException | None = None

    draws: bool = False
    """Whether the attempt takes random numbers from the global generators, though the reference does not."""


class CaseOutcome(NamedTuple):
    value: Any = None
    error: BaseException | None = None
    args: tuple = ()
    draws: bool = False


class OwnWords(str):
    """A complaint of a record's own judge, which needs no "It differs" before it."""


NOT_ATTEMPTED = Verdict("not attempted")
IN_PLACE = "Your function changes {} in place. The notebook hands it copies; elsewhere, `.clone()` first."
COPY_ASKED = "Right, but {} itself is changed, and a copy was asked for: `.clone()` first."


def judge(record: Exercise, attempt: Callable[..., Any], *, quiet: bool = True) -> Verdict:
    """Run ``attempt`` on the record's cases, and say what a tutor would.

    Examples:
        >>> from course_utils.exercises.answer_key import find
        >>> judge(find("day_6.fvu"), lambda x, x_hat: [0.5]).sentence
        'It returned a list of 1, not a number.'

    Args:
        attempt: the learner's function; it may do anything that `guards` can stop.
        quiet: catch what it prints; else let it print, and a debugger step through it.

    Raises:
        KeyboardInterrupt: if the learner pressed the button.
    """
    with kept_state():
        verdict = _judge(record, attempt, quiet)
    if quiet and verdict.error is not None:
        traceback.clear_frames(verdict.error.__traceback__)  # or what filled the memory would stay in it
    return verdict


def _judge(record: Exercise, attempt: Callable[..., Any], quiet: bool) -> Verdict:
    if not callable(attempt):
        return Verdict("wrong", "`@exercise` goes right above a function.")
    cases = record.cases()
    if complaint := feedback.wrong_signature(record.reference, attempt, cases[0]):
        return Verdict("wrong", complaint)
    expected = _outcomes(record.reference, cases)
    complaints: list[str | None] = []
    yours: list[CaseOutcome] = []
    printed = Said()
    try:
        with guarded(attempt, record.seconds, quiet=quiet) as printed:
            for number, args in enumerate(record.cases()):
                outcome = _outcome(attempt, args, number)
                if _is_placeholder(attempt, outcome):
                    return _not_attempted(attempt)
                yours.append(outcome)
                complaints.append(_complaint(record, outcome, expected[number]))
    except OutOfTime as stopped:
        said = f"It ran longer than {record.seconds:g} s and was stopped: a loop without an end, or work that grows too fast?"
        return Verdict(
            "raised", said, feedback.own_line(attempt, stopped)[1], said=printed.excerpt, error=stopped
        )
    slip = _slip(record, yours, expected) if any(complaints) else None
    runs = list(zip(*([run.args for run in ran] for ran in (yours, expected)), record.cases(), strict=True))
    changed = feedback.changed_arguments(record.reference, runs)
    more: dict[str, Any] = {"notes": (IN_PLACE.format(changed),) if changed else (), "said": printed.excerpt}
    if not any(complaints):
        if changed and record.makes_a_copy:
            return Verdict("wrong", COPY_ASKED.format(changed), said=printed.excerpt)
        if complaint := lost_gradient(record, attempt) or _other_numbers(record, attempt):
            return Verdict("wrong", complaint, **more)
        more["notes"] += mixing(yours[0].value, expected[0].value)
        return Verdict(
            "correct", **more, draws=any(y.draws > e.draws for y, e in zip(yours, expected, strict=True))
        )
    first = next(i for i, complaint in enumerate(complaints) if complaint)
    if (error := yours[first].error) is not None:
        sentence, details = feedback.error(attempt, error)
        return Verdict("raised", slip or sentence, details, slip is not None, error=error, **more)
    if slip:
        return Verdict("wrong", slip, slip=True, **more)
    if complaint := wrong_kind(yours[first].value, expected[first].value):
        if record.gradient and isinstance(yours[first].value, np.ndarray | np.generic):
            complaint = f"It returned {kind(yours[first].value)}. {NO_GRADIENT}"
        return Verdict("wrong", complaint, **more)
    where = f"on input {first + 1} of {len(cases)}" if len(cases) > 1 else "on this input"
    details = feedback.arguments(record.reference, cases[first])
    if record.shows_expected:
        details += (f"expected: {describe(expected[first].value)}",)
    details += (f"yours: {describe(yours[first].value)}",)
    complaint = complaints[first] or ""
    sentence = complaint if isinstance(complaint, OwnWords) else f"It differs {where}. {complaint}"
    return Verdict("wrong", str(sentence), details, **more)


def judge_value(record: Answer, value: Any, context: tuple = ()) -> Verdict:
    """Judge a value to find.

    Examples:
        >>> from course_utils.exercises.answer_key import find
        >>> judge_value(find("day_7.the_other"), 3).status
        'wrong'

    Args:
        value: the learner's; ``...`` and None are "not attempted".
        context: what the reference needs to compute its own.
    """
    if value is Ellipsis or value is None:
        return NOT_ATTEMPTED

    def computed(right_or_slip: Any) -> Any:
        return right_or_slip(*context) if callable(right_or_slip) else right_or_slip

    expected = computed(record.reference)
    if complaint := wrong_kind(value, expected):
        return Verdict("wrong", complaint.replace("It returned", "This is"))
    if (complaint := difference(value, expected, record.tolerance)) is None:
        return Verdict("correct")
    for sentence, slip in record.slips.items():
        wrong = computed(slip)
        if wrong_kind(value, wrong) is None and difference(value, wrong, record.tolerance) is None:
            return Verdict("wrong", sentence, slip=True)
    with contextlib.suppress(TypeError, ValueError, RuntimeError, OverflowError):
        if not math.isfinite(value):
            return Verdict("wrong", complaint)
        off = float(value) / float(expected) if expected else math.inf
        for factor, sentence in FACTORS.items():
            if abs(off / factor - 1) <= min(record.tolerance, 0.02):
                return Verdict("wrong", sentence, slip=True)
        return Verdict("wrong", "It is too large." if float(value) > float(expected) else "It is too small.")
    return Verdict("wrong", "It is not the expected one.")


FACTORS = {
    100.0: "A hundred times too large: is it a percentage where a share is asked for?",
    0.01: "A hundred times too small: is it a share where a percentage is asked for?",
    1000.0: "A thousand times too large: look at the unit.",
    0.001: "A thousand times too small: look at the unit.",
    -1.0: "The right size, the wrong sign.",
}


# ── running ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _outcome(function: Callable[..., Any], args: tuple, seed: int) -> CaseOutcome:
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


def generators() -> tuple[Any, ...]:
    """Where Python's, NumPy's and torch's global generators stand."""
    numbers = np.random.get_state(legacy=False)["state"]  # noqa: NPY002 — a learner may use it
    return (
        random.getstate(),
        numbers["key"].tobytes(),
        numbers["pos"],
        torch.get_rng_state().numpy().tobytes(),
    )


def _other_numbers(record: Exercise, attempt: Callable[..., Any]) -> str | None:
    """None if it is right once more, with other draws of the cases; else a sentence."""
    again = "Right at first, but not when it is called again with other numbers: does it keep something between calls?"
    expected = _outcomes(record.reference, record.cases(seed=1))
    try:
        with guarded(attempt, 4 * record.seconds):
            for number, args in enumerate(record.cases(seed=1)):
                if complaint := _complaint(record, _outcome(attempt, args, number), expected[number]):
                    return f"{again} {complaint}"
    except OutOfTime:
        return again
    return None


def _outcomes(function: Callable[..., Any], cases: Sequence[tuple]) -> list[CaseOutcome]:
    return [_outcome(function, args, number) for number, args in enumerate(cases)]


def _complaint(record: Exercise, yours: CaseOutcome, expected: CaseOutcome) -> str | None:
    if expected.error is not None:
        raise expected.error
    if yours.error is not None:
        return "It raised an error."
    return disagree(record, yours.value, expected, record.tolerance)


def disagree(record: Exercise, yours: Any, expected: CaseOutcome, tolerance: float) -> str | None:
    """None if the record's judge takes ``yours`` for right, or the numbers agree; else a sentence."""
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


def _slip(record: Exercise, yours: Sequence[CaseOutcome], expected: Sequence[CaseOutcome]) -> str | None:
    """The sentence of the first slip that the attempt agrees with on every case, if that slip is wrong on some."""
    for sentence, wrong in record.slips.items():
        slipped = _outcomes(wrong, record.cases())
        if all(map(_alike, [record] * len(slipped), yours, slipped)) and any(
            map(_complaint, [record] * len(slipped), slipped, expected)
        ):
            return sentence
    return None


def _alike(record: Exercise, yours: CaseOutcome, slipped: CaseOutcome) -> bool:
    if yours.error is not None or slipped.error is not None:
        return type(yours.error) is type(slipped.error) and str(yours.error) == str(slipped.error)
    if difference(yours.value, slipped.value, record.tolerance) is None:
        return True  # a judge that looks at the answer alone finds a slip unlike itself
    return record.judge is not None and disagree(record, yours.value, slipped, record.tolerance) is None


def _is_placeholder(attempt: Callable[..., Any], outcome: CaseOutcome) -> bool:
    """The stub as it was handed out, or a body of ``...`` or ``pass``."""
    code = getattr(innermost(attempt), "__code__", None)
    if isinstance(outcome.error, NotImplementedError):
        return code is None or "NotImplementedError" in code.co_names
    if outcome.error is not None or outcome.value is not None or code is None:
        return False
    empty = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}
    return all(instruction.opname in empty for instruction in dis.get_instructions(code))


def _not_attempted(attempt: Callable[..., Any]) -> Verdict:
    """Distinguish a forgotten ``raise`` under real work from an untouched stub, which has two lines of code."""
    code = getattr(innermost(attempt), "__code__", None)
    if code is None or len({line for *_, line in code.co_lines() if line}) <= 2:
        return NOT_ATTEMPTED
    return Verdict(
        "not attempted", "`raise NotImplementedError` still stands in it: put a `return` in its place."
    )
