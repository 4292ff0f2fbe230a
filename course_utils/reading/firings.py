"""Where each latent fires: a dictionary's activations on many tokens, zeros left out.

Of thousands of latents a few dozen are active on a token, so what is not zero fits in memory where the whole table
(tokens × latents) would not. It is sorted by latent: all tokens of any one of them can be had at once, which is what
makes search and dashboards quick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.base import frees_memory, require_index
from course_utils.reading.scores import ROWS_AT_A_TIME


@dataclass(frozen=True, eq=False)
class Firings:
    """Every activation above zero, made by `record_firings`.

    Those of latent i are the entries ``first[i]:first[i + 1]``, in the order of the rows.
    """

    rows: Int[Tensor, "n_fired"]
    """On which row (token) each of them is."""

    strengths: Float[Tensor, "n_fired"]
    first: Int[Tensor, "d_sae_plus_1"]
    n_rows: int
    """All rows that were encoded."""

    @property
    def counts(self) -> Int[Tensor, "d_sae"]:
        """On how many rows each latent is active."""
        return self.first.diff()

    @property
    def firing_rate(self) -> Float[Tensor, "d_sae"]:
        """Share of the rows on which each latent is active."""
        return self.counts / self.n_rows

    @property
    def strongest(self) -> Float[Tensor, "d_sae"]:
        """Each latent's largest activation; 0 for one that never fires."""
        return torch.zeros(len(self.counts)).scatter_reduce_(0, self.latents, self.strengths, "amax")

    @property
    def latents(self) -> Int[Tensor, "n_fired"]:
        """The latent of each entry."""
        return torch.arange(len(self.counts)).repeat_interleave(self.counts)

    def of(self, latent: int) -> tuple[Int[Tensor, "n_fired"], Float[Tensor, "n_fired"]]:
        """The rows on which one latent is active, and how strongly."""
        require_index("latent", latent, len(self.first) - 1, "latents")
        some = slice(int(self.first[latent]), int(self.first[latent + 1]))
        return self.rows[some].long(), self.strengths[some]

    def column(self, latent: int) -> Float[Tensor, "n_rows"]:
        """One latent's activation on every row, zeros included."""
        rows, strengths = self.of(latent)
        return torch.zeros(self.n_rows, dtype=strengths.dtype).index_put_((rows,), strengths)


@frees_memory
@torch.no_grad()
def record_firings(
    encode: Callable[[Float[Tensor, "some d_in"]], Float[Tensor, "some d_sae"]],
    values: Float[Tensor, "n d_in"],
) -> Firings:
    """Encode ``values``, 384 rows at a time, and keep what is above zero.

    Examples:
        >>> firings = record_firings(torch.relu, torch.tensor([[1.0, -1.0], [2.0, 3.0]]))  # each axis is a latent
        >>> firings.counts, firings.of(0)
        (tensor([2, 1]), (tensor([0, 1]), tensor([1., 2.])))

    Args:
        encode: from activations to latents: ``sae.encode``, say.
        values: activations, one row a token.

    Raises:
        ValueError: if there are no rows, or ``encode`` gives anything but a row of latents for each.
    """
    if not len(values):
        raise ValueError("there are no rows to encode")
    rows, latents, strengths, done, d_sae = [], [], [], 0, 0
    for x in values.split(ROWS_AT_A_TIME):
        active = encode(x)
        if not isinstance(active, Tensor) or active.ndim != 2 or len(active) != len(x):
            given = tuple(active.shape) if isinstance(active, Tensor) else type(active).__name__
            raise ValueError(f"encode gives {given} for {len(x)} rows: latents are wanted, a row for each")
        row, latent = (active > 0).nonzero(as_tuple=True)
        strengths.append(active[row, latent])
        rows.append((row + done).int())
        latents.append(latent.int())
        done, d_sae = done + len(x), active.shape[1]
    latent, order = torch.cat(latents).sort(stable=True)
    first = torch.zeros(d_sae + 1, dtype=torch.long)
    first[1:] = latent.long().bincount(minlength=d_sae).cumsum(0)
    return Firings(torch.cat(rows)[order], torch.cat(strengths)[order], first, done)


def latent_peaks_by_text(
    firings: Firings, where: Int[Tensor, "n 2"], n_texts: int
) -> Float[Tensor, "n_texts d_sae"]:
    """Each latent's largest activation in each text, 0 where it does not fire: `pool_by_text` of what was recorded.

    Examples:
        >>> firings = record_firings(torch.relu, torch.tensor([[1.0, 0.0], [5.0, 0.0], [0.0, 2.0]]))
        >>> latent_peaks_by_text(firings, where=torch.tensor([[0, 1], [0, 2], [1, 1]]), n_texts=2)
        tensor([[5., 0.],
                [0., 2.]])

    Args:
        where: text and position of each row, as in `Activations`.
        n_texts: also those count of which there is no row.

    Raises:
        ValueError: if ``where`` has another number of rows than were recorded, or names a text beyond ``n_texts``.
    """
    first, last = int(where[:, 0].min()), int(where[:, 0].max())
    if len(where) != firings.n_rows or not 0 <= first <= last < n_texts:
        raise ValueError(
            f"{len(where)} rows of texts {first} to {last} do not fit firings on {firings.n_rows} rows of {n_texts} texts"
        )
    d_sae = len(firings.counts)
    place = where[firings.rows.long(), 0] * d_sae + firings.latents
    peaks = firings.strengths.new_zeros(n_texts * d_sae)
    return peaks.scatter_reduce_(0, place, firings.strengths, "amax").view(n_texts, d_sae)
