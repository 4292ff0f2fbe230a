"""What can differ between architectures: the fields of their records, which `architectures` fills in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jaxtyping import Float
from torch import Tensor

if TYPE_CHECKING:
    from course_utils.sae.model import SAE, SAEOutput


def _absorb_in_b_enc(sae: SAE, shift: Float[Tensor, "d_sae"]) -> None:
    sae.b_enc.add_(shift)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One kind of autoencoder; `ARCHITECTURES` has them by name.

    Examples:
        >>> from course_utils.sae import ARCHITECTURES
        >>> [name for name, spec in ARCHITECTURES.items() if spec.coefficient == "l1_coefficient"]
        ['relu', 'gated']
    """

    encode: Callable[[SAE, Float[Tensor, "... d_in"]], Float[Tensor, "... d_sae"]]

    loss: Callable[[SAE, Float[Tensor, "batch d_in"], SAEOutput, float], Float[Tensor, ""]]
    """What training minimises, of rows as `SAE.split` takes them; the last argument is the coefficient, 0 where there
    is none."""

    coefficient: str | None = None
    """The argument of `fit_sae` that sets the price of being active, where only a price makes it sparse."""

    without_it: str = ""
    """What the coefficient does and nothing else would, for the error when it is missing."""

    options: Mapping[str, Callable[[Any, int], Any]] = field(default_factory=dict)
    """Arguments of `SAE` that belong to it. Each is settled by a function of what was given (or None) and d_sae."""

    biases: tuple[str, ...] = ("b_enc",)
    """Parameters of shape (d_sae,) that start at 0 and, like ``b_dec``, are in the units of the activations."""

    gains: tuple[str, ...] = ()
    """Parameters of shape (d_sae,) that start at 0 and have no unit."""

    threshold: Literal["learned", "followed"] | None = None
    """A parameter for each latent; or one number for all, which follows the smallest latent that a batch kept."""

    starts_shorter: bool = False
    """Nothing limits the number of active latents, so half of them are active at the start: see `SAE`."""

    each_alone: bool = False
    """Latents are the relu of their pre-activations, so that a few can be computed without the others."""

    revives_dead: bool = False
    """Whether dead latents are trained on what the live ones miss (`auxk_loss`)."""

    fast: bool = False
    """Whether `FastStep` has its gradients written out."""

    absorb: Callable[[SAE, Float[Tensor, "d_sae"]], None] = _absorb_in_b_enc
    """Add the same amount to every row of ``x @ W_enc``, by means of the biases."""

    stored_as: str
    """What SAELens calls it on disk. One whose threshold is followed comes back as this."""

    cfg: Callable[[SAE], dict[str, Any]] = lambda sae: {}
    """What SAELens wants to know beside the sizes."""

    metadata: Callable[[SAE], dict[str, Any]] = lambda sae: {}
    """What SAELens has no place for, to be kept with the file."""
