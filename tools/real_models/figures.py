"""The figures of docs/real_models.md: each is a value of a day, taken at the end of the cell that prints it.

Nothing is measured here in a way of its own: an expression reads off what the day's cells have computed. ``FIGURES`` has
them by day; ``SAID`` says how the day prints them, so that a test can hold the page to the outputs that the days keep.
"""

from __future__ import annotations

from tools.slices import Wanted

FOUR = ("academic citations", "Korean sentences", "HTTP requests", "dialogue scripts")
"""What the neuron of Bricken et al. (2023, introduction) answered to, in our labels."""

_TOLD = (
    "(torch.minimum(scores.train_roc_area, scores.roc_area)"
    f"[:, [concepts.index(c) for c in {FOUR}]].double().round(decimals=6) >= 0.9)"
)
_ARE_FORMATS = "[f in {family_of[t.concept] for t in texts if t.group == 'format'} for f in families]"
_KINDS = "count_concepts(agreed[:, {}torch.tensor(%s)], 0.9).clamp(max=2).bincount(minlength=3).tolist()"
_KINDS %= _ARE_FORMATS.replace("{", "{{").replace("}", "}}")
_UNTRAINED = (
    "(lambda new: (new.centre_on_(activations.values), "
    "concept_scores(strongest_in_texts(new.encode), concept_ids, len(concepts), held_out=is_held_out))[1])"
    "(SAE(d_in, medium.d_sae, 'topk', k=k, seed=0)).of_chosen().roc_area.nanmedian().item()"
)


def _at(cell: str, **values: str) -> list[Wanted]:
    return [Wanted(name, cell, value) for name, value in values.items()]


FIGURES: dict[int, list[Wanted]] = {
    1: [
        *_at(
            'few_of_each_concept("train", 10)',
            day_1_texts="len(samples)",
            day_1_tokens="int(tokens.lengths.sum())",
        ),
        *_at("candidates for each of", neurons="n_layers * d_mlp"),
        *_at(
            "concepts have a neuron beyond the",
            beyond_luck="int((best.roc_area > luck).sum())",
            concepts="len(concepts)",
            neuron_median="best.roc_area.nanmedian().item()",
        ),
        *_at(
            'print(f"formats: {',
            clean_formats="int((clean & is_format).sum())",
            formats="int(is_format.sum())",
            clean_topics="int((clean & ~is_format).sum())",
            topics="int((~is_format).sum())",
        ),
    ],
    2: [
        *_at(
            'few_of_each_concept("train", 6)',
            day_2_texts="len(texts)",
            day_2_tokens="int(tokens.lengths.sum())",
        ),
        *_at(
            "for c in jobs(found):",
            most_mixed="[[concepts[c], scores.roc_area[found, c].item()] for c in jobs(found)]",
            most_mixed_neuron="name(found)",
        ),
        *_at(
            "of the neurons have a family at all",
            families="len(families)",
            kinds="n_families.flatten().clamp(max=2).bincount(minlength=3).tolist()",
            kinds_of_formats=_KINDS.format(""),
            kinds_of_topics=_KINDS.format("~"),
            three_families="int((n_families >= 3).sum())",
            tell_each_of_four=f"{_TOLD}.sum(dim=0).tolist()",
            tell_of_four=f"{_TOLD}.sum(dim=1).bincount(minlength=5).tolist()",
        ),
    ],
    3: [
        *_at("texts to learn from, ", day_3_texts="[int((~held_out).sum()), int(held_out.sum())]"),
        *_at("n = fewer_if_large(model, 64)", day_3_tokens_a_text="fewer_if_large(model, 64)"),
        *_at(
            "the difference of means beats the best neuron on",
            by_neuron="by_neuron.median().item()",
            by_mean="by_mean.median().item()",
            by_probe="by_probe.median().item()",
            mean_ahead="int((by_mean > by_neuron).sum())",
            day_3_concepts="len(concepts)",
        ),
    ],
    6: [
        *_at(
            "harvest(train_texts), harvest(held_out_texts)",
            hook="hook_name",
            day_6_texts="[len(train_texts), len(held_out_texts)]",
            day_6_tokens="[len(activations), len(held_out)]",
        ),
        *_at(
            "outliers = outlier_dimensions(activations.values)",
            three_largest="(squares[:3].sum() / squares.sum()).item()",
            outlier_dimensions="len(outliers)",
        ),
        *_at(
            "much_longer = outlier_tokens",
            start_times="ratio",
            outlier_tokens="[int(much_longer.sum()), len(much_longer)]",
        ),
        *_at(
            "latents, {score.l0:.0f} active a token",
            d_sae="large.d_sae",
            l0="score.l0",
            fvu="score.fvu",
            fvu_without_outliers="score.fvu_without_outliers",
            fvu_tokens="score.n_tokens",
            loss_clean="better.clean",
            loss_spliced="better.spliced",
            loss_mean="better.mean_ablated",
            loss_texts="len(spliced_texts)",
        ),
        *_at(
            "fixed directions (PCA) miss",
            k="k",
            pca_fvu="pca[k]",
            random_fvu="random_fvu",
            learned_fvu="learned_fvu",
            pursuit_tokens="len(few)",
        ),
        *_at(
            "at equal numbers of tries the latent is ahead on",
            area_neurons="areas[next(iter(areas))].nanmedian().item()",
            area_lot="random_scores.of_chosen().roc_area.nanmedian().item()",
            area_untrained=_UNTRAINED,
            area_latents="medium_scores.of_chosen().roc_area.nanmedian().item()",
            units_compared="[neuron_by_text.shape[1], by_lot.shape[1], medium.d_sae]",
            ahead="[int(ahead), int(behind)]",
            day_6_concepts="len(concepts)",
        ),
        *_at(
            "of the shuffled model: misses",
            sense_fvu="sense.fvu",
            shuffled_fvu="silly.fvu",
            shuffled_d_sae="of_sense.d_sae",
        ),
        *_at(
            "at equal numbers of tries the latent is ahead on",
            area_sense="sensible_area.item()",
            area_shuffled="silly_area.item()",
        ),
    ],
    7: [
        *_at(
            "outliers left out; at {hook_name}",
            day_7_texts="len(texts)",
            day_7_tokens="len(activations)",
        ),
        *_at(
            "reported for GPT-2 small",
            sentences="len(sentences)",
            io_difference="difference.mean().item()",
            io_above="(difference > 0).float().mean().item()",
            io_probability="p_io.mean().item()",
        ),
        *_at(
            "ablations: correlation",
            ablations="len(guess)",
            attribution_straight="straight.item()",
            attribution_ranks="by_rank.item()",
            attribution_signs="[int(((guess > 0) == (truth > 0))[large].sum()), int(large.sum())]",
        ),
        *_at(
            "asked for and not pushed",
            steered="{name: {'rate': mean.tolist(), 'error': error.tolist(), "
            "'perplexity': paid[name].tolist()} for name, (mean, error) in bought.items()}",
            doses="doses",
            asked="[asked_for[0], asked_for[1], asking_price]",
            unpushed="plain_losses.nanmean().exp().item()",
            steered_concepts="len(asked)",
            texts_each="len(prompts)",
        ),
    ],
}

SAID: dict[int, list[str]] = {
    1: [
        "{day_1_texts:,} texts of {concepts} concepts, {day_1_tokens:,} tokens",
        "{neurons:,} candidates for each of {concepts} concepts",
        "{beyond_luck} of {concepts} concepts have a neuron beyond the bar",
        "{neuron_median:.2f} on the others",
        "formats: {clean_formats} of {formats} have a clean neuron",
        "topics: {clean_topics} of {topics}",
    ],
    2: [
        "{day_2_texts:,} texts of {concepts} concepts, {day_2_tokens:,} tokens",
        "{most_mixed_neuron} and {most_mixed[0][0]}: ROC area {most_mixed[0][1]:.2f} on held-out texts",
        "{most_mixed_neuron} and {most_mixed[2][0]}: ROC area {most_mixed[2][1]:.2f} on held-out texts",
        "{three_families:,} of {neurons:,} neurons have three families or more",
        "concepts in {families} families",
    ],
    3: [
        "{day_3_concepts} concepts, {day_3_texts[0]:,} texts to learn from, {day_3_texts[1]:,} to judge by",
        "best neuron median ROC area {by_neuron:.2f} over {day_3_concepts} concepts",
        "difference of means median ROC area {by_mean:.2f} over {day_3_concepts} concepts",
        "logistic probe median ROC area {by_probe:.2f} over {day_3_concepts} concepts",
        "beats the best neuron on {mean_ahead} of {day_3_concepts} concepts",
    ],
    6: [
        "at {hook} every token is",
        "{day_6_tokens[0]:,} tokens to train on and {day_6_tokens[1]:,} to judge by",
        "hold {three_largest:.0%} of all squared length",
        "{outlier_dimensions} of the 256 have more than 100 times",
        "{start_times:.1f} times as long",
        "of {outlier_tokens[1]:,} other tokens {outlier_tokens[0]} are more than ten times as long",
        "{d_sae} latents, {l0:.0f} active a token; misses {fvu:.0%} of the variance",
        "loss {loss_clean:.3f} -> {loss_spliced:.3f} nats a token",
        "mean instead {loss_mean:.2f}",
        "{k} fixed directions (PCA) miss {pca_fvu:.0%}",
        "the best {k} of {d_sae} random directions miss {random_fvu:.0%}",
        "the best {k} of {d_sae} learned directions miss {learned_fvu:.0%}",
        "of the model: misses {sense_fvu:.0%} of the variance",
        "of the shuffled model: misses {shuffled_fvu:.0%}",
        "neurons ({units_compared[0]}): median ROC area {area_neurons:.2f}",
        "directions by lot ({units_compared[1]}): median ROC area {area_lot:.2f}",
        "latents ({units_compared[2]}): median ROC area {area_latents:.2f}",
        "the latent is ahead on {ahead[0]} concepts, the neuron on {ahead[1]}",
        "{shuffled_d_sae} latents: median ROC area {area_sense:.2f}, of the shuffled model {area_shuffled:.2f}",
    ],
    7: [
        "{day_7_tokens:,} tokens of {day_7_texts:,} texts",
        "{sentences} sentences of",
        "{ablations} ablations: correlation {attribution_straight:.2f}, of the ranks {attribution_ranks:.2f}",
        "of the {attribution_signs[1]} that move the score by more than 0.1, attribution has the sign right for "
        "{attribution_signs[0]}",
        "asked for and not pushed: {asked[0]:.0%} ± {asked[1]:.0%}, at perplexity {asked[2]:.0f}; neither: "
        "perplexity {unpushed:.0f}",
        "over {steered_concepts} concepts",
    ],
}
"""How the days print them, by day; in the pocket model's kept outputs each of these sentences has to stand."""
