"""Whole trainings on a GPU, where there is one: how fast, against SAELens, and what part of its matrix products' speed."""

from __future__ import annotations

import statistics
import time

import torch
from peers import SAELens, Task
from sae_steps import BATCH, D_IN, D_SAE, SIZES, activations
from timing import Row, in_turn, ratios

from course_utils.training import fit_sae

STEPS = 50
PRODUCTS = 5
"""Of batch × d_in × d_sae a step: encoder, decoder, and the gradients of W_enc, W_dec and the latents."""


def rows() -> list[Row]:
    if not torch.accelerator.is_available():
        return [Row(f"{STEPS} steps of fit_sae on a GPU, {SIZES}", "SAELens", note="no GPU in this machine")]
    return on(torch.accelerator.current_accelerator(), Task("topk", D_IN, D_SAE), BATCH)


def on(device: torch.device, task: Task, batch: int, steps: int = STEPS) -> list[Row]:
    """Float32 on any device, so that a small one can be tried on a CPU."""
    task.device = str(device)
    x = activations(batch, task.d_in).to(device)
    peer = SAELens(task)

    def ours() -> None:
        fit_sae(task.sae().to(device), [x] * steps, lr=task.lr, progress=False)

    def theirs() -> None:
        for _ in range(steps):
            peer.step(x)

    seconds = in_turn({"SAELens": theirs, "ours": ours})
    rate = steps * batch / statistics.median(seconds["ours"])
    ceiling = products_per_second(device, batch, task.d_in, task.d_sae) / PRODUCTS * batch
    note = f"{rate:,.0f} activations/s, {rate / ceiling:.0%} of what the matrix products alone would allow"
    sizes = f"{task.d_in} → {task.d_sae:,}, batch {batch}"
    work = f"{steps} steps of fit_sae, TopK, {sizes}, float32, {device.type}"
    return [Row(work, "SAELens, float32", ratios(seconds, "SAELens", "ours"), note=note)]


def products_per_second(device: torch.device, batch: int, d_in: int, d_sae: int, repeats: int = 20) -> float:
    """How many products (batch, d_in) @ (d_in, d_sae) a second."""
    x, W = torch.randn(batch, d_in, device=device), torch.randn(d_in, d_sae, device=device)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(repeats):
            y = x @ W
        y[0, 0].item()  # waits for the device
        times.append(time.perf_counter() - began)
    return repeats / min(times)
