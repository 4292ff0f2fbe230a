"""After a tick the learner's function behaves like the reference: towards its caller, on the notebook's own numbers."""

import time

import numpy as np
import pytest
import torch

from course_utils.exercises import Exercise, exercise, find, judge
from course_utils.exercises.adopted import adopted


def scaled(x, factor):
    """Rows of x times a factor, and their sums."""
    y = x * factor
    return y, y.sum(dim=1)


RECORD = Exercise(
    scaled,
    cases=lambda seed=0: [(torch.tensor([[1.0, 2.0], [3.0, 5.0]]), 2.0), (torch.ones(3, 2), 0.5)],
    hints=("", ""),
    slips={},
)
X = torch.arange(8.0).reshape(4, 2)


def use(attempt, record=RECORD):
    """The adopted version, and the verdicts that it tells of later."""
    told = []
    verdict = judge(record, attempt)
    assert verdict.status == "correct", verdict
    return adopted(record, attempt, verdict, told.append), told


def in_place(x, factor):
    x *= factor
    return x, x.sum(dim=1)


def through_numpy(x, factor):
    y = torch.from_numpy(x.detach().numpy().astype("float64") * factor)
    return y, y.sum(dim=1)


def strided(x, factor):
    y = torch.stack([x * factor] * 2, dim=-1)[..., 0]
    return y, y.sum(dim=1)


def in_a_list(x, factor):
    return [x * factor, (x * factor).sum(dim=1)]


def with_gradients(x, factor):
    y = x.clone().requires_grad_() * factor
    return y, y.sum(dim=1)


def in_inference_mode(x, factor):
    with torch.inference_mode():
        return x * factor, (x * factor).sum(dim=1)


def with_its_own_draws(x, factor):
    torch.manual_seed(7), np.random.seed(7)  # noqa: NPY002
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    return x * factor, (x * factor).sum(dim=1)


@pytest.mark.parametrize(
    "attempt",
    [
        in_place,
        through_numpy,
        strided,
        in_a_list,
        with_gradients,
        in_inference_mode,
        with_its_own_draws,
        lambda a, b: scaled(a.double(), b),
        lambda x, factor: [torch.nn.Parameter(part) for part in scaled(x, factor)],
        lambda x, factor: tuple(part.to_sparse() for part in scaled(x, factor)),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_whatever_a_right_version_does_its_caller_sees_the_reference(attempt, dtype):
    mine, told = use(attempt)
    x = X.to(dtype)
    torch.manual_seed(0), np.random.seed(0)  # noqa: NPY002
    for _ in range(3):
        y, sums = mine(x, factor=2.0)
        for result, expected in zip((y, sums), scaled(x, 2.0), strict=True):
            assert type(result) is torch.Tensor and torch.equal(result, expected)
            assert (result.dtype, result.requires_grad, result.is_contiguous()) == (dtype, False, True)
            result.mul_(2.0).view(-1).numpy()
        assert torch.equal(x, X.to(dtype))
    draws = torch.rand(1).item(), np.random.rand()  # noqa: NPY002
    torch.manual_seed(0), np.random.seed(0)  # noqa: NPY002
    assert draws == (torch.rand(1).item(), np.random.rand())  # noqa: NPY002
    assert (torch.get_default_dtype(), torch.is_grad_enabled()) == (torch.float32, True)
    assert told == []


def test_a_gradient_flows_through_the_copies():
    mine, told = use(scaled)
    x = X.clone().requires_grad_()
    mine(x, 3.0)[1].sum().backward()
    assert torch.equal(x.grad, torch.full_like(X, 3.0)) and told == []


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (lambda x, factor: scaled(x if len(x) < 4 else x[:3], factor), "not on the notebook's own numbers"),
        (lambda x, factor: scaled(x, 2.0 if factor == 3.0 else factor), "not on the notebook's own numbers"),
        (lambda x, factor: scaled(x, {2.0: 2.0, 0.5: 0.5}[factor]), "It stops on the notebook's own numbers"),
    ],
)
def test_a_version_that_does_not_fit_the_notebooks_numbers_is_told_so_and_stood_in_for(attempt, says):
    mine, told = use(attempt)
    for _ in range(2):
        assert all(map(torch.equal, mine(X, 3.0), scaled(X, 3.0)))
    assert len(told) == 1 and says in told[0].sentence


def test_a_version_that_runs_without_an_end_is_stood_in_for(monkeypatch):
    def endless(x, factor):
        while len(x) > 3:
            pass
        return scaled(x, factor)

    monkeypatch.setattr("course_utils.exercises.adopted.SECONDS", 0.2)
    mine, told = use(endless)
    began = time.monotonic()
    assert all(map(torch.equal, mine(X, 3.0), scaled(X, 3.0)))
    assert "longer than" in told[0].sentence and time.monotonic() - began < 5


def test_a_version_that_breaks_on_its_twentieth_call_is_stood_in_for_too():
    calls = []

    def tires(x, factor):
        calls.append(1)
        if len(calls) > 20:
            raise IndexError("worn out")
        return scaled(x, factor)

    mine, told = use(tires)
    for n in range(30):
        assert all(map(torch.equal, mine(X, float(n)), scaled(X, float(n))))
    assert len(told) == 1 and "worn out" in told[0].details[-1]


def test_what_the_reference_refuses_is_the_callers_mistake():
    mine, told = use(scaled)
    with pytest.raises(TypeError):
        mine(X, None)
    with pytest.raises(TypeError):
        mine(X)
    assert told == []


def test_in_a_notebook_the_tasks_own_name_means_the_function_whatever_its_name(capsys, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "")
    notebook = {"__name__": "__main__", "exercise": exercise}
    exec(
        '@exercise("day_6.fvu")\ndef mine(x, x_hat):\n return ((x - x_hat)**2).sum() / ((x - x.mean(dim=0))**2).sum()',
        notebook,
    )
    assert notebook["fvu"] is notebook["mine"] and "✓" in capsys.readouterr().out
    exec('@exercise("day_6.fvu")\ndef other(x, x_hat):\n return 0.0', notebook)
    assert notebook["fvu"] is find("day_6.fvu").reference
