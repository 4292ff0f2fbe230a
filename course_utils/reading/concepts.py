"""What does a unit tell? Every unit of a dictionary against every labelled concept, and what luck alone would give.

A unit is whatever has one value a row: a neuron, a latent, a projection on a direction. All of them are scored alike.

    ROC area    P(value on a row of the concept > value on another row), ties counting half
    chance      1/2 + z · sqrt((n + 1) / (12 · n_concept · n_other)),   z for the best of all units tried
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import log
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from course_utils.base import frees_memory, may_have_gaps

VALUES_AT_A_TIME = 1_600_000


class ConceptScores(NamedTuple):
    """How well each unit's value tells each concept from all others.

    With rows held out, everything but ``train_roc_area`` and ``threshold`` is measured on them alone. Choosing the
    best of many units on the rows that also judge it flatters it: choose by ``train_roc_area``.
    """

    roc_area: Float[Tensor, "*units n_concepts"]
    """Chance that a row of the concept has the higher value than a row of another, ties counting half: 0.5 says
    nothing, 1 everything. Not a number where one of the two kinds is missing."""

    train_roc_area: Float[Tensor, "*units n_concepts"]
    """The same on the training rows; equal to ``roc_area`` if no rows were held out."""

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


@frees_memory
def concept_scores(
    values: Float[Tensor, "n *units"],
    concept_ids: Int[Tensor, "n"],
    n_concepts: int,
    *,
    held_out: Bool[Tensor, "n"] | None = None,
) -> ConceptScores:
    """Score every unit against every concept, one concept against the rest. Memory does not grow with the units.

    Examples:
        >>> values = torch.tensor([[3.0, 0.0], [2.0, 1.0], [0.0, 0.0], [1.0, 2.0]])  # 4 texts, 2 units
        >>> scores = concept_scores(values, torch.tensor([0, 0, 1, 1]), n_concepts=2)
        >>> scores.roc_area[:, 0], scores.chosen
        (tensor([1.0000, 0.3750]), tensor([0, 1]))

    Args:
        values: one row a text (`pool_by_text`) or token. Units may lie on several axes, (n, n_layers, d_mlp) say, and
            so do their scores.
        concept_ids: the one concept of each row, 0 … n_concepts - 1.
        n_concepts: also those count that no row has.
        held_out: rows to judge by; thresholds come from the others. None uses all rows for both, which flatters.

    Returns:
        `ConceptScores`, every field of shape (*units, n_concepts).

    Raises:
        ValueError: if shapes or numbers do not fit, either side of ``held_out`` is empty, or ``values`` hold infinite
            entries or NaN.
    """
    n = len(values)
    if concept_ids.shape != (n,) or (held_out is not None and held_out.shape != (n,)):
        sizes = f"{len(concept_ids)}" if held_out is None else f"{len(concept_ids)} ({len(held_out)})"
        raise ValueError(f"{n} rows of values need {n} concept_ids (and held_out), not {sizes}")
    if n == 0 or concept_ids.min() < 0 or concept_ids.max() >= n_concepts:
        raise ValueError(f"concept_ids must lie between 0 and {n_concepts - 1}, and there must be some")
    train = torch.ones(n, dtype=torch.bool) if held_out is None else ~held_out
    if not train.any() or (held_out is not None and not held_out.any()):
        raise ValueError("held_out must hold out some rows and leave some to choose thresholds on")

    sides = [_group(train, concept_ids, n_concepts)]
    if held_out is not None:
        sides.append(_group(held_out, concept_ids, n_concepts))
    chunk, flat = max(1, VALUES_AT_A_TIME // n), values.detach().flatten(start_dim=1)
    scores = torch.empty(flat.shape[1], n_concepts, len(ConceptScores._fields))

    def fill(first: int) -> None:
        """In place: small results kept between large arrays would keep the memory of these from being freed."""
        scores[first : first + chunk] = _score(flat[:, first : first + chunk], sides)

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # numpy sorts without holding Python's lock
        list(pool.map(fill, range(0, len(scores), chunk)))
    return ConceptScores(*scores.unflatten(0, values.shape[1:]).movedim(-1, 0).contiguous())


class _Side(NamedTuple):
    """Rows to learn from, or to judge by: those of a concept side by side."""

    rows: Int[np.ndarray, "n_side"]
    concepts: Int[np.ndarray, "n_side"]  # ascending, in the smallest type: numpy sorts it in one pass
    sizes: Int[np.ndarray, "n_concepts"]

    def per_concept(self, ufunc: np.ufunc, values: Shaped[np.ndarray, "units n_side"]) -> np.ndarray:
        """Sum or maximum (``np.add``, ``np.maximum``) of each concept's stretch of values; 0 if it has none."""
        present, first = self.sizes > 0, self.sizes.cumsum() - self.sizes
        found = np.zeros((len(values), len(self.sizes)), dtype=values.dtype)
        found[:, present] = ufunc.reduceat(values, first[present], axis=1)
        return found


def _group(kept: Bool[Tensor, "n"], concept_ids: Int[Tensor, "n"], n_concepts: int) -> _Side:
    rows = kept.nonzero()[:, 0].numpy()
    concepts = concept_ids.numpy()[rows].astype(np.min_scalar_type(n_concepts))
    order = concepts.argsort(kind="stable")
    return _Side(rows[order], concepts[order], np.bincount(concepts, minlength=n_concepts))


def _score(values: Float[Tensor, "n units"], sides: list[_Side]) -> Float[Tensor, "units n_concepts 5"]:
    """The fields of `ConceptScores` for a few units."""
    dense = values.contiguous()  # and so quick to transpose
    by_unit = dense.T.contiguous().float().cpu().numpy()
    if not np.isfinite(by_unit).all():
        raise ValueError("values hold infinite entries or NaN, which cannot be ranked")
    rankings = [_rank(by_unit.take(side.rows, axis=1), side) for side in sides]
    threshold = _best_threshold(rankings[0])
    with np.errstate(invalid="ignore"):  # 0 / 0 is not a number, as it should be
        scores = _roc_area(rankings[-1]), _roc_area(rankings[0]), threshold, *_at(threshold, rankings[-1])
    return torch.from_numpy(np.stack(scores, axis=-1))


class _Ranking(NamedTuple):
    """Each unit's values in ascending order, and where in it the rows of each concept are."""

    ordered: Float[np.ndarray, "units n_side"]
    below: Int[np.ndarray, "units n_side"]  # values that are smaller: equal for equal values
    up_to: Int[np.ndarray, "units n_side"]  # values that are smaller or equal
    place: Int[np.ndarray, "units n_side"]  # of concept 0's rows, ascending, then of concept 1's, ...
    side: _Side


def _rank(values: Float[np.ndarray, "units n_side"], side: _Side) -> _Ranking:
    """Sort each unit's values with their concepts.

    numpy sorts several times as fast as it finds an order. So each value becomes float64, and carries its concept in
    the last of the 29 bits that float32 does not have.
    """
    both = values.astype(np.float64)
    both.view(np.int64)[:] |= side.concepts
    both.sort(axis=1)
    concepts = (both.view(np.int64) & (2**29 - 1)).astype(side.concepts.dtype)
    ordered, n = both.astype(np.float32), both.shape[1]

    below, up_to = np.zeros(ordered.shape, dtype=np.int32), np.full(ordered.shape, n, dtype=np.int32)
    rises, at = ordered[:, 1:] != ordered[:, :-1], np.arange(1, n, dtype=np.int32)
    np.copyto(below[:, 1:], at, where=rises)
    np.copyto(up_to[:, :-1], at, where=rises)
    np.maximum.accumulate(below, axis=1, out=below)
    np.minimum.accumulate(up_to[:, ::-1], axis=1, out=up_to[:, ::-1])
    place = concepts.argsort(axis=1, kind="stable")
    return _Ranking(ordered, below, up_to, place, side)


def _take(values: Shaped[np.ndarray, "units n"], at: Int[np.ndarray, "units some"]) -> np.ndarray:
    """``np.take_along_axis`` over the last axis, in half the time."""
    return values.ravel().take(at + np.arange(len(values))[:, None] * values.shape[1])


def _roc_area(r: _Ranking) -> Float[np.ndarray, "units n_concepts"]:
    """Mann-Whitney: the rank sum of the concept's rows, less what it would be if they were the lowest.

    Rows of equal value share their mean rank, (below + 1 + up_to) / 2.
    """
    twice_rank = _take(r.below + r.up_to + 1, r.place).astype(np.int64)
    n_positive = r.side.sizes
    n_negative = len(r.side.rows) - n_positive
    above_lowest = r.side.per_concept(np.add, twice_rank) - n_positive * (n_positive + 1)
    return above_lowest / (2 * n_positive * n_negative)


def _best_threshold(r: _Ranking) -> Float[np.ndarray, "units n_concepts"]:
    """F1 is best at the value of one of the concept's own rows, so these are all that need to be tried."""
    sizes, at = r.side.sizes, np.arange(len(r.side.rows), dtype=np.int32)
    hits = (
        sizes.cumsum().repeat(sizes) - at
    )  # all the concept's rows at its lowest value, then one less at each
    fired = len(at) - _take(r.below, r.place)
    f1 = 2 * hits / (fired + sizes.repeat(sizes).astype(np.int32))
    is_best = f1 == r.side.per_concept(np.maximum, f1).repeat(sizes, axis=1)
    last = r.side.per_concept(np.maximum, np.where(is_best, at, 0))  # of equals the highest threshold
    return np.where(sizes > 0, _take(r.ordered, _take(r.place, last)), np.float32(np.inf))


def _at(threshold: Float[np.ndarray, "units n_concepts"], r: _Ranking) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall of "value >= threshold"."""
    silent = np.zeros(threshold.shape, dtype=np.int64)
    for unit in range(len(silent)):
        silent[unit] = r.ordered[unit].searchsorted(threshold[unit])
    hits = r.side.per_concept(np.add, (r.place >= silent.repeat(r.side.sizes, axis=1)).astype(np.int32))
    return hits / (len(r.side.rows) - silent), hits / r.side.sizes


def chance_roc_area(
    n_concept: int | Int[Tensor, "*some"],
    n_other: int | Int[Tensor, "*some"],
    n_units: int = 1,
    *,
    level: float = 0.05,
) -> Float[Tensor, "*some"]:
    """The ROC area that the best of ``n_units`` units that know nothing exceeds by luck only once in 1 / level tries.

    The normal approximation of the Mann-Whitney statistic (Mann and Whitney 1947), with Bonferroni's correction: each
    unit gets ``level / n_units``. Ties, and units that resemble one another, only lower what luck can reach. A unit
    above it is better than luck; that is not yet to say that it is good.

    Examples:
        >>> one, best_of_many = chance_roc_area(20, 2000), chance_roc_area(20, 2000, n_units=4096)
        >>> 0.5 < one.item() < best_of_many.item() < 1
        True

    Args:
        n_concept, n_other: rows of the concept, and all other rows.
        n_units: among which the best was chosen.
        level: how often luck may still exceed the result.

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

    Examples:
        >>> profile_entropy(torch.tensor([[1.0, 0.0], [0.5, 0.5]]))
        tensor([0., 1.])

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
    """The number of the concept with the largest area."""

    best_area: Float[Tensor, "*units"]


@may_have_gaps("roc_area")
def monosemanticity(roc_area: Float[Tensor, "*units n_concepts"], threshold: float = 0.9) -> Monosemanticity:
    """How many concepts each unit tells, and which it tells best.

    Examples:
        >>> found = monosemanticity(torch.tensor([[0.99, 0.5, 0.5], [0.5, 0.92, 0.95]]))  # 2 units, 3 concepts
        >>> found.n_concepts, found.best_concept
        (tensor([1, 2]), tensor([0, 2]))

    Args:
        roc_area: of every unit for every concept, from `concept_scores`. What is not a number, for a concept without
            texts, counts as 0.5: nobody tells it.
        threshold: the area from which on a unit is said to tell a concept.

    Returns:
        `Monosemanticity`, every field of shape (*units).
    """
    area = roc_area.nan_to_num(0.5)
    entropy = profile_entropy((area - 0.5).clamp(min=0))
    best_area, best_concept = area.max(dim=-1)
    return Monosemanticity((area >= threshold).sum(dim=-1), entropy, best_concept, best_area)
