"""The tables of docs/real_models.md: a line for each figure, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

from tools.real_models.claims import DEARER, DIRECTIONS, best, by_chance, rate_at


class Row(NamedTuple):
    """A line of a table."""

    label: str
    show: str | Callable[[SimpleNamespace], str]
    """With the figures' names in braces, or a function of them."""


def _kinds(name: str) -> Callable[[SimpleNamespace], str]:
    def show(f: SimpleNamespace) -> str:
        counts = getattr(f, name)
        none, one, several = (n / sum(counts) for n in counts)
        return f"{one:.0%} / {several:.0%} / {none:.0%}"

    return show


def _most_mixed(f: SimpleNamespace) -> str:
    return f"{f.most_mixed_neuron}: " + ", ".join(f"{concept} {area:.2f}" for concept, area in f.most_mixed)


def _best(direction: str) -> Callable[[SimpleNamespace], str]:
    return lambda f: "{:.0%} ± {:.0%} at {:.0f}".format(*best(f, direction))


def _at(direction: str, price: Callable[[SimpleNamespace], float]) -> Callable[[SimpleNamespace], str]:
    def show(f: SimpleNamespace) -> str:
        rate = rate_at(f, direction, price(f))
        return "not so dear" if rate is None else f"{rate:.0%}"

    return show


def _dearer(f: SimpleNamespace) -> float:
    return DEARER * f.unpushed


def _without_outliers(f: SimpleNamespace) -> str:
    return f"{f.fvu_without_outliers:.1%}" if f.outlier_dimensions else "there are none"


TABLES: dict[str, list[Row]] = {
    "Neurons: days 1 and 2": [
        Row("neurons, all layers", "{neurons:,}"),
        Row("day 1 reads", "{day_1_texts:,} texts, {day_1_tokens:,} tokens"),
        Row("concepts whose neuron is beyond luck", "{beyond_luck} of {concepts}"),
        Row("formats with a clean neuron (precision and recall 0.8)", "{clean_formats} of {formats}"),
        Row("topics with a clean neuron", "{clean_topics} of {topics}"),
        Row("day 2 reads", "{day_2_texts:,} texts, {day_2_tokens:,} tokens"),
        Row("neurons that are clean / mixed / miscellaneous, by families", _kinds("kinds")),
        Row("the same, families of formats alone", _kinds("kinds_of_formats")),
        Row("the same, families of topics alone", _kinds("kinds_of_topics")),
        Row("neurons with three families or more", lambda f: f"{f.three_families:,} of {sum(f.kinds):,}"),
        Row("the most mixed neuron, held-out areas", _most_mixed),
        Row(
            "neurons that tell citations / Korean / HTTP / dialogue",
            lambda f: " / ".join(f"{n:,}" for n in f.tell_each_of_four),
        ),
        Row("neurons that tell all four", "{tell_of_four[4]}"),
        Row("as many if the four were independent", lambda f: f"{by_chance(f):.1f}"),
    ],
    "Directions against neurons: day 3": [
        Row(
            "texts to learn from / to judge by",
            "{day_3_texts[0]:,} / {day_3_texts[1]:,}, {day_3_concepts} topics",
        ),
        Row("tokens of a text at most", "{day_3_tokens_a_text}"),
        Row("best neuron of the middle layer, median held-out area", "{by_neuron:.2f}"),
        Row("difference of means", "{by_mean:.2f}"),
        Row("logistic probe", "{by_probe:.2f}"),
        Row(
            "topics on which the difference of means is ahead of the neuron",
            "{mean_ahead} of {day_3_concepts}",
        ),
    ],
    "A dictionary of the middle layer: day 6": [
        Row("hook point", "`{hook}`"),
        Row("texts to train on / to judge by", "{day_6_texts[0]:,} / {day_6_texts[1]:,}"),
        Row("tokens, outlier tokens left out", "{day_6_tokens[0]:,} / {day_6_tokens[1]:,}"),
        Row("start token, times the median length", "{start_times:.1f}"),
        Row("other tokens more than ten times as long", "{outlier_tokens[0]} of {outlier_tokens[1]:,}"),
        Row("squared length in the three largest dimensions", "{three_largest:.0%}"),
        Row("outlier dimensions", "{outlier_dimensions}"),
        Row("latents, of which active on a token (l0)", "{d_sae:,}, {l0:.1f}"),
        Row("fvu on held-out tokens", "{fvu:.1%} of {fvu_tokens:,} tokens"),
        Row("fvu without the outlier dimensions", _without_outliers),
        Row("loss untouched, nats a token", "{loss_clean:.2f} on {loss_texts} texts"),
        Row("more with the reconstruction", lambda f: f"{f.loss_spliced - f.loss_clean:+.2f}"),
        Row("more with the mean instead", lambda f: f"{f.loss_mean - f.loss_clean:+.2f}"),
        Row("fvu of as many directions of PCA", "{pca_fvu:.0%}"),
        Row(
            "fvu of as many of a random dictionary, by pursuit", "{random_fvu:.0%} of {pursuit_tokens} tokens"
        ),
        Row("fvu of the learned dictionary, by pursuit", "{learned_fvu:.0%} of {pursuit_tokens} tokens"),
        Row(
            "fvu of a short run, of the model / of the shuffled model", "{sense_fvu:.0%} / {shuffled_fvu:.0%}"
        ),
    ],
    "Latents against neurons: day 6": [
        Row("units: neurons, directions by lot, latents", "{units_compared[0]:,} each"),
        Row("best neuron, median held-out area", "{area_neurons:.2f} over {day_6_concepts} concepts"),
        Row("best direction by lot", "{area_lot:.2f}"),
        Row("best latent of an untrained autoencoder", "{area_untrained:.2f}"),
        Row("best latent", "{area_latents:.2f}"),
        Row("concepts on which the latent / the neuron is ahead", "{ahead[0]} / {ahead[1]}"),
        Row(
            "best latent of a short run, of the model / of the shuffled model",
            "{area_sense:.2f} / {area_shuffled:.2f}",
        ),
    ],
    "Steering: day 7": [
        Row("day 7 reads", "{day_7_texts:,} texts, {day_7_tokens:,} tokens"),
        Row("concepts, texts at each dose", "{steered_concepts}, {texts_each}"),
        Row("perplexity of what is written without a push", "{unpushed:.1f}"),
        Row(
            "asked for in a prompt: about the concept, at a perplexity of",
            "{asked[0]:.0%} ± {asked[1]:.0%} at {asked[2]:.0f}",
        ),
        *(Row(f"pushed along {said}, best dose", _best(name)) for name, said in DIRECTIONS.items()),
        *(
            Row(f"along {said}, at the prompt's perplexity", _at(name, lambda f: f.asked[2]))
            for name, said in DIRECTIONS.items()
        ),
        *(
            Row(f"along {said}, at {DEARER:g} times the perplexity without a push", _at(name, _dearer))
            for name, said in DIRECTIONS.items()
        ),
    ],
    "Indirect objects, attribution: day 7": [
        Row("indirect object above subject", "{io_above:.1%} of {sentences} sentences"),
        Row("mean logit difference", "{io_difference:.2f}"),
        Row("probability of the indirect object", "{io_probability:.0%}"),
        Row("attribution and ablation, correlation", "{attribution_straight:.2f} over {ablations} ablations"),
        Row("of the ranks", "{attribution_ranks:.2f}"),
        Row(
            "sign right where the score moves by more than 0.1",
            "{attribution_signs[0]} of {attribution_signs[1]}",
        ),
    ],
}
