"""What came of a hand-in: read from what its run left, all of which the notebook may have written itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_utils.exercises import find, is_reply

READ_AT_MOST = 5_000_000  # bytes of a file that a notebook could have written
VERDICTS = ("correct", "wrong", "raised")
WHEN = ("before", "after")


@dataclass(frozen=True)
class ExerciseOutcome:
    """What one learner made of one exercise."""

    verdict: str
    """``correct``, ``wrong``, ``raised``, ``not attempted``, or ``no verdict`` in a run that did not end."""

    attempts: int = 0
    slips: tuple[str, ...] = ()
    """The sentences of the slips that the attempts fell into, the most frequent first."""

    hints: int = 0
    """How many were read."""

    solution_seen: bool = False


@dataclass(frozen=True)
class Result:
    """What came of one hand-in, or of all those of a learner."""

    learner: str
    """As in `HandIn`; after `by_learner` the learner alone."""

    status: str
    """``ran``, or what happened instead."""

    outcomes: dict[str, ExerciseOutcome]
    """By key, for the exercises that the notebook holds."""

    errors: tuple[tuple[int, str], ...] = field(default=())
    """(cell, counted from 1; the error in a line)"""

    inventory: Mapping[str, str] = field(default_factory=dict)
    """Replies to the concept inventory, a letter a question, ``before`` and ``after`` the course."""

    notebooks: tuple[str, ...] = ()
    """After `by_learner`: those that were put together, if there are several."""

    @property
    def n_solved(self) -> int:
        """Exercises whose verdict is ``correct``."""
        return sum(outcome.verdict == "correct" for outcome in self.outcomes.values())


def result_of(
    learner: str, told: Path, progress: Path, known: Sequence[str], why_stopped: str | None
) -> Result:
    """The result of a run.

    Args:
        told: the file in which the worker said how far it came.
        progress: the file that the exercises kept their verdicts in.
        known: the keys of all exercises; others are not believed.
        why_stopped: by the watcher, or None.
    """
    said, kept = _read(told), _read(progress)
    status, ended = _status(said, why_stopped)
    held = _texts(said.get("keys"))
    outcomes = _outcomes(kept, held, known, "not attempted" if ended else "no verdict")
    return Result(learner, status, outcomes, _errors(said), _inventory(kept))


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > READ_AT_MOST:
            return {}
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _status(said: dict[str, Any], why: str | None) -> tuple[str, bool]:
    """(what to tell of the run, whether all cells were run)"""
    status, at = said.get("status"), said.get("cell")
    place = f" in cell {at}" if isinstance(at, int) and at else ""
    if why:
        return f"{why}{f', at{place[3:]}' if place else ''}", False
    if status == "ran":
        return "ran", True
    reason = printable(str(said.get("why", "")))[:200]
    return {
        "empty": ("empty: no cell holds code", True),
        "not a notebook": (f"not a notebook: {reason}", False),
        "kernel died": (f"its kernel died{place}", False),
        "failed": (f"could not be run: {reason}", False),
    }.get(str(status), (f"ended without a word{place}", False))


def _texts(listed: Any) -> set[str]:
    return {text for text in listed if isinstance(text, str)} if isinstance(listed, list) else set()


def _errors(said: dict[str, Any]) -> tuple[tuple[int, str], ...]:
    errors = said.get("errors")
    kept = []
    for entry in errors[:20] if isinstance(errors, list) else []:
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], int):
            kept.append((entry[0], printable(str(entry[1]))[:200]))
    return tuple(kept)


def _outcomes(
    kept: dict[str, Any], held: set[str], known: Sequence[str], otherwise: str
) -> dict[str, ExerciseOutcome]:
    """Only keys, verdicts and slips that the answer key knows are believed."""
    exercises = kept.get("exercises")
    exercises = exercises if isinstance(exercises, dict) else {}
    return {
        key: _outcome(exercises.get(key), set(find(key).slips), otherwise)
        for key in known
        if key in held or key in exercises
    }


def _outcome(entry: Any, sentences: set[str], otherwise: str) -> ExerciseOutcome:
    if not isinstance(entry, dict):
        return ExerciseOutcome(otherwise)
    verdict, slips = entry.get("verdict"), entry.get("slips")
    counts = {s: _count(n) for s, n in slips.items() if s in sentences} if isinstance(slips, dict) else {}
    return ExerciseOutcome(
        verdict if verdict in VERDICTS else otherwise,
        _count(entry.get("attempts")),
        tuple(sorted(counts, key=counts.__getitem__, reverse=True)),
        _count(entry.get("hints")),
        entry.get("solution_seen") is True,
    )


def _inventory(kept: dict[str, Any]) -> dict[str, str]:
    """Only replies that the inventory has options for are believed."""
    replies = kept.get("inventory")
    replies = replies if isinstance(replies, dict) else {}
    given = {when: replies[when].get("replies") for when in WHEN if isinstance(replies.get(when), dict)}
    return {when: reply for when, reply in given.items() if is_reply(reply)}


def _count(n: Any) -> int:
    return min(n, 1_000_000) if isinstance(n, int) and n > 0 else 0


def printable(text: str) -> str:
    """The text with a mark in the place of each sign that cannot be shown.

    Examples:
        >>> printable("anna\\x1b[2J")
        'anna�[2J'
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
