"""Every explorer moved at random: no exception, no stale view, and no memory or widget more."""

import gc
import re
from inspect import isgenerator

import ipywidgets as w
import psutil
import pytest

from course_utils import widgets
from course_utils.widgets import Panel
from tools.stress_inputs import good_arguments

PART = "explorers"
PANELS = [name for name in widgets.__all__ if name.endswith("_panel")]
WORDS = [
    "the violin and the snow",
    "",
    "  ",
    "<img src=x onerror=alert(1)>",
    "$x^$",
    "鯨 🐋 ​",
    "a" * 300,
    "\ud800",
]
GROWTH = 0.05


def explorer(name):
    """As its docstring's example makes it."""
    owner = getattr(widgets, name)
    function, args, kwargs = good_arguments(owner, owner, name)
    return function(*args, **kwargs)


def moved(control, chance):
    """Another value, as a hand could choose it; None if nothing can be moved."""
    if isinstance(control, w.Text | w.Textarea | w.Combobox):
        return chance.choice(WORDS)
    if isinstance(control, w.Checkbox | w.ToggleButton):
        return not control.value
    options = getattr(control, "_options_values", None)
    if options:
        return chance.choice(options)
    if hasattr(control, "min") and hasattr(control, "max"):
        steps = int((control.max - control.min) / control.step)
        return min(control.min + chance.randint(0, steps) * control.step, control.max)
    return None


def drawn(panel):
    """What its view gives for the values that its controls have now."""
    html = panel._view(**panel.values)
    return list(html)[-1] if isgenerator(html) else html


def resident():
    gc.collect()
    return psutil.Process().memory_info().rss


@pytest.mark.parametrize("name", PANELS)
def test_random_moves(name, chance, many, tally):
    panel, outcomes = explorer(name), {}
    assert isinstance(panel, Panel)
    n, before, n_widgets = many(500), None, 0
    for move in range(n):
        if move == n // 2:  # caches are filled
            before, n_widgets = (
                resident(),
                len(w.widget.Widget._instances if hasattr(w.widget.Widget, "_instances") else ()),
            )
        which = chance.choice(list(panel.controls))
        value = moved(panel.controls[which], chance)
        if value is None:
            continue
        said = f"move {move}: {which} to {value!r:.60}"
        try:
            panel.set(**{which: value})
            failed = "This view failed" in panel.html
            # of the slow ones a part is drawn once more, and a game goes on by itself
            check = name != "rating_panel" and (not panel._slow or move % 20 == 0)
            stale = check and not failed and at_any_time(panel.html) != at_any_time(shown_again(panel))
            outcomes[said] = "the view failed" if failed else "stale" if stale else ""
        except Exception as error:
            outcomes[said] = repr(error)[:200]
    assert before is not None
    grown = resident() / before - 1
    outcomes["growth"] = f"memory grew by {grown:.1%}" if grown > GROWTH else ""
    more = len(w.widget.Widget._instances) - n_widgets if n_widgets else 0
    outcomes["widgets"] = f"{more} widgets more" if more else ""
    tally(f"moves of `{name}`", outcomes)


def at_any_time(html):
    """Without the second from which a sound plays on, which goes by the clock."""
    return re.sub(r"#t=[\d.]+", "", html)


def shown_again(panel):
    """What the panel would show now, a ValueError's sentence included."""
    from html import escape

    try:
        return drawn(panel)
    except ValueError as error:
        return f"<i>{escape(str(error))}</i>"
