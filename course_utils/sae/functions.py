"""The formulas of sparse autoencoders: pure functions of tensors.

relu       keep what is positive                        Bricken et al. 2023
topk       the k largest of each row                    Gao et al. 2024
batchtopk  the k·n largest of n rows                    Bussmann et al. 2024
jumprelu   what exceeds a learned threshold             Rajamanoharan et al. 2024b
gated      one half says whether, the other how much    Rajamanoharan et al. 2024a
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from course_utils.base import ALONE, Processes


def topk(pre_activations: Float[Tensor, "... d_sae"], k: int) -> Float[Tensor, "... d_sae"]:
    """Keep the k largest of each row if they are positive; everything else becomes zero.

    Examples:
        >>> topk(torch.tensor([[3.0, 1.0, 2.0], [-1.0, 5.0, -2.0]]), k=2)
        tensor([[3., 0., 2.],
                [0., 5., 0.]])

    Args:
        k: at most d_sae.

    Raises:
        ValueError: if it is more.
    """
    if k > pre_activations.shape[-1]:
        raise ValueError(f"k is {k}, but a row has {pre_activations.shape[-1]} latents")
    values, kept = pre_activations.topk(k, dim=-1, sorted=False)
    return torch.zeros_like(pre_activations).scatter_(-1, kept, values.relu())


def batch_topk(
    pre_activations: Float[Tensor, "... d_sae"], k: int, team: Processes = ALONE
) -> Float[Tensor, "... d_sae"]:
    """Keep the largest positive entries of the whole batch, k a row on average; everything else becomes zero.

    Examples:
        >>> batch_topk(torch.tensor([[5.0, 4.0], [1.0, 2.0]]), k=1)  # two in all, wherever they are
        tensor([[5., 4.],
                [0., 0.]])

    Args:
        k: active latents a row, on average.
        team: the processes that share the batch, if these are the rows of one of several.
    """
    flat = pre_activations.flatten()
    n_rows = flat.numel() // pre_activations.shape[-1]
    n_kept = k * sum(team.gather(n_rows))
    values, kept = flat.topk(min(n_kept, flat.numel()), sorted=False)
    if team.count > 1:
        of_all = torch.cat(team.gather(values.detach().cpu()))
        values = values * (values >= of_all.topk(n_kept).values.min().to(values.device))
    return torch.zeros_like(flat).scatter(0, kept, values.relu()).view_as(pre_activations)


def jumprelu(
    pre_activations: Float[Tensor, "... d_sae"], threshold: Float[Tensor, "d_sae"], bandwidth: float = 0.1
) -> Float[Tensor, "... d_sae"]:
    """Keep what exceeds its latent's ``threshold`` (at least 0), unchanged; the rest becomes zero.

    The jump has no slope, so the threshold gets the estimate of `jumprelu_threshold_gradient`.

    Examples:
        >>> jumprelu(torch.tensor([[0.4, 0.6, -1.0]]), threshold=torch.tensor([0.5, 0.5, 0.5]))
        tensor([[0.0000, 0.6000, 0.0000]])

    Args:
        bandwidth: how near its threshold a pre-activation must come to move it: half a bandwidth on either side.
    """
    return _JumpReLU.apply(pre_activations, threshold, bandwidth)


def step(
    pre_activations: Float[Tensor, "... d_sae"], threshold: Float[Tensor, "d_sae"], bandwidth: float = 0.1
) -> Float[Tensor, "... d_sae"]:
    """1 where the threshold is exceeded, else 0: summed over a row this is L0, with a gradient for ``threshold`` alone.

    Examples:
        >>> step(torch.tensor([[0.4, 0.6, 3.0]]), threshold=torch.tensor([0.5, 0.5, 0.5])).sum(dim=1)
        tensor([2.])

    Args:
        bandwidth: as for `jumprelu`; the gradient is -1 / bandwidth within half a bandwidth of the threshold, else 0.
    """
    return _Step.apply(pre_activations, threshold, bandwidth)


def jumprelu_threshold_gradient(
    pre_activations: Float[Tensor, "... d_sae"], threshold: Float[Tensor, "d_sae"], bandwidth: float
) -> Float[Tensor, "... d_sae"]:
    """How each latent changes as its threshold grows: -threshold / bandwidth within half a bandwidth of it, else 0.

    A pseudo-derivative: it is right on average over pre-activations that spread evenly over the window
    (Rajamanoharan et al. 2024b, arXiv 2407.14435, section 3, with a rectangle as kernel).

    Examples:
        >>> near_and_far = torch.tensor([[0.52, 0.9]])
        >>> jumprelu_threshold_gradient(near_and_far, torch.tensor([0.5, 0.5]), bandwidth=0.1).tolist()
        [[-5.0, -0.0]]
    """
    near = (pre_activations - threshold).abs() < bandwidth / 2
    return -(threshold / bandwidth) * near


class _JumpReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, pre, threshold, bandwidth):
        ctx.save_for_backward(pre, threshold)
        ctx.bandwidth = bandwidth
        return pre.relu() * (pre > threshold)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        pre, threshold = ctx.saved_tensors
        for_threshold = grad * jumprelu_threshold_gradient(pre, threshold, ctx.bandwidth)
        return grad * (pre > threshold) * (pre > 0), for_threshold.reshape(-1, len(threshold)).sum(0), None


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx, pre, threshold, bandwidth):
        ctx.save_for_backward(pre, threshold)
        ctx.bandwidth = bandwidth
        return (pre > threshold).to(pre)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        pre, threshold = ctx.saved_tensors
        near = (pre - threshold).abs() < ctx.bandwidth / 2
        return None, (-grad * near / ctx.bandwidth).reshape(-1, len(threshold)).sum(0), None


def encode(
    x: Float[Tensor, "... d_in"],
    W_enc: Float[Tensor, "d_in d_sae"],
    b_enc: Float[Tensor, "d_sae"],
    b_dec: Float[Tensor, "d_in"],
    act: Callable[[Tensor], Tensor] = torch.relu,
) -> Float[Tensor, "... d_sae"]:
    """Latents of ``x``: centre, project, let ``act`` decide which stay.

    Examples:
        >>> encode(torch.tensor([[2.0, -1.0]]), W_enc=torch.eye(2), b_enc=torch.zeros(2), b_dec=torch.zeros(2))
        tensor([[2., 0.]])

    Args:
        act: from pre-activations (…, d_sae) to latents of the same shape.
    """
    return act((x - b_dec) @ W_enc + b_enc)


def encode_gated(
    x: Float[Tensor, "... d_in"],
    W_enc: Float[Tensor, "d_in d_sae"],
    b_gate: Float[Tensor, "d_sae"],
    b_mag: Float[Tensor, "d_sae"],
    r_mag: Float[Tensor, "d_sae"],
    b_dec: Float[Tensor, "d_in"],
) -> Float[Tensor, "... d_sae"]:
    """The gate says whether a latent is active; the magnitude, the same projection stretched by exp(r_mag), how much.

    Examples:
        >>> zero, b_gate, r_mag = torch.zeros(2), torch.tensor([-2.0, 0.0]), torch.tensor([0.0, 1.0])
        >>> encode_gated(torch.ones(1, 2), torch.eye(2), b_gate, zero, r_mag, zero)  # one gate is shut; e is exp(1)
        tensor([[0.0000, 2.7183]])

    Args:
        b_gate: added to the projection before the gate opens above 0.
        b_mag: added to the stretched projection.
        r_mag: logarithm of the stretch.
    """
    projected = (x - b_dec) @ W_enc
    return (projected + b_gate > 0) * (projected * r_mag.exp() + b_mag).relu()


def decode(
    latents: Float[Tensor, "... d_sae"], W_dec: Float[Tensor, "d_sae d_in"], b_dec: Float[Tensor, "d_in"]
) -> Float[Tensor, "... d_in"]:
    """Each active latent adds its decoder direction, times its activation; ``b_dec`` comes on top.

    Examples:
        >>> W_dec, b_dec = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), torch.tensor([0.0, 0.5])
        >>> decode(torch.tensor([[2.0, 0.0, 1.0]]), W_dec, b_dec)
        tensor([[3.0000, 1.5000]])
    """
    return latents @ W_dec + b_dec
