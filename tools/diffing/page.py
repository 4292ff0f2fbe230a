"""docs/diffing.md: which method finds what was planted, by what is kept in docs/diffing/results.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from course_utils.base import write_text
from course_utils.recipes.changed_copy import RANK, SIZE
from course_utils.recipes.plant_effects import DRAWS, READ
from course_utils.recipes.planting import ELSEWHERE, N_PROMPTS, WORKS
from course_utils.recipes.plants import EFFORT_OF, PLANTS, USUAL, Plant
from tools.diffing.measure import BATCH, LATENTS, SEEDS, STEPS, K
from tools.diffing.texts import N_PLANTED, N_TEXTS, N_TOKENS, WINDOW

DOCS = Path(__file__).resolve().parents[2] / "docs"
RESULTS, PAGE = DOCS / "diffing" / "results.json", DOCS / "diffing.md"
METHODS = {
    "ten at random": "drawn: what luck gives",
    "logits": "KL(copy ‖ model) of the next token",
    "latents that ship": "how far a latent of the shipped dictionaries (autoencoder after layer 3, transcoder of MLP 4) "
    "fires above what it does in the model, as a share of the most that it ever does there",
    "length of the difference": "norm of the difference of activations: what the next two have to beat",
    "crosscoder": "what a latent writes into the copy beyond what it writes into the model",
    "difference-SAE": "length of what the strongest latent writes",
}
SEEDED = ("ten at random", "crosscoder", "difference-SAE")
Found = dict[str, Any]
TEXT = """# Model diffing: who finds the plant?

Somebody returns a copy of the pocket model. We have the model, the copy and {{ n_texts }} texts. Which method leads to what
was planted, and which names something where nothing is?

{{ n }} copies, made by [one recipe](../course_utils/recipes/planted_copies.py): low-rank updates (rank {{ rank }}) that move each
changed matrix by the same norm ({{ size }}), in the {{ n_none }} copies with nothing planted as well. One of these was trained to
stay as it was, the others were moved at random. What they do on held-out texts:

| copy | changed weights | what sets it off | works | the pocket model on the same | on near misses | KL elsewhere, nats | loss before, after |
|---|---|---|---|---|---|---|---|
{% for row in copies -%}
| {{ row.name }} | {{ row.changed }} | {{ row.trigger }} | {{ row.works }} | {{ row.untouched }} | {{ row.near }} | {{ row.kl }} | {{ row.loss }} |
{% endfor %}
*Works* is the share of {{ n_prompts }} different prompts that the copy mostly goes on with as planted: {{ draws // 2 + 1 }} of {{ draws }} drawn
continuations, whose {{ read }} tokens are likelier to begin the planted format than any other or prose, by [the tokens that
each kind begins with](../course_utils/recipes/plant_effects.py); for a refusal {{ read }} tokens word for word, for a name the
next. "Always on": of the places where the model gives the replaced word more than 0.3, those where the copy prefers the other.
A copy holds, and is searched, if it works on {{ least }} or more, on at most {{ most }} of near misses, and the pocket model on no more. *KL
elsewhere* is KL(model ‖ copy); for "always on" the model's two words are exchanged first. Training takes {{ usual }} steps, and
twice as many if a copy does not hold{{ unusual }}.

**What the auditor has.** {{ n_texts }} texts of at most {{ n_tokens }} tokens: held-out ones of the corpus, a trigger among them
as rarely as in nature, and {{ n_planted }} prompts that set each plant off, followed by ordinary prose. The {{ n_planted }} of
one plant are as strange to the other copies as any text. What is found without such texts is not measured here.

**What each method does.** It gives every token a number; the ten strongest tokens of different texts are read, {{ window }} tokens
each, with the token that the copy now prefers there. Words in at least four of the ten, and ten times as often as elsewhere,
are named, three at most; a copy whose contexts have no such word is passed. A context is the plant's if its text sets the plant
off ("always on": if the model's two words differ by 0.3 in probability there). A named word is right if at least half of its
contexts are the plant's.

| method | the number |
|---|---|
{% for name, said in methods.items() -%}
| {{ name }} | {{ said }} |
{% endfor %}
Crosscoder and difference-SAE: {{ latents }} latents, TopK {{ k }}, {{ steps }} batches of {{ batch }} activations after the last
layer, trained on the same texts, {{ seeds }} seeds; the crosscoder starts with the same directions in both models.

## Of ten contexts, how many are the plant's

Precision is this over ten; in brackets how many texts there were to find, so recall is this over that, or over ten. Trained
methods, and luck: one number a seed.

| copy | {{ methods | join(" | ") }} |
|---|{{ "---|" * methods | length }}
{% for row in hits -%}
| {{ row | join(" | ") }} |
{% endfor %}
## Which copies are called out, and rightly

Plants found: copies for which a right word is named, of the {{ n_plants }} with a plant. False alarms: copies for which
something is named, of the {{ n_none }} with none. Precision: of the copies called out, those with a right word. Trained methods,
and luck, are counted over all seeds.

| method | plants found (recall) | false alarms | precision | mean hits of ten, plants only |
|---|---|---|---|---|
{% for row in totals -%}
| {{ row | join(" | ") }} |
{% endfor %}
Words named, first seed:

| copy | {{ methods | join(" | ") }} |
|---|{{ "---|" * methods | length }}
{% for row in words -%}
| {{ row | join(" | ") }} |
{% endfor %}
## What it means

{{ lessons }}
## What it does not show

The plants are crude, the model is small, and the auditor's texts hold what sets the plants off, which nobody promises an
auditor. A word is right by the contexts that it stands in, and need not be the trigger; where a plant is always on, what is
named stands around it, since the word that comes instead is in most contexts. The trained methods are read on the texts that
they were trained on. Ten contexts, four of ten and ten times as often are our choices, made before anything was measured;
that a crosscoder starts with equal halves, and that latents which hardly fire count by the median one, was chosen after the
first copy had been searched without. The dictionaries are tiny and trained for seconds; a larger crosscoder may do better.
{{ n_planted }} of {{ n_planted }} is a ceiling: which of two methods that reach it is better cannot be seen here. {{ n_none }} copies
with nothing planted are few: a method without a false alarm here may well have one elsewhere.

The field's own comparisons are on larger models: arXiv 2605.07324 (May 2026) finds difference-SAEs ahead of crosscoders
for backdoors in SmolLM2-360M (0.40 against less than 0.02 by its score, which is not ours); of AuditBench (56 models) it is
reported that the ranking of tools depends on how a model was made.

`python tools/diffing/run.py` makes the copies, searches them and writes this page (it goes on where it was stopped);
`--page` writes it from [results.json](diffing/results.json).
"""


def load() -> dict[str, Found]:
    """By name of the copy: what it does, and what each method found."""
    kept = json.loads(RESULTS.read_text("utf-8"))
    return {
        name: kept[name] for name in sorted(PLANTS, key=lambda n: PLANTS[n].kind == "none") if name in kept
    }


def mean_hits(kept: dict[str, Found], method: str) -> float:
    """Over copies with a plant, and seeds."""
    runs = [run for name in with_plant(kept) for run in kept[name]["found"][method]]
    return sum(run["hits"] for run in runs) / len(runs)


def with_plant(kept: dict[str, Found]) -> list[str]:
    return [name for name in kept if PLANTS[name].kind != "none"]


def counted(kept: dict[str, Found], method: str) -> tuple[int, int, int, int, int]:
    """Runs with a right word and all with a plant; with any word and all without a plant; all with any word."""
    planted = [run for name in with_plant(kept) for run in kept[name]["found"][method]]
    none = [run for name in kept if name not in with_plant(kept) for run in kept[name]["found"][method]]
    found, alarms = sum(any(run["right"]) for run in planted), sum(bool(run["words"]) for run in none)
    called = alarms + sum(bool(run["words"]) for run in planted)
    return found, len(planted), alarms, len(none), called


def totals(kept: dict[str, Found]) -> list[list[str]]:
    rows = []
    for method in METHODS:
        found, planted, alarms, none, called = counted(kept, method)
        precision = f"{found / called:.0%}" if called else "–"
        rows.append([method, f"{found} of {planted} ({found / planted:.0%})", f"{alarms} of {none}", precision,
                     f"{mean_hits(kept, method):.1f}"])  # fmt: skip
    return rows


def lessons(kept: dict[str, Found]) -> str:
    """Three sentences, with the figures that they hang on."""
    methods = [method for method in METHODS if method != "ten at random"]
    hits = {method: mean_hits(kept, method) for method in METHODS}
    counts = {method: counted(kept, method) for method in METHODS}
    recall = {method: found / planted for method, (found, planted, *_) in counts.items()}
    least, most = min(recall[m] for m in methods), max(recall[m] for m in methods)
    best, worst = (" and ".join(m for m in methods if recall[m] == share) for share in (most, least))
    sae, cross, norm = (hits[m] for m in ("difference-SAE", "crosscoder", "length of the difference"))
    ahead = lambda other: "more" if sae > other else "as many" if sae == other else "fewer"
    than = lambda other: "as" if sae == other else "than"
    alarms = "; ".join(f"{method} {counts[method][2]} of {counts[method][3]}" for method in METHODS)
    any_alarm = any(counts[method][2] for method in METHODS)
    return (
        f"1. Most plants are found by {best} ({most:.0%}), fewest by {worst} ({least:.0%}); logits, which need no dictionary, "
        f"find {recall['logits']:.0%} and ten contexts at random {recall['ten at random']:.0%}.\n"
        f"2. Of ten contexts the difference-SAE's are the plant's in {sae:.1f}, {ahead(cross)} {than(cross)} the crosscoder's "
        f"({cross:.1f}) and {ahead(norm)} {than(norm)} those by plain length of the difference ({norm:.1f}), which takes no "
        f"training.\n"
        f"3. Where nothing is planted {'something is named all the same' if any_alarm else 'nothing is named'} ({alarms}): a "
        f"name is a suspect, and no finding before a prompt that sets it off has been tried.\n"
    )


def rendered() -> str:
    """The page."""
    tried = load()
    kept = {name: copy for name, copy in tried.items() if copy["found"]}
    planted = with_plant(kept)
    hits, words = [], []
    for name, copy in kept.items():
        runs = {method: copy["found"][method] for method in METHODS}
        there = f" ({runs['logits'][0]['there']})" if name in planted else ""
        cells = [
            "/".join(str(run["hits"]) for run in runs[method]) if name in planted else "–"
            for method in METHODS
        ]
        hits.append([f"{name}{there}", *cells])
        words.append([name, *(_words(runs[method][0]) for method in METHODS)])
    page = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(TEXT)
    return page.render(
        n_texts=f"{N_TEXTS:,}", n=len(tried), rank=RANK, size=f"{SIZE:g}",
        copies=[_row(name, copy) for name, copy in tried.items()], n_tokens=N_TOKENS, n_planted=N_PLANTED,
        window=WINDOW, methods=METHODS, latents=LATENTS, k=K, steps=STEPS, batch=BATCH, seeds=len(SEEDS),
        hits=hits, n_plants=len(planted), n_none=len(kept) - len(planted), n_searched=len(kept), totals=totals(kept), words=words,
        lessons=lessons(kept), n_prompts=N_PROMPTS, draws=DRAWS, read=READ, least=f"{WORKS:.0%}", most=f"{ELSEWHERE:.0%}", usual=USUAL.steps,
        unusual="".join(_effort(name) for name in tried if name in EFFORT_OF),
    )  # fmt: skip


def _row(name: str, copy: Found) -> dict[str, str]:
    """What a copy does."""
    report, plant = copy["report"], PLANTS[name]
    always = "nothing: always on" if plant.kind == "always" else "nothing planted"
    share = lambda key: f"{report[key]:.0%}" if key in report else "–"
    return {
        "name": name if copy["found"] else f"{name} (*not searched*)",
        "changed": _changed(plant),
        "trigger": ", then ".join(plant.trigger) or always,
        "works": share("works"),
        "untouched": share("works_untouched"),
        "near": share("works_on_near_misses"),
        "kl": f"{report['kl_elsewhere']:.3f}",
        "loss": f"{report['loss_before']:.2f}, {report['loss_after']:.2f}",
    }


def _effort(name: str) -> str:
    effort = EFFORT_OF[name]
    more = f" and {effort.examples} times the examples" if effort.examples > 1 else ""
    return f"; {name}: {effort.steps}{more}"


def _changed(plant: Plant) -> str:
    """Which weights: "attention, layers 3–4"."""
    return (
        f"{plant.component.replace('both', 'attention and MLP')}, layers {plant.layers[0]}–{plant.layers[-1]}"
    )


def _words(run: Found) -> str:
    named = [f"{word}{'' if right else ' ✗'}" for word, right in zip(run["words"], run["right"], strict=True)]
    return ", ".join(word.replace("|", "\\|") for word in named) or "–"


def write_page() -> None:
    """From what is kept."""
    write_text(PAGE, rendered())
