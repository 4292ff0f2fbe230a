"""Which latents does a dictionary of another seed have too? (Paulo and Belrose 2025, arXiv 2501.16615.)"""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.reading.truth import matched_cosines

FOUND_AGAIN = 0.7
"""Cosine from which on a latent of another seed is the same."""


def found_again(
    W_dec: Float[Tensor, "d_sae d_in"], other: Float[Tensor, "d_other d_in"], at_least: float = FOUND_AGAIN
) -> Bool[Tensor, "d_sae"]:
    """For each latent whether the other dictionary has one for it, one to one, that points the same way.

    Examples:
        >>> import torch
        >>> found_again(torch.tensor([[1.0, 0.0], [2.0, 0.1]]), torch.tensor([[3.0, 0.0], [0.0, 1.0]]))
        tensor([ True, False])

    Args:
        W_dec: what the latents write; rows of those that live.
        other: the other dictionary's.
        at_least: the cosine that counts as the same.

    Raises:
        ModuleNotFoundError: if scipy is not installed.
    """
    return matched_cosines(other, W_dec) >= at_least
