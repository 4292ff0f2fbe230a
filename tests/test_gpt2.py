"""The forward pass written out, against TransformerBridge with all its hooks."""

import pytest
import torch
from pipeline_model import TEXTS, tiny_model

from course_utils.lm import activations, collect_activations, gpt2, tokenize

NAMES = [f"blocks.{layer}.{name}" for layer in (0, 2) for name in gpt2.SERVED]


@pytest.mark.parametrize("hook_name", NAMES)
def test_every_hook_point_is_what_the_bridge_computes(hook_name):
    ids = tiny_model().to_tokens(TEXTS[1])
    _, cache = tiny_model().run_with_cache(ids, names_filter=[hook_name])
    found = gpt2.value_at(gpt2.gpt2_of(tiny_model()), ids, hook_name)
    torch.testing.assert_close(found, cache[hook_name].flatten(start_dim=2), atol=1e-5, rtol=1e-5)


def test_other_names_are_left_to_the_bridge():
    assert all(map(gpt2.serves, NAMES))
    others = ["hook_embed", "ln_final.hook_normalized", "blocks.1.attn.hook_pattern", "hook_resid_post"]
    assert not any(map(gpt2.serves, others))


def test_nothing_after_the_hook_point_is_computed():
    plain = gpt2.gpt2_of(tiny_model())
    first = {name: w for name, w in plain.weights.items() if ".mlp." not in name and "h.1" not in name}
    ids = tiny_model().to_tokens(TEXTS[0])
    gpt2.value_at(plain._replace(weights=first), ids, "blocks.0.hook_resid_mid")
    with pytest.raises(KeyError):
        gpt2.value_at(plain._replace(weights=first), ids, "blocks.0.mlp.hook_pre")


def test_weights_are_the_models_own():
    weights = gpt2.gpt2_of(tiny_model()).weights
    assert weights["wte.weight"].data_ptr() == tiny_model().W_E.data_ptr()


def test_matrices_are_rounded_in_the_layers_that_are_used_and_no_others():
    weights = gpt2.gpt2_of(tiny_model(), torch.bfloat16, n_layers=1).weights
    rounded = {name for name, w in weights.items() if w.dtype == torch.bfloat16}
    assert "h.0.attn.c_attn.weight" in rounded and all(name.startswith("h.0.") for name in rounded)


@pytest.mark.parametrize("n_pos", [1, 7, 8, 30])
def test_attention_some_queries_at_a_time_is_attention(monkeypatch, n_pos):
    monkeypatch.setattr(gpt2, "QUERIES", 8)
    q, k, v = torch.randn(3, 2, 3, n_pos, 4, generator=torch.Generator().manual_seed(n_pos))
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(gpt2.causal_attention(q, k, v), expected, atol=1e-6, rtol=1e-5)


def test_only_a_plain_gpt2_without_hooks_goes_the_short_way():
    assert gpt2.gpt2_of(tiny_model("llama")) is None
    model = tiny_model()
    with model.hooks(fwd_hooks=[("blocks.0.hook_resid_post", lambda value, hook: value)]):
        assert gpt2.gpt2_of(model) is None
    model.train()
    try:
        assert gpt2.gpt2_of(model) is None
    finally:
        model.eval()
    assert gpt2.gpt2_of(model) is not None


def test_a_hook_in_the_model_is_heard():
    model, hook_name = tiny_model(), "blocks.1.hook_resid_post"
    plain = collect_activations(model, TEXTS, hook_name).values
    with model.hooks(fwd_hooks=[("blocks.0.hook_resid_post", lambda value, hook: value + 1)]):
        steered = collect_activations(model, TEXTS, hook_name).values
    assert (steered - plain).abs().max() > 0.1
    assert torch.equal(collect_activations(model, TEXTS, hook_name).values, plain)


@pytest.mark.parametrize("hook_name", ["blocks.1.hook_resid_post", "hook_embed"])
def test_harvest_takes_the_way_that_fits(monkeypatch, hook_name):
    tokens = tokenize(tiny_model(), TEXTS)
    quick = collect_activations(tiny_model(), tokens, hook_name).values
    calls = []
    monkeypatch.setattr(gpt2, "value_at", lambda *some: calls.append(some))
    monkeypatch.setattr(gpt2, "gpt2_of", lambda *some, **more: None)
    plain = activations.collect_activations(tiny_model(), tokens, hook_name).values
    torch.testing.assert_close(quick, plain, atol=1e-5, rtol=1e-5)
    assert not calls


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_bfloat16_is_good_to_two_digits_and_the_rows_are_float32(architecture):
    model, hook_name = tiny_model(architecture), "blocks.1.hook_resid_post"
    exact = collect_activations(model, TEXTS, hook_name).values
    rough = collect_activations(model, TEXTS, hook_name, compute_dtype=torch.bfloat16).values
    assert rough.dtype == torch.float32 and not torch.equal(rough, exact)
    assert (rough - exact).norm() / exact.norm() < 0.02
