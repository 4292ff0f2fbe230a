"""What a teacher opens: a table for the spreadsheet, the details behind it, and a page for the class."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path

from course_utils.base import VERDICT_COLOURS, check_writable, make_folder, render_template, write_text
from course_utils.exercises import right_replies
from course_utils.grade.items import item_table
from course_utils.grade.learners import by_learner
from course_utils.grade.results import WHEN, ExerciseOutcome, Result

MARKS = {"correct": "✓", "wrong": "✗", "raised": "!", "not attempted": "–", "no verdict": "?"}


def write_reports(results: Sequence[Result], folder: Path) -> list[Path]:
    """Write ``report.csv`` (a row a learner), ``details.csv`` (a row an exercise) and ``report.html``.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> anna = Result("anna", "ran", {"day_6.fvu": ExerciseOutcome("wrong", attempts=2)})
        >>> with TemporaryDirectory() as folder:
        ...     print(write_reports([anna], Path(folder))[0].read_text(encoding="utf-8-sig"))
        "learner","status","cells with an error","solved","exercises","day_6.fvu"
        "anna","ran","0","0","1","wrong"

    Args:
        results: from `grade_folder`; those of one learner are put together, as by `by_learner`.
        folder: is made if it does not exist; older reports in it are overwritten.

    Returns:
        The three paths, in this order.

    Raises:
        OSError: if nothing can be written there.
    """
    paths = report_paths(folder)
    results = by_learner(results)
    _write_csv(paths[0], _wide(results))
    _write_csv(paths[1], _long(results))
    write_text(paths[2], _page(results))
    return paths


def report_paths(folder: Path) -> list[Path]:
    """Where `write_reports` writes. Call it before the work that they report on: it finds out whether it can.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     [path.name for path in report_paths(Path(folder, "new"))]
        ['report.csv', 'details.csv', 'report.html']

    Args:
        folder: is made if it does not exist.

    Raises:
        OSError: if nothing can be written there.
    """
    make_folder(folder)
    paths = [folder / name for name in ("report.csv", "details.csv", "report.html")]
    for path in paths:
        check_writable(path)
    return paths


def _keys(results: Iterable[Result]) -> list[str]:
    return sorted({key for result in results for key in result.outcomes})


def _wide(results: Sequence[Result]) -> Iterable[Sequence[object]]:
    keys = _keys(results)
    when = [time for time in WHEN if any(time in r.inventory for r in results)]
    yield [
        "learner",
        "status",
        "cells with an error",
        "solved",
        "exercises",
        *keys,
        *(f"inventory {t}" for t in when),
    ]
    for r in results:
        verdicts = [r.outcomes[key].verdict if key in r.outcomes else "" for key in keys]
        scores = [sum(right_replies(r.inventory[time])) if time in r.inventory else "" for time in when]
        yield [r.learner, r.status, len(r.errors), r.n_solved, len(r.outcomes), *verdicts, *scores]


def _long(results: Sequence[Result]) -> Iterable[Sequence[object]]:
    yield ["learner", "exercise", "verdict", "attempts", "slips", "hints", "solution seen"]
    for r in results:
        for key, o in r.outcomes.items():
            seen = "yes" if o.solution_seen else "no"
            yield [r.learner, key, o.verdict, o.attempts, " | ".join(o.slips), o.hints, seen]


def _write_csv(path: Path, rows: Iterable[Sequence[object]]) -> None:
    lines = StringIO(newline="")
    csv.writer(lines, quoting=csv.QUOTE_ALL).writerows([_cell(value) for value in row] for row in rows)
    write_text(path, "\ufeff" + lines.getvalue())  # the mark tells Excel that it is UTF-8


FORMULA = re.compile(
    r"[\s\x00-\x1f\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*[=+\-@＝＋－＠]"
)
"""A sign that begins one, in its wide form too, behind whatever cannot be seen."""


def _cell(value: object) -> object:
    """A spreadsheet would run a text that begins like a formula."""
    if isinstance(value, str) and FORMULA.match(value):
        return f"'{value}"
    return value


def report_html(results: Sequence[Result]) -> str:
    """The class, then each learner. Returns one page that loads nothing; what learners wrote is escaped.

    Examples:
        >>> page = report_html([Result("<anna>", "ran", {"day_6.fvu": ExerciseOutcome("correct")})])
        >>> "&lt;anna&gt;" in page, "Solved by 1 of 1." in page
        (True, True)

    Args:
        results: from `grade_folder`; those of one learner are put together, as by `by_learner`.
    """
    return _page(by_learner(results))


def _page(results: Sequence[Result]) -> str:
    keys = _keys(results)
    page = render_template(
        "grade",
        "report",
        results=results,
        keys=keys,
        exercises=[_exercise(key, results) for key in keys],
        marks=MARKS,
        colours=VERDICT_COLOURS,
        facts=_facts,
        items=item_table([r.inventory for r in results]),
        share=lambda x: "" if x is None else f"{x:.0%}",
        number=lambda x: "" if x is None else f"{x:.2f}",
    )
    return f"{page}\n"


def _exercise(key: str, results: Sequence[Result]) -> dict[str, object]:
    outcomes = [r.outcomes[key] for r in results if key in r.outcomes]
    return {
        "key": key,
        "n": len(outcomes),
        "n_solved": sum(o.verdict == "correct" for o in outcomes),
        "slips": Counter(sentence for o in outcomes for sentence in o.slips).most_common(),
    }


def _facts(o: ExerciseOutcome) -> str:
    facts = [f"{o.attempts} attempt{'s' if o.attempts != 1 else ''}"] if o.attempts else []
    facts += [f"hints read: {o.hints}"] if o.hints else []
    facts += ["solution seen"] if o.solution_seen else []
    return ", ".join(facts)
