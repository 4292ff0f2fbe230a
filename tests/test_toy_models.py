"""The hand-written gradients are autograd's, and training finds what the theory says."""

import pytest
import torch

from course_utils.worlds import (
    ToyModels,
    ToyTask,
    best_of,
    feature_dimensionality,
    feature_rng,
    fit_toy_models,
    toy_loss,
)
from course_utils.worlds.toy_gradients import gradients

QUIET = dict(progress=False)


def models(tied, hidden, output, n=3):
    generator = torch.Generator().manual_seed(0)
    W, W_out = (torch.randn(n, 2, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    b = 0.3 * torch.randn(n, 5, generator=generator, dtype=torch.float64)
    task = ToyTask(torch.full((n, 5), 0.5), torch.rand(n, 5, generator=generator) + 0.5)
    flags = [torch.tensor([name == "relu" for name in names]) for names in (hidden, output)]
    return ToyModels(W, W if tied else W_out, b, task, *flags)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("hidden", [["linear"] * 3, ["relu"] * 3, ["relu", "linear", "relu"]])
@pytest.mark.parametrize("output", [["relu"] * 3, ["linear"] * 3, ["linear", "relu", "relu"]])
def test_gradients_are_those_of_autograd(tied, hidden, output):
    toy = models(tied, hidden, output)
    x, target = (t.double() for t in toy.task.batch(9, feature_rng(1)))
    leaves = [t.clone().requires_grad_() for t in (toy.W, toy.W_out, toy.b)]
    W, W_out, b = leaves
    loss = 0.0
    for i in range(3):  # one instance, one row at a time
        for row, wanted in zip(x[i], target[i], strict=True):
            inside = W[i] @ row
            inside = inside.relu() if hidden[i] == "relu" else inside
            out = W_out[i].T @ inside + b[i]
            out = out.relu() if output[i] == "relu" else out
            loss = loss + (toy.task.importance[i] * (out - wanted) ** 2).sum() / 9
    expected = torch.autograd.grad(loss, leaves)
    got = gradients(toy, x, target, with_loss=True)
    for mine, right in zip((got.W, got.W_out, got.b), expected, strict=True):
        assert torch.allclose(mine, right)
    assert got.loss.sum().item() == pytest.approx(loss.item())


def test_the_loss_by_hand():
    output, target = torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.tensor([[0.0, 0.0], [2.0, 1.0]])
    assert toy_loss(output, target, torch.tensor([1.0, 0.5])) == pytest.approx((1 + 4) / 2 + 0.5 * 4 / 2)


def test_dense_features_get_a_dimension_or_nothing():
    toy = fit_toy_models(4, 2, importance=0.7 ** torch.arange(4), steps=600, batch_size=256, **QUIET)
    assert (toy.W[0].norm(dim=0) > 0.5).tolist() == [True, True, False, False]


def test_rare_features_make_pairs_and_pentagons():
    toy = fit_toy_models(4, 2, sparsity=0.9, steps=600, batch_size=256, **QUIET)
    assert torch.allclose(feature_dimensionality(toy.W), torch.tensor(0.5), atol=0.03)
    toy = fit_toy_models(5, 2, sparsity=[0.95] * 3, steps=800, batch_size=512, **QUIET)
    assert torch.allclose(feature_dimensionality(best_of(toy, 3).W), torch.tensor(0.4), atol=0.03)


def test_one_feature_and_one_dimension_is_no_problem():
    toy = fit_toy_models(1, 1, steps=300, batch_size=64, lr=0.05, **QUIET)
    assert toy.loss().item() < 1e-3


def test_the_dedicated_loss_is_the_variance():
    mask = torch.tensor([[1.0, 0.0]])
    toy = fit_toy_models(2, 1, sparsity=[0.0, 0.5], mask=mask, steps=400, batch_size=256, lr=0.03, **QUIET)
    p = torch.tensor([1.0, 0.5])
    assert torch.allclose(toy.loss(), p / 3 - p**2 / 4, rtol=0.06)
    assert (toy.W[:, 0, 1] == 0).all()


def test_every_setting_can_differ_between_instances():
    toy = fit_toy_models(
        4, 3, sparsity=[0.6, 0.9], importance=torch.rand(2, 4), correlation=[1.0, -1.0],
        hidden=["linear", "relu"], output=["relu", "linear"], tied=False, target="absolute", steps=3, **QUIET,
    )  # fmt: skip
    assert toy.W.shape == toy.W_out.shape == (2, 3, 4) and toy.b.shape == (2, 4)
    assert toy.W is not toy.W_out and not toy.W.requires_grad
    assert toy.steps == [0, 1, 2] and toy.losses[0].shape == (2,)


def test_the_same_seed_trains_the_same():
    one, two, other = (fit_toy_models(3, 2, sparsity=0.5, steps=20, seed=s, **QUIET) for s in (0, 0, 1))
    assert torch.equal(one.W, two.W) and not torch.equal(one.W, other.W)


def test_tied_weights_stay_one_tensor():
    toy = fit_toy_models(3, 2, steps=5, **QUIET)
    assert toy.W is toy.W_out


def test_a_penalty_is_obeyed():
    free, held = (
        fit_toy_models(4, 4, steps=300, batch_size=64, penalty=penalty, **QUIET)
        for penalty in (None, lambda W: 10 * W.square().sum(dim=(1, 2)))
    )
    assert held.W.norm() < 0.1 < free.W.norm()


def test_ctrl_c_keeps_what_there_is():
    def stop(step, _):
        if step == 7:
            raise KeyboardInterrupt

    toy = fit_toy_models(3, 2, steps=1000, on_step=stop, **QUIET)
    assert toy.interrupted and toy.steps == [0] and toy.W.isfinite().all()


def test_pick_and_best_of():
    toy = fit_toy_models(2, 1, sparsity=torch.tensor([0.1, 0.9]).repeat(3), steps=50, lr=0.05, **QUIET)
    best = best_of(toy, 3)
    assert best.W.shape == (2, 1, 2) and torch.equal(best.task.probability, toy.task.probability[:2])
    starts = torch.stack(
        [toy.pick([0, 1]).loss(8000), toy.pick([2, 3]).loss(8000), toy.pick([4, 5]).loss(8000)]
    )
    assert torch.allclose(best.loss(8000), starts.amin(dim=0))
    with pytest.raises(ValueError, match="4 times"):
        best_of(toy, 4)


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        (dict(sparsity=[0.1, 0.2], instances=3), "sparsity says 2, instances says 3"),
        (dict(importance=[1.0, 2.0]), "importance has shape"),
        (dict(sparsity=1.0), "sparsity < 1"),
        (dict(hidden="tanh"), "hidden is 'tanh': there are linear, relu"),
        (dict(steps=0), "steps is 0: it has to be at least 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(kwargs, said):
    with pytest.raises(ValueError, match=said):
        fit_toy_models(3, 2, **(dict(steps=2, **QUIET) | kwargs))


def test_a_loss_that_explodes_is_told():
    with pytest.raises(FloatingPointError, match="lower lr"):
        fit_toy_models(3, 2, lr=1e30, steps=9, **QUIET)
