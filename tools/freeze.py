"""Regenerate what tools write: `python tools/freeze.py` (`make freeze`). With names of notebooks, only these.

Checksums of the shipped files first, then every notebook is run from top to bottom and its outputs kept. Kept outputs
are what a code host, print and the strict test see, so widgets leave only their static picture: a saved widget without
its kernel shows an error in JupyterLab.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "course_utils" / "data"
WIDGET = "application/vnd.jupyter.widget-view+json"


def checksums() -> str:
    """A line for each file that ships."""
    files = [
        p
        for p in sorted(DATA.rglob("*"))
        if p.is_file() and p.suffix not in (".md", ".png") and p.name != "SHA256SUMS"
    ]
    return "".join(
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(DATA).as_posix()}\n" for p in files
    )


def static_outputs(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Without live widgets; one that has no static picture (a progress bar) goes altogether."""
    kept = []
    for output in outputs:
        data = output.get("data", {})
        if WIDGET in data and "text/html" not in data:
            continue
        data.pop(WIDGET, None)
        kept.append(output)
    return kept


def freeze(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    folder = {"metadata": {"path": path.parent}}
    NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources=folder, store_widget_state=False,
        coalesce_streams=True,  # or what is printed comes in other pieces from run to run
    ).execute()  # fmt: skip
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
        cell.metadata.pop("execution", None)  # when it ran
        if cell.cell_type == "code":
            cell.outputs = static_outputs(cell.outputs)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)
    print(f"{path.name}: {len(notebook.cells)} cells, {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    # a bar would be the only output that never repeats
    os.environ |= {
        "COURSE_MODEL": "pocket",
        "COURSE_PROGRESS": "",
        "TQDM_DISABLE": "1",
    }
    (DATA / "SHA256SUMS").write_text(checksums(), encoding="utf-8", newline="\n")
    for notebook in map(Path, sys.argv[1:] or sorted((ROOT / "notebooks").glob("*.ipynb"))):
        freeze(notebook)
