"""A part of a graph as a circuit: how much of the answer it explains, and what the real model loses without it.

    completeness of a part    as of a graph, where what comes from latents outside of the part counts as from errors
    loss without a part       the answer's logits less those of a run in which its latents are held at zero

A part is latents; embeddings belong to every part, errors to none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool
from torch import Tensor

from course_utils.circuits.graph import AttributionGraph
from course_utils.circuits.influence import completeness_of, influence_on_answer
from course_utils.sae import Transcoder

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


def part_of(
    graph: AttributionGraph, latents: Sequence[tuple[int, int, int | None]]
) -> Bool[Tensor, "n_nodes"]:
    """Which nodes of a graph are among some latents, each given by layer, position and number.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("latent", 0, 0, 17, 1.0), Node("answer", 1, 0, None, 5.0)
        >>> graph = AttributionGraph(("x",), "y", nodes, torch.ones(1, 3), torch.tensor([2]), torch.ones(1), torch.ones(1))
        >>> part_of(graph, [(0, 0, 17)])
        tensor([False,  True, False])

    Args:
        latents: (layer, position, latent), BOS being position 0.

    Raises:
        ValueError: if a latent is not active there, so that the graph does not have it.
    """
    number = {(n.layer, n.position, n.latent): i for i, n in enumerate(graph.nodes) if n.kind == "latent"}
    part = torch.zeros(len(graph.nodes), dtype=torch.bool)
    for layer, position, latent in latents:
        node = layer, position, latent
        if node not in number:
            raise ValueError(f"no latent of the graph is (layer, position, latent) = {node}")
        part[number[node]] = True
    return part


def part_completeness(graph: AttributionGraph, part: Bool[Tensor, "n_nodes"]) -> float:
    """Share of what flows into the answer and the part's latents that comes from the part or from embeddings.

    Each target counts by its influence on the answer, as in `completeness`; those that were not traced back have no say.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = (Node("latent", 0, 0, 3, 2.0), Node("latent", 0, 0, 4, 2.0), Node("answer", 1, 0, None, 5.0))
        >>> edges = torch.tensor([[9.0, 1.0, 0.0]])
        >>> graph = AttributionGraph(("x",), "y", nodes, edges, torch.tensor([2]), torch.zeros(1), torch.tensor([10.0]))
        >>> round(part_completeness(graph, torch.tensor([True, False, False])), 2)
        0.9

    Args:
        graph: whole, as `attribution_graph` gives it.
        part: its latents.
    """
    rows = (part | graph.are("answer"))[graph.targets]
    outside = ~(part | graph.are("embedding", "answer"))
    counted = influence_on_answer(graph)[graph.targets[rows]]
    return completeness_of(graph.edges[rows], outside, counted).item()


def random_part(
    graph: AttributionGraph, part: Bool[Tensor, "n_nodes"], *, seed: int = 0
) -> Bool[Tensor, "n_nodes"]:
    """As many latents of each layer as a part has, drawn by lot from the others.

    Examples:
        >>> from course_utils.circuits import AttributionGraph, Node
        >>> nodes = (Node("latent", 0, 0, 3, 2.0), Node("latent", 0, 0, 4, 2.0), Node("answer", 1, 0, None, 5.0))
        >>> graph = AttributionGraph(("x",), "y", nodes, torch.ones(1, 3), torch.tensor([2]), torch.ones(1), torch.ones(1))
        >>> random_part(graph, torch.tensor([True, False, False]))
        tensor([False,  True, False])

    Args:
        graph: whole, as `attribution_graph` gives it.
        part: its latents.
        seed: of the lot.

    Returns:
        Fewer where a layer has no others left.
    """
    generator = torch.Generator().manual_seed(seed)
    layers = torch.tensor([node.layer for node in graph.nodes])
    drawn = torch.zeros_like(part)
    for layer in layers[part].unique().tolist():
        others = (graph.are("latent") & ~part & (layers == layer)).nonzero()[:, 0]
        n = int((part & (layers == layer)).sum())
        drawn[others[torch.randperm(len(others), generator=generator)[:n]]] = True
    return drawn


@torch.no_grad()
def loss_without(
    model: TransformerBridge,
    transcoders: Mapping[int, Transcoder],
    graph: AttributionGraph,
    part: Bool[Tensor, "n_nodes"],
) -> float:
    """What the answer loses in the real model if all latents of a part are held at zero, in logits.

    Examples:
        >>> from course_utils.circuits import attribution_graph
        >>> from course_utils.lm import load_model
        >>> from course_utils.sae import load_transcoder
        >>> model = load_model("pocket")
        >>> transcoders = {layer: load_transcoder(f"layer_{layer}") for layer in range(5)}
        >>> graph = attribution_graph(model, transcoders, "The ship", " sails", max_targets=50)
        >>> loss_without(model, transcoders, graph, torch.zeros(len(graph.nodes), dtype=torch.bool))
        0.0

    Args:
        transcoders: those that the graph was made with.
        graph: by `attribution_graph`.
        part: its latents.

    Raises:
        ValueError: if the graph does not say which tokens it is of.
    """
    if graph.ids is None or not graph.asked:
        raise ValueError("the graph has no token numbers: only those of attribution_graph can be tried")
    ids = graph.ids[None]

    def score(hooks: list) -> float:
        logits = model.run_with_hooks(ids, return_type="logits", fwd_hooks=hooks)[0, -1]
        return (logits[graph.asked[0]] - (logits[graph.asked[1]] if len(graph.asked) == 2 else 0)).item()

    hooks: list[tuple[str, Callable]] = []
    for layer, transcoder in transcoders.items():
        held = [n for n, yes in zip(graph.nodes, part.tolist(), strict=True) if yes and n.layer == layer]
        if held:
            hooks += _holding(layer, transcoder, held)
    return score([]) - score(hooks)


def _holding(layer: int, transcoder: Transcoder, held: list) -> list[tuple[str, Callable]]:
    """Hooks that take out of an MLP's output what its latents write, as strong as they are in that very run."""
    at = torch.tensor([node.position for node in held])
    which = torch.tensor([node.latent for node in held])
    values: list[Tensor] = []

    def read(x: Tensor, hook: object) -> Tensor:
        values.append(transcoder(x[0, at]).latents[torch.arange(len(at)), which])
        return x

    def take_out(x: Tensor, hook: object) -> Tensor:
        out = x.clone()
        out[0].index_add_(0, at, -values.pop()[:, None] * transcoder.W_dec[which])
        return out

    return [(f"blocks.{layer}.mlp.hook_in", read), (f"blocks.{layer}.hook_mlp_out", take_out)]
