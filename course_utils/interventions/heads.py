"""What each attention head says, directly, about one answer against another.

The residual stream is a sum: embeddings, every head, every MLP. The final norm divides that sum by one number a token
and the unembedding is linear, so a difference of two logits is a sum as well:

    logit[a] - logit[b] = Σ_parts  centred(part) · (gain · (W_U[:, a] - W_U[:, b])) / σ  +  constant

A layer norm centres, and σ is the sum's standard deviation; an RMS norm does not centre, and σ is its root mean square.
The share of a head is what it writes for the answer itself; what it does to later layers is not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.interventions.patching import Ids, watch
from course_utils.interventions.units import Hook

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


@torch.no_grad()
def head_contributions(
    model: TransformerBridge,
    ids: Ids,
    right: Int[Tensor, "batch"],
    wrong: Int[Tensor, "batch"],
    hooks: list[Hook] | None = None,
) -> Float[Tensor, "batch n_layers n_heads"]:
    """Each head's direct part in logit[right] - logit[wrong] at the last token.

    Examples:
        >>> from course_utils.interventions import prompt_ids
        >>> from course_utils.lm import load_model
        >>> model = load_model("pocket")
        >>> ids = prompt_ids(model, "When Mary and John went to the store, John gave a drink to")[None]
        >>> mary, john = (prompt_ids(model, name)[1:] for name in (" Mary", " John"))
        >>> strongest = head_contributions(model, ids, mary, john).flatten().topk(2).indices.tolist()
        >>> [divmod(i, model.cfg.n_heads) for i in strongest]  # layer, head
        [(4, 7), (2, 0)]

    Args:
        ids: texts of the same number of tokens.
        right, wrong: one token's number for each text.
        hooks: edits under which the model runs; the norm's division is that of the edited run.

    Returns:
        What each head adds to the difference, in logits; what all heads add is their sum.
    """
    names = [f"blocks.{layer}.attn.hook_z" for layer in range(model.cfg.n_layers)]
    last = f"blocks.{model.cfg.n_layers - 1}.hook_resid_post"
    with model.hooks(fwd_hooks=hooks or []):
        seen = watch(model, ids, [*names, last])
    towards = _gain(model) * (model.W_U[:, right] - model.W_U[:, wrong]).T  # (batch, d_model)
    total = seen[last][:, -1]
    if not _has_rms_norm(model):
        towards = towards - towards.mean(dim=1, keepdim=True)  # the norm takes the mean of its input away
        total = total - total.mean(dim=1, keepdim=True)
    spread = total.pow(2).mean(dim=1).sqrt()
    W_O = torch.stack([model.blocks[layer].attn.W_O for layer in range(model.cfg.n_layers)])
    z = torch.stack([seen[name][:, -1] for name in names], dim=1)  # (batch, n_layers, n_heads, d_head)
    return torch.einsum("blhe,lhed,bd->blh", z, W_O, towards) / spread[:, None, None]


def _has_rms_norm(model: TransformerBridge) -> bool:
    return str(model.cfg.normalization_type).startswith("RMS")


def _gain(model: TransformerBridge) -> Tensor:
    """What the final norm multiplies each dimension by; Gemma keeps it less 1."""
    weight = model.ln_final.weight.float()
    return weight + 1 if getattr(model.cfg, "rmsnorm_uses_offset", False) else weight
