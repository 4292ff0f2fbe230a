"""Without the operations that torch may drop, everything still computes, and the same."""

import re
from pathlib import Path

import pytest
import torch

from course_utils.base import entry_dots, packed, packs_bfloat16, private_ops, relu_slope_
from course_utils.lm import collect_activations, load_model
from course_utils.sae import SAE
from course_utils.training import FastStep, fit_sae
from course_utils.worlds import fit_toy_models
from tools.other_models import make_stand_in

PACKAGE = Path(__file__).parents[1] / "course_utils"


@pytest.fixture
def gone(monkeypatch):
    """A torch without them; to be called in the middle of a test."""
    return lambda: monkeypatch.setattr(private_ops, "_operation", lambda library, name: None)


def test_where_bfloat16_is_not_packed_a_sentence_says_so(gone):
    gone()
    with pytest.raises(RuntimeError, match="this processor does not pack"):
        packed(torch.eye(2, dtype=torch.bfloat16))


def test_only_one_file_asks_for_them():
    asking = [
        path.name
        for path in PACKAGE.rglob("*.py")
        if re.search(r"torch\.ops\b|torch\._mkldnn", path.read_text(encoding="utf-8"))
    ]
    assert asking == ["private_ops.py"]


def test_what_stands_in_gives_the_same(gone):
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(n, 6, generator=generator) for n in (5, 9))
    starts, rows = torch.tensor([0, 2, 2, 5, 6]), torch.tensor([0, 0, 2, 2, 2, 3, 4])
    columns = torch.tensor([8, 1, 0, 0, 3, 5, 7])
    slope, activated = torch.randn(4, 4, generator=generator), torch.randn(4, 4, generator=generator).relu()
    before = entry_dots(a, b, columns, starts, rows), relu_slope_(slope.clone(), activated)
    gone()
    assert not packs_bfloat16()
    after = entry_dots(a, b, columns, starts, rows), relu_slope_(slope.clone(), activated)
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other)
    assert (before[1] == 0).sum() >= 4, "some slopes are cut off"


@pytest.mark.parametrize(("architecture", "options"), [("topk", {"k": 4}), ("relu", {})])
@pytest.mark.parametrize("speed", ["fast", "fast_bfloat16"])
def test_training_comes_out_alike(gone, architecture, options, speed):
    x = torch.randn(512, 8, generator=torch.Generator().manual_seed(1))

    def trained():
        sae = SAE(8, 64, architecture, seed=0, **options)
        price = {"l1_coefficient": 0.5} if architecture == "relu" else {}
        fit_sae(sae, [x] * 20, steps=20, lr=1e-3, speed=speed, progress=False, **price)
        return sae.W_dec.detach()

    before = trained()
    gone()
    torch.testing.assert_close(trained(), before, atol=1e-4, rtol=1e-3)


def test_entries_of_many_rows_are_taken_in_pieces(gone, monkeypatch):
    gone()
    monkeypatch.setattr(private_ops, "AT_ONCE", 7)
    sae, x = SAE(8, 32, "topk", k=4, seed=0), torch.randn(10, 8)
    step = FastStep(sae).open()
    step(x)
    found = sae.W_enc.grad.clone()
    step.close()
    ((sae(x).x_hat - x).pow(2).sum() / len(x)).backward()
    torch.testing.assert_close(found, sae.W_enc.grad, atol=1e-5, rtol=1e-4)


def test_toy_models_come_out_alike(gone):
    def trained():
        return fit_toy_models(6, 2, sparsity=0.9, steps=30, seed=0, progress=False).W.detach()

    before = trained()
    gone()
    torch.testing.assert_close(trained(), before)


@pytest.mark.parametrize("name", ["pocket", "llama"])
def test_a_harvest_in_bfloat16_comes_out_alike(gone, name, tmp_path):
    if name != "pocket":
        make_stand_in(name, tmp_path)
    model = load_model(name if name == "pocket" else tmp_path)
    hook, texts = "blocks.2.hook_resid_post", ["The ship sails over the sea.", "Owls see at night."]
    exact = collect_activations(model, texts, hook).values
    gone()
    rounded = collect_activations(model, texts, hook, compute_dtype=torch.bfloat16).values.float()
    assert (rounded - exact).norm() < 0.02 * exact.norm()
