"""What training minimises: the squared error, and what makes each architecture sparse.

    relu       squared error + l1_coefficient * sum of latents                          (Bricken et al. 2023)
    topk, batchtopk   squared error, + `auxk_loss` for latents that died                (Gao et al. 2024)
    jumprelu   squared error + l0_coefficient * number of active latents                (Rajamanoharan et al. 2024b)
    gated      squared error + l1_coefficient * sum of open gates + what the gates alone miss   (… 2024a)

All are means over the batch, for decoder directions of length 1. They read the weights of an autoencoder and nothing of
how it is trained, so an architecture's record can name its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.sae.functions import decode, encode, step, topk

if TYPE_CHECKING:
    from course_utils.sae.model import SAE, SAEOutput


def sae_loss(x: Float[Tensor, "batch d_in"], output: SAEOutput, l1_coefficient: float) -> Float[Tensor, ""]:
    """Squared error plus L1 penalty, for decoder directions of length 1. Returns the mean over the batch.

    Examples:
        >>> from course_utils.sae import SAEOutput
        >>> output = SAEOutput(x_hat=torch.tensor([[1.0, 0.0]]), latents=torch.tensor([[1.0, 2.0]]))
        >>> sae_loss(torch.tensor([[3.0, 0.0]]), output, l1_coefficient=10).item()  # 2 ** 2 + 10 * (1 + 2)
        34.0
    """
    squared_error = (x - output.x_hat).pow(2).sum(dim=1)
    return (squared_error + l1_coefficient * output.latents.sum(dim=1)).mean()


def jumprelu_loss(
    sae: SAE, x: Float[Tensor, "batch d_in"], output: SAEOutput, l0_coefficient: float
) -> Float[Tensor, ""]:
    """Squared error plus a price for every active latent, which moves the thresholds only."""
    squared_error = (x - output.x_hat).pow(2).sum(dim=1)
    pre_activations = encode(x, sae.W_enc, sae.b_enc, sae.b_dec, lambda pre: pre)
    active = step(pre_activations, sae.threshold, sae.options["bandwidth"]).sum(dim=1)
    return (squared_error + l0_coefficient * active).mean()


def gated_loss(
    sae: SAE, x: Float[Tensor, "batch d_in"], output: SAEOutput, l1_coefficient: float
) -> Float[Tensor, ""]:
    """The penalty falls on the gates, so that it cannot shrink the magnitudes.

    A gate that only opens or shuts has no slope: its pre-activation learns from the penalty, and from reconstructing
    ``x`` by itself through a decoder that this term cannot move.
    """
    gates = encode(x, sae.W_enc, sae.b_gate, sae.b_dec)
    by_gates = decode(gates, sae.W_dec.detach(), sae.b_dec.detach())
    squared_error = (x - output.x_hat).pow(2).sum(dim=1) + (x - by_gates).pow(2).sum(dim=1)
    return (squared_error + l1_coefficient * gates.sum(dim=1)).mean()


def auxk_loss(
    sae: SAE,
    x: Float[Tensor, "batch d_in"],
    x_hat: Float[Tensor, "batch d_in"],
    dead: Bool[Tensor, "d_sae"],
    k_aux: int,
) -> Float[Tensor, ""]:
    """Squared error of the best ``k_aux`` dead latents at explaining what the live ones missed (Gao et al. 2024).

    It gives dead latents a gradient; live ones are left alone.
    """
    missed = (x - x_hat).detach()
    k = min(k_aux, int(dead.sum()))
    b_dec = sae.b_dec.detach()
    latents = encode(x, sae.W_enc[:, dead], sae.b_enc[dead], b_dec, lambda pre: topk(pre, k))
    return (missed - decode(latents, sae.W_dec[dead], torch.zeros_like(b_dec))).pow(2).sum(dim=1).mean()
