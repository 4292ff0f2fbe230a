"""Autoencoders that look at each token's activation on a scale of its own.

Some were trained on activations that had been normalised token by token, and put their reconstructions back:

    inner   = (x - mean) / scale           what the encoder sees
    x_hat   = scale * (latents' @ W_dec + b_dec) + mean

The mean and the scale are the token's own. Here such a latent comes out times the scale, so that for these
autoencoders as for all others ``latent * W_dec[latent]`` is what it adds to the activation, and a steering strength or
an attribution means the same. Its publisher's own number is that divided by `Inner.scale`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

NORMALISATIONS = ("none", "layer_norm", "constant_norm_rescale")
"""What `SAE` can do to each token first, by SAELens' names. OpenAI's TopK files need ``"layer_norm"``."""

EPS = 1e-5


class Inner(NamedTuple):
    """One batch of activations, as a normalising autoencoder sees it."""

    values: Float[Tensor, "... d_in"]
    """What the encoder reads."""

    mean: Float[Tensor, "... 1"]
    """Taken away from each token, and added at the end."""

    scale: Float[Tensor, "... 1"]
    """What a reconstruction, and a latent, is multiplied by at the end."""


def inner(x: Float[Tensor, "... d_in"], normalisation: str) -> Inner:
    """Normalise each token.

    Examples:
        >>> inner(torch.tensor([[1.0, 5.0, 3.0]]), "layer_norm").values.round(decimals=3).tolist()
        [[-1.0, 1.0, 0.0]]
        >>> inner(torch.tensor([[6.0, 8.0, 0.0, 0.0]]), "constant_norm_rescale").scale.tolist()  # 10 is 5 × sqrt(4)
        [[5.0]]

    Args:
        normalisation: ``"layer_norm"`` takes away the mean of the token's numbers and divides by their standard
            deviation (of a sample, with 1e-5 added); ``"constant_norm_rescale"`` makes the token sqrt(d_in) long.
    """
    if normalisation == "layer_norm":
        mean = x.mean(dim=-1, keepdim=True)
        scale = x.std(dim=-1, keepdim=True)
        return Inner((x - mean) / (scale + EPS), mean, scale)
    scale = x.norm(dim=-1, keepdim=True) / math.sqrt(x.shape[-1])
    return Inner(x / scale.clamp(min=torch.finfo(x.dtype).tiny), torch.zeros_like(scale), scale)
