"""The gradients of a training step, written out by hand: what autograd finds for `sae_loss`, several times sooner.

With ``centred = x - b_dec`` and ``error = (2 / batch) * (x_hat - x)``, which is the slope of the loss at x_hat,

    d_latents = error @ W_dec.T + l1_coefficient / batch     where a latent is active, else 0
    d_W_dec   = latents.T @ error                            d_W_enc = centred.T @ d_latents
    d_b_enc   = sum of d_latents                             d_b_dec = sum of error - W_enc @ d_b_enc

Autograd would form the slope at ``x`` as well, and new arrays of (batch, d_sae) at every step; here a few rows are
worked on at a time, in arrays that are kept. Where few latents are active, all after the encoder is done entry by
entry: an entry (row, latent, value) touches one row of W_dec, and ``F.embedding_bag`` adds up weighted rows without
copying them. In bfloat16 the matrix products are rounded, and with them the choice of the active latents; the values
of single entries, the weights and Adam's averages stay float32.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from course_utils.base import relu_slope_
from course_utils.sae import ARCHITECTURES, SAE, SAEOutput, Transcoder
from course_utils.training.kernels import Entries, RowAdam, bits_of, dots, largest
from course_utils.training.steps import StepResult, remove_parallel_gradient_

DENSE_ROWS = {torch.float32: 1024, torch.bfloat16: 4096}  # of the (rows, d_sae) arrays that are kept
ENCODER_BYTES = 2048  # of a column of pre-activations: 512 rows in float32
BLOCK = 4096  # latents whose gradient is made at once
ENTRIES_BELOW = {
    torch.float32: 0.06,
    torch.bfloat16: 0.01,
}  # share of active latents; above it products are faster
PAD = 16  # columns, the first of which carries the bias: matrix units work in multiples of 16


class FastStep:
    """Puts the gradients of `sae_loss` into ``.grad`` of a "relu" or "topk" SAE whose decoder directions have length 1.

    As ``backward`` and then `remove_parallel_gradient_`. From `open` to `close`, ``sae.W_enc`` lies in memory latent by
    latent.

    Examples:
        >>> sae, x = SAE(8, 32, "topk", k=4), torch.ones(10, 8)
        >>> step = FastStep(sae).open()
        >>> seen = step(x)  # the gradients are there
        >>> seen.l0, sae.W_dec.grad.shape, int(sae.W_dec.grad.any(dim=1).sum())  # only active latents have one
        (4.0, torch.Size([32, 8]), 4)
        >>> step.close()

    Args:
        l1_coefficient: price of one unit of a latent's activation; 0 for "topk".
        dtype: of the matrix products, float32 or bfloat16: the latter pays where the processor has it (`speed`).

    Raises:
        ValueError: if it cannot train this SAE: see `obstacle`.
    """

    optimiser: ClassVar[type[torch.optim.Adam]] = RowAdam

    def __init__(self, sae: SAE, l1_coefficient: float = 0.0, dtype: torch.dtype = torch.float32):
        if problem := obstacle(sae):
            raise ValueError(problem)
        self.sae, self.l1_coefficient, self.dtype = sae, l1_coefficient, dtype
        self.name = "fast" if dtype == torch.float32 else "fast_bfloat16"
        self.share_active = 1.0
        self.kept: dict[str, Tensor] = {}

    def open(self) -> FastStep:
        """Lay ``sae.W_enc`` out anew and make room for the gradients; what was read from it before stays as it was."""
        sae = self.sae
        self.W_enc = sae.W_enc.data.T.contiguous()  # a row a latent, as W_dec
        sae.W_enc.data = self.W_enc.T
        self.d_W_enc, self.d_W_dec = _room_for_gradient(sae.W_enc).T, _room_for_gradient(sae.W_dec)
        self.d_b_enc, self.d_b_dec = _room_for_gradient(sae.b_enc), _room_for_gradient(sae.b_dec)
        return self

    def close(self) -> None:
        """Give ``sae`` its layout back, and free the gradients."""
        self.sae.W_enc.data = self.sae.W_enc.data.contiguous()
        for parameter in self.sae.parameters():
            parameter.grad = None

    @torch.no_grad()
    def output(self, x: Float[Tensor, "batch d_in"]) -> SAEOutput:
        """Computed anew: the step itself never has all latents at once."""
        return self.sae(x)

    def backward(self, extra_loss: Float[Tensor, ""] | None = None) -> None:
        """The gradients of its own loss are there already; autograd adds those of ``extra_loss``."""
        if extra_loss is not None:
            extra_loss.backward()
            remove_parallel_gradient_(self.sae.W_dec)

    def state_dict(self) -> dict[str, Any]:
        """What it has to remember to go on exactly."""
        return {"share_active": self.share_active}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`.

        Raises:
            ValueError: if it is none.
        """
        if "share_active" not in state:
            raise ValueError(
                f"state has no share_active, as state_dict() has: it has {', '.join(state) or 'nothing'}"
            )
        self.share_active = state["share_active"]

    @torch.no_grad()
    def __call__(self, x: Float[Tensor, "batch d_in"]) -> StepResult:
        sae, n = self.sae, len(x)
        centred = x - sae.b_dec
        self._round(centred)
        by_entries = sae.k is not None or self.share_active < ENTRIES_BELOW[self.dtype]
        error, sums, n_active = (self._by_entries if by_entries else self._by_products)(centred)
        self.share_active = n_active / n / sae.d_sae
        self.d_b_dec.copy_(error.sum(dim=0) - self.d_b_enc @ self.W_enc)
        difference = error.mul_(n / 2)
        loss = (difference.pow(2).sum() + self.l1_coefficient * sums.sum()) / n
        return StepResult(loss, x + difference, n_active / n, sums > 0)

    def _by_products(self, centred: Tensor) -> tuple[Tensor, Tensor, int]:
        """Gradients by matrix products; returns the error, each latent's sum, and how many entries are active."""
        sae, n = self.sae, len(centred)
        W_dec = self._keep("W_dec", sae.d_sae, sae.d_in).copy_(sae.W_dec) if self._rounds else sae.W_dec
        self.d_b_enc.zero_()
        sums, n_active = torch.zeros_like(sae.b_enc), 0
        error = torch.empty_like(centred)
        at_once = min(DENSE_ROWS[self.dtype], n)
        for first in range(0, n, at_once):
            here = slice(first, min(first + at_once, n))
            latents = self._pre_activations(centred, here, at_once).relu_()
            torch.sub(latents @ W_dec, centred[here], out=error[here]).mul_(2 / n)
            low, ones = error[here].to(self.dtype), latents.new_ones(1, len(latents))
            d_latents = self._keep("d_latents", at_once, sae.d_sae)[: len(latents)]
            torch.mm(low, W_dec.T, out=d_latents).add_(self.l1_coefficient / n)
            relu_slope_(d_latents, latents)
            self._product(d_latents.T, centred[here].to(self.dtype), self.d_W_enc, add=first > 0)
            self._product(latents.T, low, self.d_W_dec, add=first > 0)
            self.d_b_enc += (ones @ d_latents)[0]
            sums += (ones @ latents)[0]
            n_active += int(bits_of(latents).count_nonzero())
        for first in range(0, sae.d_sae, BLOCK // 8):
            rows = slice(first, first + BLOCK // 8)
            along = (self.d_W_dec[rows] * sae.W_dec[rows]).sum(dim=1, keepdim=True)
            self.d_W_dec[rows].addcmul_(sae.W_dec[rows], along, value=-1)
        return error, sums, n_active

    def _by_entries(self, centred: Tensor) -> tuple[Tensor, Tensor, int]:
        """The same, from the active entries alone."""
        sae, n, price = self.sae, len(centred), self.l1_coefficient / len(centred)
        at = self._encode(centred)
        error = F.embedding_bag(at.latents, sae.W_dec, at.starts, mode="sum", per_sample_weights=at.values)
        error.sub_(centred).mul_(2 / n)
        is_active = at.values > 0
        slopes = dots(error, sae.W_dec, at) * is_active
        along = torch.bincount(at.latents, at.values * slopes, sae.d_sae)  # d_W_dec[latent] @ W_dec[latent]
        slopes += price * is_active
        self.d_b_enc.copy_(torch.bincount(at.latents, slopes, sae.d_sae))
        sums = torch.bincount(at.latents, at.values, sae.d_sae)

        order = at.latents.to(torch.int16 if sae.d_sae < 2**15 else torch.int32).argsort()
        rows, slopes, values = at.rows[order], slopes[order], at.values[order]
        ends = torch.bincount(at.latents, minlength=sae.d_sae).cumsum(dim=0)
        starts = torch.cat([ends.new_zeros(1), ends])
        for first in range(0, sae.d_sae, BLOCK):
            last = min(first + BLOCK, sae.d_sae)
            block, part = slice(first, last), slice(int(starts[first]), int(starts[last]))
            bags = starts[block] - starts[first]
            self.d_W_enc[block] = F.embedding_bag(
                rows[part], centred, bags, mode="sum", per_sample_weights=slopes[part]
            )
            d_W_dec = F.embedding_bag(rows[part], error, bags, mode="sum", per_sample_weights=values[part])
            torch.addcmul(d_W_dec, sae.W_dec[block], along[block, None], value=-1, out=self.d_W_dec[block])
        return error, sums, int(is_active.sum())

    def _encode(self, centred: Tensor) -> Entries:
        sae, n = self.sae, len(centred)
        at_once = ENCODER_BYTES // self.dtype.itemsize
        found = []
        for first in range(0, n, at_once):
            pre = self._pre_activations(centred, slice(first, min(first + at_once, n)), at_once)
            bits = bits_of(pre).clamp_min_(0)
            if sae.k is not None:
                values, latents = largest(bits, sae.k)
                rows = torch.arange(first, first + len(pre)).repeat_interleave(sae.k)
                found.append((latents.flatten(), values.flatten(), rows))
            else:
                rows, latents = bits.nonzero().T
                found.append((latents, bits[rows, latents], rows + first))
        latents, values, rows = (torch.cat(parts) for parts in zip(*found, strict=True))
        counts = torch.bincount(rows, minlength=n)
        at = Entries(latents, values.view(self.dtype), rows, counts.cumsum(dim=0) - counts)
        if self._rounds:
            at = at._replace(values=(dots(centred, self.W_enc, at) + sae.b_enc[latents]).relu_())
        return at

    @property
    def _rounds(self) -> bool:
        return self.dtype != torch.float32

    def _round(self, centred: Tensor) -> None:
        """Rounded copies for the encoder, with b_enc as one more column of W_enc and ones as one more of the input."""
        if self._rounds:
            d_in, d_sae = self.sae.d_in, self.sae.d_sae
            inputs = self._keep("inputs", len(centred), d_in + PAD)
            weights = self._keep("W_enc", d_sae, d_in + PAD)
            inputs[:, :d_in], inputs[:, d_in] = centred, 1
            weights[:, :d_in], weights[:, d_in] = self.W_enc, self.sae.b_enc

    def _pre_activations(self, centred: Tensor, rows: slice, at_once: int) -> Tensor:
        out = self._keep("latents", at_once, self.sae.d_sae)[: rows.stop - rows.start]
        if self._rounds:
            return torch.mm(self.kept["inputs"][rows], self.kept["W_enc"].T, out=out)
        return torch.addmm(self.sae.b_enc, centred[rows], self.W_enc.T, out=out)

    def _product(self, a: Tensor, b: Tensor, out: Float[Tensor, "d_sae d_in"], add: bool) -> None:
        """``out = a @ b``, or ``out += a @ b``."""
        if not self._rounds:
            torch.addmm(out, a, b, beta=int(add), out=out)
        elif add:  # adding bfloat16 to float32 is many times slower than copying it first
            out += self._keep("product", *out.shape, dtype=torch.float32).copy_(a @ b)
        else:
            out.copy_(a @ b)

    def _keep(self, name: str, n: int, width: int, dtype: torch.dtype | None = None) -> Tensor:
        """An array that stays from step to step, zeros at first."""
        if name not in self.kept or len(self.kept[name]) < n:
            self.kept[name] = torch.zeros(n, width, dtype=dtype or self.dtype)
        return self.kept[name][:n]


def _room_for_gradient(parameter: torch.nn.Parameter) -> Tensor:
    parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def obstacle(sae: SAE) -> str | None:
    """Why `FastStep` cannot train this SAE, or None."""
    if not sae.spec.fast:
        able = " and ".join(name for name, spec in ARCHITECTURES.items() if spec.fast)
        return f"the fast step does {able} SAEs, not {sae.architecture}: take the plain one"
    if isinstance(sae, Transcoder):
        return "the fast step gives back what it reads, and a transcoder something else: take the plain one"
    if sae.W_dec.device.type != "cpu" or sae.W_dec.dtype != torch.float32:
        return f"the fast step is for float32 on a CPU, not {sae.W_dec.dtype} on {sae.W_dec.device}"
    return None
