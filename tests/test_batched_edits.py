"""Many changes in one batch, heads' contributions, streams, and the numbers that sum an intervention up."""

import pytest
import torch
from scipy.stats import entropy, sem

from course_utils.interventions import (
    ablate_each,
    brought_back,
    change_each,
    direction_unit,
    disagreement,
    edit_hook,
    head_contributions,
    latent_units,
    mean_and_error,
    patch,
    patch_each_latent,
    prompt_ids,
    steer,
    stream,
    watch,
)
from course_utils.lm import load_model
from course_utils.sae import load_sae

HOOK = "blocks.2.hook_resid_post"


@pytest.fixture(scope="module")
def model():
    return load_model("pocket")


@pytest.fixture(scope="module")
def ids(model):
    return prompt_ids(model, "The old man went to the sea and")[None]


def test_each_row_is_one_edit_by_itself(model, ids):
    direction = torch.randn(model.cfg.d_model, generator=torch.Generator().manual_seed(0))
    unit = direction / direction.norm()
    places = torch.tensor([3, 1, 3])
    found = change_each(model, ids, HOOK, places, torch.stack([unit, 2 * unit, -unit]), batch_size=2)
    for row, (place, strength) in enumerate([(3, 1.0), (1, 2.0), (3, -1.0)]):
        hook = edit_hook(direction_unit(direction, HOOK), "add", strength, [place])
        alone = model.run_with_hooks(ids, return_type="logits", fwd_hooks=[hook])[0, -1]
        torch.testing.assert_close(found[row], alone, atol=2e-4, rtol=0)


def test_several_changes_in_one_row_add_up(model, ids):
    change = torch.ones(1, 2, model.cfg.d_model)
    twice = change_each(model, ids, HOOK, torch.tensor([[2, 2]]), change)
    once = change_each(model, ids, HOOK, torch.tensor([2]), 2 * change[:, 0])
    torch.testing.assert_close(twice, once, atol=2e-4, rtol=0)


def test_no_change_is_the_model_itself(model, ids):
    same = change_each(model, ids, HOOK, torch.tensor([2]), torch.zeros(1, model.cfg.d_model))
    torch.testing.assert_close(same, model(ids)[:, -1], atol=1e-5, rtol=0)
    assert change_each(model, ids, HOOK, torch.empty(0, dtype=torch.long), torch.empty(0, 256)).shape[0] == 0


def test_what_cannot_be_changed_says_so(model, ids):
    with pytest.raises(ValueError, match=r"ids has shape \(2, 9\), not int tensor \(1, pos\)"):
        change_each(model, ids.repeat(2, 1), HOOK, torch.tensor([1]), torch.zeros(1, 256))
    with pytest.raises(ValueError, match="shape"):
        change_each(model, ids, HOOK, torch.tensor([1, 2]), torch.zeros(1, 256))


def test_heads_mlps_and_embeddings_together_are_the_logit_difference(model, ids):
    """The oracle: every part of the residual stream, put through the same linear read-out."""
    right, wrong = torch.tensor([40]), torch.tensor([41])
    layers = range(model.cfg.n_layers)
    names = [
        "blocks.0.hook_resid_pre",
        *(f"blocks.{i}.hook_{part}_out" for i in layers for part in ("attn", "mlp")),
    ]
    last = f"blocks.{model.cfg.n_layers - 1}.hook_resid_post"
    seen = watch(model, ids, [*names, last])
    towards = model.ln_final.weight * (model.W_U[:, 40] - model.W_U[:, 41])
    spread = seen[last][0, -1].std(correction=0)

    def part(x):
        return ((x - x.mean()) @ towards / spread).item()

    total = (
        sum(part(seen[name][0, -1]) for name in names)
        + (model.ln_final.bias @ (model.W_U[:, 40] - model.W_U[:, 41])).item()
    )
    difference = (seen["logits"][0, -1, 40] - seen["logits"][0, -1, 41]).item()
    assert total == pytest.approx(difference, abs=2e-3)

    heads = head_contributions(model, ids, right, wrong)
    assert heads.shape == (1, model.cfg.n_layers, model.cfg.n_heads)
    for layer in layers:
        bias = model.blocks[layer].attn.b_O
        attention = part(seen[f"blocks.{layer}.hook_attn_out"][0, -1] - bias)
        assert heads[0, layer].sum().item() == pytest.approx(attention, abs=2e-3)


def test_a_greedy_stream_is_a_greedy_text(model):
    direction = torch.ones(model.cfg.d_model).cumsum(dim=0)
    unit = direction_unit(direction, HOOK)
    pages = list(stream(model, unit, [0.0, 3.0], prompts="The old man", n_tokens=6, temperature=0))
    assert len(pages) == 6 and all(len(page) == 2 for page in pages)
    for strength, text in zip([0.0, 3.0], pages[-1], strict=True):
        assert text == steer(model, unit, strength, prompts="The old man", n_tokens=6, temperature=0)


def test_a_stream_repeats_and_grows(model):
    unit = direction_unit(torch.ones(model.cfg.d_model).cumsum(dim=0), HOOK)
    pages = [list(stream(model, unit, [0.0, 0.0], prompts="The sea", n_tokens=5, seed=1)) for _ in range(2)]
    assert pages[0] == pages[1]
    assert pages[0][-1][0] == pages[0][-1][1], "equal strengths draw equal numbers"
    assert len(pages[0][0][0]) <= len(pages[0][-1][0])


def test_brought_back_by_hand():
    assert brought_back(torch.tensor([-4.0, 2.0, 8.0, 14.0]), 8.0, -4.0).tolist() == [0.0, 0.5, 1.0, 1.5]


def test_mean_and_error_against_scipy():
    rates = torch.rand(5, 3, generator=torch.Generator().manual_seed(0))
    mean, error = mean_and_error(rates)
    torch.testing.assert_close(mean, rates.mean(dim=0))
    torch.testing.assert_close(error, torch.as_tensor(sem(rates.numpy())), check_dtype=False)


def test_disagreement_against_scipy():
    one, two = torch.randn(2, 4, 7, generator=torch.Generator().manual_seed(0))
    expected = [entropy(p, q) for p, q in zip(one.softmax(-1).numpy(), two.softmax(-1).numpy(), strict=True)]
    assert disagreement(one, two).tolist() == pytest.approx(expected, abs=1e-5)
    assert disagreement(one, one + 3.0).abs().max() < 1e-6, "logits that say the same"


def patched_one_by_one(model, sae, ids, clean, corrupted, position, latents):
    """Logits of the last token, with the clean value of one latent at a time put in at ``position``."""
    rows = []
    for latent in latents:
        values = [sae.encode(run[:, position])[:, latent] for run in (clean, corrupted)]
        source = corrupted.clone()
        source[:, position] += (values[0] - values[1])[:, None] * sae.W_dec[latent]
        rows.append(patch(model, ids, HOOK, source.detach(), (slice(None), position))[0, -1])
    return torch.stack(rows)


def test_latents_at_once_are_latents_one_by_one(model):
    sae = load_sae("layer_2")
    clean_ids, ids = (prompt_ids(model, text)[None] for text in ("The sea was", "The king had"))
    clean, corrupted = (watch(model, some, [HOOK])[HOOK] for some in (clean_ids, ids))

    patched, logits = patch_each_latent(model, sae, ids, clean[0, 2], corrupted[0, 2], position=2)
    few = patched[:3].tolist()
    one_by_one = patched_one_by_one(model, sae, ids, clean, corrupted, 2, few)
    torch.testing.assert_close(logits[:3], one_by_one, atol=1e-4, rtol=1e-4)

    codes = sae.encode(corrupted[0])
    latent = int(codes[2].argmax())
    without = ablate_each(model, sae, ids, codes, torch.tensor([[2, latent]]))
    hook = edit_hook(latent_units(sae, latent), "clamp", 0.0, positions=[2])
    expected = model.run_with_hooks(ids, return_type="logits", fwd_hooks=[hook])[:, -1]
    torch.testing.assert_close(without, expected, atol=1e-3, rtol=1e-4)
