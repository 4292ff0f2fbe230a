"""One of the processes of test_distributed: train a small SAE, save it. Started with what torchrun sets."""

import atexit
import json
import os
import signal
import sys
from pathlib import Path

import torch

from course_utils.base import processes
from course_utils.lm import collect_activations, iterate_activations, write_activations
from course_utils.sae import SAE
from course_utils.training import Checkpoint, Revival, fit_sae

CASES = {
    "relu": (dict(), dict(l1_coefficient=0.5)),
    "relu, fast": (dict(), dict(l1_coefficient=0.5, speed="fast")),
    "topk": (dict(k=3), dict(revival=Revival(dead_after=200))),  # some die, so that auxk_loss counts too
    "topk, fast": (dict(k=3), dict(revival=Revival(dead_after=200), speed="fast")),
    "batchtopk": (dict(k=3), dict(revival=Revival(dead_after=200))),
    "jumprelu": (dict(bandwidth=0.5), dict(l0_coefficient=0.3)),
    "gated": (dict(), dict(l1_coefficient=2.0)),
    "matryoshka": (dict(k=3), dict()),
}
STEPS = 12


def batches(seed=0):
    """Sparse mixtures of 12 directions; sizes that two processes cannot halve."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(12, 8, generator=generator)
    for number in range(STEPS):
        active = torch.rand(65 + number, 12, generator=generator) < 0.1
        yield 5 * (torch.rand(active.shape, generator=generator) * active) @ directions + 0.3


def train(case, seed=0, given=None, checkpoint=None, every=1000, **options):
    """(autoencoder, history)."""
    sae_options, fit_options = CASES[case]
    sae = SAE(8, 16, case.split(",")[0], seed=seed, **sae_options)
    kept = Checkpoint(checkpoint, every) if checkpoint is not None else None
    options = dict(steps=STEPS, lr=0.01, progress=False, checkpoint=kept) | fit_options | options
    history = fit_sae(sae, batches() if given is None else given, **options)
    return sae, history


def harvest():
    """Rows, where they are from; and those of one text, which cannot be shared."""
    from pipeline_model import (
        TEXTS,
        tiny_model,
    )  # here: its imports take seconds, and training needs none of them

    found = collect_activations(tiny_model(), TEXTS[:5], "blocks.1.hook_resid_post", batch_size=2)
    alone = collect_activations(tiny_model(), TEXTS[0], "blocks.1.hook_resid_post")
    return found.values, found.where, alone.values


def store(folder, share=True):
    """The same rows, on disk."""
    from pipeline_model import TEXTS, tiny_model

    chunks = iterate_activations(
        tiny_model(), TEXTS[:5], "blocks.1.hook_resid_post", batch_size=2, share=share
    )
    return write_activations(folder, chunks, rows_per_shard=7)


def killed_after(step):
    def callback(state):
        if state.measurement.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return callback


if __name__ == "__main__":
    out, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    # runs after what `processes` leaves to be done at the end
    atexit.register(lambda: (out / f"connected {rank}").write_text(str(torch.distributed.is_initialized())))
    if options.pop("other_batches", False):
        train("relu", given=batches(seed=rank))
    dies = options.pop("dies_after", None)
    callbacks = [killed_after(dies)] if dies is not None and rank == 1 else []
    harvests = options.pop("harvest", False)
    if harvests:  # transformers saves the tiny model in the first process only, once they are connected
        from pipeline_model import tiny_model

        tiny_model()
    assert processes().count == 2
    if harvests:
        torch.save(harvest(), out / f"harvest {rank}.pt")
        store(out / "store")
        if rank == 0:
            assert (out / "store" / "index.json").exists()
        try:
            store(out / "twice", share=False)
        except ValueError as problem:
            (out / f"twice {rank}").write_text(str(problem))
    for case in options.pop("cases"):
        sae, history = train(case, callbacks=callbacks, **options)
        torch.save(
            dict(sae=sae.state_dict(), loss=history.loss, fvu=history.fvu, l0=history.l0),
            out / f"{case} {rank}.pt",
        )
    processes().wait()
