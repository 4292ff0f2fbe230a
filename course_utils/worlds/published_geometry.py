"""Toy models of the size of the published picture, trained beforehand by ``recipes/published_geometry.py``."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class PublishedGeometry(NamedTuple):
    """What is kept of them."""

    sparsity: Float[Tensor, "instances"]
    """Of the models with 400 features in 30 dimensions."""

    shares: Float[Tensor, "instances n_features"]
    """`feature_dimensionality` of every feature in each."""

    d_hidden: Float[Tensor, "rooms"]
    """Dimensions of the models with 400 features of which one is on at a time, on average."""

    losses: Float[Tensor, "rooms seeds"]
    """Their loss, by start."""

    losses_held: Float[Tensor, "rooms seeds"]
    """The same where training had to keep the length of every direction near 1."""


def load_published_geometry() -> PublishedGeometry:
    """Shares and losses of models too slow for a notebook.

    Examples:
        >>> kept = load_published_geometry()
        >>> kept.shares.shape, kept.losses.shape
        (torch.Size([24, 400]), torch.Size([5, 3]))

    Raises:
        FileNotFoundError, ValueError: if the file that ships is missing or damaged.

    Source:
        Elhage et al. (2022), Toy Models of Superposition, "The Geometry of Superposition"; Liu, Liu and Gore (2025),
        Superposition Yields Robust Neural Scaling, arXiv 2505.10465.
    """
    from safetensors.torch import load_file

    from course_utils.base import asset_path

    kept = load_file(asset_path("geometry/geometry.safetensors"))
    return PublishedGeometry(
        1 - 1 / kept["rarities"],
        kept["shares"].float(),
        kept["rooms"].float(),
        kept["losses"],
        kept["losses_held"],
    )
