"""The gradients of toy models, written out, in memory that is used again at every step.

    hidden = W @ features,   output = relu(W_out.T @ hidden + b),   loss = sum of importance * (target - output)^2

A step is a few products of tables of (batch, n_features) numbers. For all instances at once they fill tens of
megabytes, and waiting for memory takes longer than the arithmetic. So a step goes through the instances in blocks that
stay in the processor's cache; every instance gets the very numbers that it would get among all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.base import relu_slope_

VALUES_IN_CACHE = 2**19  # 2 MB a table


class Models(Protocol):
    """`ToyModels`, which stands a layer above."""

    W: Float[Tensor, "instances d_hidden n_features"]
    W_out: Float[Tensor, "instances d_hidden n_features"]
    b: Float[Tensor, "instances n_features"]
    hidden_relu: Bool[Tensor, "instances"]
    output_relu: Bool[Tensor, "instances"]
    task: Any

    def hidden(self, features: Tensor, out: Tensor | None = None) -> Tensor: ...
    def read(self, hidden: Tensor, out: Tensor | None = None) -> Tensor: ...
    def part(self, some: slice) -> Models: ...


class Gradients(NamedTuple):
    W: Float[Tensor, "instances d_hidden n_features"]
    W_out: Float[Tensor, "instances d_hidden n_features"]
    b: Float[Tensor, "instances n_features"]
    loss: Float[Tensor, "instances"] | None


class Room(NamedTuple):
    """Where the tables of a step stand; new memory costs more than the sums that go into it."""

    features: Float[Tensor, "instances batch n_features"]
    hidden: Float[Tensor, "instances batch d_hidden"]
    output: Float[Tensor, "instances batch n_features"]
    error: Float[Tensor, "instances batch n_features"]
    back: Float[Tensor, "instances batch d_hidden"]

    @classmethod
    def for_(cls, W: Float[Tensor, "instances d_hidden n_features"], batch_size: int) -> Room:
        n, d_hidden, n_features = W.shape
        widths = (n_features, d_hidden, n_features, n_features, d_hidden)
        return cls(*(W.new_empty(n, batch_size, width) for width in widths))

    def of(self, n: int) -> Room:
        """Its part for ``n`` instances."""
        return Room(*(table[:n] for table in self))


def activate_(x: Tensor, is_relu: Bool[Tensor, "instances"]) -> Tensor:
    """relu, in place, where the instance has one."""
    if is_relu.all():
        return x.relu_()
    return torch.where(is_relu[:, None, None], x.relu(), x) if is_relu.any() else x


def _back_(slope: Tensor, activated: Tensor, is_relu: Bool[Tensor, "instances"]) -> Tensor:
    """The slope before the activation: nothing passes where a relu is shut."""
    if is_relu.all():
        return relu_slope_(slope, activated)
    return torch.where((activated > 0) | ~is_relu[:, None, None], slope, 0) if is_relu.any() else slope


def toy_loss(
    output: Float[Tensor, "*instances batch n_features"],
    target: Float[Tensor, "*instances batch n_features"],
    importance: Float[Tensor, "*instances n_features"],
) -> Float[Tensor, "*instances"]:
    """Squared error weighted by importance: summed over the features, mean over the batch.

    Examples:
        >>> output, target = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])  # squared errors 1 and 4
        >>> toy_loss(output, target, importance=torch.tensor([1.0, 0.5]))
        tensor(3.)

    Returns:
        One loss for each instance; a single number without that axis.
    """
    return (importance * (output - target).square().mean(dim=-2)).sum(dim=-1)


@torch.no_grad()
def gradients(
    models: Models, features: Tensor, target: Tensor, with_loss: bool = False, room: Room | None = None
) -> Gradients:
    """Once forward and once back, by the chain rule; `W` is the part through the first layer only.

    Args:
        room: memory to work in, overwritten; None takes new.
    """
    room = room or Room.for_(models.W, features.shape[1])
    weight = (2 / features.shape[1]) * models.task.importance[:, None]  # (instances, 1, n_features)
    hidden = models.hidden(features, out=room.hidden)
    output = models.read(hidden, out=room.output)
    error = _back_(torch.sub(output, target, out=room.error), output, models.output_relu)
    # the importance is multiplied in where tensors are small: (d_hidden, n_features), not (batch, n_features)
    weighted = (weight * models.W_out).mT
    back = _back_(torch.bmm(error, weighted, out=room.back), hidden, models.hidden_relu)
    return Gradients(
        W=back.mT @ features,
        W_out=weight * (hidden.mT @ error),
        b=weight[:, 0] * error.sum(dim=1),
        loss=toy_loss(output, target, models.task.importance) if with_loss else None,
    )


def blocks(n_instances: int, values_each: int) -> Iterator[slice]:
    """Stretches of instances, of like length, whose tables of ``values_each`` numbers fit in the cache together."""
    n_blocks = min(n_instances, -(-n_instances * values_each // VALUES_IN_CACHE))
    first = 0
    for part in torch.arange(n_instances).tensor_split(n_blocks):
        yield slice(first, first + len(part))
        first += len(part)


class Steps:
    """The gradients of all instances on fresh features, block by block, for one training run.

    It takes a generator in the place of a seed because every call goes on drawing where the last one stopped.
    """

    def __init__(self, models: Models, batch_size: int, *, generator: np.random.Generator):
        self.models, self.batch_size, self.generator = models, batch_size, generator
        n, _, n_features = models.W.shape
        stretches = list(blocks(n, batch_size * n_features))
        room = Room.for_(models.W[stretches[0]], batch_size)
        parts = [models.part(some) for some in stretches]
        self.parts = [(some, part, room.of(len(part.W))) for some, part in zip(stretches, parts, strict=True)]
        W, W_out, b = (torch.empty_like(w) for w in (models.W, models.W, models.b))
        self.found = Gradients(W, W_out, b, loss=None)

    def __call__(self, with_loss: bool = False) -> Gradients:
        """What it returns is overwritten by the next call."""
        losses = []
        for (some, part, room), batch in zip(self.parts, self._batches(), strict=True):
            slopes = gradients(part, *batch, with_loss, room)
            for name in ("W", "W_out", "b"):
                getattr(self.found, name)[some] = getattr(slopes, name)
            losses.append(slopes.loss)
        return self.found._replace(loss=torch.cat(losses) if with_loss else None)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Features and targets of each part."""
        if self.models.task.takes_one_draw:
            for _, part, room in self.parts:
                features = part.task.by_one_draw(self.generator, room.features)
                yield features, features
        else:
            drawn = self.models.task.batch(self.batch_size, self.generator)
            for some, *_ in self.parts:
                yield drawn[0][some], drawn[1][some]
