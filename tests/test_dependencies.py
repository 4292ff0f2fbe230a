"""docs/dependencies.md against pyproject.toml, and what is said of packages that are not needed."""

import re
from pathlib import Path

from tools import dependencies

ROOT = Path(__file__).parents[1]


def test_every_dependency_has_a_reason_and_a_line_and_nothing_else_has():
    asked = [name for names in dependencies.asked_for().values() for name in names]
    assert set(dependencies.WHY) == set(asked)
    page = (
        (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").split("<!-- end of packages -->")[0]
    )
    listed = re.findall(r"^\| ([a-z0-9-]+) \| .* \| [\d.]+ \|$", page, re.MULTILINE)
    assert listed == asked, "run `course.py dependencies`"


def test_no_licence_forbids_what_ours_allows():
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    licences = re.findall(r"^\| [a-z0-9-]+ \| [^|]+ \| [^|]+ \| ([^|]+) \|", page, re.MULTILINE)
    assert not [
        text for text in licences if re.search(r"GPL|not stated|non-?commercial", text, re.IGNORECASE)
    ]


def test_what_comes_along_is_followed_and_what_is_left_out_is_not():
    assert {"nbconvert", "jinja2"} <= dependencies.brought("nbconvert")
    without = dependencies.brought("nbconvert", frozenset({"jinja2"}))
    assert "nbconvert" in without and "jinja2" not in without
