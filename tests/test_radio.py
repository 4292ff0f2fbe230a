import pytest
import torch

from course_utils.sae import SAE
from course_utils.worlds import (
    broadcast,
    draw_stations,
    listen,
    on_air,
    random_codes,
    row_batches,
    scattered_moments,
    signal_to_noise,
    spread_codes,
)


def test_send_by_hand():
    sound = torch.tensor([[0.0, 0.5, -0.5, 1.0], [0.2, 0.2, 0.2, 0.2]])
    on = torch.tensor([[True, False], [False, True]])
    expected = torch.tensor([[0.5, 0.0], [0.75, 0.0], [0.0, 0.6], [0.0, 0.6]])
    torch.testing.assert_close(broadcast(sound, on), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_autoencoder_starts_at_the_answer(dtype):
    torch.set_default_dtype(dtype)
    try:
        started, codes = SAE(10, 100, seed=0).W_dec.detach(), random_codes(100, 10, seed=0)
    finally:
        torch.set_default_dtype(torch.float32)
    assert codes.dtype == started.dtype == dtype
    assert (started * codes).sum(dim=1).abs().mean() < 0.5


def test_spread_codes_are_the_same_after_a_rounding_error():
    codes = random_codes(100, 10, seed=0).double()
    assert torch.equal(spread_codes(codes), spread_codes(codes * (1 + 1e-15)))


def test_stations_have_names_and_programmes():
    stations = draw_stations(5, seconds=0.1)
    assert stations.names == ["00 chord", "01 melody", "02 rhythm", "03 speech", "04 chord"]
    assert stations.sound.shape == (5, 800)


def test_on_air_by_chance_or_always():
    on = on_air(4000, 6, duty=0.25, seed=1, always=2)
    assert on[:, 2].all()
    assert on[:, [0, 1, 3, 4, 5]].float().mean() == pytest.approx(0.25, abs=0.02)


def test_scattered_moments_are_zero_or_a_sample():
    sound = torch.tensor([[0.0, 1.0], [-0.5, 0.5]])
    features = scattered_moments(sound, 0.5, 2000, torch.Generator().manual_seed(0))
    assert set(features[:, 0].tolist()) == {0.0, 0.5, 1.0} and set(features[:, 1].tolist()) == {
        0.0,
        0.25,
        0.75,
    }
    assert (features > 0).float().mean() == pytest.approx(0.5, abs=0.03)


def test_codes_have_length_one():
    torch.testing.assert_close(random_codes(40, 6, seed=0).norm(dim=1), torch.ones(40))


def test_spread_codes_find_the_best_three_in_the_plane():
    codes = spread_codes(random_codes(3, 2, seed=1), steps=2000, step=0.005)
    cosines = (codes @ codes.T - torch.eye(3)).abs()
    assert cosines.max() == pytest.approx(0.5, abs=0.01)  # Welch's bound


def test_signal_to_noise_by_hand():
    sent = torch.tensor([1.0, -1.0, 1.0, -1.0])
    noise = 0.1 * torch.tensor([1.0, 1.0, -1.0, -1.0])
    assert signal_to_noise(sent, sent + noise) == pytest.approx(20)
    assert signal_to_noise(sent, sent + noise + 7) == pytest.approx(20)
    with pytest.raises(ValueError, match="nothing was sent"):
        signal_to_noise(torch.ones(4), sent)


def test_listening_centres_and_scales():
    torch.testing.assert_close(listen(torch.tensor([1.0, 2.0, 3.0])), torch.tensor([-0.9, 0.0, 0.9]))
    assert not listen(torch.ones(3)).any()


def test_row_batches_are_rows():
    x = torch.arange(6.0)[:, None]
    batches = list(row_batches(x, 3, batch_size=4, seed=0))
    assert len(batches) == 3 and all(
        b.shape == (4, 1) and set(b[:, 0].tolist()) <= set(range(6)) for b in batches
    )
