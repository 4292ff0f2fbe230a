"""The training loop.

    loss = mean over the batch of  ||x - x_hat||^2 + what makes the latents sparse (`losses`)

Activations are scaled so that their mean norm is sqrt(d_in), and the scale is folded into the weights afterwards: one
learning rate and one l1_coefficient then serve any model and layer. The decoder directions keep length 1 (Bricken et
al. 2023), or the penalty could be dodged by small latents and long directions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.memory import hands_memory_back
from course_utils.progress_bar import progress_bar
from course_utils.sae import SAE, SAEOutput
from course_utils.scores import fvu, l0
from course_utils.training.losses import auxk_loss, gated_loss, jumprelu_loss, sae_loss

LossFn = Callable[[Float[Tensor, "batch d_in"], SAEOutput], Float[Tensor, ""]]


class Measurement(NamedTuple):
    """One step, measured before its update, on its own batch."""

    step: int
    loss: float
    """What is minimised, without the auxiliary term for dead latents; activations scaled to mean norm sqrt(d_in)."""

    mse: float
    """Squared error, summed over d_in, mean over the batch; of the scaled activations too."""

    fvu: float
    l0: float
    dead_share: float
    """Share of the latents silent for at least ``dead_after`` tokens."""


@dataclass
class History:
    """A training run, one entry a step."""

    step: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    mse: list[float] = field(default_factory=list)
    fvu: list[float] = field(default_factory=list)
    l0: list[float] = field(default_factory=list)
    dead_share: list[float] = field(default_factory=list)
    interrupted: bool = False
    """Stopped by hand; the autoencoder then holds its best weights, not its last."""

    def append(self, measurement: Measurement) -> None:
        for name, value in measurement._asdict().items():
            getattr(self, name).append(value)

    @property
    def last(self) -> Measurement:
        """The last step's measurement: ``history.last.fvu``."""
        if not self.step:
            raise ValueError("this run was stopped before its first step")
        return Measurement(*(getattr(self, name)[-1] for name in Measurement._fields))


@dataclass
class TrainingState:
    """What a callback sees, and may change, after each step: enough to revive dead latents, say."""

    sae: SAE
    optimiser: torch.optim.Optimizer
    silent_tokens: Int[Tensor, "d_sae"]
    """Tokens since each latent was last active."""

    x: Float[Tensor, "batch d_in"]
    """The step's batch, scaled."""

    output: SAEOutput
    measurement: Measurement
    scale: float = 1.0
    """What raw activations were multiplied with."""


@torch.no_grad()
def remove_parallel_gradient_(W_dec: Float[Tensor, "d_sae d_in"]) -> None:
    """Take from ``W_dec.grad`` what points along each row: the norm is reset anyway, and Adam should not save it up."""
    unit = W_dec / W_dec.norm(dim=1, keepdim=True)
    W_dec.grad -= (W_dec.grad * unit).sum(dim=1, keepdim=True) * unit


def learning_rate(step: int, steps: int | None, peak: float, warmup_steps: int, decay_share: float) -> float:
    """Linear warm-up over the first steps, ``peak``, then linear decay to 0 over the last ``decay_share`` of them."""
    warmup = min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
    if steps is None or not decay_share:
        return peak * warmup
    return peak * min(warmup, (steps - step) / (decay_share * steps), 1.0)


@hands_memory_back
def fit_sae(
    sae: SAE,
    batches: Iterable[Float[Tensor, "batch d_in"]],
    *,
    steps: int | None = None,
    lr: float = 1e-3,
    l1_coefficient: float | None = None,
    l0_coefficient: float | None = None,
    warmup_steps: int = 50,
    decay_share: float = 0.2,
    normalise: bool = True,
    auxk_coefficient: float = 1 / 32,
    k_aux: int | None = None,
    dead_after: int = 100_000,
    loss_fn: LossFn | None = None,
    callbacks: Sequence[Callable[[TrainingState], None]] = (),
    progress: bool = True,
) -> History:
    """Train ``sae`` in place on batches of activations until ``steps`` are done or the batches end.

    An untrained autoencoder starts with ``b_dec`` at the mean of the first batch; a trained one goes on from where it
    is. Afterwards it is in evaluation mode, which matters for "batchtopk" only. Ctrl-C ends the training early and keeps the best weights so far, by loss smoothed over about ten steps. An
    error keeps them too, and is raised.

    Args:
        batches: from `activation_batches`, raw.
        steps: None takes ``len(batches)`` if there is one; else the learning rate does not decay.
        lr: highest learning rate of Adam; warm-up and decay as in `learning_rate`.
        l1_coefficient: penalty on the sum of the latents; "relu" and "gated" need one. The unit is set by the scaled
            activations.
        l0_coefficient: price of an active latent; "jumprelu" needs one.
        normalise: scale activations to mean norm sqrt(d_in) while training.
        auxk_coefficient: weight of `auxk_loss`, for "topk" and "batchtopk"; 0 leaves dead latents to their fate.
        k_aux: dead latents that try at once; None is half of d_in.
        dead_after: tokens of silence after which a latent counts as dead.
        loss_fn: ``(x, SAEOutput) -> loss`` in place of the architecture's own.
        callbacks: called with the `TrainingState` after each step.
        progress: show a progress bar (a widget in notebooks, a line on stderr elsewhere).

    Raises:
        ValueError: if an argument or a batch does not fit.
        FloatingPointError: if the loss stops being finite.
    """
    if steps is None and hasattr(batches, "__len__"):
        steps = len(batches)
    if steps is not None and steps < 1:
        raise ValueError(f"steps is {steps}: there is nothing to do")
    loss_fn = loss_fn or _loss_fn(sae, l1_coefficient, l0_coefficient)
    auxk = auxk_coefficient if sae.architecture in ("topk", "batchtopk") else 0.0

    history = History()
    optimiser = torch.optim.Adam(sae.parameters(), lr=lr)
    silent_tokens = torch.zeros(sae.d_sae, dtype=torch.long, device=sae.W_dec.device)
    scale, smoothed, least = 1.0, math.nan, math.inf
    best = _copy(sae)
    sae.train()
    bar = progress_bar(total=steps, shown=progress)
    try:
        for step, x in zip(count() if steps is None else range(steps), batches, strict=False):
            if x.ndim != 2 or x.shape[1] != sae.d_in:
                raise ValueError(
                    f"a batch must be (batch, {sae.d_in}), not {tuple(x.shape)}: see activation_batches"
                )
            if step == 0:
                scale, best = _prepare(sae, x, normalise)
            x = x * scale
            output = sae(x)
            loss = loss_fn(x, output)
            if not loss.isfinite():
                raise FloatingPointError(
                    f"the loss is {loss.item()} at step {step}: lower lr (it is {lr:g}), "
                    "or look for activations that are not finite"
                )
            silent_tokens = torch.where((output.latents > 0).any(dim=0), 0, silent_tokens + len(x))
            dead = silent_tokens >= dead_after
            measurement = _measure(step, loss, x, output, dead)
            history.append(measurement)
            smoothed = measurement.loss if step == 0 else 0.9 * smoothed + 0.1 * measurement.loss
            if smoothed < least:
                least, best = smoothed, _copy(sae)

            if auxk and dead.any():
                loss = loss + auxk * auxk_loss(sae, x, output.x_hat, dead, k_aux or sae.d_in // 2)
            optimiser.zero_grad()
            loss.backward()
            remove_parallel_gradient_(sae.W_dec)
            optimiser.param_groups[0]["lr"] = learning_rate(step, steps, lr, warmup_steps, decay_share)
            optimiser.step()
            sae.unit_norm_decoder_()
            if sae.architecture == "batchtopk":
                sae.follow_threshold_(output.latents)

            for callback in callbacks:
                callback(TrainingState(sae, optimiser, silent_tokens, x, output, measurement, scale))
            bar.set_postfix_str(f"fvu {measurement.fvu:.3f}, l0 {measurement.l0:.0f}", refresh=False)
            bar.update()
    except BaseException as stop:
        sae.load_state_dict(best)
        if not isinstance(stop, KeyboardInterrupt):
            raise
        history.interrupted = True
    finally:
        sae.fold_scale_(scale)
        sae.eval()
        bar.close()
    return history


def _loss_fn(sae: SAE, l1_coefficient: float | None, l0_coefficient: float | None) -> LossFn:
    """What this architecture minimises, or a ``ValueError`` if its coefficient is missing."""
    if sae.architecture == "relu" and l1_coefficient is None:
        raise ValueError("a relu SAE needs an l1_coefficient (try 1): nothing else makes it sparse")
    if sae.architecture == "gated":
        if l1_coefficient is None:
            raise ValueError("a gated SAE needs an l1_coefficient (try 1): nothing else shuts its gates")
        return lambda x, output: gated_loss(sae, x, output, l1_coefficient)
    if sae.architecture == "jumprelu":
        if l0_coefficient is None:
            raise ValueError(
                "a jumprelu SAE needs an l0_coefficient (try 1): nothing else raises its thresholds"
            )
        return lambda x, output: jumprelu_loss(sae, x, output, l0_coefficient)
    return lambda x, output: sae_loss(x, output, l1_coefficient or 0.0)


@torch.no_grad()
def _prepare(sae: SAE, x: Float[Tensor, "batch d_in"], normalise: bool) -> tuple[float, dict[str, Tensor]]:
    """Let ``sae`` read scaled activations; if it is new, centre it on the first batch."""
    norm = x.norm(dim=1).mean().item()
    if not 0 < norm < math.inf:
        raise ValueError(f"the activations of the first batch have a mean norm of {norm}")
    scale = math.sqrt(sae.d_in) / norm if normalise else 1.0
    if not sae.b_dec.any():
        sae.b_dec.copy_(x.mean(dim=0))
    sae.fold_scale_(1 / scale)
    if sae.architecture == "jumprelu" and not sae.threshold.any():
        sae.threshold.fill_(sae.bandwidth)  # near enough to 0 to be moved from both sides
    sae.unit_norm_decoder_()
    return scale, _copy(sae)


def _copy(sae: SAE) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in sae.state_dict().items()}


@torch.no_grad()
def _measure(step: int, loss: Tensor, x: Tensor, output: SAEOutput, dead: Tensor) -> Measurement:
    mse = (x - output.x_hat).pow(2).sum(dim=1).mean().item()
    return Measurement(
        step, loss.item(), mse, fvu(x, output.x_hat), l0(output.latents), dead.float().mean().item()
    )
