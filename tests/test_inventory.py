"""The twenty questions: kept without a verdict before, compared after, and reported for a class."""

import json

import pytest

from course_utils.exercises import concept_inventory as module
from course_utils.exercises import gain, inventory, right_replies
from course_utils.exercises.concept_inventory import INVENTORY, kept_replies
from course_utils.grade import Result, item_table, report_html, write_reports

N = len(INVENTORY)
RIGHT = "".join("abcd"[[o.right for o in item.options].index(True)] for item in INVENTORY)


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    module._this_session.clear()
    return tmp_path / "progress.json"


def test_there_are_twenty_and_each_option_has_its_reason():
    assert N == 20
    for item in INVENTORY:
        assert sum(option.right for option in item.options) == 1 and len(item.options) == 4
        assert item.text.endswith("?") and all(o.text.endswith(".") and "day" in o.why for o in item.options)
        assert len({option.text for option in item.options}) == 4


def test_neither_place_nor_length_gives_the_right_option_away():
    places = [RIGHT.count(letter) for letter in "abcd"]
    assert max(places) <= 7 and min(places) >= 3
    longest = sum(max(item.options, key=lambda o: len(o.text)).right for item in INVENTORY)
    shortest = sum(min(item.options, key=lambda o: len(o.text)).right for item in INVENTORY)
    assert longest <= 7 and shortest <= 7


def test_before_the_course_no_verdict_is_given(capsys):
    inventory("before", RIGHT[:-1] + "-")
    told = capsys.readouterr().out
    assert told.startswith("Kept: 19 of 20") and "right" not in told.lower()


def test_afterwards_gain_and_reasons_are_told(capsys):
    inventory("before", "-" * 10 + RIGHT[10:])
    inventory("after", "-" * 5 + RIGHT[5:])
    told = capsys.readouterr().out
    assert (
        "Right after the course: 15 of 20. Before it: 10 of 20. Of what could be gained you gained 50%."
        in told
    )
    assert sum(line[:1].isdigit() for line in told.splitlines()) == 5


def test_the_first_replies_before_stay_and_the_last_after(own_progress):
    for when in ("before", "after"):
        inventory(when, "a" * N)
        inventory(when, "b" * N)
    kept = json.loads(own_progress.read_text())["inventory"]
    assert (kept["before"]["replies"], kept["after"]["replies"]) == ("a" * N, "b" * N)
    module._this_session.clear()
    assert kept_replies("after") == "b" * N


@pytest.mark.parametrize("replies", ["", "a", "e" * N, "a" * (N + 1), "a" * (N - 1) + "7"])
def test_other_replies_are_refused(replies, own_progress):
    with pytest.raises(ValueError, match="question"):
        inventory("before", replies)
    with pytest.raises(ValueError, match="there are before, after"):
        inventory("during", "a" * N)
    assert not own_progress.exists()


def test_buttons_keep_what_is_chosen_and_say_how_to_hand_it_in():
    box = module._widget("before")
    buttons = [child for child in box.children if type(child).__name__ == "RadioButtons"]
    buttons[0].index = 0
    keep, below = box.children[-2:]
    keep.click()
    assert (
        f'inventory("before", "a{"-" * (N - 1)}")'.replace('"', "&quot;") in below.value
        or "a---" in below.value
    )
    assert kept_replies("before") == "a" + "-" * (N - 1)


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(0.0, 1.0, 1.0), (0.5, 0.5, 0.0), (0.5, 0.25, -0.5), (1.0, 1.0, None)]
)
def test_gain_is_the_share_of_what_could_be_gained(before, after, expected):
    assert gain(before, after) == expected


def learners():
    """Six: the first question is right exactly for the three who are right nearly everywhere."""
    strong, weak = RIGHT, "-" * N
    return (
        [{"before": weak, "after": strong}] * 3
        + [{"before": weak, "after": weak[:-1] + RIGHT[-1]}] * 2
        + [{"after": weak}]
    )


def test_a_class_gets_a_row_for_each_question():
    first, *_, last = item_table(learners())
    assert (first.before, first.after, first.n_both, first.gain) == (0.0, 0.5, 5, 0.6)
    assert first.discrimination == pytest.approx(1.0, abs=0.01)
    assert last.after == pytest.approx(5 / 6)
    assert item_table([{}, {}]) == []


def test_a_small_class_gets_no_correlation():
    assert item_table(learners()[:4])[0].discrimination is None


def test_reports_hold_the_scores(tmp_path):
    results = [Result(f"learner {i}", "ran", {}, (), replies) for i, replies in enumerate(learners())]
    wide = write_reports(results, tmp_path)[0].read_text(encoding="utf-8-sig").splitlines()
    assert wide[0].endswith('"inventory before","inventory after"') and wide[1].endswith(',"0","20"')
    assert "question by question" in report_html(results)
    assert "question by question" not in report_html([Result("one", "ran", {})])


def test_right_replies_counts_left_out_as_not_right():
    assert sum(right_replies(RIGHT)) == N and sum(right_replies("-" * N)) == 0


def test_that_later_replies_before_the_course_are_not_kept_is_said(capsys):
    inventory("before", "a" * N)
    inventory("before", "b" * N)
    assert "your first answers before the course stay" in capsys.readouterr().out
    assert kept_replies("before") == "a" * N


@pytest.mark.parametrize("replies", [5, "z" * N, "-" * N])
def test_replies_that_do_not_fit_or_say_nothing_are_replaced(replies, own_progress):
    kept = {"version": 1, "exercises": {}, "quizzes": {}, "inventory": {"before": {"replies": replies}}}
    own_progress.write_text(json.dumps(kept))
    inventory("before", "a" * N)
    module._this_session.clear()
    assert kept_replies("before") == "a" * N
