"""Copies and renamed files of one learner are one row; the files of two are two."""

from pathlib import Path

import pytest

from course_utils.grade import ExerciseOutcome, Result, by_learner, report_html
from course_utils.grade.learners import _names

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def handed_in(name, *days, status="ran"):
    return Result(name, status, {f"day_{day}.a": ExerciseOutcome("correct") for day in days})


@pytest.mark.parametrize(
    ("names", "learners"),
    [
        (["anna/Copy of day_6_sparse_autoencoder"], ["anna"]),
        (["ben/Day_6_sparse_autoencoder"], ["ben"]),
        (["cleo/cleo_day_6"], ["cleo"]),
        (["dora/my homework"], ["dora"]),
        (
            ["emil/Copy of day_6_sparse_autoencoder", "emil/day_6_sparse_autoencoder (1)", "emil/emil day 6"],
            ["emil"],
        ),
        (["fritz/week 3/day-06-Copy1", "fritz/superposition-in-seven-days-main/x"], ["fritz"]),
        (["class_b/ben", "class_b/eve"], ["class_b/ben", "class_b/eve"]),
        (["class_b/ben_day_6", "class_b/eve_day_6"], ["class_b/ben_day_6", "class_b/eve_day_6"]),
        (["day_6/ben", "day_6/eve"], ["day_6/ben", "day_6/eve"]),
        (["day_6/ben/x", "day_6/eve/x"], ["ben", "eve"]),
        (["ben_day_6", "day_6_ben (1)", "eve"], ["ben", "eve"]),
        (["Ben Muster_day_6", "day 6 - Ben Muster", "BEN muster"], ["Ben Muster"]),
        (["4711_day_6", "4712_day_6"], ["4711_day_6", "4712_day_6"]),
        (["day_6_sparse_autoencoder", "day_6_sparse_autoencoder (1)"], None),
        ([f"class/day_6_sparse_autoencoder ({n})" for n in range(9)], None),
        (["anna/day_6", "anna"], ["anna"]),
        (["J\u00f6rg/day_6", "Jo\u0308rg/day_6"], ["J\u00f6rg"]),
        (["anna/day_6_sparse_autoencoder", "anna/day_6_sparse_autoencoder.mine"], ["anna"]),
    ],
)
def test_of_one_day(names, learners):
    rows = by_learner([handed_in(name, 6) for name in names])
    assert [row.learner for row in rows] == (learners or names)


def test_of_several_days():
    rows = by_learner(
        [handed_in("anna/toys", 4), handed_in("anna/waves", 5), handed_in("ben/x", 4), handed_in("ben/y", 5)]
    )
    assert [(row.learner, row.n_solved, row.notebooks) for row in rows] == [
        ("anna", 2, ("toys", "waves")),
        ("ben", 2, ("x", "y")),
    ]
    assert "Put together from: toys, waves." in report_html(rows)
    rows = by_learner([handed_in("c/ben", 4), handed_in("c/eve", 4), handed_in("c/ben_day_5", 5)])
    assert [(row.learner, row.n_solved) for row in rows] == [("c/ben", 2), ("c/eve", 1)]


def test_what_cannot_be_read_belongs_to_a_day_by_its_name():
    broken = handed_in("anna/day_5_radio_interference", status="not a notebook: the file is empty")
    (anna,) = by_learner([handed_in("anna/day_4_toy_models", 4), broken])
    assert anna.status == "day_5_radio_interference: not a notebook: the file is empty" and anna.n_solved == 1


def test_what_asks_for_nothing_stays_a_row_of_its_own():
    rows = by_learner([handed_in("anna/day_4", 4), handed_in("anna/notes"), handed_in("anna/notes")])
    assert [row.learner for row in rows] == ["anna", "anna/notes", "anna/notes"]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("day_*.ipynb")), ids=lambda path: path.stem[:5])
def test_a_title_is_nobodys_name(path):
    assert _names(path.stem) == []
    assert _names(f"Copy of {path.stem} (2)") == _names(f"{path.stem}-Copy1") == []


def test_seven_notebooks_of_one_learner_are_one_row():
    day_1 = Result("anna/day_1_dream", "ran", {"day_1.read": ExerciseOutcome("wrong", 2)})
    day_2 = Result(
        "anna/day_2/day_2_mess", "took too long", {"day_2.count": ExerciseOutcome("no verdict")}, ((3, "E"),)
    )
    again = Result("anna/day_1_again", "ran", {"day_1.read": ExerciseOutcome("correct", 5)})
    others = [Result(name, "ran", {}) for name in ("b/ben", "b/eve", "day_1_alone", "class/day_2_x")]
    anna, *rest = by_learner([day_1, day_2, again, *others])
    assert anna.learner == "anna" and anna.status == "day_2/day_2_mess: took too long"
    assert anna.outcomes == {
        "day_1.read": ExerciseOutcome("correct", 5),
        "day_2.count": ExerciseOutcome("no verdict"),
    }
    assert anna.errors == ((3, "day_2/day_2_mess: E"),)
    assert [r.learner for r in rest] == ["b/ben", "b/eve", "day_1_alone", "class"]
    assert "<h1>1 learner</h1>" in report_html([day_1, again])
