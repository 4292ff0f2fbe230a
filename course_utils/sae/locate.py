"""Find an autoencoder on disk, and the reader of the format that its publisher wrote it in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from course_utils.base import DATA, asset_path
from course_utils.sae.read_dictionary_learning import is_dictionary_learning, read_dictionary_learning
from course_utils.sae.read_gemma_scope import read_gemma_scope, read_gemma_scope_2
from course_utils.sae.read_openai import is_openai, read_openai
from course_utils.sae.read_saelens import read_saelens
from course_utils.sae.read_sparsify import read_sparsify
from course_utils.sae.saelens_files import CONFIG, WEIGHTS
from course_utils.sae.stored import Stored
from course_utils.sae.tensor_files import read_pickle


def read_pickled(path: Path) -> Stored:
    """Read a file that ``torch.save`` wrote: one of OpenAI's, or of dictionary_learning's.

    Raises:
        ValueError: if it is neither, or damaged, or would run code.
    """
    values = read_pickle(path)
    if is_openai(values):
        return read_openai(path, values)
    if is_dictionary_learning(values):
        return read_dictionary_learning(path, values)
    if {"ae", "optimizer"} <= values.keys():
        raise ValueError(
            f"{path} is a backup of an unfinished training with dictionary_learning, whose weights are still in other "
            "units than the activations: take the ae.pt that the end of the training writes"
        )
    raise ValueError(
        f"{path} holds {_some(sorted(values))}: these are the names of no format that this package reads"
    )


READERS: dict[str, Callable[[Path], Stored]] = {
    WEIGHTS: read_saelens,
    "sae.safetensors": read_sparsify,
    "params.npz": read_gemma_scope,
    "params.safetensors": read_gemma_scope_2,
    "ae.pt": read_pickled,
}
"""The file that a format is known by, and who reads it with what lies beside it."""


def located(folder: str | Path) -> Path:
    """Where it is: a path of the user's, or a folder that ships."""
    path, shipped = Path(folder).expanduser(), sorted(p.name for p in (DATA / "saes").iterdir() if p.is_dir())
    is_name = isinstance(folder, str) and folder in shipped
    if path.exists() and is_name:
        raise ValueError(
            f"{folder!r} is the name of an autoencoder that ships, and of a folder here: for the folder pass './{folder}', "
            "and for the one that ships give the folder another name"
        )
    if is_name:
        return asset_path(f"saes/{folder}")
    if not path.exists():
        of_a_path = not isinstance(folder, str) or any(sign in folder for sign in ("/", os.sep, "~", "."))
        what = (
            f"there is no folder or file {path}"
            if of_a_path
            else f"no autoencoder {folder!r} ships, nor is there "
        )
        raise FileNotFoundError(
            f"{what}{'' if of_a_path else 'a folder of that name'}; those that ship are {', '.join(shipped)}"
        )
    return path


def weights_path(folder: str | Path) -> Path:
    """The file that `load_sae` would read the weights from.

    Examples:
        >>> weights_path("layer_2").name
        'sae_weights.safetensors'

    Args:
        folder: as for `load_sae`.

    Raises:
        FileNotFoundError: if there is no such folder or file, and none of this name ships.
        ValueError: if it holds no autoencoder, or several.
    """
    return reader_of(located(folder))[0]


def reader_of(path: Path) -> tuple[Path, Callable[[Path], Stored]]:
    """The file that tells the format, and who reads it."""
    if path.is_dir():
        named = [path / name for name in READERS if (path / name).is_file()]
        pickled = [p for p in path.glob("*.pt") if p.is_file()]
        if not named and len(pickled) != 1:
            raise ValueError(_nothing_in(path, sorted(p.name for p in pickled)))
        path = (named or pickled)[0]
    elif path.name == CONFIG:
        return reader_of(path.parent)
    if path.name in READERS:
        return path, READERS[path.name]
    by_ending = {".npz": read_gemma_scope, ".pt": read_pickled, ".pth": read_pickled}
    if path.suffix not in by_ending:
        raise ValueError(
            f"{path} is not a file of a format that is read: {', '.join(READERS)} and OpenAI's *.pt are"
        )
    return path, by_ending[path.suffix]


def _nothing_in(folder: Path, pickled: list[str]) -> str:
    """What to say of a folder that is not one autoencoder."""
    if pickled:
        return f"{folder} has several files, {_some(pickled)}: pass one of them"
    below = {p.parent.relative_to(folder).as_posix() for depth in ("*", "*/*", "*/*/*") for name in READERS
             for p in folder.glob(f"{depth}/{name}")}  # fmt: skip
    if below:
        return f"{folder} has autoencoders in its folders, {_some(sorted(below))}: pass one of those"
    if (folder / CONFIG).is_file():
        return f"{folder} has a {CONFIG} but no weights beside it: copy or download the folder again"
    return f"{folder} holds no autoencoder: none of {', '.join(READERS)} and no *.pt lies in it"


def _some(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")
