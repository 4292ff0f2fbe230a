"""Guess before you look: a question ahead of its result, and the guess beside the result afterwards.

    predict("day_3.cosines")            asks, with buttons where there are any
    predict("day_3.cosines", "b")       keeps a guess without buttons
    your_guess("day_3.cosines")            prints the guess, as the first line of the result that answers it
    your_guess("day_1.clean", measured)  … and keeps what this model gave, where that depends on the model
    guesses("day_3")                    at the end of the day: every guess beside what came out

A first guess stays; later ones have seen the result. On a page that nothing runs behind, what came out is folded.
"""

from __future__ import annotations

import math
from functools import partial
from html import escape
from string import ascii_lowercase
from typing import Any

from course_utils.base import EDGE_BLUE, EDGE_GREY
from course_utils.exercises import rendering
from course_utils.exercises.answer_key import Numeric, Prediction, Single, find_prediction, keys
from course_utils.exercises.guess_in_words import (
    came_out,
    compared,
    in_short,
    in_words,
    is_good,
    options_of,
)
from course_utils.exercises.progress_file import read_progress, remember_guess
from course_utils.exercises.quiz_grading import Percentage, parsed
from course_utils.exercises.quizzes import controls
from course_utils.exercises.rendering import Shown

_this_session: dict[str, float | int] = {}
"""Guesses by key, for where no progress is kept."""

_measured: dict[str, float | int] = {}
"""What came out in this session, by key: the guess is compared with it and no longer with the pocket model's."""


def predict(key: str, guess: Any = None) -> None:
    """Ask for a guess; or keep one without buttons, and compare it when called again.

    Examples:
        >>> predict("day_6.dead_share", "30%")
        Your guess is kept: 30 %. Run on and see; predict("day_6.dead_share") compares.

    Args:
        guess: a letter or a number, as the question asks; without it the question is shown.

    Raises:
        KeyError: if there is no such prediction.
        ValueError: if the guess is not one of the options, or not a number.
    """
    record = find_prediction(key)
    if guess is None:
        prediction_shown(key).show()
        return
    said = _keep(key, record, _as_percentage(record, parsed(record, guess)))
    Shown(said, rendering.box(rendering.rich(said), EDGE_GREY, f"Prediction {key}")).show()


def prediction_shown(key: str) -> Shown:
    """The question, and the comparison once there is a guess; with buttons, or with what came out folded."""
    record = find_prediction(key)
    lines = [f"Predict {key}: {record.text}"]
    lines += [
        f"   {letter}) {o.text}" for letter, o in zip(ascii_lowercase, options_of(record), strict=False)
    ]
    asked = "a letter" if isinstance(record, Single) else "a number"
    kept = _guess(key)
    lines.append(
        compared(record, kept, _measured.get(key))
        if kept is not None
        else f'Guess with predict("{key}", …): {asked}.'
    )
    question = _question(record)
    folded = rendering.folded("What came out", rendering.rich(came_out(record)))
    if kept is not None:
        folded = rendering.folded(
            "Compare your guess", rendering.rich(compared(record, kept, _measured.get(key)))
        )
    options = "".join(
        f'<div style="margin-left:1.2em">{letter}) {rendering.rich(o.text)}</div>'
        for letter, o in zip(ascii_lowercase, options_of(record), strict=False)
    )
    return Shown(
        "\n".join(lines),
        rendering.box(question + options + folded, EDGE_GREY, f"Prediction {key}"),
        partial(_widget, key, record),
    )


def your_guess(key: str, measured: Any = None) -> None:
    """Print the guess above the result. JupyterLab shows the first line of a folded output, which must not be the answer.

    Examples:
        >>> your_guess("day_6.dead_share")  # doctest: +ELLIPSIS
        Your guess: ...

    Args:
        measured: what came out, where it depends on the model (the record is ``of_pocket``): a number in the unit
            that the question asks for (NaN counts as None), or the letter of the option that holds. Guesses are
            compared with it from now on.

    Raises:
        KeyError: if there is no such prediction.
        ValueError: if ``measured`` is not a letter of one of the options.
    """
    record, guess = find_prediction(key), _guess(key)
    if isinstance(measured, str):
        _measured[key] = parsed(record, measured)
    elif measured is not None and math.isfinite(measured):
        _measured[key] = float(measured)
    print(f"Your guess: {'none' if guess is None else in_words(record, guess)}")


def guesses(day: str) -> None:
    """Show every guess of a day beside what came out, and how many were good.

    Examples:
        >>> guesses("day_6")  # doctest: +ELLIPSIS
        You made ... of the ... guesses of day 6...

    Raises:
        ValueError: if there is no such day.
    """
    guesses_shown(day).show()


def guesses_shown(day: str) -> Shown:
    """The day's guesses as text and as HTML."""
    records = {key: find_prediction(key) for key in keys(day, "PREDICTIONS")}
    made = {key: guess for key in records if (guess := _guess(key)) is not None}
    good = [key for key, guess in made.items() if is_good(records[key], guess, _measured.get(key))]
    head = f"You made {len(made)} of the {len(records)} guesses of {day.replace('_', ' ')}"
    head += f"; {len(good)} {'was' if len(good) == 1 else 'were'} right or close." if made else "."
    lines = [
        f"{'✓' if key in good else '✗'} {key}: {in_short(record, made[key], _measured.get(key))}"
        for key, record in records.items()
        if key in made
    ]
    html = "".join(f"<div>{rendering.rich(line)}</div>" for line in [head, *lines])
    return Shown("\n".join([head, *lines]), rendering.box(html, EDGE_BLUE, f"Guesses of {day}"))


def _question(record: Prediction) -> str:
    return f"<div><b>Predict.</b> {rendering.rich(record.text)}</div>"


# ── keeping ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _guess(key: str) -> float | None:
    """The first guess that was made, now or another day; None if none was, or none that fits the question."""
    record = find_prediction(key)
    guess = _this_session.get(key, read_progress().get("predictions", {}).get(key, {}).get("reply"))
    return guess if _fits(record, guess) else None


def _fits(record: Prediction, guess: Any) -> bool:
    """Whether this can be a guess: a file may have been changed by hand, or be of a later version."""
    if isinstance(record, Single):
        return guess in range(len(record.options))
    return type(guess) in (int, float, Percentage) and abs(guess) < 1e300


def _as_percentage(record: Prediction, guess: float) -> float:
    """0.16 means 16 where a percentage above 1 is asked for; "0.16%" does not."""
    if not isinstance(record, Numeric) or record.unit != "%" or isinstance(guess, Percentage):
        return guess
    return 100 * guess if 0 < guess < 1 < record.value else guess


def _keep(key: str, record: Prediction, guess: float) -> str:
    """Keep a guess; returns what to say about it."""
    if (first := _guess(key)) is not None:
        return f"Your first guess stays: {in_words(record, first)}. {compared(record, first, _measured.get(key))}"
    _this_session[key] = guess
    note = remember_guess(key, guess, partial(_fits, record))
    said = f'Your guess is kept: {in_words(record, guess)}. Run on and see; predict("{key}") compares.'
    return f"{said} {note}".strip()


def _widget(key: str, record: Prediction) -> Any:
    w = rendering.widgets()
    if w is None:
        return None
    fields, read = controls(w, record)
    keep = w.Button(description="Keep my guess", tooltip=f"Keep your guess for {key}")
    compare = w.Button(description="Compare", tooltip="Compare your guess with what came out")
    below = w.HTML()

    def say(html: str, colour: str = EDGE_GREY) -> None:
        below.value = rendering.box(f'<div role="status">{html}</div>', colour)

    def on_keep(_: Any) -> None:
        guess = read()
        if guess is None:
            say("Nothing is chosen yet.")
        elif isinstance(guess, str):
            say(escape(guess))
        else:
            say(rendering.rich(_keep(key, record, _as_percentage(record, guess))))

    def on_compare(_: Any) -> None:
        guess = _guess(key)
        if guess is None:
            say("Guess first, then compare.")
        else:
            say(rendering.rich(compared(record, guess, _measured.get(key))), EDGE_BLUE)

    keep.on_click(on_keep)
    compare.on_click(on_compare)
    return w.VBox([w.HTML(_question(record)), *fields, w.HBox([keep, compare]), below])
