import pytest
import torch
from pipeline_model import TEXTS, tiny_model

from course_utils.lm import Activations, collect_activations, tokenize
from course_utils.reading import (
    LabelGuess,
    LatentSummary,
    concept_scores,
    label_guesses,
    latent_strengths,
    logit_effect,
    record_firings,
    summarise_latent,
    summarise_latents,
)
from course_utils.sae import SAE, neuron_basis

HOOK = "blocks.1.hook_resid_post"


def one_latent_sae():
    """Latent 0 reads the first number of an activation; the others never fire."""
    sae = SAE(16, 4, seed=0)
    with torch.no_grad():
        sae.W_enc.zero_()
        sae.W_enc[0, 0] = 1
        sae.b_enc[1:] = -1
    return sae


def planted(strengths):
    """Activations (n, 16) of TEXTS whose first number is given as {(text, position): strength}."""
    tokens = tokenize(tiny_model(), TEXTS)
    where = tokens.is_real.nonzero()
    where = where[where[:, 1] > 0]
    values = torch.zeros(len(where), 16)
    for row, place in enumerate(where.tolist()):
        values[row, 0] = strengths.get(tuple(place), 0.0)
    return Activations(values, where), tokens


def summary(strengths, **options) -> LatentSummary:
    activations, tokens = planted(strengths)
    return summarise_latent(tiny_model(), one_latent_sae(), activations, tokens, 0, **options)


def test_top_examples_come_from_different_texts_strongest_first():
    found = summary({(0, 2): 5.0, (0, 3): 4.0, (3, 1): 3.0, (1, 6): 9.0})
    assert [e.text for e in found.top] == [1, 0, 3]
    assert [e.strengths[e.peak] for e in found.top] == [9.0, 5.0, 3.0]
    assert found.strongest == 9.0


def test_an_example_shows_the_words_around_its_token():
    tokens = tokenize(tiny_model(), TEXTS).strings(1)
    example = summary({(1, 6): 9.0, (1, 7): 1.0}, window=(2, 3)).top[0]
    assert example.tokens == tuple(tokens[4:10])
    assert example.strengths == (0, 0, 9, 1, 0, 0) and example.peak == 2


def test_windows_stop_at_the_ends_of_the_text():
    tokens = tokenize(tiny_model(), TEXTS).strings(4)
    example = summary({(4, 1): 1.0}, window=(50, 50)).top[0]
    assert example.tokens == tuple(tokens) and example.tokens[0] == "<|endoftext|>" and example.peak == 1


def test_quantiles_go_down_evenly():
    strengths = {(1, position): float(position) for position in range(1, 11)}
    found = summary(strengths, n_quantiles=5)
    assert [e.strengths[e.peak] for e in found.quantiles] == [9.0, 7.0, 5.0, 3.0, 1.0]
    assert [e.quantile for e in found.quantiles] == pytest.approx([0.9, 0.7, 0.5, 0.3, 0.1])
    assert [e.quantile for e in found.top] == [1.0]
    few = summary({(1, 1): 1.0, (1, 2): 2.0}, n_quantiles=5).quantiles
    assert [e.strengths[e.peak] for e in few] == [2.0, 1.0]


def test_counts():
    found = summary({(1, 1): 10.0, (1, 2): 1.0, (1, 3): 1.2})
    n_tokens = int((tokenize(tiny_model(), TEXTS).lengths - 1).sum())
    assert found.n_tokens == n_tokens and found.firing_rate == 3 / n_tokens
    assert sum(found.histogram) == 3 and len(found.histogram) == 20
    assert found.histogram[2] == 2 and found.histogram[19] == 1


def test_a_dead_latent_has_a_summary_too():
    found = summary({})
    assert found.firing_rate == 0 and found.top == found.quantiles == () and sum(found.histogram) == 0


def test_the_label_is_chosen_on_training_texts_and_judged_on_others():
    by_text = torch.tensor([[5.0], [0.0], [4.0], [0.0], [2.0], [3.0]])  # the last two are held out
    scores = concept_scores(by_text, torch.tensor([0, 1, 0, 1, 0, 1]), 2, held_out=torch.arange(6) > 3)
    assert label_guesses(scores, ["cats", "code"]) == [LabelGuess("cats", 0.0)]


def test_the_label_comes_from_the_guesses():
    guesses = [LabelGuess(concept, 0.9) for concept in ("cats", "names", "code", "sea")]
    assert summary({(2, 1): 5.0}, guesses=guesses).label == guesses[0]
    assert summary({(2, 1): 5.0}).label is None


def test_the_logit_effect_is_what_a_nudge_does():
    """The gain and centring are the final norm's own; the nudge's size is divided by the residual stream's."""
    for architecture in ("gpt2", "llama"):
        model = tiny_model(architecture)
        direction = torch.randn(16, generator=torch.Generator().manual_seed(0))
        far = 1e4 * direction  # so far that nothing else is left: the norm divides by this length alone
        with torch.no_grad():
            plain = model.unembed(model.ln_final(far[None, None]))[0, 0]
            plain = plain - model.unembed(model.ln_final(-far[None, None]))[0, 0]  # the bias drops out
        effect = logit_effect(model, direction)
        cosine = torch.cosine_similarity(plain - plain.mean(), effect, dim=0)
        assert cosine > 0.9999 and effect.mean().abs() < 1e-4


def test_promoted_and_suppressed_tokens_are_the_extremes():
    activations, tokens = planted({})
    sae = one_latent_sae()
    found = summarise_latent(tiny_model(), sae, activations, tokens, 2, n_top=3)
    effect = logit_effect(tiny_model(), sae.W_dec[2].detach())
    assert [value for _, value in found.promoted] == pytest.approx(
        effect.sort(descending=True).values[:3].tolist()
    )
    assert [value for _, value in found.suppressed] == pytest.approx(effect.sort().values[:3].tolist())
    assert found.promoted[0][0] == tiny_model().tokenizer.decode([int(effect.argmax())])


def test_a_neuron_acts_through_its_output_weights():
    model, hook_name = tiny_model(), "blocks.1.mlp.hook_post"
    tokens = tokenize(model, TEXTS)
    activations = collect_activations(model, tokens, hook_name)
    basis = neuron_basis(64, hook_name=hook_name)
    found = summarise_latent(model, basis, activations, tokens, 5)
    effect = logit_effect(model, model.W_out[1][5])
    assert found.promoted[0][1] == pytest.approx(effect.max().item(), rel=1e-5)
    assert found.strongest == pytest.approx(activations.values[:, 5].max().item())


def test_heads_have_no_logit_effect():
    tokens = tokenize(tiny_model(), TEXTS)
    values = torch.ones(3, 32)
    activations = Activations(values, torch.tensor([[0, 1], [0, 2], [0, 3]]))
    assert summarise_latent(tiny_model(), SAE(32, 4), activations, tokens, 0).promoted == ()


def test_nearest_latents_by_cosine():
    activations, tokens = planted({})
    sae = one_latent_sae()
    with torch.no_grad():
        sae.W_dec.zero_()
        sae.W_dec[:, :2] = torch.tensor([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0], [2.0, 0.0]])
    nearest = summarise_latent(tiny_model(), sae, activations, tokens, 0).nearest
    assert [latent for latent, _ in nearest] == [3, 1, 2]
    assert [cosine for _, cosine in nearest] == pytest.approx([1.0, 0.6, -1.0])


@pytest.mark.parametrize("architecture", ["relu", "topk"])
def test_strengths_of_a_few_latents_are_columns_of_all(architecture):
    sae = SAE(16, 40, architecture, k=3 if architecture == "topk" else None, seed=0)
    values = collect_activations(tiny_model(), TEXTS, HOOK).values
    expected = sae.encode(values)[:, [7, 2]]
    torch.testing.assert_close(latent_strengths(sae, values, [7, 2]), expected, atol=1e-5, rtol=1e-5)


def test_several_at_once_are_the_same_as_one_by_one():
    tokens = tokenize(tiny_model(), TEXTS)
    activations = collect_activations(tiny_model(), tokens, HOOK)
    sae = SAE(16, 40, "topk", k=3, seed=0)
    together = summarise_latents(tiny_model(), sae, activations, tokens, [3, 9])
    alone = [summarise_latent(tiny_model(), sae, activations, tokens, i) for i in (3, 9)]
    assert together == alone


@pytest.mark.parametrize("architecture", ["relu", "topk"])
def test_what_was_recorded_before_gives_the_same_summary(architecture):
    tokens = tokenize(tiny_model(), TEXTS)
    activations = collect_activations(tiny_model(), tokens, HOOK)
    sae = SAE(16, 40, architecture, k=3 if architecture == "topk" else None, seed=0)
    firings = record_firings(sae.encode, activations.values)
    recorded = summarise_latent(tiny_model(), sae, activations, tokens, 3, firings=firings)
    encoded = summarise_latent(tiny_model(), sae, activations, tokens, 3)
    assert (recorded.firing_rate, recorded.histogram) == (encoded.firing_rate, encoded.histogram)
    assert [e.text for e in recorded.top] == [e.text for e in encoded.top]
    assert recorded.strongest == pytest.approx(encoded.strongest, rel=1e-5)


def test_what_does_not_fit_is_refused():
    activations, tokens = planted({})
    for latent in (-1, 4):
        with pytest.raises(ValueError, match=rf"no latent {latent}: this SAE has 4|latent is -1: it has to"):
            summarise_latent(tiny_model(), one_latent_sae(), activations, tokens, latent)
    with pytest.raises(
        ValueError, match="activations of 6 texts, tokens of 2: they must be of the same texts"
    ):
        summarise_latent(tiny_model(), one_latent_sae(), activations, tokens.select(slice(0, 2)), 0)
    with pytest.raises(ValueError, match="2 guesses for 4 latents"):
        summarise_latent(
            tiny_model(), one_latent_sae(), activations, tokens, 0, guesses=[LabelGuess("a", 1.0)] * 2
        )
    with pytest.raises(ValueError, match="firings of 4 latents on 2 rows"):
        firings = record_firings(one_latent_sae().encode, activations.values[:2])
        summarise_latent(tiny_model(), one_latent_sae(), activations, tokens, 0, firings=firings)
