"""Does memory grow with the number of tokens? Harvesting to disk, training from disk, top examples, concept scores.

Each work runs at N and at 4N tokens in a fresh process; a row is how many times more the second needs above its imports.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from timing import Row, measure_peak, peak_mb

from course_utils.base import frees_memory
from course_utils.lm import (
    Activations,
    Tokens,
    activation_batches,
    iterate_activations,
    load_model,
    open_activations,
    write_activations,
)
from course_utils.reading import ROWS_AT_A_TIME, concept_scores, pool_by_text, top_rows
from course_utils.sae import SAE
from course_utils.training import fit_sae

HOOK, D_IN, D_SAE = "blocks.2.hook_resid_post", 256, 2048
CONTEXT, SIZES = 128, (65_536, 262_144)
N_TEXTS, N_CONCEPTS = 200, 20
AT_MOST = 1.25  # times the memory for four times the tokens


def random_rows(n: int) -> Iterator[Activations]:
    """A stream that holds 4,096 rows at a time; every text has the same number of tokens."""
    generator = torch.Generator().manual_seed(0)
    for first in range(0, n, 4096):
        text = torch.arange(first, first + 4096) * N_TEXTS // n
        values = torch.randn(4096, D_IN, generator=generator)
        yield Activations(values, torch.stack([text, torch.zeros_like(text)], dim=1))


def harvest(n: int, folder: Path) -> Callable[[], object]:
    model = load_model("pocket")
    ids = torch.randint(0, 8192, (n // CONTEXT, CONTEXT), generator=torch.Generator().manual_seed(0))
    tokens = Tokens(ids, torch.full((len(ids),), CONTEXT), list)
    return lambda: write_activations(folder, iterate_activations(model, tokens, HOOK, skip_bos=False))


def train(n: int, folder: Path) -> Callable[[], object]:
    write_activations(folder, random_rows(n))
    sae = SAE(D_IN, D_SAE, "topk", k=32)
    store = open_activations(folder)

    def work() -> None:
        batches = activation_batches(store, 1024, seed=0, buffer_size=32_768)
        fit_sae(sae, batches, progress=False, speed="fast")

    return work


def latents(sae: SAE, folder: Path) -> Iterator[torch.Tensor]:
    with torch.no_grad():
        for chunk in open_activations(folder):
            yield from map(sae.encode, chunk.values.split(ROWS_AT_A_TIME))


def examples(n: int, folder: Path) -> Callable[[], object]:
    write_activations(folder, random_rows(n))
    sae = SAE(D_IN, D_SAE, "topk", k=32)
    return lambda: top_rows(latents(sae, folder), D_SAE)


def concepts(n: int, folder: Path) -> Callable[[], object]:
    write_activations(folder, random_rows(n))
    sae, ids = SAE(D_IN, D_SAE, "topk", k=32), torch.arange(N_TEXTS) % N_CONCEPTS
    return lambda: concept_scores(
        pool_by_text(open_activations(folder), N_TEXTS, encode=sae.encode), ids, N_CONCEPTS
    )


WORKS = {
    "harvest to disk": harvest,
    "train from disk": train,
    "top examples": examples,
    "concept scores": concepts,
}


REPEATS = 3

AT_ONCE = {"MALLOC_MMAP_THRESHOLD_": "131072"}
"""Environment in which the C library gives every block above 128 KB back as soon as it is freed.

Left alone, glibc learns to keep blocks of up to 32 MB, and how much it then holds differs by 70 MB between two runs of
one program: more than what is to be measured.
"""


def rows() -> list[Row]:
    found = []
    for name in WORKS:
        peaks = [[peak_mb(__file__, name, n, environment=AT_ONCE) for n in SIZES] for _ in range(REPEATS)]
        small, large = map(statistics.median, zip(*peaks, strict=True))
        most = max(peak_mb(__file__, name, SIZES[-1]) for _ in range(REPEATS))
        note = f"{small:.0f} and {large:.0f} MB; with what the C library keeps of freed blocks {most:.0f} MB at most"
        growth = [four_times / once for once, four_times in peaks]
        work = f"memory of {name}, {SIZES[1]:,} tokens"
        found.append(Row(work, f"the same for {SIZES[0]:,}", growth, AT_MOST, note=note, unit="times"))
    return found


if __name__ == "__main__":  # python memory.py WORK TOKENS
    with tempfile.TemporaryDirectory() as folder:
        work = WORKS[sys.argv[1]](int(sys.argv[2]), Path(folder))
        frees_memory(partial(int))()  # what setting up freed would be used again, and not be seen
        measure_peak(work)
