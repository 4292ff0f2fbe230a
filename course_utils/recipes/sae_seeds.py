"""Do day 6's figures hold from other seeds? `python -m course_utils.recipes.sae_seeds --out runs/seeds`.

The shipped autoencoders of the middle layer, each from three seeds, all else as in `pocket_saes` (the same batches in the
same order); beside them what has learned nothing, untrained autoencoders and directions by lot, and the one of 1,024
latents with its decoder left as it was drawn (Korznikov et al. 2026, arXiv 2602.14111). Each is judged on the texts that day 6
judges by; ``seeds.json`` keeps figures and no weights. About half an hour of one core and 4 GB; goes on where it was
stopped, seed by seed.
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
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

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
from course_utils.recipes.pocket_saes import (
    BATCH,
    MIDDLE,
    SAES,
    TOKENS_TO_TRAIN_ON,
    TOPK,
    fitted,
    harvest,
)
from course_utils.sae import SAE, load_sae, save_sae
from course_utils.training import TrainingState, fit_sae

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

log = logging.getLogger("sae_seeds")

K = TOPK["k"]
SMALL, MEDIUM, LARGE = (SAES[name]["d_sae"] for name in ("layer_2_512", "layer_2_1024", "layer_2"))


class Kind(NamedTuple):
    """What is made of this size, from which seeds."""

    make: Literal["by lot", "untrained", "trained", "decoder frozen"]
    d_sae: int
    seeds: tuple[int, ...] = (0, 1, 2)


KINDS = {
    **{f"{n} directions by lot": Kind("by lot", n) for n in (MEDIUM, LARGE)},
    **{f"{n} untrained latents": Kind("untrained", n) for n in (MEDIUM, LARGE)},
    f"{MEDIUM} latents, decoder frozen": Kind("decoder frozen", MEDIUM),
    f"{SMALL} latents": Kind("trained", SMALL, (512, 0, 1)),
    f"{MEDIUM} latents": Kind("trained", MEDIUM),
    f"{LARGE} latents": Kind("trained", LARGE),
}
"""By the name that day 6 prints."""

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

    @cached_property
    def training_rows(self) -> Float[Tensor, "n d_in"]:
        """What `pocket_saes` trains on."""
        return harvest(self.model, "train", self.hook_name, TOKENS_TO_TRAIN_ON)

    @torch.no_grad()
    def areas(self, encode: Callable[[Tensor], Tensor]) -> list[float]:
        """For each concept, by name, the held-out area of the unit that the texts of the training split choose."""
        concepts = sorted({t.concept for t in self.texts[0]})
        by_text = [
            pool_by_text(rows, len(texts), encode=encode)
            for rows, texts in zip(self.rows, self.texts, strict=True)
        ]
        ids = torch.tensor([concepts.index(t.concept) for texts in self.texts for t in texts])
        judged = torch.arange(len(ids)) >= len(self.texts[0])
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


def fitted_frozen(recipe: dict[str, Any], activations: Tensor) -> SAE:
    """As `pocket_saes` trains it, but after each step the decoder is put back as it was drawn."""
    sae = SAE(
        activations.shape[1], recipe["d_sae"], recipe["architecture"], k=recipe["k"], seed=recipe["seed"]
    )
    drawn = sae.W_dec.detach().clone()

    def put_back(state: TrainingState) -> None:
        state.sae.W_dec.data.copy_(drawn)

    batches = activation_batches(activations, BATCH, seed=0, epochs=None)
    fit_sae(sae, batches, steps=recipe["steps"], lr=recipe["lr"], progress=False, callbacks=[put_back])
    return sae.requires_grad_(False)


def folder(out: Path, kind: str, seed: int) -> Path:
    return out / f"{kind.replace(', ', '_').replace(' ', '_')}_{seed}"


def trained(recipe: dict[str, Any], exam: Exam, place: Path) -> SAE:
    """The shipped one, or its like, in float16 as that is. ``cfg.json`` is written last."""
    if ships := next((name for name, other in SAES.items() if {"seed": 0} | other == recipe), None):
        return load_sae(ships)
    if not (place / "cfg.json").is_file():
        sae, _ = fitted(recipe, exam.training_rows, speed="fast")
        save_sae(
            sae, place, dtype=torch.float16,
            model_name="pocket", hook_name=exam.hook_name, context_size=exam.model.cfg.n_ctx, prepend_bos=True,
        )  # fmt: skip
    return load_sae(place)


def figures_of(kind: Kind, seed: int, place: Path, exam: Exam) -> dict[str, Any]:
    values = exam.rows[0].values
    recipe = {"layer": MIDDLE, "d_sae": kind.d_sae, **TOPK, "seed": seed}
    if kind.make == "by lot":
        generator = torch.Generator().manual_seed(seed)
        lot = torch.randn(values.shape[1], kind.d_sae, generator=generator)
        return {"areas": exam.areas(lambda x: x @ lot)}
    if kind.make == "untrained":
        return exam.figures(untrained_sae(values.mean(dim=0), kind.d_sae, K, seed=seed))
    if kind.make == "decoder frozen":
        return exam.figures(fitted_frozen(recipe, exam.training_rows))
    return exam.figures(trained(recipe, exam, place))


def collected(out: Path) -> str:
    """Whatever is there, a line for each seed."""
    parts = []
    for name, kind in KINDS.items():
        found = [folder(out, name, seed).with_suffix(".json") for seed in kind.seeds]
        lines = ",\n  ".join(p.read_text(encoding="utf-8").strip() for p in found if p.is_file())
        parts.append(f" {json.dumps(name)}: [\n  {lines}\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    exam = Exam(load_model("pocket"), f"blocks.{MIDDLE}.hook_resid_post")
    for name, kind in KINDS.items():
        for seed in kind.seeds:
            place = folder(out, name, seed)
            report = place.with_suffix(".json")
            if not report.is_file():
                found = {"seed": seed, **figures_of(kind, seed, place, exam)}
                report.write_text(json.dumps(found) + "\n", encoding="utf-8")
            log.info("%s, seed %d", name, seed)
    (out / "seeds.json").write_text(collected(out), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/seeds"))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    main(parser.parse_args().out)
