import time

import torch

from course_utils.widgets import SIDEWAYS, in_the_plane, phase_panel, toy_model_panel, toy_model_view
from course_utils.worlds import fit_toy_models


def test_a_model_is_trained_on_the_spot():
    html = toy_model_view(4, 2, sparsity=0.9, importance=1.0, steps=500)
    assert "4 of 4 features have a direction in 2 dimensions" in html and "data:image/png" in html


def test_any_number_of_dimensions_can_be_shown():
    assert "in 1 dimensions" in toy_model_view(3, 1, sparsity=0.5, importance=0.8, steps=20)
    assert "in 5 dimensions" in toy_model_view(3, 5, sparsity=0.0, importance=0.8, steps=20)


def test_three_dimensions_are_seen_from_the_side():
    assert torch.allclose(SIDEWAYS @ SIDEWAYS.T, torch.eye(2), atol=0.02)
    pair = torch.tensor([[1.0, -1.0], [0.5, -0.5], [2.0, -2.0]])
    seen, _ = in_the_plane(pair[None])
    # opposites stay opposite
    assert seen.shape == (1, 2, 2) and torch.allclose(seen[0, :, 0], -seen[0, :, 1])
    assert SIDEWAYS.norm(dim=0).min() > 0.5  # no axis points at the eye, so none shrinks to a dot


def test_a_line_and_a_plane_are_shown_as_they_are():
    line, _ = in_the_plane(torch.tensor([[[0.5, -1.0]]]))
    assert line.tolist() == [[[0.5, -1.0], [0.0, 0.0]]]
    plane = torch.rand(1, 2, 5)
    assert in_the_plane(plane)[0] is plane


def test_moving_a_control_trains_another_model():
    panel = toy_model_panel()
    before = panel.html
    panel.set(n_features=3)
    assert "of 3 features" in panel.html and panel.html != before


def walk():
    r, p = torch.tensor([0.1, 1.0]), torch.tensor([0.05, 0.9])
    cells = torch.cartesian_prod(p, r)
    weights = torch.stack([torch.ones(4), cells[:, 1]], dim=1)
    models = fit_toy_models(2, 1, sparsity=1 - cells[:, 0], importance=weights, steps=5, progress=False)
    return phase_panel(models, r, p, torch.tensor([[3, 3], [1, 0]]), torch.tensor([0.2, 0.5]))


def test_the_walk_shows_the_cell_that_was_asked_for():
    panel = walk()
    panel.set(importance_of_second=0, probability_of_feature=1)
    assert "Importance 0.10, probability 0.900; a direction for: first only." in panel.html
    panel.set(importance_of_second=1, probability_of_feature=0)
    assert "Importance 1.00, probability 0.050; a direction for: both: superposition." in panel.html


def test_a_step_of_the_walk_takes_less_than_a_tenth_of_a_second_and_moves_the_ring():
    panel, seen = walk(), set()
    took = []
    for i in range(8):
        panel.set(probability_of_feature=i // 2 % 2)
        began = time.process_time()
        seen.add(panel.set(importance_of_second=i % 2).html)
        took.append(time.process_time() - began)
    assert sorted(took)[4] < 0.1
    assert len(seen) == 4
