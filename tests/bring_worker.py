"""Runs `course bring` for test_bring: unbroken, killed again and again, or as one of several processes.

The runs are children of a process that has imported everything and computed nothing, so that one import does for all.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from course_utils.base import processes
from course_utils.desk import bring

KILLS = 6


def run(model: str, data: str, out: Path) -> None:
    torch.set_num_threads(1)
    bring(
        model, out, data=Path(data), latents=64, k=4, tokens=4000, passes=4,
        say=lambda line: None, progress=False,
    )  # fmt: skip


def child(*arguments) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            run(*arguments)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            os._exit(1)
        os._exit(0)
    return pid


def killed(model: str, data: str, folder: Path) -> None:
    """One run left alone; another killed at moments drawn from the time that the first took."""
    began = time.monotonic()
    assert os.waitpid(child(model, data, folder / "whole"), 0)[1] == 0
    took, chance, n_killed = time.monotonic() - began, random.Random(0), 0
    for _ in range(KILLS):
        pid = child(model, data, folder / "broken")
        time.sleep(chance.uniform(0.05, 0.6) * took)
        os.kill(pid, signal.SIGKILL)
        n_killed += os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    assert os.waitpid(child(model, data, folder / "broken"), 0)[1] == 0
    print(n_killed)


if __name__ == "__main__":
    how, model, data, folder = sys.argv[1:]
    if how == "killed":
        killed(model, data, Path(folder))
    else:
        run(model, data, Path(folder))
        processes().wait()
