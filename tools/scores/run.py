"""Score the scorers: `python course.py scores` trains the dictionaries, scores them, and writes docs/scores.md.

Each pair of seeds is kept in docs/scores/results.json as soon as it is done, so a run that was stopped goes on. With
`--page` the page is only written anew, from what is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from course_utils.base import write_text  # noqa: E402 — a program that finds its own folder first
from course_utils.reading import judging_rows, score_in_world  # noqa: E402
from course_utils.worlds import WORLDS  # noqa: E402
from tools.scores.dictionaries import plans, scored_world, train  # noqa: E402
from tools.scores.page import RESULTS, write_page  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", action="store_true", help="only write the page")
    parser.add_argument("--world", choices=list(WORLDS), help="only this one")
    asked = parser.parse_args()
    if not asked.page:
        measure(asked.world)
    write_page()


def measure(only: str | None) -> None:
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    rows = {}
    for plan in (plan for plan in plans() if plan.seed == 0):
        pair, world = (plan, plan.sibling), plan.world
        if all(one.name in kept for one in pair) or only not in (None, world):
            continue
        if world not in rows:
            rows = {world: judging_rows(scored_world(world))}
        start = time.perf_counter()
        both = [train(one) for one in pair]
        for one, sae, sibling in zip(pair, both, reversed(both), strict=True):
            found = score_in_world(sae, scored_world(world), rows[world], sibling)
            kept[one.name] = {name: round(value, 5) for name, value in found.items()}
        write_text(RESULTS, json.dumps(kept, indent=1) + "\n")
        print(f"{plan.name} and its sibling: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
