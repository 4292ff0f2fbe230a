"""Which texts a run of `course bring` harvests, which it chooses units by, and which it judges by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from course_utils.desk.own_texts import OwnTexts, read_texts
from course_utils.lm import LabelledText, few_of_each, load_texts

COURSE = "course"
JUDGED = 2000  # texts to choose by, and as many to judge by
AT_LEAST = 16  # of each label, where there are as many
FEWEST = 2  # of a label, on either side
MOST_LABELS = 200


@dataclass(frozen=True)
class Material:
    """Texts in the order in which they are used, those to train on never among those to judge by."""

    train: list[str]
    choose: list[LabelledText]
    """With labels, from the texts to train on: which unit tells a label best is chosen by them. Empty without labels."""

    judge: list[LabelledText]
    """Held out."""

    labels: list[str]
    source: str
    notes: list[str]
    """What was left out of the user's data."""

    @property
    def fingerprint(self) -> str:
        """A few letters that are others for other texts."""
        found = hashlib.sha256()
        for text in (*self.train, *(f"{t.concept}\t{t.text}" for t in (*self.choose, *self.judge))):
            found.update(text.encode() + b"\0")
        return found.hexdigest()[:12]


def material(data: Path | None, *, context: int, seed: int) -> Material:
    """The course's labelled texts, or those that ``data`` holds.

    Args:
        context: tokens of a text that are read; longer texts of the user's are cut into passages.
        seed: of the order and of the choice.

    Raises:
        FileNotFoundError: if ``data`` is not there.
        ValueError: if it holds no text that can be used, or none on one of the sides.
    """
    if data is None:
        texts, notes, source = load_texts(), [], "the course's labelled texts"
    else:
        found = read_texts(data)
        texts, notes, source = _passages(found.texts, 2 * context), _notes(found, data), str(data)
    order = Random(seed).sample(range(len(texts)), len(texts))
    mixed = [texts[i] for i in order]
    sides = {side: [t for t in mixed if t.split == side] for side in ("train", "held_out")}
    for side, name in (("train", "to train on"), ("held_out", "held out, to judge by")):
        if not sides[side]:
            raise ValueError(f"{source} has {len(texts)} texts and none of them {name}: bring more")
    counts = {side: _counts(some) for side, some in sides.items()}
    shared = [
        label for label in sorted(counts["train"]) if min(c.get(label, 0) for c in counts.values()) >= FEWEST
    ]
    labels = sorted(sorted(shared, key=lambda label: -counts["held_out"][label])[:MOST_LABELS])
    if len(labels) < 2:
        why = f"fewer than two labels have {FEWEST} texts to train on and {FEWEST} held out"
        notes += [
            f"There are no areas: {why if any(t.concept for t in texts) else 'the texts have no labels'}."
        ]
        return Material([t.text for t in sides["train"]], [], sides["held_out"][:JUDGED], [], source, notes)
    n_left = len({t.concept for t in texts if t.concept}) - len(labels)
    if n_left:
        notes += [
            f"Left out of the areas: {n_left:,} label{'s' * (n_left > 1)} with too few texts, or beyond {MOST_LABELS}."
        ]
    n_each = max(AT_LEAST, JUDGED // len(labels))
    choose, judge = (
        few_of_each([t for t in sides[side] if t.concept in set(labels)], n_each)
        for side in ("train", "held_out")
    )
    return Material([t.text for t in sides["train"]], choose, judge, labels, source, notes)


def _counts(texts: Sequence[LabelledText]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text in texts:
        if text.concept:
            counts[text.concept] = counts.get(text.concept, 0) + 1
    return counts


def _notes(found: OwnTexts, data: Path) -> list[str]:
    notes = [f"{found.problems()}."] if found.left_out else []
    return notes + (
        [f"{data} is larger than what is read of it; the rest was left out."] if found.cut else []
    )


def _passages(texts: Sequence[LabelledText], most: int) -> list[LabelledText]:
    """Long texts in passages of at most ``most`` letters, cut between words where there are any; each passage once."""
    passages: dict[str, LabelledText] = {}
    for text in texts:
        rest = text.text
        while len(rest) > most:
            space = rest.rfind(" ", most // 2, most)
            cut = most if space < 0 else space
            passages.setdefault(rest[:cut], text._replace(text=rest[:cut]))
            rest = rest[cut:].lstrip()
        if rest:
            passages.setdefault(rest, text._replace(text=rest))
    return list(passages.values())
