"""Run a program that fetches something: every wait has a limit and is announced.

A program that goes on shows in the folder that it writes to. It is ended after `SILENCE` seconds without a change
there, and once it is slower than `SLOWEST` megabytes a second on the whole. Whatever a server, a proxy or a lock of
another process does, the caller waits no longer than that.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from course_utils.base.bars import progress_bar

SILENCE = 90.0
SLOWEST = 0.2
START = 120.0  # seconds for the start and for small files, beside what the size takes
ANNOUNCED = 2.0  # seconds after which the bar appears
LOOK = 0.1


class Unavailable(RuntimeError):
    """Something that others published could not be had: it is not on this machine, and cannot be fetched now."""


class Fetched(NamedTuple):
    """What a program left behind."""

    succeeded: bool

    said: str
    """Its output and its errors in one."""


def seconds_for(megabytes: float) -> float:
    """The longest that a fetch of this size may take.

    Examples:
        >>> seconds_for(548) / 60
        47.666666666666664
    """
    return START + megabytes / SLOWEST


def run_fetch(
    command: Sequence[str],
    watched: Path,
    *,
    title: str,
    megabytes: float,
    environment: Mapping[str, str] | None = None,
) -> Fetched:
    """Run a program that writes into a folder, with a bar of what has arrived once it takes more than two seconds.

    It gets no input, so it cannot ask. If the wait is interrupted, the program ends too.

    Examples:
        >>> import sys
        >>> run_fetch([sys.executable, "-c", "print(6 * 7)"], Path("."), title="the answer", megabytes=0)
        Fetched(succeeded=True, said='42\\n')

    Args:
        watched: the folder that grows while the program works; it need not be there yet.
        title: what is fetched and from where, for the bar.
        megabytes: how much there is to come.
        environment: variables that the program gets beside those of this process.

    Raises:
        Unavailable: if it cannot be started, or was ended because of a limit; the reason in a few words.
    """
    limit = seconds_for(megabytes)
    with tempfile.TemporaryFile() as said:
        try:
            program = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        except OSError as error:
            raise Unavailable(f"{command[0]} cannot be started ({error.strerror})") from error
        try:
            _watch(program, watched, f"{title}, at most {limit / 60:.0f} minutes", megabytes, limit)
        finally:
            _end(program)
        said.seek(0)
        return Fetched(program.returncode == 0, said.read().decode("utf-8", errors="replace"))


def _watch(program: subprocess.Popen, watched: Path, title: str, megabytes: float, limit: float) -> None:
    began = changed = time.monotonic()
    first = _size(seen := _files(watched))
    options: dict[str, Any] = dict(unit="B", unit_scale=True, miniters=0, leave=False, delay=ANNOUNCED)
    with progress_bar(total=round(megabytes * 1e6), desc=title, **options) as bar:
        while program.poll() is None:
            time.sleep(LOOK)
            now, files = time.monotonic(), _files(watched)
            if files != seen:
                seen, changed = files, now
            arrived = min(_size(files) - first, bar.total)  # some programs copy at the end
            bar.update(max(arrived - bar.n, 0))
            if now - changed > SILENCE:
                raise Unavailable(f"nothing came for {SILENCE:.0f} seconds")
            if now - began > limit:
                raise Unavailable(f"it was not through after {limit / 60:.0f} minutes")


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """(size, time of the last change) of every file in a folder and below. Files may vanish meanwhile."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with contextlib.suppress(OSError):
                status = path.lstat()
                found[str(path)] = (status.st_size, status.st_mtime_ns)
    return found


def _size(files: Mapping[str, tuple[int, int]]) -> int:
    return sum(size for size, _ in files.values())


def _end(program: subprocess.Popen) -> None:
    """End it if it still runs: gently first, so that it can take its temporary files away."""
    if program.poll() is None:
        program.terminate()
        try:
            program.wait(timeout=3)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
