"""Time works in turn, A B A B …, so that a ratio compares what ran in the same seconds of a busy machine.

A benchmark module has one function, ``rows() -> list[Row]``; `run.py` collects them. Sizes stand in the module, the
number of rounds here.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROUNDS = 5  # run.py --rounds changes it


@dataclass
class Row:
    """One line of RESULTS.md: what was compared, and one number a round.

    In unit "×" (how many times faster we are) more is better; in any other unit, less.
    """

    work: str
    against: str
    ratios: list[float] = field(default_factory=list)
    """One a round; empty if this machine cannot measure it, and ``note`` says why."""

    must: float | None = None
    aim: float | None = None
    note: str = ""
    unit: str = "×"

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    def reaches(self, bound: float | None) -> bool:
        if bound is None or not self.ratios:
            return True
        return self.median >= bound if self.unit == "×" else self.median <= bound


def in_turn(
    works: Mapping[str, Callable[[], object]], rounds: int | None = None, warm_up: int = 1
) -> dict[str, list[float]]:
    """Seconds of each work in each round. A round runs every work once; the first ``warm_up`` rounds are not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(-warm_up, rounds or ROUNDS):
        for name, work in works.items():
            gc.collect()
            began = time.perf_counter()
            work()
            if number >= 0:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def ratios(seconds: Mapping[str, list[float]], peer: str, ours: str) -> list[float]:
    """How many times faster ours is, round by round."""
    return [theirs / mine for theirs, mine in zip(seconds[peer], seconds[ours], strict=True)]


def peak_mb(script: str | Path, *arguments: object, environment: Mapping[str, str] | None = None) -> float:
    """MB above its imports that a fresh process needs at most: ``script`` with ``arguments`` must call `measure_peak`."""
    command = [sys.executable, "-W", "ignore", str(script), *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env=os.environ | (environment or {})
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])["peak_mb"]


def measure_peak(work: Callable[[], object]) -> None:
    """Run ``work`` and print by how much resident memory grew at most, for `peak_mb`. Linux only."""
    gc.collect()
    before = _status_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # resets the peak, VmHWM
    work()
    print(json.dumps({"peak_mb": _status_mb("VmHWM") - before}))


def _status_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6
