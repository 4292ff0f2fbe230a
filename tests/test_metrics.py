import math

import pytest
import torch
from pipeline_model import TEXTS, tiny_model

from course_utils.lm import Activations, collect_activations, tokenize
from course_utils.reading import loss_recovered, metrics, score_sae, scores
from course_utils.sae import SAE, SAEOutput
from course_utils.training import fit_sae

HOOK = "blocks.1.hook_resid_post"
models = pytest.mark.parametrize("architecture", ["gpt2", "llama"])


def random_sae(architecture="relu", d_in=16):
    sae = SAE(d_in, 40, architecture, k=4 if architecture == "topk" else None, seed=0)
    with torch.no_grad():
        sae.b_enc += 0.1
        sae.b_enc[:3] = -1e6
        sae.b_dec += 0.2
    return sae


@torch.no_grad()
def slow_loss(model, replace, hook_name=HOOK):
    """One text at a time, without padding, one prediction at a time."""
    losses = []
    for text in TEXTS:
        ids = model.to_tokens(text)

        def splice(value, hook):
            for position in range(1, value.shape[1]):
                value[0, position] = replace(value[0, position].reshape(1, -1)).reshape(
                    value[0, position].shape
                )
            return value

        logits = model.run_with_hooks(ids, fwd_hooks=[(hook_name, splice)])
        for position in range(1, ids.shape[1] - 1):
            losses.append(-logits[0, position].log_softmax(dim=0)[ids[0, position + 1]].item())
    return sum(losses) / len(losses)


@models
@pytest.mark.parametrize("hook_name", [HOOK, "blocks.1.attn.hook_z"])
def test_losses_are_what_slow_loops_give(architecture, hook_name):
    model, sae = tiny_model(architecture), random_sae()
    mean = collect_activations(model, TEXTS, hook_name).values.mean(dim=0)
    found = loss_recovered(model, sae, TEXTS, hook_name, batch_size=4)
    assert found.clean == pytest.approx(slow_loss(model, lambda x: x, hook_name), abs=1e-4)
    assert found.spliced == pytest.approx(slow_loss(model, lambda x: sae(x).x_hat, hook_name), abs=1e-4)
    assert found.zero_ablated == pytest.approx(slow_loss(model, torch.zeros_like, hook_name), abs=1e-4)
    assert found.mean_ablated == pytest.approx(slow_loss(model, lambda x: mean[None], hook_name), abs=1e-4)


def test_the_clean_loss_is_the_models_own():
    """Scored from the first token after BOS on, so the prediction at BOS is left out."""
    per_token = tiny_model()(TEXTS[1], return_type="loss", loss_per_token=True)
    found = loss_recovered(tiny_model(), random_sae(), [TEXTS[1]], HOOK)
    assert found.clean == pytest.approx(per_token[0, 1:].mean().item(), abs=1e-5)


class Perfect(SAE):
    def forward(self, x):
        return SAEOutput(x, self.encode(x))


def test_a_perfect_reconstruction_loses_nothing():
    found = loss_recovered(tiny_model(), Perfect(16, 40), TEXTS, HOOK)
    assert found.loss_increase == 0 and found.recovered_vs_zero == 1 and found.recovered_vs_mean == 1


def test_the_shares_follow_from_the_losses():
    found = loss_recovered(tiny_model(), random_sae(), TEXTS, HOOK)
    lost = found.spliced - found.clean
    assert found.loss_increase == lost
    assert found.recovered_vs_zero == pytest.approx(1 - lost / (found.zero_ablated - found.clean))
    assert found.recovered_vs_mean == pytest.approx(1 - lost / (found.mean_ablated - found.clean))


def test_the_sae_knows_its_hook_point():
    sae = random_sae()
    with pytest.raises(ValueError, match="hook_name is missing"):
        loss_recovered(tiny_model(), sae, TEXTS)
    sae.metadata["hook_name"] = HOOK
    assert loss_recovered(tiny_model(), sae, TEXTS) == loss_recovered(tiny_model(), sae, TEXTS, HOOK)
    with pytest.raises(ValueError, match="did you mean"):
        loss_recovered(tiny_model(), sae, TEXTS, "blocks.1.resid_post")
    with pytest.raises(ValueError, match="no text has two tokens"):
        loss_recovered(tiny_model(), sae, [".", "!"], HOOK)


@pytest.mark.parametrize("architecture", ["relu", "topk"])
def test_scores_of_a_stream_are_those_of_the_whole(architecture, monkeypatch):
    monkeypatch.setattr(metrics, "ROWS_AT_A_TIME", 7)
    sae = random_sae(architecture)
    x = 3 + torch.randn(100, 16, generator=torch.Generator().manual_seed(0))
    where = torch.zeros(100, 2, dtype=torch.long)
    x_hat, latents = sae(x)
    for chunks in (x, Activations(x, where), x.split(30), [Activations(x[:60], where[:60]), x[60:]]):
        found = score_sae(sae, chunks)
        assert found.fvu == pytest.approx(scores.fvu(x, x_hat), rel=1e-5)
        assert found.l0 == pytest.approx(scores.l0(latents))
        assert found.dead_share >= 3 / 40 and found.n_tokens == 100
        torch.testing.assert_close(found.firing_rate, scores.firing_rates(latents))


def test_scores_need_something_that_varies():
    with pytest.raises(ValueError, match="0 activations that do not vary"):
        score_sae(random_sae(), [])
    with pytest.raises(ValueError, match="5 activations that do not vary"):
        score_sae(random_sae(), torch.ones(5, 16))


def test_training_makes_the_splice_better():
    tokens = tokenize(tiny_model(), TEXTS)
    activations = collect_activations(tiny_model(), tokens, HOOK)
    sae = SAE(16, 64, "topk", k=8)
    before = loss_recovered(tiny_model(), sae, tokens, HOOK)
    fit_sae(sae, [activations.values] * 300, lr=3e-3, progress=False)
    after = loss_recovered(tiny_model(), sae, tokens, HOOK)
    assert after.loss_increase < before.loss_increase / 2
    assert after.recovered_vs_zero > 0.9 and math.isfinite(after.recovered_vs_mean)
