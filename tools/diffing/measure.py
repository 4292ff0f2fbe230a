"""What each method finds in one copy, with a budget of ten contexts to read."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import torch
from torch import Tensor

from course_utils.lm import activation_batches
from course_utils.reading import (
    copy_only,
    difference_strength,
    firing_excess,
    kl_by_token,
    strongest_contexts,
    words_in_common,
)
from course_utils.recipes.changed_copy import Copy
from course_utils.sae import SAE, load_sae, load_transcoder
from course_utils.training import fit_sae
from tools.diffing.texts import WINDOW, Texts, acted, chunks, watched

BUDGET, ELSEWHERE = 10, 2000
LATENTS, K, STEPS, BATCH, SEEDS = 512, 16, 150, 256, (0, 1, 2)
AT_A_TIME = 1000


class Both(NamedTuple):
    """Of the model and the copy, one row for each token that is judged."""

    model: Tensor
    copy: Tensor
    """Streams after the last layer."""
    kl: Tensor
    firings: Tensor
    """The largest excess of any latent of the shipped dictionaries."""
    gained: Tensor
    """The token that the copy says more often than the model by most."""
    swapped: Tensor


@torch.no_grad()
def both(copy: Copy, texts: Texts) -> Both:
    """Both models on all texts, with plain logits and shipped dictionaries compared as they go by."""
    words = copy.word_numbers() if copy.plant.kind == "always" else None
    parts: list[tuple[Tensor, ...]] = []
    for ids, judged in chunks(texts):
        below = copy.below(ids)
        model, changed = (watched(copy, below, changed=changed) for changed in (False, True))
        logits, new = model.logits[judged], changed.logits[judged]
        p = logits.softmax(dim=-1)
        gained = (new.softmax(dim=-1) - p).argmax(dim=1)
        swapped = (p[:, words[0]] - p[:, words[1]]).abs() if words else torch.zeros(len(p))
        streams = zip(model[:3], changed[:3], strict=True)
        parts.append(
            (*(x[judged] for pair in streams for x in pair), kl_by_token(logits, new), gained, swapped)
        )
    m_3, c_3, m_mlp, c_mlp, m_4, c_4, kl, gained, swapped = (
        torch.cat(column) for column in zip(*parts, strict=True)
    )
    firings = excess_of(load_sae("layer_3"), m_3, c_3).maximum(
        excess_of(load_transcoder("layer_4"), m_mlp, c_mlp)
    )
    return Both(m_4, c_4, kl, firings, gained, swapped)


def excess_of(dictionary: SAE, model: Tensor, copy: Tensor) -> Tensor:
    """`firing_excess`, some rows at a time."""
    encode, rows = dictionary.encode, (model.split(AT_A_TIME), copy.split(AT_A_TIME))
    largest = torch.stack([encode(x).amax(dim=0) for x in rows[0]]).amax(dim=0)
    return torch.cat([firing_excess(encode(x), encode(y), largest) for x, y in zip(*rows, strict=True)])


def trained(rows: Tensor, seed: int, *, halves_alike: bool = False) -> SAE:
    """A small dictionary: seconds on one core."""
    sae = SAE(rows.shape[1], LATENTS, "topk", k=K, seed=seed)
    if halves_alike:  # or what is in one model only would be, at first, what the draw says
        directions = sae.W_dec.detach().chunk(2, dim=1)[0].repeat(1, 2)
        sae.W_dec.data = directions / directions.norm(dim=1, keepdim=True)
        sae.W_enc.data = sae.W_dec.detach().T.clone()
    fit_sae(
        sae, activation_batches(rows, BATCH, seed=seed, epochs=None), steps=STEPS, lr=2e-3, progress=False,
        speed="fast",
    )  # fmt: skip
    return sae.requires_grad_(False)


def scores(seen: Both, seed: int | None) -> dict[str, Tensor]:
    """Of each token, by every method; with a seed, by those that are trained."""
    difference = seen.copy - seen.model
    if seed is None:
        return {
            "logits": seen.kl,
            "latents that ship": seen.firings,
            "length of the difference": difference.norm(dim=1),
        }
    luck = torch.rand(len(difference), generator=torch.Generator().manual_seed(seed))
    side_by_side = torch.cat([seen.model, seen.copy], dim=1)
    crosscoder, of_difference = trained(side_by_side, seed, halves_alike=True), trained(difference, seed)
    return {
        "ten at random": luck,
        "crosscoder": copy_only(crosscoder.encode(side_by_side), crosscoder.W_dec),
        "difference-SAE": difference_strength(of_difference.encode(difference), of_difference.W_dec),
    }


def contexts(copy: Copy, texts: Texts, rows: list[int], gained: Tensor) -> list[str]:
    """The last tokens up to each row, and what the copy now says there more than the model does."""
    said = []
    for row, (text, position) in zip(rows, texts.where[rows].tolist(), strict=True):
        ids = texts.ids[text, max(1, position + 1 - WINDOW) : position + 1].tolist()
        said.append(f"{copy.tokenizer.decode(ids)} {copy.tokenizer.decode([int(gained[row])])}")
    return said


def finding(
    copy: Copy, texts: Texts, seen: Both, strength: Tensor, truth: Tensor, elsewhere: list[str]
) -> dict[str, Any]:
    """How many of the ten are the plant's, which words they have in common, and whether these are right.

    Args:
        truth: on which tokens the plant acts.
        elsewhere: contexts at random, which the ten are compared with.
    """
    chosen = strongest_contexts(strength, texts.where, n_best=BUDGET)
    hits = truth[chosen]
    named = words_in_common(contexts(copy, texts, chosen.tolist(), seen.gained), elsewhere)
    return {
        "hits": int(hits.sum()),
        "there": len(texts.where[truth][:, 0].unique()),
        "words": [word.word for word in named],
        "right": [bool(hits[list(word.contexts)].float().mean() >= 0.5) for word in named],
    }


def search(
    copy: Copy, name: str, texts: Texts, seeds: tuple[int, ...] = SEEDS
) -> dict[str, list[dict[str, Any]]]:
    """By method: one finding, or one a seed."""
    seen = both(copy, texts)
    truth = acted(copy.plant, name, texts, seen.swapped)
    random = Random(name).sample(range(len(texts.where)), ELSEWHERE)
    elsewhere = contexts(copy, texts, random, seen.gained)
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in (None, *seeds):
        for method, strength in scores(seen, seed).items():
            found.setdefault(method, []).append(finding(copy, texts, seen, strength, truth, elsewhere))
    return found
