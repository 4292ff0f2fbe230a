"""What one latent does, gathered for reading: when it fires, how strongly, what it promotes, who its neighbours are.

The strongest examples alone flatter a latent, for they are where it is clearest. So a summary also shows examples at
evenly spaced quantiles of all the tokens on which it fires, down to the faintest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.lm import Activations, Tokens
from course_utils.reading.concepts import ConceptScores
from course_utils.reading.firings import Firings
from course_utils.reading.scores import ROWS_AT_A_TIME
from course_utils.sae import SAE, encode

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

HISTOGRAM_BINS = 20


class Example(NamedTuple):
    """A token on which the latent fires, in the words around it."""

    tokens: tuple[str, ...]
    strengths: tuple[float, ...]
    """The latent's activation on each of ``tokens``; 0 on BOS, which is not read."""

    peak: int
    """Which of ``tokens`` the example is about."""

    text: int
    quantile: float
    """Share of the tokens it fires on that are no stronger than this one; 1 for the strongest."""


class LabelGuess(NamedTuple):
    """The concept that a latent tells best, as some texts say, and how well it does on others."""

    concept: str
    roc_area: float
    """Of the texts' strongest activations, this concept against all others, on texts that had no part in the guess."""


def label_guesses(scores: ConceptScores, concepts: Sequence[str]) -> list[LabelGuess]:
    """One guess a latent: the concept with the largest ROC area on the training texts, with the held-out area.

    Examples:
        >>> from course_utils.reading import concept_scores
        >>> peaks = torch.tensor([[3.0, 0.0], [2.0, 1.0], [0.0, 0.0], [1.0, 2.0]])  # 4 texts, 2 latents
        >>> scores = concept_scores(peaks, torch.tensor([0, 0, 1, 1]), n_concepts=2)
        >>> label_guesses(scores, ["ships", "soup"])
        [LabelGuess(concept='ships', roc_area=1.0), LabelGuess(concept='soup', roc_area=0.625)]

    Args:
        scores: of every latent for ``concepts``, with texts held out; without, the guess is judged by what it was
            made from.
        concepts: names, in the order of the scores.
    """
    # where two concepts fit as well, the first one: two ranks that a rounding error swaps must not decide
    best = scores.train_roc_area.nan_to_num(0.5).round(decimals=3).argmax(dim=1)
    areas = scores.roc_area.gather(1, best[:, None])[:, 0]
    return [LabelGuess(concepts[int(i)], area) for i, area in zip(best.tolist(), areas.tolist(), strict=True)]


@dataclass(frozen=True)
class LatentSummary:
    """What `summarise_latent` gathers about one latent; `latent_card` shows it."""

    latent: int
    n_tokens: int
    firing_rate: float
    """Share of the tokens on which it is active."""

    top: tuple[Example, ...]
    """The strongest, at most one a text."""

    quantiles: tuple[Example, ...]
    """Examples at evenly spaced quantiles of its activation, strongest first."""

    histogram: tuple[int, ...]
    """How many activations lie in each of 20 equal steps from 0 to the strongest, zeros left out."""

    strongest: float
    promoted: tuple[tuple[str, float], ...]
    """Tokens whose logits its decoder direction raises most, with the `logit_effect` of one unit of activation."""

    suppressed: tuple[tuple[str, float], ...]
    nearest: tuple[tuple[int, float], ...]
    """Latents with the most similar decoder direction, with the cosine."""

    label: LabelGuess | None


def summarise_latent(
    model: TransformerBridge, sae: SAE, activations: Activations, tokens: Tokens, latent: int, **options: Any
) -> LatentSummary:
    """Summary of one latent. Arguments, options and errors as for `summarise_latents`.

    Examples:
        >>> from course_utils.lm import collect_activations, load_model, tokenize
        >>> from course_utils.sae import load_sae
        >>> model, sae = load_model("pocket"), load_sae("layer_2")
        >>> tokens = tokenize(model, ["The ship sails home.", "She stirs the soup."])
        >>> activations = collect_activations(model, tokens, sae.hook_name)
        >>> latent = int(sae.encode(activations.values).amax(dim=0).argmax())
        >>> summary = summarise_latent(model, sae, activations, tokens, latent, n_top=2)
        >>> len(summary.top), summary.n_tokens
        (2, 11)
    """
    return summarise_latents(model, sae, activations, tokens, [latent], **options)[0]


def summarise_latents(
    model: TransformerBridge,
    sae: SAE,
    activations: Activations,
    tokens: Tokens,
    latents: Sequence[int],
    *,
    n_top: int = 8,
    n_quantiles: int = 5,
    window: tuple[int, int] = (12, 6),
    guesses: Sequence[LabelGuess] | None = None,
    firings: Firings | None = None,
) -> list[LatentSummary]:
    """Summaries of some latents in one pass over the activations.

    Examples:
        >>> from course_utils.lm import collect_activations, load_model, tokenize
        >>> from course_utils.sae import load_sae
        >>> model, sae = load_model("pocket"), load_sae("layer_2")
        >>> tokens = tokenize(model, "The ship sails over the sea.")
        >>> activations = collect_activations(model, tokens, sae.hook_name)
        >>> latents = sae.encode(activations.values).topk(1).indices[:2, 0]  # the strongest on the first two tokens
        >>> summaries = summarise_latents(model, sae, activations, tokens, latents.tolist(), window=(0, 0))
        >>> [summary.top[0].tokens for summary in summaries]
        [('The',), (' ship',)]

    Args:
        activations: of the hook point that ``sae`` reads.
        tokens: the texts that the activations are of.
        latents: their numbers, counted from 0.
        n_top: strongest examples, at most one a text; and as many tokens promoted and suppressed, and neighbours.
        n_quantiles: examples at evenly spaced quantiles.
        window: tokens to show before and after the one on which the latent fires.
        guesses: one for each latent of the SAE, from `label_guesses`.
        firings: of the same activations, from `record_firings`; with it no activation has to be encoded again.

    Returns:
        One `LatentSummary` for each of ``latents``, in their order.

    Raises:
        ValueError: if there is no such latent, or tokens, guesses or firings do not fit.
    """
    for latent in latents:
        if not 0 <= latent < sae.d_sae:
            raise ValueError(f"there is no latent {latent}: this SAE has {sae.d_sae}, counted from 0")
    n_texts = int(activations.where[:, 0].max()) + 1 if len(activations) else 0
    if n_texts > len(tokens):
        raise ValueError(
            f"activations of {n_texts} texts, tokens of {len(tokens)}: they must be of the same texts"
        )
    if guesses is not None and len(guesses) != sae.d_sae:
        raise ValueError(f"{len(guesses)} guesses for {sae.d_sae} latents: there must be one for each")
    if firings is None:
        strengths = latent_strengths(sae, activations.values, latents).T
    elif firings.n_rows != len(activations) or len(firings.counts) != sae.d_sae:
        raise ValueError(
            f"firings of {len(firings.counts)} latents on {firings.n_rows} rows, but the SAE has {sae.d_sae} and "
            f"there are {len(activations)} activations"
        )
    else:
        strengths = (firings.column(latent) for latent in latents)

    summaries = []
    for latent, strength in zip(latents, strengths, strict=True):
        fired = strength.nonzero()[:, 0]
        # the same words before a token give the same strength but for rounding errors, which must not order them
        fired = fired[strength[fired].round(decimals=3).argsort(descending=True, stable=True)]
        strongest = strength.max().item() if len(fired) else 0.0
        middles = [int((i + 0.5) / n_quantiles * len(fired)) for i in range(n_quantiles)]
        ranks = {
            "top": _first_of_each_text(activations.where[fired, 0], n_top),
            "quantiles": dict.fromkeys(middles)
            if len(fired)
            else [],  # fewer tokens than quantiles: each once
        }
        examples = {
            name: tuple(_example(activations, tokens, strength, fired, rank, window) for rank in some)
            for name, some in ranks.items()
        }
        promoted, suppressed = _extreme_tokens(model, sae, latent, n_top)
        summaries.append(
            LatentSummary(
                latent=latent,
                n_tokens=len(activations),
                firing_rate=len(fired) / max(len(activations), 1),
                **examples,
                histogram=tuple(strength[fired].histc(HISTOGRAM_BINS, 0, strongest or 1).int().tolist()),
                strongest=strongest,
                promoted=promoted,
                suppressed=suppressed,
                nearest=_nearest(sae, latent, n_top),
                label=guesses[latent] if guesses else None,
            )
        )
    return summaries


@torch.no_grad()
def latent_strengths(
    sae: SAE, values: Float[Tensor, "n d_in"], latents: Sequence[int]
) -> Float[Tensor, "n some"]:
    """Activations of a few latents only, 384 rows at a time.

    Where each latent can be computed by itself, the others are not computed at all.

    Examples:
        >>> sae, x = SAE(4, 16), torch.eye(4)
        >>> some = latent_strengths(sae, x, latents=[3, 7])
        >>> some.shape, torch.allclose(some, sae.encode(x)[:, [3, 7]])
        (torch.Size([4, 2]), True)

    Args:
        values: activations, one row a token.
        latents: their numbers; one column each comes back, in their order.
    """
    latents = list(latents)
    parts = [values.new_zeros(0, len(latents))]
    for x in values.split(ROWS_AT_A_TIME):
        if sae.spec.each_alone and sae.normalize_activations == "none":
            parts.append(encode(x, sae.W_enc[:, latents], sae.b_enc[latents], sae.b_dec))
        else:
            parts.append(sae.encode(x)[:, latents])
    return torch.cat(parts)


@torch.no_grad()
def logit_effect(model: TransformerBridge, direction: Float[Tensor, "d_model"]) -> Float[Tensor, "d_vocab"]:
    """How a residual-stream direction moves each logit on the direct path, relative to the mean over all tokens.

    The direct path skips all later layers. Of the final norm it keeps what is linear, centring and gain, and leaves
    out the division by the length of the residual stream, one positive number a token: signs and order are right,
    the size is not in nats.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model = load_model("pocket")
        >>> sea = tokenize(model, " sea").ids[0, 1]
        >>> best = logit_effect(model, model.W_U[:, sea]).topk(2).indices  # of the direction that is read as " sea"
        >>> [model.tokenizer.decode([i]) for i in best.tolist()]
        [' sea', ' ocean']

    Args:
        direction: of any length; the effect grows with it.
    """
    if (model.cfg.normalization_type or "").startswith("LN"):
        direction = direction - direction.mean()
    effect = (direction * model.ln_final.weight) @ model.W_U
    return effect - effect.mean()


def _extreme_tokens(model: TransformerBridge, sae: SAE, latent: int, n: int) -> tuple[tuple, tuple]:
    direction = sae.W_dec[latent].detach()
    neuron = re.fullmatch(r"blocks\.(\d+)\.mlp\.hook_post", sae.hook_name or "")
    if neuron:
        direction = direction @ model.blocks[int(neuron[1])].mlp.W_out
    if len(direction) != model.cfg.d_model:
        return (), ()  # heads side by side, say: no one direction in the residual stream
    effect = logit_effect(model, direction)
    extremes = []
    for sign in (1, -1):
        values, ids = (sign * effect).topk(min(n, len(effect)))
        strings = [model.tokenizer.decode([i], clean_up_tokenization_spaces=False) for i in ids.tolist()]
        extremes.append(tuple(zip(strings, (sign * values).tolist(), strict=True)))
    return extremes[0], extremes[1]


def _nearest(sae: SAE, latent: int, n: int) -> tuple[tuple[int, float], ...]:
    directions = normalize(sae.W_dec.detach(), dim=1)
    cosines = directions @ directions[latent]
    cosines[latent] = -torch.inf
    values, latents = cosines.topk(min(n, sae.d_sae - 1))
    return tuple(zip(latents.tolist(), values.tolist(), strict=True))


def _first_of_each_text(texts: Tensor, n: int) -> list[int]:
    first: dict[int, int] = {}
    for rank, text in enumerate(texts.tolist()):
        if len(first) == n:
            break
        first.setdefault(text, rank)
    return list(first.values())


def _example(
    activations: Activations,
    tokens: Tokens,
    strength: Float[Tensor, "n"],
    fired: Int[Tensor, "n_fired"],
    rank: int,
    window: tuple[int, int],
) -> Example:
    text, position = activations.where[fired[rank]].tolist()
    of_text = activations.where[:, 0] == text
    strings = tokens.strings(text)
    strengths = torch.zeros(len(strings))
    strengths[activations.where[of_text, 1]] = strength[of_text]
    first = max(0, position - window[0])
    shown = slice(first, position + window[1] + 1)
    return Example(
        tokens=tuple(strings[shown]),
        strengths=tuple(strengths[shown].tolist()),
        peak=position - first,
        text=text,
        quantile=1 - rank / len(fired),
    )
