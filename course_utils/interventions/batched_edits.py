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

from course_utils.base import may_have_gaps
from course_utils.lm import check_hook_name
from course_utils.sae import SAE, hook_name_of

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


@may_have_gaps("positions", "changes")
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

    Examples:
        >>> from course_utils.lm import load_model
        >>> model, ids = load_model("pocket"), torch.tensor([[0, 558, 3137]])  # BOS, "The", " ship"
        >>> changes = torch.stack([torch.zeros(256), torch.ones(256).cumsum(dim=0)])  # nothing, and a large push
        >>> logits = change_each(model, ids, "blocks.2.hook_resid_post", torch.tensor([1, 2]), changes)
        >>> [torch.allclose(row, model(ids)[0, -1], atol=1e-3) for row in logits]
        [True, False]

    Args:
        ids: of one text.
        positions: the token whose activation is changed in row i, or several, (n, m), all changed in the same run.
        changes: what is added to the activation there: (n, d), or (n, m, d).
        batch_size: rows a forward pass.

    Raises:
        ValueError: if there is not exactly one text, the hook point is unknown, or positions and changes do not match.
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
            if by.shape[-1:] != x.shape[2:]:
                raise ValueError(f"{hook_name} has shape {tuple(x.shape)}, changes {tuple(changes.shape)}")
            rows = torch.arange(len(x))[:, None].expand_as(where)
            return x.index_put((rows, where), by.to(x), accumulate=True)

        rows = ids.expand(len(where), -1).to(model.cfg.device)
        last_only = ("unembed.hook_in", lambda x, hook: x[:, -1:])  # no logits for the other tokens
        logits = model.run_with_hooks(rows, return_type="logits", fwd_hooks=[(hook_name, add), last_only])
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

    Examples:
        >>> from course_utils.interventions import prompt_ids, watch
        >>> from course_utils.lm import load_model
        >>> from course_utils.sae import load_sae
        >>> model, sae = load_model("pocket"), load_sae("layer_2")
        >>> ship, king = (prompt_ids(model, text)[None] for text in ("The ship sails", "The king sails"))
        >>> clean, corrupted = (watch(model, ids, [sae.hook_name])[sae.hook_name][0, 2] for ids in (ship, king))
        >>> latents, logits = patch_each_latent(model, sae, king, clean, corrupted, position=2)
        >>> 32 < len(latents) <= 64, logits.shape == (len(latents), 8192)  # 32 fire in each run, few in both
        (True, True)

    Args:
        ids: of the corrupted text.
        clean, corrupted: the activation at ``position`` in either run, at the hook point that ``sae`` reads.
        position: of the token, counted from BOS, which is 0.

    Returns:
        The latents' numbers (n,) and the logits (n, d_vocab) at the last token, a row for each of them.

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

    Examples:
        >>> from course_utils.interventions import prompt_ids, watch
        >>> from course_utils.lm import load_model
        >>> from course_utils.sae import load_sae
        >>> model, sae = load_model("pocket"), load_sae("layer_2")
        >>> ids = prompt_ids(model, "The ship sails")[None]
        >>> latents = sae.encode(watch(model, ids, [sae.hook_name])[sae.hook_name][0])
        >>> weakest, strongest = latents[3].argmin(), latents[3].argmax()  # on " sails"; the weakest is silent
        >>> logits = ablate_each(model, sae, ids, latents, torch.tensor([[3, weakest], [3, strongest]]))
        >>> [torch.allclose(row, model(ids)[0, -1], atol=1e-3) for row in logits]
        [True, False]

    Args:
        latents: of every token of the text, BOS included.
        pairs: a row for each run: position of the token, number of the latent.

    Raises:
        ValueError: if the SAE does not say where it reads, there is more than one text, or no such token or latent.
    """
    where, which = pairs.T
    for name, numbers, count in (("tokens", where, len(latents)), ("latents", which, sae.d_sae)):
        if len(pairs) and not 0 <= int(numbers.min()) <= int(numbers.max()) < count:
            raise ValueError(f"pairs names {name} that are not there: there are {count}, counted from 0")
    return change_each(model, ids, hook_name_of(sae), where, -latents[where, which, None] * sae.W_dec[which])
