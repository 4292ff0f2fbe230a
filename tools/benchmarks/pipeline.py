"""How fast the day-6 pipeline is on this machine: `make bench`. Each line is the median of five runs and their range."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable

import torch

from course_utils.lm import collect_activations, load_model, load_texts
from course_utils.sae import SAE
from course_utils.training import fit_sae

RUNS = 5


def seconds(work: Callable[[], object]) -> list[float]:
    """Wall time of each of five runs after one to warm up."""
    work()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return times


def report(name: str, times: list[float], amount: float, unit: str) -> None:
    rates = sorted(amount / t for t in times)
    print(
        f"{name:42s} {statistics.median(rates):12,.0f} {unit}  ({rates[0]:,.0f} to {rates[-1]:,.0f})",
        flush=True,
    )


if __name__ == "__main__":
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )
    model = load_model("pocket")
    texts = load_texts("train")[::200]
    n_tokens = len(collect_activations(model, texts, "blocks.2.hook_resid_post", batch_size=64))
    harvest = seconds(lambda: collect_activations(model, texts, "blocks.2.hook_resid_post", batch_size=64))
    report("harvest, residual stream after layer 2", harvest, n_tokens, "tokens/s")
    x = torch.randn(2048, 256)
    for architecture, options, l1 in [("relu", {}, 1.0), ("topk", {"k": 32}, None)]:
        sae = SAE(256, 4096, architecture, **options)
        step = seconds(lambda sae=sae, l1=l1: fit_sae(sae, [x] * 5, l1_coefficient=l1, progress=False))
        report(f"train a {architecture} SAE, 256 -> 4096, batch 2048", step, 5 * len(x), "activations/s")
