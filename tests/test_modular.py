import json
import math

import pytest
import torch

from course_utils.recipes.modular_addition import train
from course_utils.worlds import (
    ModularTransformer,
    all_pairs,
    fourier_basis,
    frequency_power,
    keep_frequencies,
    load_modular,
    training_rows,
)


@pytest.mark.parametrize("p", [3, 7, 67])
def test_the_waves_are_perpendicular_and_of_length_one(p):
    waves = fourier_basis(p)
    assert torch.allclose(waves @ waves.T, torch.eye(p), atol=1e-5)


def test_one_wave_has_all_its_power_in_its_frequency():
    n = torch.arange(7)
    shifted = (2 * torch.pi * 2 * n / 7 + 0.4).cos()[:, None]
    power = frequency_power(shifted, fourier_basis(7))
    assert torch.allclose(power, torch.tensor([0.0, 0.0, 3.5, 0.0]), atol=1e-5)


def test_power_matches_the_fast_fourier_transform():
    W_E = torch.randn(11, 4, generator=torch.Generator().manual_seed(0))
    spectrum = torch.fft.rfft(W_E, dim=0).abs().pow(2).sum(dim=1) / 11
    spectrum[1:] *= 2
    assert torch.allclose(frequency_power(W_E, fourier_basis(11)), spectrum, rtol=1e-4)


def test_parts_add_up_to_the_whole():
    W_E = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    parts = sum(keep_frequencies(W_E, [k]) for k in range(4))
    assert torch.allclose(parts, W_E, atol=1e-5)
    assert torch.allclose(keep_frequencies(W_E, [0]), W_E.mean(dim=0).expand(7, 3), atol=1e-5)


def test_impossible_requests():
    with pytest.raises(ValueError, match="p is 4"):
        fourier_basis(4)
    with pytest.raises(ValueError, match="between 0 and 3"):
        keep_frequencies(torch.eye(7), [4])
    with pytest.raises(ValueError, match="d_model 10 is not a multiple of n_heads 4"):
        ModularTransformer(7, d_model=10)


def test_pairs_and_which_were_trained_on():
    assert all_pairs(3).tolist()[:4] == [[0, 0], [0, 1], [0, 2], [1, 0]]
    rows = training_rows(10, 0.3, seed=0)
    assert rows.sum() == 30 and torch.equal(rows, training_rows(10, 0.3, seed=0))


def test_attention_matches_torch():
    model, pairs = ModularTransformer(5, d_model=8, n_heads=2, d_mlp=6, seed=3), all_pairs(5)
    x = model.W_E[torch.cat([pairs, torch.full((25, 1), 5)], dim=1)] + model.W_pos
    q, k, v = (torch.einsum("bsm,hmd->bhsd", x, W) for W in (model.W_Q, model.W_K, model.W_V))
    heads = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    last = (x + torch.einsum("bhsd,hdm->bsm", heads, model.W_O))[:, -1]
    neurons = (last @ model.W_in + model.b_in).relu()
    logits = (last + neurons @ model.W_out + model.b_out) @ model.W_U
    read = model.read(pairs)
    assert torch.allclose(read.neurons, neurons, atol=1e-5) and torch.allclose(read.logits, logits, atol=1e-5)


def test_what_ships_adds_and_does_so_with_few_waves():
    model = load_modular()
    pairs = all_pairs(model.p)
    assert (model(pairs).argmax(dim=1) == pairs.sum(dim=1) % model.p).all()
    power = frequency_power(model.W_E[:-1], fourier_basis(model.p))[1:]
    assert power.topk(5).values.sum() > 0.95 * power.sum()


def test_a_training_that_was_interrupted_goes_on_as_if_it_had_not_been(tmp_path):
    train(tmp_path / "straight", steps=12, log_every=1)
    train(tmp_path / "twice", steps=10, log_every=1)
    train(tmp_path / "twice", steps=12, log_every=1)
    straight, twice = (
        json.loads((tmp_path / way / "history.json").read_text()) for way in ("straight", "twice")
    )
    # Sums may round differently from run to run; a forgotten optimizer state or schedule shows at 1e-3 and above.
    assert [row["step"] for row in twice] == list(range(13))
    for rows in zip(straight, twice, strict=True):
        assert math.isclose(*(row["held_out_loss"] for row in rows), abs_tol=1e-5)
