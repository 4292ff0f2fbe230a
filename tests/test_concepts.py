import math

import pytest
import torch
from scipy.stats import entropy, norm
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

from course_utils.reading import chance_roc_area, concept_scores, concepts, monosemanticity, profile_entropy


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


@pytest.mark.parametrize("values_at_a_time", [1, 700, 500_000])
def test_roc_areas_are_scikit_learns(values_at_a_time, monkeypatch):
    monkeypatch.setattr(concepts, "VALUES_AT_A_TIME", values_at_a_time)
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
            assert found.f1[unit, concept] == pytest.approx(f1_score(truth, fired))
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


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([3.0, 3.0, 1.0, 3.0, 0.0], 3),  # a tie between the concept and another: all of it fires, F1 is 4/5
        ([4.0, 1.0, 3.0, 2.0, 0.0], 4),  # at 4 and at 1 F1 is 2/3: the highest counts
    ],
)
def test_the_best_threshold_among_ties(values, best):
    found = concept_scores(torch.tensor(values)[:, None], torch.tensor([0, 0, 1, 1, 1]), 2)
    assert found.threshold[0, 0] == best


def test_a_concept_on_one_side_only():
    values = torch.tensor([[0.0], [1.0], [2.0], [0.5], [3.0]])
    held_out = torch.tensor([False, False, True, True, True])
    # 1 to learn, 2 to judge
    found = concept_scores(values, torch.tensor([0, 1, 2, 0, 0]), 3, held_out=held_out)
    assert found.roc_area[0].isnan().tolist() == [False, True, False]
    assert found.train_roc_area[0].isnan().tolist() == [False, False, True]
    assert found.threshold[0].tolist() == [0, 1, math.inf]
    assert found.recall[0, 1].isnan() and found.recall[0, 2] == 0 and found.precision[0, 2].isnan()


def test_halves_gradients_and_many_concepts_make_no_difference():
    values, ids = noisy()
    plain = concept_scores(values, ids, 4)
    for other in (values.bfloat16(), values.clone().requires_grad_()):
        for one, same in zip(plain, concept_scores(other, ids, 4), strict=True):
            assert torch.equal(one, same)
    many = concept_scores(values, ids, 70_000)
    assert torch.equal(many.roc_area[:, :4], plain.roc_area)
    assert torch.equal(many.threshold[:, :4], plain.threshold)


def test_scores_refuse_what_does_not_fit():
    values, ids = noisy(n=6)
    with pytest.raises(ValueError, match="so n is 5, but it is 6 in values"):
        concept_scores(values, ids[:5], 4)
    with pytest.raises(ValueError, match=r"held_out has shape .*so n is 5, but it is 6"):
        concept_scores(values, ids, 4, held_out=torch.ones(5, dtype=torch.bool))
    with pytest.raises(ValueError, match="between 0 and 1"):
        concept_scores(values, torch.tensor([0, 1, 2, 0, 1, 2]), 2)
    with pytest.raises(ValueError, match="leave some"):
        concept_scores(values, ids, 4, held_out=torch.ones(6, dtype=torch.bool))
    with pytest.raises(ValueError, match="values has NaN or infinity"):
        concept_scores(values * math.nan, ids, 4)


def test_units_may_lie_on_several_axes():
    values, ids = noisy(units=6)
    flat = concept_scores(values, ids, 4)
    layered = concept_scores(values.view(300, 2, 3), ids, 4)
    for one, other in zip(flat, layered, strict=True):
        assert torch.equal(one.view(2, 3, 4), other)
    assert torch.equal(flat.chosen, layered.chosen)


def test_the_chosen_unit_is_the_best_on_training_rows_and_judged_on_the_others():
    # unit 0 learns, unit 1 is right later
    values = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    held_out = torch.tensor([False, False, True, True])
    found = concept_scores(values, torch.tensor([0, 1, 0, 1]), 2, held_out=held_out)
    assert found.chosen.tolist() == [1, 0]
    assert found.of_chosen().train_roc_area.tolist() == [1, 1]
    assert found.of_chosen().roc_area.tolist() == [1, 0]


def test_a_unit_that_hits_nothing_has_f1_zero():
    values = torch.tensor([[0.0], [1.0], [2.0], [0.5]])
    held_out = torch.tensor([False, False, True, True])
    found = concept_scores(values, torch.tensor([0, 1, 0, 1]), 2, held_out=held_out)
    assert found.threshold[0, 1] == 1 and found.recall[0, 1] == 0 and found.f1[0, 1] == 0


def test_chance_is_where_the_best_of_many_ignorant_units_ends():
    generator = torch.Generator().manual_seed(0)
    ids = (torch.arange(400) < 40).long()
    best = [
        concept_scores(torch.randn(400, 50, generator=generator), ids, 2).roc_area[:, 1].max()
        for _ in range(300)
    ]
    beaten = (torch.stack(best) > chance_roc_area(40, 360, 50)).float().mean()
    assert 0.02 < beaten < 0.09


def test_chance_for_one_unit_is_the_normal_quantile():
    expected = 0.5 + norm.isf(0.05) * math.sqrt(101 / (12 * 20 * 80))
    assert chance_roc_area(20, 80).item() == pytest.approx(expected, rel=1e-6)
    rises = chance_roc_area(torch.tensor([20, 5]), 80, 10_000_000_000)
    assert expected < rises[0] < rises[1] <= 1


def test_chance_refuses_what_it_cannot_say():
    with pytest.raises(ValueError, match="at least one row"):
        chance_roc_area(0, 5)
    with pytest.raises(ValueError, match="level is 1"):
        chance_roc_area(5, 5, level=1)


def test_monosemanticity_by_hand():
    area = torch.tensor([[1.0, 0.5, 0.2, 0.5], [0.95, 0.95, 0.5, 0.5], [0.5, 0.4, math.nan, 0.5]])
    found = monosemanticity(area)
    assert found.n_concepts.tolist() == [1, 2, 0]
    assert found.entropy[:2].tolist() == [0, 1] and found.entropy[2].isnan()
    assert found.best_concept[0] == 0 and found.best_area.tolist() == pytest.approx([1, 0.95, 0.5])


def test_entropy_counts_concepts():
    profile = torch.tensor([[0.0, 7.0, 0.0, 0.0], [2.0, 2.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    assert profile_entropy(profile).tolist() == [0, 1, 2]


def test_entropy_is_scipys():
    area = torch.rand(5, 7, generator=torch.Generator().manual_seed(0))
    expected = entropy((area - 0.5).clamp(min=0).numpy(), base=2, axis=1)
    assert monosemanticity(area).entropy.numpy() == pytest.approx(expected, rel=1e-5)
