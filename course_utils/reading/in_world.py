"""What a dictionary scores in a world whose features are known, without looking at the truth and by it.

Without the truth: reconstruction, sparsity, dead latents, how much a second seed finds again, and what labels tell. A
label says on which rows a feature is on, as a labelled corpus would; it does not say where the feature lies.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.reading.probing import absorption_rate, balanced_accuracy, sparse_probe
from course_utils.reading.scores import dead_latents, fvu, l0
from course_utils.reading.stability import found_again
from course_utils.reading.truth import firing_f1, match_latents, matched_cosine
from course_utils.sae import SAE
from course_utils.worlds import Drawn, FeatureWorld

WORLD_ROWS = 20_000
WORLD_LABELS = 32


def judging_rows(world: FeatureWorld) -> tuple[Drawn, Drawn]:
    """To choose by, and to judge by: neither is among those that `FeatureWorld.batches` trains on.

    Examples:
        >>> [len(rows.x) for rows in judging_rows(FeatureWorld(n_features=64, d=16, active=3))]
        [20000, 20000]
    """
    return world.draw(WORLD_ROWS, seed=7_000), world.draw(WORLD_ROWS, seed=8_000)


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
    return sorted(order[:WORLD_LABELS].tolist())


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


def score_in_world(
    sae: SAE, world: FeatureWorld, rows: tuple[Drawn, Drawn], sibling: SAE | None = None
) -> dict[str, float]:
    """Everything of one dictionary.

    Examples:
        >>> from course_utils.sae import SAE
        >>> world = FeatureWorld(n_features=64, d=16, active=3, families=4)
        >>> scores = score_in_world(SAE(16, 32, "topk", k=3), world, judging_rows(world))
        >>> scores["l0"] <= 3, scores["matched_cosine"] < 0.9  # nobody trained it
        (True, True)

    Args:
        sae: trained in this world, or not at all.
        world: whose features are known.
        rows: to choose by and to judge by, from `judging_rows`.
        sibling: a dictionary of another seed, for ``stability``; without it there is none.

    Returns:
        Scores by name: those that a dictionary of a language model could get as well, and ``matched_cosine`` and
        ``firing_f1``, which only the truth gives.

    Raises:
        ModuleNotFoundError: if scipy is not installed.
    """
    choose, judge = rows
    return {
        **without_truth(sae, world, choose, judge),
        **({} if sibling is None else {"stability": stability(sae, sibling, judge)}),
        **truth(sae, world, judge),
    }


@torch.no_grad()
def hedging(sae: SAE, world: FeatureWorld) -> float | None:
    """How far latents of features that come in pairs lean to their partners (Chanin et al. 2025, arXiv 2505.11756).

    Of each feature of a pair its own latent's cosine with what is new in the partner's direction; 0 if it lies along
    its own feature alone, 0.7 if it is half of each. Mean over the features, None in a world without such pairs.

    Examples:
        >>> from course_utils.sae import SAE
        >>> world = FeatureWorld(n_features=64, d=16, active=3, together=4)
        >>> true = SAE(16, 64).requires_grad_(False)
        >>> _ = true.W_dec.copy_(world.directions)
        >>> abs(hedging(true, world)) < 1e-6
        True
    """
    matched, leaning = match_latents(sae.W_dec, world.directions), []
    for pair in world.together_pairs:
        for own, partner in (pair, pair[::-1]):
            if matched[own] < 0:
                continue
            along, other = world.directions[own], world.directions[partner]
            new = normalize(other - (other @ along) * along, dim=0)
            leaning.append(normalize(sae.W_dec[matched[own]], dim=0) @ new)
    return torch.stack(leaning).mean().item() if leaning else None
