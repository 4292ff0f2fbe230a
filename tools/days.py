"""What each day takes: wall time and peak memory of its kernel, with Binder's settings. `make days` writes docs/days.md.

Before that, how long the first output of the model takes from a cold start. The settings are those that binder/start exports. Binder stops a server at 2 GB; a day above that fails here.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 2.0  # GB
SERVER = 0.1  # GB that JupyterLab itself takes


def binder_settings() -> dict[str, str]:
    """The variables that binder/start exports."""
    lines = (ROOT / "binder" / "start").read_text(encoding="utf-8").splitlines()
    exported = [word for line in lines if line.startswith("export ") for word in line.split()[1:]]
    return dict(word.split("=", 1) for word in exported)


def measure(
    nb: nbformat.NotebookNode,
    folder: Path,
    *,
    environment: dict[str, str] | None = None,
    allow_errors: bool = False,
) -> tuple[float, float]:
    """(seconds, GB at its peak; 0 unless on Linux) of one run in a fresh kernel, which fills in the outputs.

    Raises:
        CellExecutionError: if a cell fails, unless errors are allowed.
    """
    client = NotebookClient(
        nb, timeout=1800, allow_errors=allow_errors, resources={"metadata": {"path": str(folder)}}
    )
    started = time.perf_counter()
    with client.setup_kernel(env=os.environ | (environment or {})):
        for i, cell in enumerate(nb.cells):
            client.execute_cell(cell, i)
        status = Path(f"/proc/{client.km.provisioner.pid}/status")
        peak = re.search(r"VmHWM:\s+(\d+)", status.read_text(encoding="utf-8")) if status.exists() else None
    return time.perf_counter() - started, int(peak[1]) / 1e6 if peak else 0.0


SENTENCE = 'print(model.to_single_str_token(model("When Mary and John went to the")[0, -1].argmax().item()))'


def import_seconds() -> float:
    """`import course_utils` in a new process."""
    command = "import time; t = time.perf_counter(); import course_utils; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, encoding="utf-8", check=True)
    return float(done.stdout)


def first_output_seconds(notebook: Path) -> float:
    """From no kernel to the notebook's model having answered a sentence."""
    nb = nbformat.read(notebook, 4)
    codes = [cell for cell in nb.cells if cell.cell_type == "code"]
    setup = next(i for i, cell in enumerate(codes) if "load_model()" in cell.source)
    nb.cells = [*codes[: setup + 1], nbformat.v4.new_code_cell(SENTENCE)]
    client = NotebookClient(nb, resources={"metadata": {"path": str(notebook.parent)}})
    started = time.perf_counter()
    with client.setup_kernel():
        for i, cell in enumerate(nb.cells):
            client.execute_cell(cell, i)
        seconds = time.perf_counter() - started
    assert nb.cells[-1].outputs, "the model did not answer"
    return seconds


def starting(notebook: Path) -> str:
    """What starting takes, as sentences: medians of five starts, each with no file in memory and then once more."""
    imports, first, again = [], [], []
    for _ in range(5):
        emptied = _empty_file_cache()
        imports.append(import_seconds())
        _empty_file_cache()
        first.append(first_output_seconds(notebook))
        again.append(first_output_seconds(notebook))
    files = "no file in memory before" if emptied else "files perhaps in memory (emptying that takes root)"
    return (
        f"`import course_utils` takes {statistics.median(imports):.3f} s. From starting day 1's kernel to the model's answer\n"
        f"to a first sentence it is {statistics.median(first):.1f} s with {files}, {statistics.median(again):.1f} s at the next start\n"
        f"(medians of five; {min(first):.1f} to {max(first):.1f} and {min(again):.1f} to {max(again):.1f})."
    )


def _empty_file_cache() -> bool:
    """Have the next process read every file from the disk. False where that is not allowed or not Linux."""
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3", encoding="utf-8")
    except OSError:
        return False
    return True


def main() -> None:
    os.environ.update(
        binder_settings() | {"COURSE_PROGRESS": str(Path(tempfile.mkdtemp()) / "progress.json")}
    )
    notebooks = sorted((ROOT / "notebooks").glob("day_*.ipynb"))
    start = starting(notebooks[0])
    print(start, flush=True)
    rows = []
    for notebook in notebooks:
        seconds, peak = measure(nbformat.read(notebook, 4), notebook.parent)
        rows.append(f"| {notebook.stem.split('_')[1]} | {seconds / 60:.1f} | {peak:.2f} |")
        print(rows[-1], flush=True)
        if peak + SERVER > LIMIT:
            sys.exit(f"{notebook.name} takes {peak:.2f} GB: too much for Binder's {LIMIT:.0f} GB")
    settings = ", ".join(f"`{name}={value}`" for name, value in binder_settings().items())
    (ROOT / "docs" / "days.md").write_text(
        "# What each day takes\n\n"
        f"Written by `make days`, on {os.cpu_count()} cores ({platform.machine()}, torch {torch.__version__.split('+')[0]}), nothing solved,\n"
        f"with Binder's settings: {settings}. Memory is the peak of the kernel; JupyterLab takes about {SERVER} GB more.\n\n"
        "| day | minutes of computing | peak memory, GB |\n|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\n{start}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
