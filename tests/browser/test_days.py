"""Every day in a real JupyterLab: run all, look for errors, move a control of every explorer, ask for help.

What is asserted is what a learner sees: the page, not the kernel.
"""

import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("day_*.ipynb"))
RUN_SECONDS = 600
ERROR = '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]'


def explorers_kept(notebook: Path) -> int:
    """How many explorers the notebook's kept outputs hold."""
    cells = json.loads(notebook.read_text())["cells"]
    said = [
        "".join(output["data"].get("text/plain", ""))
        for cell in cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    return sum("run the notebook to move the controls" in text for text in said)


def run_all(page) -> None:
    """Click Run All Cells; a click that comes before the kernel is attached is lost, so look whether cells start."""
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=120_000)
    dialog = page.locator(".jp-Dialog .jp-mod-accept")
    for _ in range(6):
        page.locator('#jp-MainMenu >> text="Run"').click()
        page.locator('.lm-Menu-itemLabel:text-is("Run All Cells")').click()
        try:
            page.locator(':text-is("[*]:")').first.wait_for(timeout=10_000)
            return
        except TimeoutError:
            if dialog.count():  # asks for a kernel while the notebook's own is still starting
                dialog.first.click()
    raise AssertionError("no cell started")


def wait_until_run(page) -> None:
    end = time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        prompts = page.locator(".jp-CodeCell .jp-InputArea-prompt").all_text_contents()
        if prompts and not any("*" in p for p in prompts):
            assert not [p for p in prompts if p.strip() in ("", "[ ]:")], "a cell was not run"
            return
        time.sleep(1)
    raise AssertionError(f"still running after {RUN_SECONDS} seconds")


def move_a_control(explorer) -> None:
    """The first control that there is, by keyboard where that is how one moves it."""
    slider, menu = explorer.locator(".noUi-handle"), explorer.locator("select")
    buttons, box, field = (
        explorer.locator(kind)
        for kind in (
            "button, .widget-toggle-buttons button",
            "input[type=checkbox], input[type=radio]",
            "input[type=text]",
        )
    )
    if slider.count():
        handle = slider.first
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        handle.focus()
        for _ in range(3):
            handle.press("ArrowLeft" if at_end else "ArrowRight")
    elif menu.count():
        options = menu.first.locator("option").count()
        chosen = menu.first.evaluate("menu => menu.selectedIndex")
        menu.first.select_option(index=(chosen + 1) % options)
    elif field.count():
        field.first.fill("the violin and the snow")
        field.first.press("Enter")
    elif box.count():
        box.last.click()
    else:
        buttons.last.click()


def assert_changes(explorer) -> None:
    view = explorer.locator(".course-view").first
    before = view.inner_html()
    explorer.scroll_into_view_if_needed()
    move_a_control(explorer)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if view.inner_html() not in (before, ""):
            return
        time.sleep(0.1)
    raise AssertionError(f"a control was moved and nothing changed: {explorer.text_content()[:200]}")


def assert_explorers_move(page, notebook: Path) -> None:
    expected = explorers_kept(notebook)
    assert expected >= 2
    explorers = page.locator(".course-explorer")
    explorers.nth(expected - 1).wait_for(state="attached", timeout=30_000)
    assert explorers.count() == expected
    for i in range(expected):
        assert_changes(explorers.nth(i))


def assert_card_helps(page) -> None:
    """Hint and Solution of the first exercise."""
    card = page.locator('.jp-OutputArea-output:has(button:has-text("Hint 1 of"))').first
    card.locator('button:has-text("Hint 1 of")').click()
    card.locator("text=/^Hint 1 of/").last.wait_for(timeout=10_000)
    card.locator('button:text-is("Solution")').click()
    card.locator("pre").first.wait_for(timeout=10_000)
    assert card.locator("pre").first.inner_text().strip()


def assert_no_errors(page) -> None:
    assert page.locator(ERROR).all_text_contents() == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_day_in_jupyterlab(lab, page, notebook):
    page.goto(lab.url(notebook.name))
    run_all(page)
    wait_until_run(page)
    assert_no_errors(page)
    assert_explorers_move(page, notebook)
    assert_card_helps(page)
    assert_no_errors(page)


@pytest.mark.parametrize("notebook", NOTEBOOKS[:4:3], ids=lambda p: p.stem)
def test_a_day_in_notebook_7(lab, page, notebook):
    page.goto(lab.url(notebook.name, base="notebooks/"))
    run_all(page)
    wait_until_run(page)
    assert_no_errors(page)
    assert_explorers_move(page, notebook)
    assert_card_helps(page)


@pytest.mark.parametrize("notebook", NOTEBOOKS[:4:3], ids=lambda p: p.stem)
def test_a_day_in_voila(voila, page, notebook):
    page.set_default_timeout(RUN_SECONDS * 1000)
    page.goto(voila.url(notebook.name), wait_until="domcontentloaded")
    page.locator(".course-explorer").nth(explorers_kept(notebook) - 1).wait_for(state="attached")
    page.set_default_timeout(30_000)
    assert_no_errors(page)
    assert_explorers_move(page, notebook)
