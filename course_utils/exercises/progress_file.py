"""Keep what was solved, in one file on this machine; nothing is ever sent anywhere.

    {"version": 1, "exercises": {"day_6.encode": {"verdict": "correct", "attempts": 3, …}}, "quizzes": {…}}

The file is ``COURSE_PROGRESS`` if that is set (empty: nothing is kept), else in the user's data folder. Writes are
atomic and two notebooks at once take turns. Trouble with the file never reaches the learner's cell: it is told once.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeGuard

from filelock import FileLock, Timeout

from course_utils.base import check_writable, write_text
from course_utils.exercises.verdicts import Verdict

VERSION = 1
PATIENCE = 3.0  # seconds to wait while another notebook writes
GRADED = os.environ.get("COURSE_GRADE_PROGRESS")
"""Where `course grade` reads the verdicts, whatever the notebook makes of its environment afterwards."""

_told: set[str] = set()


class NotKept(Exception):
    """Why progress could not be written."""


def progress_path() -> Path | None:
    """Where progress is kept; None if ``COURSE_PROGRESS`` is set and empty, or the user has no home.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, COURSE_PROGRESS="my/progress.json"):
        ...     progress_path().name
        'progress.json'
    """
    with contextlib.suppress(RuntimeError):
        return _chosen_path()
    return None


def _chosen_path() -> Path | None:
    chosen = GRADED or os.environ.get("COURSE_PROGRESS")
    if chosen is not None:
        return Path(chosen).expanduser() if chosen.strip() else None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "superposition-course" / "progress.json"


def read_progress() -> dict[str, Any]:
    """What is kept so far; empty if nothing is, or if it cannot be read.

    Examples:
        >>> sorted(read_progress())[:2]
        ['exercises', 'quizzes']
    """
    path = progress_path()
    with contextlib.suppress(OSError, ValueError):
        if path is not None and path.is_file():  # a pipe would keep us waiting
            return _parse(path.read_bytes())
    return _empty()


def remember_verdict(key: str, verdict: Verdict) -> str:
    """Count an attempt; solved stays solved. Returns a line for the learner if something is amiss, else "" ."""
    if verdict.status == "not attempted":
        return ""

    def change(kept: dict[str, Any]) -> None:
        entry = kept["exercises"].setdefault(key, {})
        if entry.get("verdict") == "correct":
            return
        entry["verdict"] = verdict.status
        entry["attempts"] = entry.get("attempts", 0) + 1
        if verdict.slip:
            slips = entry.setdefault("slips", {})
            slips[verdict.sentence] = slips.get(verdict.sentence, 0) + 1
        if verdict.status == "correct":
            entry["first_correct"] = _now()

    return _update(change)


def remember_seen(key: str, hints: int = 0, solution: bool = False) -> str:
    """Note how far the hints were read, and whether the solution was."""

    def change(kept: dict[str, Any]) -> None:
        entry = kept["exercises"].setdefault(key, {})
        if hints > entry.get("hints", 0):
            entry["hints"] = hints
        if solution:
            entry["solution_seen"] = True

    return _update(change)


def remember_question(key: str, number: int, right: bool) -> str:
    """Count a reply to question ``number`` (from 1) of a quiz; right stays right."""

    def change(kept: dict[str, Any]) -> None:
        entry = kept["quizzes"].setdefault(key, {}).setdefault(str(number), {})
        if entry.get("verdict") == "correct":
            return
        entry["verdict"] = "correct" if right else "wrong"
        entry["attempts"] = entry.get("attempts", 0) + 1
        if right:
            entry["first_correct"] = _now()

    return _update(change)


def remember_guess(key: str, reply: float | int, fits: Callable[[Any], bool]) -> str:
    """Keep what was predicted: the place of an option, or a number. The first guess that ``fits`` stays: a later one has seen the result."""

    def change(kept: dict[str, Any]) -> None:
        guesses = kept.setdefault("predictions", {})
        if not fits(guesses.get(key, {}).get("reply")):
            guesses[key] = {"reply": reply, "when": _now()}

    return _update(change)


def remember_inventory(when: str, replies: str, fits: Callable[[Any], bool]) -> str:
    """Keep the replies to the inventory: the first ones that ``fit`` before the course, the latest ones after it."""

    def change(kept: dict[str, Any]) -> None:
        table = kept.setdefault("inventory", {})
        if when != "before" or not fits(table.get(when, {}).get("replies")):
            table[when] = {"replies": replies, "when": _now()}

    return _update(change)


# ── the file ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _empty() -> dict[str, Any]:
    return {"version": VERSION, "exercises": {}, "quizzes": {}}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _parse(data: bytes) -> dict[str, Any]:
    """The file's content.

    Raises:
        ValueError: if it is damaged.
    """
    try:
        kept = json.loads(data)
    except RecursionError as deep:
        raise ValueError("nested too deep") from deep
    if not isinstance(kept, dict) or type(kept.get("version")) is not int:
        raise ValueError("not a progress file")
    exercises, quizzes = kept.get("exercises"), kept.get("quizzes")
    if not (_holds_entries(exercises) and _holds_entries(quizzes)):
        raise ValueError("not a progress file")
    for table in ("predictions", "inventory"):
        if not _holds_entries(kept.get(table, {})):
            if kept["version"] == VERSION:
                raise ValueError("not a progress file")
            kept[table] = {}  # a later version keeps something else there; its file is only read
    guesses = kept.get("predictions", {})
    if kept["version"] == VERSION and not all(
        type(entry.get("reply")) in (int, float) for entry in guesses.values()
    ):
        raise ValueError("a guess is damaged")
    if kept["version"] == VERSION and not all(map(_sound, _entries(exercises, quizzes))):
        raise ValueError("an entry is damaged")
    return kept


def _holds_entries(table: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(table, dict) and all(isinstance(entry, dict) for entry in table.values())


def _entries(exercises: dict[str, Any], quizzes: dict[str, Any]) -> Iterator[Any]:
    yield from exercises.values()
    for questions in quizzes.values():
        yield from questions.values()


def _sound(entry: Any) -> bool:
    """Whether what is counted in it are counts."""
    if not isinstance(entry, dict) or not isinstance(entry.get("slips", {}), dict):
        return False
    counts = [entry.get("attempts", 0), entry.get("hints", 0), *entry.get("slips", {}).values()]
    return all(type(n) is int for n in counts)


def _update(change: Callable[[dict[str, Any]], None]) -> str:
    path = progress_path()
    if path is None:
        return ""
    try:
        path = Path(os.path.realpath(path))  # a link stays one, and what is set aside lies where it points
        path.parent.mkdir(parents=True, exist_ok=True)
        check_writable(path)
        with _turn(path):
            kept, aside = _read_or_set_aside(path)
            before = json.dumps(kept)
            change(kept)
            if json.dumps(kept) != before:
                write_text(path, json.dumps(kept, indent=1, ensure_ascii=False))
    except (OSError, NotKept, TypeError, AttributeError, ValueError, RecursionError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        return _once(f"Progress is not kept: {reason} ({path}).")
    return f"The progress file was damaged; it is kept as {aside.name}, and a new one begun." if aside else ""


def _once(message: str) -> str:
    if message in _told:
        return ""
    _told.add(message)
    return message


def _read_or_set_aside(path: Path) -> tuple[dict[str, Any], Path | None]:
    try:
        kept = _parse(path.read_bytes())
    except FileNotFoundError:
        return _empty(), None
    except ValueError:
        aside = next(
            name
            for n in range(1, 10_000)
            if not (name := path.with_name(f"{path.stem}.corrupt-{n}.json")).exists()
        )
        path.replace(aside)
        return _empty(), aside
    if kept.get("version") != VERSION:
        raise NotKept(f"the file is of version {kept.get('version')}, this course writes version {VERSION}")
    return kept, None


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Wait until no other notebook writes. The lock belongs to the process, so a crash leaves none behind.

    Raises:
        NotKept: if another one holds it for too long.
    """
    lock = FileLock(path.with_suffix(".lock"), timeout=PATIENCE)
    try:
        lock.acquire(poll_interval=0.005)
    except Timeout as held:
        raise NotKept("another notebook holds the file") from held
    except (OSError, NotImplementedError):
        pass  # a file system without locks: writes are still atomic
    try:
        yield
    finally:
        lock.release()
