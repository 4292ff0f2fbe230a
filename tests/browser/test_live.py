"""The explorers on a page without a kernel say what they say in Python: the same words and numbers at fifty settings.

The settings, and what Python says there, were written with the data by recipes/live_pages.py (tests/live_states).
"""

import json
from itertools import combinations, islice, permutations
from pathlib import Path

import ipywidgets as w
import nbformat
import pytest
import torch

from course_utils.base import DATA
from course_utils.desk import export_html
from course_utils.exercises import (
    Numeric,
    Ordering,
    Single,
    asked_on_a_page,
    days,
    find_prediction,
    find_quiz,
    grade_reply,
    keys,
)
from course_utils.exercises.guess_in_words import compared
from course_utils.exercises.quiz_grading import parsed
from course_utils.exercises.rendering import rich
from course_utils.reading import Family, LabelGuess, LatentSummary, RatingGame
from course_utils.recipes.live_pages import brief, some_states
from course_utils.widgets import (
    Page,
    Panel,
    dose_panel,
    family_panel,
    live_view,
    page_of_views,
    rating_panel,
    tuner_panel,
    words,
)
from course_utils.worlds import draw_stations, matched_filter, random_codes

ROOT = Path(__file__).parents[2]
STATES = ROOT / "tests" / "live_states"


def read(folder, day):
    path = folder / f"day_{day}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


CASES = [
    pytest.param(view, kept["states"], id=view["title"].replace(" ", "_"))
    for day in range(1, 8)
    for view, kept in zip(read(DATA / "live", day), read(STATES, day), strict=True)
]

ALL_STATES = """async (states) => {
  const box = document.querySelector(".course-live"), said = [];
  await box.course.begin();
  for (const { state } of states) {
    await box.course.set(state);
    said.push(course.words(box.querySelector(".shown")));
  }
  return said;
}"""


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page with these views alone; an error on it, and anything that it asks for, is a failure."""
    tab, wrong = browser.new_page(viewport={"width": 1280, "height": 900}), []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("request", lambda asked: wrong.append(asked.url) if asked.url.startswith("http") else None)

    def open_page(*views):
        page = tmp_path / "page.html"
        page.write_text(page_of_views(views), encoding="utf-8")
        tab.goto(page.as_uri())
        tab.evaluate(
            "Promise.all([...document.querySelectorAll('.course-live')].map((box) => box.course.begin())).then(() => {})"
        )
        return tab

    yield open_page
    tab.close()
    assert wrong == []


@pytest.mark.parametrize(("view", "states"), CASES)
def test_a_page_says_what_python_says(opened, view, states):
    said = opened(view).evaluate(ALL_STATES, states)
    different = [
        (each["state"], each["said"], brief(shown))
        for each, shown in zip(states, said, strict=True)
        if each["said"] != brief(shown)
    ]
    assert different == []


def replies(question):
    """Some replies to a question, right and wrong, as `grade_reply` takes them."""
    if isinstance(question, Numeric):
        near = [question.value * by for by in (0.5, 0.999, 1, 1.3)] + [question.value / 100, -question.value]
        return [*near, *question.slips]
    places = range(len(question.options))
    if isinstance(question, Single):
        return list(places)
    if isinstance(question, Ordering):
        return [list(order) for order in islice(permutations(places), 40)]
    return [list(some) for n in range(1, len(places) + 1) for some in combinations(places, n)]


def all_of(table, find):
    return {key: find(key) for day in days() for key in keys(day, table)}


def test_a_page_grades_as_python_does(opened):
    asked, expected = [], []
    for key, record in all_of("QUIZZES", find_quiz).items():
        on_page = asked_on_a_page(f"Quiz {key}\n")["data"]["questions"]
        for question, shown in zip(record.questions, on_page, strict=True):
            for reply in replies(question):
                graded = grade_reply(question, reply)
                asked.append([shown, reply])
                expected.append([graded.right, *(words(rich(line)) for line in graded.lines)])
    assert len(asked) > 300
    graded = opened().evaluate(
        "(asked) => asked.map(([q, r]) => { const { right, lines } = course.grade(q, r);"
        "return [right, ...lines.map((line) => course.words(course.made(line)))]; })",
        asked,
    )
    assert graded == expected


def test_a_page_compares_a_guess_as_python_does(opened):
    asked, expected = [], []
    for key, record in all_of("PREDICTIONS", find_prediction).items():
        on_page = asked_on_a_page(f"Predict {key}: …")["data"]
        for guess in replies(record):
            asked.append([on_page, guess])
            expected.append(words(rich(compared(record, guess))))
    assert len(asked) > 100
    said = "(asked) => asked.map(([r, g]) => course.words(course.made(course.compared(r, g))))"
    assert opened().evaluate(said, asked) == expected


@pytest.mark.parametrize("typed", ["0.25", "1/4", "25%", "−5", "1,000", "0,5", "1e-3", "1,000.5", "3 / 8"])
def test_a_page_reads_numbers_as_python_does(opened, typed):
    question = Numeric("?", 1.0, 0.0, "…")
    assert opened().evaluate("(typed) => course.number(typed)", typed) == pytest.approx(
        parsed(question, typed)
    )
    assert opened().evaluate(
        "['', 'many', '1/0', '1/2/3', '--1'].every((t) => Number.isNaN(course.number(t)))"
    )


def test_a_guess_and_a_total_stay_in_the_browser(opened):
    views = [
        asked_on_a_page(text)
        for text in (
            "Quiz day_6.reading\n",
            "Predict day_6.dead_share: …",
            "You made 0 of the 9 guesses of day 6.",
        )
    ]
    tab = opened(*views)
    assert "You made 0 of the 9 guesses" in tab.content()
    field = tab.get_by_role("group", name="Predict.").get_by_label("A number")
    field.fill("30%")
    tab.get_by_role("button", name="Keep your guess for day_6.dead_share").press("Enter")
    assert "Your guess is kept: 30 %" in tab.locator(".answer").last.inner_text()
    assert "You made 1 of the 9 guesses" in tab.content()
    field.fill("77")
    tab.get_by_role("button", name="Keep your guess for day_6.dead_share").click()
    assert "Your first guess stays: 30 %" in tab.content()
    first = tab.locator("fieldset.question").first
    places = [o["place"] for o in views[0]["data"]["questions"][0]["options"] if o["right"]]
    for place in places:
        first.locator(f"input[value='{place}']").check()
    first.get_by_role("button", name="Check").press("Enter")
    assert "✓ Right." in first.inner_text() and "1 of" in tab.locator(".total").inner_text()
    tab = opened(*views)
    assert "You made 1 of the 9 guesses" in tab.content() and "1 of" in tab.locator(".total").inner_text()


def test_every_control_has_a_name_and_moves_by_keyboard(opened):
    city = next(case.values[0] for case in CASES if case.values[0]["script"] == "city")
    tab = opened(city)
    slider = tab.get_by_label("turn (degrees)")
    before = tab.locator(".shown").inner_text()
    slider.focus()
    for _ in range(9):
        slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "45" and tab.locator("output").first.inner_text() == "45"
    assert tab.locator(".shown").inner_text() != before
    assert "apart" in tab.locator(".said[role=status]").inner_text()


@pytest.mark.parametrize(("view", "states"), CASES)
def test_a_live_explorer_is_not_wider_than_a_phone(opened, view, states):
    tab = opened(view)
    for width in (1280, 390):
        tab.set_viewport_size({"width": width, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    unnamed = "[...document.querySelectorAll('input, select, button')].filter((e) => !(e.labels?.length || e.ariaLabel)).length"
    assert tab.evaluate(unnamed) == 0


def test_no_text_ends_its_element_and_no_data_become_html(opened):
    evil = "</script><img src=x onerror=document.title='ran'>"
    view = {
        "title": evil,
        "script": "city",
        "controls": [],
        "data": {"places": [[1, 0, 0], [0, 1, 0.5]], "names": [evil, evil]},
    }
    tab = opened(
        {**view, "controls": next(c.values[0] for c in CASES if c.values[0]["script"] == "city")["controls"]}
    )
    assert tab.title() == "Explorers" and tab.locator("img").count() == 0
    assert evil in tab.locator(".live > b").inner_text()


def small_rating():
    cards = [
        LatentSummary(i, 100, 0.0, (), (), (0,) * 20, 0.0, (), (), (), LabelGuess(f"<{i}>", 0.9))
        for i in range(4)
    ]
    return rating_panel(cards, RatingGame(["latent", "latent", "neuron", "neuron"], seed=1))


def small_family():
    large = Family(parent=torch.tensor([0, 0, 1, 0]), cosine=torch.tensor([1.0, 0.45, 1.0, 0.72]))
    guesses = [LabelGuess(concept, 0.9) for concept in ("whales & ships", "ships", "soup", "<sea>")]
    parents = [LabelGuess("the sea", 0.95), LabelGuess("food", 0.95)]
    return family_panel(parents, {4: large, 8: large}, {4: guesses, 8: guesses}, parent=0)


def small_dose():
    rates = {"latent": torch.tensor([[0.0, 0.245], [0.125, 1.0]]), "random": torch.zeros(2, 2)}
    return dose_panel(["whales", "chess"], [0.0, 4.0], rates, {name: torch.ones(2, 2) for name in rates})


def small_tuner():
    codes = random_codes(4, 6, seed=0)
    receivers = {
        "matched filter": lambda x: matched_filter(x, codes),
        "twice": lambda x: 2 * matched_filter(x, codes),
    }
    return tuner_panel(draw_stations(4, seconds=0.5, seed=0), codes, receivers, station=2)


@pytest.mark.parametrize("make", [small_rating, small_family, small_dose, small_tuner])
def test_a_small_one_says_what_python_says(opened, make):
    panel = make()
    view = live_view(panel)
    states = [{"state": state, "said": words(panel.shown_at(**state))} for state in some_states(view)]
    assert opened(view).evaluate(ALL_STATES, states) == [each["said"] for each in states]


def test_a_rating_never_passes_to_the_next_card_and_a_radio_plays_a_sound(opened):
    tab = opened(live_view(small_rating()))
    tab.get_by_label("4 · one clear subject").check()
    tab.get_by_label("card", exact=True).press("ArrowRight")
    assert (
        tab.get_by_label("not yet").is_checked()
        and "1 of 4 cards rated" in tab.locator(".shown").inner_text()
    )
    tab.get_by_label("card", exact=True).press("ArrowLeft")
    assert tab.get_by_label("4 · one clear subject").is_checked()
    tab = opened(live_view(small_tuner()))
    loaded = "new Promise((go, no) => { const a = document.querySelector('audio'); a.onloadedmetadata = () => go(a.duration); a.onerror = no; a.load(); })"
    assert tab.evaluate(loaded) == pytest.approx(0.5)


def test_controls_that_do_not_count_are_hidden_and_what_is_left_out_is_named(opened):
    panel = Panel(
        lambda by, n, text: f"<b>{n if by == 'number' else text}</b>",
        page=Page(
            "frames",
            offered={"n": [1, 2], "text": ["a", "b"]},
            asks={"by": {"number": ["n"], "text": ["text"]}},
        ),
        title="Two ways",
        by=w.ToggleButtons(options=["number", "text"]),
        n=w.IntSlider(1, 0, 9),
        text=w.Text("a"),
    )
    tab = opened(live_view(panel))
    assert tab.get_by_label("n", exact=True).is_visible() and not tab.get_by_label("text").last.is_visible()
    assert tab.locator(".note").inner_text() == (
        "Prepared here (n: 2 of 10 · text: 2 prepared); the notebook has all settings."
    )
    tab.get_by_label("text", exact=True).first.check()
    assert tab.locator(".shown").inner_text() == "a" and not tab.get_by_label("n", exact=True).is_visible()
    tab.locator("select").select_option(label="b")
    assert tab.locator(".shown").inner_text() == "b"


def test_an_exported_day_lives_under_its_policy(opened, tmp_path):
    path = next((ROOT / "notebooks").glob("day_3_*"))
    cells = [c for c in nbformat.read(path, as_version=4).cells if "city_panel(" in c.source]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "day.ipynb")
    tab, said = opened(), []
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(export_html(tmp_path / "day.ipynb", tmp_path / "day.html", live=True).as_uri())
    slider = tab.get_by_label("tilt (90 is from above)")
    slider.press("End")
    assert "from above" in tab.locator(".shown").inner_text() and said == []
    other = "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
    assert tab.evaluate(f"(() => {{ {other} return window.ran ?? 'refused'; }})()") == "refused"
