"""The rubric as data, and what a judged project is made of. Every number of points stands here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the rubric."""

    points: float
    what: str


class Project(NamedTuple):
    """One of the five projects."""

    letter: str
    title: str
    form: str
    """The name of its form in the notebook."""

    program: tuple[Row, ...]
    teacher: tuple[Row, ...]

    @property
    def most(self) -> float:
        """What a program can give."""
        return sum(row.points for row in self.program)


COLUMN = 5.0
COLUMNS_ASKED = 3
COPY = 5.0
QUESTION = 0.5
EXPLANATION = 8.0
COMPLETE = 8.0
KNOCKED_OUT = 6.0
CONTROLS = 5.0
FINDING = 1.0

PROJECTS = (
    Project(
        "a",
        "Beat the shipped dictionary",
        "DICTIONARY",
        (Row(COLUMN * COLUMNS_ASKED, "three columns of the bench beaten at equal l0, and what learned nothing too, five points each"),),
        (
            Row(2, "Somebody else could repeat it: data, steps, seeds and time are written down."),
            Row(3, "It says what got worse, and why it thinks that the rest got better."),
        ),
    ),
    Project(
        "b",
        "Audit three sealed copies",
        "AUDIT",
        (Row(3 * COPY, "trigger, effect and place of each copy, or that nothing is planted; false alarms cost"),),
        (
            Row(2, "The search was planned before it was run, and controls were searched the same way."),
            Row(3, "It says which plants this search could not have found."),
        ),
    ),
    Project(
        "c",
        "Explain one neuron",
        "NEURON",
        (
            Row(12 * QUESTION, "the sceptic's twelve questions, each answered with a line that a cell printed"),
            Row(EXPLANATION, "the explanation as a function, on texts that it has not seen"),
        ),
        (
            Row(3, "The answers that speak against the explanation are used, and not argued away."),
            Row(3, "It says what the neuron does besides, and what the explanation leaves open."),
        ),
    ),
    Project(
        "d",
        "A circuit",
        "CIRCUIT",
        (
            Row(COMPLETE, "completeness of the circuit, beside random ones of the same size"),
            Row(KNOCKED_OUT, "what the real model loses without it, beside the same"),
        ),
        (
            Row(3, "Nodes are named by other texts than the prompt, and the story follows the edges."),
            Row(3, "It says what holding attention hides, and tries a second sentence."),
        ),
    ),
    Project(
        "e",
        "A model of your own",
        "BROUGHT",
        (
            Row(CONTROLS, "the dictionary's scores, beside their controls"),
            Row(3 * FINDING, "three findings, each with a line that a cell printed"),
        ),
        (
            Row(6, "Two findings say something about the model that its makers might not know."),
            Row(6, "One finding is against the method, and is not a small one."),
        ),
    ),
)  # fmt: skip

BY_PROGRAM = sum(project.most for project in PROJECTS)
BY_TEACHER = sum(row.points for project in PROJECTS for row in project.teacher)


class Note(NamedTuple):
    """What the judge found: points, and a sentence. Without points it is told only."""

    points: float | None
    text: str


@dataclass(frozen=True)
class ProjectScore:
    """What a program makes of one project; made by `judge_report`."""

    project: Project
    notes: tuple[Note, ...] = ()
    missing: tuple[str, ...] = ()
    """What the report would need for more, a sentence each."""

    @property
    def raw(self) -> float:
        """The sum of the notes, which false alarms can take below 0."""
        return float(sum(note.points or 0 for note in self.notes))

    @property
    def points(self) -> float:
        """What counts: not below 0, and no more than the rubric has."""
        return min(max(self.raw, 0.0), self.project.most)


class Unjudged(ValueError):
    """A project that cannot be judged; the sentence says what is asked."""
