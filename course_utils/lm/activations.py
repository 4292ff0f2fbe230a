"""Activations of a language model at one hook point: one row a token, and where each row came from.

    texts -> Tokens -> forward passes -> values (n, d_model), where (n, 2)

A row of ``where`` is (number of the text, position of the token), position 0 being BOS. BOS is left out by default:
it is the same in every text, models use it as a resting place for attention, and its activation is an outlier (in the
pocket model longer than nearly all others, in GPT-2 by far), so it would bend the scale and the mean of all the rest.
Padding is never returned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.base import frees_memory, processes
from course_utils.lm import gpt2
from course_utils.lm.plain_layers import plain_reader
from course_utils.lm.tokens import Texts, Tokens, as_list, check_hook_name, tokenize

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

# texts are sorted by length inside a chunk of this many batches: bounded memory, little padding
BATCHES_PER_CHUNK = 8


@dataclass(frozen=True, eq=False)
class Activations:
    """What a model computed at one hook point, one row a token, in the order of the texts."""

    values: Float[Tensor, "n d_model"]
    """float32, on the CPU; several heads lie side by side in a row."""

    where: Int[Tensor, "n 2"]
    """Number of the text, position in it; position 0 is BOS."""

    def __len__(self) -> int:
        return len(self.values)

    def of_first(self, n_texts: int) -> Activations:
        """The rows of the first texts, not copied."""
        n = int((self.where[:, 0] < n_texts).sum())
        return Activations(self.values[:n], self.where[:n])


@frees_memory
def collect_activations(
    model: TransformerBridge,
    texts: Texts,
    hook_name: str,
    *,
    batch_size: int = 16,
    max_tokens_per_text: int | None = None,
    skip_bos: bool = True,
    compute_dtype: torch.dtype = torch.float32,
) -> Activations:
    """Activations of every token of every text, in memory.

    Started by `torchrun` or `accelerate launch`, each process runs the model on its share of the texts, and all get
    the whole.

    Examples:
        >>> from course_utils.lm import load_model
        >>> activations = collect_activations(load_model("pocket"), ["The ship sails."], "blocks.2.hook_resid_post")
        >>> activations.values.shape, activations.where.tolist()
        (torch.Size([4, 256]), [[0, 1], [0, 2], [0, 3], [0, 4]])

    Args:
        texts, hook_name, batch_size, max_tokens_per_text, skip_bos, compute_dtype: as for `iterate_activations`.

    Returns:
        ``values`` (n, d_model) and ``where`` (n, 2), one row a token, BOS left out unless asked for.

    Raises:
        ValueError: as `iterate_activations`.
    """
    check_hook_name(model, hook_name)
    texts = texts if isinstance(texts, Tokens) else as_list(texts)
    tokens = tokenize(model, texts, max_tokens_per_text=max_tokens_per_text)
    where, team = _places(tokens, skip_bos), processes()
    shared = 1 < team.count <= len(tokens)
    chunks = iterate_activations(
        model,
        tokens,
        hook_name,
        batch_size=batch_size,
        skip_bos=skip_bos,
        compute_dtype=compute_dtype,
        share=shared,
    )
    values, of_text = torch.empty(0), where[:, 0].contiguous()
    for number, chunk in enumerate(chunks):
        if number == 0:  # one table from the start: joined at the end, all rows would be there twice
            make = torch.zeros if shared else torch.empty
            values = make(len(where), chunk.values.shape[1])
        if len(chunk):
            first = int(torch.searchsorted(of_text, chunk.where[0, 0]))
            values[first : first + len(chunk)] = chunk.values
    if shared:
        values = values.to(team.device)
        team.sum_([values])  # every row is 0 in all processes but one
    return Activations(values.cpu(), where)


def _places(tokens: Tokens, skip_bos: bool) -> Int[Tensor, "n 2"]:
    kept = tokens.is_real
    kept[:, : int(skip_bos)] = False
    return kept.nonzero()


def iterate_activations(
    model: TransformerBridge,
    texts: Texts,
    hook_name: str,
    *,
    batch_size: int = 16,
    max_tokens_per_text: int | None = None,
    skip_bos: bool = True,
    compute_dtype: torch.dtype = torch.float32,
    share: bool = False,
) -> Iterator[Activations]:
    """The rows of `collect_activations` in the same order, in chunks of ``8 * batch_size`` texts.

    Memory does not grow with the number of texts.

    Examples:
        >>> from course_utils.lm import load_model
        >>> texts = ["The ship sails."] * 20  # of 4 tokens each
        >>> chunks = iterate_activations(load_model("pocket"), texts, "blocks.2.hook_resid_post", batch_size=2)
        >>> [len(chunk) for chunk in chunks]  # 16 texts, then the other 4
        [64, 16]

    Args:
        texts: strings, labelled texts, or `Tokens` from `tokenize`.
        hook_name: any hook point that gives (batch, pos, …), such as ``blocks.2.hook_resid_post``.
        batch_size: texts a forward pass.
        max_tokens_per_text: longer texts are cut; BOS counts. None cuts at the model's context.
        skip_bos: leave out position 0.
        compute_dtype: of the model's matrix products. ``torch.bfloat16`` is good to two or three digits and pays only
            where the hardware multiplies in it; rows are float32 in any case.
        share: of several processes that `torchrun` or `accelerate launch` started, each gets its part of the texts;
            without it, all of them. Texts keep their numbers.

    Returns:
        An iterator of `Activations`; nothing is computed before the first is asked for.

    Raises:
        ValueError: if there are no texts, fewer than processes to share them, or ``hook_name`` is unknown or does not
            give one row a token.
    """
    check_hook_name(model, hook_name)
    if not isinstance(texts, Tokens):
        texts = as_list(texts)
    elif not len(texts):
        raise ValueError("there are no texts: the Tokens are empty")
    mine = torch.arange(len(texts))
    if share:
        mine = processes().share(mine)
    start, end = int(mine[0]), int(mine[-1]) + 1

    def chunks() -> Iterator[Activations]:
        read = reader_of(model, hook_name, compute_dtype)
        size = BATCHES_PER_CHUNK * batch_size
        for first in range(start, end, size):
            window = slice(first, min(first + size, end))
            some = texts.select(window) if isinstance(texts, Tokens) else texts[window]
            tokens = tokenize(model, some, max_tokens_per_text=max_tokens_per_text)
            yield rows_of(read, tokens, batch_size, skip_bos, first)

    return chunks()


Reader = Callable[[Int[Tensor, "batch pos"]], Float[Tensor, "batch pos d_model"]]


def reader_of(model: TransformerBridge, hook_name: str, dtype: torch.dtype) -> Reader:
    """What turns token numbers into values: by a short way if the model and the hook point allow one."""
    plain = None
    if gpt2.serves(hook_name):
        plain = gpt2.gpt2_of(model, dtype, n_layers=int(hook_name.split(".")[1]) + 1)
    if plain is None:
        short = plain_reader(model, hook_name, lambda ids: _values_at(model, ids, hook_name), dtype)
        return short or (lambda ids: _values_at(model, ids, hook_name, dtype))
    device = plain.weights["wte.weight"].device

    @torch.no_grad()
    def read(ids: Tensor) -> Tensor:
        return gpt2.value_at(plain, ids.to(device), hook_name).float().cpu()

    return read


def rows_of(read: Reader, tokens: Tokens, batch_size: int, skip_bos: bool, first: int) -> Activations:
    """What ``read`` gives for some texts, in their order; ``first`` is the number of the first."""
    rows: list[Tensor] = [torch.empty(0)] * len(tokens)
    for texts, batch in tokens.batches(batch_size):
        values = read(batch.ids)
        for text, value, length in zip(texts.tolist(), values, batch.lengths.tolist(), strict=True):
            rows[text] = value[int(skip_bos) : length]
    return Activations(torch.cat(rows), _places(tokens, skip_bos) + torch.tensor([first, 0]))


@torch.no_grad()
def _values_at(
    model: TransformerBridge,
    ids: Int[Tensor, "batch pos"],
    hook_name: str,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "batch pos d_model"]:
    caught: list[Tensor] = []
    layer = re.match(r"blocks\.(\d+)\.", hook_name)
    after = int(layer[1]) + 1 if layer else model.cfg.n_layers
    device = torch.device(model.cfg.device or "cpu")
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        model.run_with_hooks(
            ids.to(device),
            return_type=None,
            stop_at_layer=after if after < model.cfg.n_layers else None,  # later layers would be thrown away
            fwd_hooks=[(hook_name, lambda value, hook: caught.append(value))],
        )
    if not caught:
        raise ValueError(f"{hook_name!r} exists but is never computed by this model")
    value = caught[0]
    between_positions = hook_name.endswith(("hook_pattern", "hook_attn_scores"))
    if value.ndim < 3 or value.shape[:2] != ids.shape or between_positions:
        raise ValueError(
            f"{hook_name!r} has shape {tuple(value.shape)} for tokens of shape {tuple(ids.shape)}: "
            "it does not hold one row a token"
        )
    return value.flatten(start_dim=2).float().cpu()
