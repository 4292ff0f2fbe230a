"""`course.py`, by which everybody sets the course up, and `make`, which does the same by it."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import course
from tools import install

ROOT = Path(__file__).parents[1]


def test_it_takes_pythons_own_library_only():
    for path in (ROOT / "course.py", ROOT / "tools" / "install.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] in {*sys.stdlib_module_names, "tools"}, f"{path.name}: {name}"


def test_an_old_python_reads_it_and_is_told_what_is_needed():
    text = (ROOT / "course.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 8))
    code = "import sys; sys.version_info = (3, 9, 1); import course; course.main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "needs Python 3.11 or newer" in done.stderr


def test_without_a_command_it_lists_them_with_what_they_do():
    done = subprocess.run([sys.executable, "course.py"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    for name, command in course.COMMANDS.items():
        assert command.__doc__ and name in done.stdout


def test_every_program_that_a_command_runs_is_there():
    text = (ROOT / "course.py").read_text(encoding="utf-8")
    assert [name for name in re.findall(r'"(tools/[\w/]+\.py)"', text) if not (ROOT / name).is_file()] == []


def test_make_has_the_same_commands():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    listed = next(line for line in makefile.splitlines() if line.startswith("COMMANDS :="))
    assert listed.split()[2:] and set(listed.split()[2:]) == set(course.COMMANDS)


@pytest.mark.skipif(os.name == "nt", reason="make is none of Windows' programs")
def test_make_passes_options_on():
    done = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "lab", "LAB=--allow-root", "JOBS=8"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip().endswith("course.py --jobs 8 lab --allow-root")


@pytest.mark.parametrize("failing", [None, "lint", "test-saelens"])
def test_commands_side_by_side_fail_if_one_does_and_each_says_all(monkeypatch, capsys, failing):
    ran = []

    def started(command, **options):
        ran.append(command[-1])
        return SimpleNamespace(returncode=int(command[-1] == failing), stdout=f"{command[-1]} said".encode())

    monkeypatch.setattr(course.subprocess, "run", started)
    lanes = SimpleNamespace(jobs=2), ("lint", "book"), ("test-saelens",)
    if failing:
        with pytest.raises(SystemExit, match=f"Failed: {failing}"):
            course.side_by_side(*lanes)
    else:
        course.side_by_side(*lanes)
    expected = {"lint", "book", "test-saelens"} - ({"book"} if failing == "lint" else set())
    assert set(ran) == expected <= set(course.COMMANDS)
    assert sorted(re.findall(r"(\S+) said", capsys.readouterr().out)) == sorted(expected)


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """An empty project; what is run in it is noted, and makes nothing."""
    ran = []
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "CONSTRAINTS", tmp_path / "constraints.txt")
    monkeypatch.setattr(
        install, "install", lambda folder, python, what, torch: (folder.mkdir(), ran.append(what))
    )
    monkeypatch.setattr(install, "run", lambda *command: ran.append(" ".join(map(str, command[3:]))))
    for name in ("constraints.txt", "pyproject.toml", "needs.txt"):
        (tmp_path / name).touch()
    return ran


def test_an_environment_is_made_once_and_again_when_what_it_is_made_from_is_newer(installed, tmp_path):
    assert install.environment(".venv", "lab") == install.environment(".venv", "lab")
    assert installed == ["lab"]
    (tmp_path / ".venv" / ".lab").touch()
    os.utime(tmp_path / ".venv" / ".lab", (1, 1))
    with pytest.raises(FileExistsError):  # our stand-in makes the folder each time
        install.environment(".venv", "lab")


@pytest.mark.parametrize("torch", [True, False])
def test_an_environment_that_needs_no_torch_gets_none(monkeypatch, tmp_path, torch):
    ran = []
    monkeypatch.setattr(install, "run", lambda *command: ran.append("requirements"))
    monkeypatch.setattr(install, "install_torch", lambda python: ran.append("torch"))
    (tmp_path / "python").touch()
    install.install(tmp_path, tmp_path / "python", "needs.txt", torch)
    assert ("torch" in ran) is torch and ran[-1] == "requirements"


@pytest.mark.parametrize(("system", "python"), [("nt", "Scripts/python.exe"), ("posix", "bin/python")])
def test_the_python_of_an_environment_is_where_the_system_puts_it(
    installed, monkeypatch, tmp_path, system, python
):
    monkeypatch.setattr(install, "os", SimpleNamespace(name=system))  # pathlib asks the real one
    asked = ("uninstall", "torchvision")
    assert (
        install.environment(".venv", "needs.txt", then=asked).replace("\\", "/").endswith(f".venv/{python}")
    )
    monkeypatch.undo()
    assert installed[0] == "needs.txt" and installed[1].startswith("pip uninstall --quiet --python")


@pytest.fixture(params=[True, False], ids=["reached", "not reached"])
def pytorchs_index(request, monkeypatch):
    """(whether it can be reached, what is run on a machine without an NVIDIA card)."""
    ran = []

    def run(*command):
        ran.append(" ".join(map(str, command)))
        if "--torch-backend=cpu" in command and not request.param:
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(install, "has_nvidia_card", lambda: False)
    monkeypatch.setattr(install, "run", run)
    return request.param, ran


def test_where_only_the_gpu_build_of_torch_is_reached_it_is_taken_and_said(
    pytorchs_index, monkeypatch, tmp_path, capsys
):
    reached, ran = pytorchs_index
    (tmp_path / "constraints.txt").write_text("numpy==1\ntorch==2.13.0\n", encoding="utf-8")
    monkeypatch.setattr(install, "CONSTRAINTS", tmp_path / "constraints.txt")
    monkeypatch.setattr(install, "brings_gpu_build", lambda python, requirement: True)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1))  # no torch yet
    install.install_torch("python")
    assert ["--torch-backend=cpu" in line for line in ran] == ([True] if reached else [True, False])
    assert ran[-1].endswith("torch==2.13.0") and ("several GB" in capsys.readouterr().out) is not reached


def test_versions_are_resolved_anew_and_without_pytorchs_index_too(pytorchs_index, monkeypatch, tmp_path):
    reached, ran = pytorchs_index
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "create", lambda folder, python: folder.mkdir())
    (tmp_path / ".venv-lowest" / "old").mkdir(parents=True)
    install.admitted(".venv-lowest", "lowest-direct")
    assert not (tmp_path / ".venv-lowest" / "old").exists()
    resolved = [line for line in ran if "--resolution lowest-direct" in line]
    assert ["--torch-backend=cpu" in line for line in resolved] == ([True] if reached else [True, False])
    assert ran[-1].endswith(f"--no-deps -e {tmp_path}")


def test_versions_without_a_word_says_which_there_are():
    with pytest.raises(SystemExit, match="lowest, or newest"):
        course.test_versions(SimpleNamespace(jobs=1), ())
