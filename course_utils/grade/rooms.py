"""The temporary folder of each hand-in: its own while it is graded, and gone afterwards, even if the grader was killed.

The grader holds a lock in each of its rooms, which the system lets go when the grader ends, however it ends. A room
that nobody holds is taken down, with the processes that still carry its name, by the next grader of this account.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from course_utils.grade.watch import Family

PREFIX = "course-grade-"
LOCK = ".held-by-its-grader"
NEW = 5.0  # seconds that a grader may need to take hold of its room


@contextlib.contextmanager
def room() -> Iterator[Path]:
    """A folder of its own, with a name that no other has; removed at the end of the block.

    Examples:
        >>> with room() as folder:
        ...     folder.name.startswith("course-grade-")
        True
        >>> folder.exists()
        False
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = FileLock(folder / LOCK)
    try:
        with contextlib.suppress(OSError, NotImplementedError):  # a file system without locks
            lock.acquire()
        yield folder
    finally:
        lock.release(force=True)
        remove(folder)


def remove_abandoned() -> None:
    """Take down the rooms of graders that were killed, and end what still runs in them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if _is_abandoned(folder):
                Family(folder.name).end()
                remove(folder)


def _is_abandoned(folder: Path) -> bool:
    about, lock = folder.lstat(), folder / LOCK
    mine = not hasattr(os, "getuid") or about.st_uid == os.getuid()
    if not (stat.S_ISDIR(about.st_mode) and mine):
        return False
    if time.time() - (lock.stat() if lock.is_file() else about).st_mtime < NEW:
        return False
    held = FileLock(lock, timeout=0)
    try:
        held.acquire()
    except (Timeout, NotImplementedError):
        return False
    held.release()
    return True


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, folders that a hand-in closed to itself included.

    Examples:
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "closed").mkdir(mode=0)
        >>> remove(folder)
        >>> folder.exists()
        False
    """
    for _ in range(3):  # a process that is just being ended may write once more
        _open(folder)
        for at, folders, _ in os.walk(folder):  # the walk goes into a folder after this round has opened it
            for name in folders:
                _open(Path(at, name))
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _open(folder: Path) -> None:
    with contextlib.suppress(OSError):
        if not folder.is_symlink():
            folder.chmod(stat.S_IRWXU)
