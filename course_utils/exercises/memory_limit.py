"""Hold an attempt to the memory that is free: what would not fit is refused, before the system kills the kernel."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from course_utils.base import memory_bytes

LEAST = 2**30  # bytes that an attempt may always ask for


@contextlib.contextmanager
def memory_limit() -> Iterator[None]:
    """On Linux without CUDA, which reserves far more addresses than it uses, hold the process to what is free."""
    free = memory_bytes()[1]
    if sys.platform != "linux" or not free or torch.cuda.is_available():
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
    limit = used + max(free, LEAST)
    if any(old != resource.RLIM_INFINITY and old < limit for old in (soft, hard)):
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
