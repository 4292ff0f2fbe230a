"""Each notebook's set-up cell in an environment like Colab's, and after it all of the notebook's imports.

`make test-colab` makes the environment anew: old ipywidgets and IPython, torch and numpy there already, the course not.
``google.colab`` is a stand-in, and this working tree stands in for the repository.
"""

import ast
import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from tools.launch import with_launch_cells

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-colab" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("day_*.ipynb"))
ADDRESS = "https://github.com/ada/course"  # none need be set
COURSE = "superposition-in-seven-days"
STAND_IN = """
import sys
from types import ModuleType
sys.modules["google.colab"] = ModuleType("google.colab")
"""
VERSIONS = 'from importlib.metadata import version\nprint(*map(version, ("torch", "numpy", "ipywidgets", "ipython")))\n'
PANEL = """
import ipywidgets
from course_utils.widgets import WIDGET, Panel
assert WIDGET in Panel(str, object=ipywidgets.IntSlider())._repr_mimebundle_()
import course_utils
assert course_utils.__file__.startswith(sys.prefix), course_utils.__file__
"""


def run(*command, **options):
    """Standard output of a command of that environment."""
    done = subprocess.run([PYTHON, *command], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """What the package is built from, copied: building leaves files behind."""
    place = tmp_path_factory.mktemp("repository")
    for name in ("course_utils", "solutions"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place)
    return place


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_set_up_and_its_imports_work(notebook, tree, tmp_path):
    run("-m", "pip", "uninstall", "--quiet", "--yes", COURSE)
    read = with_launch_cells(nbformat.read(notebook, as_version=4), ADDRESS, notebook.name)
    sources = [cell.source for cell in read.cells if cell.cell_type == "code"]
    (setup,) = (source for source in sources if "google.colab" in source)
    address = setup.split(f'"{COURSE} @ ')[1].split('"')[0]
    assert address.startswith(ADDRESS)
    imports = [
        ast.unparse(statement)
        for source in sources
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Import | ast.ImportFrom)
    ]
    program = [STAND_IN, VERSIONS, setup.replace(address, tree.as_uri()), *imports, PANEL, VERSIONS]
    said = run("-I", "-c", "\n".join(program), cwd=tmp_path).splitlines()
    assert len(said) == 2 and said[0] == said[1], said
