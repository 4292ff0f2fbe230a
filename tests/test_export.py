"""What a page to carry holds, and what it must not need."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from course_utils.desk import export_html
from course_utils.exercises.answer_key import find_quiz
from course_utils.exercises.quizzes import quiz_shown

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
CODE = '@exercise("day_6.encode")\ndef encode(x, W_enc, b_enc, b_dec):\n    raise NotImplementedError'


@pytest.fixture
def page(tmp_path):
    def write(*cells, **options):
        notebook = nbformat.v4.new_notebook(cells=list(cells))
        nbformat.write(notebook, tmp_path / "day.ipynb")
        out = export_html(tmp_path / "day.ipynb", tmp_path / "day.html", **options)
        return BeautifulSoup(out.read_text(), "html.parser")

    return write


def text(source):
    return nbformat.v4.new_markdown_cell(source)


def test_a_solution_is_folded_under_its_exercise(page):
    soup = page(text("# Day"), nbformat.v4.new_code_cell(CODE), text("after"))
    folded = soup.find("summary", string="Solution of day_6.encode").parent
    assert "W_enc" in folded.get_text() and not folded.has_attr("open")
    assert folded.find_next(string="after")


def test_what_answers_a_prediction_is_folded(page):
    shown = nbformat.v4.new_output("stream", text="it is 42")
    hidden = {"jupyter": {"outputs_hidden": True}}
    soup = page(
        text("# Day"),
        nbformat.v4.new_code_cell("print(42)", outputs=[shown], metadata=hidden),
        nbformat.v4.new_code_cell("print(43)", outputs=[nbformat.v4.new_output("stream", text="in sight")]),
    )
    details = soup.find("summary", string="What came out").parent
    assert "it is 42" in details.get_text() and not details.has_attr("open")
    assert soup.find(string=re.compile("in sight")).find_parent("details") is None


def test_it_needs_no_script_and_no_address(page):
    soup = page(text("# Day"), nbformat.v4.new_code_cell("1"))
    assert soup.find_all("script") == []
    links = [tag.get("src") or tag.get("href") for tag in soup.find_all(["img", "link", "iframe"])]
    assert [link for link in links if link and link.startswith(("http", "//"))] == []


def test_what_launches_a_notebook_stays_behind(page):
    soup = page(
        text("# Day"), nbformat.v4.new_code_cell("install()", metadata={"tags": ["launch"]}), text("end")
    )
    assert "end" in soup.main.get_text() and "install" not in soup.main.get_text()


def test_formulas_are_drawn_by_the_browser_and_code_is_left_alone(page):
    soup = page(text("Price $a < b$ and `$x$`.\n\n$$c^2$$"))
    inline, apart = soup.find_all("math")
    assert (inline.get("display"), apart.get("display")) == ("inline", "block")
    assert inline.get_text().replace(" ", "") == "a<b"
    assert soup.find("code").get_text() == "$x$"


def test_each_heading_begins_a_slide(page):
    soup = page(text("# One"), text("more\n## Two\nthen"), nbformat.v4.new_code_cell("1"), slides=True)
    sections = [[b.get_text(strip=True) for b in s.select(".block")] for s in soup.find_all("section")]
    assert sections == [["One", "more"], ["Two", "then", "1"]]


def test_slides_run_one_script_that_the_policy_knows_by_its_hash(page):
    soup = page(text("# Day"), slides=True)
    (script,) = soup.find_all("script")
    known = b64encode(sha256(script.string.encode()).digest()).decode()
    policy = soup.head.find("meta")["content"]
    assert f"script-src 'sha256-{known}'" in policy and "unsafe-inline'; script" not in policy


def test_a_quiz_on_slides_is_a_block_a_question(page):
    quiz = quiz_shown("day_4.superposition")
    output = nbformat.v4.new_output("display_data", data={"text/html": quiz.html})
    soup = page(text("# Day"), nbformat.v4.new_code_cell("quiz", outputs=[output]), slides=True)
    blocks = soup.select('[role="group"]')
    n_questions = len(find_quiz("day_4.superposition").questions)
    assert [block["aria-label"].split()[-1] for block in blocks] == [str(n + 1) for n in range(n_questions)]
    assert all(len(block.find_all("details")) == 1 for block in blocks)


def test_signs_in_headings_have_words_and_their_addresses_stay(page):
    soup = page(text("## Exercise ●●○ `encode` ◇"))
    signs = soup.select("h2 [role=img]")
    assert [sign["aria-label"] for sign in signs] == ["difficulty 2 of 3", "optional"]
    assert soup.nav.a["href"] == f"#{soup.h2['id']}" and "¶" not in soup.h2.get_text()


def test_tab_stops_only_where_something_can_be_done(page):
    output = nbformat.v4.new_output("stream", text="it is 42")
    soup = page(text("# Day\n$$" + "x + " * 30 + "y$$"), nbformat.v4.new_code_cell("1", outputs=[output]))
    assert [stop.name for stop in soup.select('[tabindex="0"]')] == ["p"]  # a formula wider than a phone
    first = soup.body.find(True)
    assert first.name == "a" and soup.find(id=first["href"][1:]).name == "main"


def test_what_is_folded_stands_at_the_end_for_paper(page):
    soup = page(text("# Day"), nbformat.v4.new_code_cell(CODE), text("after"))
    (end,) = soup.select("section.on-paper")
    assert "W_enc" in end.get_text() and not end.find("details")
    assert soup.find("details", class_="at-the-end")
    assert not page(text("# Day")).select("section.on-paper")


def test_the_title_is_the_first_heading(page):
    assert page(text("words"), text("# "), text("# Day 4 · <Toys>")).title.string == "Day 4 · <Toys>"
    assert page(text("words")).title.string == "day"


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("day_*.ipynb")), ids=lambda path: path.stem[:5])
def test_a_page_can_be_read_and_every_kept_picture_says_what_it_shows(path, tmp_path):
    cells = nbformat.read(path, as_version=4).cells
    drawn = [c for c in cells if any("image/png" in o.get("data", {}) for o in c.get("outputs", ()))]
    texts = [cell.metadata.get("alt", "") for cell in drawn]
    assert len(texts) >= 5 and all(60 <= len(text) <= 280 for text in texts)
    assert len(set(texts)) == len(texts)
    soup = BeautifulSoup(export_html(path, tmp_path / "day.html").read_text(), "html.parser")
    assert "</span>" not in soup.get_text() and "&quot;" not in soup.get_text()  # no mark-up to read
    formulas = soup.find_all("math")
    assert len(formulas) >= 6 and not [math for math in formulas if "\\" in math.get_text()]
    assert {stop.name for stop in soup.select('[tabindex="0"]:not(.sideways)')} <= {"p"}
    dots = [head for head in soup.find_all(re.compile("h[1-4]")) if "●" in head.get_text()]
    assert dots and all(head.find("span", attrs={"aria-label": re.compile("^difficulty")}) for head in dots)
    assert len(soup.select("section.on-paper h3")) >= 7
    solutions = soup.find_all("summary", string=re.compile("^Solution"))  # those of the kept cards
    assert len(solutions) >= 7 and all(solution.parent.find("pre") for solution in solutions)
    levels = [int(head.name[1]) for head in soup.find_all(re.compile("^h[1-6]$"))]
    assert levels.count(1) == 1 and [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []
    places = {f"#{tag['id']}" for tag in soup.select("[id]")}
    links = [link["href"] for link in soup.select("a[href]")]
    assert [link for link in links if link not in places and not re.match("https://", link)] == []
    images = soup.find_all("img")
    assert {image.get("alt") for image in images} >= set(texts)
    assert not [
        image for image in images if len(image.get("alt", "")) < 20 or "No description" in image["alt"]
    ]


def test_what_is_not_a_notebook_is_refused(tmp_path):
    (tmp_path / "a.ipynb").write_text("no")
    with pytest.raises(ValueError, match=r"a\.ipynb is not a notebook"):
        export_html(tmp_path / "a.ipynb", tmp_path / "a.html")


def test_a_page_runs_nothing_whatever_was_overlooked(page):
    policy = page(text("# Day")).head.find("meta")
    assert policy["http-equiv"] == "Content-Security-Policy"  # first, so that it holds for all below
    assert "default-src 'none'" in policy["content"] and "script-src" not in policy["content"]


@pytest.mark.parametrize(
    "source", ['@exercise("day_6.nosuch")\ndef f(): ...', "def answer(q): ...\nanswer('why?')"]
)
def test_an_unknown_exercise_has_no_solution_and_does_no_harm(page, source):
    soup = page(text("# Day"), nbformat.v4.new_code_cell(source), text("after"))
    assert "after" in soup.main.get_text() and not soup.find("summary")


AWKWARD = {
    "widgets without a state": (
        {"metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": {}}}},
        {
            "outputs": [
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {
                        "application/vnd.jupyter.widget-view+json": {"model_id": "a"},
                        "text/plain": "Card",
                    },
                }
            ]
        },
    ),
    "no ids": ({"nbformat_minor": 4}, {"metadata": {"alt": "what it shows"}}),
    "metadata that is a list": ({"metadata": []}, {"metadata": []}),
    "tags that are nothing": ({}, {"metadata": {"tags": None, "jupyter": None}}),
    "raw_mimetype that is nothing": ({}, {"cell_type": "raw", "metadata": {"raw_mimetype": None}}),
    "outputs without metadata": (
        {},
        {"outputs": [{"output_type": "display_data", "data": {"text/plain": "1"}}]},
    ),
    "a source of lines": ({}, {"source": ["x = 1\n", "x"]}),
    "a language that nobody knows": ({"metadata": {"language_info": {"pygments_lexer": "ipython99"}}}, {}),
    "half a surrogate pair": ({}, {"source": "x = '\ud800'"}),
    "an endless sum": ({}, {"source": "x = " + "-" * 20_000 + "1"}),
    "a doubled id": ({}, {"id": "same"}),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_a_notebook_that_jupyter_opens_is_exported(tmp_path, name):
    changed, cell = AWKWARD[name]
    cells = [
        {"cell_type": "markdown", "id": "same", "metadata": {}, "source": "# Day"},
        {"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": [], "execution_count": None}
        | cell,
        {"cell_type": "markdown", "metadata": {}, "source": "after"},
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells} | changed
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "day.ipynb").write_text(json.dumps(notebook), encoding=encoding)
        soup = BeautifulSoup(
            export_html(tmp_path / "day.ipynb", tmp_path / "day.html").read_text(encoding="utf-8"),
            "html.parser",
        )
        assert "after" in soup.main.get_text() and soup.title.string == "Day"


def test_a_picture_beside_a_notebook_elsewhere_is_in_its_page(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "plot.png").write_bytes(b"\x89PNG picture")
    nbformat.write(nbformat.v4.new_notebook(cells=[text("![plot](plot.png)")]), tmp_path / "in" / "day.ipynb")
    assert (
        "data:image/png;base64"
        in export_html(tmp_path / "in" / "day.ipynb", tmp_path / "day.html").read_text()
    )


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("The [glossary](../docs/glossary.md#day-1) has it.", "The glossary (docs/glossary.md) has it."),
        ("[day_2.ipynb](./day_2.ipynb)", "day_2.ipynb"),
        ("[**my** notes](my%20notes.txt)", "my notes (my notes.txt)"),
    ],
)
def test_a_link_to_a_file_beside_the_notebook_becomes_words(page, source, shown):
    paragraph = page(text("# Day"), text(source)).select_one("main p")
    assert paragraph.get_text() == shown and not paragraph.find("a")


def test_a_link_that_leads_on_from_anywhere_stays(page):
    leading = ["https://arxiv.org/abs/2210.01892", "mailto:ada@example.org", "#Day"]
    soup = page(text("# Day"), text(" ".join(f"[more]({address})" for address in leading)))
    assert [link["href"] for link in soup.select("main p a")] == leading


def test_what_is_left_out_is_told_with_its_cell(tmp_path):
    broken = text(r"$\hat$")
    broken.id = "broken"
    nbformat.write(nbformat.v4.new_notebook(cells=[text("# Day"), broken]), tmp_path / "day.ipynb")
    told = []
    export_html(tmp_path / "day.ipynb", tmp_path / "day.html", told=told.append)
    assert told == [r"cell 2: The formula $\hat$ cannot be read"]
