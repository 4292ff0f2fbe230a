"""A day reads less with a large model, and says so once."""

from types import SimpleNamespace

import pytest

from course_utils.lm import fewer_if_large
from course_utils.lm.model_size import what_it_reads


def model(n_layers, d_model):
    return SimpleNamespace(cfg=SimpleNamespace(n_layers=n_layers, d_model=d_model))


@pytest.mark.parametrize(
    ("shape", "n", "says"),
    [
        ((5, 256), 8, ""),  # the pocket model
        ((12, 768), 4, "half as much"),  # GPT-2 small
        ((30, 576), 4, "half as much"),  # SmolLM2-135M
        ((16, 2048), 2, "a quarter as much"),  # Llama-3.2-1B
    ],
)
def test_the_larger_the_model_the_less_is_read(shape, n, says):
    assert fewer_if_large(model(*shape), 8) == n
    assert says in what_it_reads(model(*shape)) and bool(says) == bool(what_it_reads(model(*shape)))


def test_something_is_always_left():
    assert fewer_if_large(model(16, 2048), 1) == 1
