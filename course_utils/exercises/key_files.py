"""Files beside the answer keys that are no module."""

from __future__ import annotations

from pathlib import Path

from course_utils.exercises import _solutions


def key_file(name: str) -> Path:
    """Where a file of the folder ``solutions`` is, in a clone as in an installation.

    Examples:
        >>> key_file("day_6.py").name
        'day_6.py'

    Raises:
        FileNotFoundError: if there is none.
    """
    for folder in _solutions.__path__:
        if (path := Path(folder, name)).is_file():
            return path
    raise FileNotFoundError(f"the answer keys have no file {name!r}: this copy of the course is incomplete")
