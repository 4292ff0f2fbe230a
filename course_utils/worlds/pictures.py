"""Pictures drawn by code: line drawings of cats, cars, letters …, each concept in endless variations.

A concept is a few lines on a square from -1 to 1. Every picture bends it a little: each point jitters, the whole is
turned, sheared, scaled and moved, and the pen gets thicker or thinner, which makes fonts of letters too. A pixel's
brightness falls off with its distance from the nearest line, so pictures are smooth and need no drawing library.
"""

from __future__ import annotations

from math import cos, pi, sin
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.base import one_thread

SIDE = 28
Line = list[tuple[float, float]]


def _arc(
    x: float, y: float, rx: float, ry: float, start: float = 0.0, stop: float = 360.0, n: int = 12
) -> Line:
    """Points of an ellipse's arc, degrees clockwise from the right (y points down)."""
    angles = [(start + (stop - start) * i / n) * pi / 180 for i in range(n + 1)]
    return [(x + rx * cos(a), y + ry * sin(a)) for a in angles]


def _box(left: float, top: float, right: float, bottom: float) -> Line:
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]


DRAWINGS: dict[str, list[Line]] = {
    "cat face": [
        _arc(0, 0.15, 0.62, 0.55),
        [(-0.56, -0.1), (-0.55, -0.8), (-0.2, -0.36)],
        [(0.56, -0.1), (0.55, -0.8), (0.2, -0.36)],
        [(-0.24, 0.02), (-0.24, 0.1)],
        [(0.24, 0.02), (0.24, 0.1)],
        [(-0.1, 0.36), (0, 0.44), (0.1, 0.36)],
        [(-0.3, 0.34), (-0.95, 0.22)],
        [(-0.3, 0.44), (-0.95, 0.56)],
        [(0.3, 0.34), (0.95, 0.22)],
        [(0.3, 0.44), (0.95, 0.56)],
    ],
    "car front": [
        [(-0.85, 0.5), (-0.85, 0.0), (-0.6, -0.1), (-0.42, -0.6), (0.42, -0.6), (0.6, -0.1), (0.85, 0.0), (0.85, 0.5), (-0.85, 0.5)],
        [(-0.6, -0.1), (0.6, -0.1)],
        _arc(-0.58, 0.18, 0.13, 0.13, n=6),
        _arc(0.58, 0.18, 0.13, 0.13, n=6),
        [(-0.3, 0.22), (0.3, 0.22)],
        [(-0.7, 0.5), (-0.7, 0.8), (-0.42, 0.8), (-0.42, 0.5)],
        [(0.7, 0.5), (0.7, 0.8), (0.42, 0.8), (0.42, 0.5)],
    ],
    "human face": [
        _arc(0, 0, 0.6, 0.8),
        _arc(-0.25, -0.18, 0.09, 0.06, n=6),
        _arc(0.25, -0.18, 0.09, 0.06, n=6),
        [(0, -0.1), (-0.08, 0.16), (0.04, 0.18)],
        _arc(0, 0.3, 0.28, 0.2, 20, 160, n=6),
    ],
    "house": [
        _box(-0.6, -0.1, 0.6, 0.8),
        [(-0.8, -0.1), (0, -0.8), (0.8, -0.1), (-0.8, -0.1)],
        [(-0.12, 0.8), (-0.12, 0.35), (0.15, 0.35), (0.15, 0.8)],
        _box(0.3, 0.1, 0.48, 0.3),
    ],
    "flower": [
        _arc(0, -0.35, 0.14, 0.14, n=6),
        *[_arc(0.33 * cos(a), -0.35 + 0.33 * sin(a), 0.18, 0.18, n=8) for a in [2 * pi * i / 5 - pi / 2 for i in range(5)]],
        [(0, 0.1), (0, 0.9)],
        _arc(0.22, 0.55, 0.22, 0.14, n=8),
    ],
    "fish": [
        _arc(-0.15, 0, 0.6, 0.36),
        [(0.42, 0.08), (0.85, -0.32), (0.85, 0.36), (0.42, -0.06)],
        [(-0.48, -0.08), (-0.46, -0.06)],
        _arc(-0.3, 0, 0.14, 0.26, -80, 80, n=5),
    ],
    "sailing boat": [
        [(-0.85, 0.4), (0.85, 0.4), (0.5, 0.8), (-0.5, 0.8), (-0.85, 0.4)],
        [(0, 0.4), (0, -0.85)],
        [(0.08, -0.8), (0.7, 0.22), (0.08, 0.22)],
        [(-0.08, -0.6), (-0.55, 0.22), (-0.08, 0.22)],
    ],
    "tree": [
        [(0, 0.9), (0, -0.1)],
        [(0, 0.35), (0.3, 0.0)],
        [(0, 0.25), (-0.28, -0.05)],
        _arc(0, -0.4, 0.55, 0.45),
    ],
    "key": [
        _arc(-0.5, 0, 0.3, 0.3),
        [(-0.2, 0), (0.85, 0)],
        [(0.85, 0), (0.85, 0.3)],
        [(0.55, 0), (0.55, 0.24)],
    ],
    "letter A": [[(-0.55, 0.8), (0, -0.8), (0.55, 0.8)], [(-0.32, 0.2), (0.32, 0.2)]],
    "letter E": [[(0.5, -0.8), (-0.45, -0.8), (-0.45, 0.8), (0.5, 0.8)], [(-0.45, 0), (0.35, 0)]],
    "letter S": [_arc(0, -0.4, 0.42, 0.38, -30, -270, n=9) + _arc(0, 0.38, 0.45, 0.42, -90, 150, n=9)],
}  # fmt: skip
"""Concept → its lines, each a list of (x, y); x points right, y down."""

PICTURE_CONCEPTS = tuple(DRAWINGS)


class Pictures(NamedTuple):
    """Rendered pictures with what each of them shows."""

    pixels: Float[Tensor, "n 1 side side"]
    """0 is background, 1 is ink."""

    concept_ids: Int[Tensor, "n"]
    """Indices into `PICTURE_CONCEPTS`."""


@one_thread()
def draw_picture(concept: str, n: int, side: int = SIDE, *, seed: int) -> Float[Tensor, "n 1 side side"]:
    """``n`` variations of a concept, in double precision: the same for the same seed, on every processor.

    Examples:
        >>> letter = draw_picture("letter E", 1, side=10, seed=1)[0, 0]
        >>> for row in letter:
        ...     print("".join("#" if ink > 0.5 else "·" for ink in row))
        ··········
        ··#####···
        ··#·······
        ··#·······
        ··#·······
        ··#####···
        ··#·······
        ··#·······
        ··######··
        ··········

    Args:
        concept: one of `PICTURE_CONCEPTS`.
        side: of the square picture, in pixels.

    Returns:
        Pixels between 0 (background) and 1 (ink).

    Raises:
        ValueError: if there is no such concept; the message lists what there is.
    """
    if concept not in DRAWINGS:
        raise ValueError(f"no drawing of {concept!r}; there are {', '.join(PICTURE_CONCEPTS)}")
    generator = torch.Generator().manual_seed(1000 * seed + PICTURE_CONCEPTS.index(concept))

    def spread(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=generator, dtype=torch.float64)

    angle, shear, width = spread(-0.22, 0.22), spread(-0.18, 0.18), spread(0.09, 0.2)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=1).view(n, 2, 2)
    bend = torch.eye(2, dtype=torch.float64).repeat(n, 1, 1) * spread(0.68, 0.92, 2)[:, None, :]
    bend[:, 0, 1] += shear
    shift = spread(-0.12, 0.12, 1, 2)

    starts, stops = [], []
    for line in DRAWINGS[concept]:
        wobble = torch.randn(n, len(line), 2, generator=generator, dtype=torch.float64)
        points = torch.tensor(line) + 0.025 * wobble
        if line[0] == line[-1]:
            points[:, -1] = points[:, 0]  # a closed line stays closed
        points = points @ (turn @ bend).mT + shift
        starts.append(points[:, :-1])
        stops.append(points[:, 1:])
    distance = _distance_to_lines(torch.cat(starts, dim=1), torch.cat(stops, dim=1), side)
    ink = (0.5 + (width[:, None] / 2 - distance) * side / 2).clamp(0, 1)
    return ink.view(n, 1, side, side)


def _distance_to_lines(
    start: Float[Tensor, "n lines 2"], stop: Float[Tensor, "n lines 2"], side: int
) -> Float[Tensor, "n pixels"]:
    """From each pixel's middle to the nearest line of its picture."""
    middles = (torch.arange(side, dtype=start.dtype) + 0.5) * 2 / side - 1
    pixel = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), dim=-1).view(1, -1, 2)
    nearest = torch.full((len(start), side * side), torch.inf, dtype=start.dtype)
    for a, b in zip(start.unbind(dim=1), stop.unbind(dim=1), strict=True):
        along, from_a = (b - a)[:, None], pixel - a[:, None]
        share = (from_a * along).sum(dim=-1) / along.pow(2).sum(dim=-1).clamp(min=1e-9)
        squared = (from_a - share.clamp(0, 1)[..., None] * along).pow(2).sum(dim=-1)
        nearest = torch.minimum(nearest, squared)
    return nearest.sqrt()


def draw_pictures(n_each: int, *, seed: int) -> Pictures:
    """``n_each`` pictures of every concept, concept after concept.

    Examples:
        >>> pictures = draw_pictures(2, seed=0)
        >>> len(pictures.pixels), [PICTURE_CONCEPTS[i] for i in pictures.concept_ids[:3]]
        (24, ['cat face', 'cat face', 'car front'])
    """
    pixels = torch.cat([draw_picture(concept, n_each, seed=seed) for concept in PICTURE_CONCEPTS])
    return Pictures(pixels, torch.arange(len(PICTURE_CONCEPTS)).repeat_interleave(n_each))
