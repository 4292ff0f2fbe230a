"""Each method finds a direction that was planted in one of two made-up models, and what is common names nothing."""

import pytest
import torch

from course_utils.reading import (
    copy_only,
    difference_strength,
    firing_excess,
    kl_by_token,
    strongest_contexts,
    words_in_common,
)

N, D, PLANTED = 400, 16, (37, 120, 250)


@pytest.fixture
def pair():
    """A copy that is the model but on three rows, where a direction is added."""
    generator = torch.Generator().manual_seed(0)
    model = torch.randn(N, D, generator=generator)
    copy = model.clone()
    copy[list(PLANTED), 5] += 6
    return model, copy


def where(n=N):
    return torch.stack([torch.arange(n), torch.ones(n, dtype=torch.long)], dim=1)


def first(scores, n=3):
    return set(strongest_contexts(scores, where(len(scores)), n_best=n).tolist())


def test_kl_is_that_of_its_definition(pair):
    model, copy = pair
    p, q = copy.double().softmax(dim=1), model.double().softmax(dim=1)
    slow = torch.tensor(
        [sum(a * (a / b).log() for a, b in zip(*rows, strict=True)) for rows in zip(p, q, strict=True)]
    )
    assert torch.allclose(kl_by_token(model, copy), slow.float(), atol=1e-5)
    assert first(kl_by_token(model, copy)) == set(PLANTED)


def test_firings_above_what_the_model_does_are_found_and_ordinary_ones_are_not(pair):
    model, copy = (x.relu() for x in pair)
    largest = model.amax(dim=0)
    excess = firing_excess(model, copy, largest)
    assert first(excess) == set(PLANTED)
    assert not firing_excess(model, model, largest).any()
    usual = sorted(largest.tolist())[(D - 1) // 2]
    loops = [max((copy[i, j] - model[i, j]) / max(largest[j], usual) for j in range(D)) for i in range(N)]
    assert torch.allclose(excess, torch.tensor(loops).clamp(min=0))


def test_what_a_crosscoder_writes_into_both_is_not_the_copys():
    shared, only_copy, only_model = torch.eye(4)[0], torch.eye(4)[1], torch.eye(4)[2]
    nothing = torch.zeros(4)
    W_dec = torch.stack(
        [torch.cat([shared, shared]), torch.cat([nothing, only_copy]), torch.cat([only_model, nothing])]
    )
    latents = torch.tensor([[9.0, 0.0, 0.0], [9.0, 2.0, 0.0], [9.0, 0.0, 5.0]])
    assert copy_only(latents, W_dec).tolist() == [0.0, 2.0, 0.0]


def test_the_strongest_latent_counts_by_what_it_writes():
    W_dec = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    assert difference_strength(torch.tensor([[1.0, 4.0], [0.0, 7.0]]), W_dec).tolist() == [5.0, 7.0]


def test_trained_dictionaries_find_the_planted_direction(pair):
    from tools.diffing import measure

    model, copy = pair
    seen = measure.Both(model, copy, *[torch.zeros(N)] * 4)
    found = measure.scores(seen, 0)
    assert first(found["difference-SAE"]) == set(PLANTED)


def test_one_context_of_a_text():
    texts = torch.tensor([[0, 1], [0, 2], [2, 1], [1, 4]])
    assert strongest_contexts(torch.tensor([4.0, 3.0, 1.0, 2.0]), texts, n_best=3).tolist() == [0, 3, 2]
    assert len(strongest_contexts(torch.ones(4), texts, n_best=10)) == 3


def test_what_all_contexts_share_with_all_others_is_not_named():
    elsewhere = ["the dog ran", "the sea", "a house"] * 50
    assert words_in_common(["the dog", "the cat", "the sea", "the man"], elsewhere) == []
    named = words_in_common(["the silver bell", "a silver bell", "silver bells", "the SILVER !"], elsewhere)
    assert [(word.word, word.contexts) for word in named] == [("silver", (0, 1, 2, 3))]


def test_marks_can_be_named_too():
    named = words_in_common(["he came!", "she went!", "so it was !", "no!"], ["he came."] * 100)
    assert [word.word for word in named] == ["!"]
