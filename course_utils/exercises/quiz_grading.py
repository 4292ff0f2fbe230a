"""Is this reply right? A reply names options by their place, so that two options with the same text are still two."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any, NamedTuple

from course_utils.exercises.answer_key import Multiple, Numeric, Option, Ordering, Question, Single
from course_utils.exercises.describing import short


class Percentage(float):
    """A number that was typed with its percent sign."""


class Graded(NamedTuple):
    right: bool
    lines: tuple[str, ...]
    """The explanation of each option that the reply chose; of every option once it is right."""


def grade_reply(question: Question, reply: Any) -> Graded:
    """Judge a reply to a question.

    Examples:
        >>> question = Numeric("How many axes has a plane?", 2.0, 0.0, "one for each of its dimensions.")
        >>> grade_reply(question, 3.0)
        Graded(right=False, lines=('✗ It is smaller.',))

    Args:
        reply: a place, counted from 0, for `Single`; places for `Multiple` and `Ordering`; a number for `Numeric`.

    Raises:
        ValueError: if it is nothing of the kind, or there is no option at such a place.
    """
    _check_reply(question, reply)
    if isinstance(question, Numeric):
        return _grade_number(question, reply)
    if isinstance(question, Ordering):
        return _grade_order(question, reply)
    chosen = [reply] if isinstance(question, Single) else sorted(set(reply))
    right = chosen == [i for i, option in enumerate(question.options) if option.right]
    if right:
        return Graded(True, explained(question))
    lines = [_line(question, i) for i in chosen]
    if isinstance(question, Multiple) and (
        left := sum(o.right for o in question.options) - _n_right(question, chosen)
    ):
        lines.append(f"{left} of the others {'holds' if left == 1 else 'hold'} too.")
    return Graded(False, tuple(lines))


def _check_reply(question: Question, reply: Any) -> None:
    if isinstance(question, Numeric):
        if isinstance(reply, bool) or not isinstance(reply, int | float) or not math.isfinite(reply):
            raise ValueError(f"reply is {short(reply)}: this question asks for a number")
        return
    n = len(question.options)
    single = isinstance(question, Single)
    places = [reply] if single else reply
    listed = isinstance(places, list | tuple | set | frozenset | range)
    if not listed or not all(type(place) is int and 0 <= place < n for place in places):
        raise ValueError(
            f"reply is {short(reply)}: {'one place' if single else 'a list of places'} from 0 to {n - 1} is asked for"
        )
    if isinstance(question, Ordering) and sorted(places) != list(range(n)):
        raise ValueError(f"reply is {short(reply)}: each of the {n} places once")


def _n_right(question: Multiple, chosen: Sequence[int]) -> int:
    return sum(question.options[i].right for i in chosen)


def _grade_number(question: Numeric, reply: float) -> Graded:
    if math.isclose(reply, question.value, rel_tol=1e-12, abs_tol=question.tolerance):
        return Graded(True, explained(question))
    for wrong, sentence in question.slips.items():
        if math.isclose(reply, wrong, rel_tol=1e-12, abs_tol=question.tolerance):
            return Graded(False, (f"✗ {sentence}",))
    if question.unit == "%" and math.isclose(
        100 * reply, question.value, rel_tol=1e-12, abs_tol=question.tolerance
    ):
        return Graded(False, ("✗ That is the share; asked for is the percentage, a hundred times as much.",))
    return Graded(False, (f"✗ It is {'smaller' if reply > question.value else 'larger'}.",))


def _grade_order(question: Ordering, reply: Sequence[int]) -> Graded:
    if list(reply) == list(range(len(question.options))):
        return Graded(True, explained(question))
    first = next(i for i, place in enumerate(reply) if place != i)
    option = question.options[reply[first]]
    so_far = ["", "The first one is right", f"The first {first} are right"][min(first, 2)]
    head = f"{so_far}, but the next is not" if first else "The first one is not"
    return Graded(False, (f"✗ {head} “{option.text}”: {option.why}",))


def explained(question: Question) -> tuple[str, ...]:
    """The answer, with the reason for every option.

    Examples:
        >>> explained(Numeric("How many axes has a plane?", 2.0, 0.0, "one for each of its dimensions."))
        ('✓ 2: one for each of its dimensions.',)
    """
    if isinstance(question, Numeric):
        unit = f" {question.unit}" if question.unit else ""
        return (f"✓ {question.value:g}{unit}: {question.why}",)
    if isinstance(question, Ordering):
        return tuple(f"{i}. {o.text.rstrip('.')}: {o.why}" for i, o in enumerate(question.options, 1))
    return tuple(_line(question, i) for i in range(len(question.options)))


def _line(question: Single | Multiple, place: int) -> str:
    option = question.options[place]
    return f"{'✓' if option.right else '✗'} {ascii_lowercase[place]}) {option.text.rstrip('.')}: {option.why}"


def as_shown(question: Question) -> list[tuple[int, Option]]:
    """(place, option) in the order in which a reader sees them; empty for a number.

    Examples:
        >>> order = Ordering("Which first?", (Option("one", "first."), Option("two", "second.")), shown=(1, 0))
        >>> [option.text for _, option in as_shown(order)]
        ['two', 'one']
    """
    if isinstance(question, Numeric):
        return []
    order = question.shown if isinstance(question, Ordering) else range(len(question.options))
    return [(i, question.options[i]) for i in order]


def parsed(question: Question, reply: Any) -> Any:
    """A typed reply, ``"b"``, ``"ac"``, ``0.25``, ``"1/4"``, ``"25%"`` or ``"−5"``, as `grade_reply` takes it.

    Raises:
        ValueError: if it is not one of the letters, or not a number.
    """
    if isinstance(question, Numeric):
        return _number(reply)
    places = [place for place, _ in as_shown(question)]
    letters = ascii_lowercase[: len(places)]
    typed = "".join(str(reply).lower().replace(",", " ").split())
    wanted = {Single: 1, Ordering: len(places)}.get(type(question))
    if (
        not typed
        or set(typed) - set(letters)
        or len(set(typed)) != len(typed)
        or wanted not in (None, len(typed))
    ):
        example = {Single: "b", Multiple: "ab"}.get(type(question), letters[::-1])
        raise ValueError(
            f"{short(reply)} is not an answer to this question: its options are {', '.join(letters)}, so try {example!r}"
        )
    chosen = [places[letters.index(letter)] for letter in typed]
    return chosen[0] if isinstance(question, Single) else chosen


def _number(reply: Any) -> float:
    """A number as people write it: 3/8, −5 with the minus sign of a text, 1,000 and 0,5, 1e-3, 25 %."""
    try:
        if not isinstance(reply, str):
            value = float(reply)
        else:
            typed = (
                reply.strip().lower().translate({ord("−"): "-", ord("–"): "-", ord("%"): ""}).replace(" ", "")
            )
            thousands = re.fullmatch(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", typed)
            typed = typed.replace(",", "" if thousands else ".")
            top, slash, bottom = typed.partition("/")
            value = float(top) / float(bottom) if slash else float(typed)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        raise ValueError(f"{short(reply)} is not a number: write it as 0.25, 1/4 or 2.5e-1") from None
    if not math.isfinite(value):
        raise ValueError(f"{short(reply)} is not a number to compare with")
    return Percentage(value) if isinstance(reply, str) and "%" in reply else value
