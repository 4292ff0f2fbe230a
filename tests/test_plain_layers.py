"""Transformers' own layers against TransformerLens' bridge around the same weights."""

from functools import cache

import pytest
import torch
from pipeline_model import TEXTS, tiny_folder, tiny_model
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoTokenizer, GPTNeoXConfig, GPTNeoXForCausalLM, Qwen2Config, Qwen2ForCausalLM

from course_utils.lm import iterate_activations, plain_layers
from course_utils.lm.activations import _values_at
from course_utils.lm.plain_layers import plain_reader

HOOKS = ["blocks.0.hook_resid_pre", "blocks.1.hook_resid_post", "blocks.2.hook_out", "blocks.1.mlp.hook_post"]
IDS = torch.tensor([[0, 5, 17, 4, 100, 7], [0, 44, 9, 1, 1, 1]])
SIZES = dict(
    vocab_size=320, hidden_size=16, num_hidden_layers=3, num_attention_heads=4, initializer_range=0.3
)


@cache
def model_of(architecture):
    if architecture in ("gpt2", "llama"):
        return tiny_model(architecture)
    torch.manual_seed(0)
    if architecture == "qwen":
        plain = Qwen2ForCausalLM(Qwen2Config(num_key_value_heads=2, intermediate_size=24, **SIZES))
    else:
        plain = GPTNeoXForCausalLM(GPTNeoXConfig(intermediate_size=24, **SIZES))
    tokenizer = AutoTokenizer.from_pretrained(str(tiny_folder()))
    return TransformerBridge.boot_transformers("x", hf_model=plain, tokenizer=tokenizer, device="cpu").eval()


def reader(model, hook_name, **options):
    return plain_reader(model, hook_name, lambda ids: _values_at(model, ids, hook_name), **options)


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "qwen", "neox"])
@pytest.mark.parametrize("hook_name", HOOKS)
def test_it_gives_what_the_bridge_gives(architecture, hook_name):
    model = model_of(architecture)
    read = reader(model, hook_name)
    assert read is not None
    torch.testing.assert_close(read(IDS), _values_at(model, IDS, hook_name), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("hook_name", ["blocks.1.attn.hook_z", "blocks.1.ln1.hook_scale", "hook_embed"])
def test_other_places_are_left_to_the_bridge(hook_name):
    assert reader(model_of("llama"), hook_name) is None


def test_the_weights_are_the_models_own_even_when_they_change():
    model, hook_name = TransformerBridge.boot_transformers(str(tiny_folder("llama")), device="cpu"), HOOKS[1]
    read = reader(model, hook_name)
    before = read(IDS)
    with torch.no_grad():
        model.blocks[0].mlp.out.original_component.weight.mul_(2)
    assert not torch.allclose(read(IDS), before)
    torch.testing.assert_close(read(IDS), _values_at(model, IDS, hook_name), atol=1e-4, rtol=1e-4)


def test_a_hook_in_the_model_is_left_to_the_bridge():
    model = model_of("llama")
    with model.hooks(fwd_hooks=[("blocks.0.hook_resid_post", lambda value, hook: value * 2)]):
        assert reader(model, HOOKS[1]) is None
    assert reader(model, HOOKS[1]) is not None


def test_what_differs_from_the_bridge_is_left_to_it(monkeypatch):
    model = model_of("llama")
    wrong = lambda ids: _values_at(model, ids, HOOKS[1]) * 1.01
    assert plain_reader(model, HOOKS[1], wrong) is None
    monkeypatch.setattr(plain_layers, "_layers", lambda *_: 1 / 0)
    assert reader(model, HOOKS[1]) is None


def test_a_small_number_beside_huge_ones_has_to_agree_too():
    huge = torch.tensor([[1e6, 1.0, -2.0, 1.5]])
    assert plain_layers._same(huge * (1 + 1e-5), huge)
    assert not plain_layers._same(huge + torch.tensor([0.0, 0.1, 0.0, 0.0]), huge)


def test_bfloat16_is_good_to_two_digits_and_the_rows_are_float32():
    for hook_name in HOOKS:
        exact = reader(model_of("llama"), hook_name)(IDS)
        rounded = reader(model_of("llama"), hook_name, dtype=torch.bfloat16)(IDS)
        assert (rounded.dtype == torch.float32 and not torch.equal(rounded, exact)) or hook_name == HOOKS[0]
        assert (rounded - exact).norm() < 0.03 * exact.norm()


@pytest.mark.parametrize("hook_name", HOOKS[1:])
def test_harvest_goes_this_way(monkeypatch, hook_name):
    model, taken = model_of("llama"), []
    monkeypatch.setattr(plain_layers, "_rounding", lambda read, *_: taken.append(1) or read)
    chunks = list(iterate_activations(model, TEXTS, hook_name, compute_dtype=torch.bfloat16))
    assert taken and sum(map(len, chunks)) > 20
