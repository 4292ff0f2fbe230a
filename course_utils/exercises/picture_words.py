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

NOTEBOOK = "JPY_SESSION_NAME"
"""The variable in which Jupyter's server tells a kernel which notebook it runs."""


def give_figures_words() -> None:
    """Let IPython show figures with their words, if this is a kernel that knows its notebook."""
    shell = _shell()
    if getattr(shell, "kernel", None) is not None and os.environ.get(NOTEBOOK):
        formatter = shell.display_formatter.formatters["text/html"]
        formatter.for_type_by_name("matplotlib.figure", "Figure", figure_html)


def figure_html(figure: Any) -> str | None:
    """A figure with its words; None, which leaves the PNG as it is, where figures do not come as PNG."""
    shell = _shell()
    png = shell.display_formatter.formatters["image/png"](figure) if shell is not None else None
    if isinstance(png, tuple):  # with metadata, as where figures come in double resolution
        png = png[0]
    if not png:
        return None
    data = png if isinstance(png, str) else b64encode(png).decode()
    words = kept_words(_parent(shell)) or drawn_words(figure)
    return f'<img src="data:image/png;base64,{data}" alt="{escape(words)}">'


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
