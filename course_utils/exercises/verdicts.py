"""Judge an attempt: run it beside the reference on fresh cases and say, like a tutor, what comes out.

Nothing here prints, draws or writes; a `Verdict` is all there is.
"""

from __future__ import annotations

import contextlib
import dis
import math
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from course_utils.exercises import feedback
from course_utils.exercises.answer_key import Answer, Exercise
from course_utils.exercises.compare import difference, wrong_kind
from course_utils.exercises.describing import describe, kind
from course_utils.exercises.dtype_feedback import mixing
from course_utils.exercises.gradients import NO_GRADIENT, lost_gradient
from course_utils.exercises.guards import (
    OutOfTime,
    Said,
    guarded,
    innermost,
    kept_state,
    single_precision,
)
from course_utils.exercises.near_misses import near_miss
from course_utils.exercises.other_kinds import told
from course_utils.exercises.outcomes import (
    CaseOutcome,
    OwnWords,
    alike,
    complaint_about,
    outcome_of,
    outcomes_of,
    taken,
)
from course_utils.exercises.remarks import holds_everywhere, own_words, told_best_by, without_remark


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


RESULTS = 8
"""Results of up to so many numbers are shown beside the expected ones."""

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
    with kept_state(), single_precision():
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
    expected = outcomes_of(record.reference, cases)
    complaints: list[str | None] = []
    yours: list[CaseOutcome] = []
    returned: list[Any] = []
    printed = Said()
    try:
        with guarded(attempt, record.seconds, quiet=quiet) as printed:
            for number, args in enumerate(record.cases()):
                outcome = outcome_of(attempt, args, number)
                if _is_placeholder(attempt, outcome):
                    return _not_attempted(attempt)
                returned.append(outcome.value)
                outcome = outcome._replace(value=taken(record, outcome.value, expected[number].value))
                yours.append(outcome)
                complaints.append(complaint_about(record, outcome, expected[number]))
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
        more["notes"] += told(returned[0], expected[0].value) or mixing(yours[0].value, expected[0].value)
        return Verdict(
            "correct", **more, draws=any(y.draws > e.draws for y, e in zip(yours, expected, strict=True))
        )
    first = next(i for i, complaint in enumerate(complaints) if complaint)
    near = None
    if slip is None and wrong_kind(yours[first].value, expected[first].value) is None:
        first = told_best_by(complaints)
        if quiet and not holds_everywhere(complaints):
            slip = near = near_miss(record, attempt, yours, expected)
    if (error := yours[first].error) is not None:
        slip = slip or (near_miss(record, attempt, yours, expected) if quiet else None)
        sentence, details = feedback.error(attempt, error)
        return Verdict("raised", slip or sentence, details, slip is not None, error=error, **more)
    if slip and not near:
        return Verdict("wrong", slip, slip=True, **more)
    if complaint := wrong_kind(yours[first].value, expected[first].value):
        if record.gradient and isinstance(yours[first].value, np.ndarray | np.generic):
            complaint = f"It returned {kind(yours[first].value)}. {NO_GRADIENT}"
        return Verdict("wrong", complaint, **more)
    where = f"on input {first + 1} of {len(cases)}" if len(cases) > 1 else "on this input"
    details = feedback.arguments(record.reference, cases[first])
    if record.shows_expected:
        details += (f"expected: {describe(expected[first].value, RESULTS)}",)
    details += (f"yours: {describe(yours[first].value, RESULTS if record.shows_expected else 0)}",)
    complaint = complaints[first] or ""
    if isinstance(complaint, OwnWords) and not own_words(complaints) and not near:
        complaint = [each for each in complaints if each][-1]  # of the largest case, where less is chance
    if not holds_everywhere(complaints):
        complaint = without_remark(complaint)
    if isinstance(complaint, OwnWords):
        both = near and own_words(complaints) and near[:20] != complaint[:20]
        said = f"{complaint} {near}" if both else near or complaint
        return Verdict("wrong", str(said), details, slip=bool(near), **more)
    sentence = f"It differs {where}. {complaint}"
    if near:
        broken = f" {complaint}" if "NaN" in complaint or "infinite" in complaint else ""
        return Verdict("wrong", near + broken, (sentence, *details), slip=True, **more)
    return Verdict("wrong", f"{record.check} {sentence}".strip(), details, **more)


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
    if isinstance(expected, str) and value.strip(" .\"'“”").casefold() == expected.casefold():
        return Verdict("correct")
    if (complaint := difference(value, expected, record.tolerance)) is None:
        return Verdict("correct")
    slips = {sentence: computed(slip) for sentence, slip in record.slips.items()}
    near = [
        sentence
        for sentence, wrong in slips.items()
        if wrong_kind(value, wrong) is None and difference(value, wrong, record.tolerance) is None
    ]
    if near:
        return Verdict("wrong", min(near, key=lambda sentence: _apart(value, slips[sentence])), slip=True)
    if said := record.otherwise(value):
        return Verdict("wrong", said, slip=True)
    with contextlib.suppress(TypeError, ValueError, RuntimeError, OverflowError):
        if not math.isfinite(value):
            return Verdict("wrong", complaint)
        off = float(value) / float(expected) if expected else math.inf
        for factor, sentence in FACTORS.items():
            if abs(off / factor - 1) <= min(record.tolerance, 0.02):
                return Verdict("wrong", sentence, slip=True)
        return Verdict("wrong", "It is too large." if float(value) > float(expected) else "It is too small.")
    return Verdict("wrong", "It is not the expected one.")


def _apart(value: Any, wrong: Any) -> float:
    with contextlib.suppress(TypeError, ValueError, RuntimeError):
        return abs(float(value) - float(wrong))
    return 0.0


FACTORS = {
    100.0: "A hundred times too large: is it a percentage where a share is asked for?",
    0.01: "A hundred times too small: is it a share where a percentage is asked for?",
    1000.0: "A thousand times too large: look at the unit.",
    0.001: "A thousand times too small: look at the unit.",
    -1.0: "The right size, the wrong sign.",
}


# ── running ─────────────────────


def _other_numbers(record: Exercise, attempt: Callable[..., Any]) -> str | None:
    """None if it is right once more, with other draws of the cases; else a sentence."""
    again = "Right at first, but not when it is called again with other numbers: does it keep something between calls?"
    expected = outcomes_of(record.reference, record.cases(seed=1))
    try:
        with guarded(attempt, 4 * record.seconds):
            for number, args in enumerate(record.cases(seed=1)):
                if complaint := complaint_about(record, outcome_of(attempt, args, number), expected[number]):
                    return f"{again} {complaint}"
    except OutOfTime:
        return again
    return None


def _slip(record: Exercise, yours: Sequence[CaseOutcome], expected: Sequence[CaseOutcome]) -> str | None:
    """The sentence of the first slip that the attempt agrees with on every case, if that slip is wrong on some."""
    for sentence, wrong in record.slips.items():
        slipped = outcomes_of(wrong, record.cases())
        if all(map(alike, [record] * len(slipped), yours, slipped)) and any(
            map(complaint_about, [record] * len(slipped), slipped, expected)
        ):
            return sentence
    return None


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
