"""Train the sparse autoencoders that ship with the pocket model: `python -m course_utils.recipes.pocket_saes --out runs/saes`.

Each reads the residual stream after one layer and is scored on held-out text. Those of a layer are trained one after
the other on the same harvest. An autoencoder that stands in ``--out`` already is left alone, so that a run which was
stopped goes on where it was; about twenty minutes on two free cores in all, and 2 GB of memory.
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

from course_utils.lm import activation_batches, iterate_activations, load_model, load_texts
from course_utils.reading import loss_recovered, score_sae
from course_utils.sae import SAE, save_sae
from course_utils.training import History, fit_sae

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

log = logging.getLogger("pocket_saes")

MIDDLE, BATCH = 2, 2048
TOPK: dict[str, Any] = dict(architecture="topk", k=32, lr=2e-3, steps=800)
SAES: dict[str, dict[str, Any]] = {
    "layer_2": dict(layer=MIDDLE, d_sae=4096, **TOPK),
    "layer_2_1024": dict(layer=MIDDLE, d_sae=1024, **TOPK),
    "layer_2_512": dict(layer=MIDDLE, d_sae=512, seed=512, **TOPK),
    "layer_2_512_seed_0": dict(layer=MIDDLE, d_sae=512, **TOPK),
    "layer_2_relu": dict(layer=MIDDLE, d_sae=2048, architecture="relu", l1_coefficient=2.0, lr=2e-3, steps=800),
    "layer_2_batchtopk": dict(layer=MIDDLE, d_sae=2048, **TOPK | dict(architecture="batchtopk")),
    "layer_1": dict(layer=1, d_sae=2048, **TOPK),
    "layer_3": dict(layer=3, d_sae=2048, **TOPK),
}  # fmt: skip
"""Where none is named, the seed is 0. Day 6 asks which latents of the larger dictionaries lie near one of the smallest,
and from one seed their first rows would start as the same: so the smallest has a seed of its own, and a second run of
it starts as the larger ones do."""

TOKENS_TO_TRAIN_ON, TOKENS_TO_JUDGE_BY, TEXTS_TO_SPLICE = 1_000_000, 150_000, 500


def mixed_texts(split: Literal["train", "held_out"]) -> list[str]:
    """The texts of a split in an order that mixes topics and formats, since the corpus lists them concept by concept."""
    texts = [t.text for t in load_texts(split)]
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(0))
    return [texts[i] for i in order]


def harvest(
    model: TransformerBridge, split: Literal["train", "held_out"], hook_name: str, n_tokens: int
) -> Float[Tensor, "n d_in"]:
    """The first ``n_tokens`` activations of the mixed texts, or all there are."""
    rows, chunks = 0, []
    for chunk in iterate_activations(model, mixed_texts(split), hook_name, batch_size=64):
        chunks.append(chunk.values)
        rows += len(chunk)
        if rows >= n_tokens:
            break
    return torch.cat(chunks)[:n_tokens]


def fitted(recipe: dict[str, Any], activations: Tensor, *, speed: str = "plain") -> tuple[SAE, History]:
    """A new autoencoder, trained by one of these recipes on the same batches in the same order.

    Raises:
        KeyboardInterrupt: if it was stopped half-way.
    """
    sae = SAE(
        activations.shape[1],
        recipe["d_sae"],
        recipe["architecture"],
        k=recipe.get("k"),
        seed=recipe.get("seed", 0),
    )
    batches = islice(activation_batches(activations, BATCH, seed=0, epochs=None), recipe["steps"])
    history = fit_sae(
        sae, batches, steps=recipe["steps"], lr=recipe["lr"], l1_coefficient=recipe.get("l1_coefficient"),
        progress=False, speed=speed,
    )  # fmt: skip
    if history.interrupted:
        raise KeyboardInterrupt("half trained, and so not written")
    return sae, history


def train(
    name: str, out: Path, model: TransformerBridge, activations: Tensor, held_out: Tensor, steps: int | None
) -> None:
    recipe: dict[str, Any] = SAES[name] | ({"steps": steps} if steps else {})
    hook_name = hook_of(name)
    sae, history = fitted(recipe, activations)
    scores = score_sae(sae, held_out)
    losses = loss_recovered(model, sae, mixed_texts("held_out")[:TEXTS_TO_SPLICE], hook_name, batch_size=64)
    report = {
        **recipe, "hook_name": hook_name, "held_out_tokens": scores.n_tokens,
        "fvu": scores.fvu, "l0": scores.l0, "dead_share": scores.dead_share,
        **losses._asdict(), "last_training_fvu": history.last.fvu,
    }  # fmt: skip
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scores.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    save_sae(
        sae, folder, dtype=torch.float16,
        model_name="pocket", hook_name=hook_name, context_size=model.cfg.n_ctx, prepend_bos=True,
    )  # fmt: skip
    log.info("%s: fvu %.3f, l0 %.1f, loss %+.3f", name, scores.fvu, scores.l0, losses.loss_increase)


def hook_of(name: str) -> str:
    return f"blocks.{SAES[name]['layer']}.hook_resid_post"


def missing(names: list[str], out: Path) -> dict[str, list[str]]:
    """Hook point → the autoencoders of it that do not stand in ``out`` yet. ``cfg.json`` is written last."""
    todo: dict[str, list[str]] = {}
    for name in names:
        if not (out / name / "cfg.json").is_file():
            todo.setdefault(hook_of(name), []).append(name)
    return todo


def main(out: Path, names: list[str], steps: int | None) -> None:
    model = load_model("pocket")
    for hook_name, some in missing(names, out).items():
        n_tokens = min(TOKENS_TO_TRAIN_ON, steps * BATCH) if steps else TOKENS_TO_TRAIN_ON
        activations = harvest(model, "train", hook_name, n_tokens)
        held_out = harvest(model, "held_out", hook_name, TOKENS_TO_JUDGE_BY)
        log.info("%s: %d activations", hook_name, len(activations))
        for name in some:
            train(name, out, model, activations, held_out, steps)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/saes"))
    parser.add_argument("--only", choices=SAES, nargs="+", default=list(SAES), help="train some of them")
    parser.add_argument("--steps", type=int, help="instead of the recipe's, to try it")
    a = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    main(a.out, a.only, a.steps)
