"""Which training step is fast on this machine: measured, not guessed.

bfloat16 halves what a matrix product moves and, on processors made for it, multiplies several times faster; on others
it is emulated, and has been seen 50 times slower than float32. A second thread halves the time on a quiet machine and
may lengthen it on a busy one. Both are tried on a product of a few milliseconds.
"""

from __future__ import annotations

import time
from functools import cache
from statistics import median

import torch

from course_utils.sae import SAE
from course_utils.training.fast import FastStep, obstacle

SPEEDS = ("plain", "fast", "fast_bfloat16", "auto")
ROWS, D_IN, D_SAE = 256, 256, 1024  # 0.13 GFLOP
ROUNDS = 5
WORTH_IT = 1.5  # gain from which rounding to bfloat16 is chosen


def choose_step(speed: str, sae: SAE, l1_coefficient: float, *, own_loss: bool = False) -> FastStep | None:
    """The `FastStep` for `fit_sae`, or None for the plain step.

    Args:
        speed: "plain"; "fast", in float32; "fast_bfloat16"; "auto" is the fastest that this SAE and machine allow.
        own_loss: whether something else than `sae_loss` is minimised, which only the plain step does.

    Raises:
        ValueError: if there is no such speed, or the fast one was asked for and cannot do this.
    """
    if speed not in SPEEDS:
        raise ValueError(f"speed is {speed!r}: there are {', '.join(SPEEDS)}")
    problem = "the fast step knows no loss_fn: take the plain one" if own_loss else obstacle(sae)
    if speed == "plain" or (speed == "auto" and problem):
        return None
    if problem:
        raise ValueError(problem)
    rounds = speed == "fast_bfloat16" or (speed == "auto" and bfloat16_gain() > WORTH_IT)
    return FastStep(sae, l1_coefficient, torch.bfloat16 if rounds else torch.float32)


@cache
def bfloat16_gain() -> float:
    """How many times faster than float32 this processor multiplies bfloat16 matrices: below 1 it emulates them.

    Measured once a process, on products of a few milliseconds.

    Examples:
        >>> dtype = torch.bfloat16 if bfloat16_gain() > WORTH_IT else torch.float32  # so ``speed="auto"`` decides
        >>> bfloat16_gain() > 0
        True
    """
    seconds = {dtype: [] for dtype in (torch.float32, torch.bfloat16)}
    for _ in range(1 + ROUNDS):
        for dtype, times in seconds.items():
            times.append(_product_seconds(dtype))
    return median(seconds[torch.float32][1:]) / median(seconds[torch.bfloat16][1:])


def fastest_threads() -> int:
    """How many threads multiply matrices soonest now, of 1, 2, 4 … up to what torch is set to.

    Measured anew at each call, since other programs come and go. The number that torch is set to does not change.

    Examples:
        >>> 1 <= fastest_threads() <= torch.get_num_threads()
        True
    """
    most = torch.get_num_threads()
    counts = [*(2**i for i in range(most.bit_length()) if 2**i < most), most]
    seconds = {n: [] for n in counts}
    try:
        for _ in range(1 + ROUNDS):
            for n, times in seconds.items():
                torch.set_num_threads(n)
                times.append(_product_seconds(torch.float32))
    finally:
        torch.set_num_threads(most)
    return min(counts, key=lambda n: median(seconds[n][1:]))


def _product_seconds(dtype: torch.dtype) -> float:
    x, W = torch.ones(ROWS, D_IN, dtype=dtype), torch.ones(D_IN, D_SAE, dtype=dtype)
    began = time.perf_counter()
    _ = x @ W
    return time.perf_counter() - began
