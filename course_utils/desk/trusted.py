"""The course's own notebooks are trusted, as by `jupyter trust`: JupyterLab then shows their kept views as they are.

Jupyter signs what a notebook holds, with a key of this user. So a copy that was changed elsewhere is not trusted.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from course_utils.base import shipped_notebooks
from course_utils.desk.copies import copied_notebook


def trust_own(folder: Path) -> list[str]:
    """Sign the notebooks of a folder that are, byte for byte, those that `course start` puts there, or a clone's.

    Args:
        folder: with copies of the seven days, or without any.

    Returns:
        The names of those that were signed: none where Jupyter is not installed, or keeps no signatures.
    """
    pairs = ((folder / shipped.name, shipped) for shipped in shipped_notebooks())
    own = [
        path
        for path, shipped in pairs
        if path.is_file() and path.read_bytes() in (shipped.read_bytes(), copied_notebook(shipped).encode())
    ]
    try:
        return list(_signed(own))
    except (ImportError, OSError, ValueError):  # the course runs without: it is only told to be "not trusted"
        return []


def _signed(notebooks: Iterable[Path]) -> Iterable[str]:
    import nbformat
    from jupyter_core.paths import jupyter_data_dir
    from nbformat.sign import NotebookNotary

    data = Path(jupyter_data_dir())
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    notary = NotebookNotary(data_dir=str(data))
    try:
        for path in notebooks:
            notary.sign(nbformat.read(path, as_version=nbformat.NO_CONVERT))
            yield path.name
    finally:
        notary.store.close()
