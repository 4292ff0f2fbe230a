"""The bench: what a dictionary scores on labelled texts, each number beside the same number of its controls.

Controls that learned nothing are made here (`controls`); those that take training, as a frozen decoder or another seed,
come in as dictionaries.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from course_utils.base import frees_memory
from course_utils.lm import tokenize
from course_utils.reading.bench_columns import MEASURES, Seen, removal, removal_scores, sensitivity
from course_utils.reading.bench_corpus import BenchTexts
from course_utils.reading.bench_record import BENCH_KINDS, Column, Measured, mean_of, middle, resample_counts
from course_utils.reading.concepts import concept_scores
from course_utils.reading.controls import untaught
from course_utils.reading.probing import balanced_accuracy, mean_differences
from course_utils.reading.splicing import Replacement, spliced_losses
from course_utils.reading.stability import found_again
from course_utils.reading.text_sums import by_text
from course_utils.sae import SAE, hook_name_of

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

BENCH_COLUMNS = tuple(name for name in BENCH_KINDS if name in (*MEASURES, "loss", "stability"))
"""What `bench_dictionary` measures."""
SEED = "seed"
"""The control that is a dictionary of another seed."""
TEXTS_SPLICED = 100
CLEAN, OWN = "the model itself", "the dictionary itself"


class Bench(NamedTuple):
    """What was measured, and what was not."""

    columns: dict[str, Column]
    missing: dict[str, str]
    """Columns without a score, and why; one that asks for outliers is left out where there are none."""
    seconds: dict[str, float]
    """What each took, controls included."""


@frees_memory
@torch.no_grad()
def bench_dictionary(
    model: TransformerBridge,
    sae: SAE,
    texts: BenchTexts,
    *,
    controls: Mapping[str, SAE] | None = None,
    columns: Iterable[str] | None = None,
    seed: int = 0,
) -> Bench:
    """Score a dictionary beside its controls on texts that chose nothing.

    Beside every column stand an untrained dictionary of its size and one of principal directions, both with its l0, and
    those that are given. Where labels can do the work alone, that stands there too.

    Examples:
        >>> from course_utils.lm import load_model, load_texts
        >>> from course_utils.sae import load_sae
        >>> from course_utils.reading import bench_texts
        >>> model, sae = load_model("pocket"), load_sae("layer_2_512")
        >>> some = [*load_texts(concept="whales"), *load_texts(concept="chess notation")]
        >>> few = bench_texts(model, sae.hook_name, some, n_each=4, n_judged=4)
        >>> found = bench_dictionary(model, sae, few, columns=["fvu", "recall"]).columns
        >>> found["fvu"].score < found["fvu"].controls["untrained"], found["recall"].better
        (True, 'higher')

    Args:
        texts: from `bench_texts`, at the hook point that the dictionary reads.
        controls: by name, more dictionaries to put beside; ``"seed"`` is one of another seed, which is what
            ``stability`` compares with.
        columns: some of `BENCH_COLUMNS`; None is all.
        seed: of the untrained directions.

    Raises:
        ValueError: if the dictionary does not fit the activations, what it gives is not finite, or there is no such
            column.
    """
    wanted = list(BENCH_COLUMNS if columns is None else dict.fromkeys(columns))
    if unknown := [name for name in wanted if name not in BENCH_COLUMNS]:
        raise ValueError(f"there is no column {', '.join(unknown)}: there are {', '.join(BENCH_COLUMNS)}")
    controls, seconds = dict(controls or {}), {}
    for name, one in {"the dictionary": sae, **controls}.items():
        check_fits(one, texts, name)
    if not wanted:
        return Bench({}, {}, {})
    began = time.monotonic()
    own = Seen(sae, texts, by_text(sae, texts.rows, len(texts.texts)))
    beside = {**controls, **untaught(texts, sae.d_sae, own.found.l0(own.weights).item(), seed=seed)}
    seconds["dictionary"], began = time.monotonic() - began, time.monotonic()
    views = {
        name: Seen(one, texts, by_text(one, texts.rows, len(texts.texts))) for name, one in beside.items()
    }
    seconds["controls"] = time.monotonic() - began
    found, missing = {}, {}
    for name in wanted:
        began = time.monotonic()
        if name == "loss":
            measured, scores = _losses(model, own, beside)
        elif name == "stability":
            measured, scores = _stability(own, controls.get(SEED), views["untrained"])
        else:
            measured = MEASURES[name](own)
            scores = {
                other: view for other, seen in views.items() if (view := MEASURES[name](seen)) is not None
            }
            scores = {other: view.score for other, view in scores.items()} | _by_labels(name, own)
        scores = {other: score for other, score in scores.items() if math.isfinite(score)}
        seconds[name] = time.monotonic() - began
        if measured is not None and not math.isfinite(measured.score):
            missing[name] = "it is not a number here"
        elif measured is None and name in WHY_MISSING:
            missing[name] = WHY_MISSING[name]
        elif measured is not None:
            kind = BENCH_KINDS[name]
            found[name] = Column(
                measured.score, kind.better, measured.n, measured.interval, kind.what, kind.source, scores
            )
    return Bench(found, missing, seconds)


WHY_MISSING = {
    "stability": "no dictionary of another seed stands beside it (--control seed=…), or no latent lives",
    "sensitivity": "no latent has its strongest texts mostly in one concept",
    "absorption": "no group of topics is recognised by a dense probe, or there is none",
    "fvu_topics": "fewer than two texts are about topics",
    "fvu_formats": "fewer than two texts are in formats",
}


def check_fits(sae: SAE, texts: BenchTexts, name: str = "the dictionary") -> None:
    """Raise unless it reads activations of this width at this hook point.

    Raises:
        ValueError: if it does not.
    """
    d_in = texts.rows.values.shape[1]
    hook_name_of(sae, texts.hook_name)  # a transcoder is refused
    if sae.d_in != d_in:
        raise ValueError(f"{name} reads activations of {sae.d_in}, those at {texts.hook_name} have {d_in}")


def _losses(
    model: TransformerBridge, own: Seen, beside: Mapping[str, SAE]
) -> tuple[Measured, dict[str, float]]:
    """What the loss rises by, and by how much with the controls, the mean, and zeros in its place."""
    texts, hook_name = own.texts, own.texts.hook_name
    judged = [text for text, of in zip(texts.texts, texts.judged.tolist(), strict=True) if of]
    some = judged[:: max(1, len(judged) // TEXTS_SPLICED)]
    tokens = tokenize(model, some, max_tokens_per_text=texts.max_tokens_per_text)
    mean = texts.rows.values.mean(dim=0)

    replacements: dict[str, Replacement] = {
        name: lambda x, sae=sae: sae(x).x_hat for name, sae in beside.items()
    }
    replacements |= {"mean": mean, "zeros": torch.zeros_like(mean)}
    replacements |= {CLEAN: lambda x: x, OWN: lambda x: own.sae(x).x_hat}
    losses, n = spliced_losses(model, tokens, hook_name, replacements, 8)
    clean = losses.pop(CLEAN)
    rise = losses.pop(OWN) - clean
    times = resample_counts(len(n))
    interval = middle(times @ rise / (times @ n.double()))
    rises = {name: (of_texts - clean).sum() / n.sum() for name, of_texts in losses.items()}
    return (
        Measured((rise.sum() / n.sum()).item(), int(n.sum()), interval),
        {name: value.item() for name, value in rises.items()},
    )


def _stability(own: Seen, other: SAE | None, untrained: Seen) -> tuple[Measured | None, dict[str, float]]:
    def living(seen: Seen) -> Tensor:
        return seen.sae.W_dec[seen.found.peaks.amax(dim=0) > 0]

    if other is None or not len(living(own)):
        return None, {}
    lot = found_again(living(untrained), other.W_dec).float().mean().item()
    return mean_of(found_again(living(own), other.W_dec).float()), {"untrained": lot}


def _by_labels(name: str, own: Seen) -> dict[str, float]:
    """What labels, or chance, do without a dictionary, where the column has such a control."""
    texts = own.texts
    judged = texts.judged
    if name in ("recall", "precision"):
        logits = texts.probes.logits(texts.means)
        scores = concept_scores(logits, texts.concept_ids, len(texts.concepts), held_out=judged)
        return {"probe": getattr(scores, name).diagonal().nan_to_num(0).mean().item()}
    if name in ("probe_1", "probe_5"):
        said, present = texts.probes.logits(texts.means[judged]) > 0, texts.concepts_present[judged]
        right = [balanced_accuracy(s, p) for s, p in zip(said.T, present.T, strict=True)]
        return {"probe": torch.tensor(right).mean().item()}
    if name == "sensitivity" and (found := sensitivity(own)) is not None:
        return {"other_texts": found[1].mean().item()}
    if name == "removal":
        return _removal_by_labels(own)
    return {}


def _removal_by_labels(own: Seen) -> dict[str, float]:
    """As long a step, text by text, along the difference of means, and along a random direction."""
    texts, (_, parts) = own.texts, removal(own)
    generator = torch.Generator().manual_seed(0)
    steps: dict[str, list[Tensor]] = {"mean_difference": [], "random": []}
    chosen_on = ~texts.judged
    differences = mean_differences(texts.means[chosen_on], texts.concepts_present[chosen_on])
    for difference, part in zip(differences, parts, strict=True):
        direction = torch.randn(len(difference), generator=generator)
        for name, along in (("mean_difference", difference), ("random", direction)):
            steps[name].append(part.norm(dim=1, keepdim=True) * along / along.norm())
    return {name: removal_scores(own, taken).mean().item() for name, taken in steps.items()}
