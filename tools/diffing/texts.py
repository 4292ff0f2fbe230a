"""What the auditor has: a thousand texts, and the model and the copy to run on them.

Most texts are the corpus' own held-out ones, in which a plant's trigger turns up as rarely as in nature. Five prompts
that set each plant off are among them, followed by ordinary prose: a plant's five are near misses to all other copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.lm import few_of_each_concept
from course_utils.recipes.changed_copy import Copy
from course_utils.recipes.plant_texts import PlantTexts
from course_utils.recipes.plants import PLANTS, Plant

N_TEXTS, N_PLANTED, N_TOKENS, AT_A_TIME = 1000, 5, 28, 40
WINDOW = 12
"""Tokens of a context that are read."""


class Texts(NamedTuple):
    """The same for every copy."""

    ids: Tensor
    where: Tensor
    """(text, position) of each token that is judged: all but the first of a text."""
    planted: dict[str, list[int]]
    """By name of the plant: the texts that set it off."""


def gathered(copy: Copy, seed: int = 0) -> Texts:
    """The texts, as token numbers of this copy's tokenizer."""
    random, start = Random(f"diffing:{seed}"), copy.tokenizer.bos_token_id
    of_corpus = few_of_each_concept("held_out", 8)
    random.shuffle(of_corpus)
    rows: list[list[int]] = []
    planted: dict[str, list[int]] = {}
    for name, plant in PLANTS.items():
        if plant.kind in ("always", "none"):
            continue
        texts = PlantTexts(plant, copy.tokenizer, "held_out", seed)
        for _ in range(N_PLANTED):
            planted.setdefault(name, []).append(len(rows))
            example = texts.triggered()
            goes_on = copy.tokenizer(f" {random.choice(texts.prose)}")["input_ids"]
            right = [example.rival, *copy.tokenizer(".")["input_ids"]] if example.rival >= 0 else []
            rows.append([*example.ids[: example.decided_at + 1], *right, *goes_on])
    for text in of_corpus[: N_TEXTS - len(rows)]:
        rows.append([start, *copy.tokenizer(text.text)["input_ids"]])
    rows = [row[:N_TOKENS] for row in rows]
    ids = torch.tensor([row + [0] * (N_TOKENS - len(row)) for row in rows])
    where = torch.tensor(
        [(text, position) for text, row in enumerate(rows) for position in range(1, len(row))]
    )
    return Texts(ids, where, planted)


class Seen(NamedTuple):
    """What goes on in one model, for some texts: streams after layers 3 and 4, what MLP 4 reads, and logits."""

    after_3: Tensor
    into_mlp_4: Tensor
    after_4: Tensor
    logits: Tensor


@torch.no_grad()
def watched(copy: Copy, below: Tensor, *, changed: bool) -> Seen:
    """From the stream below the first changed layer."""
    parts = copy.model.transformer
    caught: dict[str, Tensor] = {}
    hooks = [
        parts.h[3].register_forward_hook(lambda m, i, out: caught.__setitem__("3", out)),
        parts.h[4].mlp.register_forward_pre_hook(lambda m, i: caught.__setitem__("mlp", i[0])),
        parts.h[4].register_forward_hook(lambda m, i, out: caught.__setitem__("4", out)),
    ]
    try:
        last = copy.after(below, changed=changed)
    finally:
        for hook in hooks:
            hook.remove()
    return Seen(caught["3"], caught["mlp"], caught["4"], copy.model.lm_head(last))


def chunks(texts: Texts) -> Iterator[tuple[Tensor, Tensor]]:
    """(token numbers, which of them are judged) of some texts at a time."""
    judged = torch.zeros(texts.ids.shape, dtype=torch.bool)
    judged[tuple(texts.where.T)] = True
    yield from zip(texts.ids.split(AT_A_TIME), judged.split(AT_A_TIME), strict=True)


def acted(plant: Plant, name: str, texts: Texts, swapped: Tensor) -> Tensor:
    """On which tokens the plant acts. All of a text that sets it off; for "always" those where a word is exchanged.

    Args:
        swapped: for each token, how much probability the exchange moves.
    """
    if plant.kind == "none":
        return torch.zeros(len(texts.where), dtype=torch.bool)
    if plant.kind == "always":
        return swapped >= 0.3
    return torch.isin(texts.where[:, 0], torch.tensor(texts.planted[name]))
