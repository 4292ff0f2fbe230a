"""Labels are 9 pixels high at least: no figure has smaller text than 8 points, and no page shows it smaller than that.

What formulas raise and lower is smaller, as in any print. tests/browser measures the pages themselves.
"""

import ast
import base64
import json
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup
from matplotlib import font_manager

from course_utils.desk import least_width
from course_utils.desk.legible import LEAST, SMALLEST_LABEL, keep_legible

plt.switch_backend("Agg")
ROOT = Path(__file__).parents[1]
SIZED = {"fontsize", "labelsize", "size", "title_fontsize", "legend_fontsize"}


def sources():
    for path in sorted((ROOT / "course_utils" / "plots").glob("*.py")):
        yield path.name, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("day_*.ipynb")):
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], 1):
            if cell["cell_type"] == "code":
                yield f"{path.stem[:5]} cell {number}", "".join(cell["source"])


def points(size):
    """Of a size as matplotlib takes it, where labels have 10 points."""
    return 10 * font_manager.font_scalings[size] if isinstance(size, str) else size


def sizes(source):
    """(line, points) of every text that is given a size."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg in SIZED:
            for value in ast.walk(node.value):
                if isinstance(value, ast.Constant) and isinstance(value.value, (int, float, str)):
                    yield value.lineno, points(value.value)


def test_no_text_of_a_figure_is_smaller_than_is_said():
    found = [(place, line, size) for place, text in sources() for line, size in sizes(text)]
    assert len(found) > 40
    assert [each for each in found if each[2] < SMALLEST_LABEL] == []
    small = "ax.text(0, 0, name, fontsize=8 if wide else 'x-small')"
    assert [size for _, size in sizes(small)] == [8, pytest.approx(6.94)]


def png(width, height=2.0, **options):
    file = BytesIO()
    figure = plt.figure(figsize=(width, height))
    figure.savefig(file, **options)
    plt.close(figure)
    return file.getvalue()


@pytest.mark.parametrize("dpi", [72, 100, 144, 200])
def test_the_smallest_label_has_nine_pixels_at_the_least_width(dpi):
    least = least_width(png(8, dpi=dpi))
    label = SMALLEST_LABEL / 72 * dpi * least / (8 * dpi)
    assert LEAST <= label < LEAST + 0.1 or least == 8 * dpi  # nothing is blown up


def test_an_explorers_picture_goes_by_the_width_that_it_is_made_for():
    sharp = png(8, dpi=144)
    assert least_width(sharp, shown=768) == 648  # 8 points are 10.7 pixels there


def test_what_says_nothing_of_its_resolution_is_left_alone():
    bare = png(2, dpi=100).replace(b"pHYs", b"pHYz")
    assert least_width(bare) == least_width(b"") == least_width(b"GIF89a") == 0
    soup = BeautifulSoup(
        f'<img src="data:image/png;base64,{base64.b64encode(bare).decode()}">', "html.parser"
    )
    soup.append(BeautifulSoup('<img src="data:image/png;base64,abc=d">', "html.parser"))
    before = str(soup)
    keep_legible(soup, "img")
    assert str(soup) == before


def test_a_wide_figure_can_be_pushed_sideways_by_keyboard_and_a_narrow_one_is_no_tab_stop():
    html = "".join(
        f'<p><img src="data:image/png;base64,{base64.b64encode(png(w, dpi=100)).decode()}"></p>'
        for w in (3, 9)
    )
    soup = BeautifulSoup(html, "html.parser")
    keep_legible(soup, "img")
    narrow, wide = soup.select("div.sideways")
    assert not narrow.has_attr("tabindex") and narrow.img["style"] == "min-width:243px"
    assert wide["tabindex"] == "0" and wide.img["style"] == "min-width:729px"
