"""What the days teach, as claims that the figures of a model bear out or not.

No figure and no verdict stands in a sentence here: the page puts a claim under "holds" or "does not hold" by its test, and
fills the figures in, so that neither can outlive what was measured.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, factorial, isnan, prod
from types import SimpleNamespace
from typing import NamedTuple

from course_utils.interventions import rate_at_price

Figures = SimpleNamespace
"""The figures of a model by name; AttributeError where one was not measured."""

DIRECTIONS = {
    "latent": "the latent",
    "mean difference": "the difference of means",
    "best neuron": "the best neuron",
    "random": "a random direction",
}
"""What the days push along, as the page calls it."""

DEARER = 2.0
"""Times the perplexity of what is written without a push: the price at which directions are compared."""


class Claim(NamedTuple):
    """Something that a day says."""

    day: int
    says: str
    holds: Callable[[Figures], bool]
    figures: Callable[[Figures], str]
    """The figures that it rests on, with their n."""

    why: str
    """Why we think that it holds, or does not."""


def by_chance(f: Figures) -> float:
    """How many neurons would tell all four formats if whether they tell one said nothing about the next."""
    n_neurons = sum(f.kinds)
    return n_neurons * prod(n / n_neurons for n in f.tell_each_of_four)


def luck(expected: float, n: int) -> float:
    """How often luck makes ``n`` or more of what it makes ``expected`` times on average (Poisson)."""
    return 1 - sum(exp(-expected) * expected**k / factorial(k) for k in range(n))


def mixed_share(f: Figures) -> float:
    """Of the neurons with a family, the share that has several."""
    _, clean, mixed = f.kinds
    return mixed / (clean + mixed)


def rate_at(f: Figures, direction: str, perplexity: float) -> float | None:
    """`rate_at_price` of a direction; None where it did not get so dear at the doses tried."""
    rate = rate_at_price(f.steered[direction]["rate"], f.steered[direction]["perplexity"], perplexity)
    return None if isnan(rate) else rate


def best(f: Figures, direction: str) -> tuple[float, float, float]:
    """(rate, its standard error, perplexity) at the dose at which a direction gets most of its concept."""
    of = f.steered[direction]
    dose = max(range(len(of["rate"])), key=of["rate"].__getitem__)
    return of["rate"][dose], of["error"][dose], of["perplexity"][dose]


def _leads(f: Figures, first: str, second: str) -> bool:
    """Whether one direction gets more than another by twice the error of the difference."""
    (rate, error, _), (other, other_error, _) = best(f, first), best(f, second)
    return rate - other > 2 * (error**2 + other_error**2) ** 0.5


def _said(pattern: str) -> Callable[[Figures], str]:
    return lambda f: pattern.format(**vars(f))


def _both(f: Figures, first: str, second: str) -> str:
    return " against ".join(
        f"{rate:.0%} ± {error:.0%}" for rate, error, _ in (best(f, first), best(f, second))
    )


CLAIMS = [
    Claim(
        1,
        "Most formats have a clean neuron, and hardly any topic has one.",
        lambda f: f.clean_formats > f.formats / 2 and f.clean_topics < f.topics / 20,
        _said("{clean_formats} of {formats} formats, {clean_topics} of {topics} topics"),
        "A format shows in nearly every token; a topic has to be put together from words that turn up elsewhere too.",
    ),
    Claim(
        2,
        "A neuron with several families is no rarity.",
        lambda f: mixed_share(f) > 1 / 4,
        lambda f: f"{mixed_share(f):.0%} of the {sum(f.kinds[1:]):,} neurons with a family have several",
        "There are more concepts than a layer gives neurons to, and nothing in training asks for clean ones. "
        "A model with more neurons for the same texts can afford more clean ones.",
    ),
    Claim(
        2,
        "There are more neurons for citations, Korean, HTTP and dialogue together than coincidence makes, by a bar that "
        "it passes once in a thousand models.",
        lambda f: luck(by_chance(f), f.tell_of_four[4]) < 1 / 1000,
        lambda f: (
            f"{f.tell_of_four[4]} of {sum(f.kinds):,} tell all four, {by_chance(f):.1f} if the four were independent"
        ),
        "What tells one format from plain English may tell the next as well: some neurons answer to whatever is not prose. "
        "The fewer neurons a model has for the same texts, the more of them it has to share.",
    ),
    Claim(
        3,
        "A direction reads a topic better than its best neuron, and a trained probe better still.",
        lambda f: f.by_probe > f.by_mean > f.by_neuron,
        _said(
            "neuron {by_neuron:.2f}, difference of means {by_mean:.2f}, probe {by_probe:.2f}, over {day_3_concepts} topics"
        ),
        "A direction may use every neuron, a neuron only itself.",
    ),
    Claim(
        6,
        "There are massive activations, which would decide scale and error.",
        lambda f: f.start_times > 10 or f.outlier_dimensions > 0,
        _said(
            "start token {start_times:.1f} times the median, {outlier_dimensions} outlier dimensions, the three largest "
            "hold {three_largest:.0%} of the squared length"
        ),
        "They grow where attention rests when it has nothing to look at; the pocket model is small and was trained for "
        "hours, not months.",
    ),
    Claim(
        6,
        "A learned dictionary misses less than either control with as many directions.",
        lambda f: f.fvu < min(f.pca_fvu, f.random_fvu),
        _said(
            "learned {fvu:.0%}, random {random_fvu:.0%}, PCA {pca_fvu:.0%}, on {pursuit_tokens} tokens or more"
        ),
        "The directions that it has learned are those that the texts use.",
    ),
    Claim(
        6,
        "Directions drawn by lot, chosen anew for each token, miss less than the best fixed ones.",
        lambda f: f.random_fvu < f.pca_fvu,
        _said("random {random_fvu:.0%}, PCA {pca_fvu:.0%}"),
        "A choice is worth more the fewer dimensions there are to choose for, and the less one of them holds alone.",
    ),
    Claim(
        6,
        "An autoencoder of the shuffled model misses about as much as one of the model.",
        lambda f: 2 / 3 < f.shuffled_fvu / f.sense_fvu < 3 / 2,
        _said("model {sense_fvu:.0%}, shuffled {shuffled_fvu:.0%}, with {k} of {shuffled_d_sae} latents"),
        "Depth may decide: behind a few shuffled layers an activation still carries which token was read, behind many it "
        "is noise.",
    ),
    Claim(
        6,
        "Concept areas tell the model from its shuffled double.",
        lambda f: f.area_sense - f.area_shuffled > 0.1,
        _said("model {area_sense:.2f}, shuffled {area_shuffled:.2f}, over {day_6_concepts} concepts"),
        "What a text is about was learned, and the shuffling takes it away.",
    ),
    Claim(
        6,
        "The best latents tell concepts better than as many neurons.",
        lambda f: f.area_latents > f.area_neurons and f.ahead[0] > f.ahead[1],
        _said(
            "medians {area_latents:.2f} and {area_neurons:.2f}; ahead on {ahead[0]}, behind on {ahead[1]} of "
            "{day_6_concepts} concepts"
        ),
        "Latents read the stream, to which all layers so far have written, and are not tied to its axes.",
    ),
    Claim(
        6,
        "Part of that lead is the place: directions by lot are ahead of the neurons, too.",
        lambda f: f.area_lot > f.area_neurons,
        _said("by lot {area_lot:.2f}, neurons {area_neurons:.2f}"),
        "The control reads the same stream as the latents, and has learned nothing.",
    ),
    Claim(
        6,
        "The rest is training: learned latents are ahead of directions by lot and of untrained latents.",
        lambda f: f.area_latents > max(f.area_lot, f.area_untrained),
        _said("learned {area_latents:.2f}, by lot {area_lot:.2f}, untrained {area_untrained:.2f}"),
        "A dictionary that few latents have to speak for finds what texts have in common.",
    ),
    Claim(
        7,
        "The difference of means brings more of a concept than the latent.",
        lambda f: _leads(f, "mean difference", "latent"),
        lambda f: f"{_both(f, 'mean difference', 'latent')}, over {f.steered_concepts} concepts",
        "A mean over whole texts points along all that they share; a latent along one part of it. With a lead of less "
        "than twice its error we do not say that there is one.",
    ),
    Claim(
        7,
        "The latent brings more of its concept than a random direction of the same length.",
        lambda f: _leads(f, "latent", "random"),
        lambda f: f"{_both(f, 'latent', 'random')}, over {f.steered_concepts} concepts",
        "What is read at a place can be written there.",
    ),
    Claim(
        7,
        "At the price of a prompt no push brings as much as the prompt.",
        lambda f: all((rate_at(f, name, f.asked[2]) or 0.0) < f.asked[0] for name in DIRECTIONS),
        lambda f: (
            f"asked {f.asked[0]:.0%}; pushed, at the same perplexity, "
            f"{max(rate_at(f, name, f.asked[2]) or 0.0 for name in DIRECTIONS):.0%} at most"
        ),
        "A prompt moves the model along ways that it was trained on; a push leaves them.",
    ),
    Claim(
        7,
        "The model finds the indirect object nearly always.",
        lambda f: f.io_above > 0.95,
        _said("{io_above:.1%} of {sentences} sentences, logit difference {io_difference:.1f}"),
        "The pattern is common in print, and the pocket model was trained on such sentences.",
    ),
    Claim(
        7,
        "Attribution ranks what ablation would do, and is less good at how much.",
        lambda f: f.attribution_ranks > max(0.8, f.attribution_straight),
        _said(
            "correlation {attribution_straight:.2f}, of the ranks {attribution_ranks:.2f}, over {ablations} ablations; "
            "sign right for {attribution_signs[0]} of {attribution_signs[1]} large ones"
        ),
        "A gradient is a straight line, and the model bends most where a latent matters most.",
    ),
]
