"""A guess beside what came out, in words.

Where what came out depends on the model, the record holds the pocket model's result and says so; a cell that ran on
another model gives its own, and the guess is compared with that.
"""

from __future__ import annotations

import math

from course_utils.exercises.answer_key import Numeric, Option, Prediction, Single
from course_utils.exercises.quiz_grading import grade_reply


def compared(record: Prediction, guess: float, measured: float | None = None) -> str:
    """A sentence or two: what was guessed, what came out, and by how much they differ.

    Args:
        measured: what came out in this session. None takes the record's own result.
    """
    if record.of_pocket and measured is not None:
        pocket = f"(Pocket model: {in_words(record, right_of(record))}. {_why(record)})"
        return f"{_beside(record, guess, measured)} {pocket}"
    if record.of_pocket:
        return f"{_beside(record, guess, right_of(record), ' in the pocket model')} {_why(record)}"
    if isinstance(record, Single):
        chosen = record.options[int(guess)]
        if chosen.right:
            return f"{_beside(record, guess, guess)} {chosen.why}"
        return f"You guessed {in_words(record, guess)}. {chosen.why} {came_out(record)}"
    return f"{_beside(record, guess, record.value)} {record.why}"


def _beside(record: Prediction, guess: float, result: float, where: str = "") -> str:
    """The guess beside the result."""
    said = f"You guessed {in_words(record, guess)}"
    if isinstance(record, Single):
        if guess == result:
            return f"{said}, and so it is{where}."
        return f"{said};{where} it is {in_words(record, result)}."
    gap = guess - result
    percent = record.unit == "%"
    more, fewer = ("many", "few") if not percent and float(result).is_integer() else ("high", "low")
    off = f"{abs(gap):.3g}{' percentage points' if percent else ''} too {more if gap > 0 else fewer}"
    near = "which is close" if is_good(record, guess, result) else off
    return f"{said};{where} it is {in_words(record, result)}: {near}."


def in_short(record: Prediction, guess: float, measured: float | None = None) -> str:
    """A guess and what came out, in one clause each; arguments as in `compared`."""
    where = " in the pocket model" if record.of_pocket and measured is None else ""
    result = right_of(record) if measured is None else measured
    return f"you guessed {in_words(record, guess)};{where} it is {in_words(record, result)}."


def is_good(record: Prediction, guess: float, measured: float | None = None) -> bool:
    """Whether a guess names what came out, or lies within the record's tolerance of it."""
    if measured is not None:
        if isinstance(record, Single):
            return guess == measured
        return math.isclose(guess, measured, rel_tol=1e-12, abs_tol=record.tolerance)
    return grade_reply(record, int(guess) if isinstance(record, Single) else guess).right


def options_of(record: Prediction) -> tuple[Option, ...]:
    """What there is to choose from; nothing where a number is asked for."""
    return record.options if isinstance(record, Single) else ()


def right_of(record: Prediction) -> float:
    """The record's own result: a number, or the place of the right option."""
    return (
        record.value
        if isinstance(record, Numeric)
        else next(i for i, o in enumerate(record.options) if o.right)
    )


def in_words(record: Prediction, guess: float) -> str:
    """A number with its unit, or an option in quotes."""
    if isinstance(record, Single):
        return f"“{record.options[int(guess)].text.rstrip('.')}”"
    return f"{guess:,.4g} {record.unit}".strip()


def _why(record: Prediction) -> str:
    return record.why if isinstance(record, Numeric) else record.options[int(right_of(record))].why


def came_out(record: Prediction) -> str:
    """What is folded under the question on a page that nothing runs behind."""
    it_is = "It is" if isinstance(record, Numeric) else "What came out:"
    if record.of_pocket:
        it_is = "In the pocket model:"
    return f"{it_is} {in_words(record, right_of(record))}. {_why(record)}"
