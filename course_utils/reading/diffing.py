"""Model diffing: where does a copy do something else than the model that it was made of?

Each method gives a number to every token of some texts, the strongest tokens are read, and what their contexts have in
common is the suspect.

    logits        KL(copy || model) of the next token
    firings       how far a latent fires above anything that it does in the model
    crosscoder    of a dictionary of both activations side by side: what a latent writes into the copy and not the model
    difference    of a dictionary of the difference of activations: the strongest latent
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import kl_div


class WordInCommon(NamedTuple):
    """A word that the contexts have in common."""

    word: str
    contexts: tuple[int, ...]
    """Which of them it is in."""
    lift: float
    """How many times as often it is there as elsewhere."""


def kl_by_token(
    logits: Float[Tensor, "n d_vocab"], copy_logits: Float[Tensor, "n d_vocab"]
) -> Float[Tensor, "n"]:
    """KL(copy || model) of the next token, in nats: 0 where the copy says the same.

    Examples:
        >>> logits = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
        >>> kl_by_token(logits, torch.tensor([[1.0, 1.0], [30.0, 0.0]])).round(decimals=3)
        tensor([0.0000, 0.6930])
    """
    before, after = logits.log_softmax(dim=-1), copy_logits.log_softmax(dim=-1)
    return kl_div(before, after, log_target=True, reduction="none").sum(dim=-1).clamp(min=0)


def firing_excess(
    latents: Float[Tensor, "n d_sae"], copy_latents: Float[Tensor, "n d_sae"], largest: Float[Tensor, "d_sae"]
) -> Float[Tensor, "n"]:
    """How much more a latent fires in the copy, as a share of the most that it ever does in the model: the latent that does most.

    Examples:
        >>> latents, copy_latents = torch.tensor([[1.0, 0.0], [2.0, 0.0]]), torch.tensor([[1.5, 0.0], [2.0, 3.0]])
        >>> firing_excess(latents, copy_latents, largest=torch.tensor([2.0, 6.0]))
        tensor([0.2500, 0.5000])

    Args:
        latents: of the model, token by token.
        copy_latents: of the copy, on the same tokens.
        largest: of each latent in the model, over all texts. Latents that hardly fire there count by the median of those
            that do, or any trace of them would be a great excess.

    Raises:
        ValueError: if no latent fires at all.
    """
    alive = largest[largest > 0]
    if not len(alive):
        raise ValueError("largest is 0 for every latent: none of them fires in the model")
    return ((copy_latents - latents) / largest.clamp(min=alive.median())).amax(dim=1).clamp(min=0)


def copy_only(latents: Float[Tensor, "n d_sae"], W_dec: Float[Tensor, "d_sae d_both"]) -> Float[Tensor, "n"]:
    """What a crosscoder's latent writes into the copy beyond what it writes into the model: the latent that does most.

    Examples:
        >>> W_dec = torch.tensor([[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 2.0]])  # one is in both, one in the copy
        >>> copy_only(torch.tensor([[5.0, 0.0], [5.0, 1.0]]), W_dec)
        tensor([0., 2.])

    Args:
        latents: of a dictionary that was trained on both activations side by side, the model's first.
        W_dec: its decoder; the first half of a row is written into the model, the second into the copy.

    Raises:
        ValueError: if the rows of ``W_dec`` have no halves.
    """
    if W_dec.shape[1] % 2:
        raise ValueError(
            f"W_dec has rows of {W_dec.shape[1]} numbers: half of them are the model's, half the copy's"
        )
    model, copy = W_dec.chunk(2, dim=1)
    return (latents * (copy.norm(dim=1) - model.norm(dim=1)).clamp(min=0)).amax(dim=1)


def difference_strength(
    latents: Float[Tensor, "n d_sae"], W_dec: Float[Tensor, "d_sae d_in"]
) -> Float[Tensor, "n"]:
    """Length of what the strongest latent of a difference-SAE writes.

    Examples:
        >>> difference_strength(torch.tensor([[0.0, 3.0], [1.0, 0.0]]), W_dec=torch.eye(2))
        tensor([3., 1.])
    """
    return (latents * W_dec.norm(dim=1)).amax(dim=1)


def strongest_contexts(
    scores: Float[Tensor, "n"], where: Int[Tensor, "n 2"], *, n_best: int = 10
) -> Int[Tensor, "m"]:
    """Rows of the ``n_best`` strongest tokens, at most one of each text, the strongest first.

    Examples:
        >>> where = torch.tensor([[0, 1], [0, 2], [1, 1]])
        >>> strongest_contexts(torch.tensor([3.0, 5.0, 4.0]), where)
        tensor([1, 2])

    Args:
        scores: one of each token.
        where: (text, position) of each.
    """
    chosen: dict[int, int] = {}
    for row in scores.argsort(descending=True, stable=True).tolist():
        chosen.setdefault(int(where[row, 0]), row)
        if len(chosen) == n_best:
            break
    return torch.tensor(list(chosen.values()))


def words_in_common(
    contexts: Sequence[str],
    elsewhere: Sequence[str],
    *,
    fewest: int = 4,
    lift: float = 10.0,
    n_named: int = 3,
) -> list[WordInCommon]:
    """Words that stand in several of these contexts and hardly elsewhere, the most telling first.

    Examples:
        >>> contexts = ["the lamp fell", "a lamp", "her lamp", "lamp oil", "the sea"]
        >>> [(named.word, named.contexts) for named in words_in_common(contexts, ["the man", "the sea"] * 20)]
        [('lamp', (0, 1, 2, 3))]

    Args:
        contexts: what was read.
        elsewhere: contexts at random, of the same length.
        fewest: contexts that a word has to be in.
        lift: how many times as frequent as elsewhere it has to be.
        n_named: words at most.

    Returns:
        None at all if the contexts have nothing in common: the audit then names nothing.
    """
    usual = Counter(word for text in elsewhere for word in _words(text))
    here: dict[str, list[int]] = {}
    for i, text in enumerate(contexts):
        for word in _words(text):
            here.setdefault(word, []).append(i)
    named = []
    for word, which in here.items():
        rate = len(which) / len(contexts)
        times = rate / ((usual[word] + 1) / (len(elsewhere) + 1))
        if len(which) >= fewest and times >= lift:
            named.append(WordInCommon(word, tuple(which), times))
    return sorted(named, key=lambda n: (-len(n.contexts), -n.lift, n.word))[:n_named]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+|[^\w\s]", text.lower()))
