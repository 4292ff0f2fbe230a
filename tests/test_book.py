"""What the site is made from: its pages, what is folded in them, their links, and the pages on the package.

The finished site is looked at by tests/browser/test_book.py.
"""

import json
import re
from pathlib import Path

import pytest
from nbformat import v4

from tools.book import pages, wings

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory):
    out = tmp_path_factory.mktemp("book")
    return out, pages.lay_out(out)


def test_every_page_is_in_the_contents_once(laid_out):
    out, names = laid_out
    files = {path.relative_to(out).with_suffix("").as_posix() for path in out.rglob("*.md")}
    files |= {path.relative_to(out).with_suffix("").as_posix() for path in out.rglob("*.ipynb")}
    assert sorted(names) == sorted(files)
    assert {f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md")} <= files
    assert sum(name.startswith("notebooks/day_") for name in names) == 7


def test_no_page_loads_a_badge(laid_out):
    out = laid_out[0]
    for text in (path.read_text(encoding="utf-8") for path in out.rglob("*.md")):
        assert not re.search(r"!\[[^\]]*\]\(https?:", text)
    for path in out.rglob("*.ipynb"):
        assert "mybinder.org/badge" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("jupyter", "tags"),
    [
        ({"outputs_hidden": True}, ["hide-output"]),
        ({"source_hidden": True}, ["hide-input"]),
        ({"outputs_hidden": True, "source_hidden": True}, ["hide-cell"]),
        ({}, None),
    ],
)
def test_what_jupyter_hides_is_folded(jupyter, tags):
    cell = v4.new_code_cell("1", outputs=[v4.new_output("stream", text="1")], metadata={"jupyter": jupyter})
    pages.foldable(v4.new_notebook(cells=[cell]))
    assert cell.metadata.get("tags") == tags


def test_a_picture_says_what_it_shows_and_how_narrow_it_may_be():
    png = json.loads(next((ROOT / "notebooks").glob("day_4_*")).read_text(encoding="utf-8"))
    kept = [
        output["data"]["image/png"]
        for cell in png["cells"]
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    cells = [
        v4.new_code_cell(
            "", outputs=[v4.new_output("display_data", {"image/png": each})], metadata={"alt": "Arrows."}
        )
        for each in kept[:2]
    ]
    pages.foldable(v4.new_notebook(cells=cells))
    narrow, wide = (cell.metadata["mystnb"]["image"] for cell in cells)
    assert narrow == {"alt": "Arrows.", "classes": "least-180"}  # of 304 pixels at 144 an inch
    assert wide == {"alt": "Arrows.", "classes": "least-660"}  # of 1,168
    assert "img.least-660 { min-width: 660px; }" in pages.figures_style()


def test_an_explorers_picture_keeps_its_labels_legible_too():
    html = '<img src="data:image/png;base64,iVBORw0KGgo=" alt="Arrows." width="800" style="max-width:100%">'
    cell = v4.new_code_cell(
        "", outputs=[v4.new_output("display_data", {"text/html": html, "text/plain": "P"})]
    )
    pages.alive(v4.new_notebook(cells=[cell]), "a page")
    assert 'style="min-width:675px;max-width:100%"' in cell.outputs[0].data["text/html"]


def test_an_exercise_leads_to_its_notebook_where_there_is_an_address():
    exercise = v4.new_code_cell('@exercise("day_6.encode")\ndef encode(x): ...')
    day = v4.new_notebook(cells=[exercise, v4.new_code_cell("1")])
    assert pages.with_way_in(day, "notebooks/day_6.ipynb", None) is day
    cells = pages.with_way_in(day, "notebooks/day_6.ipynb", "https://github.com/who/what").cells
    assert [cell.cell_type for cell in cells] == ["code", "markdown", "code"]
    assert "mybinder.org/v2/gh/who/what" in cells[1].source and "colab" in cells[1].source


def test_explorers_and_quizzes_of_a_day_are_alive_and_their_scripts_come_along(laid_out):
    out = laid_out[0]
    day = next((out / "notebooks").glob("day_3_*")).read_text(encoding="utf-8")
    assert day.count('class=\\"course-live\\"') == 3 + 1 + 7 + 1  # explorers, quiz, predictions, guesses
    script = (out / "_live" / "live.js").read_text(encoding="utf-8")
    assert script.count('course.view("') >= 14 and (out / "_live" / "live.css").is_file()


def test_links_stay_become_downloads_or_are_dropped(tmp_path):
    text = "[g](glossary.md#day-1) [s](../README.md) [c](../LICENSE) [f](jupyterhub) [w](https://arxiv.org)"
    settled = pages.settled(text, "docs/days.md", {"docs/glossary.md"}, tmp_path)
    assert settled == "[g](glossary.md#day-1) [s](../index.md) [c](../LICENSE) f [w](https://arxiv.org)"
    assert (tmp_path / "LICENSE").is_file()


def test_every_link_between_the_pages_leads_to_one_of_them(laid_out):
    out = laid_out[0]
    dead = []
    for path in (*out.rglob("*.md"), *out.rglob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        for target in re.findall(r"\]\(([^)#\s]+)", re.sub(r"`[^`]*`", "", text)):
            if "://" not in target and not (path.parent / target).exists():
                dead.append((path.relative_to(out).as_posix(), target))
    assert dead == []


def test_the_page_of_a_wing_has_every_public_name_with_its_signature():
    for face in (ROOT / "course_utils").glob("*/__init__.pyi"):
        wing = face.parent.name
        page = wings.wing_page(wing, ROOT)
        heads = re.findall(r"^`+\{py:(?:function|class|data)\} (\w+)", page, re.MULTILINE)
        assert heads == list(wings.exported(wing, ROOT))
    assert (
        "{py:function} load_sae(folder: str | Path, *, scale: float | None=None) -> SAE"
        in wings.wing_page("sae", ROOT)
    )


def test_a_docstring_becomes_lists_links_and_code():
    text = "Cost <b> of `SAE` in ``d``.\n\nExamples:\n    >>> 1\n    1\n\nArgs:\n    a, b: what\n        goes in.\n\nReturns:\n    All."
    assert wings.prose(text, ROOT).split("\n\n") == [
        "Cost \\<b> of {py:obj}`~course_utils.sae.SAE` in ``d``.",
        "**Examples**",
        "```pycon\n>>> 1\n1\n```",
        "**Arguments**",
        "- `a`, `b`: what goes in.",
        "**Returns**",
        "All.",
    ]
