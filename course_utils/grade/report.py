"""What a teacher opens: a table for the spreadsheet, the details behind it, and a page for the class."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

from course_utils.base import VERDICT_COLOURS, render_template, write_text
from course_utils.exercises import right_replies
from course_utils.grade.collect import WHEN, ExerciseOutcome, Result
from course_utils.grade.items import item_table

MARKS = {"correct": "✓", "wrong": "✗", "raised": "!", "not attempted": "–", "no verdict": "?"}
RANK = ("correct", "wrong", "raised", "no verdict", "not attempted")


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
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = by_learner(results)
    paths = [folder / name for name in ("report.csv", "details.csv", "report.html")]
    _write_csv(paths[0], _wide(results))
    _write_csv(paths[1], _long(results))
    write_text(paths[2], report_html(results))
    return paths


def by_learner(results: Iterable[Result]) -> list[Result]:
    """One result a learner, who may have handed in seven notebooks.

    ``anna/day_1_….ipynb`` and ``anna/day_2_….ipynb`` are anna's; a notebook with any other name is a learner of its
    own, so ``class_b/ben.ipynb`` and ``class_b/eve.ipynb`` stay two. Where two notebooks of a learner hold the same
    exercise, the best verdict counts.

    Examples:
        >>> one = Result("anna/day_1", "ran", {"day_1.selectivity": ExerciseOutcome("correct")})
        >>> two = Result("anna/day_2", "ran", {"day_2.relevance": ExerciseOutcome("wrong")})
        >>> [(anna.learner, anna.n_solved, len(anna.outcomes)) for anna in by_learner([one, two])]
        [('anna', 1, 2)]

    Returns:
        In the order in which the learners first appear.
    """
    handed_in: dict[str, list[Result]] = {}
    for result in results:
        parts = result.learner.split("/")
        while len(parts) > 1 and re.match(r"day_\d", parts[-1]):
            parts.pop()
        handed_in.setdefault("/".join(parts), []).append(result)
    return [_together(learner, parts) for learner, parts in handed_in.items()]


def _together(learner: str, parts: Sequence[Result]) -> Result:
    """The best verdict counts where two notebooks hold the same exercise."""
    if len(parts) == 1:
        return replace(parts[0], learner=learner)
    outcomes: dict[str, ExerciseOutcome] = {}
    for key, outcome in (pair for part in parts for pair in part.outcomes.items()):
        if key not in outcomes or RANK.index(outcome.verdict) < RANK.index(outcomes[key].verdict):
            outcomes[key] = outcome
    of = {part.learner: part.learner.removeprefix(f"{learner}/") for part in parts}
    troubles = [f"{of[part.learner]}: {part.status}" for part in parts if part.status != "ran"]
    errors = [(cell, f"{of[part.learner]}: {line}") for part in parts for cell, line in part.errors]
    inventory = {when: reply for part in parts for when, reply in part.inventory.items()}
    return Result(learner, "; ".join(troubles) or "ran", outcomes, tuple(errors), inventory)


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


def _cell(value: object) -> object:
    """A spreadsheet would run a text that begins like a formula."""
    if isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@"):
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
    results = by_learner(results)
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
