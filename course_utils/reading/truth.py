"""How near a dictionary comes to features that are known: only where activations were made from them.

Every feature is given a latent of its own, so that no latent can stand for two, by the assignment with the largest sum
of cosines (`scipy`'s Hungarian method); then it is asked whether the latent lies along the feature, and whether it is on
where the feature is. Both follow Chanin et al. (2026), *SynthSAEBench*, arXiv 2602.14687.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize


def match_latents(
    W_dec: Float[Tensor, "d_sae d_in"], directions: Float[Tensor, "n_features d_in"]
) -> Int[Tensor, "n_features"]:
    """The latent of each feature, one to one; -1 where there are fewer latents than features.

    Examples:
        >>> match_latents(torch.tensor([[0.0, 2.0], [1.0, 0.1]]), torch.eye(2))
        tensor([1, 0])

    Args:
        W_dec: rows that write, of any length but 0.
        directions: those of the features.

    Raises:
        ModuleNotFoundError: if scipy is not installed.
    """
    from scipy.optimize import linear_sum_assignment

    cosines = normalize(directions, dim=1) @ normalize(W_dec, dim=1).T
    features, latents = linear_sum_assignment(cosines.numpy(), maximize=True)
    matched = torch.full((len(directions),), -1)
    matched[torch.from_numpy(features)] = torch.from_numpy(latents)
    return matched


def matched_cosines(
    W_dec: Float[Tensor, "d_sae d_in"], directions: Float[Tensor, "n_features d_in"]
) -> Float[Tensor, "n_features"]:
    """Cosine of each feature with the latent that is its own (`match_latents`); 0 for a feature without one.

    Examples:
        >>> matched_cosines(torch.tensor([[2.0, 0.0]]), torch.eye(2))
        tensor([1., 0.])

    Raises:
        ModuleNotFoundError: if scipy is not installed.
    """
    matched = match_latents(W_dec, directions)
    own = normalize(W_dec, dim=1)[matched.clamp(min=0)]
    return (normalize(directions, dim=1) * own).sum(dim=1) * (matched >= 0)


def matched_cosine(W_dec: Float[Tensor, "d_sae d_in"], directions: Float[Tensor, "n_features d_in"]) -> float:
    """Mean of `matched_cosines`. Unlike `mean_max_cosine` it lets no latent stand for two features.

    Examples:
        >>> matched_cosine(torch.tensor([[1.0, 0.0]]), torch.eye(2))  # one latent for two features
        0.5

    Raises:
        ModuleNotFoundError: if scipy is not installed.
    """
    return matched_cosines(W_dec, directions).mean().item()


def firing_f1(
    latents: Float[Tensor, "n d_sae"],
    coefficients: Float[Tensor, "n n_features"],
    matched: Int[Tensor, "n_features"],
) -> Float[Tensor, "n_features"]:
    """F1 of each feature's latent: on where the feature is, off elsewhere. 0 for a feature without a latent.

    Examples:
        >>> latents = torch.tensor([[1.0, 0.0], [1.0, 2.0], [0.0, 0.0]])
        >>> coefficients = torch.tensor([[0.7, 0.0], [0.0, 0.9], [0.0, 0.0]])
        >>> firing_f1(latents, coefficients, torch.tensor([0, 1]))  # the first is once on without its feature
        tensor([0.6667, 1.0000])

    Args:
        latents: of the same rows as ``coefficients``.
        coefficients: 0 where a feature is off.
        matched: as `match_latents` gives it.

    Raises:
        ValueError: if a feature is never on.
    """
    present = coefficients > 0
    if not present.any(dim=0).all():
        raise ValueError("a feature is on in none of these rows: draw more of them")
    fires = (latents[:, matched.clamp(min=0)] > 0) & (matched >= 0)
    hits = (fires & present).sum(dim=0)
    return 2 * hits / (fires.sum(dim=0) + present.sum(dim=0))
