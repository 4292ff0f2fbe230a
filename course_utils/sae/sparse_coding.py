"""Sparse coding: latents without an encoder, found anew for each input.

    x = features @ codes + noise        (n, n_channels), fewer channels than stations

The names are those of day 5, where stations share channels; for a dictionary, ``codes`` is `SAE.W_dec`. Each function
takes ``x`` (n, n_channels) and the codes (n_stations, n_channels) and returns its guess at the features,
(n, n_stations). All use that few stations speak at once.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def ista_step(
    features: Float[Tensor, "n n_stations"],
    x: Float[Tensor, "n n_channels"],
    codes: Float[Tensor, "n_stations n_channels"],
    step: float,
    l1: float,
) -> Float[Tensor, "n n_stations"]:
    """One step down ``1/2 ||x - features @ codes||^2 + l1 * sum of features``, features at least 0.

    Examples:
        >>> codes, x = torch.eye(2), torch.tensor([[1.0, 0.0]])
        >>> ista_step(torch.zeros(1, 2), x, codes, step=1.0, l1=0.25)  # the price is taken off what is found
        tensor([[0.7500, 0.0000]])

    Args:
        features: the guess so far.
        step: length of the step; see `safe_step`.
        l1: price of one unit of a feature.

    Returns:
        The next guess.
    """
    missed = x - features @ codes
    return torch.relu(features + step * (missed @ codes.T - l1))


def safe_step(codes: Float[Tensor, "n_stations n_channels"]) -> float:
    """The longest step that never overshoots: one over the largest squared singular value of the codes.

    Examples:
        >>> safe_step(torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
        0.25
    """
    return 1 / torch.linalg.matrix_norm(codes, ord=2).square().item()


def fista(
    x: Float[Tensor, "n n_channels"],
    codes: Float[Tensor, "n_stations n_channels"],
    l1: float = 0.01,
    steps: int = 100,
) -> Float[Tensor, "n n_stations"]:
    """`ista_step` with momentum (Beck & Teboulle 2009): the error falls as 1/steps^2 in place of 1/steps.

    Examples:
        >>> codes = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
        >>> fista(2 * codes[2:], codes, steps=500).round(decimals=1).tolist()  # not stations 0 and 1 together
        [[0.0, 0.0, 2.0]]

    Args:
        l1: price of one unit of a feature.
        steps: to take, from features of 0.
    """
    step = safe_step(codes)
    features = ahead = torch.zeros(len(x), len(codes))
    t = 1.0
    for _ in range(steps):
        before, features = features, ista_step(ahead, x, codes, step, l1)
        t, t_before = (1 + (1 + 4 * t * t) ** 0.5) / 2, t
        ahead = features + (t_before - 1) / t * (features - before)
    return features


def omp(
    x: Float[Tensor, "n n_channels"], codes: Float[Tensor, "n_stations n_channels"], k: int
) -> Float[Tensor, "n n_stations"]:
    """Orthogonal matching pursuit: k times, add the station that matches the rest best, and fit all again.

    Since no station sends less than nothing, the largest match counts, not the largest absolute one; of equal matches
    the first. (Pati, Rezaiifar & Krishnaprasad 1993.)

    Examples:
        >>> codes = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
        >>> omp(2 * codes[2:], codes, k=1).round(decimals=2).tolist()
        [[0.0, 0.0, 2.0]]

    Args:
        codes: rows of length 1.
        k: stations a row, at most n_stations.

    Returns:
        k entries a row are filled; one that fitted badly may be below 0.
    """
    chosen = torch.zeros(len(x), 0, dtype=torch.long)
    strengths, rest = torch.zeros(len(x), 0, dtype=x.dtype), x
    for _ in range(k):
        match = (rest @ codes.T).round(decimals=9)  # or rounding errors would choose between equal matches
        match = match.scatter(1, chosen, -torch.inf)
        chosen = torch.cat([chosen, match.argmax(dim=1, keepdim=True)], dim=1)
        picked = codes[chosen]  # (n, picks so far, n_channels)
        gram = picked @ picked.mT + 1e-6 * torch.eye(chosen.shape[1], dtype=x.dtype)
        strengths = torch.linalg.solve(gram, picked @ x[:, :, None])[:, :, 0]
        rest = x - (strengths[:, None] @ picked)[:, 0]
    return torch.zeros(len(x), len(codes), dtype=x.dtype).scatter(1, chosen, strengths)


def learn_dictionary(
    x: Float[Tensor, "n n_channels"], n_stations: int, *, k: int = 2, rounds: int = 20, seed: int = 0
) -> Float[Tensor, "n_stations n_channels"]:
    """Codes from mixtures alone, by turns: listen with the codes (`omp`), then fit the codes to what was heard.

    The method of optimal directions (Engan, Aase & Husøy 1999). It starts from inputs drawn at random; a code that
    nobody was heard on starts again from another input.

    Examples:
        >>> codes = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
        >>> heard = torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None] * codes  # (4, 2, 2): one station at a time
        >>> learned = learn_dictionary(heard.flatten(0, 1), 2, k=1)
        >>> (codes @ learned.T).amax(dim=1).round(decimals=2)  # cosine of each code with the nearest learned one
        tensor([1., 1.])

    Args:
        k: stations that speak at once.
        rounds: of listening and fitting.
        seed: of the inputs drawn.

    Returns:
        Codes of length 1, in no particular order.
    """
    generator = torch.Generator().manual_seed(seed)

    def from_inputs(n: int) -> Tensor:
        loud = x[x.norm(dim=1) > 0.1]
        if not len(loud):
            raise ValueError("x has no row that is longer than 0.1: there is nothing to learn a code from")
        some = loud[torch.randint(len(loud), (n,), generator=generator)]
        return some / some.norm(dim=1, keepdim=True)

    codes = from_inputs(n_stations)
    for _ in range(rounds):
        features = omp(x, codes, k)
        features = torch.where(features > 1e-6, features, 0)  # what is less is a rounding error
        used = (features > 0).sum(dim=0) > 2
        gram = features.T @ features + 1e-4 * torch.eye(n_stations)
        codes = torch.linalg.solve(gram, features.T @ x)
        codes[~used] = from_inputs(int((~used).sum()))
        codes = codes / codes.norm(dim=1, keepdim=True)
    return codes
