"""Draw what work costs against how much there is of it, into docs/scaling.md: `python tools/growth.py` (five minutes).

Weights are random where time does not depend on them. Each work is timed at growing sizes, smallest first, three times
each after one to warm up; the median counts. Between two sizes the growth is the exponent of a power law: 1.0 means
that twice as much takes twice as long.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import matplotlib.pyplot as plt
import torch
from scaling import D_IN, PAGE, K, seconds
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from course_utils.base import processes
from course_utils.circuits import attribution_graph
from course_utils.lm import GPT2, load_model, load_texts, value_at
from course_utils.reading import Active, top_rows
from course_utils.sae import SAE, load_transcoder
from course_utils.training import FastStep, RowAdam, fit_sae

PICTURE = PAGE.parent / "growth.png"
BATCH, STEPS = 2048, 8
SHARED = 4096
"""Latents of the training that several processes share."""


class Work(NamedTuple):
    """Something that is done at several sizes."""

    name: str
    of: str
    sizes: tuple[int, ...]
    at: Callable[[int], Callable[[], object]]
    """From a size to the work, which is timed."""


def _gpt2(n_layers: int) -> GPT2:
    plain = GPT2LMHeadModel(GPT2Config(n_layer=n_layers)).eval()
    weights = {name.removeprefix("transformer."): w for name, w in plain.state_dict().items()}
    return GPT2(weights, n_heads=12, epsilon=1e-5)


def _ids(n_texts: int, n_tokens: int) -> Tensor:
    return torch.randint(0, 50257, (n_texts, n_tokens), generator=torch.Generator().manual_seed(0))


def harvest_layers(n: int) -> Callable[[], object]:
    gpt2, ids = _gpt2(n), _ids(8, 128)
    return lambda: value_at(gpt2, ids, f"blocks.{n - 1}.hook_resid_post")


def harvest_context(n: int) -> Callable[[], object]:
    gpt2, ids = _gpt2(4), _ids(1024 // n, n)
    return lambda: value_at(gpt2, ids, "blocks.3.hook_resid_post")


def training(d_sae: int) -> Callable[[], object]:
    x = torch.randn(BATCH, D_IN, generator=torch.Generator().manual_seed(0))
    sae = SAE(D_IN, d_sae, "topk", k=K)
    step, optimiser = FastStep(sae).open(), RowAdam(sae.parameters(), lr=3e-4)

    def work() -> None:
        step(x)
        optimiser.step()
        sae.unit_norm_decoder_()

    return work


def search(n_tokens: int) -> Callable[[], object]:
    generator = torch.Generator().manual_seed(0)
    batches = [
        Active(
            torch.rand(4096, 12_288, generator=generator).topk(K).indices,
            torch.rand(4096, K, generator=generator) + 0.01,
        )
        for _ in range(n_tokens // 4096)
    ]
    return lambda: top_rows(batches, 12_288, 20)


def graph(n_tokens: int) -> Callable[[], object]:
    model = load_model("pocket")
    transcoders = {layer: load_transcoder(f"layer_{layer}") for layer in range(model.cfg.n_layers)}
    ids = model.tokenizer.encode(" ".join(t.text for t in load_texts("held_out", "whales")))[:n_tokens]
    prompt = model.tokenizer.decode(ids)
    return lambda: attribution_graph(model, transcoders, prompt, " the")


WORKS = (
    Work("harvest", "layers, texts of 128 tokens", (2, 4, 8, 12), harvest_layers),
    Work("harvest", "tokens a text, 1,024 in all, 4 layers", (64, 128, 256, 512, 1024), harvest_context),
    Work("a training step, TopK", "latents", (2048, 4096, 8192, 16_384, 32_768), training),
    Work("search for top examples, 12,288 latents", "tokens", (8192, 16_384, 32_768, 65_536), search),
    Work("attribution graph, pocket model", "tokens", (8, 16, 32, 64), graph),
)


def exponents(sizes: tuple[int, ...], times: list[float]) -> list[float]:
    """Between each two neighbours: log of the times' ratio over log of the sizes' ratio."""
    pairs = itertools.pairwise(zip(sizes, times, strict=True))
    return [math.log(after / before) / math.log(more / n) for (n, before), (more, after) in pairs]


def share() -> None:
    """One of several processes that share a training; the first prints the median seconds of a step."""
    torch.set_num_threads(1)
    x = torch.randn(BATCH, D_IN, generator=torch.Generator().manual_seed(0))
    ends = []
    sae = SAE(D_IN, SHARED, "topk", k=K)
    batches: Iterator[Tensor] = itertools.repeat(x, STEPS)
    note = [lambda state: ends.append(time.perf_counter())]
    fit_sae(sae, batches, steps=STEPS, lr=1e-3, progress=False, speed="fast", callbacks=note)
    if processes().is_first:
        print(json.dumps(statistics.median(b - a for a, b in itertools.pairwise(ends[1:]))))


def shared(n: int) -> float:
    """Seconds of a step that ``n`` processes of this machine share, one thread each."""
    start = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n))
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, *start, __file__, "share"],
            cwd=folder, capture_output=True, encoding="utf-8", check=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    return json.loads(done.stdout.strip().splitlines()[-1])


def draw(found: list[tuple[Work, list[float]]]) -> None:
    """One line for each work: both axes in multiples of its smallest size."""
    figure, ax = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
    largest = 1.0
    for (work, times), marker in zip(found, "os^Dv", strict=True):
        x = [size / work.sizes[0] for size in work.sizes]
        largest = max(largest, *x)
        ax.plot(x, [t / times[0] for t in times], marker=marker, label=f"{work.name}: {work.of}")
    ax.plot([1, largest], [1, largest], "--", color="grey", label="in proportion")
    ax.set(xscale="log", yscale="log", xlabel="times the smallest size", ylabel="times its seconds")
    ax.legend(fontsize=8)
    figure.savefig(PICTURE, dpi=110)


def report(found: list[tuple[Work, list[float]]], together: dict[int, float]) -> str:
    lines = ["| work | size | seconds | growth from size to size |", "|---|---|---|---|"]
    for work, times in found:
        sizes, secs = (
            " · ".join(f"{v:{form}}" for v in some) for some, form in ((work.sizes, ","), (times, ".3g"))
        )
        growth = " · ".join(f"{e:.2f}" for e in exponents(work.sizes, times))
        lines.append(f"| {work.name} | {sizes} {work.of} | {secs} | {growth} |")
    cores, one = os.cpu_count() or 1, together[1]
    lines += [
        "",
        "| processes (gloo) | seconds a step | beside one process shared out over the cores |",
        "|---|---|---|",
    ]
    for n, taken in together.items():
        lines.append(f"| {n} | {taken:.3f} | {taken - one / min(n, cores):+.3f} |")
    return "\n".join(lines)


def main() -> None:
    found = []
    for work in WORKS:
        with torch.no_grad():
            found.append((work, [seconds(work.at(size)) for size in work.sizes]))
        print(work.name, found[-1][1], flush=True)
    together = {n: shared(n) for n in (1, 2, 4)}
    draw(found)
    measured = (
        f"Measured by `python tools/growth.py` on {os.cpu_count()} cores ({platform.machine()}), "
        f"{torch.get_num_threads()} threads, torch {torch.__version__.split('+')[0]}, float32, "
        f"load {os.getloadavg()[0]:.1f}; TopK {D_IN} → {SHARED:,}, batch {BATCH:,}, one thread for each process.\n\n"
        f"{report(found, together)}"
    )
    text = re.sub(
        r"(<!-- growth -->\n).*(\n<!-- end of growth -->)",
        lambda m: m[1] + measured + m[2],
        PAGE.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    PAGE.write_text(text, encoding="utf-8")
    print(measured)


if __name__ == "__main__":
    share() if sys.argv[1:] == ["share"] else main()
