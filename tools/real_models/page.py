"""Write docs/real_models.md from the figures that are kept, a column for each model."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tools.real_models.claims import CLAIMS, Claim
from tools.real_models.figures import FIGURES
from tools.real_models.measure import KEPT, ROOT, read
from tools.real_models.tables import TABLES

PAGE = ROOT / "docs" / "real_models.md"
COLUMNS = {"pocket": "pocket model", "smollm2": "SmolLM2-135M", "gpt2": "GPT-2 small"}
NOT_HERE = "not measured here"
WIDTH = 118

Kept = dict[str, Any]


def figures(kept: Kept) -> SimpleNamespace:
    """The values of a model's figures by name."""
    return SimpleNamespace(**{name: figure["value"] for name, figure in kept["figures"].items()})


def shown(show: str | Callable[[SimpleNamespace], str], kept: Kept) -> str:
    """A figure of a model in words, or that it was not measured."""
    try:
        return show(figures(kept)) if callable(show) else show.format(**vars(figures(kept)))
    except (AttributeError, KeyError):
        return NOT_HERE


def verdict(claim: Claim, kept: Kept) -> bool | None:
    """Whether a claim holds on a model; None if a figure of it is missing."""
    try:
        return bool(claim.holds(figures(kept)))
    except AttributeError:
        return None


def sorted_claims(models: dict[str, Kept]) -> dict[str, list[Claim]]:
    """The claims by what became of them on the models that were measured; those on which too little was, under None."""
    found: dict[str, list[Claim]] = {"all": [], "some": [], "none": [], "open": []}
    for claim in CLAIMS:
        verdicts = [v for kept in models.values() if (v := verdict(claim, kept)) is not None]
        if len(verdicts) < 2:
            found["open"].append(claim)
        else:
            found["all" if all(verdicts) else "some" if any(verdicts) else "none"].append(claim)
    return found


HEADINGS = {
    "all": "What holds on every model measured",
    "some": "What holds on some of them only",
    "none": "What holds on none of them",
    "open": "What is measured on one model at most",
}


def page(models: dict[str, Kept]) -> str:
    """The page, in Markdown.

    Args:
        models: what is kept of each, by a key of ``COLUMNS``.
    """
    parts = [INTRODUCTION, _weights(models), "\n".join([SIZES, *_shares(models)])]
    for title, rows in TABLES.items():
        head = f"| | {' | '.join(COLUMNS.values())} |\n|---|{'---|' * len(COLUMNS)}\n"
        lines = [
            f"| {row.label} | {' | '.join(shown(row.show, models[name]) for name in COLUMNS)} |"
            for row in rows
        ]
        parts.append(f"## {title}\n\n{head}" + "\n".join(lines))
    parts.append(f"## What the days teach, held against it\n\n{CAUSES}")
    for group, claims in sorted_claims(models).items():
        if claims:
            parts.append(f"### {HEADINGS[group]}\n\n" + "\n".join(_told(claim, models) for claim in claims))
    return "\n\n".join(parts) + "\n"


def _told(claim: Claim, models: dict[str, Kept]) -> str:
    """A claim with its verdict and figures on each model, and why one thinks so."""
    words = {True: "yes", False: "no"}
    on = [
        f"{COLUMNS[name]}: {words[v]}, {shown(claim.figures, kept)}"
        for name, kept in models.items()
        if (v := verdict(claim, kept)) is not None
    ]
    text = f"- **{claim.says}** (Day {claim.day}.) {'; '.join(on)}{'. ' if on else ''}*{claim.why}*"
    return textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def shares(kept: Kept) -> dict[int, float]:
    """The least share of the texts that a figure of a day was measured on, where that is not all of them."""
    of_day = {
        day: min([kept["figures"][w.name]["share"] for w in wanted if w.name in kept["figures"]], default=1.0)
        for day, wanted in FIGURES.items()
    }
    return {day: share for day, share in of_day.items() if share < 1}


def _weights(models: dict[str, Kept]) -> str:
    lines = []
    for name, column in COLUMNS.items():
        kept = models[name]
        note = f" ({kept['weights']})" if kept.get("weights") else ""
        option = " ".join(f"{day}={share:g}" for day, share in shares(kept).items())
        command = f"python course.py real-models {name}" + (f" --share {option}" if option else "")
        lines.append(f"| {column} | {kept.get('model', NOT_HERE)}{note} | `{command}` |")
    return "| | what was measured | the command |\n|---|---|---|\n" + "\n".join(lines)


def _shares(models: dict[str, Kept]) -> Iterator[str]:
    for name, kept in models.items():
        for day, share in shares(kept).items():
            yield f"{COLUMNS[name]} read {share:.0%} of what day {day} reads with a model of its size."


INTRODUCTION = f"""# Real models beside ours

What the days show on the course's own small model, measured on models that others trained. Written by
`python course.py real-models`; no figure here was typed. A figure is a value that a day's own cells compute when they
run with that model ([`tools/real_models/figures.py`](../tools/real_models/figures.py) says which cell and which value),
so it is what the day prints. A model that nobody has measured yet is "{NOT_HERE}": whoever has it runs the command
beside it, which keeps its figures in `docs/real_models/` and writes this page anew. A run that is stopped goes on where
it was."""

SIZES = """Three things to know before comparing columns. The topical texts were sampled from SmolLM2-135M-Instruct in 4 bits,
so that its loss on them is flattered, and the pocket model was trained on texts of the same kind (on none of those held
out). The pocket model's dictionaries ship and were trained for long; for any other model the day trains one in a few
hundred steps, so compare a dictionary with its controls in the same column. And a large model reads less, as the n beside
a figure says."""

CAUSES = """Each claim stands with its verdict and its figures on each model. In italics: why we think so. Nothing on this page
varies a cause, so these are guesses."""


def load() -> dict[str, Kept]:
    """What is kept of each model."""
    return {name: read(KEPT / f"{name}.json") for name in COLUMNS}


def write_page(path: Path = PAGE) -> None:
    """Write the page from what is kept."""
    path.write_text(page(load()), encoding="utf-8")
