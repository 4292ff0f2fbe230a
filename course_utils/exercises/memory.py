"""How much memory is left, and a limit for a while: what would not fit is refused, before the system kills the kernel."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

LEAST = 2**30  # bytes that an attempt may always ask for
CGROUPS = (  # where a container says its limit, its use, and how much of that is files that it can let go
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file",
    ),
)


def memory_bytes(files: Path = Path("/")) -> tuple[int, int]:
    """(all, still free) for this process, or the container's where that is less; zeros unless on Linux.

    Args:
        files: where ``proc`` and ``sys`` are.
    """
    try:
        lines = (files / "proc/meminfo").read_text().splitlines()
        table = dict(line.split(":", 1) for line in lines if ":" in line)
        total, free = (int(table[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        return 0, 0
    cgroup = files / "sys/fs/cgroup"
    for limit_file, used_file, stat_file, files_row in CGROUPS:
        with contextlib.suppress(OSError, KeyError, ValueError):
            limit, used = (int((cgroup / name).read_text()) for name in (limit_file, used_file))
            stat = dict(line.split() for line in (cgroup / stat_file).read_text().splitlines())
            total, free = min(total, limit), min(free, limit - used + int(stat[files_row]))
    return total, max(free, 0)


@contextlib.contextmanager
def memory_limit() -> Iterator[None]:
    """On Linux without CUDA, which reserves far more addresses than it uses, hold the process to what is free."""
    free = memory_bytes()[1]
    if sys.platform != "linux" or not free or torch.cuda.is_available():
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + max(free, LEAST)
    if any(old != resource.RLIM_INFINITY and old < limit for old in (soft, hard)):
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
