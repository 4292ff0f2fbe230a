"""Day 4's explorers: a toy model trained the moment a control moves, and a walk through the phase diagram."""

from __future__ import annotations

from typing import Any

import ipywidgets as w
import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.plots import (
    CYCLE,
    PHASES,
    Backdrop,
    axes_in_a_row,
    figure_png,
    plot_arrows,
    plot_gram,
    plot_line_solution,
    plot_phases,
)
from course_utils.views import picture
from course_utils.widgets.page import Page, numbers
from course_utils.widgets.panel import Panel
from course_utils.worlds import ToyModels, feature_dimensionality, feature_rng, fit_toy_models

JUDGES = 12345
"""The seed of the features on which `ToyModels.loss` measures."""

REPRESENTED = 0.5
"""A feature has a direction if it is at least this long."""


SIDEWAYS = torch.tensor([[0.87, -0.5, 0.0], [0.22, 0.37, 0.9]])
"""Two lines of sight across a room, at right angles, so that its three axes all show: rows of length 1."""


def in_the_plane(
    W: Float[Tensor, "1 d_hidden n_features"],
) -> tuple[Float[Tensor, "1 2 n_features"], list[str]]:
    """One, two or three hidden dimensions as a flat picture, and its title.

    Examples:
        >>> in_the_plane(torch.tensor([[[0.5, -1.0]]]))  # one dimension becomes a line in the plane
        (tensor([[[ 0.5000, -1.0000],
                 [ 0.0000,  0.0000]]]), ['directions (a line)'])

    Args:
        W: of one toy model; a column is a feature's direction. Two dimensions are returned as they are.

    Returns:
        The directions in the plane, and a list of one title, as `plot_arrows` takes them.
    """
    if W.shape[1] == 3:
        return SIDEWAYS @ W, ["directions (a room, seen from the side)"]
    if W.shape[1] == 1:
        return torch.cat([W, torch.zeros_like(W)], dim=1), ["directions (a line)"]
    return W, ["directions"]


def toy_model_view(
    n_features: int, d_hidden: int, sparsity: float, importance: float, steps: int = 800, *, seed: int = 0
) -> str:
    """Train one model, and show WᵀW, its directions and every feature's share of a dimension.

    Examples:
        >>> shown = toy_model_view(n_features=2, d_hidden=1, sparsity=0.9, importance=1.0, steps=200)
        >>> shown.partition(";")[0]
        '<p>2 of 2 features have a direction in 1 dimensions'

    Args:
        sparsity: chance that a feature is 0.
        importance: of each feature, as a share of that of the one before it.
        steps: of training.
        seed: of the first weights and the data.

    Returns:
        HTML: a sentence with the number of features whose direction is at least 0.5 long and the loss, and a picture.
    """
    models = fit_toy_models(
        n_features, d_hidden, sparsity=sparsity, importance=importance ** torch.arange(n_features),
        steps=steps, batch_size=512, lr=2e-2, seed=seed, progress=False,
    )  # fmt: skip
    W = models.W
    shares, lengths = feature_dimensionality(W)[0], W[0].norm(dim=0)
    axes = axes_in_a_row((1, 1, 1), (9, 3))
    colours = [CYCLE[i % len(CYCLE)] for i in range(n_features)]
    plot_gram(W, ["WᵀW"], axes=[axes[0]], numbered=True)
    if d_hidden <= 3:
        plot_arrows(*in_the_plane(W), axes=[axes[1]], numbered=True)
        if d_hidden != 2:
            axes[1].set(xlabel="hidden 1" if d_hidden == 1 else "", ylabel="")
    else:
        axes[1].bar(range(n_features), lengths.tolist(), color=colours, edgecolor="black", linewidth=0.5)
        axes[1].set(xlabel="feature", ylim=(0, 1.4))
        axes[1].set_title("lengths (arrows need three dimensions at most)", fontsize="small")
    seen = torch.where(lengths > 0.1, shares, 0).tolist()
    axes[2].bar(range(n_features), seen, color=colours, edgecolor="black", linewidth=0.5)
    for ax in axes[1 if d_hidden > 3 else 2 :]:
        ax.set_xticks(range(n_features))
    axes[2].set(xlabel="feature", ylim=(0, 1.05))
    axes[2].set_title("share of a dimension", fontsize="small")
    n_there = int((lengths > REPRESENTED).sum())
    said = f"{n_there} of {n_features} features have a direction in {d_hidden} dimensions"
    return f"<p>{said}; loss {models.loss()[0]:.4f}</p>" + picture(figure_png(axes[0]), alt=said)


def toy_model_panel() -> Panel:
    """Set features, dimensions, sparsity and importance; a model is trained on the spot, in about a second.

    Examples:
        >>> panel = toy_model_panel()
        >>> panel.html.partition(";")[0]  # a pentagon: what five rare features find
        '<p>5 of 5 features have a direction in 2 dimensions'
    """
    return Panel(
        toy_model_view,
        title="Train a toy model",
        slow=True,
        page=Page("toy", lambda: {str(seed): _words_of_state(seed) for seed in (*range(10), JUDGES)}),
        n_features=w.IntSlider(5, 2, 12, description="features n"),
        d_hidden=w.IntSlider(2, 1, 6, description="dimensions m"),
        sparsity=w.FloatSlider(0.9, min=0, max=0.99, step=0.01),
        importance=w.FloatSlider(
            1.0, min=0.5, max=1, step=0.05, description="importance, from feature to feature ×"
        ),
        seed=w.IntSlider(0, 0, 9, description="start"),
    )


def _words_of_state(seed: int) -> list[int]:
    """Where `feature_rng` starts, as eight numbers of 32 bits, low before high."""
    words: Any = feature_rng(seed).bit_generator.state
    return [int(half) for word in words["state"]["state"] for half in (word & 0xFFFFFFFF, word >> 32)]


def phase_panel(
    models: ToyModels,
    importance: Float[Tensor, "n_importances"],
    probability: Float[Tensor, "n_probabilities"],
    phase: Int[Tensor, "n_probabilities n_importances"],
    boundary: Float[Tensor, "n_importances"],
) -> Panel:
    """Walk the phase diagram: a cell, and the solution that was trained there.

    Examples:
        >>> importance, probability = torch.tensor([0.1, 1.0]), torch.tensor([0.05])  # one row of two cells
        >>> weights = torch.tensor([[1.0, 0.1], [1.0, 1.0]])
        >>> models = fit_toy_models(2, 1, sparsity=0.95, importance=weights, steps=5, progress=False)
        >>> panel = phase_panel(models, importance, probability, torch.tensor([[1, 3]]), torch.tensor([0.2, 0.5]))
        >>> "Importance 1.00, probability 0.050; a direction for: both: superposition." in panel.html
        True

    Args:
        models: one instance a cell, in the order of ``phase.flatten()``; two features in one dimension.
        importance: of the second feature, the first one's being 1: the columns.
        probability: that a feature is not 0: the rows.
        phase: what each cell's model found, as numbers of `PHASES`.
        boundary: for each importance the probability at which the best solution changes by theory.
    """
    found = models.loss()
    axes = axes_in_a_row((3, 2), (10, 4))
    plot_phases(importance, probability, phase, boundary, marked=(0, 0), ax=axes[0])
    plot_line_solution(models.W[0, 0], {"": 0.0}, title=PHASES[0], ax=axes[1])  # room for what comes
    ring = axes[0].lines[-1]

    def line() -> list[Any]:
        """What stands in the second plot; its axis stays."""
        return [*axes[1].texts, *axes[1].lines]

    figure = Backdrop(axes[0], lambda: [ring, *line(), axes[1].title])

    def view(importance_of_second: int, probability_of_feature: int) -> str:
        row, column = probability_of_feature, importance_of_second
        p, r = probability[row].item(), importance[column].item()
        cell = row * len(importance) + column
        losses = {
            "trained  ": found[cell].item(),
            "dedicated": min(1.0, r) * (p / 3 - p**2 / 4),
            "antipodal": p**2 * (1 + r) / 6,
        }
        name = PHASES[int(phase[row, column])]
        ring.set_data([r], [p])
        for old in line():
            old.remove()
        plot_line_solution(models.W[cell, 0], losses, title=f"a direction for: {name}", ax=axes[1])
        said = f"Importance {r:.2f}, probability {p:.3f}; a direction for: {name}."
        return picture(figure.png(), alt=said)

    def menu(values: Tensor, what: str) -> w.SelectionSlider:
        options = [(f"{value:.3g}", i) for i, value in enumerate(values.tolist())]
        return w.SelectionSlider(options=options, value=len(options) // 2, description=what)

    return Panel(
        view,
        title="Walk the phase diagram",
        page=Page(
            "phases",
            lambda: {
                "importance": numbers(importance),
                "probability": numbers(probability),
                "phase": phase.tolist(),
                "boundary": numbers(boundary),
                "W": numbers(models.W[:, 0]),
                "loss": numbers(found),
                "names": list(PHASES),
            },
        ),
        importance_of_second=menu(importance, "importance of the second"),
        probability_of_feature=menu(probability, "probability of a feature"),
    )
