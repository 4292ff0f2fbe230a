"""What torch does several times faster when it is asked differently: the parts of the fast training step.

Each is equal to the plain call that its docstring names; `tools/benchmarks` times the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.base import entry_dots

GROUP = 16


class Entries(NamedTuple):
    """The active latents of a batch, row after row."""

    latents: Int[Tensor, "n"]
    values: Float[Tensor, "n"]
    rows: Int[Tensor, "n"]
    starts: Int[Tensor, "batch"]
    """Where each row begins."""


def largest(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of each row and their places, in any order, like ``Tensor.topk`` but faster on long rows.

    Every 16 places form a group. The k largest lie in the k groups with the largest maxima: only these are searched.
    """
    n, width = values.shape
    n_groups = width // GROUP
    if width % GROUP or n_groups < 2 * k:
        return values.topk(k, dim=1, sorted=False)
    groups = values.view(n, GROUP, n_groups).amax(dim=1).topk(k, dim=1, sorted=False).indices
    members = groups.unsqueeze(1) + torch.arange(0, width, n_groups).view(1, GROUP, 1)
    members = members.view(n, GROUP * k)
    found, at = values.gather(1, members).topk(k, dim=1, sorted=False)
    return found, members.gather(1, at)


def dots(a: Float[Tensor, "batch d"], b: Float[Tensor, "d_sae d"], at: Entries) -> Float[Tensor, "n"]:
    """``a[row] @ b[latent]`` for each entry."""
    return entry_dots(a, b, at.latents, at.starts, at.rows)


class RowAdam(torch.optim.Adam):
    """Adam in one pass over memory, for parameters that lie in it transposed too; the same numbers as Adam's.

    Examples:
        >>> W = torch.zeros(1, 2, requires_grad=True)
        >>> W.grad = torch.tensor([[5.0, -0.2]])
        >>> RowAdam([W], lr=0.1).step()
        >>> W.data  # Adam's first step has the length of lr, however large the gradient
        tensor([[-0.1000,  0.1000]])

    Raises:
        ValueError: if there are no parameters.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float):
        parameters = list(parameters)
        if not parameters or not all(isinstance(one, Tensor) for one in parameters):
            raise ValueError("parameters has to hold tensors: those of a model, from model.parameters()")
        super().__init__(parameters, lr=lr, fused=True)

    # torch's own signature differs between versions
    def _init_group(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, group, parameters, grads, averages, squares, *others
    ):
        result = super()._init_group(group, parameters, grads, averages, squares, *others)
        turned = [not parameter.is_contiguous() for parameter in parameters]
        for tensors in (parameters, grads, averages, squares):
            tensors[:] = [t.T if turn else t for t, turn in zip(tensors, turned, strict=True)]
        return result


def bits_of(values: Tensor) -> Tensor:
    """The same memory read as integers: they have the sign and, above 0, the order of floats, and compare faster."""
    return values.view(torch.int16 if values.dtype == torch.bfloat16 else torch.int32)
