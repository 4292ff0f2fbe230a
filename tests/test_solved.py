"""One run of a notebook under nbval shows it unsolved and solved, in pytest-xdist's workers too."""

import os
import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import nbformat
import pytest

import course
from tools.solved import solved, uses, verdicts

ROOT = Path(__file__).parents[1]
PLUGINS = ["--nbval", "-p", "tools.kept_outputs", "-p", "tools.solved"]
ENCODE = '''
%matplotlib inline
import torch
from course_utils.exercises import answer, exercise, quiz
@exercise("day_6.encode")
def encode(x, W_enc, b_enc, b_dec):
    """Latents."""
    raise NotImplementedError
'''
L0 = """
l0 = answer("day_6.l0_of_batch", ..., encode(torch.ones(1, 2), torch.eye(2), torch.zeros(2), torch.zeros(2)))
print(f"{l0:.1f} latents")
"""
WHOSE = "from course_utils.exercises import find\nprint(encode is not find('day_6.encode').reference)"


def cell(source, *said):
    """A cell that was run; what its judges say is not kept here, and not compared."""
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=text + "\n") for text in said]
    metadata = {"tags": [] if said else ["nbval-ignore-output"]}
    return nbformat.v4.new_code_cell(source.strip(), execution_count=1, outputs=outputs, metadata=metadata)


def write(path, *cells):
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells), metadata=kernel), path)


def run(folder, *options):
    """The words of pytest's last line, sorted: ("4", "passed")."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
        *options,
        folder,
    ]
    environment = os.environ | {"COURSE_PROGRESS": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return dict(map(reversed, re.findall(r"(\d+) (passed|failed|error)", done.stdout))), done.stdout


@pytest.mark.slow
def test_below_a_solved_exercise_all_work_with_the_learners_function(tmp_path):
    write(tmp_path / "a.ipynb", cell(ENCODE), cell(L0), cell("print(l0)", "2.0"), cell(WHOSE, "True"))
    assert run(tmp_path, *PLUGINS)[0] == {"passed": "4"}
    without = [option for option in PLUGINS if option != "tools.solved"][:-1]
    assert run(tmp_path, *without)[0] == {"passed": "3", "failed": "1"}


@pytest.mark.slow
def test_workers_load_both_plug_ins_and_keep_a_notebook_together(tmp_path):
    close = cell("print('area 0.95')", "area 0.93")
    close.metadata["tolerance"] = {"0": 2}
    for name in "ab":
        write(tmp_path / f"{name}.ipynb", cell(ENCODE), cell(WHOSE, "True"), close)
    counts, said = run(tmp_path, *PLUGINS, "-n", "2", "--dist", "loadfile")
    assert counts == {"passed": "6"}, said


@pytest.mark.slow
def test_an_exercise_that_is_not_right_when_solved_fails(tmp_path):
    spoil = "from course_utils.exercises import outcomes\noutcomes.disagree = lambda *a, **k: 'never right'"
    write(tmp_path / "a.ipynb", cell(spoil), cell(ENCODE))
    counts, said = run(tmp_path, *PLUGINS)
    assert counts == {"passed": "1", "failed": "1"}, said
    assert "day_6.encode should say ✓" in said


def test_filling_in_solves(tmp_path):
    path = tmp_path / "day_6_scratch.ipynb"
    write(path, cell(ENCODE), cell(L0), cell('quiz("day_6.reading")'))
    used = uses(path)
    assert used.times == ["day_6.encode", "day_6.l0_of_batch"] and used.quizzes == ["day_6.reading"]
    source, keys = solved(ENCODE)
    assert keys == ["day_6.encode"] and "NotImplementedError" not in source
    assert solved("print(1)") == ("print(1)", [])


@pytest.mark.parametrize(
    ("text", "said"), [("✓ day_6.encode\nmore", ["✓ day_6.encode"]), ("2.0 latents", [])]
)
def test_verdicts_are_what_judges_say(text, said):
    assert verdicts([{"data": {"text/plain": text}}]) == said


def test_the_command_runs_the_notebooks_with_both_plug_ins(monkeypatch):
    ran = []
    monkeypatch.setattr(course, "environment", lambda *what, **how: "python")
    monkeypatch.setattr(
        course, "run", lambda *command, **variables: ran.append((" ".join(command), variables))
    )
    course.notebooks(Namespace(jobs=3), ())
    [(said, variables)] = ran
    assert "-n 3 --dist loadfile" in said and "-p tools.kept_outputs -p tools.solved" in said
    assert variables["COURSE_PROGRESS"] == "" and variables["COURSE_MODEL"] == "pocket"
