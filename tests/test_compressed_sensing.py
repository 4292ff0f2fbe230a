import pytest
import torch
from scipy.optimize import linprog

from course_utils.worlds import crossing, least_absolute_sum, sparse_unknowns, success_rates, weak_threshold

DELTAS = torch.tensor([0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.7, 0.9])


def test_the_edge_is_the_published_one():
    """From the formula of Donoho, Maleki & Montanari, to three digits."""
    signed = [0.154, 0.189, 0.243, 0.267, 0.291, 0.386, 0.499, 0.678]
    nonnegative = [0.189, 0.241, 0.326, 0.365, 0.404, 0.558, 0.723, 0.903]
    assert weak_threshold(DELTAS).tolist() == pytest.approx(signed, abs=6e-4)
    assert weak_threshold(DELTAS, nonnegative=True).tolist() == pytest.approx(nonnegative, abs=6e-4)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_the_least_sum_agrees_with_linear_programming(nonnegative):
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(16, 8, generator=generator)
    x = sparse_unknowns(4, 16, 4, generator, nonnegative) @ codes
    found = least_absolute_sum(x, codes, nonnegative=nonnegative, steps=5000)
    for row, f in zip(x.double().numpy(), found, strict=True):
        columns = codes.T.double().numpy()
        if nonnegative:
            best = linprog([1.0] * 16, A_eq=columns, b_eq=row).fun
        else:
            import numpy as np

            best = linprog([1.0] * 32, A_eq=np.hstack([columns, -columns]), b_eq=row).fun
        assert f.abs().sum().item() == pytest.approx(best, rel=2e-3)


def test_unknowns_are_as_sparse_as_asked():
    generator = torch.Generator().manual_seed(0)
    signed, positive = (sparse_unknowns(50, 9, 3, generator, n) for n in (False, True))
    assert ((signed != 0).sum(dim=1) == 3).all() and ((positive > 0).sum(dim=1) == 3).all()
    assert (signed < 0).any() and positive[positive > 0].min() >= 0.5 and positive.max() <= 1.5


def test_few_come_back_and_many_do_not():
    rates = success_rates(0.5, torch.tensor([0.1, 0.3, 0.9]), n_unknowns=60, n_trials=20)
    assert rates[0] == 1 and rates[2] == 0


@pytest.mark.parametrize("nonnegative", [False, True])
def test_the_measured_edge_is_near_the_curve(nonnegative):
    edge = weak_threshold(torch.tensor([0.5]), nonnegative).item()
    rhos = torch.linspace(edge - 0.15, edge + 0.15, 11)
    rates = success_rates(0.5, rhos, n_unknowns=120, n_trials=40, nonnegative=nonnegative, steps=300)
    assert crossing(rhos, rates) == pytest.approx(edge, abs=0.05)


def test_crossing_by_hand():
    x, y = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 0.75, 0.25])
    assert crossing(x, y) == 1.5
    with pytest.raises(ValueError, match=r"does not fall through 0\.1"):
        crossing(x, y, 0.1)
