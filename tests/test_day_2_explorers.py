import pytest
import torch

from course_utils.lm import Passage
from course_utils.widgets import Side, neuron_panel, passages_side_by_side, vision_panel
from course_utils.worlds import PICTURE_CONCEPTS, VisionNetwork, alpha_beta_rule, draw_pictures, epsilon_rule

SIDES = [
    Side("chess <notation>", 0.98, [Passage(("1", ".", " e4"), (0.0, 0.5, 1.0), 0, 1.0)]),
    Side("soup", 0.91, [Passage((" <b>", " hot"), (4.0, 0.0), 1, 4.0)]),
]


def test_sides_are_escaped_and_share_one_scale():
    html = passages_side_by_side(SIDES, title="layer 1 & neuron 2")
    assert "chess &lt;notation&gt;" in html and "&amp;" in html and "<b> " not in html
    assert "rgba(255,140,0,1.00)" in html and "rgba(255,140,0,0.25)" in html  # 1.0 beside a strongest of 4.0


def test_the_neuron_menu_changes_the_view():
    panel = neuron_panel({"one": SIDES[:1], "two": SIDES[1:]})
    assert "chess" in panel.html and "soup" not in panel.html
    assert "soup" in panel.set(neuron="two").html


@pytest.fixture
def panel():
    return vision_panel(
        VisionNetwork(4), draw_pictures(2, seed=0), {"epsilon": epsilon_rule, "alpha": alpha_beta_rule}
    )


def test_every_control_changes_the_vision_view(panel):
    seen = [panel.html]
    for change in (dict(concept=PICTURE_CONCEPTS[3]), dict(number=2), dict(rule="alpha"), dict(why=1)):
        seen.append(panel.set(**change).html)
    assert len(set(seen)) == len(seen) and all("data:image/png" in html for html in seen[:-1])


def test_a_silent_unit_is_a_sentence(panel):
    network = VisionNetwork(4)
    with torch.no_grad():
        network.W_units[:, 2] = -1.0
    shown = vision_panel(network, draw_pictures(1, seed=0), {"epsilon": epsilon_rule}).set(why=2).html
    assert "does not fire" in shown
