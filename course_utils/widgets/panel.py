"""Explorers: controls above one view, and the view alone where widgets cannot run.

    tuner_panel = Panel(view, title="Tune in", angle=w.FloatSlider(…))     # view(angle=…) -> HTML

The saved notebook, a code host and print show the first view as plain HTML; a live notebook shows the controls.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from html import escape
from threading import current_thread, main_thread
from time import perf_counter
from typing import Any, Protocol

import ipywidgets as w
from IPython import get_ipython

from course_utils.base import without_formulas
from course_utils.widgets.page import Page

WIDGET = "application/vnd.jupyter.widget-view+json"
"""The media type under which a notebook's front end finds the live widget of an output."""

BEARABLE = 0.1
"""Seconds from a control to its picture that need no sign."""


def _loop_of_cells() -> Any:
    """The kernel's main loop if this is another thread, else None.

    JupyterLab from 4.4 on sends moved controls to a thread of their own (a subshell of ipykernel 7), even while a cell
    runs.
    """
    if current_thread() is main_thread():
        return None
    return getattr(getattr(get_ipython(), "kernel", None), "io_loop", None)


def _width(control: Control) -> str | None:
    """Room for the whole description: ipywidgets takes it from the slider's track or the menu's text otherwise."""
    match control:
        case w.Dropdown():
            longest = max((len(str(label)) for label in control._options_labels), default=0)
            return f"{min(0.55 * (len(control.description) + longest) + 6, 50):.0f}em"
        case w.ToggleButtons() | w.Checkbox():
            return "auto"
        case _ if hasattr(control, "readout"):
            return f"{0.5 * len(control.description) + 8 + _track(control):.0f}em"
        case _:
            return None


def _track(slider: Any) -> float:
    """Ems for the states of a slider: each can be pointed at, up to a hundred or so."""
    if hasattr(slider, "options"):
        n_states = len(slider.options)
    else:
        n_states = (slider.max - slider.min) / (slider.step or 1) + 1
    return min(max(0.3 * n_states, 10), 34)


class Control(Protocol):
    """What a panel needs of a widget; every value widget of ipywidgets that has a description has it."""

    value: Any
    description: Any
    style: Any
    layout: Any
    observe: Any
    has_trait: Any
    set_trait: Any


class Panel:
    """Controls above one HTML view.

    Where drawing takes longer than a tenth of a second, a sign says that work is going on. Moves that come meanwhile do
    not queue: what is drawn next is the last state.

    Examples:
        >>> panel = Panel(lambda n: f"<b>{n * n}</b>", title="Squares", n=w.IntSlider(3, 0, 9))
        >>> panel.html, panel.set(n=5).html
        ('<b>9</b>', '<b>25</b>')
        >>> panel
        Squares (n: 5); run the notebook to move the controls

    Args:
        view: takes the controls' values by name, returns an HTML string. What it raises as ``ValueError`` is shown
            as a sentence in the view's place; any other exception is shown and raised.
        title: stands above the controls.
        slow: for views that take much longer than a tenth of a second: sliders report when they are let go, not on the
            way.
        idle: the names of the controls that change nothing, from the values of all; they are hidden meanwhile.
        page: what a page without a kernel gets to show the same; None leaves the first view there.
        controls: value widgets by name; one without a description is described by its name.

    Attributes:
        controls: the widgets by name, as they were given.
        page: as it was given.
    """

    sign = "working …"

    def __init__(
        self,
        view: Callable[..., str] | Callable[..., Iterator[str]],
        *,
        slow: bool = False,
        title: str = "",
        idle: Callable[[dict[str, Any]], Collection[str]] = lambda values: (),
        page: Page | None = None,
        **controls: Control,
    ) -> None:
        self._view: Callable[..., Any] = view
        self.title, self.controls, self.page, self._slow, self._idle = title, controls, page, slow, idle
        self._waiting = False
        self._shown = w.HTML().add_class("course-view")
        self._busy = w.HTML().add_class("course-busy")
        for name, control in controls.items():
            control.description = control.description or name.replace("_", " ")
            control.style.description_width = "initial"
            control.layout.width = control.layout.width or _width(control)
            control.layout.max_width = "100%"
            if isinstance(control, w.ToggleButtons):  # a row of their own, each as wide as its words
                control.style.button_width, control.layout.flex = "auto", "1 0 100%"
            if slow and control.has_trait("continuous_update"):
                control.set_trait("continuous_update", False)
            control.observe(self._moved, names="value")
        row = w.HBox([*controls.values(), self._busy], layout=w.Layout(flex_flow="row wrap"))
        head = [w.HTML(self._heading())] if title else []
        self._box = w.VBox([*head, row, self._shown]).add_class("course-explorer")  # found by tests/browser
        self._draw()

    @property
    def values(self) -> dict[str, Any]:
        """Where each control stands now, by name."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def html(self) -> str:
        """What is shown now, without title and controls."""
        return self._shown.value

    def set(self, **values: Any) -> Panel:
        """Move controls, by name, as a hand would; the view follows. Returns the panel itself."""
        for name, value in values.items():
            self.controls[name].value = value
        return self

    def shown_at(self, **values: Any) -> str:
        """What the view gives at these values of all controls, which stay where they are; a complaint as a sentence."""
        try:
            *_, shown = self._pages(values)
        except ValueError as error:
            return f"<i>{escape(str(error))}</i>"
        return shown

    def _heading(self) -> str:
        return f"<b>{escape(self.title)}</b>"

    def _moved(self, _: Any = None) -> None:
        """Draw in the thread that runs the cells: no two may run one model at once, since its hooks would meet."""
        loop = _loop_of_cells()
        if loop is None:
            self._draw()
        elif not self._waiting:
            self._waiting = True
            self._say("waiting …")
            loop.add_callback(self._draw)

    def _draw(self) -> None:
        self._waiting = False  # what moves from here on is drawn again
        hidden = self._idle(self.values)
        for name, control in self.controls.items():
            control.layout.display = "none" if name in hidden else None
        if self._slow:
            self._say(self.sign)
        started = perf_counter()
        try:
            for shown in self._pages(self.values):
                self._shown.value = shown
        except ValueError as error:
            self._shown.value = f"<i>{escape(str(error))}</i>"
        except Exception as error:  # the front end would hide it and leave the old view standing
            self._shown.value = f"<i>This view failed: {escape(repr(error))}</i>"
            raise
        finally:
            self._say("")
        self._slow = self._slow or perf_counter() - started > BEARABLE

    def _pages(self, values: dict[str, Any]) -> Iterator[str]:
        """What is shown one after the other."""
        yield self._view(**values)

    def _say(self, what: str) -> None:
        """Beside the controls; a screen reader is told as well."""
        self._busy.value = f'<span role="status">{what}</span>'

    def _settings(self) -> str:
        """The controls as one line, for readers who cannot move them."""
        parts = []
        for name, control in self.controls.items():
            shown = getattr(control, "label", None) or control.value  # a menu's entry, not what it stands for
            if name not in self._idle(self.values) and shown is not None:
                words = {True: "yes", False: "no"}.get(shown) if isinstance(shown, bool) else None
                number = f"{shown:.4g}" if isinstance(shown, float) else shown
                parts.append(f"{control.description}: {words or number}")
        return " · ".join(parts)

    def __repr__(self) -> str:
        return f"{self.title or 'Explorer'} ({self._settings()}); run the notebook to move the controls"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        settings = (
            f'<div style="opacity:.8;font-size:90%">{escape(self._settings())}<br>'
            "<i>Run this cell in a notebook to move the controls.</i></div>"
        )
        return {
            "text/plain": repr(self),
            "text/html": without_formulas(f"<div>{self._heading()}{settings}{self.html}</div>"),
            WIDGET: {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id},
        }
