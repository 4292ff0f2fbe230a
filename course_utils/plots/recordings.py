"""Cells and crowds: what a cell answers, how far luck reaches, and how many stimuli can be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.plots.style import (
    BLACK,
    BLUE,
    DIVERGING,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    axes_or_new,
)


def plot_answers(answers: Mapping[str, Float[Tensor, "n_features n_neurons"]], names: Sequence[str]) -> Axes:
    """What each neuron (a column) does when one feature (a row) is on: a picture for each network, side by side.

    Examples:
        >>> import torch
        >>> ax = plot_answers({"one neuron each": torch.eye(2), "mixed": torch.ones(2, 2)}, ["whale", "chess"])
        >>> [picture.get_title() for picture in ax.figure.axes[:2]]
        ['one neuron each', 'mixed']

    Args:
        answers: activations of each network by its name; all share one scale of colours.
        names: of the features.

    Returns:
        The axes of the first picture.
    """
    figure, axes = plt.subplots(
        1, len(answers), figsize=(4 * len(answers) + 1, 3.6), sharey=True, squeeze=False
    )
    largest = max(answer.abs().max().item() for answer in answers.values())
    images = []
    for ax, (title, answer) in zip(axes[0], answers.items(), strict=True):
        images.append(ax.imshow(answer.numpy(), cmap=DIVERGING, vmin=-largest, vmax=largest))
        ax.set(title=title, xlabel="neuron", xticks=range(answer.shape[1]), yticks=range(len(names)))
        ax.set_yticklabels(names)
    axes[0, 0].set_ylabel("the feature that is on")
    figure.colorbar(images[-1], ax=list(axes[0]), shrink=0.8, label="activation")
    return axes[0, 0]


def plot_raster(
    times: Sequence[Sequence[float]], stimulus: Sequence[int], names: Sequence[str], *, title: str = ""
) -> Axes:
    """Spikes of one cell: a row for each presentation, those of a stimulus together; on the right the mean counts.

    Examples:
        >>> ax = plot_raster([[0.1, 0.5], [0.3], []], stimulus=[0, 0, 1], names=["grandmother", "whale"])
        >>> [float(bar.get_width()) for bar in ax.figure.axes[1].patches]  # spikes a presentation
        [1.5, 0.0]

    Args:
        times: of the spikes in each presentation, in seconds since the picture came on.
        stimulus: which of ``names`` was presented each time, counted from 0; each of them at least once.
        names: of the stimuli.

    Returns:
        The axes of the spikes, at the left.
    """
    figure, (ax, right) = plt.subplots(
        1, 2, figsize=(7, 0.22 * len(names) + 1), sharey=True, width_ratios=(3, 1)
    )
    figure.subplots_adjust(wspace=0.04)
    shown = {s: [i for i, of in enumerate(stimulus) if of == s] for s in range(len(names))}
    for s, trials in shown.items():
        if s % 2 == 0:
            ax.axhspan(s - 0.5, s + 0.5, color=GREY, alpha=0.2, linewidth=0)
        step = 0.9 / len(trials)
        for i, trial in enumerate(trials):
            ax.vlines(
                times[trial], s - 0.45 + i * step, s - 0.45 + (i + 0.8) * step, color=BLACK, linewidth=1.4
            )
    means = [sum(len(times[i]) for i in trials) / len(trials) for trials in shown.values()]
    right.barh(range(len(names)), means, color=[VERMILLION if m == max(means) else BLUE for m in means])
    ax.set(
        xlabel="seconds since the picture came on",
        yticks=range(len(names)),
        title=title,
        ylim=(len(names) - 0.4, -0.6),
    )
    ax.set_yticklabels(names, fontsize="small")
    right.set(xlabel="spikes, mean")
    return ax


def plot_luck(
    areas: Float[Tensor, "n"],
    one: float,
    many: float,
    truth: Float[Tensor, "n_true"] | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Histogram of the areas of cells that know nothing, the two levels of chance, and cells that know something.

    Examples:
        >>> import torch
        >>> ax = plot_luck(torch.tensor([0.5, 0.75, 0.8]), one=0.7, many=0.9)
        >>> ax.get_title()
        '2 of 3 pass the level for one cell'

    Args:
        areas: ROC areas of the cells that know nothing.
        one: the area that one such cell stays below, as `chance_roc_area` gives it.
        many: the same for the best of them all.
        truth: areas of the true grandmother cells; None marks none.
    """
    ax = axes_or_new(ax, (6.5, 3))
    ax.hist(areas.tolist(), bins=40, color=SKY, label=f"{len(areas):,} cells that know nothing")
    ax.axvline(one, color=ORANGE, linestyle="--", label="chance, if you tried one cell")
    ax.axvline(many, color=VERMILLION, label="chance, as you tried them all")
    if truth is not None:
        height = ax.get_ylim()[1] / 4
        ax.plot(truth.tolist(), [height] * len(truth), "v", color=BLACK, label="true grandmother cell")
    beyond = int((areas > one).sum())
    ax.set(
        xlabel="ROC area for one person",
        ylabel="cells",
        title=f"{beyond} of {len(areas):,} pass the level for one cell",
    )
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def plot_decoding(
    n_stimuli: Sequence[int], errors: Mapping[str, Sequence[float]], limit: float, *, ax: Axes | None = None
) -> Axes:
    """Share of presentations read wrongly against the number of stimuli, a line for each way to read.

    Examples:
        >>> ax = plot_decoding([2, 8, 100], {"crowd": [0.0, 0.0, 0.1], "one cell each": [0.1, 0.5, 0.9]}, limit=0.25)
        >>> ax.get_legend_handles_labels()[1]
        ['crowd', 'one cell each', '25% wrong']

    Args:
        n_stimuli: on a logarithmic axis; of them only 2, 8, 32, 128, 512 and 2048 are written.
        errors: the share at each number, by the way to read; six at most.
        limit: the share of errors at which the dotted line is drawn.
    """
    ax = axes_or_new(ax, (6.5, 3.4))
    colours = [BLUE, SKY, VERMILLION, ORANGE, GREEN, PURPLE]
    marks = ["o", "s", "^", "v", "D", "x"]
    for i, (name, error) in enumerate(errors.items()):
        ax.plot(n_stimuli, error, color=colours[i], marker=marks[i], markersize=4, label=name)
    ax.axhline(limit, color=BLACK, linestyle=":", linewidth=1, label=f"{limit:.0%} wrong")
    ax.set(xscale="log", xlabel="stimuli to tell apart", ylabel="share read wrongly", ylim=(-0.02, 1.02))
    ax.set_xticks([n for n in n_stimuli if n in (2, 8, 32, 128, 512, 2048)])
    ax.set_xticklabels([f"{n:,}" for n in n_stimuli if n in (2, 8, 32, 128, 512, 2048)])
    ax.minorticks_off()
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def plot_two_speakers(
    layers: Mapping[str, Float[Tensor, "n 2"]],
    agree: Bool[Tensor, "n"],
    labels: Mapping[str, tuple[str, str]],
) -> Axes:
    """Two numbers of each text, for each layer a picture: where the speakers agree, and where they do not.

    Examples:
        >>> import torch
        >>> texts, agree = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]), torch.tensor([True, False, True])
        >>> ax = plot_two_speakers({"layer 0": texts}, agree, {"layer 0": ("left says yes", "right says yes")})
        >>> [len(marks.get_offsets()) for marks in ax.collections]  # they agree, they differ
        [2, 1]

    Args:
        layers: two numbers for each text, by the name of the layer.
        agree: for each text whether the two speakers say the same.
        labels: for each layer what its two numbers are.

    Returns:
        The axes of the first picture.
    """
    figure, axes = plt.subplots(1, len(layers), figsize=(4 * len(layers), 3.4), squeeze=False)
    for ax, (title, x) in zip(axes[0], layers.items(), strict=True):
        for same, colour, mark, name in [
            (True, BLUE, "o", "they agree"),
            (False, ORANGE, "x", "they differ"),
        ]:
            ax.scatter(*x[agree == same].T.tolist(), s=14, color=colour, marker=mark, label=name, alpha=0.7)
        ax.set(title=title, xlabel=labels[title][0], ylabel=labels[title][1])
    axes[0, 0].legend(fontsize="small", loc="center")
    figure.tight_layout()
    return axes[0, 0]
