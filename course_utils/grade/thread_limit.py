"""A limit of processes and threads for one hand-in, held by Linux: a fork bomb is too quick for ten looks a second.

The system counts them by account (``RLIMIT_NPROC``), so that what one hand-in starts would count against all others
that this account is grading. In a user namespace of its own a hand-in is counted alone. Some containers and systems
allow none; there the limit lies above what the account has when the hand-in begins. The system lets root pass.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from pathlib import Path

MOST = 1000  # processes and threads; far less than stops a machine
NEEDED = 200  # a notebook may want as many, on a machine with many cores
NEW_USER_NAMESPACE = 0x10000000  # CLONE_NEWUSER


def restrict_threads() -> None:
    """Hold this process, and what it starts, to `MOST`. Call it before the first thread is started.

    Raises:
        OSError: if the system does not say how many there are.
        ImportError: where there is no such limit.
    """
    import resource

    if os.getuid() == 0:
        return
    if _can_count_apart():
        _count_apart()
        resource.setrlimit(resource.RLIMIT_NPROC, (MOST, MOST))
        return
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    most = _of_this_account() + MOST
    if before[1] != resource.RLIM_INFINITY and before[1] < most:
        return
    resource.setrlimit(resource.RLIMIT_NPROC, (most, before[1]))
    if not _can_start(NEEDED):  # the account may have threads that are not in sight, outside of a container
        resource.setrlimit(resource.RLIMIT_NPROC, before)


def _can_count_apart() -> bool:
    """Tried in a child, since half of it could not be undone: kernels before 5.14 count an account as one all the same."""
    import resource

    child = os.fork()
    if child == 0:
        counted = False
        with contextlib.suppress(BaseException):
            _count_apart()
            resource.setrlimit(resource.RLIMIT_NPROC, (3, 3))  # the account has more
            counted = _can_start(1)
        os._exit(0 if counted else 1)
    return os.waitpid(child, 0)[1] == 0


def _count_apart() -> None:
    """A user namespace in which this account is who it was.

    Raises:
        OSError: if none can be had.
    """
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_USER_NAMESPACE):
        raise OSError(ctypes.get_errno(), "no user namespace")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path("/proc/self", name).write_bytes(text.encode())


def _can_start(n: int) -> bool:
    """Whether this process can have as many threads more."""
    over = threading.Event()
    try:
        for _ in range(n):
            threading.Thread(target=over.wait).start()
    except RuntimeError:
        return False
    finally:
        over.set()
    return True


def _of_this_account() -> int:
    """What the system counts, as far as it is in sight."""
    threads = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError, ValueError, KeyError):  # it may have ended
            rows = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
            if int(rows["Uid"].split()[0]) == os.getuid():
                threads += int(rows["Threads"])
    return threads
