"""What the model loses when transcoders stand in for its MLPs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.base import frees_memory
from course_utils.lm import Texts, Tokens, check_hook_name, next_token_losses, tokenize
from course_utils.sae import Transcoder

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

Hooks = list[tuple[str | Callable, Callable]]


class SplicedLoss(NamedTuple):
    """Next-token losses in nats a token."""

    clean: float
    spliced: float
    """With every transcoder in place of what it was trained on."""

    @property
    def increase(self) -> float:
        """spliced - clean."""
        return self.spliced - self.clean


@frees_memory
@torch.no_grad()
def loss_with_transcoders(
    model: TransformerBridge,
    transcoders: Mapping[int, Transcoder],
    texts: Texts,
    *,
    batch_size: int = 8,
    max_tokens_per_text: int | None = None,
) -> SplicedLoss:
    """The model's loss with transcoders in place of MLPs, all at once: each reads what those below it have made.

    BOS keeps its MLPs, and the same predictions are scored, as in `loss_recovered`.

    Examples:
        >>> from course_utils.lm import load_model
        >>> from course_utils.sae import Transcoder
        >>> model, silent = load_model("pocket"), Transcoder(256, 512)  # untrained, it writes next to nothing
        >>> loss_with_transcoders(model, {2: silent, 3: silent}, ["The ship sails over the sea."]).increase > 0
        True

    Args:
        transcoders: by layer; those layers' MLPs are replaced.
        texts: strings, labelled texts, or `Tokens`.
        batch_size: texts a forward pass.
        max_tokens_per_text: longer texts are cut; BOS counts.

    Raises:
        ValueError: if the model has no such layer, or no text has two tokens after BOS.
    """
    for layer in transcoders:
        check_hook_name(model, f"blocks.{layer}.hook_mlp_out")
    tokens = tokenize(model, texts, max_tokens_per_text=max_tokens_per_text)
    clean = scored_loss(model, tokens, batch_size, lambda _: [])
    spliced = scored_loss(
        model,
        tokens,
        batch_size,
        lambda real: [hook for n, t in transcoders.items() for hook in in_place(t, n, real)],
    )
    return SplicedLoss(clean, spliced)


def in_place(transcoder: Transcoder, layer: int, where: Bool[Tensor, "batch pos"]) -> Hooks:
    """Hooks that let a transcoder do the work of a layer's MLP at some tokens."""
    read: list[Tensor] = []

    def look(x: Tensor, hook: object) -> Tensor:
        read[:] = [x]
        return x

    def write(y: Tensor, hook: object) -> Tensor:
        y = y.clone()
        y[where] = transcoder(read[0][where]).x_hat.to(y.dtype)
        return y

    return [(f"blocks.{layer}.mlp.hook_in", look), (f"blocks.{layer}.hook_mlp_out", write)]


def scored_loss(
    model: TransformerBridge,
    tokens: Tokens,
    batch_size: int,
    hooks_for: Callable[[Bool[Tensor, "batch pos"]], Hooks],
) -> float:
    """Mean next-token loss over the predictions made at every token but BOS that has a successor.

    Args:
        hooks_for: given which places of a batch are tokens and not BOS, the edits under which the model runs.

    Raises:
        ValueError: if no text has two tokens after BOS.
    """
    losses, n = scored_losses(model, tokens, batch_size, hooks_for)
    if not n.any():
        raise ValueError("no text has two tokens after BOS, so there is no prediction to score")
    return (losses.sum() / n.sum()).item()


def scored_losses(
    model: TransformerBridge,
    tokens: Tokens,
    batch_size: int,
    hooks_for: Callable[[Bool[Tensor, "batch pos"]], Hooks],
) -> tuple[Float[Tensor, "n_texts"], Int[Tensor, "n_texts"]]:
    """The same for each text: losses summed, and how many predictions they are of."""
    losses, n = torch.zeros(len(tokens), dtype=torch.double), torch.zeros(len(tokens), dtype=torch.long)
    for texts, batch in tokens.batches(batch_size):
        ids = batch.ids.to(model.cfg.device)
        spliced = batch.is_real.to(ids.device)
        spliced[:, 0] = False
        logits = model.run_with_hooks(ids, return_type="logits", fwd_hooks=hooks_for(spliced))
        scored = spliced[:, :-1] & spliced[:, 1:]
        losses[texts] = next_token_losses(logits, ids, scored).double().sum(dim=1).cpu()
        n[texts] = scored.sum(dim=1).cpu()
    return losses, n


def in_place_of(hook_name: str, replace: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Hooks]:
    """For `scored_losses`: ``replace`` applied to the activations at a hook point, one row a token."""

    def hooks_for(spliced: Bool[Tensor, "batch pos"]) -> Hooks:
        def splice(value: Tensor, hook: object) -> Tensor:
            value = value.clone()
            x = value[spliced]
            value[spliced] = replace(x.flatten(start_dim=1)).view_as(x)
            return value

        return [(hook_name, splice)]

    return hooks_for
