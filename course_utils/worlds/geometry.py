"""How much room there is in d dimensions: angles, packings, bounds, and what a share of a dimension is.

Directions are rows: ``directions (n, d)``. The one exception is a toy model's weight matrix ``W (…, d_hidden,
n_features)``, whose columns are the features' directions, as Elhage et al. (2022) write it.

Everything here is a pure function of tensors and numbers; what draws at random takes a seed.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

ROWS_AT_A_TIME = 1024


def random_directions(n: int, d: int, *, seed: int) -> Float[Tensor, "n d"]:
    """``n`` unit vectors, each direction of ``d``-dimensional space equally likely.

    Examples:
        >>> directions = random_directions(50, 1000, seed=0)
        >>> coherence(directions) < 0.2  # in many dimensions even the worst pair is nearly at a right angle
        True
    """
    return normalize(torch.randn(n, d, generator=torch.Generator().manual_seed(seed)), dim=1)


def cosine_matrix(directions: Float[Tensor, "n d"]) -> Float[Tensor, "n n"]:
    """The cosine of the angle between every two rows: 1 for the same direction, 0 for a right angle, -1 for opposite.

    Examples:
        >>> cosine_matrix(torch.tensor([[2.0, 0.0], [0.0, 1.0], [-3.0, 0.0]]))
        tensor([[ 1.,  0., -1.],
                [ 0.,  1.,  0.],
                [-1.,  0.,  1.]])

    Args:
        directions: of any length; a row of zeros has cosine 0 with everything, itself included.
    """
    unit = normalize(directions, dim=1)
    return unit @ unit.T


def pairwise_cosines(directions: Float[Tensor, "n d"]) -> Float[Tensor, "pairs"]:
    """The cosines of all n(n - 1)/2 pairs of different rows, each pair once.

    Examples:
        >>> pairwise_cosines(torch.tensor([[2.0, 0.0], [0.0, 1.0], [-3.0, 0.0]]))
        tensor([ 0., -1.,  0.])

    Returns:
        In the order (0, 1), (0, 2), …, (1, 2), …
    """
    return cosine_matrix(directions)[tuple(torch.triu_indices(len(directions), len(directions), 1))]


def coherence(directions: Float[Tensor, "n d"]) -> float:
    """The largest ``|cos|`` of any two different rows: how bad the worst pair is. A block at a time, so n may be large.

    Examples:
        >>> round(coherence(torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]])), 2)  # the last two
        0.8

    Raises:
        ValueError: if there are fewer than two rows.
    """
    if len(directions) < 2:
        raise ValueError("a single direction has no pair")
    unit, worst = normalize(directions, dim=1), 0.0
    for start in range(0, len(unit), ROWS_AT_A_TIME):
        block = (unit[start : start + ROWS_AT_A_TIME] @ unit[start:].T).abs()
        block.fill_diagonal_(0)
        worst = max(worst, block.max().item())
    return worst


def welch_bound(n: int, d: int) -> float:
    """No ``n`` directions in ``d`` dimensions have a worst ``|cos|`` below this: sqrt((n - d) / (d (n - 1))).

    It bounds even the root mean square over the pairs, which is why the worst pair often cannot reach it (Welch 1974,
    "Lower bounds on the maximum cross correlation of signals"). 0 while all can stand at right angles.

    Examples:
        >>> welch_bound(3, 2), welch_bound(3, 3)  # three lines in a plane, 60° apart; with a third dimension at 90°
        (0.5, 0.0)

    Raises:
        ValueError: if ``n`` or ``d`` is below 1.
    """
    if n < 1 or d < 1:
        raise ValueError(f"{n} directions in {d} dimensions: both must be at least 1")
    return 0.0 if n <= d else math.sqrt((n - d) / (d * (n - 1)))


def johnson_lindenstrauss_dimension(n: int, epsilon: float) -> float:
    """A dimension in which ``n`` points certainly fit with all squared distances kept within a factor 1 ± ``epsilon``.

    4 ln n / (ε²/2 - ε³/3): Dasgupta and Gupta (2003), "An elementary proof of a theorem of Johnson and Lindenstrauss",
    theorem 2.1. A promise, not an estimate: far less usually does.

    Examples:
        >>> [round(johnson_lindenstrauss_dimension(n, 0.1)) for n in (1000, 1_000_000)]  # 1000 times the points: twice
        [5921, 11842]

    Returns:
        The dimension, not rounded up to a whole number.

    Raises:
        ValueError: if ``epsilon`` is outside (0, 1), or ``n`` is below 1.
    """
    if not 0 < epsilon < 1 or n < 1:
        raise ValueError(f"epsilon must lie between 0 and 1 and n be at least 1, not {epsilon} and {n}")
    return 4 * math.log(n) / (epsilon**2 / 2 - epsilon**3 / 3)


def directions_within(epsilon: float, d: int, tries: int, *, seed: int) -> Float[Tensor, "n d"]:
    """Draw ``tries`` random directions one after the other; keep each that has ``|cos| <= epsilon`` with all kept ones.

    Examples:
        >>> kept = directions_within(0.5, 10, 1000, seed=0)
        >>> len(kept) > 10, coherence(kept) <= 0.5  # more than dimensions, as they need not be at right angles
        (True, True)

    Returns:
        The kept directions, of length 1, in the order in which they were drawn.
    """
    kept = torch.empty(0, d)
    for block in random_directions(tries, d, seed=seed).split(256):
        # before the slow loop over what is left
        block = block[((block @ kept.T).abs() <= epsilon).all(dim=1)]
        while len(block):
            kept = torch.cat([kept, block[:1]])
            block = block[1:][(block[1:] @ block[0]).abs() <= epsilon]
    return kept


def packing_loss(directions: Float[Tensor, "n d"], p: float) -> Float[Tensor, ""]:
    """Power mean of ``|cos|`` over all pairs of different rows: (mean |cos|^p)^(1/p).

    The root mean square for p = 2; the larger p, the more it is the worst pair alone. The rows' lengths do not matter.

    Examples:
        >>> directions = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]])  # |cos| 0, 0.6 and 0.8
        >>> [round(packing_loss(directions, p).item(), 2) for p in (2, 64)]
        [0.58, 0.79]
    """
    cosines = pairwise_cosines(directions).abs()
    return cosines.pow(p).mean().pow(1 / p)


def optimise_packing(n: int, d: int, steps: int = 600, p: float = 64.0, *, seed: int) -> Float[Tensor, "n d"]:
    """``n`` unit vectors spread out by descending `packing_loss`, with p growing from 2 to ``p``.

    The gradient is written out, because it is short and an explorer waits for it. A local optimum: another seed may
    find a better one.

    Examples:
        >>> round(coherence(optimise_packing(3, 2, steps=100, seed=0)), 2), welch_bound(3, 2)  # the best there is
        (0.5, 0.5)

    Args:
        steps: of the descent, each shorter than the one before.
        p: the last exponent; the larger, the more it is the worst pair that is pushed apart.
        seed: of the directions to start from.

    Returns:
        The directions with the lowest `coherence` of all steps.

    Raises:
        ValueError: if there are fewer than two directions.
    """
    if n < 2:
        raise ValueError("a single direction has nothing to keep away from")
    unit = random_directions(n, d, seed=seed).double()  # the same packing on every machine
    best, least = unit, coherence(unit)
    for step in range(steps):
        share = step / steps
        cosines = (unit @ unit.T).fill_diagonal_(0)
        size = cosines.abs()
        worst = size.max()
        if worst < 1e-6:
            return unit.float()
        if worst < least:
            best, least = unit, worst.item()
        pull = cosines.sign() * (size / worst).pow(2 * (p / 2) ** share - 1)
        gradient = pull @ unit
        gradient -= (gradient * unit).sum(dim=1, keepdim=True) * unit  # along the sphere only
        longest = gradient.norm(dim=1).max().clamp(min=1e-12)
        unit = normalize(unit - 0.3 * (1 - share) ** 2 * gradient / longest, dim=1)
    return best.float()


def feature_dimensionality(
    W: Float[Tensor, "*batch d_hidden n_features"],
) -> Float[Tensor, "*batch n_features"]:
    """The share of a dimension that each feature has: 1 for one alone, 1/2 in an antipodal pair, 0 for none.

        D_i = ‖W_i‖² / Σ_j (Ŵ_i · W_j)²

    ``W_i`` is column i and Ŵ_i the same at length 1; the sum runs over all features, i included. Multiplying ``W`` by
    a number changes nothing, and the sum over the features is at most the rank of ``W`` (Elhage et al. 2022, "The
    Geometry of Superposition"; the same number as the capacity of Scherlis et al. 2022, section 2).

    Examples:
        >>> antipodal_pair_and_one_alone = torch.tensor([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
        >>> feature_dimensionality(antipodal_pair_and_one_alone)
        tensor([0.5000, 0.5000, 1.0000])

    Args:
        W: columns are the features' directions.

    Returns:
        Shares between 0 and 1; 0 for a column of zeros.
    """
    length = W.norm(dim=-2).square()
    shared = (normalize(W, dim=-2).mT @ W).square().sum(dim=-1)
    absent = shared == 0
    return torch.where(absent, 0.0, length / shared.masked_fill(absent, 1.0))


def participation_ratio(x: Float[Tensor, "*batch n"]) -> Float[Tensor, "*batch"]:
    """How many of the n entries of a vector carry it: (Σ x²)² / Σ x⁴.

    1 if a single entry does, n if all are equally large, about n/3 for a random direction in many dimensions. The
    vector's length does not matter; zeros alone give NaN.

    Examples:
        >>> participation_ratio(torch.tensor([[5.0, 0.0, 0.0, 0.0], [1.0, -1.0, 0.0, 1.0]]))
        tensor([1., 3.])
    """
    squares = x.square()
    return squares.sum(dim=-1).square() / squares.square().sum(dim=-1)


def excess_kurtosis(x: Float[Tensor, "n *units"]) -> Float[Tensor, "*units"]:
    """How much heavier the tails of each column are than a normal distribution's, for which it is 0.

        E[(x - mean)⁴] / E[(x - mean)²]² - 3

    -1.2 for a uniform distribution, 3 for a Laplace distribution, large for what is nearly always the same and rarely
    far away. A constant column gives NaN.

    Examples:
        >>> coin, once_in_ten = torch.tensor([-1.0, 1.0] * 5), torch.tensor([0.0] * 9 + [1.0])
        >>> excess_kurtosis(torch.stack([coin, once_in_ten], dim=1)).round(decimals=2)
        tensor([-2.0000,  5.1100])
    """
    centred = x - x.mean(dim=0)
    return centred.pow(4).mean(dim=0) / centred.square().mean(dim=0).square() - 3


def moment_ratio(x: Float[Tensor, "n *units"]) -> Float[Tensor, "*units"]:
    """E[x⁴] / E[x²]² of each column, around zero and not around the mean: for a feature, zero means absent.

    With a feature that is present with probability p and then uniform on [0, 1] it is 1.8/p, with normal values 3/p
    (Scherlis et al. 2022 call it kurtosis).

    Examples:
        >>> always, once_in_ten = torch.ones(10), torch.tensor([0.0] * 9 + [1.0])
        >>> moment_ratio(torch.stack([always, once_in_ten], dim=1)).round(decimals=2)  # 1/p
        tensor([ 1., 10.])

    Returns:
        At least 1; NaN for a column of zeros.
    """
    return x.pow(4).mean(dim=0) / x.square().mean(dim=0).square()
