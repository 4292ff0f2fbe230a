"""The linear regions of a small ReLU network, exactly.

    h = relu(W h + b)  in every hidden layer,  logits = W h + b  at the end

Which hidden neurons are on is the input's *spline code*. All inputs of one code form a convex polytope, and inside it
the network is one affine map (Balestriero and Baraniuk 2018, "A Spline Theory of Deep Learning"). In two dimensions the
polytopes are polygons, and cutting them at the neurons' borders, layer by layer, finds every one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

SAME_PLACE = 1e-9
"""A corner this near to a border, relative to the window, lies on it: closer is rounding error."""


class ReLUNetwork(NamedTuple):
    """Weights (out, in) and biases (out,) of every layer; the last one has no ReLU.

    Examples:
        >>> absolute = ReLUNetwork((torch.tensor([[1.0], [-1.0]]), torch.ones(1, 2)), (torch.zeros(2), torch.zeros(1)))
        >>> forward_network(torch.tensor([[-3.0], [2.0]]), absolute)  # relu(x) + relu(-x)
        tensor([[3.],
                [2.]])
    """

    weights: tuple[Float[Tensor, "out in"], ...]
    biases: tuple[Float[Tensor, "out"], ...]


class LinearRegion(NamedTuple):
    """A convex polygon on which the network is one affine map."""

    vertices: Float[np.ndarray, "n_corners 2"]
    """Corners in order."""

    code: Bool[np.ndarray, "n_neurons"]
    """Which hidden neurons are on inside, first layer first."""


def random_network(widths: Sequence[int], *, d_in: int = 2, d_out: int = 1, seed: int) -> ReLUNetwork:
    """A network with ``widths`` hidden neurons, its weights of He's size, with biases that move borders off the origin.

    Examples:
        >>> network = random_network([4, 3], d_in=2, seed=0)
        >>> [tuple(W.shape) for W in network.weights]
        [(4, 2), (3, 4), (1, 3)]

    Args:
        widths: neurons of each hidden layer.
    """
    generator = torch.Generator().manual_seed(seed)
    sizes = [d_in, *widths, d_out]
    weights = [
        torch.randn(n_out, n_in, generator=generator) * math.sqrt(2 / n_in) for n_in, n_out in pairwise(sizes)
    ]
    return ReLUNetwork(tuple(weights), tuple(0.5 * torch.randn(n, generator=generator) for n in sizes[1:]))


def forward_network(x: Float[Tensor, "batch d_in"], network: ReLUNetwork) -> Float[Tensor, "batch d_out"]:
    """What the network answers.

    Examples:
        >>> absolute = ReLUNetwork((torch.tensor([[1.0], [-1.0]]), torch.ones(1, 2)), (torch.zeros(2), torch.zeros(1)))
        >>> forward_network(torch.tensor([[-3.0], [2.0]]), absolute)  # relu(x) + relu(-x)
        tensor([[3.],
                [2.]])

    Returns:
        The last layer's outputs, which have no ReLU.
    """
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        x = torch.relu(x @ W.T + b)
    return x @ network.weights[-1].T + network.biases[-1]


def spline_code(x: Float[Tensor, "batch d_in"], network: ReLUNetwork) -> Bool[Tensor, "batch n_neurons"]:
    """Which hidden neurons are on for each input, first layer first.

    Examples:
        >>> absolute = ReLUNetwork((torch.tensor([[1.0], [-1.0]]), torch.ones(1, 2)), (torch.zeros(2), torch.zeros(1)))
        >>> spline_code(torch.tensor([[-3.0], [2.0]]), absolute)  # one neuron for each sign
        tensor([[False,  True],
                [ True, False]])
    """
    codes = []
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        pre = x @ W.T + b
        codes.append(pre > 0)
        x = torch.relu(pre)
    return torch.cat(codes, dim=1)


def local_map(
    x: Float[Tensor, "d_in"],
    weights: Sequence[Float[Tensor, "out in"]],
    biases: Sequence[Float[Tensor, "out"]],
) -> tuple[Float[Tensor, "d_out d_in"], Float[Tensor, "d_out"]]:
    """The one affine map that the network is around ``x``: A and c with ``A @ x + c`` its answer.

    It holds for every input with the spline code of ``x``. A neuron that is off gives nothing, so its row becomes 0.

    Examples:
        >>> weights, biases = (torch.tensor([[1.0], [-1.0]]), torch.ones(1, 2)), (torch.zeros(2), torch.zeros(1))
        >>> local_map(torch.tensor([-3.0]), weights, biases)  # the network is |x|: -x around -3
        (tensor([[-1.]]), tensor([0.]))

    Args:
        weights, biases: as in `ReLUNetwork`.
    """
    A, c = weights[0], biases[0]
    for W, b in zip(weights[1:], biases[1:], strict=True):
        on = A @ x + c > 0
        A, c = W @ (A * on[:, None]), W @ (c * on) + b
    return A, c


@torch.enable_grad()
def fit_network(
    points: Float[Tensor, "n d_in"],
    classes: Int[Tensor, "n"],
    widths: Sequence[int],
    *,
    steps: int = 400,
    lr: float = 0.02,
    seed: int,
) -> ReLUNetwork:
    """Fit a network to labelled points: all of them at every step, cross-entropy, Adam.

    Examples:
        >>> points = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> network = fit_network(points, torch.tensor([0, 1, 1, 0]), [8], steps=60, seed=0)  # exclusive or
        >>> forward_network(points, network).argmax(dim=1)
        tensor([0, 1, 1, 0])

    Args:
        classes: numbers from 0 on; the network gets an output for each up to the largest.
        widths: neurons of each hidden layer.
        seed: of the weights to start from, as in `random_network`.

    Raises:
        ValueError: if a class is negative.
    """
    if classes.min() < 0:
        raise ValueError(f"classes begin at {int(classes.min())}: they are numbers from 0 on")
    start = random_network(widths, seed=seed, d_in=points.shape[1], d_out=int(classes.max()) + 1)
    points = points.double()  # so that late digits do not depend on the machine
    parameters = [p.double().requires_grad_() for p in (*start.weights, *start.biases)]
    network = ReLUNetwork(tuple(parameters[: len(start.weights)]), tuple(parameters[len(start.weights) :]))
    optimiser = torch.optim.Adam(parameters, lr=lr)
    for _ in range(steps):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(forward_network(points, network), classes).backward()
        optimiser.step()
    return ReLUNetwork(*(tuple(p.detach().float() for p in part) for part in network))


def linear_regions(network: ReLUNetwork, half_width: float = 1.0) -> list[LinearRegion]:
    """Every linear region inside the square window from ``-half_width`` to ``half_width``, exactly.

    Each layer is affine on the regions of the layers before it, so a neuron's border crosses such a region as a
    straight line: cut there. What is left has one code.

    Examples:
        >>> layers = torch.tensor([[1.0, 0.0]]), torch.ones(1, 1)  # one neuron, which is on to the right of 0
        >>> network = ReLUNetwork(layers, (torch.zeros(1), torch.zeros(1)))
        >>> [(region.code.tolist(), region.vertices[:, 0].max().item()) for region in linear_regions(network)]
        [([True], 1.0), ([False], 0.0)]

    Args:
        network: one that reads two numbers.

    Raises:
        ValueError: if the network does not read two numbers.
    """
    if network.weights[0].shape[1] != 2:
        raise ValueError(
            f"regions are drawn in two dimensions, the network reads {network.weights[0].shape[1]}"
        )
    square = half_width * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    # corners, the map so far, the code so far
    cells = [(square, np.eye(2), np.zeros(2), np.zeros(0, dtype=bool))]
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        W, b = W.double().numpy(), b.double().numpy()
        deeper = []
        for corners, A, c, code in cells:
            A, c = W @ A, W @ c + b
            for part in _cut(corners, A, c, half_width):
                on = A @ part.mean(axis=0) + c > 0
                deeper.append((part, A * on[:, None], c * on, np.concatenate([code, on])))
        cells = deeper
    return [LinearRegion(corners, code) for corners, _, _, code in cells]


def _cut(corners: np.ndarray, A: np.ndarray, c: np.ndarray, size: float) -> list[np.ndarray]:
    """A convex polygon, cut by every line ``A[i] @ x + c[i] = 0`` that crosses it."""
    A, c = A / (lengths := np.linalg.norm(A, axis=1).clip(1e-300))[:, None], c / lengths  # now distances
    sides = corners @ A.T + c
    crosses = (sides.min(axis=0) < -SAME_PLACE * size) & (sides.max(axis=0) > SAME_PLACE * size)
    parts = [corners]
    for normal, offset in zip(A[crosses], c[crosses], strict=True):
        parts = [half for part in parts for half in _halves(part, part @ normal + offset, size)]
    return parts


def _halves(corners: np.ndarray, side: np.ndarray, size: float) -> list[np.ndarray]:
    """The polygon's two parts with ``side`` above and below 0, or the polygon if the line does not cross it."""
    if side.min() > -SAME_PLACE * size or side.max() < SAME_PLACE * size:
        return [corners]
    following, next_side = np.roll(corners, -1, axis=0), np.roll(side, -1)
    halves: tuple[list, list] = ([], [])
    for corner, s, following_corner, t in zip(corners, side, following, next_side, strict=True):
        for half, sign in zip(halves, (1, -1), strict=True):
            if sign * s >= 0:
                half.append(corner)
            if s * t < 0:
                half.append(corner + s / (s - t) * (following_corner - corner))
    return [np.array(half) for half in halves]


def most_regions(widths: Sequence[int], d_in: int) -> int:
    """Upper bound on the number of linear regions of a network with these hidden ``widths``.

    One layer: 1 + n + n(n-1)/2 + … up to ``d_in`` neurons at a time, which lines in general position reach (Zaslavsky
    1975). Deeper: the product over the layers, where no layer cuts in more dimensions than the narrowest before it
    lets through (Montúfar 2017, "Notes on the number of linear regions of deep neural networks").

    Examples:
        >>> most_regions([3], d_in=2)  # three lines cut a plane into seven parts
        7
    """
    product, dimensions = 1, d_in
    for width in widths:
        product *= sum(math.comb(width, j) for j in range(dimensions + 1))
        dimensions = min(dimensions, width)
    return product
