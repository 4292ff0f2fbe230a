"""Editing a running model: by hand on small tensors, and against plain PyTorch hooks on the Hugging Face model."""

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import GPT2LMHeadModel

from course_utils.base import asset_path
from course_utils.interventions import (
    ablate,
    attribute,
    continuation_losses,
    direction_unit,
    edit_hook,
    latent_units,
    neuron_units,
    patch,
    patch_heads,
    patch_positions,
    prompt_ids,
    steer,
    stream,
    watch,
    word_after,
)
from course_utils.lm import load_model
from course_utils.sae import SAE, load_sae

HOOK = "blocks.2.hook_resid_post"
PROMPT = "The old man went to the sea and"


@pytest.fixture(scope="module")
def model():
    return load_model("pocket")


@pytest.fixture(scope="module")
def plain():
    return GPT2LMHeadModel.from_pretrained(
        asset_path("pocket"), dtype=torch.float32, attn_implementation="eager"
    ).eval()


@pytest.fixture(scope="module")
def sae():
    return load_sae("layer_2").requires_grad_(False)


@pytest.fixture(scope="module")
def ids(model):
    return prompt_ids(model, PROMPT)[None]


def small_sae():
    sae = SAE(2, 3).requires_grad_(False)
    sae.W_enc.copy_(torch.tensor([[1.0, 0.0, -1.0], [0.0, 1.0, 0.0]]))
    sae.W_dec.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]))
    sae.b_dec.copy_(torch.tensor([0.5, 0.0]))
    sae.metadata = {"hook_name": HOOK}
    return sae


def edited(x, units, how, amount):
    return edit_hook(units, how, amount, slice(None))[1](x)


def test_edits_by_hand():
    x = torch.tensor([[[1.5, 3.0]]])  # latents of the small dictionary: 1, 3, 0
    latent = latent_units(small_sae(), 1)
    assert latent.read(x).tolist() == [[[3.0]]]
    assert edited(x, latent, "add", 2.0).tolist() == [[[1.5, 7.0]]]
    assert edited(x, latent, "clamp", 1.0).tolist() == [[[1.5, -1.0]]], "3 + (1 - 3) · 2"
    assert edited(x, latent, "scale", 0.5).tolist() == [[[1.5, 0.0]]]
    direction = direction_unit(torch.tensor([0.0, 7.0]), HOOK)
    assert direction.read(x).tolist() == [[[3.0]]]
    assert edited(x, direction, "clamp", -1.0).tolist() == [[[1.5, -1.0]]]


def test_several_units_are_read_before_any_is_written():
    x = torch.tensor([[[1.5, 3.0]]])
    both = latent_units(small_sae(), [0, 1])
    assert edited(x, both, "clamp", 0.0).tolist() == [[[0.5, -3.0]]]


def test_one_amount_for_each_text():
    x = torch.zeros(2, 3, 2)
    moved = edit_hook(direction_unit(torch.tensor([1.0, 0.0]), HOOK), "add", torch.tensor([1.0, -2.0]))[1](x)
    assert moved[..., 0].tolist() == [[0, 1, 1], [0, -2, -2]], "BOS, position 0, is left alone"
    assert x.abs().sum() == 0, "the activation itself is not touched"


def test_without_any_latent_and_error_only_b_dec_is_left(model, sae, ids):
    nothing = latent_units(sae, range(sae.d_sae), keep_error=False)
    with ablate(model, nothing):
        left = watch(model, ids, [HOOK])
    # watched behind the edit: the next layer's input
    with ablate(model, nothing):
        entering = watch(model, ids, ["blocks.3.hook_resid_pre"])["blocks.3.hook_resid_pre"]
    assert torch.equal(entering[0, 1:], sae.b_dec.expand(ids.shape[1] - 1, -1))
    assert left["logits"].isfinite().all()


def test_a_word_is_one_token_or_none(model):
    prompt = "John gave a drink to"
    assert word_after(model, prompt, "Mary") == prompt_ids(model, " Mary")[1]
    assert word_after(model, prompt, "Mary.") is None


def test_unsteered_it_writes_what_the_plain_model_finds_likeliest(model, plain, sae, ids):
    whole = ids  # read anew for each token: what a lost cache would write differs
    for _ in range(6):
        whole = torch.cat([whole, plain(whole).logits[:, -1:].argmax(dim=-1)], dim=1)
    written = steer(model, latent_units(sae, 5), 0.0, prompts=PROMPT, n_tokens=6, temperature=0)
    assert written == model.tokenizer.decode(whole[0, ids.shape[1] :])


def test_strength_zero_is_exactly_the_model_itself(model, sae, ids):
    own = model(ids)
    for units, how, amount in [
        (latent_units(sae, 5), "add", 0.0),
        (latent_units(sae, [5, 9]), "scale", 1.0),
        (neuron_units(model, 1, 3), "add", 0.0),
        (direction_unit(torch.ones(model.cfg.d_model), HOOK), "add", 0.0),
    ]:
        same = model.run_with_hooks(ids, return_type="logits", fwd_hooks=[edit_hook(units, how, amount)])
        assert torch.equal(same, own), how
    texts = [
        steer(model, latent_units(sae, 5), strength, prompts=PROMPT, n_tokens=8, how=how)
        for strength, how in ((0.0, "add"), (1.0, "scale"))
    ]
    assert texts[0] == texts[1]


def test_steering_is_a_plain_forward_hook(model, plain, sae, ids):
    direction = sae.W_dec[17]

    def add(module, args, output):
        hidden = output[0] if isinstance(output, tuple) else output
        hidden = hidden.clone()
        hidden[:, 1:] += 4.0 * direction / direction.norm()
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    handle = plain.transformer.h[2].register_forward_hook(add)
    with torch.no_grad():
        expected = plain(ids).logits
        greedy = plain.generate(ids, max_new_tokens=1, do_sample=False, pad_token_id=0)[0, -1]
    handle.remove()
    ours = model.run_with_hooks(
        ids, return_type="logits", fwd_hooks=[edit_hook(direction_unit(direction, HOOK), "add", 4.0)]
    )
    torch.testing.assert_close(ours, expected, atol=2e-4, rtol=0)
    text = steer(model, direction_unit(direction, HOOK), 4.0, prompts=PROMPT, n_tokens=1, temperature=0)
    assert text == model.tokenizer.decode([greedy])


def test_ablating_a_neuron_is_a_plain_hook_and_ends(model, plain, ids):
    def zero(module, args):
        hidden = args[0].clone()
        hidden[:, 1:, 7] = 0
        return (hidden,)

    handle = plain.transformer.h[1].mlp.c_proj.register_forward_pre_hook(zero)
    with torch.no_grad():
        expected = plain(ids).logits
    handle.remove()
    own = model(ids)
    with ablate(model, neuron_units(model, 1, 7)):
        torch.testing.assert_close(model(ids), expected, atol=2e-4, rtol=0)
        # hooks of a call inside the block come on top, and leave the block's own in place
        watch(model, ids, [HOOK])
        torch.testing.assert_close(model(ids), expected, atol=2e-4, rtol=0)
    assert torch.equal(model(ids), own)


def test_steered_texts_repeat_and_leave_the_generator_alone(model, sae):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    prompts = ["The sea", "A king went", "The sun"]
    unit = latent_units(sae, 3)
    one, two = (steer(model, unit, [0.0, 2.0, 4.0], prompts=prompts, n_tokens=6) for _ in range(2))
    assert one == two and len(one) == 3
    assert torch.equal(before, torch.random.get_rng_state())


def test_continuation_losses_are_the_losses_behind_the_prompt(model):
    prompts, said = ["The sea", "A king", "Nothing"], [" was calm.", " laughed at the old man.", ""]
    losses = continuation_losses(model, prompts, said)
    assert losses[2].isnan()
    for prompt, continuation, loss in zip(prompts[:2], said[:2], losses[:2], strict=True):
        ids, first = prompt_ids(model, prompt + continuation), len(prompt_ids(model, prompt))
        expected = cross_entropy(model(ids[None])[0, first - 1 : -1], ids[first:])
        assert loss.item() == pytest.approx(expected.item(), abs=1e-4)


def last_difference(logits):
    return logits[:, -1, 10] - logits[:, -1, 11]


def test_patching_everything_is_the_clean_run_and_patching_itself_nothing(model):
    clean_ids, other_ids = prompt_ids(model, "The sea was")[None], prompt_ids(model, "The king had")[None]
    clean, other = watch(model, clean_ids, [HOOK]), watch(model, other_ids, [HOOK])
    whole = patch(model, other_ids, HOOK, clean[HOOK])
    torch.testing.assert_close(whole, clean["logits"], atol=1e-4, rtol=0)
    assert torch.equal(patch(model, other_ids, HOOK, other[HOOK]), other["logits"])
    with pytest.raises(ValueError, match="the source"):
        patch(model, other_ids, HOOK, clean[HOOK][:, 1:])


def test_maps_are_single_patches(model):
    clean_ids, other_ids = prompt_ids(model, "The sea was")[None], prompt_ids(model, "The king had")[None]
    names = [HOOK, *(f"blocks.{i}.attn.hook_z" for i in range(model.cfg.n_layers))]
    clean = watch(model, clean_ids, names)
    rows = patch_positions(model, other_ids, [HOOK], clean, last_difference)
    at = (slice(None), 2)
    assert rows.shape == (1, clean_ids.shape[1])
    assert rows[0, 2] == last_difference(patch(model, other_ids, HOOK, clean[HOOK], at)).mean()
    heads = patch_heads(model, other_ids, clean, last_difference)
    name, at = "blocks.3.attn.hook_z", (slice(None), slice(None), 1)
    assert heads.shape == (model.cfg.n_layers, model.cfg.n_heads)
    assert heads[3, 1] == last_difference(patch(model, other_ids, name, clean[name], at)).mean()


def test_attribution_is_exact_where_the_rest_is_linear(model, sae, ids):
    """Behind the last layer only the final norm stands between: hold it, and gradients are differences."""
    last = f"blocks.{model.cfg.n_layers - 1}.hook_resid_post"
    found = attribute(model, last, ids, last_difference)
    step = 1e-2

    def nudge(x, hook, at):
        x = x.clone()
        x[0, -1, at] += step
        return x

    own = last_difference(model(ids))
    for at in (3, 100):
        hook = (last, lambda x, hook, at=at: nudge(x, hook, at))
        moved = last_difference(model.run_with_hooks(ids, return_type="logits", fwd_hooks=[hook]))
        assert found.gradients[0, -1, at].item() == pytest.approx(
            ((moved - own) / step).item(), rel=0.1, abs=5e-3
        )
    by_latent = attribute(model, sae, ids, last_difference)
    plain = attribute(model, HOOK, ids, last_difference)
    torch.testing.assert_close(
        by_latent.gradients[0, -1, 5], plain.gradients[0, -1] @ sae.W_dec[5], atol=1e-4, rtol=1e-4
    )
    assert torch.equal(by_latent.effects, by_latent.values * by_latent.gradients)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda m, s: latent_units(s, s.d_sae), "there is no latent"),
        (lambda m, s: neuron_units(m, 99, 0), "there is no layer 99"),
        (lambda m, s: direction_unit(torch.zeros(4), HOOK), "not zero"),
        (lambda m, s: steer(m, direction_unit(torch.ones(4), "blocks.2.hook_resid_pots"), 1.0), "did you mean"),
        (lambda m, s: steer(m, latent_units(s, 0), [1.0], prompts=["a", "b"]), "1 strengths, but 2"),
        (lambda m, s: attribute(m, SAE(4, 8), prompt_ids(m, "a")[None], last_difference), "set sae.metadata"),
        (lambda m, s: edit_hook(latent_units(s, 0), "multiply", 2.0), "there are add, clamp, scale"),
        (lambda m, s: attribute(m, HOOK, prompt_ids(m, "a")[None], lambda logits: torch.zeros(1)), "does not depend"),
    ],
)  # fmt: skip
def test_errors_say_what_is_wrong(model, sae, make, said):
    with pytest.raises(ValueError, match=said):
        make(model, sae)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m, s: steer(m, latent_units(s, 0)), "strength"),
        (lambda m, s: steer(m, s.W_dec[0], 6.0), r"pass direction_unit\(direction, hook_name\)"),
        (lambda m, s: steer(m, s.W_dec[0], HOOK, 6.0), "positional argument"),
        (lambda m, s: steer(m, "whales", 6.0), "units is 'whales', not a Units: pass direction_unit"),
        (
            lambda m, s: steer(m, latent_units(s, 0), HOOK),
            "strength is 'blocks.*not a number or a list of numbers",
        ),
        (lambda m, s: stream(m, s.W_dec[0], [6.0]), r"pass direction_unit\(direction, hook_name\)"),
        (lambda m, s: stream(m, latent_units(s, 0), 6.0), "not a list of numbers"),
        (
            lambda m, s: stream(m, latent_units(s, 0), [6.0], prompts=["a", "b"]),
            "prompts is a list of 2, not a string",
        ),
        (lambda m, s: attribute(m, prompt_ids(m, "a")[None], HOOK, last_difference), "not an SAE"),
    ],
)
def test_wrong_types_say_what_to_pass(model, sae, call, said):
    with pytest.raises(TypeError, match=said):
        call(model, sae)


def test_the_natural_call_steers(model, sae):
    own, steered = (
        steer(model, latent_units(sae, 3), strength, prompts=PROMPT, n_tokens=8) for strength in (0.0, 60.0)
    )
    assert own != steered
