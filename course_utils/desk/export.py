"""A day to carry: one HTML page, or slides for a workshop, that need neither kernel nor network.

The kept pictures and the static view of each explorer go along; under each exercise stands its solution, folded, and
what answers a prediction is folded too. What a picture shows to a reader who cannot see it stands in its cell's
metadata, as ``alt``.
"""

from __future__ import annotations

import ast
import re
from html import escape
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup, Tag
from latex2mathml.converter import convert
from nbconvert import HTMLExporter

from course_utils.base import write_text
from course_utils.exercises import find, folded, solution_shown

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
SLIDES_CSS = """
html { scroll-snap-type: y proximity; font-size: 125% }
section.slide { min-height: 100vh; box-sizing: border-box; padding: 4vh 6vw; scroll-snap-align: start;
  border-bottom: 1px solid rgba(128,128,128,.4) }
.jp-InputPrompt, .jp-OutputPrompt { display: none !important }
"""


def exercise_keys(source: str) -> list[str]:
    """Keys of the exercises that a cell's code asks for by ``@exercise(key)`` or ``answer(key, …)``.

    Examples:
        >>> exercise_keys('l0 = answer("day_6.l0_of_batch", 3)  # not @exercise("day_6.encode")')
        ['day_6.l0_of_batch']

    Args:
        source: of one cell. What is not plain Python, a line magic for instance, holds no exercise.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a line of IPython's own
        return []
    keys = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Name("exercise" | "answer"), [ast.Constant(str(key)), *_]):
                keys.append(key)
    return keys


def for_readers(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same notebook with the folded solution after an exercise that keeps no card, and without what only launches it."""
    cells = []
    for cell in notebook.cells:
        if "launch" in cell.metadata.get("tags", ()):  # buttons and set-up: tools/launch.py
            continue
        cells.append(cell)
        if cell.cell_type == "code" and not cell.outputs:  # a card that is kept has the solution in it
            for key in exercise_keys(cell.source):
                html = solution_shown(key, find(key)).html
                html = folded(f"Solution of {key}", html)
                html = html.replace("\n", "&#10;")  # Markdown takes an empty line for the end of the HTML
                cells.append(nbformat.v4.new_markdown_cell(html))
    return nbformat.NotebookNode(notebook | {"cells": cells})


def export_html(notebook: Path, out: Path, *, slides: bool = False) -> Path:
    """Write a day as one page that loads nothing: pictures are in it, formulas are MathML, solutions are folded.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> day = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Day 8: $x^2$")])
        >>> with TemporaryDirectory() as folder:
        ...     nbformat.write(day, Path(folder, "day_8.ipynb"))
        ...     page = export_html(Path(folder, "day_8.ipynb"), Path(folder, "day_8.html")).read_text(encoding="utf-8")
        >>> "<math" in page, "<script" in page
        (True, False)

    Args:
        notebook: an ``.ipynb`` file; it is not run, its kept outputs are shown.
        out: the file to write, in a folder that exists.
        slides: one screen a section: each heading begins a new one; PageDown goes on.

    Returns:
        ``out``.

    Raises:
        ValueError: if ``notebook`` is not a notebook.
    """
    try:
        read = nbformat.read(notebook, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError) as error:
        raise ValueError(f"{notebook} is not a notebook: {str(error).splitlines()[0]}") from None
    exporter = HTMLExporter(
        embed_images=True, require_js_url="", jquery_url="", mathjax_url="", mermaid_js_url=""
    )
    page, _ = exporter.from_notebook_node(for_readers(read))
    soup = BeautifulSoup(page, "html.parser")
    if soup.title is not None:
        soup.title.string = _title(read, notebook)
    for script in soup.find_all("script"):
        script.decompose()  # nothing in a finished page needs one
    for cell in soup.find_all("div", class_="jp-RenderedMarkdown"):
        _typeset(cell)
    for cell in read.cells:
        if "alt" in cell.metadata:
            for image in soup.select(f'[id="cell-id={cell.id}"] .jp-RenderedImage img'):
                image["alt"] = cell.metadata["alt"]
        if cell.metadata.get("jupyter", {}).get("outputs_hidden"):
            for outputs in soup.select(f'[id="cell-id={cell.id}"] .jp-Cell-outputWrapper'):
                _fold(soup, outputs)
    if slides:
        _cut_into_slides(soup)
    write_text(out, str(soup))
    return out


def _title(notebook: nbformat.NotebookNode, path: Path) -> str:
    lines = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown").splitlines()
    return next((line.lstrip("# ") for line in lines if line.startswith("# ")), path.stem)


def _fold(soup: BeautifulSoup, outputs: Tag) -> None:
    """What answers a prediction opens at a click, as in JupyterLab."""
    details, summary = (
        soup.new_tag("details"),
        soup.new_tag("summary", string="What came out", style="cursor:pointer"),
    )
    outputs.wrap(details)
    details.insert(0, summary)


def _typeset(cell: Tag) -> None:
    """Formulas as MathML, which browsers draw by themselves."""
    for text in cell.find_all(string=re.compile(r"\$")):
        if text.find_parent(["code", "pre"]) is None:
            # every third is a formula set apart, the one after it a formula in the line
            parts = FORMULA.split(text)
            html = [escape(part or "") if i % 3 == 0 else part for i, part in enumerate(parts)]
            for i in range(1, len(parts), 3):
                html[i] = convert(parts[i], display="block") if parts[i] else ""
                html[i + 1] = convert(parts[i + 1]) if parts[i + 1] else ""
            text.replace_with(BeautifulSoup("".join(html), "html.parser"))


def _cut_into_slides(soup: BeautifulSoup) -> None:
    """Cells from one heading to the next in a section of at least one screen."""
    if soup.head is None or soup.main is None:
        raise ValueError("a page without head or main cannot be cut into slides")
    soup.head.append(soup.new_tag("style", string=SLIDES_CSS))
    section = None
    for cell in soup.main.find_all("div", class_="jp-Cell", recursive=False):
        if section is None or cell.find(["h1", "h2", "h3"]):
            section = soup.new_tag("section", attrs={"class": "slide"})
            cell.insert_before(section)
        section.append(cell.extract())
