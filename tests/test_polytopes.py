"""Linear regions: exact in count, area and code; the affine map inside; bounds."""

import math

import numpy as np
import pytest
import torch

from course_utils.worlds import (
    ReLUNetwork,
    fit_network,
    forward_network,
    linear_regions,
    local_map,
    most_regions,
    random_network,
    spline_code,
)

TWO_LINES = ReLUNetwork((torch.eye(2), torch.ones(1, 2)), (torch.zeros(2), torch.zeros(1)))


def grid(half_width, n):
    line = torch.linspace(-half_width, half_width, n)
    return torch.stack(torch.meshgrid(line, line, indexing="ij"), dim=-1).reshape(-1, 2)


def test_two_perpendicular_borders_make_four_quarters():
    regions = linear_regions(TWO_LINES)
    assert sorted(region.code.tolist() for region in regions) == [
        [False, False],
        [False, True],
        [True, False],
        [True, True],
    ]
    assert [area(region.vertices) for region in regions] == pytest.approx([1.0] * 4)


def area(corners):
    """Of a polygon, corners in order."""
    x, y = (corners - corners[0]).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def test_the_area_of_a_triangle():
    assert area(np.array([[1.0, 1.0], [4.0, 1.0], [1.0, 3.0]])) == pytest.approx(3)


def test_code_and_answer_by_head():
    x = torch.tensor([[2.0, -1.0]])
    assert spline_code(x, TWO_LINES).tolist() == [[True, False]]
    assert forward_network(x, TWO_LINES).tolist() == [[2.0]]


@pytest.mark.parametrize("widths", [[5], [6, 6], [5, 4, 6]])
def test_regions_tile_the_window_and_hold_every_code_of_a_grid(widths):
    network = random_network(widths, seed=1)
    regions = linear_regions(network, half_width=2.0)
    assert sum(area(region.vertices) for region in regions) == pytest.approx(16)
    found = [region.code.tobytes() for region in regions]
    assert len(set(found)) == len(found)
    assert {row.tobytes() for row in spline_code(grid(2.0, 301), network).numpy()} <= set(found)


def test_each_region_has_the_code_of_its_middle():
    network = random_network([6, 6], seed=2)
    regions = linear_regions(network)
    middles = torch.tensor(np.array([region.vertices.mean(axis=0) for region in regions])).float()
    big = [area(region.vertices) > 1e-4 for region in regions]
    assert (spline_code(middles, network).numpy() == [region.code for region in regions])[big].all()


@pytest.mark.parametrize("n", [1, 3, 7])
def test_one_layer_in_a_large_window_reaches_zaslavskys_count(n):
    assert len(linear_regions(random_network([n], seed=0), half_width=1000.0)) == 1 + n + math.comb(n, 2)


def test_bounds():
    assert most_regions([3], d_in=2) == 7
    assert most_regions([3, 3], d_in=2) == 49
    assert most_regions([1, 5], d_in=2) == 2 * 6  # behind one neuron there is only a line to cut
    assert most_regions([4], d_in=9) == 2**4
    for seed in range(3):
        assert len(linear_regions(random_network([4, 4], seed=seed), half_width=1000.0)) <= most_regions(
            [4, 4], 2
        )


def test_regions_need_two_inputs():
    with pytest.raises(ValueError, match="reads 3"):
        linear_regions(random_network([4], seed=0, d_in=3))


def test_the_local_map_is_the_network_where_the_code_is_the_same():
    network = random_network([8, 8], seed=3, d_out=3)
    points = grid(1.0, 41)
    x = points[700]
    A, c = local_map(x, network.weights, network.biases)
    torch.testing.assert_close(
        A, torch.autograd.functional.jacobian(lambda x: forward_network(x[None], network)[0], x)
    )
    same = (spline_code(points, network) == spline_code(x[None], network)).all(dim=1)
    assert same.sum() > 1
    torch.testing.assert_close(forward_network(points, network)[same], (points @ A.T + c)[same])


def test_training_separates_two_halves_and_repeats():
    points = grid(1.0, 9)
    classes = (points[:, 0] > 0.1).long()
    network = fit_network(points, classes, [4], seed=0, steps=100)
    assert (forward_network(points, network).argmax(dim=1) == classes).float().mean() > 0.95
    again = fit_network(points, classes, [4], seed=0, steps=100)
    torch.testing.assert_close(network.weights, again.weights)
    assert not any(p.requires_grad for p in (*network.weights, *network.biases))
