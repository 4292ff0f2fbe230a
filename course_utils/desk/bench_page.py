"""The page of `course bench`: each score in a table beside its controls, in the looks of `course bring`'s page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from course_utils.views import Section, dictionary_page

GROUPS = {
    "What it leaves out": ("l0", "fvu", "fvu_topics", "fvu_formats", "fvu_without_outliers", "loss", "dead"),
    "What its latents tell": ("recall", "precision", "probe_1", "probe_5", "sensitivity", "absorption"),
    "What they do to the model, and whether they come again": ("removal", "steering", "stability"),
    "What is true in this world": ("matched_cosine", "firing_f1", "hedging"),
}
SHOWN = {
    "fvu_topics": "fvu, topics",
    "fvu_formats": "fvu, formats",
    "fvu_without_outliers": "fvu without outliers",
    "loss": "loss, nats",
    "probe_1": "probe on 1",
    "probe_5": "probe on 5",
    "matched_cosine": "matched cosine",
    "firing_f1": "F1 of firing",
}
CONTROLS = {
    "seed": "another seed",
    "untrained": "untrained",
    "pca": "principal directions",
    "probe": "dense probe (labels)",
    "mean_difference": "difference of means (labels)",
    "random": "random direction",
    "other_texts": "on texts of other concepts",
    "no_push": "no push",
    "mean": "the mean instead",
    "zeros": "zeros instead",
}
ARROWS = {"higher": "↑", "lower": "↓"}

Result = dict[str, Any]


def bench_page(results: Sequence[Result]) -> str:
    """The page, from what `bench` wrote for each dictionary.

    Args:
        results: one or more, all of one model and hook point.

    Returns:
        HTML that needs nothing else.
    """
    first, several = results[0], len(results) > 1
    names = ", ".join(result["dictionary"]["name"] for result in results)
    sections: list[Section] = []
    if several:
        sections.append(_side_by_side(results))
    for result in results:
        prefix = f"{result['dictionary']['name']}: " if several else ""
        sections += _sections(result, prefix)
    sections += [_meanings(results), _missing(results)]
    return dictionary_page(f"Bench: {names}", list(_lead(first, results)), sections, [])


def _lead(first: Result, results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        about = result["dictionary"]
        yield (
            f"{about['name']}: {about['n_latents']:,} latents, {about['architecture']}; sha256 of its file "
            f"{about['sha256'][:12]}…"
        )
    texts = first["texts"]
    if "world" in first:
        yield f"Read: the made-up world “{first['world']}”, whose features are known; {texts['judge']:,} rows to judge by."
    else:
        yield (
            f"Read: {first['hook']} of {first['model']}, on {texts['judge']:,} held-out texts ({texts['tokens']:,} tokens) of "
            f"{texts['concepts']} concepts. What is chosen, is chosen on {texts['choose']:,} other texts."
        )
    yield (
        "The first row of each table is the dictionary, in brackets the middle 95 % of 1,000 resamples; below stand "
        "controls. ↑ the higher the better, ↓ the lower. Compare dictionaries at about one l0."
    )
    seconds = sum(result["seconds"].get("all", 0) for result in results)
    yield f"Measured in {seconds / 60:.1f} minutes, controls included."


def shown_score(name: str, value: float) -> str:
    """As it stands in a table."""
    if name == "l0":
        return f"{value:.1f}"
    if name == "loss":
        return f"{value:+.3f}"
    return f"{value:.2f}" if name == "matched_cosine" else f"{100 * value:.1f}%"


def head_of(name: str, column: dict[str, Any]) -> str:
    """A column's heading, with the way that is better."""
    return f"{SHOWN.get(name, name)} {ARROWS[column['better']]}"


def _sections(result: Result, prefix: str) -> Iterator[Section]:
    columns = result["columns"]
    for heading, names in GROUPS.items():
        here = {name: columns[name] for name in names if name in columns}
        if not here:
            continue
        kinds = dict.fromkeys(kind for column in here.values() for kind in column["controls"])
        ordered = [kind for kind in CONTROLS if kind in kinds] + [
            kind for kind in kinds if kind not in CONTROLS
        ]
        own = [result["dictionary"]["name"], *(_with_interval(name, column) for name, column in here.items())]
        rows = [
            [CONTROLS.get(kind, kind), *(_of_control(name, column, kind) for name, column in here.items())]
            for kind in ordered
        ]
        heads = ["", *(head_of(name, column) for name, column in here.items())]
        yield Section(f"{prefix}{heading}", heads=heads, rows=[own, *rows], first_is_own=True)


def _with_interval(name: str, column: dict[str, Any]) -> str:
    said = shown_score(name, column["score"])
    if column["interval"] is None:
        return said
    low, high = (shown_score(name, end).rstrip("%") for end in column["interval"])
    return said if low == high else f"{said} ({low} to {high})"


def _of_control(name: str, column: dict[str, Any], kind: str) -> str:
    return shown_score(name, column["controls"][kind]) if kind in column["controls"] else "–"


def _side_by_side(results: Sequence[Result]) -> Section:
    names = list(dict.fromkeys(name for result in results for name in result["columns"]))
    kinds = {name: result["columns"][name] for result in results for name in result["columns"]}
    rows = [
        [
            result["dictionary"]["name"],
            *(
                shown_score(name, result["columns"][name]["score"]) if name in result["columns"] else "–"
                for name in names
            ),
        ]
        for result in results
    ]
    return Section("Side by side", heads=["", *(head_of(name, kinds[name]) for name in names)], rows=rows)


def _meanings(results: Sequence[Result]) -> Section:
    columns = {name: column for result in results for name, column in result["columns"].items()}
    n_of = {name: f" n = {column['n']:,}." if len(results) == 1 else "" for name, column in columns.items()}
    rows = [
        [SHOWN.get(name, name), f"{column['what']}{n_of[name]} Source: {column['source']}."]
        for name, column in columns.items()
    ]
    return Section(
        "What the columns say, and whose definitions they are", heads=["", ""], rows=rows, words=True
    )


def _missing(results: Sequence[Result]) -> Section:
    sentences = [
        f"{result['dictionary']['name']}: {SHOWN.get(name, name)} is not measured: {why}."
        for result in results
        for name, why in result["missing"].items()
    ]
    return Section("What is not here", sentences)
