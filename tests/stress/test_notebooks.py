"""The days as learners run them: cells twice, sections out of order, on a small and odd machine.

Each is run in a kernel of `course start` that shows errors and goes on. STRESS_DAYS=5 takes one day, and so does a
share of less than one.
"""

import os
import random
import re
import shutil
import stat
import sys
import threading
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from course_utils.desk.start import environment

PART = "notebooks"
ROOT = Path(__file__).parents[2]
DAYS = os.environ.get("STRESS_DAYS") or ("5" if float(os.environ.get("STRESS_SHARE") or 1) < 1 else "1234567")
NOTEBOOKS = [path for path in sorted((ROOT / "notebooks").glob("day_*.ipynb")) if path.name[4] in DAYS]
GIGABYTES = 1.5
EXPLAINED = re.compile(r"comes from (?:a cell|cells) that ha")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at memory and homes as Linux has them")


def run(cells, folder, **variables):
    """The code cells with their outputs, and the largest memory of kernel and children meanwhile, in bytes."""
    notebook = nbformat.v4.new_notebook(cells=cells)
    kept = {**environment(), "COURSE_MODEL": "pocket", "COURSE_PROGRESS": "", "TQDM_DISABLE": "1"}
    kept |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **variables}
    client = NotebookClient(notebook, timeout=900, allow_errors=True, kernel_name="python3")
    before, stop, peaks = (
        {child.pid for child in psutil.Process().children(recursive=True)},
        threading.Event(),
        [0],
    )

    def watch():
        while not stop.wait(0.2):
            total = 0
            for child in psutil.Process().children(recursive=True):
                if child.pid not in before:
                    try:
                        total += child.memory_info().rss
                    except psutil.Error:
                        continue
            peaks.append(total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        client.execute(cwd=str(folder), env=kept)
    finally:
        stop.set()
        watcher.join()
    return [cell for cell in notebook.cells if cell.cell_type == "code"], max(peaks)


def errors_in(cells):
    """By number and first line of the cell, each error with the end of its traceback."""
    found = {}
    for number, cell in enumerate(cells, 1):
        said = [
            f"{o.ename}: {o.evalue} {(o.traceback or [''])[-1]}"
            for o in cell.outputs
            if o.output_type == "error"
        ]
        said += [o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"]
        found[f"cell {number}: {cell.source.splitlines()[0][:50] if cell.source else ''}"] = " ".join(said)[
            :300
        ]
    return found


def fresh(path):
    cells = nbformat.read(path, as_version=4).cells
    for cell in cells:
        cell.get("outputs", []).clear()
    return cells


def pytest_generate_tests(metafunc):
    if "day" in metafunc.fixturenames:
        metafunc.parametrize("day", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def test_each_cell_twice(day, tmp_path, tally):
    twice = []
    for cell in fresh(day):
        again = nbformat.from_dict({**cell, "id": f"{cell['id']}-2"})
        twice += [cell, again] if cell.cell_type == "code" else [cell]
    cells, _ = run(twice, tmp_path)
    tally(f"day {day.name[4]}, each cell twice", errors_in(cells))


def test_sections_out_of_order(day, tmp_path, tally, chance):
    """What misses a name says which cell to run first; nothing else goes wrong."""
    start, sections = [], [[]]
    for cell in fresh(day):
        heading = cell.cell_type == "markdown" and cell.source.startswith("## ")
        sections += [[]] if heading else []
        (sections[-1] if len(sections) > 1 else start).append(cell)
    sections = [section for section in sections if section]
    chance.shuffle(sections)
    cells, _ = run([*start, *(cell for section in sections for cell in section)], tmp_path)
    found = errors_in(cells)
    follows = {
        case: "" if said.startswith("NameError") and EXPLAINED.search(said) else said
        for case, said in found.items()
    }
    tally(f"day {day.name[4]}, sections out of order", follows)


def test_a_cell_from_the_middle(day, tmp_path, tally, many):
    """The sentence, from a kernel in which nothing has run but this cell."""
    code = [cell for cell in fresh(day) if cell.cell_type == "code"][1:]
    outcomes = {}
    for cell in random.Random(day.name).sample(code, min(many(20), len(code))):
        [ran], _ = run([cell], tmp_path)
        said = next(iter(errors_in([ran]).values()))
        fine = not said or (said.startswith("NameError") and EXPLAINED.search(said))
        outcomes[ran.source.splitlines()[0][:60]] = "" if fine else said
    tally(f"day {day.name[4]}, a cell in a fresh kernel", outcomes)


def test_on_a_small_and_odd_machine(day, tmp_path, tally):
    """One thread, a home that cannot be written, a Turkish locale, a path in several scripts; and its memory."""
    folder, home = tmp_path / "ein Ordner mit Ümläuten 中文 & 'quotes'", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    home.chmod(stat.S_IRUSR | stat.S_IXUSR)
    shutil.copy(day, folder)
    odd = {
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "tr_TR.UTF-8",
        "TZ": "Pacific/Chatham",
        "HOME": str(home / "none"),
    }
    cells, peak = run(fresh(day), folder, **odd)
    found = errors_in(cells)
    found = {
        case: "" if "MPLCONFIGDIR" in said and "Error:" not in said else said for case, said in found.items()
    }
    tally(f"day {day.name[4]}, one thread, no writable home, another locale, an odd path", found)
    most = f"{peak / 2**30:.2f} GB" if peak > GIGABYTES * 2**30 else ""
    tally(f"day {day.name[4]}, in {GIGABYTES} GB", {"peak of kernel and children": most})
