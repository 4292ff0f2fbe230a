"""Operations that torch does not promise to keep: the only place that asks for them, and what stands in without them.

Apple's processors have no oneDNN (torch's ``mkldnn``), and a later torch may rename what begins with an underscore.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

AT_ONCE = 2**14
"""Rows that stand in for one operation copies at a time."""


def _operation(library: str, name: str) -> Callable[..., Any] | None:
    """One of ``torch.ops``, or None where it is missing."""
    return getattr(getattr(torch.ops, library, None), name, None)


def packs_bfloat16() -> bool:
    """Whether oneDNN multiplies bfloat16 on this processor, so that `packed` and `packed_linear` may be called.

    Examples:
        >>> packs_bfloat16() in (True, False)
        True
    """
    supported = _operation("mkldnn", "_is_mkldnn_bf16_supported")
    others = (_operation("mkldnn", name) for name in ("_reorder_linear_weight", "_linear_pointwise"))
    return supported is not None and all(others) and bool(supported())


def packed(W: Float[Tensor, "d_out d_in"]) -> Tensor:
    """A bfloat16 matrix in the order in which oneDNN reads it.

    Examples:
        >>> W = torch.eye(2, dtype=torch.bfloat16)
        >>> packed(W).is_mkldnn if packs_bfloat16() else True
        True

    Raises:
        RuntimeError: if this processor does not, see `packs_bfloat16`.
    """
    if not packs_bfloat16():
        raise RuntimeError("this processor does not pack bfloat16 matrices: ask packs_bfloat16() before")
    return torch.ops.mkldnn._reorder_linear_weight(W)


def packed_linear(x: Tensor, W: Tensor, b: Tensor | None, then: str = "none") -> Tensor:
    """``torch.nn.functional.linear`` with a matrix that is `packed`, and "gelu" (by tanh) after it if asked.

    Examples:
        >>> x, W = torch.ones(1, 2, dtype=torch.bfloat16), torch.eye(2, dtype=torch.bfloat16)
        >>> packed_linear(x, packed(W), None) if packs_bfloat16() else x
        tensor([[1., 1.]], dtype=torch.bfloat16)
    """
    return torch.ops.mkldnn._linear_pointwise(x, W, b, then, [], "tanh" if then == "gelu" else "")


def relu_slope_(slope: Float[Tensor, "*some"], activated: Float[Tensor, "*some"]) -> Float[Tensor, "*some"]:
    """``slope`` before a ReLU, in place: 0 where what came out is not above 0.

    Examples:
        >>> relu_slope_(torch.tensor([3.0, 3.0]), torch.tensor([0.0, 0.1]))
        tensor([0., 3.])
    """
    backward = _operation("aten", "threshold_backward")
    if backward is None:
        return slope.masked_fill_(activated <= 0, 0)
    return backward.grad_input(slope, activated, 0, grad_input=slope)


def entry_dots(
    a: Float[Tensor, "batch d"],
    b: Float[Tensor, "n_rows d"],
    columns: Int[Tensor, "n"],
    starts: Int[Tensor, "batch"],
    rows: Int[Tensor, "n"],
) -> Float[Tensor, "n"]:
    """``a[row] @ b[column]`` for each entry of a sparse matrix, row after row.

    torch has it as the slope of ``embedding_bag`` in its weights, which copies no rows.

    Examples:
        >>> a, b = torch.tensor([[1.0, 2.0]]), torch.eye(2)
        >>> entry_dots(a, b, torch.tensor([1, 0]), torch.tensor([0]), torch.tensor([0, 0]))
        tensor([2., 1.])

    Args:
        starts: where each row begins.
    """
    slope = _operation("aten", "_embedding_bag_per_sample_weights_backward")
    if slope is not None:
        return slope(a, b, columns, starts, rows, 0)
    pieces = zip(rows.split(AT_ONCE), columns.split(AT_ONCE), strict=True)
    return torch.cat([(a[row] * b[column]).sum(dim=1) for row, column in pieces])
