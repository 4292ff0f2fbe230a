"""What differs between processors moves, by a last bit; what is exact everywhere stays."""

import pytest
import torch
from torch.nn.functional import softplus

from tools.last_bits import LastBits

X = torch.rand(6, 6, generator=torch.Generator().manual_seed(0)) + 0.1
MOVES = {
    "matrix product": lambda: X @ X,
    "sum": lambda: X.sum(dim=0),
    "mean": lambda: X.mean(dim=0),
    "exp": lambda: X.exp(),
    "log1p": lambda: X.log1p(),
    "atan2": lambda: torch.atan2(X, X.T),
    "softplus": lambda: softplus(X),
    "softmax": lambda: X.softmax(dim=0),
    "least squares": lambda: torch.linalg.lstsq(X, X[:, :2]).solution,
    "QR": lambda: torch.linalg.qr(X).R,
    "Fourier": lambda: torch.fft.rfft(X),
    "distances": lambda: torch.cdist(X, X + 1, p=1),
    "index_add": lambda: torch.zeros(6, 6).index_add(0, torch.arange(6), X),
}


@pytest.mark.parametrize("name", MOVES)
def test_it_moves_by_a_last_bit(name):
    exact = MOVES[name]()
    with LastBits(seed=0):
        moved = MOVES[name]()
    assert not torch.equal(exact, moved)
    torch.testing.assert_close(exact, moved, rtol=1e-4, atol=1e-5)


def test_counts_bounds_and_random_numbers_stay():
    with LastBits(seed=0):
        assert torch.ones(100).sum() == 100
        assert torch.full((1000,), 20.0).tanh().max() <= 1
        drawn = torch.rand(5, generator=torch.Generator().manual_seed(3))
    assert torch.equal(drawn, torch.rand(5, generator=torch.Generator().manual_seed(3)))
