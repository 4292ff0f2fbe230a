"""The small card under a cell: what came out, and hints and the solution at a click.

Three forms of the same: buttons in a live notebook; folded hints on a page that nothing runs behind; plain text.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from course_utils.base import EDGE_BLUE, EDGE_GREY, EDGE_ORANGE
from course_utils.exercises import rendering
from course_utils.exercises.answer_key import Answer, Exercise, explanation, source
from course_utils.exercises.rendering import Shown
from course_utils.exercises.verdicts import Verdict

SIGNS = {
    "correct": ("✓", "Correct", EDGE_BLUE),
    "wrong": ("✗", "Not yet", EDGE_ORANGE),
    "raised": ("✗", "Stopped", EDGE_ORANGE),
    "not attempted": ("○", "Not attempted yet", EDGE_GREY),
}
STANDS_IN = {
    Exercise: "The reference stands in until yours passes.",
    Answer: "The expected value stands in until yours is right.",
}
USED = {Exercise: "From here on the notebook uses your version.", Answer: ""}


def card(
    key: str,
    record: Exercise | Answer,
    verdict: Verdict,
    seen: Callable[..., str] = lambda **what: "",
    note: str = "",
) -> Shown:
    """The card of one attempt.

    Args:
        seen: told of each hint (``hints=2``) and of the solution (``solution=True``) that a button shows.
        note: one more line, about the keeping of progress.
    """
    notes = [*verdict.notes, note] if note else list(verdict.notes)
    html = _html(key, record, verdict, notes)
    colour = SIGNS[verdict.status][2]
    label = f"Exercise {key}"
    return Shown(
        _text(key, record, verdict, notes),
        rendering.box(html + _folded_hints(record), colour, label),
        lambda: _widget(key, record, rendering.box(html, colour, label), seen),
    )


def _follows(record: Exercise | Answer, verdict: Verdict) -> str:
    return (USED if verdict.status == "correct" else STANDS_IN)[type(record)]


def _text(key: str, record: Exercise | Answer, verdict: Verdict, notes: list[str]) -> str:
    sign, word, _ = SIGNS[verdict.status]
    lines = [f"{sign} {key}: {word[0].lower()}{word[1:]}. {_follows(record, verdict)}".rstrip()]
    lines += [f"  {line}" for line in (verdict.sentence, *verdict.details, *notes) if line]
    if verdict.said:
        lines += ["  It printed:", *(f"    {line}" for line in verdict.said.splitlines())]
    if verdict.status != "correct":
        lines.append(f'  hint("{key}") gives a hint, solution("{key}") the solution.')
    return "\n".join(lines)


def _html(key: str, record: Exercise | Answer, verdict: Verdict, notes: list[str]) -> str:
    sign, word, _ = SIGNS[verdict.status]
    dots = "●" * record.difficulty + "○" * (3 - record.difficulty)
    parts = [
        f'<div role="status"><b>{sign} {word}</b> · <code style="{rendering.CODE}">{escape(key)}</code> '
        f'<span style="{rendering.QUIET}" role="img" aria-label="difficulty {record.difficulty} of 3">{dots}</span>'
    ]
    if verdict.sentence:
        parts.append(f"<div>{rendering.rich(verdict.sentence)}</div>")
    if verdict.details:
        parts.append(rendering.block(verdict.details))
    parts += [f"<div>Note: {rendering.rich(note)}</div>" for note in notes]
    if follows := _follows(record, verdict):
        parts.append(f'<div style="{rendering.QUIET}">{escape(follows)}</div>')
    parts.append("</div>")
    if verdict.said:
        parts.append(rendering.folded("What it printed", rendering.block(verdict.said.splitlines())))
    return "".join(parts)


def _folded_hints(record: Exercise | Answer) -> str:
    """Each hint inside the one before it, and the solution inside the last, so that one click shows one."""
    html = rendering.folded("Solution", _solution_html(record))
    for number in range(len(record.hints), 0, -1):
        html = rendering.folded(
            f"Hint {number} of {len(record.hints)}", rendering.rich(record.hints[number - 1]) + html
        )
    return html


def hint_shown(key: str, record: Exercise | Answer, number: int) -> Shown:
    """One hint, counted from 1."""
    title = f"Hint {number} of {len(record.hints)}"
    hint = record.hints[number - 1]
    return Shown(
        f"{title} for {key}: {hint}", rendering.box(_hint_html(record, number), label=f"{title} for {key}")
    )


def solution_shown(key: str, record: Exercise | Answer) -> Shown:
    """Explanation and source of the reference, as text and as HTML.

    Examples:
        >>> from course_utils.exercises.answer_key import find
        >>> print(solution_shown("day_6.fvu", find("day_6.fvu")).text.splitlines()[0])
        Solution of day_6.fvu
    """
    text = f"Solution of {key}\n\n{explanation(record)}\n\n{source(record)}"
    return Shown(text, rendering.box(_solution_html(record), label=f"Solution of {key}"))


def _hint_html(record: Exercise | Answer, number: int) -> str:
    hint = rendering.rich(record.hints[number - 1])
    return f'<div style="margin-bottom:6px"><b>Hint {number} of {len(record.hints)}</b> {hint}</div>'


def _solution_html(record: Exercise | Answer) -> str:
    return f"<div><b>Solution</b><br>{rendering.rich(explanation(record))}{rendering.python(source(record))}</div>"


def _widget(key: str, record: Exercise | Answer, html: str, seen: Callable[..., str]) -> Any:
    w = rendering.widgets()
    if w is None:
        return None
    n = len(record.hints)
    shown = {"hints": 0, "solution": False}
    hint = w.Button(description=f"Hint 1 of {n}", tooltip=f"Show the next of {n} hints for {key}")
    solution = w.Button(description="Solution", tooltip=f"Explanation and source of {key}")
    below = w.HTML()

    def draw() -> None:
        parts = [_hint_html(record, number) for number in range(1, shown["hints"] + 1)]
        parts += [_solution_html(record)] if shown["solution"] else []
        told = f'<div role="status">{"".join(parts)}</div>'
        below.value = rendering.box(told, label=f"Hints and solution of {key}") if parts else ""

    def next_hint(_: Any) -> None:
        shown["hints"] = min(shown["hints"] + 1, n)
        if shown["hints"] < n:
            hint.description = f"Hint {shown['hints'] + 1} of {n}"
        else:
            hint.description = "No more hints"  # not disabled: that would take the keyboard's focus away
        seen(hints=shown["hints"])
        draw()

    def toggle_solution(_: Any) -> None:
        shown["solution"] = not shown["solution"]
        solution.description = "Hide solution" if shown["solution"] else "Solution"
        seen(solution=True)
        draw()

    hint.on_click(next_hint)
    solution.on_click(toggle_solution)
    return w.VBox([w.HTML(html), w.HBox([hint, solution]), below])
