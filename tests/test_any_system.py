"""What can be tried here of Windows and of old locales: no POSIX modules, ASCII and cp1252, a folder with a strange name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALONE = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
PATHS = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
LOCALES = {
    "ascii": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "cp437": {"PYTHONIOENCODING": "cp437"},
}
# other people's modules come first: that they run on Windows is theirs to try
NOT_POSIX = """
import asyncio, multiprocessing, subprocess, tempfile, torch, matplotlib.pyplot, IPython, ipywidgets, tqdm
import accelerate, bs4, filelock, genanki, gguf, scipy.optimize, sklearn.linear_model, jinja2, latex2mathml.converter, mistune, nbclient, nbconvert, nbformat, psutil, transformer_lens.model_bridge
import not_posix; not_posix.take_away()
"""


def python(code, cwd, *arguments, **variables):
    """What a program prints, in an environment of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=ALONE | PATHS | {"COURSE_PROGRESS": "progress.json", "OMP_NUM_THREADS": "1"} | variables,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    return done.stdout


def test_what_is_taken_away_is_gone():
    code = "import not_posix; not_posix.take_away()\ntry: import resource\nexcept ImportError: print('gone')"
    assert python(code, ROOT).strip() == b"gone"


@pytest.mark.slow
def test_every_module_loads_without_posix(tmp_path):
    code = NOT_POSIX + (
        "import pkgutil, importlib, course_utils, solutions\n"
        "for package in (course_utils, solutions):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not module.name.startswith('course_utils.data'): importlib.import_module(module.name)\n"
        "print(len([name for name in __import__('sys').modules if name.startswith('course_utils.')]))\n"
    )
    assert int(python(code, tmp_path)) > 100


@pytest.mark.slow
def test_an_exercise_is_judged_and_an_endless_one_is_stopped_without_posix(tmp_path):
    code = NOT_POSIX + (
        "from dataclasses import replace\n"
        "from course_utils.exercises.verdicts import judge\n"
        "from solutions import day_4\n"
        "name, record = next(iter(day_4.EXERCISES.items()))\n"
        "def endless(*args, **kwargs):\n"
        "    while True: pass\n"
        "print(judge(record, record.reference).status)\n"
        "print(judge(replace(record, seconds=1.0), endless))\n"
    )
    said = python(code, tmp_path).decode("utf-8", errors="replace")
    assert said.startswith("correct") and "ran longer than 1 s and was stopped" in said, said


@pytest.mark.parametrize("locale", LOCALES)
def test_the_notebooks_come_and_progress_is_shown_in_any_locale(tmp_path, locale):
    code = "import sys; from course_utils.desk import main; sys.exit(main(['start', sys.argv[1], '--no-lab']) or main(['progress']))"
    shown = python(code, tmp_path, "día ü", **LOCALES[locale])
    assert shown.count(b": new") == 7 and b"Day 7" in shown
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    first = min(folder.glob("*.ipynb"))
    assert first.read_bytes() == (ROOT / "notebooks" / first.name).read_bytes()


@pytest.mark.parametrize("locale", LOCALES)
def test_course_py_speaks_in_any_locale(tmp_path, locale):
    code = f"import runpy, sys; sys.argv = ['course.py']; sys.path.insert(0, {str(ROOT)!r}); runpy.run_path({str(ROOT / 'course.py')!r}, run_name='__main__')"
    assert b"python course.py lab" in python(code, tmp_path, **LOCALES[locale])
