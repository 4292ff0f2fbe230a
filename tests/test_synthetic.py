"""Features come as often, as large and in the company that was asked for."""

import numpy as np
import pytest
import torch

from course_utils.worlds import ToyTask, feature_rng

N = 40_000


def draw(probability, **kwargs):
    p = torch.as_tensor(probability)
    return ToyTask(p, torch.ones_like(p), **kwargs).batch(N, feature_rng(0))[0]


def pairs(correlation, p=0.25):
    """How often each of two features is on, and how often both, for one kind of company."""
    on = draw([[p, p]], correlation=torch.tensor([correlation]))[0] > 0
    return on.float().mean(dim=0), on.all(dim=1).float().mean().item()


def test_each_feature_is_on_as_often_as_asked_and_uniform_then():
    x = draw([[1.0, 0.5, 0.1], [0.2, 0.2, 0.2]])
    assert x.shape == (2, N, 3)
    assert torch.allclose(
        (x > 0).float().mean(dim=1), torch.tensor([[1, 0.5, 0.1], [0.2, 0.2, 0.2]]), atol=0.01
    )
    present = x[0, :, 1][x[0, :, 1] > 0]
    assert present.mean() == pytest.approx(1 / 2, abs=0.01)
    assert present.square().mean() == pytest.approx(1 / 3, abs=0.01)
    assert x.min() >= 0 and x.max() <= 1


def test_signed_values_are_uniform_on_both_sides():
    x = draw([[0.5]], target="absolute")
    present = x[x != 0]
    assert len(present) / N == pytest.approx(0.5, abs=0.01)
    assert present.mean() == pytest.approx(0, abs=0.02) and present.square().mean() == pytest.approx(
        1 / 3, abs=0.01
    )


@pytest.mark.parametrize(
    ("correlation", "both"), [(0.0, 0.25**2), (1.0, 0.25), (-1.0, 0.0), (0.5, 0.5 * 0.25 + 0.5 * 0.25**2)]
)
def test_company_changes_who_meets_and_not_how_often_each_is_on(correlation, both):
    alone, together = pairs(correlation)
    assert torch.allclose(alone, torch.tensor([0.25, 0.25]), atol=0.01)
    assert together == pytest.approx(both, abs=0.01)


def test_companions_have_values_of_their_own():
    x = draw([[0.5, 0.5]], correlation=torch.ones(1))[0]
    x = x[x[:, 0] > 0]
    assert torch.corrcoef(x.T)[0, 1].abs() < 0.02


def test_sets_are_neighbours_and_keep_to_themselves():
    on = draw([[0.2] * 6], correlation=-torch.ones(1), set_size=3)[0] > 0
    assert on[:, :3].sum(dim=1).max() == 1 and on[:, 3:].sum(dim=1).max() == 1
    assert (on[:, 0] & on[:, 3]).float().mean() == pytest.approx(0.04, abs=0.01)


def test_each_instance_has_its_own_company():
    on = draw([[0.25, 0.25]] * 2, correlation=torch.tensor([1.0, -1.0])) > 0
    assert (on[0, :, 0] == on[0, :, 1]).all() and not on[1].all(dim=1).any()


def test_the_same_seed_draws_the_same():
    assert torch.equal(draw([[0.3]]), draw([[0.3]]))


@pytest.mark.parametrize(
    ("probability", "kwargs", "said"),
    [
        ([[0.0]], {}, "sparsity < 1"),
        ([[1.5]], {}, "sparsity < 1"),
        ([[0.1, 0.1]], dict(correlation=torch.tensor([2.0])), "between -1 and 1"),
        ([[0.1] * 3], dict(correlation=torch.ones(1)), "sets of 2"),
        ([[0.1, 0.2]], dict(correlation=torch.ones(1)), "same sparsity"),
        ([[0.6, 0.6]], dict(correlation=-torch.ones(1)), "at least 0.50"),
    ],
)
def test_what_cannot_be_drawn_is_refused(probability, kwargs, said):
    with pytest.raises(ValueError, match=said):
        draw(probability, **kwargs)


def test_the_target_of_a_task_is_the_features_or_their_absolute_values():
    p = torch.full((1, 4), 0.5)
    x, target = ToyTask(p, p).batch(10, feature_rng(0))
    assert torch.equal(x, target)
    x, target = ToyTask(p, p, target="absolute").batch(10, feature_rng(0))
    assert (x < 0).any() and torch.equal(x.abs(), target)


@pytest.mark.parametrize("batch_size", [7, 8])  # an odd and an even number of numbers
@pytest.mark.parametrize("bits", [np.random.SFC64, np.random.MT19937])
def test_one_draw_takes_the_generators_own_float32_numbers(batch_size, bits):
    p, rng = torch.tensor([[0.2, 0.5, 1.0]]), np.random.Generator(bits(5))
    other = np.random.Generator(bits(5))
    u = torch.from_numpy(other.random((1, batch_size, 3), dtype=np.float32))
    expected = (1 - u / p[:, None]).relu()
    torch.testing.assert_close(ToyTask(p, p).batch(batch_size, rng)[0], expected, atol=1e-6, rtol=0)
    assert rng.random() == other.random()  # what comes next is the same too
