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


def test_a_run_that_was_ended_early_keeps_the_older_rows_with_their_run():
    older = {"seed": 7, "scale": "10% of the cases", "date": "2026-11-30", "rows": [
        {"what": "moves of `a`", "tried": 50, "held": 49}, {"what": "moves of `b`", "tried": 50, "held": 50},
        {"what": "skipped: no root", "tried": 0, "held": 0}, {"what": "`lm`, 28 functions", "tried": 9, "held": 9},
    ]}  # fmt: skip
    rows = [
        {"what": "moves of `a`", "tried": 502, "held": 502},
        {"what": "`lm`, 30 functions", "tried": 9, "held": 8},
    ]
    run = stress.with_older({"seed": 22, "rows": rows}, older)
    kept = {"what": "moves of `b`", "tried": 50, "held": 50, "of": "seed 7, 10% of the cases; 2026-11-30"}
    assert run["rows"] == [*rows, kept]
    assert stress.with_older({"seed": 23, "rows": []}, run | older)["rows"][-1]["of"] == kept["of"]
    assert stress.with_older({"seed": 1, "rows": rows}, None)["rows"] == rows


def test_a_tally_is_taken_with_the_seed_and_share_that_are_said(tmp_path):
    tally = tmp_path / "tally.jsonl"
    tally.write_text('{"what": "moves", "tried": 5, "held": 4, "part": "explorers"}\n', encoding="utf-8")
    run = stress.runs_in(tally, 22, 0.5)["explorers"]
    assert (run["seed"], run["scale"], run["rows"]) == (
        22,
        "50% of the cases",
        [{"what": "moves", "tried": 5, "held": 4}],
    )


def test_every_part_has_its_tests():
    for part in set(stress.PARTS) - {"inputs"}:
        for file in stress.TESTS.get(part, [f"tests/stress/test_{part}.py"]):
            assert (ROOT / file).is_file(), file
