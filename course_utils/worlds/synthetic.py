"""Sparse features whose ground truth is known: what toy models are trained on.

    feature = value, if it is on, else 0      on with probability p = 1 - sparsity;  value uniform on [0, 1]

Correlation changes which features occur together, never how often each occurs. Neighbours form sets (the
first ``set_size`` features, the next ``set_size``, …), and a correlation between -1 and 1 says how a set behaves: with
chance |correlation| one common draw decides for the whole set, all on together (positive) or at most one at a time
(negative); otherwise each feature decides for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor


def feature_rng(seed: int) -> np.random.Generator:
    """NumPy's SFC64, which draws the many numbers of a toy model's training in about half of torch's time.

    The seed may be passed by position, since it is the only argument.

    Examples:
        >>> feature_rng(3).random() == feature_rng(3).random(), feature_rng(3).random() == feature_rng(4).random()
        (True, False)

    Returns:
        The generator that `ToyTask.batch` draws from.
    """
    return np.random.Generator(np.random.SFC64(seed))


def _draw(
    batch_size: int,
    probability: Tensor,
    generator: np.random.Generator,
    correlation: Tensor | None,
    set_size: int,
    signed: bool,
) -> Float[Tensor, "instances batch n_features"]:
    p = probability[:, None]
    if correlation is None and not signed:
        return _by_one_draw(generator, probability, torch.empty(len(p), batch_size, p.shape[-1]))
    value = _uniform(generator, batch_size, probability)
    on = _on(batch_size, probability, generator, correlation, set_size)
    return on * (2 * value - 1 if signed else value)


def _check(
    probability: Float[Tensor, "instances n_features"],
    correlation: Float[Tensor, "instances"] | None,
    set_size: int,
) -> None:
    """Raise a ``ValueError`` that says what cannot be drawn."""
    if not ((probability > 0) & (probability <= 1)).all():
        raise ValueError("features must be on now and then: 0 <= sparsity < 1")
    if correlation is None:
        return
    if not (correlation.abs() <= 1).all():
        raise ValueError("a correlation lies between -1 and 1")
    n_features = probability.shape[1]
    if n_features % set_size:
        raise ValueError(f"{n_features} features do not divide into sets of {set_size}")
    sets = probability.unflatten(1, (-1, set_size))
    if (sets != sets[..., :1])[correlation != 0].any():
        raise ValueError("the features of a correlated set need the same sparsity")
    if (probability.amax(dim=1)[correlation < 0] * set_size > 1).any():
        raise ValueError(
            f"at most one of {set_size} at a time: each can be on at most 1/{set_size} of the time, "
            f"so the sparsity must be at least {1 - 1 / set_size:.2f}"
        )


@dataclass(frozen=True)
class ToyTask:
    """What the instances are asked to do.

    Examples:
        >>> task = ToyTask(probability=torch.tensor([[1.0, 0.1]]), importance=torch.ones(1, 2))  # one instance
        >>> features, target = task.batch(1000, feature_rng(0))
        >>> (features > 0).float().mean(dim=1).round(decimals=1)  # how often each of two features is on
        tensor([[1.0000, 0.1000]])

    Raises:
        ValueError: if a probability is not above 0 and at most 1, a correlation is not between -1 and 1, the features
            do not divide into sets, or those of a correlated set have different probabilities, or exclude each other
            and are each on more than 1 / ``set_size`` of the time.
    """

    probability: Float[Tensor, "instances n_features"]
    importance: Float[Tensor, "instances n_features"]
    correlation: Float[Tensor, "instances"] | None = None
    set_size: int = 2
    target: Literal["features", "absolute"] = "features"
    """"absolute": features are uniform on [-1, 1], and their absolute values are asked for."""

    def __post_init__(self) -> None:
        _check(self.probability, self.correlation, self.set_size)

    @property
    def takes_one_draw(self) -> bool:
        """Whether a feature is made of one uniform number: `by_one_draw` then does what `batch` does, part by part."""
        return self.correlation is None and self.target == "features"

    def by_one_draw(
        self, generator: np.random.Generator, out: Float[Tensor, "instances batch n_features"]
    ) -> Float[Tensor, "instances batch n_features"]:
        """Features, which are the targets too, in the memory of ``out``; why it takes a generator, `batch` says."""
        return _by_one_draw(generator, self.probability, out)

    def batch(self, batch_size: int, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Features and targets, (instances, batch, n_features) each.

        Args:
            generator: from `feature_rng`. A generator and not a seed, because a training run draws a batch at every
                step, each where the last one stopped.
        """
        signed = self.target == "absolute"
        features = _draw(batch_size, self.probability, generator, self.correlation, self.set_size, signed)
        return features, features.abs() if signed else features


def _by_one_draw(
    generator: np.random.Generator, probability: Tensor, out: Tensor
) -> Float[Tensor, "instances batch n_features"]:
    """u < p is the chance to be on, and then u / p is uniform; so is 1 - u / p, which relu sets to 0 elsewhere."""
    factor = -1 / probability[:, None]
    if out.shape[1] % 2 or not isinstance(generator.bit_generator, np.random.SFC64):
        generator.random(dtype=np.float32, out=out.numpy())
    else:  # the same numbers in a third of the time: a float32 takes 24 bits of one half of what SFC64 gives
        halves = generator.bit_generator.random_raw(out.numel() // 2).view(np.uint32)
        halves >>= 8
        out.copy_(torch.from_numpy(halves.view(np.int32)).view_as(out))
        factor *= 2.0**-24
    return torch.addcmul(torch.ones(()), out, factor, out=out).relu_()


def _uniform(generator: np.random.Generator, batch_size: int, like: Tensor) -> Tensor:
    shape = (like.shape[0], batch_size, like.shape[1])
    return torch.from_numpy(generator.random(shape, dtype=np.float32))


def _on(
    batch_size: int,
    probability: Tensor,
    generator: np.random.Generator,
    correlation: Tensor | None,
    set_size: int,
) -> Bool[Tensor, "instances batch n_features"]:
    """Which features are on: those whose draw falls below their probability."""
    p = probability[:, None]
    draw = _uniform(generator, batch_size, probability)
    if correlation is None:
        return draw < p
    n_sets = probability.shape[1] // set_size
    common = _uniform(generator, batch_size, probability[:, :n_sets]).repeat_interleave(set_size, dim=2)
    place = torch.arange(set_size).repeat(n_sets)
    # all of a set compare the same draw; or each looks at a stretch of [0, 1) of its own, so that only one can be on
    turns = torch.where(correlation[:, None, None] < 0, (common - place * p) % 1, common)
    together = _uniform(generator, batch_size, probability[:, :n_sets]).repeat_interleave(set_size, dim=2)
    return torch.where(together < correlation.abs()[:, None, None], turns, draw) < p
