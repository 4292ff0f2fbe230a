"""Angles, packings and bounds, against values that can be checked in the head and slow loops."""

import math

import pytest
import torch

from course_utils.worlds import (
    coherence,
    cosine_matrix,
    directions_within,
    excess_kurtosis,
    feature_dimensionality,
    johnson_lindenstrauss_dimension,
    moment_ratio,
    optimise_packing,
    packing_loss,
    pairwise_cosines,
    participation_ratio,
    random_directions,
    welch_bound,
)


def polygon(n, size=1.0):
    """n directions at equal angles, as columns of a (2, n) matrix."""
    angle = torch.arange(n) * 2 * math.pi / n
    return size * torch.stack([angle.cos(), angle.sin()])


def test_cosines_of_a_right_angle_and_of_opposites():
    directions = torch.tensor([[3.0, 0.0], [0.0, 2.0], [-5.0, 0.0]])
    torch.testing.assert_close(
        cosine_matrix(directions), torch.tensor([[1.0, 0.0, -1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
    )
    assert pairwise_cosines(directions).tolist() == [0, -1, 0]
    assert coherence(directions) == 1


def test_coherence_in_blocks_is_that_of_the_whole_matrix():
    directions = random_directions(2500, 6, seed=1)
    whole = cosine_matrix(directions).fill_diagonal_(0).abs().max().item()
    assert coherence(directions) == pytest.approx(whole, abs=1e-6)
    with pytest.raises(ValueError, match="no pair"):
        coherence(directions[:1])


def test_random_directions_are_repeatable_unit_vectors_with_cosines_of_one_over_root_d():
    directions = random_directions(500, 768, seed=3)
    torch.testing.assert_close(directions, random_directions(500, 768, seed=3))
    torch.testing.assert_close(directions.norm(dim=1), torch.ones(500))
    assert pairwise_cosines(directions).std().item() == pytest.approx(0.0361, abs=0.0005)


@pytest.mark.parametrize(
    ("n", "d", "bound"),
    [(3, 2, 0.5), (4, 3, 1 / 3), (5, 2, 0.612), (12_288, 768, 0.0349), (3, 3, 0), (2, 9, 0)],
)
def test_welch_bound(n, d, bound):
    assert welch_bound(n, d) == pytest.approx(bound, abs=5e-4)


def test_no_random_packing_beats_the_welch_bound():
    for n, d in [(5, 2), (9, 4), (30, 7)]:
        assert packing_loss(random_directions(n, d, seed=0), 2.0) >= welch_bound(n, d)
    with pytest.raises(ValueError, match="at least 1"):
        welch_bound(0, 3)


@pytest.mark.parametrize(
    ("n", "epsilon", "d"), [(10**4, 0.1, 7894), (10**5, 0.1, 9868), (10**6, 0.1, 11841), (10**6, 0.5, 663)]
)
def test_johnson_lindenstrauss(n, epsilon, d):
    assert int(johnson_lindenstrauss_dimension(n, epsilon)) == d


def test_johnson_lindenstrauss_is_scikit_learns():
    from sklearn.random_projection import johnson_lindenstrauss_min_dim

    assert int(johnson_lindenstrauss_dimension(5000, 0.3)) == johnson_lindenstrauss_min_dim(5000, eps=0.3)
    with pytest.raises(ValueError, match="between 0 and 1"):
        johnson_lindenstrauss_dimension(10, 1.0)


def test_directions_within_respect_the_limit_and_no_further_one_fits():
    kept = directions_within(0.5, 3, tries=2000, seed=0)
    assert coherence(kept) <= 0.5 + 1e-6
    refused = random_directions(2000, 3, seed=0)
    assert ((refused @ kept.T).abs().amax(dim=1) > 0.5 - 1e-6).all()


def test_packing_loss_is_the_power_mean_of_the_pairs():
    directions = torch.tensor([[2.0, 0.0], [3.0, 3.0], [0.0, 1.0]])  # 45, 90 and 45 degrees
    assert packing_loss(directions, 2.0).item() == pytest.approx(math.sqrt(1 / 3))
    assert packing_loss(directions, 100.0).item() == pytest.approx(math.sqrt(0.5), abs=0.01)


@pytest.mark.parametrize(
    ("n", "d", "best"),
    [(3, 2, 0.5), (4, 3, 1 / 3), (6, 3, 1 / math.sqrt(5)), (5, 2, math.cos(math.pi / 5)), (3, 3, 0)],
)
def test_packings_reach_the_known_best(n, d, best):
    assert coherence(optimise_packing(n, d, seed=0)) == pytest.approx(best, abs=2e-3)


def test_a_packing_beats_a_random_draw():
    assert coherence(optimise_packing(40, 10, seed=0, steps=200)) < 0.5 * coherence(
        random_directions(40, 10, seed=0)
    )
    with pytest.raises(ValueError, match="keep away"):
        optimise_packing(1, 3, seed=0)


@pytest.mark.parametrize(("n", "share"), [(2, 1 / 2), (3, 2 / 3), (4, 1 / 2), (5, 2 / 5), (6, 1 / 3)])
@pytest.mark.parametrize("size", [1.0, 0.3])
def test_feature_dimensionality_of_polygons_of_any_size(n, share, size):
    torch.testing.assert_close(feature_dimensionality(polygon(n, size)), torch.full((n,), share))


def test_a_lone_feature_has_a_dimension_and_an_absent_one_none():
    assert feature_dimensionality(torch.tensor([[0.5, 0.0], [0.0, 0.0]])).tolist() == [1, 0]


def test_feature_dimensionality_of_the_tetrahedron():
    tetrahedron = torch.tensor([[1.0, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
    torch.testing.assert_close(feature_dimensionality(tetrahedron), torch.full((4,), 3 / 4))


def test_feature_dimensionality_is_batched_and_sums_to_no_more_than_the_rank():
    W = torch.randn(2, 3, 4, 9, generator=torch.Generator().manual_seed(0))
    D = feature_dimensionality(W)
    assert D.shape == (2, 3, 9) and (D.sum(dim=-1) <= 4 + 1e-5).all()
    w = W[1, 2]
    by_hand = [
        (w[:, i] @ w[:, i]) / sum((w[:, i] @ w[:, j] / w[:, i].norm()) ** 2 for j in range(9))
        for i in range(9)
    ]
    torch.testing.assert_close(D[1, 2], torch.stack(by_hand))


def test_feature_dimensionality_has_a_gradient_even_where_a_feature_is_absent():
    W = torch.tensor([[1.0, 0.5, 0.0]], requires_grad=True)
    feature_dimensionality(W).sum().backward()
    assert W.grad.isfinite().all()


def test_participation_ratio_counts_equal_entries():
    assert participation_ratio(torch.tensor([[2.0, 0, 0, 0], [1, -1, 0, 0], [3, 3, -3, 3]])).tolist() == [
        1,
        2,
        4,
    ]
    assert participation_ratio(random_directions(50, 3000, seed=0)).mean().item() == pytest.approx(
        1000, rel=0.02
    )


def test_excess_kurtosis_is_scipys():
    from scipy.stats import kurtosis

    x = torch.randn(200, 3, generator=torch.Generator().manual_seed(0), dtype=torch.double).exp() + 5
    assert excess_kurtosis(x).tolist() == pytest.approx(kurtosis(x.numpy()).tolist())


def test_kurtosis_of_a_coin_is_minus_two_and_sparser_is_heavier():
    assert excess_kurtosis(torch.tensor([[0.0], [1.0]])).item() == pytest.approx(-2)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(400_000, 2, generator=generator) * (torch.rand(400_000, 2, generator=generator) < 0.1)
    assert moment_ratio(x).mean().item() == pytest.approx(18, rel=0.02)
