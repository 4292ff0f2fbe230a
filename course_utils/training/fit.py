"""The training loop.

    loss = mean over the batch of  ||x - x_hat||^2 + what makes the latents sparse (`sae.losses`)

Activations are scaled so that their mean norm is sqrt(d_in), and the scale is folded into the weights afterwards: one
learning rate and one l1_coefficient then serve any model and layer. Where a few dimensions dwarf all others, each can
be scaled by itself (`Schedule`). The decoder directions keep length 1 while training (Bricken et al. 2023), or the
penalty could be dodged by small latents and long directions.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from course_utils.base import ALONE, frees_memory, processes, progress_bar
from course_utils.sae import SAE, SAEOutput
from course_utils.training.checkpoints import settings_of
from course_utils.training.distributed import average_gradients_, of_all
from course_utils.training.history import History, Measurement
from course_utils.training.incoming import check_trainable, said_of_the_end
from course_utils.training.objective import Objective, loss_for
from course_utils.training.options import Checkpoint, Revival, Schedule
from course_utils.training.run import Run
from course_utils.training.speed import choose_step, fastest_threads
from course_utils.training.steps import PlainStep, check_finite, measure


@dataclass
class TrainingState:
    """What a callback sees, and may change, after each step: enough to revive dead latents, say."""

    sae: SAE
    optimiser: torch.optim.Optimizer
    silent_tokens: Int[Tensor, "d_sae"]
    """Tokens since each latent was last active."""

    x: Float[Tensor, "batch width"]
    """The step's batch, scaled; ``sae.split(x)`` is what was read and what was wanted."""

    output: SAEOutput
    measurement: Measurement
    scale: float | Float[Tensor, "d_in"] = 1.0
    """What raw activations were multiplied with; a number for each dimension, if each got its own."""


Callback = Callable[[TrainingState], None]


@frees_memory
def fit_sae(
    sae: SAE,
    batches: Iterable[Float[Tensor, "batch d_in"]],
    *,
    steps: int | None = None,
    lr: float | Schedule = 1e-3,
    revival: Revival | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
    speed: str = "plain",
    checkpoint: str | Path | Checkpoint | None = None,
    **objective: Unpack[Objective],
) -> History:
    """Train ``sae``, or a `Transcoder`, in place on batches of activations until ``steps`` are done or the batches end.

    An untrained autoencoder starts with ``b_dec`` at the mean of the first batch; a trained one goes on from where it
    is. Afterwards it is in evaluation mode, which matters where latents compete across a batch ("batchtopk",
    "matryoshka"). Ctrl-C ends the training early and keeps the best weights so far, by loss smoothed over about ten
    steps. If an exception is raised, the best weights are restored before it propagates.

    Started by `torchrun` or `accelerate launch`, each process gets the same batches and works on its share of their
    rows; all end with the same autoencoder, that of one process but for rounding.

    Examples:
        >>> sae = SAE(8, 32, "relu")
        >>> history = fit_sae(sae, torch.randn(10, 64, 8), l1_coefficient=1, progress=False)
        >>> len(history.fvu), sae(torch.randn(5, 8)).latents.shape
        (10, torch.Size([5, 32]))

    Args:
        sae: trained in place.
        batches: of activations (batch, d_in), unscaled: `activation_batches`, a tensor (n_batches, batch, d_in), or
            any other iterable. For a `Transcoder` pairs (input, output), or rows with both side by side.
        steps: None takes ``len(batches)`` if there is one; else the learning rate does not decay.
        lr: highest learning rate of Adam, or a `Schedule` to set warm-up, decay and scaling too.
        revival: when a latent counts as dead, and how hard it is pulled back; None is ``Revival()``.
        callbacks: called with the `TrainingState` after each step.
        progress: show a progress bar (a widget in notebooks, a line on stderr elsewhere).
        speed: "plain" lets autograd find the gradients; "fast" has them written out, for "relu" and "topk" on a CPU;
            "fast_bfloat16" rounds its matrix products too; "auto" is the fastest that applies, with as many threads as
            are fastest, measured at the start (`training.speed`).
        checkpoint: a file, or a `Checkpoint`. Resumes from this file if it exists, bit for bit, provided that the
            autoencoder, the options and the batches are the same (those already seen are passed over,
            `ActivationBatches.pass_over`) and callbacks are stateless (`resampler` is). Otherwise the file is created.
        l1_coefficient: penalty on the sum of the latents; "relu" and "gated" need one. The unit is set by the scaled
            activations.
        l0_coefficient: price of an active latent; "jumprelu" needs one.
        loss_fn: ``(x, SAEOutput) -> loss`` in place of the architecture's own and its coefficient.

    Returns:
        A `History` with one measurement a step.

    Raises:
        TypeError: if no architecture has such a coefficient.
        ValueError: if an argument or a batch does not fit, a coefficient is missing or does not belong to the
            architecture, or the checkpoint is of another run.
        FloatingPointError: if the loss stops being finite.
        RuntimeError: if another of several processes has ended.
    """
    if steps is None and isinstance(batches, Sized):
        steps = len(batches)
    if steps is not None and steps < 1:
        raise ValueError(f"steps is {steps}: there is nothing to do")
    check_trainable(sae)
    schedule = lr if isinstance(lr, Schedule) else Schedule(lr)
    revival = (revival or Revival()).of(sae)
    loss_fn, coefficient = loss_for(sae, objective)
    own_loss = objective.get("loss_fn") is not None
    step = choose_step(speed, sae, coefficient, own_loss=own_loss) or PlainStep(sae, loss_fn)

    team = processes()
    team.from_first_(sae.state_dict().values())
    run = Run(sae, step, step.optimiser(sae.parameters(), lr=schedule.lr), steps)
    if checkpoint is not None:
        run.checkpoint = checkpoint if isinstance(checkpoint, Checkpoint) else Checkpoint(checkpoint)
        run.settings = settings_of(sae, step.name, steps, schedule, revival, callbacks, objective)
    batches = run.resume(batches)
    sae.train()
    sae.team = team
    bar = progress_bar(total=steps, shown=progress and team.is_first)
    n_threads = torch.get_num_threads()
    try:
        step.open()
        if speed == "auto":
            torch.set_num_threads(fastest_threads())
        _train(run, batches, schedule, revival, callbacks, bar)
        if said := said_of_the_end(run.done, steps):
            warnings.warn(said, stacklevel=3)
    except BaseException as stop:
        sae.load_state_dict(run.best)
        if not isinstance(stop, KeyboardInterrupt):
            raise
        run.history.interrupted = True
    finally:
        torch.set_num_threads(n_threads)
        step.close()
        run.restore_units()
        sae.eval()
        sae.team = ALONE
        bar.close()
    return run.history


def _train(
    run: Run,
    batches: Iterable[Tensor],
    schedule: Schedule,
    revival: Revival,
    callbacks: Sequence[Callback],
    bar: tqdm,
) -> None:
    """The loop: look at a batch, take note, find the gradients, take a step."""
    sae, step, team = run.sae, run.step, run.sae.team
    follows = sae.spec.threshold == "followed"
    for number, raw in run.each(batches):
        if number == 0:
            run.prepare(raw, schedule.normalise)
        whole = raw * run.scale
        x = team.share(whole)
        seen = step(x)
        check_finite(seen.loss, number, schedule.lr)
        dead = run.dead(team.any(seen.active), len(whole), revival.dead_after)
        wanted = sae.split(x)[1]
        measurement = of_all(measure(number, seen, wanted, dead), x, sae.split(whole)[1], team)
        run.record(measurement)
        state = _state(run, x, measurement) if callbacks else None  # output from before the update

        step.backward(revival.loss(sae, x, seen.x_hat, dead))
        average_gradients_(sae, len(x) / len(whole), team)
        run.optimiser.param_groups[0]["lr"] = schedule.rate(number, run.steps)
        run.optimiser.step()
        sae.unit_norm_decoder_()
        if follows:
            sae.follow_threshold_(step.output(x).latents)

        if state:
            for callback in callbacks:
                callback(state)
        bar.set_postfix_str(f"fvu {measurement.fvu:.3f}, l0 {measurement.l0:.0f}", refresh=False)
        bar.update()
        run.done = number + 1
        run.save()
    run.save(at_end=True)


def _state(run: Run, x: Tensor, measurement: Measurement) -> TrainingState:
    output = run.step.output(x)
    return TrainingState(run.sae, run.optimiser, run.silent_tokens, x, output, measurement, run.scale)
