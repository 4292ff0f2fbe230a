"""The formulas behind `metrics`: scores of a dictionary that need nothing but tensors.

A unit is a neuron or a latent: whatever has one value a row is scored against labelled concepts in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, Protocol

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

ROWS_AT_A_TIME = 4096
VALUES_AT_A_TIME = 1_000_000


def l0(latents: Float[Tensor, "n d_sae"]) -> float:
    """Mean number of active latents a row."""
    return (latents > 0).sum(dim=1).float().mean().item()


def fvu(x: Float[Tensor, "n d_in"], x_hat: Float[Tensor, "n d_in"]) -> float:
    """Fraction of variance unexplained: 0 is perfect, 1 is no better than the mean.

    Raises:
        ValueError: if the shapes differ, or ``x`` does not vary.
    """
    if x.shape != x_hat.shape:
        raise ValueError(f"x has shape {tuple(x.shape)}, x_hat {tuple(x_hat.shape)}")
    residual = (x - x_hat).pow(2).sum()
    total = (x - x.mean(dim=0)).pow(2).sum()
    if total == 0:
        raise ValueError("x is constant, so there is no variance to explain")
    return (residual / total).item()


def firing_rates(latents: Float[Tensor, "n d_sae"]) -> Float[Tensor, "d_sae"]:
    """Share of the rows on which each latent is active."""
    return (latents > 0).float().mean(dim=0)


def dead_latents(
    latents_or_firing_rate: Float[Tensor, "n d_sae"] | Float[Tensor, "d_sae"],
) -> Bool[Tensor, "d_sae"]:
    """True for each latent that is active on no row: from latents, or from their firing rates."""
    rate = latents_or_firing_rate
    return (firing_rates(rate) if rate.ndim == 2 else rate) == 0


def mean_max_cosine(W_dec: Float[Tensor, "d_sae d_in"], true_directions: Float[Tensor, "n d_in"]) -> float:
    """Mean over the true directions of the cosine with the decoder direction that comes nearest; 1 is recovered."""
    cosines = normalize(true_directions, dim=1) @ normalize(W_dec, dim=1).T
    return cosines.amax(dim=1).mean().item()


class Rows(Protocol):
    """`Activations`, or anything else with one row a token."""

    values: Float[Tensor, "n d_in"]
    where: Int[Tensor, "n 2"]


@torch.no_grad()
def pool_by_text(
    rows: Rows | Iterable[Rows],
    n_texts: int,
    how: Literal["max", "mean"] = "max",
    encode: Callable[[Float[Tensor, "some d_in"]], Float[Tensor, "some units"]] | None = None,
) -> Float[Tensor, "n_texts units"]:
    """One row a text: the largest, or the mean, value of each unit over the text's tokens; 0 without tokens.

    Args:
        rows: `Activations`, or a stream of them.
        encode: turns rows into units, 4,096 rows at a time: ``sae.encode``. None pools the values themselves.

    Raises:
        ValueError: if ``how`` is unknown, or a row names a text beyond ``n_texts``.
    """
    if how not in ("max", "mean"):
        raise ValueError(f"how is {how!r}, not 'max' or 'mean'")
    pooled, n = None, torch.zeros(n_texts, 1)
    for chunk in [rows] if hasattr(rows, "values") else rows:
        if len(chunk.where) and chunk.where[:, 0].max() >= n_texts:
            raise ValueError(f"a row is of text {int(chunk.where[:, 0].max())}, but n_texts is {n_texts}")
        for values, texts in zip(
            chunk.values.split(ROWS_AT_A_TIME), chunk.where[:, 0].split(ROWS_AT_A_TIME), strict=True
        ):
            units = values if encode is None else encode(values)
            if pooled is None:
                pooled = torch.full((n_texts, units.shape[1]), -torch.inf if how == "max" else 0.0)
            n += texts.bincount(minlength=n_texts)[:, None]
            if how == "max":
                pooled.scatter_reduce_(0, texts[:, None].expand_as(units), units, "amax")
            else:
                pooled.index_add_(0, texts, units)
    if pooled is None:
        raise ValueError("there are no rows to pool")
    return torch.where(n == 0, 0.0, pooled if how == "max" else pooled / n)


class ConceptScores(NamedTuple):
    """How well each unit's value tells each concept from all others.

    With rows held out, everything but ``train_roc_area`` and ``threshold`` is measured on them alone. Choosing the
    best of many units on the rows that also judge it flatters it: choose by ``train_roc_area``.
    """

    roc_area: Float[Tensor, "units n_concepts"]
    """Chance that a row of the concept has the higher value than a row of another, ties counting half: 0.5 says
    nothing, 1 everything. Not a number where one of the two kinds is missing."""

    train_roc_area: Float[Tensor, "units n_concepts"]

    threshold: Float[Tensor, "units n_concepts"]
    """The value from which on the unit is taken to say "concept": best F1 on the training rows; infinite where these
    hold none of the concept."""

    precision: Float[Tensor, "units n_concepts"]
    """Share of the concept among the rows at or above the threshold; not a number if there are none."""

    recall: Float[Tensor, "units n_concepts"]
    """Share of the concept's rows at or above the threshold."""


@torch.no_grad()
def concept_scores(
    values: Float[Tensor, "n units"],
    concept_ids: Int[Tensor, "n"],
    n_concepts: int,
    *,
    held_out: Bool[Tensor, "n"] | None = None,
) -> ConceptScores:
    """Score every unit against every concept, one concept against the rest.

    Args:
        values: one row a text (`pool_by_text`) or token.
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
    if not values.isfinite().all():
        raise ValueError("values hold infinite entries or NaN, which cannot be ranked")
    train = torch.ones(n, dtype=torch.bool) if held_out is None else ~held_out
    judged = train if held_out is None else held_out
    if not train.any() or not judged.any():
        raise ValueError("held_out must hold out some rows and leave some to choose thresholds on")

    parts = []
    for some in values.split(max(1, VALUES_AT_A_TIME // n), dim=1):
        train_ranking = _rank(some[train].T, concept_ids[train], n_concepts)
        ranking = (
            train_ranking if held_out is None else _rank(some[judged].T, concept_ids[judged], n_concepts)
        )
        threshold = _best_threshold(train_ranking)
        parts.append((_roc_area(ranking), _roc_area(train_ranking), threshold, *_at(threshold, ranking)))
    return ConceptScores(*(torch.cat(part).float() for part in zip(*parts, strict=True)))


class _Ranking(NamedTuple):
    values: Float[Tensor, "units n"]
    ordered: Float[Tensor, "units n"]
    below: Int[Tensor, "units n"]  # rows with a smaller value: equal for equal values
    ids: Int[Tensor, "n"]
    n_positive: Int[Tensor, "n_concepts"]

    def sum_by_concept(self, x: Float[Tensor, "units n"]) -> Float[Tensor, "units n_concepts"]:
        return torch.zeros(len(x), len(self.n_positive), dtype=torch.double).index_add_(
            1, self.ids, x.double()
        )

    def max_by_concept(self, x: Float[Tensor, "units n"]) -> Float[Tensor, "units n_concepts"]:
        lowest = torch.full((len(x), len(self.n_positive)), -torch.inf, dtype=x.dtype)
        return lowest.scatter_reduce_(1, self.ids.expand_as(x), x, "amax")


def _rank(values: Float[Tensor, "units n"], ids: Int[Tensor, "n"], n_concepts: int) -> _Ranking:
    values = values.contiguous()
    ordered = values.sort(dim=1).values
    return _Ranking(
        values, ordered, torch.searchsorted(ordered, values), ids, ids.bincount(minlength=n_concepts)
    )


def _roc_area(r: _Ranking) -> Float[Tensor, "units n_concepts"]:
    """Mann-Whitney: the rank sum of the concept's rows, less what it would be if they were the lowest."""
    n, n_positive = len(r.ids), r.n_positive
    mean_rank = (
        r.below + torch.searchsorted(r.ordered, r.values, right=True) + 1
    ) / 2  # of all rows of equal value
    return (r.sum_by_concept(mean_rank) - n_positive * (n_positive + 1) / 2) / (n_positive * (n - n_positive))


def _best_threshold(r: _Ranking) -> Float[Tensor, "units n_concepts"]:
    """F1 is best at the value of one of the concept's own rows, so these are all that need to be tried."""
    n_positive = r.n_positive[r.ids]
    key = r.ids * (len(r.ids) + 1) + r.below  # sorts by concept first, then by value
    before = (r.n_positive.cumsum(dim=0) - r.n_positive)[r.ids]
    below_in_concept = torch.searchsorted(key.sort(dim=1).values, key) - before
    f1 = 2 * (n_positive - below_in_concept) / (len(r.ids) - r.below + n_positive)
    is_best = f1 == r.max_by_concept(f1)[:, r.ids]
    threshold = r.max_by_concept(torch.where(is_best, r.values, -torch.inf))
    return torch.where(r.n_positive == 0, torch.inf, threshold)


def _at(threshold: Float[Tensor, "units n_concepts"], r: _Ranking) -> tuple[Tensor, Tensor]:
    """Precision and recall of "value >= threshold"."""
    fired = len(r.ids) - torch.searchsorted(r.ordered, threshold)
    hits = r.sum_by_concept(r.values >= threshold[:, r.ids])
    return hits / fired, hits / r.n_positive
