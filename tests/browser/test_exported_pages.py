"""Pages and slides of `course export`, in a real browser: nothing cut, nothing that a keyboard or an ear cannot reach."""

from importlib.resources import files
from pathlib import Path

import pytest
from measures import ALIVE, cut, illegible

from course_utils.desk import export_html

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
AXE = files("axe_playwright_python").joinpath("axe.min.js")
PAPER = 718
"""Pixels of text across a sheet of A4, its margins half an inch."""


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")

    def address(day, **options):
        notebook = next(NOTEBOOKS.glob(f"day_{day}_*.ipynb"))
        return export_html(notebook, folder / f"{day}{len(options)}.html", **options).as_uri()

    return address


@pytest.fixture
def tab(browser):
    tab = browser.new_page(bypass_csp=True)
    yield tab
    tab.close()


def offences(tab):
    """What axe finds, of its two gravest kinds."""
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        (rule["id"], len(rule["nodes"]), rule["nodes"][0]["html"][:200])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("day", "live"), [(4, False), *((day, True) for day in range(1, 8))])
def test_a_page_is_whole_on_a_screen_on_a_phone_and_on_paper(tab, export, day, live):
    tab.goto(export(day, **({"live": True} if live else {})))
    tab.evaluate(ALIVE if live else "0")
    tab.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    for width in (1280, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert cut(tab) == []
        assert illegible(tab) == []
    assert day not in (4, 6) or offences(tab) == []
    tab.set_viewport_size({"width": PAPER, "height": 1000})
    tab.emulate_media(media="print")
    assert cut(tab) == []
    style = "selector => getComputedStyle(document.querySelector(selector))"
    assert tab.evaluate(f"({style})('main h2').breakAfter") == "avoid"
    assert tab.evaluate(f"({style})('section.on-paper').display") == "block"
    assert tab.evaluate(f"({style})('details.at-the-end').display") == "none"


def test_slides_fill_one_screen_each_and_take_the_keys(tab, export):
    tab.goto(export(1, slides=True))
    for width, height in ((1280, 720), (1920, 1080)):
        tab.set_viewport_size({"width": width, "height": height})
        sizes = tab.evaluate(
            "[...document.querySelectorAll('section.screen')].map(s => [s.clientHeight, s.scrollHeight])"
        )
        assert len(sizes) > 30 and all(abs(shown - height) <= 1 for shown, _ in sizes)
        assert [needed for _, needed in sizes if needed > height + 1] == []
        text = "parseFloat(getComputedStyle(document.querySelector('.block > p')).fontSize)"
        assert tab.evaluate(text) >= width / 60
    at = "Math.round(scrollY / innerHeight)"
    moves = {
        "ArrowRight": 1,
        "ArrowDown": 2,
        "Space": 3,
        "PageDown": 4,
        "ArrowLeft": 3,
        "ArrowUp": 2,
        "Home": 0,
    }
    for key, screen in moves.items():
        tab.keyboard.press(key)
        assert tab.evaluate(at) == screen
    folded = "[...document.querySelectorAll('section.screen')].findIndex(s => s.querySelector('details'))"
    for _ in range(tab.evaluate(folded)):
        tab.keyboard.press("ArrowRight")
    opened = f"document.querySelectorAll('section.screen')[{at}].querySelectorAll('details[open]').length"
    tab.keyboard.press("Enter")
    assert tab.evaluate(opened) == 1
