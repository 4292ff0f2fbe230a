"""Fill a page's template: everything is escaped, unless it is marked as HTML already.

A template is a file ``<name>.html.jinja`` in the folder of its wing. Line breaks and indentation only lay out the
template: they are left out, so a page holds no more bytes than it needs.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def render_template(wing: str, name: str, **values: Any) -> str:
    """Fill ``course_utils/<wing>/<name>.html.jinja``; HTML that is ready comes as ``markupsafe.Markup``.

    Examples:
        >>> render_template("views", "dashboard_entry", latent="7", facts="fires on <b>", words="", card="")
        '<details data-words=""><summary><b>7</b> fires on &lt;b&gt;</summary></details>'

    Returns:
        The page or card as one line of HTML.

    Raises:
        jinja2.UndefinedError: if the template needs a value that is not given.
        ValueError: if there is no such template.
    """
    if not (Path(__file__).parents[1] / wing / f"{name}.html.jinja").is_file():
        raise ValueError(f"there is no template {wing}/{name}.html.jinja")
    return _environment().get_template(f"{wing}/{name}.html.jinja").render(**values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # here: importing a face stays quick

    class OneLine(FileSystemLoader):
        def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:
            source, path, is_fresh = super().get_source(environment, template)
            return re.sub(r"\n *", "", source), path, is_fresh

    return Environment(loader=OneLine(Path(__file__).parents[1]), autoescape=True, undefined=StrictUndefined)
