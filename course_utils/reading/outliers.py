"""Massive activations: a few tokens, and a few dimensions, that dwarf all others; known of GPT-2 and of most models.

    a token is an outlier if       |x|  >  10 * (median of |x| over all tokens)
    a dimension is one if          mean of x_i^2  >  100 * (median of that mean over all dimensions)

Sun et al. (2024, *Massive Activations in Large Language Models*, arXiv 2402.17762) find them at the start token, where
attention rests, and in some models at a few more tokens near the start. One such token can weigh as much in a squared
error as ten thousand others, so autoencoders are neither trained on them nor judged by them. The dimensions hold an
offset that is nearly the same for every token, and some of the variance: `score_sae` reports the error without them too.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.lm import Activations
from course_utils.reading.scores import ROWS_AT_A_TIME

TIMES_AS_LONG = 10.0
"""As the median token."""

TIMES_THE_SQUARE = 100.0
"""Of the median dimension."""


def outlier_tokens(values: Float[Tensor, "n d_in"], *, times: float = TIMES_AS_LONG) -> Bool[Tensor, "n"]:
    """True for each row that is more than ``times`` as long as the median one.

    Examples:
        >>> outlier_tokens(torch.tensor([[1.0, 2.0], [300.0, 0.0], [2.0, 0.0]]))
        tensor([False,  True, False])

    Args:
        values: activations, one row a token.
        times: how many times the median length.

    Raises:
        ValueError: if there are no rows.
    """
    _check(values)
    lengths = values.norm(dim=1)
    return lengths > times * lengths.median()


def without_outlier_tokens(activations: Activations, *, times: float = TIMES_AS_LONG) -> Activations:
    """The rows that `outlier_tokens` does not find; the same object if it finds none.

    Examples:
        >>> from course_utils.lm import Activations
        >>> values, where = torch.tensor([[300.0], [1.0], [2.0]]), torch.tensor([[0, 1], [0, 2], [1, 1]])
        >>> without_outlier_tokens(Activations(values, where)).where.tolist()
        [[0, 2], [1, 1]]

    Args:
        times: how many times the median length.

    Raises:
        ValueError: if there are no rows.
    """
    kept = ~outlier_tokens(activations.values, times=times)
    return activations if kept.all() else Activations(activations.values[kept], activations.where[kept])


def outlier_dimensions(
    values: Float[Tensor, "n d_in"], *, times: float = TIMES_THE_SQUARE
) -> Int[Tensor, "n_outliers"]:
    """Dimensions whose mean square is more than ``times`` that of the median dimension, largest first.

    Examples:
        >>> values = torch.tensor([[1.0, -40.0, 2.0, 90.0], [-1.0, 40.0, 2.0, 90.0]])
        >>> outlier_dimensions(values)
        tensor([3, 1])

    Args:
        values: activations, one row a token; `outlier_tokens` had better be left out.
        times: how many times the median's mean square.

    Raises:
        ValueError: if there are no rows.
    """
    _check(values)
    squares = sum(
        (some.double().pow(2).sum(dim=0) for some in values.split(ROWS_AT_A_TIME)),
        torch.zeros(values.shape[1], dtype=torch.float64),
    )
    return above_median(squares, times)


def above_median(
    squares: Float[Tensor, "d_in"], times: float = TIMES_THE_SQUARE
) -> Int[Tensor, "n_outliers"]:
    """The numbers of the entries above ``times`` the median, largest first."""
    ordered = squares.argsort(descending=True)
    return ordered[squares[ordered] > times * squares.median()]


def _check(values: Float[Tensor, "n d_in"]) -> None:
    if not len(values):
        raise ValueError("there are no activations to look for outliers in")
