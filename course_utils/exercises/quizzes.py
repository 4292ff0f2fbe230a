"""Questions to check a reading by: one choice, several, a number, an order; every option says why.

`grade` is all the judging there is; the buttons, the folded answers of a saved page and ``quiz(key, 2, "ac")`` go
through it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from string import ascii_lowercase
from typing import Any

from course_utils.base import EDGE_BLUE, EDGE_ORANGE
from course_utils.exercises import rendering
from course_utils.exercises.answer_key import Multiple, Numeric, Ordering, Question, Quiz, Single, find_quiz
from course_utils.exercises.describing import short
from course_utils.exercises.progress_file import remember_question
from course_utils.exercises.quiz_grading import Graded, as_shown, explained, grade_reply, parsed
from course_utils.exercises.rendering import Shown

ASKS = {
    Single: "Choose one.",
    Multiple: "Choose all that hold.",
    Numeric: "Give a number.",
    Ordering: "Put them in order.",
}


def quiz(key: str, number: int | None = None, reply: Any = None) -> None:
    """Show a quiz; or answer one of its questions without buttons.

    Examples:
        >>> quiz("day_6.reading", 1, "a")  # doctest: +ELLIPSIS
        day_6.reading, question 1: ✗ Not yet.
        ...

    Args:
        number: of a question, counted from 1; without it the whole quiz is shown.
        reply: a letter, several letters in one string, or a number, as the question asks.

    Raises:
        KeyError: if there is no such quiz.
        ValueError: if it has no question of this number, or the reply is none of its options.
    """
    questions = find_quiz(key).questions
    if number is None:
        quiz_shown(key).show()
        return
    if number not in range(1, len(questions) + 1):
        raise ValueError(f"{key} has questions 1 to {len(questions)}, not {short(number)}")
    number = int(number)
    question = questions[number - 1]
    graded = grade_reply(question, parsed(question, reply))
    note = remember_question(key, number, graded.right)
    lines = [_verdict(graded), *graded.lines, *([note] if note else [])]
    label = f"{key}, question {number}"
    Shown(
        "\n".join([f"{label}: {lines[0]}", *(f"  {line}" for line in lines[1:])]), _feedback(graded, note)
    ).show()


def quiz_shown(key: str) -> Shown:
    """The quiz with buttons; on a page that nothing runs behind, with the answers folded; as text, without them."""
    record = find_quiz(key)
    text, html = [f"Quiz {key}"], []
    for number, question in enumerate(record.questions, 1):
        text += [f"{number}. {question.text} {ASKS[type(question)]}"]
        text += [
            f"   {letter}) {o.text}"
            for letter, (_, o) in zip(ascii_lowercase, as_shown(question), strict=False)
        ]
        answers = "".join(f"<div>{rendering.rich(line)}</div>" for line in explained(question))
        html.append(_question_html(number, question, options=True) + rendering.folded("Answer", answers))
    text.append(f'Answer with quiz("{key}", 1, …): a letter, letters, or a number.')
    return Shown(
        "\n".join(text),
        rendering.box("".join(html), EDGE_BLUE, f"Quiz {key}"),
        lambda: _widget(key, record),
    )


def _question_html(number: int, question: Question, *, options: bool) -> str:
    html = f"<b>{number}.</b> {rendering.rich(question.text)} <i>{ASKS[type(question)]}</i>"
    if options:
        html += "".join(
            f'<div style="margin-left:1.2em">{letter}) {rendering.rich(o.text)}</div>'
            for letter, (_, o) in zip(ascii_lowercase, as_shown(question), strict=False)
        )
    return f'<div style="margin-top:6px;line-height:1.5">{html}</div>'


def _verdict(graded: Graded) -> str:
    return "✓ Right." if graded.right else "✗ Not yet."


def _feedback(graded: Graded, note: str = "") -> str:
    lines = [f"<b>{_verdict(graded)}</b>", *map(rendering.rich, graded.lines), escape(note)]
    html = "".join(f"<div>{line}</div>" for line in lines if line)
    return rendering.box(f'<div role="status">{html}</div>', EDGE_BLUE if graded.right else EDGE_ORANGE)


def _widget(key: str, record: Quiz) -> Any:
    w = rendering.widgets()
    if w is None:
        return None
    total, right = w.HTML(), dict[int, bool]()

    def graded(number: int, is_right: bool) -> None:
        right[number] = is_right
        total.value = _total(len(right), sum(right.values()), len(record.questions))

    questions = [_question_widget(w, key, n, each, graded) for n, each in enumerate(record.questions, 1)]
    return w.VBox([*questions, total])


def _total(n_answered: int, n_right: int, n_questions: int) -> str:
    """Told under the last question, and to a screen reader as it changes."""
    left = n_questions - n_answered
    ends = "All answered." if n_right < n_questions else "Well done."
    said = f"{n_right} of {n_questions} right. {f'{left} to go.' if left else ends}"
    return f'<div role="status" style="margin-top:6px"><b>{said}</b></div>'


def _question_widget(
    w: Any, key: str, number: int, question: Question, told: Callable[[int, bool], None]
) -> Any:
    fields, read = controls(w, question)
    check = w.Button(description=f"Check {number}", tooltip=f"Check your answer to question {number}")
    reveal = w.Button(
        description=f"Explain {number}",
        tooltip=f"Show the answer to question {number}, with the reason for every option",
    )
    below = w.HTML()

    def on_check(_: Any) -> None:
        reply = read()
        if reply is None:
            below.value = rendering.box('<div role="status">Nothing is chosen yet.</div>')
            return
        if isinstance(reply, str):
            below.value = rendering.box(f'<div role="status">{escape(reply)}</div>')
            return
        graded = grade_reply(question, reply)
        below.value = _feedback(graded, remember_question(key, number, graded.right))
        told(number, graded.right)

    def on_reveal(_: Any) -> None:
        lines = "".join(f"<div>{rendering.rich(line)}</div>" for line in explained(question))
        below.value = rendering.box(f'<div role="status">{lines}</div>')

    asked = _question_html(number, question, options=False)
    check.on_click(on_check)
    reveal.on_click(on_reveal)
    return w.VBox(
        [w.HTML(f'<div role="heading" aria-level="4">{asked}</div>'), *fields, w.HBox([check, reveal]), below]
    )


def controls(w: Any, question: Question) -> tuple[list[Any], Callable[[], Any]]:
    """Widgets to answer a question with, and a function that reads the reply off them: None for nothing yet, a string for a complaint.

    Each is reached by Tab alone: JupyterLab keeps the arrow keys, which radio groups and dropdowns need, for itself.
    """
    if isinstance(question, Numeric):
        field = w.Text(description="Answer:", placeholder="a number", layout={"width": "16em"})
        unit = [w.HTML(escape(question.unit))] if question.unit else []
        return [w.HBox([field, *unit])], partial(_read_typed, question, field)
    lettered = list(zip(ascii_lowercase, as_shown(question), strict=False))
    if isinstance(question, Ordering):
        rows = [w.HTML(f"{letter}) {rendering.rich(o.text)}") for letter, (_, o) in lettered]
        example = ", ".join(letter for letter, _ in lettered)
        field = w.Text(description="Order:", placeholder=f"letters: {example}", layout={"width": "24em"})
        return [*rows, field], partial(_read_typed, question, field)
    labels = [f"{letter}) {_bare(o.text)}" for letter, (_, o) in lettered]
    if isinstance(question, Single):
        buttons = [
            w.RadioButtons(options=[label], index=None, layout={"width": "auto", "margin": "0"})
            for label in labels
        ]
        _only_one(buttons)
        return buttons, lambda: next((i for i, b in enumerate(buttons) if b.index is not None), None)
    boxes = [w.Checkbox(description=label, indent=False, layout={"width": "auto"}) for label in labels]
    return boxes, lambda: [i for i, box in enumerate(boxes) if box.value] or None


def _only_one(buttons: Sequence[Any]) -> None:
    """Choosing one takes the choice from the others."""

    def chosen(change: Any) -> None:
        if change["new"] is not None:
            for button in buttons:
                if button is not change["owner"]:
                    button.index = None

    for button in buttons:
        button.observe(chosen, "index")


def _bare(text: str) -> str:
    return text.replace("`", "")


def _read_typed(question: Numeric | Ordering, field: Any) -> Any:
    typed = field.value.strip()
    try:
        return parsed(question, typed) if typed else None
    except ValueError:
        asked = "a number" if isinstance(question, Numeric) else "each letter once"
        return f"“{typed}” is not {asked}."
