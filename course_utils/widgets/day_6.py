"""Day 6's explorers: latents' cards, found by concept, sentence or number; a blind rating game; families of latents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from course_utils.lm import Activations, Tokens
from course_utils.reading import (
    RATINGS,
    ConceptScores,
    Family,
    Firings,
    LabelGuess,
    LatentSummary,
    Rank,
    RatingGame,
    label_guesses,
    latents_for,
    latents_on,
    read_text,
    strong_and_rare,
    summarise_latent,
)
from course_utils.sae import SAE
from course_utils.views import FAINT, concept_hit_list, hit_list, latent_card, plain_table
from course_utils.widgets.page import Page, packed
from course_utils.widgets.panel import Panel

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

N_HITS = 6
SENTENCES = (
    "When Mary and John went to the store, John gave a drink to Mary.",
    "The judge read the verdict, and the courtroom was silent.",
    "The ship sailed into the harbour before the storm.",
    "She stirred the soup and added a little salt.",
    "SELECT name FROM users WHERE age > 30;",
    "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6",
    "The dentist looked at my teeth and frowned.",
)
"""What a page without a model offers to look up, beside the panel's own sentence."""
N_CHILDREN = 12
IDLE = {
    "concept": ("sentence", "number"),
    "sentence": ("concept", "number"),
    "number": ("concept", "sentence", "row"),
}
"""By what one looks for a latent, and which controls of `latent_panel` then do nothing."""
LEAST_COSINE = 0.2


def latent_panel(
    model: TransformerBridge,
    sae: SAE,
    activations: Activations,
    tokens: Tokens,
    firings: Firings,
    scores: ConceptScores,
    concepts: Sequence[str],
    *,
    concept: str | None = None,
    sentence: str = "When Mary and John went to the store, John gave a drink to Mary.",
    rank: Rank = strong_and_rare,
) -> Panel:
    """Find a latent by concept, by sentence or by number, and read its card.

    Examples:
        >>> from course_utils.lm import collect_activations, load_model, tokenize
        >>> from course_utils.reading import concept_scores, latent_peaks_by_text, record_firings
        >>> from course_utils.sae import load_sae
        >>> model, sae = load_model("pocket"), load_sae("layer_2")
        >>> tokens = tokenize(model, ["The ship sails home.", "She stirs the soup."])
        >>> activations = collect_activations(model, tokens, sae.hook_name)
        >>> firings = record_firings(sae.encode, activations.values)
        >>> peaks = latent_peaks_by_text(firings, activations.where, n_texts=2)
        >>> scores = concept_scores(peaks, activations.where.new_tensor([0, 1]), n_concepts=2)
        >>> panel = latent_panel(model, sae, activations, tokens, firings, scores, ["ships", "soup"])
        >>> "Latent 17" in panel.set(find_by="number", number=17).html
        True

    Args:
        activations, tokens: the texts that examples are taken from; ``firings`` are of the same activations.
        scores: of every latent for ``concepts``, to search by and to guess labels from.
        concepts: names, in the order of the scores.
        concept: the one to start with; None takes the first in the alphabet.
        sentence: the one to start with.
        rank: what makes a latent a good find for a sentence.
    """
    guesses = label_guesses(scores, concepts)

    @lru_cache(maxsize=200)
    def card(latent: int) -> str:
        return latent_card(
            summarise_latent(
                model,
                sae,
                activations,
                tokens,
                latent,
                n_top=5,
                n_quantiles=5,
                guesses=guesses,
                firings=firings,
            )
        )

    def view(find_by: str, concept: str, sentence: str, number: int, row: int) -> str:
        if find_by == "number":
            return card(number)
        if find_by == "concept":
            found = latents_for(scores, concepts.index(concept), N_HITS)
            listed = concept_hit_list(found, chosen=row - 1)
        else:
            reading = read_text(model, sae, sentence)
            found = latents_on(reading, firings.firing_rate, N_HITS, rank)
            listed = hit_list(reading.tokens, found, guesses, chosen=row - 1)
        if not found:
            return "Nothing fires on this sentence."
        return listed + card(found[min(row, len(found)) - 1].latent)

    return Panel(
        view,
        title="Look up a latent",
        slow=True,
        idle=lambda values: IDLE[values["find_by"]],
        page=Page(
            "frames",
            offered={
                "concept": sorted(concepts),
                "sentence": [sentence, *(s for s in SENTENCES if s != sentence)],
                "number": sorted(range(0, sae.d_sae, sae.d_sae // 16)),
                "row": [1, 2],
            },
            asks={
                "find_by": {
                    "concept": ["concept", "row"],
                    "sentence": ["sentence", "row"],
                    "number": ["number"],
                }
            },
        ),
        find_by=w.ToggleButtons(options=["concept", "sentence", "number"], value="concept"),
        concept=w.Dropdown(options=sorted(concepts), value=concept or sorted(concepts)[0]),
        sentence=w.Text(value=sentence, continuous_update=False, layout=w.Layout(width="40em")),
        number=w.BoundedIntText(value=0, min=0, max=sae.d_sae - 1),
        row=w.IntSlider(value=1, min=1, max=N_HITS, description="row to show"),
    )


def rating_panel(summaries: Sequence[LatentSummary], game: RatingGame) -> Panel:
    """Rate cards without knowing what they are of. Every control can be reached and moved by keyboard.

    Examples:
        >>> blank = LatentSummary(7, 100, 0.0, (), (), (0,) * 20, 0.0, (), (), (), None)  # a card with nothing on it
        >>> game = RatingGame(["latent", "neuron"])
        >>> panel = rating_panel([blank, blank], game).set(rating=4)
        >>> game.rating(0), "1 of 2 cards rated" in panel.html
        (4, True)

    Args:
        summaries: in the order of the game's kinds.
        game: shuffles the cards and keeps the ratings.
    """
    card = w.IntSlider(value=1, min=1, max=len(game))
    rating = w.ToggleButtons(options=RATINGS, value=None, description="your rating")

    def show_rating(_: object) -> None:
        rating.value = game.rating(card.value - 1)

    card.observe(show_rating, names="value")  # before the panel's own: a rating never passes to the next card

    def view(card: int, rating: int | None, tell: bool) -> str:
        game.rate(card - 1, rating)
        if tell:
            return _told(game)
        shown = latent_card(summaries[game.order[card - 1]], title=f"Card {card} of {len(game)}", blind=True)
        return f'{shown}<div style="{FAINT}">{game.n_rated} of {len(game)} cards rated</div>'

    return Panel(
        view,
        title="How clear is its subject?",
        page=Page(
            "rating",
            lambda: {
                "cards": packed(
                    [
                        latent_card(summaries[i], title=f"Card {p} of {len(game)}", blind=True)
                        for p, i in enumerate(game.order, 1)
                    ]
                ),
                "kinds": [game.kind(place) for place in range(len(game))],
                "all_kinds": list(game.by_kind()),
            },
        ),
        card=card,
        rating=rating,
        tell=w.Checkbox(
            value=False, indent=False, description="tell me which was which (when you have rated them)"
        ),
    )


def _told(game: RatingGame) -> str:
    rated = [place for place in range(len(game)) if game.rating(place) is not None]
    rows = "".join(
        f"<tr><td>card {p + 1}</td><td>{game.kind(p)}</td><td>{game.rating(p)}</td></tr>" for p in rated
    )
    return f"<p>{escape(game.verdict())}</p><table>{rows}</table>"


def family_panel(
    parents: Sequence[LabelGuess],
    families: Mapping[int, Family],
    guesses: Mapping[int, Sequence[LabelGuess]],
    *,
    parent: int,
    clear: float = 0.9,
) -> Panel:
    """Pick a latent of the smallest dictionary and see what lies near it in a larger one, and what that tells.

    Examples:
        >>> from torch import tensor
        >>> found = Family(parent=tensor([0, 0, 1]), cosine=tensor([1.0, 0.9, 1.0]))  # of a larger dictionary's latents
        >>> of_large = [LabelGuess(concept, 0.9) for concept in ("whales", "ships", "soup")]
        >>> of_small = [LabelGuess("the sea", 0.95), LabelGuess("food", 0.95)]
        >>> panel = family_panel(of_small, {3: found}, {3: of_large}, parent=0)
        >>> panel.html.partition("</div>")[0]
        '<div>2 of 3 latents lie nearest to this one, with a cosine of at least 0.50'

    Args:
        parents: a guess for each latent of the smallest dictionary; those with a held-out area above ``clear`` are on
            offer.
        families: size of the larger dictionary → whose child each of its latents is.
        guesses: for each of those sizes, a guess for every latent.
        parent: the one to start with; it is on offer in any case.
        clear: the area on held-out texts that makes a label guess worth following.
    """
    offered = [i for i, guess in enumerate(parents) if guess.roc_area > clear or i == parent]

    def view(parent: int, size: int, at_least: float) -> str:
        children = families[size].children(parent, at_least)
        said = f"<div>{len(children)} of {size} latents lie nearest to this one, with a cosine of at least {at_least:.2f}</div>"
        rows = [
            [
                str(child),
                guesses[size][child].concept,
                f"{guesses[size][child].roc_area:.2f}",
                f"{families[size].cosine[child]:.2f}",
            ]
            for child in children[:N_CHILDREN]
        ]
        return said + (
            plain_table(["latent", "its own label guess", "held-out ROC area", "cosine"], rows)
            if rows
            else ""
        )

    def _children(size: int) -> list[list[Any]]:
        """(parent, latent, cosine, its guess, the guess's area), nearest first: what any setting can show."""
        return [
            [
                parent,
                child,
                round(families[size].cosine[child].item(), 6),
                guesses[size][child].concept,
                f"{guesses[size][child].roc_area:.2f}",
            ]
            for parent in offered
            for child in families[size].children(parent, LEAST_COSINE)
        ]

    return Panel(
        view,
        title="What became of a latent?",
        page=Page("family", lambda: {str(size): _children(size) for size in families}),
        parent=w.Dropdown(options=[(f"{i}: {parents[i].concept}", i) for i in offered], value=parent),
        size=w.ToggleButtons(options=list(families), value=max(families), description="latents"),
        at_least=w.FloatSlider(
            value=0.5, min=LEAST_COSINE, max=0.95, step=0.05, description="cosine at least"
        ),
    )
