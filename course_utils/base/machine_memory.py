"""How much memory this process may have, and how much of it is still free."""

from __future__ import annotations

import contextlib
from pathlib import Path

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

    Examples:
        >>> total, free = memory_bytes()
        >>> 0 <= free <= total
        True

    Args:
        files: where ``proc`` and ``sys`` are.

    Returns:
        Two numbers of bytes.
    """
    try:
        lines = (files / "proc/meminfo").read_text(encoding="utf-8").splitlines()
        table = dict(line.split(":", 1) for line in lines if ":" in line)
        total, free = (int(table[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        return 0, 0
    cgroup = files / "sys/fs/cgroup"
    for limit_file, used_file, stat_file, files_row in CGROUPS:
        with contextlib.suppress(OSError, KeyError, ValueError):
            limit, used = (
                int((cgroup / name).read_text(encoding="utf-8")) for name in (limit_file, used_file)
            )
            stat = dict(
                line.split() for line in (cgroup / stat_file).read_text(encoding="utf-8").splitlines()
            )
            total, free = min(total, limit), min(free, limit - used + int(stat[files_row]))
    return total, max(free, 0)
