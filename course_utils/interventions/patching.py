"""Where does an answer come from? Put a piece of one run into another, and watch the answer move.

    patched run   the corrupted text, with some activations of the clean text in place of its own
    attribution   value · d score / d value, the linear guess of what a unit's absence would cost

A score is any function of the logits (batch, pos, d_vocab) that gives one number for each text, or for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.base import require_choice
from course_utils.lm import check_hook_name
from course_utils.sae import SAE, hook_name_of

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

Ids = Int[Tensor, "batch pos"]
Score = Callable[[Float[Tensor, "batch pos d_vocab"]], Tensor]
"""From logits to one number for each text, or for all of them."""


def scored(score: Score, logits: Float[Tensor, "batch pos d_vocab"]) -> Tensor:
    """What a score gives.

    Raises:
        TypeError: if that is no tensor.
    """
    value = score(logits)
    if not isinstance(value, Tensor):
        raise TypeError(
            f"score gives {type(value).__name__}: it has to return a tensor, one number for each text"
        )
    return value


@torch.no_grad()
def watch(model: TransformerBridge, ids: Ids, hook_names: Sequence[str]) -> dict[str, Tensor]:
    """The activations at some hook points, copied, and the logits (batch, pos, d_vocab) under ``"logits"``.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model = load_model("pocket")
        >>> seen = watch(model, tokenize(model, "The ship").ids, ["blocks.2.attn.hook_z", "blocks.2.hook_resid_post"])
        >>> {name: tuple(x.shape) for name, x in seen.items()}
        {'blocks.2.attn.hook_z': (1, 3, 8, 32), 'blocks.2.hook_resid_post': (1, 3, 256), 'logits': (1, 3, 8192)}

    Args:
        hook_names: where to look; results come in the order in which the model passes them.

    Returns:
        The activations by hook point, (batch, pos, …) as the model has them, and then the logits.

    Raises:
        ValueError: if a hook point is unknown.
    """
    caught: dict[str, Tensor] = {}

    def keeper(name: str) -> Callable:
        def keep(x: Tensor, hook: object) -> Tensor:
            caught[name] = x.detach().clone()
            return x

        return keep

    for name in hook_names:
        check_hook_name(model, name)
    logits = model.run_with_hooks(
        ids.to(model.cfg.device),
        return_type="logits",
        fwd_hooks=[(name, keeper(name)) for name in hook_names],
    )
    return {**caught, "logits": logits.float()}


@torch.no_grad()
def patch(
    model: TransformerBridge, ids: Ids, hook_name: str, source: Tensor, at: tuple | slice = slice(None)
) -> Float[Tensor, "batch pos d_vocab"]:
    """Logits of ``ids``, with ``activation[at]`` taken from ``source``, the same activation of another run.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model, hook_name = load_model("pocket"), "blocks.2.hook_resid_post"
        >>> cat, dog = (tokenize(model, text).ids for text in ("The cat", "The dog"))
        >>> source = watch(model, cat, [hook_name])[hook_name]
        >>> torch.allclose(patch(model, dog, hook_name, source)[:, -1], model(cat)[:, -1], atol=1e-4)
        True

    Args:
        source: of the same shape as the activation at the hook point.
        at: an index: ``(slice(None), 5)`` is token 5 of every text, ``(slice(None), -1, 3)`` head 3 at the last
            token, where the hook point has heads.

    Raises:
        ValueError: if the hook point is unknown or the shapes differ.
    """
    check_hook_name(model, hook_name)

    def put(x: Tensor, hook: object) -> Tensor:
        if x.shape != source.shape:
            raise ValueError(f"{hook_name} has shape {tuple(x.shape)}, the source {tuple(source.shape)}")
        x = x.clone()
        x[at] = source[at].to(x)
        return x

    return model.run_with_hooks(
        ids.to(model.cfg.device), return_type="logits", fwd_hooks=[(hook_name, put)]
    ).float()


def patch_positions(
    model: TransformerBridge, ids: Ids, hook_names: Sequence[str], clean: Mapping[str, Tensor], score: Score
) -> Float[Tensor, "n_hooks pos"]:
    """Mean score of ``ids`` with one token of one hook point patched at a time.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model, hook_name = load_model("pocket"), "blocks.2.hook_resid_post"
        >>> tom, anna = (tokenize(model, text).ids for text in ("Tom", "Anna"))
        >>> clean, score = watch(model, tom, [hook_name]), lambda logits: logits[:, -1, 0]
        >>> scores = patch_positions(model, anna, [hook_name], clean, score)[0]  # BOS patched, then the name
        >>> torch.allclose(scores, torch.cat([score(model(anna)), score(model(tom))]), atol=1e-3)
        True

    Args:
        ids: of the corrupted texts, as long as the clean ones.
        clean: the activations of the clean texts, from `watch`.
        score: of the logits (batch, pos, d_vocab): one number for each text, or for all of them.

    Raises:
        ValueError: if a hook point is unknown or not in ``clean``, or the two runs differ in their number of tokens.
    """

    if not hook_names:
        raise ValueError("hook_names is empty")
    for name in hook_names:
        require_choice("hook_names", name, clean)

    def row(name: str) -> Float[Tensor, "pos"]:
        places = range(ids.shape[1])
        return torch.stack(
            [scored(score, patch(model, ids, name, clean[name], (slice(None), p))).mean() for p in places]
        )

    return torch.stack([row(name) for name in hook_names])


def patch_heads(
    model: TransformerBridge, ids: Ids, clean: Mapping[str, Tensor], score: Score
) -> Float[Tensor, "n_layers n_heads"]:
    """Mean score of ``ids`` with the output of one attention head patched at a time, on all tokens.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model, names = load_model("pocket"), [f"blocks.{layer}.attn.hook_z" for layer in range(5)]
        >>> tom, anna, he, she = (tokenize(model, text).ids for text in ("Tom said", "Anna said", " he", " she"))
        >>> he_or_she = lambda logits: logits[:, -1, he[0, 1]] - logits[:, -1, she[0, 1]]
        >>> divmod(int(patch_heads(model, anna, watch(model, tom, names), he_or_she).argmax()), 8)  # layer, head
        (3, 3)

    Args:
        ids: of the corrupted texts, as long as the clean ones.
        clean: ``blocks.….attn.hook_z`` of every layer in the clean run, from `watch`.
        score: of the logits (batch, pos, d_vocab): one number for each text, or for all of them.

    Raises:
        ValueError: if the two runs differ in shape, or ``clean`` lacks a layer.
    """
    rows = []
    for layer in range(model.cfg.n_layers):
        name = f"blocks.{layer}.attn.hook_z"
        if name not in clean:
            raise ValueError(f"clean has no {name}: watch(model, ids, names) of every layer's")
        heads = range(model.cfg.n_heads)
        at = (slice(None), slice(None))
        rows.append(
            torch.stack([scored(score, patch(model, ids, name, clean[name], (*at, h))).mean() for h in heads])
        )
    return torch.stack(rows)


class Attribution(NamedTuple):
    """What each unit is worth, if all were linear; made by `attribute`."""

    values: Float[Tensor, "batch pos units"]
    """The units' activations."""

    gradients: Float[Tensor, "batch pos units"]
    """Of the summed score, with respect to each unit's value."""

    @property
    def effects(self) -> Float[Tensor, "batch pos units"]:
        """value · gradient: what the score would lose without the unit, if the model were linear."""
        return self.values * self.gradients


def attribute(model: TransformerBridge, what: SAE | str, ids: Ids, score: Score) -> Attribution:
    """Gradient times activation for every unit at a hook point, from one forward and one backward pass.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model = load_model("pocket")
        >>> ids = tokenize(model, "The ship sails").ids
        >>> attribute(model, "blocks.2.hook_resid_post", ids, lambda logits: logits[:, -1, 0]).effects.shape
        torch.Size([1, 4, 256])

    Args:
        what: an autoencoder, whose latents are the units, each acting along its decoder direction; or the name of a
            hook point, where the activation's own axes are.
        ids: of some texts of the same length.
        score: of the logits (batch, pos, d_vocab): one number for each text, or for all of them.

    Returns:
        Values, gradients and ``effects``, each (batch, pos, units).

    Raises:
        TypeError: if ``what`` is neither.
        ValueError: if the hook point is unknown or unsaid, or the score does not depend on it.
    """
    if not isinstance(what, SAE | str):
        raise TypeError(f"what is {type(what).__name__}: pass an autoencoder, or the name of a hook point")
    hook_name = what if isinstance(what, str) else hook_name_of(what)
    check_hook_name(model, hook_name)
    caught: list[Tensor] = []

    def leaf(x: Tensor, hook: object) -> Tensor:
        caught.append(x.detach().clone().requires_grad_())
        return caught[0]

    with torch.enable_grad():
        logits = model.run_with_hooks(
            ids.to(model.cfg.device), return_type="logits", fwd_hooks=[(hook_name, leaf)]
        )
        total = scored(score, logits.float()).sum()
    if not total.requires_grad:
        raise ValueError(f"the score does not depend on {hook_name}")
    (gradient,) = torch.autograd.grad(total, caught)
    x = caught[0].detach()
    if isinstance(what, str):
        return Attribution(x, gradient)
    with torch.no_grad():
        return Attribution(what.encode(x), gradient @ what.W_dec.T)
