import pytest
import torch
from pipeline_model import TEXTS, tiny_model

from course_utils.lm import collect_activations, tokenize
from course_utils.reading import (
    Family,
    LabelGuess,
    RatingGame,
    concept_scores,
    latent_peaks_by_text,
    record_firings,
    summarise_latents,
)
from course_utils.sae import SAE
from course_utils.widgets import family_panel, latent_panel, rating_panel

HOOK = "blocks.1.hook_resid_post"
CONCEPTS = ["animals", "names", "code"]
IDS = torch.tensor([0, 1, 2, 0, 1, 2])


@pytest.fixture(scope="module")
def parts():
    tokens = tokenize(tiny_model(), TEXTS)
    activations = collect_activations(tiny_model(), tokens, HOOK)
    sae = SAE(16, 24, "topk", k=3, seed=0)
    sae.metadata = {"hook_name": HOOK}
    return sae, activations, tokens


@pytest.fixture
def panel(parts):
    sae, activations, tokens = parts
    firings = record_firings(sae.encode, activations.values)
    by_text = latent_peaks_by_text(firings, activations.where, len(TEXTS))
    scores = concept_scores(by_text, IDS, 3)
    return latent_panel(
        tiny_model(), sae, activations, tokens, firings, scores, CONCEPTS, concept="names", sentence="The cat"
    )


def test_a_latent_is_found_by_concept_sentence_and_number(panel):
    assert "held-out texts" in panel.html and "Latent " in panel.html
    by_concept = panel.html
    panel.set(find_by="sentence")
    assert "where it fires" in panel.html and panel.html != by_concept
    panel.set(find_by="number", number=7)
    assert "Latent 7" in panel.html


def test_the_row_says_whose_card_is_shown(panel):
    first = panel.html
    panel.set(row=2)
    assert panel.html != first
    panel.set(find_by="sentence", row=6)
    assert "Latent " in panel.html


def test_an_empty_sentence_is_a_sentence_to_the_learner(panel):
    panel.set(find_by="sentence", sentence=" ")
    assert "Write a sentence" in panel.html


@pytest.fixture
def game(parts):
    sae, activations, tokens = parts
    cards = summarise_latents(tiny_model(), sae, activations, tokens, [0, 1, 2, 3])
    game = RatingGame(["latent", "latent", "neuron", "neuron"], seed=0)
    return rating_panel(cards, game), game


def test_the_cards_do_not_say_what_they_are(game):
    panel, _ = game
    for card in (1, 2, 3, 4):
        panel.set(card=card)
        assert f"Card {card} of 4" in panel.html
        assert not {"neuron", "latent", "Latent"} & set(
            panel.html.replace(">", " ").replace("<", " ").split()
        )


def test_a_rating_stays_with_its_card(game):
    panel, played = game
    panel.set(rating=3)
    panel.set(card=2)
    assert played.rating(0) == 3 and played.rating(1) is None and panel.values["rating"] is None
    panel.set(rating=1)
    panel.set(card=1)
    assert panel.values["rating"] == 3 and played.n_rated == 2
    panel.set(tell=True)
    assert "median" in panel.html and "card 1" in panel.html


def test_a_family_is_listed_by_size_and_nearness():
    parents = [LabelGuess("a & b", 0.95), LabelGuess("unclear", 0.6), LabelGuess("weddings", 0.99)]
    families = {
        2: Family(torch.tensor([0, 2]), torch.tensor([0.9, 0.6])),
        4: Family(torch.tensor([0, 0, 2, 1]), torch.tensor([0.7, 0.55, 0.9, 0.9])),
    }
    guesses = {n: [LabelGuess(f"child {i} of {n}", 0.8) for i in range(n)] for n in families}
    panel = family_panel(parents, families, guesses, parent=0)
    assert [i for _, i in panel.controls["parent"].options] == [0, 2]
    assert "2 of 4 latents" in panel.html and "child 0 of 4" in panel.html and "child 1 of 4" in panel.html
    assert "1 of 4 latents" in panel.set(at_least=0.6).html and "child 1 of 4" not in panel.html
    assert "child 1 of 2" in panel.set(size=2, parent=2).html
    assert "0 of 2 latents" in panel.set(at_least=0.95).html and "<table" not in panel.html
