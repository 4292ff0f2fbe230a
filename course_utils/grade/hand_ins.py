"""What people handed in: the notebooks below a folder, each with a copy of what lies beside it."""

from __future__ import annotations

import os
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from course_utils.grade.results import printable

# Some browsers add what they take it for; not every system tells capitals apart.
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
PACKED = re.compile(r"\.(zip|rar|7z|tar|tgz|tar\.[a-z0-9]+)$", re.IGNORECASE)


@dataclass(frozen=True)
class HandIn:
    """A notebook to grade, found by `find_hand_ins`."""

    learner: str
    """The notebook's path in the folder, without ``.ipynb``."""

    path: Path
    beside: Path | None
    """The folder whose files go with it; None: only the files, not the folders, beside the notebook."""


def find_hand_ins(folder: Path) -> list[HandIn]:
    """Every notebook below ``folder``, but for those in linked folders and in hidden ones, such as checkpoints.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("ben.ipynb", "anna/day_1.ipynb", "anna/notes.txt", ".ipynb_checkpoints/ben.ipynb"):
        ...         Path(folder, name).parent.mkdir(exist_ok=True)
        ...         Path(folder, name).touch()
        ...     [hand_in.learner for hand_in in find_hand_ins(Path(folder))]
        ['anna/day_1', 'ben']

    Returns:
        One `HandIn` for each notebook, in the order of their paths.

    Raises:
        NotADirectoryError: if ``folder`` is not a folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    folder = folder.resolve()
    found = []
    for path in sorted(path for path in _files(folder) if NOTEBOOK.search(path.name)):
        inside = path.relative_to(folder)
        beside = path.parent if len(inside.parts) > 1 else None
        found.append(HandIn(printable(NOTEBOOK.sub("", inside.as_posix())), path, beside))
    return found


def packed_hand_ins(folder: Path) -> list[Path]:
    """Archives below ``folder``, as a learning platform delivers them, that lie where no notebook does.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("anna.zip", "ben/day_1.ipynb", "ben/data.zip"):
        ...         Path(folder, name).parent.mkdir(exist_ok=True)
        ...         Path(folder, name).touch()
        ...     [path.name for path in packed_hand_ins(Path(folder))]
        ['anna.zip']
    """
    files = _files(folder)
    unpacked = {path.parent for path in files if NOTEBOOK.search(path.name)} - {folder}
    return sorted(path for path in files if PACKED.search(path.name) and path.parent not in unpacked)


def _files(folder: Path) -> list[Path]:
    """Without what lies in hidden and in linked folders."""
    found = []
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(at, name) for name in files if not name.startswith(".")]
    return found


def copy_hand_in(hand_in: HandIn, to: Path, most: float) -> None:
    """The notebook and what lies beside it, but no other notebook, link, pipe, device or hidden folder.

    Raises:
        ValueError: if that is more than ``most`` bytes.
    """
    top, held = hand_in.path.parent, 0

    def left_out(at: str, names: list[str]) -> list[str]:
        nonlocal held
        out = []
        for name in names:
            path = Path(at, name)
            inside = path.is_dir() and hand_in.beside is not None and not name.startswith(".")  # .venv, .git
            other = NOTEBOOK.search(name) is not None and path != hand_in.path
            if path.is_symlink() or other or not (path.is_file() or inside):
                out.append(name)
            elif path.is_file():
                held += path.stat().st_size
        if held > most:
            raise ValueError(f"what lies beside it is more than {most / 1e9:g} GB")
        return out

    shutil.copytree(top, to, ignore=left_out)
    for at, _, files in os.walk(to):  # a notebook may write where it did at home, though this came read-only
        for path in (Path(at), *(Path(at, name) for name in files)):
            path.chmod(path.stat().st_mode | stat.S_IRWXU)
