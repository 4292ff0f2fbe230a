"""The hunt for neurons that mean one thing: who is best at which concept, how clean, and what is lost without it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from course_utils.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILLION, axes_or_new


def plot_leaderboard(
    names: Sequence[str],
    areas: Float[Tensor, "n_concepts"],
    chance: Float[Tensor, "n_concepts"],
    n_best: int = 20,
    n_worst: int = 5,
    *,
    ax: Axes | None = None,
) -> Axes:
    """ROC areas of each concept's chosen neuron, the best and the worst of them, with what luck could reach.

    Examples:
        >>> areas, luck = torch.tensor([0.9, 0.6, 0.95, 0.7]), torch.full((4,), 0.6)
        >>> ax = plot_leaderboard(["whale", "wedding", "chess", "anger"], areas, luck, n_best=2, n_worst=1)
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['chess', 'whale', 'wedding']

    Args:
        names: of the concepts.
        areas: on held-out texts, between 0 and 1.
        chance: what luck could reach for each concept, as `chance_roc_area` gives it; a black tick.
        n_best: bars from the upper end.
        n_worst: bars from the lower end; ``n_best + n_worst`` may be at most the number of concepts.
    """
    order = areas.argsort(descending=True, stable=True).tolist()
    best, worst = order[:n_best], order[len(order) - n_worst :]
    ax = axes_or_new(ax, (6.5, 0.24 * (n_best + n_worst + 1) + 0.9))
    places = [*range(n_best), *range(n_best + 1, n_best + 1 + n_worst)]
    shown = best + worst
    ax.barh(
        places, [areas[i].item() - 0.5 for i in shown], left=0.5, color=[BLUE] * n_best + [ORANGE] * n_worst
    )
    ax.plot(
        chance[shown].tolist(),
        places,
        "|",
        color=BLACK,
        markersize=11,
        markeredgewidth=2,
        label="as far as luck reaches",
    )
    ax.set(
        xlim=(min(0.5, areas[shown].min().item() - 0.02), 1.0),
        xlabel="ROC area of the chosen neuron on held-out texts",
        yticks=places,
        ylim=(places[-1] + 0.6, -0.6),
    )
    ax.set_yticklabels([str(names[i]) for i in shown], fontsize="small")
    ax.text(0.505, n_best, f"… {len(order) - n_best - n_worst} more …", va="center", fontsize="small")
    ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), fontsize="small")
    return ax


def plot_choice_and_judgement(
    train_area: Float[Tensor, "n_concepts"], area: Float[Tensor, "n_concepts"], *, ax: Axes | None = None
) -> Axes:
    """Each concept's neuron, as good as it looked when it was chosen and as it is on other texts.

    Examples:
        >>> ax = plot_choice_and_judgement(torch.tensor([0.9, 0.8, 0.7]), torch.tensor([0.8, 0.75, 0.7]))
        >>> ax.get_title()
        '2 of 3 were flattered'

    Args:
        train_area: ROC area of each concept's neuron on the texts by which it was chosen.
        area: of the same neurons on held-out texts.
    """
    ax = axes_or_new(ax, (4, 3.8))
    low = min(train_area.min().item(), area.min().item()) - 0.02
    ax.plot([low, 1], [low, 1], color=BLACK, linestyle=":", linewidth=1, label="as good as it looked")
    ax.scatter(train_area.tolist(), area.tolist(), s=16, color=BLUE, alpha=0.7)
    below = int((area < train_area).sum())
    ax.set(
        xlabel="ROC area on the texts that chose it", ylabel="ROC area on held-out texts",
        title=f"{below} of {len(area)} were flattered", xlim=(low, 1.01), ylim=(low, 1.01),
    )  # fmt: skip
    ax.legend(frameon=False, loc="upper left", fontsize="small")
    return ax


def plot_clean(
    names: Sequence[str],
    precision: Float[Tensor, "n_concepts"],
    recall: Float[Tensor, "n_concepts"],
    bar: float,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Precision against recall of each concept's chosen neuron; those in the green corner have both.

    A mark is as large as the number of concepts at its place. Not a number (a neuron that stays silent) counts as 0.

    Examples:
        >>> precision, recall = torch.tensor([0.9, 0.9]), torch.tensor([0.85, 0.1])
        >>> ax = plot_clean(["whale", "anger"], precision, recall, bar=0.8)
        >>> ax.get_title()  # the second neuron misses nine of ten texts about anger
        '1 of 2 concepts have a clean neuron'

    Args:
        names: of the concepts; only their number is shown.
        precision: share of the texts that make the neuron fire that are about its concept.
        recall: share of the texts about the concept that make its neuron fire.
        bar: the least precision and the least recall of a clean neuron.
    """
    ax = axes_or_new(ax, (5.5, 4))
    precision, recall = precision.nan_to_num(0), recall.nan_to_num(0)
    clean = (precision >= bar) & (recall >= bar)
    ax.add_patch(Rectangle((bar, bar), 1.1 - bar, 1.1 - bar, color=GREEN, alpha=0.15, linewidth=0))
    points, n_here = torch.stack([recall, precision], dim=1).unique(dim=0, return_counts=True)
    at_bar = (points >= bar).all(dim=1)
    for some, colour, mark in [(~at_bar, BLUE, "o"), (at_bar, VERMILLION, "D")]:
        ax.scatter(
            *points[some].T.tolist(), s=(18 * n_here[some]).tolist(), color=colour, marker=mark, alpha=0.6
        )
    ax.set(
        xlabel="recall: of the concept's texts, how many make it fire?", ylabel="precision: when it fires, is it that?",
        xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), title=f"{int(clean.sum())} of {len(names)} concepts have a clean neuron",
    )  # fmt: skip
    return ax


def plot_lesion(
    names: Sequence[str],
    lesion: Float[Tensor, "n_concepts"],
    control: Float[Tensor, "n_concepts"],
    concept: int,
    n: int = 12,
    *,
    ax: Axes | None = None,
) -> Axes:
    """How much worse the model predicts the texts of each concept without a neuron: the ``n`` that lose most.

    Examples:
        >>> lesion, names = torch.tensor([0.3, 0.0, 0.2]), ["whale", "chess", "anger"]
        >>> ax = plot_lesion(names, lesion, control=torch.zeros(3), concept=1, n=2)
        >>> [label.get_text() for label in ax.get_yticklabels()]  # the neuron's own concept, though it lost nothing
        ['whale', 'chess']

    Args:
        names: of the concepts.
        lesion: loss added on the texts of each concept, in nats a token.
        control: the same without some other neuron.
        concept: the number of the one that the neuron was best at, counted from 0; shown in any case.
        n: bars, at most as many as there are concepts.
    """
    order = lesion.argsort(descending=True, stable=True).tolist()
    shown = order[:n] if concept in order[:n] else [*order[: n - 1], concept]
    ax = axes_or_new(ax, (6.5, 0.26 * n + 1))
    ax.barh(range(n), lesion[shown].tolist(), color=[VERMILLION if i == concept else BLUE for i in shown])
    ax.plot(
        control[shown].tolist(),
        range(n),
        "o",
        color=BLACK,
        markersize=4,
        label="without a neuron drawn by lot",
    )
    ax.axvline(lesion.mean().item(), color=GREY, linestyle="--", label="mean over all concepts")
    ax.axvline(0, color=BLACK, linewidth=0.8)
    ax.set(yticks=range(n), xlabel="loss added, nats a token", ylim=(n - 0.4, -0.6))
    ax.set_yticklabels([str(names[i]) for i in shown], fontsize="small")
    ax.set_title(f"without the best neuron for {names[concept]} (its bar is orange)", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax
