"""The strongest examples of every latent: a stream against holding all activations and sorting them."""

from __future__ import annotations

import statistics
import sys

import torch
from timing import Row, in_turn, measure_peak, peak_mb, ratios
from torch import Tensor

from course_utils.base import frees_memory
from course_utils.reading import Active, TopRows, top_rows

D_SAE, KEEP, BATCH, K = 12_288, 20, 4096, 32
TOKENS = 16_384
MUST_MB = 150


def active(number: int) -> Active:
    """A batch of a TopK autoencoder: a few latents are active often, most seldom (frequency ~ rank^-0.7)."""
    generator = torch.Generator().manual_seed(number)
    odds = torch.arange(1, D_SAE + 1.0).pow(-0.7)
    latents = [
        (odds / torch.empty(256, D_SAE).exponential_(generator=generator)).topk(K).indices
        for _ in range(BATCH // 256)
    ]
    return Active(torch.cat(latents), torch.empty(BATCH, K).exponential_(generator=generator) + 0.01)


def dense(batch: Active, table: Tensor) -> Tensor:
    """The same as a whole table, written where the last one stood."""
    return table.zero_().scatter_(1, batch.latents, batch.strengths)


def rows() -> list[Row]:
    batches = [active(number) for number in range(TOKENS // BATCH)]
    table = torch.zeros(BATCH, D_SAE)

    def hold_everything() -> TopRows:
        latents = torch.cat([dense(batch, table).clone() for batch in batches])
        return TopRows(*(x.T for x in latents.topk(KEEP, dim=0)))

    works = {
        "hold": hold_everything,
        "dense": lambda: top_rows((dense(batch, table) for batch in batches), D_SAE, KEEP),
        "active": lambda: top_rows(batches, D_SAE, KEEP),
    }
    expected = hold_everything().strengths
    for name, work in works.items():
        if not torch.equal(work().strengths, expected):
            raise AssertionError(f"{name} finds other examples")
    seconds = in_turn(works)
    work, against = (
        f"top examples, {D_SAE:,} latents, keep {KEEP}, {TOKENS:,} tokens",
        "hold everything, then topk",
    )
    found = []
    for name, kind, must, aim in (("dense", "dense input", 6, 8), ("active", "TopK input", 30, 50)):
        times = f"{statistics.median(seconds['hold']):.2f} s and {statistics.median(seconds[name]):.2f} s"
        found.append(Row(f"{work}, {kind}", against, ratios(seconds, "hold", name), must, aim, times))
        for n in (TOKENS, 4 * TOKENS):
            megabytes = peak_mb(__file__, name, n)
            found.append(
                Row(
                    f"memory of the same, {kind}, {n:,} tokens",
                    "a bound at any length",
                    [megabytes],
                    MUST_MB,
                    unit="MB",
                )
            )
    return found


if __name__ == "__main__":  # python top_examples.py dense|active TOKENS
    _, kind, n = sys.argv
    drawn, table = [active(number) for number in range(4)], torch.zeros(BATCH, D_SAE)
    table += 1  # the table is the encoder's: in memory before anything is searched
    stream = (
        Active(drawn[i % 4].latents, drawn[i % 4].strengths * (1 + 0.001 * i)) for i in range(int(n) // BATCH)
    )
    batches = (dense(batch, table) for batch in stream) if kind == "dense" else stream
    frees_memory(lambda: None)()  # what drawing freed would otherwise be used again, and not be seen
    measure_peak(lambda: top_rows(batches, D_SAE, KEEP))
