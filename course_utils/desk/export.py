"""A day to carry: one HTML page, or slides for a workshop, that need neither kernel nor network.

The kept pictures and the static view of each explorer go along; under each exercise stands its solution, folded, and
what answers a prediction is folded too. What a picture shows to a reader who cannot see it stands in its cell's
metadata, as ``alt``.
"""

from __future__ import annotations

import re
import warnings
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from nbconvert import HTMLExporter
from nbformat import NotebookNode, v4

from course_utils.base import check_writable, write_text
from course_utils.desk.inert_html import POLICY, inert
from course_utils.desk.reading_page import make_readable
from course_utils.desk.slides import cut_into_slides
from course_utils.desk.still_cells import make_still
from course_utils.desk.typesetting import Told
from course_utils.exercises import days, find, folded, keys, solution_shown
from course_utils.grade import exercise_keys, read_notebook
from course_utils.widgets import live_output, live_scripts, live_style


def for_readers(notebook: NotebookNode) -> NotebookNode:
    """The same notebook without what only launches it, and with a folded solution after an exercise that keeps no card.

    Examples:
        >>> button = v4.new_markdown_cell("Open in Colab", metadata={"tags": ["launch"]})
        >>> for_readers(v4.new_notebook(cells=[button, v4.new_markdown_cell("Read on.")])).cells[0].source
        'Read on.'
    """
    cells, known = [], {key for day in days() for key in keys(day)}
    for cell in notebook.cells:
        if "launch" in cell.metadata.get("tags", ()):  # buttons and set-up: tools/launch.py
            continue
        cells.append(cell)
        if cell.cell_type == "code" and not cell.outputs:  # a card that is kept has the solution in it
            for key in exercise_keys(cell.source):
                if key in known:
                    html = folded(f"Solution of {key}", solution_shown(key, find(key)).html)
                    cells.append(v4.new_markdown_cell(html, id=f"solution-{len(cells)}"))
    return NotebookNode(notebook | {"cells": cells})


def export_html(
    notebook: Path,
    out: Path,
    *,
    slides: bool = False,
    live: bool = False,
    told: Told = lambda sentence: None,
) -> Path:
    """Write a day as one page that loads nothing: pictures are in it, formulas are MathML, solutions are folded.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> import nbformat
        >>> day = v4.new_notebook(cells=[v4.new_markdown_cell("# Day 8: $x^2$")])
        >>> with TemporaryDirectory() as folder:
        ...     nbformat.write(day, Path(folder, "day_8.ipynb"))
        ...     page = export_html(Path(folder, "day_8.ipynb"), Path(folder, "day_8.html")).read_text(encoding="utf-8")
        >>> "<math" in page, "<script" in page
        (True, False)

    Args:
        notebook: an ``.ipynb`` file; it is not run, its kept outputs are shown.
        out: the file to write, in a folder that exists.
        slides: one screen a section: each heading begins a new one; PageDown goes on.
        live: explorers, quizzes and predictions work on the page, by scripts of the course that stand in it; nothing
            else may run there. Without it a page has no script.
        told: is called with a sentence for each thing that a page cannot carry; a line stands in its place.

    Returns:
        ``out``.

    Raises:
        ValueError: if ``notebook`` is not a notebook.
        OSError: if it cannot be read, or ``out`` not be written.
    """
    check_writable(out)
    try:
        read = read_notebook(notebook)
    except ValueError as error:
        raise ValueError(f"{notebook} is not a notebook: {error}") from None
    title = _title(read, notebook)
    alive = _alive(read, told) if live else {}
    make_still(read.cells, notebook.parent, told)
    exporter = HTMLExporter(require_js_url="", jquery_url="", mathjax_url="", mermaid_js_url="")
    exporter.register_filter("markdown2html", lambda source: source)  # it is HTML already
    with warnings.catch_warnings(action="ignore"):  # of a language that cannot be coloured
        page, _ = exporter.from_notebook_node(for_readers(read))
    soup = BeautifulSoup(page, "html.parser")
    if soup.title is not None:
        soup.title.string = title
    if soup.head is not None:
        policy = {"http-equiv": "Content-Security-Policy", "content": POLICY}
        soup.head.insert(0, soup.new_tag("meta", attrs=policy))
    for script in soup.find_all("script"):
        script.decompose()  # nothing in a finished page needs one
    for cell_id, box in alive.items():
        for shown in soup.select(f'[id="cell-id={cell_id}"] .jp-RenderedHTML'):
            shown.clear()
            shown.append(BeautifulSoup(box, "html.parser"))
    for cell in read.cells:
        if "alt" in cell.metadata:
            for image in soup.select(f'[id="cell-id={cell.id}"] .jp-RenderedImage img'):
                image["alt"] = cell.metadata["alt"]
        if cell.metadata.get("jupyter", {}).get("outputs_hidden"):
            for outputs in soup.select(f'[id="cell-id={cell.id}"] .jp-Cell-outputWrapper'):
                _fold(soup, outputs)
    if slides:
        cut_into_slides(soup)
    else:
        make_readable(soup)
    if live:
        _bring_scripts(soup)
    write_text(out, str(soup))
    return out


def _alive(notebook: NotebookNode, told: Told) -> dict[str, str]:
    """The cells with an explorer, a quiz or a prediction, by id, and what stands in the place of their output.

    The kept view is made by the course, since its words are those that ship; nothing of it can run (`inert`).
    """
    found = {}
    for number, cell in enumerate(notebook.cells, 1):
        tell = lambda sentence, number=number: told(f"cell {number}: {sentence}")
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "id" in cell and "text/plain" in data and "text/html" in data:
                still = inert(data["text/html"], picture=lambda address: None, told=lambda sentence: None)
                if (box := live_output({**data, "text/html": still}, tell)) is not None:
                    found[cell.id] = box
    return found


def _bring_scripts(soup: BeautifulSoup) -> None:
    """The style sheet and the scripts at the end of the page, and in its policy the sums of just these."""
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    if soup.head is None or soup.body is None or not isinstance(policy, Tag):
        raise ValueError("a page without head, body and policy cannot be given scripts")
    soup.head.append(soup.new_tag("style", string=live_style()))
    sums = []
    for text in live_scripts().values():
        soup.body.append(soup.new_tag("script", string=text))
        sums.append(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'")
    policy["content"] = f"{policy['content']}; script-src {' '.join(sums)}"


def _title(notebook: NotebookNode, path: Path) -> str:
    lines = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown").splitlines()
    return next((line[2:].strip() for line in lines if re.match(r"# .*\S", line)), path.stem)


def _fold(soup: BeautifulSoup, outputs: Tag) -> None:
    """What answers a prediction opens at a click, as in JupyterLab."""
    details, summary = (
        soup.new_tag("details"),
        soup.new_tag("summary", string="What came out", style="cursor:pointer"),
    )
    outputs.wrap(details)
    details.insert(0, summary)
