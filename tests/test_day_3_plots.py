"""Day 3's figures: each labels itself."""

import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.plots import (
    axes_side_by_side,
    plot_against,
    plot_break_even,
    plot_city,
    plot_cosines,
    plot_measured_lines,
    plot_packing,
    plot_region_groups,
    plot_regions,
    plot_spread,
    plot_weights,
    seen_from,
)
from course_utils.worlds import linear_regions, random_directions, random_network

CITY = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 2.0]])
NAMES = ["east", "north", "tower"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_every_figure_has_a_title_and_names_its_axes():
    two = {"a": random_directions(9, 4, seed=0), "b": random_directions(9, 4, seed=1)}
    values = torch.linspace(0.5, 1, 12)
    regions = linear_regions(random_network([3], seed=0))
    figures = [
        plot_cosines(two),
        plot_packing(two),
        plot_measured_lines([1, 2], {"x": [1, 2]}, dashed={"y": [1, 4]}, xlabel="k", ylabel="v", title="t"),
        plot_spread({"a": values, "b": values}, "value", title="t"),
        plot_against(values, values, "x", "y", title="t"),
        plot_weights(torch.randn(3, 20), ["a", "b", "c"], title="t"),
        plot_break_even([1.0, 9.0], [2.0, 0.1], ["p", "q"], ["f", "g"]),
        plot_regions(regions),
        plot_region_groups(regions, [0] * len(regions), ["one"]),
    ]
    for ax in figures:
        assert ax.get_title() and ax.get_xlabel()
        assert ax.get_ylabel() or ax.get_yticklabels()
    assert len(axes_side_by_side(3)) == 3


def test_from_above_a_tower_stands_where_its_door_is():
    above = seen_from(CITY, turn=0, tilt=90)
    torch.testing.assert_close(above, torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), atol=1e-6, rtol=0)
    side = seen_from(CITY, turn=0, tilt=0)
    torch.testing.assert_close(side, torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 2.0]]), atol=1e-6, rtol=0)
    assert "from above" in plot_city(CITY, NAMES, 0, 90).get_title()
