"""Many small experiments on one text at once: each row of a batch is the same text with one change of its own.

    row i     activation[positions[i]] += changes[i]      at one hook point

Ablating a latent is the change -value · direction; patching a token is clean - corrupted; stimulating is strength ·
direction. A hundred such experiments on a short text take about as long as ten one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.lm import check_hook_name
from course_utils.sae import SAE, hook_name_of

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


@torch.no_grad()
def change_each(
    model: TransformerBridge,
    ids: Int[Tensor, "1 pos"],
    hook_name: str,
    positions: Int[Tensor, "n *each"],
    changes: Float[Tensor, "n *each d"],
    *,
    batch_size: int = 128,
) -> Float[Tensor, "n d_vocab"]:
    """Logits at the last token of ``ids``, once for each change.

    Args:
        positions, changes: one of each for a row, or several, (n, m) and (n, m, d), all made in the same run.

    Raises:
        ValueError: if there is more than one text, the hook point is unknown, or positions and changes do not match.
    """
    check_hook_name(model, hook_name)
    if len(ids) != 1 or positions.shape != changes.shape[:-1]:
        raise ValueError(
            f"{len(ids)} texts (one is needed), positions of shape {tuple(positions.shape)} and changes of shape "
            f"{tuple(changes.shape)}"
        )
    if positions.ndim == 1:
        positions, changes = positions[:, None], changes[:, None]
    parts = [torch.empty(0, model.cfg.d_vocab)]
    for where, by in zip(positions.split(batch_size), changes.split(batch_size), strict=True):

        def add(x: Tensor, hook: object, where: Tensor = where, by: Tensor = by) -> Tensor:
            rows = torch.arange(len(x))[:, None].expand_as(where)
            return x.index_put((rows, where), by.to(x), accumulate=True)

        rows = ids.expand(len(where), -1).to(model.cfg.device)
        logits = model.run_with_hooks(rows, return_type="logits", fwd_hooks=[(hook_name, add)])
        parts.append(logits[:, -1].float().cpu())
    return torch.cat(parts)


@torch.no_grad()
def patch_each_latent(
    model: TransformerBridge,
    sae: SAE,
    ids: Int[Tensor, "1 pos"],
    clean: Float[Tensor, "d"],
    corrupted: Float[Tensor, "d"],
    position: int,
) -> tuple[Int[Tensor, "n"], Float[Tensor, "n d_vocab"]]:
    """Every latent whose value at one token differs between two runs, and the logits with its clean value alone put in.

    Args:
        ids: of the corrupted text.
        clean, corrupted: the activation at ``position`` in either run, at the hook point that ``sae`` reads.

    Returns:
        The latents' numbers (n,) and the logits (n, d_vocab) at the last token.

    Raises:
        ValueError: if the SAE does not say where it reads, or there is more than one text.
    """
    differ = sae.encode(clean) - sae.encode(corrupted)
    latents = differ.nonzero()[:, 0]
    changes = differ[latents, None] * sae.W_dec[latents]
    places = torch.full((len(latents),), position)
    return latents, change_each(model, ids, hook_name_of(sae), places, changes)


@torch.no_grad()
def ablate_each(
    model: TransformerBridge,
    sae: SAE,
    ids: Int[Tensor, "1 pos"],
    latents: Float[Tensor, "pos d_sae"],
    pairs: Int[Tensor, "n 2"],
) -> Float[Tensor, "n d_vocab"]:
    """Logits at the last token without one latent at one token, once for each pair (token, latent).

    Args:
        latents: of every token of the text, BOS included.

    Raises:
        ValueError: if the SAE does not say where it reads, or there is more than one text.
    """
    where, which = pairs.T
    return change_each(model, ids, hook_name_of(sae), where, -latents[where, which, None] * sae.W_dec[which])
