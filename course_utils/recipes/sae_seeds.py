"""Do day 6's figures hold from other seeds? `python -m course_utils.recipes.sae_seeds --out runs/seeds`.

The shipped autoencoder of 1,024 latents again from two more seeds, all else as in `pocket_saes` (the same batches in the
same order); beside it what has learned nothing, untrained autoencoders and directions by lot. And short runs, as day 6
has one beside the shuffled model: with all weights trained, and with the decoder left as it was drawn (Korznikov et al.
2026, arXiv 2602.14111). Each is judged on the texts that day 6 judges by; ``seeds.json`` keeps figures and no weights.
About ten minutes of one core and 3 GB; goes on where it was stopped, seed by seed.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.lm import (
    Activations,
    LabelledText,
    activation_batches,
    collect_activations,
    few_of_each_concept,
    load_model,
)
from course_utils.reading import (
    concept_scores,
    family,
    loss_recovered,
    pool_by_text,
    score_sae,
    untrained_sae,
    without_outlier_tokens,
)
from course_utils.recipes.pocket_saes import MIDDLE, SAES, TOKENS_TO_TRAIN_ON, fitted, harvest
from course_utils.sae import SAE, load_sae, save_sae
from course_utils.training import TrainingState, fit_sae

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

log = logging.getLogger("sae_seeds")

SHIPPED = "layer_2_1024"
"""Which one is trained again; all others are as large."""

D_SAE, K = SAES[SHIPPED]["d_sae"], SAES[SHIPPED]["k"]
LOTS, UNTRAINED = "directions by lot", "untrained"
BEFORE, FROZEN, SHORT = "before a short run", "short run, decoder frozen", "short run"
KINDS, SEEDS = (LOTS, UNTRAINED, SHIPPED, BEFORE, FROZEN, SHORT), (0, 1, 2)
FEW = (800, 500)
"""Texts that a short run is trained and chosen on, and judged by."""

NEAR = 0.5
"""The cosine of 60 degrees, from which on day 6 calls two latents kin."""


@dataclass
class Exam:
    """What day 6 judges by, drawn as there."""

    model: TransformerBridge
    hook_name: str

    def drawn(self, split: Literal["train", "held_out"], n_each: int) -> list[LabelledText]:
        texts = few_of_each_concept(split, n_each)
        return Random(0).sample(texts, len(texts))

    @cached_property
    def texts(self) -> tuple[list[LabelledText], list[LabelledText]]:
        """To choose by, and to judge by."""
        return self.drawn("train", 15), self.drawn("held_out", 8)

    @cached_property
    def rows(self) -> tuple[Activations, Activations]:
        train, held_out = (
            without_outlier_tokens(collect_activations(self.model, texts, self.hook_name))
            for texts in self.texts
        )
        return train, held_out

    @torch.no_grad()
    def areas(self, encode: Callable[[Tensor], Tensor], first: tuple[int, int] | None = None) -> list[float]:
        """For each concept, by name, the held-out area of the unit that the first texts of the training split choose."""
        sizes = first or tuple(map(len, self.texts))
        concepts = sorted({t.concept for t in self.texts[0]})
        by_text = [
            pool_by_text(rows.of_first(n), n, encode=encode) for rows, n in zip(self.rows, sizes, strict=True)
        ]
        labels = [t.concept for texts, n in zip(self.texts, sizes, strict=True) for t in texts[:n]]
        ids = torch.tensor([concepts.index(label) for label in labels])
        judged = torch.arange(len(labels)) >= sizes[0]
        scores = concept_scores(torch.cat(by_text), ids, len(concepts), held_out=judged)
        return [round(area, 4) for area in scores.of_chosen().roc_area.tolist()]

    @torch.no_grad()
    def figures(self, sae: SAE) -> dict[str, Any]:
        """What day 6 prints of an autoencoder."""
        held_out = self.rows[1]
        is_format = torch.tensor([t.group == "format" for t in self.texts[1]])[held_out.where[:, 0]]
        some = held_out.values[:20_000]
        kinds = {"formats": is_format, "topics": ~is_format}
        losses = loss_recovered(self.model, sae, self.texts[1][:150], self.hook_name, batch_size=8)
        numbers = {
            "fvu": score_sae(sae, some).fvu,
            **{f"fvu_{kind}": score_sae(sae, held_out.values[of][:10_000]).fvu for kind, of in kinds.items()},
            "l0": score_sae(sae, some).l0,
            "loss_increase": losses.loss_increase,
            "dead_share": score_sae(sae, held_out.values).dead_share,
        }
        return {
            **{name: round(number, 5) for name, number in numbers.items()},
            "kin": kin(sae.W_dec.detach()),
            "areas": self.areas(sae.encode),
        }


def kin(W_dec: Float[Tensor, "d_sae d_in"]) -> dict[str, list[int]]:
    """Of two small dictionaries, how many of these latents lie near one, and near how many of theirs."""
    found = {}
    for name in ("layer_2_512", "layer_2_512_seed_0"):
        small = load_sae(name).W_dec.detach()
        of = family(small, W_dec)
        near = (of.cosine >= NEAR).sum()
        found[name] = [int(near), int((of.n_children(len(small), NEAR) > 0).sum())]
    return found


def short_run(exam: Exam, seed: int, *, frozen: bool) -> SAE:
    """As day 6 trains one beside the shuffled model; frozen: the decoder is put back after each step."""
    rows = exam.rows[0].of_first(FEW[0])
    sae = SAE(rows.values.shape[1], D_SAE, "topk", k=K, seed=seed)
    drawn = sae.W_dec.detach().clone()

    def put_back(state: TrainingState) -> None:
        state.sae.W_dec.data.copy_(drawn)

    batches = activation_batches(rows, 512, seed=0, epochs=None)
    fit_sae(sae, batches, steps=150, lr=3e-3, progress=False, callbacks=[put_back] if frozen else [])
    return sae.requires_grad_(False)


def folder(out: Path, kind: str, seed: int) -> Path:
    return out / f"{kind.replace(', ', '_').replace(' ', '_')}_{seed}"


def trained_again(exam: Exam, seed: int, out: Path) -> SAE:
    """The shipped one, or its like, in float16 as that is. ``cfg.json`` is written last."""
    if seed == SAES[SHIPPED].get("seed", 0):
        return load_sae(SHIPPED)
    place = folder(out, SHIPPED, seed)
    if not (place / "cfg.json").is_file():
        activations = harvest(exam.model, "train", exam.hook_name, TOKENS_TO_TRAIN_ON)
        sae, _ = fitted(SAES[SHIPPED] | {"seed": seed}, activations, speed="fast")
        save_sae(
            sae, place, dtype=torch.float16,
            model_name="pocket", hook_name=exam.hook_name, context_size=exam.model.cfg.n_ctx, prepend_bos=True,
        )  # fmt: skip
    return load_sae(place)


def figures_of(kind: str, seed: int, out: Path, exam: Exam) -> dict[str, Any]:
    train, held_out = exam.rows
    if kind == LOTS:
        generator = torch.Generator().manual_seed(seed)
        lot = torch.randn(train.values.shape[1], D_SAE, generator=generator)
        return {"areas": exam.areas(lambda x: x @ lot)}
    if kind == UNTRAINED:
        return exam.figures(untrained_sae(train.values.mean(dim=0), D_SAE, K, seed=seed))
    if kind == SHIPPED:
        return exam.figures(trained_again(exam, seed, out))
    if kind == BEFORE:
        sae = untrained_sae(train.of_first(FEW[0]).values.mean(dim=0), D_SAE, K, seed=seed)
    else:
        sae = short_run(exam, seed, frozen=kind == FROZEN)
    missed = score_sae(sae, held_out.values[:10_000]).fvu
    return {"fvu": round(missed, 5), "areas": exam.areas(sae.encode, FEW)}


def collected(out: Path) -> str:
    """Whatever is there, a line for each seed."""
    parts = []
    for kind in KINDS:
        found = [folder(out, kind, seed).with_suffix(".json") for seed in SEEDS]
        lines = ",\n  ".join(p.read_text(encoding="utf-8").strip() for p in found if p.is_file())
        parts.append(f" {json.dumps(kind)}: [\n  {lines}\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    exam = Exam(load_model("pocket"), f"blocks.{MIDDLE}.hook_resid_post")
    for kind in KINDS:
        for seed in SEEDS:
            report = folder(out, kind, seed).with_suffix(".json")
            if not report.is_file():
                found = {"seed": seed, **figures_of(kind, seed, out, exam)}
                report.write_text(json.dumps(found) + "\n", encoding="utf-8")
            log.info("%s, seed %d", kind, seed)
    (out / "seeds.json").write_text(collected(out), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/seeds"))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    main(parser.parse_args().out)
