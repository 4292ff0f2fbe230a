"""When do few equations give many unknowns back? Measured, and as the theory of large systems says.

    N unknowns, of which k = rho * m are not 0; m = delta * N equations with random coefficients

Below a curve rho*(delta) the solution of least absolute sum is the right one, above it is not (Donoho & Tanner 2005,
2009: the *weak* threshold, for nearly every choice of which unknowns are not 0).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def weak_threshold(delta: Float[Tensor, "n"], nonnegative: bool = False) -> Float[Tensor, "n"]:
    """The theory's rho* for each delta: below it nearly every set of unknowns can be recovered, above it nearly none.

    The formula is that of Donoho, Maleki & Montanari (2009, PNAS 106:18914, equation for rho_SE).

    Examples:
        >>> weak_threshold(torch.tensor([0.25, 0.5, 0.75])).round(decimals=2)  # more equations allow more per equation
        tensor([0.2700, 0.3900, 0.5300])

    Args:
        delta: equations for each unknown, m / N, above 0 and below 1.
        nonnegative: whether the unknowns are known not to be negative, which makes the threshold higher.

    Returns:
        For each delta the highest k / m: how many unknowns may differ from 0 for each equation.
    """
    z = torch.linspace(0, 8, 4001, dtype=torch.float64)[:, None]
    density = torch.exp(-z.square() / 2) / (2 * torch.pi) ** 0.5
    beyond = torch.special.ndtr(-z)
    miss = (1 if nonnegative else 2) * ((1 + z.square()) * beyond - z * density)
    return ((1 - miss / delta.double()) / (1 + z.square() - miss)).amax(dim=0).to(delta)


def least_absolute_sum(
    x: Float[Tensor, "n m"],
    codes: Float[Tensor, "n_unknowns m"],
    *,
    nonnegative: bool = False,
    steps: int = 400,
    shrink: float = 0.1,
) -> Float[Tensor, "n n_unknowns"]:
    """Among all ``f`` with ``f @ codes == x`` the one with the least sum of absolute values, for each row of ``x``.

    Douglas-Rachford splitting: by turns shrink towards 0, and project onto the solutions.

    Examples:
        >>> codes = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
        >>> x = torch.tensor([[1.2, 1.6]])  # 1.2 and 1.6 of the first two, or 2.0 of the third alone
        >>> least_absolute_sum(x, codes).round(decimals=2)
        tensor([[0., 0., 2.]])

    Args:
        x: the right-hand sides: each row is a problem of its own, with m equations.
        codes: the coefficients; row i says how unknown i enters the m equations.
        nonnegative: only ``f`` without negative entries may answer.
        steps: of the splitting; more come closer to the exact solution.
        shrink: how far each step shrinks; about a tenth of the size of the entries is good.

    Returns:
        The unknowns of each row. They solve the equations only approximately, since the last step is a shrinking one.
    """
    back = torch.linalg.pinv(codes)  # (m, n_unknowns)
    across = torch.eye(len(codes), dtype=codes.dtype) - codes @ back
    start = x @ back
    z = f = start
    for _ in range(steps):
        f = torch.relu(z - shrink) if nonnegative else z - z.clamp(-shrink, shrink)
        z = z - f + torch.addmm(start, 2 * f - z, across)
    return f


def sparse_unknowns(
    n_trials: int, n_unknowns: int, k: int, generator: torch.Generator, nonnegative: bool = False
) -> Float[Tensor, "n_trials n_unknowns"]:
    """k entries a row, at random places, of sizes between 0.5 and 1.5; signs by chance unless ``nonnegative``.

    Examples:
        >>> unknowns = sparse_unknowns(3, 8, 2, torch.Generator().manual_seed(0))
        >>> (unknowns != 0).sum(dim=1)
        tensor([2, 2, 2])

    Args:
        generator: what to draw from. A generator and not a seed, because its callers draw the random coefficients, or
            one set of unknowns after another, from the same stream.
    """
    order = torch.rand(n_trials, n_unknowns, generator=generator).argsort(dim=1)
    size = 0.5 + torch.rand(n_trials, n_unknowns, generator=generator)
    sign = 1 - 2 * (torch.rand(n_trials, n_unknowns, generator=generator) < 0.5).float()
    return size * (order < k) * (1 if nonnegative else sign)


def success_rates(
    delta: float,
    rhos: Float[Tensor, "n_rhos"],
    *,
    n_unknowns: int = 100,
    n_trials: int = 30,
    nonnegative: bool = False,
    steps: int = 400,
    seed: int = 0,
) -> Float[Tensor, "n_rhos"]:
    """Share of the trials that recover the unknowns (1% error at most), for each rho, all with one random matrix.

    Examples:
        >>> success_rates(0.5, torch.tensor([0.1, 0.9]), n_unknowns=40, n_trials=5)  # far below rho* = 0.39, far above
        tensor([1., 0.])

    Args:
        delta: equations for each unknown, m / N.
        rhos: unknowns that are not 0, for each equation, k / m; at least one unknown is not 0, however small rho is.
        n_unknowns: N.
        n_trials: sets of unknowns drawn for each rho.
        nonnegative: whether the unknowns are not negative, and the solver knows.
        steps: of `least_absolute_sum`.
        seed: of the matrix and the unknowns.

    Returns:
        Shares between 0 and 1.
    """
    generator = torch.Generator().manual_seed(seed)
    m = max(1, round(delta * n_unknowns))
    codes = torch.randn(n_unknowns, m, generator=generator, dtype=torch.float32) / m**0.5
    # single precision is enough for errors of 1%, and nearly twice as fast
    unknowns = torch.cat(
        [
            sparse_unknowns(n_trials, n_unknowns, max(1, round(rho * m)), generator, nonnegative)
            for rho in rhos.tolist()
        ]
    ).float()
    found = least_absolute_sum(unknowns @ codes, codes, nonnegative=nonnegative, steps=steps)
    error = (found - unknowns).norm(dim=1) / unknowns.norm(dim=1)
    return (error < 0.01).float().view(len(rhos), n_trials).mean(dim=1)


def crossing(x: Float[Tensor, "n"], y: Float[Tensor, "n"], level: float = 0.5) -> float:
    """Where ``y``, which falls as ``x`` grows, first goes below ``level``, on the straight line between two points.

    Examples:
        >>> crossing(torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 0.75, 0.25]))  # halfway between 1 and 2
        1.5

    Args:
        x: in ascending order.

    Raises:
        ValueError: if ``y`` starts below ``level`` or never goes there.
    """
    below = (y < level).nonzero()
    if not len(below) or below[0] == 0:
        raise ValueError(f"y does not fall through {level}: it goes from {float(y[0]):g} to {float(y[-1]):g}")
    i = int(below[0])
    share = (y[i - 1] - level) / (y[i - 1] - y[i])
    return float(x[i - 1] + share * (x[i] - x[i - 1]))
