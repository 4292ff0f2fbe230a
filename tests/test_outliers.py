import pytest
import torch

from course_utils.lm import Activations
from course_utils.reading import (
    fvu,
    metrics,
    outlier_dimensions,
    outlier_tokens,
    score_sae,
    without_outlier_tokens,
)
from course_utils.reading import outliers as module
from course_utils.sae import SAE


def loud(n: int = 300, d: int = 12) -> torch.Tensor:
    """Random rows of which dimension 7 is a hundred times as large as the others, and dimension 2 fifty times."""
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(0))
    x[:, 7] *= 100
    x[:, 2] = 50 + x[:, 2]  # nearly constant: an outlier all the same
    return x


@pytest.mark.parametrize("rows", [7, 5000])
def test_the_large_dimensions_are_named_largest_first(rows, monkeypatch):
    monkeypatch.setattr(module, "ROWS_AT_A_TIME", rows)
    assert outlier_dimensions(loud()).tolist() == [7, 2]
    assert outlier_dimensions(loud(), times=5000).tolist() == [7]


def test_the_bound_is_a_multiple_of_the_medians_mean_square():
    x = torch.tensor([[1.0, -1.0, 1.0, 9.9, 10.1]])
    assert outlier_dimensions(x).tolist() == [4]


def test_ordinary_activations_have_none_whatever_their_scale():
    x = torch.randn(200, 12, generator=torch.Generator().manual_seed(0))
    assert outlier_dimensions(x).tolist() == outlier_dimensions(1000 * x).tolist() == []
    with pytest.raises(ValueError, match="is empty"):
        outlier_dimensions(x[:0])


def test_the_fvu_without_outliers_is_that_of_the_other_dimensions(monkeypatch):
    monkeypatch.setattr(metrics, "ROWS_AT_A_TIME", 32)
    x, sae = loud(), SAE(12, 48, "topk", k=4)
    scores, x_hat = score_sae(sae, x), sae(x).x_hat
    others = [i for i in range(12) if i not in (2, 7)]
    assert scores.outliers.tolist() == [7, 2]
    assert scores.fvu == pytest.approx(fvu(x, x_hat), rel=1e-5)
    assert scores.fvu_without_outliers == pytest.approx(fvu(x[:, others], x_hat[:, others]), rel=1e-5)
    assert scores.fvu < scores.fvu_without_outliers


def test_without_outliers_both_errors_are_the_same():
    scores = score_sae(SAE(12, 48, "topk", k=4), torch.randn(100, 12))
    assert scores.fvu_without_outliers == scores.fvu and not len(scores.outliers)


def test_tokens_ten_times_as_long_as_the_median_are_left_out():
    values = torch.tensor([[3.0, 4.0], [0.0, 5.0], [0.0, 51.0], [0.0, 49.0], [5.0, 0.0]])
    where = torch.tensor([[0, 1], [0, 2], [1, 1], [1, 2], [1, 3]])
    assert outlier_tokens(values).tolist() == [False, False, True, False, False]
    assert outlier_tokens(values, times=9).sum() == 2
    kept = without_outlier_tokens(Activations(values, where))
    assert kept.where.tolist() == [[0, 1], [0, 2], [1, 2], [1, 3]] and len(kept.values) == 4


def test_where_no_token_stands_out_nothing_is_copied():
    ordinary = Activations(torch.ones(3, 2), torch.zeros(3, 2, dtype=torch.long))
    assert without_outlier_tokens(ordinary) is ordinary
    with pytest.raises(ValueError, match="is empty"):
        outlier_tokens(torch.ones(0, 2))
