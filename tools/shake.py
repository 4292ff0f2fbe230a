"""Which printed numbers and sentences move on another processor? `make shake` runs the notebooks under settings that
stand for other machines, lists what differs from the kept outputs, cell by cell, and fails if anything differs by more
than its cell's stated tolerance.

Last bits differ between processors: other vector units sum in another order. Some settings change those orders on this
machine; "last-bits-1" to "last-bits-3" let chance change last bits (`last_bits`), so that they stand for processors that nobody
has at hand. Runs are kept in build/shake; what was run with the same code is not run again.

    python tools/shake.py [--settings avx2 one-thread] [--notebooks day_5 day_6] [--jobs 2] [--state]

``--state`` writes the tolerances: for each number that moved, twice as much as it moved at most, since the next processor
is one more draw; a number that did not move loses what was stated. Words that move are for people to mend.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import platform
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np
import torch
from nbclient import NotebookClient
from nbval.plugin import coalesce_streams, get_sanitize_patterns

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tools.kept_outputs import WIDGET, parts, texts, tolerance_of, units_apart  # noqa: E402 — a program that finds its own folder first

RUNS = ROOT / "build" / "shake"
SANITIZED = get_sanitize_patterns((ROOT / "tests" / "nbval.cfg").read_text(encoding="utf-8"))

ONE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
SETTINGS = {
    "two-threads": {"OMP_NUM_THREADS": "2"},
    "one-thread": ONE,
    "avx2": ONE
    | {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_CBWR": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL",
    },
    "sse": ONE
    | {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "COMPATIBLE",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL",
    },
    "aten-avx2": ONE | {"ATEN_CPU_CAPABILITY": "avx2"},
    "mkl-compatible": ONE | {"MKL_CBWR": "COMPATIBLE"},
    "last-bits-1": ONE,
    "last-bits-2": ONE,
    "last-bits-3": ONE,
}
UNCERTAIN = """
import sys
sys.path.insert(0, {root!r})
from tools.last_bits import LastBits
LastBits(seed={seed}).__enter__()
"""


def fingerprint(notebook: Path, setting: str) -> str:
    """Of all that decides what the notebook prints: its code, the package with its data, libraries, the setting."""
    code = [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    files = [ROOT / "tools" / "last_bits.py", ROOT / "course_utils" / "data" / "SHA256SUMS"]
    for folder in ("course_utils", "solutions"):
        files += sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".pyi", ".jinja"))
    capability = torch.backends.cpu.get_cpu_capability()
    machine = [torch.__version__, np.__version__, platform.platform(), capability, repr(SETTINGS[setting])]
    everything = [*code, *machine, *(path.read_text(encoding="utf-8") for path in files)]
    return hashlib.sha256("\0".join(everything).encode()).hexdigest()


def run(notebook: Path, setting: str) -> Path:
    """Run a notebook under a setting, unless the same code was run before; returns where the result is kept."""
    kept, made_from = RUNS / setting / notebook.name, fingerprint(notebook, setting)
    if kept.exists() and nbformat.read(kept, as_version=4).metadata.get("made_from") == made_from:
        return kept
    nb = nbformat.read(notebook, as_version=4)
    if setting.startswith("last-bits"):
        first = UNCERTAIN.format(root=str(ROOT), seed=setting.removeprefix("last-bits-"))
        nb.cells.insert(0, nbformat.v4.new_code_cell(first))
    resources = {"metadata": {"path": str(notebook.parent)}}
    client = NotebookClient(nb, timeout=900, kernel_name="python3", resources=resources, allow_errors=True)
    course = {"COURSE_MODEL": "pocket", "COURSE_PROGRESS": "", "TQDM_DISABLE": "1"}
    env = os.environ | course | SETTINGS[setting]
    client.execute(env=env)
    if setting.startswith("last-bits"):
        del nb.cells[0]
    nb.metadata["made_from"] = made_from
    kept.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, kept)
    return kept


class Move(NamedTuple):
    """A cell that shows something else than is kept."""

    cell: int
    units: dict[int, float]
    """How far which of its numbers are off, in units of the last digit printed."""

    words: bool
    """Whether words, or the way in which numbers are written, differ too."""

    what: str


def shown(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell prints and shows as text, as nbval compares it."""
    found = []
    for output in coalesce_streams(cell.outputs):
        if WIDGET in output.get("data", {}) and "text/html" not in output.data:
            continue  # a progress bar
        if output.output_type == "error":
            found.append(f"{output.ename}: {output.evalue}")
        for where, key in texts(output):
            text = where[key]
            for pattern, replacement in SANITIZED:
                text = re.sub(pattern, replacement, text)
            found.append(text)
    return found


def moves(kept: Path, run: Path) -> Iterator[Move]:
    """What differs between the kept outputs and those of a run."""
    cells = zip(nbformat.read(kept, as_version=4).cells, nbformat.read(run, as_version=4).cells, strict=True)
    for number, (ours, theirs) in enumerate(cells):
        if ours.cell_type == "code":
            expected, printed = shown(ours), shown(theirs)
            if len(expected) != len(printed):
                what = f"{len(printed)} texts, {len(expected)} kept: {printed[-1:]}"
                yield Move(number, {}, True, what)
            elif expected != printed:
                yield _move(number, expected, printed)


def _move(number: int, kept: list[str], printed: list[str]) -> Move:
    units, words, what, before = {}, False, [], 0
    for one, other in zip(kept, printed, strict=True):
        (its_words, ours), (other_words, theirs) = parts(one), parts(other)
        if its_words != other_words:
            words = True
            lines = zip(one.splitlines(), other.splitlines(), strict=False)
            what += [f"{a!r} → {b!r}" for a, b in lines if a != b] or ["one has more lines"]
            before += len(ours)
            continue
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True), start=before):
            apart = units_apart(a, b)
            if a != b:
                what.append(f"{a.digits} → {b.digits}")
                words = words or apart is None
                units[i] = math.inf if apart is None else float(apart)
        before += len(ours)
    return Move(number, units, words, ", ".join(dict.fromkeys(what)))


def state(notebook: Path, needed: Mapping[int, Mapping[int, float]]) -> None:
    """Write tolerances into the cells' metadata."""
    nb = nbformat.read(notebook, as_version=4)
    for number, cell in enumerate(nb.cells):
        cell.metadata.pop("tolerance", None)
        stated = {i: 2 * math.ceil(u) for i, u in sorted(needed.get(number, {}).items()) if 0 < u < math.inf}
        if stated:
            cell.metadata["tolerance"] = {str(i): units for i, units in stated.items()}
    nbformat.write(nb, notebook)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--notebooks", nargs="*", default=["day_"])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--state", action="store_true", help="write the tolerances into the notebooks")
    asked = parser.parse_args()
    if asked.state and set(asked.settings) != set(SETTINGS):
        parser.error("--state needs every setting: what one of them needs would be lost")
    notebooks = [
        path
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        if any(path.stem.startswith(name) for name in asked.notebooks)
    ]
    beyond = 0
    with ProcessPoolExecutor(asked.jobs) as pool:
        runs = {n: {s: pool.submit(run, n, s) for s in asked.settings} for n in notebooks}
        for notebook, futures in runs.items():
            cells = nbformat.read(notebook, as_version=4).cells
            needed: dict[int, dict[int, float]] = defaultdict(dict)
            for setting, future in futures.items():
                for move in moves(notebook, future.result()):
                    stated, most = tolerance_of(cells[move.cell]), needed[move.cell]
                    for i, units in move.units.items():
                        most[i] = max(most.get(i, 0), units)
                    over = move.words or any(units > stated.get(i, 0) for i, units in move.units.items())
                    beyond += over
                    mark = "✗" if over else " "
                    print(f"{mark} {notebook.stem[:5]} [{move.cell}] {setting}: {move.what}", flush=True)
            if asked.state:
                state(notebook, needed)
    print(f"{beyond} cells moved by more than they state")
    sys.exit(bool(beyond) and not asked.state)


if __name__ == "__main__":
    main()
