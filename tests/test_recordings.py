import math

import pytest
import torch

from course_utils.worlds import (
    CELL_KINDS,
    brain_region,
    crowd_rates,
    decode_stimulus,
    one_cell_each,
    record_spikes,
    selectivity,
    spike_times,
)


def test_a_recording_has_every_stimulus_as_often_and_poisson_counts():
    rates = torch.tensor([[0.0, 4.0], [9.0, 1.0]])
    spikes, stimulus = record_spikes(rates, 4000, seconds=0.5, seed=0)
    assert spikes.shape == (8000, 2) and stimulus.bincount().tolist() == [4000, 4000]
    for s in (0, 1):
        counts = spikes[stimulus == s]
        torch.testing.assert_close(counts.mean(dim=0), rates[:, s] / 2, rtol=0.05, atol=0.01)
        torch.testing.assert_close(counts.var(dim=0), rates[:, s] / 2, rtol=0.1, atol=0.01)


def test_a_seed_decides_everything():
    region = brain_region(seed=3)
    assert torch.equal(region.rates, brain_region(seed=3).rates)
    assert torch.equal(
        record_spikes(region.rates, 2, seed=1).spikes, record_spikes(region.rates, 2, seed=1).spikes
    )
    assert not torch.equal(
        record_spikes(region.rates, 2, seed=1).spikes, record_spikes(region.rates, 2, seed=2).spikes
    )


def test_a_region_has_the_kinds_asked_for_and_a_cell_for_the_first_stimulus():
    region = brain_region(10, (2, 3, 4, 5), seed=0)
    assert region.kind.bincount().tolist() == [2, 3, 4, 5]
    stands_out = (region.rates > 2 * region.rates.median(dim=1, keepdim=True).values + 3).sum(dim=1)
    assert (stands_out[region.kind == CELL_KINDS.index("grandmother")] == 1).all()
    grandmothers = region.rates[region.kind == CELL_KINDS.index("grandmother")]
    assert 0 in grandmothers.argmax(dim=1)
    indifferent = region.rates[region.kind == CELL_KINDS.index("indifferent")]
    assert torch.equal(indifferent, indifferent[:, :1].expand_as(indifferent))


def test_selectivity_of_one_stimulus_all_stimuli_and_by_loop():
    rates = torch.tensor([[0.0, 5.0, 0.0, 0.0], [2.0, 2.0, 2.0, 2.0], [1.0, 2.0, 3.0, 0.0]])
    found = selectivity(rates)
    assert found[:2].tolist() == pytest.approx([1, 0])
    mean, squares = sum([1, 2, 3, 0]) / 4, sum([1, 4, 9, 0]) / 4
    assert found[2].item() == pytest.approx((1 - mean**2 / squares) / (1 - 1 / 4))
    assert selectivity(torch.zeros(1, 3)).isnan().all()


def test_decoding_is_the_likeliest_stimulus_by_loop():
    rates = crowd_rates(3, 5, seed=0)
    spikes, _ = record_spikes(rates, 4, seed=1)
    for row, guess in zip(spikes, decode_stimulus(spikes, rates), strict=True):
        likelihood = [
            sum(
                n * math.log(r) - r - math.lgamma(n + 1)
                for n, r in zip(row.tolist(), rs.tolist(), strict=True)
            )
            for rs in rates.T
        ]
        assert likelihood.index(max(likelihood)) == guess


def test_a_cell_each_ends_at_the_last_cell():
    assert one_cell_each(2, 3, low=1, high=5).tolist() == [[4.5, 1, 1], [1, 5, 1]]
    assert one_cell_each(3, 2).shape == (3, 2)


def test_spike_times_are_as_many_as_spikes_and_within_the_presentation():
    times = spike_times(torch.tensor([3.0, 0.0, 5.0]), seconds=0.5, seed=0)
    assert [len(t) for t in times] == [3, 0, 5]
    assert all(0 <= t <= 0.5 for trial in times for t in trial)


def test_negative_rates_are_refused():
    with pytest.raises(ValueError, match="negative"):
        record_spikes(-torch.ones(1, 1), 1, seed=0)
