"""Write docs/board.md from the rows in docs/board/; `course bench --submit` makes a row."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from course_utils.base import write_text  # noqa: E402 — a program that finds its own folder first
from course_utils.desk import board_page, read_rows  # noqa: E402

ROWS, PAGE = ROOT / "docs" / "board", ROOT / "docs" / "board.md"


def page() -> str:
    """What docs/board.md has to say."""
    return board_page(read_rows(ROWS))


if __name__ == "__main__":
    write_text(PAGE, page())
    print(f"wrote {PAGE.relative_to(ROOT)}")
