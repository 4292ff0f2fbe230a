"""What a learner sees: the card as buttons, as a saved page, as text; the same bytes on every run."""

import html
import re
import sys

import pytest
import torch

from course_utils.exercises import Exercise, find, judge, rendering, solution_shown
from course_utils.exercises.card import card, hint_shown

KEY = "day_6.encode"


@pytest.fixture(autouse=True)
def keep_nothing(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(rendering, "_has_front_end", lambda: True)


def of(attempt, **more):
    record = find(KEY)
    return card(KEY, record, judge(record, attempt), **more)


def stub(x, W_enc, b_enc, b_dec):
    raise NotImplementedError


def wrong(x, W_enc, b_enc, b_dec):
    return torch.relu(x @ W_enc + b_enc)


def different(x, W_enc, b_enc, b_dec):
    print("<b>x</b>")
    return x @ W_enc


def right(x, W_enc, b_enc, b_dec):
    return torch.relu((x - b_dec) @ W_enc + b_enc)


def box_of(shown):
    """The widget behind the bundle, as a front end would look it up."""
    return shown._widget()


def test_the_three_forms_say_the_same(live):
    bundle = of(wrong)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", rendering.MIMETYPE}
    said = "centre the input first, by subtracting"
    assert said in bundle["text/plain"] and said in bundle["text/html"]
    assert said in box_of(of(wrong)).children[0].value


@pytest.mark.parametrize("attempt", [stub, wrong, different, right])
def test_saved_forms_are_the_same_on_every_run(attempt):
    one, two = of(attempt)._repr_mimebundle_(), of(attempt)._repr_mimebundle_()
    assert one == two
    assert not re.search(r"0x[0-9a-f]{6}|/tmp|/home|\d\d:\d\d", str(one))


def test_the_sign_and_the_word_tell_not_the_colour_alone():
    signs = {stub: "○ Not attempted yet", wrong: "✗ Not yet", right: "✓ Correct"}
    for attempt, sign in signs.items():
        assert sign in of(attempt).html
        assert of(attempt).text.startswith(sign[0])


def test_everything_from_the_learner_is_escaped():
    page = of(different).html
    assert "&lt;b&gt;x&lt;/b&gt;" in page and "<b>x</b>" not in page


def test_tags_are_balanced():
    for attempt in (stub, wrong, different, right):
        for tag in ("div", "span", "pre", "code", "details", "b"):
            page = of(attempt).html
            assert page.count(f"<{tag}>") + page.count(f"<{tag} ") == page.count(f"</{tag}>"), tag


def test_the_answer_is_folded_below_the_last_hint():
    for attempt in (stub, wrong, different):
        shown = of(attempt)
        page = re.sub("<[^>]+>", "", html.unescape(shown.html))
        assert "return act(" not in shown.text + page.split("Hint 3 of 3")[0]
        assert "return act(" in page.split("Hint 3 of 3")[1].split("Solution", 1)[1]


def test_a_saved_page_unfolds_one_hint_after_the_other():
    page = of(stub).html
    places = [page.index(f"Hint {n} of 3") for n in (1, 2, 3)]
    assert places == sorted(places)
    assert page.count("<details") == 4 and "open" not in page.split("<summary")[0].split("<details")[1]


def test_hints_and_solution_come_by_button(live):
    seen = []
    box = box_of(of(stub, seen=lambda **what: seen.append(what) or ""))
    hint, solution = box.children[1].children
    below = box.children[2]
    assert (hint.description, solution.description, below.value) == ("Hint 1 of 3", "Solution", "")
    hint.click()
    assert "Three steps" in below.value and hint.description == "Hint 2 of 3"
    assert "W_enc" not in below.value
    hint.click(), hint.click()
    assert (hint.description, hint.disabled) == ("No more hints", False), "disabled, it would lose the focus"
    hint.click()
    assert below.value.count("<b>Hint") == 3
    solution.click()
    assert "(x - b_dec) @ W_enc" in html.unescape(re.sub("<[^>]+>", "", below.value))
    solution.click()
    assert "<b>Solution" not in below.value and below.value.count("<b>Hint") == 3
    assert seen == [*({"hints": n} for n in (1, 2, 3, 3)), {"solution": True}, {"solution": True}]


def test_buttons_say_what_they_do(live):
    for button in box_of(of(stub)).children[1].children:
        assert KEY in button.tooltip


def test_without_ipywidgets_the_static_form_is_left(live, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert set(of(stub)._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_outside_a_notebook_it_is_printed_once(capsys):
    of(right).show()
    assert capsys.readouterr().out == of(right).text + "\n"
    assert repr(of(right)) == of(right).text


def test_a_note_about_progress_is_shown():
    assert "Progress is not kept" in of(right, note="Progress is not kept: full disk.").html


def test_hint_and_solution_escape_and_mark_code():
    record = Exercise(
        stub,
        cases=lambda seed=0: [],
        hints=("Use `a < b` & no <i>.", ""),
        slips={},
        explanation="One.\n\nTwo: `x`.",
    )
    page = hint_shown("day_1.x", record, 1).html
    assert "a &lt; b</code> &amp; no &lt;i&gt;." in page
    assert solution_shown("day_1.x", record).html.count("<br>") >= 2


SCRATCH = f"""
import torch
from course_utils.exercises import exercise, answer, hint, solution, quiz, progress

@exercise("{KEY}")
def encode(x, W_enc, b_enc, b_dec):
    raise NotImplementedError
%%
@exercise("{KEY}")
def encode(x, W_enc, b_enc, b_dec):
    return encode_again(x @ W_enc.T)
%%
@exercise("{KEY}")
def encode(x, W_enc, b_enc, b_dec):
    return torch.relu(x @ W_enc.T)
%%
@exercise("{KEY}")
def encode(x, W_enc, b_enc, b_dec):
    exit()
%%
hint("{KEY}"); solution("{KEY}"); quiz("day_6.reading"); progress()
%%
print(encode(torch.ones(1, 2), torch.eye(2), torch.zeros(2), torch.zeros(2)).tolist())
"""


@pytest.mark.slow
def test_a_real_kernel_shows_the_same_twice_and_nothing_on_stderr():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")

    def outputs():
        cells = [nbformat.v4.new_code_cell(source.strip()) for source in SCRATCH.split("%%")]
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
        return [output for cell in notebook.cells for output in cell.outputs]

    one, two = outputs(), outputs()
    assert [o.output_type for o in one] == ["display_data"] * 8 + ["stream"]
    assert all(o.get("name") != "stderr" for o in one)
    for o in one + two:
        o.get("data", {}).pop(rendering.MIMETYPE, None)
    assert one == two
    text = [o.data["text/plain"] for o in one[:4]]
    assert "NameError: name 'encode_again' is not defined" in text[1] and "line 3:" in text[1]
    assert "RuntimeError: mat1 and mat2" in text[2]
    assert "calls `exit()`" in text[3]
    assert one[-1].text == "[[1.0, 1.0]]\n"


def test_stars_are_emphasis_outside_of_code_and_sums():
    said = rendering.rich("The *first* of `a *b* c`, not 2 * 3 * 4, x*y*z or **kw: *two words*.")
    assert re.findall("<em>(.*?)</em>", said) == ["first", "two words"]
