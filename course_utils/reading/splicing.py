"""What the model loses when something else stands in for its activations, or transcoders for its MLPs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.base import frees_memory
from course_utils.lm import Texts, Tokens, check_hook_name, cut_in_two, next_token_losses, tokenize
from course_utils.sae import Transcoder

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

Hooks = list[tuple[str | Callable, Callable]]
Replacement = Callable[[Float[Tensor, "n d_in"]], Float[Tensor, "n d_in"]] | Float[Tensor, "d_in"]
"""What to write in place of activations, one row a token: made from them, or the same for all."""


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


def spliced_losses(
    model: TransformerBridge,
    tokens: Tokens,
    hook_name: str,
    replacements: Mapping[str, Replacement],
    batch_size: int,
) -> tuple[dict[str, Float[Tensor, "n_texts"]], Int[Tensor, "n_texts"]]:
    """`scored_losses` with each of several things in place of the activations at one hook point, BOS excepted.

    Of a plain GPT-2 what comes before the hook point is computed once, and what comes after it once for a vector.
    """
    parts = cut_in_two(model, hook_name)
    if parts is None:
        found = {
            name: scored_losses(model, tokens, batch_size, in_place_of(hook_name, replacement))
            for name, replacement in replacements.items()
        }
        return {name: losses for name, (losses, _) in found.items()}, next(iter(found.values()))[1]

    device = model.cfg.device or "cpu"
    ids, spliced = tokens.ids.to(device), tokens.is_real.to(device)
    spliced[:, 0] = False
    scored = spliced[:, :-1] & spliced[:, 1:]
    losses = {name: torch.zeros(len(tokens), dtype=torch.double) for name in replacements}
    edits: dict[str, Callable[[Tensor], Tensor]] = {}
    for name, replacement in replacements.items():
        if isinstance(replacement, Tensor):
            bos = parts.stream(ids[:1, :1])[0]
            row = torch.cat([bos, replacement.to(bos).expand(ids.shape[1] - 1, -1)])
            losses[name] = parts.losses_of_row(row, ids, scored).double().sum(dim=1).cpu()
        else:
            edits[name] = replacement
    for texts, batch in tokens.batches(batch_size) if edits else ():
        some, n_pos = texts.to(device), batch.ids.shape[1]
        stream, here = parts.stream(ids[some, :n_pos]), spliced[some, :n_pos]
        for name, replace in edits.items():
            edited = stream.clone()
            edited[here] = replace(stream[here])
            found = parts.losses(edited, ids[some, :n_pos], scored[some, : n_pos - 1])
            losses[name][texts] = found.double().sum(dim=1).cpu()
    return losses, scored.sum(dim=1).cpu()


def in_place_of(hook_name: str, replacement: Replacement) -> Callable[[Tensor], Hooks]:
    """For `scored_losses`: ``replacement`` of the activations at a hook point."""

    def hooks_for(spliced: Bool[Tensor, "batch pos"]) -> Hooks:
        def splice(value: Tensor, hook: object) -> Tensor:
            value = value.clone()
            x = value[spliced]
            rows = x.flatten(start_dim=1)
            made = replacement.to(rows) if isinstance(replacement, Tensor) else replacement(rows)
            value[spliced] = made.expand_as(rows).view_as(x)
            return value

        return [(hook_name, splice)]

    return hooks_for
