"""GPT-2 cut in two at a place of its residual stream: the first part runs once, the second for every edit made there.

    stream = first part (ids),    losses = second part (the stream, or what an edit made of it)

Where an edit writes one vector over every token but BOS, what follows sees positions and no text. So one row serves all
texts, and only the logits of the tokens that came next are needed:

    loss = logsumexp over the vocabulary (x @ W_U) - x @ W_U[:, next token]
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy, layer_norm, linear

from course_utils.lm import gpt2
from course_utils.lm.losses import AT_ONCE

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

BETWEEN_LAYERS = {"hook_resid_pre": 0, "hook_in": 0, "hook_resid_post": 1, "hook_out": 1}
"""Where the stream can be cut, and how many layers on the second part begins."""


class TwoParts(NamedTuple):
    """A plain GPT-2 and where it is cut; `cut_in_two` makes it.

    Examples:
        >>> from course_utils.lm import load_model
        >>> parts = cut_in_two(load_model("pocket"), "blocks.2.hook_resid_post")
        >>> ids, scored = torch.tensor([[0, 1, 2]]), torch.tensor([[False, True]])
        >>> parts.losses(parts.stream(ids), ids, scored).shape
        torch.Size([1, 2])
    """

    whole: gpt2.GPT2
    hook_name: str
    first_layer: int
    """Of the second part."""

    @torch.no_grad()
    def stream(self, ids: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        """The residual stream at the cut."""
        return gpt2.value_at(self.whole, ids, self.hook_name)

    @torch.no_grad()
    def losses(
        self,
        stream: Float[Tensor, "batch pos d_model"],
        ids: Int[Tensor, "batch pos"],
        scored: Bool[Tensor, "batch next_pos"],
    ) -> Float[Tensor, "batch next_pos"]:
        """What each prediction costs in nats, as `next_token_losses`.

        Args:
            stream: at the cut, as it is or edited.
            ids: the tokens.
            scored: of the second token on, whether its prediction counts; the others cost 0.
        """
        return losses_at_end(self.whole, self._last(stream), ids, scored)

    @torch.no_grad()
    def losses_of_row(
        self,
        stream: Float[Tensor, "longest d_model"],
        ids: Int[Tensor, "batch pos"],
        scored: Bool[Tensor, "batch next_pos"],
    ) -> Float[Tensor, "batch next_pos"]:
        """The same where all texts have one stream, ``(pos, d_model)`` or longer."""
        x = _normed(self.whole, self._last(stream[None, : ids.shape[1]])[0])
        W_U, b_U = _unembedding(self.whole)
        everything = torch.cat([linear(some, W_U, b_U).logsumexp(dim=-1) for some in x.split(_at_once(W_U))])
        losses = torch.zeros(scored.shape, device=stream.device, dtype=x.dtype)
        for rows in scored.nonzero().split(max(1, AT_ONCE // x.shape[-1])):
            text, at = rows.T
            wanted = ids[text, at + 1]
            of_wanted = (x[at] * W_U[wanted]).sum(dim=-1)
            if b_U is not None:
                of_wanted += b_U[wanted]
            losses[text, at] = everything[at] - of_wanted
        return losses

    def _last(self, stream: Tensor) -> Tensor:
        """The stream behind the last layer, given that at the cut."""
        for name, value in gpt2.hook_points_after(self.whole, stream, self.first_layer):
            if name.endswith("hook_resid_post"):
                stream = value
        return stream


def losses_at_end(
    whole: gpt2.GPT2,
    x: Float[Tensor, "batch pos d_model"],
    ids: Int[Tensor, "batch pos"],
    scored: Bool[Tensor, "batch next_pos"],
) -> Float[Tensor, "batch next_pos"]:
    """`next_token_losses` given the stream behind the last layer: logits of what is scored alone, some at a time."""
    (W_U, b_U), losses = _unembedding(whole), torch.zeros(scored.shape, device=x.device, dtype=x.dtype)
    for rows in scored.nonzero().split(_at_once(W_U)):
        text, at = rows.T
        logits = linear(_normed(whole, x[text, at]), W_U, b_U)
        losses[text, at] = cross_entropy(logits, ids[text, at + 1], reduction="none")
    return losses


def _normed(whole: gpt2.GPT2, x: Tensor) -> Tensor:
    weights = whole.weights
    return layer_norm(x, x.shape[-1:], weights["ln_f.weight"], weights["ln_f.bias"], whole.epsilon)


def _unembedding(whole: gpt2.GPT2) -> tuple[Tensor, Tensor | None]:
    return whole.weights["lm_head.weight"], whole.weights.get("lm_head.bias")


def _at_once(W_U: Float[Tensor, "d_vocab d_model"]) -> int:
    return max(1, AT_ONCE // len(W_U))


def cut_in_two(model: TransformerBridge, hook_name: str) -> TwoParts | None:
    """The two parts of a plain GPT-2 without hooks, cut between layers; None for other models and hook points.

    Examples:
        >>> from course_utils.lm import load_model
        >>> cut_in_two(load_model("pocket"), "blocks.2.hook_resid_post").first_layer
        3
        >>> cut_in_two(load_model("pocket"), "blocks.2.mlp.hook_post") is None
        True
    """
    place = re.fullmatch(r"blocks\.(\d+)\.(\w+)", hook_name)
    if place is None or place[2] not in BETWEEN_LAYERS:
        return None
    whole = gpt2.gpt2_of(model)
    if whole is None or "lm_head.weight" not in whole.weights:
        return None
    return TwoParts(whole, hook_name, int(place[1]) + BETWEEN_LAYERS[place[2]])
