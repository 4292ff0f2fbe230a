"""What a reader who cannot see a figure is told in a live notebook."""

import json
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest

from course_utils.exercises import picture_words
from course_utils.exercises.picture_words import dress_figures, figure_bundle, kept_words

CODE = "plot_loss()\nplt.show()"


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    cell = {"id": "cell-007", "source": [CODE], "metadata": {"alt": "The loss falls & falls."}}
    path = tmp_path / "day.ipynb"
    path.write_text(json.dumps({"cells": [{"id": "cell-001", "source": "", "metadata": {}}, cell]}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return path


def request(cell="cell-007", code=CODE):
    return {"metadata": {"cellId": cell}, "content": {"code": code}}


def test_the_words_are_those_of_the_cell_that_runs(notebook):
    assert kept_words(request()) == "The loss falls & falls."
    assert kept_words(request("cell-001", "")) == "" == kept_words(request("nowhere"))


def test_a_cell_that_was_changed_shows_something_else(notebook):
    assert kept_words(request(code="plot_accuracy()")) == ""


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 3}', '{"cells": [{"id": "cell-007"}]}'])
def test_a_notebook_that_cannot_be_read_does_no_harm(notebook, text):
    notebook.write_text(text)
    assert kept_words(request()) == ""
    notebook.unlink()
    assert kept_words(request()) == ""


class Picture:
    """Of no kind."""


class Pngs:
    """A formatter that gives one answer."""

    def __init__(self, png):
        self.png = png

    def __call__(self, figure):
        return self.png

    def lookup(self, figure):
        raise KeyError(figure)


def kernel(monkeypatch, png="iVBORw0"):
    """A shell in a kernel, whose formatter of PNGs gives ``png``."""
    by_name = {}
    bundles = SimpleNamespace(
        for_type_by_name=lambda module, name, show: by_name.update({(module, name): show})
    )
    formatters = {"image/png": Pngs(png)}
    shell = SimpleNamespace(
        kernel=SimpleNamespace(get_parent=lambda channel: request()),
        display_formatter=SimpleNamespace(formatters=formatters, mimebundle_formatter=bundles),
    )
    monkeypatch.setattr(picture_words, "_shell", lambda: shell)
    return by_name


@pytest.mark.parametrize("png", ["iVBORw0", ("iVBORw0", {"width": 300}), b"\x89PNG\r"])
def test_a_figure_comes_as_a_picture_with_words(notebook, monkeypatch, png):
    kernel(monkeypatch, png)
    shown = figure_bundle(Picture())["text/html"]
    assert (
        shown.startswith('<img src="data:image/png;base64,iVBORw0')
        and 'alt="The loss falls &amp; falls."' in shown
    )
    assert shown.endswith(' width="300">') == isinstance(png, tuple)


def test_a_figure_of_a_changed_cell_says_what_its_axes_say(notebook, monkeypatch):
    kernel(monkeypatch)
    notebook.unlink()
    ax = plt.subplots()[1]
    ax.set(title="a <b>", ylabel="loss")
    assert 'alt="Figure: a &lt;b&gt;; up: loss"' in figure_bundle(ax.figure)["text/html"]
    plt.close(ax.figure)


def test_only_in_front_of_a_server_that_names_its_notebook(notebook, monkeypatch):
    registered = kernel(monkeypatch)
    dress_figures()
    assert registered == {("matplotlib.figure", "Figure"): figure_bundle}
    ax = plt.subplots()[1]
    assert figure_bundle(ax.figure)
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert figure_bundle(ax.figure) == {}
    plt.close(ax.figure)
    kernel(monkeypatch, None)
    assert figure_bundle(Picture()) == {}


def test_not_outside_of_a_kernel(monkeypatch):
    registered = kernel(monkeypatch)
    del picture_words._shell().kernel
    dress_figures()
    assert registered == {}


def test_in_a_real_shell_the_words_outlive_the_start_of_the_inline_backend(notebook, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.pylabtools import select_figure_formats
    from matplotlib.figure import Figure

    shell = InteractiveShell()
    shell.kernel = SimpleNamespace(get_parent=lambda channel: request())
    monkeypatch.setattr(picture_words, "_shell", lambda: shell)
    dress_figures()
    select_figure_formats(shell, {"png"})
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    shown, _ = shell.display_formatter.format(figure)
    assert (
        'alt="The loss falls &amp; falls."' in shown["text/html"] and shown["image/png"] in shown["text/html"]
    )


def test_a_figure_is_drawn_once_and_anew_when_it_has_changed(notebook, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.pylabtools import select_figure_formats
    from matplotlib.figure import Figure

    shell, drawn = InteractiveShell(), []
    shell.kernel = SimpleNamespace(get_parent=lambda channel: request())
    monkeypatch.setattr(picture_words, "_shell", lambda: shell)
    dress_figures()
    select_figure_formats(shell, {"png"})
    figure = Figure(figsize=(1, 1))
    axes = figure.subplots()
    print_figure = figure.canvas.print_figure
    monkeypatch.setattr(
        figure.canvas, "print_figure", lambda *a, **k: (drawn.append(1), print_figure(*a, **k))[1]
    )
    before, _ = shell.display_formatter.format(figure)
    assert len(drawn) == 1 and before["image/png"] in before["text/html"]
    axes.plot([1, 2])
    after, _ = shell.display_formatter.format(figure)
    assert len(drawn) == 2 and after["image/png"] != before["image/png"]
