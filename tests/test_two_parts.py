"""GPT-2 cut in two: what the second part says of a stream is what the whole model says."""

import pytest
import torch
from pipeline_model import TEXTS, tiny_model

from course_utils.lm import cut_in_two, next_token_losses, tokenize

HOOKS = ["blocks.0.hook_resid_pre", "blocks.1.hook_in", "blocks.1.hook_resid_post", "blocks.2.hook_out"]


def whole_model(tokens, hook_name, edit):
    logits = tiny_model().run_with_hooks(tokens.ids, return_type="logits", fwd_hooks=[(hook_name, edit)])
    return next_token_losses(logits, tokens.ids, tokens.is_real[:, 1:])


@pytest.mark.parametrize("hook_name", HOOKS)
def test_an_edit_at_the_cut_costs_what_it_costs_the_whole_model(hook_name):
    tokens = tokenize(tiny_model(), TEXTS)
    parts = cut_in_two(tiny_model(), hook_name)
    found = parts.losses(parts.stream(tokens.ids) * 0.5, tokens.ids, tokens.is_real[:, 1:])
    expected = whole_model(tokens, hook_name, lambda value, hook: value * 0.5)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("hook_name", HOOKS)
def test_one_row_serves_all_texts(hook_name):
    tokens = tokenize(tiny_model(), TEXTS)
    parts = cut_in_two(tiny_model(), hook_name)
    row = torch.randn(tokens.ids.shape[1] + 3, 16, generator=torch.Generator().manual_seed(0))
    found = parts.losses_of_row(row, tokens.ids, tokens.is_real[:, 1:])
    same = row[: tokens.ids.shape[1]].expand(len(tokens), -1, -1)
    expected = whole_model(tokens, hook_name, lambda value, hook: same)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_only_a_plain_gpt2_is_cut_and_only_between_layers():
    assert cut_in_two(tiny_model("llama"), HOOKS[0]) is None
    for elsewhere in ("blocks.1.hook_resid_mid", "blocks.1.hook_mlp_out", "hook_embed"):
        assert cut_in_two(tiny_model(), elsewhere) is None
    with tiny_model().hooks(fwd_hooks=[(HOOKS[0], lambda value, hook: value)]):
        assert cut_in_two(tiny_model(), HOOKS[0]) is None
