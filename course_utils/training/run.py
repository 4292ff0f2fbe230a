"""A training run between two steps: all that changes while it lasts, so that it can be stopped and go on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.base import check_writable, make_folder
from course_utils.lm import without_first
from course_utils.sae import SAE
from course_utils.training.checkpoints import describe_batch, load_checkpoint, refuse_other, save_checkpoint
from course_utils.training.history import History, Measurement
from course_utils.training.incoming import as_table
from course_utils.training.options import Checkpoint
from course_utils.training.steps import Step


@dataclass
class Run:
    """What is known after the steps that are done."""

    sae: SAE
    step: Step
    optimiser: torch.optim.Optimizer
    steps: int | None
    checkpoint: Checkpoint | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    """What has to be the same to go on from the checkpoint (`checkpoints`)."""

    done: int = 0
    """Steps."""

    saved: int = 0
    """Steps that the checkpoint knows of."""

    scale: float | Float[Tensor, "width"] = 1.0
    """What raw activations are multiplied with; a number for each dimension, if each got its own."""

    smoothed: float = math.nan
    """Loss, averaged over about ten steps."""

    least: float = math.inf
    best: dict[str, Tensor] = field(init=False)
    """The weights with which the smoothed loss was least."""

    silent_tokens: Int[Tensor, "d_sae"] = field(init=False)
    """Tokens since each latent was last active."""

    history: History = field(default_factory=History)
    first_batch: dict[str, Any] = field(default_factory=dict)
    """What `describe_batch` says of it: by it and the last one a checkpoint knows its batches again."""

    last_batch: Tensor | None = None

    def __post_init__(self) -> None:
        self.best = {name: value.clone() for name, value in self.sae.state_dict().items()}
        self.silent_tokens = torch.zeros(self.sae.d_sae, dtype=torch.long, device=self.sae.W_dec.device)

    def resume(self, batches: Iterable[Tensor]) -> Iterator[Tensor]:
        """Go on from the checkpoint, if there is one. Returns the batches that are still to come.

        Raises:
            ValueError: if the checkpoint is of another run; nothing has changed then.
        """
        path = Path(self.checkpoint.path) if self.checkpoint else None
        if path is not None and self.sae.team.is_first:
            make_folder(path.parent)
            check_writable(path)  # now, and not after hours
        saved = load_checkpoint(path, self.settings) if path else None
        if path is None or saved is None:
            return iter(batches)
        finished = (
            saved["done"] == self.steps
        )  # then a look at the first batch does, and none has to be passed over
        ahead = iter(batches) if finished else without_first(batches, saved["done"] - 1)
        known = next(ahead, None)
        if known is not None:
            seen = describe_batch(as_table(known, self.sae))
            refuse_other(path, saved["first_batch" if finished else "last_batch"], seen)
        for name in ("done", "scale", "smoothed", "least", "best", "first_batch"):
            setattr(self, name, saved[name])
        if isinstance(self.scale, Tensor):
            self.scale = self.scale.to(self.sae.W_dec.device)
        self.saved = self.done
        self.history = History(**saved["history"])
        self.silent_tokens.copy_(saved["silent_tokens"])
        for name, part in self._parts.items():
            part.load_state_dict(saved[name])
        return ahead

    def save(self, *, at_end: bool = False) -> None:
        """Write the checkpoint, if there is one and its time has come."""
        if self.checkpoint is None or not self.sae.team.is_first:
            return
        if self.done > self.saved and (at_end or self.done % self.checkpoint.every == 0):
            assert self.last_batch is not None
            save_checkpoint(
                Path(self.checkpoint.path), self.settings,
                done=self.done, scale=self.scale, smoothed=self.smoothed, least=self.least, best=self.best,
                silent_tokens=self.silent_tokens, history=asdict(self.history),
                first_batch=self.first_batch, last_batch=describe_batch(self.last_batch),
                **{name: part.state_dict() for name, part in self._parts.items()},
            )  # fmt: skip
            self.saved = self.done

    @property
    def _parts(self) -> dict[str, Any]:
        return {"sae": self.sae, "optimiser": self.optimiser, "step": self.step}

    def each(self, batches: Iterable[Tensor]) -> Iterator[tuple[int, Float[Tensor, "batch d_in"]]]:
        """The number of each step that is left, and its batch, on the autoencoder's device.

        Raises:
            ValueError: as `as_table`, or if the processes were given others.
        """
        first = self.done
        numbers = count(first) if self.steps is None else range(first, self.steps)
        for number, x in zip(numbers, batches, strict=False):
            given = as_table(x, self.sae)
            if self.checkpoint is not None:  # as it was given: another precision is another run
                self.last_batch = given
                self.first_batch = self.first_batch or describe_batch(given)
            x = given.to(self.sae.W_dec.device, self.sae.W_dec.dtype)
            if number == first:
                self.sae.team.check_same(x)
            yield number, x

    @torch.no_grad()
    def prepare(self, x: Float[Tensor, "batch d_in"], normalise: bool | Literal["dimension"]) -> None:
        """Let the autoencoder read scaled activations; if it is new, centre it on the first batch.

        Raises:
            ValueError: if the batch has no length, or does not vary where each dimension is scaled by itself.
        """
        sae, is_new = self.sae, not self.sae.b_dec.any()
        self.scale = scale_of_rows(sae, x, normalise)
        if not isinstance(self.scale, Tensor):
            if is_new:
                sae.centre_on_(x)
            sae.fold_scale_(1 / self.scale)
        elif is_new:  # its directions are as good in any units
            sae.centre_on_(x * self.scale)
        else:
            sae.fold_dimensions_(self.scale)
            sae.absorb_decoder_norms_()
        if sae.spec.threshold == "learned" and not sae.threshold.any():
            sae.threshold.fill_(sae.options["bandwidth"])  # near enough to 0 to be moved from both sides
        sae.unit_norm_decoder_()
        self._keep_best()

    def restore_units(self) -> None:
        """Let the autoencoder read raw activations again."""
        if isinstance(self.scale, Tensor):
            self.sae.fold_dimensions_(self.scale.reciprocal())
        else:
            self.sae.fold_scale_(self.scale)

    def dead(self, active: Bool[Tensor, "d_sae"], n_rows: int, dead_after: int) -> Bool[Tensor, "d_sae"]:
        """Count the silence after a batch of ``n_rows``. Returns which latents have been silent for too long."""
        self.silent_tokens = torch.where(active, 0, self.silent_tokens + n_rows)
        return self.silent_tokens >= dead_after

    def record(self, measurement: Measurement) -> None:
        """Add a step to the history, and keep the weights if they are the best so far."""
        self.history.append(measurement)
        loss = measurement.loss
        self.smoothed = loss if measurement.step == 0 else 0.9 * self.smoothed + 0.1 * loss
        if self.smoothed < self.least:
            self.least = self.smoothed
            self._keep_best()

    def _keep_best(self) -> None:
        for name, value in self.sae.state_dict().items():
            self.best[name].copy_(value)


def scale_of_rows(
    sae: SAE, rows: Float[Tensor, "batch width"], normalise: bool | Literal["dimension"]
) -> float | Float[Tensor, "width"]:
    """What to multiply rows with: where two activations lie side by side, each by its own scale.

    Raises:
        ValueError: as `scale_of`.
    """
    x, wanted = sae.split(rows)
    if x is wanted:
        return scale_of(x, normalise)
    scales = (torch.as_tensor(scale_of(part, normalise)).to(part) for part in (x, wanted))
    return torch.cat([s.expand(part.shape[1]) for s, part in zip(scales, (x, wanted), strict=True)])


def scale_of(
    x: Float[Tensor, "batch d_in"], normalise: bool | Literal["dimension"]
) -> float | Float[Tensor, "d_in"]:
    """What to multiply activations with, by their first batch: see `Schedule`.

    Raises:
        ValueError: if the batch has no length, or does not vary where each dimension is scaled by itself.
    """
    norm = x.norm(dim=1).mean().item()
    if not 0 < norm < math.inf:
        raise ValueError(f"the activations of the first batch have a mean norm of {norm}")
    if normalise != "dimension":
        return math.sqrt(x.shape[1]) / norm if normalise else 1.0
    std = x.std(dim=0, correction=0)
    varies = std > 1e-6 * std.max()
    if not varies.any():
        raise ValueError("the activations of the first batch are all the same: no dimension has a scale")
    return 1 / torch.where(varies, std, std[varies].median())  # one that stands still here may vary later
