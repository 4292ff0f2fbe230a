"""Train the sparse autoencoders that ship with the pocket model: `python -m course_utils.recipes.pocket_saes --out runs/saes`.

Each reads the residual stream after one layer and is trained on every training text, then scored on held-out text.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import torch

from course_utils.activations import Activations, activation_batches, iterate_activations
from course_utils.corpus import load_texts
from course_utils.language_model import load_model
from course_utils.metrics import loss_recovered, score_sae
from course_utils.sae import SAE, save_sae
from course_utils.training import fit_sae

SAES = {
    "layer_2": dict(layer=2, architecture="topk", k=32, d_sae=4096, lr=2e-3, steps=1000, seed=0),
}


def interleaved_texts(split: str) -> list[str]:
    """The texts of a split in an order that mixes topics and formats, since the corpus lists them concept by concept."""
    texts = [t.text for t in load_texts(split)]
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(0))
    return [texts[i] for i in order]


def train(name: str, out: Path, steps: int | None) -> None:
    recipe = SAES[name]
    model = load_model("pocket")
    hook_name = f"blocks.{recipe['layer']}.hook_resid_post"
    texts = interleaved_texts("train")

    def stream() -> Iterator[Activations]:
        return iterate_activations(model, texts, hook_name, batch_size=64)

    sae = SAE(
        model.cfg.d_model, recipe["d_sae"], recipe["architecture"], k=recipe.get("k"), seed=recipe["seed"]
    )
    batches = activation_batches(stream, 2048, seed=recipe["seed"], epochs=None, buffer_size=200_000)
    history = fit_sae(sae, batches, steps=steps or recipe["steps"], lr=recipe["lr"])
    save_sae(
        sae, out / name, dtype=torch.float16,
        model_name="pocket", hook_name=hook_name, context_size=model.cfg.n_ctx, prepend_bos=True,
    )  # fmt: skip

    held_out = interleaved_texts("held_out")
    scores = score_sae(sae, iterate_activations(model, held_out, hook_name, batch_size=64))
    losses = loss_recovered(model, sae, held_out[:1500], hook_name, batch_size=64)
    report = {
        **recipe, "hook_name": hook_name, "held_out_tokens": scores.n_tokens,
        "fvu": scores.fvu, "l0": scores.l0, "dead_share": scores.dead_share,
        **losses._asdict(), "last_training_fvu": history.last.fvu,
    }  # fmt: skip
    (out / name / "scores.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/saes"))
    parser.add_argument("--only", choices=SAES, help="train one of them")
    parser.add_argument("--steps", type=int, help="instead of the recipe's")
    a = parser.parse_args()
    for name in [a.only] if a.only else SAES:
        train(name, a.out, a.steps)
