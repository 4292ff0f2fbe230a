"""Write docs/board.md from the rows in docs/board/; `course bench --submit` makes a row.

With `--shipped` the rows of the shipped dictionaries that are not there yet are made first, minutes each.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from course_utils.base import DATA, write_text  # noqa: E402 — a program that finds its own folder first
from course_utils.desk import bench, board_page, read_rows, write_row  # noqa: E402

ROWS, PAGE = ROOT / "docs" / "board", ROOT / "docs" / "board.md"
SHIPPED = sorted(path.name for path in (DATA / "saes").glob("layer_2*"))


def page() -> str:
    """What docs/board.md has to say."""
    return board_page(read_rows(ROWS))


def recipe(name: str) -> str:
    """How a shipped dictionary was made."""
    made = json.loads((DATA / "saes" / name / "scores.json").read_text("utf-8"))
    said = ", ".join(
        f"{key} {made[key]}" for key in ("d_sae", "k", "l1_coefficient", "lr", "steps") if key in made
    )
    return (
        "Ships with the course. Trained on the labelled corpus' training texts by\n"
        f"course_utils/recipes/pocket_saes.py, which has all its settings: {made['architecture']}, {said}."
    )


def add_shipped() -> None:
    """The rows that are missing, each kept as soon as it is there."""
    for name in SHIPPED:
        if not (ROWS / f"{name}.json").exists():
            with TemporaryDirectory() as folder:
                result = bench([name], Path(folder))[0]
            write_row(result, recipe(name), ROWS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--shipped", action="store_true", help="make the shipped dictionaries' rows that are missing"
    )
    if parser.parse_args().shipped:
        add_shipped()
    write_text(PAGE, page())
    print(f"wrote {PAGE.relative_to(ROOT)}")
