"""What a panel hands to a page that nothing runs behind: the name of a script, its data, and the controls.

    Panel(view, page=Page("city", lambda: {"places": numbers(places)}), turn=…, tilt=…)

The script, in ``scripts/city.js``, computes in the browser what ``view`` computes here. Where that takes a model, the
script is "frames": it shows what ``view`` gave at the states that are offered, and the page says which those are.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

    from course_utils.widgets.panel import Panel

FRAMES = "frames"
KINDS = {"SelectionSlider": "slide", "ToggleButtons": "buttons", "Dropdown": "choice", "Checkbox": "tick"}


class Page(NamedTuple):
    """How a panel lives on a page without a kernel.

    Examples:
        >>> Page("city", lambda: {"names": ["castle"]}).data()
        {'names': ['castle']}
    """

    script: str
    """Name of a file in ``scripts/``."""

    data: Callable[[], Any] = dict
    """Everything that the script needs, as JSON has it; called when a page is made, not in the notebook."""

    offered: Mapping[str, Sequence[Any]] = {}
    """Controls that offer less than in the notebook, with their values there; all of them where the script is "frames"."""

    asks: Mapping[str, Mapping[str, Sequence[str]]] = {}
    """A control, and for each of its values the others that then count."""


def numbers(values: Tensor) -> Any:
    """A tensor as nested lists of numbers with seven digits, which is what single precision has.

    Examples:
        >>> import torch
        >>> numbers(torch.tensor([[0.1, 2.0]]))
        [[0.1, 2.0]]
    """
    return _shortened(values.tolist())


def _shortened(value: Any) -> Any:
    return [_shortened(v) for v in value] if isinstance(value, list) else float(f"{value:.7g}")


def packed(value: Any) -> str:
    """Text or bytes, compressed (raw deflate), as base64: browsers unpack it with ``DecompressionStream``.

    Examples:
        >>> len(packed("<p>the same again</p>" * 1000)) < 300
        True

    Args:
        value: bytes as they are, anything else as JSON.
    """
    raw = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b64encode(deflate.compress(raw) + deflate.flush()).decode("ascii")


def words(html: str) -> str:
    """What a view says to somebody who reads only: its text, and in the place of a picture or a sound what it shows.

    Examples:
        >>> words('<p>5 of 5</p><img src="data:," alt="Arrows."><details><summary>More</summary>…</details>')
        '5 of 5 Arrows. More …'
    """
    html = re.sub(r'<audio\b[^>]*? aria-label="([^"]*)".*?</audio>', r" \1 ", html)
    html = re.sub(r'<img\b[^>]*? alt="([^"]*)"[^>]*>', r" \1 ", html)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def live_view(panel: Panel) -> dict[str, Any]:
    """All that a page needs to let a panel live there, as JSON takes it.

    Examples:
        >>> import ipywidgets as w
        >>> from course_utils.widgets import Panel
        >>> page = Page("frames", offered={"n": [1, 2]})
        >>> view = live_view(Panel(lambda n: f"<b>{n * n}</b>", page=page, title="Squares", n=w.IntSlider(1, 0, 9)))
        >>> view["title"], view["controls"][0]["values"], view["first"]
        ('Squares', [1, 2], 'Squares n: 1 Run this cell in a notebook to move the controls. 1')

    Args:
        panel: one with a `Page`. Where that keeps frames, the view is drawn at every setting that is offered.

    Returns:
        The panel's title, the script's name, the controls, the data, and in words what it shows at first.

    Raises:
        ValueError: if the panel hands nothing to pages.
    """
    page = panel.page
    if page is None:
        raise ValueError(f"{panel.title or 'this panel'} hands nothing to pages: it takes a Page")
    controls = [_described(name, c, page.offered.get(name)) for name, c in panel.controls.items()]
    return {
        "title": panel.title,
        "script": page.script,
        "controls": controls,
        "asks": page.asks,
        "data": {"frames": packed(dict(_frames(panel, page)))} if page.script == FRAMES else page.data(),
        "first": words(panel._repr_mimebundle_()["text/html"]),
    }


def _described(name: str, control: Any, offered: Sequence[Any] | None) -> dict[str, Any]:
    """A control as the page's script draws it; ``of`` is how many values the notebook has, None if it takes any text."""
    said: dict[str, Any] = {"name": name, "label": control.description, "value": control.value}
    kind = KINDS.get(type(control).__name__)
    if kind == "tick":
        return {**said, "kind": kind, "values": list(offered or [False, True])}
    if hasattr(control, "_options_values"):
        labels = dict(zip(control._options_values, map(str, control._options_labels), strict=True))
        values = list(labels if offered is None else offered)
        named = [labels[value] for value in values]
        return {**said, "kind": kind, "values": values, "labels": named, "of": len(labels)}
    if offered is None:
        return {**said, "kind": "range", "min": control.min, "max": control.max, "step": control.step}
    whole = len(offered) > 1 and all(isinstance(value, int) for value in offered)
    even = whole and all(b - a == 1 for a, b in pairwise(offered))
    labels = [f"{value:g}" if isinstance(value, float) else str(value) for value in offered]
    return {
        **said,
        "kind": "slide" if even else "choice",
        "values": list(offered),
        "labels": labels,
        "of": round((control.max - control.min) / control.step) + 1 if hasattr(control, "max") else None,
    }


def states(panel: Panel, page: Page) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state that the page offers: the places of the values in their lists, as a key, and the values.

    Of a control that does not count, only its first value is taken, and its place is left out.
    """
    choices = [_described(name, c, page.offered.get(name))["values"] for name, c in panel.controls.items()]
    names, seen = list(panel.controls), set()
    for places in product(*(range(len(values)) for values in choices)):
        state = {name: values[i] for name, values, i in zip(names, choices, places, strict=True)}
        ignored = {
            other
            for leading, asked in page.asks.items()
            for other in {o for others in asked.values() for o in others} - set(asked[state[leading]])
        }
        key = ",".join("" if n in ignored else str(i) for n, i in zip(names, places, strict=True))
        if key not in seen:
            seen.add(key)
            yield key, state


def _frames(panel: Panel, page: Page) -> Iterator[tuple[str, str]]:
    for key, state in states(panel, page):
        yield key, panel.shown_at(**state)
