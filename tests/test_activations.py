from collections import Counter

import pytest
import torch
from pipeline_model import TEXTS, tiny_folder, tiny_model
from transformers import AutoModelForCausalLM

from course_utils.lm import (
    Activations,
    activation_batches,
    collect_activations,
    iterate_activations,
    tokenize,
)

HOOKS = [
    "blocks.0.hook_resid_pre",
    "blocks.1.hook_resid_post",
    "blocks.2.hook_resid_post",
    "blocks.1.mlp.hook_post",
]
HOOKS += ["blocks.1.attn.hook_z", "blocks.1.attn.hook_q", "hook_embed", "ln_final.hook_normalized"]


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
@pytest.mark.parametrize("hook_name", HOOKS)
def test_padded_batches_give_what_each_text_gives_alone(architecture, hook_name):
    model = tiny_model(architecture)
    found = collect_activations(model, TEXTS, hook_name, batch_size=4)
    alone, where = [], []
    for i, text in enumerate(TEXTS):
        _, cache = model.run_with_cache(model.to_tokens(text), names_filter=[hook_name])
        value = cache[hook_name][0].flatten(start_dim=1)
        alone.append(value[1:])
        where += [[i, position] for position in range(1, len(value))]
    torch.testing.assert_close(found.values, torch.cat(alone), atol=1e-4, rtol=1e-4)
    assert found.where.tolist() == where


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
@pytest.mark.parametrize("layer", [0, 1])
def test_they_are_the_hidden_states_of_the_plain_model(architecture, layer):
    plain = AutoModelForCausalLM.from_pretrained(tiny_folder(architecture)).eval()
    model = tiny_model(architecture)
    found = collect_activations(model, TEXTS[1], f"blocks.{layer}.hook_resid_post", skip_bos=False)
    with torch.no_grad():
        states = plain(model.to_tokens(TEXTS[1]), output_hidden_states=True).hidden_states
    torch.testing.assert_close(found.values, states[layer + 1][0], atol=1e-4, rtol=1e-4)


def test_bos_is_left_out_unless_asked_for_and_padding_always():
    tokens = tokenize(tiny_model(), TEXTS)
    with_bos = collect_activations(tiny_model(), tokens, HOOKS[1], skip_bos=False)
    without = collect_activations(tiny_model(), tokens, HOOKS[1])
    assert len(with_bos) == tokens.lengths.sum() and with_bos.where[:, 1].min() == 0
    assert len(without) == (tokens.lengths - 1).sum() and without.where[:, 1].min() == 1


def test_the_rows_of_the_first_texts():
    hook_name = "blocks.1.hook_resid_post"
    whole, first = (collect_activations(tiny_model(), texts, hook_name) for texts in (TEXTS, TEXTS[:2]))
    assert torch.equal(whole.of_first(2).where, first.where)
    torch.testing.assert_close(whole.of_first(2).values, first.values)
    assert len(whole.of_first(0)) == 0 and len(whole.of_first(len(TEXTS))) == len(whole)


def test_values_are_plain_float32():
    values = collect_activations(tiny_model(), TEXTS, HOOKS[1]).values
    assert values.dtype == torch.float32 and not values.requires_grad


@pytest.mark.parametrize("ready", [False, True])
def test_the_stream_gives_the_same_rows_in_chunks(ready):
    texts = TEXTS * 5  # 30 texts: chunks of 8 with one text a batch
    texts = tokenize(tiny_model(), texts) if ready else texts
    whole = collect_activations(tiny_model(), texts, HOOKS[1], batch_size=5, max_tokens_per_text=9)
    chunks = list(iterate_activations(tiny_model(), texts, HOOKS[1], batch_size=1, max_tokens_per_text=9))
    assert len(chunks) == 4 and whole.where[:, 1].max() == 8
    assert torch.equal(torch.cat([c.where for c in chunks]), whole.where)
    torch.testing.assert_close(torch.cat([c.values for c in chunks]), whole.values, atol=1e-4, rtol=1e-4)


def test_what_holds_no_row_a_token_is_refused():
    with pytest.raises(ValueError, match="one row a token"):
        collect_activations(tiny_model(), TEXTS, "blocks.1.attn.hook_pattern")
    with pytest.raises(ValueError, match="did you mean"):
        iterate_activations(tiny_model(), TEXTS, "blocks.1.resid_post")  # at the call, not at the first chunk
    with pytest.raises(ValueError, match="no texts"):
        iterate_activations(tiny_model(), [], HOOKS[1])


def test_the_model_is_left_without_hooks():
    before = tiny_model()(TEXTS[0])
    collect_activations(tiny_model(), TEXTS, HOOKS[1])
    assert torch.equal(tiny_model()(TEXTS[0]), before)


def rows(n):
    """Row i is (i, i)."""
    return torch.arange(n, dtype=torch.float32)[:, None].expand(n, 2)


def stream(n, chunk=10):
    for start in range(0, n, chunk):
        values = rows(n)[start : start + chunk]
        yield Activations(values, torch.zeros(len(values), 2, dtype=torch.long))


@pytest.mark.parametrize("source", [rows(60), Activations(rows(60), rows(60).long()), lambda: stream(60)])
def test_an_epoch_gives_every_row_once_in_random_order(source):
    batches = list(activation_batches(source, batch_size=6, seed=0, epochs=2, buffer_size=30))
    assert all(batch.shape == (6, 2) for batch in batches) and len(batches) == 20
    given = torch.cat(batches)[:, 0].tolist()
    assert set(Counter(given).values()) == {2}
    assert given[:60] != given[60:] and given[:60] != sorted(given[:60])


def test_the_seed_decides_the_order():
    first, same, other = (
        torch.cat(list(activation_batches(rows(60), batch_size=6, seed=s))) for s in (0, 0, 1)
    )
    assert torch.equal(first, same) and not torch.equal(first, other)


def test_a_stream_is_mixed_across_chunks():
    batch = next(activation_batches(stream(1000), batch_size=50, seed=0, buffer_size=500))
    assert batch[:, 0].max() > 400


def test_rows_that_fill_no_batch_are_dropped():
    assert len(list(activation_batches(rows(59), batch_size=6, seed=0))) == 9


def test_endless_epochs():
    batches = activation_batches(rows(12), batch_size=6, seed=0, epochs=None)
    assert len([next(batches) for _ in range(50)]) == 50


def test_sources_that_cannot_do_are_refused():
    with pytest.raises(ValueError, match="runs once"):
        next(activation_batches(stream(60), batch_size=6, seed=0, epochs=2))
    with pytest.raises(ValueError, match="fewer than 7"):
        next(activation_batches(rows(6), batch_size=7, seed=0))


def test_texts_without_a_token_of_their_own_have_no_rows():
    texts = ["", *TEXTS[:2]]
    found = collect_activations(tiny_model(), texts, "blocks.1.hook_resid_post", batch_size=1)
    alone = collect_activations(tiny_model(), TEXTS[:2], "blocks.1.hook_resid_post", batch_size=1)
    assert torch.equal(found.where[:, 0], alone.where[:, 0] + 1)
    torch.testing.assert_close(found.values, alone.values)
    assert len(collect_activations(tiny_model(), [""], "blocks.1.hook_resid_post")) == 0
