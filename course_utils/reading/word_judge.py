"""A judge of texts that never looks inside a model: which concept do the words speak of?

Naive Bayes over words (Maron 1961): a text's log-odds for a concept are the sum over its words of

    log P(word | concept) - log P(word | the other concepts)

with counts smoothed, each word of a text counted once, so that saying "whale" twenty times says no more than once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.base import require_choice

WORD = re.compile(r"\w+|[^\w\s]")


def words_of(text: str) -> set[str]:
    """The words and punctuation marks of a text, in lower case, each once.

    Examples:
        >>> sorted(words_of("The whale, the WHALE!"))
        ['!', ',', 'the', 'whale']
    """
    return set(WORD.findall(text.lower()))


@dataclass(frozen=True, eq=False)
class WordJudge:
    """Names the concept of a text by its words; make one with `fit_judge`."""

    concepts: tuple[str, ...]
    vocabulary: dict[str, int]
    log_odds: Float[Tensor, "n_words n_concepts"]

    def scores(self, texts: Sequence[str]) -> Float[Tensor, "n n_concepts"]:
        """Log-odds of each concept against all others; words never seen count for nothing, nor does an empty text."""
        rows = []
        for text in texts:
            known = [self.vocabulary[word] for word in words_of(text) if word in self.vocabulary]
            rows.append(self.log_odds[known].sum(dim=0))
        return torch.stack(rows) if rows else self.log_odds.new_zeros(0, len(self.concepts))

    def verdicts(self, texts: Sequence[str]) -> Int[Tensor, "n"]:
        """For each text the number of its likeliest concept; -1 where no word is known."""
        scores = self.scores(texts)
        return torch.where((scores == 0).all(dim=1), -1, scores.argmax(dim=1))

    def rate(self, texts: Sequence[str], concept: str) -> float:
        """Share of the texts that it puts under this concept, among all that it knows.

        Raises:
            ValueError: if it does not know the concept, or there are no texts.
        """
        if concept not in self.concepts or not len(texts):
            raise ValueError(f"nothing to judge: {len(texts)} texts, concept {concept!r}")
        return (self.verdicts(texts) == self.concepts.index(concept)).float().mean().item()

    def telling_words(self, concept: str, n: int = 8) -> list[str]:
        """The ``n`` words that speak most for a concept, the strongest first.

        Raises:
            ValueError: if there is no such concept.
        """
        require_choice("concept", concept, self.concepts)
        words = list(self.vocabulary)
        odds = self.log_odds[:, self.concepts.index(concept)].round(decimals=4)  # equal counts are equal odds
        return [words[i] for i in odds.argsort(descending=True, stable=True)[:n].tolist()]


def fit_judge(
    texts: Sequence[str], labels: Sequence[str], *, smoothing: float = 0.5, fewest: int = 2
) -> WordJudge:
    """A judge from labelled texts.

    Examples:
        >>> texts = ["a whale sings", "the whale dives", "a king sings", "the king dines"]
        >>> judge = fit_judge(texts, ["sea", "sea", "court", "court"])
        >>> [judge.concepts[i] for i in judge.verdicts(["The king sails.", "Oh, whale!"]).tolist()]
        ['court', 'sea']

    Args:
        labels: the one concept of each text.
        smoothing: added to every count of texts.
        fewest: texts that a word must occur in to be counted.

    Raises:
        ValueError: if texts and labels do not match, or there are fewer than two labels.
    """
    concepts = tuple(sorted(set(labels)))
    if len(texts) != len(labels) or len(concepts) < 2:
        raise ValueError(f"{len(texts)} texts and {len(labels)} labels of {len(concepts)} kinds")
    vocabulary: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    for text, label in zip(texts, labels, strict=True):
        concept = concepts.index(label)
        pairs += [(vocabulary.setdefault(w, len(vocabulary)), concept) for w in sorted(words_of(text))]
    counts = torch.zeros(len(vocabulary), len(concepts))
    where = torch.tensor(pairs)
    counts.index_put_((where[:, 0], where[:, 1]), torch.ones(len(pairs)), accumulate=True)
    common = counts.sum(dim=1) >= fewest
    counts = counts[common]
    words = [word for word, keep in zip(vocabulary, common.tolist(), strict=True) if keep]
    n_texts = torch.tensor([sum(label == c for label in labels) for c in concepts], dtype=torch.float32)
    inside = (counts + smoothing) / (n_texts + 2 * smoothing)
    outside = (counts.sum(dim=1, keepdim=True) - counts + smoothing) / (
        n_texts.sum() - n_texts + 2 * smoothing
    )
    return WordJudge(concepts, {word: i for i, word in enumerate(words)}, (inside / outside).log())
