import pytest
import torch
from torch.nn.functional import normalize

from course_utils.sae import SAE
from course_utils.worlds import WORLDS, FeatureWorld

EVERYTHING = FeatureWorld(families=10, together=10, apart=10, circles=3, zipf=0.5, noise=0.05, seed=3)


@pytest.fixture(scope="module")
def on():
    return EVERYTHING.draw(20_000).coefficients > 0


def test_rows_are_made_of_the_features():
    world = FeatureWorld(n_features=20, d=8, active=2)
    x, coefficients = world.draw(50)
    torch.testing.assert_close(x, coefficients @ world.directions)
    values = coefficients[coefficients > 0]
    assert values.min() >= 0.5 and values.max() <= 1.5
    torch.testing.assert_close(world.directions.norm(dim=1), torch.ones(20))


def test_features_are_as_frequent_as_asked_for(on):
    assert on.float().sum(dim=1).mean().item() == pytest.approx(EVERYTHING.active, rel=0.02)
    torch.testing.assert_close(on.float().mean(dim=0), EVERYTHING.probability, atol=0.01, rtol=0)


def test_zipf_makes_most_rare():
    even, uneven = FeatureWorld().probability, FeatureWorld(zipf=1.0, active=3).probability
    assert even.max() / even.min() == pytest.approx(1)
    assert uneven.max() / uneven.min() == pytest.approx(256, rel=1e-3)


def test_a_child_comes_with_its_parent_and_without_its_siblings(on):
    for parent, *children in EVERYTHING.family_members:
        assert not (on[:, children].any(dim=1) & ~on[:, parent]).any()
        assert on[:, children].sum(dim=1).max() == 1
        alone = (on[:, parent] & ~on[:, children].any(dim=1)).sum() / on[:, parent].sum()
        assert alone.item() == pytest.approx(0.25, abs=0.08)


def test_pairs_come_together_or_exclude_each_other(on):
    for first, second in EVERYTHING.together_pairs:
        both, either = (on[:, first] & on[:, second]).sum(), (on[:, first] | on[:, second]).sum()
        assert both / either > 0.7
    for first, second in EVERYTHING.apart_pairs:
        assert not (on[:, first] & on[:, second]).any()


def test_one_point_of_a_circle_at_a_time_and_all_in_a_plane(on):
    for points in EVERYTHING.circle_members:
        assert on[:, points].sum(dim=1).max() == 1
        spread = torch.linalg.svdvals(EVERYTHING.directions[points])
        assert (spread[2:] < 1e-5).all() and spread[1] > 1


def test_others_are_independent():
    world = FeatureWorld(active=40, zipf=0.0)
    on = (world.draw(20_000).coefficients > 0).float()
    correlation = torch.corrcoef(on[:, :50].T).fill_diagonal_(0)
    assert correlation.abs().max() < 0.04


def test_seeds():
    again, other = FeatureWorld(seed=3), FeatureWorld(seed=4)
    assert torch.equal(again.draw(5, seed=1).x, FeatureWorld(seed=3).draw(5, seed=1).x)
    assert not torch.equal(again.directions, other.directions)
    assert not torch.equal(again.draw(5, seed=1).x, again.draw(5, seed=2).x)
    first, second = again.batches(2, 5, seed=1)
    assert torch.equal(first, again.draw(5, seed=1).x) and not torch.equal(first, second)


@pytest.mark.parametrize(
    ("world", "said"),
    [
        ({"n_features": 10, "families": 3}, "takes 12 features; there are 10"),
        ({"active": 250.0}, "98% of the rows"),
        ({"n_features": 30, "active": 25.0, "apart": 2}, "exclude each other"),
        ({"noise": -1.0}, "noise is -1.0"),
        ({"d": 0}, "d is 0"),
    ],
)
def test_what_is_refused(world, said):
    with pytest.raises(ValueError, match=said):
        FeatureWorld(**world)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_no_autoencoder_begins_at_the_truth_of_the_bench(seed):
    for world in WORLDS.values():
        start = SAE(world.d, world.n_features, seed=seed).W_dec.detach()
        lot = torch.randn(world.n_features, world.d, generator=torch.Generator().manual_seed(99))
        found, by_lot = (
            (normalize(some, dim=1) @ world.directions.T).amax(dim=0).median() for some in (start, lot)
        )
        assert abs(found - by_lot) < 0.05
