"""What a few latents tell of labels: sparse probes, and where a latent that should be on leaves its work to others.

The definitions are SAEBench's (Karvonen et al. 2025, arXiv 2503.09532): the k latents whose means differ most between
rows with and without the label (Gurnee et al. 2023, arXiv 2305.01610), and a logistic regression on them. Absorption
follows Chanin et al. (2024), arXiv 2409.14507.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

RIDGE = 1e-3
"""Times the sum of squared weights: without it, latents that separate all rows have no best probe."""
ALONG = 0.025
"""Cosine with the label's direction from which on a latent can have taken the label's work over."""
SHARE = 0.4
"""Of the label's part of an activation, what such latents have to write for it to count as absorbed."""


class Probe(NamedTuple):
    """A logistic regression on a few latents."""

    latents: Int[Tensor, "k"]
    weights: Float[Tensor, "k"]
    bias: Float[Tensor, ""]

    def __call__(self, latents: Float[Tensor, "n d_sae"]) -> Bool[Tensor, "n"]:
        """Whether it says that the label holds."""
        return latents[:, self.latents] @ self.weights + self.bias > 0


@torch.enable_grad()
def sparse_probe(
    latents: Float[Tensor, "n d_sae"], present: Bool[Tensor, "n"], k: int, *, ridge: float = RIDGE
) -> Probe:
    """Logistic regression on the ``k`` latents whose means differ most; both answers weigh the same.

    Examples:
        >>> latents = torch.tensor([[2.0, 1.0], [1.5, 0.0], [0.0, 1.0], [0.0, 0.0]])
        >>> probe = sparse_probe(latents, torch.tensor([True, True, False, False]), k=1)
        >>> probe.latents, probe(latents)
        (tensor([0]), tensor([ True,  True, False, False]))

    Args:
        latents: of rows with the label and of others.
        present: which rows have it.
        k: latents to use, or all there are.
        ridge: times the sum of squared weights, latents being scaled to a standard deviation of 1.

    Raises:
        ValueError: if all rows have the label, or none.
    """
    if present.all() or not present.any():
        raise ValueError("a probe needs rows with the label and rows without")
    difference = latents[present].mean(dim=0) - latents[~present].mean(dim=0)
    chosen = difference.abs().topk(min(k, latents.shape[1])).indices
    x = latents[:, chosen].detach().double()
    scale = x.std(dim=0).clamp(min=1e-9)
    x, y = x / scale, present.double()
    weight = torch.where(present, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    parameters = torch.zeros(len(chosen) + 1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([parameters], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        logits = x @ parameters[:-1] + parameters[-1]
        value = binary_cross_entropy_with_logits(logits, y, weight) + ridge * parameters[:-1].square().sum()
        value.backward()
        return value

    optimiser.step(loss)  # pyright: ignore[reportArgumentType] — typed as a float
    found = parameters.detach()
    return Probe(chosen, (found[:-1] / scale).to(latents.dtype), found[-1].to(latents.dtype))


def mean_differences(
    values: Float[Tensor, "n d"], present: Bool[Tensor, "n n_labels"]
) -> Float[Tensor, "n_labels d"]:
    """For each label the mean of the rows that have it, less the mean of those that do not.

    Examples:
        >>> mean_differences(torch.tensor([[1.0], [3.0], [0.0]]), torch.tensor([[True], [True], [False]]))
        tensor([[2.]])

    Raises:
        ValueError: if all rows have a label, or none.
    """
    n, of = present.sum(dim=0)[:, None], present.float().T @ values
    if (n == 0).any() or (n == len(values)).any():
        raise ValueError("a label needs rows that have it and rows that do not")
    return of / n - (values.sum(dim=0) - of) / (len(values) - n)


def balanced_accuracy(said: Bool[Tensor, "n"], present: Bool[Tensor, "n"]) -> float:
    """Mean of the shares right among rows with the label and rows without; 0.5 is a coin.

    Examples:
        >>> balanced_accuracy(torch.tensor([True, False, False]), torch.tensor([True, True, False]))
        0.75

    Raises:
        ValueError: if all rows have the label, or none.
    """
    if present.all() or not present.any():
        raise ValueError("a share of no rows: there have to be rows with the label and rows without")
    return 0.5 * (said[present].float().mean() + (~said[~present]).float().mean()).item()


def absorption_rate(
    latents: Float[Tensor, "n d_sae"],
    W_dec: Float[Tensor, "d_sae d_in"],
    present: Bool[Tensor, "n"],
    main: Int[Tensor, "some"],
    direction: Float[Tensor, "d_in"],
) -> float:
    """Of the rows with a label, the share on which its main latents are off and others write its direction for them.

    Examples:
        >>> W_dec = torch.tensor([[1.0, 0.0], [0.8, 0.6]])  # the second also writes what the first is for
        >>> latents = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> absorption_rate(latents, W_dec, torch.tensor([True, True]), torch.tensor([0]), torch.tensor([1.0, 0.0]))
        0.5

    Args:
        latents: of each row.
        W_dec: what a latent writes.
        present: which rows have the label.
        main: the latents that stand for the label, as a `sparse_probe` chose them.
        direction: of the label, of any length: a probe's, or a known feature's. Rows on which what the dictionary
            writes has no part along it count as missed and not as absorbed.

    Raises:
        ValueError: if no row has the label.
    """
    if not present.any():
        raise ValueError("no row has the label")
    along = W_dec @ normalize(direction, dim=0)
    written = latents[present] * along
    could = normalize(W_dec, dim=1) @ normalize(direction, dim=0) > ALONG
    could[main] = False
    silent = (latents[present][:, main] <= 0).all(dim=1)
    total = written.sum(dim=1)
    takes_over = (total > 0) & (written[:, could].clamp(min=0).sum(dim=1) >= SHARE * total)
    return (silent & takes_over).float().mean().item()
