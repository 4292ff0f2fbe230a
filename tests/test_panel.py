import ipywidgets as w
import pytest

from course_utils.html import picture
from course_utils.widgets.panel import WIDGET, Panel


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
    with pytest.raises(ZeroDivisionError):
        Panel(lambda n: 1 / n, n=w.IntSlider(0))


def test_without_widgets_the_view_and_the_settings_are_there():
    menu = w.Dropdown(options=[("two", 2), ("four", 4)], value=4, description="how many")
    bundle = Panel(doubled, "Double <it>", n=menu)._repr_mimebundle_()
    assert bundle["text/html"].endswith("how many: four</div><p>8</p></div>")
    assert "Double &lt;it&gt;" in bundle["text/html"]
    assert bundle["text/plain"] == "Double <it> (how many: four); run the notebook to move the controls"
    assert WIDGET in bundle


def test_a_slow_view_is_drawn_when_the_slider_is_let_go():
    slider = w.FloatSlider(1.0)
    panel = Panel(lambda x: f"{x}", slow=True, x=slider)
    assert not slider.continuous_update
    assert panel.controls["x"].description == "x"


def test_a_picture_needs_words():
    assert picture(b"\x89PNG", 'a "cat"').endswith(
        'alt="a &quot;cat&quot;" style="max-width:100%;background:#fff">'
    )
    with pytest.raises(ValueError, match="alt is empty"):
        picture(b"\x89PNG", " ")
