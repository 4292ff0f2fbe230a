"""What an intervention did, as a number.

brought back    0 the patch did nothing, 1 the answer is the clean run's, below 0 it went the other way
disagreement    KL(p | q) of two models' next-token distributions, in nats
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log, nan

from jaxtyping import Float
from torch import Tensor


def mean_and_error(
    rates: Float[Tensor, "n n_doses"],
) -> tuple[Float[Tensor, "n_doses"], Float[Tensor, "n_doses"]]:
    """Mean over the rows, and its standard error: the spread of the rows around it, over the root of their number.

    Examples:
        >>> import torch
        >>> mean_and_error(torch.tensor([[0.0, 0.5], [1.0, 0.5]]))  # 2 concepts at 2 doses
        (tensor([0.5000, 0.5000]), tensor([0.5000, 0.0000]))

    Args:
        rates: one row for each thing measured, two rows at least: a single one has no error, which is then NaN.

    Returns:
        Means and standard errors, one of each for every column.
    """
    return rates.mean(dim=0), rates.std(dim=0, correction=1) / len(rates) ** 0.5


def rate_at_price(rates: Sequence[float], perplexities: Sequence[float], price: float) -> float:
    """Share of texts about the concept where a push costs a given perplexity: between two doses a straight line in the
    perplexity's logarithm.

    Examples:
        >>> rate_at_price([0.0, 0.6], [6.0, 24.0], 12.0), rate_at_price([0.0, 0.6], [6.0, 24.0], 48.0)
        (0.3, nan)

    Args:
        rates: one a dose, from the smallest dose up.
        perplexities: as many, each above 0.
        price: a perplexity. Below that of the smallest dose the rate is the smallest dose's.

    Returns:
        A rate; NaN if no dose was that dear.

    Raises:
        ValueError: if the two sequences are not of one length, or empty.
    """
    paid = [(log(perplexity), float(rate)) for perplexity, rate in zip(perplexities, rates, strict=True)]
    if not paid:
        raise ValueError("rates and perplexities are empty: one a dose is needed")
    at = log(price)
    if at <= paid[0][0]:
        return paid[0][1]
    for (low, rate), (high, next_rate) in pairwise(paid):
        if low <= at <= high:
            return rate + (at - low) / (high - low) * (next_rate - rate)
    return nan


def brought_back(patched: Float[Tensor, "*some"], clean: float, corrupted: float) -> Float[Tensor, "*some"]:
    """Share of the way from the corrupted run's score to the clean run's.

    Examples:
        >>> import torch
        >>> brought_back(torch.tensor([1.0, 2.5, 3.0]), clean=3.0, corrupted=1.0)
        tensor([0.0000, 0.7500, 1.0000])

    Args:
        patched: scores of patched runs.
        clean, corrupted: the scores of the two runs themselves; if they are equal, nothing can be brought back, and
            the share is infinite or NaN.
    """
    return (patched - corrupted) / (clean - corrupted)


def disagreement(
    logits: Float[Tensor, "n d_vocab"], other_logits: Float[Tensor, "n d_vocab"]
) -> Float[Tensor, "n"]:
    """KL(p | q) in nats, p and q being what the two rows of logits predict: 0 where they say the same.

    Examples:
        >>> import torch
        >>> sure, torn = torch.tensor([[100.0, 0.0]]), torch.tensor([[0.0, 0.0]])
        >>> disagreement(sure, sure), disagreement(sure, torn)  # log 2 of information
        (tensor([0.]), tensor([0.6931]))

    Args:
        logits: of p, by which the differences are weighted.
        other_logits: of q.
    """
    log_p, log_q = logits.log_softmax(dim=-1), other_logits.log_softmax(dim=-1)
    return (log_p.exp() * (log_p - log_q)).sum(dim=-1)
