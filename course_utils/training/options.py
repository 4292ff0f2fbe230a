"""The groups of options of `fit_sae`: each a small frozen record, so that a call names only what it changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.sae import SAE, auxk_loss


@dataclass(frozen=True)
class Schedule:
    """How large a step is, and in which units: in place of a plain learning rate.

    Examples:
        >>> Schedule(1e-2, warmup_steps=0, decay_share=0.5).rate(step=9, steps=10)
        0.002
    """

    lr: float = 1e-3
    """Highest learning rate of Adam."""

    warmup_steps: int = 50
    """Over which the learning rate rises to ``lr``."""

    decay_share: float = 0.2
    """Of the steps, the last ones, over which the learning rate falls to 0."""

    normalise: bool | Literal["dimension"] = True
    """Scale activations to mean norm sqrt(d_in) while training, so that one rate serves any model and layer.
    ``"dimension"`` divides each dimension by its own standard deviation in the first batch instead: where a few are
    massive (`outlier_dimensions`), the error would else be about them alone. Folded into the weights afterwards."""

    def __post_init__(self) -> None:
        if self.normalise not in (True, False, "dimension"):
            raise ValueError(f"normalise is {self.normalise!r}, not True, False or 'dimension'")

    def rate(self, step: int, steps: int | None) -> float:
        """Learning rate of one step, counted from 0, of ``steps`` (None: it never decays)."""
        return learning_rate(step, steps, self.lr, self.warmup_steps, self.decay_share)


@dataclass(frozen=True)
class Revival:
    """When a latent counts as dead, and how hard `auxk_loss` pulls it back.

    Examples:
        >>> Revival(dead_after=5000).of(SAE(8, 32, "topk", k=4))  # what is left open is settled by the autoencoder
        Revival(dead_after=5000, coefficient=0.03125, k_aux=4)
    """

    dead_after: int = 100_000
    """Tokens of silence."""

    coefficient: float | None = None
    """Weight of `auxk_loss`. None is 1/32 where the architecture revives ("topk", "batchtopk" …), else 0; 0 turns
    the auxiliary loss off."""

    k_aux: int | None = None
    """Dead latents that try at once; None is half of d_in."""

    def of(self, sae: SAE) -> Revival:
        """The same with nothing left open.

        Raises:
            ValueError: if the architecture does not revive, but a coefficient or ``k_aux`` is given.
        """
        revives = sae.spec.revives_dead
        for name in ("coefficient", "k_aux"):
            if getattr(self, name) and not revives:
                raise ValueError(
                    f"Revival's {name} does not belong to a {sae.architecture} SAE: see resampler"
                )
        coefficient = (1 / 32 if revives else 0.0) if self.coefficient is None else self.coefficient
        return Revival(self.dead_after, coefficient, self.k_aux or sae.d_in // 2)

    def loss(
        self, sae: SAE, x: Float[Tensor, "batch d_in"], x_hat: Tensor, dead: Bool[Tensor, "d_sae"]
    ) -> Float[Tensor, ""] | None:
        """What the dead latents add to the loss, or None if there is nothing to add."""
        if not self.coefficient or not dead.any():
            return None
        return self.coefficient * auxk_loss(sae, x, x_hat, dead, self.k_aux or sae.d_in // 2)


@dataclass(frozen=True)
class Checkpoint:
    """A file to go on from, written every so many steps and at the end: in place of a plain path.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from course_utils.training import fit_sae
        >>> batches = [Tensor([[1.0, 2.0], [3.0, 1.0]])] * 3
        >>> with TemporaryDirectory() as folder:
        ...     for _ in range(2):  # the second call finds all three steps done
        ...         sae = SAE(2, 4, "topk", k=1)
        ...         history = fit_sae(sae, batches, checkpoint=Checkpoint(f"{folder}/run.pt", every=2), progress=False)
        >>> history.step
        [0, 1, 2]
    """

    path: str | Path
    every: int = 1000
    """Steps."""


def learning_rate(step: int, steps: int | None, peak: float, warmup_steps: int, decay_share: float) -> float:
    """Linear warm-up over the first steps, ``peak``, then linear decay to 0 over the last ``decay_share`` of them.

    Examples:
        >>> [round(learning_rate(step, 10, peak=1.0, warmup_steps=2, decay_share=0.4), 2) for step in range(10)]
        [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]

    Args:
        step: counted from 0.
        steps: in all; None never decays.
        peak: the highest rate, held between warm-up and decay.
        warmup_steps: over which the rate rises; 0 starts at ``peak``.
        decay_share: of all steps, from 0 to 1.
    """
    warmup = min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
    if steps is None or not decay_share:
        return peak * warmup
    return peak * min(warmup, (steps - step) / (decay_share * steps), 1.0)
