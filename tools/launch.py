"""Write launch buttons and Colab's set-up cell: `make address` after setting the repository's address in pyproject.toml.

The address stands there once, under [project.urls]. README.md gets a line of buttons, each notebook two cells tagged
"launch" below its title: its buttons, and code that installs the course on Colab and does nothing elsewhere. All other
cells keep sources and outputs; they are counted anew, as `make freeze` would.
"""

from __future__ import annotations

import re
import tomllib
from copy import deepcopy
from pathlib import Path
from urllib.parse import quote

import nbformat

ROOT = Path(__file__).resolve().parent.parent
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
    kept.write_text("".join(f"{name}=={version(name)}\\n" for name in ("torch", "numpy")))
    course = "REQUIREMENT"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "-c", str(kept), course]
    subprocess.run(pip, check=True)"""


def address(root: Path = ROOT) -> str:
    """The repository's address as pyproject.toml gives it.

    Raises:
        ValueError: if it is not ``https://github.com/OWNER/NAME``, which both launchers need.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = project["urls"]["Repository"]
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", found):
        raise ValueError(f"{found!r} in pyproject.toml is not of the form https://github.com/OWNER/NAME")
    return found.removesuffix(".git")


def requirement(repository: str) -> str:
    """What pip is asked for on Colab: the newest state, without its history."""
    return f"superposition-in-seven-days @ {repository}/archive/HEAD.zip"


def buttons(repository: str, notebook: str) -> str:
    """Markdown of the two buttons that open a notebook, given by its path in the repository."""
    name = repository.removeprefix("https://github.com/")
    colab = f"https://colab.research.google.com/github/{name}/blob/main/{quote(notebook)}"
    binder = f"https://mybinder.org/v2/gh/{name}/HEAD?labpath={quote(notebook, safe='')}"
    return (
        f"[![Launch on Binder](https://mybinder.org/badge_logo.svg)]({binder})\n"
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})"
    )


def launch_cells(repository: str, notebook: str) -> list[nbformat.NotebookNode]:
    """The two cells of a notebook: buttons and set-up."""
    setup = nbformat.v4.new_code_cell(SETUP.replace("REQUIREMENT", requirement(repository)))
    setup.metadata |= {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": [TAG]}
    shown = nbformat.v4.new_markdown_cell(buttons(repository, notebook), metadata={"tags": [TAG]})
    return [shown, setup]


def with_launch_cells(notebook: nbformat.NotebookNode, repository: str, path: str) -> nbformat.NotebookNode:
    """The same notebook with both cells below its title, in place of earlier ones."""
    cells = [deepcopy(cell) for cell in notebook.cells if TAG not in cell.metadata.get("tags", ())]
    cells[1:1] = launch_cells(repository, path)
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


def with_buttons(page: str, repository: str) -> str:
    """The README with its line of buttons, which opens day 1.

    Raises:
        ValueError: if the mark that they follow does not stand there once.
    """
    if page.count(MARK) != 1:
        raise ValueError(f"{page.count(MARK)} times {MARK!r} in the README, where it belongs once")
    first = min((ROOT / "notebooks").glob("day_*.ipynb")).relative_to(ROOT).as_posix()
    return re.sub(rf"{MARK}\n(\[!\[.*\n)*", lambda _: f"{MARK}\n{buttons(repository, first)}\n", page)


def main() -> None:
    repository, readme = address(), ROOT / "README.md"
    readme.write_text(with_buttons(readme.read_text(encoding="utf-8"), repository), encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("day_*.ipynb")):
        read = nbformat.read(path, as_version=4)
        nbformat.write(with_launch_cells(read, repository, path.relative_to(ROOT).as_posix()), path)
        print(f"{path.name}: {repository}")


if __name__ == "__main__":
    main()
