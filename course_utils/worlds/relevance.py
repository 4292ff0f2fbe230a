"""Layer-wise relevance propagation: hand a network's answer back to what it was computed from, layer by layer.

    z_ij = inputs_i W_ij        what input i contributed to output j
    R_i  = sum_j z_ij / z_j R_j with z_j = sum_i z_ij

Each rule says how to share R_j out when the contributions nearly cancel. What a layer hands down adds up to what it was
given: relevance is conserved, as long as no bias takes a part of it. After Bach et al. (2015), "On pixel-wise
explanations …", PLOS ONE 10(7), section "Layer-wise relevance propagation".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import relu

Rule = Callable[[Tensor, Tensor, Tensor], Tensor]
"""rule(inputs, W, relevance of the outputs) -> relevance of the inputs"""


def epsilon_rule(
    inputs: Float[Tensor, "batch d_in"],
    W: Float[Tensor, "d_in d_out"],
    relevance: Float[Tensor, "batch d_out"],
    epsilon: float = 1e-6,
) -> Float[Tensor, "batch d_in"]:
    """Share relevance out in proportion to the contributions; ``epsilon`` keeps a sum near zero from exploding.

    ``epsilon`` is added to a sum that is zero or more and subtracted from a negative one; what it is not small against,
    it swallows.
    """
    z = inputs @ W
    z = z + epsilon * torch.where(z >= 0, 1.0, -1.0)
    return inputs * ((relevance / z) @ W.T)


def alpha_beta_rule(
    inputs: Float[Tensor, "batch d_in"],
    W: Float[Tensor, "d_in d_out"],
    relevance: Float[Tensor, "batch d_out"],
    alpha: float = 2.0,
) -> Float[Tensor, "batch d_in"]:
    """Share ``alpha`` times the relevance among what spoke for an output, less ``alpha - 1`` times among what spoke against.

    For inputs that are not negative, so that the sign of a contribution is that of the weight. Where nothing spoke for an
    output, or nothing against it, the other side takes all, so that relevance is conserved.
    """
    up, down = W.clamp(min=0), W.clamp(max=0)
    z_up, z_down = inputs @ up, inputs @ down
    weight = torch.where(z_down == 0, 1.0, torch.where(z_up == 0, 0.0, alpha))
    to_up = weight * relevance / torch.where(z_up == 0, 1.0, z_up)
    to_down = (1 - weight) * relevance / torch.where(z_down == 0, 1.0, z_down)
    return inputs * (to_up @ up.T + to_down @ down.T)


class Trace(NamedTuple):
    """A forward pass through plain matrices with ReLU between them."""

    inputs: list[Float[Tensor, "batch d_in"]]
    """What goes into each layer; the first is the network's own input."""

    logits: Float[Tensor, "batch d_out"]


def trace_layers(matrices: Sequence[Float[Tensor, "d_in d_out"]], x: Float[Tensor, "batch d_in"]) -> Trace:
    """Run the network and keep each layer's inputs."""
    inputs = [x]
    for W in matrices[:-1]:
        inputs.append(relu(inputs[-1] @ W))
    return Trace(inputs, inputs[-1] @ matrices[-1])


def propagate(
    matrices: Sequence[Float[Tensor, "d_in d_out"]],
    inputs: Sequence[Float[Tensor, "batch d_in"]],
    relevance: Float[Tensor, "batch d_out"],
    rule: Rule = epsilon_rule,
) -> list[Float[Tensor, "batch d_in"]]:
    """Relevance of every layer's inputs, the network's own input first.

    Args:
        relevance: what the last layer's outputs are given, such as one logit with the others at zero.

    Raises:
        ValueError: if there are not as many layers of inputs as matrices.
    """
    if len(matrices) != len(inputs):
        raise ValueError(f"{len(matrices)} matrices, but inputs of {len(inputs)} layers")
    found = []
    for W, x in zip(reversed(matrices), reversed(inputs), strict=True):
        relevance = rule(x, W, relevance)
        found.append(relevance)
    return found[::-1]


def only_output(logits: Float[Tensor, "batch d_out"], which: int) -> Float[Tensor, "batch d_out"]:
    """One output's value, zero for all others: the relevance to begin with."""
    kept = torch.zeros_like(logits)
    kept[:, which] = logits[:, which]
    return kept
