"""Make torch's sums uncertain in their last bits, as if each were computed on another processor.

    uncertain = LastBits(seed); uncertain.__enter__()

Sums, products of matrices and functions such as `exp` come out slightly different on each kind of processor, by about
the rounding of the last bit. Here results of the operations in ``ROUNDED`` are multiplied by 1 + a random number of that
size, so that a whole run can be drawn several times on one machine. Random numbers of the run itself are left as they
are, and so is what numpy computes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

ROUNDED = frozenset(
    word
    for words in (
        "mm addmm bmm baddbmm dot mv linear einsum convolution convolution_backward scaled_dot_product_attention",
        "_scaled_dot_product_flash_attention_for_cpu linalg_solve_ex _linalg_solve_ex _linalg_svd _linalg_eigh",
        "linalg_inv_ex linalg_lstsq linalg_qr _fft_r2c _fft_c2c _fft_c2r",
        "sum mean var std prod cumsum logsumexp norm linalg_vector_norm _cdist_forward index_add scatter_add",
        "mse_loss nll_loss_forward native_layer_norm _softmax _log_softmax _softmax_backward_data",
        "_log_softmax_backward_data gelu_backward",
        "exp expm1 log log1p log2 sin cos tan atan2 tanh erf sqrt rsqrt pow gelu sigmoid softplus",
    )
    for word in words.split()
)
"""Products of matrices and what solves with them; sums; functions."""

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
                if not isinstance(tensor, torch.Tensor) or not tensor.numel():
                    continue
                if tensor.is_complex():
                    self._blur_(torch.view_as_real(tensor))
                elif tensor.is_floating_point():
                    self._blur_(tensor)
                    if name in BOUNDED:
                        tensor.clamp_(*BOUNDED[name])
        return out

    def _blur_(self, tensor: torch.Tensor) -> None:
        size = 2 * torch.finfo(tensor.dtype).eps
        draw = torch.rand(tensor.shape, generator=self.generator, dtype=torch.float32)
        draw[tensor == tensor.round()] = 0.5  # counts, and what else comes out whole, are exact everywhere
        tensor.mul_(draw.to(tensor.dtype).sub_(0.5).mul_(size).add_(1))
