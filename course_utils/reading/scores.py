"""The formulas behind `metrics`: scores of a dictionary that need nothing but tensors.

What its units tell of labelled concepts is in `concepts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.base import frees_memory

ROWS_AT_A_TIME = 384  # of 4,096 latents they take 6 MB: memory that the allocator keeps, and a third sooner done than 33 MB
"""Rows that are encoded at once, so that memory does not grow with the number of rows."""


def l0(latents: Float[Tensor, "n d_sae"]) -> float:
    """Mean number of active latents a row.

    Examples:
        >>> l0(torch.tensor([[0.5, 0.0, 2.0], [0.0, 0.0, 1.0]]))
        1.5
    """
    return (latents > 0).sum(dim=1).float().mean().item()


def fvu(x: Float[Tensor, "n d_in"], x_hat: Float[Tensor, "n d_in"]) -> float:
    """Fraction of variance unexplained: 0 is perfect, 1 is no better than the mean.

    Examples:
        >>> x = torch.tensor([[0.0], [4.0]])
        >>> fvu(x, torch.tensor([[0.0], [2.0]]))  # an error of 2² of a variance of 2² + 2²
        0.5

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
    """Share of the rows on which each latent is active.

    Examples:
        >>> firing_rates(torch.tensor([[0.5, 0.0, 2.0], [0.0, 0.0, 1.0]]))
        tensor([0.5000, 0.0000, 1.0000])
    """
    return (latents > 0).float().mean(dim=0)


def dead_latents(
    latents_or_firing_rate: Float[Tensor, "n d_sae"] | Float[Tensor, "d_sae"],
) -> Bool[Tensor, "d_sae"]:
    """True for each latent that is active on no row: from latents, or from their firing rates.

    Examples:
        >>> dead_latents(torch.tensor([[0.5, 0.0, 2.0], [0.0, 0.0, 1.0]]))
        tensor([False,  True, False])
    """
    rate = latents_or_firing_rate
    return (firing_rates(rate) if rate.ndim == 2 else rate) == 0


def mean_max_cosine(W_dec: Float[Tensor, "d_sae d_in"], true_directions: Float[Tensor, "n d_in"]) -> float:
    """Mean over the true directions of the cosine with the decoder direction that comes nearest; 1 is recovered.

    Examples:
        >>> W_dec = torch.tensor([[0.0, 2.0], [3.0, 0.0], [1.0, 1.0]])
        >>> mean_max_cosine(W_dec, true_directions=torch.eye(2))
        1.0
    """
    cosines = normalize(true_directions, dim=1) @ normalize(W_dec, dim=1).T
    return cosines.amax(dim=1).mean().item()


@runtime_checkable
class Rows(Protocol):
    """`Activations`, or anything else with one row a token."""

    @property
    def values(self) -> Float[Tensor, "n d_in"]: ...

    @property
    def where(self) -> Int[Tensor, "n 2"]: ...


@frees_memory
@torch.no_grad()
def pool_by_text(
    rows: Rows | Iterable[Rows],
    n_texts: int,
    how: Literal["max", "mean"] = "max",
    encode: Callable[[Float[Tensor, "some d_in"]], Float[Tensor, "some units"]] | None = None,
) -> Float[Tensor, "n_texts units"]:
    """One row a text: the largest, or the mean, value of each unit over the text's tokens; 0 without tokens.

    Examples:
        >>> from course_utils.lm import Activations
        >>> values, where = torch.tensor([[1.0], [5.0], [2.0]]), torch.tensor([[0, 1], [0, 2], [1, 1]])
        >>> pool_by_text(Activations(values, where), n_texts=2)
        tensor([[5.],
                [2.]])

    Args:
        rows: `Activations`, or a stream of them.
        how: ``"max"`` or ``"mean"``.
        encode: turns rows into units, 384 rows at a time: ``sae.encode``. None pools the values themselves.

    Raises:
        TypeError: if the stream brings anything else.
        ValueError: if ``how`` is unknown, a row names a text beyond ``n_texts``, or there are no rows.
    """
    if how not in ("max", "mean"):
        raise ValueError(f"how is {how!r}, not 'max' or 'mean'")
    pooled, n = None, torch.zeros(n_texts, 1)
    for chunk in [rows] if isinstance(rows, Rows) else rows:
        if not isinstance(chunk, Rows) or isinstance(chunk, Tensor):
            raise TypeError(f"rows are Activations, or a stream of them, not a {type(chunk).__name__}")
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
