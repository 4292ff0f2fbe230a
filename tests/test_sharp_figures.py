"""Figures of a notebook come at 144 pixels an inch and say how wide they are shown."""

from base64 import b64decode
from io import BytesIO

import matplotlib.pyplot as plt
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.pylabtools import select_figure_formats
from matplotlib.figure import Figure
from matplotlib.image import imread

from course_utils.exercises.sharp_figures import sharpen


@pytest.fixture
def shell():
    return InteractiveShell()


def figure():
    drawn = Figure(figsize=(3, 2))
    drawn.subplots().imshow([[0, 1], [2, 3]])
    return drawn


def shown(shell, drawn):
    data, metadata = shell.display_formatter.format(drawn)
    return data.get("image/png"), metadata.get("image/png", {})


def width(png):
    """Pixels, by the file's head."""
    return int.from_bytes(b64decode(png)[16:20], "big")


def test_a_figure_has_more_pixels_than_it_takes_on_the_page(shell):
    select_figure_formats(shell, {"png"})
    plain, nothing = shown(shell, figure())
    sharpen(shell, figure())
    sharpen(shell, figure())  # at every cell, and only once
    png, metadata = shown(shell, figure())
    assert nothing == {} and metadata == {"width": round(width(png) / 1.5)}
    assert width(png) == pytest.approx(1.44 * width(plain), abs=3) and len(png) < len(plain)


def test_settings_of_the_backend_stay(shell):
    select_figure_formats(shell, {"png"}, bbox_inches=None)
    sharpen(shell, figure())
    png, _ = shown(shell, figure())
    assert width(png) == 3 * 144


@pytest.mark.parametrize("formats", [{"svg"}, {"retina"}, set()])
def test_what_somebody_chose_stays(shell, formats):
    select_figure_formats(shell, formats)
    before = shown(shell, figure())
    sharpen(shell, figure())
    assert shown(shell, figure()) == before


def test_an_empty_figure_is_not_shown(shell):
    select_figure_formats(shell, {"png"})
    sharpen(shell, figure())
    assert shown(shell, Figure()) == (None, {})
    plt.close("all")


def test_few_colours_are_near_the_true_ones_and_white_stays_white(shell):
    drawn = figure()
    drawn.axes[0].imshow([[i / 255 for i in range(256)]] * 60, cmap="PuOr_r")
    select_figure_formats(shell, {"png"}, dpi=144)
    true, _ = shown(shell, drawn)
    sharpen(shell, drawn)
    few, _ = shown(shell, drawn)
    true, few = (imread(BytesIO(b64decode(png)))[..., :3] for png in (true, few))
    assert abs(true - few).max() < 8 / 255
    assert (few[0, 0] == 1).all()
