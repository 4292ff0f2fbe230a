"""The autoencoder with its weights: one class for all architectures, which differ in what `encode` does."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.base import ALONE
from course_utils.sae.functions import batch_topk, decode, encode, encode_gated, jumprelu, topk

IN_UNITS_OF_X = ("b_enc", "b_dec", "b_gate", "b_mag", "threshold")  # what a change of scale divides


class SAEOutput(NamedTuple):
    x_hat: Float[Tensor, "... d_in"]
    """Reconstruction of the input."""

    latents: Float[Tensor, "... d_sae"]
    """Activations; most entries are exactly zero."""


class Architecture(NamedTuple):
    stored_as: str
    """What SAELens calls it on disk."""

    needs_k: bool = False


ARCHITECTURES = {
    "relu": Architecture("standard"),
    "topk": Architecture("topk", needs_k=True),
    "batchtopk": Architecture("jumprelu", needs_k=True),
    "jumprelu": Architecture("jumprelu"),
    "gated": Architecture("gated"),
}


class SAE(nn.Module):
    """A sparse autoencoder. It starts tied: ``W_enc`` is ``W_dec`` transposed, rows of ``W_dec`` have length 1.

    Where nothing limits the number of active latents (relu, jumprelu, gated), half of them are active at the start, and
    would answer with d_sae / (2 d_in) times the input: there ``W_enc`` starts that much shorter.

    Args:
        d_in: length of an activation.
        d_sae: number of latents.
        architecture: ``"relu"``, ``"topk"``, ``"batchtopk"``, ``"jumprelu"`` or ``"gated"``.
        k: latents that may be active at once, for ``"topk"``; on average over a batch, for ``"batchtopk"``, which
            keeps the largest of the batch while it trains (of the shares of all processes in ``team``) and afterwards
            what exceeds one common ``threshold``.
        bandwidth: how near its threshold a latent of ``"jumprelu"`` must come to move it, in units of activations
            scaled to mean norm sqrt(d_in).
        seed: of the random decoder directions.

    Raises:
        ValueError: if the architecture is unknown, or does not go with ``k``.
    """

    def __init__(
        self,
        d_in: int,
        d_sae: int,
        architecture: str = "relu",
        *,
        k: int | None = None,
        bandwidth: float = 0.1,
        seed: int = 0,
    ):
        super().__init__()
        if architecture not in ARCHITECTURES:
            raise ValueError(f"unknown architecture {architecture!r}: there are {', '.join(ARCHITECTURES)}")
        if ARCHITECTURES[architecture].needs_k and (k is None or not 1 <= k <= d_sae):
            raise ValueError(f"architecture {architecture!r} needs k between 1 and d_sae = {d_sae}, not {k}")
        if k is not None and not ARCHITECTURES[architecture].needs_k:
            raise ValueError(f"architecture {architecture!r} takes no k: only a loss makes it sparse")
        self.d_in, self.d_sae, self.architecture, self.k = d_in, d_sae, architecture, k
        self.bandwidth = bandwidth
        self.metadata: dict[str, Any] = {}
        self.team = ALONE

        directions = torch.randn(d_sae, d_in, generator=torch.Generator().manual_seed(seed))
        self.W_dec = nn.Parameter(directions / directions.norm(dim=1, keepdim=True))
        self.W_enc = nn.Parameter(self.W_dec.detach().T.clone(memory_format=torch.contiguous_format))
        if architecture in ("relu", "jumprelu", "gated") and d_sae > 2 * d_in:
            self.W_enc.data *= 2 * d_in / d_sae
        for name in ("b_gate", "b_mag", "r_mag") if architecture == "gated" else ("b_enc",):
            setattr(self, name, nn.Parameter(torch.zeros(d_sae)))
        self.b_dec = nn.Parameter(torch.zeros(d_in))
        if architecture == "jumprelu":
            self.threshold = nn.Parameter(torch.zeros(d_sae))
        elif architecture == "batchtopk":
            self.register_buffer("threshold", torch.zeros(()))

    @property
    def hook_name(self) -> str | None:
        """The hook point whose activations it reads, if it was said."""
        return self.metadata.get("hook_name")

    def act(self, pre_activations: Float[Tensor, "... d_sae"]) -> Float[Tensor, "... d_sae"]:
        """What makes the latents sparse; a gated autoencoder has no such function, only `encode`."""
        match self.architecture:
            case "relu":
                return pre_activations.relu()
            case "topk":
                return topk(pre_activations, self.k)
            case "batchtopk" if self.training:
                return batch_topk(pre_activations, self.k, self.team)
            case "batchtopk" | "jumprelu":
                return jumprelu(pre_activations, self.threshold.expand(self.d_sae), self.bandwidth)
        raise ValueError(f"a {self.architecture} SAE has two encoders and no single activation function")

    def encode(self, x: Float[Tensor, "... d_in"]) -> Float[Tensor, "... d_sae"]:
        """Latents of ``x``.

        Raises:
            ValueError: if the last axis of ``x`` is not ``d_in``.
        """
        if x.shape[-1] != self.d_in:
            raise ValueError(f"x has shape {tuple(x.shape)}, but this SAE reads activations of {self.d_in}")
        if self.architecture == "gated":
            return encode_gated(x, self.W_enc, self.b_gate, self.b_mag, self.r_mag, self.b_dec)
        return encode(x, self.W_enc, self.b_enc, self.b_dec, self.act)

    def decode(self, latents: Float[Tensor, "... d_sae"]) -> Float[Tensor, "... d_in"]:
        return decode(latents, self.W_dec, self.b_dec)

    def forward(self, x: Float[Tensor, "... d_in"]) -> SAEOutput:
        latents = self.encode(x)
        return SAEOutput(self.decode(latents), latents)

    def extra_repr(self) -> str:
        k = f", k={self.k}" if self.k else ""
        return f"d_in={self.d_in}, d_sae={self.d_sae}, architecture={self.architecture!r}{k}"

    @torch.no_grad()
    def unit_norm_decoder_(self) -> None:
        """Make every decoder direction as long as 1; otherwise shrinking latents while growing W_dec cheats L1."""
        self.W_dec /= self.W_dec.norm(dim=1, keepdim=True)

    @torch.no_grad()
    def fold_scale_(self, scale: float) -> None:
        """Turn a reader of ``scale * x`` into a reader of ``x``: latents and reconstruction come out ``scale`` smaller.

        Only biases and thresholds change, since every architecture turns a scaled input into equally scaled latents;
        the decoder directions keep length 1, so that a latent's activation is a length in the units of ``x``.
        """
        for name, tensor in self.state_dict(keep_vars=True).items():
            if name in IN_UNITS_OF_X:
                tensor /= scale

    @torch.no_grad()
    def follow_threshold_(self, latents: Float[Tensor, "batch d_sae"], share: float = 0.02) -> None:
        """Let the common threshold of ``"batchtopk"`` follow the smallest latent that a batch kept, averaged over batches."""
        kept = latents[latents > 0]
        smallest = min(self.team.gather(kept.min().item() if len(kept) else math.inf))
        if smallest < math.inf:
            weight = share if self.threshold > 0 else 1.0
            self.threshold.lerp_(torch.full_like(self.threshold, smallest), weight)


def neuron_basis(d_in: int, **metadata: Any) -> SAE:
    """The dictionary in which latent i is neuron i (where it is positive), to put neurons through the same tools."""
    sae = SAE(d_in, d_in)
    with torch.no_grad():
        sae.W_enc.copy_(torch.eye(d_in))
        sae.W_dec.copy_(torch.eye(d_in))
    sae.metadata = metadata
    return sae
