"""Ties, zeros, negative values and edges: a version that is wrong only there is no tick."""

import pytest
import torch
from torch.nn.functional import normalize

from course_utils.exercises import Answer, Exercise, find, judge, judge_value


def exercise(key):
    record = find(key)
    assert isinstance(record, Exercise)
    return record


def only_others_clamped(damage):
    off = damage.clamp(min=0).sum(dim=1) - damage.diagonal().clamp(min=0)
    return off / (off + damage.diagonal())


def without_perpendicular_pairs(directions, p):
    unit = normalize(directions, dim=1)
    c = (unit @ unit.T).triu(1).abs()
    return c[c > 0].pow(p).mean() ** (1 / p)


def without_parallel_pairs(directions, p):
    unit = normalize(directions, dim=1)
    c = (unit @ unit.T).abs()
    return c[c < 0.999].pow(p).mean() ** (1 / p)


def alive_at_the_bar(W):
    a = W.abs()
    top = a.amax(dim=2, keepdim=True)
    return ((a >= top / 2) & (top >= 0.1)).sum(dim=2)


def along_a_unit(x, latents, W_dec, latent, value):
    return x + (value - latents[:, latent])[:, None] * normalize(W_dec[latent], dim=0)


@pytest.mark.parametrize(
    ("key", "attempt", "says"),
    [
        ("day_2.off_target_share", only_others_clamped, "diagonal"),
        ("day_3.packing_loss", without_perpendicular_pairs, "cosine 0"),
        ("day_3.packing_loss", without_parallel_pairs, "cosine 1"),
        ("day_4.features_per_neuron", alive_at_the_bar, "exactly 0.1"),
        ("day_7.clamp", along_a_unit, "not made length 1"),
    ],
)
def test_wrong_at_an_edge_is_wrong(key, attempt, says):
    verdict = judge(exercise(key), attempt)
    assert verdict.status == "wrong"
    assert says in verdict.sentence


def test_a_figure_nearby_is_not_the_value():
    record = find("day_5.coherence")
    assert isinstance(record, Answer) and record.cases
    (codes,) = record.cases()[1]
    right = record.reference(codes)
    assert judge_value(record, 1.004 * right, (codes,)).status == "correct"
    assert judge_value(record, 1.009 * right, (codes,)).status == "wrong"


def test_equal_numbers_at_the_edge_of_the_k_largest_may_both_stay():
    def threshold(pre_activations, k):
        kth = pre_activations.topk(k, dim=-1).values[:, -1:]
        return torch.where(pre_activations >= kth, pre_activations, 0.0).relu()

    assert judge(exercise("day_6.topk"), threshold).status == "correct"
