"""A quiz or a prediction for a page without a kernel: its questions and every sentence of its answers, as JSON.

The page grades by itself (``widgets/scripts/quiz.js``), as `grade_reply` and `compared` do.
"""

from __future__ import annotations

import re
from string import ascii_lowercase
from typing import Any

from course_utils.exercises import rendering
from course_utils.exercises.answer_key import (
    Multiple,
    Numeric,
    Ordering,
    Question,
    Single,
    days,
    find_prediction,
    find_quiz,
    keys,
)
from course_utils.exercises.quiz_grading import as_shown, explained
from course_utils.exercises.quizzes import ASKS

SHOWN = re.compile(r"(Quiz|Predict) (day_\d+\.\w+)[:\n]")
GUESSES = re.compile(r"You made \d+ of the \d+ guesses of day (\d+)")
KINDS = {Single: "single", Multiple: "multiple", Numeric: "number", Ordering: "order"}


def asked_on_a_page(text: str) -> dict[str, Any] | None:
    """What a page needs to ask and to grade; None if the output is no quiz or prediction of the course.

    Examples:
        >>> asked_on_a_page("Predict day_6.dead_share: …")["script"], asked_on_a_page("Quiz show") is None
        ('prediction', True)

    Args:
        text: the output as plain text, which begins with its kind and its key.
    """
    if (listed := GUESSES.match(text)) and (day := f"day_{listed[1]}") in days():
        records = [_prediction(key) for key in keys(day, "PREDICTIONS")]
        return _view(
            f"Guesses of day {listed[1]}", "guesses", {"day": f"day {listed[1]}", "records": records}
        )
    if (found := SHOWN.match(text)) is None:
        return None
    what, key = found.groups()
    table = "QUIZZES" if what == "Quiz" else "PREDICTIONS"
    if (day := key.partition(".")[0]) not in days() or key not in keys(day, table):
        return None
    if what == "Predict":
        return _view(f"Prediction {key}", "prediction", _prediction(key))
    questions = [_question(question) for question in find_quiz(key).questions]
    return _view(f"Quiz {key}", "quiz", {"key": key, "questions": questions})


def _view(title: str, script: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "script": script, "controls": [], "data": data}


def _prediction(key: str) -> dict[str, Any]:
    record = find_prediction(key)
    return {"key": key, "question": _question(record), "of_pocket": record.of_pocket}


def _question(question: Question) -> dict[str, Any]:
    """HTML where a sentence has code or emphasis in it, escaped here."""
    said: dict[str, Any] = {
        "kind": KINDS[type(question)],
        "text": rendering.rich(question.text),
        "asks": ASKS[type(question)],
        "explained": [rendering.rich(line) for line in explained(question)],
    }
    if isinstance(question, Numeric):
        slips = [[wrong, rendering.rich(sentence)] for wrong, sentence in question.slips.items()]
        return said | {
            "value": question.value,
            "tolerance": question.tolerance,
            "unit": question.unit,
            "slips": slips,
            "why": rendering.rich(question.why),
        }
    options = [
        {
            "letter": letter,
            "place": place,
            "text": rendering.rich(option.text),
            "bare": rendering.rich(option.text.rstrip(".")),
            "right": option.right,
            "why": rendering.rich(option.why),
        }
        for letter, (place, option) in zip(ascii_lowercase, as_shown(question), strict=False)
    ]
    return said | {"options": options}
