"""Find, verify and open what ships with the course: weights and texts, each with its SHA-256 in ``data/SHA256SUMS``."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"


@cache
def _sha256sums() -> dict[str, str]:
    lines = (DATA / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


@cache
def asset_path(name: str) -> Path:
    """Absolute path of a shipped file or folder (``"pocket"``, ``"texts.jsonl.gz"``), verified once a process.

    Examples:
        >>> asset_path("saes/layer_2").relative_to(DATA.resolve()).as_posix()  # in the installed package
        'saes/layer_2'

    Args:
        name: relative to the folder ``data``, with ``/`` on every system.

    Raises:
        FileNotFoundError: if it does not ship, or is missing from this installation.
        ValueError: if a file's SHA-256 is not the one in ``data/SHA256SUMS`` (a half-finished clone or download).
    """
    wanted = {
        file: digest for file, digest in _sha256sums().items() if file == name or file.startswith(f"{name}/")
    }
    if not wanted:
        raise FileNotFoundError(f"{name!r} is not among the shipped files: {', '.join(_sha256sums())}")
    for file, digest in wanted.items():
        path = DATA / file
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is missing: this copy of the course is incomplete, clone it again"
            )
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != digest:
            raise ValueError(
                f"{path} is damaged (SHA-256 {found[:12]}…, expected {digest[:12]}…): clone the course again"
            )
    return (DATA / name).resolve()


def shipped_notebooks() -> list[Path]:
    """The seven days, then the capstone, as they came with this installation or lie in this clone.

    Examples:
        >>> [path.stem[:5] for path in shipped_notebooks()]
        ['day_1', 'day_2', 'day_3', 'day_4', 'day_5', 'day_6', 'day_7', 'capst']

    Raises:
        FileNotFoundError: if there are none.
    """
    for folder in (DATA / "notebooks", DATA.parents[1] / "notebooks"):
        if found := sorted(folder.glob("day_*.ipynb")):
            return [*found, *folder.glob("capstone.ipynb")]
    raise FileNotFoundError("this installation has no notebooks: install the course again")
