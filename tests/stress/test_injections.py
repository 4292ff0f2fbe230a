"""Texts that would be more than text in a page, put into every place that shows data, in a real browser."""

import json
import shutil
from pathlib import Path

import ipywidgets as w
import nbformat
import pytest
import torch

from course_utils.desk import export_html
from course_utils.exercises.rendering import rich
from course_utils.grade import ExerciseOutcome, Result, report_html
from course_utils.lm import Passage
from course_utils.reading import ConceptScores, Example, Family, Hit, LabelGuess, LatentSummary
from course_utils.views import (
    dashboard_entry,
    export_dashboard,
    hit_list,
    latent_card,
    picture,
    plain_table,
    token_strip,
)
from course_utils.widgets import (
    NeuronCard,
    Panel,
    Side,
    city_panel,
    concept_panel,
    dose_panel,
    family_panel,
    neuron_panel,
)

PART = "injections"
HIT = "window.hits=(window.hits||0)+1"
PAYLOADS = [
    f"<script>{HIT}</script>",
    f"<img src=x onerror={HIT}>",
    f"\"><img src=x onerror='{HIT}'>",
    f"'><svg/onload={HIT}>",
    f"<svg><script>{HIT}</script></svg>",
    f"</span></div></td></table><iframe srcdoc='<script>parent.{HIT}</script>'></iframe>",
    f"<a href='javascript:{HIT}'>x</a>",
    f"[x](javascript:{HIT})",
    f'![x](x" onerror="{HIT})',
    f"<details open ontoggle={HIT}>",
    f"<input autofocus onfocus={HIT}>",
    "<style>@import 'http://127.0.0.1:1/x'; *{display:none}</style>",
    "<link rel=stylesheet href=http://127.0.0.1:1/x><base href=http://127.0.0.1:1/>",
    f"<meta http-equiv=refresh content='0;javascript:{HIT}'>",
    "<form action=http://127.0.0.1:1/><button>x</button></form>",
    f"\u2028<script>{HIT}</script>\u2029",
    f"&lt;script&gt;{HIT}&lt;/script&gt;",
    f"<scr\u0000ipt>{HIT}</scr\u0000ipt>",
    f"`<script>{HIT}</script>`",
    f"$</span><img src=x onerror={HIT}>$",
    f"$$\\href{{javascript:{HIT}}}{{x}}$$",
    f"{{{{ 7*7 }}}}{{% raw %}}<script>{HIT}</script>",
    f"--><script>{HIT}</script><!--",
    f"]]><script>{HIT}</script>",
    f"</title></style></textarea><script>{HIT}</script>",
]


def summary(text):
    example = Example((f" {text}", text), (0.0, 3.25), peak=1, text=0, quantile=0.5)
    label = LabelGuess(text, 0.9)
    return LatentSummary(
        7, 100, 0.1, (example,), (example,), (3, 1), 3.25, ((text, 1.0),), ((text, -1.0),), ((4, 0.5),), label
    )


def exported(text, folder):
    cells = [
        nbformat.v4.new_markdown_cell(f"# {text}\n\n{text}"),
        nbformat.v4.new_code_cell(text, outputs=[
            nbformat.v4.new_output("stream", name="stdout", text=text),
            nbformat.v4.new_output("display_data", {"text/html": text, "text/plain": text}),
            nbformat.v4.new_output("display_data", {"text/markdown": text, "text/latex": text}),
            nbformat.v4.new_output("error", ename="E", evalue=text, traceback=[text]),
        ], metadata={"alt": text}),
    ]  # fmt: skip
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "day_1.ipynb")
    return export_html(folder / "day_1.ipynb", folder / "day_1.html").read_text(encoding="utf-8")


def passage(text):
    return Passage((" a", text), (0.0, 2.0), text=0, strongest=2.0)


def seen(panel):
    """A panel as a page without a kernel shows it."""
    return panel._repr_mimebundle_()["text/html"]


def fails(text):
    raise ValueError(text)


def dashboard(text, folder):
    export_dashboard(folder / "page.html", [summary(text)], title=text, note=text)
    return (folder / "page.html").read_text(encoding="utf-8")


def report(text, folder):
    outcome = ExerciseOutcome("wrong", 2, slips=(text,))
    return report_html([Result(text, text, {"day_6.fvu": outcome})])


PLACES = {
    "token_strip": lambda text, folder: token_strip([text, "b"], [1.0, 2.0]),
    "latent_card": lambda text, folder: latent_card(summary(text), title=text),
    "hit_list": lambda text, folder: hit_list([text, "b"], [Hit(0, 2.0, 1, (0.0, 3.0))], [LabelGuess(text, 0.9)]),
    "plain_table": lambda text, folder: plain_table([text], [[text]]),
    "dashboard_entry": lambda text, folder: str(dashboard_entry(summary(text))),
    "city_panel": lambda text, folder: seen(city_panel(torch.eye(3), [text, f"b{text}", "c"])),
    "concept_panel": lambda text, folder: seen(concept_panel(
        ConceptScores(*(torch.tensor([0.9]) for _ in range(5))), torch.tensor([0.95]),
        {text: NeuronCard(text, profile=[(text, 0.9)], passages=[(text, passage(text))])},
    )),
    "neuron_panel": lambda text, folder: seen(neuron_panel({text: [Side(text, 0.9, [passage(text)])] * 2})),
    "family_panel": lambda text, folder: seen(family_panel(
        [LabelGuess(text, 0.9)], {3: Family(torch.tensor([0, 0]), torch.tensor([1.0, 0.9]))}, {3: [LabelGuess(text, 0.9)] * 2}, parent=0
    )),
    "dose_panel": lambda text, folder: seen(dose_panel(
        [text, "b"], [0.0, 4.0], {text: torch.tensor([[0.0, 0.25], [0.0, 1.0]])}, {text: torch.ones(2, 2)}
    )),
    "Panel's title and error": lambda text, folder: seen(Panel(lambda n: fails(text), title=text, n=w.IntSlider(description=text))),
    "picture": lambda text, folder: picture(b"\x89PNG", text),
    "rich": lambda text, folder: rich(text),
    "export_dashboard": dashboard,
    "report_html": report,
    "export_html": exported,
}  # fmt: skip
FOREIGN = """
() => [...document.querySelectorAll('*')].flatMap(e => [
  ...(['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'BASE', 'FORM'].includes(e.tagName) && !e.dataset.ours && /hits|127/.test(e.outerHTML) ? [e.tagName] : []),
  ...[...e.attributes].filter(a => /^on/.test(a.name) || /^\\s*(javascript|vbscript):/i.test(a.value)).map(a => `${e.tagName}.${a.name}`),
])
"""


@pytest.fixture(scope="module")
def page():
    playwright = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page()
        browser.close()


def looked_at(page, html, path: Path):
    """What a payload did to a page: asked for something, ran, opened a dialog, or became an element."""
    asked, dialogs = [], []
    ask, dialog = lambda r: asked.append(r.url), lambda d: (dialogs.append(d.message), d.dismiss())
    page.on("request", ask)
    page.on("dialog", dialog)
    path.write_text(
        html if "<html" in html else f"<!doctype html><meta charset=utf-8>{html}",
        encoding="utf-8",
        errors="replace",
    )
    page.goto(path.as_uri(), wait_until="load")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_timeout(20)
    said = [f"asks for {url[:60]}" for url in asked if not url.startswith((path.as_uri(), "data:"))]
    said += ["runs"] * bool(page.evaluate("window.hits || 0")) + ["a dialog"] * bool(dialogs)
    said += [f"becomes {what}" for what in page.evaluate(FOREIGN)]
    page.remove_listener("request", ask)
    page.remove_listener("dialog", dialog)
    return ", ".join(said)


def test_the_browser_notices_what_is_not_escaped(page, tmp_path):
    """Or nothing below would mean anything."""
    noticed = [bool(looked_at(page, f"<p>{payload}</p>", tmp_path / "page.html")) for payload in PAYLOADS[:6]]
    assert noticed == [True] * 6, json.dumps(noticed)


@pytest.mark.parametrize("place", PLACES)
def test_text_stays_text(place, page, tmp_path, tally):
    outcomes = {}
    for payload in PAYLOADS:
        try:
            outcomes[payload] = looked_at(page, PLACES[place](payload, tmp_path), tmp_path / "shown.html")
        except Exception as error:
            outcomes[payload] = repr(error)[:200]
    tally(f"texts in `{place}`", outcomes)
