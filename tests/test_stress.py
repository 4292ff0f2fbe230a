"""The page of figures is what its counts say, and every part of `make stress` has its tests."""

import json
from pathlib import Path

from tools import stress

ROOT = Path(__file__).parents[1]


def test_the_page_is_written_from_its_counts():
    kept = json.loads(stress.COUNTS.read_text(encoding="utf-8"))
    [found] = stress.MARK.findall(stress.PAGE.read_text(encoding="utf-8"))
    assert found.strip() == stress.table(kept).strip()
    assert set(kept) <= set(stress.PARTS)
    for run in kept.values():
        assert all(0 <= row["held"] <= row["tried"] for row in run["rows"])


def test_what_was_not_run_is_said_and_what_was_is_added_up():
    rows = [
        {"what": "kills", "tried": 60, "held": 59},
        {"what": "skipped: needs root", "tried": 0, "held": 0},
    ]
    text = stress.table(
        {
            "writers": {
                "seed": 3,
                "scale": "all cases",
                "date": "2026-11-30",
                "processor": "a core",
                "rows": rows,
            }
        }
    )
    assert "59 of 60 held. Seed 3, all cases; 2026-11-30, a core." in text
    assert "| kills | 60 | 59 |  |" in text and "| skipped: needs root | – | – |" in text
    assert text.count("Not run yet") == len(stress.PARTS) - 1


def test_bad_inputs_hold_if_they_are_right_or_refused_in_our_words():
    [row] = stress.input_rows(
        {"lm": {"driven": 5, "ok": 10, "ours": 20, "obscure": 2, "NaN out": 0, "no bound": 1}}
    )
    assert (row["tried"], row["held"], row["note"]) == (33, 30, "obscure 2, no bound 1")


def test_every_part_has_its_tests():
    for part in set(stress.PARTS) - {"inputs"}:
        for file in stress.TESTS.get(part, [f"tests/stress/test_{part}.py"]):
            assert (ROOT / file).is_file(), file
