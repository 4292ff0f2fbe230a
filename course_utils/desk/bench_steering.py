"""Steering at equal perplexity: how much of a concept does a push buy, at a price that is the same for all?

A direction is added on every token while the model writes behind eight openings, at three strengths. A judge of words
says how many of the texts are about the concept; the untouched model's loss on them is the price. Between strengths both
are joined by straight lines, and read off is the share where the perplexity is twice that of what the model writes
unpushed; of a direction that never gets there, the share at its full strength.
"""

from __future__ import annotations

import math
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.interventions import continuation_losses, direction_unit, steer
from course_utils.lm import load_texts
from course_utils.reading import (
    BenchTexts,
    Measured,
    concept_scores,
    fit_judge,
    mean_differences,
    mean_of,
    pool_by_text,
)
from course_utils.sae import SAE

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

OPENINGS = ["One day", "It was", "We saw", "There is", "They had", "This is", "I have", "You can"]
DOSES = (0.3, 0.6, 0.9)
"""Of the typical distance of an activation from the mean."""
N_CONCEPTS, N_TOKENS = 8, 18
DEARER = math.log(2)


class Steering:
    """Everything that is the same for all dictionaries: what is asked for, who judges, what no push and labels give.

    Args:
        texts: to choose latents by; the judge learns from others.
        seed: of the writing.

    Raises:
        ValueError: if the texts have fewer than two topics.
    """

    def __init__(self, model: TransformerBridge, texts: BenchTexts, *, seed: int = 0):
        self.model, self.texts, self.seed = model, texts, seed
        topics = sorted({text.concept for text in texts.texts if text.group != "format"})
        self.asked = sorted(Random(0).sample(topics, min(N_CONCEPTS, len(topics))))
        used = {text.text for text in texts.texts}
        others = [t for t in load_texts("train") if t.concept in topics and t.text not in used]
        self.judge = fit_judge([t.text for t in others], [t.concept for t in others])
        values = texts.rows.values
        self.typical = (values - values.mean(dim=0)).norm(dim=1).median().item()
        self.plain, self.plain_losses = self._wrote(torch.ones(values.shape[1]), [0.0] * len(OPENINGS))

    @cached_property
    def without_dictionary(self) -> dict[str, float]:
        """What the difference of means, a random direction and no push at all bring."""
        texts = self.texts
        numbers, chosen_on = [texts.concepts.index(concept) for concept in self.asked], ~texts.judged
        differences = mean_differences(texts.means[chosen_on], texts.concepts_present[chosen_on])
        lot = torch.randn(len(self.asked), texts.means.shape[1], generator=torch.Generator().manual_seed(0))
        found = {"mean_difference": self._of(differences[numbers]), "random": self._of(lot)}
        no_push = mean_of(torch.tensor([self.judge.rate(self.plain, concept) for concept in self.asked]))
        return {name: measured.score for name, measured in found.items()} | {"no_push": no_push.score}

    def of_dictionary(self, sae: SAE) -> Measured:
        """The share of the latents that tell the concepts best on the texts to choose by, mean over the concepts."""
        texts, chosen_on = self.texts, ~self.texts.judged
        peaks = pool_by_text(texts.rows, len(texts.texts), encode=lambda x: sae.encode(x).detach())
        scores = concept_scores(peaks[chosen_on], texts.concept_ids[chosen_on], len(texts.concepts))
        numbers = [texts.concepts.index(concept) for concept in self.asked]
        return self._of(sae.W_dec.detach()[scores.chosen[numbers]])

    def _of(self, directions: Float[Tensor, "n_asked d_in"]) -> Measured:
        return mean_of(
            torch.tensor([self._share(d, concept) for d, concept in zip(directions, self.asked, strict=True)])
        )

    def _share(self, direction: Float[Tensor, "d_in"], concept: str) -> float:
        """Of the texts about the concept, at the price."""
        if not direction.norm() > 0:  # a latent that writes nothing
            return self.judge.rate(self.plain, concept)
        said, losses = self._wrote(direction, [dose * self.typical for dose in DOSES for _ in OPENINGS])
        said, losses = [*self.plain, *said], torch.cat([self.plain_losses, losses])
        parts = [said[i : i + len(OPENINGS)] for i in range(0, len(said), len(OPENINGS))]
        prices = losses.view(-1, len(OPENINGS)).nanmean(dim=1).tolist()
        return at_price([self.judge.rate(part, concept) for part in parts], prices, prices[0] + DEARER)

    def _wrote(self, direction: Tensor, strengths: list[float]) -> tuple[list[str], Tensor]:
        """Texts, and the untouched model's loss on each."""
        prompts = OPENINGS * (len(strengths) // len(OPENINGS))
        unit = direction_unit(direction, self.texts.hook_name)
        said = list(steer(self.model, unit, strengths, prompts=prompts, n_tokens=N_TOKENS, seed=self.seed))
        return said, continuation_losses(self.model, prompts, said)


def at_price(shares: list[float], prices: list[float], price: float) -> float:
    """The share where the line of prices first reaches a price; the last share if it never does.

    Examples:
        >>> at_price([0.0, 0.5, 1.0], [1.0, 2.0, 4.0], price=3.0)
        0.75
    """
    for (share, paid), (more, dearer) in zip(
        zip(shares, prices, strict=True), zip(shares[1:], prices[1:], strict=True), strict=False
    ):
        if paid <= price < dearer:
            return share + (more - share) * (price - paid) / (dearer - paid)
    return shares[-1]
