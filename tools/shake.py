"""Which printed numbers and sentences move on another processor? `make shake` runs the notebooks under settings that
stand for other machines, lists what differs from the kept outputs, cell by cell, and fails if anything differs by more
than its cell's stated tolerance.

Last bits differ between processors: other vector units sum in another order. Some settings change those orders on this
machine; "last-bits-1" to "last-bits-3" let chance change every last bit (`last_bits`), so that they stand for processors
that nobody has at hand. Runs are kept in
build/shake; what was run with the same code is not run again.

    python tools/shake.py [--settings avx2 one-thread] [--notebooks day_5 day_6] [--jobs 2] [--state]

``--state`` writes the tolerances: for each cell whose numbers moved, twice as much as they moved at most, since the next
processor is one more draw; a cell whose numbers did not move loses what it stated. Words that move are for people to mend.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient
from nbval.plugin import coalesce_streams, get_sanitize_patterns

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tools.kept_outputs import parts, texts, units_apart  # noqa: E402 — a program that finds its own folder first

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


def fingerprint(notebook: Path) -> str:
    """Of all code that decides what the notebook prints: its own cells, the package and the answer key."""
    code = [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    modules = sorted(
        path for folder in ("course_utils", "solutions") for path in (ROOT / folder).rglob("*.py")
    )
    return hashlib.sha256(
        "".join(code + [path.read_text(encoding="utf-8") for path in modules]).encode()
    ).hexdigest()


def run(notebook: Path, setting: str) -> Path:
    """Run a notebook under a setting, unless the same code was run before; returns where the result is kept."""
    kept, made_from = RUNS / setting / notebook.name, fingerprint(notebook)
    if kept.exists() and nbformat.read(kept, as_version=4).metadata.get("made_from") == made_from:
        return kept
    nb = nbformat.read(notebook, as_version=4)
    if setting.startswith("last-bits"):
        first = UNCERTAIN.format(root=str(ROOT), seed=setting.removeprefix("last-bits-"))
        nb.cells.insert(0, nbformat.v4.new_code_cell(first))
    resources = {"metadata": {"path": str(notebook.parent)}}
    client = NotebookClient(nb, timeout=900, kernel_name="python3", resources=resources, allow_errors=True)
    env = os.environ | {"COURSE_MODEL": "pocket", "TQDM_DISABLE": "1"} | SETTINGS[setting]
    client.execute(env=env)
    if setting.startswith("last-bits"):
        del nb.cells[0]
    nb.metadata["made_from"] = made_from
    kept.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, kept)
    return kept


class Move(NamedTuple):
    """A text of a cell that differs from the kept one."""

    cell: int
    units: float
    """How far its numbers are off, in units of the last digit printed; infinite if its words differ."""

    what: str


def shown(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell prints and shows as text, as nbval compares it."""
    found = []
    for output in coalesce_streams(cell.outputs):
        if (
            "application/vnd.jupyter.widget-view+json" in output.get("data", {})
            and "text/html" not in output.data
        ):
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
        if ours.cell_type != "code":
            continue
        expected, printed = shown(ours), shown(theirs)
        if len(expected) != len(printed):
            yield Move(number, math.inf, f"{len(printed)} outputs, {len(expected)} kept: {printed[-1:]}")
        for one, other in zip(expected, printed, strict=False):
            if one != other:
                yield _move(number, one, other)


def _move(number: int, kept: str, printed: str) -> Move:
    (words, ours), (other_words, theirs) = parts(kept), parts(printed)
    if words != other_words:
        lines = zip(kept.splitlines(), printed.splitlines(), strict=False)
        changed = [f"{a!r} → {b!r}" for a, b in lines if a != b] or ["one has more lines"]
        return Move(number, math.inf, "\n        ".join(changed))
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a.digits != b.digits]
    apart = [units_apart(a, b) for a, b in pairs]
    units = max(math.inf if u is None else float(u) for u in apart) if apart else math.inf
    return Move(number, units, ", ".join(dict.fromkeys(f"{a.digits} → {b.digits}" for a, b in pairs)))


def state(notebook: Path, needed: dict[int, float]) -> None:
    """Write tolerances into the cells' metadata."""
    nb = nbformat.read(notebook, as_version=4)
    for number, cell in enumerate(nb.cells):
        cell.metadata.pop("tolerance", None)
        if 0 < needed.get(number, 0) < math.inf:
            cell.metadata["tolerance"] = 2 * math.ceil(needed[number])
    nbformat.write(nb, notebook)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--notebooks", nargs="*", default=["day_"])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--state", action="store_true", help="write the tolerances into the notebooks")
    asked = parser.parse_args()
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
            needed: dict[int, float] = defaultdict(float)
            for setting, future in futures.items():
                for move in moves(notebook, future.result()):
                    needed[move.cell] = max(needed[move.cell], move.units)
                    stated = cells[move.cell].metadata.get("tolerance", 0)
                    beyond += move.units > stated
                    mark = "  " if move.units <= stated else "✗ "
                    print(f"{mark}{notebook.stem[:5]} [{move.cell}] {setting}: {move.what}", flush=True)
            if asked.state:
                state(notebook, needed)
    print(f"{beyond} texts moved by more than their cells state")
    sys.exit(bool(beyond) and not asked.state)


if __name__ == "__main__":
    main()
