"""docs/scores.md: how well each score ranks dictionaries, by what is kept in docs/scores/results.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jinja2 import Environment, StrictUndefined
from scipy.stats import rankdata

from course_utils.base import write_text
from course_utils.reading import FOUND_AGAIN, WORLD_LABELS, WORLD_ROWS
from course_utils.worlds import WORLDS
from tools.scores.dictionaries import BATCH, SEEDS, SIZES, SPARSITIES, STEPS

DOCS = Path(__file__).resolve().parents[2] / "docs"
RESULTS, PAGE = DOCS / "scores" / "results.json", DOCS / "scores.md"
RESAMPLES = 500
NEAR_THE_TRUTH = (4.0, 9.0)
"""Latents on a row, for the second table: six features are."""

PROXIES = {
    "fvu": (-1, "reconstruction: fvu, the lower the better"),
    "l0": (-1, "sparsity: l0, the lower the better"),
    "dead_share": (-1, "dead latents, the fewer the better"),
    "crowding": (-1, "crowding: the cosine with the nearest other latent, the lower the better"),
    "stability": (1, f"stability: latents that another seed has too (cosine {FOUND_AGAIN} or more)"),
    "probe_1": (1, "a probe on 1 latent, by labels"),
    "probe_5": (1, "a probe on 5 latents, by labels"),
    "absorption": (-1, "absorption, by labels, the lower the better"),
}
TRUTHS = {"matched_cosine": "where features lie (matched cosine)", "firing_f1": "when they are on (F1)"}
TEXT = """# Which scores can be believed?

Every score of a dictionary stands for something that nobody can see: whether its latents are the features of the model.
Here the features are known, because we made the activations from them
([`FeatureWorld`](../course_utils/worlds/known_features.py)). We train dictionaries, let each score rank them as it would
those of a language model, and ask how far the truth ranks them the same way.

{{ n }} dictionaries: {{ architectures }}; {{ sizes }} latents; two sparsities each; {{ seeds }} seeds; {{ steps }} batches
of {{ batch }} rows. Activations have {{ d }} dimensions, {{ n_features }} features, {{ active }} on in a row. Scored on
{{ rows }} rows that none was trained on; {{ labels }} of the features have labels. Two worlds:

- *independent*: {{ worlds["independent"] }}
- *everything*: {{ worlds["everything"] }}

What the truth says follows SynthSAEBench (Chanin et al. 2026, arXiv 2602.14687), on a far smaller scale: each feature gets
a latent of its own (one to one, the largest sum of cosines), and is asked where it lies and when it is on.

| world | matched cosine: worst, median, best | F1: worst, median, best | best by matched cosine | best by F1 |
|---|---|---|---|---|
{% for row in ranges -%}
| {{ row.world }} | {{ row.cosine }} | {{ row.f1 }} | {{ row.best_cosine }} | {{ row.best_f1 }} |
{% endfor %}
## All dictionaries

Rank correlation (Spearman) of a score with the truth: 1 if it ranks the dictionaries as the truth does, 0 if it says
nothing, below 0 if it prefers the worse. In brackets the middle 95 % of {{ resamples }} resamples, both seeds of a
dictionary drawn together. **Bold** where that is above 0 throughout, *misleads* where it is below.

{{ all }}
## At the right sparsity

The same among those with {{ low }} to {{ high }} latents on in a row.

{{ near }}
## At the same size

The same among those with {{ largest }} latents. A large dictionary has room for every feature, and it is crowded and has
dead latents: what ranks sizes need not rank dictionaries of one size.

{{ large }}
## What to take from it

{{ lessons }}
Worlds are not language models: features here lie at random, nothing has a meaning, and what is planted is what we thought
of. A score that fails here has no excuse; one that works here may still fail there.

`python course.py scores` trains and scores everything anew (it goes on where it was stopped), `--page` writes this page
from [results.json](scores/results.json).
"""


class Correlation(NamedTuple):
    """Of a score with a truth; the interval is of resamples."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        said = f"{self.value:+.2f} ({self.low:+.2f} to {self.high:+.2f})"
        return f"**{said}**" if self.low > 0 else f"{said} *misleads*" if self.high < 0 else said


def load() -> dict[str, dict[str, float]]:
    """Scores by name of the dictionary."""
    return json.loads(RESULTS.read_text("utf-8"))


def correlation(
    scores: list[dict[str, float]], names: list[str], proxy: str, truth: str
) -> Correlation | None:
    """How well a score ranks these dictionaries; None where they do not differ in it, or have no such score."""
    sign = PROXIES[proxy][0]
    if any(proxy not in s for s in scores) or len({s[proxy] for s in scores}) < 3:
        return None
    x, y = (np.array(column) for column in ([sign * s[proxy] for s in scores], [s[truth] for s in scores]))
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        groups.setdefault(name.rpartition("-seed")[0], []).append(i)
    members = [np.array(group) for group in groups.values()]
    generator = np.random.default_rng(0)
    draws = (generator.integers(len(members), size=len(members)) for _ in range(RESAMPLES))
    resampled = [
        spearman(x[some], y[some]) for some in (np.concatenate([members[g] for g in d]) for d in draws)
    ]
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return Correlation(spearman(x, y), float(low), float(high), len(scores))


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Correlation of the ranks; NaN if one of them is all ties."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])


Found = dict[tuple[str, str, str], Correlation | None]
"""By world, truth and score."""


def near_the_truth(name: str, scores: dict[str, float]) -> bool:
    """Whether about as many latents are on as features."""
    return NEAR_THE_TRUTH[0] <= scores["l0"] <= NEAR_THE_TRUTH[1]


def large(name: str, scores: dict[str, float]) -> bool:
    """Whether it is one of the largest."""
    return f"-{max(SIZES)}-" in name


def correlations(
    kept: dict[str, dict[str, float]],
    some: Callable[[str, dict[str, float]], bool] = lambda name, scores: True,
) -> Found:
    """How well each score ranks some of the dictionaries."""
    found = {}
    for world in WORLDS:
        names = [name for name in kept if name.startswith(f"{world}/") and some(name, kept[name])]
        scores = [kept[name] for name in names]
        for truth in TRUTHS:
            for proxy in PROXIES:
                enough = len(names) >= 10
                found[world, truth, proxy] = correlation(scores, names, proxy, truth) if enough else None
    return found


def table(found: Found) -> str:
    """A table for each truth."""
    parts = []
    for truth, said in TRUTHS.items():
        ns = {world: next((c.n for (w, _, _), c in found.items() if w == world and c), 0) for world in WORLDS}
        head = " | ".join(f"{world}, n = {ns[world]}" for world in WORLDS)
        rows = [
            f"| {PROXIES[proxy][1]} | "
            + " | ".join(str(found[world, truth, proxy] or "–") for world in WORLDS)
            + " |"
            for proxy in PROXIES
        ]
        parts.append("\n".join([f"| {said} | {head} |", "|---" * (len(WORLDS) + 1) + "|", *rows, ""]))
    return "\n".join(parts)


def lessons(tables: Sequence[Found]) -> str:
    """Which scores rank right, say nothing or mislead: counted over worlds, truths and tables."""
    lines = []
    for proxy, (_, said) in PROXIES.items():
        found = [c for table in tables for (_, _, p), c in table.items() if p == proxy and c]
        right, wrong = sum(c.low > 0 for c in found), sum(c.high < 0 for c in found)
        lines.append(
            f"- {said.partition(',')[0].capitalize()}: ranks right in {right} of {len(found)} comparisons, misleads in "
            f"{wrong}, cannot tell in {len(found) - right - wrong}.\n"
        )
    return "".join(lines)


def write_page() -> None:
    """From what is kept."""
    kept = load()
    world = next(iter(WORLDS.values()))
    tables = [correlations(kept), correlations(kept, near_the_truth), correlations(kept, large)]
    page = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(TEXT)
    write_text(
        PAGE,
        page.render(
            n=len(kept), architectures=", ".join(SPARSITIES), sizes=", ".join(map(str, SIZES)), seeds=len(SEEDS),
            steps=f"{STEPS:,}", batch=BATCH, d=world.d, n_features=world.n_features, active=f"{world.active:.0f}",
            rows=f"{WORLD_ROWS:,}", labels=WORLD_LABELS, resamples=f"{RESAMPLES:,}", worlds=_described(), ranges=_ranges(kept),
            low=f"{NEAR_THE_TRUTH[0]:.0f}", high=f"{NEAR_THE_TRUTH[1]:.0f}", all=table(tables[0]), near=table(tables[1]),
            large=table(tables[2]), largest=max(SIZES),
            lessons=lessons(tables),
        ),
    )  # fmt: skip


def _described() -> dict[str, str]:
    """What is planted in each world."""
    words = {
        "families": "parents with three children each",
        "together": "pairs that mostly come together",
        "apart": "pairs that exclude each other",
        "circles": "circles of seven points",
    }
    said = {}
    for name, world in WORLDS.items():
        parts = [f"{count} {text}" for what, text in words.items() if (count := getattr(world, what))]
        parts += [f"frequencies that fall with rank to the power {world.zipf:g}"] * bool(world.zipf)
        parts += [f"noise of {world.noise:g} in each dimension"] * bool(world.noise)
        said[name] = (
            ", ".join(parts) or "nothing is planted, every feature is as frequent as the others"
        ) + "."
    return said


def _ranges(kept: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    rows = []
    for world in WORLDS:
        its = {
            name.partition("/")[2]: scores for name, scores in kept.items() if name.startswith(f"{world}/")
        }

        def range_of(truth: str, its: dict[str, dict[str, float]] = its) -> str:
            values = sorted(scores[truth] for scores in its.values())
            return ", ".join(f"{v:.2f}" for v in (values[0], values[len(values) // 2], values[-1]))

        rows.append(
            {
                "world": world,
                "cosine": range_of("matched_cosine"),
                "f1": range_of("firing_f1"),
                "best_cosine": max(its, key=lambda n: its[n]["matched_cosine"]),
                "best_f1": max(its, key=lambda n: its[n]["firing_f1"]),
            }
        )
    return rows
