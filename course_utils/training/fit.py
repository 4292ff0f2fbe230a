"""The training loop.

    loss = mean over the batch of  ||x - x_hat||^2 + what makes the latents sparse (`losses`)

Activations are scaled so that their mean norm is sqrt(d_in), and the scale is folded into the weights afterwards: one
learning rate and one l1_coefficient then serve any model and layer. The decoder directions keep length 1 (Bricken et
al. 2023), or the penalty could be dodged by small latents and long directions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.base import ALONE, frees_memory, processes, progress_bar
from course_utils.lm import without_first
from course_utils.reading import fvu, l0
from course_utils.sae import SAE, SAEOutput
from course_utils.training.checkpoints import load_checkpoint, save_checkpoint, settings_of
from course_utils.training.distributed import average_gradients_, of_all
from course_utils.training.fast import StepResult
from course_utils.training.history import History, Measurement
from course_utils.training.kernels import RowAdam
from course_utils.training.losses import LossFn, auxk_loss, loss_for
from course_utils.training.speed import choose_step, fastest_threads


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


@frees_memory
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
    speed: str = "plain",
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 1000,
) -> History:
    """Train ``sae`` in place on batches of activations until ``steps`` are done or the batches end.

    An untrained autoencoder starts with ``b_dec`` at the mean of the first batch; a trained one goes on from where it
    is. Afterwards it is in evaluation mode, which matters for "batchtopk" only. Ctrl-C ends the training early and keeps
    the best weights so far, by loss smoothed over about ten steps. An error keeps them too, and is raised.

    Started by `torchrun` or `accelerate launch`, each process gets the same batches and works on its share of their
    rows; all end with the same autoencoder, that of one process but for rounding.

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
        speed: "plain" lets autograd find the gradients; "fast" has them written out, for "relu" and "topk" on a CPU;
            "fast_bfloat16" rounds its matrix products too; "auto" is the fastest that applies, with as many threads as
            are fastest, measured at the start (`training.choice`).
        checkpoint: a file. Where there is one, the run goes on from it, exactly, if it is given the same batches
            (those already seen are passed over, `ActivationBatches.pass_over`) and its callbacks remember nothing (that
            of `resampler` does not); where there is none, it is made.
        checkpoint_every: steps between two; one more is written at the end.

    Raises:
        ValueError: if an argument or a batch does not fit, or the checkpoint is of another run.
        FloatingPointError: if the loss stops being finite.
        RuntimeError: if another of several processes has ended.
    """
    if steps is None and hasattr(batches, "__len__"):
        steps = len(batches)
    if steps is not None and steps < 1:
        raise ValueError(f"steps is {steps}: there is nothing to do")
    own_loss, loss_fn = loss_fn is not None, loss_fn or loss_for(sae, l1_coefficient, l0_coefficient)
    fast = choose_step(speed, sae, l1_coefficient, own_loss=own_loss)
    auxk = auxk_coefficient if sae.architecture in ("topk", "batchtopk") else 0.0

    team = processes()
    settings = settings_of(sae, fast=fast is not None, steps=steps, lr=lr)
    checkpoint = Path(checkpoint) if checkpoint is not None else None
    saved = load_checkpoint(checkpoint, settings) if checkpoint is not None else None

    history = History()
    optimiser = (RowAdam if fast else torch.optim.Adam)(sae.parameters(), lr=lr)
    silent_tokens = torch.zeros(sae.d_sae, dtype=torch.long, device=sae.W_dec.device)
    scale, smoothed, least = 1.0, math.nan, math.inf
    first = 0
    if saved:
        first, scale, smoothed, least = (saved[name] for name in ("step", "scale", "smoothed", "least"))
        sae.load_state_dict(saved["sae"])
        optimiser.load_state_dict(saved["optimiser"])
        silent_tokens.copy_(saved["silent_tokens"])
        history = History(**saved["history"])
        if fast:
            fast.share_active = saved["share_active"]
    best = saved["best"] if saved else _copy(sae)
    team.from_first_(sae.state_dict().values())
    sae.train()
    sae.team = team
    bar = progress_bar(total=steps, shown=progress and team.is_first)

    def keep(step: int) -> None:
        if checkpoint is None or not team.is_first:
            return
        save_checkpoint(
            checkpoint, settings, step=step, scale=scale, smoothed=smoothed, least=least, best=best,
            sae=sae.state_dict(), optimiser=optimiser.state_dict(), silent_tokens=silent_tokens,
            history=asdict(history), share_active=fast.share_active if fast else 0.0,
        )  # fmt: skip

    n_threads = torch.get_num_threads()
    try:
        if fast:
            fast.open()
        if speed == "auto":
            torch.set_num_threads(fastest_threads())
        numbers = count(first) if steps is None else range(first, steps)
        for step, x in zip(numbers, without_first(batches, first) if first else batches, strict=False):
            if x.ndim != 2 or x.shape[1] != sae.d_in:
                raise ValueError(
                    f"a batch must be (batch, {sae.d_in}), not {tuple(x.shape)}: see activation_batches"
                )
            x = x.to(sae.W_dec.device)
            if step == first:
                team.check_same(x)
            if step == 0:
                scale, best = _prepare(sae, x, normalise)
            whole = x * scale
            x = team.share(whole)
            with torch.set_grad_enabled(fast is None):
                output = sae(x) if fast is None or callbacks else None
            seen = fast(x) if fast else _seen(loss_fn(x, output), output)
            loss = seen.loss
            if not loss.isfinite():
                raise FloatingPointError(
                    f"the loss is {loss.item()} at step {step}: lower lr (it is {lr:g}), "
                    "or look for activations that are not finite"
                )
            silent_tokens = torch.where(team.any(seen.active), 0, silent_tokens + len(whole))
            dead = silent_tokens >= dead_after
            measurement = of_all(_measure(step, seen, x, dead), x, whole, team)
            history.append(measurement)
            smoothed = measurement.loss if step == 0 else 0.9 * smoothed + 0.1 * measurement.loss
            if smoothed < least:
                least = smoothed
                for name, value in sae.state_dict().items():
                    best[name].copy_(value)

            for_autograd = None if fast else loss
            if auxk and dead.any():
                aux = auxk * auxk_loss(sae, x, seen.x_hat, dead, k_aux or sae.d_in // 2)
                for_autograd = aux if fast else loss + aux
            if fast is None:
                optimiser.zero_grad()
            if for_autograd is not None:
                for_autograd.backward()
                remove_parallel_gradient_(sae.W_dec)
            if team.count > 1:
                average_gradients_(sae, len(x) / len(whole), team)
            optimiser.param_groups[0]["lr"] = learning_rate(step, steps, lr, warmup_steps, decay_share)
            optimiser.step()
            sae.unit_norm_decoder_()
            if sae.architecture == "batchtopk":
                sae.follow_threshold_(output.latents)

            for callback in callbacks:
                callback(TrainingState(sae, optimiser, silent_tokens, x, output, measurement, scale))
            bar.set_postfix_str(f"fvu {measurement.fvu:.3f}, l0 {measurement.l0:.0f}", refresh=False)
            bar.update()
            if (step + 1) % checkpoint_every == 0 or step + 1 == steps:
                keep(step + 1)
    except BaseException as stop:
        sae.load_state_dict(best)
        if not isinstance(stop, KeyboardInterrupt):
            raise
        history.interrupted = True
    finally:
        torch.set_num_threads(n_threads)
        if fast:
            fast.close()
        optimiser.zero_grad()  # or the last gradients would be kept, as large as the autoencoder
        sae.fold_scale_(scale)
        sae.eval()
        sae.team = ALONE
        bar.close()
    return history


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


def _seen(loss: Tensor, output: SAEOutput) -> StepResult:
    active = (output.latents > 0).any(dim=0)
    return StepResult(loss, output.x_hat, l0(output.latents), active)


@torch.no_grad()
def _measure(step: int, seen: StepResult, x: Tensor, dead: Tensor) -> Measurement:
    mse = (x - seen.x_hat).pow(2).sum(dim=1).mean().item()
    dead_share = dead.float().mean().item()
    return Measurement(step, seen.loss.item(), mse, fvu(x, seen.x_hat), seen.l0, dead_share)
