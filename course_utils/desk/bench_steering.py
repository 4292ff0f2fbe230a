"""Steering at equal perplexity: how much of a concept does a push buy, at a price that is the same for all?

A direction is added on every token while the model writes behind eight openings, at three strengths. A judge of words
says how many of the texts are about the concept; the untouched model's loss on them is the price. Between strengths both
are joined by straight lines, and read off is the share where the perplexity is twice that of what the model writes
unpushed; of a direction that never gets there, the share at its full strength.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.interventions import continuation_losses, direction_unit, steer
from course_utils.lm import load_texts
from course_utils.reading import BenchTexts, Measured, concept_scores, fit_judge, mean_of, pool_by_text
from course_utils.sae import SAE

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

OPENINGS = ["One day", "It was", "We saw", "There is", "They had", "This is", "I have", "You can"]
DOSES = (0.3, 0.6, 0.9)
"""Of the typical distance of an activation from the mean."""
N_CONCEPTS, N_TOKENS = 8, 18
DEARER = math.log(2)


def steering(
    model: TransformerBridge, dictionaries: Mapping[str, SAE], texts: BenchTexts, *, seed: int = 0
) -> dict[str, Measured]:
    """The share of each dictionary, and of the difference of means, a random direction, and no push at all.

    Args:
        dictionaries: by name; of each the latent that tells a concept best is pushed.
        texts: to choose latents by; the judge learns from others.
        seed: of the writing.

    Raises:
        ValueError: if the texts have fewer than two topics.
    """
    topics = sorted({text.concept for text in texts.texts if text.group != "format"})
    asked = sorted(Random(0).sample(topics, min(N_CONCEPTS, len(topics))))
    used = {text.text for text in texts.texts}
    others = [t for t in load_texts("train") if t.concept in topics and t.text not in used]
    judge = fit_judge([t.text for t in others], [t.concept for t in others])
    values = texts.rows.values
    typical = (values - values.mean(dim=0)).norm(dim=1).median().item()
    directions = {name: _of_latents(sae, texts, asked) for name, sae in dictionaries.items()}
    directions["mean_difference"] = _mean_differences(texts, asked)
    directions["random"] = torch.randn(
        len(asked), values.shape[1], generator=torch.Generator().manual_seed(seed)
    )
    pushes = [dose * typical for dose in DOSES for _ in OPENINGS]

    def wrote(direction: Tensor, strengths: list[float]) -> tuple[list[str], Tensor]:
        prompts = OPENINGS * (len(strengths) // len(OPENINGS))
        unit = direction_unit(direction, texts.hook_name)
        said = steer(model, unit, strengths, prompts=prompts, n_tokens=N_TOKENS, seed=seed)
        return list(said), continuation_losses(model, prompts, list(said))

    plain, plain_losses = wrote(torch.ones(values.shape[1]), [0.0] * len(OPENINGS))

    def share(direction: Tensor, concept: str) -> float:
        if not direction.norm() > 0:  # a latent that writes nothing
            return judge.rate(plain, concept)
        said, losses = wrote(direction, pushes)
        said, losses = [*plain, *said], torch.cat([plain_losses, losses])
        shares = [
            judge.rate(said[i : i + len(OPENINGS)], concept) for i in range(0, len(said), len(OPENINGS))
        ]
        prices = losses.view(-1, len(OPENINGS)).nanmean(dim=1).tolist()
        return at_price(shares, prices, prices[0] + DEARER)

    found = {
        name: mean_of(torch.tensor([share(d, concept) for d, concept in zip(of, asked, strict=True)]))
        for name, of in directions.items()
    }
    return found | {"no_push": mean_of(torch.tensor([judge.rate(plain, concept) for concept in asked]))}


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


def _of_latents(sae: SAE, texts: BenchTexts, asked: list[str]) -> Float[Tensor, "n_asked d_in"]:
    """The direction of the latent that tells each concept best on the texts to choose by."""
    chosen_on = ~texts.judged
    peaks = pool_by_text(texts.rows, len(texts.texts), encode=lambda x: sae.encode(x).detach())[chosen_on]
    scores = concept_scores(peaks, texts.concept_ids[chosen_on], len(texts.concepts))
    return sae.W_dec.detach()[scores.chosen[[texts.concepts.index(concept) for concept in asked]]]


def _mean_differences(texts: BenchTexts, asked: list[str]) -> Float[Tensor, "n_asked d_in"]:
    chosen_on, rows = ~texts.judged, []
    for concept in asked:
        of = texts.concept_ids == texts.concepts.index(concept)
        rows.append(texts.means[of & chosen_on].mean(dim=0) - texts.means[~of & chosen_on].mean(dim=0))
    return torch.stack(rows)
