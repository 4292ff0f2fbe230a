"""What `make stress` counts: each test tells `tally` how many cases it tried and how many held.

Set by tools/stress.py: STRESS_SEED, STRESS_SHARE of the cases (0.1), STRESS_TALLY for the file of counts. Nothing
here writes outside of pytest's own folder: mounts and nodes are made there, and go with it.
"""

import json
import os
import random
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1])]  # hand_ins, stand_in_hub

SHARE = float(os.environ.get("STRESS_SHARE") or 1)
SEED = int(os.environ.get("STRESS_SEED", "1"))


@pytest.fixture
def chance(request):
    return random.Random(f"{SEED} {request.node.nodeid}")


@pytest.fixture
def many():
    """So many cases, or the share of them that was asked for."""
    return lambda n: max(int(n * SHARE), 2)


@pytest.fixture
def tally(request):
    """Counts a row of the table; the test fails where something did not hold, after it is counted."""

    def count(what: str, outcomes: dict[str, str]) -> None:
        failed = {case: said for case, said in outcomes.items() if said}
        row = {"what": what, "tried": len(outcomes), "held": len(outcomes) - len(failed)}
        if path := os.environ.get("STRESS_TALLY"):
            with Path(path).open("a", encoding="utf-8") as file:
                print(json.dumps({**row, "part": request.module.PART}), file=file)
        assert not failed, json.dumps(failed, indent=1)

    return count
