"""Two things measured on the same cases, compared in one line that says what it rests on.

A difference of two averages says little by itself: over how many cases, how far would it move with other cases, and on how
many of them does the order hold?
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.base import may_have_gaps

RESAMPLES = 2000


class Comparison(NamedTuple):
    """Of pairs, one a case."""

    mean: float
    control: float
    """Means over the cases in which both were measured."""

    interval: tuple[float, float]
    """The middle 95% of the mean difference when cases are drawn anew with replacement; too narrow under ten cases."""

    n: int
    higher: int
    lower: int
    """Cases in which the first is larger, and smaller."""


@may_have_gaps("values", "control")
def compare_pairs(values: Float[Tensor, "n"], control: Float[Tensor, "n"], *, seed: int = 0) -> Comparison:
    """Compare two measurements of the same cases, such as two areas for each concept, by the paired bootstrap.

    Examples:
        >>> compare_pairs(torch.tensor([0.9, 0.8, 0.7]), torch.tensor([0.5, 0.4, 0.3])).interval  # always 0.4 higher
        (0.4, 0.4)

    Args:
        values, control: case i in both; NaN where a case was not measured, which leaves it out.
        seed: of the cases drawn.

    Raises:
        ValueError: if the two share no measured case.

    Source:
        Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 13.3: the percentile interval.
    """
    measured = values.isfinite() & control.isfinite()
    if not measured.any():
        raise ValueError("no case has a finite value in both")
    first, second = values[measured].double(), control[measured].double()
    difference = first - second
    n = len(difference)
    drawn = torch.randint(n, (RESAMPLES, n), generator=torch.Generator().manual_seed(seed))
    low, high = (
        difference[drawn].mean(dim=1).quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    )
    return Comparison(
        first.mean().item(),
        second.mean().item(),
        (round(low, 6), round(high, 6)),
        n,
        int((difference > 0).sum()),
        int((difference < 0).sum()),
    )


@may_have_gaps("values", "control")
def compared(
    name: str,
    values: Float[Tensor, "n"],
    control_name: str,
    control: Float[Tensor, "n"],
    *,
    cases: str,
    seeds: int = 1,
    form: str = ".2f",
) -> str:
    """`compare_pairs` as a line to print: means, difference with its interval, cases, and runs that stand behind it.

    Examples:
        >>> latent, neuron = torch.tensor([0.9, 0.8, 0.7]), torch.tensor([0.5, 0.4, 0.8])
        >>> print(compared("latent", latent, "neuron", neuron, cases="concepts"))
        latent 0.80, neuron 0.57 on average: +0.23 (95%: -0.10 to +0.40) over 3 concepts, higher on 2, lower on 1; 1 seed

    Args:
        values, control: as for `compare_pairs`.
        cases: what a pair belongs to, in the plural.
        seeds: trained runs that each side's value stands for.
        form: how a number is written, such as ``".0%"``.

    Raises:
        ValueError: as `compare_pairs`, and if no number can be written in this form.
    """
    try:
        format(0.0, f"+{form}")
    except ValueError as error:
        raise ValueError(f"form is {form!r}: how a number is written, such as '.2f' or '.0%'") from error
    c = compare_pairs(values, control)
    low, high = (f"{end:+{form}}" for end in c.interval)
    return (
        f"{name} {c.mean:{form}}, {control_name} {c.control:{form}} on average: {c.mean - c.control:+{form}} "
        f"(95%: {low} to {high}) over {c.n} {cases}, higher on {c.higher}, lower on {c.lower}; "
        f"{seeds} seed{'' if seeds == 1 else 's'}"
    )
