"""An attribution graph as data: nodes, and what each target gets from the nodes below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.base import may_have_gaps

Kind = Literal["embedding", "latent", "error", "answer"]


class Node(NamedTuple):
    """One cause or effect in a graph."""

    kind: Kind
    """An "error" is what an MLP wrote at a token and its transcoder did not."""

    layer: int
    """-1 of embeddings; of the answer, the number of layers."""

    position: int
    """Of the token, BOS being 0."""

    latent: int | None
    """Its number in the transcoder."""

    value: float
    """A latent's activation, the answer's logits; else the length of what is written."""


@dataclass(frozen=True, eq=False)
class AttributionGraph:
    """What made an answer, one row of ``edges`` for each node that was traced back; the answer's is the first.

    Examples:
        >>> nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)
        >>> graph = AttributionGraph(("x",), "y", nodes, torch.tensor([[4.0, 0.0]]), torch.tensor([1]),
        ...                          torch.tensor([1.0]), torch.tensor([5.0]))
        >>> graph.incoming(1), graph.left_out
        ([(0, 4.0)], 0.0)
    """

    tokens: tuple[str, ...]
    """Of the prompt, BOS first."""

    question: str
    nodes: tuple[Node, ...]
    edges: Float[Tensor, "n_targets n_nodes"]
    """What each target gets from each node, in the units of the target."""

    targets: Int[Tensor, "n_targets"]
    """The node that each row is of: the answer, then latents, from the uppermost layer down."""

    constants: Float[Tensor, "n_targets"]
    """What each target gets from biases, and from what is written at BOS."""

    sums: Float[Tensor, "n_targets"]
    """What each target got in the real run: the answer's logits, a latent before its activation function."""

    checked: Bool[Tensor, "n_targets n_nodes"] | None = None
    """Edges whose source was changed in the real model; None before any was."""

    contradicted: Bool[Tensor, "n_targets n_nodes"] | None = None
    """Those of ``checked`` whose target did not follow."""

    ids: Int[Tensor, "pos"] | None = None
    """Token numbers of the prompt; None if the graph comes from elsewhere."""

    asked: tuple[int, ...] = ()
    """The tokens that the question is about: the answer, and the one that it is compared with."""

    @property
    def answer(self) -> Node:
        """The node that is asked about."""
        return self.nodes[int(self.targets[0])]

    @property
    def has_bos(self) -> bool:
        """Whether the first token is one that marks the start, such as <|endoftext|>, and no part of the text."""
        return self.tokens[0].startswith("<") and self.tokens[0].endswith(">")

    @property
    def left_out(self) -> float:
        """What the answer got from nodes that are not in this graph any more (`prune`), in logits."""
        return (self.sums[0] - self.constants[0] - self.edges[0].sum()).item()

    def are(self, *kinds: Kind) -> Bool[Tensor, "n_nodes"]:
        """Which nodes are of some kinds."""
        return torch.tensor([node.kind in kinds for node in self.nodes])

    def incoming(self, node: int) -> list[tuple[int, float]]:
        """(source, weight) of what flows into a node, the strongest first; nothing if it was not traced back."""
        rows = (self.targets == node).nonzero()[:, 0].tolist()
        if not rows:
            return []
        weights = self.edges[rows[0]]
        strongest = weights.abs().argsort(descending=True)
        return [(int(i), weights[i].item()) for i in strongest if weights[i] != 0]


may_have_gaps("constants", "sums")(AttributionGraph.__init__)  # files of others do not say them
