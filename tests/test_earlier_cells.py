"""A cell run from the middle of a fresh kernel names the cell to run first; other missing names stay as they are."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.desk.start import environment
from course_utils.exercises.earlier_cells import Cell, cells_of, names_of, sentence_about, what_to_run

ROOT = Path(__file__).parents[1]
DAYS = sorted((ROOT / "notebooks").glob("day_*.ipynb"))


def days_cells(path):
    return cells_of(json.loads(path.read_text(encoding="utf-8")))


def made(source):
    return Cell("", source, *names_of(source))


@pytest.mark.parametrize(
    ("source", "makes", "needs"),
    [
        ("a, (b, *c) = d", {"a", "b", "c"}, {"d"}),
        ("import torch as t\nfrom x import y", {"t", "y"}, set()),
        ("def f(a=b):\n    return a + g + len([a])", {"f"}, {"b", "g"}),
        ("total = sum(x for x in xs)\nwith open(p) as file: pass", {"total", "file"}, {"xs", "p"}),
        ("%time y = 3\n!pip list\nz = w\nhelp?", {"z"}, {"w"}),
        ('@exercise("day_6.fvu")\ndef fvu(x, x_hat): ...', {"fvu"}, {"exercise"}),
        ("not python at all", set(), set()),
    ],
)
def test_what_a_cell_makes_and_what_it_needs(source, makes, needs):
    assert names_of(source) == (makes, needs)


def test_the_cells_that_have_to_run_first_come_in_order_and_only_those():
    cells = [*map(made, ("import torch", "x = torch.ones(3)", "y = 1", "z = x + 1", "print(z)", "x = 5"))]
    first = what_to_run("z", cells, 4, {})
    assert [cell.begins for cell in first] == ["import torch", "x = torch.ones(3)", "z = x + 1"]
    assert [cell.begins for cell in what_to_run("z", cells, 4, {"x"})] == ["z = x + 1"]
    assert [cell.begins for cell in what_to_run("x", cells, 0, {"torch"})] == ["x = torch.ones(3)"], (
        "further below"
    )
    assert what_to_run("typo", cells, 4, {}) == []


@pytest.mark.parametrize("path", DAYS, ids=[path.stem for path in DAYS])
def test_run_from_the_middle_every_missing_name_of_a_day_leads_to_its_first_cell_that_is_needed(path):
    """In a fresh kernel each cell misses its first name: the cell that is named makes it, or leads to what does."""
    cells = days_cells(path)
    n_missing = 0
    for place, cell in enumerate(cells):
        for name in cell.needs:
            first = what_to_run(name, cells, place, {})
            assert first, f"no cell makes {name}, which cell {place} needs"
            assert not first[0].needs, "the first of them needs nothing"
            above = any(name in each.makes for each in cells[:place])
            assert cells.index(first[0]) < place or not above
            assert any(name in each.makes for each in first)
            n_missing += 1
    assert n_missing > 100


def test_the_sentence_knows_the_day_by_the_code_that_ran_and_says_nothing_elsewhere(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    six = days_cells(DAYS[5])
    [harvest] = [cell.source for cell in six if "def harvest" in cell.source]
    said = sentence_about(
        "train_texts",
        [harvest],
        {"torch": 1, "model": 1, "Random": 1, "few_of_each_concept": 1, "fewer_if_large": 1},
    )
    assert (
        "run the cell under “1 · What the model writes down” that begins `from random import Random`" in said
    )
    everything = sentence_about("train_texts", [harvest], {})
    assert (
        "begin with the cell under “Day 6 · A sparse autoencoder on GPT-2” that begins `import torch`; 1 more"
        in everything
    )
    assert sentence_about("modle", [harvest], {}) == "", "a slip of the learner's own"
    assert sentence_about("model", ["my_own = model.something(else)"], {}) == "", "another notebook"


def test_the_learners_own_notebook_comes_first(tmp_path, monkeypatch):
    cells = [{"cell_type": "markdown", "source": "# Mine"}]
    cells += [{"cell_type": "code", "source": source} for source in ("whales = 5", "print(whales + 12345)")]
    (tmp_path / "mine.ipynb").write_text(json.dumps({"cells": cells}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "mine.ipynb"))
    said = sentence_about("whales", ["print(whales + 12345)"], {})
    assert said.startswith(
        "`whales` comes from a cell that has not run in this kernel: run the cell under “Mine” that"
    )
    (tmp_path / "mine.ipynb").write_text("[]")
    assert sentence_about("whales", ["print(whales + 12345)"], {}) == ""


COLOURS = re.compile(r"\x1b\[[0-9;]*m")
PROGRAM = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
{before}
for source in {cells!r}:
    shell.run_cell(source, store_history=True)
    print("=" * 9)
"""


def run_cells(*cells, before="import course_utils"):
    """What plain IPython shows of each cell, in a process of its own."""
    program = PROGRAM.format(cells=list(cells), before=before)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT / "docs",
        env=environment,
        timeout=240,
    )
    return COLOURS.sub("", done.stdout + done.stderr).split("=" * 9 + "\n")


def test_ipython_shows_its_own_traceback_and_the_sentence_below_it():
    cell = next(cell for cell in days_cells(DAYS[0]) if cell.source.startswith("W_dream"))
    own = "def mine():\n    return modle\n\nmine()"
    wrong, slip, divided, tb = run_cells(cell.source, own, "1 / 0", "%tb")[:4]
    *lines, last = wrong.strip().splitlines()
    assert last.startswith(
        "`torch` comes from a cell that has not run in this kernel: run the cell under “Day 1 · The"
    )
    assert "NameError: name 'torch' is not defined" in lines[-1] and len(lines) < 20
    assert slip.strip().splitlines()[-1] == "NameError: name 'modle' is not defined"
    assert divided.strip().splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert "ZeroDivisionError" in tb, "debuggers find the last error"


def test_a_handler_that_is_there_already_stays():
    before = "shell.set_custom_exc((KeyError,), lambda *a, **k: print('theirs'))\nimport course_utils"
    cell = next(cell for cell in days_cells(DAYS[0]) if cell.source.startswith("W_dream"))
    wrong, theirs = run_cells(cell.source, "{}['x']", before=before)[:2]
    assert "theirs" in theirs and wrong.strip().endswith("name 'torch' is not defined")


@pytest.mark.slow
def test_a_kernel_of_course_start_knows_it_before_any_cell_has_run(tmp_path):
    """JupyterLab's kernels, which say the same of every cell; nothing is left among the learner's names."""
    from jupyter_client.manager import start_new_kernel

    variables = {**environment(), "PYTHONPATH": str(ROOT), "JPY_SESSION_NAME": str(DAYS[5])}
    seen = []
    manager, client = start_new_kernel(env=variables, cwd=str(tmp_path))
    try:
        client.execute_interactive(
            "print(*(n for n in dir() if n[:1] != '_'))", output_hook=seen.append, timeout=120
        )
        names = "".join(m["content"]["text"] for m in seen if m["msg_type"] == "stream").split()
        assert not {"course_utils", "os", "Path", "own"} & set(names)
        seen.clear()
        second = days_cells(DAYS[5])[1].source
        client.execute_interactive(second, output_hook=seen.append, timeout=120)
        [error] = [m["content"] for m in seen if m["msg_type"] == "error"]
        assert error["ename"] == "NameError" and error["evalue"] == "name 'model' is not defined"
        assert "`model` comes from a cell that has not run in this kernel" in COLOURS.sub(
            "", error["traceback"][-1]
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
