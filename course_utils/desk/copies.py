"""The notebooks as they lie in a learner's folder, with the pages that they link to.

In a clone they link to `../docs`; a folder has these pages beside its notebooks, since JupyterLab opens nothing above.
"""

from __future__ import annotations

import re
from pathlib import Path

from course_utils.base import DATA, shipped_notebooks

PAGE = re.compile(r"\]\(\.\./docs/([\w.]+\.md)")
LINK = re.compile(r"(?<!!)\[([^\[\]]*)\]\((?!https?:|#)([^)#\s]*)[^)\s]*\)")


def copied_notebook(shipped: Path) -> str:
    """A notebook's JSON with its links to the folder's own pages.

    Examples:
        >>> "](course_docs/glossary.md)" in copied_notebook(shipped_notebooks()[4])
        True
    """
    return PAGE.sub(r"](course_docs/\1", shipped.read_text(encoding="utf-8"))


def copied_pages() -> dict[str, str]:
    """Markdown of the pages that the notebooks link to, by file name; what they link to and no folder has is words only.

    Examples:
        >>> list(copied_pages())
        ['glossary.md', 'real_models.md']

    Raises:
        FileNotFoundError: if one is missing from this installation.
    """
    names = {name for path in shipped_notebooks() for name in PAGE.findall(path.read_text(encoding="utf-8"))}
    folder = next(place for place in (DATA / "pages", DATA.parents[1] / "docs") if place.is_dir())
    there = {name: (folder / name).read_text(encoding="utf-8") for name in sorted(names)}
    return {
        name: LINK.sub(lambda link: link[0] if link[2] in there else link[1], text)
        for name, text in there.items()
    }
