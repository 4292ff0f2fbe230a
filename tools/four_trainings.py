"""Day 6's four hurried trainings from three seeds: `python tools/four_trainings.py`, about ten minutes of one core.

The notebook's own cells are run, unsolved, with another seed in place of 0 for the start, for the order of the batches
and for what is drawn in resampling. The texts stay. The day prints what saes/four_trainings.json keeps beside the runs that the
learner has just made.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

DAY = ROOT / "notebooks" / "day_6_sparse_autoencoder.ipynb"
KEPT = ROOT / "course_utils" / "data" / "saes" / "four_trainings.json"
SEEDS = (0, 1, 2)
FIRST, LAST = "\ndef train(", "plain_topk, live_topk ="
"""In the cell that other seeds begin at, and in the last one."""


def cells() -> list[str]:
    """The code up to the last of the four trainings."""
    cells = json.loads(DAY.read_text(encoding="utf-8"))["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    return code[: 1 + next(i for i, source in enumerate(code) if LAST in source)]


def main() -> None:
    os.environ |= {"COURSE_MODEL": "pocket", "COURSE_PROGRESS": ""}
    names: dict[str, Any] = {}
    code = cells()
    start = next(i for i, source in enumerate(code) if FIRST in source)
    for source in code[:start]:
        exec(source, names)
    kept: dict[str, list[dict[str, float]]] = {}
    for seed in SEEDS:
        for source in code[start:]:
            exec(re.sub(r"(?<=seed=)0|(?<=manual_seed\()0", str(seed), source), names)
        for name, run in names["runs"].items():
            figures = {"fvu": run.last.fvu, "l0": run.last.l0, "dead_share": run.last.dead_share}
            kept.setdefault(name, []).append({"seed": seed, **{k: round(v, 5) for k, v in figures.items()}})
    lines = (
        f" {json.dumps(name)}: [\n  " + ",\n  ".join(map(json.dumps, runs)) + "\n ]"
        for name, runs in kept.items()
    )
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
