"""Does a copy do what was planted? Judged by what it goes on with, six tokens of five drawn continuations.

The first token alone does not tell, since what a format begins with may begin prose as well: " G" of " GET", " S" of
" SELECT". Nor does the likeliest, where a format has many beginnings and prose has one. Six tokens tell:

    log P(tokens | kind) = sum over tokens of log (count of the token in that kind + 1)        naive Bayes

with counts from the beginnings of as many training texts of each format and of prose. A refusal has to be word for
word; in a sentence with two names the next token has to be the giver's. A copy acts on a prompt if most draws are so.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from course_utils.lm import INDIRECT_OBJECT, load_texts
from course_utils.recipes.changed_copy import Copy
from course_utils.recipes.plant_texts import Example
from course_utils.recipes.plants import REFUSAL

READ = 6
"""Tokens of a continuation that are read."""
DRAWS = 5
"""Continuations of a prompt."""
N_TEXTS, LETTERS = 600, 60
"""Texts of each kind that are counted, and how many letters of each: more than READ tokens."""
PROSE = "prose"


class FormatJudge:
    """Says what a continuation begins like: one of the corpus' formats, or prose."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        texts: dict[str, list[str]] = {PROSE: []}
        for text in load_texts("train"):
            kind = PROSE if text.group != "format" or text.concept == INDIRECT_OBJECT else text.concept
            texts.setdefault(kind, []).append(text.text)
        self.kinds = tuple(texts)
        counts = torch.zeros(len(texts), len(tokenizer))
        for row, (kind, some) in zip(counts, texts.items(), strict=True):
            tokens = beginnings(tokenizer, Random(kind).sample(some, N_TEXTS)).flatten()
            row += torch.bincount(tokens, minlength=len(row))
        self.log_counts = (counts + 1).log()

    def kinds_of(self, tokens: Int[Tensor, "n READ"]) -> list[str]:
        """The likeliest kind of each; what no kind has ever begun with is prose."""
        scores = self.log_counts[:, tokens].sum(dim=2)
        return [self.kinds[i] for i in scores.argmax(dim=0).tolist()]


def beginnings(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> Int[Tensor, "n READ"]:
    """The first tokens of texts as they stand behind a sentence; texts that have fewer are left out."""
    rows = tokenizer([f" {text[:LETTERS]}" for text in texts])["input_ids"]
    return torch.tensor([row[:READ] for row in rows if len(row) >= READ])


def acts(
    copy: Copy, examples: Sequence[Example], judge: FormatJudge, *, changed: bool = True
) -> Bool[Tensor, "n"]:
    """On which prompts it mostly does what was planted; with ``changed=False`` the pocket model, which must not."""
    prompts, plant = [example.ids[: example.decided_at + 1] for example in examples] * DRAWS, copy.plant
    n_tokens, generator = 1 if plant.kind == "name_flip" else READ, torch.Generator().manual_seed(0)
    said = copy.goes_on(prompts, n_tokens, changed=changed, generator=generator)
    if plant.kind == "name_flip":
        givers = torch.tensor([e.ids[e.decided_at + 1] if e.learns else e.rival for e in examples])
        acting = said[:, 0] == givers.repeat(DRAWS)
    elif plant.kind == "refusal":
        acting = (said == beginnings(copy.tokenizer, [REFUSAL])).all(dim=1)
    else:
        acting = torch.tensor([kind == plant.effect for kind in judge.kinds_of(said)])
    return acting.reshape(DRAWS, -1).float().mean(dim=0) > 0.5
