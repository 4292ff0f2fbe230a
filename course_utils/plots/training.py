"""How a training went."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from course_utils.plots.style import BLACK, BLUE, SKY, VERMILLION, axes_or_new
from course_utils.training import History


def plot_training(history: History, *, ax: Axes | None = None) -> Axes:
    """Unexplained variance and dead latents by step, active latents on the right-hand scale.

    Examples:
        >>> history = History(
        ...     step=[0, 100], loss=[2.0, 0.8], mse=[2.0, 0.8], fvu=[1.0, 0.4], l0=[90.0, 30.0], dead_share=[0.0, 0.25]
        ... )
        >>> plot_training(history).get_title()
        'fvu 0.40, l0 30, 25% dead'

    Args:
        history: as `fit_sae` returns it.

    Raises:
        ValueError: if there is no step to show.
    """
    last = history.last
    ax = axes_or_new(ax)
    ax.plot(history.step, history.fvu, color=BLUE, label="variance unexplained")
    ax.plot(history.step, history.dead_share, color=BLACK, linestyle=":", label="dead latents")
    ax.set(xlabel="step", ylabel="share", ylim=(0, min(1.5, 1.05 * max(1.0, *history.fvu))))
    right = ax.twinx()
    right.plot(history.step, history.l0, color=VERMILLION, linestyle="--", label="l0")
    right.set(ylabel="active latents a token", yscale="log")
    lines = [*ax.get_lines(), *right.get_lines()]
    right.legend(lines, [str(line.get_label()) for line in lines], loc="center right", fontsize="small")
    ax.set_title(f"fvu {last.fvu:.2f}, l0 {last.l0:.0f}, {last.dead_share:.0%} dead")
    return ax


def plot_loss_curve(
    steps: Sequence[int],
    train: Sequence[float],
    held_out: Sequence[float],
    stages: Sequence[int] | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """A language model's loss while it was trained, on its batches and on held-out text.

    Examples:
        >>> ax = plot_loss_curve([0, 500, 1000], [5.0, 2.4, 2.1], [5.0, 2.5, 2.3], stages=[1, 1, 2])
        >>> ax.get_title(), ax.get_legend_handles_labels()[1]
        ('held out: 2.30', ['training batch', 'held out', 'stage 2: another mixture of texts'])

    Args:
        train, held_out: losses at each of ``steps``, in nats a token.
        stages: of each point; between stages the text that the losses are measured on changes, so the lines
            break there. None is one stage.
    """
    ax = axes_or_new(ax)
    stages = stages or [1] * len(steps)
    for stage in sorted(set(stages)):
        here = [i for i, s in enumerate(stages) if s == stage]
        at = [steps[i] for i in here]
        names = ("training batch", "held out") if stage == stages[0] else (None, None)
        ax.plot(at, [train[i] for i in here], color=SKY, linestyle="--", label=names[0])
        ax.plot(at, [held_out[i] for i in here], color=BLUE, label=names[1])
        if stage != stages[0]:
            ax.axvline(at[0], color=BLACK, linestyle=":", label=f"stage {stage}: another mixture of texts")
    ax.set(xlabel="step", ylabel="loss (nats a token)", title=f"held out: {held_out[-1]:.2f}")
    ax.legend(frameon=False, fontsize="small")
    return ax
