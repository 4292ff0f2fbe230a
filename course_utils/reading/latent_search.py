"""Find latents: what fires on this sentence, what fires for this concept.

The strongest latents of a sentence are often those that fire everywhere. So a latent counts by how strongly it fires
here *and* how seldom elsewhere, as search engines weigh words:

    score = largest activation in the sentence · log(1 / firing rate)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.lm import collect_activations, tokenize
from course_utils.reading.concepts import ConceptScores
from course_utils.sae import SAE, hook_name_of

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

RAREST = 1e-6

Rank = Callable[[Float[Tensor, "pos d_sae"], Float[Tensor, "d_sae"]], Float[Tensor, "d_sae"]]
"""From the latents of a text and the firing rates to a score for each latent: `strong_and_rare`, say."""


class Hit(NamedTuple):
    """A latent that was found, and by what."""

    latent: int
    score: float
    peak: int
    """The token of the sentence on which it is strongest."""

    strengths: tuple[float, ...]
    """Its activation on every token of the sentence."""


class Reading(NamedTuple):
    """One text as an autoencoder sees it, without BOS."""

    tokens: tuple[str, ...]
    latents: Float[Tensor, "pos d_sae"]
    """A row for each of ``tokens``."""


def strong_and_rare(
    latents: Float[Tensor, "pos d_sae"], firing_rate: Float[Tensor, "d_sae"]
) -> Float[Tensor, "d_sae"]:
    """Each latent's largest activation on the text, times log(1 / firing rate).

    A rate below one in a million counts as one in a million: nobody has seen enough tokens to know it better.

    Examples:
        >>> latents = torch.tensor([[2.0, 0.0], [2.0, 1.0]])  # 2 tokens; latent 0 is stronger, but fires everywhere
        >>> strong_and_rare(latents, firing_rate=torch.tensor([0.9, 0.01]))
        tensor([0.2107, 4.6052])
    """
    return latents.amax(dim=0) * -firing_rate.clamp(min=RAREST).log()


@torch.no_grad()
def read_text(model: TransformerBridge, sae: SAE, text: str, hook_name: str | None = None) -> Reading:
    """Run the model on one text and encode every token.

    Examples:
        >>> from course_utils.lm import load_model
        >>> from course_utils.sae import load_sae
        >>> reading = read_text(load_model("pocket"), load_sae("layer_2"), "The ship sails.")
        >>> reading.tokens, reading.latents.shape
        (('The', ' ship', ' sails', '.'), torch.Size([4, 4096]))

    Args:
        hook_name: None takes the one that the SAE was trained on.

    Returns:
        The tokens, BOS left out, and their latents (pos, d_sae).

    Raises:
        ValueError: if the text is empty, or the hook point unsaid.
    """
    if not text.strip():
        raise ValueError("Write a sentence to search with.")
    tokens = tokenize(model, text)
    values = collect_activations(model, tokens, hook_name_of(sae, hook_name)).values
    return Reading(tuple(tokens.strings(0)[1:]), sae.encode(values))


def latents_on(
    reading: Reading, firing_rate: Float[Tensor, "d_sae"], n: int = 8, rank: Rank = strong_and_rare
) -> list[Hit]:
    """The ``n`` latents that rank highest on a text; those that do not fire on it are not hits.

    Examples:
        >>> reading = Reading(("The", " ship"), torch.tensor([[2.0, 0.0], [2.0, 1.0]]))
        >>> hits = latents_on(reading, firing_rate=torch.tensor([0.9, 0.01]))
        >>> [(hit.latent, round(hit.score, 2), reading.tokens[hit.peak]) for hit in hits]
        [(1, 4.61, ' ship'), (0, 0.21, 'The')]

    Args:
        reading: from `read_text`.
        firing_rate: of every latent, on other texts.
        n: fewer come back if fewer fire.
        rank: from latents (pos, d_sae) and firing rates to a score for each latent.

    Returns:
        One `Hit` for each latent found, best first.

    Raises:
        ValueError: if ``rank`` gives anything but a score for each latent.
    """
    scores = rank(reading.latents, firing_rate)
    if not isinstance(scores, Tensor) or scores.shape != firing_rate.shape:
        given = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ValueError(f"rank gives {given}: a score for each of the {len(firing_rate)} latents is wanted")
    fires = (reading.latents > 0).any(dim=0)
    scores = torch.where(fires, scores, -torch.inf)
    best = scores.topk(min(n, int(fires.sum()))).indices.tolist()
    columns = reading.latents[:, best].T
    return [
        Hit(latent, scores[latent].item(), int(column.argmax()), tuple(column.tolist()))
        for latent, column in zip(best, columns, strict=True)
    ]


class ConceptHit(NamedTuple):
    """A latent that was found for a concept."""

    latent: int
    train_roc_area: float
    """By which it was found."""

    roc_area: float
    """On held-out texts."""


def latents_for(scores: ConceptScores, concept: int, n: int = 8) -> list[ConceptHit]:
    """The ``n`` latents with the largest ROC area for a concept on the training texts, with the held-out area.

    Examples:
        >>> from course_utils.reading import concept_scores
        >>> peaks = torch.tensor([[3.0, 0.0], [2.0, 1.0], [0.0, 0.0], [1.0, 2.0]])  # 4 texts, 2 latents
        >>> scores = concept_scores(peaks, torch.tensor([0, 0, 1, 1]), n_concepts=2)
        >>> latents_for(scores, concept=0, n=1)
        [ConceptHit(latent=0, train_roc_area=1.0, roc_area=1.0)]

    Args:
        scores: of the latents, with texts held out.
        concept: its number.
        n: all latents come back if there are fewer.

    Returns:
        One `ConceptHit` for each latent found, best on the training texts first.
    """
    areas, latents = scores.train_roc_area[:, concept].nan_to_num(0).topk(min(n, len(scores.roc_area)))
    held_out = scores.roc_area[latents, concept]
    return [ConceptHit(*hit) for hit in zip(latents.tolist(), areas.tolist(), held_out.tolist(), strict=True)]
