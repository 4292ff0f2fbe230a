import math

import pytest
import torch
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from course_utils import scores
from course_utils.activations import Activations
from course_utils.scores import (
    concept_scores,
    dead_latents,
    firing_rates,
    fvu,
    l0,
    mean_max_cosine,
    pool_by_text,
)


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
    with pytest.raises(ValueError, match=r"\(2, 3\), x_hat \(3, 3\)"):
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
    with pytest.raises(ValueError, match="'max' or 'mean'"):
        pool_by_text(two_texts(), 3, "sum")
    with pytest.raises(ValueError, match="of text 2, but n_texts is 2"):
        pool_by_text(two_texts(), 2)


def test_roc_area_by_hand():
    values = torch.tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [0.0, 5.0]])
    area = concept_scores(values, torch.tensor([0, 0, 1, 1]), 2).roc_area
    # unit 0: of the four pairs (3 or 0 against 1 or 2) concept 1 wins two; unit 1: wins two, ties two
    assert area.tolist() == [[0.5, 0.5], [0.25, 0.75]]


def noisy(n=300, units=7, n_concepts=4, zeros=0.6, seed=0):
    """Values with many zeros and many ties, as latents have them."""
    generator = torch.Generator().manual_seed(seed)
    values = (3 * torch.rand(n, units, generator=generator)).mul(4).round() / 4
    values[torch.rand(n, units, generator=generator) < zeros] = 0
    return values, torch.randint(n_concepts, (n,), generator=generator)


@pytest.mark.parametrize("values_at_a_time", [1, 700, 1_000_000])
def test_roc_areas_are_scikit_learns(values_at_a_time, monkeypatch):
    monkeypatch.setattr(scores, "VALUES_AT_A_TIME", values_at_a_time)
    values, ids = noisy()
    found = concept_scores(values, ids, 4)
    for unit in range(7):
        for concept in range(4):
            expected = roc_auc_score(ids == concept, values[:, unit])
            assert found.roc_area[unit, concept].item() == pytest.approx(expected, abs=1e-6)
    assert torch.equal(found.roc_area, found.train_roc_area)


def f1(is_concept, fired):
    return 2 * (is_concept & fired).sum() / (is_concept.sum() + fired.sum())


def test_thresholds_come_from_training_rows_and_are_judged_on_the_others():
    values, ids = noisy()
    held_out = torch.arange(300) % 3 == 0
    found = concept_scores(values, ids, 4, held_out=held_out)
    train_values, train_ids = values[~held_out], ids[~held_out]
    for unit in range(7):
        for concept in range(4):
            tried = {
                t.item(): f1(train_ids == concept, train_values[:, unit] >= t) for t in train_values[:, unit]
            }
            threshold = found.threshold[unit, concept]
            assert tried[threshold.item()] == max(tried.values())
            truth, fired = ids[held_out] == concept, values[held_out, unit] >= threshold
            assert found.precision[unit, concept] == pytest.approx(precision_score(truth, fired))
            assert found.recall[unit, concept] == pytest.approx(recall_score(truth, fired))
            area = roc_auc_score(truth, values[held_out, unit])
            assert found.roc_area[unit, concept].item() == pytest.approx(area, abs=1e-6)


def test_a_perfect_unit():
    values = torch.tensor([[0.0], [0.5], [2.0], [3.0]])
    found = concept_scores(values, torch.tensor([0, 0, 1, 1]), 2)
    assert found.roc_area[0, 1] == 1 and found.threshold[0, 1] == 2
    assert found.precision[0, 1] == 1 and found.recall[0, 1] == 1


def test_a_concept_without_rows_has_no_score():
    found = concept_scores(torch.tensor([[0.0], [1.0]]), torch.tensor([0, 0]), 2)
    assert found.roc_area.isnan().all()
    assert found.threshold[0, 1] == math.inf and found.precision[0, 1].isnan() and found.recall[0, 1].isnan()


def test_scores_refuse_what_does_not_fit():
    values, ids = noisy(n=6)
    with pytest.raises(ValueError, match="6 rows of values need 6 concept_ids"):
        concept_scores(values, ids[:5], 4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        concept_scores(values, torch.tensor([0, 1, 2, 0, 1, 2]), 2)
    with pytest.raises(ValueError, match="leave some"):
        concept_scores(values, ids, 4, held_out=torch.ones(6, dtype=torch.bool))
    with pytest.raises(ValueError, match="cannot be ranked"):
        concept_scores(values * math.nan, ids, 4)
