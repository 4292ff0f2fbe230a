"""How much of a label's work other latents have taken from the latents that stand for it: SAEBench's absorption fraction.

Of a row that has the label, let p = x · d be its projection on the label's unit direction d, m what the label's own
latents write along d, and a what the three strongest others write there that point along d (cosine ≥ 0.1).

    fraction = 0               if m ≥ p, or a < 0.4 p     nothing is missing, or nobody stands in
             = 1               if m ≤ 0                   the label's own latents are silent
             = a' / (a' + m)   else, with a' = min(a, p - m)

Karvonen et al. (2025), *SAEBench*, arXiv 2503.09532, after Chanin et al. (2024), arXiv 2409.14507.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.reading.probing import sparse_probe

ALONG = 0.1
SHARE = 0.4
STAND_INS = 3
JUMP = 0.03
"""In F1, that one more latent has to bring to count among those that stand for a label."""
MOST_MAIN = 10


def absorption_fractions(
    latents: Float[Tensor, "n d_sae"],
    W_dec: Float[Tensor, "d_sae d_in"],
    x: Float[Tensor, "n d_in"],
    main: Int[Tensor, "some"],
    direction: Float[Tensor, "d_in"],
) -> Float[Tensor, "n"]:
    """The fraction of each row, between 0 and 1.

    Examples:
        >>> W_dec = torch.tensor([[1.0, 0.0], [0.8, 0.6]])  # the second also writes what the first is for
        >>> latents = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> absorption_fractions(latents, W_dec, latents @ W_dec, torch.tensor([0]), torch.tensor([1.0, 0.0]))
        tensor([0., 1.])

    Args:
        latents: of rows that have the label.
        W_dec: what a latent writes.
        x: the rows themselves, without ``b_dec``, which no latent has to write.
        main: the latents that stand for the label.
        direction: of the label, of any length.
    """
    d = normalize(direction, dim=0)
    along, cosine = W_dec @ d, normalize(W_dec, dim=1) @ d
    written, projection = latents * along, x @ d
    own = written[:, main].sum(dim=1)
    others = written.clamp(min=0) * (cosine >= ALONG)
    others[:, main] = 0
    taken = others.topk(min(STAND_INS, others.shape[1]), dim=1).values.sum(dim=1)
    missing = torch.minimum(taken, projection - own)
    fraction = torch.where(own <= 0, 1.0, (missing / (missing + own)).clamp(0, 1))
    return torch.where((own >= projection) | (taken / projection < SHARE), 0.0, fraction)


def main_latents(latents: Float[Tensor, "n d_sae"], present: Bool[Tensor, "n"]) -> Int[Tensor, "some"]:
    """The latents that stand for a label: those of a sparse probe that grows while its F1 rises by 0.03 at least.

    Examples:
        >>> latents = torch.tensor([[2.0, 0.0], [1.5, 0.0], [0.0, 1.0], [0.0, 0.0]])
        >>> main_latents(latents, torch.tensor([True, True, False, False]))
        tensor([0])

    Args:
        latents: of rows with the label and of others.
        present: which rows have it.

    Raises:
        ValueError: if all rows have the label, or none.
    """
    best, chosen = -1.0, torch.zeros(0, dtype=torch.long)
    for k in range(1, min(MOST_MAIN, latents.shape[1]) + 1):
        probe = sparse_probe(latents, present, k)
        said = probe(latents)
        f1 = 2 * (said & present).sum().item() / (said.sum() + present.sum()).item()
        if f1 <= best + JUMP:
            break
        best, chosen = f1, probe.latents
    return chosen
