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

from course_utils.memory import hands_memory_back

ENTRIES_AT_A_TIME = 2**20
WAITING = 2**18


class Active(NamedTuple):
    """Latents as a TopK autoencoder has them: the active ones of each row, zeros left out."""

    latents: Int[Tensor, "n k"]
    strengths: Float[Tensor, "n k"]


class TopRows(NamedTuple):
    """Each latent's strongest rows, strongest first, of equals the earlier; where it fired less often, strength 0, row -1."""

    strengths: Float[Tensor, "d_sae keep"]
    rows: Int[Tensor, "d_sae keep"]


class _Entries(NamedTuple):
    latents: Int[Tensor, "n"]
    strengths: Float[Tensor, "n"]
    rows: Int[Tensor, "n"]


@hands_memory_back
@torch.no_grad()
def top_rows(batches: Iterable[Float[Tensor, "n d_sae"] | Active], d_sae: int, keep: int = 20) -> TopRows:
    """Search a stream of latents; rows are counted from its start.

    Args:
        batches: all latents of some rows, or the `Active` ones; ``(sae.encode(x) for x in …)``, say.
        keep: rows to keep of each latent.

    Raises:
        ValueError: if ``keep`` is below 1, or a batch is not of ``d_sae`` latents.
    """
    if keep < 1:
        raise ValueError(f"keep is {keep}: there is nothing to keep")
    bar, kept, first = torch.zeros(d_sae), _room(0), 0
    enough = max(WAITING, d_sae * keep // 2)
    waiting, n = _room(enough + max(ENTRIES_AT_A_TIME, d_sae)), 0
    for batch in batches:
        _check(batch, d_sae)
        for some in _split(batch):
            passing = _above(some, bar, first)
            first += len(some.latents) if isinstance(some, Active) else len(some)
            n_passing = len(passing.rows)
            # into arrays that stay: new ones between large ones that go would keep those from being used again
            for place, entries in zip(waiting, passing, strict=True):
                place[n : n + n_passing] = entries
            n += n_passing
            if n > enough:
                kept = _strongest(kept, waiting, n, d_sae, keep)
                bar, n = _bar(kept, d_sae, keep), 0
    return _table(_strongest(kept, waiting, n, d_sae, keep), d_sae, keep)


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


def _strongest(kept: _Entries, waiting: _Entries, n: int, d_sae: int, keep: int) -> _Entries:
    """Of what was kept and the first ``n`` that wait, the ``keep`` strongest of each latent.

    They come by latent, strongest first; what came first stays first among equals.
    """
    latents, strengths, rows = (torch.cat([a, b[:n]]) for a, b in zip(kept, waiting, strict=True))
    # one whole number in which the latent counts first, then the strength: torch sorts these eight times as fast as
    # floats, and the bits of positive floats rise with the float
    weakness = 2**31 - 1 - strengths.float().view(torch.int32).long()
    order = (latents << 31 | weakness).argsort(stable=True)
    latents = latents[order]
    stays = _place(latents, d_sae) < keep
    order = order[stays]
    return _Entries(latents[stays], strengths[order], rows[order])


def _place(latents: Int[Tensor, "n"], d_sae: int) -> Int[Tensor, "n"]:
    """How many entries of the same latent stand before, in a list sorted by latent."""
    counts = latents.bincount(minlength=d_sae)
    return torch.arange(len(latents)) - (counts.cumsum(0) - counts)[latents]


def _bar(kept: _Entries, d_sae: int, keep: int) -> Float[Tensor, "d_sae"]:
    """What has to be exceeded: a latent's weakest, once it has all it may keep."""
    last = _place(kept.latents, d_sae) == keep - 1
    return torch.zeros(d_sae).index_put_((kept.latents[last],), kept.strengths[last])


def _table(kept: _Entries, d_sae: int, keep: int) -> TopRows:
    strengths, rows = torch.zeros(d_sae, keep), torch.full((d_sae, keep), -1)
    place = _place(kept.latents, d_sae)
    strengths[kept.latents, place], rows[kept.latents, place] = kept.strengths, kept.rows
    return TopRows(strengths, rows)
