"""What each day takes: wall time and peak memory of its kernel, with Binder's settings. `make days` writes docs/days.md.

The settings are those that binder/start exports. Binder stops a server at 2 GB; a day above that fails here.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 2.0  # GB
SERVER = 0.1  # GB that JupyterLab itself takes


def binder_settings() -> dict[str, str]:
    """The variables that binder/start exports."""
    lines = (ROOT / "binder" / "start").read_text().splitlines()
    exported = [word for line in lines if line.startswith("export ") for word in line.split()[1:]]
    return dict(word.split("=", 1) for word in exported)


def measure(notebook: Path) -> tuple[float, float]:
    """(seconds, GB at its peak) of one run in a fresh kernel.

    Raises:
        CellExecutionError: if a cell fails.
    """
    client = NotebookClient(
        nbformat.read(notebook, 4), timeout=900, resources={"metadata": {"path": str(notebook.parent)}}
    )
    started = time.perf_counter()
    with client.setup_kernel():
        for i, cell in enumerate(client.nb.cells):
            client.execute_cell(cell, i)
        status = Path(f"/proc/{client.km.provisioner.pid}/status").read_text()
    return time.perf_counter() - started, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1e6


def main() -> None:
    os.environ.update(
        binder_settings() | {"COURSE_PROGRESS": str(Path(tempfile.mkdtemp()) / "progress.json")}
    )
    rows = []
    for notebook in sorted((ROOT / "notebooks").glob("day_*.ipynb")):
        seconds, peak = measure(notebook)
        rows.append(f"| {notebook.stem.split('_')[1]} | {seconds / 60:.1f} | {peak:.2f} |")
        print(rows[-1], flush=True)
        if peak + SERVER > LIMIT:
            sys.exit(f"{notebook.name} takes {peak:.2f} GB: too much for Binder's {LIMIT:.0f} GB")
    settings = ", ".join(f"`{name}={value}`" for name, value in binder_settings().items())
    (ROOT / "docs" / "days.md").write_text(
        "# What each day takes\n\n"
        f"Written by `make days`, on {os.cpu_count()} cores ({platform.machine()}, torch {torch.__version__.split('+')[0]}), nothing solved,\n"
        f"with Binder's settings: {settings}. Memory is the peak of the kernel; JupyterLab takes about {SERVER} GB more.\n\n"
        "| day | minutes of computing | peak memory, GB |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    main()
