"""The stages of `course bring` that make the dictionary: harvest, and train."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from course_utils.base import using_threads
from course_utils.desk.bring_run import Run
from course_utils.lm import (
    Activations,
    ActivationStore,
    LabelledText,
    activation_batches,
    harvest_activations,
    open_activations,
    tokenize,
)
from course_utils.reading import outlier_dimensions
from course_utils.sae import SAE, save_sae
from course_utils.training import Checkpoint, Schedule, fastest_threads, fit_sae

BATCH, LR, EVERY = 2048, 1e-3, 100
FEWEST_TOKENS = 1000
ROWS_LOOKED_AT = 30_000  # for the size of each dimension
TEXTS_A_BLOCK = 512


def texts_for(run: Run) -> list[str]:
    """The first texts to train on that hold as many tokens as were asked for together, or all there are."""
    n_tokens, taken = 0, 0
    texts = run.material.train
    while taken < len(texts) and n_tokens < run.asked.tokens:
        block = tokenize(
            run.model, texts[taken : taken + TEXTS_A_BLOCK], max_tokens_per_text=run.asked.context
        )
        upto = (block.lengths - 1).cumsum(0) + n_tokens
        enough = int((upto < run.asked.tokens).sum()) + 1
        n_tokens, taken = int(upto[-1]), taken + min(enough, len(block))
    return texts[:taken]


def harvest(run: Run) -> ActivationStore:
    """Activations of the texts to train on.

    Raises:
        ValueError: if there are too few tokens to learn from.
        OSError: if there is not enough room on the disk.
    """
    width, texts = run.width, texts_for(run)
    need, free = 2.1 * run.asked.tokens * width, shutil.disk_usage(run.folder).free
    if need > free:
        raise OSError(
            f"the harvest takes {need / 1e9:.1f} GB and {free / 1e9:.1f} are free: take fewer --tokens"
        )
    store = _harvested(run, run.harvest, texts)
    if len(store) < FEWEST_TOKENS:
        raise ValueError(
            f"the texts have {len(store)} tokens, and a dictionary needs {FEWEST_TOKENS} at least"
        )
    return store


def harvest_judged(run: Run) -> ActivationStore:
    """Activations of the texts to choose and to judge by."""
    return _harvested(run, run.judged, run.judged_texts)


def _harvested(run: Run, folder: Path, texts: Sequence[str] | Sequence[LabelledText]) -> ActivationStore:
    return harvest_activations(
        folder,
        run.model,
        texts,
        run.asked.hook,
        batch_size=8 if run.device.type == "cpu" else 64,
        max_tokens_per_text=run.asked.context,
        compute_dtype=getattr(torch, run.asked.compute),
        metadata={"hook_name": run.asked.hook, "model_name": run.asked.model},
        progress=run.progress,
    )


def first_rows(chunks: Iterable[Activations], n: int = ROWS_LOOKED_AT) -> Tensor:
    """The first rows of a store, or of another stream; the texts of a harvest are in random order."""
    rows, parts = 0, []
    for piece in chunks:
        parts.append(piece.values[: n - rows])
        rows += len(parts[-1])
        if rows >= n:
            break
    return torch.cat(parts)


def train(run: Run) -> None:
    """The dictionary, from the harvest.

    Raises:
        KeyboardInterrupt: if it was stopped; the checkpoint is what it goes on from.
    """
    store = open_activations(run.harvest)
    some = first_rows(store)
    outliers, squares = outlier_dimensions(some), some.pow(2).sum(dim=0)
    batch = min(BATCH, len(store) // 4)
    steps = run.asked.passes * len(store) // batch
    sae = SAE(store.d_in, run.asked.latents, "topk", k=run.asked.k, seed=run.asked.seed).to(run.device)
    with using_threads(fastest_threads() if run.device.type == "cpu" else torch.get_num_threads()):
        history = fit_sae(
            sae,
            activation_batches(store, batch, seed=run.asked.seed, epochs=None),
            steps=steps,
            lr=Schedule(LR, normalise="dimension" if len(outliers) else True),
            speed=run.asked.speed,
            checkpoint=Checkpoint(run.checkpoint, EVERY),
            progress=run.progress,
        )
    if history.interrupted:
        raise KeyboardInterrupt
    if run.team.is_first:
        unfinished = run.folder / "dictionary.part"
        save_sae(
            sae.cpu(),
            unfinished,
            model_name=run.asked.model,
            hook_name=run.asked.hook,
            context_size=run.asked.context,
            prepend_bos=True,
            tokens_trained_on=len(store),
            steps=steps,
            batch=batch,
            scaled_by="dimension" if len(outliers) else "mean norm",
            outlier_dimensions=outliers.tolist(),
            share_of_three_largest=(squares.topk(min(3, len(squares))).values.sum() / squares.sum()).item(),
        )
        unfinished.replace(run.dictionary)
        run.checkpoint.unlink(missing_ok=True)
    run.team.wait()
