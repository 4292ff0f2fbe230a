"""Shuffled batches of activations, from rows in memory, a stream, or a store on disk."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from inspect import GEN_CREATED, getgeneratorstate
from itertools import count, islice
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.lm.activation_store import ActivationStore


@runtime_checkable
class HasValues(Protocol):
    """The part of `Activations` that this module relies on."""

    @property
    def values(self) -> Float[Tensor, "n d_in"]: ...


Source = Tensor | HasValues | Iterable[HasValues] | Callable[[], Iterable[HasValues]]


def activation_batches(
    source: Source, batch_size: int, *, seed: int, epochs: int | None = 1, buffer_size: int = 100_000
) -> ActivationBatches:
    """Shuffled batches of activations (not of tokens: the neighbours of a row are from other texts).

    Rows in memory are shuffled as a whole. A stream passes through a buffer of ``buffer_size`` rows, of which one
    half is given out in random order before it is filled again. Rows that do not fill a batch are dropped, at most
    one batch an epoch.

    Examples:
        >>> rows = torch.arange(6.0)[:, None]
        >>> sorted(batch.shape for batch in activation_batches(rows, 4, seed=0, epochs=2))
        [torch.Size([4, 1]), torch.Size([4, 1])]

    Args:
        source: rows (n, d_in), `Activations`, a store, or a stream of them; for several epochs a function that starts
            the stream again.
        batch_size: rows a batch.
        seed: of the order.
        epochs: passes over the source; None goes on for ever.
        buffer_size: rows that a stream is mixed among.

    Returns:
        An iterator of (batch_size, d_in) tensors that can be stopped and gone on with, `ActivationBatches`.

    Raises:
        ValueError: if a stream that runs once is to run several times; on the way, if an epoch does not fill one batch.
    """
    if isinstance(source, Iterator) and epochs != 1:
        raise ValueError("this stream runs once: for several epochs pass a function that starts it again")
    return ActivationBatches(source, batch_size, seed=seed, epochs=epochs, buffer_size=buffer_size)


@dataclass(eq=False)
class _Pool:
    """Rows among which is chosen, and the order in which some are given out."""

    rows: Tensor
    """(n, d_in); or (n,), their numbers in a store that has not been read for them."""

    order: Tensor


class ActivationBatches(Iterator[Tensor]):
    """What `activation_batches` gives: (batch_size, d_in) each. Arguments as there.

    Examples:
        >>> rows = torch.arange(6.0)[:, None]
        >>> resumed = ActivationBatches(rows, 2, seed=0)
        >>> resumed.pass_over(2)
        >>> torch.equal(next(resumed), list(ActivationBatches(rows, 2, seed=0))[2])
        True
    """

    def __init__(
        self,
        source: Source,
        batch_size: int,
        *,
        seed: int,
        epochs: int | None = 1,
        buffer_size: int = 100_000,
    ) -> None:
        self._source, self._batch_size = source, batch_size
        self._generator = torch.Generator().manual_seed(seed)
        self._buffer_size = max(buffer_size, 2 * batch_size)
        self._to_pass = 0
        self._batches = self._run(count() if epochs is None else range(epochs))

    def __next__(self) -> Float[Tensor, "batch_size d_in"]:
        return next(self._batches)

    def pass_over(self, n_batches: int) -> None:
        """Leave out the next ``n_batches``, which may be 0. An `ActivationStore` is not read for them if they are the first."""
        if getgeneratorstate(self._batches) == GEN_CREATED:
            self._to_pass += n_batches
        else:
            for _ in islice(self._batches, n_batches):
                pass

    def _run(self, epochs: Iterable[int]) -> Generator[Tensor, None, None]:
        for epoch in epochs:
            source = self._source() if callable(self._source) else self._source
            full = 0
            for pool in self._pools(source):
                here = len(pool.order) // self._batch_size
                passed = min(self._to_pass, here)
                full += here
                self._to_pass -= passed
                if isinstance(source, ActivationStore) and pool.rows.ndim == 1 and not self._to_pass:
                    pool.rows = source.rows_at(pool.rows)
                for rows in pool.order.split(self._batch_size)[passed:here]:
                    yield pool.rows[rows]
            if not full:
                raise ValueError(f"epoch {epoch} holds fewer than {self._batch_size} activations, one batch")

    def _pools(self, source: Tensor | HasValues | Iterable[HasValues]) -> Iterator[_Pool]:
        if isinstance(source, Tensor):
            yield self._pool([source])
            return
        if isinstance(source, HasValues):
            yield self._pool([source.values])
            return
        waiting: list[Tensor] = []
        for rows in self._rows(source):
            waiting.append(rows)
            if sum(map(len, waiting)) >= self._buffer_size:
                pool = self._pool(waiting)
                given = len(pool.order) // 2 // self._batch_size * self._batch_size
                pool.order, kept = pool.order[:given], pool.order[given:]
                yield pool
                waiting = [pool.rows[kept]]
        if waiting:
            yield self._pool(waiting)

    def _pool(self, rows: list[Tensor]) -> _Pool:
        together = torch.cat(rows) if len(rows) > 1 else rows[0]
        return _Pool(together, torch.randperm(len(together), generator=self._generator))

    def _rows(self, source: Iterable[HasValues]) -> Iterator[Tensor]:
        """The values of each piece; of a store only the numbers of its rows, as long as batches are passed over."""
        if not isinstance(source, ActivationStore):
            yield from (piece.values for piece in source)
            return
        first = 0
        for piece in source.pieces():
            n = len(piece[1])
            yield torch.arange(first, first + n) if self._to_pass else source.read(piece).values
            first += n


def without_first(batches: Iterable[Tensor], n: int) -> Iterator[Tensor]:
    """The batches after the first ``n``; an `ActivationStore` is not read for those left out.

    Examples:
        >>> batches = torch.tensor([[1.0], [2.0], [3.0]])
        >>> [batch.tolist() for batch in without_first(batches, 2)]
        [[3.0]]

    Args:
        batches: of any kind; if they are `ActivationBatches`, they themselves are moved on and come back.
    """
    if isinstance(batches, ActivationBatches):
        batches.pass_over(n)
        return batches
    return islice(batches, n, None)
