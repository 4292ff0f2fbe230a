"""Where an autoencoder reads, from the publishers' names to the hook points of `load_model`'s models.

EleutherAI and some others name the module of a Hugging Face model whose output was read; TransformerLens, and so this
course, names the hook point.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_utils.sae.model import SAE

OUTPUT_OF = {
    "": "hook_resid_post",
    "mlp": "hook_mlp_out",
    "attn": "hook_attn_out",
    "self_attn": "hook_attn_out",
    "attention": "hook_attn_out",
    "mlp.act": "mlp.hook_post",
}
"""Parts of a layer, as GPT-2, GPT-NeoX, Llama and their kin call them."""

WITHIN_NORMS = {"mlp": "mlp.hook_out", "attn": "attn.hook_out", "self_attn": "attn.hook_out"}
"""The same in Gemma, which has one more norm between such a part and the residual stream: before that norm."""

EMBEDDINGS = ("embed_tokens", "embed_in", "wte")


def hook_of_module(name: str, model_name: str | None = None) -> str | None:
    """The hook point at the output of a module, or None if this package knows none there.

    Examples:
        >>> hook_of_module("layers.10"), hook_of_module("gpt_neox.layers.3.mlp"), hook_of_module("h.0.ln_1")
        ('blocks.10.hook_resid_post', 'blocks.3.hook_mlp_out', None)

    Args:
        name: of the module in its Hugging Face model, with or without the model's own parts in front.
        model_name: of the model; a few have their parts elsewhere.
    """
    if name.split(".")[-1] in EMBEDDINGS:
        return "hook_embed"
    match = re.fullmatch(r"(?:\w+\.)*(?:layers|h)[._](\d+)(?:\.(.+))?", name)
    if not match:
        return None
    layer, part = match[1], match[2] or ""
    parts = {**OUTPUT_OF, **(WITHIN_NORMS if "gemma" in (model_name or "").lower() else {})}
    return f"blocks.{layer}.{parts[part]}" if part in parts else None


def hook_name_of(sae: SAE, hook_name: str | None = None) -> str:
    """Where an autoencoder reads and writes: the ``hook_name`` given, or the one that came with it.

    Examples:
        >>> from course_utils.sae import neuron_basis
        >>> sae = neuron_basis(8, hook_name="blocks.2.mlp.hook_post")
        >>> hook_name_of(sae), hook_name_of(sae, "blocks.3.mlp.hook_post")
        ('blocks.2.mlp.hook_post', 'blocks.3.mlp.hook_post')

    Raises:
        ValueError: if there is neither, or it is a `Transcoder`, which reads at one place and writes at another.
    """
    if sae.width != sae.d_in:
        raise ValueError(
            "a transcoder reads at one hook point and writes at another: this needs an autoencoder"
        )
    hook_name = hook_name or sae.hook_name
    if hook_name is None:
        raise ValueError(
            "hook_name is missing: this SAE does not say which hook point it reads; set sae.metadata['hook_name']"
        )
    return hook_name
