import math

import pytest
import torch

from course_utils.reading import fvu, mean_max_cosine
from course_utils.sae import ARCHITECTURES as RECORDS
from course_utils.sae import (
    SAE,
    SAEOutput,
    auxk_loss,
    gated_loss,
    jumprelu_loss,
    load_sae,
    sae_loss,
    save_sae,
)
from course_utils.sae.architectures import matryoshka_loss
from course_utils.training import (
    Checkpoint,
    History,
    Measurement,
    Revival,
    Schedule,
    fit_sae,
    fresh_pairs,
    learning_rate,
    remove_parallel_gradient_,
    resample_dead_,
    resampler,
    resampling_odds,
)

ARCHITECTURES = {
    "relu": (dict(), dict(l1_coefficient=0.5)),
    "topk": (dict(k=3), dict()),
    "batchtopk": (dict(k=1), dict()),
    "jumprelu": (dict(bandwidth=0.5), dict(l0_coefficient=0.3)),
    "gated": (dict(), dict(l1_coefficient=2.0)),
    "matryoshka": (dict(k=1, prefixes=lambda d_sae: (d_sae // 2, d_sae)), dict()),
}
architectures = pytest.mark.parametrize("architecture", ARCHITECTURES)
D_IN, N_FEATURES = 8, 12


def true_directions():
    directions = torch.randn(N_FEATURES, D_IN, generator=torch.Generator().manual_seed(7))
    return directions / directions.norm(dim=1, keepdim=True)


def batches(n, size=256, seed=0, loudness=5.0):
    """Sparse mixtures of known directions around a mean that is not zero."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n):
        strength = torch.rand(size, N_FEATURES, generator=generator)
        active = torch.rand(size, N_FEATURES, generator=generator) < 0.1
        yield loudness * ((strength * active) @ true_directions() + 0.3)


def new(architecture, d_sae=16, seed=0, **options):
    sae_options, fit_options = ARCHITECTURES[architecture]
    sae_options = {name: value(d_sae) if callable(value) else value for name, value in sae_options.items()}
    return SAE(D_IN, d_sae, architecture, seed=seed, **sae_options), dict(
        progress=False, **fit_options, **options
    )


def copy(sae):
    return {name: value.clone() for name, value in sae.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def test_every_architecture_is_tried_here():
    assert set(ARCHITECTURES) == set(RECORDS)


def naive(sae, given, lr, warmup_steps, steps, dead_after):
    """`fit_sae` written out, one thing after the other, for a new autoencoder: what the loop is held to, bit for bit."""
    spec, record = sae.spec, []
    price = ARCHITECTURES[sae.architecture][1].get(spec.coefficient, 0.0)
    optimiser = torch.optim.Adam(sae.parameters(), lr=lr)
    sae.train()
    silent = torch.zeros(sae.d_sae, dtype=torch.long)
    for step, raw in enumerate(given):
        if step == 0:
            scale = math.sqrt(D_IN) / raw.norm(dim=1).mean().item()
            sae.b_dec.data = raw.mean(dim=0)
            sae.fold_scale_(1 / scale)
            if spec.threshold == "learned":
                sae.threshold.data.fill_(sae.options["bandwidth"])
            sae.unit_norm_decoder_()
        x = raw * scale
        output = sae(x)
        loss = spec.loss(sae, x, output, price)
        record.append(loss.item())
        for i in range(sae.d_sae):
            silent[i] = 0 if (output.latents[:, i] > 0).any() else silent[i] + len(x)
        if spec.revives_dead and (silent >= dead_after).any():
            loss = loss + auxk_loss(sae, x, output.x_hat, silent >= dead_after, k_aux=D_IN // 2) / 32
        optimiser.zero_grad()
        loss.backward()
        remove_parallel_gradient_(sae.W_dec)
        left = (steps - step) / (0.2 * steps)
        optimiser.param_groups[0]["lr"] = lr * min(1, (step + 1) / warmup_steps, left)
        optimiser.step()
        sae.unit_norm_decoder_()
        if spec.threshold == "followed":
            sae.follow_threshold_(output.latents)
    sae.fold_scale_(scale)
    return record


@architectures
def test_the_loop_is_the_naive_one_bit_for_bit(architecture):
    (sae, options), (twin, _) = new(architecture), new(architecture)
    for model in (sae, twin):
        model.state_dict()[model.spec.biases[0]][8:] = -4.0  # so that some latents are dead
    schedule, revival = Schedule(5e-3, warmup_steps=4), Revival(dead_after=600)
    history = fit_sae(sae, list(batches(20)), **options, revival=revival, lr=schedule)
    record = naive(twin, batches(20), lr=5e-3, warmup_steps=4, steps=20, dead_after=600)
    assert history.loss == record and max(history.dead_share) > 0
    assert same(copy(sae), copy(twin))


def test_the_loss_by_hand():
    x = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    output = SAEOutput(torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
    assert sae_loss(x, output, l1_coefficient=10).item() == (4 + 1) / 2 + 10 * 3 / 2


def test_the_learning_rate_by_hand():
    rates = [learning_rate(step, 10, 1.0, warmup_steps=2, decay_share=0.5) for step in range(10)]
    assert rates == [0.5, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2]
    assert learning_rate(999, None, 1.0, warmup_steps=0, decay_share=0.5) == 1


def test_the_gradient_keeps_nothing_along_a_row():
    W_dec = torch.tensor([[2.0, 0.0], [0.6, 0.8]], requires_grad=True)
    W_dec.grad = torch.tensor([[5.0, 7.0], [0.6, 0.8]])
    remove_parallel_gradient_(W_dec)
    torch.testing.assert_close(W_dec.grad, torch.tensor([[0.0, 7.0], [0.0, 0.0]]))


@architectures
def test_each_step_is_orthogonal_to_the_directions_and_keeps_their_length(architecture):
    sae, options = new(architecture)

    def check(state):
        W_dec, grad = state.sae.W_dec.detach(), state.sae.W_dec.grad
        torch.testing.assert_close(W_dec.norm(dim=1), torch.ones(16))
        assert grad.abs().max() > 1e-3
        parallel.append((grad * before[-1]).sum(dim=1).abs().max().item())
        before.append(W_dec.clone())

    parallel, before = [], [sae.W_dec.detach().clone()]
    fit_sae(sae, batches(5), callbacks=[check], **options)
    assert len(parallel) == 5 and max(parallel) < 1e-5


@architectures
def test_training_finds_the_features(architecture):
    sae, options = new(architecture, d_sae=24, lr=5e-3)
    history = fit_sae(sae, batches(600), steps=600, **options)
    assert history.last.fvu < 0.2 and history.loss[-1] < history.loss[0] / 3
    assert mean_max_cosine(sae.W_dec.detach(), true_directions()) > 0.9
    assert 0.5 < history.last.l0 <= 4 and not history.interrupted


@architectures
@pytest.mark.parametrize("normalise", [True, False])
def test_afterwards_it_reads_raw_activations(architecture, normalise):
    sae, options = new(architecture, lr=Schedule(5e-3, normalise=normalise))
    history = fit_sae(sae, batches(200, loudness=30), steps=200, **options)
    x = next(batches(1, seed=1, loudness=30))
    assert fvu(x, sae(x).x_hat) == pytest.approx(history.last.fvu, rel=0.5)
    torch.testing.assert_close(sae.W_dec.detach().norm(dim=1), torch.ones(16))


def massive(n, seed=0):
    """The batches with two dimensions far from zero and hundreds of times as loud, and one that never moves."""
    loudness, shift = torch.ones(D_IN), torch.zeros(D_IN)
    loudness[:2], loudness[2], shift[0] = 300.0, 0.0, 5000.0
    return [x * loudness + shift for x in batches(n, seed=seed)]


@architectures
def test_each_dimension_can_have_its_own_scale(architecture):
    """A loud dimension then counts as much as a quiet one, and what is learned reads raw activations."""
    x, shared = massive(1, seed=1)[0], dict(steps=300)
    quiet = torch.arange(D_IN) > 2
    scores = {}
    for normalise in (True, "dimension"):
        sae, options = new(architecture, lr=Schedule(5e-3, normalise=normalise))
        fit_sae(sae, massive(300), **shared, **options)
        scores[normalise] = fvu(x[:, quiet], sae(x).x_hat[:, quiet])
    assert scores["dimension"] < 0.4 < scores[True]
    assert sae(x).x_hat.isfinite().all()


def test_what_is_scaled_by_dimension_is_what_is_given_scaled():
    given, (sae, options), (twin, _) = massive(30), new("topk"), new("topk")
    std = given[0].std(dim=0, correction=0)
    std[2] = std[std > 0].median()
    fit_sae(sae, given, lr=Schedule(5e-3, normalise="dimension"), **options)
    fit_sae(twin, [x / std for x in given], lr=Schedule(5e-3, normalise=False), **options)
    twin.fold_dimensions_(std)
    for name, value in copy(twin).items():
        torch.testing.assert_close(copy(sae)[name], value, atol=1e-3, rtol=1e-3)


def test_a_trained_one_goes_on_whatever_its_scale_was():
    sae, options = new("relu", lr=Schedule(5e-3))
    fit_sae(sae, massive(300), **options)
    x = massive(1, seed=1)[0]
    before = sae(x).x_hat
    fit_sae(sae, massive(1), **options | dict(lr=Schedule(0.0, normalise="dimension")))
    torch.testing.assert_close(sae(x).x_hat, before, atol=1.0, rtol=1e-3)


def test_a_scale_for_each_dimension_survives_a_checkpoint(tmp_path):
    schedule = Schedule(5e-3, normalise="dimension")
    (whole, options), (again, _) = new("topk", lr=schedule), new("topk")
    fit_sae(whole, massive(20), steps=20, **options)
    with pytest.raises(IndexError):
        stops = (massive(20)[number] if number < 11 else [][0] for number in range(20))
        fit_sae(new("topk")[0], stops, steps=20, checkpoint=Checkpoint(tmp_path / "run.pt", 5), **options)
    fit_sae(again, massive(20), steps=20, checkpoint=tmp_path / "run.pt", **options)
    assert same(copy(whole), copy(again))


def test_what_has_no_scale_is_refused():
    with pytest.raises(ValueError, match="normalise is 'token': there are dimension"):
        Schedule(normalise="token")
    with pytest.raises(ValueError, match="all the same"):
        sae, options = new("topk", lr=Schedule(normalise="dimension"))
        fit_sae(sae, [torch.ones(50, D_IN)], **options)


def test_loudness_makes_no_difference():
    quiet, loud = (new("relu")[0] for _ in range(2))
    for sae, loudness in ((quiet, 1.0), (loud, 64.0)):
        fit_sae(sae, batches(20, loudness=loudness), l1_coefficient=0.5, progress=False)
    torch.testing.assert_close(quiet.W_dec, loud.W_dec, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(64 * quiet.b_dec, loud.b_dec, atol=1e-3, rtol=1e-3)


@architectures
def test_the_same_batches_give_the_same_weights(architecture):
    (first, options), (second, _) = new(architecture), new(architecture)
    fit_sae(first, batches(10), **options)
    fit_sae(second, batches(10), **options)
    assert same(copy(first), copy(second))


def test_b_dec_starts_at_the_mean_of_the_first_batch():
    sae, options = new("relu", lr=0.0)
    first = next(batches(1))
    fit_sae(sae, [first], **options)
    torch.testing.assert_close(sae.b_dec.detach(), first.mean(dim=0))


@architectures
def test_a_trained_sae_goes_on_from_where_it_is(architecture):
    sae, options = new(architecture, lr=5e-3)
    once = fit_sae(sae, batches(200), **options).last
    again = fit_sae(sae, batches(5, seed=1), **{**options, "lr": 0.0})
    assert again.fvu[0] == pytest.approx(once.fvu, rel=0.5)


def test_history_is_one_entry_a_step():
    sae, options = new("topk")
    history = fit_sae(sae, batches(7), **options)
    assert history.step == list(range(7))
    for name in Measurement._fields:
        assert len(getattr(history, name)) == 7
    assert history.last == Measurement(*(getattr(history, name)[-1] for name in Measurement._fields))
    with pytest.raises(ValueError, match="before its first step"):
        _ = History().last


def test_steps_end_the_training_or_the_batches_do():
    sae, options = new("relu")
    assert len(fit_sae(sae, batches(9), steps=4, **options).step) == 4
    assert len(fit_sae(sae, list(batches(3)), **options).step) == 3
    with pytest.warns(UserWarning, match="after 2 of 4 steps"):
        assert len(fit_sae(sae, batches(2), steps=4, **options).step) == 2


def test_silence_makes_a_latent_dead():
    sae, options = new("relu", lr=0.0, revival=Revival(dead_after=512))
    with torch.no_grad():
        sae.b_enc[:4] = -1e6
    history = fit_sae(sae, batches(3, size=256), **options)
    assert history.dead_share == [0.0, 0.25, 0.25]


def test_the_auxiliary_loss_by_hand():
    """One live latent explains x fully but for its second half, which dead latent 1 points along."""
    sae = SAE(2, 3, "topk", k=1)
    with torch.no_grad():
        sae.W_dec.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
        sae.W_enc.copy_(sae.W_dec.T)
    x, x_hat = torch.tensor([[4.0, 3.0]]), torch.tensor([[4.0, 0.0]])
    dead = torch.tensor([False, True, True])
    assert auxk_loss(sae, x, x_hat, dead, k_aux=1).item() == 0
    assert auxk_loss(sae, x, x_hat, torch.tensor([False, False, True]), k_aux=5).item() == 9


def test_the_auxiliary_loss_moves_dead_latents_only():
    sae, _ = new("topk")
    x = next(batches(1))
    dead = torch.arange(16) >= 12
    auxk_loss(sae, x, sae(x).x_hat, dead, k_aux=2).backward()
    assert sae.W_dec.grad[dead].any() and not sae.W_dec.grad[~dead].any()
    assert not sae.W_enc.grad[:, ~dead].any() and sae.b_dec.grad is None


def test_the_auxiliary_loss_revives():
    def dead_share(coefficient):
        sae, options = new("topk", lr=5e-3, revival=Revival(1000, coefficient))
        with torch.no_grad():
            sae.b_enc[4:] = -4.0  # three quarters hardly ever win against the other four
        return fit_sae(sae, batches(101), **options).dead_share[-1]

    assert dead_share(1 / 4) <= 0.5 * dead_share(0.0)


def interrupted(good, bad):
    yield from batches(good)
    for x in batches(bad, seed=1):
        yield 100 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    raise KeyboardInterrupt


@architectures
def test_an_interruption_keeps_the_best_weights(architecture):
    """The batches turn to noise after 30 steps: the weights from before that come back."""
    sae, options = new(architecture, lr=5e-3)
    seen = []
    history = fit_sae(
        sae, interrupted(30, 20), callbacks=[lambda state: seen.append(copy(state.sae))], **options
    )
    assert history.interrupted and len(history.step) == 50
    smoothed, best = history.loss[0], 0
    lowest = smoothed
    for step, loss in enumerate(history.loss[1:], start=1):
        smoothed = 0.9 * smoothed + 0.1 * loss
        if smoothed < lowest:
            lowest, best = smoothed, step
    assert 20 < best < 31
    assert torch.equal(sae.W_dec, seen[best - 1]["W_dec"])  # what step `best` was measured with
    torch.testing.assert_close(sae.W_dec.detach().norm(dim=1), torch.ones(16))
    x = next(batches(1, seed=2))
    assert fvu(x, sae(x).x_hat) == pytest.approx(history.fvu[best], rel=0.5)  # raw activations again


def test_an_interruption_before_the_first_step_changes_nothing():
    sae, options = new("relu")
    before = copy(sae)
    history = fit_sae(sae, interrupted(0, 0), **options)
    assert history.interrupted and not history.step and same(before, copy(sae))


def test_a_loss_that_is_not_finite_stops_the_training():
    sae, options = new("relu")

    def spoilt():
        yield from batches(5)
        yield next(batches(1)) * math.inf

    with pytest.raises(FloatingPointError, match=r"loss is (nan|inf) at step 5: lower lr"):
        fit_sae(sae, spoilt(), **options)
    assert all(value.isfinite().all() for value in sae.state_dict().values())


def test_ones_own_loss_is_trained():
    sae, options = new("relu", lr=5e-3)
    del options["l1_coefficient"]
    asked = []

    def no_penalty(x, output):
        asked.append(len(x))
        return (x - output.x_hat).pow(2).sum(dim=1).mean()

    history = fit_sae(sae, batches(200), loss_fn=no_penalty, **options)
    assert len(asked) == 200 and history.last.fvu < 0.05
    assert history.loss == pytest.approx(history.mse)


def test_a_callback_may_change_the_weights():
    def silence(state):
        with torch.no_grad():
            state.sae.b_enc.fill_(-1e6)

    sae, options = new("relu")
    assert fit_sae(sae, batches(3), callbacks=[silence], **options).l0[1:] == [0, 0]


def test_what_does_not_fit_is_refused():
    sae, options = new("relu")
    with pytest.raises(ValueError, match=r"tensor \(batch, 8\), not float32 \(8,\): see activation_batches"):
        fit_sae(sae, next(batches(1)), **options)
    with pytest.raises(ValueError, match="needs an l1_coefficient"):
        fit_sae(sae, batches(1), progress=False)
    with pytest.raises(ValueError, match="steps is 0"):
        fit_sae(sae, batches(1), steps=0, **options)
    with pytest.raises(ValueError, match=r"mean norm of 0\.0"):
        fit_sae(sae, [torch.zeros(4, 8)], **options)


ELSEWHERE = [
    ("topk", dict(l1_coefficient=2.0), "l1_coefficient does not belong to a topk SAE"),
    ("batchtopk", dict(l0_coefficient=2.0), "l0_coefficient does not belong to a batchtopk SAE"),
    (
        "relu",
        dict(l0_coefficient=2.0),
        "l0_coefficient does not belong to a relu SAE .it takes l1_coefficient",
    ),
    ("jumprelu", dict(l1_coefficient=2.0), "l1_coefficient does not belong to a jumprelu SAE"),
    ("relu", dict(loss_fn=lambda x, output: x.sum(), l1_coefficient=2.0), "loss_fn and l1_coefficient"),
    (
        "relu",
        dict(revival=Revival(coefficient=0.5), l1_coefficient=2.0),
        "coefficient does not belong to a relu",
    ),
    ("gated", dict(revival=Revival(k_aux=3), l1_coefficient=2.0), "k_aux does not belong to a gated SAE"),
]


@pytest.mark.parametrize(("architecture", "options", "message"), ELSEWHERE)
def test_what_belongs_to_another_architecture_is_refused(architecture, options, message):
    sae, _ = new(architecture)
    before = copy(sae)
    with pytest.raises(ValueError, match=message):
        fit_sae(sae, batches(1), progress=False, **options)
    assert same(before, copy(sae))


def test_a_misspelt_option_is_no_coefficient():
    with pytest.raises(TypeError, match="unexpected keyword argument 'l2_coefficient'"):
        fit_sae(new("topk")[0], batches(1), progress=False, l2_coefficient=1.0)


def test_the_bar_can_be_turned_off(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    sae, options = new("relu")
    fit_sae(sae, batches(3), **options)
    assert capsys.readouterr() == ("", "")
    fit_sae(sae, batches(3), **{**options, "progress": True})
    captured = capsys.readouterr()
    assert captured.out == "" and "fvu" in captured.err


def test_topk_without_dead_latents_is_plain_squared_error():
    sae, options = new("topk")
    history = fit_sae(sae, batches(3), **options)
    assert history.loss == pytest.approx(history.mse)


# ── other losses ────────────────────────────────────────────────────────────────────────────────────────────────────


def eye_sae(architecture):
    sae = SAE(2, 2, architecture)
    with torch.no_grad():
        sae.W_dec.copy_(torch.eye(2))
        sae.W_enc.copy_(torch.eye(2))
    return sae


def test_the_jumprelu_loss_by_hand():
    sae = eye_sae("jumprelu")
    sae.threshold.data.fill_(0.5)
    x = torch.tensor([[3.0, 0.4], [2.0, 1.0]])  # misses 0.4² once; three are active in two rows
    assert jumprelu_loss(sae, x, sae(x), l0_coefficient=10).item() == pytest.approx((0.16 + 10 * 3) / 2)


def test_the_gated_loss_by_hand():
    sae = eye_sae("gated")
    sae.b_gate.data.fill_(-1.0)
    x = torch.tensor([[3.0, 0.5]])
    output = sae(x)
    assert output.latents.tolist() == [[3.0, 0.0]]
    # misses 0.5²; the gates alone say (2, 0) and miss 1² + 0.5²; the penalty falls on the open gate's 2
    assert gated_loss(sae, x, output, l1_coefficient=10).item() == pytest.approx(0.25 + 1.25 + 10 * 2)


def test_the_matryoshka_loss_by_hand():
    sae = SAE(2, 2, "matryoshka", k=2, prefixes=[1, 2])
    with torch.no_grad():
        sae.W_dec.copy_(torch.eye(2))
        sae.W_enc.copy_(torch.eye(2))
        sae.b_dec.copy_(torch.tensor([0.0, 1.0]))
    x = torch.tensor([[3.0, 5.0], [2.0, 1.0]])
    # both latents reconstruct all; the first alone says (3, 1) and (2, 1), and misses 4² in one of two rows
    assert matryoshka_loss(sae, x, sae(x), 0.0).item() == 16 / 2


def test_the_first_latents_of_a_matryoshka_reconstruct_by_themselves():
    """Eight of 24 latents: those of a batchtopk SAE are any, those of a matryoshka have had to do without the rest."""

    def missed(architecture, **options):
        sae = SAE(D_IN, 24, architecture, k=1, seed=0, **options)
        fit_sae(sae, batches(600), steps=600, lr=5e-3, progress=False)
        x = next(batches(1, seed=1))
        latents = sae.encode(x)
        latents[:, 8:] = 0
        return fvu(x, sae.decode(latents)), fvu(x, sae(x).x_hat)

    (nested, of_all), (plain, _) = missed("matryoshka", prefixes=[8, 24]), missed("batchtopk")
    assert nested < 0.6 * plain and of_all < 0.2


def test_the_penalty_of_the_gates_leaves_decoder_and_magnitudes_alone():
    sae = eye_sae("gated")
    x = torch.tensor([[3.0, 0.5]])
    gated_loss(sae, x, SAEOutput(x, sae(x).latents.detach()), l1_coefficient=10).backward()
    assert sae.W_dec.grad is None or not sae.W_dec.grad.any()
    assert sae.r_mag.grad is None and sae.b_gate.grad.any()


@pytest.mark.parametrize("architecture", [name for name, spec in RECORDS.items() if spec.coefficient])
def test_what_makes_it_sparse_has_to_be_said(architecture):
    with pytest.raises(ValueError, match=f"a {architecture} SAE needs an l._coefficient"):
        fit_sae(SAE(D_IN, 16, architecture), batches(1), progress=False)


@pytest.mark.parametrize(
    "architecture", [name for name, spec in RECORDS.items() if spec.threshold == "followed"]
)
def test_one_whose_threshold_followed_is_stored_as_the_jumprelu_that_it_is(architecture, tmp_path):
    sae, options = new(architecture, lr=5e-3)
    fit_sae(sae, batches(200), steps=200, **options)
    x = next(batches(1, seed=1, size=2000))
    active = (sae(x).latents > 0).sum(dim=1).float()
    assert not sae.training and active.mean() == pytest.approx(1, rel=0.2) and active.std() > 0.3
    save_sae(sae, tmp_path)
    loaded = load_sae(tmp_path)
    assert loaded.architecture == "jumprelu"
    assert torch.equal(loaded(x).x_hat, sae(x).x_hat)


# ── resampling ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_odds_are_the_square_of_the_squared_error():
    odds = resampling_odds(torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.zeros(2, 2))
    torch.testing.assert_close(odds, torch.tensor([1 / 17, 16 / 17]))


def test_fresh_pairs_by_hand():
    W_enc = torch.tensor([[2.0, 0.0, 6.0], [0.0, 9.0, 8.0]])  # live lengths 2 and 10
    rows, columns = fresh_pairs(torch.tensor([[3.0, 4.0]]), W_enc, torch.tensor([False, True, False]))
    torch.testing.assert_close(rows, torch.tensor([[0.6, 0.8]]))
    torch.testing.assert_close(columns, 0.2 * 6 * torch.tensor([[0.6], [0.8]]))


@architectures
def test_resampling_changes_dead_latents_only(architecture):
    sae, options = new(architecture)
    states = []
    fit_sae(sae, batches(3), callbacks=[states.append], **options)
    optimiser, before, dead = states[-1].optimiser, copy(sae), torch.arange(16) >= 12
    x = next(batches(1))
    assert resample_dead_(sae, optimiser, dead, x, seed=0) == 4
    torch.testing.assert_close(sae.W_dec[dead].norm(dim=1), torch.ones(4))
    towards = sae.W_dec[dead] @ torch.nn.functional.normalize(x, dim=1).T
    torch.testing.assert_close(towards.amax(dim=1), torch.ones(4))  # each points at an input
    live_length = before["W_enc"][:, ~dead].norm(dim=0).mean()
    torch.testing.assert_close(sae.W_enc[:, dead], 0.2 * live_length * sae.W_dec[dead].T)
    for name, value in sae.state_dict().items():
        whole = name == "b_dec" or value.ndim == 0  # not of a latent each
        here = ... if whole else (slice(None), ~dead) if name == "W_enc" else ~dead
        assert torch.equal(value[here], before[name][here]), name
    for parameter, shape in ((sae.W_dec, dead), (sae.W_enc, (slice(None), dead))):
        for moment in ("exp_avg", "exp_avg_sq"):
            assert not optimiser.state[parameter][moment][shape].any()
            assert optimiser.state[parameter][moment].any()


def test_nothing_is_resampled_where_all_live_or_none_does():
    sae, x = new("relu")[0], next(batches(1))
    optimiser = torch.optim.Adam(sae.parameters())
    for dead in (torch.zeros(16, dtype=torch.bool), torch.ones(16, dtype=torch.bool)):
        assert resample_dead_(sae, optimiser, dead, x, seed=0) == 0


def test_silence_is_never_chosen():
    sae, x = new("relu")[0], torch.zeros(50, 8)
    x[7] = 1.0
    with torch.no_grad():
        sae.b_dec.fill_(3.0)  # so that silence is explained badly
    resample_dead_(sae, torch.optim.Adam(sae.parameters()), torch.arange(16) > 3, x, seed=0)
    torch.testing.assert_close(sae.W_dec[4:].detach(), torch.full((12, 8), 8**-0.5))


def test_resampling_revives():
    def dead_share(*callbacks):
        sae, options = new("relu", lr=5e-3, revival=Revival(dead_after=1000))
        with torch.no_grad():
            sae.b_enc[4:] = -100.0
        return fit_sae(sae, batches(80), callbacks=callbacks, **options).dead_share[-1]

    inputs = next(batches(1, seed=5, size=1000))
    assert dead_share() == 0.75
    assert dead_share(resampler(inputs, at_steps=(20, 40), dead_after=1000)) < 0.2


# ── what people hand in as batches ────────────────────────────────────────────────────────────────────────────────────


def fit_small(batches, **options):
    return fit_sae(SAE(8, 32), batches, l1_coefficient=1.0, progress=False, **options)


def test_a_last_batch_of_one_row_ends_training_well():
    loader = torch.utils.data.DataLoader(torch.randn(33, 8), batch_size=16)
    history = fit_small(loader)
    assert len(history.fvu) == 3 and math.isnan(history.fvu[-1]) and history.fvu[1] > 0


def test_gradients_switched_off_for_all_do_not_stop_it():
    with torch.no_grad():
        assert len(fit_small(torch.randn(5, 64, 8)).loss) == 5


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_batches_of_any_precision_train_what_float32_trains(kind):
    x = torch.randn(5, 64, 8).to(kind)
    assert fit_small(x).fvu == fit_small(x.float()).fvu


def test_arrays_of_numpy_are_batches():
    x = torch.randn(3, 64, 8)
    assert fit_small([batch.numpy() for batch in x]).fvu == fit_small(x).fvu


@pytest.mark.parametrize(
    ("batches", "said"),
    [
        ([[torch.randn(16, 8)]], "take the first of each"),
        ([torch.ones(16, 8).long()], "not int64"),
        ([torch.empty(0, 8)], "no rows"),
        ([torch.randn(16, 9)], r"\(16, 9\)"),
        (iter([]), "used up"),
    ],
)
def test_other_batches_are_refused_in_a_sentence(batches, said):
    with pytest.raises(ValueError, match=said):
        fit_small(batches)
    with pytest.raises(TypeError, match="not something to loop over"):
        fit_small({"x": torch.randn(16, 8)})


def test_a_stream_that_ends_early_is_told():
    with pytest.warns(UserWarning, match="after 3 of 10 steps"):
        fit_small(iter(torch.randn(3, 64, 8)), steps=10)


def test_a_price_below_nothing_and_weights_too_coarse_are_refused():
    with pytest.raises(ValueError, match="at least 0"):
        fit_sae(SAE(8, 32), torch.randn(3, 16, 8), l1_coefficient=-5.0)
    with pytest.raises(ValueError, match=r"float16.*float32"):
        fit_sae(SAE(8, 32).half(), torch.randn(3, 16, 8), l1_coefficient=1.0)
