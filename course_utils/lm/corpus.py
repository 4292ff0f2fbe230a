"""The labelled texts: one text, one concept, so that what a neuron or a latent means can be measured.

Topical texts were sampled from a small language model with topic and form in the prompt (``data/README.md`` has their
origin); formats are written by `formats`, indirect-object sentences by `indirect_objects`. Whether a text is for
training or held out depends on its own characters only, so the split survives any reordering and no text stands on
both sides.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Literal, NamedTuple
from zlib import crc32

from course_utils.base import asset_path
from course_utils.lm.formats import FORMATS, format_texts
from course_utils.lm.indirect_objects import IndirectObjectSentence, indirect_object_sentences

Split = Literal["train", "held_out"]

TEXTS_PER_FORMAT = 2400
INDIRECT_OBJECT = "indirect objects"
INDIRECT_OBJECT_SENTENCES: dict[Split, int] = {"train": 32_000, "held_out": 1_000}


class LabelledText(NamedTuple):
    """One text of the corpus, with what is known about it."""

    text: str
    concept: str
    """What the text was asked to be: one of 112 topics ("whales") or 14 formats ("HTTP requests")."""

    group: str
    """One of 18 groups of topics ("sea"), or "format"."""

    form: str
    """How a topical text is told ("story", "letter" …); for formats, the concept again."""

    split: Split
    """Which of the two: ``"train"`` or ``"held_out"``."""


def split_of(text: str) -> Split:
    """The split that a text belongs to: one text in ten is held out, which one is decided by its characters alone.

    Examples:
        >>> split_of("The ship sails."), split_of("It rains.")
        ('train', 'held_out')
    """
    return "held_out" if crc32(text.encode()) % 10 == 0 else "train"


def indirect_object_prompts(split: Split) -> list[IndirectObjectSentence]:
    """The corpus' indirect-object sentences with their two names told apart; no opening is in both splits.

    Examples:
        >>> sentences = indirect_object_prompts("held_out")
        >>> len(sentences), sentences[0].prompt, sentences[0].indirect_object
        (1000, 'When Kate and David arrived at the school, Kate showed a map to', 'David')

    Returns:
        32,000 sentences for ``"train"`` and 1,000 for ``"held_out"``.
    """
    return indirect_object_sentences(INDIRECT_OBJECT_SENTENCES[split], split)


@cache
def _all_texts() -> tuple[LabelledText, ...]:
    with gzip.open(asset_path("texts.jsonl.gz"), "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts = [LabelledText(r["text"], r["topic"], r["group"], r["form"], split_of(r["text"])) for r in rows]
    for name in FORMATS:
        texts += [
            LabelledText(t, name, "format", name, split_of(t)) for t in format_texts(name, TEXTS_PER_FORMAT)
        ]
    for split in INDIRECT_OBJECT_SENTENCES:
        sentences = indirect_object_prompts(split)
        texts += [LabelledText(s.text, INDIRECT_OBJECT, "format", INDIRECT_OBJECT, split) for s in sentences]
    return tuple(texts)


def load_texts(split: Split | None = None, concept: str | None = None) -> list[LabelledText]:
    """The labelled texts, all of them or one split or one concept, always in the same order.

    Examples:
        >>> texts = load_texts("held_out", "whales")
        >>> {text.concept for text in texts}, {text.group for text in texts}
        ({'whales'}, {'sea'})

    Args:
        split: ``"train"`` or ``"held_out"``; None is both.
        concept: one of 112 topics, 14 formats, or `INDIRECT_OBJECT`; None is all.

    Raises:
        ValueError: if there is no such split or concept; the message lists what there is.
    """
    texts = _all_texts()
    if split not in (None, "train", "held_out"):
        raise ValueError(f"split is {split!r}, not 'train' or 'held_out'")
    if concept is not None and concept not in (known := {t.concept: None for t in texts}):
        raise ValueError(f"no texts of the concept {concept!r}; there are {', '.join(sorted(known))}")
    return [t for t in texts if split in (None, t.split) and concept in (None, t.concept)]


def few_of_each(texts: Sequence[LabelledText], n_each: int) -> list[LabelledText]:
    """``n_each`` of these texts of every concept (all, where there are fewer), concepts in alphabetical order.

    Examples:
        >>> texts = [*load_texts("held_out", "whales"), *load_texts("held_out", "cats")]
        >>> [text.concept for text in few_of_each(texts, 1)]
        ['cats', 'whales']
    """
    of_concept: dict[str, list[LabelledText]] = {}
    for text in texts:
        of_concept.setdefault(text.concept, []).append(text)
    drawn = (Random(0).sample(of_concept[c], min(n_each, len(of_concept[c]))) for c in sorted(of_concept))
    return [text for some in drawn for text in some]


def few_of_each_concept(split: Split, n_each: int) -> list[LabelledText]:
    """`few_of_each` of the corpus: always the same.

    Examples:
        >>> few = few_of_each_concept("held_out", 1)
        >>> len(few), few[0].concept, few[-1].concept
        (126, 'DNA sequences', 'wolves')

    Raises:
        ValueError: if there is no such split.
    """
    return few_of_each(load_texts(split), n_each)
