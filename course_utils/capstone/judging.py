"""Judge a whole report, one project after the other; whatever goes wrong in one costs that one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from course_utils.capstone.points import (
    BY_PROGRAM,
    BY_TEACHER,
    PROJECTS,
    Note,
    Project,
    ProjectScore,
    Unjudged,
)
from course_utils.capstone.report_file import Report, read_report, shown

JUDGES = {
    "a": ("dictionary", "judge_dictionary"),
    "b": ("audit", "judge_audit"),
    "c": ("neuron", "judge_neuron"),
    "d": ("circuit", "judge_circuit"),
    "e": ("brought", "judge_brought"),
}
"""Letters, and what judges the project: a module is imported when its form is filled in."""


@dataclass(frozen=True)
class Judgement:
    """What a program makes of a report; made by `judge_report`."""

    report: str
    scores: tuple[ProjectScore, ...]

    @property
    def points(self) -> float:
        """Of all projects together."""
        return sum(score.points for score in self.scores)

    def lines(self) -> list[str]:
        """What the command prints."""
        said = [f"{self.report}: {self.points:.1f} of the {BY_PROGRAM:g} points that a program gives; a teacher gives up "
                f"to {BY_TEACHER:g} more (course judge --rubric)"]  # fmt: skip
        for score in self.scores:
            counted = f", counted as {score.points:g}" if score.points != score.raw else ""
            head = f"({score.project.letter}) {score.project.title}"
            said += ["", f"{head}: {score.raw:.1f} of {score.project.most:g}{counted}"]
            for note in score.notes:
                said.append(f"  {'     ' if note.points is None else f'{note.points:+5.1f}'}  {note.text}")
            said += [f"  missing: {sentence}" for sentence in score.missing]
        return said


def judge_report(path: Path, *, told: Callable[[ProjectScore], None] = lambda score: None) -> Judgement:
    """Read a report and score what a program can score.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "anna.ipynb")
        ...     _ = path.write_text('{"cells": [{"source": "AUDIT = audit()"}]}', encoding="utf-8")
        ...     judged = judge_report(path)
        >>> judged.points, judged.scores[1].missing[0][:31]
        (0.0, 'AUDIT, in cell 1, is no literal')

    Args:
        told: is called with each project's score as soon as it is there.

    Raises:
        ValueError: if it is no notebook; the message says what it is.
        OSError: if it cannot be read.
    """
    report, scores = read_report(path), []
    for project in PROJECTS:
        scores.append(_judge(project, report))
        told(scores[-1])
    return Judgement(shown(path.name)[1:-1], tuple(scores))


def _judge(project: Project, report: Report) -> ProjectScore:
    try:
        report.form(project.form)
        module, name = JUDGES[project.letter]
        judge: Callable[[Report], tuple[list[Note], list[str]]] = getattr(
            import_module(f"course_utils.capstone.{module}"), name
        )
        notes, missing = judge(report)
    except Unjudged as why:
        return ProjectScore(project, missing=(str(why),))
    except Exception as error:  # a report can be anything
        return ProjectScore(
            project, missing=(f"could not be judged: {shown(f'{type(error).__name__}: {error}', 200)}",)
        )
    return ProjectScore(project, tuple(notes), tuple(missing))
