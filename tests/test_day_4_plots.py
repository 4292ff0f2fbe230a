import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.plots import (
    CYCLE,
    plot_arrows,
    plot_capacity,
    plot_dimensionality,
    plot_dimensions_per_feature,
    plot_gram,
    plot_interference,
    plot_levels,
    plot_line_solution,
    plot_neurons,
    plot_phases,
    plot_price,
)

plt.switch_backend("Agg")

W = torch.tensor([[[1.0, 0.0, -1.0], [0.0, 0.5, 0.2]], [[0.3, 0.2, 0.1], [1.0, 1.0, 1.0]]])
NAMES = ["one", "two"]
SPARSITY = torch.tensor([0.0, 0.9])
SHARES = torch.tensor([[1.0, 0.5, 0.0], [0.4, 0.4, 0.2]])
PHASE = torch.tensor([[3, 3], [1, 2]])

FIGURES = {
    "gram": lambda: plot_gram(W, NAMES),
    "arrows": lambda: plot_arrows(W, NAMES),
    "interference": lambda: plot_interference(W.norm(dim=1), SHARES, NAMES),
    "dimensionality": lambda: plot_dimensionality(SPARSITY, SHARES),
    "per feature": lambda: plot_dimensions_per_feature(SPARSITY, torch.tensor([1.0, 0.5])),
    "levels": lambda: plot_levels([0, 10], SHARES),
    "phases": lambda: plot_phases(SPARSITY + 0.1, SPARSITY + 0.1, PHASE, SPARSITY + 0.2, marked=(0, 1)),
    "line": lambda: plot_line_solution(torch.tensor([1.0, -1.0]), {"trained": 0.1}, title="both"),
    "capacity": lambda: plot_capacity(torch.tensor([1.8, 18.0]), SHARES),
    "neurons": lambda: plot_neurons(W, NAMES),
    "price": lambda: plot_price(SPARSITY + 0.1, {"free": SHARES[0, :2]}, "x", title="cost"),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_labels_itself_and_can_be_drawn(name):
    ax = FIGURES[name]()
    assert ax.get_xlabel() and (ax.get_title() or name == "levels")
    ax.figure.canvas.draw()


def test_the_gram_picture_is_the_product():
    ax = plot_gram(W, NAMES)
    assert torch.allclose(torch.tensor(ax.images[0].get_array().data).float(), W[0].T @ W[0])


def test_an_arrow_ends_at_its_column():
    ax = plot_arrows(W, NAMES)
    assert [list(line.get_xdata())[1] for line in ax.get_lines()] == W[0, 0].tolist()


def test_the_phase_picture_names_only_the_phases_that_occur():
    ax = plot_phases(SPARSITY + 0.1, SPARSITY + 0.1, PHASE)
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert said == ["first only", "second only", "both: superposition"]


def test_features_without_capacity_are_left_out_of_the_stack():
    shares = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    assert len(plot_capacity(torch.tensor([1.8, 18.0]), shares).collections) == 2


def test_numbers_and_colours_name_the_features_in_every_panel():
    W = torch.tensor([[[1.0, -0.5, 0.0], [0.0, 0.5, 0.01]]])
    arrows = plot_arrows(W, ["three"], numbered=True)
    # feature 2 is too short for an arrow
    assert [text.get_text() for text in arrows.texts] == ["0", "1"]
    assert [line.get_color() for line in arrows.lines] == list(CYCLE[:3])
    gram = plot_gram(W, ["three"], numbered=True)
    assert [tick.tick1line.get_color() for tick in gram.xaxis.get_major_ticks()] == list(CYCLE[:3])
    assert [text.get_text() for text in gram.get_yticklabels()] == ["0", "1", "2"]
