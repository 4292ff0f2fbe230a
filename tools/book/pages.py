"""Lay out what the site is made from: the notebooks, every page in Markdown, and a page for each wing.

    python -m tools.book.pages FOLDER

Nothing is run. The folder keeps the repository's shape, so that a link from page to page leads there as it stands; what
else a page links to comes along as a download. MyST-NB reads what is folded, and what a picture shows, under names of
its own.
"""

from __future__ import annotations

import re
import shutil
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.desk import for_readers, least_width
from course_utils.grade import exercise_keys, read_notebook
from course_utils.widgets import live_output, live_scripts, live_style
from tools.address import address
from tools.book.wings import overview, wing_page, with_face
from tools.launch import launchers
from tools.layers import floors

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "The seven days": ["notebooks/day_*.ipynb", "notebooks/capstone.ipynb"],
    "To look things up": [
        "docs/glossary.md",
        "docs/claims.md",
        "docs/real_models.md",
        "docs/dictionaries.md",
        "docs/scaling.md",
        "docs/*.md",
    ],
    "The package": ["api/index.md"],
    "For teachers": ["docs/teaching.md", "docs/days.md"],
    "For maintainers": [
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/RELEASING.md",
        "course_utils/data/README.md",
        "course_utils/data/pocket/MODEL_CARD.md",
        "tools/benchmarks/RESULTS.md",
    ],
}
"""The table of contents; a page stands in the part that names it most exactly."""

LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*)\]\(([^)\s]+)\)|!\[([^\]]*)\]\(([^)\s]+)\)")
BADGE = re.compile(r"^\[!\[[^\]]*\]\(https?:.*\n", re.MULTILINE)
EXPLORERS_PICTURE = re.compile(r'<img src="data:image/png;base64,([^"]+)"([^>]*) width="(\d+)" style="')
MAX_DOWNLOAD = 300_000
STEP, WIDEST = 20, 2000
"""Pixels between the least widths of pictures that the site's style sheet knows, and the largest."""


def lay_out(out: Path, root: Path = ROOT) -> list[str]:
    """Write the sources of the site into a folder, anew. Returns the names of its pages, without endings, in order."""
    shutil.rmtree(out, ignore_errors=True)
    faces = with_face(floors(root), root)
    names = [f"{wing}.md" for wing in faces]
    write(out / "api" / "index.md", overview(faces) + toctree("", names))
    for wing in faces:
        write(out / "api" / f"{wing}.md", wing_page(wing, root))
    write(out / "_live" / "live.js", "\n".join(live_scripts().values()))
    write(out / "_live" / "live.css", live_style())
    write(out / "_live" / "figures.css", figures_style())
    contents = {part: list(pages) for part, pages in parts(root, out)}
    known = {page for pages in contents.values() for page in pages}
    for page in sorted(known):
        source = root / page
        if page.endswith(".ipynb"):
            write(out / page, nbformat.writes(page_of(source, page, address(root))))
        elif source.exists():
            write(out / page, settled(source.read_text(encoding="utf-8"), page, known, out, root))
    start = settled((root / "README.md").read_text(encoding="utf-8"), "index.md", known, out, root)
    write(out / "index.md", start + "".join(toctree(part, pages) for part, pages in contents.items()))
    pages = [*("api/" + name for name in names), *(page for pages in contents.values() for page in pages)]
    return ["index", *(Path(page).with_suffix("").as_posix() for page in pages)]


def parts(root: Path, out: Path) -> Iterator[tuple[str, list[str]]]:
    """Each part of the contents with its pages, ``index`` first; no page stands in two."""
    named = {pattern for patterns in PARTS.values() for pattern in patterns if "*" not in pattern}
    for part, patterns in PARTS.items():
        pages = []
        for pattern in patterns:
            base = out if pattern.startswith("api/") else root
            names = sorted(file.relative_to(base).as_posix() for file in base.glob(pattern))
            names.sort(key=lambda name: not name.endswith("index.md"))
            pages += [name for name in names if pattern in named or name not in named]
        yield part, pages


def page_of(source: Path, page: str, repository: str | None) -> NotebookNode:
    """A day as MyST-NB takes it."""
    return foldable(alive(with_way_in(for_readers(read_notebook(source)), page, repository), page))


def with_way_in(notebook: NotebookNode, page: str, repository: str | None) -> NotebookNode:
    """Under each exercise the buttons that open its notebook, where the repository has an address."""
    if repository is None:
        return notebook
    binder, colab = launchers(repository, page)
    ways = f'<a class="way-in" href="{binder}">Try it on Binder</a> <a class="way-in" href="{colab}">Try it in Colab</a>'
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == "code" and exercise_keys(cell.source):
            cells.append(nbformat.v4.new_markdown_cell(ways, id=f"way-in-{len(cells)}"))
    return NotebookNode(notebook | {"cells": cells})


def alive(notebook: NotebookNode, page: str) -> NotebookNode:
    """The same with explorers, quizzes and predictions as boxes for the scripts that marks.py brings."""
    tell = lambda sentence: print(f"{page}: {sentence}", file=sys.stderr)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if (box := live_output(output.get("data", {}), tell)) is not None:
                output.data["text/html"] = box
            elif "text/html" in output.get("data", {}):
                output.data["text/html"] = EXPLORERS_PICTURE.sub(_not_narrower, output.data["text/html"])
    return notebook


def foldable(notebook: NotebookNode) -> NotebookNode:
    """What Jupyter's metadata fold, and the words for a picture, as MyST-NB calls them."""
    for cell in notebook.cells:
        folded = cell.metadata.get("jupyter", {})
        match bool(folded.get("source_hidden")), bool(folded.get("outputs_hidden") and cell.get("outputs")):
            case True, True:
                _fold(cell, "hide-cell", "The code, and what came out")
            case True, False:
                _fold(cell, "hide-input", "The code")
            case False, True:
                _fold(cell, "hide-output", "What came out")
        shown = {"alt": cell.metadata["alt"]} if "alt" in cell.metadata else {}
        if least := max(map(least_shown, cell.get("outputs", ())), default=0):
            shown["classes"] = f"least-{least}"
        if shown:
            cell.metadata.setdefault("mystnb", {})["image"] = shown
    return notebook


def least_shown(output: NotebookNode) -> int:
    """How narrow the picture of an output may be shown, in pixels and in steps; 0 if it has none."""
    least = least_width(b64decode(output.get("data", {}).get("image/png", "")))
    return min(-(-least // STEP) * STEP, WIDEST)


def _not_narrower(found: re.Match[str]) -> str:
    least = least_width(b64decode(found[1]), int(found[3]))
    return f"{found[0]}min-width:{least}px;"


def figures_style() -> str:
    """A line for each of these widths; MyST-NB gives a picture classes, and no style of its own."""
    steps = range(STEP, WIDEST + 1, STEP)
    return "".join(f".cell_output img.least-{n} {{ min-width: {n}px; }}\n" for n in steps)


def _fold(cell: NotebookNode, tag: str, prompt: str) -> None:
    cell.metadata["tags"] = [*cell.metadata.get("tags", ()), tag]
    cell.metadata["mystnb"] = {"code_prompt_show": prompt, "code_prompt_hide": prompt}


def settled(text: str, page: str, known: set[str], out: Path, root: Path = ROOT) -> str:
    """A page without badges, which load from elsewhere; what it links to goes along, or is named without a link."""

    def settle(found: re.Match[str]) -> str:
        target = found[2] or found[4]
        if "://" in target or target.startswith("#"):
            return found[0]
        path, _, place = target.partition("#")
        file = ((root / page).parent / path).resolve()
        name = file.relative_to(root).as_posix() if file.is_relative_to(root) else ""
        if name == "README.md":
            up = "../" * page.count("/")
            return f"[{found[1]}]({up}index.md{place and f'#{place}'})"
        if name in known:
            return found[0]
        if file.is_file() and name and file.stat().st_size <= MAX_DOWNLOAD:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, out / name)
            return found[0]
        return found[1] or found[3]

    return LINK.sub(settle, BADGE.sub("", text))


def toctree(part: str, pages: list[str]) -> str:
    """A part of the contents, for Sphinx."""
    lines = [Path(page).with_suffix("").as_posix() for page in pages]
    caption = [f":caption: {part}"] if part else []
    return "\n".join(["\n```{toctree}", ":hidden:", *caption, "", *lines, "```", ""])


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    print(f"{len(lay_out(Path(sys.argv[1]).resolve()))} pages to be made into a site")
