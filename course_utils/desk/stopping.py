"""How a command ends before its time: it says why in one line, and cleans up."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def refused(why: str) -> int:
    """Say on standard error what is amiss. Returns the exit status that goes with it, 2."""
    print(f"course: {why}", file=sys.stderr, flush=True)
    return 2


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM, and SIGHUP of a terminal that is closed, clean up as Ctrl-C does. What ``nohup`` ignores stays ignored."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {one: signal.getsignal(one) for one in signals}
    for one, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(one, interrupt)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
