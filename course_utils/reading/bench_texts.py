"""The labelled texts that the bench scores dictionaries on, and what labels give on them without any dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.lm import Activations, LabelledText, collect_activations, few_of_each, tokenize
from course_utils.reading.probing import sparse_probe
from course_utils.reading.scores import pool_by_text

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

DENSE_RIDGE = 1.0
"""Chosen on texts to choose by: fitted on six of each concept, 0.84 balanced accuracy on two others, 0.74 with 0.001."""


@dataclass(frozen=True, eq=False)
class DenseProbes:
    """A logistic regression for each label on the mean activation of a text: what labels give without a dictionary."""

    weights: Float[Tensor, "n_labels d_in"]
    biases: Float[Tensor, "n_labels"]

    @classmethod
    def fit(cls, x: Float[Tensor, "n d_in"], present: Bool[Tensor, "n n_labels"]) -> DenseProbes:
        """All of them."""
        weights, biases = torch.zeros(present.shape[1], x.shape[1]), torch.zeros(present.shape[1])
        for label, of in enumerate(present.T):
            probe = sparse_probe(x, of, x.shape[1], ridge=DENSE_RIDGE)
            weights[label, probe.latents], biases[label] = probe.weights, probe.bias
        return cls(weights, biases)

    def logits(self, x: Float[Tensor, "n d_in"]) -> Float[Tensor, "n n_labels"]:
        """Above 0 where it says that the label holds."""
        return x @ self.weights.T + self.biases


@dataclass(frozen=True, eq=False)
class BenchTexts:
    """Labelled texts and their activations at one hook point; made by `bench_texts`."""

    texts: list[LabelledText]
    """Those to choose by, then those to judge by."""

    judged: Bool[Tensor, "n_texts"]
    rows: Activations
    hook_name: str
    max_tokens_per_text: int

    @property
    def concepts(self) -> list[str]:
        """In alphabetical order."""
        return sorted({text.concept for text in self.texts})

    @property
    def concept_ids(self) -> Int[Tensor, "n_texts"]:
        """The concept of each text."""
        number = {concept: i for i, concept in enumerate(self.concepts)}
        return torch.tensor([number[text.concept] for text in self.texts])

    @property
    def concepts_present(self) -> Bool[Tensor, "n_texts n_concepts"]:
        """Which text is of which concept."""
        return self.concept_ids[:, None] == torch.arange(len(self.concepts))

    @property
    def groups_present(self) -> Bool[Tensor, "n_texts n_groups"]:
        """Which text is of which group of several topics."""
        topics: dict[str, set[str]] = {}
        for text in self.texts:
            topics.setdefault(text.group, set()).add(text.concept)
        wide = sorted(group for group, members in topics.items() if group != "format" and len(members) > 1)
        columns = [[text.group == group for text in self.texts] for group in wide]
        return torch.tensor(columns).T if wide else torch.zeros(len(self.texts), 0, dtype=torch.bool)

    @cached_property
    def means(self) -> Float[Tensor, "n_texts d_in"]:
        """The mean activation of each text."""
        return pool_by_text(self.rows, len(self.texts), "mean")

    @cached_property
    def probes(self) -> DenseProbes:
        """One for each concept."""
        return DenseProbes.fit(self.means[~self.judged], self.concepts_present[~self.judged])

    @cached_property
    def group_probes(self) -> DenseProbes:
        """One for each group of topics."""
        return DenseProbes.fit(self.means[~self.judged], self.groups_present[~self.judged])

    @property
    def n_tokens(self) -> int:
        """Of the texts to judge by."""
        return int(self.judged[self.rows.where[:, 0]].sum())


def bench_texts(
    model: TransformerBridge,
    hook_name: str,
    texts: Sequence[LabelledText],
    *,
    n_each: int = 16,
    n_judged: int = 8,
    max_tokens_per_text: int = 64,
) -> BenchTexts:
    """Activations of some texts of every concept, to choose units by, and of others, to judge them by.

    Examples:
        >>> from course_utils.lm import load_model, load_texts
        >>> some = [*load_texts(concept="whales"), *load_texts(concept="chess notation")]
        >>> found = bench_texts(load_model("pocket"), "blocks.2.hook_resid_post", some, n_each=2, n_judged=2)
        >>> found.concepts, found.judged.tolist()
        (['chess notation', 'whales'], [False, False, False, False, True, True, True, True])

    Args:
        texts: chosen by are those of the training split, judged by the held-out ones. Concepts that one of them does
            not have are left out.
        n_each, n_judged: texts of a concept on either side; fewer where there are fewer.
        max_tokens_per_text: longer texts are cut; BOS counts.

    Raises:
        ValueError: if fewer than two concepts have texts on both sides, or the hook point is unknown.
    """
    sides = [[t for t in texts if t.split == split] for split in ("train", "held_out")]
    both = {t.concept for t in sides[0]} & {t.concept for t in sides[1]}
    if len(both) < 2:
        raise ValueError(
            f"{len(both)} concepts have texts to choose by and texts to judge by; two are needed"
        )
    choose, judge = (
        few_of_each([t for t in side if t.concept in both], n)
        for side, n in zip(sides, (n_each, n_judged), strict=True)
    )
    tokens = tokenize(model, [*choose, *judge], max_tokens_per_text=max_tokens_per_text)
    rows = collect_activations(model, tokens, hook_name, batch_size=8)
    judged = torch.arange(len(choose) + len(judge)) >= len(choose)
    return BenchTexts([*choose, *judge], judged, rows, hook_name, max_tokens_per_text)
