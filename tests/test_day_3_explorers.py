"""Day 3's explorers: their sentences agree with what the package measures."""

import pytest
import torch

from course_utils.widgets import city_panel, closest_pair, packing_panel, polytope_panel
from course_utils.worlds import linear_regions, random_network

CITY = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 2.0]])
NAMES = ["east", "north", "tower"]


def test_the_closest_pair():
    i, j, degrees = closest_pair(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-3.0, -2.9]]))
    assert {i, j} < {0, 1, 2} and degrees == pytest.approx(45, abs=0.01)


def test_the_city_says_who_hides_whom():
    panel = city_panel(CITY, NAMES).set(tilt=90)
    assert "east and tower lie 0° apart; in space they are 63° apart" in panel.html
    assert "<img" in panel.html and 'alt="' in panel.html
    assert "east and tower lie 0°" not in panel.set(tilt=30).html


def test_packings_are_compared_with_the_bound():
    panel = packing_panel().set(n=4, d=3)
    assert "worst |cosine| is 0.33, the Welch bound 0.33" in panel.html
    assert "random directions" in panel.set(how="random").html


def test_regions_are_counted_and_bounded():
    panel = polytope_panel().set(width=3, depth=2, seed=4)
    found = len(linear_regions(random_network([3, 3], seed=4), half_width=2.0))
    assert f"6 neurons cut this window into {found} regions; no such network has more than 49" in panel.html


def test_the_names_of_places_are_text():
    html = city_panel(torch.eye(3), ["<img src=x>", "$x^$ & <b>", "$$"]).html
    said = html.rpartition("<div>")[2]
    assert said.count(" and ") == 1 and "<img" not in said and "<b>" not in said and "failed" not in html
