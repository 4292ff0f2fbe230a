"""A harvest to disk that may be stopped at any moment: a store whose shards are made one by one.

    folder/00000.safetensors    the activations of texts 0 … 255,   00001.safetensors of texts 256 … 511, …

Each shard is the work of one stretch of the texts and of nothing else, and is put in place when it is complete. So
whoever starts again, after Ctrl-C or a power cut, finds which are there and makes the others; and several processes
share the work by taking every second, third … shard, whatever their number was before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from course_utils.base import frees_memory, make_folder, processes, progress_bar
from course_utils.lm.activation_store import INDEX, ActivationStore, open_activations, save_index, save_shard
from course_utils.lm.activations import reader_of, rows_of
from course_utils.lm.tokens import HasText, as_list, check_hook_name, tokenize

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


@frees_memory
def harvest_activations(
    folder: str | Path,
    model: TransformerBridge,
    texts: Sequence[str] | Sequence[HasText],
    hook_name: str,
    *,
    batch_size: int = 8,
    max_tokens_per_text: int | None = None,
    compute_dtype: torch.dtype = torch.float32,
    dtype: torch.dtype = torch.bfloat16,
    texts_per_shard: int = 256,
    metadata: dict[str, Any] | None = None,
    progress: bool = False,
) -> ActivationStore:
    """Write the activations of every token but BOS to a store, or go on where an earlier call was stopped.

    A harvest that was stopped and gone on with has the same bytes as one that was not. Memory holds one shard.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from course_utils.lm import load_model
        >>> model, texts = load_model("pocket"), ["The ship sails.", "Hello", "It rains."]
        >>> with TemporaryDirectory() as folder:
        ...     for _ in range(2):  # the second time everything is there
        ...         store = harvest_activations(folder, model, texts, "blocks.2.hook_out", texts_per_shard=2)
        ...     store.shards
        (('00000.safetensors', 5), ('00001.safetensors', 4))

    Args:
        folder: new, empty, or of the same harvest.
        texts: strings or labelled texts, in the order of their numbers.
        hook_name: as for `iterate_activations`.
        batch_size: texts a forward pass; those of a shard that are of like length go together.
        max_tokens_per_text: longer texts are cut; BOS counts. None cuts at the model's context.
        compute_dtype: of the model's matrix products.
        dtype: on disk.
        texts_per_shard: what is lost at most when a process is killed.
        metadata: what the rows are; must fit in JSON.
        progress: show a progress bar.

    Returns:
        The store, ready to be read.

    Raises:
        ValueError: if there are no texts or no tokens, the hook point does not fit, or the folder holds shards of
            another harvest.
    """
    folder, texts = Path(folder), as_list(texts)
    check_hook_name(model, hook_name)
    settings = (model.cfg.model_name, hook_name, max_tokens_per_text, compute_dtype, dtype, texts_per_shard)
    harvest = hashlib.sha256("\0".join([*map(str, settings), *texts]).encode("utf-8", "surrogatepass"))
    about = {"harvest": harvest.hexdigest()}

    team = processes()
    shards = list(_shards(len(texts), texts_per_shard))
    if (folder / INDEX).is_file():
        _is_there(folder / shards[0][0], about)
        return open_activations(folder)
    make_folder(folder)
    mine = shards[team.rank :: team.count]
    todo = [(path, some) for path, some in mine if not _is_there(folder / path, about)]
    n_mine, n_todo = (sum(len(some) for _, some in part) for part in (mine, todo))
    bar = progress_bar(
        total=n_mine, initial=n_mine - n_todo, unit="text", shown=progress and team.is_first and bool(todo)
    )
    read = reader_of(model, hook_name, compute_dtype) if todo else None

    def counted(ids: Tensor) -> Tensor:
        assert read is not None
        values = read(ids)
        bar.update(len(ids))
        return values

    with bar:
        for path, some in todo:
            tokens = tokenize(model, texts[some.start : some.stop], max_tokens_per_text=max_tokens_per_text)
            rows = rows_of(counted, tokens, batch_size, skip_bos=True, first=some.start)
            save_shard(folder / path, rows, dtype, **about)
    team.wait()
    store = _store(folder, [path for path, _ in shards], metadata or {})
    if team.is_first:
        save_index(store, dtype)
    team.wait()
    return store


def _shards(n_texts: int, size: int) -> Iterator[tuple[str, range]]:
    """Name and texts of each."""
    for number, first in enumerate(range(0, n_texts, size)):
        yield f"{number:05}.safetensors", range(first, min(first + size, n_texts))


def _is_there(path: Path, about: dict[str, str]) -> bool:
    """Was this shard made already?

    Raises:
        ValueError: if there is one of another harvest.
    """
    if not path.is_file():
        return False
    try:
        with safe_open(path, framework="pt") as file:
            found = file.metadata()
    except SafetensorError:  # not one of ours, or the disk's fault
        return False
    if found != about:
        raise ValueError(f"{path} is of another harvest (model, hook point, texts …): name another folder")
    return True


def _store(folder: Path, names: list[str], metadata: dict[str, Any]) -> ActivationStore:
    shapes = []
    for name in names:
        with safe_open(folder / name, framework="pt") as file:
            shapes.append(file.get_slice("values").get_shape())
    if not sum(rows for rows, _ in shapes):
        raise ValueError("there are no activations: the texts have no tokens")
    shards = tuple((name, rows) for name, (rows, _) in zip(names, shapes, strict=True))
    return ActivationStore(folder, shards, shapes[0][1], metadata)
