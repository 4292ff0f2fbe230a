"""Measure a model for docs/real_models.md, and write the page: `python course.py real-models smollm2`.

    python tools/real_models/run.py [MODEL] [--days 2 7] [--share 6=0.5] [--only FIGURE …]

MODEL is pocket, smollm2 or gpt2; without one the page is only written anew, from what is kept in docs/real_models/. The
run can be stopped at any time, and the same command goes on. A share of the texts, where a day would take too long, is
told on the page.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tools.real_models.figures import FIGURES  # noqa: E402 — a program that finds its own folder first
from tools.real_models.measure import KEPT, measure  # noqa: E402
from tools.real_models.page import COLUMNS, load, write_page  # noqa: E402
from tools.real_models.quotes import write_quotes  # noqa: E402


def share_of_day(text: str) -> tuple[int, float]:
    """``"6=0.5"``: half of what day 6 reads."""
    day, _, share = text.partition("=")
    if not 0 < float(share) <= 1:
        raise ValueError(share)
    return int(day), float(share)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", choices=list(COLUMNS))
    parser.add_argument("--days", nargs="*", type=int, default=list(FIGURES), choices=list(FIGURES))
    parser.add_argument("--share", nargs="*", type=share_of_day, default=[], metavar="DAY=SHARE")
    parser.add_argument("--only", nargs="*", default=[], metavar="FIGURE", help="names in figures.py")
    asked = parser.parse_args()
    if asked.model:
        measure(asked.model, asked.days, dict(asked.share), KEPT / f"{asked.model}.json", asked.only)
    write_page()
    write_quotes(load())


if __name__ == "__main__":
    main()
