from threading import Thread, current_thread, main_thread
from types import SimpleNamespace

import ipywidgets as w
import pytest

from course_utils.views import picture
from course_utils.widgets import WIDGET, Panel


def doubled(n):
    if n == 3:
        raise ValueError("3 is < too odd")
    return f"<p>{2 * n}</p>"


def test_a_moved_control_changes_the_view():
    panel = Panel(doubled, n=w.IntSlider(1, 0, 5))
    assert panel.html == "<p>2</p>"
    assert panel.set(n=5).html == "<p>10</p>"


def test_a_value_error_is_a_sentence_in_the_view_and_is_gone_after_the_next_move():
    panel = Panel(doubled, n=w.IntSlider(1, 0, 5)).set(n=3)
    assert panel.html == "<i>3 is &lt; too odd</i>"
    assert panel.set(n=2).html == "<p>4</p>"


def test_another_error_is_not_hidden():
    panel = Panel(lambda n: f"{1 / n}", n=w.IntSlider(1))
    with pytest.raises(ZeroDivisionError):
        panel.set(n=0)
    assert panel.html == "<i>This view failed: ZeroDivisionError(&#x27;division by zero&#x27;)</i>"


def test_without_widgets_the_view_and_the_settings_are_there():
    menu = w.Dropdown(options=[("two", 2), ("four", 4)], value=4, description="how many")
    bundle = Panel(doubled, title="Double <it>", n=menu)._repr_mimebundle_()
    said = "how many: four<br><i>Run this cell in a notebook to move the controls.</i></div><p>8</p></div>"
    assert bundle["text/html"].endswith(said)
    assert "Double &lt;it&gt;" in bundle["text/html"]
    assert bundle["text/plain"] == "Double <it> (how many: four); run the notebook to move the controls"
    assert WIDGET in bundle


def test_a_slow_view_is_drawn_when_the_slider_is_let_go():
    slider = w.FloatSlider(1.0)
    panel = Panel(lambda x: f"{x}", slow=True, x=slider)
    assert not slider.continuous_update
    assert panel.controls["x"].description == "x"


def test_moves_that_come_from_another_thread_wait_for_the_cells_and_only_the_last_is_drawn(monkeypatch):
    callbacks, drawn = [], []

    def view(n):
        drawn.append((n, current_thread() is main_thread()))
        return f"{n}"

    kernel = SimpleNamespace(io_loop=SimpleNamespace(add_callback=callbacks.append))
    monkeypatch.setattr("course_utils.widgets.panel.get_ipython", lambda: SimpleNamespace(kernel=kernel))
    panel = Panel(view, n=w.IntSlider(0, 0, 9))
    mover = Thread(target=lambda: panel.set(n=3).set(n=4).set(n=5))
    mover.start()
    mover.join()
    assert len(callbacks) == 1 and "waiting" in panel._busy.value and panel.html == "0"
    callbacks.pop()()
    assert drawn == [(0, True), (5, True)] and panel.html == "5" and "waiting" not in panel._busy.value
    panel.set(n=6)  # in this thread: at once
    assert callbacks == [] and panel.html == "6"


def test_a_sign_stands_beside_the_controls_while_a_view_is_drawn_that_was_slow_before(monkeypatch):
    signs = []

    def view(n):
        # the first is drawn before there is a panel
        signs.append("working" in panel._busy.value if n != 1 else None)
        return ""

    clock = iter([0.0, 0.01, 1.0, 1.2, 2.0, 2.01])  # two readings a drawing: quick, slow, quick
    monkeypatch.setattr("course_utils.widgets.panel.perf_counter", lambda: next(clock))
    panel = Panel(view, n=w.IntSlider(1, 0, 5))
    panel.set(n=2).set(n=3)
    assert signs == [None, False, True] and "working" not in panel._busy.value


def test_a_long_description_leaves_room_for_the_slider_and_the_menu():
    def width(control):
        Panel(lambda x: "", x=control)
        return float(control.layout.width.removesuffix("em"))

    assert width(w.IntSlider(description="n" * 40)) > width(w.IntSlider(description="n")) + 15
    assert width(w.Dropdown(options=["a" * 60])) > width(w.Dropdown(options=["a"])) + 20
    assert width(w.IntSlider(layout=w.Layout(width="7em"))) == 7


def test_a_picture_needs_words():
    assert picture(b"\x89PNG", 'a "cat"').endswith(
        'alt="a &quot;cat&quot;" style="max-width:100%;height:auto;background:#fff">'
    )
    wide = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (1440).to_bytes(4, "big") + b"the rest"
    assert ' width="960"' in picture(wide, "a cat")  # pixels of a fine screen
    with pytest.raises(ValueError, match="alt is empty"):
        picture(b"\x89PNG", " ")


def test_what_changes_nothing_is_hidden_until_it_does():
    menu, box = w.Dropdown(options=["n", "text"]), w.Text("sea")
    panel = Panel(
        lambda by, n, text: by,
        idle=lambda values: {"n": ["text"], "text": ["n"]}[values["by"]],
        by=menu, n=w.IntSlider(1), text=box,
    )  # fmt: skip
    hidden = lambda: [name for name, control in panel.controls.items() if control.layout.display == "none"]
    assert hidden() == ["text"]
    assert repr(panel).startswith("Explorer (by: n · n: 1);")
    panel.set(by="text")
    assert hidden() == ["n"]
    assert repr(panel).startswith("Explorer (by: text · text: sea);")


def test_settings_are_words_not_code():
    box, rating = w.Checkbox(True, description="show scores"), w.ToggleButtons(options=[1, 2], value=None)
    assert repr(Panel(lambda box, rating: "", box=box, rating=rating)).startswith(
        "Explorer (show scores: yes);"
    )


def test_a_slider_is_as_wide_as_its_range_and_words_are_never_cut():
    ems = lambda control: float(Panel(lambda x: "", x=control).controls["x"].layout.width.removesuffix("em"))
    few, many, list_of_many = (
        w.IntSlider(0, 0, 5),
        w.IntSlider(0, 0, 199),
        w.SelectionSlider(options=range(90)),
    )
    assert ems(few) < 20 < 35 < ems(list_of_many) <= ems(many)
    toggles = w.ToggleButtons(options=["a subject, with many exceptions", "a subject, with few"])
    box = w.Checkbox(description="tell me which was which (when you have rated them)")
    Panel(lambda rating, tell: "", rating=toggles, tell=box)
    assert toggles.style.button_width == box.layout.width == "auto"
