import itertools

import pytest
import torch
from sklearn.linear_model import Lasso, orthogonal_mp

from course_utils.reading import mean_max_cosine
from course_utils.sae import fista, ista_step, learn_dictionary, omp, safe_step
from course_utils.worlds import matched_filter, random_codes
from solutions import day_5


def sparse(n, n_stations, k, seed=0):
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(n, n_stations, generator=generator).argsort(dim=1)
    return (order < k) * (0.5 + torch.rand(n, n_stations, generator=generator))


def test_a_station_alone_comes_out_right():
    codes = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    assert matched_filter(torch.tensor([[6.0, 8.0]]), codes).tolist() == [[2.0, 6.0]]


def test_one_step_by_hand():
    f = ista_step(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 0.1]]), torch.eye(2), step=0.5, l1=0.2)
    torch.testing.assert_close(f, torch.tensor([[1.9, 0.0]]))


def test_fista_agrees_with_scikit_learn():
    codes = random_codes(30, 12)
    x = sparse(5, 30, 3) @ codes
    found = fista(x, codes, l1=0.05, steps=3000)
    for row, f in zip(x, found, strict=True):
        lasso = Lasso(alpha=0.05 / 12, fit_intercept=False, positive=True, max_iter=100_000, tol=1e-8)
        expected = lasso.fit(codes.T.numpy(), row.numpy()).coef_
        torch.testing.assert_close(f, torch.from_numpy(expected).float(), atol=2e-3, rtol=0)


def test_steps_never_go_up():
    codes = random_codes(20, 6)
    x = sparse(4, 20, 2) @ codes
    f, step, costs = torch.zeros(4, 20), safe_step(codes), []
    for _ in range(50):
        costs.append(((x - f @ codes).square().sum() / 2 + 0.1 * f.sum()).item())
        f = ista_step(f, x, codes, step, 0.1)
    assert all(b <= a + 1e-6 for a, b in itertools.pairwise(costs))


def test_omp_agrees_with_the_loop_and_with_scikit_learn():
    codes = random_codes(25, 12)
    true = sparse(40, 25, 3)
    x = true @ codes
    found = omp(x, codes, 3)
    torch.testing.assert_close(
        found, torch.stack([day_5.omp(row, codes, 3) for row in x]), atol=1e-3, rtol=1e-3
    )
    right = (found - true).norm(dim=1) < 1e-2
    assert right.float().mean() > 0.5
    theirs = torch.from_numpy(orthogonal_mp(codes.T.numpy(), x[right].T.numpy(), n_nonzero_coefs=3).T).float()
    same = (theirs - found[right]).norm(dim=1) < 1e-2
    assert same.float().mean() > 0.8  # theirs also takes the largest negative match


def test_a_dictionary_is_learned_from_mixtures():
    codes = random_codes(12, 8, seed=3)
    x = sparse(2000, 12, 1, seed=1) @ codes
    assert mean_max_cosine(learn_dictionary(x, 16, k=1, rounds=15), codes) > 0.98


def test_safe_step():
    assert safe_step(torch.diag(torch.tensor([2.0, 1.0]))) == pytest.approx(0.25)
