"""The site that `make book` writes, from the disk: whole, without the network, on a phone, dark and in its search."""

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from measures import ALIVE, cut, illegible

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "build" / "book"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
DAYS = [page for page in PAGES if page.startswith("notebooks/day_")]
GENERATED = ("genindex.html", "py-modindex.html", "search.html")
MAX_SITE, MAX_PAGE, MAX_PAINT = 25e6, 5e6, 1000
PUSHED = "pre, .formula, a.picture, .table-wrapper, .output:has(img[style*=min-width], table), details:not(.hide), .shown[tabindex]"
"""What the site lets one push sideways."""

SEARCHED = {  # what one looks for: a page that has to be found
    "polytope": "notebooks/day_3_superposition.html",
    "superposition": "notebooks/day_4_toy_models.html",
    "crosstalk": "docs/glossary.html",
    "FISTA": "notebooks/day_5_radio_interference.html",
    "dead latents": "notebooks/day_6_sparse_autoencoder.html",
    "steering": "notebooks/day_7_feature_steering.html",
    "grokking": "notebooks/day_2_polysemantic_reality.html",
    "grandmother cell": "notebooks/day_1_monosemantic_dream.html",
    "load_sae": "docs/dictionaries.html",
    "JupyterHub": "docs/teaching.html",
}


@pytest.fixture(scope="module")
def soups():
    assert PAGES, "build/book is empty: run `make book` first"
    return {page: BeautifulSoup((SITE / page).read_text(encoding="utf-8"), "html.parser") for page in PAGES}


def test_every_day_every_page_and_every_wing_are_there():
    assert len(DAYS) == 7
    names = {page.removesuffix(".html") for page in PAGES}
    docs = {path.relative_to(ROOT).with_suffix("").as_posix() for path in (ROOT / "docs").glob("*.md")}
    wings = {f"api/{face.parent.name}" for face in (ROOT / "course_utils").glob("*/__init__.pyi")}
    assert docs | wings | {"index", "search", "CONTRIBUTING", "CHANGELOG"} <= names


def test_sizes():
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) <= MAX_SITE
    assert [page for page in PAGES if (SITE / page).stat().st_size > MAX_PAGE] == []


def test_no_link_within_the_site_is_broken(soups):
    places = {page: {tag["id"] for tag in soup.select("[id]")} | {"", "top"} for page, soup in soups.items()}
    broken = []
    for page, soup in soups.items():
        for tag in soup.select("a[href], link[href], img[src], script[src]"):
            link = urlsplit(tag.get("href") or tag.get("src"))
            if link.scheme:
                continue
            target, place = (
                (SITE / page).parent / unquote(link.path) if link.path else SITE / page,
                link.fragment,
            )
            name = target.resolve().relative_to(SITE).as_posix()
            if not target.is_file() or unquote(place) not in places.get(name, {unquote(place)}):
                broken.append((page, tag.get("href") or tag.get("src")))
    assert broken == []


def test_formulas_are_typeset(soups):
    formulas = [math for soup in soups.values() for math in soup.find_all("math")]
    assert len(formulas) >= 50
    assert [str(math) for math in formulas if "\\" in math.get_text()] == []
    for page in DAYS:
        article = soups[page].find("article")
        for code in article.find_all(["pre", "code", "math", "style", "script"]):
            code.decompose()
        assert not re.search(r"\$[^$\n]*\\\w+[^$\n]*\$", article.get_text()), page


def test_what_answers_is_folded_and_pictures_say_what_they_show(soups):
    for page in DAYS:
        folded = [fold.get_text(" ", strip=True) for fold in soups[page].select("details.hide > summary")]
        assert sum("what came out" in text.lower() for text in folded) >= 5, page
        assert not soups[page].select("details[open]")
        for card in soups[page].select('[aria-label^="Exercise"]'):
            assert any("Hint" in fold.get_text() for fold in card.find_all("summary")), page
        pictures = soups[page].select(".cell_output a.picture img")
        assert pictures and all(len(picture["alt"]) > 30 for picture in pictures), page


def test_days_lead_on_and_to_the_glossary_and_to_papers(soups):
    for page, following in pairwise(DAYS):
        assert soups[page].select_one("a.next-page")["href"].endswith(Path(following).name)
    for page in DAYS:
        terms = [link["href"] for link in soups[page].select("a.term")]
        assert len(terms) >= 5 and len(terms) == len(set(terms)), page
    assert soups[DAYS[3]].select('a[href="https://arxiv.org/abs/2210.01892"]')


@pytest.fixture
def visit(browser):
    """Open a page of the site; what it asks of anything but the disk is a failure, and so is an error in it."""
    tab, wrong = browser.new_page(), []
    tab.on("request", lambda request: wrong.append(request.url) if re.match("https?:", request.url) else None)
    tab.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))

    def open_page(page):
        path, _, query = page.partition("?")
        tab.goto((SITE / path).as_uri() + (f"?{query}" if query else ""))
        return tab

    yield open_page
    tab.close()
    assert wrong == []


@pytest.mark.parametrize(
    "page", ["index.html", *DAYS, "docs/glossary.html", "docs/teaching.html", "api/sae.html"]
)
def test_a_page_loads_nothing_and_is_not_wider_than_its_window(visit, page):
    tab = visit(page)
    if page in DAYS:
        tab.evaluate(ALIVE)
        tab.evaluate("document.querySelectorAll('article details').forEach(fold => fold.open = true)")
    for width, scheme, is_dark in ((1280, "light", False), (390, "dark", True)):
        tab.set_viewport_size({"width": width, "height": 844})
        tab.emulate_media(color_scheme=scheme)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        if page in DAYS:
            wide = cut(tab, PUSHED)
            headings = "SECTION"  # theirs stand 8 pixels out
            assert [each for each in wide if not each.startswith(headings)] == []
            assert illegible(tab) == []
        colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", colour)[:3])) < 150) is is_dark
        em = "parseFloat(getComputedStyle(document.querySelector('article')).fontSize)"
        assert tab.evaluate(f"document.querySelector('article').clientWidth <= 45 * {em}")
    assert tab.evaluate("document.fonts.load('16px STIX Two Math').then(fonts => fonts.length)") == 1


def test_a_day_is_painted_within_a_second(visit):
    paints = []
    for _ in range(3):  # the machine may have other work
        tab = visit(max(DAYS, key=lambda page: (SITE / page).stat().st_size))
        paints.append(tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    assert min(paints) < MAX_PAINT


def test_the_search_finds_what_one_looks_for(visit):
    for words, page in SEARCHED.items():
        tab = visit(f"search.html?q={words}")
        tab.locator("#search-results p.search-summary:has-text('found')").wait_for(timeout=20_000)
        tab.locator(f"#search-results a[href^='{page}']").first.wait_for(timeout=20_000)
