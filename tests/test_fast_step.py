"""The fast step finds what autograd finds: `sae_loss`, `backward`, `remove_parallel_gradient_` are its oracle."""

import pytest
import torch

from course_utils.sae import SAE, sae_loss
from course_utils.training import (
    FastStep,
    Revival,
    RowAdam,
    fast,
    fit_sae,
    remove_parallel_gradient_,
    speed,
)
from course_utils.training.kernels import largest
from course_utils.training.speed import choose_step

D_IN, D_SAE, N = 24, 160, 50


def an_sae(architecture: str, d_sae: int = D_SAE) -> SAE:
    """Biases away from zero, an encoder that is not the decoder transposed, decoder directions of length 1."""
    sae = SAE(D_IN, d_sae, architecture, k=5 if architecture == "topk" else None)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in sae.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
        sae.unit_norm_decoder_()
    return sae


def a_batch(n: int = N, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, D_IN, generator=torch.Generator().manual_seed(seed))


def by_autograd(sae, x, l1_coefficient):
    """Loss, output and gradients by definition."""
    output = sae(x)
    loss = sae_loss(x, output, l1_coefficient)
    loss.backward()
    remove_parallel_gradient_(sae.W_dec)
    return loss, output, {name: p.grad.clone() for name, p in sae.named_parameters()}


WAYS = [("topk", 0.0, None), ("relu", 0.7, "products"), ("relu", 0.7, "entries")]


def a_step(sae, l1_coefficient, way, dtype=torch.float32):
    step = FastStep(sae, l1_coefficient, dtype).open()
    if way == "entries":
        step.share_active = 0.0
    return step


@pytest.mark.parametrize(("architecture", "l1_coefficient", "way"), WAYS)
@pytest.mark.parametrize("n", [1, 7, N])
def test_gradients_are_those_of_autograd(architecture, l1_coefficient, way, n, monkeypatch):
    monkeypatch.setitem(fast.DENSE_ROWS, torch.float32, 16)  # several chunks, the last of them shorter
    monkeypatch.setattr(fast, "ENCODER_BYTES", 4 * 16)
    monkeypatch.setattr(fast, "BLOCK", 48)
    sae, twin, x = an_sae(architecture), an_sae(architecture), a_batch(n)
    loss, output, grads = by_autograd(twin, x, l1_coefficient)
    result = a_step(sae, l1_coefficient, way)(x)
    torch.testing.assert_close(result.loss, loss.detach(), rtol=1e-5, atol=0)
    torch.testing.assert_close(result.x_hat, output.x_hat.detach(), rtol=1e-5, atol=1e-5)
    assert result.l0 == pytest.approx((output.latents > 0).sum().item() / n)
    assert torch.equal(result.active, (output.latents > 0).any(dim=0))
    for name, parameter in sae.named_parameters():
        scale = grads[name].abs().max()
        assert (parameter.grad - grads[name]).abs().max() < 2e-6 * scale, name


@pytest.mark.parametrize(("way", "tolerance"), [("products", 0.01), ("entries", 0.02)])
def test_bfloat16_rounds_the_gradients_of_a_relu_sae(way, tolerance):
    """Tolerance: the length of the difference, as a share of the gradient's."""
    sae, twin, x = an_sae("relu"), an_sae("relu"), a_batch(512)
    loss, _, grads = by_autograd(twin, x, 0.7)
    result = a_step(sae, 0.7, way, torch.bfloat16)(x)
    torch.testing.assert_close(result.loss, loss.detach(), rtol=1e-2, atol=0)
    for name, parameter in sae.named_parameters():
        assert (parameter.grad - grads[name]).norm() < tolerance * grads[name].norm(), name
        assert parameter.dtype == parameter.grad.dtype == torch.float32


def test_bfloat16_only_chooses_for_a_topk_sae():
    """Where no two latents are within rounding of each other, it chooses the same, and all else is float32."""
    sae, twin, x = an_sae("topk"), an_sae("topk"), a_batch(2000)
    pre = (x - sae.b_dec) @ sae.W_enc + sae.b_enc
    fifth, sixth = pre.topk(6, dim=1).values.T[-2:]
    x = x[fifth - sixth > 0.02 * fifth]
    assert len(x) > 500
    _, _, grads = by_autograd(twin, x, 0.0)
    FastStep(sae, dtype=torch.bfloat16).open()(x)
    for name, parameter in sae.named_parameters():
        assert (parameter.grad - grads[name]).norm() < 1e-5 * grads[name].norm(), name


@pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.float32])
@pytest.mark.parametrize("width", [16 * 40, 16 * 12, 100])
def test_largest_are_those_of_a_sort(dtype, width):
    values = torch.randint(-5000, 5000, (30, width), generator=torch.Generator().manual_seed(0)).to(dtype)
    found, places = largest(values, 10)
    assert torch.equal(values.gather(1, places), found)
    assert torch.equal(found.sort(dim=1).values, values.sort(dim=1).values[:, -10:])


def test_a_relu_sae_without_active_latents_gets_no_gradient_but_for_b_dec():
    sae, x = an_sae("relu"), a_batch()
    with torch.no_grad():
        sae.b_enc.fill_(-100.0)
    for way in ("products", "entries"):
        result = a_step(sae, 0.7, way)(x)
        assert result.l0 == 0
        assert not result.active.any()
        torch.testing.assert_close(result.x_hat, sae.b_dec.expand_as(x))
        assert not any(p.grad.any() for name, p in sae.named_parameters() if name != "b_dec")
        torch.testing.assert_close(sae.b_dec.grad, 2 * (sae.b_dec - x).mean(dim=0))


def test_row_adam_is_adam_whatever_the_layout():
    start = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    results = []
    for turned, make in ((False, torch.optim.Adam), (False, RowAdam), (True, RowAdam)):
        parameter = torch.nn.Parameter(start.clone())
        if turned:
            parameter.data = parameter.data.T.contiguous().T
        optimiser = make([parameter], lr=0.1)
        for seed in range(5):
            grad = torch.randn(3, 5, generator=torch.Generator().manual_seed(seed))
            parameter.grad = torch.empty_like(parameter).copy_(grad)
            optimiser.step()
        results.append(parameter.detach())
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], rtol=1e-5, atol=1e-6)


def fitted(architecture: str, speed: str, steps: int = 40, **options):
    sae = an_sae(architecture, d_sae=64)
    batches = [a_batch(seed=seed) for seed in range(steps)]
    options = dict(l1_coefficient=0.5 if architecture == "relu" else None, progress=False) | options
    return sae, fit_sae(sae, batches, speed=speed, **options)


RUNS = {
    "relu": {},
    "topk": {},
    "topk with dead latents": {"revival": Revival(dead_after=100, coefficient=1.0)},
}


@pytest.mark.parametrize("run", RUNS)
def test_forty_steps_give_the_plain_weights(run):
    plain, expected = fitted(run[:4], "plain", **RUNS[run])
    sae, history = fitted(run[:4], "fast", **RUNS[run])
    assert ("dead" in run) == (max(expected.dead_share) > 0)
    for name in ("loss", "mse", "fvu", "l0", "dead_share"):
        assert getattr(history, name) == pytest.approx(getattr(expected, name), rel=1e-4, abs=1e-5), name
    for name, parameter in plain.named_parameters():
        torch.testing.assert_close(dict(sae.named_parameters())[name], parameter, rtol=0, atol=2e-4)


@pytest.mark.parametrize("architecture", ["relu", "topk"])
def test_bfloat16_trains_as_far(architecture):
    _, expected = fitted(architecture, "plain", 100)
    _, history = fitted(architecture, "fast_bfloat16", 100)
    assert history.last.loss == pytest.approx(expected.last.loss, rel=0.02)


@pytest.mark.parametrize("speed", ["plain", "fast"])
def test_afterwards_the_sae_is_as_it_was_laid_out_and_without_gradients(speed):
    sae, _ = fitted("topk", speed, 3)
    assert all(p.is_contiguous() and p.grad is None for p in sae.parameters())


def test_callbacks_see_what_the_plain_step_shows():
    seen = {}
    for how in ("plain", "fast"):
        seen[how] = states = []
        fitted("topk", how, 3, callbacks=[lambda state, to=states: to.append(state.output)])
    for plain, fast_one in zip(*seen.values(), strict=True):
        torch.testing.assert_close(fast_one.latents, plain.latents.detach(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
def test_a_batch_may_be_longer_than_the_first(dtype, tolerance):
    sae, twin = an_sae("relu"), an_sae("relu")
    step = FastStep(sae, 0.7, dtype).open()
    step(a_batch(20))
    x = a_batch(70)
    _, _, grads = by_autograd(twin, x, 0.7)
    step(x)
    assert (sae.W_enc.grad - grads["W_enc"]).norm() < tolerance * grads["W_enc"].norm()


def test_latents_that_topk_keeps_at_zero_get_no_gradient():
    sae, twin, x = an_sae("topk"), an_sae("topk"), a_batch()
    for model in (sae, twin):
        model.b_enc.data -= 2.0  # so that in some rows fewer than k are positive
    _, output, grads = by_autograd(twin, x, 0.0)
    assert (output.latents > 0).sum(dim=1).float().mean() < sae.k - 0.2
    FastStep(sae).open()(x)
    for name, parameter in sae.named_parameters():
        assert (parameter.grad - grads[name]).norm() < 1e-5 * grads[name].norm(), name


def test_auto_is_plain_where_the_fast_step_does_not_apply():
    assert choose_step("auto", SAE(8, 16, "gated"), 1.0) is None
    assert choose_step("auto", SAE(8, 16), 1.0, own_loss=True) is None
    assert isinstance(choose_step("auto", SAE(8, 16), 1.0), FastStep)
    assert choose_step("plain", SAE(8, 16), 1.0) is None


def test_auto_rounds_only_where_the_processor_is_made_for_it(monkeypatch):
    for gain, dtype in ((0.02, torch.float32), (1.2, torch.float32), (4.0, torch.bfloat16)):
        monkeypatch.setattr(speed, "bfloat16_gain", lambda gain=gain: gain)
        assert choose_step("auto", SAE(8, 16), 1.0).dtype == dtype


def test_the_fastest_number_of_threads_wins(monkeypatch):
    """Threads that get in each other's way: two take longer than one."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    used = []
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    monkeypatch.setattr(speed, "_product_seconds", lambda dtype: float(used[-1]))
    assert speed.fastest_threads() == 1
    monkeypatch.setattr(speed, "_product_seconds", lambda dtype: 1 / used[-1])
    assert speed.fastest_threads() == 2
    assert used[-1] == 2  # as many as before


def test_threads_are_as_before_after_auto(monkeypatch):
    monkeypatch.setattr("course_utils.training.fit.fastest_threads", lambda: 1)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        fitted("topk", "auto", 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_what_it_cannot_do_is_said():
    with pytest.raises(ValueError, match="not gated"):
        fit_sae(SAE(8, 16, "gated"), [torch.ones(2, 8)], l1_coefficient=1.0, speed="fast")
    with pytest.raises(ValueError, match="loss_fn"):
        fit_sae(SAE(8, 16), [torch.ones(2, 8)], loss_fn=lambda x, o: x.sum(), speed="fast")
    with pytest.raises(ValueError, match="speed is 'quick'"):
        fit_sae(SAE(8, 16), [torch.ones(2, 8)], l1_coefficient=1.0, speed="quick")
    with pytest.raises(ValueError, match="float64"):
        FastStep(SAE(8, 16).double())
