"""What a training run leaves behind: one measurement a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Measurement(NamedTuple):
    """One step, measured before its update, on its own batch."""

    step: int
    loss: float
    """What is minimised, without the auxiliary term for dead latents; activations scaled to mean norm sqrt(d_in)."""

    mse: float
    """Squared error, summed over d_in, mean over the batch; of the scaled activations too."""

    fvu: float
    """Fraction of variance unexplained."""

    l0: float
    """Mean number of active latents a row."""

    dead_share: float
    """Share of the latents silent for at least ``dead_after`` tokens."""


@dataclass
class History:
    """A training run, one entry a step.

    Examples:
        >>> history = History()
        >>> history.append(Measurement(step=0, loss=9.0, mse=8.0, fvu=0.75, l0=12.0, dead_share=0.0))
        >>> history.fvu, history.last.l0
        ([0.75], 12.0)
    """

    step: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    mse: list[float] = field(default_factory=list)
    fvu: list[float] = field(default_factory=list)
    l0: list[float] = field(default_factory=list)
    dead_share: list[float] = field(default_factory=list)
    interrupted: bool = False
    """Stopped by hand; the autoencoder then holds its best weights, not its last."""

    def append(self, measurement: Measurement) -> None:
        """Add the next step's."""
        for name, value in measurement._asdict().items():
            getattr(self, name).append(value)

    @property
    def last(self) -> Measurement:
        """The last step's measurement: ``history.last.fvu``.

        Raises:
            ValueError: if there is no step.
        """
        if not self.step:
            raise ValueError("this run was stopped before its first step")
        return Measurement(*(getattr(self, name)[-1] for name in Measurement._fields))
