"""Words for the pictures of a live notebook, which JupyterLab shows without any.

What a figure shows stands in its cell's metadata as ``alt``; JupyterLab sends the cell's id, and names the notebook to
the kernel. In front of a server that does so, a figure comes as ``<img alt="…">`` beside its PNG; everywhere else, as
where outputs are kept or compared, it comes as the PNG alone.
"""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
from html import escape
from pathlib import Path
from typing import Any

from course_utils.exercises.sharp_figures import just_drawn, sharpen

NOTEBOOK = "JPY_SESSION_NAME"
"""The variable in which Jupyter's server tells a kernel which notebook it runs."""


def dress_figures() -> None:
    """Let IPython show figures sharp and with their words, if this is a kernel."""
    shell = _shell()
    if getattr(shell, "kernel", None) is not None:
        # not the formatter of HTML: matplotlib's inline backend takes figures out of that one when it starts
        formatter = shell.display_formatter.mimebundle_formatter
        formatter.for_type_by_name("matplotlib.figure", "Figure", figure_bundle)


def figure_bundle(figure: Any) -> dict[str, str]:
    """A figure as a picture with its words, which goes beside its PNG; nothing if nobody names the notebook, or without PNG."""
    shell = _shell()
    if shell is not None:
        sharpen(shell, figure)
    if not os.environ.get(NOTEBOOK):
        return {}
    just_drawn.pop(figure, None)
    png = shell.display_formatter.formatters["image/png"](figure) if shell is not None else None
    png, shown = png if isinstance(png, tuple) else (png, {})  # a width comes along where figures are sharp
    if not png:
        return {}
    data = png if isinstance(png, str) else b64encode(png).decode()
    words = kept_words(_parent(shell)) or drawn_words(figure)
    width = ""
    if "width" in shown:
        just_drawn[figure] = data, shown
        width = f' width="{shown["width"]}"'
    return {"text/html": f'<img src="data:image/png;base64,{data}" alt="{escape(words)}"{width}>'}


def kept_words(request: dict[str, Any]) -> str:
    """The words that the notebook keeps for the cell that is running; none if the cell was changed since.

    Examples:
        >>> kept_words({"metadata": {}})
        ''

    Args:
        request: Jupyter's message that asked the kernel to run the cell.
    """
    asked = request.get("metadata", {}).get("cellId")
    if not asked:
        return ""
    try:
        cells = json.loads(Path(os.environ.get(NOTEBOOK, "")).read_text(encoding="utf-8"))["cells"]
        (cell,) = (cell for cell in cells if cell.get("id") == asked)
        unchanged = "".join(cell["source"]).strip() == request["content"]["code"].strip()
        return str(cell["metadata"].get("alt", "")) if unchanged else ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def drawn_words(figure: Any) -> str:
    """What a figure says of itself: its titles, and what its axes and lines are called.

    Examples:
        >>> import matplotlib.pyplot as plt
        >>> ax = plt.subplots()[1]
        >>> _ = ax.plot([1, 2], label="held out"), ax.set(title="Loss", xlabel="step")
        >>> drawn_words(ax.figure)
        'Figure: Loss; across: step; lines: held out'
        >>> plt.close()
    """
    said = []
    for ax in figure.axes:
        handles, labels = ax.get_legend_handles_labels()
        parts = {
            "": ax.get_title(),
            "across: ": ax.get_xlabel(),
            "up: ": ax.get_ylabel(),
            "lines: ": ", ".join(labels) if handles else "",
        }
        words = "; ".join(name + text for name, text in parts.items() if text)
        if words and words not in said:
            said.append(words)
    return f"Figure: {'. '.join(said)}" if said else "A figure without titles"


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _parent(shell: Any) -> dict[str, Any]:
    try:
        return shell.kernel.get_parent("shell") or {}
    except Exception:  # an older ipykernel, or another kernel's
        return {}
