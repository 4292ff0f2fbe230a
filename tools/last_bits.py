"""Make every sum of a run uncertain in its last bits, as if each were computed on another processor.

    uncertain = LastBits(seed); uncertain.__enter__()

Sums, products of matrices and functions such as `exp` come out slightly different on each kind of processor, by about
the rounding of the last bit. Here every result of these operations is multiplied by 1 + a random number of that size, so
that a whole run can be drawn several times on one machine. Random numbers of the run itself are left as they are.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

ROUNDED = (
    *(
        "mm",
        "addmm",
        "bmm",
        "baddbmm",
        "dot",
        "mv",
        "linear",
        "convolution",
        "convolution_backward",
        "einsum",
    ),
    *("sum", "mean", "var", "std", "linalg_vector_norm", "norm", "cumsum", "logsumexp"),
    *("exp", "log", "log2", "sin", "cos", "tanh", "erf", "sqrt", "rsqrt", "pow", "gelu", "sigmoid"),
    *("_softmax", "_log_softmax", "native_layer_norm", "scaled_dot_product_attention"),
    *(
        "linalg_solve_ex",
        "_linalg_solve_ex",
        "_linalg_svd",
        "_linalg_eigh",
        "linalg_inv_ex",
        "nll_loss_forward",
    ),
    *("_fft_r2c", "_fft_c2c", "_scaled_dot_product_flash_attention_for_cpu"),
)
BOUNDED = {
    "tanh": (-1, 1),
    "erf": (-1, 1),
    "sin": (-1, 1),
    "cos": (-1, 1),
    "sigmoid": (0, 1),
    "_softmax": (0, 1),
}
"""No processor's rounding leaves these: 1 + tanh is never negative, or a GELU would be above zero where it must not be."""


class LastBits(TorchDispatchMode):
    """While it is entered, results of the operations in ``ROUNDED`` are uncertain in their last bits."""

    def __init__(self, seed: int):
        super().__init__()
        self.generator = torch.Generator().manual_seed(10_000 + seed)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__.removesuffix("_")
        if name in ROUNDED:
            for tensor in out if isinstance(out, tuple | list) else (out,):
                if isinstance(tensor, torch.Tensor) and tensor.is_floating_point() and tensor.numel():
                    self._blur_(tensor)
                    if name in BOUNDED:
                        tensor.clamp_(*BOUNDED[name])
        return out

    def _blur_(self, tensor: torch.Tensor) -> None:
        size = 2 * torch.finfo(tensor.dtype).eps
        draw = torch.rand(tensor.shape, generator=self.generator, dtype=torch.float32)
        tensor.mul_(draw.to(tensor.dtype).sub_(0.5).mul_(size).add_(1))
