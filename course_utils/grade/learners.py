"""Whose notebook is it? People rename files, copy them, and put their names before, behind, or on a folder.

A notebook belongs to a day by the exercises that its code asks for; where there are none, its name may say so. Words
that name nobody are passed over: the day and its title, "Copy of", "(1)", "final". What is left of the folders names
the learner: all that lies in ``anna`` is anna's, unless two notebooks of one day carry different names, as in
``class_b/ben.ipynb`` and ``class_b/eve.ipynb``. There, and where no folder names anybody, what is left of the file's
name does.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from course_utils.grade.results import ExerciseOutcome, Result

RANK = ("correct", "wrong", "raised", "no verdict", "not attempted")
DAY = re.compile(r"(?<![^\W\d_])day[\s_.-]*0?([1-7])(?!\d)", re.IGNORECASE)
# Of a copy or a version; a longer one may be a learner's.
SHORT_NUMBER = re.compile(r"v?\d{1,2}|copy\d+", re.IGNORECASE)
NOBODY = {
    *[
        "monosemantic",
        "dream",
        "polysemantic",
        "reality",
        "superposition",
        "toy",
        "models",
        "radio",
        "interference",
    ],
    *["sparse", "autoencoder", "feature", "steering", "seven", "days", "main", "course", "colab"],
    *[
        "copy",
        "of",
        "kopie",
        "von",
        "copie",
        "de",
        "copia",
        "the",
        "my",
        "mine",
        "on",
        "and",
        "a",
        "an",
        "in",
        "handed",
        "file",
        "untitled",
        "week",
        "session",
    ],
    *[
        "final",
        "new",
        "old",
        "draft",
        "try",
        "attempt",
        "again",
        "version",
        "solved",
        "solution",
        "solutions",
        "notebook",
        "notebooks",
    ],
    *["exercise", "exercises", "assignment", "homework", "submission", "submissions", "assignsubmission"],
}
"""Words of titles, of the folders that the course comes in, of copies, and of what is handed in."""

COPIES = 4
"""Notebooks of one day that one learner may have in a folder; more are a class's."""


@dataclass
class _Row:
    label: str
    named_by_folder: bool
    parts: list[Result] = field(default_factory=list)


def by_learner(results: Iterable[Result]) -> list[Result]:
    """One result a learner, who may have handed in seven notebooks, and some of them twice.

    Where two notebooks of a learner hold the same exercise, the best verdict counts. A notebook that asks for no
    exercise, and is not named after a day, stays a row of its own.

    Examples:
        >>> one = Result("anna/Copy of day_1", "ran", {"day_1.selectivity": ExerciseOutcome("correct")})
        >>> two = Result("anna/my messy nets", "ran", {"day_2.relevance": ExerciseOutcome("wrong")})
        >>> [(anna.learner, anna.n_solved, len(anna.outcomes)) for anna in by_learner([one, two])]
        [('anna', 1, 2)]

    Returns:
        In the order in which the learners first appear.
    """
    results = list(results)
    folders: dict[tuple[str, ...], list[Result]] = {}
    for result in results:
        folders.setdefault(_folder(result), []).append(result)
    several = {folder for folder, inside in folders.items() if not folder or _holds_several(inside)}
    rows: dict[tuple[str, ...], _Row] = {}
    for number, result in enumerate(results):
        folder = _folder(result)
        who = " ".join(_names(_stem(result)))
        if not _days(result) or (folder in several and not who):
            key, row = (f"\0{number}",), _Row(result.learner, False)
        elif folder in several:
            key, row = (*folder, who), _Row("/".join((*folder, who)), False)
        else:
            key, row = folder, _Row("/".join(folder), True)
        rows.setdefault(tuple(_alike(part) for part in key), row).parts.append(result)
    return [_together(row) for row in rows.values()]


def _together(row: _Row) -> Result:
    if len(row.parts) == 1:
        part = row.parts[0]
        return replace(part, learner=row.label) if row.named_by_folder else part
    outcomes: dict[str, ExerciseOutcome] = {}
    for key, outcome in (pair for part in row.parts for pair in part.outcomes.items()):
        if key not in outcomes or RANK.index(outcome.verdict) < RANK.index(outcomes[key].verdict):
            outcomes[key] = outcome
    named = [(part.learner.removeprefix(f"{row.label}/"), part) for part in row.parts]
    troubles = [f"{name}: {part.status}" for name, part in named if part.status != "ran"]
    errors = [(cell, f"{name}: {line}") for name, part in named for cell, line in part.errors]
    inventory = {when: reply for part in row.parts for when, reply in part.inventory.items()}
    names = tuple(name for name, _ in named)
    return Result(row.label, "; ".join(troubles) or "ran", outcomes, tuple(errors), inventory, names)


def _holds_several(results: Sequence[Result]) -> bool:
    """Whether these notebooks of one folder are those of several learners."""
    ours = Counter(day for result in results for day in _days(result))
    if any(n > COPIES for n in ours.values()):
        return True
    folder = _folder(results[0])
    own = {_alike(word) for word in _names(folder[-1])}
    for one, two in combinations(results, 2):
        first, second = ({_alike(word) for word in _names(_stem(r))} - own for r in (one, two))
        if _days(one) & _days(two) and first - second and second - first:
            return True
    return False


def _days(result: Result) -> set[str]:
    held = {key.partition(".")[0] for key in result.outcomes}
    return held or {f"day_{number}" for number in DAY.findall(_stem(result))}


def _folder(result: Result) -> tuple[str, ...]:
    return tuple(part for part in result.learner.split("/")[:-1] if _names(part))


def _stem(result: Result) -> str:
    return result.learner.split("/")[-1]


def _names(text: str) -> list[str]:
    """The words that may be somebody's name or number."""
    words = re.findall(r"[^\W_]+", DAY.sub(" ", unicodedata.normalize("NFC", text)))
    return [word for word in words if word.casefold() not in NOBODY and not SHORT_NUMBER.fullmatch(word)]


def _alike(text: str) -> str:
    """The same for names that look the same, or differ in capitals only."""
    return unicodedata.normalize("NFKC", text).casefold()
