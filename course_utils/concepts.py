"""What does a unit tell? Every unit of a dictionary against every labelled concept, and what luck alone would give.

A unit is whatever has one value a row: a neuron, a latent, a projection on a direction. All of them are scored alike.

    ROC area    P(value on a row of the concept > value on another row), ties counting half
    chance      1/2 + z · sqrt((n + 1) / (12 · n_concept · n_other)),   z for the best of all units tried
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

VALUES_AT_A_TIME = 500_000


class ConceptScores(NamedTuple):
    """How well each unit's value tells each concept from all others.

    With rows held out, everything but ``train_roc_area`` and ``threshold`` is measured on them alone. Choosing the
    best of many units on the rows that also judge it flatters it: choose by ``train_roc_area``.
    """

    roc_area: Float[Tensor, "*units n_concepts"]
    """Chance that a row of the concept has the higher value than a row of another, ties counting half: 0.5 says
    nothing, 1 everything. Not a number where one of the two kinds is missing."""

    train_roc_area: Float[Tensor, "*units n_concepts"]

    threshold: Float[Tensor, "*units n_concepts"]
    """The value from which on the unit is taken to say "concept": best F1 on the training rows; infinite where these
    hold none of the concept."""

    precision: Float[Tensor, "*units n_concepts"]
    """Share of the concept among the rows at or above the threshold; not a number if there are none."""

    recall: Float[Tensor, "*units n_concepts"]
    """Share of the concept's rows at or above the threshold."""

    @property
    def f1(self) -> Float[Tensor, "*units n_concepts"]:
        """Harmonic mean of precision and recall; 0 where the unit hits nothing."""
        f1 = 2 * self.precision * self.recall / (self.precision + self.recall)
        return torch.where(self.recall == 0, 0.0, f1)

    @property
    def chosen(self) -> Int[Tensor, "n_concepts"]:
        """For each concept the number of the unit with the largest area on the training rows.

        Units on several axes are counted as if they stood on one.
        """
        return self.train_roc_area.flatten(end_dim=-2).nan_to_num(0).argmax(dim=0)

    def of_chosen(self) -> ConceptScores:
        """Every score of each concept's chosen unit alone: (n_concepts,)."""
        concepts = torch.arange(self.roc_area.shape[-1])
        return ConceptScores(*(score.flatten(end_dim=-2)[self.chosen, concepts] for score in self))


@torch.no_grad()
def concept_scores(
    values: Float[Tensor, "n *units"],
    concept_ids: Int[Tensor, "n"],
    n_concepts: int,
    *,
    held_out: Bool[Tensor, "n"] | None = None,
) -> ConceptScores:
    """Score every unit against every concept, one concept against the rest. Memory does not grow with the units.

    Args:
        values: one row a text (`pool_by_text`) or token. Units may lie on several axes, (n, n_layers, d_mlp) say, and
            so do their scores.
        concept_ids: the one concept of each row, 0 … n_concepts - 1.
        held_out: rows to judge by; thresholds come from the others. None uses all rows for both, which flatters.

    Raises:
        ValueError: if shapes or numbers do not fit, or either side of ``held_out`` is empty.
    """
    n = len(values)
    if concept_ids.shape != (n,) or (held_out is not None and held_out.shape != (n,)):
        raise ValueError(f"{n} rows of values need {n} concept_ids (and held_out), not {len(concept_ids)}")
    if n == 0 or concept_ids.min() < 0 or concept_ids.max() >= n_concepts:
        raise ValueError(f"concept_ids must lie between 0 and {n_concepts - 1}, and there must be some")
    train = torch.ones(n, dtype=torch.bool) if held_out is None else ~held_out
    if not train.any() or (held_out is not None and not held_out.any()):
        raise ValueError("held_out must hold out some rows and leave some to choose thresholds on")

    sides = [_grouped(train, concept_ids, n_concepts)]
    if held_out is not None:
        sides.append(_grouped(held_out, concept_ids, n_concepts))
    parts = []
    for some in values.flatten(start_dim=1).split(max(1, VALUES_AT_A_TIME // n), dim=1):
        by_unit = some.T.contiguous().float().cpu()
        if not by_unit.isfinite().all():
            raise ValueError("values hold infinite entries or NaN, which cannot be ranked")
        rankings = [_rank(by_unit[:, rows], sizes) for rows, sizes in sides]
        threshold = _best_threshold(rankings[0])
        areas = _roc_area(rankings[-1]), _roc_area(rankings[0])
        parts.append((*areas, threshold, *_at(threshold, rankings[-1])))
    units = values.shape[1:]
    return ConceptScores(*(torch.cat(part).float().unflatten(0, units) for part in zip(*parts, strict=True)))


def _grouped(kept: Bool[Tensor, "n"], ids: Int[Tensor, "n"], n_concepts: int) -> tuple[Tensor, list[int]]:
    """The rows kept, those of a concept side by side, and how many each concept has."""
    rows = kept.nonzero()[:, 0]
    return rows[ids[rows].argsort(stable=True)], ids[rows].bincount(minlength=n_concepts).tolist()


class _Ranking(NamedTuple):
    values: Float[Tensor, "units n"]
    ordered: Float[Tensor, "units n"]
    below: Int[Tensor, "units n"]  # rows with a smaller value: equal for equal values
    mean_rank: Float[Tensor, "units n"]  # counted from 1; rows of equal value share their mean
    sizes: list[int]  # rows of each concept, which lie side by side


def _rank(values: Float[Tensor, "units n"], sizes: list[int]) -> _Ranking:
    order = torch.from_numpy(np.argsort(values.numpy(), axis=1))  # several times as fast as torch's
    ordered = values.gather(1, order)
    place = np.broadcast_to(np.arange(values.shape[1], dtype=np.int32), order.shape)
    first, last = (
        np.zeros(order.shape, dtype=np.int32),
        np.full(order.shape, place.shape[1] - 1, dtype=np.int32),
    )
    new = (ordered[:, 1:] != ordered[:, :-1]).numpy()
    np.copyto(first[:, 1:], place[:, 1:], where=new)
    np.copyto(last[:, :-1], place[:, :-1], where=new)
    first = torch.from_numpy(np.maximum.accumulate(first, axis=1))
    last = torch.from_numpy(np.ascontiguousarray(np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]))
    below = torch.empty_like(first).scatter_(1, order, first)
    mean_rank = torch.empty_like(ordered).scatter_(1, order, (first + last + 2) / 2)
    return _Ranking(values, ordered, below, mean_rank, sizes)


def _roc_area(r: _Ranking) -> Float[Tensor, "units n_concepts"]:
    """Mann-Whitney: the rank sum of the concept's rows, less what it would be if they were the lowest."""
    sums = torch.stack(
        [block.sum(dim=1, dtype=torch.double) for block in r.mean_rank.split(r.sizes, dim=1)], dim=1
    )
    n_positive = torch.tensor(r.sizes)
    n_negative = r.values.shape[1] - n_positive
    return (sums - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def _best_threshold(r: _Ranking) -> Float[Tensor, "units n_concepts"]:
    """F1 is best at the value of one of the concept's own rows, so these are all that need to be tried."""
    n, thresholds = r.values.shape[1], []
    for block in r.below.split(r.sizes, dim=1):
        size = block.shape[1]
        if not size:
            thresholds.append(torch.full((len(block),), torch.inf))
            continue
        below = torch.from_numpy(np.sort(block.numpy(), axis=1)).flip(1)
        f1 = 2 * torch.arange(1, size + 1) / (n - below + size)
        best = below.gather(
            1, f1.argmax(dim=1, keepdim=True)
        )  # of equals the first, with the highest threshold
        thresholds.append(r.ordered.gather(1, best.long())[:, 0])
    return torch.stack(thresholds, dim=1)


def _at(threshold: Float[Tensor, "units n_concepts"], r: _Ranking) -> tuple[Tensor, Tensor]:
    """Precision and recall of "value >= threshold"."""
    fired = r.values.shape[1] - torch.searchsorted(r.ordered, threshold)
    blocks = zip(r.values.split(r.sizes, dim=1), threshold.T, strict=True)
    hits = torch.stack([(block >= at[:, None]).sum(dim=1) for block, at in blocks], dim=1)
    return hits / fired, hits / torch.tensor(r.sizes)


def chance_roc_area(
    n_concept: int | Int[Tensor, "*some"],
    n_other: int | Int[Tensor, "*some"],
    n_units: int = 1,
    *,
    level: float = 0.05,
) -> Float[Tensor, "*some"]:
    """The ROC area that the best of ``n_units`` units that know nothing stays below, but for once in 1 / level.

    The normal approximation of the Mann-Whitney statistic (Mann and Whitney 1947), with Bonferroni's correction: each
    unit gets ``level / n_units``. Ties, and units that resemble one another, only lower what luck can reach. A unit
    above it is better than luck; that is not yet to say that it is good.

    Raises:
        ValueError: if a count is below 1 or ``level`` not between 0 and 1.
    """
    n_concept, n_other = torch.as_tensor(n_concept).double(), torch.as_tensor(n_other).double()
    if min(n_concept.min(), n_other.min()) < 1 or n_units < 1:
        raise ValueError("chance needs at least one row of the concept, one other and one unit")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}, not between 0 and 1")
    z = -torch.special.ndtri(torch.tensor(level / n_units, dtype=torch.double))
    deviation = ((n_concept + n_other + 1) / (12 * n_concept * n_other)).sqrt()
    return (0.5 + z * deviation).clamp(max=1).float()


def profile_entropy(profile: Float[Tensor, "*units n_concepts"]) -> Float[Tensor, "*units"]:
    """Entropy in bits of each unit's shares: 0 if one concept has all, log2(n_concepts) if all have the same.

    Args:
        profile: how much of each concept is in each unit; never negative. A row of zeros has no entropy: it gives NaN.
    """
    shares = profile / profile.sum(dim=-1, keepdim=True)
    return torch.special.entr(shares).sum(dim=-1) / log(2)


class Monosemanticity(NamedTuple):
    """How many things each unit tells."""

    n_concepts: Int[Tensor, "*units"]
    """Concepts with a ROC area at or above the threshold: 1 is what the dream asks for."""

    entropy: Float[Tensor, "*units"]
    """`profile_entropy` of what each area has above 1/2; not a number for a unit that tells nothing of any concept."""

    best_concept: Int[Tensor, "*units"]

    best_area: Float[Tensor, "*units"]


def monosemanticity(roc_area: Float[Tensor, "*units n_concepts"], threshold: float = 0.9) -> Monosemanticity:
    """Sum up each unit's areas; concepts whose area is not a number count as told by nobody."""
    area = roc_area.nan_to_num(0.5)
    entropy = profile_entropy((area - 0.5).clamp(min=0))
    best_area, best_concept = area.max(dim=-1)
    return Monosemanticity((area >= threshold).sum(dim=-1), entropy, best_concept, best_area)
