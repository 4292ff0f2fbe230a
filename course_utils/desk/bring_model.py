"""What `course bring` finds out about a model before it starts: whether it can be read, where, and what that takes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from course_utils.base import memory_bytes
from course_utils.lm import collect_activations, describe_model

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

BASE_BYTES = 0.7e9  # Python, torch, transformers
COPIES = (
    9  # of the dictionary: weights, gradient, Adam's two averages, the best so far, a checkpoint on its way …
)
BUFFER_ROWS = 100_000  # that training mixes
TEXTS_POOLED = 5000


@dataclass(frozen=True)
class Place:
    """A hook point, and how wide it is."""

    hook_name: str
    width: int
    why: str

    @property
    def layer(self) -> int | None:
        found = re.match(r"blocks\.(\d+)\.", self.hook_name)
        return int(found[1]) if found else None


def choose_place(model: TransformerBridge, hook_name: str | None = None) -> Place:
    """The hook point that was asked for, or the residual stream after the middle layer.

    Examples:
        >>> from course_utils.lm import load_model
        >>> place = choose_place(load_model("pocket"))
        >>> place.hook_name, place.width
        ('blocks.2.hook_resid_post', 256)

    Raises:
        ValueError: if the model has no such hook point, or it does not hold one row a token.
    """
    n = model.cfg.n_layers
    why = "as asked for with --hook"
    if hook_name is None:
        hook_name = f"blocks.{(n - 1) // 2}.hook_resid_post"
        why = (
            f"the residual stream after layer {(n - 1) // 2 + 1} of {n}: half of the layers have written to it, half "
            "have still to read it; --hook takes another"
        )
    width = collect_activations(model, ["The ship sails."], hook_name).values.shape[1]
    return Place(hook_name, width, why)


def weights_fingerprint(model: TransformerBridge) -> str:
    """A few letters that are others for other weights; of each tensor about a thousand numbers are looked at."""
    found = hashlib.sha256()
    for name, weight in model.original_model.state_dict().items():
        flat = weight.detach().flatten()
        some = flat[:: max(1, len(flat) // 1000)].float().cpu().contiguous()
        found.update(f"{name} {tuple(weight.shape)}".encode() + some.numpy().tobytes())
    return found.hexdigest()[:12]


def bytes_needed(model: TransformerBridge, width: int, latents: int) -> float:
    """About how much memory a run takes at its height."""
    weights = sum(w.numel() * w.element_size() for w in model.original_model.parameters())
    dictionary = 4 * 2 * width * latents
    return (
        BASE_BYTES
        + weights
        + COPIES * dictionary
        + 2 * 4 * BUFFER_ROWS * width
        + 4 * (4096 + TEXTS_POOLED) * latents
    )


def describe_needs(model: TransformerBridge, width: int, latents: int) -> str:
    """Model and memory in one line.

    Raises:
        ValueError: if the machine has less memory in all than the run takes.
    """
    need, (total, free) = bytes_needed(model, width, latents), memory_bytes()
    said = f"{describe_model(model)}; about {need / 1e9:.1f} GB of memory are needed"
    if not total:
        return said
    if need > total:
        raise ValueError(
            f"{said}, this machine has {total / 1e9:.1f}: take fewer latents (--latents {latents // 2}), or a smaller model"
        )
    return f"{said}, {free / 1e9:.1f} GB are free"


def device_here(alone: bool, shared: torch.device) -> torch.device:
    """A GPU if there is one; of several processes each has its own."""
    if not alone:
        return shared
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
