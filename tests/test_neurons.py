import torch
from pipeline_model import TEXTS, tiny_model

from course_utils.lm import (
    collect_activations,
    losses_by_text,
    neuron_peaks_by_text,
    strengths_by_token,
    strongest_passages,
    tokenize,
)


def one_by_one(model, tokens, layer):
    """(text, position, neuron) of one layer, from rows."""
    found = collect_activations(model, tokens, f"blocks.{layer}.mlp.hook_post")
    values = torch.zeros(*tokens.ids.shape, found.values.shape[1])
    values[found.where[:, 0], found.where[:, 1]] = found.values
    return values


def test_strengths_match_activations_collected_layer_by_layer():
    model = tiny_model()
    tokens = tokenize(model, TEXTS)
    some = strengths_by_token(model, tokens, [(2, 5), (0, 1)], batch_size=4)
    assert torch.allclose(some[..., 0], one_by_one(model, tokens, 2)[..., 5], atol=1e-5)
    assert torch.allclose(some[..., 1], one_by_one(model, tokens, 0)[..., 1], atol=1e-5)


def test_the_strongest_of_a_text_leaves_bos_and_padding_out():
    model = tiny_model()
    tokens = tokenize(model, TEXTS)
    strongest = neuron_peaks_by_text(model, tokens, batch_size=4)
    for layer in range(3):
        values = one_by_one(model, tokens, layer)
        for text, length in enumerate(tokens.lengths.tolist()):
            assert torch.allclose(strongest[text, layer], values[text, 1:length].amax(dim=0), atol=1e-5)


def test_some_layers_are_those_of_all():
    model = tiny_model()
    tokens = tokenize(model, TEXTS)
    some = neuron_peaks_by_text(model, tokens, layers=[1, 0])
    torch.testing.assert_close(some, neuron_peaks_by_text(model, tokens)[:, [1, 0]])


def test_losses_match_the_model_text_by_text():
    model = tiny_model()
    tokens = tokenize(model, TEXTS)
    for text, loss in enumerate(losses_by_text(model, tokens, batch_size=4).tolist()):
        ids = tokens.ids[text : text + 1, : tokens.lengths[text]]
        assert abs(loss - model(ids, return_type="loss").item()) < 1e-4


def test_a_held_neuron_changes_the_loss_and_one_held_at_its_own_value_would_not():
    model = tiny_model()
    tokens = tokenize(model, TEXTS[:1])
    before = losses_by_text(model, tokens)
    assert not torch.allclose(losses_by_text(model, tokens, {(1, 3): 5.0}), before)
    assert torch.equal(losses_by_text(model, tokens, {}), before)


def test_passages_are_cut_around_their_peak():
    tokens = tokenize(tiny_model(), TEXTS)
    strengths = torch.zeros(tokens.ids.shape)
    strengths[0, 3], strengths[1, 4], strengths[1, 2] = 1.0, 2.0, 0.5
    first, second = strongest_passages(tokens, strengths, [0, 1, 4], n=2, window=(2, 1))
    assert (first.text, first.strongest, first.strengths) == (1, 2.0, (0.5, 0.0, 2.0, 0.0))
    assert first.tokens == tuple(tokens.strings(1)[2:6])
    assert second.text == 0 and len(second.tokens) == 4
