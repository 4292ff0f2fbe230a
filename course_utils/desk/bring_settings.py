"""What a run of `course bring` was asked for, kept in its folder so that it can be gone on with, and nothing else mixed in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from course_utils.base import make_folder, write_text

MANIFEST = "manifest.json"
TAKEN_OVER = ("compute", "speed", "device")
"""Chosen by the machine at the start, not by the user: a run that goes on keeps them."""


@dataclass(frozen=True)
class Settings:
    """All that decides what comes out.

    Examples:
        >>> asked = Settings("pocket", "6c1f", "blocks.2.hook_resid_post", 4096, 32, 500_000, "course", "0f3a")
        >>> asked.latents, asked.passes
        (4096, 8)
    """

    model: str
    weights: str
    """A few letters that are others for other weights."""

    hook: str
    latents: int
    k: int
    tokens: int
    data: str
    """Where the texts are from: ``"course"`` or a path."""

    texts: str
    """As ``weights``, of the texts."""

    context: int = 256
    """Tokens of a text that are read."""

    passes: int = 8
    """How often training goes through the harvest."""

    seed: int = 0
    compute: str = "float32"
    """Precision of the model's matrix products in the harvest."""

    speed: str = "plain"
    """The training step (`fit_sae`)."""

    device: str = "cpu"


def keep_settings(folder: Path, asked: Settings) -> Settings:
    """Write the settings of a new run, or make sure that a run which goes on is asked for the same.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> asked = Settings("pocket", "6c1f", "blocks.2.hook_resid_post", 4096, 32, 500_000, "course", "0f3a")
        >>> with TemporaryDirectory() as folder:
        ...     keep_settings(Path(folder), asked) == keep_settings(Path(folder), asked)
        True

    Args:
        folder: of the run, made if it is not there.
        asked: the settings wanted now.

    Returns:
        The settings to work with: those asked for, with what the machine chose at the start.

    Raises:
        ValueError: if the folder is of another run, whose settings differ, each named; or of something else.
    """
    path = folder / MANIFEST
    if not path.is_file():
        if folder.is_dir() and any(file.name != ".lock" for file in folder.iterdir()):
            raise ValueError(f"{folder} holds other files: name a new or an empty folder with --out")
        make_folder(folder)
        write_text(path, json.dumps({"settings": asdict(asked)}, indent=1) + "\n")
        return asked
    kept = _read(path)
    names = [field.name for field in fields(Settings)]
    if sorted(kept) != sorted(names):
        raise ValueError(
            f"{path} was written by another version of the course: name another folder with --out"
        )
    differing = [
        f"{name} was {kept[name]}, is {getattr(asked, name)}"
        for name in names
        if name not in TAKEN_OVER and kept[name] != getattr(asked, name)
    ]
    if differing:
        raise ValueError(
            f"{folder} is of another run ({'; '.join(differing)}): ask for the same, or name another folder with --out"
        )
    return Settings(**kept)


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8-sig"))["settings"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: name another folder with --out") from error
