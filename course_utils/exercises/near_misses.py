"""What one small mistake, or two, would explain a wrong attempt? Asked of every exercise alike.

Four sources, in this order: how the results follow from the expected ones; one small change to the learner's own code
that makes it right; one small change to a right version that gives the learner's numbers; and two of these together.
What is said has been tried on every case, and on other draws of them.
"""

from __future__ import annotations

import itertools
import re
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from course_utils.exercises.answer_key import Exercise
from course_utils.exercises.code_changes import Change, changes, changes_everywhere, double_changes, source_of
from course_utils.exercises.compare import difference
from course_utils.exercises.describing import plain
from course_utils.exercises.guards import OutOfTime, call, guarded, kept_settings, reseed
from course_utils.exercises.outcomes import CaseOutcome, alike, complaint_about, outcome_of
from course_utils.exercises.relations import right_parts, whole_relation
from course_utils.exercises.right_except import right_except

SECONDS = 2.0
"""Of computing, for all of the search."""

TELL_ERRORS = False
"""For tests."""

VERSIONS = 4
"""So many right ways are changed: the reference and some variants."""


class Tried(NamedTuple):
    """A changed version and what it gives on the case that is looked at first."""

    change: Change
    mark: Any
    outcome: CaseOutcome


def near_miss(
    record: Exercise, attempt: Callable[..., Any], yours: Sequence[CaseOutcome], expected: Sequence[CaseOutcome]
) -> str | None:  # fmt: skip
    """A sentence that names the mistake, or two, behind a wrong attempt; None if none is found in time.

    Args:
        yours: the attempt's outcomes, one for each case.
        expected: the reference's.
    """
    if not record.shows_expected:
        return None
    try:
        with guarded(attempt, 2 * SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of code that nobody wrote
            return _Search(record, attempt, yours, expected).sentence()
    except OutOfTime:
        return None
    except Exception:  # of code that was changed, or of an odd result: a tutor who finds nothing says nothing
        if TELL_ERRORS:
            raise
        return None


def _look_at(change: Change) -> str:
    return f"Look at `{change.place}`: {change.words} it is right."


def _doubt(change: Change) -> int:
    """How easily it fits by chance: a step more may undo another one, a number may lie near."""
    return 2 * change.is_a_number + change.is_a_step_more


class _Search:
    def __init__(
        self,
        record: Exercise,
        attempt: Callable[..., Any],
        yours: Sequence[CaseOutcome],
        expected: Sequence[CaseOutcome],
    ) -> None:
        self.record, self.attempt, self.yours, self.expected = record, attempt, yours, expected
        self.until = time.process_time() + SECONDS
        self.draws = any(e.draws for e in expected)
        wrong = (
            i for i, (y, e) in enumerate(zip(yours, expected, strict=True)) if complaint_about(record, y, e)
        )
        self.probe = next(wrong)

    def sentence(self) -> str | None:
        stopped = any(y.error is not None for y in self.yours)
        if not stopped and (said := self._relation([y.value for y in self.yours])):
            return said
        mended, tried = self._mended()
        if mended is not None and not mended.is_a_number:
            return _look_at(mended)
        if stopped:
            return mended and _look_at(mended)
        if likened := self._likened():
            return f"Your numbers are those that come out {likened.words}."
        return (
            self._where(exactly=True)
            or (mended and _look_at(mended))
            or self._a_slip_and_a_relation()
            or self._a_slip_mended(tried)
            or self._mended_twice()
            or self._where(exactly=False)
            or right_parts(
                [y.value for y in self.yours], [e.value for e in self.expected], self.record.tolerance
            )
        )

    def _relation(self, values: Sequence[Any]) -> str | None:
        right = [e.value for e in self.expected]
        args = [e.args for e in self.expected]
        return whole_relation(self.record.reference, values, right, args, self.record.tolerance)

    def _where(self, *, exactly: bool) -> str | None:
        mine, right = ([_double(x.value) for x in results] for results in (self.yours, self.expected))
        if any(x is None for x in (*mine, *right)):
            return None
        args = [e.args for e in self.expected]
        return right_except(self.record.reference, mine, right, args, self.record.tolerance, exactly=exactly)  # type: ignore[arg-type]

    # ── one change ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _mended(self) -> tuple[Change | None, list[Tried]]:
        """The change of the learner's code that makes it right, the most telling if there are several, and all that were tried."""
        tried, best = [], None
        for change in self._in_time(itertools.chain(changes(self.attempt), changes_everywhere(self.attempt))):
            outcome = self._quick(change.function)
            if outcome is None:
                continue
            right = not complaint_about(self.record, outcome, self.expected[self.probe])
            if right and (best is None or _doubt(change) < _doubt(best)) and self._is_right(change.function):
                best = change
                if not _doubt(best):
                    break
            tried.append(Tried(change, _mark(outcome.value), outcome))
        return best, tried

    def _likened(self) -> Change | None:
        """The change of a right version that gives the learner's results."""
        mark, source = _mark(self.yours[self.probe].value), source_of(self.attempt)
        for version in [self.record.reference, *self.record.variants.values()][:VERSIONS]:
            for change in self._in_time(changes(version)):
                by_chance = change.is_a_number or change.is_a_step_more or mark is None
                if by_chance or not _speaks_of(change.words, source):
                    continue
                outcome = self._quick(change.function)
                if outcome is None or _mark(outcome.value) != mark:
                    continue
                if self._gives(change.function, self.attempt):
                    return change
        return None

    def _in_time(self, them: Iterable[Any]) -> Iterator[Any]:
        for each in them:
            if time.process_time() > self.until:
                return
            yield each

    def _quick(self, function: Callable[..., Any]) -> CaseOutcome | None:
        """What it gives on the case looked at; None if it stops."""
        args = self.record.cases()[self.probe]
        if self.draws:
            reseed(self.probe)
        try:
            with kept_settings():
                return CaseOutcome(call(function, args), None, args)
        except (KeyboardInterrupt, OutOfTime):
            raise
        except BaseException:
            return None

    def _is_right(self, function: Callable[..., Any]) -> bool:
        return self._gives(function, self.record.reference, judge=True)

    def _gives(self, function: Callable[..., Any], other: Callable[..., Any], *, judge: bool = False) -> bool:
        """Whether both give the same on every case, and on another draw of them."""
        for seed in (0, 1):
            for number, args in enumerate(self.record.cases(seed=seed)):
                mine = outcome_of(function, args, number)
                right = outcome_of(other, self.record.cases(seed=seed)[number], number)
                if mine.error is not None or right.error is not None:
                    return False
                if judge and complaint_about(self.record, mine, right):
                    return False
                if not judge and not alike(self.record, mine, right):
                    return False
        return True

    # ── two ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _a_slip_and_a_relation(self) -> str | None:
        values = [y.value for y in self.yours]
        if not _tell_much(values):
            return None
        for sentence, slip in self.record.slips.items():
            slipped = self._all_of(slip)
            if slipped is None or time.process_time() > self.until:
                continue
            args = [e.args for e in self.expected]
            said = whole_relation(
                self.record.reference, values, slipped, args, self.record.tolerance, only_named=True
            )
            if said:
                return f"Two things. {sentence} And besides: {said[0].lower()}{said[1:]}"
        return None

    def _a_slip_mended(self, mended: Sequence[Tried]) -> str | None:
        for sentence, slip in self.record.slips.items():
            outcome = self._quick(slip)
            if outcome is None or self._is_trivial(outcome):
                continue
            mark = _mark(outcome.value)
            for tried in mended:
                likely = tried.change.is_usual and not tried.change.is_a_step_more
                same = mark is not None and tried.mark == mark and likely
                if same and self._gives(tried.change.function, slip):
                    where = f"look at `{tried.change.place}`: {tried.change.words} one of them is mended."
                    return f"Two things. {sentence} And besides: {where}"
        return None

    def _is_trivial(self, outcome: CaseOutcome) -> bool:
        """Whether it gives back an argument, or one number everywhere: changed code often ends there."""
        value = _double(outcome.value)
        if value is None:
            return False
        as_it_came = any(
            difference(outcome.value, arg) is None for arg in outcome.args if isinstance(arg, Tensor)
        )
        return as_it_came or (value.numel() > 1 and bool((value == value.flatten()[0]).all()))

    def _mended_twice(self) -> str | None:
        for one, two in self._in_time(double_changes(self.attempt)):
            outcome = self._quick(one.function)
            if outcome is None or complaint_about(self.record, outcome, self.expected[self.probe]):
                continue
            if self._is_right(one.function):
                return f"Two things. Look at `{one.place}`: {one.words}; and at `{two.place}`: {two.words}. With both it is right."
        return None

    def _all_of(self, function: Callable[..., Any]) -> list[Any] | None:
        outcomes = [outcome_of(function, args, n) for n, args in enumerate(self.record.cases())]
        return None if any(o.error is not None for o in outcomes) else [o.value for o in outcomes]


def _speaks_of(words: str, source: str | None) -> bool:
    """Whether what is said of a right version can be found in the learner's code, or is missing there."""
    if re.search(r"\b_\w", words):  # a name that nobody else knows
        return False
    left_out, exchanged = re.match(r"without `(.+)`", words), re.search(r"of `(\w+)` exchanged", words)
    if source is None:
        return True
    if left_out:
        return left_out[1].replace(" ", "") not in source.replace(" ", "")
    return not exchanged or exchanged[1] in source


def _tell_much(values: Sequence[Any]) -> bool:
    """Whether the results hold so many different numbers that they hardly agree by chance."""
    tensors = [
        t for value in values for t in map(_double, value if isinstance(value, tuple | list) else [value])
    ]
    numbers = torch.cat([t.flatten() for t in tensors if t is not None] or [torch.zeros(0)])
    different = numbers[numbers.isfinite()].round(decimals=6).unique()
    return len(different) >= (8 if torch.equal(different, different.round()) else 3)


def _double(value: Any) -> Tensor | None:
    value = plain(value)
    return torch.as_tensor(value).double() if isinstance(value, Tensor | int | float) else None


def _mark(value: Any) -> Any:
    """Equal for results that may be the same; None for what cannot be told so."""
    if isinstance(value, list | tuple):
        return tuple(map(_mark, value))
    try:
        tensor = _double(value)
    except (TypeError, ValueError, RuntimeError):
        return None
    if tensor is None:
        return value if isinstance(value, str) else None
    if not tensor.isfinite().all():
        return None
    numbers = tensor.flatten()
    weighted = float(numbers @ torch.linspace(1.0, 2.0, numbers.numel(), dtype=torch.float64))
    return tuple(tensor.shape), float(f"{weighted:.3g}") if abs(weighted) > 1e-7 else 0.0
