"""What each dictionary scores, without looking at the truth and by it.

Without the truth: reconstruction, sparsity, dead latents, how much a second seed finds again, and what labels tell. A
label says on which rows a feature is on, as a labelled corpus would; it does not say where the feature lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.reading import (
    absorption_rate,
    balanced_accuracy,
    dead_latents,
    firing_f1,
    found_again,
    fvu,
    l0,
    match_latents,
    matched_cosine,
    sparse_probe,
)
from course_utils.sae import SAE
from course_utils.worlds import Drawn, FeatureWorld

ROWS = 20_000
LABELS = 32


def judging_rows(world: FeatureWorld) -> tuple[Drawn, Drawn]:
    """To choose by, and to judge by: neither is among those that were trained on."""
    return world.draw(ROWS, seed=7_000), world.draw(ROWS, seed=8_000)


@torch.no_grad()
def without_truth(sae: SAE, world: FeatureWorld, choose: Drawn, judge: Drawn) -> dict[str, float]:
    """Scores that a dictionary of a language model could get as well."""
    latents = sae.encode(judge.x)
    scores = {
        "fvu": fvu(judge.x, sae.decode(latents)),
        "l0": l0(latents),
        "dead_share": dead_latents(latents).float().mean().item(),
        "crowding": crowding(sae.W_dec[~dead_latents(latents)]),
    }
    return scores | by_labels(sae, world, choose, judge, latents)


def crowding(W_dec: Tensor) -> float:
    """Mean over the latents of the largest cosine with another one."""
    directions = normalize(W_dec, dim=1)
    return (directions @ directions.T).fill_diagonal_(-1).amax(dim=1).mean().item()


def by_labels(
    sae: SAE, world: FeatureWorld, choose: Drawn, judge: Drawn, latents: Tensor
) -> dict[str, float]:
    """Sparse probes for a sample of labels, and absorption for parents, whose direction is a difference of means."""
    chosen = sae.encode(choose.x)
    accuracies: dict[int, list[float]] = {1: [], 5: []}
    for label in labelled(world):
        for k, found in accuracies.items():
            probe = sparse_probe(chosen, choose.coefficients[:, label] > 0, k)
            found.append(balanced_accuracy(probe(latents), judge.coefficients[:, label] > 0))
    scores = {f"probe_{k}": torch.tensor(found).mean().item() for k, found in accuracies.items()}
    if world.families:
        scores["absorption"] = (
            torch.tensor(list(absorbed(sae, world, choose, judge, chosen, latents))).mean().item()
        )
    return scores


def labelled(world: FeatureWorld) -> list[int]:
    """The features that have a label: some of all kinds and frequencies, the same for every dictionary."""
    order = torch.randperm(world.n_features, generator=torch.Generator().manual_seed(5))
    return sorted(order[:LABELS].tolist())


def absorbed(
    sae: SAE, world: FeatureWorld, choose: Drawn, judge: Drawn, chosen: Tensor, latents: Tensor
) -> Iterator[float]:
    for parent, *_ in world.family_members:
        present = choose.coefficients[:, parent] > 0
        main = sparse_probe(chosen, present, 1).latents
        direction = choose.x[present].mean(dim=0) - choose.x[~present].mean(dim=0)
        yield absorption_rate(latents, sae.W_dec, judge.coefficients[:, parent] > 0, main, direction)


@torch.no_grad()
def stability(sae: SAE, sibling: SAE, judge: Drawn) -> float:
    """Of the latents that live, the share that a dictionary of another seed has too, one to one."""
    living, others = (s.W_dec[~dead_latents(s.encode(judge.x))] for s in (sae, sibling))
    if not len(living) or not len(others):
        return 0.0
    return found_again(living, others).float().mean().item()


@torch.no_grad()
def truth(sae: SAE, world: FeatureWorld, judge: Drawn) -> dict[str, float]:
    """What only we know."""
    matched = match_latents(sae.W_dec, world.directions)
    return {
        "matched_cosine": matched_cosine(sae.W_dec, world.directions),
        "firing_f1": firing_f1(sae.encode(judge.x), judge.coefficients, matched).mean().item(),
    }


def scores_of(sae: SAE, sibling: SAE, world: FeatureWorld, rows: tuple[Drawn, Drawn]) -> dict[str, Any]:
    """Everything of one dictionary."""
    choose, judge = rows
    return {
        **without_truth(sae, world, choose, judge),
        "stability": stability(sae, sibling, judge),
        **truth(sae, world, judge),
    }
