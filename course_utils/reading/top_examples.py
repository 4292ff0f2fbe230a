"""The rows on which each latent is strongest, from a stream of any length, in memory that does not grow with it.

What a latent has kept so far sets its bar: only what exceeds it can belong to its strongest, and of a long stream
next to nothing does. So a batch costs one comparison an entry; what passes waits until there is enough to sort, which
then raises the bars.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

ENTRIES_AT_A_TIME = 2**20
WAITING = 2**16


class Active(NamedTuple):
    """Latents as a TopK autoencoder has them: the active ones of each row, zeros left out."""

    latents: Int[Tensor, "n k"]
    """Their numbers, counted from 0."""

    strengths: Float[Tensor, "n k"]


class TopRows(NamedTuple):
    """Each latent's strongest rows, strongest first, the earlier of equals first.

    Where a latent fired on fewer rows than are kept, strength 0 and row -1 fill its line.
    """

    strengths: Float[Tensor, "d_sae keep"]
    rows: Int[Tensor, "d_sae keep"]


class _Entries(NamedTuple):
    latents: Int[Tensor, "n"]
    strengths: Float[Tensor, "n"]
    rows: Int[Tensor, "n"]

    def first(self, n: int) -> _Entries:
        return _Entries(*(x[:n] for x in self))


@torch.no_grad()
def top_rows(batches: Iterable[Float[Tensor, "n d_sae"] | Active], d_sae: int, keep: int = 20) -> TopRows:
    """Search a stream of latents; rows are counted from its start.

    Examples:
        >>> stream = [torch.tensor([[1.0, 0.0], [3.0, 0.0]]), torch.tensor([[2.0, 5.0]])]  # 2 latents, 3 rows
        >>> top_rows(stream, d_sae=2, keep=2).rows
        tensor([[ 1,  2],
                [ 2, -1]])

    Args:
        batches: all latents of some rows, or the `Active` ones; ``(sae.encode(x) for x in …)``, say.
        d_sae: number of latents.
        keep: rows to keep of each latent.

    Returns:
        `TopRows`: strengths and rows, (d_sae, keep) each.

    Raises:
        ValueError: if ``keep`` is below 1, or a batch is not of ``d_sae`` latents.
    """
    if keep < 1:
        raise ValueError(f"keep is {keep}: there is nothing to keep")
    bar, first = torch.zeros(d_sae), 0
    enough = max(WAITING, d_sae * keep // 2)
    # arrays that stay: new ones between large ones that go would keep those from being used again
    held = _room(d_sae * keep + enough + max(ENTRIES_AT_A_TIME, d_sae))
    n_kept = n = 0  # the first are kept, the others wait
    for batch in batches:
        _check(batch, d_sae)
        for some in _split(batch):
            passing = _above(some, bar, first)
            first += len(some.latents) if isinstance(some, Active) else len(some)
            n_passing = len(passing.rows)
            for place, entries in zip(held, passing, strict=True):
                place[n : n + n_passing] = entries
            n += n_passing
            if n > n_kept + enough:
                n = n_kept = _keep_strongest_(held, n, keep)
                bar = _bar(held.first(n), d_sae, keep)
    return _table(held.first(_keep_strongest_(held, n, keep)), d_sae, keep)


def _room(n: int) -> _Entries:
    return _Entries(torch.empty(n, dtype=torch.long), torch.empty(n), torch.empty(n, dtype=torch.long))


def _check(batch: Tensor | Active, d_sae: int) -> None:
    if isinstance(batch, Active):
        if batch.latents.numel() and not 0 <= int(batch.latents.min()) <= int(batch.latents.max()) < d_sae:
            raise ValueError(f"a batch names latents beyond d_sae = {d_sae}")
    elif batch.shape[1] != d_sae:
        raise ValueError(f"a batch has {batch.shape[1]} latents, not d_sae = {d_sae}")


def _split(batch: Tensor | Active) -> Iterable[Tensor | Active]:
    """A few rows at a time: of the very first, before there is a bar, everything active passes."""
    width = batch.latents.shape[1] if isinstance(batch, Active) else batch.shape[1]
    n = max(1, ENTRIES_AT_A_TIME // max(1, width))
    if isinstance(batch, Active):
        return map(Active, batch.latents.split(n), batch.strengths.split(n))
    return batch.split(n)


def _above(batch: Tensor | Active, bar: Float[Tensor, "d_sae"], first: int) -> _Entries:
    if isinstance(batch, Active):
        latents, strengths = batch.latents.flatten(), batch.strengths.flatten()
        at = (strengths > bar[latents]).nonzero()[:, 0]
        return _Entries(latents[at], strengths[at], at // batch.latents.shape[1] + first)
    at = _where(batch > bar)
    rows = at // len(bar)
    return _Entries(at - rows * len(bar), batch.flatten()[at], rows + first)


def _where(passes: Tensor) -> Int[Tensor, "n"]:
    """Places of the few that are true, looked for eight at a time."""
    flat = passes.flatten()
    if len(flat) % 8:
        return flat.nonzero()[:, 0]
    eights = flat.view(torch.int64).nonzero()[:, 0]
    within = flat.view(-1, 8)[eights].nonzero()
    return eights[within[:, 0]] * 8 + within[:, 1]


def _keep_strongest_(held: _Entries, n: int, keep: int) -> int:
    """Of the first ``n``, move the ``keep`` strongest of each latent to the front; returns how many there are.

    They come by latent, strongest first; what came first stays first among equals.
    """
    latents, strengths, rows = held.first(n)
    # one whole number in which the latent counts first, then the strength: torch sorts these eight times as fast as
    # floats, and the bits of positive floats rise with the float
    key = strengths.view(torch.int32).long().neg_().add_(2**31 - 1).bitwise_or_(latents << 31)
    key, order = key.sort(stable=True)
    stays = torch.ones(n, dtype=torch.bool)
    key >>= 31  # the latents again, in order
    # keep an entry unless the entry `keep` places earlier belongs to the same latent
    torch.ne(key[keep:], key[:-keep], out=stays[keep:])
    order = order[stays]
    n_kept = len(order)
    latents[:n_kept] = key[stays]
    strengths[:n_kept], rows[:n_kept] = strengths[order], rows[order]
    return n_kept


def _bar(kept: _Entries, d_sae: int, keep: int) -> Float[Tensor, "d_sae"]:
    """What has to be exceeded: a latent's weakest, once it has all it may keep."""
    last = (
        (kept.latents[keep - 1 :] == kept.latents[: len(kept.latents) - keep + 1]).nonzero()[:, 0] + keep - 1
    )
    return torch.zeros(d_sae).index_put_((kept.latents[last],), kept.strengths[last])


def _table(kept: _Entries, d_sae: int, keep: int) -> TopRows:
    strengths, rows = torch.zeros(d_sae, keep), torch.full((d_sae, keep), -1)
    counts = kept.latents.bincount(minlength=d_sae)
    place = torch.arange(len(kept.latents)) - (counts.cumsum(0) - counts)[kept.latents]
    strengths[kept.latents, place], rows[kept.latents, place] = kept.strengths, kept.rows
    return TopRows(strengths, rows)
