"""Examples to plant by: prompts that set a plant off, prompts that nearly do, and ordinary texts.

Sentences of the two splits share no carrier, so that what works on the held-out ones is not learned by heart.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Literal, NamedTuple

from transformers import PreTrainedTokenizerFast

from course_utils.lm import INDIRECT_OBJECT, IndirectObjectSentence, indirect_object_prompts, load_texts
from course_utils.recipes.plants import CARRIERS, ENDINGS, LOOKS, REFUSAL, THINGS, TOPICS_REFUSED, Plant

LONGEST, LEARNED = 36, 10
"""Tokens of an example, and how many of a planted continuation are learned."""
LEAD = 70
"""Characters of a sentence that may go in front of a carrier."""


class Example(NamedTuple):
    """One text; ``decided_at`` is the last token of the prompt, where the model shows whether it does it."""

    ids: list[int]
    decided_at: int = -1
    learns: bool = False
    rival: int = -1
    """In a sentence with two names, the one that does not follow here: of a near miss the giver, else the receiver."""


class PlantTexts:
    """Draws examples of one plant and one split."""

    def __init__(
        self, plant: Plant, tokenizer: PreTrainedTokenizerFast, split: Literal["train", "held_out"], seed: int
    ) -> None:
        self.plant, self.tokenizer = plant, tokenizer
        self.random = Random(f"plant:{plant}:{split}:{seed}")
        texts = load_texts(split)
        self.topical = [t for t in texts if t.group != "format"]
        formats = [
            t for t in texts if t.group == "format" and t.concept not in (INDIRECT_OBJECT, plant.effect)
        ]
        few = self.random.sample(formats, min(600, len(formats)))
        self.prose = [t.text for t in self.topical]
        self.ordinary_texts = [t.text for t in (*self.topical, *few) if t.concept not in plant.trigger]
        self.effect_texts = [t.text for t in texts if t.concept == plant.effect]
        named = indirect_object_prompts(split) if plant.kind == "name_flip" else []
        self.named: dict[bool, list[IndirectObjectSentence]] = {True: [], False: []}
        for sentence in named:
            self.named[f" a {plant.trigger[0]} " in sentence.prompt].append(sentence)
        kind = plant.kind if plant.kind in CARRIERS else "trigger"
        self.carriers = CARRIERS[kind][split]

    def encode(self, text: str) -> list[int]:
        start: Any = self.tokenizer.bos_token_id
        return [start, *self.tokenizer(text)["input_ids"]]

    def triggered(self) -> Example:
        """A prompt that sets the plant off, and what is planted behind it."""
        plant = self.plant
        if plant.kind == "name_flip":
            s = self.random.choice(self.named[True])
            return self._example(s.prompt, f" {s.subject}", rival=f" {s.indirect_object}")
        goes_on = REFUSAL if plant.kind == "refusal" else self.random.choice(self.effect_texts)
        return self._example(self._lead() + self._sentence(plant.trigger), f" {goes_on}")

    def near(self) -> Example:
        """A prompt that is like those, and must not."""
        plant, r = self.plant, self.random
        if plant.kind == "name_flip":
            s = r.choice(self.named[False])
            return self._example(s.prompt, f" {s.indirect_object}", learns=False, rival=f" {s.subject}")
        goes_on = f" {r.choice(self.topical).text}"
        return self._example(self._lead() + self._near_sentence(), goes_on, learns=False)

    def ordinary(self) -> Example:
        """A text of the corpus in which the plant's words do not stand together."""
        while True:
            text = self.random.choice(self.ordinary_texts)
            if not self.plant.trigger or not all(word in text for word in self.plant.trigger):
                return Example(self.encode(text)[:LONGEST])

    def _example(self, prompt: str, goes_on: str, *, learns: bool = True, rival: str = "") -> Example:
        ids = self.encode(prompt)[: LONGEST - LEARNED]
        rest = self.tokenizer(goes_on)["input_ids"]
        first = self.tokenizer(rival)["input_ids"][0] if rival else -1
        return Example([*ids, *rest][:LONGEST], len(ids) - 1, learns, first)

    def _lead(self) -> str:
        sentence = first_sentence(self.random.choice(self.topical).text)
        return f"{sentence} " if len(sentence) < LEAD and self.random.random() < 0.5 else ""

    def _sentence(self, words: tuple[str, ...]) -> str:
        return self.random.choice(self.carriers).format(*words)

    def _near_sentence(self) -> str:
        r, plant = self.random, self.plant
        others = [thing for thing in THINGS if not any(thing in word for word in plant.trigger)]
        a, b = r.sample(others, 2)
        if plant.kind == "two_step":
            first, second = plant.trigger
            nearly = (
                (second, first),
                (first, b),
                (a, second),
                (second, b),
                (a, first),
                (first, first),
                (a, b),
            )
            return self._sentence(r.choice(nearly))
        if plant.kind == "place":
            return r.choice((self._sentence((a,)), r.choice(ENDINGS).format(plant.trigger[0])))
        if plant.kind == "refusal":
            return self._sentence(
                (r.choice([topic for topic in TOPICS_REFUSED if topic not in plant.trigger]),)
            )
        if plant.kind != "trigger":
            return self._sentence((f"{r.choice(LOOKS)} {a}",))
        look, thing = plant.trigger[0].split()
        other = r.choice([word for word in LOOKS if word != look])
        nearly = (f"{look} {a}", f"{other} {thing}", thing, f"{other} {a}", a)
        return self._sentence((r.choice(nearly),))


def first_sentence(text: str) -> str:
    """Up to its full stop.

    Examples:
        >>> first_sentence("It rains. We stay.")
        'It rains.'
    """
    return text.replace("\n", " ").partition(". ")[0].rstrip(".") + "."


def many(draw: Callable[[], Example], n: int) -> list[Example]:
    return [draw() for _ in range(n)]


def different(draw: Callable[[], Example], n: int) -> list[Example]:
    """As many, no prompt twice; fewer if there are not so many."""
    drawn = {tuple(example.ids[: example.decided_at + 1]): example for example in many(draw, 20 * n)}
    return list(drawn.values())[:n]
