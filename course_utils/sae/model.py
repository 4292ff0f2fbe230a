"""The autoencoder with its weights: one class for all `architectures`."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.base import ALONE
from course_utils.sae.architectures import ARCHITECTURES, settle_options
from course_utils.sae.functions import decode
from course_utils.sae.normalisation import NORMALISATIONS, inner
from course_utils.sae.record import Architecture


class SAEOutput(NamedTuple):
    """What an autoencoder makes of some activations: ``x_hat, latents = sae(x)``."""

    x_hat: Float[Tensor, "... d_in"]
    """Reconstruction of the input."""

    latents: Float[Tensor, "... d_sae"]
    """Activations; most entries are exactly zero."""


class SAE(nn.Module):
    """Encode activations into sparse latents and decode them back: ``sae(x)`` returns ``SAEOutput(x_hat, latents)``.

    It starts tied: ``W_enc`` is ``W_dec`` transposed, rows of ``W_dec`` have length 1 and biases are 0. Where nothing
    limits the number of active latents (relu, jumprelu, gated), about half of them fire at the start, so a tied encoder
    would reconstruct d_sae / (2 d_in) times the input; there ``W_enc`` is scaled down by that factor if it is above 1.

    Examples:
        >>> x_hat, latents = SAE(256, 4096, "topk", k=32)(torch.randn(10, 256))
        >>> x_hat.shape, latents.shape
        (torch.Size([10, 256]), torch.Size([10, 4096]))
        >>> int((latents > 0).sum(dim=1).max())
        32

    Args:
        d_in: length of an activation.
        d_sae: number of latents.
        architecture: a key of `ARCHITECTURES`: ``"relu"``, ``"topk"``, ``"batchtopk"``, ``"jumprelu"``, ``"gated"``,
            ``"matryoshka"``.
        k: latents that may be active at once, for ``"topk"``; on average over a batch, for ``"batchtopk"`` and
            ``"matryoshka"``, which keep the largest of the batch while they train (of the shares of all processes in
            ``team``) and afterwards what exceeds one common ``threshold``.
        seed: of the random decoder directions.
        normalize_activations: ``"layer_norm"`` or ``"constant_norm_rescale"`` if it looks at each token on a scale of
            the token's own, as some public ones do (`normalisation`). They are read and used, not trained.
        options: what else belongs to the architecture. ``bandwidth`` (0.1 unless given): how near its threshold a
            latent of ``"jumprelu"`` must come to move it, in units of activations scaled to mean norm sqrt(d_in).
            ``prefixes`` (d_sae / 16, / 8, / 4, / 2 and d_sae): how many first latents of ``"matryoshka"`` have to
            reconstruct alone.

    Attributes:
        W_enc: (d_in, d_sae).
        W_dec: (d_sae, d_in); row i is the direction that latent i writes.
        b_dec: (d_in,); what is reconstructed when no latent is active.
        b_enc: (d_sae,); all but gated ones have it.
        b_gate, b_mag, r_mag: (d_sae,) each, of gated ones: when a latent is active, how much, and the logarithm of its
            encoder's gain.
        threshold: (d_sae,) and learned, or one number that follows the batches; an active latent exceeds it.
        options: the architecture's own, as they were settled: ``{"k": 32}``.
        metadata: kept with the files: ``hook_name``, ``model_name`` …

    Raises:
        TypeError: if no architecture has such an option.
        ValueError: if the architecture or the normalisation is unknown, or an option does not go with it.
    """

    W_enc: nn.Parameter
    W_dec: nn.Parameter
    b_dec: nn.Parameter
    b_enc: nn.Parameter
    b_gate: nn.Parameter
    b_mag: nn.Parameter
    r_mag: nn.Parameter
    threshold: Tensor
    options: dict[str, Any]
    metadata: dict[str, Any]

    def __init__(
        self,
        d_in: int,
        d_sae: int,
        architecture: str = "relu",
        *,
        k: int | None = None,
        seed: int = 0,
        normalize_activations: str = "none",
        **options: Any,
    ):
        super().__init__()
        if normalize_activations not in NORMALISATIONS:
            raise ValueError(
                f"normalize_activations is {normalize_activations!r}: there are {', '.join(NORMALISATIONS)}"
            )
        self.normalize_activations = normalize_activations
        self.options = settle_options(architecture, {"k": k, **options}, d_sae)
        self.d_in, self.d_sae, self.architecture = d_in, d_sae, architecture
        self.metadata = {}
        self.team = ALONE

        directions = torch.randn(d_sae, d_in, generator=torch.Generator().manual_seed(seed))
        self.W_dec = nn.Parameter(directions / directions.norm(dim=1, keepdim=True))
        self.W_enc = nn.Parameter(self.W_dec.detach().T.clone(memory_format=torch.contiguous_format))
        if self.spec.starts_shorter and d_sae > 2 * d_in:
            self.W_enc.data *= 2 * d_in / d_sae
        for name in (*self.spec.biases, *self.spec.gains):
            setattr(self, name, nn.Parameter(torch.zeros(d_sae)))
        self.b_dec = nn.Parameter(torch.zeros(d_in))
        if self.spec.threshold == "learned":
            self.threshold = nn.Parameter(torch.zeros(d_sae))
        elif self.spec.threshold == "followed":
            self.register_buffer("threshold", torch.zeros(()))

    @property
    def spec(self) -> Architecture:
        """The record of its architecture: what it minimises, which parts it has, how it is stored."""
        return ARCHITECTURES[self.architecture]

    @property
    def width(self) -> int:
        """Numbers in a row that it is trained on: an activation; of a `Transcoder`, two side by side."""
        return self.d_in

    @property
    def centre(self) -> Float[Tensor, "d_in"]:
        """What is taken away from an activation before it is encoded: ``b_dec``."""
        return self.b_dec

    def split(self, rows: Float[Tensor, "... width"]) -> tuple[Tensor, Tensor]:
        """What it reads of the rows that it is trained on, and what it has to give back: here both are all of them."""
        return rows, rows

    @torch.no_grad()
    def centre_on_(self, rows: Float[Tensor, "n width"]) -> None:
        """Start an untrained one at the mean of some rows."""
        self.b_dec.copy_(rows.mean(dim=0))

    @property
    def k(self) -> int | None:
        """Latents that may be active at once, if their number is limited."""
        return self.options.get("k")

    @property
    def hook_name(self) -> str | None:
        """The hook point whose activations it reads, if it was said."""
        return self.metadata.get("hook_name")

    def encode(self, x: Float[Tensor, "... d_in"]) -> Float[Tensor, "... d_sae"]:
        """Latents of ``x``, computed in the precision of the weights; at least 0, and most of them 0.

        Raises:
            ValueError: if the last axis of ``x`` is not ``d_in``.
        """
        x = torch.as_tensor(x).to(self.W_dec.dtype)
        if not x.ndim or x.shape[-1] != self.d_in:
            raise ValueError(f"x has shape {tuple(x.shape)}, but this SAE reads activations of {self.d_in}")
        if self.normalize_activations == "none":
            return self.spec.encode(self, x)
        seen = inner(x, self.normalize_activations)
        return self.spec.encode(self, seen.values) * seen.scale

    def decode(
        self, latents: Float[Tensor, "... d_sae"], x: Float[Tensor, "... d_in"] | None = None
    ) -> Float[Tensor, "... d_in"]:
        """The activations that these latents stand for: the sum of their decoder directions, and ``b_dec``.

        Args:
            x: the activations that the latents were read from; needed by one that normalises each token, to put the
                token's own mean and scale back.

        Raises:
            ValueError: if it normalises each token and ``x`` is missing.
        """
        if self.normalize_activations == "none":
            return decode(latents, self.W_dec, self.b_dec)
        if x is None:
            raise ValueError(
                "this SAE normalises each token: decode(latents, x), with the activations x it read"
            )
        seen = inner(x, self.normalize_activations)
        return latents @ self.W_dec + seen.scale * self.b_dec + seen.mean

    def forward(self, x: Float[Tensor, "... d_in"]) -> SAEOutput:
        """What calling the autoencoder does: encode and decode. Returns ``(x_hat, latents)``.

        Raises:
            ValueError: if the last axis of ``x`` is not ``d_in``.
        """
        latents = self.encode(x)
        return SAEOutput(self.decode(latents, x), latents)

    def extra_repr(self) -> str:
        """Sizes and architecture, for ``repr(sae)``."""
        k = f", k={self.k}" if self.k else ""
        own_scale = self.normalize_activations
        normalised = "" if own_scale == "none" else f", normalize_activations={own_scale!r}"
        return f"d_in={self.d_in}, d_sae={self.d_sae}, architecture={self.architecture!r}{k}{normalised}"

    @torch.no_grad()
    def unit_norm_decoder_(self) -> None:
        """Make every decoder direction as long as 1; otherwise shrinking latents while growing W_dec cheats L1."""
        self.W_dec.div_(self.W_dec.norm(dim=1, keepdim=True))

    @torch.no_grad()
    def absorb_decoder_norms_(self) -> None:
        """Make every decoder direction as long as 1 and its latent as much stronger: the reconstruction stays.

        Where latents compete (TopK), others may win afterwards. A direction of zeros stays, with a latent that is 0.
        """
        norm = self.W_dec.norm(dim=1)
        self.W_dec.div_(torch.where(norm > 0, norm, 1.0)[:, None])
        self.W_enc.mul_(norm)
        for name in (*self.spec.biases, *(["threshold"] if self.spec.threshold == "learned" else [])):
            getattr(self, name).mul_(norm)

    @torch.no_grad()
    def fold_scale_(self, scale: float) -> None:
        """Turn a reader of ``scale * x`` into a reader of ``x``: latents and reconstruction come out ``scale`` smaller.

        Only biases and thresholds change, since every architecture turns a scaled input into equally scaled latents;
        the decoder directions keep length 1, so that a latent's activation is a length in the units of ``x``. One that
        normalises each token reads any scale alike, so nothing changes.
        """
        if self.normalize_activations != "none":
            return
        for name, tensor in self.state_dict(keep_vars=True).items():
            if name in (*self.spec.biases, "b_dec", "threshold"):
                tensor /= scale

    @torch.no_grad()
    def fold_dimensions_(self, std: Float[Tensor, "d_in"]) -> None:
        """Turn a reader of ``x / std`` into a reader of ``x``: the same latents, the reconstruction in the units of ``x``.

        The latents, and so the choice among them, stay what they were; the decoder directions get the lengths that
        they have in ``x``.

        Args:
            std: what each dimension was divided by; positive.

        Raises:
            ValueError: if it is not one positive number a dimension, or this one normalises each token.
        """
        if self.normalize_activations != "none":
            raise ValueError("this SAE normalises each token, which a scale for each dimension changes")
        if std.shape != (self.d_in,) or not (std > 0).all():
            raise ValueError(f"std must be {self.d_in} positive numbers, not {tuple(std.shape)}: {std}")
        self.W_enc.div_(std[:, None])
        self.W_dec.mul_(std)
        self.b_dec.mul_(std)

    @torch.no_grad()
    def follow_threshold_(self, latents: Float[Tensor, "batch d_sae"], share: float = 0.02) -> None:
        """Let the common threshold follow the smallest latent that a batch kept, averaged over batches.

        Args:
            share: weight of this batch in the average; the first one counts whole.
        """
        kept = latents[latents > 0]
        smallest = min(self.team.gather(kept.min().item() if len(kept) else math.inf))
        if smallest < math.inf:
            weight = share if self.threshold > 0 else 1.0
            self.threshold.lerp_(torch.full_like(self.threshold, smallest), weight)
