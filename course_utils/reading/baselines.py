"""What a good score is worth: the same questions put to something that learned nothing, or not what we think.

PCA                   as many directions, but the same ones for every token
a random dictionary   as many directions to choose from, but no two of them learned
a shuffled model      every number is still there, none at its place: structure that comes from the texts and the
                      architecture alone
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.reading.scores import fvu
from course_utils.sae import omp
from course_utils.worlds import random_directions

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


def pca_fvu(
    train: Float[Tensor, "n d_in"], held_out: Float[Tensor, "m d_in"], n_directions: Sequence[int]
) -> list[float]:
    """Variance of ``held_out`` that the first principal directions of ``train`` leave unexplained, for each number of them.

    Raises:
        ValueError: if there are fewer directions than asked for.
    """
    if max(n_directions) > train.shape[1] or min(n_directions) < 1:
        raise ValueError(f"there are {train.shape[1]} principal directions, not {list(n_directions)}")
    mean = train.mean(dim=0)
    directions = torch.linalg.eigh((train - mean).T @ (train - mean)).eigenvectors.flip(1)
    along = (held_out - mean) @ directions
    return [fvu(held_out, mean + along[:, :n] @ directions[:, :n].T) for n in n_directions]


def dictionary_fvu(
    x: Float[Tensor, "n d_in"],
    directions: Float[Tensor, "n_directions d_in"],
    k: int,
    centre: Float[Tensor, "d_in"],
) -> float:
    """What the best k directions a row leave unexplained, found by orthogonal matching pursuit.

    The pursuit needs no encoder, so a learned dictionary and a random one can be compared as they are.
    """
    unit = directions / directions.norm(dim=1, keepdim=True)
    parts = [omp(some - centre, unit, k) @ unit + centre for some in x.split(256)]
    return fvu(x, torch.cat(parts))


def random_dictionary_fvu(
    x: Float[Tensor, "n d_in"], n_directions: int, k: int, centre: Float[Tensor, "d_in"], seed: int = 0
) -> float:
    """`dictionary_fvu` of directions drawn at random, every direction of space being equally likely."""
    return dictionary_fvu(x, random_directions(n_directions, x.shape[1], seed=seed), k, centre)


@contextmanager
def shuffled_weights(model: TransformerBridge, seed: int = 0) -> Iterator[TransformerBridge]:
    """The same model with the numbers of every weight tensor in random order, inside a ``with`` only.

    Each tensor keeps its mean, its spread and its outliers; what training had written in their order is gone.
    """
    whole: dict[int, Tensor] = {}  # GPT-2's q, k and v are views of one matrix: shuffle that once
    for parameter in model.original_model.parameters():
        place = parameter.untyped_storage().data_ptr()
        if place not in whole or parameter.numel() > whole[place].numel():
            whole[place] = parameter
    before = [parameter.detach().clone() for parameter in whole.values()]
    generator = torch.Generator().manual_seed(seed)
    try:
        with torch.no_grad():
            for parameter in whole.values():
                order = torch.randperm(parameter.numel(), generator=generator)
                parameter.copy_(parameter.flatten()[order].view_as(parameter))
        yield model
    finally:
        with torch.no_grad():
            for parameter, old in zip(whole.values(), before, strict=True):
                parameter.copy_(old)
