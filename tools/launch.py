"""Write the repository's address into everything that leads there, or take it out: `python course.py address URL`.

Without a URL what pyproject.toml gives is written again. Until it gives an address there is no button, no Colab cell
and no link. With one, README.md gets its buttons, CITATION.cff a line, and each notebook two cells tagged "launch"
below its title: a line of links, and code that installs the course on Colab and does nothing elsewhere. All other cells
keep sources and outputs; they are counted anew, as `make freeze` would.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from urllib.parse import quote

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools.address import address, checked, with_address  # noqa: E402 — a program that finds its own folder first

MARK = "<!-- launch buttons -->"
TAG = "launch"
SETUP = """\
# @title Set-up: installs the course on Colab, does nothing elsewhere
# fmt: off
import sys

if "google.colab" in sys.modules:
    import subprocess
    import tempfile
    from importlib.metadata import version
    from pathlib import Path

    # Colab's own torch and numpy stay as they are
    kept = Path(tempfile.mkdtemp(), "kept.txt")
    pins = "".join(f"{name}=={version(name)}\\n" for name in ("torch", "numpy"))
    kept.write_text(pins, encoding="utf-8")
    course = "REQUIREMENT"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "-c", str(kept), course]
    subprocess.run(pip, check=True)"""


def requirement(repository: str) -> str:
    """What pip is asked for on Colab: the newest state, without its history."""
    return f"superposition-in-seven-days @ {repository}/archive/HEAD.zip"


def launchers(repository: str, notebook: str) -> tuple[str, str]:
    """Where Binder and Colab open a notebook, given by its path in the repository."""
    name = repository.removeprefix("https://github.com/")
    return (
        f"https://mybinder.org/v2/gh/{name}/HEAD?labpath={quote(notebook, safe='')}",
        f"https://colab.research.google.com/github/{name}/blob/main/{quote(notebook)}",
    )


def buttons(repository: str, notebook: str) -> str:
    """Markdown of the README's two buttons; their pictures lie in the repository."""
    binder, colab = launchers(repository, notebook)
    return (
        f"[![Launch on Binder](docs/buttons/binder.svg)]({binder})\n"
        f"[![Open in Colab](docs/buttons/colab.svg)]({colab})\n"
    )


def launch_cells(repository: str, notebook: str) -> list[nbformat.NotebookNode]:
    """The two cells of a notebook: links, in words since a copy of it has no pictures beside it, and set-up."""
    binder, colab = launchers(repository, notebook)
    shown = f"Open this day [on Binder]({binder}) or [in Colab]({colab}): nothing to install."
    setup = nbformat.v4.new_code_cell(SETUP.replace("REQUIREMENT", requirement(repository)))
    setup.metadata |= {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": [TAG]}
    return [nbformat.v4.new_markdown_cell(shown, metadata={"tags": [TAG]}), setup]


def with_launch_cells(
    notebook: nbformat.NotebookNode, repository: str | None, path: str
) -> nbformat.NotebookNode:
    """The same notebook with both cells below its title, in place of earlier ones; None takes them out."""
    cells = [deepcopy(cell) for cell in notebook.cells if TAG not in cell.metadata.get("tags", ())]
    cells[1:1] = launch_cells(repository, path) if repository else []
    count = 0
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number:03d}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
    return nbformat.from_dict({**notebook, "cells": cells})


def with_buttons(page: str, repository: str | None, notebook: str) -> str:
    """The README with the two buttons that open a notebook; None takes them out.

    Raises:
        ValueError: if the mark that they follow does not stand there once.
    """
    if page.count(MARK) != 1:
        raise ValueError(f"{page.count(MARK)} times {MARK!r} in the README, where it belongs once")
    line = buttons(repository, notebook) if repository else ""
    return re.sub(rf"{MARK}\n(\[!\[.*\n)*", lambda _: f"{MARK}\n{line}", page)


def with_citation(citation: str, repository: str | None) -> str:
    """CITATION.cff with the address as its last line; None takes it out."""
    text = re.sub(r"^repository-code: .*\n", "", citation, flags=re.MULTILINE)
    return text + (f"repository-code: {repository}\n" if repository else "")


def write(repository: str | None, root: Path = ROOT) -> None:
    """Every file that the address stands in, as it has to be with this address or with none."""
    notebooks = sorted((root / "notebooks").glob("day_*.ipynb"))
    first = notebooks[0].relative_to(root).as_posix()
    for name, text in (
        ("pyproject.toml", lambda old: with_address(old, repository)),
        ("README.md", lambda old: with_buttons(old, repository, first)),
        ("CITATION.cff", lambda old: with_citation(old, repository)),
    ):
        new = text((root / name).read_text(encoding="utf-8"))
        (root / name).write_text(new, encoding="utf-8", newline="\n")
    for path in notebooks:
        read = nbformat.read(path, as_version=4)
        new = with_launch_cells(read, repository, path.relative_to(root).as_posix())
        path.write_text(nbformat.writes(new) + "\n", encoding="utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> None:
    parser = argparse.ArgumentParser(prog="course.py address", description=__doc__)
    parser.add_argument("url", nargs="?", type=checked, metavar="https://github.com/OWNER/NAME")
    parser.add_argument("--remove", action="store_true", help="no address: no buttons, no links")
    asked = parser.parse_args(arguments)
    repository = None if asked.remove else asked.url or address(root)
    write(repository, root)
    print(f"README, citation and notebooks lead to {repository or 'no address: they have no buttons'}.")
    if repository:
        print("Commit and push this to the branch main; docs/launching.md says what to try then.")


if __name__ == "__main__":
    main()
