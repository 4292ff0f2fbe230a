import math

import pytest
import torch

from course_utils.lm import Activations
from course_utils.reading import dead_latents, firing_rates, fvu, l0, mean_max_cosine, pool_by_text, scores


def test_l0_counts_active_latents():
    assert l0(torch.tensor([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]])) == 1.5


def test_fvu_of_the_thing_itself_its_mean_and_a_half_way_house():
    x = torch.tensor([[0.0, 2.0], [4.0, 2.0]])
    mean = x.mean(dim=0).expand_as(x)
    assert fvu(x, x) == 0 and fvu(x, mean) == 1 and fvu(x, (x + mean) / 2) == 0.25


def test_fvu_is_what_slow_loops_give():
    x, x_hat = torch.randn(2, 9, 4, generator=torch.Generator().manual_seed(0))
    error = sum((x[n, i] - x_hat[n, i]) ** 2 for n in range(9) for i in range(4))
    spread = sum((x[n, i] - sum(x[:, i]) / 9) ** 2 for n in range(9) for i in range(4))
    assert fvu(x, x_hat) == pytest.approx(float(error / spread), rel=1e-5)


def test_fvu_refuses_what_has_no_variance():
    with pytest.raises(ValueError, match=r"x_hat has shape \(3, 3\), so n is 3, but it is 2 in x \(2, 3\)"):
        fvu(torch.ones(2, 3), torch.ones(3, 3))
    with pytest.raises(ValueError, match="constant"):
        fvu(torch.ones(2, 3), torch.ones(2, 3))


def test_dead_latents_from_latents_and_from_rates():
    latents = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 2.0]])
    assert firing_rates(latents).tolist() == [1.0, 0.0, 0.5]
    assert (
        dead_latents(latents).tolist() == dead_latents(firing_rates(latents)).tolist() == [False, True, False]
    )


def test_mean_max_cosine_looks_for_each_true_direction():
    W_dec = torch.tensor([[2.0, 0.0], [0.0, -1.0]])  # the second is found the wrong way round
    assert mean_max_cosine(W_dec, torch.tensor([[1.0, 0.0]])) == 1
    assert mean_max_cosine(W_dec, torch.eye(2)) == 0.5
    assert mean_max_cosine(W_dec, torch.tensor([[3.0, 3.0]])) == pytest.approx(math.sqrt(0.5))


def two_texts():
    """Text 0 has tokens (1, 8) and (3, 2), text 2 has (5, 5), text 1 none."""
    values = torch.tensor([[1.0, 8.0], [3.0, 2.0], [5.0, 5.0]])
    return Activations(values, torch.tensor([[0, 1], [0, 2], [2, 1]]))


@pytest.mark.parametrize(
    ("how", "expected"),
    [("max", [[3.0, 8.0], [0.0, 0.0], [5.0, 5.0]]), ("mean", [[2.0, 5.0], [0.0, 0.0], [5.0, 5.0]])],
)
@pytest.mark.parametrize("rows_at_a_time", [1, 4096])
def test_pooling_gives_one_row_a_text(how, expected, rows_at_a_time, monkeypatch):
    monkeypatch.setattr(scores, "ROWS_AT_A_TIME", rows_at_a_time)
    whole = two_texts()
    chunks = [Activations(whole.values[s], whole.where[s]) for s in (slice(0, 1), slice(1, 3))]
    for rows in (whole, chunks):
        assert pool_by_text(rows, 3, how).tolist() == expected


def test_pooling_encodes_before_it_pools():
    pooled = pool_by_text(two_texts(), 3, "max", encode=lambda x: (x - 4).relu())
    assert pooled.tolist() == [[0.0, 4.0], [0.0, 0.0], [1.0, 1.0]]


def test_pooling_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="there are max, mean"):
        pool_by_text(two_texts(), 3, "sum")
    with pytest.raises(ValueError, match="of text 2, but n_texts is 2"):
        pool_by_text(two_texts(), 2)
