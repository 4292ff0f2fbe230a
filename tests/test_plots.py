import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.text import Text

from course_utils.plots import (
    figure_png,
    plot_areas,
    plot_bars,
    plot_city,
    plot_line_solution,
    plot_patching_map,
    plot_table,
    plot_training,
    plot_weights,
)
from course_utils.training import History, Measurement

plt.switch_backend("Agg")  # no window, whatever the machine


def history():
    run = History()
    for step in range(5):
        run.append(Measurement(step, 10.0 - step, 9.0 - step, 1 / (step + 1), 40.0, 0.25))
    return run


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_a_plot_labels_itself_and_returns_its_axes():
    ax = plot_training(history())
    assert ax.get_xlabel() and ax.get_ylabel() and ax.get_title()
    ax.figure.canvas.draw()


def test_a_plot_draws_where_it_is_told():
    _, (left, right) = plt.subplots(ncols=2)
    assert plot_training(history(), ax=right) is right
    assert not left.has_data() and right.has_data()
    assert len(plt.get_fignums()) == 1


def test_titles_count():
    assert plot_training(history()).get_title() == "fvu 0.20, l0 40, 25% dead"


def test_the_lines_of_a_training_run():
    ax = plot_training(history())
    assert ax.get_lines()[0].get_ydata().tolist() == history().fvu
    legend = ax.figure.axes[1].get_legend()
    assert {text.get_text() for text in legend.get_texts()} == {
        "variance unexplained",
        "dead latents",
        "l0",
    }


def test_a_training_that_has_not_begun_is_refused():
    with pytest.raises(ValueError, match="before its first step"):
        plot_training(History())


@pytest.mark.parametrize("label", ["$$", "$x^$", "a$b$c", "$"])
def test_dollars_in_names_begin_no_formula(label):
    shown = [
        plot_patching_map(torch.ones(1, 2), [label], [label, "b"]),
        plot_table(torch.ones(1, 2), [label], [label, "b"]),
        plot_weights(torch.ones(1, 3), [label], title=""),
        plot_city(torch.eye(3), [label, "b", "c"], 0, 90),
        plot_bars({label: 0.5}, ylabel="share"),
        plot_bars({"a": 0.5}, ylabel=label),
        plot_areas({label: torch.rand(5)}, chance=0.75),
        plot_line_solution(torch.ones(2), {"": 0.0}, title=label),
    ]
    for ax in shown:
        figure_png(ax)
        words = [text.get_text().replace("\\$", "$") for text in ax.findobj(Text)]
        assert any(label in word for word in words)
        plt.close(ax.figure)
