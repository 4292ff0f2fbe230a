"""Activations on disk: harvested once, read again by as many training runs as wanted.

    folder/0-00000.safetensors, 0-00001.safetensors, …     values (n, d_in), where (n, 2), from process 0
    folder/index.json                                      rows of each shard, d_in, dtype, metadata; written last

A store is a stream of `Activations` that starts anew each time it is looped over, so it goes wherever a stream goes:
`activation_batches(store, …, epochs=3)`, `pool_by_text(store, …)`. One piece of one shard is in memory at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from course_utils.base import check_writable, first_line, make_folder, processes, whole_file, write_text
from course_utils.lm.activations import Activations

INDEX = "index.json"
OURS = re.compile(r"\.?\d+-\d{5}\.safetensors(\..*\.part)?|\.index\.json\..*\.part")
"""Names of what we write, the index left out."""
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class ActivationStore:
    """A folder of activations; loop over it for pieces of at most ``rows_at_a_time`` rows.

    It comes from `write_activations` or `open_activations`.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> rows = Activations(torch.arange(10.0).view(5, 2), torch.tensor([[0, n] for n in range(1, 6)]))
        >>> with TemporaryDirectory() as folder:
        ...     store = replace(write_activations(folder, [rows]), rows_at_a_time=2)
        ...     len(store), [len(piece) for piece in store], store.rows_at(torch.tensor([4])).tolist()
        (5, [2, 2, 1], [[8.0, 9.0]])
    """

    folder: Path
    shards: tuple[tuple[str, int], ...]
    """Name and rows of each file."""

    d_in: int
    metadata: dict[str, Any] = field(default_factory=dict)
    rows_at_a_time: int = 8192

    def __len__(self) -> int:
        """Rows in all."""
        return sum(rows for _, rows in self.shards)

    def __iter__(self) -> Iterator[Activations]:
        for piece in self.pieces():
            yield self.read(piece)

    def pieces(self) -> Iterator[tuple[str, range]]:
        """File and rows of each piece, in order: what `read` takes."""
        for name, rows in self.shards:
            for first in range(0, rows, self.rows_at_a_time):
                yield name, range(first, min(rows, first + self.rows_at_a_time))

    def read(self, piece: tuple[str, range]) -> Activations:
        """One piece, as float32."""
        name, rows = piece
        # opened anew for each piece: what was read of a mapped file would stay in memory until it is closed
        with safe_open(self.folder / name, framework="pt") as file:
            some = slice(rows.start, rows.stop)
            values = file.get_slice("values")[some].to(torch.float32, copy=True)
            where = file.get_slice("where")[some].to(torch.long, copy=True)
        return Activations(values, where)

    def rows_at(self, numbers: Int[Tensor, " n"]) -> Float[Tensor, "n d_in"]:
        """Rows by their numbers, counted through all shards; only pieces that hold one are read.

        Returns:
            (n, d_in) in float32, in the order of ``numbers``.
        """
        pieces = list(self.pieces())
        ends = torch.tensor([len(rows) for _, rows in pieces]).cumsum(0)
        piece_of = torch.bucketize(numbers, ends, right=True)
        values = torch.empty(len(numbers), self.d_in, dtype=torch.float32)
        for i in piece_of.unique().tolist():
            wanted = (piece_of == i).nonzero().squeeze(1)
            first = ends[i] - len(pieces[i][1])
            values[wanted] = self.read(pieces[i]).values[numbers[wanted] - first]
        return values

    def shuffled(self, *, seed: int) -> ActivationStore:
        """The same with its shards in random order; `activation_batches` mixes the rows within its buffer."""
        order = torch.randperm(len(self.shards), generator=torch.Generator().manual_seed(seed))
        return replace(self, shards=tuple(self.shards[i] for i in order.tolist()))


def write_activations(
    folder: str | Path,
    chunks: Iterable[Activations],
    *,
    dtype: torch.dtype = torch.float32,
    rows_per_shard: int = 16_384,
    metadata: dict[str, Any] | None = None,
) -> ActivationStore:
    """Write a stream, from `iterate_activations` say, in shards; memory holds one shard.

    Started by `torchrun` or `accelerate launch`, the processes write one store together: to a folder that all see, each
    its share of the texts, ``iterate_activations(…, share=True)``.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> rows = Activations(torch.arange(6.0).view(3, 2), torch.tensor([[0, 1], [0, 2], [1, 1]]))
        >>> with TemporaryDirectory() as folder:
        ...     write_activations(folder, [rows], rows_per_shard=2).shards
        (('0-00000.safetensors', 2), ('0-00001.safetensors', 1))

    Args:
        folder: new or empty; one in which our writing was killed is written anew. Other files in it are never touched.
        chunks: rows of the same length, in the order in which they are to be stored.
        dtype: on disk. ``torch.bfloat16`` or ``torch.float16`` take half the space.
        rows_per_shard: rows a file; the last file of each process has what is left.
        metadata: what the rows are: model, hook point, texts. Must fit in JSON.

    Returns:
        The store, ready to be read.

    Raises:
        FileExistsError: if the folder holds a finished store, or anything else than one of ours begun.
        TypeError: if ``metadata`` does not fit in JSON.
        ValueError: if there are no activations, ``dtype`` is none of the three, or two processes bring the same text.
    """
    folder, team = Path(folder), processes()
    if (folder / INDEX).exists():
        raise FileExistsError(f"{folder} holds activations already: open_activations reads them")
    if dtype not in DTYPES.values():
        raise ValueError(f"dtype is {dtype}: there are {', '.join(DTYPES)}")
    json.dumps(metadata)  # now, and not after hours
    make_folder(folder)
    check_writable(folder / INDEX)
    if foreign := [path.name for path in folder.iterdir() if not OURS.fullmatch(path.name)]:
        raise FileExistsError(f"{folder} holds other files ({foreign[0]}): name a folder of its own")
    team.wait()
    if team.is_first:
        for left_over in folder.iterdir():
            left_over.unlink()
    team.wait()
    mine, texts, d_in = [], [], 0
    for values, where in _regrouped(chunks, rows_per_shard):
        name, d_in = f"{team.rank}-{len(mine):05}.safetensors", values.shape[1]
        save_shard(folder / name, Activations(values, where), dtype)
        mine.append((name, len(values)))
        texts += [int(where[0, 0]), int(where[-1, 0])]
    if not mine:
        raise ValueError("there are no activations to write")
    parts = team.gather((mine, min(texts), max(texts)))
    spans = sorted((first, last) for _, first, last in parts)
    if any(last >= first for (_, last), (first, _) in pairwise(spans)):
        raise ValueError(
            "two processes wrote the same texts: iterate_activations(…, share=True) gives each its own"
        )
    shards = [shard for part, _, _ in parts for shard in part]
    store = ActivationStore(folder, tuple(shards), d_in, metadata or {})
    if team.is_first:
        save_index(store, dtype)
    team.wait()
    return store


def save_shard(path: Path, rows: Activations, dtype: torch.dtype, **about: str) -> None:
    """Write a file of a store: all of it or nothing. ``about`` is kept with it."""
    tensors = {"values": rows.values.to(dtype).contiguous(), "where": rows.where.int().contiguous()}
    with whole_file(path) as unfinished:
        save_file(tensors, unfinished, metadata=about)


def save_index(store: ActivationStore, dtype: torch.dtype) -> None:
    """Write what makes a folder of shards a store: all of it or nothing."""
    index = dict(
        shards=store.shards,
        d_in=store.d_in,
        dtype=str(dtype).removeprefix("torch."),
        metadata=store.metadata,
    )
    write_text(store.folder / INDEX, json.dumps(index, indent=1) + "\n")


def open_activations(folder: str | Path) -> ActivationStore:
    """A store that was written before.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> rows = Activations(torch.arange(6.0).view(3, 2), torch.tensor([[0, 1], [0, 2], [1, 1]]))
        >>> with TemporaryDirectory() as folder:
        ...     _ = write_activations(folder, [rows], metadata={"hook_name": "blocks.2.hook_resid_post"})
        ...     open_activations(folder).metadata, len(open_activations(folder))
        ({'hook_name': 'blocks.2.hook_resid_post'}, 3)

    Raises:
        FileNotFoundError: if there is none, or its writing was not finished.
        ValueError: if a shard is missing or shorter than the index says.
    """
    folder = Path(folder)
    if not (folder / INDEX).is_file():
        raise FileNotFoundError(
            f"{folder} holds no activations, or their writing broke off before {INDEX}: write them (again)"
        )
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8-sig"))
        shards = [(str(name), int(rows)) for name, rows in index["shards"]]
        d_in, metadata = int(index["d_in"]), dict(index["metadata"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{folder / INDEX} is damaged ({first_line(error)}): write the activations again"
        ) from None
    for name, rows in shards:
        if Path(name).name != name:
            raise ValueError(f"{folder / INDEX} names {name!r}, which is no file of a store")
        if not (folder / name).is_file():
            raise ValueError(f"{folder / name} is missing")
        with safe_open(folder / name, framework="pt") as file:
            if file.get_slice("values").get_shape() != [rows, d_in]:
                raise ValueError(f"{folder / name} is not the shard that {INDEX} speaks of")
    return ActivationStore(folder, tuple(shards), d_in, metadata)


def _regrouped(chunks: Iterable[Activations], rows: int) -> Iterator[tuple[Tensor, Tensor]]:
    """(values, where) of ``rows`` rows each, the last of fewer."""
    waiting: list[tuple[Tensor, Tensor]] = []
    n = 0
    for chunk in chunks:
        for values, where in zip(chunk.values.split(rows), chunk.where.split(rows), strict=True):
            waiting.append((values, where))
            n += len(values)
            if n >= rows:
                values, where = _joined(waiting)
                yield values[:rows], where[:rows]
                waiting, n = [(values[rows:].clone(), where[rows:].clone())], n - rows
    if n:
        yield _joined(waiting)


def _joined(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    return torch.cat([values for values, _ in parts]), torch.cat([where for _, where in parts])
