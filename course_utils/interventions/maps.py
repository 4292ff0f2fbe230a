"""Where in the model does the answer come from? A map of what each patch brings back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.interventions.batched_edits import change_each
from course_utils.interventions.measures import brought_back
from course_utils.interventions.patching import Score, patch_heads, scored, watch

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

HEADS = "heads"
PATCHABLE_PARTS = {
    "residual stream": "hook_resid_pre",
    "attention output": "hook_attn_out",
    "MLP output": "hook_mlp_out",
    HEADS: "attn.hook_z",
}
"""What `patching_map` can patch, and the hook point of each in a layer."""


class PatchingMap(NamedTuple):
    """What each patch brought back, made by `patching_map`."""

    brought_back: Float[Tensor, "n_layers n_columns"]
    """Share of the answer, 0 to 1 and beyond; a column is a token, or a head where heads are patched."""

    clean: float
    """Score of the clean run, which is 1 in the map."""

    corrupted: float
    """Score of the corrupted run, which is 0 in the map."""


def patching_map(
    model: TransformerBridge,
    clean_ids: Int[Tensor, "1 pos"],
    corrupted_ids: Int[Tensor, "1 pos"],
    part: str,
    score: Score,
) -> PatchingMap:
    """Patch one part of the clean run into the corrupted one, at each layer and token (or head) in turn.

    Examples:
        >>> from course_utils.interventions import prompt_ids
        >>> from course_utils.lm import load_model
        >>> model = load_model("pocket")
        >>> clean, corrupted = (prompt_ids(model, text)[None] for text in ("Tom said", "Anna said"))
        >>> he, she = (prompt_ids(model, word)[1] for word in (" he", " she"))
        >>> found = patching_map(
        ...     model, clean, corrupted, "residual stream", lambda logits: logits[..., -1, he] - logits[..., -1, she]
        ... )
        >>> found.brought_back[[0, -1], 1].round(decimals=1)  # the name's token, before the first and the last layer
        tensor([1.0000, 0.6000])

    Args:
        clean_ids, corrupted_ids: two texts with the same number of tokens.
        part: one of `PATCHABLE_PARTS`.
        score: logits (batch, pos, d_vocab) to one number a row, read off the last token.

    Raises:
        ValueError: if the two texts differ in their number of tokens, or there is no such part.
    """
    if clean_ids.shape != corrupted_ids.shape:
        raise ValueError(
            f"The corrupted sentence has {corrupted_ids.shape[1]} tokens, the clean one {clean_ids.shape[1]}, "
            "so that nothing lines up."
        )
    if part not in PATCHABLE_PARTS:
        raise ValueError(f"part is {part!r}, not one of {', '.join(PATCHABLE_PARTS)}")
    rows = [f"blocks.{layer}.{PATCHABLE_PARTS[part]}" for layer in range(model.cfg.n_layers)]
    clean, corrupted = watch(model, clean_ids, rows), watch(model, corrupted_ids, rows)
    ends = [scored(score, run["logits"]).item() for run in (clean, corrupted)]
    if part == HEADS:
        scores = patch_heads(model, corrupted_ids, clean, score)
    else:
        scores = torch.full((len(rows), clean_ids.shape[1]), ends[1])
        for line, row in zip(scores, rows, strict=True):
            change = (clean[row] - corrupted[row])[0]
            places = change.any(dim=1).nonzero()[:, 0]  # in front of the first other token nothing differs
            line[places] = scored(
                score, change_each(model, corrupted_ids, row, places, change[places])[:, None]
            )
    return PatchingMap(brought_back(scores, *ends), *ends)
