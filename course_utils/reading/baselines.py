"""What a good score is worth: the same questions put to something that learned nothing, or not what we think.

PCA                   as many directions, but the same ones for every token
a random dictionary   the same number of directions, none of them learned
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
    """Variance of ``held_out`` that the first principal directions of ``train`` leave unexplained.

    Examples:
        >>> x = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])  # 18 of 20 on the first axis
        >>> [round(left, 2) for left in pca_fvu(x, x, n_directions=[1, 2])]
        [0.1, 0.0]

    Args:
        train: rows that the mean and the directions are computed from.
        held_out: rows that they have to explain.
        n_directions: how many of the first directions to use; each number is tried by itself, 1 … d_in.

    Returns:
        The `fvu` of ``held_out`` for each entry of ``n_directions``.

    Raises:
        ValueError: if a number of directions is below 1 or above d_in, or ``held_out`` does not vary.
    """
    if max(n_directions) > train.shape[1] or min(n_directions) < 1:
        raise ValueError(f"there are {train.shape[1]} principal directions, not {list(n_directions)}")
    mean = train.mean(dim=0)
    centred = train - mean
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)
    del centred  # as large as all of ``train``
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

    Examples:
        >>> x = torch.tensor([[3.0, 1.0], [-3.0, -1.0]])
        >>> both_ways = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> [round(dictionary_fvu(x, both_ways, k, centre=torch.zeros(2)), 2) for k in (1, 2)]
        [0.1, 0.0]

    Args:
        directions: of any length but 0. The pursuit looks for positive strengths only, as an autoencoder has them, so
            a direction and its opposite are two.
        k: directions that may be used for a row.
        centre: subtracted first and added at the end: ``b_dec``, or the mean.

    Returns:
        The `fvu` of the best reconstructions found.

    Raises:
        ValueError: if ``x`` does not vary.
    """
    unit = directions / directions.norm(dim=1, keepdim=True)
    parts = [omp(some - centre, unit, k) @ unit + centre for some in x.split(256)]
    return fvu(x, torch.cat(parts))


def random_dictionary_fvu(
    x: Float[Tensor, "n d_in"], n_directions: int, k: int, centre: Float[Tensor, "d_in"], *, seed: int = 0
) -> float:
    """`dictionary_fvu` of directions drawn at random, every direction of space being equally likely.

    Examples:
        >>> x = torch.eye(8)  # the axes as a dictionary would explain it all with k=1
        >>> round(random_dictionary_fvu(x, n_directions=8, k=1, centre=torch.zeros(8)), 1)
        0.8

    Args:
        n_directions: to draw.
        k, centre: as for `dictionary_fvu`.
        seed: of the draw.

    Raises:
        ValueError: if ``x`` does not vary.
    """
    return dictionary_fvu(x, random_directions(n_directions, x.shape[1], seed=seed), k, centre)


@contextmanager
def shuffled_weights(model: TransformerBridge, *, seed: int = 0) -> Iterator[TransformerBridge]:
    """The same model with the numbers of every weight tensor in random order, inside a ``with`` only.

    Each tensor keeps its mean, its spread and its outliers; what training had written in their order is gone. The
    model itself is changed and restored at the end of the ``with``, also after an exception.

    Examples:
        >>> from course_utils.lm import load_model, tokenize
        >>> model = load_model("pocket")
        >>> ids = tokenize(model, "The old man went to the sea.").ids
        >>> with shuffled_weights(model):
        ...     shuffled_loss = model(ids, return_type="loss")
        >>> bool(model(ids, return_type="loss") < 4 < 8 < shuffled_loss)  # nats a token
        True

    Args:
        seed: of the order.

    Yields:
        The same model.
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
