"""Transformers' own layers, run up to one hook point and no further: for models that are no plain GPT-2.

`TransformerBridge` puts its hooks between transformers' operations, and attends in a way that keeps every score.
Harvesting wants one result only. So the model is built again from its configuration, around the bridge's own weights
(not copies), without the bridge's parts and with torch's fused attention; layers after the hook point are left out. On
a few tokens the result is compared with the bridge's, and where the two differ the bridge does the work.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils.base import packed, packed_linear, packs_bfloat16
from course_utils.lm.gpt2 import is_hooked

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

BEFORE, AFTER = ("hook_resid_pre", "hook_in"), ("hook_resid_post", "hook_out")
NEURONS = ("mlp.hook_post", "mlp.out.hook_in")
TRIED = 12  # tokens of the two texts on which it is compared with the bridge
TOLERANCE = 1e-3

Read = Callable[[Int[Tensor, "batch pos"]], Float[Tensor, "batch pos width"]]


class _Reached(Exception):
    """The hook point was computed, and what comes after it need not be."""


def plain_reader(
    model: TransformerBridge, hook_name: str, bridge: Read, dtype: torch.dtype = torch.float32
) -> Read | None:
    """What turns token numbers into values at a hook point, or None if only the bridge can.

    Args:
        hook_name: the residual stream before or after a layer, or the neurons of one.
        bridge: what the bridge itself gives there.
        dtype: of the matrix products. What is added up, the residual stream, stays float32.
    """
    place = re.fullmatch(r"blocks\.(\d+)\.(.+)", hook_name)
    if place is None or place[2] not in (*BEFORE, *AFTER, *NEURONS):
        return None
    if model.training or model.compatibility_mode or any(is_hooked(part) for part in model.modules()):
        return None
    ids = torch.randint(int(model.cfg.d_vocab), (2, TRIED), generator=torch.Generator().manual_seed(0))
    try:
        body = _built_again(model)
        layers = _layers(body, model.cfg.n_layers)[: int(place[1]) + 1]
        read = _reader(model, body, layers, place[2])
        if not _same(read(ids), bridge(ids)):
            return None
    except Exception:  # a model that is built in another way than most: the bridge knows it
        return None
    return read if dtype == torch.float32 else _rounding(read, layers, dtype)


def _built_again(model: TransformerBridge) -> nn.Module:
    """Transformers' model without its head; its weights are those of the bridge, in the same memory."""
    from transformers import AutoModelForCausalLM

    bridged = model.original_model
    with torch.device("meta"):
        whole = AutoModelForCausalLM.from_config(
            copy.deepcopy(bridged.config), attn_implementation="sdpa", dtype=torch.float32
        )
    weights = {_plain_name(name): w for name, w in bridged.state_dict().items()}
    whole.load_state_dict(weights, strict=False, assign=True)  # the head may be tied: it is never reached
    computed = {_plain_name(name): b for name, b in bridged.named_buffers()}
    for name, buffer in list(whole.named_buffers()):
        if buffer.is_meta:  # a table of angles, say: not among what is saved
            owner, _, own_name = name.rpartition(".")
            whole.get_submodule(owner)._buffers[own_name] = computed[name]
    body = whole.base_model.eval().requires_grad_(False)
    if any(weight.is_meta for weight in body.parameters()):
        raise LookupError("a weight goes by another name in the bridge")
    return body


def _plain_name(name: str) -> str:
    return name.replace("._original_component", "")


def _layers(body: nn.Module, n_layers: int) -> nn.ModuleList:
    """The list of the model's layers, whatever its name."""
    lists = [part for part in body.modules() if isinstance(part, nn.ModuleList) and len(part) == n_layers]
    if not lists:
        raise LookupError("the model has no list of its layers")
    return lists[0]


def _reader(model: TransformerBridge, body: nn.Module, layers: nn.ModuleList, place: str) -> Read:
    """Runs ``body`` until the last of ``layers`` has come to the place."""
    caught: list[Tensor] = []

    def catch(value: Any) -> None:
        caught.append(value[0] if isinstance(value, tuple) else value)
        raise _Reached

    if place in AFTER:
        layers[-1].register_forward_hook(lambda part, inputs, output: catch(output))
    else:
        part = layers[-1] if place in BEFORE else _last_matrix(model, layers)
        part.register_forward_pre_hook(lambda part, inputs: catch(inputs))
    device = model.cfg.device or "cpu"

    @torch.no_grad()
    def read(ids: Tensor) -> Tensor:
        caught.clear()
        with suppress(_Reached):
            body(input_ids=ids.to(device), use_cache=False)
        return caught.pop().float().cpu()

    return read


def _last_matrix(model: TransformerBridge, layers: nn.ModuleList) -> nn.Module:
    """What reads the last layer's neurons: the module whose weight lies where the bridge's lies."""
    bridged = model.blocks[len(layers) - 1].mlp.out.original_component.weight
    return next(
        part
        for part in layers[-1].modules()
        if isinstance(weight := getattr(part, "weight", None), Tensor)
        and weight.data_ptr() == bridged.data_ptr()
    )


def _same(value: Tensor, expected: Tensor) -> bool:
    """Equal but for rounding, each number by its own size: a few dimensions may dwarf all others."""
    if value.shape != expected.shape:
        return False
    allowed = TOLERANCE * (expected.abs() + expected.abs().median())
    return bool(((value - expected).abs() <= allowed).all())


def _rounding(read: Read, layers: nn.ModuleList, dtype: torch.dtype) -> Read:
    """The same with matrix products in ``dtype``."""
    device = next(layers.parameters()).device.type
    if dtype == torch.bfloat16 and device == "cpu" and packs_bfloat16():
        for part in list(layers.modules()):
            for name, child in list(part.named_children()):
                if type(child) is nn.Linear:
                    setattr(part, name, _Rounded(child))
        return read

    def rounded(ids: Tensor) -> Tensor:
        with torch.autocast(device, dtype):
            return read(ids)

    return rounded


class _Rounded(nn.Module):
    """A linear map in bfloat16, its matrix in the order in which oneDNN reads it."""

    def __init__(self, plain: nn.Linear):
        super().__init__()
        self.W = packed(plain.weight.detach().to(torch.bfloat16))
        self.b = None if plain.bias is None else plain.bias.detach().to(torch.bfloat16)
        for hooks in ("_forward_hooks", "_forward_pre_hooks"):
            setattr(self, hooks, getattr(plain, hooks))

    def forward(self, x: Tensor) -> Tensor:
        return packed_linear(x.to(torch.bfloat16), self.W, self.b).float()
