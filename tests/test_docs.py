"""README, docs/ and CITATION.cff against what they speak of: links, pictures, minutes, exercises, version."""

import importlib.util
import json
import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from tools.minutes import PROMISE

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OTHERS = [
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "course_utils/data/README.md",
    "course_utils/data/pocket/MODEL_CARD.md",
]
DAYS = range(1, 8)


def markdown(day):
    """The source of a day's markdown cells."""
    (path,) = (ROOT / "notebooks").glob(f"day_{day}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def plan(day):
    """A day's part of docs/teaching.md."""
    text = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    return re.split(r"^##+ ", text.split(f"### Day {day} · ")[1], flags=re.MULTILINE)[0]


@pytest.fixture(scope="module")
def pictures():
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "tools" / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "page",
    [*PAGES, *(ROOT / name for name in OTHERS), *range(1, 8)],
    ids=lambda page: getattr(page, "name", page),
)
def test_links_lead_somewhere_and_no_heading_skips_a_level(page):
    folder = page.parent if isinstance(page, Path) else ROOT / "notebooks"
    text = page.read_text(encoding="utf-8") if isinstance(page, Path) else markdown(page)
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (folder / target).exists()] == []
    prose = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^(#+) .+", prose, flags=re.MULTILINE)
    assert heads[:1] == ["#"]
    assert [pair for pair in pairwise(map(len, heads)) if pair[1] > pair[0] + 1] == []


def test_pictures_are_those_of_the_notebooks(pictures):
    for name, (day, marker) in pictures.PICTURES.items():
        kept = (pictures.FOLDER / name).read_bytes()
        assert len(kept) <= pictures.MAX_BYTES
        assert kept == pictures.picture(pictures.code_cells(day), marker), f"{name}: run `make pictures`"


def test_every_picture_is_shown_and_made(pictures):
    shown = re.findall(
        r"!\[[^\]]+\]\(docs/pictures/([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")
    )
    made = [*pictures.PICTURES, "explorers.gif"]  # the last by tools/moving_picture.py
    assert sorted(shown) == sorted(made) == sorted(p.name for p in pictures.FOLDER.iterdir())


def test_a_marker_that_fits_no_picture_or_two_is_an_error(pictures):
    cell = {"source": ["plot()"], "outputs": [{"data": {"image/png": "AAAA"}}]}
    assert pictures.picture([cell], "plot") == b"\0\0\0"
    for cells in ([], [cell, cell]):
        with pytest.raises(LookupError):
            pictures.picture(cells, "plot")


def test_readme_gives_the_minutes_that_the_notebooks_give():
    rows = re.findall(
        r"^\| (\d) \| .*\| (\d+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    promised = {day: PROMISE.search(markdown(day).replace("\n", " ")).groups() for day in DAYS}
    sittings = {day: int(first) + int(second) for day, (first, second, _) in promised.items()}
    assert {int(day): int(minutes) for day, minutes in rows} == sittings


@pytest.mark.parametrize("day", DAYS)
def test_a_plan_has_85_minutes_and_every_exercise(day):
    assert sum(map(int, re.findall(r"^\| (\d+) \|", plan(day), re.MULTILINE))) == 85
    exercises = re.findall(r"^### (?:Exercise|Stretch) \S+ `(\w+)`", markdown(day), re.MULTILINE)
    to_do = plan(day).split("**Discuss:**")[0]
    assert [name for name in exercises if f"`{name}`" not in to_do] == []


def test_citation_fits_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert (
        citation["type"] == "software"
        and citation["authors"]
        and citation["title"] in (ROOT / "README.md").read_text()
    )
    version, date = re.search(
        r"^## (\S+) · (unreleased|\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    ).groups()
    assert version == project["version"], "the changelog's first part is this version's"
    assert date in ("unreleased", str(citation["date-released"]))


@pytest.mark.parametrize(
    "page", [*PAGES[:1], ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], ids=lambda p: p.name
)
def test_prose_is_wrapped(page):
    lines = page.read_text(encoding="utf-8").splitlines()
    whole = r"\||\[!\[|(- |!)?\[[^]]+\]\(\S+\)$"  # a row of a table, a button, a link: none can be broken
    assert [line for line in lines if len(line) > 120 and not re.match(whole, line)] == []


def test_a_how_to_has_twelve_lines_at_most():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    how_tos = page.split("## How to add …")[1].split("\n## ")[0].split("\n### ")[1:]
    assert len(how_tos) == 6
    assert max(len(text.strip().splitlines()) - 1 for text in how_tos) <= 12


def test_forms_for_issues_are_what_code_hosts_read():
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form)
        ids = [part["id"] for part in form["body"]]
        assert len(ids) == len(set(ids)) and all(part["attributes"]["label"] for part in form["body"])
