"""Sentences that say two names and ask for one of them: "When Mary and John … John gave a drink to" (Mary)."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from course_utils.base import require_choice
from course_utils.lm.words import NAMES

IOI_OPENINGS = {
    "train": (
        "When {a} and {b} went to the {place}, {s}", "After {a} and {b} arrived at the {place}, {s}", "While {a} and {b} were at the {place}, {s}",
        "Then {a} and {b} walked to the {place}. {s}", "{a} and {b} met at the {place}, and {s}", "When {a} and {b} sat down in the {place}, {s}",
        "Yesterday {a} and {b} went to the {place}. Later {s}", "After {a} and {b} had a long talk at the {place}, {s}",
        "At the {place}, {a} saw {b}. {s}", "Last week {a} visited {b} at the {place}, and {s}",
    ),
    "held_out": (
        "When {a} and {b} arrived at the {place}, {s}", "After {a} and {b} went to the {place}, {s}", "Then {a} and {b} had a long talk at the {place}. {s}",
        "While {a} and {b} walked to the {place}, {s}", "Yesterday {a} and {b} met at the {place}. {s}",
    ),
}  # fmt: skip
"""Openings of the sentences (after Wang et al. 2022, appendix); a held-out sentence shares none with training."""
_IOI_ACTS = (
    "gave a {o} to",
    "handed a {o} to",
    "passed a {o} to",
    "offered a {o} to",
    "brought a {o} to",
    "showed a {o} to",
    "sold a {o} to",
    "decided to give a {o} to",
)
IOI_PLACES = [
    "store",
    "park",
    "school",
    "library",
    "restaurant",
    "station",
    "garden",
    "office",
    "market",
    "beach",
    "museum",
    "hospital",
    "theatre",
    "bakery",
    "harbour",
]
"""Where the two of a sentence are."""
_IOI_OBJECTS = [
    "drink",
    "book",
    "letter",
    "ring",
    "cake",
    "ball",
    "map",
    "flower",
    "basket",
    "hat",
    "camera",
    "ticket",
    "lamp",
    "kiss",
    "watch",
    "bottle",
    "toy",
    "painting",
]
_IOI_ENDS = (
    "",
    "",
    "{io} thanked {s}.",
    "{io} smiled at {s}.",
    "Then {io} hugged {s}.",
    "{io} and {s} laughed.",
)


class IndirectObjectSentence(NamedTuple):
    """A prompt that ends in "to", and the two names that could follow: only the indirect object is right."""

    prompt: str
    indirect_object: str
    subject: str
    """The name that the prompt says twice."""

    end: str
    """What follows the answer: nothing, or one more sentence with both names."""

    @property
    def text(self) -> str:
        """Prompt, right answer and end, as the corpus has it."""
        return f"{self.prompt} {self.indirect_object}. {self.end}".rstrip()


def indirect_object_sentences(n: int, split: str, *, seed: int = 0) -> list[IndirectObjectSentence]:
    """``n`` different sentences such as "When Mary and John went to the store, John gave a drink to Mary."

    Either name may come first. Sentences of the "held_out" split begin in ways that training never saw.

    Examples:
        >>> sentence = indirect_object_sentences(1, "train")[0]
        >>> sentence.prompt, sentence.indirect_object
        ('When Paul and Martin sat down in the office, Paul brought a basket to', 'Martin')

    Args:
        split: "train" or "held_out".
        seed: of the stream of draws that all sentences come from.

    Raises:
        ValueError: if there is no such split.
    """
    require_choice("split", split, IOI_OPENINGS)
    r, seen = Random(f"indirect object:{split}:{seed}"), {}
    while len(seen) < n:
        first, second = r.sample(NAMES, 2)
        s, io = (first, second) if r.random() < 0.5 else (second, first)
        opening = r.choice(IOI_OPENINGS[split]).format(a=first, b=second, place=r.choice(IOI_PLACES), s=s)
        prompt = f"{opening} {r.choice(_IOI_ACTS).format(o=r.choice(_IOI_OBJECTS))}"
        seen.setdefault(prompt, IndirectObjectSentence(prompt, io, s, r.choice(_IOI_ENDS).format(io=io, s=s)))
    return list(seen.values())
