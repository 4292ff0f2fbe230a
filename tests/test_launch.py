"""Buttons and set-up cells against the one address in pyproject.toml, and what the set-up cell does."""

import importlib.util
import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("day_*.ipynb"))
_spec = importlib.util.spec_from_file_location("launch", ROOT / "tools" / "launch.py")
launch = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(launch)


@pytest.fixture
def calls(monkeypatch):
    """The commands that are asked for; none of them runs."""
    asked = []
    monkeypatch.setattr(subprocess, "run", lambda command, **options: asked.append((command, options)))
    return asked


@pytest.fixture
def setup_cell():
    return compile(
        launch.launch_cells("https://github.com/ada/course", "notebooks/day_1.ipynb")[1].source,
        "cell",
        "exec",
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_what_make_launch_writes(path):
    read = nbformat.read(path, as_version=4)
    written = launch.with_launch_cells(read, launch.address(), path.relative_to(ROOT).as_posix())
    assert nbformat.writes(written) + "\n" == path.read_text(encoding="utf-8"), "run `make address`"


def test_the_readme_is_what_make_launch_writes():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert launch.with_buttons(page, launch.address()) == page, "run `make address`"


def test_no_launcher_is_told_another_address():
    owner_and_name = launch.address().removeprefix("https://github.com/")
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *NOTEBOOKS]
    told = [
        name
        for page in pages
        for name in re.findall(
            r"(?:mybinder\.org/v2/gh|colab\.research\.google\.com/github)/([^/]+/[^/]+)/"
            r"|github\.com/([^/\s]+/[^/\s]+)/archive/",
            page.read_text(encoding="utf-8"),
        )
    ]
    assert {a or b for a, b in told} == {owner_and_name}
    assert len(told) == 2 + 3 * len(NOTEBOOKS)


def test_buttons_lead_to_the_notebook():
    assert re.findall(r"\]\((https[^)]+)\)", launch.buttons("https://github.com/ada/course", "notebooks/day 1.ipynb"))[1::2] == [
        "https://mybinder.org/v2/gh/ada/course/HEAD?labpath=notebooks%2Fday%201.ipynb",
        "https://colab.research.google.com/github/ada/course/blob/main/notebooks/day%201.ipynb",
    ]  # fmt: skip


def test_other_cells_keep_their_text_and_outputs_and_are_counted_anew():
    output = nbformat.v4.new_output("execute_result", {"text/plain": "1"}, execution_count=1)
    code = nbformat.v4.new_code_cell(
        "x = 1\nx", execution_count=1, outputs=[output], metadata={"tags": ["slow"]}
    )
    before = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Day"), code])
    kept = json.loads(nbformat.writes(before))["cells"][1]
    after = launch.with_launch_cells(before, "https://github.com/ada/course", "a.ipynb")
    last = json.loads(nbformat.writes(after))["cells"][-1]
    assert (last["execution_count"], last["outputs"][0]["execution_count"]) == (2, 2)
    assert (last["source"], last["metadata"], last["outputs"][0]["data"]) == (
        kept["source"], kept["metadata"], kept["outputs"][0]["data"],
    )  # fmt: skip
    again = launch.with_launch_cells(after, "https://github.com/eve/other", "a.ipynb")
    assert len(again.cells) == 4 and "ada/course" not in nbformat.writes(again)


def test_elsewhere_the_set_up_does_nothing(setup_cell, calls, capfd):
    before = set(sys.modules)
    exec(setup_cell, {})
    assert (calls, capfd.readouterr(), set(sys.modules)) == ([], ("", ""), before)


def test_on_colab_it_installs_the_course_and_holds_torch_and_numpy(
    setup_cell, calls, capfd, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    exec(setup_cell, {})
    ((command, options),) = calls
    *pip, kept, course = command
    assert pip == [sys.executable, "-m", "pip", "install", "--quiet", "-c"]
    assert course == "superposition-in-seven-days @ https://github.com/ada/course/archive/HEAD.zip"
    assert Path(kept).read_text().split() == [f"torch=={version('torch')}", f"numpy=={version('numpy')}"]
    assert options == {"check": True}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "given",
    ["https://github.com/ada", "http://github.com/ada/course", "github.com/a/b", "https://github.com/a/b/c"],
)
def test_an_address_that_launchers_do_not_know_is_refused(given, tmp_path):
    (tmp_path / "pyproject.toml").write_text(f'[project.urls]\nRepository = "{given}"\n')
    with pytest.raises(ValueError, match="OWNER/NAME"):
        launch.address(tmp_path)


def test_a_readme_without_the_mark_is_refused():
    with pytest.raises(ValueError, match="0 times"):
        launch.with_buttons("# Course\n", "https://github.com/ada/course")
