"""From a folder of notebooks to one result each: copy, run, read the verdicts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import site
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event

from course_utils.exercises import days, keys
from course_utils.grade.hand_ins import HandIn, copy_hand_in, find_hand_ins
from course_utils.grade.results import Result, printable, result_of
from course_utils.grade.rooms import remove_abandoned, room
from course_utils.grade.watch import MARKER, Limits, run_watched

KEPT_VARIABLES = {
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV"),
    *("CONDA_PREFIX", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT"),
}


def grade_folder(
    folder: Path,
    limits: Limits | None = None,
    jobs: int = 1,
    told: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Run every notebook below a folder within limits, and read the verdicts of its exercises.

    Whatever a hand-in does costs that hand-in alone: its result says what happened instead.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
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
    remove_abandoned()
    share = max((os.cpu_count() or 1) // max(jobs, 1), 1)
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        waiting = [pool.submit(_grade_one, one, limits or Limits(), known, share, stop) for one in hand_ins]
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


def _grade_one(hand_in: HandIn, limits: Limits, known: Sequence[str], cores: int, stop: Event) -> Result:
    """Whatever goes wrong here is this hand-in's own trouble."""
    try:
        if hand_in.path.is_symlink() or not hand_in.path.is_file():
            return Result(hand_in.learner, "not run: a link or no plain file", {})
        if hand_in.path.stat().st_size > limits.disk:
            return Result(hand_in.learner, "not run: the file is too large", {})
        with room() as made:
            return _run(hand_in, made, limits, known, cores, stop)
    except Exception as error:
        return Result(hand_in.learner, printable(f"not run: {type(error).__name__}: {error}")[:300], {})


def _run(
    hand_in: HandIn, made: Path, limits: Limits, known: Sequence[str], cores: int, stop: Event
) -> Result:
    copy, told, progress, job = (
        made / name for name in ("hand_in", "result.json", "progress.json", "job.json")
    )
    copy_hand_in(hand_in, copy, limits.disk)
    _font_list(made / "home")
    (made / "tmp").mkdir()
    places = dict(notebook=copy / hand_in.path.name, folder=copy, room=made, result=told)
    wanted = {name: str(path) for name, path in places.items()} | {"file_limit": int(limits.disk)}
    job.write_text(json.dumps(wanted), encoding="utf-8")
    command = [sys.executable, "-P", str(Path(__file__).with_name("worker.py")), str(job)]
    why = run_watched(command, _environment(made, progress, cores), made, limits, stop)
    return result_of(hand_in.learner, told, progress, known, why)


def _font_list(home: Path) -> None:
    """A copy of matplotlib's list of fonts, or each notebook would spend seconds on making its own."""
    home.mkdir()
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: the account has no home
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
        to = home / ".cache" / "matplotlib"
        to.mkdir(parents=True)
        for path in cache.glob("fontlist-*.json"):
            shutil.copy(path, to)


def _environment(made: Path, progress: Path, cores: int) -> dict[str, str]:
    """What the notebook is to know, and no more: a token in the teacher's environment is none of its business."""
    mine = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    homes = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), str(made / "home"))
    return {
        "OMP_NUM_THREADS": str(cores),
        **mine,
        **homes,
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(made / "tmp")),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), mine.get("PATH", os.defpath)]),
        "COURSE_PROGRESS": str(progress),
        "COURSE_GRADE_PROGRESS": str(progress),  # stays, where a notebook sets the other one
        "COURSE_MODEL": "pocket",
        "HF_HUB_OFFLINE": "1",
        "PIP_NO_INDEX": "1",  # a hand-in installs nothing: it would change what the others run on
        "PIP_TARGET": str(made / "installed"),
        "PYTHONUSERBASE": site.getuserbase(),  # or what is installed for this account would be out of sight
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        MARKER: made.name,
    }
