import pytest
import torch
from pipeline_model import TEXTS, tiny_model

from course_utils.lm import tokenize
from course_utils.reading import Reading, concept_scores, latents_for, latents_on, read_text, strong_and_rare
from course_utils.sae import SAE

HOOK = "blocks.1.hook_resid_post"
LATENTS = torch.tensor([[9.0, 0.0, 1.0, 0.0], [8.0, 0.0, 4.0, 2.0]])  # two tokens, four latents
RATE = torch.tensor([0.9, 0.1, 0.01, 0.0])


def test_strong_everywhere_is_less_than_fair_and_rare():
    scores = strong_and_rare(LATENTS, RATE)
    assert scores.tolist() == pytest.approx([0.948, 0.0, 18.42, 27.63], rel=1e-3)


def test_hits_come_best_first_and_silent_latents_are_none():
    hits = latents_on(Reading(("a", "b"), LATENTS), RATE)
    assert [hit.latent for hit in hits] == [3, 2, 0]
    assert hits[1].peak == 1 and hits[1].strengths == (1.0, 4.0)
    assert [hit.latent for hit in latents_on(Reading(("a", "b"), LATENTS), RATE, n=1)] == [3]


def test_the_ranking_can_be_the_learners_own():
    hits = latents_on(Reading(("a", "b"), LATENTS), RATE, rank=lambda latents, rate: latents.amax(dim=0))
    assert [hit.latent for hit in hits] == [0, 2, 3]


def test_a_ranking_that_is_none_is_refused():
    for rank in (lambda latents, rate: None, lambda latents, rate: latents):
        with pytest.raises(ValueError, match=r"rank gives .*a score for each of the 4 latents"):
            latents_on(Reading(("a", "b"), LATENTS), RATE, rank=rank)


def test_a_sentence_on_which_nothing_fires_has_no_hits():
    assert latents_on(Reading(("a",), torch.zeros(1, 4)), RATE) == []


def test_a_text_is_read_without_its_start_token():
    sae = SAE(16, 24, "topk", k=3, seed=0)
    reading = read_text(tiny_model(), sae, TEXTS[0], HOOK)
    assert list(reading.tokens) == tokenize(tiny_model(), TEXTS[0]).strings(0)[1:]
    assert reading.latents.shape == (len(reading.tokens), 24)
    assert ((reading.latents > 0).sum(dim=1) <= 3).all()


def test_the_autoencoder_says_what_it_reads():
    sae = SAE(16, 24, seed=0)
    with pytest.raises(ValueError, match="hook_name is missing"):
        read_text(tiny_model(), sae, "cats")
    sae.metadata = {"hook_name": HOOK}
    assert read_text(tiny_model(), sae, "cats").tokens
    with pytest.raises(ValueError, match="Write a sentence"):
        read_text(tiny_model(), sae, "  \n")


def test_concepts_are_found_by_training_texts_and_judged_by_others():
    by_text = torch.tensor([[1.0, 0.0], [0.0, 0.2], [1.0, 0.3], [0.0, 0.4]])
    scores = concept_scores(by_text, torch.tensor([0, 1, 1, 0]), 2, held_out=torch.arange(4) > 1)
    best, other = latents_for(scores, concept=0)
    assert tuple(best) == (0, 1.0, 0.0)  # perfect on the first two texts, wrong on the last two
    assert tuple(other) == (1, 0.0, 1.0)
    assert len(latents_for(scores, 1, n=1)) == 1
