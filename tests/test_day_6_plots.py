import pytest
import torch
from matplotlib import pyplot as plt

from course_utils.plots import (
    plot_areas,
    plot_children,
    plot_densities,
    plot_hole,
    plot_lengths,
    plot_outlier_dimensions,
    plot_pareto,
    plot_runs,
)
from course_utils.training import History, Measurement


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_largest_dimensions_are_named():
    values = torch.ones(10, 6)
    values[:, 4], values[:, 1] = 12.0, 3.0
    ax = plot_outlier_dimensions(values, n_named=2)
    assert [text.get_text() for text in ax.texts] == ["dimension 4", "dimension 1"]
    assert ax.get_title() == "the largest is 12 times the median"


@pytest.mark.parametrize("longest", [2.1, 150.0, 4000.0, 1e6])
def test_the_labels_of_lengths_have_room_however_far_the_start_token_is_away(longest):
    ax = plot_lengths({"start token": torch.tensor([170 * longest]), "others": torch.tensor([150.0, 190.0])})
    low, high = ax.get_xlim()
    shown = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert 1 <= len(shown) <= 8
    plt.close("all")


def test_dead_latents_are_counted_in_the_legend():
    assert legend(plot_densities({"small": torch.tensor([0.0, 0.1, 0.2, 0.0])})) == ["small (50% dead)"]


def test_medians_are_told_and_what_is_no_number_left_out():
    ax = plot_areas({"neurons": torch.tensor([0.6, 0.7, 0.8, torch.nan])}, chance=0.75)
    assert legend(ax) == ["neurons, median 0.70", "luck reaches 0.75"]


def test_curves_are_joined_from_left_to_right():
    ax = plot_pareto({"TopK": [(32, 0.2), (8, 0.5)]}, {"shipped": (32, 0.1)})
    assert list(ax.lines[0].get_xdata()) == [8, 32] and legend(ax) == ["TopK", "shipped"]


def test_a_legend_lies_beside_curves_that_go_anywhere():
    for ax in (plot_densities({"a": torch.rand(90)}), plot_pareto({"PCA": [(128, 0.99), (8, 0.9)]})):
        ax.figure.canvas.draw()
        assert ax.get_legend().get_window_extent().x0 >= ax.bbox.x1
    plt.close("all")


def test_every_plot_labels_its_axes():
    run = History()
    run.append(Measurement(0, 1.0, 1.0, 0.5, 10.0, 0.1))
    axes = [
        plot_lengths({"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([30.0])}),
        plot_children({"big": torch.tensor([3, 0, 1])}),
        plot_hole(["whales", "ports"], [0.1, 0.9], [0.8, 0.7], title="sea"),
        *plot_runs({"L1": run}),
    ]
    assert all(ax.get_xlabel() for ax in axes)
    assert [t.get_text() for t in axes[2].get_yticklabels()] == ["whales", "ports"]
    plt.close("all")
