"""The stages of `course bring` that judge the dictionary, on held-out texts and beside controls.

fit      what it leaves unexplained        beside PCA and the same autoencoder before its first step
loss     what the model loses with it      beside the same, and the activations' mean in its place
areas    what its latents tell of labels   beside the layer's neurons, random directions, and the same
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from course_utils.base import progress_bar
from course_utils.desk.bring_run import Run, read_json, write_json
from course_utils.desk.bring_train import first_rows
from course_utils.lm import Activations, iterate_activations, open_activations
from course_utils.reading import (
    ConceptScores,
    chance_roc_area,
    concept_scores,
    loss_recovered,
    pca_fvu,
    pool_by_text,
    score_sae,
    untrained_sae,
)
from course_utils.sae import SAE
from course_utils.worlds import random_directions

CLEAR = 0.9  # an area from which on a unit is said to tell a label
PCA_ROWS = 20_000
TEXTS_SPLICED = 128

Encode = Callable[[Tensor], Tensor]


def held_out(run: Run) -> Iterator[Activations]:
    """The rows of the texts to judge by, which are numbered from 0."""
    first = len(run.material.choose)
    for piece in run.open_judged():
        kept = piece.where[:, 0] >= first
        if kept.any():
            yield Activations(piece.values[kept], piece.where[kept] - torch.tensor([first, 0]))


def before_training(run: Run) -> SAE:
    """The autoencoder as training began with it: random directions around the mean, in the scale of the training."""
    trained = run.load_dictionary()
    mean, std = _mean_and_scale(run, trained)
    return untrained_sae(mean, trained.d_sae, run.asked.k, std=std, seed=run.asked.seed)


def _mean_and_scale(run: Run, trained: SAE) -> tuple[Tensor, Tensor]:
    """Of each dimension; the scale is 1 where training left the dimensions as they are."""
    some = first_rows(open_activations(run.harvest))
    std = torch.ones(some.shape[1])
    if trained.metadata["scaled_by"] == "dimension":
        std = some.std(dim=0, correction=0)
        std = torch.where(std > 0, std, std[std > 0].median())
    return some.mean(dim=0), std


def score_fit(run: Run) -> None:
    """Sparsity, error and dead latents on the held-out texts."""
    scores = {}
    for name, sae in (("dictionary", run.load_dictionary()), ("untrained", before_training(run))):
        found = score_sae(sae, progress_bar(held_out(run), desc=name, unit="piece", shown=run.progress))
        scores[name] = {
            "fvu": found.fvu,
            "fvu_without_outliers": found.fvu_without_outliers,
            "l0": found.l0,
            "dead_share": found.dead_share,
        }
        outliers, n_tokens = found.outliers, found.n_tokens
    train = first_rows(open_activations(run.harvest), PCA_ROWS)
    judge = first_rows(held_out(run), PCA_ROWS)
    kept = torch.ones(train.shape[1], dtype=torch.bool).index_fill(0, outliers, False)
    n = [min(run.asked.k, int(kept.sum()), len(train))]
    pca = {"n_directions": n[0], "n_tokens": len(judge)}
    pca |= {"fvu": pca_fvu(train, judge, n)[0]}
    pca |= {"fvu_without_outliers": pca_fvu(train[:, kept], judge[:, kept], n)[0]}
    write_json(run.scores("fit"), {**scores, "pca": pca, "n_tokens": n_tokens, "outliers": outliers.tolist()})


def score_loss(run: Run) -> None:
    """The model's loss with the reconstruction in place of the activation."""
    texts = run.material.judge
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(run.asked.seed))
    some = [texts[i] for i in order[:TEXTS_SPLICED].tolist()]
    losses = {}
    for name, sae in (("dictionary", run.load_dictionary()), ("untrained", before_training(run))):
        losses[name] = loss_recovered(
            run.model, sae.to(run.device), some, run.asked.hook, max_tokens_per_text=run.asked.context
        )._asdict()
    write_json(run.scores("loss"), {**losses, "n_texts": len(some)})


def score_areas(run: Run) -> None:
    """Every kind of unit against every label: chosen on texts to train on, judged on held-out ones."""
    labels = run.material.labels
    ids = torch.tensor([labels.index(text.concept) for text in run.judged_texts])
    judged = torch.arange(len(ids)) >= len(run.material.choose)
    n_judged = torch.bincount(ids[judged], minlength=len(labels))
    chance = chance_roc_area(n_judged, int(judged.sum()) - n_judged)
    kinds: dict[str, Any] = {}
    table: list[dict[str, Any]] = [
        {"label": label, "n": int(n), "chance": level}
        for label, n, level in zip(labels, n_judged, chance.tolist(), strict=True)
    ]
    for name, peaks in _kinds(run):
        scores = concept_scores(peaks, ids, len(labels), held_out=judged)
        found: ConceptScores = scores.of_chosen()
        areas = found.roc_area
        kinds[name] = {
            "n_units": peaks.shape[1],
            "median": areas.median().item(),
            "clear": int((areas >= CLEAR).sum()),
            "above_chance": int((areas > chance).sum()),
        }
        for row, unit, train, area in zip(table, scores.chosen, found.train_roc_area, areas, strict=True):
            row[name] = {"unit": int(unit), "train_area": train.item(), "area": area.item()}
    write_json(
        run.scores("areas"),
        {
            "kinds": kinds,
            "labels": table,
            "n_chosen_by": int((~judged).sum()),
            "n_judged_by": int(judged.sum()),
        },
    )


def _kinds(run: Run) -> Iterator[tuple[str, Tensor]]:
    """Each kind of unit, and its strongest value in each text (n_texts, units)."""
    n_texts = len(run.judged_texts)

    def pooled(name: str, encode: Encode) -> Tensor:
        store = run.open_judged()
        pieces = list(store.pieces())
        bar = progress_bar(pieces, desc=name, unit="piece", shown=run.progress)
        return pool_by_text(map(store.read, bar), n_texts, encode=encode)

    yield "latents", pooled("latents", run.encode(run.load_dictionary()))
    neurons = _neurons(run)
    if neurons is not None:
        yield "neurons", neurons
    _, std = _mean_and_scale(run, run.load_dictionary())
    directions = random_directions(
        run.asked.latents, run.width, seed=run.asked.seed + 1
    )  # not those of the untrained
    reader = (directions / std).T.to(run.device)
    yield "random", pooled("random directions", lambda x: (x.to(run.device) @ reader).cpu())
    yield "untrained", pooled("untrained", run.encode(before_training(run)))


def _neurons(run: Run) -> Tensor | None:
    """Of the layer's MLP; None where the model has no such hook point, or the dictionary reads it itself."""
    blocks, _, rest = run.asked.hook.partition(".")
    hook_name = f"{blocks}.{rest.partition('.')[0]}.mlp.hook_post"
    if hook_name not in run.model.hook_dict or hook_name == run.asked.hook:
        return None
    texts = run.judged_texts
    chunks = iterate_activations(
        run.model,
        texts,
        hook_name,
        batch_size=8,
        max_tokens_per_text=run.asked.context,
        compute_dtype=getattr(torch, run.asked.compute),
    )
    bar = progress_bar(total=len(texts), desc="neurons", unit="text", shown=run.progress)

    def seen() -> Iterator[Activations]:
        for chunk in chunks:
            yield chunk
            bar.update(int(chunk.where[:, 0].max()) + 1 - bar.n if len(chunk) else 0)

    with bar:
        return pool_by_text(seen(), len(texts))


def read_scores(run: Run) -> dict[str, dict[str, Any]]:
    """What the stages have found."""
    return {
        name: read_json(run.scores(name)) for name in ("fit", "loss", "areas") if run.scores(name).is_file()
    }
