"""Buttons and set-up cells against the one address in pyproject.toml, and what the set-up cell does."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from tools import address, launch

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("day_*.ipynb"))
ADA = "https://github.com/ada/course"
LEADS = re.compile(
    r"(?:mybinder\.org/v2/gh|colab\.research\.google\.com/github)/([^/]+/[^/]+)/"
    r"|github\.com/([^/\s]+/[^/\s]+)/archive/|repository-code: https://github\.com/(\S+)"
)


def told(root):
    """The repositories that pages, citation and notebooks lead a reader to, one for each link."""
    pages = [
        root / "README.md",
        root / "CITATION.cff",
        *(root / "docs").glob("*.md"),
        *(root / "notebooks").glob("*.ipynb"),
    ]
    return ["".join(found) for page in pages for found in LEADS.findall(page.read_text(encoding="utf-8"))]


@pytest.fixture
def copy(tmp_path):
    """A project of two days, as it is without an address."""
    (tmp_path / "notebooks").mkdir()
    for name in ("pyproject.toml", "README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    for path in NOTEBOOKS[:2]:
        shutil.copy(path, tmp_path / "notebooks")
    launch.write(None, tmp_path)
    return tmp_path


def texts(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@pytest.fixture
def calls(monkeypatch):
    """The commands that are asked for; none of them runs."""
    asked = []
    monkeypatch.setattr(subprocess, "run", lambda command, **options: asked.append((command, options)))
    return asked


@pytest.fixture
def setup_cell():
    return compile(
        launch.launch_cells(ADA, "notebooks/day_1.ipynb")[1].source,
        "cell",
        "exec",
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_what_course_address_writes(path):
    read = nbformat.read(path, as_version=4)
    written = launch.with_launch_cells(read, address.address(), path.relative_to(ROOT).as_posix())
    assert nbformat.writes(written) + "\n" == path.read_text(encoding="utf-8"), "run `course.py address`"


def test_pages_are_what_course_address_writes():
    repository, first = address.address(), NOTEBOOKS[0].relative_to(ROOT).as_posix()
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert launch.with_buttons(page, repository, first) == page, "run `course.py address`"
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert launch.with_citation(citation, repository) == citation, "run `course.py address`"


def test_pages_lead_to_no_other_repository_than_the_one_that_is_set():
    repository = address.address()
    assert set(told(ROOT)) == ({repository.removeprefix("https://github.com/")} if repository else set())


def test_without_an_address_nothing_leads_anywhere_and_with_one_everything_does(copy, capsys):
    bare = texts(copy)
    assert told(copy) == [] and not any(b"OWNER" in text for text in bare.values())
    launch.main([ADA + ".git/"], copy)
    assert told(copy) == ["ada/course"] * (2 + 1 + 2 * 3)
    assert address.address(copy) == ADA and ADA in capsys.readouterr().out
    assert (copy / "README.md").read_text(encoding="utf-8").count("(docs/buttons/") == 2
    for shown in re.findall(
        r"!\[[^]]+\]\((docs/buttons/[^)]+)\)", (copy / "README.md").read_text(encoding="utf-8")
    ):
        assert (ROOT / shown).is_file()
    once = texts(copy)
    launch.main([], copy)
    assert texts(copy) == once
    launch.main(["https://github.com/eve/other"], copy)
    assert set(told(copy)) == {"eve/other"}
    launch.main(["--remove"], copy)
    assert texts(copy) == bare and address.address(copy) is None


def test_buttons_lead_to_the_notebook():
    assert re.findall(r"\]\((https[^)]+)\)", launch.buttons(ADA, "notebooks/day 1.ipynb")) == [
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
    after = launch.with_launch_cells(before, ADA, "a.ipynb")
    last = json.loads(nbformat.writes(after))["cells"][-1]
    assert (last["execution_count"], last["outputs"][0]["execution_count"]) == (2, 2)
    assert (last["source"], last["metadata"], last["outputs"][0]["data"]) == (
        kept["source"], kept["metadata"], kept["outputs"][0]["data"],
    )  # fmt: skip
    again = launch.with_launch_cells(after, "https://github.com/eve/other", "a.ipynb")
    assert len(again.cells) == 4 and "ada/course" not in nbformat.writes(again)
    bare = json.loads(nbformat.writes(launch.with_launch_cells(again, None, "a.ipynb")))["cells"]
    assert [cell["source"] for cell in bare] == [["# Day"], kept["source"]]
    assert (bare[1]["execution_count"], bare[1]["outputs"][0]["execution_count"]) == (1, 1)


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
    [
        "https://github.com/ada",
        "http://github.com/ada/course",
        "github.com/a/b",
        "https://github.com/a/b/c",
        "",
        "https://github.com/a b/c",
    ],
)
def test_an_address_that_launchers_do_not_know_is_refused(given):
    with pytest.raises(ValueError, match="OWNER/NAME"):
        address.checked(given)


def test_a_readme_without_the_mark_is_refused():
    with pytest.raises(ValueError, match="0 times"):
        launch.with_buttons("# Course\n", ADA, "a.ipynb")


def test_a_project_without_the_table_is_refused():
    with pytest.raises(ValueError, match="0 tables"):
        address.with_address("[project]\n", ADA)


@pytest.fixture
def clone(copy):
    subprocess.run(["git", "init", "--quiet", copy], check=True)
    subprocess.run(["git", "-C", copy, "remote", "add", "origin", "none"], check=True)
    return copy


@pytest.mark.parametrize(
    ("remote", "found"),
    [
        ("https://github.com/ada/course.git", ADA),
        ("https://ada:secret@github.com/ada/course", ADA),
        ("git@github.com:ada/course.git", ADA),
        ("ssh://git@github.com/ada/course.git", ADA),
        ("https://github.com/ada/course/", ADA),
        ("https://gitlab.com/ada/course.git", None),
        ("https://github.com.example.org/ada/course", None),
        ("../course", None),
    ],
)
def test_a_clone_of_a_public_host_is_offered_its_address(clone, remote, found):
    subprocess.run(["git", "-C", clone, "remote", "set-url", "origin", remote], check=True)
    assert address.origin(clone) == found
    line = address.offer(clone)
    assert (
        "\n" not in line
        and line.endswith(f"course.py address {found}" if found else "")
        and "secret" not in line
    )
    launch.write("https://github.com/eve/other", clone)
    assert address.offer(clone) == ""


def test_nothing_is_offered_where_there_is_no_clone_or_no_git(clone, monkeypatch):
    subprocess.run(["git", "-C", clone, "remote", "set-url", "origin", ADA], check=True)
    (clone / "notebooks" / "pyproject.toml").write_text("[project.urls]\n")
    assert address.origin(clone / "notebooks") is None  # a folder within somebody's other clone
    assert address.offer(clone)
    monkeypatch.setenv("PATH", "")
    assert address.offer(clone) == ""
