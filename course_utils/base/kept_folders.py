"""Folders that the course made on this machine and keeps for the next time, each whole or not there at all.

    folder = keep_folder("smollm2-4bit", make, …)      # make(empty folder) fills it

A folder is made beside its place and moved there when it is complete, with a list of its files' SHA-256 in it. A
damaged one is made again; two processes that want the same one take turns, and the second finds it made.

The place is ``COURSE_CACHE`` if that is set, else the user's folder for such things.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from course_utils.base.bars import progress_bar
from course_utils.base.fetching import ANNOUNCED, Unavailable, seconds_for

MANIFEST = "kept.json"
LEFT_OVER = ".part"


def course_cache() -> Path:
    """Where folders are kept.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, COURSE_CACHE="/data/course"):
        ...     course_cache().as_posix()
        '/data/course'

    Raises:
        Unavailable: if the user has no home and ``COURSE_CACHE`` is not set.
    """
    try:
        if chosen := os.environ.get("COURSE_CACHE"):
            return Path(chosen).expanduser()
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise Unavailable("there is no home for its files: set COURSE_CACHE to a folder") from error
    return base / "superposition-course"


def kept_folder(name: str) -> Path | None:
    """The folder of this name if it is there, whole and undamaged.

    Examples:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, COURSE_CACHE="/nowhere"):
        ...     print(kept_folder("smollm2-4bit"))
        None
    """
    with contextlib.suppress(Unavailable):
        folder = course_cache() / name
        return folder.resolve() if _is_whole(folder) else None
    return None


def label_of(folder: Path) -> str | None:
    """What `keep_folder` was told that a folder holds, wherever it was copied to; None if it did not make this folder.

    Examples:
        >>> print(label_of(Path("nowhere")))
        None
    """
    return _manifest(folder).get("label")


def keep_folder(name: str, make: Callable[[Path], None], *, label: str, megabytes: float) -> Path:
    """The folder of this name, made now unless it is there, whole and undamaged.

    Examples:
        >>> from unittest.mock import patch
        >>> def make(folder):
        ...     print("made once")
        ...     _ = (folder / "squares.txt").write_text("0 1 4")
        >>> with tempfile.TemporaryDirectory() as cache, patch.dict(os.environ, COURSE_CACHE=cache):
        ...     for _ in range(2):
        ...         folder = keep_folder("squares", make, label="three squares", megabytes=1)
        ...     (folder / "squares.txt").read_text()
        made once
        '0 1 4'

    Args:
        make: fills the empty folder that it is given. What it raises is passed on.
        label: what the folder holds; kept in it, for `label_of`.
        megabytes: what has to be free on the disk. Also says how long to wait for another process that makes it.

    Raises:
        Unavailable: if it cannot be written, or another process is at it for too long; the reason, and what to do.
    """
    folder = (course_cache() / name).resolve()
    if _is_whole(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists() and not folder.is_dir():
            raise Unavailable(f"{folder} is in the way: move it")
        with _turn(folder, megabytes) as alone:
            if not _is_whole(folder):  # else another process made it meanwhile
                if alone:
                    _remove_left_overs(folder)
                free = shutil.disk_usage(folder.parent).free / 1e6
                if free < megabytes:
                    raise Unavailable(
                        f"{megabytes:.0f} MB are needed in {folder.parent} and {free:.0f} MB are free: "
                        "make room, or set COURSE_CACHE to a folder on another disk"
                    )
                _make(folder, make, label)
    except OSError as error:
        raise Unavailable(
            f"{folder} cannot be written ({error.strerror or error}): set COURSE_CACHE to another folder"
        ) from error
    return folder


def _make(folder: Path, make: Callable[[Path], None], label: str) -> None:
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=f"{folder.name}-", suffix=LEFT_OVER, ignore_cleanup_errors=True
    ) as name:
        made = Path(name) / "made"
        made.mkdir()
        make(made)
        files = {
            file.relative_to(made).as_posix(): _facts(file) for file in made.rglob("*") if file.is_file()
        }
        text = json.dumps({"label": label, "files": files}, indent=1, ensure_ascii=False)
        (made / MANIFEST).write_text(text, encoding="utf-8")
        for file in files:  # some libraries write for their own user only
            shutil.copymode(made / MANIFEST, made / file)
        if folder.exists():
            folder.rename(Path(name) / "damaged")
        made.rename(folder)


def _facts(file: Path) -> dict[str, int | str]:
    with file.open("rb") as content:
        return {"size": file.stat().st_size, "sha256": hashlib.file_digest(content, "sha256").hexdigest()}


def _manifest(folder: Path) -> dict:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("files"), dict) else {}


def _is_whole(folder: Path) -> bool:
    files = _manifest(folder).get("files", {})
    try:
        return bool(files) and all(_facts(folder / name) == facts for name, facts in files.items())
    except OSError:
        return False


def _remove_left_overs(folder: Path) -> None:
    """What processes that were killed have left; nobody else is at it now."""
    for left in folder.parent.glob(f"{folder.name}-*{LEFT_OVER}"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _turn(folder: Path, megabytes: float) -> Iterator[bool]:
    """Wait until no other process makes this folder. The lock belongs to a process, so a crash leaves none behind.

    Yields False where the file system knows no locks: then whoever is ready first wins.
    """
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    alone = True
    limit = seconds_for(megabytes)
    ends = time.monotonic() + limit
    title = f"another program makes {folder.name}: waiting, at most {limit / 60:.0f} minutes"
    with progress_bar(desc=title, bar_format="{desc} ({elapsed})", leave=False, delay=ANNOUNCED) as bar:
        while alone and not lock.is_locked:
            try:
                lock.acquire(timeout=0.2, poll_interval=0.05)
            except Timeout as held:
                if time.monotonic() > ends:
                    raise Unavailable(
                        f"another program has been making {folder} for {limit / 60:.0f} minutes: end it, and try again"
                    ) from held
                bar.update(0)
            except NotImplementedError:
                alone = False
    try:
        yield alone
    finally:
        lock.release()
