import pytest
import torch

from course_utils.lm import Activations
from course_utils.reading import latent_peaks_by_text, pool_by_text, record_firings
from course_utils.sae import SAE


def relu(x):
    return x.relu()


TABLE = torch.tensor([[1.0, 0.0, -2.0], [0.0, 0.0, 5.0], [3.0, 0.0, 4.0], [0.0, 0.0, 0.0]])


def test_what_is_above_zero_is_kept_sorted_by_latent():
    firings = record_firings(relu, TABLE)
    assert firings.rows.tolist() == [0, 2, 1, 2]
    assert firings.strengths.tolist() == [1, 3, 5, 4]
    assert firings.latents.tolist() == [0, 0, 2, 2]


def test_rates_and_maxima():
    firings = record_firings(relu, TABLE)
    assert firings.counts.tolist() == [2, 0, 2]
    assert firings.firing_rate.tolist() == [0.5, 0, 0.5]
    assert firings.strongest.tolist() == [3, 0, 5]


def test_one_latent_is_a_column_of_the_table():
    firings = record_firings(relu, TABLE)
    assert firings.column(2).tolist() == [0, 5, 4, 0] and firings.column(1).tolist() == [0, 0, 0, 0]
    rows, strengths = firings.of(0)
    assert rows.tolist() == [0, 2] and strengths.tolist() == [1, 3]


def test_rows_are_counted_across_chunks():
    values = torch.zeros(5000, 2)
    values[4999, 1] = 7.0
    firings = record_firings(relu, values)
    assert firings.rows.tolist() == [4999] and firings.n_rows == 5000


def test_the_whole_table_comes_back_from_its_columns():
    sae = SAE(8, 20, "topk", k=3, seed=0)
    x = torch.randn(50, 8, generator=torch.Generator().manual_seed(0))
    firings = record_firings(sae.encode, x)
    table = torch.stack([firings.column(i) for i in range(20)], dim=1)
    torch.testing.assert_close(table, sae.encode(x).detach())


def test_the_strongest_of_each_text_is_what_pooling_gives():
    sae = SAE(8, 20, seed=0)
    x = torch.randn(60, 8, generator=torch.Generator().manual_seed(1))
    where = torch.stack([torch.arange(60) // 7, torch.arange(60) % 7], dim=1)
    recorded = latent_peaks_by_text(record_firings(sae.encode, x), where, 10)
    slow = torch.zeros(10, 20)
    for (text, _), latents in zip(where.tolist(), sae.encode(x).detach(), strict=True):
        slow[text] = torch.maximum(slow[text], latents)
    torch.testing.assert_close(recorded, slow)
    torch.testing.assert_close(recorded, pool_by_text(Activations(sae.encode(x).detach(), where), 10))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="values is empty"):
        record_firings(relu, torch.zeros(0, 3))
    firings = record_firings(relu, TABLE)
    with pytest.raises(ValueError, match="3 rows of texts 0 to 0 do not fit firings on 4 rows"):
        latent_peaks_by_text(firings, torch.zeros(3, 2, dtype=torch.long), 1)
    with pytest.raises(ValueError, match="of 1 texts"):
        latent_peaks_by_text(firings, torch.ones(4, 2, dtype=torch.long), 1)
