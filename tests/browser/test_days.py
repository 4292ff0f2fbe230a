"""Every day in a real JupyterLab: run all, look for errors, move a control of every explorer, ask for help.

What is asserted is what a learner sees: the page, not the kernel.
"""

import json
import time
from pathlib import Path

import pytest

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


def wait_until_run(page) -> None:
    end = time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        prompts = page.locator(".jp-CodeCell .jp-InputArea-prompt").all_text_contents()
        if prompts and not any("*" in p for p in prompts):
            assert not [p for p in prompts if p.strip() in ("", "[ ]:")], "a cell was not run"
            return
        time.sleep(1)
    raise AssertionError(f"still running after {RUN_SECONDS} seconds")


def move_slider(slider, arrows: bool) -> None:
    """By the arrow keys; or by typing its number, one Tab further; or, where it has none to type, by the mouse."""
    handle = slider.locator(".noUi-handle").first
    now, least, most = (handle.get_attribute(f"aria-value{kind}") for kind in ("now", "min", "max"))
    number = slider.locator('.widget-readout[contenteditable="true"]')
    handle.focus()
    if arrows:
        for _ in range(3):
            handle.press("ArrowLeft" if now == most else "ArrowRight")
    elif number.count():
        handle.press("Tab")
        slider.page.keyboard.press("Control+A")
        slider.page.keyboard.type(str(round(float(most if now == least else least), 3)))
        slider.page.keyboard.press("Enter")
        slider.page.wait_for_timeout(500)
    if not arrows and handle.get_attribute("aria-valuenow") == now:  # a slider over a list takes no typing
        track = slider.locator(".noUi-target").bounding_box()
        slider.locator(".noUi-target").click(
            position={"x": track["width"] * (0.1 if now == most else 0.9), "y": 2}
        )


def move_a_control(explorer, arrows: bool) -> None:
    """The first control that there is, by keyboard where that is how one moves it."""
    sliders, menu = explorer.locator(".widget-slider"), explorer.locator("select")
    buttons, box, field = (
        explorer.locator(kind)
        for kind in (
            "button, .widget-toggle-buttons button",
            "input[type=checkbox], input[type=radio]",
            "input[type=text]",
        )
    )
    if sliders.count():
        move_slider(sliders.first, arrows)
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


def assert_changes(explorer, arrows: bool) -> None:
    view = explorer.locator(".course-view").first
    before = view.inner_html()
    explorer.scroll_into_view_if_needed()
    move_a_control(explorer, arrows)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if view.inner_html() not in (before, ""):
            explorer.locator(".course-busy").filter(has_not_text="…").wait_for(
                state="attached", timeout=90_000
            )
            return
        time.sleep(0.1)
    raise AssertionError(f"a control was moved and nothing changed: {explorer.text_content()[:200]}")


def assert_explorers_move(page, notebook: Path, arrows: bool = True) -> None:
    expected = explorers_kept(notebook)
    assert expected >= 2
    explorers = page.locator(".course-explorer")
    explorers.nth(expected - 1).wait_for(state="attached", timeout=30_000)
    assert explorers.count() == expected
    for i in range(expected):
        assert_changes(explorers.nth(i), arrows)


def assert_card_helps(page) -> None:
    """Hint and Solution of the first exercise."""
    # by "Hint" and no more: found again before each step, it must be the same card when its button says "Hint 2 of"
    card = page.locator('.jp-OutputArea-output:has(button:has-text("Hint"))').first
    card.locator('button:has-text("Hint 1 of")').click()
    card.locator('b:has-text("Hint 1 of")').wait_for(timeout=10_000)
    card.locator('button:text-is("Solution")').click()
    card.locator("pre").first.wait_for(timeout=10_000)
    assert card.locator("pre").first.inner_text().strip()


def assert_quiz_by_keyboard(page) -> None:
    """Space chooses the first option, Tab reaches the button, Enter presses it, and an answer comes."""
    choice = ".widget-radio input, .widget-checkbox input"
    quiz = page.locator(f'.jp-OutputArea-output:has(button:text-is("Check 1")):has({choice})').first
    quiz.scroll_into_view_if_needed()
    quiz.locator(choice).first.focus()
    page.keyboard.press("Space")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()").startswith("Check "):
            break
    else:
        raise AssertionError("Tab does not reach the button")
    page.keyboard.press("Enter")
    said = quiz.locator('[role="status"]').first
    said.wait_for(timeout=10_000)
    assert "Nothing is chosen yet" not in said.text_content()


CUT = """() => [...document.querySelectorAll(".course-explorer *")]
    .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != "inline")
    .filter(e => !e.closest(".widget-slider"))  // its handle stands over the track's end
    .map(e => `${e.tagName} ${e.className} ${e.scrollWidth} > ${e.clientWidth}: ${e.textContent.trim().slice(0, 60)}`)"""


def assert_nothing_is_cut_and_pictures_have_words(page) -> None:
    assert page.evaluate(CUT) == []
    words = page.evaluate(
        "[...document.querySelectorAll('.jp-OutputArea-output img')].map(image => image.alt)"
    )
    assert [said for said in words if len(said) < 15] == []


def assert_no_errors(page) -> None:
    assert page.locator(ERROR).all_text_contents() == []


def visits(front_end: str, notebooks: list[Path]):
    """Parameters of a test: the tab, and the notebook in it."""
    return pytest.mark.parametrize(
        ("tab", "notebook"),
        [((front_end, n), n) for n in notebooks],
        indirect=["tab"],
        ids=[n.stem for n in notebooks],
    )


@visits("jupyterlab", NOTEBOOKS)
def test_a_day_in_jupyterlab(tab, notebook):
    wait_until_run(tab)
    assert_no_errors(tab)
    assert_explorers_move(tab, notebook)
    assert_nothing_is_cut_and_pictures_have_words(tab)
    assert_card_helps(tab)
    assert_quiz_by_keyboard(tab)
    assert_no_errors(tab)


@visits("notebook_7", NOTEBOOKS[3:4])
def test_a_day_in_notebook_7(tab, notebook):
    """Notebook 7 takes the arrow keys before any widget sees them, so a slider's number is typed."""
    wait_until_run(tab)
    assert_no_errors(tab)
    assert_explorers_move(tab, notebook, arrows=False)
    assert_card_helps(tab)


@visits("voila", NOTEBOOKS[2:3])
def test_a_day_in_voila(tab, notebook):
    expected = explorers_kept(notebook)
    tab.locator(".course-explorer").nth(expected - 1).wait_for(state="attached", timeout=RUN_SECONDS * 1000)
    assert_no_errors(tab)
    assert_explorers_move(tab, notebook)
