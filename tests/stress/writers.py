"""Each writer of the course as two functions: one writes a version into a folder, one says which version is there.

A reader returns the version, or None where nothing is there yet, and raises where it finds half of something or a
mixture.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import nbformat
import torch

from course_utils.base import write_text
from course_utils.desk import export_html
from course_utils.exercises.progress_file import _told, read_progress, remember_question
from course_utils.grade import Result, write_reports
from course_utils.lm import Activations, open_activations, write_activations
from course_utils.reading import LatentSummary
from course_utils.sae import SAE, load_sae, save_sae
from course_utils.views import export_dashboard

SAES = [SAE(8, 64, seed=version) for version in (0, 1)]
LONG = "a whale sings " * 3000


class Writer(NamedTuple):
    file: str
    """What is written, or the first of several."""

    write: Callable[[Path, int], object]
    read: Callable[[Path], int | None]


def version_in(path: Path, end: str) -> int | None:
    """Of a page or a table that is whole if it ends as it should."""
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8-sig")
    assert text.rstrip().endswith(end), f"{path.name} ends in {text[-40:]!r}"
    found = [version for version in (0, 1) if f"version-{version}" in text]
    assert len(found) == 1, f"{path.name} has versions {found}"
    return found[0]


def write_sae(folder: Path, version: int) -> None:
    save_sae(SAES[version], folder, model_name=f"version-{version}")


def read_sae(folder: Path) -> int | None:
    if not (folder / "sae_weights.safetensors").exists():
        return None
    sae = load_sae(folder)
    version = int(str(sae.metadata["model_name"])[-1])
    assert torch.equal(sae.W_enc, SAES[version].W_enc), "one's weights under the other's name"
    return version


def write_store(folder: Path, version: int) -> None:
    (folder / "theirs.safetensors").touch()
    if (folder / "store" / "index.json").exists():  # a finished store is never written over
        (folder / "store" / "index.json").unlink()
        shutil.rmtree(folder / "store")
    rows = Activations(torch.full((600, 8), float(version)), torch.zeros(600, 2, dtype=torch.long))
    write_activations(folder / "store", [rows], rows_per_shard=100, metadata={"version": version})


def read_store(folder: Path) -> int | None:
    assert not (folder / "store").exists() or (folder / "theirs.safetensors").exists()
    if not (folder / "store" / "index.json").exists():
        return None
    store = open_activations(folder / "store")
    version = int(store.metadata["version"])
    assert all((piece.values == version).all() for piece in store), "rows of the other version"
    return version


def write_progress(folder: Path, version: int) -> None:
    _told.clear()  # what goes wrong is said once a process
    with patch.dict(os.environ, COURSE_PROGRESS=str(folder / "progress.json")):
        if said := remember_question(f"day_1.version-{version}-{LONG[:9000]}", 1, right=True):
            raise OSError(said)


def read_own_progress(folder: Path) -> int | None:
    if not (folder / "progress.json").exists():
        return None
    json.loads((folder / "progress.json").read_text(encoding="utf-8"))
    with patch.dict(os.environ, COURSE_PROGRESS=str(folder / "progress.json")):
        return int("version-1" in str(read_progress()))


def write_page(folder: Path, version: int) -> None:
    source = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# version-{version}\n{LONG}")])
    notebook = folder.parents[1] / f"day_{version}.ipynb"  # not on the disk that is full
    nbformat.write(source, notebook)
    export_html(notebook, folder / "page.html")


def write_dashboard(folder: Path, version: int) -> None:
    silent = LatentSummary(4, 12345, 0.0, (), (), (), 0.0, (), (), (), label=None)
    export_dashboard(folder / "dashboard.html", [silent] * 40, title=f"version-{version}", note=LONG[:2000])


def write_report(folder: Path, version: int) -> None:
    write_reports([Result(f"version-{version} {LONG[:3000]}", "ran", {})], folder)


WRITERS = {
    "write_text": Writer("a.html", lambda f, v: write_text(f / "a.html", f"version-{v} {LONG}end"), lambda f: version_in(f / "a.html", "end")),
    "save_sae": Writer("sae_weights.safetensors", write_sae, read_sae),
    "write_activations": Writer("store/index.json", write_store, read_store),
    "progress": Writer("progress.json", write_progress, read_own_progress),
    "export_html": Writer("page.html", write_page, lambda f: version_in(f / "page.html", "</html>")),
    "export_dashboard": Writer("dashboard.html", write_dashboard, lambda f: version_in(f / "dashboard.html", ">")),
    "write_reports": Writer("report.html", write_report, lambda f: version_in(f / "report.html", "</html>")),
}  # fmt: skip
