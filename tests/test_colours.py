"""One palette in one file, base/colours.py: no other file spells a colour of its own. Black, white and greys are none."""

import json
import re
from pathlib import Path

import pytest

from course_utils.base import BLUE_RGB, OKABE_ITO, ORANGE_RGB
from course_utils.widgets import live_scripts, live_style

ROOT = Path(__file__).parents[1]
HOME = "course_utils/base/colours.py"
THEMES = {
    "course_utils/desk/looks/page.css": "takes the place of nbconvert's colours, of code too, by its variables",
    "course_utils/views/circuit_style.html.jinja": "a page of its own, light, dark and printed, by variables of its own",
    "course_utils/exercises/rendering.py": "code where JupyterLab's variables are not there",
    "tools/book/conf.py": "what Furo takes for links, light and dark",
}
"""Where whole themes are set, each with the reason; only as variables, so that no rule there has a colour."""

HEX = re.compile(r"(?<![&\w])#([0-9a-f]{6}|[0-9a-f]{3,4}|[0-9a-f]{8})\b", re.IGNORECASE)
RGB = re.compile(r"rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)")
NAMED = re.compile(
    r"""colou?rs?\s*[=:]\s*["']?(?:tab:\w+|C\d|red|green|blue|orange|purple|brown|pink|yellow|cyan|magenta)\b"""
)
VARIABLE = re.compile(
    r"""--[\w-]+\s*[:,]\s*#[0-9a-f]{3,8}|"color-brand-\w+": "#[0-9a-f]{6}\"""", re.IGNORECASE
)


def spelled(text):
    """The colours in a text that are neither black, white nor grey."""
    found = []
    for each in HEX.finditer(text):
        digits = each[1] if len(each[1]) >= 6 else "".join(2 * digit for digit in each[1])
        if len({digits[i : i + 2].lower() for i in (0, 2, 4)}) > 1:
            found.append(each[0])
    found += [each[0] for each in RGB.finditer(text) if len(set(each.groups())) > 1]
    return found + NAMED.findall(text)


def sources():
    folders = ("course_utils", "solutions", "tools", "notebooks")
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if name == HOME or name.startswith("course_utils/data/"):
            continue
        if path.suffix == ".py":
            yield name, re.sub(r'""".*?"""', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        elif path.suffix in (".css", ".js", ".jinja"):
            yield name, path.read_text(encoding="utf-8")
        elif path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            yield name, "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_no_other_file_spells_a_colour():
    texts = dict(sources())
    assert len(texts) > 200 and set(THEMES) <= set(texts)
    for name in THEMES:
        assert spelled(texts[name]), f"{name} needs no exception any more"
        texts[name] = VARIABLE.sub("", texts[name])
    assert {name: found for name, text in texts.items() if (found := spelled(text))} == {}


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ('fill: "#0072B2"', 1),
        ("border: 1px solid #8a8a8a", 0),
        ("color:#fff;background:#e90", 1),
        ("rgba(255, 140, 0, .5)", 1),
        ("rgba(128,128,128,.4)", 0),
        ('color="tab:orange"', 1),
        ("&#8217; issue #1234567 [a](#term-5)", 0),
    ],
)
def test_what_counts_as_a_colour(text, n):
    assert len(spelled(text)) == n


def test_pages_get_the_palette_as_variables():
    style = live_style()
    assert all(f"--course-{name}:{colour};" in style for name, colour in OKABE_ITO.items())
    assert f"--orange-rgb:{ORANGE_RGB};" in style and f"--blue-rgb:{BLUE_RGB};" in style
    used = {
        name for text in (style, *live_scripts().values()) for name in re.findall(r"var\(--([\w-]+)", text)
    }
    given = set(re.findall(r"--([\w-]+):", style)) | {
        "share",
        "least",
    }  # those two are set where they are used
    assert used <= given
