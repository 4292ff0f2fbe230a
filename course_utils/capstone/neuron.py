"""Score the explanation of a neuron as a prediction: on texts that it has not seen, beside what needs no insight.

A neuron fires in a text if it exceeds the learner's bar on some token of the beginning that both read. The score is
balanced accuracy; a coin has 0.5, and so has whoever says always yes. What counts is the lower end of its interval, two
standard errors down, so that luck on few texts earns nothing:

    points = 8 · (accuracy - 2 · error - 0.5) / 0.4        between -2 and 8
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.capstone.points import EXPLANATION, Note, Unjudged
from course_utils.capstone.predicate import run_predicate
from course_utils.capstone.report_file import Report, shown
from course_utils.capstone.sceptic import judge_answers
from course_utils.lm import few_of_each_concept, load_model, neuron_peaks_by_text, neurons_per_layer, tokenize
from course_utils.reading import balanced_accuracy

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

    from course_utils.lm import Tokens

READ = 40
"""Tokens of a text."""
FEWEST = 10
"""Texts on which a neuron fires, and others, below which nothing is scored."""
SPAN = 0.4
"""How far above a coin the lower end has to be for all points."""


class NeuronTexts(NamedTuple):
    """The beginnings of texts, as strings and as tokens; made by `neuron_texts`."""

    strings: tuple[str, ...]
    tokens: Tokens


def neuron_texts(
    model: TransformerBridge, split: Literal["train", "held_out"] = "train", n: int = 8
) -> NeuronTexts:
    """Beginnings of the labelled texts, as many of each concept, as a capstone's explanation reads them.

    Examples:
        >>> texts = neuron_texts(load_model("pocket"), n=1)
        >>> len(texts.strings) == len(texts.tokens), texts.tokens.ids.shape[1] <= 1 + READ
        (True, True)

    Args:
        split: ``"train"`` to find an explanation on; ``"held_out"``, on which it is judged.
        n: texts of each concept.
    """
    tokens = tokenize(model, few_of_each_concept(split, n), max_tokens_per_text=READ)
    return NeuronTexts(tuple("".join(tokens.strings(i)[1:]) for i in range(len(tokens))), tokens)


@cache
def _pocket() -> TransformerBridge:
    return load_model("pocket")


@cache
def _peaks(
    split: Literal["train", "held_out"], n: int, layer: int
) -> tuple[tuple[str, ...], Float[Tensor, "n_texts d_mlp"]]:
    """Texts, and the largest activation of each neuron of a layer in them."""
    texts = neuron_texts(_pocket(), split, n)
    return texts.strings, neuron_peaks_by_text(_pocket(), texts.tokens, layers=[layer])[:, 0]


def judge_neuron(report: Report) -> tuple[list[Note], list[str]]:
    """Notes and what is missing of project (c)."""
    form = report.form("NEURON")
    notes, missing = judge_answers(report, form.get("answers"))
    try:
        notes += _judge_explanation(report, form)
    except Unjudged as why:
        missing.insert(0, str(why))
    return notes, missing


def _judge_explanation(report: Report, form: dict) -> list[Note]:
    layer, neuron, bar = _unit(form)
    if "fires" not in report.functions:
        raise Unjudged(
            "there is no function fires(text) at the top of a cell: it is the explanation that is scored"
        )
    strings, peaks = _peaks("held_out", 8, layer)
    truth = peaks[:, neuron] > bar
    n = int(truth.sum())
    if not FEWEST <= n <= len(truth) - FEWEST:
        raise Unjudged(
            f"above {bar:g} the neuron fires in {n} of {len(truth)} texts: with another bar it fires in {FEWEST} at "
            "least, and leaves as many out"
        )
    said = torch.tensor(run_predicate(report.functions["fires"], strings))
    accuracy, error = balanced_accuracy(said, truth), _error(said, truth)
    share = max(-0.25, min(1.0, (accuracy - 2 * error - 0.5) / SPAN))
    told = (
        f"neuron {neuron} of layer {layer} exceeds {bar:g} in {n} of {len(truth)} unseen texts ({n / len(truth):.0%}); "
        f"fires says so of {int(said.sum())}: balanced accuracy {accuracy:.2f} ± {2 * error:.2f}"
    )
    return [
        Note(EXPLANATION * share, told),
        Note(None, f"beside it: a coin 0.50, the length of the text {_by_length(strings, truth):.2f}, "
                   f"{_by_word(layer, neuron, bar, strings, truth)}"),
    ]  # fmt: skip


def _unit(form: dict) -> tuple[int, int, float]:
    cfg, bar = _pocket().cfg, form.get("bar")
    layer, neuron = (
        _number(form, "layer", cfg.n_layers),
        _number(form, "neuron", neurons_per_layer(_pocket())),
    )
    if isinstance(bar, bool) or not isinstance(bar, int | float) or not math.isfinite(bar):
        raise Unjudged(f"NEURON's bar is {shown(bar)}: a number is asked, above which you say that it fires")
    return layer, neuron, float(bar)


def _number(form: dict, name: str, n: int) -> int:
    value = form.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < n:
        raise Unjudged(f"NEURON's {name} is {shown(value)}: a whole number from 0 to {n - 1} is asked")
    return value


def _error(said: Bool[Tensor, "n"], truth: Bool[Tensor, "n"]) -> float:
    """Standard error of the balanced accuracy; a share of 0 or 1 counts as half a text away from it."""
    total = 0.0
    for some in (said[truth], ~said[~truth]):
        p = (float(some.sum()) + 0.5) / (len(some) + 1)
        total += p * (1 - p) / len(some)
    return 0.5 * math.sqrt(total)


def _by_length(strings: Sequence[str], truth: Bool[Tensor, "n"]) -> float:
    """The best that a limit on the length tells, chosen on these very texts: a bar that is a little too high."""
    lengths = torch.tensor([len(text) for text in strings])
    cuts = lengths.float().quantile(torch.linspace(0.05, 0.95, 19))
    found = [balanced_accuracy(lengths > cut, truth) for cut in cuts]
    return max(max(found), 1 - min(found))


def _by_word(layer: int, neuron: int, bar: float, strings: Sequence[str], truth: Bool[Tensor, "n"]) -> str:
    """The one word that tells most on training texts, judged on these."""
    train, peaks = _peaks("train", 4, layer)
    fires = peaks[:, neuron] > bar
    if not FEWEST <= int(fires.sum()) <= len(fires) - FEWEST:
        return "no single word, as it fires in too few of the training texts"
    words = [_words(text) for text in train]
    with_it = Counter(word for some, yes in zip(words, fires.tolist(), strict=True) if yes for word in some)
    overall = Counter(word for some in words for word in some)
    n_yes, n_no = int(fires.sum()), int((~fires).sum())
    best = max(overall, key=lambda w: (with_it[w] / n_yes - (overall[w] - with_it[w]) / n_no, w))
    accuracy = balanced_accuracy(torch.tensor([best in _words(text) for text in strings]), truth)
    return f"the one word that tells most, {shown(best)}, {accuracy:.2f}"


def _words(text: str) -> set[str]:
    return {word.strip(".,;:!?\"'()").lower() for word in text.split()}
