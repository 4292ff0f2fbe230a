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

from course_utils.base import require_index

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

    Examples:
        >>> inputs, W = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0], [1.0]])  # contribute 1 and 2
        >>> epsilon_rule(inputs, W, relevance=torch.tensor([[9.0]])).round(decimals=2)
        tensor([[3., 6.]])

    Args:
        W: the layer's weights; no bias, which would take a part of the relevance.
        relevance: of the layer's outputs.
        epsilon: in the units of the outputs.

    Returns:
        Relevance of the layer's inputs.
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
    """``alpha`` times the relevance goes to what spoke for an output, ``1 - alpha`` times to what spoke against it.

    For inputs that are not negative, so that the sign of a contribution is that of the weight. Where nothing spoke for
    an output, or nothing against it, the other side takes all, so that relevance is conserved.

    Examples:
        >>> inputs, W = torch.tensor([[1.0, 1.0]]), torch.tensor([[3.0], [-1.0]])  # one input for, one against
        >>> alpha_beta_rule(inputs, W, relevance=torch.tensor([[2.0]]))
        tensor([[ 4., -2.]])

    Args:
        inputs: at least 0, as behind a ReLU.
        W: the layer's weights; no bias, which would take a part of the relevance.
        relevance: of the layer's outputs.
        alpha: at least 1; with 1, what spoke against an output gets none, if anything spoke for it.

    Returns:
        Relevance of the layer's inputs.
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
    """Run the network and keep each layer's inputs.

    Examples:
        >>> trace = trace_layers([torch.tensor([[1.0, -1.0]]), torch.tensor([[3.0], [5.0]])], torch.tensor([[2.0]]))
        >>> trace.inputs[1], trace.logits  # the hidden layer after its ReLU, and what comes out
        (tensor([[2., 0.]]), tensor([[6.]]))

    Args:
        matrices: of each layer, the first one first; ReLU follows all but the last.
    """
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

    Examples:
        >>> matrices = [torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.tensor([[3.0], [5.0]])]
        >>> trace = trace_layers(matrices, torch.tensor([[2.0, 1.0]]))  # logit 14
        >>> [layer.round(decimals=2) for layer in propagate(matrices, trace.inputs, trace.logits)]
        [tensor([[6., 8.]]), tensor([[9., 5.]])]

    Args:
        matrices: of each layer, the first one first.
        inputs: what goes into each layer, as from `trace_layers`.
        relevance: what the last layer's outputs are given, such as one logit with the others at zero.
        rule: how a layer hands its outputs' relevance to its inputs: `epsilon_rule`, `alpha_beta_rule` or your own.

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
    """One output's value, zero for all others: the relevance to begin with.

    Examples:
        >>> only_output(torch.tensor([[1.0, 4.0, 2.0]]), which=1)
        tensor([[0., 4., 0.]])

    Args:
        which: the number of the output.

    Raises:
        ValueError: if there is no such output.
    """
    require_index("which", which, logits.shape[1], "outputs")
    kept = torch.zeros_like(logits)
    kept[:, which] = logits[:, which]
    return kept
