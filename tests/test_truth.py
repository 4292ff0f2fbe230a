import pytest
import torch

from course_utils.reading import firing_f1, match_latents, matched_cosine, mean_max_cosine
from course_utils.worlds import FeatureWorld

WORLD = FeatureWorld(n_features=40, d=16, active=3)


def test_the_world_itself_is_found_in_any_order_and_length():
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    W_dec = WORLD.directions[order] * torch.arange(1, 41)[:, None]
    matched = match_latents(W_dec, WORLD.directions)
    assert torch.equal(order[matched], torch.arange(40))
    assert matched_cosine(W_dec, WORLD.directions) == pytest.approx(1, abs=1e-6)
    coefficients = WORLD.draw(2000).coefficients
    torch.testing.assert_close(firing_f1(coefficients[:, order], coefficients, matched), torch.ones(40))


def test_no_latent_stands_for_two():
    directions = torch.tensor([[1.0, 0.0], [0.8, 0.6]])
    W_dec = torch.tensor([[1.0, 0.2], [-1.0, 0.0]])  # one lies between them, the other nowhere
    assert mean_max_cosine(W_dec, directions) > 0.9
    assert matched_cosine(W_dec, directions) < 0.2


def test_the_best_sum_and_not_the_best_first():
    directions = torch.eye(2)
    W_dec = torch.tensor([[1.0, 0.9], [1.0, -0.2]])  # the first is nearest to both features
    assert match_latents(W_dec, directions).tolist() == [1, 0]


def test_features_without_a_latent_count_nothing():
    W_dec = WORLD.directions[:10]
    matched = match_latents(W_dec, WORLD.directions)
    assert (matched >= 0).sum() == 10
    assert matched_cosine(W_dec, WORLD.directions) == pytest.approx(0.25, abs=1e-6)
    coefficients = WORLD.draw(2000).coefficients
    assert firing_f1(coefficients[:, :10], coefficients, matched)[matched < 0].sum() == 0


def test_a_feature_that_is_never_on_is_refused():
    with pytest.raises(ValueError, match="draw more"):
        firing_f1(torch.ones(3, 2), torch.zeros(3, 2), torch.tensor([0, 1]))
