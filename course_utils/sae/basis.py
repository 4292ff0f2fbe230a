"""Neurons as a dictionary, so that they go through the same scores, cards and interventions as latents."""

from __future__ import annotations

from typing import Any

import torch

from course_utils.sae.model import SAE


def neuron_basis(d_in: int, **metadata: Any) -> SAE:
    """The dictionary in which latent i is neuron i (where it is positive), to put neurons through the same tools.

    Examples:
        >>> neuron_basis(3).encode(torch.tensor([[2.0, -1.0, 0.5]])).tolist()
        [[2.0, 0.0, 0.5]]

    Args:
        d_in: number of neurons.
        metadata: ``hook_name``, say, so that the result knows where it reads.

    Returns:
        A "relu" `SAE` whose ``W_enc`` and ``W_dec`` are the identity.
    """
    sae = SAE(d_in, d_in)
    with torch.no_grad():
        sae.W_enc.copy_(torch.eye(d_in))
        sae.W_dec.copy_(torch.eye(d_in))
    sae.metadata = metadata
    return sae
