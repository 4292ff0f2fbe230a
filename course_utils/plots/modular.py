"""The network that adds modulo a prime: how it learned, and which waves it computes with."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.plots.style import BLUE, SKY, VERMILLION, axes_or_new


def plot_grokking(
    steps: Sequence[int], train: Sequence[float], held_out: Sequence[float], *, ax: Axes | None = None
) -> Axes:
    """Accuracy on the pairs it was trained on and on all others, by step on a logarithmic scale.

    Examples:
        >>> ax = plot_grokking([0, 100, 10000], train=[0.0, 1.0, 1.0], held_out=[0.0, 0.0, 1.0])
        >>> ax.lines[0].get_xdata().tolist()  # a logarithm has no zero
        [50, 100, 10000]

    Args:
        steps: at which the accuracies were measured; those before 50 are drawn at 50.
        train: share right of the pairs it was trained on, at each step.
        held_out: share right of all other pairs.
    """
    ax = axes_or_new(ax, (6, 3))
    steps = [max(step, 50) for step in steps]  # a logarithm has no zero
    ax.plot(steps, train, color=SKY, linestyle="--", label="pairs it was trained on")
    ax.plot(steps, held_out, color=BLUE, label="pairs it never saw")
    ax.set(xscale="log", xlabel="training step", ylabel="share right", ylim=(-0.02, 1.05))
    ax.set_title("First it remembers, then it understands")
    ax.legend(frameon=False, loc="lower right", fontsize="small")
    return ax


def plot_frequency_power(
    power: Float[Tensor, "n_frequencies"], keys: Sequence[int] = (), *, ax: Axes | None = None
) -> Axes:
    """Share of the embedding's power in each frequency from 1 on; those in ``keys`` are marked and numbered.

    Examples:
        >>> import torch
        >>> ax = plot_frequency_power(torch.tensor([9.0, 4.0, 0.5, 0.5]), keys=[1])
        >>> ax.get_title()
        '1 of 3 frequencies carry 80%'

    Args:
        power: from frequency 0 on, as `frequency_power` gives it; the constant part, frequency 0, is left out.
        keys: frequencies, from 1 on.
    """
    ax = axes_or_new(ax, (6, 2.8))
    shares = (power[1:] / power[1:].sum()).tolist()
    frequencies = range(1, len(power))
    ax.bar(frequencies, shares, color=[VERMILLION if k in keys else BLUE for k in frequencies])
    for k in keys:
        ax.annotate(str(k), (k, shares[k - 1]), ha="center", va="bottom", fontsize="small")
    carried = sum(shares[k - 1] for k in keys)
    title = f"{len(keys)} of {len(shares)} frequencies carry {carried:.0%}" if keys else ""
    ax.set(xlabel="frequency (waves in one round)", ylabel="share of power", title=title)
    ax.set_ylim(0, 1.15 * max(shares))
    return ax


def plot_waves(
    rows: Sequence[Float[Tensor, "n_neurons p p"]], row_names: Sequence[str], names: Sequence[str]
) -> Axes:
    """Neurons' activations for every pair of numbers: a row of pictures for each order in which the numbers may stand.

    Examples:
        >>> import torch
        >>> counting, by_twos = torch.zeros(1, 3, 3), torch.eye(3)[None]
        >>> ax = plot_waves([counting, by_twos], ["0, 1, 2", "0, 2, 1"], ["neuron 5"])
        >>> [(a.get_title(), a.get_xlabel()) for a in ax.figure.axes]
        [('neuron 5', ''), ('', 'second number')]

    Args:
        rows: for each order the activations by neuron, first number (drawn upwards) and second number (to the right).
        row_names: of the orders.
        names: of the neurons.

    Returns:
        The axes at the upper left.
    """
    figure, axes = plt.subplots(
        len(rows), len(names), figsize=(2 * len(names), 2.1 * len(rows)), squeeze=False
    )
    for r, grids in enumerate(rows):
        for c, values in enumerate(grids.tolist()):
            axes[r, c].imshow(values, cmap="YlOrBr", origin="lower", interpolation="nearest")
            axes[r, c].set(xticks=[], yticks=[])
        axes[r, 0].set_ylabel(f"first number,\n{row_names[r]}", fontsize="small")
    for c, name in enumerate(names):
        axes[0, c].set_title(name, fontsize="small")
        axes[-1, c].set_xlabel("second number", fontsize="small")
    figure.tight_layout()
    return axes[0, 0]
