"""All MLP neurons of a language model at once: their strongest activation in each text, and what is lost without some.

A neuron is named by its layer and its place in it: ``(2, 17)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.lm.gpt2 import gpt2_of, hook_points
from course_utils.lm.losses import next_token_losses
from course_utils.lm.tokens import Tokens
from course_utils.lm.two_parts import losses_at_end

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

Neuron = tuple[int, int]


def _hook_name(layer: int) -> str:
    return f"blocks.{layer}.mlp.hook_post"


def neurons_per_layer(model: TransformerBridge) -> int:
    """How many neurons each MLP has.

    Examples:
        >>> from course_utils.lm import load_model
        >>> neurons_per_layer(load_model("pocket"))
        1024

    Raises:
        ValueError: if the model's configuration does not say.
    """
    if model.cfg.d_mlp is None:
        raise ValueError(f"{model.cfg.model_name} does not say how many neurons its layers have")
    return model.cfg.d_mlp


@torch.no_grad()
def _watch(
    model: TransformerBridge, tokens: Tokens, batch_size: int, layers: Sequence[int], see: Callable
) -> None:
    """One pass over the texts: ``see(texts, batch, layer, values)`` for each batch of them and each layer."""
    plain = gpt2_of(model)
    if plain is not None:
        device, last = plain.weights["wte.weight"].device, _hook_name(max(layers))
        names = {_hook_name(layer): layer for layer in layers}
        for texts, batch in tokens.batches(batch_size):
            for name, values in hook_points(plain, batch.ids.to(device)):
                if name in names:
                    see(texts, batch, names[name], values.float().cpu())
                if name == last:
                    break
        return

    def note(values: Tensor, hook: object, *, texts: Tensor, batch: Tokens, layer: int) -> None:
        see(texts, batch, layer, values.float().cpu())

    for texts, batch in tokens.batches(batch_size):
        model.run_with_hooks(
            batch.ids.to(model.cfg.device),
            return_type=None,
            stop_at_layer=max(layers) + 1,
            fwd_hooks=[
                (_hook_name(layer), partial(note, texts=texts, batch=batch, layer=layer)) for layer in layers
            ],
        )


def neuron_peaks_by_text(
    model: TransformerBridge, tokens: Tokens, *, layers: Sequence[int] | None = None, batch_size: int = 8
) -> Float[Tensor, "n_texts n_layers d_mlp"]:
    """Each neuron's largest activation over the tokens of a text, BOS left out.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model = load_model("pocket")
        >>> peaks = neuron_peaks_by_text(model, tokenize(model, ["The ship sails.", "Hello"]))
        >>> peaks.shape, int(peaks[0, 2].argmax())  # the neuron of layer 2 that the first text excites most
        (torch.Size([2, 5, 1024]), 187)

    Args:
        tokens: from `tokenize`.
        layers: some of them, in the order wanted; None is all. The model runs no further than the highest.
        batch_size: texts a forward pass.

    Raises:
        ValueError: if the model's configuration does not say how many neurons there are.
    """
    watched = list(range(model.cfg.n_layers) if layers is None else layers)
    strongest = torch.zeros(len(tokens), len(watched), neurons_per_layer(model), dtype=torch.float32)

    def see(texts: Tensor, batch: Tokens, layer: int, values: Tensor) -> None:
        unread = ~batch.is_real
        unread[:, 0] = True
        peaks = values.masked_fill(unread[..., None], -torch.inf).amax(dim=1)
        strongest[texts, watched.index(layer)] = peaks

    _watch(model, tokens, batch_size, watched, see)
    return strongest


def strengths_by_token(
    model: TransformerBridge, tokens: Tokens, neurons: Sequence[Neuron], *, batch_size: int = 8
) -> Float[Tensor, "n_texts pos n_neurons"]:
    """A few neurons' activations on every token; 0 on BOS and padding.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model = load_model("pocket")
        >>> tokens = tokenize(model, ["The ship sails."])
        >>> strengths = strengths_by_token(model, tokens, [(0, 49), (2, 187)])
        >>> [tokens.strings(0)[place] for place in strengths[0].argmax(dim=0)]  # where each fires most
        [' sails', 'The']

    Args:
        tokens: from `tokenize`.
        neurons: (layer, place) of each, counted from 0.
        batch_size: texts a forward pass.
    """
    strengths = torch.zeros(*tokens.ids.shape, len(neurons), dtype=torch.float32)
    if not neurons:
        return strengths

    def see(texts: Tensor, batch: Tokens, layer: int, values: Tensor) -> None:
        read = batch.is_real
        read[:, 0] = False
        for i, (of, neuron) in enumerate(neurons):
            if of == layer:
                strengths[texts, : batch.ids.shape[1], i] = values[..., neuron] * read

    _watch(model, tokens, batch_size, sorted({layer for layer, _ in neurons}), see)
    return strengths


@torch.no_grad()
def losses_by_text(
    model: TransformerBridge,
    tokens: Tokens,
    held: Mapping[Neuron, float] | None = None,
    *,
    batch_size: int = 8,
) -> Float[Tensor, "n_texts"]:
    """Mean next-token loss of each text in nats a token, with some neurons held at a value everywhere.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model = load_model("pocket")
        >>> tokens = tokenize(model, ["The ship sails on the sea.", "Sea the on sails ship the."])
        >>> losses_by_text(model, tokens).round()  # the same words make less sense backwards
        tensor([4., 8.])

    Args:
        tokens: from `tokenize`.
        held: the value of each neuron to hold, ``{(layer, neuron): 0.0}``; None leaves the model as it is.
        batch_size: texts a forward pass.

    Returns:
        One loss a text (n_texts,).
    """
    by_layer: dict[int, dict[int, float]] = {}
    for (layer, neuron), value in (held or {}).items():
        by_layer.setdefault(layer, {})[neuron] = value
    edits = {_hook_name(layer): partial(_hold_, some=some) for layer, some in by_layer.items()}
    losses, plain = torch.zeros(len(tokens), dtype=torch.float32), gpt2_of(model)
    for texts, batch in tokens.batches(batch_size):
        ids, scored = batch.ids.to(model.cfg.device), batch.is_real[:, 1:]
        if plain is None or "lm_head.weight" not in plain.weights:
            hooks: list[Any] = [
                (name, lambda values, hook, edit=edit: edit(values.clone())) for name, edit in edits.items()
            ]
            found = next_token_losses(
                model.run_with_hooks(ids, return_type="logits", fwd_hooks=hooks), ids, scored
            )
        else:
            x = ids
            for name, x in hook_points(plain, ids):
                if name in edits:
                    edits[name](x)
            found = losses_at_end(plain, x, ids, scored.to(ids.device))
        losses[texts] = found.cpu().sum(dim=1) / scored.sum(dim=1)
    return losses


def _hold_(
    values: Float[Tensor, "batch pos d_mlp"], some: Mapping[int, float]
) -> Float[Tensor, "batch pos d_mlp"]:
    """Write some neurons' values, in place."""
    values[..., list(some)] = torch.tensor(list(some.values())).to(values)
    return values


class Passage(NamedTuple):
    """A few tokens around the one on which a neuron fires most strongly in a text."""

    tokens: tuple[str, ...]
    strengths: tuple[float, ...]
    text: int
    strongest: float


def strongest_passages(
    tokens: Tokens,
    strengths: Float[Tensor, "n_texts pos"],
    texts: Sequence[int] | Int[Tensor, "some"],
    n: int = 3,
    window: tuple[int, int] = (10, 6),
) -> list[Passage]:
    """Of these texts, the ``n`` in which a neuron fires most strongly, each cut to ``window`` tokens around its peak.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> tokens = tokenize(load_model("pocket"), ["The ship sails.", "Hello"])
        >>> strengths = torch.tensor([[0.0, 0.0, 3.0, 1.0, 0.0], [0.0, 2.0, 0.0, 0.0, 0.0]])
        >>> [found] = strongest_passages(tokens, strengths, [0, 1], n=1, window=(1, 1))
        >>> found.tokens, found.strongest
        (('The', ' ship', ' sails'), 3.0)

    Args:
        tokens: from `tokenize`.
        strengths: of one neuron, ``strengths_by_token(…)[:, :, 0]``.
        texts: numbers of the texts to choose from.
        n: passages, one a text.
        window: tokens to show before and after the peak.

    Returns:
        Strongest first; fewer than ``n`` if there are fewer texts.
    """
    if not len(texts):
        return []
    rows = torch.as_tensor(texts)
    peaks, positions = strengths[rows].max(dim=1)
    passages = []
    for i in peaks.round(decimals=3).argsort(descending=True, stable=True)[:n].tolist():
        text, position = int(rows[i]), int(positions[i])
        shown = slice(max(1, position - window[0]), min(int(tokens.lengths[text]), position + window[1] + 1))
        passages.append(
            Passage(
                tuple(tokens.strings(text)[shown]),
                tuple(strengths[text, shown].tolist()),
                text,
                peaks[i].item(),
            )
        )
    return passages
