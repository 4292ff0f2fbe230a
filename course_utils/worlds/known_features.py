"""Activations made from features that we know, with what misleads dictionaries planted one at a time or together.

    x = coefficients @ directions + noise

A coefficient is 0 where its feature is off, else drawn from 0.5 to 1.5. What can be planted, in the order in which the
features are numbered:

    families   a parent with ``FAMILY - 1`` children: a child is on only where its parent is, and siblings exclude each
               other; a dictionary is tempted to let the child's latent speak for the parent too (absorption)
    together   pairs of which mostly both are on or neither; tempting to be merged (hedging)
    apart      pairs that are never on at the same time
    circles    ``ON_CIRCLE`` points round a circle in a plane, one of them on at a time: one feature of two dimensions,
               as days of the week
    the rest   are independent

`zipf` makes some features frequent and most rare. Everything is drawn from the seed of the world, and rows from a seed
of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

FAMILY, ON_CIRCLE = 4, 7
TOGETHER = 0.9
"""The chance that the second of a pair that comes together does what the first does; else it decides for itself."""


APART_FROM_SAES = 10_000
"""A seed that nobody gives an autoencoder: one of a world's own seed would begin at its true directions."""

MOST = 0.9
"""Of the rows, in which a feature may be on: a feature that always is would be a bias."""


class Drawn(NamedTuple):
    """Rows, and what they were made of."""

    x: Float[Tensor, "n d"]
    coefficients: Float[Tensor, "n n_features"]


@dataclass(frozen=True)
class FeatureWorld:
    """What a dictionary may be asked to find, and what makes it hard.

    Examples:
        >>> world = FeatureWorld(n_features=64, d=16, active=3, families=4)
        >>> drawn = world.draw(1000)
        >>> drawn.x.shape, drawn.coefficients.shape
        (torch.Size([1000, 16]), torch.Size([1000, 64]))
        >>> on = drawn.coefficients > 0
        >>> bool((on[:, 1] & ~on[:, 0]).any())  # a child without its parent
        False

    Args:
        n_features: how many there are; those on a circle count one a point.
        d: dimensions of an activation; fewer than features, or there is nothing to be found.
        active: how many features are on in a row, on average.
        zipf: frequency falls with rank to this power; 0 makes all alike.
        families: parents with their children.
        together: pairs that come together.
        apart: pairs that exclude each other.
        circles: circles of points.
        noise: standard deviation of what is added to each dimension.
        seed: of directions and frequencies; an SAE of the same seed begins at these directions, so give it another.

    Raises:
        ValueError: if what is planted takes more features than there are, or a number is out of its range.
    """

    n_features: int = 256
    d: int = 64
    active: float = 6.0
    zipf: float = 0.0
    families: int = 0
    together: int = 0
    apart: int = 0
    circles: int = 0
    noise: float = 0.0
    seed: int = 0
    directions: Float[Tensor, "n_features d"] = field(init=False, repr=False, compare=False)
    probability: Float[Tensor, "n_features"] = field(init=False, repr=False, compare=False)
    """How often each feature is on."""

    def __post_init__(self) -> None:
        planted = self.families * FAMILY + 2 * (self.together + self.apart) + self.circles * ON_CIRCLE
        if planted > self.n_features:
            raise ValueError(f"what is planted takes {planted} features; there are {self.n_features}")
        generator = torch.Generator().manual_seed(self.seed)
        directions = torch.randn(self.n_features, self.d, generator=generator)
        directions /= directions.norm(dim=1, keepdim=True)
        for points in self.circle_members:
            plane = torch.linalg.qr(directions[points[:2]].T).Q.T
            angle = 2 * math.pi * torch.arange(ON_CIRCLE) / ON_CIRCLE
            directions[points] = torch.stack([angle.cos(), angle.sin()], dim=1) @ plane
        object.__setattr__(self, "directions", directions)
        object.__setattr__(self, "probability", self._probabilities(generator))

    # ── who is planted where ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def family_members(self) -> list[list[int]]:
        """The parent first."""
        return _groups(0, self.families, FAMILY)

    @property
    def together_pairs(self) -> list[list[int]]:
        return _groups(self.families * FAMILY, self.together, 2)

    @property
    def apart_pairs(self) -> list[list[int]]:
        return _groups(self.families * FAMILY + 2 * self.together, self.apart, 2)

    @property
    def circle_members(self) -> list[list[int]]:
        return _groups(self.families * FAMILY + 2 * (self.together + self.apart), self.circles, ON_CIRCLE)

    # ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def draw(self, n: int, *, seed: int = 0) -> Drawn:
        """``n`` rows; another seed gives others of the same world."""
        return self._draw(n, torch.Generator().manual_seed(seed + 1_000_003 * (self.seed + 1)))

    def batches(
        self, n_batches: int, batch_size: int = 1024, *, seed: int = 0
    ) -> Iterator[Float[Tensor, "b d"]]:
        """Activations to train on, drawn as they are asked for, so that memory does not grow with their number."""
        generator = torch.Generator().manual_seed(seed + 1_000_003 * (self.seed + 1))
        for _ in range(n_batches):
            yield self._draw(batch_size, generator).x

    def _draw(self, n: int, generator: torch.Generator) -> Drawn:
        alike = {"generator": generator, "dtype": self.directions.dtype}
        nothing = torch.zeros(1, dtype=self.directions.dtype)
        chance = torch.rand(n, self.n_features, **alike)
        on = chance < self.probability
        for parent, *children in self.family_members:
            # one draw of the parent's picks the child: its own stretch of the part in which the parent is on
            share = self.probability[children].cumsum(0) / self.probability[parent]
            at = chance[:, parent] / self.probability[parent]
            start = torch.cat([nothing, share[:-1]])
            on[:, children] = (at[:, None] >= start) & (at[:, None] < share)
        for first, second in self.together_pairs:
            follows = torch.rand(n, **alike) < TOGETHER
            on[:, second] = torch.where(follows, on[:, first], on[:, second])
        for first, second in self.apart_pairs:
            p = self.probability
            on[:, second] = (chance[:, first] >= p[first]) & (chance[:, first] < p[first] + p[second])
        for points in self.circle_members:
            share = self.probability[points].cumsum(0)
            at, start = chance[:, points[0]], torch.cat([nothing, share[:-1]])
            on[:, points] = (at[:, None] >= start) & (at[:, None] < share)
        coefficients = on * (0.5 + torch.rand(n, self.n_features, **alike))
        x = coefficients @ self.directions
        if self.noise:
            x = x + self.noise * torch.randn(n, self.d, **alike)
        return Drawn(x, coefficients)

    def _probabilities(self, generator: torch.Generator) -> Tensor:
        """Zipf's over the ranks, which are dealt by lot; what is planted has a frequency in common."""
        rank = torch.randperm(self.n_features, generator=generator) + 1
        p = rank.float() ** -self.zipf
        for parent, *children in self.family_members:
            p[children] = p[parent] / FAMILY  # so that on a quarter of its rows the parent is on alone
        for pair in (*self.together_pairs, *self.apart_pairs):
            p[pair] = p[pair].mean()
        for points in self.circle_members:
            p[points] = p[points].mean()
        p *= self.active / p.sum()
        at_once = [[i] for i in range(self.n_features)] + self.apart_pairs + self.circle_members
        most = max(p[group].sum().item() for group in at_once)
        if most > MOST:
            raise ValueError(
                f"a feature, or one of a set that exclude each other, would be on in {most:.0%} of the rows, "
                f"{MOST:.0%} at most: fewer active ones, or a smaller zipf"
            )
        return p


def _groups(first: int, n: int, size: int) -> list[list[int]]:
    return [list(range(first + i * size, first + (i + 1) * size)) for i in range(n)]


WORLDS = {
    "independent": FeatureWorld(seed=APART_FROM_SAES),
    "everything": FeatureWorld(
        families=20, together=16, apart=8, circles=2, zipf=0.5, noise=0.05, seed=APART_FROM_SAES
    ),
}
"""The worlds of `course bench --world`; docs/scores.md scores the scores in their like of another seed."""
