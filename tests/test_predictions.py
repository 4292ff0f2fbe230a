"""A guess is taken before the result, stays, and is compared with it afterwards."""

import json

import pytest
import torch

from course_utils.exercises import Numeric, Option, Single, guesses, predict
from course_utils.exercises import predictions as module
from course_utils.exercises.guess_in_words import compared, is_good

CHOICE = Single(
    "Which one?",
    (
        Option("the first", "No: it sank."),
        Option("the <second>", "So it is: it swam.", right=True),
    ),
)
SHARE = Numeric("How much of it?", 52.0, 10.0, "Nearly half have several.", unit="%")
COUNT = Numeric("How many?", 12.0, 3.0, "Few, as most answer to several.")
EMPTY = '{"version": 1, "exercises": {}, "quizzes": {}'
RECORDS = {"day_1.which": CHOICE, "day_1.share": SHARE, "day_1.count": COUNT}
NEURONS = Numeric("How many neurons?", 12.0, 3.0, "All are formats.", of_pocket=True)
BASIS = Single(
    "Where?",
    (Option("In both.", "No: 0.74 twice."), Option("In one.", "0.79 against 0.68.", right=True)),
    of_pocket=True,
)


@pytest.fixture(autouse=True)
def made_up(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(module, "find_prediction", RECORDS.__getitem__)
    monkeypatch.setattr(module, "keys", lambda day, table: list(RECORDS))
    module._this_session.clear()
    module._measured.clear()
    return tmp_path / "progress.json"


def said(capsys):
    return capsys.readouterr().out


def test_a_guess_is_kept_and_not_judged_before_the_result(capsys, made_up):
    predict("day_1.which", "a")
    told = said(capsys)
    assert "kept: “the first”" in told and "second" not in told and "sank" not in told
    assert json.loads(made_up.read_text())["predictions"]["day_1.which"]["reply"] == 0


def test_the_first_guess_stays(capsys, made_up):
    predict("day_1.share", "20%")
    predict("day_1.share", 52)
    assert "first guess stays: 20 %" in said(capsys)
    assert json.loads(made_up.read_text())["predictions"]["day_1.share"]["reply"] == 20


@pytest.mark.parametrize("kept", [True, False])
def test_it_is_compared_when_asked_again(capsys, monkeypatch, kept):
    if not kept:
        monkeypatch.setenv("COURSE_PROGRESS", "")
    predict("day_1.which", "a")
    predict("day_1.which")
    told = said(capsys)
    assert "You guessed “the first”. No: it sank. What came out: “the <second>”. So it is: it swam." in told


def test_another_session_remembers(capsys):
    predict("day_1.count", 40)
    module._this_session.clear()
    predict("day_1.count")
    assert "You guessed 40; it is 12: 28 too many. Few" in said(capsys)


@pytest.mark.parametrize(
    ("record", "guess", "good", "says"),
    [
        (CHOICE, 1, True, "and so it is"),
        (SHARE, 45, True, "which is close"),
        (SHARE, 80, False, "28 percentage points too high"),
        (COUNT, 5, False, "7 too few"),
        (Numeric("Cosine?", 0.55, 0.05, "Told."), 0.9, False, "0.35 too high"),
    ],
)
def test_the_comparison_says_by_how_much(record, guess, good, says):
    assert is_good(record, guess) is good
    assert says in compared(record, guess)


def test_a_share_is_taken_for_the_percentage(capsys):
    predict("day_1.share", 0.5)
    assert "kept: 50 %" in said(capsys)


def test_a_saved_page_folds_what_came_out_and_escapes():
    shown = module.prediction_shown("day_1.which")
    assert shown.html.index("<details") < shown.html.index("it swam") and "<second>" not in shown.html
    assert "it swam" not in shown.text and 'predict("day_1.which", …)' in shown.text


def test_the_day_ends_with_how_well_one_guessed(capsys):
    guesses("day_1")
    assert "You made 0 of the 3 guesses of day 1." in said(capsys)
    predict("day_1.share", 50)
    predict("day_1.count", 500)
    said(capsys)
    guesses("day_1")
    told = said(capsys)
    assert "You made 2 of the 3 guesses of day 1; 1 was right or close." in told
    assert "✗ day_1.count: you guessed 500; it is 12." in told and "which" not in told


@pytest.mark.parametrize("guess", ["c", "", "ab", float("nan")])
def test_what_is_no_guess_is_refused(guess, made_up):
    with pytest.raises(ValueError, match="is not"):
        predict("day_1.which", guess)
    assert not made_up.exists()


@pytest.mark.parametrize("reply", [7, -1, "a", None, 0.5, True])
def test_a_kept_guess_that_does_not_fit_is_as_if_none_was_made(reply, made_up, capsys):
    kept = {"version": 1, "exercises": {}, "quizzes": {}, "predictions": {"day_1.which": {"reply": reply}}}
    made_up.write_text(json.dumps(kept))
    predict("day_1.which")
    assert "Guess with" in said(capsys)


def test_buttons_keep_and_compare():
    box = module._widget("day_1.which", CHOICE)
    _, *fields, buttons, below = box.children
    keep, compare = buttons.children
    compare.click()
    assert "Guess first" in below.value
    keep.click()
    assert "Nothing is chosen" in below.value
    fields[0].index = 0
    keep.click()
    assert "kept" in below.value and "swam" not in below.value
    compare.click()
    assert "it swam" in below.value


def test_a_typed_percent_sign_is_taken_at_its_word(capsys, made_up):
    predict("day_1.share", "0.5%")
    assert "kept: 0.5 %" in said(capsys)
    assert json.loads(made_up.read_text())["predictions"]["day_1.share"]["reply"] == 0.5


@pytest.mark.parametrize("reply", ["NaN", "Infinity", "1" + "0" * 400])
def test_a_number_beyond_comparing_is_as_if_none_was_made(reply, made_up, capsys):
    made_up.write_text(f'{EMPTY}, "predictions": {{"day_1.count": {{"reply": {reply}}}}}}}')
    module.your_guess("day_1.count")
    assert "none" in said(capsys)
    predict("day_1.count", 4)
    module._this_session.clear()
    module.your_guess("day_1.count")
    assert "Your guess: 4" in said(capsys)


@pytest.mark.parametrize("predictions", [{"day_1.count": {"reply": "four"}}, {"day_1.count": [4]}, []])
def test_the_file_of_a_later_version_is_left_alone(predictions, made_up, capsys):
    kept = json.dumps({"version": 2, "exercises": {}, "quizzes": {}, "predictions": predictions})
    made_up.write_text(kept)
    module.your_guess("day_1.count")
    predict("day_1.count", 4)
    assert "Your guess: none" in said(capsys) and made_up.read_text() == kept


@pytest.mark.parametrize("name", ['"\\ud800": {}', '"deep": ' + "[" * 900 + "]" * 900])
def test_a_file_that_cannot_be_written_again_does_not_stop_the_cell(name, made_up, capsys):
    made_up.write_text(f"{EMPTY}, {name}}}")
    predict("day_1.count", 4)
    assert "kept: 4" in said(capsys)


@pytest.mark.parametrize("path", ["/", "~nobody-of-this-name/progress.json"])
def test_a_path_that_is_none_does_not_stop_the_cell(path, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_PROGRESS", path)
    predict("day_1.count", 4)
    assert "kept: 4" in said(capsys)


def test_a_number_beyond_all_floats_is_refused():
    with pytest.raises(ValueError, match="is not a number"):
        predict("day_1.count", 10**5000)


@pytest.mark.parametrize(
    ("record", "guess", "measured", "says"),
    [
        (NEURONS, 15, None, "in the pocket model it is 12: which is close. All are formats."),
        (NEURONS, 15, 30.0, "it is 30: 15 too few. (Pocket model: 12. All are formats.)"),
        (NEURONS, 28, 30.0, "it is 30: which is close. (Pocket model: 12. All are formats.)"),
        (BASIS, 0, None, "You guessed “In both”; in the pocket model it is “In one”. 0.79"),
        (BASIS, 1, None, "You guessed “In one”, and so it is in the pocket model. 0.79"),
        (BASIS, 0, 0, "You guessed “In both”, and so it is. (Pocket model: “In one”. 0.79 against 0.68.)"),
        (BASIS, 1, 0, "You guessed “In one”; it is “In both”. (Pocket model: “In one”."),
    ],
)
def test_what_depends_on_the_model_is_compared_with_what_was_measured(record, guess, measured, says):
    assert says in compared(record, guess, measured)


def test_a_cell_says_what_this_model_gave(monkeypatch, capsys):
    monkeypatch.setitem(RECORDS, "day_1.count", NEURONS)
    monkeypatch.setitem(RECORDS, "day_1.which", BASIS)
    predict("day_1.count", 28)
    predict("day_1.which", "a")
    module.your_guess("day_1.count", torch.tensor(30))
    module.your_guess("day_1.which", "a")
    guesses("day_1")
    told = said(capsys)
    assert "✓ day_1.count: you guessed 28; it is 30." in told and "2 were right or close" in told


def test_what_could_not_be_measured_leaves_the_pocket_models_result(monkeypatch, capsys):
    monkeypatch.setitem(RECORDS, "day_1.count", NEURONS)
    module.your_guess("day_1.count", float("nan"))
    predict("day_1.count", 12)
    predict("day_1.count")
    assert "in the pocket model it is 12" in said(capsys)
    guesses("day_1")
    assert "✓ day_1.count: you guessed 12; in the pocket model it is 12." in said(capsys)


def test_a_saved_page_says_that_it_is_the_pocket_models_result(monkeypatch):
    monkeypatch.setitem(RECORDS, "day_1.count", NEURONS)
    assert "In the pocket model: 12. All" in module.prediction_shown("day_1.count").html
