"""Next-token losses of a batch, of the predictions that count alone."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

AT_ONCE = 2**20
"""Logits whose softmax is computed at a time."""


def next_token_losses(
    logits: Float[Tensor, "batch pos d_vocab"],
    ids: Int[Tensor, "batch pos"],
    scored: Bool[Tensor, "batch next_pos"],
) -> Float[Tensor, "batch next_pos"]:
    """What each prediction costs, in nats.

    Rows of padding are not computed, and each row's logits lie together in memory: softmax over the middle axis of
    (batch, d_vocab, pos) takes eight times as long. Some rows at a time, since a large vocabulary has large copies.

    Examples:
        >>> logits, ids = torch.zeros(1, 3, 4), torch.tensor([[0, 2, 1]])
        >>> next_token_losses(logits, ids, torch.tensor([[True, False]]))  # -log(1/4)
        tensor([[1.3863, 0.0000]])

    Args:
        logits: the model's, at every token of a text.
        ids: the tokens.
        scored: of the second token on, whether its prediction counts.

    Returns:
        float32, on the logits' device, one for every token but the first; 0 where it does not count.
    """
    scored = scored.to(logits.device)
    losses = torch.zeros(scored.shape, dtype=torch.float32, device=logits.device)
    ids = ids.to(logits.device)
    for rows in scored.nonzero().split(max(1, AT_ONCE // logits.shape[-1])):
        text, at = rows.T
        losses[text, at] = cross_entropy(logits[text, at].float(), ids[text, at + 1], reduction="none")
    return losses
