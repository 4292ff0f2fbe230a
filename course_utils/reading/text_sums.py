"""What a dictionary does on labelled texts, from one pass over their tokens: all that the bench's columns ask for.

Everything is kept a text, not a token: sums of squares add up to the fvu of any set of texts, and resampling texts gives
an interval. Memory grows with texts × latents.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.base import frees_memory
from course_utils.lm import Activations
from course_utils.reading.scores import ROWS_AT_A_TIME
from course_utils.sae import SAE


class ByText(NamedTuple):
    """Sums over the tokens of each text."""

    peaks: Float[Tensor, "n_texts d_sae"]
    """Each latent's largest activation."""

    means: Float[Tensor, "n_texts d_sae"]
    """Each latent's mean activation over all of the text's tokens."""

    active: Float[Tensor, "n_texts"]
    """How many latents were active, summed over the tokens."""

    error: Float[Tensor, "n_texts d_in"]
    """Squared error of the reconstruction, summed."""

    sums: Float[Tensor, "n_texts d_in"]
    squares: Float[Tensor, "n_texts d_in"]
    """Of the activations, and of their squares."""

    n_tokens: Float[Tensor, "n_texts"]

    def l0(self, weights: Float[Tensor, "some n_texts"]) -> Float[Tensor, "some"]:
        """Mean number of active latents a token, each text counted so many times."""
        return weights @ self.active / (weights @ self.n_tokens)

    def fvu(
        self, weights: Float[Tensor, "some n_texts"], kept: Bool[Tensor, "d_in"] | slice = slice(None)
    ) -> Float[Tensor, "some"]:
        """Fraction of variance unexplained, each text counted so many times; of some dimensions only, if said."""
        total = weights @ self.squares[:, kept]
        total -= (weights @ self.sums[:, kept]).square() / (weights @ self.n_tokens)[:, None]
        return (weights @ self.error[:, kept]).sum(dim=1) / total.sum(dim=1)


@frees_memory
@torch.no_grad()
def by_text(sae: SAE, rows: Activations, n_texts: int) -> ByText:
    """One pass of a dictionary over all rows.

    Examples:
        >>> from course_utils.sae import neuron_basis
        >>> rows = Activations(torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]]), torch.tensor([[0, 1], [0, 2], [1, 1]]))
        >>> found = by_text(neuron_basis(2), rows, n_texts=2)
        >>> found.peaks.tolist(), found.means.tolist(), found.error.sum().item()
        ([[3.0, 0.0], [0.0, 5.0]], [[2.0, 0.0], [0.0, 5.0]], 0.0)

    Args:
        rows: of texts numbered from 0.
        n_texts: every one of them has to have a row.

    Raises:
        ValueError: if a text has no row, or what the dictionary gives is not finite, or a latent is negative.
    """
    counts = rows.where[:, 0].bincount(minlength=n_texts).double()
    if len(counts) != n_texts or not counts.all():
        raise ValueError(
            f"{n_texts} texts, of which {int((counts[:n_texts] == 0).sum())} have no token after BOS"
        )
    d_in = rows.values.shape[1]
    peaks, means = torch.zeros(2, n_texts, sae.d_sae, dtype=torch.float32)
    active = torch.zeros(n_texts, dtype=torch.double)
    error, sums, squares = torch.zeros(3, n_texts, d_in, dtype=torch.double)
    texts = rows.where[:, 0]
    for x, of in zip(rows.values.split(ROWS_AT_A_TIME), texts.split(ROWS_AT_A_TIME), strict=True):
        x_hat, latents = sae(x)
        _check(latents, x_hat)
        peaks.scatter_reduce_(0, of[:, None].expand_as(latents), latents, "amax")
        means.index_add_(0, of, latents)
        active.index_add_(0, of, (latents > 0).sum(dim=1).double())
        for total, part in (
            (error, (x - x_hat).double().square()),
            (sums, x.double()),
            (squares, x.double() ** 2),
        ):
            total.index_add_(0, of, part)
    means /= counts[:, None].float()
    return ByText(peaks, means, active, error, sums, squares, counts)


def _check(latents: Tensor, x_hat: Tensor) -> None:
    for name, values in (("latents", latents), ("reconstruction", x_hat)):
        if not values.isfinite().all():
            raise ValueError(f"the dictionary's {name} hold NaN or infinity: there is nothing to score")
    if (latents < 0).any():
        raise ValueError("the dictionary gives negative latents; a latent is off at 0 and on above it")
