"""What a notebook calls: `exercise`, `answer`, `hint`, `solution`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from course_utils.exercises.adopted import adopted
from course_utils.exercises.answer_key import Answer, Exercise, find
from course_utils.exercises.card import card, hint_shown, solution_shown
from course_utils.exercises.describing import short
from course_utils.exercises.guards import globals_of
from course_utils.exercises.picture_words import dress_figures
from course_utils.exercises.progress_file import remember_seen, remember_verdict
from course_utils.exercises.verdicts import Verdict, judge, judge_value

OWN_WORK = Verdict("not attempted", "This is the reference that stands in, not a function of yours.")
_next_hint: dict[str, int] = {}

dress_figures()  # every notebook calls something of this module before it draws


def exercise(key: str, *, debug: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Judge the function below when its cell runs; the name then means it if it passes, else the reference.

    Examples:
        >>> @exercise("day_6.fvu")
        ... def fvu(x, x_hat):
        ...     return (x - x_hat).square().sum() / (x - x.mean(dim=0)).square().sum()
        ✓ day_6.fvu: correct. From here on the notebook uses your version.

    Args:
        key: ``"day_6.encode"``, as in ``solutions/day_6.py``.
        debug: let the function print, and raise its error instead of telling of it, for the full traceback.

    Returns:
        A decorator, which returns your function if it passes, as `adopted` makes it fit for the cells below, and the
        reference otherwise. The task's own name means the same, should your function have another.

    Raises:
        KeyError: if there is no such exercise.
        TypeError: if the exercise asks for a value.
    """
    if callable(key):
        raise TypeError(
            f'write @exercise("day_…") with the key of the exercise above {getattr(key, "__name__", "it")}'
        )
    record = find(key)
    if not isinstance(record, Exercise):
        raise TypeError(f'{key} asks for a value: answer("{key}", …)')

    def tell(verdict: Verdict) -> None:
        card(key, record, verdict, partial(remember_seen, key)).show()

    def decorate(attempt: Callable[..., Any]) -> Callable[..., Any]:
        stands_in = attempt is record.reference  # as below a second decorator
        verdict = OWN_WORK if stands_in else judge(record, attempt, quiet=not debug)
        note = remember_verdict(key, verdict)
        if debug and verdict.error is not None:
            raise verdict.error
        card(key, record, verdict, partial(remember_seen, key), note).show()
        used = adopted(record, attempt, verdict, tell) if verdict.status == "correct" else record.reference
        names = globals_of(attempt)
        if names.get("__name__") == "__main__":  # a notebook: cells below call it by the name of the task
            names[key.partition(".")[2]] = used
        return used

    return decorate


def answer(key: str, value: Any = ..., *context: Any) -> Any:
    """Judge a value.

    Examples:
        >>> import torch
        >>> answer("day_6.l0_of_batch", 1.5, torch.tensor([[2.0, 0.0], [1.0, 3.0]]))
        ✓ day_6.l0_of_batch: correct.
        1.5

    Args:
        value: ``...`` means "not attempted".
        context: what the reference needs to compute its own, if the notebook passes something.

    Returns:
        The expected value, exact and in its own kind, whatever you gave.

    Raises:
        KeyError: if there is no such exercise.
        TypeError: if the exercise asks for a function.
        ValueError: if the reference can compute nothing from ``context``.
    """
    record = find(key)
    if not isinstance(record, Answer):
        raise TypeError(f'{key} asks for a function: write @exercise("{key}") above it')
    try:
        expected = record.reference(*context) if callable(record.reference) else record.reference
    except Exception as error:
        given = ", ".join(short(one) for one in context) or "nothing"
        raise ValueError(
            f"{key} cannot be judged with {given} after your value: copy the line again"
        ) from error
    verdict = judge_value(record, value, context)
    note = remember_verdict(key, verdict)
    card(key, record, verdict, partial(remember_seen, key), note).show()
    return expected


def hint(key: str, number: int | None = None) -> None:
    """Show the next hint, or the one of this number, counted from 1; the last one for numbers beyond.

    Examples:
        >>> hint("day_6.encode", 1)
        Hint 1 of 3 for day_6.encode: Three steps: centre the input, project it onto the encoder directions, keep what is positive.

    Raises:
        KeyError: if there is no such exercise.
        TypeError: if the number is not a whole one.
    """
    record = find(key)
    if number is not None and not isinstance(number, int):
        raise TypeError(f"hints are counted 1 to {len(record.hints)}, not {short(number)}")
    number = max(min(number or _next_hint.get(key, 1), len(record.hints)), 1)
    _next_hint[key] = number + 1
    remember_seen(key, hints=number)
    hint_shown(key, record, number).show()


def solution(key: str) -> None:
    """Show how the reference is written, and why.

    Examples:
        >>> solution("day_6.encode")  # doctest: +ELLIPSIS
        Solution of day_6.encode
        ...

    Raises:
        KeyError: if there is no such exercise.
    """
    record = find(key)
    remember_seen(key, solution=True)
    solution_shown(key, record).show()
