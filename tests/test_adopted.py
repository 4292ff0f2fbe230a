"""After a tick the learner's function behaves like the reference: towards its caller, on the notebook's own numbers."""

import time
import warnings

import numpy as np
import pytest
import torch

from course_utils.exercises import Exercise, exercise, find, judge
from course_utils.exercises.adopted import adopted
from course_utils.exercises.guards import SETTINGS


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


def test_defaults_of_the_task_hold_whatever_the_learner_wrote():
    def above(values, bar=0.5):
        """How many are above the bar."""
        return (values > bar).sum()

    record = Exercise(above, lambda seed=0: [(X, 3.0), (X, 0.2)], ("", ""), slips={})
    mine, told = use(lambda values, bar: (values > bar).sum(), record)
    assert mine(X) == 7 and mine(values=X) == 7 and mine(X, bar=3.0) == 4 and told == []


@pytest.mark.parametrize("spoilt", [float("nan"), float("inf")])
def test_a_version_that_gives_nan_on_the_notebooks_numbers_is_stood_in_for(spoilt):
    def spoils(x, factor):
        y = x * factor
        if len(x) > 3:
            y[-1] = spoilt
        return y, x.sum(dim=1) * factor

    mine, told = use(spoils)
    x = torch.ones(1000, 2)
    assert mine(x, 3.0)[0].isfinite().all()
    assert "not on the notebook's own numbers" in told[0].sentence


def test_where_the_reference_gives_nan_too_nothing_is_told():
    mine, told = use(lambda x, factor: (factor * x, (factor * x).sum(dim=1)))
    x = torch.full((4, 2), float("nan"))
    x[0], x[1] = 1.0, float("inf")
    mine(x, 3.0)
    assert told == []


class Odd(BaseException):
    """Not an `Exception`, as asyncio's CancelledError."""


@pytest.mark.parametrize("error", [SystemExit("over"), Odd()])
def test_an_exit_on_the_notebooks_numbers_does_not_stop_the_cell(error):
    def leaves(x, factor):
        if len(x) > 3:
            raise error
        return scaled(x, factor)

    mine, told = use(leaves)
    assert all(map(torch.equal, mine(X, 3.0), scaled(X, 3.0))) and len(told) == 1


def test_a_version_that_calls_itself_with_arguments_of_its_own_goes_on(capsys, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "")
    notebook = {"__name__": "__main__", "exercise": exercise, "torch": torch}
    exec(
        """@exercise("day_6.topk")
def topk(pre_activations, k, kept=None):
    kept = torch.zeros_like(pre_activations) if kept is None else kept
    if k == 0:
        return kept
    place = torch.where(kept > 0, -1e9, pre_activations).argmax(dim=-1, keepdim=True)
    return topk(pre_activations, k - 1, kept=kept.scatter(-1, place, pre_activations.gather(-1, place).relu()))
""",
        notebook,
    )
    x = torch.rand(5, 7)
    for _ in range(3):
        assert torch.equal(notebook["topk"](x, 3), find("day_6.topk").reference(x, 3))
    told = capsys.readouterr().out
    assert "✓" in told and "✗" not in told


def test_the_learners_own_names_and_options_work_too():
    def own(a, b, plus=0.0):
        y, sums = scaled(a, b)
        return y + plus, sums

    mine, told = use(own)
    assert torch.equal(mine(a=X, b=2.0)[0], 2 * X) and torch.equal(mine(X, 2.0, plus=1.0)[0], 2 * X + 1)
    assert torch.equal(mine(X, 2.0, 1.0)[0], 2 * X + 1) and told == []


def test_what_is_given_by_name_only_is_not_dropped():
    def above(values, *, bar=0.5):
        return (values > bar).sum()

    record = Exercise(above, lambda seed=0: [(X + seed,)], ("", ""), slips={})
    mine, told = use(lambda values: (values > 0.5).sum(), record)
    assert mine(X) == 7 and mine(X, bar=3.0) == 4 and told == []


def test_a_gradient_that_is_lost_on_the_notebooks_numbers_is_noticed():
    def size(W):
        return W.square().sum()

    record = Exercise(size, lambda seed=0: [(X + seed,)], ("", ""), slips={}, gradient=("W",))
    mine, told = use(lambda W: size(W if len(W) < 5 else W.detach()), record)
    W = torch.ones(6, 2, requires_grad=True)
    mine(W).backward()
    assert torch.equal(W.grad, 2 * torch.ones(6, 2)) and "no gradient" in told[0].sentence


def test_numpy_may_be_used_on_trained_weights_where_nothing_trains_through_it():
    mine, told = use(lambda x, factor: scaled(torch.from_numpy(x.numpy()), factor))
    assert torch.equal(mine(X.clone().requires_grad_(), 2.0)[0], 2 * X) and told == []


def test_settings_that_a_version_leaves_behind_are_put_back():
    def leaves(x, factor):
        np.seterr(all="raise")
        warnings.simplefilter("error")
        torch.set_default_device("meta")
        torch.use_deterministic_algorithms(True)
        torch.autograd.set_detect_anomaly(True)
        torch.set_num_threads(3)
        return scaled(x, factor)

    before = [read() for read, _ in SETTINGS]
    mine, told = use(leaves)
    assert [read() for read, _ in SETTINGS] == before
    for _ in range(2):
        mine(X, 3.0)
        assert [read() for read, _ in SETTINGS] == before
    assert told == []


def test_a_version_that_keeps_its_first_result_is_wrong():
    kept = {}

    def remembers(x, factor):
        return kept.setdefault((tuple(x.shape), factor), scaled(x, factor))

    record = Exercise(scaled, lambda seed=0: [(X + seed, 2.0)], ("", ""), slips={})
    verdict = judge(record, remembers)
    assert verdict.status == "wrong" and "called again with other numbers" in verdict.sentence


def test_draws_that_it_takes_only_on_the_notebooks_numbers_move_no_generator():
    def shuffles(x, factor):
        if len(x) > 3:
            torch.randperm(len(x)), np.random.rand()  # noqa: NPY002
        return scaled(x, factor)

    mine, told = use(shuffles)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    for factor in (2.0, 2.0, 3.0):
        mine(X, factor)
    assert torch.equal(torch.get_rng_state(), before[0]) and told == []
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002


def test_autograd_inside_it_works_where_the_notebook_wants_no_gradients():
    def by_autograd(x, factor):
        x = x.clone().requires_grad_()
        slope = torch.autograd.grad((factor * x).sum(), x)[0]
        return scaled(x, slope[0, 0])

    mine, told = use(by_autograd)
    with torch.no_grad():
        for factor in (2.0, 2.0, 3.0):
            assert torch.equal(mine(X, factor)[0], factor * X)
    assert told == []
