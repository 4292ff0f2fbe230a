"""Run a program within limits, and leave none of its processes behind.

Processes are found as descendants of the program, and by a marker in their environment, which a process that left the
family (``setsid``, a double fork) still carries. Memory is what the processes hold together, looked at several times
a second: a limit that the system itself holds (``RLIMIT_AS``) would count the address space that torch only reserves.

The program's standard input is a pipe that we hold open and never write to: when it ends, we are gone, whatever ended
us, and the program has to see to its processes itself (`worker` does).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from psutil import Process

MARKER = "COURSE_GRADE_ID"
TICK = 0.1  # seconds between two looks
SCAN = 1.0  # seconds between two looks at everything: the marker of all processes, the disk


class Limits(NamedTuple):
    """What one hand-in may use before it is stopped: ``Limits(seconds=120)``."""

    seconds: float = 600
    """By the clock, the start of its kernel included."""

    memory: float = 4e9
    """Bytes, over all processes of the hand-in."""

    processes: int = 64
    """At the same time, its kernel and our worker included."""

    disk: float = 1e9
    """Bytes that its temporary folder may hold, and any one file."""


def run_watched(
    command: Sequence[str], env: dict[str, str], folder: Path, limits: Limits, stop: Event
) -> str | None:
    """Run ``command`` in ``folder``; returns why it was stopped, or None if it ended by itself.

    Examples:
        >>> import sys
        >>> from course_utils.grade import room
        >>> endless = [sys.executable, "-c", "while True: pass"]
        >>> with room() as folder:
        ...     run_watched(endless, {MARKER: folder.name}, folder, Limits(seconds=0.5), Event())
        'stopped: it ran longer than 0.5 seconds'

    Args:
        command: the program and its arguments.
        env: its whole environment, with a value of ``COURSE_GRADE_ID`` that is nobody else's.
        folder: what it writes is counted there.
        limits: of all its processes together.
        stop: set it to stop the program early.
    """
    import psutil

    quiet = subprocess.DEVNULL
    program = subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )
    root = None
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(program.pid)
    family = Family(env[MARKER], root)
    began, scan_at = time.monotonic(), 0.0
    try:
        while program.poll() is None:
            now = time.monotonic()
            everything = now >= scan_at
            alive = family.look(everything)
            why = _overstepped(alive, now - began, limits)
            if everything:
                why = why or _disk_overstepped(folder, limits.disk)
                scan_at = time.monotonic() + SCAN
            if stop.is_set():
                why = "stopped by you"
            if why:
                return why
            time.sleep(TICK)
        return None
    finally:
        family.end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(timeout=5)
        if program.stdin is not None:
            program.stdin.close()


def _overstepped(alive: Sequence[Process], seconds: float, limits: Limits) -> str | None:
    if seconds > limits.seconds:
        return f"stopped: it ran longer than {limits.seconds:g} seconds"
    if len(alive) > limits.processes:
        return f"stopped: it started {len(alive)} processes, the limit is {limits.processes}"
    if _memory(alive, exact=False) > limits.memory and (held := _memory(alive, exact=True)) > limits.memory:
        return f"stopped: it took {held / 1e9:.1f} GB of memory, the limit is {limits.memory / 1e9:g} GB"
    return None


def _memory(processes: Sequence[Process], exact: bool) -> float:
    """Bytes held. The quick sum counts a page once for every process that shares it, the exact one once."""
    import psutil

    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if exact:
                info = process.memory_full_info()
                total += getattr(info, "pss", None) or info.uss
            else:
                total += process.memory_info().rss
    return total


def _disk_overstepped(folder: Path, limit: float) -> str | None:
    total = 0
    for at, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(at, name)).st_blocks * 512  # noqa: PTH118
        if total > limit:
            return f"stopped: it wrote more than {limit / 1e9:g} GB to disk"
    return None


class Family:
    """All processes that a program started, those that left it included.

    Args:
        marker: the value of ``COURSE_GRADE_ID`` in their environment.
        root: the program, if it is known.
    """

    def __init__(self, marker: str, root: Process | None = None) -> None:
        self._marker = marker
        self._root = root
        self._seen: set[Process] = {root} if root else set()

    def look(self, everything: bool = True) -> list[Process]:
        """Those that are alive now, but for this process; ``everything`` also reads the environment of all processes."""
        import psutil

        for process in list(self._seen) if everything or not self._root else [self._root]:
            with contextlib.suppress(psutil.Error):
                self._seen.update(process.children(recursive=True))
        if everything:
            self._seen.update(self._marked())
        self._seen = {process for process in self._seen if process.pid != os.getpid() and _alive(process)}
        return list(self._seen)

    def _marked(self) -> list[Process]:
        import psutil

        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError, ValueError):
                if process.environ().get(MARKER) == self._marker:
                    found.append(process)
        return found

    def end(self, patience: float = 60.0) -> None:
        """Freeze them first, so that none can start another while the rest are ended."""
        import psutil

        until = time.monotonic() + patience
        while (alive := self.look()) and time.monotonic() < until:
            for action in ("suspend", "kill"):
                for process in alive:
                    with contextlib.suppress(psutil.Error, OSError):
                        getattr(process, action)()
                if action == "suspend":
                    alive = self.look()
            time.sleep(0.05)


def _alive(process: Process) -> bool:
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
