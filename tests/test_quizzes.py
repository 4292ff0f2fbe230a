import pytest

from course_utils.exercises import (
    Multiple,
    Numeric,
    Option,
    Ordering,
    Single,
    grade_reply,
    quiz,
    read_progress,
    rendering,
)
from course_utils.exercises.quiz_grading import explained, parsed
from course_utils.exercises.quizzes import quiz_shown

SAME = Option("the same text", "this one is wrong.")
TWIN = Option("the same text", "this one is right.", right=True)
SINGLE = Single("Which?", (SAME, TWIN))
MULTIPLE = Multiple("Which?", (TWIN, SAME, Option("other", "it holds.", right=True)))
NUMERIC = Numeric("How much?", 0.25, 0.01, "a quarter.", {0.75: "That is the rest."}, unit="nats")
ORDERING = Ordering(
    "Order?", (Option("a", "first."), Option("b", "second."), Option("c", "last.")), shown=(2, 0, 1)
)
ALL = [SINGLE, MULTIPLE, NUMERIC, ORDERING]


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))


@pytest.mark.parametrize(
    ("question", "reply", "right", "says"),
    [
        (SINGLE, 1, True, "this one is right"),
        (SINGLE, 0, False, "this one is wrong"),
        (MULTIPLE, [2, 0], True, "it holds"),
        (MULTIPLE, [0], False, "1 of the others holds too."),
        (MULTIPLE, [0, 1, 2], False, "this one is wrong"),
        (NUMERIC, 0.2599, True, "a quarter"),
        (NUMERIC, 0.75, False, "That is the rest."),
        (NUMERIC, 3, False, "smaller"),
        (ORDERING, [0, 1, 2], True, "first"),
        (ORDERING, [0, 2, 1], False, "The first one is right, but the next is not “c”: last."),
    ],
)
def test_replies_are_graded_by_place(question, reply, right, says):
    graded = grade_reply(question, reply)
    assert graded.right is right
    assert says in " ".join(graded.lines)


def test_a_wrong_reply_does_not_give_the_answer_away():
    assert "right" not in " ".join(grade_reply(SINGLE, 0).lines)
    assert "0.25" not in " ".join(grade_reply(NUMERIC, 3).lines)


def test_every_option_is_explained():
    for question in ALL:
        options = getattr(question, "options", [Option("", question.why)] if question is NUMERIC else [])
        assert all(option.why in " ".join(explained(question)) for option in options)


def test_orders_must_name_every_option():
    with pytest.raises(ValueError, match="each of 2"):
        Ordering("", (SAME, TWIN), shown=(0, 0))


@pytest.mark.parametrize(
    ("number", "reply", "right"),
    [
        (1, "b", True),
        (1, "A", False),
        (2, "a, b", True),
        (2, "ba", True),
        (3, "1,0", True),
        (4, "bedac", True),
    ],
)
def test_answering_without_buttons(number, reply, right, capsys):
    quiz("day_6.reading", number, reply)
    assert ("✓ Right." in capsys.readouterr().out) is right
    assert read_progress()["quizzes"]["day_6.reading"][str(number)]["verdict"] == (
        "correct" if right else "wrong"
    )


@pytest.mark.parametrize(
    ("number", "reply"),
    [(1, "ab"), (1, "e"), (1, None), (2, ""), (3, "a lot"), (3, "nan"), (4, "ab"), (9, "a")],
)
def test_what_is_no_reply_is_said(number, reply):
    with pytest.raises(ValueError):
        quiz("day_6.reading", number, reply)
    assert read_progress()["quizzes"] == {}


def test_the_saved_page_folds_the_answers_and_the_text_has_none():
    shown = quiz_shown("day_6.reading")
    assert shown.html.count("<details") == 4
    assert "their product" in shown.html and "their product" not in shown.text
    assert shown._repr_mimebundle_() == quiz_shown("day_6.reading")._repr_mimebundle_()


def labelled(box, description):
    found = [
        w for w in [box, *getattr(box, "children", ())] if getattr(w, "description", None) == description
    ]
    return found + [
        w for child in getattr(box, "children", ()) for w in labelled(child, description) if w not in found
    ]


def test_the_buttons_grade_and_explain(monkeypatch):
    monkeypatch.setattr(rendering, "_has_front_end", lambda: True)
    single, multiple, numeric, ordering, total = questions = quiz_shown("day_6.reading")._widget().children

    def check(question):
        labelled(question, f"Check {questions.index(question) + 1}")[0].click()
        return question.children[-1].value

    assert "Nothing is chosen yet" in check(single) and total.value == ""
    first, second, *_ = options = single.children[1:-2]
    first.index = 0
    assert "✗ Not yet." in check(single) and "✓" not in check(single)
    second.index = 0
    assert [option.index for option in options] == [None, 0, None, None]
    assert "1 of 4 right. 3 to go." not in total.value
    assert "✓ Right." in check(single)
    assert "1 of 4 right. 3 to go." in total.value and 'role="status"' in total.value

    multiple.children[1].value = multiple.children[2].value = True
    assert "✓ Right." in check(multiple)

    field = labelled(numeric, "Answer:")[0]
    field.value = "much"
    assert "is not a number" in check(numeric)
    field.value = "1"
    assert "✓ Right." in check(numeric)

    field = labelled(ordering, "Order:")[0]
    field.value = "abb"
    assert "“abb” is not each letter once." in check(ordering)
    field.value = "b, e, d, a, c"
    assert "✓ Right." in check(ordering)
    assert "4 of 4 right. Well done." in total.value
    labelled(ordering, "Explain 4")[0].click()
    assert "so this comes last" in ordering.children[-1].value
    kept = read_progress()["quizzes"]["day_6.reading"]
    assert [kept[str(n)]["verdict"] for n in (1, 2, 3, 4)] == ["correct"] * 4


def test_every_control_is_reached_by_tab_alone(monkeypatch):
    """JupyterLab takes the arrow keys and, in a dropdown, single letters: a letter could cut the cell."""
    monkeypatch.setattr(rendering, "_has_front_end", lambda: True)

    def controls(box):
        inside = getattr(box, "children", ())
        return [w for child in inside for w in controls(child)] if inside else [box]

    for control in controls(quiz_shown("day_6.reading")._widget()):
        name = type(control).__name__
        assert name in ("HTML", "Button", "Text", "Checkbox", "RadioButtons")
        assert name != "RadioButtons" or len(control.options) == 1


def test_no_quiz_of_this_name():
    with pytest.raises(KeyError, match=r"no quiz 'day_6.read'.*day_6.reading"):
        quiz("day_6.read")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("3/8", 0.375),
        ("−5", -5.0),
        ("–5", -5.0),
        ("25 %", 25.0),
        ("0,5", 0.5),
        ("1,000", 1000.0),
        ("12,345.5", 12345.5),
        ("2.5e-1", 0.25),
        (3, 3.0),
    ],
)
def test_numbers_as_people_write_them(typed, value):
    assert parsed(NUMERIC, typed) == value


@pytest.mark.parametrize("typed", ["", "a half", "1/0", "nan", "1e999", None, "1/2/3"])
def test_what_is_not_a_number_is_refused_in_words(typed):
    with pytest.raises(ValueError, match="is not a number"):
        parsed(NUMERIC, typed)


def test_a_share_where_a_percentage_is_asked_for_is_told_so():
    question = Numeric("How much?", 96.0, 0.5, "so it is.", unit="%")
    assert grade_reply(question, 96).right
    graded = grade_reply(question, 0.96)
    assert not graded.right and "percentage" in graded.lines[0]
