"""A list of notebooks: each page is written, whatever becomes of the others."""

import os
from pathlib import Path

import nbformat
import needs
import pytest

from course_utils.desk import main
from course_utils.desk.export_command import page_names


@pytest.fixture
def write(tmp_path):
    def day(name, source="# Day"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)])
        nbformat.write(notebook, tmp_path / name)
        return str(tmp_path / name)

    return day


def test_it_writes_a_page_beside_its_name(capsys, tmp_path, write):
    assert main(["export", write("day.ipynb"), "--slides", "--out", str(tmp_path / "out")]) == 0
    page = tmp_path / "out" / "day_slides.html"
    assert capsys.readouterr().out == f"wrote {page}\n"
    assert "<h1" in page.read_text()


def test_one_that_is_not_there_or_no_notebook_does_not_end_the_rest(capsys, tmp_path, write):
    (tmp_path / "bad.ipynb").write_text("[]")
    nowhere, bad = str(tmp_path / "nowhere.ipynb"), str(tmp_path / "bad.ipynb")
    notebooks = [write("a.ipynb"), nowhere, bad, str(tmp_path), write("c.ipynb")]
    assert main(["export", *notebooks, "--out", str(tmp_path / "out")]) == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.html", "c.html"]
    said = capsys.readouterr().err.splitlines()
    named = (nowhere, bad, tmp_path.name)
    assert all(name in line for name, line in zip(named, said, strict=True))


@needs.posix("pipes")
def test_nobody_waits_for_a_pipe(capsys, tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert main(["export", str(tmp_path / "pipe.ipynb"), "--out", str(tmp_path / "out")]) == 2
    assert "pipe.ipynb" in capsys.readouterr().err


def test_what_nobody_foresaw_does_not_end_the_rest(capsys, tmp_path, write, monkeypatch):
    def title(notebook, path):
        return 1 / 0 if path.stem == "a" else "Day"

    monkeypatch.setattr("course_utils.desk.export._title", title)
    assert main(["export", write("a.ipynb"), write("c.ipynb"), "--out", str(tmp_path / "out")]) == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["c.html"]
    assert "a.ipynb cannot be exported; please report this line: ZeroDivisionError" in capsys.readouterr().err


def test_two_of_one_name_do_not_overwrite_each_other(capsys, tmp_path, write):
    notebooks = [write("anna/day.ipynb", "# Anna"), write("ben/day.ipynb", "# Ben")]
    assert main(["export", *notebooks, "--out", str(tmp_path / "out")]) == 0
    assert "names of their folders" in capsys.readouterr().err
    for name in ("anna", "ben"):
        assert name.title() in (tmp_path / "out" / f"{name}_day.html").read_text()


@pytest.mark.parametrize(
    ("notebooks", "names"),
    [
        (["day_1.ipynb", "./day_1.ipynb", "day_2.ipynb"], ["day_1", "day_2"]),
        (["a/x.ipynb", "b/X.IPYNB", "y.ipynb"], ["a_x", "b_X", "y"]),
        (["1/a/x.ipynb", "2/a/x.ipynb"], ["1_a_x", "2_a_x"]),
        (["a/x.ipynb", "b/x.ipynb", "a_x.ipynb"], None),
        (["x.ipynb", "x.IPYNB"], None),
        (["/x.ipynb", "/X.ipynb"], None),
    ],
)
def test_each_page_has_a_name_of_its_own(notebooks, names):
    given = page_names(map(Path, notebooks))
    assert names is None or list(given.values()) == names
    assert len({name.casefold() for name in given.values()}) == len({Path(n).resolve() for n in notebooks})


def test_warnings_name_notebook_and_cell_and_do_no_harm(capsys, tmp_path, write):
    notebook = write("day.ipynb", r"$\hat$")
    assert main(["export", notebook, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().err == f"{notebook}, cell 1: The formula $\\hat$ cannot be read\n"


def test_a_refused_one_leaves_no_page(capsys, tmp_path, write):
    (tmp_path / "day.html").mkdir()
    assert main(["export", write("day.ipynb"), "--out", str(tmp_path)]) == 2
    assert "day.html is no plain file" in capsys.readouterr().err
    (tmp_path / "bad.ipynb").write_text("no")
    assert main(["export", str(tmp_path / "bad.ipynb"), "--out", str(tmp_path)]) == 2
    assert not (tmp_path / "bad.html").exists()


@pytest.mark.parametrize("name", ["x" * 245, "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 80], ids=["many", "wide"])
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path, write, name):
    assert main(["export", write(f"{name}.ipynb"), "--out", str(tmp_path)]) == 0
    assert (tmp_path / f"{name}.html").exists()
