"""Transcoders: read what goes into an MLP as a few active latents, and write what comes out of it.

    latents = act(x @ W_enc + b_enc)
    y_hat   = latents @ W_dec + b_dec  (+ x @ W_skip.T)

An autoencoder says what an activation is made of, a transcoder what a part of the model does (Dunefsky et al. 2024). The
skip connection is a linear map beside the latents, for what is linear in the part (Paulo et al. 2025, arXiv 2501.18823).
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from course_utils.sae.functions import decode
from course_utils.sae.model import SAE

TRANSCODED = {"relu": "transcoder", "jumprelu": "jumprelu_transcoder", "batchtopk": "jumprelu_transcoder"}
"""The architectures that a transcoder may have, and what SAELens calls them on disk without a skip connection."""

STARTS_AT = 0.1
"""Length of an encoder direction at the start: what random latents write is wrong, so it begins small."""


class Transcoder(SAE):
    """An `SAE` that writes elsewhere than it reads: ``transcoder(x)`` returns ``(y_hat, latents)``.

    Nothing is taken away before it encodes. It starts with random directions, and with a skip connection of zeros.
    `fit_sae` trains it on rows with input and output side by side, as `iterate_side_by_side` gives them. The first part
    of what it returns also goes by the name ``x_hat``.

    Examples:
        >>> transcoder = Transcoder(8, 32, "batchtopk", d_out=6, k=4, skip=True)
        >>> y_hat, latents = transcoder(torch.randn(10, 8))
        >>> y_hat.shape, latents.shape
        (torch.Size([10, 6]), torch.Size([10, 32]))

    Args:
        d_in: length of what it reads.
        d_sae: number of latents.
        architecture: ``"relu"``, ``"jumprelu"`` or ``"batchtopk"``: those that SAELens has transcoders of.
        d_out: length of what it writes; None is ``d_in``.
        skip: whether a linear map goes past the latents.
        k, seed, options: as for `SAE`.

    Attributes:
        W_enc: (d_in, d_sae).
        W_dec: (d_sae, d_out).
        b_dec: (d_out,).
        W_skip: (d_out, d_in), or None.

    Raises:
        ValueError: if there are no transcoders of this architecture, or an option does not go with it.
    """

    W_skip: nn.Parameter | None

    def __init__(
        self,
        d_in: int,
        d_sae: int,
        architecture: str = "relu",
        *,
        d_out: int | None = None,
        skip: bool = False,
        k: int | None = None,
        seed: int = 0,
        **options: Any,
    ):
        if architecture not in TRANSCODED:
            raise ValueError(f"no transcoder is {architecture!r}: there are {', '.join(TRANSCODED)}")
        super().__init__(d_in, d_sae, architecture, k=k, seed=seed, **options)
        self.d_out = d_in if d_out is None else d_out
        generator = torch.Generator().manual_seed(seed)
        written = torch.randn(d_sae, self.d_out, generator=generator)
        read = torch.randn(d_sae, d_in, generator=generator)
        self.W_dec = nn.Parameter(written / written.norm(dim=1, keepdim=True))
        self.W_enc = nn.Parameter((STARTS_AT * read / read.norm(dim=1, keepdim=True)).T.contiguous())
        self.b_dec = nn.Parameter(torch.zeros(self.d_out))
        self.W_skip = nn.Parameter(torch.zeros(self.d_out, d_in)) if skip else None

    @property
    def hook_name_out(self) -> str | None:
        """The hook point that it writes to, if it was said; ``hook_name`` is where it reads."""
        return self.metadata.get("hook_name_out")

    @property
    def width(self) -> int:
        """Input and output side by side."""
        return self.d_in + self.d_out

    @property
    def centre(self) -> Float[Tensor, "d_in"]:
        """Nothing is taken away from the input."""
        return self.W_enc.new_zeros(self.d_in)

    def split(self, rows: Float[Tensor, "... width"]) -> tuple[Tensor, Tensor]:
        """What it reads (…, d_in) and what it has to write (…, d_out), of rows with both side by side."""
        return rows[..., : self.d_in], rows[..., self.d_in :]

    @torch.no_grad()
    def centre_on_(self, rows: Float[Tensor, "n width"]) -> None:
        """Start an untrained one where the mean output is written, and the mean input moves no latent."""
        x, y = self.split(rows)
        self.b_dec.copy_(y.mean(dim=0))
        self.b_enc.copy_(-x.mean(dim=0) @ self.W_enc)

    def decode(
        self, latents: Float[Tensor, "... d_sae"], x: Float[Tensor, "... d_in"] | None = None
    ) -> Float[Tensor, "... d_out"]:
        """What these latents write, ``b_dec``, and what goes past them.

        Args:
            x: what the latents were read from; needed where there is a skip connection.

        Raises:
            ValueError: if it has one and ``x`` is missing.
        """
        y_hat = decode(latents, self.W_dec, self.b_dec)
        if self.W_skip is None:
            return y_hat
        if x is None:
            raise ValueError("this transcoder has a skip connection: decode(latents, x), with the x it read")
        return y_hat + self.past(x)

    def past(self, x: Float[Tensor, "... d_in"]) -> Float[Tensor, "... d_out"]:
        """What goes past the latents: zeros where there is no skip connection."""
        if self.W_skip is None:
            return x.new_zeros(*x.shape[:-1], self.d_out)
        return linear(x.to(self.W_skip.dtype), self.W_skip)

    def extra_repr(self) -> str:
        """Sizes and architecture, for ``repr(transcoder)``."""
        skip = "" if self.W_skip is None else ", skip=True"
        return f"{super().extra_repr()}, d_out={self.d_out}{skip}"

    @torch.no_grad()
    def fold_dimensions_(self, std: Float[Tensor, "width"]) -> None:
        """Turn a map from ``x / std_x`` to ``y / std_y`` into one from ``x`` to ``y``: the same latents.

        Args:
            std: what each dimension of the input, and then of the output, was divided by; positive.

        Raises:
            ValueError: if it is not one positive number for each.
        """
        if std.shape != (self.width,) or not (std > 0).all():
            raise ValueError(f"std must be {self.width} positive numbers, not {tuple(std.shape)}: {std}")
        of_x, of_y = self.split(std)
        self.W_enc.div_(of_x[:, None])
        self.W_dec.mul_(of_y)
        self.b_dec.mul_(of_y)
        if self.W_skip is not None:
            self.W_skip.mul_(of_y[:, None]).div_(of_x)
