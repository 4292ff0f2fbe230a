"""Massive activations: a few dimensions of the residual stream that dwarf all others, known of GPT-2 and most models.

    a dimension is an outlier if   mean of x_i^2   >   times * (median of that mean over all dimensions)

Sun et al. (2024, *Massive Activations in Large Language Models*, arXiv 2402.17762) find them at the first position of
a text above all, where attention rests. The squared error counts a dimension by its size, so three of 576 can decide a
score alone: `score_sae` reports the error without them beside the plain one.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.reading.scores import ROWS_AT_A_TIME

TIMES = 100.0
"""Of the median dimension's mean square: a dimension that is ten times as large as the median one."""


def outlier_dimensions(values: Float[Tensor, "n d_in"], *, times: float = TIMES) -> Int[Tensor, "n_outliers"]:
    """Dimensions whose mean square is more than ``times`` that of the median dimension, largest first.

    Examples:
        >>> values = torch.tensor([[1.0, -40.0, 2.0, 90.0], [-1.0, 40.0, 2.0, 90.0]])
        >>> outlier_dimensions(values)
        tensor([3, 1])

    Args:
        values: activations, one row a token, without the start token's, which is an outlier of its own kind.
        times: how many times the median's mean square.

    Raises:
        ValueError: if there are no rows.
    """
    if not len(values):
        raise ValueError("there are no activations to look for outliers in")
    squares = sum(
        (some.double().pow(2).sum(dim=0) for some in values.split(ROWS_AT_A_TIME)),
        torch.zeros(values.shape[1], dtype=torch.float64),
    )
    return above_median(squares, times)


def above_median(squares: Float[Tensor, "d_in"], times: float = TIMES) -> Int[Tensor, "n_outliers"]:
    """The numbers of the entries above ``times`` the median, largest first."""
    ordered = squares.argsort(descending=True)
    return ordered[squares[ordered] > times * squares.median()]
