"""The last stage of `course bring`: what was found, in sentences and tables, and the clearest latents to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from course_utils.base import write_text
from course_utils.desk.bring_run import Run
from course_utils.desk.bring_scores import CLEAR, held_out, read_scores
from course_utils.lm import Activations, describe_model, tokenize
from course_utils.reading import (
    Firings,
    LabelGuess,
    LatentSummary,
    record_firings,
    summarise_latents,
)
from course_utils.sae import SAE
from course_utils.views import Section, dictionary_page

MOST_LATENTS = 150
FEWEST_FIRINGS = 10
KINDS = {
    "latents": "latents of the dictionary",
    "neurons": "neurons of the layer",
    "random": "random directions",
    "untrained": "the autoencoder before training",
}

SHORT = {
    "latents": "latents",
    "neurons": "neurons",
    "random": "random",
    "untrained": "before training",
}

Scores = dict[str, dict[str, Any]]


def write_page(run: Run) -> None:
    """Write ``index.html``."""
    sae, scores = run.load_dictionary(), read_scores(run)
    page = dictionary_page(
        f"A dictionary of {_called(run)}",
        _lead(run, sae),
        list(_sections(run, sae, scores)),
        _summaries(run, sae, scores),
        hint=_hint(scores),
    )
    write_text(run.page, page)


def _called(run: Run) -> str:
    """The model's name; a folder's in quotes, since it may be called anything."""
    name = describe_model(run.model).split(":")[0]
    return f"the model “{name}”" if Path(run.asked.model).is_absolute() else name


def _lead(run: Run, sae: SAE) -> list[str]:
    asked, about = run.asked, sae.metadata
    share, outliers = about["share_of_three_largest"], about["outlier_dimensions"]
    lead = [
        f"{describe_model(run.model)}. {sae.d_sae:,} latents read {asked.hook} ({sae.d_in} numbers a token), at most "
        f"{sae.k} of them active on a token.",
        f"Trained on {about['tokens_trained_on']:,} tokens of {run.material.source}, in {about['steps']:,} steps of "
        f"{about['batch']:,}. All scores are of held-out texts, without the start token.",
    ]
    massive = f"The three largest dimensions hold {100 * share:.0f}% of the squared length"
    if outliers:
        lead.append(
            f"{massive}; {_count(len(outliers), 'dimension is', 'dimensions are')} massive (a mean square of more than "
            "100 times the median's). So each dimension was divided by its standard deviation while training, which is "
            "folded into the weights now, and the error is told with and without the massive ones."
        )
    else:
        lead.append(f"{massive}, and none is massive: all dimensions were scaled alike.")
    return lead + run.material.notes


def _sections(run: Run, sae: SAE, scores: Scores) -> Iterator[Section]:
    yield _fit_section(run, scores["fit"])
    yield _loss_section(scores["loss"])
    if "areas" in scores:
        yield from _area_sections(scores["areas"])
    folder = run.dictionary.name
    yield Section(
        "Use it",
        [f"The folder {folder} beside this page holds the dictionary in SAELens' two files."],
        code=[
            f'from course_utils.sae import load_sae\nsae = load_sae("{folder}")',
            f'from sae_lens import SAE\nsae = SAE.load_from_disk("{folder}")',
        ],
    )


def _fit_section(run: Run, fit: dict[str, Any]) -> Section:
    pca, outliers = fit["pca"], bool(fit["outliers"])

    def errors(of: dict[str, Any]) -> list[str]:
        return [_share(of["fvu"]), *([_share(of["fvu_without_outliers"])] if outliers else [])]

    def row(name: str, of: dict[str, Any]) -> list[str]:
        return [name, f"{of['l0']:.1f}", *errors(of), _share(of["dead_share"])]

    return Section(
        "How much it leaves unexplained",
        [
            f"On {fit['n_tokens']:,} tokens. Fraction of variance unexplained (fvu): 0 is perfect, 1 no better than the "
            "mean. A latent is dead if it is active on none of them. "
            f"The principal directions are judged on the first {pca['n_tokens']:,} of these tokens.",
        ],
        ["", "active a token (l0)", "fvu", *(["fvu without massive dimensions"] if outliers else []), "dead"],
        [
            row("dictionary", fit["dictionary"]),
            row("before training", fit["untrained"]),
            [
                f"first {pca['n_directions']} principal directions",
                f"{pca['n_directions']:.1f}",
                *errors(pca),
                "–",
            ],
        ],
        first_is_own=True,
    )


def _loss_section(loss: dict[str, Any]) -> Section:
    own = loss["dictionary"]

    def row(name: str, value: float, increase: bool = True) -> list[str]:
        return [name, f"{value:.3f}", f"{value - own['clean']:+.3f}" if increase else "–"]

    return Section(
        "What the model loses with it",
        [
            f"The model's next-token loss on {loss['n_texts']} texts, in nats a token, with the activation replaced. Of "
            f"what putting zeros there costs, the dictionary recovers {100 * own['recovered_vs_zero']:.1f}%; of what the "
            f"mean costs, {100 * own['recovered_vs_mean']:.1f}%.",
        ],
        ["replaced by", "loss", "more than without"],
        [
            row("the dictionary's reconstruction", own["spliced"]),
            row("that of the autoencoder before training", loss["untrained"]["spliced"]),
            row("the mean", own["mean_ablated"]),
            row("zeros", own["zero_ablated"]),
            row("nothing (the model as it is)", own["clean"], increase=False),
        ],
        first_is_own=True,
    )


def _area_sections(areas: dict[str, Any]) -> Iterator[Section]:
    labels, kinds = areas["labels"], areas["kinds"]
    n = len(labels)
    yield Section(
        "What its latents tell",
        [
            f"For each of {n} labels the unit with the largest ROC area on {areas['n_chosen_by']:,} texts to train on, "
            f"judged on {areas['n_judged_by']:,} others ({min(r['n'] for r in labels)} to {max(r['n'] for r in labels)} a "
            "label): the chance that its strongest value in a text of the label exceeds that in another text. 0.5 says "
            f"nothing, 1 everything. An area above {CLEAR} is called clear; above chance is what a unit that knows nothing "
            "exceeds once in 20 times.",
            "More units to choose from reach more by luck alone: the random directions are as many as the latents.",
        ],
        ["units", "how many", "median area", f"clear, of {n}", f"above chance, of {n}"],
        [
            [
                KINDS[name],
                f"{of['n_units']:,}",
                f"{of['median']:.3f}",
                str(of["clear"]),
                str(of["above_chance"]),
            ]
            for name, of in kinds.items()
        ],
        first_is_own=True,
    )
    yield Section(
        f"All {n} labels",
        ["The held-out area of the best unit of each kind."],
        heads=["label", "texts judged", "latent number", *(SHORT[name] for name in kinds)],
        rows=[
            [
                row["label"],
                str(row["n"]),
                str(row["latents"]["unit"]),
                *(f"{row[name]['area']:.2f}" for name in kinds),
            ]
            for row in sorted(labels, key=lambda row: -row["latents"]["area"])
        ],
        folded=True,
    )


def _hint(scores: Scores) -> str:
    if "areas" in scores:
        return (
            "Of each label the latent that tells it best, clearest on the texts that it was chosen by first; its area is "
            "that on held-out texts, and so are its examples."
        )
    return "The strongest and rarest on held-out texts first."


def _summaries(run: Run, sae: SAE, scores: Scores) -> list[LatentSummary]:
    chunks = list(held_out(run))
    rows = Activations(torch.cat([c.values for c in chunks]), torch.cat([c.where for c in chunks]))
    del chunks
    firings = record_firings(run.encode(sae), rows.values)
    tokens = tokenize(run.model, run.material.judge, max_tokens_per_text=run.asked.context)
    guesses = _guesses(scores["areas"]) if "areas" in scores else dict.fromkeys(_rare_and_strong(firings))
    latents = [latent for latent in guesses if int(firings.counts[latent])][:MOST_LATENTS]
    summaries = summarise_latents(
        run.model, sae.to("cpu"), rows, tokens, latents, n_top=6, n_quantiles=4, firings=firings
    )
    return [_labelled(summary, guesses[summary.latent]) for summary in summaries]


def _labelled(summary: LatentSummary, guess: LabelGuess | None) -> LatentSummary:
    return replace(summary, label=guess)


def _guesses(areas: dict[str, Any]) -> dict[int, LabelGuess]:
    """Each label's latent, clearest first; one that was chosen for several keeps the label it tells best."""
    found: dict[int, LabelGuess] = {}
    for row in sorted(areas["labels"], key=lambda row: -row["latents"]["train_area"]):
        best = row["latents"]
        found.setdefault(best["unit"], LabelGuess(row["label"], best["area"]))
    return found


def _rare_and_strong(firings: Firings) -> list[int]:
    score = firings.strongest * -firings.firing_rate.clamp(min=1e-6).log()
    score[firings.counts < FEWEST_FIRINGS] = 0
    return [int(latent) for latent in score.argsort(descending=True, stable=True) if score[latent] > 0]


def _share(value: float) -> str:
    return f"{100 * value:.1f}%"


def _count(n: int, one: str, several: str) -> str:
    return f"{n} {one if n == 1 else several}"
