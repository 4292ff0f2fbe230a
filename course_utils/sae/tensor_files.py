"""Open what others published without running anything of it: tensors by name, or one sentence that says what is wrong.

Nothing here trusts a size that a file states: a tensor that claims to be larger than the file that holds it is refused
before memory is set aside for it.
"""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from course_utils.base import first_line, memory_bytes

LONGEST_CONFIG = 16 * 2**20


class Config(dict):
    """A configuration from a file, whose values are of the right kind or refused by name."""

    def __init__(self, path: Path, values: dict[str, Any]):
        super().__init__(values)
        self.path = path

    def _refuse(self, key: str, wanted: str) -> ValueError:
        return ValueError(f"{self.path}: {key} is {self[key]!r}, not {wanted}")

    def whole(self, key: str) -> int | None:
        """A whole number, which may be written 4.0; None if it is not there."""
        value = self.number(key)
        if value is not None and value % 1:  # of NaN and infinity too
            raise self._refuse(key, "a whole number")
        return None if value is None else int(value)

    def number(self, key: str) -> float | None:
        """A number, or None if it is not there."""
        value = self.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self._refuse(key, "a number")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false; ``default`` if it is not there."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._refuse(key, "true or false")
        return value

    def text(self, key: str) -> str | None:
        """A string, or None if it is not there."""
        value = self.get(key)
        if value is not None and not isinstance(value, str):
            raise self._refuse(key, "a name")
        return value

    def part(self, key: str) -> Config:
        """A configuration within this one; empty if it is not there."""
        value = self.get(key)
        if value is not None and not isinstance(value, dict):
            raise self._refuse(key, "a table")
        return Config(self.path, value or {})


def read_config(path: Path) -> Config:
    """A JSON file with a table in it.

    Raises:
        ValueError: if it is missing, damaged, absurdly long, or something else.
    """
    try:
        if path.stat().st_size > LONGEST_CONFIG:
            raise ValueError(f"it is {path.stat().st_size:,} bytes long")
        return parse_config(path, path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as problem:
        raise unreadable(path, problem) from problem


def parse_config(path: Path, text: str) -> Config:
    """The table in a text; ``path`` is named if its values are refused later.

    Raises:
        ValueError: if it is not JSON, or not a table.
    """
    try:
        values = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(values, dict):
        raise ValueError(f"it holds a {type(values).__name__}, not a table")
    return Config(path, values)


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and the texts that were written beside them.

    Raises:
        ValueError: if it is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, RuntimeError) as problem:
        raise unreadable(path, problem) from problem


def read_npz(path: Path) -> dict[str, Tensor]:
    """Arrays by name; none that holds Python objects.

    Raises:
        ValueError: if it is missing, damaged, would need more memory than there is, or holds objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            needed, (total, free) = sum(info.file_size for info in archive.infolist()), memory_bytes()
        if total and needed > free:
            raise ValueError(f"unpacked it is {needed:,} bytes, and {free:,} are free")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(np.ascontiguousarray(arrays[name])) for name in arrays.files}
    except (OSError, ValueError, TypeError, MemoryError, EOFError, zipfile.BadZipFile) as problem:
        raise unreadable(path, problem) from problem


def read_pickle(path: Path) -> dict[str, Any]:
    """What ``torch.save`` wrote, tensors and plain values; anything that would run code is refused.

    Raises:
        ValueError: if it is missing, damaged, or holds more than tensors and plain values.
    """
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        name = re.search(r"GLOBAL (\S+)", str(problem))
        if not name:
            raise unreadable(path, problem) from problem
        raise ValueError(
            f"{path} asks to run {name[1]} while it is opened. A file of weights needs no code, so it is not "
            "opened: ask its publisher for safetensors, or for the state_dict alone"
        ) from None
    except Exception as problem:  # a damaged file breaks torch.load in many places
        raise unreadable(path, problem) from problem
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ValueError(f"{path} holds a {type(values).__name__}, not tensors by name")
    size = path.stat().st_size
    for key, value in values.items():
        if isinstance(value, Tensor) and value.layout is not torch.strided:
            raise ValueError(f"{path}: {key} is stored as {value.layout}, not as a plain tensor")
        if isinstance(value, Tensor) and value.numel() * value.element_size() > size:
            raise ValueError(
                f"{path} is {size:,} bytes long, too short for {key} of shape {tuple(value.shape)}"
            )
    return values


def laid_out(name: str, value: Any) -> Any:
    """A tensor as `SAE` has it: the weights of linear layers (``….weight``) are stored the other way round.

    Examples:
        >>> laid_out("encoder.weight", torch.zeros(2, 3)).shape, laid_out("W_enc", torch.zeros(2, 3)).shape
        (torch.Size([3, 2]), torch.Size([2, 3]))
    """
    return value.T if name.endswith(".weight") and isinstance(value, Tensor) and value.ndim == 2 else value


def unreadable(path: Path, problem: Exception) -> ValueError:
    """The error for a file that cannot be read at all, with what to do."""
    if isinstance(problem, FileNotFoundError):
        return ValueError(f"{path} is missing: copy or download its folder again")
    return ValueError(f"{path} cannot be read ({first_line(problem)}): copy or download it again")
