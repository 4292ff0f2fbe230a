"""Check a graph's edges in the real model: scale a source there, and see whether its targets follow.

    real run      the sum of all that flows into a target, t
    changed run   the source is strength · what it was, and all above it is computed anew, t'
    effect        (t - t') / (1 - strength)      what the edge says if the model were linear: its weight

A graph holds attention and norms as they were, and an edge is the direct way only. In the changed run attention moves,
norms rescale, and what the source did to other latents reaches the target as well. So agreement is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.circuits.frozen import FrozenModel, freeze
from course_utils.circuits.graph import AttributionGraph
from course_utils.sae import Transcoder

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

AT_ONCE = 128
"""Changed runs a forward pass."""


class CheckedEdges(NamedTuple):
    """What became of a graph's edges in the real model; made by `check_edges`."""

    graph: AttributionGraph
    """The same one. Edges are ``contradicted`` whose target moved the other way at the first strength."""

    strengths: tuple[float, ...]
    weights: Float[Tensor, "n_edges"]
    effects: Float[Tensor, "n_strengths n_edges"]
    """In the units of the weights, whatever the strength."""


class Agreement(NamedTuple):
    """Of edges and experiments at one strength; made by `agreement`."""

    strength: float
    rank_correlation: float
    """Spearman's; NaN of fewer than two edges."""

    same_sign: float
    """Share of the edges whose target moved the way that the edge says."""

    n_edges: int


@torch.no_grad()
def check_edges(
    model: TransformerBridge,
    transcoders: Mapping[int, Transcoder],
    graph: AttributionGraph,
    *,
    strengths: Sequence[float] = (0.0, 0.5, 2.0),
    direct: bool = False,
) -> CheckedEdges:
    """Scale each source of a graph in the real model, one at a time, and measure all of its targets.

    Examples:
        >>> from course_utils.circuits import attribution_graph, prune
        >>> from course_utils.lm import load_model
        >>> from course_utils.sae import load_transcoder
        >>> model = load_model("pocket")
        >>> transcoders = {layer: load_transcoder(f"layer_{layer}") for layer in range(5)}
        >>> whole = attribution_graph(model, transcoders, "The ship", " sails", max_targets=50)
        >>> found = check_edges(model, transcoders, prune(whole, 0.1), strengths=[0.0])
        >>> found.effects.shape == (1, len(found.weights)), found.graph.checked.sum().item() == len(found.weights)
        (True, True)

    Args:
        transcoders: those that the graph was made with.
        graph: by `attribution_graph`, best pruned: each source takes a run for each strength.
        strengths: by what a source is multiplied; 0 takes it away, and 1 would change nothing.
        direct: hold all other latents and errors as they were, so that what arrives came along the edge itself, through
            the real attention and the real norms.

    Raises:
        ValueError: as `freeze`; if a strength is 1, or the graph does not say which tokens it is of.
    """
    if graph.ids is None or not graph.asked:
        raise ValueError("the graph has no token numbers: only those of attribution_graph can be checked")
    if not strengths or 1 in strengths:
        raise ValueError(f"strengths are {list(strengths)}: some are needed, and 1 leaves a source as it was")
    trial = _Trial(model, freeze(model, transcoders, graph.ids), graph, direct)
    sources = (graph.edges != 0).any(dim=0).nonzero()[:, 0]
    effects = graph.edges.new_zeros(len(strengths), *graph.edges.shape)
    for some in sources.split(AT_ONCE):
        for k, strength in enumerate(strengths):
            lost = trial.targets(some[:1], 0.0) - trial.targets(some, strength - 1)
            effects[k, :, some] = lost.T / (1 - strength)
    checked = graph.edges != 0
    marked = replace(graph, checked=checked, contradicted=checked & (effects[0] * graph.edges <= 0))
    return CheckedEdges(marked, tuple(strengths), graph.edges[checked], effects[:, checked])


def agreement(*checks: CheckedEdges) -> list[Agreement]:
    """How well edges foretell experiments, over all edges of some graphs, for each strength.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, CheckedEdges, Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)
        >>> graph = AttributionGraph(("x",), "y", nodes, torch.ones(1, 2), torch.tensor([1]), torch.ones(1), torch.ones(1))
        >>> weights, effects = torch.tensor([3.0, 1.0, -0.5, -2.0]), torch.tensor([[2.0, 0.7, 0.1, -1.0]])
        >>> agreement(CheckedEdges(graph, (0.0,), weights, effects))
        [Agreement(strength=0.0, rank_correlation=1.0, same_sign=0.75, n_edges=4)]

    Args:
        checks: made with the same strengths.

    Raises:
        ValueError: if there are none, or their strengths differ.
    """
    if len({check.strengths for check in checks}) != 1:
        raise ValueError("checks with the same strengths are needed, one at least")
    weights = torch.cat([check.weights for check in checks])
    effects = torch.cat([check.effects for check in checks], dim=1)
    same_sign = (weights * effects > 0).float().mean(dim=1).tolist()
    by_rank = [torch.corrcoef(torch.stack([_ranks(weights), _ranks(row)]))[0, 1].item() for row in effects]
    return [
        Agreement(*each, len(weights)) for each in zip(checks[0].strengths, by_rank, same_sign, strict=True)
    ]


def _ranks(values: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
    """From 1 up; equal values share the mean of theirs."""
    _, which, counts = values.unique(return_inverse=True, return_counts=True)
    return (counts.cumsum(dim=0) - (counts - 1) / 2).double()[which]


class _Trial:
    """Runs of the real model in which one node's part is larger or smaller than it was."""

    def __init__(self, model: TransformerBridge, frozen: FrozenModel, graph: AttributionGraph, direct: bool):
        self.model, self.frozen, self.direct, self.asked = model, frozen, direct, graph.asked
        self.written, self.nodes = frozen.written, graph.nodes
        self.aims = [graph.nodes[target] for target in graph.targets.tolist()]
        self.layer = torch.tensor([node.layer for node in graph.nodes])
        self.position = torch.tensor([node.position for node in graph.nodes])

    def targets(self, sources: Int[Tensor, "n"], change: float) -> Float[Tensor, "n n_targets"]:
        """What flows into each target, with ``change`` times each source added where it is written."""
        read: dict[int, Tensor] = {}
        by = change * torch.stack([self._vector(source) for source in sources.tolist()])
        hooks: list[tuple[str | Callable, Callable]] = [
            ("blocks.0.hook_resid_pre", self._adding(-1, sources, by))
        ]
        for layer in range(self.frozen.n_layers):
            hooks += [
                (f"blocks.{layer}.mlp.hook_in", _keeping(read, layer)),
                (f"blocks.{layer}.hook_mlp_out", self._adding(layer, sources, by, read)),
            ]
        hooks.append(("unembed.hook_in", lambda x, hook: x[:, -1:]))  # no logits for the other tokens
        ids = self.frozen.ids.expand(len(sources), -1)
        logits = self.model.run_with_hooks(ids, return_type="logits", fwd_hooks=hooks)[:, -1]
        out = logits.new_zeros(len(sources), len(self.aims))
        out[:, 0] = logits[:, self.asked[0]] - (logits[:, self.asked[1]] if len(self.asked) == 2 else 0)
        for column, aim in enumerate(self.aims[1:], start=1):
            t = self.frozen.transcoders[aim.layer]
            out[:, column] = read[aim.layer][:, aim.position] @ t.W_enc[:, aim.latent] + t.b_enc[aim.latent]
        return out

    def _vector(self, source: int) -> Float[Tensor, "d_model"]:
        """What a node writes."""
        node, frozen = self.nodes[source], self.frozen
        if node.kind == "embedding":
            return frozen.embedded[node.position]
        if node.kind == "error":
            return frozen.errors[node.layer, node.position]
        return node.value * frozen.transcoders[node.layer].W_dec[node.latent]

    def _adding(
        self, layer: int, sources: Tensor, by: Tensor, read: Mapping[int, Tensor] | None = None
    ) -> Callable:
        here = (self.layer[sources] == layer).nonzero()[:, 0]

        def add(x: Tensor, hook: object) -> Tensor:
            if self.direct and read is not None:
                t = self.frozen.transcoders[layer]
                x = self.written[layer] + t.b_dec + t.past(read[layer])
                x[:, 0] = self.frozen.at_bos[layer]
            return x.index_put((here, self.position[sources[here]]), by[here], accumulate=True)

        return add


def _keeping(read: dict[int, Tensor], layer: int) -> Callable:
    def keep(x: Tensor, hook: object) -> Tensor:
        read[layer] = x
        return x

    return keep
