"""Where torch's default is float64, a call computes in the precision of what it is handed."""

import pytest
import torch

from course_utils.lm import Activations
from course_utils.reading import pool_by_text, random_dictionary_fvu
from course_utils.sae import SAE, fista
from course_utils.worlds import FeatureWorld


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


MADE = FeatureWorld(n_features=64, d=16, active=3)
X, CODES, SOME = torch.eye(4), torch.eye(4), SAE(4, 8, seed=0)


def test_float32_stays_so(double):
    assert fista(X, CODES, steps=3).dtype == torch.float32
    assert MADE.draw(5).x.dtype == next(MADE.batches(1, 5)).dtype == torch.float32
    assert random_dictionary_fvu(X, 4, 1, torch.zeros(4, dtype=torch.float32)) == pytest.approx(0, abs=2)
    assert (
        pool_by_text(Activations(X, torch.zeros(4, 2, dtype=torch.long)), 1, encode=SOME.encode).dtype
        == torch.float32
    )
    assert torch.get_default_dtype() == torch.float64


def test_float64_stays_so_too(double):
    assert fista(X.double(), CODES.double(), steps=3).dtype == torch.float64
    assert FeatureWorld(n_features=64, d=16, active=3).draw(5).x.dtype == torch.float64


def test_the_default_comes_back_after_an_error(double):
    with pytest.raises(ValueError):
        fista(X, torch.eye(3, dtype=torch.float32))
    assert torch.get_default_dtype() == torch.float64
