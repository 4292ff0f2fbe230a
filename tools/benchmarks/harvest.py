"""Activations before layer 8 of a model of GPT-2 small's shape (random weights), against TransformerLens' own call."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from functools import partial

import torch
from timing import Row, in_turn, ratios
from torch import Tensor
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from course_utils.base import asset_path
from course_utils.lm import Tokens, collect_activations
from course_utils.training import WORTH_IT, bfloat16_gain

LAYER = 8
HOOK = f"blocks.{LAYER}.hook_resid_pre"
SHAPES = {128: (16, (1.25, 1.34), (4, 5.5)), 1024: (2, (2.8, 3.2), (9, 12))}
"""Context → texts a batch, what float32 and what bfloat16 must and shall reach."""

N_BATCHES = 4


def rows() -> list[Row]:
    plain = GPT2LMHeadModel(GPT2Config()).eval().requires_grad_(False)
    for name, parameter in plain.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_(0, 0.02)  # zeros would hide mistakes
    theirs = hooked(plain)
    tokenizer = AutoTokenizer.from_pretrained(str(asset_path("pocket")))
    ours = TransformerBridge.boot_transformers("pocket", hf_model=plain, tokenizer=tokenizer, device="cpu")
    found = []
    for context, (n_texts, *bounds) in SHAPES.items():
        shape = (N_BATCHES * n_texts, context)
        ids = torch.randint(0, 50257, shape, generator=torch.Generator().manual_seed(0))
        tokens = Tokens(ids, torch.full((len(ids),), context), list)
        collect = partial(collect_activations, ours.eval(), tokens, HOOK, batch_size=n_texts, skip_bos=False)
        theirs_of = partial(run_with_cache, theirs, ids.split(n_texts))
        works = {"TransformerLens": theirs_of, "float32": collect}
        if bfloat16_gain() > WORTH_IT:
            works["bfloat16"] = partial(collect, compute_dtype=torch.bfloat16)
        difference = relative(collect().values, theirs_of().flatten(end_dim=1))
        seconds = in_turn(works)
        work = (
            f"harvest, GPT-2-small shape, residual before layer {LAYER}, "
            f"{N_BATCHES} batches of {n_texts} texts of {context} tokens"
        )
        for dtype, (must, aim) in zip(("float32", "bfloat16"), bounds, strict=True):
            if dtype not in works:
                note = f"no bfloat16 in this processor: its products are {bfloat16_gain():.2f} × as fast as float32's"
                found.append(Row(f"{work}, {dtype}", "run_with_cache, float32", [], must, aim, note))
                continue
            rate = ids.numel() / statistics.median(seconds[dtype])
            note = f"{rate:,.0f} tokens/s; float32 differs by {difference:.0e} of the norm"
            sped_up = ratios(seconds, "TransformerLens", dtype)
            found.append(Row(f"{work}, {dtype}", "run_with_cache, float32", sped_up, must, aim, note))
    return found


def hooked(plain: GPT2LMHeadModel) -> HookedTransformer:
    """TransformerLens' own model, with the same weights."""
    sizes = dict(n_layers=12, d_model=768, n_ctx=1024, d_head=64, n_heads=12, d_mlp=3072, d_vocab=50257)
    config = HookedTransformerConfig(
        **sizes, act_fn="gelu_new", normalization_type="LN", device="cpu", seed=0
    )
    model, source = HookedTransformer(config).eval().requires_grad_(False), plain.transformer
    model.embed.W_E.copy_(source.wte.weight)
    model.pos_embed.W_pos.copy_(source.wpe.weight)
    for block, original in zip(model.blocks, source.h, strict=True):
        for ours, theirs in ((block.ln1, original.ln_1), (block.ln2, original.ln_2)):
            ours.w.copy_(theirs.weight)
            ours.b.copy_(theirs.bias)
        W, b = original.attn.c_attn.weight, original.attn.c_attn.bias
        for name, weight, bias in zip("QKV", W.chunk(3, dim=1), b.chunk(3), strict=True):
            getattr(block.attn, f"W_{name}").copy_(weight.unflatten(1, (12, 64)).permute(1, 0, 2))
            getattr(block.attn, f"b_{name}").copy_(bias.view(12, 64))
        block.attn.W_O.copy_(original.attn.c_proj.weight.unflatten(0, (12, 64)))
        block.attn.b_O.copy_(original.attn.c_proj.bias)
        for ours, theirs in (("in", original.mlp.c_fc), ("out", original.mlp.c_proj)):
            getattr(block.mlp, f"W_{ours}").copy_(theirs.weight)
            getattr(block.mlp, f"b_{ours}").copy_(theirs.bias)
    return model


@torch.no_grad()
def run_with_cache(model: HookedTransformer, batches: Iterable[Tensor]) -> Tensor:
    """As its users call it, a batch at a time."""
    caches = (model.run_with_cache(ids, names_filter=[HOOK], stop_at_layer=LAYER + 1)[1] for ids in batches)
    return torch.cat([cache[HOOK] for cache in caches])


def relative(ours: Tensor, theirs: Tensor) -> float:
    return ((ours - theirs).norm() / theirs.norm()).item()
