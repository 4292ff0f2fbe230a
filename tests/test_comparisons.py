import pytest
import torch
from scipy.stats import bootstrap

from course_utils.reading import compare_pairs, compared


def pairs(n=60, lead=0.1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    control = torch.rand(n, generator=generator)
    return control + lead + 0.2 * torch.randn(n, generator=generator), control


def test_the_interval_is_the_paired_percentile_bootstraps():
    values, control = pairs()
    theirs = bootstrap(
        ((values - control).numpy(),),
        lambda x, axis: x.mean(axis=axis),
        n_resamples=20_000,
        method="percentile",
        rng=0,
    ).confidence_interval
    assert compare_pairs(values, control).interval == pytest.approx((theirs.low, theirs.high), abs=0.006)


def test_19_of_20_intervals_of_a_lead_that_is_not_there_hold_zero():
    held = 0
    for seed in range(200):
        low, high = compare_pairs(*pairs(lead=0.0, seed=seed)).interval
        held += low <= 0 <= high
    assert 180 <= held <= 199


def test_a_case_measured_on_one_side_only_is_left_out():
    values, control = torch.tensor([1.0, torch.nan, 3.0, 4.0]), torch.tensor([0.0, 0.0, torch.inf, 5.0])
    c = compare_pairs(values, control)
    assert (c.n, c.higher, c.lower, c.mean, c.control) == (2, 1, 1, 2.5, 2.5)


def test_lengths_that_differ_and_nothing_measured_are_refused():
    with pytest.raises(ValueError, match="control has shape"):
        compare_pairs(torch.ones(3), torch.ones(2))
    with pytest.raises(ValueError, match="no case"):
        compare_pairs(torch.tensor([torch.nan]), torch.ones(1))


def test_the_line_names_both_sides_the_cases_and_the_seeds():
    line = compared(
        "latent",
        torch.tensor([0.5, 0.7]),
        "lot",
        torch.tensor([0.4, 0.7]),
        cases="texts",
        seeds=3,
        form=".0%",
    )
    assert (
        line
        == "latent 60%, lot 55% on average: +5% (95%: +0% to +10%) over 2 texts, higher on 1, lower on 0; 3 seeds"
    )
    with pytest.raises(ValueError, match="form is 'nonsense'"):
        compared("latent", torch.ones(2), "lot", torch.ones(2), cases="texts", form="nonsense")
