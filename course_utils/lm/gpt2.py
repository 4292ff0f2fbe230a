"""GPT-2's forward pass written out, up to the hook point that is asked for and no further.

    x = W_E[ids] + W_pos
    in each block:  x = x + attention(norm(x)),  then  x = x + mlp(norm(x))

`TransformerBridge` computes the same with a hook at every result in between, three products where one does for q, k and
v, and every attention score kept. Harvesting wants one result only, so `activations` comes here where it can: the model
is a GPT-2 as transformers has it, and nothing is hooked into it. The weights are the bridge's own, not copies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

from course_utils.base import packed, packed_linear, packs_bfloat16

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

PLAIN = dict(
    model_type="gpt2",
    activation_function="gelu_new",
    scale_attn_weights=True,
    scale_attn_by_inverse_layer_idx=False,
)
"""What a configuration has to say."""

SERVED = {
    name: name
    for name in ("hook_resid_pre", "hook_resid_mid", "hook_resid_post", "hook_attn_out", "hook_mlp_out")
}
SERVED |= {name: name for name in ("attn.hook_z", "mlp.hook_in", "mlp.hook_pre", "mlp.hook_post")}
SERVED |= {"hook_in": "hook_resid_pre", "hook_out": "hook_resid_post"}
SERVED |= {"attn.hook_out": "hook_attn_out", "mlp.hook_out": "hook_mlp_out"}
"""Hook points of a block, ``blocks.3.`` left out, by all their names."""


QUERIES = 128  # at a time, in bfloat16 attention


class GPT2(NamedTuple):
    """The weights under transformers' names, and the two numbers that go with them."""

    weights: dict[str, Tensor]
    n_heads: int
    epsilon: float


def gpt2_of(
    model: TransformerBridge, dtype: torch.dtype = torch.float32, n_layers: int | None = None
) -> GPT2 | None:
    """What `value_at` needs, or None if this model is no plain float32 GPT-2 or has hooks, which would have to run.

    Examples:
        >>> from course_utils.lm import load_model
        >>> gpt2 = gpt2_of(load_model("pocket"))
        >>> gpt2.n_heads, gpt2.weights["h.0.mlp.c_fc.weight"].shape
        (8, torch.Size([256, 1024]))

    Args:
        dtype: of the matrix products, which makes copies of the matrices if it is not float32. What is added up, the
            residual stream, stays float32.
        n_layers: how many will be used; None is all. Of the others no copies are made.
    """
    plain = model.original_model
    config: Any = plain.config
    if any(getattr(config, name, None) != value for name, value in PLAIN.items()):
        return None
    if model.training or model.compatibility_mode:
        return None
    if any(is_hooked(part) for part in model.modules()):
        return None
    names = {name: name.replace("._original_component", "") for name in plain.state_dict()}
    weights = {names[name].removeprefix("transformer."): w for name, w in plain.state_dict().items()}
    if any(w.dtype != torch.float32 for w in weights.values()):
        return None
    layers = range(config.n_layer)
    for layer in layers:  # one memory under two names, unless somebody put in another q
        apart, joint = (weights[f"h.{layer}.attn.{name}.weight"] for name in ("q", "c_attn"))
        if apart.data_ptr() != joint.data_ptr():
            return None
    if dtype != torch.float32:
        used = tuple(f"h.{layer}." for layer in layers[:n_layers])
        weights = {
            n: _rounded(w, dtype) if ".c_" in n and n.startswith(used) else w for n, w in weights.items()
        }
    return GPT2(weights, config.n_head, config.layer_norm_epsilon)


def _rounded(w: Tensor, dtype: torch.dtype) -> Tensor:
    """A copy. Where oneDNN multiplies bfloat16, a matrix gets the order in which it reads it, its outputs first."""
    w = w.to(dtype)
    packs = w.ndim == 2 and _is_low(w) and packs_bfloat16()
    return packed(w.T) if packs else w


LIBRARIES = ("transformers.", "transformer_lens.model_bridge.generalized_components.")


def is_hooked(part: Module) -> bool:
    """Did somebody put a hook in? The libraries leave some of their own, which change nothing."""
    hooks = [*part._forward_pre_hooks.values(), *part._forward_hooks.values()]
    return any(not getattr(hook, "__module__", "").startswith(LIBRARIES) for hook in hooks)


def serves(hook_name: str) -> bool:
    """Is it one of the hook points that `hook_points` gives?"""
    return re.sub(r"^blocks\.\d+\.", "", hook_name) in SERVED and hook_name.startswith("blocks.")


def value_at(gpt2: GPT2, ids: Int[Tensor, "batch pos"], hook_name: str) -> Float[Tensor, "batch pos width"]:
    """The value at a hook point that it `serves`, heads side by side.

    Padding on the right does no harm: attention looks to the left only.

    Examples:
        >>> from course_utils.lm import load_model
        >>> model, ids, name = load_model("pocket"), torch.tensor([[0, 1, 2]]), "blocks.2.hook_mlp_out"
        >>> value = value_at(gpt2_of(model), ids, name)
        >>> value.shape, torch.allclose(value, model.run_with_cache(ids)[1][name], atol=1e-4)
        (torch.Size([1, 3, 256]), True)

    Args:
        gpt2: from `gpt2_of`.
        ids: token numbers, BOS first.
        hook_name: ``"blocks.2.hook_resid_post"``, say; `SERVED` has all ends of it.

    Raises:
        ValueError: if it is none of them, or of no layer that the model has.
    """
    if not serves(hook_name):
        raise ValueError(f"hook_name is {hook_name!r}, not blocks.<layer>. and one of {', '.join(SERVED)}")
    blocks, layer, name = hook_name.split(".", 2)
    wanted = f"{blocks}.{layer}.{SERVED[name]}"
    value = next((value for name, value in hook_points(gpt2, ids, wanted) if name == wanted), None)
    if value is None:
        raise ValueError(f"hook_name is {hook_name!r}: the model has no layer {layer}")
    return value


def hook_points(
    gpt2: GPT2, ids: Int[Tensor, "batch pos"], wanted: str | None = None
) -> Iterator[tuple[str, Float[Tensor, "batch pos width"]]]:
    """(name, value) of one hook point after the other, as they are computed; a value is good until the next.

    What is written into the value of ``mlp.hook_post`` goes into what follows.
    Given the name of the only one ``wanted``, other products may be left out where that is faster.
    """
    x = gpt2.weights["wte.weight"][ids] + gpt2.weights["wpe.weight"][: ids.shape[1]]
    yield from hook_points_after(gpt2, x, 0, wanted)


def hook_points_after(
    gpt2: GPT2, x: Float[Tensor, "batch pos d_model"], layer: int, wanted: str | None = None
) -> Iterator[tuple[str, Float[Tensor, "batch pos width"]]]:
    """The same from one layer on, given the residual stream ``x`` that it reads."""
    weights = gpt2.weights

    def times(x: Tensor, name: str, then: str = "none") -> Tensor:
        W, b = weights[f"{name}.weight"], weights[f"{name}.bias"]
        if W.is_mkldnn:
            return packed_linear(x.to(W.dtype), W, b, then)
        return linear(x.to(W.dtype), W.T, b)

    def norm(x: Tensor, name: str) -> Tensor:
        return layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], gpt2.epsilon)

    while f"h.{layer}.ln_1.weight" in weights:
        of, here = f"h.{layer}", f"blocks.{layer}"
        yield f"{here}.hook_resid_pre", x
        qkv = times(norm(x, f"{of}.ln_1"), f"{of}.attn.c_attn").unflatten(-1, (3, gpt2.n_heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (batch, head, pos, d_head) each
        attend = causal_attention if _is_low(q) else partial(scaled_dot_product_attention, is_causal=True)
        z = attend(q, k, v).transpose(1, 2).flatten(start_dim=2)
        yield f"{here}.attn.hook_z", z
        attention = times(z, f"{of}.attn.c_proj")
        yield f"{here}.hook_attn_out", attention
        x = x + attention
        yield f"{here}.hook_resid_mid", x
        normed = norm(x, f"{of}.ln_2")
        yield f"{here}.mlp.hook_in", normed
        if wanted in (None, f"{here}.mlp.hook_pre") or not weights[f"{of}.mlp.c_fc.weight"].is_mkldnn:
            hidden = times(normed, f"{of}.mlp.c_fc")
            yield f"{here}.mlp.hook_pre", hidden
            hidden = gelu(hidden, approximate="tanh")
        else:  # one operation: torch's own gelu is slow in bfloat16
            hidden = times(normed, f"{of}.mlp.c_fc", then="gelu")
        yield f"{here}.mlp.hook_post", hidden
        out = times(hidden, f"{of}.mlp.c_proj")
        yield f"{here}.hook_mlp_out", out
        x = x + out
        yield f"{here}.hook_resid_post", x
        layer += 1


def causal_attention(
    q: Float[Tensor, "batch head pos d_head"],
    k: Float[Tensor, "batch head pos d_head"],
    v: Float[Tensor, "batch head pos d_head"],
) -> Float[Tensor, "batch head pos d_head"]:
    """Each position looks at itself and to its left; what `scaled_dot_product_attention` is slow at in bfloat16.

    Some queries at a time: what lies to their right is never computed, and their scores share one room.
    """
    *shape, n_pos, width = q.shape
    at_once = min(QUERIES, n_pos)
    q, k, v = (x.reshape(-1, n_pos, width) for x in (q / width**0.5, k, v))
    z, room = torch.empty_like(v), v.new_empty(len(v), at_once, n_pos)
    future = v.new_full((at_once, at_once), -torch.inf).triu_(1)
    for first in range(0, n_pos, at_once):
        last = min(first + at_once, n_pos)
        scores = room.view(-1)[: len(v) * (last - first) * last].view(len(v), last - first, last)
        torch.bmm(q[:, first:last], k[:, :last].mT, out=scores)
        scores[:, :, first:] += future[: last - first, : last - first]
        z[:, first:last] = torch.softmax(scores, dim=-1, out=scores) @ v[:, :last]
    return z.view(*shape, n_pos, width)


def _is_low(x: Tensor) -> bool:
    return x.dtype == torch.bfloat16 and x.device.type == "cpu"
