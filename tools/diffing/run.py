"""Search planted copies for their plants: `python tools/diffing/run.py` makes the copies, searches them by every method,
and writes docs/diffing.md.

What a copy gives is kept in docs/diffing/results.json as soon as it is done, so a run that was stopped goes on, and
`--only` takes some of them. With `--page` the page is only written anew, from what is kept.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from safetensors.torch import load_file  # noqa: E402 — a program that finds its own folder first

from course_utils.base import write_text  # noqa: E402
from course_utils.recipes.changed_copy import Copy  # noqa: E402
from course_utils.recipes.planted_copies import folder_of, make_all  # noqa: E402
from course_utils.recipes.plants import PLANTS  # noqa: E402
from tools.diffing.measure import search  # noqa: E402
from tools.diffing.page import RESULTS, write_page  # noqa: E402
from tools.diffing.texts import gathered  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", action="store_true", help="only write the page")
    parser.add_argument("--copies", type=Path, default=Path("runs/copies"), help="where they are kept")
    parser.add_argument("--only", nargs="+", choices=list(PLANTS), default=list(PLANTS), metavar="COPY")
    asked = parser.parse_args()
    if not asked.page:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        measure(asked.copies, asked.only)
    write_page()


def measure(copies: Path, only: list[str]) -> None:
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(exist_ok=True)
    texts = None
    for name in only:
        if name in kept:
            continue
        make_all(copies, name)
        start = time.perf_counter()
        copy, folder = Copy(PLANTS[name]), folder_of(copies, name)
        copy.take(load_file(folder / "delta.safetensors"))
        texts = texts or gathered(copy)
        report = json.loads((folder / "report.json").read_text("utf-8"))
        kept[name] = {"report": report, "found": search(copy, name, texts) if report["holds"] else {}}
        write_text(RESULTS, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
