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

    Args:
        l1_coefficient: price of one unit of a latent's activation.
    """
    squared_error = (x - output.x_hat).pow(2).sum(dim=1)
    return (squared_error + l1_coefficient * output.latents.sum(dim=1)).mean()


def jumprelu_loss(
    sae: SAE, x: Float[Tensor, "batch d_in"], output: SAEOutput, l0_coefficient: float
) -> Float[Tensor, ""]:
    """Squared error plus a price for every active latent. Returns the mean over the batch.

    The price moves the thresholds only.

    Examples:
        >>> from course_utils.sae import SAE
        >>> sae, x = SAE(2, 2, "jumprelu"), torch.tensor([[3.0, 4.0]])
        >>> sae.W_enc.data, sae.W_dec.data = torch.eye(2), torch.eye(2)
        >>> jumprelu_loss(sae, x, sae(x), l0_coefficient=0.5).item()  # no error, two latents at 0.5 each
        1.0

    Args:
        sae: a "jumprelu" one.
        l0_coefficient: price of one active latent.
    """
    x, wanted = sae.split(x)
    squared_error = (wanted - output.x_hat).pow(2).sum(dim=1)
    pre_activations = encode(x, sae.W_enc, sae.b_enc, sae.centre, lambda pre: pre)
    active = step(pre_activations, sae.threshold, sae.options["bandwidth"]).sum(dim=1)
    return (squared_error + l0_coefficient * active).mean()


def gated_loss(
    sae: SAE, x: Float[Tensor, "batch d_in"], output: SAEOutput, l1_coefficient: float
) -> Float[Tensor, ""]:
    """Squared error, L1 penalty on the gates, and squared error of the gates alone. Returns the mean over the batch.

    The penalty falls on the gates, so that it cannot shrink the magnitudes. A gate that only opens or shuts has no
    slope: its pre-activation learns from the penalty, and from reconstructing ``x`` by itself through a decoder that
    this term cannot move.

    Examples:
        >>> from course_utils.sae import SAE
        >>> sae, x = SAE(2, 4, "gated"), torch.tensor([[3.0, 4.0]])
        >>> sae.b_gate.data -= 9  # shuts all gates, so that all 3**2 + 4**2 of x is missed twice
        >>> gated_loss(sae, x, sae(x), l1_coefficient=1.0).item()
        50.0

    Args:
        sae: a "gated" one.
        l1_coefficient: price of one unit of a gate's pre-activation, where that is positive.
    """
    gates = encode(x, sae.W_enc, sae.b_gate, sae.b_dec)
    by_gates = decode(gates, sae.W_dec.detach(), sae.b_dec.detach())
    squared_error = (x - output.x_hat).pow(2).sum(dim=1) + (x - by_gates).pow(2).sum(dim=1)
    return (squared_error + l1_coefficient * gates.sum(dim=1)).mean()


def auxk_loss(
    sae: SAE,
    x: Float[Tensor, "batch width"],
    x_hat: Float[Tensor, "batch d_out"],
    dead: Bool[Tensor, "d_sae"],
    k_aux: int,
) -> Float[Tensor, ""]:
    """Squared error of the best ``k_aux`` dead latents at explaining what the live ones missed (Gao et al. 2024).

    It gives dead latents a gradient; live ones are left alone.

    Examples:
        >>> from course_utils.sae import neuron_basis
        >>> sae, x, x_hat = neuron_basis(2), torch.tensor([[5.0, 3.0]]), torch.tensor([[5.0, 0.0]])
        >>> auxk_loss(sae, x, x_hat, torch.tensor([False, True]), k_aux=1).item()  # the dead latent 1 explains the rest
        0.0
        >>> auxk_loss(sae, x, torch.zeros(1, 2), torch.tensor([False, True]), k_aux=1).item()  # misses 5 of it
        25.0

    Args:
        sae: one with ``b_enc``: all but gated ones have it.
        x: activations; for a transcoder what it reads and what it should write, side by side.
        x_hat: what it makes of ``x``.
        dead: which latents count as dead; at least one.
        k_aux: dead latents a row that may try.

    Returns:
        Summed over the columns of ``x_hat``, mean over the batch.
    """
    x, wanted = sae.split(x)
    missed = (wanted - x_hat).detach()
    k = min(k_aux, int(dead.sum()))
    latents = encode(x, sae.W_enc[:, dead], sae.b_enc[dead], sae.centre.detach(), lambda pre: topk(pre, k))
    nothing = torch.zeros_like(sae.b_dec)
    return (missed - decode(latents, sae.W_dec[dead], nothing)).pow(2).sum(dim=1).mean()
