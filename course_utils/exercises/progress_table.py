"""The seven days at a glance: what is solved, tried and still to come."""

from __future__ import annotations

from html import escape
from typing import Any

from course_utils.base import EDGE_BLUE, EDGE_GREY
from course_utils.exercises import rendering
from course_utils.exercises.answer_key import day_module, days, find_quiz, keys
from course_utils.exercises.progress_file import progress_path, read_progress
from course_utils.exercises.rendering import Shown


def progress(day: str | None = None) -> None:
    """Show how many exercises and quiz questions of each day are solved; or of one day, what is open, and what comes next.

    Examples:
        >>> progress("day_3")  # doctest: +ELLIPSIS
        Day 3 ...
        Next: day 4, Toy models of superposition.

    Args:
        day: one of `days`, ``"day_3"``; all of them if None.

    Raises:
        KeyError: if there is no such day.
    """
    (progress_shown() if day is None else day_shown(day)).show()


def progress_shown() -> Shown:
    """The seven days as text and as HTML.

    Examples:
        >>> len(progress_shown().text.splitlines())  # a line a day, and where it is kept
        8
    """
    kept = read_progress()
    where = (
        "Kept in one file on this machine; `course progress` says where."
        if progress_path()
        else "Progress is not kept: COURSE_PROGRESS is empty."
    )
    rows = [_row(f"day_{n}", kept) for n in range(1, 8)]
    width = max(len(said) for _, _, said, _, _ in rows)
    text = "\n".join(
        f"{name}  {_bar(solved, total)}  {said:<{width}}".rstrip() for name, _, said, solved, total in rows
    )
    html = "".join(_html_row(*row) for row in rows)
    table = f'<table style="border-collapse:collapse"><caption style="text-align:left">Progress</caption>{html}</table>'
    return Shown(
        f"{text}\n{where}",
        rendering.box(f'{table}<div style="{rendering.QUIET}">{rendering.rich(where)}</div>', EDGE_BLUE),
    )


def day_shown(day: str) -> Shown:
    """How a day ended, as text and as HTML.

    Examples:
        >>> day_shown("day_7").text.splitlines()[-1]
        'That was the last day.'

    Raises:
        KeyError: if there is no such day.
    """
    kept = read_progress()
    asked = keys(day)
    name, title, said, solved, total = _row(day, kept)
    verdicts = {key.partition(".")[2]: kept["exercises"].get(key, {}).get("verdict") for key in asked}
    left = [f"`{task}`" for task, verdict in verdicts.items() if verdict != "correct"]
    still = f"Still open: {', '.join(left)}." if left else "All exercises are solved."
    later = [other for other in days() if other > day]
    then = f"Next: {later[0].replace('_', ' ')}, {_title(later[0])}." if later else "That was the last day."
    table = f'<table style="border-collapse:collapse">{_html_row(name, title, said, solved, total)}</table>'
    below = "".join(f"<div>{rendering.rich(line)}</div>" for line in (still, then))
    return Shown(
        "\n".join([f"{name}  {_bar(solved, total)}  {said}", still.replace("`", ""), then]),
        rendering.box(table + below, EDGE_BLUE, f"Progress in {day}"),
    )


def _row(day: str, kept: dict[str, Any]) -> tuple[str, str, str, int, int]:
    name = day.replace("_", " ").capitalize()
    if day not in days():
        return name, "", "not there yet", 0, 0
    exercises = [kept["exercises"].get(key, {}).get("verdict") for key in keys(day)]
    solved, total = exercises.count("correct"), len(exercises)
    tried = sum(verdict is not None for verdict in exercises) - solved
    said = f"{solved} of {total} exercises" + (f", {tried} tried" if tried else "")
    quizzes = keys(day, "QUIZZES")
    if quizzes:
        replies = [entry for key in quizzes for entry in kept["quizzes"].get(key, {}).values()]
        right = sum(entry.get("verdict") == "correct" for entry in replies if isinstance(entry, dict))
        said += f"; {right} of {sum(len(find_quiz(key).questions) for key in quizzes)} quiz questions"
    return name, _title(day), said, solved, total


def _title(day: str) -> str:
    """What the day's answer key calls it: the first line of its docstring, after ``Day 6:``."""
    doc = day_module(day).__doc__ or ""
    return doc.partition("\n")[0].partition(":")[2].strip().rstrip(".")


def _bar(solved: int, total: int) -> str:
    return "●" * solved + "○" * (total - solved) if total else "–"


def _html_row(name: str, title: str, said: str, solved: int, total: int) -> str:
    share = 100 * solved / total if total else 0
    bar = (
        f'<div role="img" aria-label="{solved} of {total} solved" style="width:9em;height:0.7em;'
        f'border:1px solid {EDGE_GREY};border-radius:3px"><div style="width:{share:.0f}%;height:100%;'
        f'background:{EDGE_BLUE}"></div></div>'
    )
    cell = '<td style="padding:2px 10px 2px 0;text-align:left">'
    return f"<tr>{cell}<b>{name}</b> {escape(title)}</td>{cell}{bar}</td>{cell}{escape(said)}</td></tr>"
