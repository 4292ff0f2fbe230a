"""From a folder of notebooks to one result each: copy, run, read the verdicts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from course_utils.exercises import days, find, is_reply, keys
from course_utils.grade.watch import MARKER, Limits, run_watched

KEPT_VARIABLES = {
    *(
        "PATH",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
    ),
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT"),
}
READ_AT_MOST = 5_000_000  # bytes of a file that a notebook could have written
VERDICTS = ("correct", "wrong", "raised")
WHEN = ("before", "after")


@dataclass(frozen=True)
class HandIn:
    """A notebook to grade, found by `find_hand_ins`."""

    learner: str
    """The notebook's path in the folder, without ``.ipynb``."""

    path: Path
    beside: Path | None
    """The folder whose files go with it; None: only the files, not the folders, beside the notebook."""


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

    @property
    def n_solved(self) -> int:
        """Exercises whose verdict is ``correct``."""
        return sum(outcome.verdict == "correct" for outcome in self.outcomes.values())


def find_hand_ins(folder: Path) -> list[HandIn]:
    """Every notebook below ``folder``, but for those in linked folders and in hidden ones, such as checkpoints.

    Examples:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("ben.ipynb", "anna/day_1.ipynb", "anna/notes.txt", ".ipynb_checkpoints/ben.ipynb"):
        ...         Path(folder, name).parent.mkdir(exist_ok=True)
        ...         Path(folder, name).touch()
        ...     [hand_in.learner for hand_in in find_hand_ins(Path(folder))]
        ['anna/day_1', 'ben']

    Returns:
        One `HandIn` for each notebook, in the order of their paths.

    Raises:
        NotADirectoryError: if ``folder`` is not a folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    folder = folder.resolve()
    found = []
    for path in sorted(folder.rglob("*.ipynb")):
        inside = path.relative_to(folder)
        if not any(part.startswith(".") for part in inside.parts):
            beside = path.parent if len(inside.parts) > 1 else None
            found.append(HandIn(_printable(inside.with_suffix("").as_posix()), path, beside))
    return found


def grade_folder(
    folder: Path,
    limits: Limits | None = None,
    jobs: int = 1,
    told: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Run every notebook below a folder within limits, and read the verdicts of its exercises.

    Whatever a hand-in does costs that hand-in alone: its result says what happened instead.

    Examples:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "ben.ipynb").write_text("far too long", encoding="utf-8")
        ...     grade_folder(Path(folder), Limits(disk=10))[0].status
        'not run: the file is too large'

    Args:
        folder: as for `find_hand_ins`.
        limits: of each hand-in; None takes those of `Limits`.
        jobs: hand-ins that run at once.
        told: is called with each result as soon as it is there.

    Returns:
        One `Result` for each hand-in, in the order of `find_hand_ins`.

    Raises:
        NotADirectoryError: if ``folder`` is not a folder.
        ModuleNotFoundError: if nbclient, nbformat or psutil is not installed.
    """
    import nbclient  # noqa: F401 — say now what is missing, not once for every hand-in
    import psutil  # noqa: F401

    hand_ins, known, stop = find_hand_ins(folder), _known_keys(), Event()
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        waiting = [pool.submit(_grade_one, one, limits or Limits(), known, stop) for one in hand_ins]
        try:
            for done in as_completed(waiting):
                told(done.result())
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [done.result() for done in waiting]


def _known_keys() -> list[str]:
    return [key for day in days() for key in keys(day)]


def _grade_one(hand_in: HandIn, limits: Limits, known: Sequence[str], stop: Event) -> Result:
    """Whatever goes wrong here is this hand-in's own trouble."""
    try:
        if hand_in.path.is_symlink() or not hand_in.path.is_file():
            return Result(hand_in.learner, "not run: a link or no plain file", {})
        if hand_in.path.stat().st_size > limits.disk:
            return Result(hand_in.learner, "not run: the file is too large", {})
        with tempfile.TemporaryDirectory(prefix="course-grade-", ignore_cleanup_errors=True) as made:
            return _run(hand_in, Path(made), limits, known, stop)
    except Exception as error:
        return Result(hand_in.learner, _printable(f"not run: {type(error).__name__}: {error}")[:300], {})


def _run(hand_in: HandIn, room: Path, limits: Limits, known: Sequence[str], stop: Event) -> Result:
    copy, home, job = room / "hand_in", room / "home", room / "job.json"
    _copy(hand_in, copy, limits.disk)
    _font_list(home)
    (room / "tmp").mkdir()
    notebook = copy / hand_in.path.name
    held = [key for key in known if key.encode() in notebook.read_bytes()]
    told, progress = room / "result.json", room / "progress.json"
    file_limit = int(limits.disk)
    job.write_text(
        json.dumps(
            dict(notebook=str(notebook), folder=str(copy), result=str(told), file_limit=file_limit),
        ),
        encoding="utf-8",
    )
    command = [sys.executable, "-P", str(Path(__file__).with_name("worker.py")), str(job)]
    why = run_watched(command, _environment(home, room / "tmp", progress), room, limits, stop)
    said = _read(told)
    status, ended = _status(said, why)
    kept = _read(progress)
    outcomes = _outcomes(kept, held, known, "not attempted" if ended else "no verdict")
    return Result(hand_in.learner, status, outcomes, _errors(said), _inventory(kept))


def _copy(hand_in: HandIn, to: Path, most: float) -> None:
    """The notebook and what lies beside it, but no other notebook, link, pipe, device or hidden folder.

    Raises:
        ValueError: if that is more than ``most`` bytes.
    """
    top, held = hand_in.path.parent, 0

    def left_out(at: str, names: list[str]) -> list[str]:
        nonlocal held
        out = []
        for name in names:
            path = Path(at, name)
            inside = path.is_dir() and hand_in.beside is not None and not name.startswith(".")  # .venv, .git
            other = path.suffix == ".ipynb" and path != hand_in.path
            if path.is_symlink() or other or not (path.is_file() or inside):
                out.append(name)
            elif path.is_file():
                held += path.stat().st_size
        if held > most:
            raise ValueError(f"what lies beside it is more than {most / 1e9:g} GB")
        return out

    shutil.copytree(top, to, ignore=left_out)


def _font_list(home: Path) -> None:
    """A copy of matplotlib's list of fonts, or each notebook would spend seconds on making its own."""
    home.mkdir()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    with contextlib.suppress(OSError):
        to = home / ".cache" / "matplotlib"
        to.mkdir(parents=True)
        for path in cache.glob("fontlist-*.json"):
            shutil.copy(path, to)


def _environment(home: Path, tmp: Path, progress: Path) -> dict[str, str]:
    """What the notebook is to know, and no more: a token in the teacher's environment is none of its business."""
    mine = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    homes = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), str(home))
    return {
        **mine,
        **homes,
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp)),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), mine.get("PATH", os.defpath)]),
        "COURSE_PROGRESS": str(progress),
        "COURSE_MODEL": "pocket",
        "HF_HUB_OFFLINE": "1",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        MARKER: uuid.uuid4().hex,
    }


# ── what the run left: all of it may have been written by the notebook ─────────────────────────────────────────────────


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
    reason = _printable(str(said.get("why", "")))[:200]
    return {
        "empty": ("empty: no cell holds code", True),
        "not a notebook": (f"not a notebook: {reason}", False),
        "kernel died": (f"its kernel died{place}", False),
        "failed": (f"could not be run: {reason}", False),
    }.get(str(status), (f"ended without a word{place}", False))


def _errors(said: dict[str, Any]) -> tuple[tuple[int, str], ...]:
    errors = said.get("errors")
    kept = []
    for entry in errors[:20] if isinstance(errors, list) else []:
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], int):
            kept.append((entry[0], _printable(str(entry[1]))[:200]))
    return tuple(kept)


def _outcomes(
    kept: dict[str, Any], held: Sequence[str], known: Sequence[str], otherwise: str
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


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
