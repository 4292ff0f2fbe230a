"""What can be tried here of Windows and of old locales: no POSIX modules, ASCII and cp1252, a folder with a strange name."""

import ast
import os
import re
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


def reads_or_writes_as_the_system_does(call: ast.Call) -> bool:
    """A text in whatever encoding is usual there: cp1252 on Windows, ASCII in old containers."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if name in ("read_text", "write_text"):
        text = len(call.args) <= (name == "write_text")
    elif name == "open":
        strings = [each.value for each in call.args if isinstance(each, ast.Constant)]
        modes = [each for each in strings if re.fullmatch("[rwaxtb+]{1,3}", str(each))]
        text = not any("b" in mode for mode in modes) and bool(modes or isinstance(call.func, ast.Name))
    else:
        text = given.get("text") == "True"
    return text and "encoding" not in given


def test_no_file_is_read_or_written_without_an_encoding():
    folders = ("course_utils", "solutions", "tools")
    files = [ROOT / "course.py", *(file for folder in folders for file in (ROOT / folder).rglob("*.py"))]
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and reads_or_writes_as_the_system_does(node)
    ]
    assert len(files) > 150 and found == []
    for code in ("open(p)", "p.open('a')", "p.read_text()", "p.write_text(t)", "run(c, text=True)"):
        assert reads_or_writes_as_the_system_does(ast.parse(code, mode="eval").body), code


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


WITHOUT_POSIX = """
import pytest
class WithoutPosix:
    def pytest_sessionstart(self):  # pytest itself goes on as it is
        import not_posix; not_posix.take_away()
    def pytest_collection_modifyitems(self, items):
        reasons = lambda item: [str(mark.kwargs.get("reason")) for mark in item.iter_markers("skipif")]
        print(len(items), "collected")
        items[:] = [item for item in items if "needs " in " ".join(reasons(item))]
sys.exit(pytest.main(["-p", "no:cacheprovider", "-p", "no:xdist", "-rs", "tests"], plugins=[WithoutPosix()]))
"""


@pytest.mark.slow
def test_every_test_is_collected_without_posix_and_those_that_need_it_are_skipped():
    others = NOT_POSIX.replace("import not_posix; not_posix.take_away()", "import sys, xdist, sklearn")
    said = python(others + WITHOUT_POSIX, ROOT).decode(errors="replace")
    assert int(re.findall(r"(\d+) collected", said)[0]) > 1000 and "passed" not in said, said
    assert all(f"needs {what}" in said for what in ("POSIX: forks", "Linux: ", "symbolic links")), said


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


@pytest.mark.slow
@pytest.mark.parametrize("locale", LOCALES)
def test_the_notebooks_come_and_progress_is_shown_in_any_locale(tmp_path, locale):
    code = "import sys; from course_utils.desk import main; sys.exit(main(['start', sys.argv[1], '--no-lab']) or main(['progress']))"
    shown = python(code, tmp_path, "día ü", **LOCALES[locale])
    assert shown.count(b": new") == len(list(ROOT.glob("notebooks/*.ipynb"))) and b"Day 7" in shown
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    first = min(folder.glob("*.ipynb"))
    assert first.read_bytes() == (ROOT / "notebooks" / first.name).read_bytes()


@pytest.mark.parametrize("locale", LOCALES)
def test_course_py_speaks_in_any_locale(tmp_path, locale):
    code = f"import runpy, sys; sys.argv = ['course.py']; sys.path.insert(0, {str(ROOT)!r}); runpy.run_path({str(ROOT / 'course.py')!r}, run_name='__main__')"
    assert b"python course.py lab" in python(code, tmp_path, **LOCALES[locale])
