"""Dictionaries that learned nothing of features, to put beside one that is scored: they go through the same code.

untrained   random directions around the mean, read by the same directions: what training begins with
PCA         the principal directions of the activations and their opposites, each latent a projection

Both keep the k largest latents of a token, k being the l0 of the dictionary that they stand beside.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.reading.bench_texts import BenchTexts
from course_utils.sae import SAE

ROWS_FOR_PCA = 50_000


@torch.no_grad()
def untrained_sae(
    mean: Float[Tensor, "d_in"],
    d_sae: int,
    k: int,
    *,
    std: Float[Tensor, "d_in"] | None = None,
    seed: int = 0,
) -> SAE:
    """A TopK autoencoder as training begins with it.

    Examples:
        >>> sae = untrained_sae(torch.tensor([1.0, 2.0]), d_sae=8, k=2)
        >>> sae.decode(torch.zeros(8)).tolist()
        [1.0, 2.0]

    Args:
        mean: of the activations, where it starts.
        d_sae, k: latents, and how many of them may be active on a token.
        std: what training divides each dimension by; None is nothing.
        seed: of the directions.
    """
    sae = SAE(len(mean), d_sae, "topk", k=k, seed=seed)
    scale = torch.ones(len(mean)) if std is None else std
    sae.b_dec.copy_(mean / scale)
    sae.fold_dimensions_(scale)
    return sae.requires_grad_(False)


@torch.no_grad()
def pca_sae(rows: Float[Tensor, "n d_in"], k: int) -> SAE:
    """The principal directions of some rows and their opposites, of which each token takes its k largest.

    Examples:
        >>> rows = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> (pca_sae(rows, k=1)(rows).x_hat - rows).abs().max().item() < 1e-6  # each row lies along one direction
        True

    Args:
        rows: activations, other ones than those that are judged.
        k: directions a token, 2 d_in at most.

    Raises:
        ValueError: if k is larger than 2 d_in.
    """
    mean = rows.mean(dim=0)
    directions = torch.linalg.eigh((rows - mean).T @ (rows - mean)).eigenvectors.T.flip(0)
    sae = SAE(rows.shape[1], 2 * rows.shape[1], "topk", k=k)
    sae.b_dec.copy_(mean)
    sae.W_dec.copy_(torch.cat([directions, -directions]))
    sae.W_enc.copy_(sae.W_dec.T)
    return sae.requires_grad_(False)


def untaught(texts: BenchTexts, d_sae: int, l0: float, *, seed: int = 0) -> dict[str, SAE]:
    """Both, for a dictionary of some size and l0, from the texts to choose by.

    Examples:
        >>> from course_utils.lm import load_model, load_texts
        >>> from course_utils.reading import bench_texts
        >>> some = [*load_texts(concept="whales"), *load_texts(concept="chess notation")]
        >>> few = bench_texts(load_model("pocket"), "blocks.2.hook_resid_post", some, n_each=2, n_judged=2)
        >>> {name: (sae.d_sae, sae.k) for name, sae in untaught(few, d_sae=1024, l0=31.7).items()}
        {'untrained': (1024, 32), 'pca': (512, 32)}

    Args:
        d_sae, l0: of the dictionary that they are put beside.
        seed: of the random directions.
    """
    rows = texts.rows
    some = rows.values[~texts.judged[rows.where[:, 0]]][:ROWS_FOR_PCA]
    k = max(1, round(l0))
    return {
        "untrained": untrained_sae(some.mean(dim=0), d_sae, min(k, d_sae), seed=seed + 1),
        "pca": pca_sae(some, min(k, 2 * rows.values.shape[1])),
    }
