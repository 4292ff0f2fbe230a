"""What pages without a kernel get of explorers and quizzes: data that fit the kept notebooks, and no script but ours.

That the scripts say what Python says is seen in a browser (tests/browser/test_live.py).
"""

import base64
import hashlib
import json
import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from course_utils.base import DATA
from course_utils.desk import export_html
from course_utils.recipes import live_pages
from course_utils.widgets import (
    live_output,
    live_scripts,
    packing_panel,
    polytope_panel,
    toy_model_panel,
    words,
)

ROOT = Path(__file__).parents[1]
STATES = ROOT / "tests" / "live_states"
MOVES = "; run the notebook to move the controls"
STILL = {"Walk through the graph"}
"""It stands still on a page: a graph has `export_circuit`'s page."""


def kept_outputs():
    for path in sorted((ROOT / "notebooks").glob("day_*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                if "text/plain" in output.get("data", {}):
                    yield path.stem[:5], output.data


KEPT = list(kept_outputs())


def test_every_kept_explorer_is_alive():
    told, explorers = [], [data for _, data in KEPT if data["text/plain"].endswith(MOVES)]
    still = {
        data["text/plain"].partition(" (")[0] for data in explorers if live_output(data, told.append) is None
    }
    assert len(explorers) == 18
    assert still == STILL and told == [], "make them anew: python -m course_utils.recipes.live_pages"


def test_every_kept_quiz_and_prediction_is_alive():
    asked = [data for _, data in KEPT if re.match(r"(Quiz|Predict) day_|You made ", data["text/plain"])]
    boxes = [live_output(data) for data in asked]
    assert len(asked) > 60 and None not in boxes
    assert all(
        '<div class="still">' in box and data["text/html"] in box
        for data, box in zip(asked, boxes, strict=True)
    )


def test_each_view_has_a_script_and_fifty_settings_or_all():
    for path in sorted((DATA / "live").glob("*.json")):
        views = json.loads(path.read_text(encoding="utf-8"))
        states = json.loads((STATES / path.name).read_text(encoding="utf-8"))
        assert [view["title"] for view in views] == [kept["title"] for kept in states]
        for view, some in zip(views, (kept["states"] for kept in states), strict=True):
            assert f"{view['script']}.js" in live_scripts()
            offered = [len(c["values"]) if "values" in c else 1000 for c in view["controls"]]
            assert len(some) >= min(50, 0.6 * max(offered)), view["title"]


@pytest.mark.slow
@pytest.mark.parametrize("panel", [packing_panel, polytope_panel, toy_model_panel], ids=lambda f: f.__name__)
def test_the_settings_kept_are_what_python_says_now(panel):
    panel = panel()
    files = [json.loads((STATES / f"day_{day}.json").read_text(encoding="utf-8")) for day in (3, 4)]
    states = {kept["title"]: kept["states"] for file in files for kept in file}[panel.title]
    for each in states[:3]:
        assert live_pages.brief(words(panel.shown_at(**each["state"]))) == each["said"]


def test_a_changed_view_stands_still_and_says_so():
    data = next(data for _, data in KEPT if data["text/plain"].startswith("The city from any side ("))
    told = []
    assert (
        live_output({**data, "text/html": data["text/html"].replace("in space", "in time")}, told.append)
        is None
    )
    assert len(told) == 1


def exported(tmp_path, *cells, live):
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), tmp_path / "day.ipynb")
    page = export_html(tmp_path / "day.ipynb", tmp_path / "day.html", live=live)
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def shown(data):
    return nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", dict(data))])


def test_a_live_page_runs_the_courses_scripts_alone(tmp_path):
    data = next(data for _, data in KEPT if data["text/plain"].startswith("The city from any side ("))
    evil = {"text/plain": data["text/plain"], "text/html": data["text/html"] + "<script>steal()</script>"}
    soup = exported(tmp_path, shown(data), shown(evil), live=True)
    run = [tag for tag in soup.find_all("script") if tag.get("type") != "application/json"]
    assert [tag.get_text() for tag in run] == list(live_scripts().values())
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    sums = re.findall(r"'sha256-([^']+)'", policy)
    assert sums == [base64.b64encode(hashlib.sha256(t.get_text().encode()).digest()).decode() for t in run]
    assert "unsafe-inline" not in policy.partition("script-src")[2]
    assert len(soup.select(".course-live .still img")) >= 1 and "steal()" not in str(soup)


def test_without_live_a_page_has_no_script(tmp_path):
    data = next(data for _, data in KEPT if data["text/plain"].endswith(MOVES))
    soup = exported(tmp_path, shown(data), live=False)
    assert soup.find_all("script") == [] and soup.select(".course-live") == []


def test_no_script_holds_what_would_end_its_element():
    assert [name for name, text in live_scripts().items() if "</script" in text or "<!--" in text] == []
    assert not any(re.search(r"https?://(?!www\.w3\.org/2000/svg)", text) for text in live_scripts().values())
