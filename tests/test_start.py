"""`course start`: notebooks are copied, and a learner's work is never written over."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from unittest.mock import MagicMock

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from course_utils.base import NotAPlainFile, shipped_notebooks
from course_utils.desk import copy_notebooks, main, open_lab
from course_utils.desk.copies import copied_notebook
from course_utils.desk.start import environment
from course_utils.desk.trusted import trust_own

ROOT = Path(__file__).parents[1]
DAYS = [path.name for path in sorted((ROOT / "notebooks").glob("day_*.ipynb"))]
ALL = ["capstone.ipynb", "course_docs", *DAYS]


def test_an_empty_folder_gets_the_seven_days_and_the_capstone(tmp_path, capsys):
    assert main(["start", str(tmp_path / "new" / "folder"), "--no-lab"]) == 0
    there = sorted((tmp_path / "new" / "folder").iterdir())
    assert [path.name for path in there] == ALL and capsys.readouterr().out.count(": new") == 8
    assert there[2].read_bytes() == (ROOT / "notebooks" / DAYS[0]).read_bytes()


def test_every_link_of_a_copied_notebook_or_page_leads_somewhere(tmp_path):
    copy_notebooks(tmp_path)
    linked = 0
    for path in (*tmp_path.glob("*.ipynb"), *tmp_path.glob("course_docs/*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s\\]+)", path.read_text(encoding="utf-8")):
            linked += 1
            assert (path.parent / target).is_file(), f"{path.name} links to {target}"
    assert linked >= 5


def test_pages_of_a_learner_with_the_same_names_stay_when_nothing_is_new(tmp_path):
    copy_notebooks(tmp_path)
    page = tmp_path / "course_docs" / "glossary.md"
    page.write_text("my notes", encoding="utf-8")
    assert copy_notebooks(tmp_path) == [] and page.read_text(encoding="utf-8") == "my notes"


def test_a_learners_notebook_stays_and_an_update_keeps_it_beside(tmp_path):
    copy_notebooks(tmp_path)
    mine = tmp_path / DAYS[2]
    for work in ("my work", "more of it"):
        mine.write_text(work, encoding="utf-8")
        assert copy_notebooks(tmp_path) == [] and mine.read_text(encoding="utf-8") == work
        assert len(copy_notebooks(tmp_path, update=True)) == 1
        assert mine.read_text("utf-8") == copied_notebook(ROOT / "notebooks" / DAYS[2])
    kept = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.glob("*.mine*.ipynb"))]
    assert sorted(kept) == ["more of it", "my work"]
    assert copy_notebooks(tmp_path, update=True) == []


def test_a_clones_own_notebooks_are_left_as_they_are():
    assert copy_notebooks(shipped_notebooks()[0].parent, update=True) == []


@pytest.fixture(autouse=True)
def jupyter(tmp_path_factory, monkeypatch):
    """Signatures of this test's own, never the user's."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("jupyter")))


@pytest.fixture
def trusted():
    """Whether JupyterLab would trust a notebook."""

    def check(path):
        notary = NotebookNotary(data_dir=os.environ["JUPYTER_DATA_DIR"])
        try:
            return notary.check_signature(nbformat.read(path, as_version=4))
        finally:
            notary.store.close()

    return check


def test_the_courses_own_notebooks_are_trusted_and_no_other(tmp_path, trusted):
    folder = tmp_path / "days"
    copy_notebooks(folder)
    changed = folder / DAYS[1]
    changed.write_text(changed.read_text(encoding="utf-8").replace("Day 2", "Day 2b"), encoding="utf-8")
    (folder / "mine.ipynb").write_bytes(changed.read_bytes())
    assert not trusted(folder / DAYS[0])
    assert main(["start", str(folder), "--no-lab"]) == 0
    assert [trusted(folder / name) for name in DAYS] == [True, False, *[True] * 5]
    assert not trusted(folder / "mine.ipynb")


def test_trust_that_cannot_be_kept_hinders_nothing(tmp_path, monkeypatch):
    (tmp_path / "jupyter").write_text("no folder")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    assert main(["start", str(tmp_path / "days"), "--no-lab"]) == 0
    assert (
        len(list((tmp_path / "days").glob("*.ipynb"))) == len(shipped_notebooks())
        and trust_own(tmp_path / "days") == []
    )


def test_what_cannot_be_written_is_told(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["start", str(tmp_path / "file"), "--no-lab"]) == 2
    assert "course: " in capsys.readouterr().err


@pytest.mark.parametrize("update", [False, True])
def test_a_folder_in_a_notebooks_place_stays_and_is_told(tmp_path, update):
    (tmp_path / shipped_notebooks()[0].name).mkdir()
    with pytest.raises(NotAPlainFile, match="is no plain file: nothing is written there"):
        copy_notebooks(tmp_path, update=update)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "course_docs").write_text("mine", encoding="utf-8")
    with pytest.raises(NotAPlainFile, match="course_docs cannot be a folder"):
        copy_notebooks(tmp_path / "other", update=update)
    assert (tmp_path / "other" / "course_docs").read_text(encoding="utf-8") == "mine"


def test_jupyterlab_opens_day_1_with_our_settings_and_the_options_that_are_passed_on(tmp_path, monkeypatch):
    ran, beside = [], []
    monkeypatch.setattr(subprocess, "Popen", lambda command: beside.append(command) or MagicMock())
    done = subprocess.CompletedProcess([], 5)
    monkeypatch.setattr(subprocess, "run", lambda command, cwd, env: (ran.append((command, cwd)), done)[1])
    assert main(["start", str(tmp_path), "--no-browser", "--port=9999"]) == 5
    [(command, cwd)] = ran
    assert beside[0][-2:] == ["doctor", "--quiet"]
    assert command[:3] == [sys.executable, "-m", "jupyterlab"] and cwd == tmp_path
    assert command[-3:] == ["--no-browser", "--port=9999", DAYS[0]]
    settings = next(part for part in command if part.startswith("--LabApp.app_settings_dir="))
    assert Path(settings.partition("=")[2], "overrides.json").is_file()
    assert f"--LabApp.default_url=/lab/tree/{DAYS[0]}" in command, "the link that is printed"
    assert open_lab(tmp_path, ["--LabApp.default_url=/tree"]) == 5
    assert [part for part in ran[1][0] if "default_url" in part] == ["--LabApp.default_url=/tree"]


def test_kernels_load_the_engine_first_and_run_the_users_own_file_too(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "own.py"))
    once = environment()
    assert once["COURSE_PYTHONSTARTUP"] == str(tmp_path / "own.py")
    monkeypatch.setenv("PYTHONSTARTUP", once["PYTHONSTARTUP"])
    monkeypatch.setenv("COURSE_PYTHONSTARTUP", once["COURSE_PYTHONSTARTUP"])
    assert environment()["COURSE_PYTHONSTARTUP"] == str(tmp_path / "own.py"), "a lab started from a lab"
    for own, said in (("print('mine'); made = 3", "mine"), ("1 / 0", "ZeroDivisionError")):
        (tmp_path / "own.py").write_text(own)
        code = "import os, sys; exec(open(os.environ['PYTHONSTARTUP']).read()); print(sorted(globals()))"
        done = subprocess.run(
            [sys.executable, "-c", code], env=once, cwd=ROOT, capture_output=True, text=True
        )
        assert said in done.stdout + done.stderr and done.returncode == 0
        assert "course_utils'" not in done.stdout.splitlines()[-1]


def test_without_jupyterlab_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "course_utils.desk.start", raising=False)
    assert main(["start", str(tmp_path)]) == 2
    assert "its extra `lab`" in capsys.readouterr().err


def test_other_commands_take_no_unknown_options(capsys):
    with pytest.raises(SystemExit):
        main(["progress", "--no-such"])
    assert "--no-such" in capsys.readouterr().err


@pytest.mark.slow
def test_the_wheel_has_the_notebooks_and_the_settings(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", tmp_path, ROOT], check=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {f"course_utils/data/notebooks/{day}" for day in DAYS} <= set(names)
    assert "course_utils/desk/lab_settings/overrides.json" in names
    assert not [name for name in names if name.startswith(("tests/", "tools/", "notebooks/"))]
