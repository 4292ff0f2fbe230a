"""Trace an answer back through the frozen model: from the answer down, layer by layer.

    edge from a latent     activation · decoder direction · gradient of the target
    edge from an error     error · gradient                       an embedding likewise

A target is the answer, or what a latent is before its activation function: the encoder's direction at one token. Each is
one backward pass; those of a layer run together, some at a time. Whatever lies below a target and flows into it is in its
row, so that the row and the target's constant add up to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.circuits.frozen import FrozenModel, freeze
from course_utils.circuits.graph import AttributionGraph, Node
from course_utils.circuits.influence import influence
from course_utils.interventions import prompt_ids
from course_utils.sae import Transcoder

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

AT_ONCE = 128
"""Backward passes that run together: memory is bounded by it, speed hardly changes above."""


@torch.no_grad()
def attribution_graph(
    model: TransformerBridge,
    transcoders: Mapping[int, Transcoder],
    prompt: str,
    answer: str,
    against: str | None = None,
    *,
    max_targets: int = 1000,
) -> AttributionGraph:
    """What makes a model answer, traced from the logits at the last token to the embeddings.

    Its memory is 4 bytes for each target and node: of a text of n tokens about 1,000 · 250 n of them with the pocket
    model's transcoders, 15 MB for 15 tokens.

    Examples:
        >>> from course_utils.lm import load_model
        >>> model = load_model("pocket")
        >>> silent = {layer: Transcoder(256, 64) for layer in range(5)}  # trained ones: load_transcoder
        >>> graph = attribution_graph(model, silent, "The ship", " sails", against=" is", max_targets=10)
        >>> graph.question, graph.tokens, len(graph.targets)
        ("' sails' rather than ' is'", ('<|endoftext|>', 'The', ' ship'), 10)

    Args:
        transcoders: of every layer's MLP.
        prompt: without BOS.
        answer: one token, with the space that stands before it: what is asked about is its logit.
        against: another token; then it is by how much the answer's logit exceeds this one's.
        max_targets: nodes that are traced back, the most influential of each layer; the rest are ends, as errors are.

    Returns:
        A graph of all active latents, all errors, the embeddings, and the answer.

    Raises:
        ValueError: as `freeze`; if the prompt is empty, an answer is not one token, or ``max_targets`` is below 1.
    """
    if max_targets < 1:
        raise ValueError(f"max_targets is {max_targets}: the answer is one itself")
    ids = prompt_ids(model, prompt)
    if len(ids) < 2:
        raise ValueError("the prompt is empty: nothing is traced back to BOS")
    asked = [_one_token(model, text) for text in (answer, *([] if against is None else [against]))]
    frozen = freeze(model, transcoders, ids)
    sources = Sources(frozen)
    W_U = frozen.weights["wte.weight"]
    towards = W_U[asked[0]] - (W_U[asked[1]] if len(asked) == 2 else 0)
    value = frozen.logits[asked[0]] - (frozen.logits[asked[1]] if len(asked) == 2 else 0)
    answer_node = Node("answer", frozen.n_layers, len(ids) - 1, None, value.item())
    nodes = (*sources.nodes, answer_node)

    rows, constants = sources.into(frozen.n_layers, torch.tensor([len(ids) - 1]), towards[None])
    targets, sums = torch.tensor([len(nodes) - 1]), value[None]
    for layer in reversed(range(frozen.n_layers)):
        some = sources.of_layer(layer)
        by_influence = influence(rows, targets)[some]
        left = (max_targets - len(targets)) // (layer + 1)
        chosen = some[by_influence.topk(min(left, int((by_influence > 0).sum()))).indices]
        if not len(chosen):
            continue
        at, which = sources.position[chosen], sources.latent[chosen]
        t = frozen.transcoders[layer]
        more, of_bias = sources.into(layer, at, t.W_enc.T[which])
        rows = torch.cat([rows, more])
        constants = torch.cat([constants, of_bias + t.b_enc[which]])
        targets = torch.cat([targets, chosen])
        sums = torch.cat([sums, (frozen.read[layer, at] * t.W_enc.T[which]).sum(dim=1) + t.b_enc[which]])
    question = repr(answer) if against is None else f"{answer!r} rather than {against!r}"
    decoded = tuple(model.tokenizer.decode([token]) for token in ids.tolist())
    return AttributionGraph(
        decoded, question, nodes, rows, targets, constants, sums, ids=ids, asked=tuple(asked)
    )


class Sources:
    """Embeddings, active latents and errors of a frozen model as nodes, and what flows from them into any target."""

    def __init__(self, frozen: FrozenModel):
        self.frozen, n_pos = frozen, len(frozen.ids)
        everywhere = torch.arange(n_pos)
        layers, positions, latents, vectors = (
            [torch.full((n_pos,), -1)],
            [everywhere],
            [torch.full((n_pos,), -1)],
            [frozen.embedded],
        )
        lengths = frozen.embedded.norm(dim=1).tolist()
        nodes = [Node("embedding", -1, at, None, length) for at, length in enumerate(lengths)]
        for layer, (acts, t) in enumerate(zip(frozen.latents, frozen.transcoders, strict=True)):
            at, which = acts.nonzero().T
            values = acts[at, which]
            nodes += [
                Node("latent", layer, *each)
                for each in zip(at.tolist(), which.tolist(), values.tolist(), strict=True)
            ]
            nodes += [
                Node("error", layer, p, None, frozen.errors[layer, p].norm().item()) for p in range(1, n_pos)
            ]
            layers.append(torch.full((len(at) + n_pos - 1,), layer))
            positions += [at, everywhere[1:]]
            latents += [which, torch.full((n_pos - 1,), -1)]
            vectors += [values[:, None] * t.W_dec[which], frozen.errors[layer, 1:]]
        self.nodes = tuple(nodes)
        self.layer, self.position = (
            torch.cat([*layers, torch.tensor([frozen.n_layers])]),
            torch.cat(positions),
        )
        self.latent, self.vectors = torch.cat(latents), torch.cat(vectors)

    def of_layer(self, layer: int) -> Int[Tensor, "n"]:
        """The numbers of a layer's latents."""
        return ((self.layer[:-1] == layer) & (self.latent >= 0)).nonzero()[:, 0]

    def into(
        self, layer: int, at: Int[Tensor, "n"], directions: Float[Tensor, "n d_model"]
    ) -> tuple[Float[Tensor, "n n_nodes"], Float[Tensor, "n"]]:
        """What each target gets from each node, and from all constants.

        Args:
            layer: of the MLP whose input the targets read; the number of layers for what the unembedding reads.
            at: the token of each target.
            directions: what each target reads there.
        """
        with torch.enable_grad():
            leaves = [self.frozen.embedded, *self.frozen.written[:layer], torch.ones(())]
            leaves = [leaf.detach().clone().requires_grad_() for leaf in leaves]
            silent = [torch.zeros_like(self.frozen.embedded)] * (self.frozen.n_layers - layer)
            read = self.frozen.run(leaves[0], [*leaves[1:-1], *silent], leaves[-1])[layer]
        rows, constants = [], []
        for some, where in zip(directions.split(AT_ONCE), at.split(AT_ONCE), strict=True):
            asked = read.new_zeros(len(some), *read.shape)
            asked[torch.arange(len(some)), where] = some
            slopes = torch.autograd.grad(read, leaves, asked, is_grads_batched=True, retain_graph=True)
            row = some.new_zeros(len(some), len(self.layer))
            for below, slope in enumerate(slopes[:-1], start=-1):
                here = (self.layer == below).nonzero()[:, 0]
                for p in range(slope.shape[1]):
                    these = here[self.position[here] == p]
                    row[:, these] = slope[:, p] @ self.vectors[these].T
            rows.append(row)
            constants.append(slopes[-1])
        return torch.cat(rows), torch.cat(constants)


def _one_token(model: TransformerBridge, text: str) -> int:
    ids = prompt_ids(model, text)[1:].tolist()
    if len(ids) != 1:
        raise ValueError(
            f"{text!r} is {len(ids)} tokens of this model, not one: a leading space belongs to a word"
        )
    return ids[0]
