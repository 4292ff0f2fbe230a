"""Explorers: controls above one view, and the view alone where widgets cannot run.

    tuner_panel = Panel(view, title="Tune in", angle=w.FloatSlider(…))     # view(angle=…) -> HTML

The saved notebook, a code host and print show the first view as plain HTML; a live notebook shows the controls.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as w

WIDGET = "application/vnd.jupyter.widget-view+json"


class Panel:
    """Controls above one HTML view.

    Args:
        view: takes the controls' values by name, returns an HTML string. What it raises as ``ValueError`` is shown
            as a sentence in the view's place.
        title: stands above the controls.
        slow: for views that take longer than a tenth of a second: sliders report when they are let go, not on the way,
            and a sign says that work is going on.
        controls: value widgets by name; one without a description is described by its name.
    """

    def __init__(
        self, view: Callable[..., str], title: str = "", *, slow: bool = False, **controls: w.ValueWidget
    ) -> None:
        self._view, self.title, self.controls, self._slow = view, title, controls, slow
        self._shown = w.HTML().add_class("course-view")
        self._busy = w.HTML()
        for name, control in controls.items():
            control.description = control.description or name.replace("_", " ")
            control.style.description_width = "initial"
            if slow and hasattr(control, "continuous_update"):
                control.continuous_update = False
            control.observe(self._draw, names="value")
        row = w.HBox([*controls.values(), self._busy], layout=w.Layout(flex_flow="row wrap"))
        head = [w.HTML(self._heading())] if title else []
        self._box = w.VBox([*head, row, self._shown]).add_class("course-explorer")  # found by tests/browser
        self._draw()

    @property
    def values(self) -> dict[str, Any]:
        return {name: control.value for name, control in self.controls.items()}

    @property
    def html(self) -> str:
        """What is shown now, without title and controls."""
        return self._shown.value

    def set(self, **values: Any) -> Panel:
        """Move controls as a hand would."""
        for name, value in values.items():
            self.controls[name].value = value
        return self

    def _heading(self) -> str:
        return f"<b>{escape(self.title)}</b>"

    def _draw(self, _: Any = None) -> None:
        self._busy.value = "working …" if self._slow else ""
        try:
            self._shown.value = self._view(**self.values)
        except ValueError as error:
            self._shown.value = f"<i>{escape(str(error))}</i>"
        finally:
            self._busy.value = ""

    def _settings(self) -> str:
        """The controls as one line, for readers who cannot move them."""
        parts = []
        for control in self.controls.values():
            shown = getattr(control, "label", None) or control.value  # a menu's entry, not what it stands for
            parts.append(
                f"{control.description}: {shown:.4g}"
                if isinstance(shown, float)
                else f"{control.description}: {shown}"
            )
        return " · ".join(parts)

    def __repr__(self) -> str:
        return f"{self.title or 'Explorer'} ({self._settings()}); run the notebook to move the controls"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        settings = f'<div style="opacity:.7;font-size:90%">{escape(self._settings())}</div>'
        return {
            "text/plain": repr(self),
            "text/html": f"<div>{self._heading()}{settings}{self.html}</div>",
            WIDGET: {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id},
        }
