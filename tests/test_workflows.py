"""The workflows say nothing of their own: each step runs a command of `course.py`, on every Python that is admitted."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import course

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
COMMAND = re.compile(r"python course\.py (?:--jobs \d+ )?([\w-]+)( \$\{\{ matrix\.versions \}\})?")


def jobs(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def pythons(job):
    matrix = job.get("strategy", {}).get("matrix", {})
    listed = matrix.get("python", [each["python"] for each in matrix.get("include", [])])
    return listed or [
        step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", "")
    ]


def test_there_are_some():
    assert {path.stem for path in FILES} == {"tests", "weekly", "release", "site"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_step_runs_a_command_that_there_is(path):
    for name, job in jobs(path).items():
        runs = [step["run"] for step in job["steps"] if "run" in step]
        found = [COMMAND.fullmatch(run) for run in runs]
        assert runs and all(found), f"{name}: {runs}"
        assert {command[1] for command in found} <= set(course.COMMANDS)
        assert job["timeout-minutes"] <= 120 and job["runs-on"]
        assert {type(python) for python in pythons(job)} == {str}, "3.10 as a number is 3.1"


def test_every_system_and_every_python_that_is_admitted_is_tried():
    job = jobs(ROOT / ".github" / "workflows" / "tests.yml")["check"]
    assert {system.partition("-")[0] for system in job["strategy"]["matrix"]["os"]} == {
        "ubuntu",
        "macos",
        "windows",
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [
        text.split(" :: ")[-1] for text in project["classifiers"] if re.search(r"Python :: 3\.\d+$", text)
    ]
    assert pythons(job) == named and project["requires-python"] == f">={named[0]}"


def test_the_site_is_published_from_where_the_command_writes_it():
    job = jobs(ROOT / ".github" / "workflows" / "site.yml")["site"]
    folders = [step["with"]["path"] for step in job["steps"] if "upload-pages" in step.get("uses", "")]
    assert folders == ["build/book"] and "build/book" in (course.book.__doc__ or "")
    assert job["if"], "a fork without pages would fail at every push"


def test_lowest_and_newest_versions_are_both_asked_for():
    include = jobs(ROOT / ".github" / "workflows" / "weekly.yml")["versions"]["strategy"]["matrix"]["include"]
    assert [each["versions"] for each in include] == ["lowest", "newest"]


@pytest.mark.skipif(not shutil.which("actionlint"), reason="actionlint is not installed")
def test_actionlint_has_no_complaint():
    done = subprocess.run(["actionlint", *FILES], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout
