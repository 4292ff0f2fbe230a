"""Several hook points' activations side by side: what goes into a part of the model and what comes out, for `Transcoder`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.lm import gpt2
from course_utils.lm.activations import BATCHES_PER_CHUNK, Activations, rows_of
from course_utils.lm.tokens import Texts, check_hook_name, tokenize

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


def iterate_side_by_side(
    model: TransformerBridge,
    texts: Texts,
    hook_names: Sequence[str],
    *,
    batch_size: int = 16,
    max_tokens_per_text: int | None = None,
) -> Iterator[Activations]:
    """One row a token with the activations of several hook points, in chunks of ``8 * batch_size`` texts.

    They come from one forward pass. BOS is left out, as `iterate_activations` leaves it out.

    Examples:
        >>> from course_utils.lm import load_model
        >>> names = "blocks.2.mlp.hook_in", "blocks.2.hook_mlp_out"
        >>> [rows] = iterate_side_by_side(load_model("pocket"), ["The ship sails."], names)
        >>> rows.values.shape, rows.where.tolist()
        (torch.Size([4, 512]), [[0, 1], [0, 2], [0, 3], [0, 4]])

    Args:
        texts: strings, labelled texts, or `Tokens` from `tokenize`.
        hook_names: in the order in which they stand in a row; for a `Transcoder` what goes in, then what comes out.
        batch_size: texts a forward pass.
        max_tokens_per_text: longer texts are cut; BOS counts.

    Returns:
        An iterator of `Activations`.

    Raises:
        ValueError: if there are no texts, or a hook point is unknown.
    """
    for name in hook_names:
        check_hook_name(model, name)
    tokens = tokenize(model, texts, max_tokens_per_text=max_tokens_per_text)
    size = BATCHES_PER_CHUNK * batch_size

    def chunks() -> Iterator[Activations]:
        for first in range(0, len(tokens), size):
            some = tokens.select(slice(first, first + size))
            yield rows_of(lambda ids: _joined(model, ids, hook_names), some, batch_size, True, first)

    return chunks()


@torch.no_grad()
def _joined(
    model: TransformerBridge, ids: Int[Tensor, "batch pos"], names: Sequence[str]
) -> Float[Tensor, "batch pos width"]:
    ids = ids.to(model.cfg.device)
    plain = gpt2.gpt2_of(model) if all(map(gpt2.serves, names)) else None
    if plain is None:
        _, seen = model.run_with_cache(ids, names_filter=list(names))
        found = [seen[name] for name in names]
    else:
        wanted = [".".join([*name.split(".", 2)[:2], gpt2.SERVED[name.split(".", 2)[2]]]) for name in names]
        by_name: dict[str, Tensor] = {}
        for name, value in gpt2.hook_points(plain, ids):
            if name in wanted:
                by_name[name] = value
            if len(by_name) == len(wanted):
                break
        found = [by_name[name] for name in wanted]
    return torch.cat(found, dim=-1).float().cpu()
