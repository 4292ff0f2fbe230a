"""The bench's formulas against SAEBench's, written out word for word as slow loops."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from course_utils.lm import Activations
from course_utils.reading import (
    absorption_fractions,
    by_text,
    found_again,
    fvu,
    main_latents,
    mean_differences,
    mean_of,
    pca_sae,
    removed_parts,
    targeted_removal,
    untrained_sae,
)
from course_utils.sae import SAE


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# ── absorption: feature_absorption_calculator.py, FeatureAbsorptionCalculator.calculate_absorption ──────────────────────


def absorption_of_one_row(latents, W_dec, x, main, probe, along=0.1, share=0.4, most=3):
    """As SAEBench computes it for a word, with decoder rows of length 1."""
    probe = probe / probe.norm()
    projections = [
        (a * torch.cosine_similarity(w, probe, dim=0)).item() for a, w in zip(latents, W_dec, strict=True)
    ]
    of_x, of_main = (x @ probe).item(), sum(projections[i] for i in main)
    others = [
        p
        for i, (p, w) in enumerate(zip(projections, W_dec, strict=True))
        if i not in main and torch.cosine_similarity(w, probe, dim=0) >= along and p > 0
    ]
    taken = sum(sorted(others, reverse=True)[:most])
    if of_main >= of_x or taken / of_x < share:
        return 0.0
    if of_main <= 0:
        return 1.0
    absorbed = min(taken, of_x - of_main)
    return min(max(absorbed / (absorbed + of_main), 0.0), 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_absorption_is_saebenchs(seed):
    draw = generator(seed)
    W_dec = torch.nn.functional.normalize(torch.randn(12, 6, generator=draw), dim=1)
    latents = torch.randn(40, 12, generator=draw).relu() * torch.tensor([0.3] * 6 + [1.0] * 6)
    x = latents @ W_dec + 0.1 * torch.randn(40, 6, generator=draw)
    probe, main = 3 * W_dec[0] + 0.3 * torch.randn(6, generator=draw), torch.tensor([0, 4])
    found = absorption_fractions(latents, W_dec, x, main, probe)
    slow = [absorption_of_one_row(a, W_dec, row, [0, 4], probe) for a, row in zip(latents, x, strict=True)]
    assert found.tolist() == pytest.approx(slow, abs=1e-5)
    assert {0.0, 1.0} <= set(found.tolist()) and any(0 < f < 1 for f in found.tolist())


def test_a_true_dictionary_absorbs_nothing_and_a_silent_parent_is_absorbed_whole():
    parent, child, mixed = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.8, 0.6])
    x = torch.stack([parent, mixed])
    true = absorption_fractions(
        torch.tensor([[1.0, 0.0], [0.8, 0.6]]), torch.stack([parent, child]), x, torch.tensor([0]), parent
    )
    absorbed = absorption_fractions(
        torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.stack([parent, mixed]), x, torch.tensor([0]), parent
    )
    assert true.tolist() == [0, 0] and absorbed.tolist() == [0, 1]


def test_latents_that_stand_for_a_label_are_taken_while_f1_jumps():
    present = torch.arange(40) < 20
    halves = torch.stack(
        [present & (torch.arange(40) < 10), present & (torch.arange(40) >= 10)], dim=1
    ).float()
    noise = 0.1 * torch.rand(40, 5, generator=generator())
    assert sorted(main_latents(torch.cat([noise, 2 * halves], dim=1), present).tolist()) == [5, 6]
    assert main_latents(torch.cat([noise, 2 * present[:, None].float()], dim=1), present).tolist() == [5]


# ── targeted probe perturbation: scr_and_tpp/main.py ────────────────────────────────────────────────────────────────────


def tpp(x, means, W_dec, weights, biases, ids, chosen_on, n):
    """get_effects_per_class, select_top_n_features, ablation with the error kept, create_tpp_plotting_dict."""
    n_classes, judged = len(weights), [i for i in range(len(ids)) if not chosen_on[i]]

    def accuracy(rows, c):
        right = {True: [], False: []}
        for row, i in zip(rows, judged, strict=True):
            of = int(ids[i]) == c
            right[of].append(((row @ weights[c] + biases[c]).item() > 0) == of)
        return (np.mean(right[True]) + np.mean(right[False])) / 2

    clean, scores = [accuracy([x[i] for i in judged], c) for c in range(n_classes)], []
    for c in range(n_classes):
        of = [means[i] for i in range(len(ids)) if chosen_on[i] and ids[i] == c]
        rest = [means[i] for i in range(len(ids)) if chosen_on[i] and ids[i] != c]
        difference = torch.stack(of).mean(dim=0) - torch.stack(rest).mean(dim=0)
        effects = [max(d.item(), 0) * (weights[c] @ w).item() for d, w in zip(difference, W_dec, strict=True)]
        top = sorted((i for i, e in enumerate(effects) if e > 0), key=lambda i: -effects[i])[:n]
        ablated = [x[i] - sum((means[i, j] * W_dec[j] for j in top), torch.zeros(x.shape[1])) for i in judged]
        lost = [clean[k] - accuracy(ablated, k) for k in range(n_classes)]
        scores.append(lost[c] - np.mean([lost[k] for k in range(n_classes) if k != c]))
    return scores


def test_targeted_removal_is_saebenchs():
    draw = generator(1)
    ids, W_dec = torch.arange(60) % 3, torch.nn.functional.normalize(torch.randn(9, 5, generator=draw), dim=1)
    means = torch.rand(60, 9, generator=draw) + 1.5 * torch.eye(3)[ids].repeat(1, 3)
    x = means @ W_dec + 0.2 * torch.randn(60, 5, generator=draw)
    chosen_on = torch.arange(60) < 30
    theirs = [LogisticRegression().fit(x[chosen_on].numpy(), (ids[chosen_on] == c).numpy()) for c in range(3)]
    weights = torch.tensor(np.concatenate([probe.coef_ for probe in theirs])).float()
    biases = torch.tensor([probe.intercept_[0] for probe in theirs]).float()
    parts = removed_parts(means, W_dec, weights, ids, chosen_on, n_removed=2)
    found = targeted_removal(x[~chosen_on], [p[~chosen_on] for p in parts], weights, biases, ids[~chosen_on])
    slow = tpp(x, means, W_dec, weights, biases, ids, chosen_on, n=2)
    assert found.tolist() == pytest.approx(slow, abs=1e-6) and max(slow) > 0.1


# ── core: evals/core/main.py ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def passed():
    """A dictionary over 30 rows of 7 texts, and the rows."""
    values = torch.randn(30, 6, generator=generator()) + 1
    rows = Activations(values, torch.stack([torch.arange(30) % 7, torch.arange(30) // 7 + 1], dim=1))
    sae = SAE(6, 20, "topk", k=3).requires_grad_(False)
    return sae, rows, by_text(sae, rows, 7)


def test_one_pass_gives_what_whole_tables_give(passed):
    sae, rows, found = passed
    x_hat, latents = sae(rows.values)
    every = torch.ones(1, 7, dtype=torch.double)
    mean_of_squares, squared_mean = rows.values.pow(2).sum(dim=1).mean(), rows.values.mean(dim=0).pow(2).sum()
    explained = 1 - (rows.values - x_hat).pow(2).sum(dim=1).mean() / (mean_of_squares - squared_mean)
    assert found.fvu(every).item() == pytest.approx(1 - explained.item(), rel=1e-5)
    assert found.fvu(every).item() == pytest.approx(fvu(rows.values, x_hat), rel=1e-5)
    assert found.l0(every).item() == pytest.approx((latents != 0).sum(dim=1).float().mean().item())
    some = rows.where[:, 0] == 2
    assert found.means[2].tolist() == pytest.approx(latents[some].mean(dim=0).tolist(), abs=1e-6)
    assert torch.equal(found.peaks[2], latents[some].amax(dim=0))
    only = torch.zeros(1, 7, dtype=torch.double).index_fill_(1, torch.tensor([1, 4]), 1.0)
    few = (rows.where[:, 0] == 1) | (rows.where[:, 0] == 4)
    assert found.fvu(only).item() == pytest.approx(fvu(rows.values[few], x_hat[few]), rel=1e-5)
    kept = torch.tensor([True, True, False, True, True, True])
    assert found.fvu(every, kept).item() == pytest.approx(fvu(rows.values[:, kept], x_hat[:, kept]), rel=1e-5)


class Broken(SAE):
    """Gives something that cannot be scored."""

    def __init__(self, value):
        super().__init__(6, 20)
        self.value = value

    def encode(self, x):
        return torch.full((len(x), 20), self.value)


@pytest.mark.parametrize(("value", "said"), [(float("nan"), "NaN or infinity"), (-1.0, "negative latents")])
def test_what_cannot_be_scored_is_refused(passed, value, said):
    with pytest.raises(ValueError, match=said):
        by_text(Broken(value).requires_grad_(False), passed[1], 7)


def test_a_text_without_tokens_is_refused(passed):
    with pytest.raises(ValueError, match="8 texts, of which 1 have no token"):
        by_text(passed[0], passed[1], 8)


def test_an_interval_shrinks_with_n_and_holds_the_mean():
    values = torch.randn(400, generator=generator())
    few, many = mean_of(values[:25]), mean_of(values)
    width = [m.interval[1] - m.interval[0] for m in (few, many)]
    assert 3 < width[0] / width[1] < 6 and many.interval[0] < many.score < many.interval[1]
    assert many.interval[1] - many.score == pytest.approx(1.96 * values.std().item() / 20, rel=0.15)


# ── controls ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_differences_of_means():
    values, present = torch.rand(9, 4, generator=generator()), torch.arange(9)[:, None] < torch.tensor([3, 5])
    for label in range(2):
        of = present[:, label]
        expected = values[of].mean(dim=0) - values[~of].mean(dim=0)
        assert mean_differences(values, present)[label].tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    with pytest.raises(ValueError, match="rows that do not"):
        mean_differences(values, torch.ones(9, 1, dtype=torch.bool))


def test_principal_directions_miss_least_where_all_may_be_used():
    rows = torch.randn(200, 4, generator=generator()) * torch.tensor([4.0, 2.0, 1.0, 0.5]) + 3
    assert fvu(rows, pca_sae(rows, 4)(rows).x_hat) < 1e-6  # of 4 directions and their opposites 4 suffice
    assert fvu(rows, pca_sae(rows, 1)(rows).x_hat) < fvu(
        rows, untrained_sae(rows.mean(dim=0), 8, 1)(rows).x_hat
    )


def test_a_latent_is_found_again_once_only():
    W_dec = torch.nn.functional.normalize(torch.randn(10, 6, generator=generator()), dim=1)
    assert found_again(W_dec, 3 * W_dec[torch.randperm(10, generator=generator())]).all()
    assert found_again(W_dec, torch.cat([W_dec[:5], W_dec[:5]])).sum() <= 7
    assert found_again(W_dec[[0, 0, 0]], W_dec[[0]]).sum() == 1
