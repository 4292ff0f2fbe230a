"""The page of a graph in a real Chromium, from the disk and with the network off: by keyboard, grouped, saved, small, dark."""

import json
import re
from dataclasses import replace
from importlib import resources

import pytest

from course_utils.circuits import Grouping
from course_utils.views import export_circuit
from tests.test_circuit_plots import marked_graph
from tests.test_html import summary

HOSTILE = '</script><script>document.title = "run"</script>"><img src=x onerror=alert(1)>'


@pytest.fixture
def address(tmp_path):
    graph = replace(marked_graph(), tokens=("<|endoftext|>", HOSTILE))
    path = tmp_path / "circuit.html"
    export_circuit(
        graph, path, title="Why ship?", labels={3: HOSTILE, 4: "sails"}, summaries={(0, 17): summary()}
    )
    return path.as_uri()


@pytest.fixture
def opened(browser, address):
    """A tab with the network off; what goes wrong in it is an error of the test."""
    tabs, wrong = [], []

    def tab(address=address, **options):
        page = browser.new_context(offline=True, accept_downloads=True, **options).new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.on(
            "request", lambda r: wrong.append(r.url) if not r.url.startswith(("file:", "blob:")) else None
        )
        page.goto(address)
        tabs.append(page)
        return page

    yield tab
    for page in tabs:
        page.context.close()
    assert wrong == []


def focused(page):
    return page.evaluate(
        "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
    )


def node(page, i):
    return page.locator(f'svg [data-i="{i}"]')


def test_nothing_of_the_data_is_run_and_the_words_are_there(opened):
    page = opened()
    assert page.title() == "Why ship?" and page.locator("img").count() == 0
    assert HOSTILE in node(page, 3).get_attribute("aria-label")


def test_the_keyboard_leads_from_node_to_node_and_into_each(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert focused(page).startswith("answer")
    ring = page.evaluate("getComputedStyle(document.activeElement.querySelector('.hit')).strokeWidth")
    assert ring == "3px"
    page.keyboard.press("ArrowDown")
    assert focused(page).startswith("latent 1/4 “sails”")
    page.keyboard.press("Home")
    assert focused(page).startswith("token “BOS”")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert focused(page).startswith("latent 1/4 “sails”") and page.locator("#panel").is_visible()
    assert page.locator("#in li").count() == 2 and page.locator("#out li").inner_text().startswith(
        "-1.500 lowers"
    )
    assert "contradicted" in page.locator("#out li").inner_text()
    assert page.locator("svg .edge.on").count() == 3
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.i") == "4"
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden() and page.locator("svg .edge.on").count() == 0


def test_every_node_is_reached_with_arrows_alone(opened):
    page = opened()
    page.keyboard.press("Tab")
    seen, waiting = set(), [5]
    while waiting:
        here = waiting.pop()
        seen.add(here)
        for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
            node(page, here).focus()
            page.keyboard.press(key)
            there = int(page.evaluate("document.activeElement.dataset.i"))
            if there not in seen and there not in waiting:
                waiting.append(there)
    assert seen == set(range(6))


def test_a_click_opens_the_card_and_an_edge_leads_on(opened):
    page = opened()
    node(page, 3).click()
    assert "Latent 17 of layer 0" in page.locator("#chosen-card").inner_text()
    page.locator("#out button", has_text="sails").click()
    assert page.locator("#chosen-name").inner_text().startswith("latent 1/4")
    page.locator("#in button", has_text="error 0").click()
    assert "An error node" in page.locator("#chosen-note").inner_text()
    assert "nothing that is drawn" in page.locator("#in").inner_text()


def test_a_grouping_by_hand_is_in_the_file_that_is_saved(opened, tmp_path):
    page = opened()
    for i in (3, 4):
        node(page, i).focus()
        page.keyboard.press("p")
    page.locator("#name").fill(HOSTILE)
    page.keyboard.press("Enter")
    node(page, 1).focus()
    page.keyboard.press("p")
    assert page.locator("#small rect").count() == 3  # the group, the token and the answer
    with page.expect_download() as download:
        page.locator("#save").click()
    assert download.value.suggested_filename == "circuit-grouped.html"
    saved = tmp_path / "saved.html"
    download.value.save_as(saved)

    again = opened(saved.as_uri())
    assert json.loads(again.locator("#circuit").get_attribute("data-grouping")) == {
        "pinned": [3, 4, 1], "groups": [[HOSTILE, [3, 4]]],
    }  # fmt: skip
    assert HOSTILE in again.locator("#groups").inner_text() and again.title() == "Why ship?"
    assert again.locator(".node.pinned").count() == 3 and again.locator("#panel").is_hidden()
    again.locator("#groups button").click()
    assert again.locator("#groups li").count() == 0 and again.locator("#small rect").count() == 4
    again.locator("#clear").click()
    with again.expect_download() as download:
        again.locator("#save").click()
    third = tmp_path / "third.html"
    download.value.save_as(third)
    strip = re.compile(r'data-grouping="[^"]*"')
    assert strip.sub("", third.read_text()) == strip.sub(
        "", saved.read_text()
    )  # nothing grows from copy to copy


def test_a_grouping_written_by_python_or_damaged_is_read(browser, opened, tmp_path):
    path = tmp_path / "grouped.html"
    export_circuit(marked_graph(), path, grouping=Grouping(pinned=(3,), groups=(("both", (3, 4)),)))
    assert "both" in opened(path.as_uri()).locator("#groups").inner_text()
    html = path.read_text(encoding="utf-8").replace("[3, 4]", "[3, 99, null]")
    path.write_text(html, encoding="utf-8")
    page = opened(path.as_uri())
    assert page.locator("#groups li").count() == 1 and page.locator("#small rect").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_light_and_dark(opened, scheme):
    page = opened(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    node(page, 3).click()
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    paper, ink = (
        page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color")
    )
    dark, light = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (paper, ink))
    assert (dark < light) == (scheme == "dark")


def test_in_print_the_table_is_open_and_the_picture_fits(opened):
    page = opened(viewport={"width": 720, "height": 1000})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("#table table").is_visible() and page.locator("#group").is_hidden()
    assert page.locator("svg[role=listbox]").bounding_box()["width"] <= 720


def test_without_scripts_picture_table_and_cards_remain(browser, address):
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator("svg [data-i]").count() == 6 and page.locator("#hand").is_hidden()
    page.locator("#table summary").click()
    assert page.locator("#table tbody tr").count() == 8
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, address, scheme):
    axe = pytest.importorskip("axe_playwright_python", reason="comes with the extra for tests in a browser")
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    node(page, 3).click()
    node(page, 3).press("p")
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    page.evaluate(resources.files(axe).joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found] == []
    context.close()
