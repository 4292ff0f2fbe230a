"""A small convolutional network that names line drawings, and what its units respond to.

    pixels -> conv -> conv -> units -> logits

No layer has a bias: where nothing is drawn nothing is computed, and all that the network says comes from ink. ReLU
follows every layer but the last. The units in the middle are what we look at: few of them have to serve all concepts.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, cross_entropy, pad, relu

from course_utils.base import one_thread
from course_utils.worlds.pictures import PICTURE_CONCEPTS, SIDE, Pictures

CHANNELS = (1, 8, 12)
KERNELS, STRIDE = (5, 3), 2


class Seen(NamedTuple):
    """What the network makes of a batch of pictures."""

    units: Float[Tensor, "batch d_units"]
    """After their ReLU."""

    logits: Float[Tensor, "batch n_concepts"]


class VisionNetwork(nn.Module):
    """Two convolutions, ``d_units`` units, one logit a concept.

    Its weights are in double precision, which takes no longer in so small a network: single precision's rounding errors
    grow while it trains, and are others on each kind of processor.

    Examples:
        >>> from course_utils.worlds import draw_pictures
        >>> seen = VisionNetwork(d_units=6).see(draw_pictures(1, seed=0).pixels)  # a picture of each concept
        >>> seen.units.shape, seen.logits.shape
        (torch.Size([12, 6]), torch.Size([12, 12]))

    Args:
        side: of the square pictures, in pixels.
        seed: of the weights to start from.
    """

    def __init__(
        self, d_units: int, n_concepts: int = len(PICTURE_CONCEPTS), side: int = SIDE, *, seed: int = 0
    ):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.side, self.sides = side, [side]
        for kernel in KERNELS:
            self.sides.append((self.sides[-1] - kernel) // STRIDE + 1)
        d_flat = CHANNELS[-1] * self.sides[-1] ** 2

        def weights(*shape: int, fan_in: int) -> nn.Parameter:
            drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
            return nn.Parameter(drawn * (2 / fan_in) ** 0.5)

        self.filters = nn.ParameterList(
            weights(c_out, c_in, k, k, fan_in=c_in * k * k)
            for (c_in, c_out), k in zip(pairwise(CHANNELS), KERNELS, strict=True)
        )
        self.W_units = weights(d_flat, d_units, fan_in=d_flat)
        with torch.no_grad():
            # with weights that are as often negative, half of the few units never come alive
            self.W_units += 0.6 * self.W_units.std()
        self.W_out = weights(d_units, n_concepts, fan_in=2 * d_units)

    def see(self, pixels: Float[Tensor, "batch 1 side side"], silenced: list[int] | None = None) -> Seen:
        """Units and logits; ``silenced`` units are held at zero."""
        x = pixels.to(self.W_units.dtype)
        for filters in self.filters:
            x = relu(conv2d(x, filters, stride=STRIDE))
        units = relu(x.flatten(start_dim=1) @ self.W_units)
        if silenced:
            units = units.index_fill(1, torch.tensor(list(silenced)), 0.0)
        return Seen(units, units @ self.W_out)

    def forward(self, pixels: Float[Tensor, "batch 1 side side"]) -> Float[Tensor, "batch n_concepts"]:
        return self.see(pixels).logits

    @torch.no_grad()
    def as_matrices(self) -> list[Float[Tensor, "d_in d_out"]]:
        """The four layers as plain matrices, pixels first: a convolution is a matrix with many zeros."""
        dense = []
        for filters, side in zip(self.filters, self.sides, strict=False):
            c_in = filters.shape[1]
            one_hot = torch.eye(c_in * side * side, dtype=filters.dtype).view(-1, c_in, side, side)
            dense.append(conv2d(one_hot, filters, stride=STRIDE).flatten(start_dim=1))
        return [*dense, self.W_units.detach(), self.W_out.detach()]


@one_thread()
@torch.enable_grad()
def fit_vision(
    network: VisionNetwork,
    pictures: Pictures,
    *,
    epochs: int = 24,
    batch_size: int = 100,
    lr: float = 2e-3,
    unit_cost: float = 0.0,
    seed: int = 0,
) -> list[float]:
    """Train on labelled pictures in place; returns the mean loss of each epoch, in nats a picture.

    Examples:
        >>> from course_utils.worlds import draw_pictures
        >>> losses = fit_vision(VisionNetwork(8), draw_pictures(5, seed=0), epochs=3)
        >>> len(losses), losses[0] > losses[-1]
        (3, True)

    Args:
        unit_cost: added to the loss for each unit of mean activation, summed over units: rent for being on.
        seed: of the order of the pictures in each epoch.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(pictures.pixels), generator=generator).split(batch_size):
            seen = network.see(pictures.pixels[rows])
            loss = cross_entropy(seen.logits, pictures.concept_ids[rows])
            total += loss.item() * len(rows)
            optimizer.zero_grad()
            (loss + unit_cost * seen.units.sum(dim=1).mean()).backward()
            optimizer.step()
        losses.append(total / len(pictures.pixels))
    return losses


@one_thread()
@torch.no_grad()
def accuracy_by_concept(
    network: VisionNetwork, pictures: Pictures, silenced: list[int] | None = None
) -> Float[Tensor, "n_concepts"]:
    """Share of each concept's pictures that get the right name, with some units silenced.

    Examples:
        >>> from course_utils.worlds import draw_pictures
        >>> accuracy = accuracy_by_concept(VisionNetwork(6), draw_pictures(2, seed=0), silenced=[0, 1, 2, 3, 4, 5])
        >>> accuracy[:3]  # without any unit every picture is taken for the first concept
        tensor([1., 0., 0.])

    Args:
        silenced: numbers of the units that are held at zero.

    Returns:
        Shares between 0 and 1; NaN for a concept without a picture.
    """
    right = network.see(pictures.pixels, silenced).logits.argmax(dim=1) == pictures.concept_ids
    n = pictures.concept_ids.bincount(minlength=network.W_out.shape[1])
    return pictures.concept_ids.bincount(right.float(), minlength=len(n)).float() / n


def ascend(
    picture: Float[Tensor, "*shape"], gradient: Float[Tensor, "*shape"], step: float
) -> Float[Tensor, "*shape"]:
    """Move a picture's pixels uphill by a step of this length, and keep them between 0 (background) and 1 (ink).

    Examples:
        >>> ascend(torch.tensor([0.5, 0.5]), gradient=torch.tensor([3.0, 4.0]), step=0.1)  # a step of 0.06 and 0.08
        tensor([0.5600, 0.5800])

    Args:
        gradient: only its direction counts.
        step: Euclidean length of the step, over all pixels.
    """
    return (picture + step * gradient / gradient.norm().clamp(min=1e-12)).clamp(0, 1)


@one_thread()
@torch.enable_grad()
def most_exciting(
    network: VisionNetwork,
    unit: int,
    start: Float[Tensor, "1 side side"],
    *,
    steps: int = 60,
    step: float = 1.0,
    take_step: Callable[[Tensor, Tensor, float], Tensor] = ascend,
) -> Float[Tensor, "1 side side"]:
    """Activation maximisation: the picture that gradient ascent on a unit's input makes of ``start``.

    Each step is followed by a slight blur, without which the answer is a carpet of single pixels.

    Examples:
        >>> network, grey = VisionNetwork(6), torch.full((1, 28, 28), 0.5)
        >>> picture = most_exciting(network, 0, grey, steps=5)
        >>> bool(network.see(picture[None]).units[0, 0] > network.see(grey[None]).units[0, 0])
        True

    Args:
        unit: its number.
        step: length of each step, as `ascend` takes it.
        take_step: (picture, gradient, step) -> the next picture, before the blur.

    Returns:
        Pixels between 0 (background) and 1 (ink), in double precision.
    """
    picture = start.to(network.W_units.dtype)
    for _ in range(steps):
        picture.requires_grad_()
        x = picture[None]
        for filters in network.filters:
            x = relu(conv2d(x, filters, stride=STRIDE))
        excitement = (x.flatten(start_dim=1) @ network.W_units)[0, unit]
        (gradient,) = torch.autograd.grad(excitement, picture)
        picture = take_step(picture.detach(), gradient, step)
        picture = 0.8 * picture + 0.2 * avg_pool2d(pad(picture[None], (1, 1, 1, 1)), 3, stride=1)[0]
    return picture.detach()
