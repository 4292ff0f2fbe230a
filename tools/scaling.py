"""Measure what a long run needs on this machine, and write the table of docs/scaling.md: `python tools/scaling.py`.

GPT-2 small's shape with random weights (time does not depend on what they are), activations before layer 8, a TopK
autoencoder of 32,768 latents. A few batches of each; the median counts.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from course_utils.lm import GPT2, value_at
from course_utils.sae import SAE
from course_utils.training import WORTH_IT, FastStep, RowAdam, bfloat16_gain

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scaling.md"
TOKENS, D_IN, D_SAE, K, BATCH = 8_000_000_000, 768, 32_768, 32, 4096
CONTEXT, TEXTS, LAYER = 128, 8, 8
ROUNDS = 3
MACHINES = (1, 16, 256)


def seconds(work: Callable[[], object]) -> float:
    """Median of a few rounds after one to warm up."""
    times = []
    for _ in range(1 + ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


@torch.no_grad()
def harvest_rate(dtype: torch.dtype) -> float:
    """Tokens a second up to the hook point."""
    plain = GPT2LMHeadModel(GPT2Config()).eval()
    weights = {name.removeprefix("transformer."): w for name, w in plain.state_dict().items()}
    weights = {name: w.to(dtype) if ".c_" in name else w for name, w in weights.items()}
    gpt2 = GPT2(weights, n_heads=12, epsilon=1e-5)
    ids = torch.randint(0, 50257, (TEXTS, CONTEXT), generator=torch.Generator().manual_seed(0))
    return ids.numel() / seconds(lambda: value_at(gpt2, ids, f"blocks.{LAYER}.hook_resid_pre"))


def training_rate(dtype: torch.dtype) -> float:
    """Activations a second, forward, backward, Adam and all."""
    x = torch.randn(BATCH, D_IN, generator=torch.Generator().manual_seed(0))
    sae = SAE(D_IN, D_SAE, "topk", k=K)
    step, optimiser = FastStep(sae, dtype=dtype).open(), RowAdam(sae.parameters(), lr=3e-4)

    def work() -> None:
        step(x)
        optimiser.step()
        sae.unit_norm_decoder_()

    return BATCH / seconds(work)


def hours(tokens: float, rate: float, machines: int = 1) -> float:
    return tokens / rate / machines / 3600


def table(harvest: float, training: float) -> str:
    """Hours and days for all tokens; several machines share the work without loss, which is the best that can be."""
    lines = ["| machines | harvest, hours | training, hours | both, days |", "|---|---|---|---|"]
    for n in MACHINES:
        parts = [hours(TOKENS, rate, n) for rate in (harvest, training)]
        lines.append(f"| {n} | {parts[0]:,.0f} | {parts[1]:,.0f} | {sum(parts) / 24:,.1f} |")
    return "\n".join(lines)


def main() -> None:
    dtype = torch.bfloat16 if bfloat16_gain() > WORTH_IT else torch.float32
    harvest, training = harvest_rate(dtype), training_rate(dtype)
    measured = (
        f"Measured by `python tools/scaling.py` on {os.cpu_count()} cores ({platform.machine()}), "
        f"{torch.get_num_threads()} threads, torch {torch.__version__.split('+')[0]}, {str(dtype).removeprefix('torch.')}, "
        f"load {os.getloadavg()[0]:.1f}:\nharvest {harvest:,.0f} tokens/s, training {training:,.0f} activations/s.\n\n"
        f"{table(harvest, training)}"
    )
    text = PAGE.read_text(encoding="utf-8")
    text = re.sub(
        r"(<!-- measured -->\n).*(\n<!-- end -->)", lambda m: m[1] + measured + m[2], text, flags=re.DOTALL
    )
    PAGE.write_text(text, encoding="utf-8")
    print(measured)


if __name__ == "__main__":
    main()
