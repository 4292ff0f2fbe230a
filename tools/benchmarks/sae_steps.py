"""The SAE training step against SAELens, sparsify and dictionary_learning: time, memory, and the same answer."""

from __future__ import annotations

import statistics
import sys

import torch
from peers import DictionaryLearning, Ours, SAELens, Sparsify, Task
from timing import Row, in_turn, measure_peak, peak_mb, ratios
from torch import Tensor

from course_utils.sae import SAE
from course_utils.training import WORTH_IT, Revival, Schedule, bfloat16_gain, fit_sae

D_IN, D_SAE, BATCH = 768, 12_288, 4096
SIZES = f"{D_IN} → {D_SAE:,}, batch {BATCH}"
CURVE_STEPS, CURVE_SEEDS = 3000, (0, 1)
FLOAT32, BFLOAT16 = torch.float32, torch.bfloat16


def activations(n: int, d_in: int, seed: int = 0, active: int = 24) -> Tensor:
    """Sums of a few of 4 d_in directions, exponentially strong, with a little noise; mean norm sqrt(d_in)."""
    directions = torch.randn(4 * d_in, d_in, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1 + seed)
    which = torch.randint(0, 4 * d_in, (n, active), generator=generator)
    strength = torch.empty(n, active).exponential_(generator=generator)
    x = torch.nn.functional.embedding_bag(which, directions, mode="sum", per_sample_weights=strength)
    x += 0.01 * torch.randn(n, d_in, generator=generator)
    return x * (d_in**0.5 / x.norm(dim=1).mean())


def rows() -> list[Row]:
    return [*topk(), *relu_dense(), *relu_sparse(), *memory(), *whole_training(), *curves()]


def topk() -> list[Row]:
    task, x = Task("topk"), activations(BATCH, D_IN)
    works = {"SAELens": SAELens(task), "autocast": SAELens(task, autocast=True), "sparsify": Sparsify(task)}
    works |= {"float32": Ours(task)} | ({"bfloat16": Ours(task, BFLOAT16)} if has_bfloat16() else {})
    seconds = timed(works, x)
    work = f"SAE step, TopK k = 32, {SIZES}"
    return [
        row(f"{work}, bfloat16", "SAELens, float32", seconds, "SAELens", "bfloat16", 8, 15),
        row(f"{work}, bfloat16", "SAELens, autocast", seconds, "autocast", "bfloat16", 4, 8),
        row(f"{work}, bfloat16", "sparsify, float32", seconds, "sparsify", "bfloat16", 2.5, 4),
        row(f"{work}, float32", "SAELens, float32", seconds, "SAELens", "float32", 4, 6),
        row(f"{work}, float32", "sparsify, float32", seconds, "sparsify", "float32"),
    ]


def relu_dense() -> list[Row]:
    task, x = Task("relu", length=0.1), activations(BATCH, D_IN)
    works = {"SAELens": SAELens(task), "autocast": SAELens(task, autocast=True)}
    works |= {"dictionary_learning": DictionaryLearning(task), "float32": Ours(task)}
    works |= {"bfloat16": Ours(task, BFLOAT16)} if has_bfloat16() else {}
    seconds = timed(works, x)
    work, l0 = (
        f"SAE step, ReLU + L1, {SIZES}",
        f"l0 at the end {works['float32'].l0 / D_SAE:.0%} of the latents",
    )
    return [
        row(f"{work}, bfloat16", "SAELens, float32", seconds, "SAELens", "bfloat16", 6, 10),
        row(f"{work}, bfloat16", "SAELens, autocast", seconds, "autocast", "bfloat16", 3.5, 6),
        row(f"{work}, float32, dense phase", "SAELens, float32", seconds, "SAELens", "float32", 1.4, 1.9, l0),
        row(
            f"{work}, float32, dense phase",
            "dictionary_learning, float32",
            seconds,
            "dictionary_learning",
            "float32",
            note=l0,
        ),
    ]


def relu_sparse() -> list[Row]:
    task, x = Task("relu", length=0.1, bias=-0.25), activations(BATCH, D_IN)
    works = {"SAELens": SAELens(task), "float32": Ours(task)}
    works |= {"bfloat16": Ours(task, BFLOAT16)} if has_bfloat16() else {}
    seconds = timed(works, x)
    work, l0 = (
        f"SAE step, ReLU + L1, {SIZES}",
        f"l0 at the end {works['float32'].l0 / D_SAE:.2%} of the latents",
    )
    return [
        row(
            f"{work}, float32, l0 under 1.5%",
            "SAELens, float32",
            seconds,
            "SAELens",
            "float32",
            3.5,
            4.5,
            l0,
        ),
        row(f"{work}, bfloat16, l0 under 1.5%", "SAELens, float32", seconds, "SAELens", "bfloat16", note=l0),
    ]


def memory() -> list[Row]:
    """MB above imports, data and nothing else, after three steps in a fresh process."""
    found = []
    for architecture in ("topk", "relu"):
        theirs = peak_mb(__file__, "memory", "SAELens", architecture)
        for dtype in ("float32", "bfloat16") if has_bfloat16() else ("float32",):
            ours = peak_mb(__file__, "memory", dtype, architecture)
            work = f"memory of a step above imports, {architecture}, {SIZES}, {dtype}"
            found.append(Row(work, f"SAELens, float32: {theirs:,.0f} MB", [ours], 700, 400, unit="MB"))
    return found


def whole_training() -> list[Row]:
    """What a learner gains: `fit_sae` with its record, its copies and its bar, on the sizes of day 6."""
    x = activations(2048, 256)
    found = []
    for name, l1_coefficient in (("topk", None), ("relu", 5.0)):

        def fit(speed: str, name: str = name, l1_coefficient: float | None = l1_coefficient) -> None:
            sae = SAE(256, 4096, name, k=32 if name == "topk" else None)
            fit_sae(sae, [x] * 5, l1_coefficient=l1_coefficient, progress=False, speed=speed)

        seconds = in_turn(
            {"plain": lambda: fit("plain"), "fast": lambda: fit("fast"), "auto": lambda: fit("auto")}
        )
        work = f"five steps of fit_sae, {name}, 256 → 4,096, batch 2048"
        for speed in ("fast", "auto"):
            against = 'fit_sae, speed="plain"'
            found.append(Row(f'{work}, speed="{speed}"', against, ratios(seconds, "plain", speed)))
    return found


def curves() -> list[Row]:
    """The mean of the last 50 losses of our trainer and of SAELens', from the same start on the same batches."""
    found = []
    # SAELens lets a TopK decoder's directions have any length; ours have length 1, and so have its, if asked
    for architecture, l1_coefficient, unit_norm in (
        ("topk", None, False),
        ("topk", None, True),
        ("relu", 2.0, False),
    ):
        task = Task(architecture, 32, 256, k=4, lr=3e-3, l1_coefficient=l1_coefficient, steps=CURVE_STEPS)
        task.length = 1.0 if architecture == "topk" else 0.25
        differences = {"plain": [], "fast": []}
        for seed in CURVE_SEEDS:
            batches = activations(CURVE_STEPS * 256, 32, seed, active=4).split(256)
            peer = SAELens(task, unit_norm=unit_norm)
            peer.trainer.sae.b_dec.data.copy_(batches[0].mean(dim=0))  # where fit_sae starts
            theirs = statistics.mean([peer.step(x) for x in batches][-50:])
            for speed, percents in differences.items():
                schedule = Schedule(task.lr, warmup_steps=0, decay_share=0.2, normalise=False)
                options = dict(lr=schedule, revival=Revival(coefficient=0.0), speed=speed, progress=False)
                options |= dict(l1_coefficient=l1_coefficient)
                mine = statistics.mean(fit_sae(task.sae(), batches, **options).loss[-50:])
                percents.append(100 * abs(mine - theirs) / theirs)
        for speed, percents in differences.items():
            work = f'loss after {CURVE_STEPS} steps, {architecture}, 32 → 256, batch 256, fit_sae speed="{speed}"'
            note = "difference of the mean of the last 50 losses; one number a seed of the data"
            against = "SAELens, directions held at length 1" if unit_norm else "SAELens"
            must = None if architecture == "topk" and not unit_norm else 1.0
            found.append(Row(work, against, percents, must, unit="%", note=note))
    return found


def has_bfloat16() -> bool:
    return bfloat16_gain() > WORTH_IT


def timed(works: dict[str, object], x: Tensor) -> dict[str, list[float]]:
    return in_turn({name: lambda work=work: work.step(x) for name, work in works.items()})


def row(
    work: str, against: str, seconds: dict, peer: str, ours: str, must=None, aim=None, note: str = ""
) -> Row:
    if ours not in seconds:
        note = f"no bfloat16 in this processor: its products are {1 / bfloat16_gain():.1f} × slower than float32's"
        return Row(work, against, [], must, aim, note)
    times = f"{statistics.median(seconds[peer]):.2f} s and {statistics.median(seconds[ours]):.2f} s"
    return Row(work, against, ratios(seconds, peer, ours), must, aim, f"{times}; {note}" if note else times)


if __name__ == "__main__":  # python sae_steps.py memory SAELens|float32|bfloat16 topk|relu
    import sae_lens  # noqa: F401 — an import, not a step

    _, _, whose, architecture = sys.argv
    task, x = Task(architecture, length=1.0 if architecture == "topk" else 0.1), activations(BATCH, D_IN)

    def three_steps() -> None:
        work = SAELens(task) if whose == "SAELens" else Ours(task, getattr(torch, whose))
        for _ in range(3):
            work.step(x)

    measure_peak(three_steps)
