"""Take the README's pictures out of the notebooks' kept outputs: `make pictures` after `make freeze`.

A picture is named by its day and by a piece of the code of the cell that drew it. Nothing is run or drawn here, so the
README shows what the notebooks show.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
MAX_BYTES = 120_000
PICTURES = {  # file name: (day, a piece of the source of exactly one cell that shows a picture)
    "day_2_waves.png": (2, "plot_waves("),
    "day_3_polytopes.png": (3, "plot_region_groups(regions"),
    "day_4_phases.png": (4, "plot_phases(r, p"),
    "day_5_edge.png": (5, "plot_phase_map(deltas"),
    "day_6_blind.png": (6, "plot_areas(areas)"),
    "day_7_patching.png": (7, "plot_patching_map(through_stream"),
}


def code_cells(day: int) -> list[dict]:
    """The code cells of a day's notebook."""
    (path,) = (ROOT / "notebooks").glob(f"day_{day}_*.ipynb")
    return [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]


def picture(cells: list[dict], marker: str) -> bytes:
    """The PNG of the one cell with a picture and the marker in its source.

    Raises:
        LookupError: if no such cell has one PNG, or several cells have.
    """
    found = [
        output["data"]["image/png"]
        for cell in cells
        if "".join(marker.split()) in "".join("".join(cell["source"]).split())  # however its lines are broken
        for output in cell["outputs"]
        if "image/png" in output.get("data", {})
    ]
    if len(found) != 1:
        raise LookupError(f"{len(found)} pictures in the cells with {marker!r}, where one was expected")
    return b64decode("".join(found[0]))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, (day, marker) in PICTURES.items():
        png = picture(code_cells(day), marker)
        if len(png) > MAX_BYTES:
            sys.exit(
                f"{name} has {len(png):,} bytes, at most {MAX_BYTES:,} are allowed: choose another picture"
            )
        (FOLDER / name).write_bytes(png)
        print(f"{name}: {len(png):,} bytes, from day {day}")


if __name__ == "__main__":
    main()
