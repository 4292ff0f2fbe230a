import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.plots import plot_activation_histogram, plot_firing_rates, plot_training
from course_utils.training import History, Measurement

plt.switch_backend("Agg")  # no window, whatever the machine


def history():
    run = History()
    for step in range(5):
        run.append(Measurement(step, 10.0 - step, 9.0 - step, 1 / (step + 1), 40.0, 0.25))
    return run


FIGURES = {
    plot_training: history(),
    plot_firing_rates: torch.tensor([0.0, 0.1, 0.01, 0.0]),
    plot_activation_histogram: torch.tensor([0.0, 1.0, 2.0, 0.0]),
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("plot", FIGURES)
def test_a_plot_labels_itself_and_returns_its_axes(plot):
    ax = plot(FIGURES[plot])
    assert ax.get_xlabel() and ax.get_ylabel() and ax.get_title()
    ax.figure.canvas.draw()


@pytest.mark.parametrize("plot", FIGURES)
def test_a_plot_draws_where_it_is_told(plot):
    _, (left, right) = plt.subplots(ncols=2)
    assert plot(FIGURES[plot], ax=right) is right
    assert not left.has_data() and right.has_data()
    assert len(plt.get_fignums()) == 1


def test_titles_count():
    assert plot_training(history()).get_title() == "fvu 0.20, l0 40, 25% dead"
    assert plot_firing_rates(FIGURES[plot_firing_rates]).get_title() == "2 of 4 dead"
    assert plot_activation_histogram(torch.tensor([0.0, 1.0])).get_title() == "active on 50% of 2 tokens"


def test_the_lines_of_a_training_run():
    ax = plot_training(history())
    assert ax.get_lines()[0].get_ydata().tolist() == history().fvu
    legend = ax.figure.axes[1].get_legend()
    assert {text.get_text() for text in legend.get_texts()} == {
        "variance unexplained",
        "dead latents",
        "l0",
    }


def test_nothing_alive_is_drawn_too():
    assert plot_firing_rates(torch.zeros(3)).get_title() == "3 of 3 dead"
    assert "active on 0%" in plot_activation_histogram(torch.zeros(3)).get_title()
    with pytest.raises(ValueError, match="before its first step"):
        plot_training(History())
