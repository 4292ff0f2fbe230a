import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.plots import (
    plot_bars,
    plot_lines,
    plot_matches,
    plot_on_air,
    plot_pareto_over_seeds,
    plot_phase_map,
    plot_shrinkage,
    plot_waveforms,
)

plt.switch_backend("Agg")

FEATURES = torch.tensor([[0.5, 0.0], [0.4, 0.0], [0.3, 0.2], [0.2, 0.0]])
GRID = torch.tensor([0.2, 0.5, 0.8])
RUNS = {"relu": [([4.0, 6.0], [0.2, 0.4]), ([1.0, 1.0], [0.8, 0.8])], "topk": [([2.0, 2.0], [0.3, 0.3])]}

FIGURES = {
    "on air": lambda: plot_on_air(FEATURES, 2),
    "waveforms": lambda: plot_waveforms(FEATURES[:, 0], {"OMP": FEATURES[:, 1]}, 2),
    "lines": lambda: plot_lines(
        [1, 2], {"a": [1, 2], "b": [2, 1]}, xlabel="x", ylabel="y", title="t", log=True
    ),
    "phase map": lambda: plot_phase_map(GRID, GRID, torch.rand(3, 3), GRID, measured=GRID, here=(0.5, 0.5)),
    "matches": lambda: plot_matches({"found": torch.tensor([0.5, 0.9]), "random": torch.tensor([0.2, 0.1])}),
    "shrinkage": lambda: plot_shrinkage(GRID, {"relu": GRID / 2}),
    "pareto": lambda: plot_pareto_over_seeds(RUNS, title="t"),
    "bars": lambda: plot_bars({"a": 0.5, "b": 0.7}, ylabel="y", title="t", level=0.6),
}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_labels_itself(name):
    ax = FIGURES[name]()
    assert ax.get_ylabel() and (ax.get_xlabel() or name == "bars")
    assert ax.get_title() or ax.get_title(loc="left")


def test_the_title_counts_who_is_on_the_air():
    assert FIGURES["on air"]().get_title() == "1.2 of 2 stations at once on average, 2 at most"


def test_the_window_is_named_in_milliseconds():
    assert FIGURES["waveforms"]().get_title(loc="left") == "2000 ms of one station"


def test_matches_are_sorted_and_their_mean_is_named():
    line, other = FIGURES["matches"]().lines
    assert line.get_ydata().tolist() == pytest.approx([0.9, 0.5]) and line.get_label() == "found: mean 0.70"
    assert other.get_linestyle() != line.get_linestyle()


def test_a_pareto_point_is_the_mean_over_seeds_and_settings_are_in_order():
    first = FIGURES["pareto"]().containers[0]
    line, _, (across, up) = first
    assert line.get_xdata().tolist() == [1.0, 5.0] and line.get_ydata().tolist() == pytest.approx([0.8, 0.3])
    bar = up.get_segments()[1]  # of the point at l0 = 5: 0.3, one standard deviation of 0.2 and 0.4 each way
    assert (bar[1] - bar[0])[1] == pytest.approx(2 * torch.tensor([0.2, 0.4]).std().item())
    assert (across.get_segments()[0][1] - across.get_segments()[0][0])[0] == 0  # both seeds had the same


def test_every_architecture_has_a_mark_of_its_own():
    one, two = FIGURES["pareto"]().containers
    assert one[0].get_marker() != two[0].get_marker() and one[0].get_color() != two[0].get_color()
