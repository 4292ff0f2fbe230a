"""Write CONTRIBUTING.md's table of wings from course_utils/layers.toml: `python tools/layers.py`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- layers -->\n", "<!-- end of layers -->\n"


def read(root: Path = ROOT) -> dict[str, Any]:
    """The file: ``floor``, lowest first, and ``serves``."""
    return tomllib.loads((root / "course_utils" / "layers.toml").read_text(encoding="utf-8"))


def floors(root: Path = ROOT) -> list[dict[str, str]]:
    """For each floor, lowest first, its wings and what is in them."""
    return read(root)["floor"]


def serves(root: Path = ROOT) -> dict[str, str]:
    """Whom each wing is for."""
    return {wing: whom for whom, wings in read(root)["serves"].items() for wing in wings}


def table(floors: list[dict[str, str]], serves: dict[str, str]) -> str:
    """The floors as a Markdown table."""
    lines = ["| floor | serves | wing | what is in it |", "|---|---|---|---|"]
    for number, floor in enumerate(floors):
        lines += [f"| {number} | {serves[wing]} | `{wing}` | {what} |" for wing, what in floor.items()]
    return "\n".join(lines) + "\n"


def with_table(page: str, floors: list[dict[str, str]], serves: dict[str, str]) -> str:
    """The page with the table between its two marks."""
    before, _, rest = page.partition(START)
    _, end, after = rest.partition(END)
    return before + START + table(floors, serves) + end + after


if __name__ == "__main__":
    page = ROOT / "CONTRIBUTING.md"
    page.write_text(with_table(page.read_text(encoding="utf-8"), floors(), serves()), encoding="utf-8")
