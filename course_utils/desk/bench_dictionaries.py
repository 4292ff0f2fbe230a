"""Which dictionaries `course bench` can score: files that `load_sae` reads, or a module that defines one in code."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils.base import DATA
from course_utils.sae import SAE, load_sae, weights_path

PREFERRED = ("dictionary", "sae")
CLOSE = 1e-3


@dataclass(frozen=True, eq=False)
class Entry:
    """A dictionary, and what is said of it."""

    name: str
    sae: SAE
    sha256: str
    """Of the file that holds the weights, or of the module."""
    architecture: str

    @property
    def about(self) -> dict[str, Any]:
        """As it stands in the JSON file."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "architecture": self.architecture,
            "n_latents": self.sae.d_sae,
        }


def load_entry(given: str, d_in: int | None = None) -> Entry:
    """A dictionary from a name, a folder, a file, or a module. **A module is code, and it is run.**

    Examples:
        >>> entry = load_entry("layer_2_512")
        >>> entry.name, entry.architecture, entry.sae.d_sae
        ('layer_2_512', 'topk', 512)

    Args:
        given: what `load_sae` takes, or a path that ends in ``.py``. A module has to define one object with ``encode``
            and ``decode``, called ``dictionary`` or anything else.
        d_in: length of an activation; only a module needs it.

    Raises:
        FileNotFoundError: if there is no such thing.
        ValueError: if it cannot be read, or is no dictionary.
    """
    if Path(given).suffix != ".py":
        sae = load_sae(given).requires_grad_(False)
        path = weights_path(given)
        name = given if _ships(given) else _name_of(Path(given).expanduser())
        return Entry(name, sae, _sha256(path), sae.architecture)
    path = Path(given).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    thing = _only_dictionary(path)
    if d_in is None:
        raise ValueError(f"{path} is code, which does not say how long an activation is")
    return Entry(path.stem, CodedSAE(thing, d_in, str(path)), _sha256(path), f"code ({type(thing).__name__})")


def with_own_names(entries: Sequence[Entry], *taken: str) -> list[Entry]:
    """The same with names that can be files, no two alike.

    Args:
        taken: names that none may have.
    """
    named, used = [], {name.lower() for name in taken}
    for entry in entries:
        name = plain = re.sub(r"[^\w.-]+", "_", entry.name).strip("._-")[:80] or "dictionary"
        number = 1
        while name.lower() in used:
            number += 1
            name = f"{plain}_{number}"
        used.add(name.lower())
        named.append(replace(entry, name=name))
    return named


def _ships(given: str) -> bool:
    return (DATA / "saes" / given).is_dir() and "/" not in given and not given.startswith(".")


def _name_of(path: Path) -> str:
    path = path.resolve()
    return path.name if path.is_dir() else f"{path.parent.name}_{path.stem}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _only_dictionary(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("course_bench_dictionary", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} cannot be read as a module")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(f"{path} stopped with {_said(error)}") from error
    found = {
        name: value for name, value in vars(module).items() if not name.startswith("_") and _codes(value)
    }
    for name in PREFERRED:
        if name in found:
            return found[name]
    if len(found) != 1:
        what = f"defines {len(found)} of them ({', '.join(sorted(found))})" if found else "defines none"
        raise ValueError(f"{path} {what}: one object with encode and decode is needed, called dictionary")
    return next(iter(found.values()))


def _codes(value: Any) -> bool:
    return not isinstance(value, type) and all(
        callable(getattr(value, name, None)) for name in ("encode", "decode")
    )


def _said(error: BaseException) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


class CodedSAE(SAE):
    """Somebody's ``encode`` and ``decode`` as an autoencoder; its decoder directions are found by asking.

    Args:
        thing: with ``encode`` (n, d_in) → (n, d_sae) and ``decode`` back.
        d_in: length of an activation.
        called: how errors name it.

    Raises:
        ValueError: if it does not give tensors of these shapes, or ``decode`` is not a sum of directions and a constant.
    """

    def __init__(self, thing: Any, d_in: int, called: str = "it"):
        for name in ("encode", "decode"):
            if not callable(getattr(thing, name, None)):
                raise ValueError(f"{called} has no function {name}")
        rows = torch.zeros(2, d_in, dtype=torch.float32)
        d_sae = _asked(thing.encode, rows, None, f"{called}: encode").shape[1]
        super().__init__(d_in, d_sae)
        self.float()  # whatever torch's default is
        self.thing, self.called = thing, called
        self.metadata = {
            "hook_name": hook if isinstance(hook := getattr(thing, "hook_name", None), str) else None
        }
        self.requires_grad_(False)
        self.W_enc.zero_()
        self.b_dec.copy_(self._decoded(torch.zeros(1, d_sae, dtype=torch.float32))[0])
        for rows in torch.arange(d_sae).split(1024):
            one_each = torch.zeros(len(rows), d_sae, dtype=torch.float32).scatter_(1, rows[:, None], 1.0)
            self.W_dec[rows] = self._decoded(one_each) - self.b_dec
        some = torch.rand(4, d_sae, dtype=torch.float32, generator=torch.Generator().manual_seed(0))
        expected, real = some @ self.W_dec + self.b_dec, self._decoded(some)
        if not (expected - real).abs().max() <= CLOSE * real.abs().max().clamp(min=1.0):  # NaN neither
            raise ValueError(
                f"{called}: decode is not a sum of directions and a constant, so latents have none"
            )

    def _decoded(self, latents: Tensor) -> Tensor:
        return _asked(self.thing.decode, latents, self.d_in, f"{self.called}: decode")

    def encode(self, x: Tensor) -> Tensor:
        """Latents of ``x``, as the code gives them."""
        flat = x.float().reshape(-1, self.d_in)
        latents = _asked(self.thing.encode, flat, self.d_sae, f"{self.called}: encode")
        return latents.view(*x.shape[:-1], self.d_sae)


def _asked(function: Any, rows: Tensor, width: int | None, called: str) -> Tensor:
    """What somebody's function gives, if it is a table of numbers with as many rows."""
    try:
        with torch.no_grad():
            given = torch.as_tensor(function(rows.clone())).detach().float()
    except Exception as error:
        raise ValueError(f"{called} stopped with {_said(error)}") from error
    if given.ndim != 2 or len(given) != len(rows) or (width is not None and given.shape[1] != width):
        wanted = f"({len(rows)}, {'d_sae' if width is None else width})"
        raise ValueError(f"{called} gives shape {tuple(given.shape)} for {tuple(rows.shape)}, not {wanted}")
    return given
