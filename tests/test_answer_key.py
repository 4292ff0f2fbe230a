"""The answer key is found by its own location, whatever else is called solutions."""

import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.exercises import days, find, keys

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["solutions.py", "solutions/__init__.py"])
def test_a_file_of_that_name_beside_the_notebook_does_not_hide_it(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine = 1\n")
    code = (
        "import solutions; assert solutions.mine == 1\n"
        "from course_utils.exercises import find\n"
        "print(find('day_6.encode').reference.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({str(ROOT)!r}); sys.path.insert(0, '.')\n{code}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "encode", done.stderr


def test_each_day_that_has_a_file_has_a_key():
    assert days() == sorted(path.stem for path in ROOT.glob("solutions/day_*.py"))
    assert all(keys(day) for day in days())


def test_a_reference_can_be_pickled_and_read():
    references = [find(key).reference for day in days() for key in keys(day)]
    own = [
        r for r in references if inspect.isfunction(r) and r.__module__.startswith("course_utils.exercises.")
    ]
    assert len(own) > 10
    for reference in own:
        assert pickle.loads(pickle.dumps(reference)) is reference
        assert f"def {reference.__name__}(" in inspect.getsource(reference)
        assert Path(inspect.getsourcefile(reference)).parent == ROOT / "solutions"
