"""Train the transcoders of the pocket model's MLPs: `python -m course_utils.recipes.pocket_transcoders --out runs/transcoders`.

One a layer, and beside each an autoencoder of the same size and kind on what the MLP writes, trained on the same rows for
as many steps: it does not ship, its scores do. What stands in ``--out`` already is left alone, and a training that was
stopped goes on from its checkpoint. About twenty minutes of one processor, and 3 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import logging
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.lm import activation_batches, iterate_side_by_side, load_model
from course_utils.reading import loss_with_transcoders, score_sae
from course_utils.recipes.pocket_saes import mixed_texts
from course_utils.sae import SAE, Transcoder, load_transcoder, save_transcoder
from course_utils.training import Checkpoint, Revival, fit_sae

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

log = logging.getLogger("pocket_transcoders")

D_SAE, K, LR, STEPS, BATCH = 1024, 48, 2e-3, 1600, 1024
DEAD_AFTER = 20_000
TOKENS_TO_TRAIN_ON, TOKENS_TO_JUDGE_BY, TEXTS_TO_SPLICE = 250_000, 20_000, 150


def hooks_of(layer: int) -> tuple[str, str]:
    """What goes into a layer's MLP, and what comes out."""
    return f"blocks.{layer}.mlp.hook_in", f"blocks.{layer}.hook_mlp_out"


def harvest(
    model: TransformerBridge, split: Literal["train", "held_out"], n_tokens: int
) -> list[Float[Tensor, "n width"]]:
    """For each layer the first ``n_tokens`` rows of the mixed texts, input and output side by side, in half precision."""
    rows, n = torch.empty(0), 0
    texts = mixed_texts(split)[: n_tokens // 10]  # they have more than ten tokens on average
    names = [name for layer in range(model.cfg.n_layers) for name in hooks_of(layer)]
    for chunk in iterate_side_by_side(model, texts, names):
        if not n:  # one table from the start: joined at the end, all rows would be there twice
            rows = torch.empty(n_tokens, chunk.values.shape[1], dtype=torch.half)
        some = chunk.values[: n_tokens - n]
        rows[n : n + len(some)] = some
        n += len(some)
        if n == n_tokens:
            break
    return list(rows[:n].chunk(model.cfg.n_layers, dim=1))


def fit(sae: SAE, rows: Tensor, held_out: Tensor, steps: int, checkpoint: Path) -> dict[str, Any]:
    """Train, and score on held-out rows."""
    batches = islice(activation_batches(rows, BATCH, seed=0, epochs=None), steps)
    history = fit_sae(
        sae, batches, steps=steps, lr=LR, revival=Revival(dead_after=DEAD_AFTER), progress=False,
        checkpoint=Checkpoint(checkpoint, every=100),
    )  # fmt: skip
    if history.interrupted:
        raise KeyboardInterrupt(f"half trained; {checkpoint} goes on from there")
    scores = score_sae(sae, held_out.float())
    return {
        "d_sae": sae.d_sae, "k": sae.k, "lr": LR, "steps": steps, "tokens": len(rows), "held_out_tokens": len(held_out),
        "fvu": scores.fvu, "l0": scores.l0, "dead_share": scores.dead_share,
    }  # fmt: skip


def train_transcoder(layer: int, out: Path, d_model: int, rows: Tensor, held_out: Tensor, steps: int) -> None:
    """Train one, and write it with its scores."""
    transcoder = Transcoder(d_model, D_SAE, "batchtopk", k=K, skip=True, seed=0)
    scores = fit(transcoder, rows, held_out, steps, out / f"transcoder_{layer}.pt")
    write(scores, out / f"layer_{layer}" / "scores.json")
    read, written = hooks_of(layer)
    save_transcoder(
        transcoder, out / f"layer_{layer}", dtype=torch.float16,
        model_name="pocket", hook_name=read, hook_name_out=written, prepend_bos=True, k=K,
    )  # fmt: skip


def train_sae(layer: int, out: Path, d_model: int, rows: Tensor, held_out: Tensor, steps: int) -> None:
    """Train what it is compared with, and write the scores only."""
    sae = SAE(d_model, D_SAE, "batchtopk", k=K, seed=0)
    scores = fit(sae, rows[:, d_model:], held_out[:, d_model:], steps, out / f"sae_{layer}.pt")
    write(scores, out / f"layer_{layer}" / "sae_scores.json")


def write(report: dict[str, Any], path: Path) -> None:
    """Write a report and log it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    log.info("%s: %s", path, json.dumps(report))


def main(out: Path, steps: int) -> None:
    model = load_model("pocket")
    layers, d_model = range(model.cfg.n_layers), model.cfg.d_model
    out.mkdir(parents=True, exist_ok=True)
    rows = harvest(model, "train", min(TOKENS_TO_TRAIN_ON, steps * BATCH))
    held_out = harvest(model, "held_out", TOKENS_TO_JUDGE_BY)
    log.info("harvested %d and %d rows", len(rows[0]), len(held_out[0]))
    for layer in layers:
        if not (out / f"layer_{layer}" / "cfg.json").is_file():
            train_transcoder(layer, out, d_model, rows[layer], held_out[layer], steps)
    if not (out / "all_layers.json").is_file():
        texts = mixed_texts("held_out")[:TEXTS_TO_SPLICE]
        transcoders = {layer: load_transcoder(out / f"layer_{layer}") for layer in layers}
        losses = loss_with_transcoders(model, transcoders, texts, batch_size=32)
        write(
            {**losses._asdict(), "loss_increase": losses.increase, "texts": len(texts)},
            out / "all_layers.json",
        )
    for layer in layers:
        if not (out / f"layer_{layer}" / "sae_scores.json").is_file():
            train_sae(layer, out, d_model, rows[layer], held_out[layer], steps)
    for checkpoint in out.glob("*.pt"):
        checkpoint.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/transcoders"))
    parser.add_argument("--steps", type=int, default=STEPS, help="instead of the recipe's, to try it")
    a = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    main(a.out, a.steps)
