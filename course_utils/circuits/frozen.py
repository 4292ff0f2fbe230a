"""The local replacement model: a model that is linear for one prompt, and gives what the real one gave.

    x = embeddings
    in each layer:  x = x + pattern · V(norm(x)) · O           pattern: the attention of the real run
                    x = x + written + W_skip · norm(x)         written: latents' directions, and the error
    norm(x) = gain · (x - mean) / σ + bias                     σ: the scale of the real run

Patterns, scales and errors are held, so that what stands at any place is a sum over the embeddings, the latents and the
errors below it, and a constant. The error is what the MLP wrote and its transcoder did not. At BOS the MLP is left as it
is: BOS looks at nothing but itself, so what is written there is the same for every text, and counts as constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.interventions import watch
from course_utils.lm import gpt2_of
from course_utils.sae import Transcoder

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


@dataclass(frozen=True, eq=False)
class FrozenModel:
    """What is held of one real run, and what the run is made of. `freeze` makes one."""

    weights: dict[str, Tensor]
    """GPT-2's, under transformers' names."""

    transcoders: tuple[Transcoder, ...]
    """One a layer."""

    ids: Int[Tensor, "pos"]
    embedded: Float[Tensor, "pos d_model"]
    patterns: Float[Tensor, "n_layers head pos pos"]
    scales: Float[Tensor, "n_norms pos 1"]
    """σ of the norm before attention and before the MLP of each layer, in turn, and of the last norm."""

    read: Float[Tensor, "n_layers pos d_model"]
    """What goes into each MLP in the real run."""

    latents: tuple[Float[Tensor, "pos d_sae"], ...]
    """Of each layer's transcoder; 0 at BOS."""

    errors: Float[Tensor, "n_layers pos d_model"]
    """What the MLP wrote and the transcoder did not; 0 at BOS."""

    at_bos: Float[Tensor, "n_layers d_model"]
    """What each MLP wrote at BOS."""

    logits: Float[Tensor, "d_vocab"]
    """Of the real run, at the last token."""

    @property
    def n_layers(self) -> int:
        """Layers of the model."""
        return len(self.transcoders)

    @property
    def written(self) -> Float[Tensor, "n_layers pos d_model"]:
        """What latents and errors write at each token."""
        by_latents = [acts @ t.W_dec for acts, t in zip(self.latents, self.transcoders, strict=True)]
        return torch.stack(by_latents) + self.errors

    def run(
        self,
        embedded: Float[Tensor, "pos d_model"],
        written: list[Float[Tensor, "pos d_model"]],
        one: Float[Tensor, ""],
    ) -> list[Float[Tensor, "pos d_model"]]:
        """What goes into each MLP, and at last into the unembedding: linear in the three arguments together.

        Args:
            embedded: in place of the embeddings.
            written: by the latents and errors of each layer.
            one: every constant is multiplied by it: biases, and what is written at BOS.
        """
        w, x, inputs = self.weights, embedded, []
        for layer, transcoder in enumerate(self.transcoders):
            h = f"h.{layer}"
            attended = self._norm(x, f"{h}.ln_1", 2 * layer, one)
            v = attended @ self._W_V(layer) + one * w[f"{h}.attn.c_attn.bias"].chunk(3)[2]
            heads = v.unflatten(-1, (self.patterns.shape[1], -1))
            z = torch.einsum("hqk,khd->qhd", self.patterns[layer], heads).flatten(start_dim=1)
            x = x + z @ w[f"{h}.attn.c_proj.weight"] + one * w[f"{h}.attn.c_proj.bias"]
            read = self._norm(x, f"{h}.ln_2", 2 * layer + 1, one)
            inputs.append(read)
            constant = transcoder.b_dec.expand(len(x) - 1, -1)
            past = torch.cat([torch.zeros_like(read[:1]), transcoder.past(read[1:])])
            x = x + written[layer] + past + one * torch.cat([self.at_bos[layer, None], constant])
        return [*inputs, self._norm(x, "ln_f", 2 * self.n_layers, one)]

    def _W_V(self, layer: int) -> Float[Tensor, "d_model d_model"]:
        return self.weights[f"h.{layer}.attn.c_attn.weight"].chunk(3, dim=1)[2]

    def _norm(self, x: Tensor, name: str, number: int, one: Tensor) -> Float[Tensor, "pos d_model"]:
        centred = x - x.mean(dim=-1, keepdim=True)
        return (
            centred / self.scales[number] * self.weights[f"{name}.weight"]
            + one * self.weights[f"{name}.bias"]
        )


@torch.no_grad()
def freeze(
    model: TransformerBridge, transcoders: Mapping[int, Transcoder], ids: Int[Tensor, "pos"]
) -> FrozenModel:
    """Run the model on one prompt, and hold what makes it linear.

    Examples:
        >>> from course_utils.interventions import prompt_ids
        >>> from course_utils.lm import load_model
        >>> model = load_model("pocket")
        >>> silent = {layer: Transcoder(256, 64) for layer in range(5)}
        >>> frozen = freeze(model, silent, prompt_ids(model, "The ship sails"))
        >>> frozen.patterns.shape, frozen.errors.shape  # untrained transcoders leave nearly all to the errors
        (torch.Size([5, 8, 4, 4]), torch.Size([5, 4, 256]))

    Args:
        transcoders: of every layer's MLP.
        ids: of one prompt, BOS first.

    Raises:
        ValueError: if the model is no GPT-2, a layer has no transcoder, or one does not fit its MLP.
    """
    plain = gpt2_of(model)
    if plain is None:
        raise ValueError("this model is no plain GPT-2, and only those are taken apart here")
    n_layers, d_model = model.cfg.n_layers, model.cfg.d_model
    if missing := [layer for layer in range(n_layers) if layer not in transcoders]:
        raise ValueError(f"there is no transcoder for layers {missing}: each MLP needs one")
    chosen = tuple(transcoders[layer] for layer in range(n_layers))
    for layer, t in enumerate(chosen):
        if (t.d_in, t.d_out) != (d_model, d_model):
            raise ValueError(
                f"layer {layer}: a transcoder from {t.d_in} to {t.d_out}, and d_model is {d_model}"
            )
    names = [f"blocks.{layer}.{name}" for layer in range(n_layers) for name in
             ("hook_resid_pre", "attn.hook_pattern", "hook_resid_mid", "mlp.hook_in", "hook_mlp_out", "hook_resid_post")]  # fmt: skip
    seen = {name: x[0] for name, x in watch(model, ids[None], names).items()}

    def each(name: str) -> list[Tensor]:
        return [seen[f"blocks.{layer}.{name}"] for layer in range(n_layers)]

    before_norms = [
        x for pair in zip(each("hook_resid_pre"), each("hook_resid_mid"), strict=True) for x in pair
    ]
    normed = torch.stack([*before_norms, each("hook_resid_post")[-1]])
    scales = (normed.var(dim=-1, correction=0, keepdim=True) + plain.epsilon).sqrt()
    read, wrote = torch.stack(each("mlp.hook_in")), torch.stack(each("hook_mlp_out"))
    outputs = [t(x) for t, x in zip(chosen, read, strict=True)]
    errors = wrote - torch.stack([output.x_hat for output in outputs])
    errors[:, 0] = 0
    latents = tuple(output.latents.index_fill(0, torch.tensor([0]), 0.0) for output in outputs)
    return FrozenModel(
        weights=plain.weights, transcoders=chosen, ids=ids, embedded=seen["blocks.0.hook_resid_pre"],
        patterns=torch.stack(each("attn.hook_pattern")), scales=scales, read=read, latents=latents, errors=errors,
        at_bos=wrote[:, 0], logits=seen["logits"][-1],
    )  # fmt: skip
