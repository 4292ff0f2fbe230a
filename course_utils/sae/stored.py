"""What a reader of a publisher's format hands over, and how that becomes an `SAE`.

An `SAE` reads raw activations and takes ``b_dec`` away before it encodes. Publishers differ in both, and each
difference below is folded into the weights, so that nothing about the autoencoder has to be remembered later:

    activations that were multiplied by ``scale``         W_enc * scale, W_dec / scale, b_dec / scale
    ``b_dec`` not taken away                              b_enc + b_dec @ W_enc
    latents that compete times their direction's length   W_enc * |W_dec|, b_enc * |W_dec|, W_dec / |W_dec|
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils.sae.architectures import ARCHITECTURES
from course_utils.sae.model import SAE


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An autoencoder as its file has it, under the names of `SAE`."""

    path: Path
    """Of the weights, for messages."""

    architecture: str
    """A key of `ARCHITECTURES`."""

    weights: dict[str, Tensor]
    """Everything `SAE` has under its own name and shape, of any precision; one threshold may stand for all latents."""

    sizes: tuple[int | None, int | None] = (None, None)
    """``d_in`` and ``d_sae`` as the configuration states them."""

    options: dict[str, Any] = field(default_factory=dict)
    """The architecture's own, as ``k``."""

    scale: float | None = 1.0
    """By which all activations were multiplied in training; None if they were, and the files do not say by how much."""

    takes_b_dec_away: bool = True
    """Before it encodes."""

    weighs_directions: bool = False
    """Whether pre-activations count times the length of their decoder direction."""

    normalize_activations: str = "none"
    """What `SAE` is given under this name."""

    metadata: dict[str, Any] = field(default_factory=dict)
    """What is known about it: hook_name, model_name …"""


@torch.no_grad()
def build(stored: Stored, scale: float | None = None) -> SAE:
    """The autoencoder, in float32.

    Args:
        scale: by which all activations were multiplied in training, where the files do not say.

    Raises:
        ValueError: if a tensor is missing, superfluous, of another shape or kind, or holds NaN or infinity, an option
            does not fit, or ``scale`` is missing or has nothing to do.
    """
    weights = _checked(stored)
    d_in, d_sae = weights["W_enc"].shape
    scale = _settled(stored, scale)
    try:
        sae = SAE(
            d_in,
            d_sae,
            stored.architecture,
            normalize_activations=stored.normalize_activations,
            **stored.options,
        )
    except ValueError as problem:
        raise ValueError(f"{stored.path}: {problem}") from problem
    sae.load_state_dict(weights)
    if scale != 1:
        sae.W_enc.mul_(scale)
        sae.W_dec.div_(scale)
        sae.b_dec.div_(scale)
    if not stored.takes_b_dec_away:
        sae.spec.absorb(sae, sae.b_dec @ sae.W_enc)
    if stored.weighs_directions:
        sae.absorb_decoder_norms_()
        if "threshold" in weights:  # it was in these units before
            sae.threshold.copy_(weights["threshold"])
    sae.metadata = {key: value for key, value in stored.metadata.items() if value is not None}
    return sae.eval()


def _settled(stored: Stored, scale: float | None) -> float:
    if stored.scale is None and scale is None:
        raise ValueError(
            f"{stored.path}: all activations were multiplied by one number in training, to a mean length of sqrt(d_in), "
            "and the files do not say by which. Pass load_sae(…, scale=sqrt(d_in) / mean length), with the mean length "
            "of the activations at its hook point"
        )
    if stored.scale is not None and scale is not None:
        raise ValueError(
            f"{stored.path} says itself how activations were scaled in training: leave scale out"
        )
    settled = stored.scale if scale is None else scale
    if not isinstance(settled, int | float) or not 0 < settled < float("inf"):
        raise ValueError(f"{stored.path}: scale is {settled!r}, not a number above 0")
    return float(settled)


def _checked(stored: Stored) -> dict[str, Tensor]:
    """The weights, once their names, shapes, kinds and numbers are right."""
    spec, found, path = ARCHITECTURES[stored.architecture], stored.weights, stored.path
    per_latent = [*spec.biases, *spec.gains, *(["threshold"] if spec.threshold else [])]
    needed = ["W_enc", "W_dec", "b_dec", *per_latent]
    if missing := [name for name in needed if name not in found]:
        raise ValueError(f"{path} has no {', '.join(missing)}, which a {stored.architecture!r} SAE needs")
    if more := [name for name in found if name not in needed]:
        raise ValueError(
            f"{path} has {', '.join(more)}, which a {stored.architecture!r} SAE has no use for: it is not what it "
            "is taken for, so it is not read"
        )
    for name in needed:
        if not isinstance(found[name], Tensor):
            raise ValueError(f"{path}: {name} is of type {type(found[name]).__name__}, not a tensor")
    if found["W_enc"].ndim != 2 or not found["W_enc"].numel():
        raise ValueError(f"{path}: W_enc has shape {tuple(found['W_enc'].shape)}, not (d_in, d_sae)")
    d_in, d_sae = found["W_enc"].shape
    if "threshold" in found and found["threshold"].ndim == 0:
        found = {**found, "threshold": found["threshold"].expand(d_sae)}
    for name, stated, real in zip(("d_in", "d_sae"), stored.sizes, (d_in, d_sae), strict=True):
        if stated not in (None, real):
            raise ValueError(f"{path}: W_enc has {name} {real}, but its configuration says {stated}")
    shapes = {"W_enc": (d_in, d_sae), "W_dec": (d_sae, d_in), "b_dec": (d_in,)}
    for name in needed:
        tensor, shape = found[name], shapes.get(name, (d_sae,))
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{path}: {name} has shape {tuple(tensor.shape)}, but W_enc asks for {shape}")
        if not tensor.is_floating_point():
            raise ValueError(f"{path}: {name} holds {str(tensor.dtype).removeprefix('torch.')}, not weights")
        if not tensor.float().sum().isfinite() and (n := int((~tensor.isfinite()).sum())):  # the sum is quick
            raise ValueError(
                f"{path}: {name} has NaN or infinity in {n:,} of {tensor.numel():,} numbers, so the file is damaged"
            )
    return {name: found[name] for name in needed}
