"""Hand-ins of every kind in one folder: each costs itself alone."""

import csv
import json
import os
import subprocess
import tempfile
import textwrap
import time

import needs
import psutil
import pytest
from hand_ins import RIGHT, grade_command, write

from course_utils.exercises import find
from course_utils.grade import ExerciseOutcome, Limits, grade_folder, write_reports

pytestmark = [pytest.mark.slow, needs.linux("the hand-ins fork and read /proc")]

SLIP = """
    import torch
    from course_utils.exercises import exercise

    @exercise("day_6.fvu")
    def fvu(x, x_hat):
        return 1 - (x - x_hat).pow(2).sum() / (x - x.mean(dim=0)).pow(2).sum()
"""
NOT_ATTEMPTED = """
    @exercise("day_6.remove_parallel_gradient")
    def remove_parallel_gradient(grad, W_dec):
        raise NotImplementedError
"""
ESCAPED = f"course-grade-test-that-outlives-{os.getpid()}"  # another run of these tests may be at work beside
HOSTILE = {
    "forks": [
        "import os, time\nfor _ in range(200):\n    if os.fork() == 0: time.sleep(600)\ntime.sleep(600)"
    ],
    "fills_memory": ["hog = []\nwhile True: hog.append(bytearray(b'x' * 50_000_000))"],
    "deletes": ["import os, shutil\nshutil.rmtree(os.getcwd())", "print('on')"],
    "prints": ["for _ in range(300): print('x' * 1_000_000)"],
    "fills_disk": ["with open('big', 'wb') as f:\n    for _ in range(100): f.write(bytes(10_000_000))"],
    "kernel_dies": ["import os\nos._exit(1)", "print('never')"],
    "kills_its_worker": ["import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"],
    "outlives": [
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', '{ESCAPED}'], start_new_session=True)"
    ],
    "daemon": [
        "import subprocess, sys\n"
        f'code = \'import subprocess, sys; subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{ESCAPED}"], start_new_session=True)\'\n'
        "subprocess.run([sys.executable, '-c', code], start_new_session=True)"
    ],
    "raises": ["1 / 0", "<mark>"],
    "forges": [
        "import json, os\njson.dump({'exercises': {'day_6.fvu': {'verdict': '<b>', 'slips': {'=1+1': 3}}, '=x': {}}},"
        " open(os.environ['COURSE_PROGRESS'], 'w'))"
    ],
    "looks_around": [
        "import os\nassert os.listdir() == ['looks_around.ipynb', 'data.txt'] or sorted(os.listdir()) == ['data.txt', 'looks_around.ipynb']",
        "assert 'COURSE_SECRET' not in os.environ",
        "open('data.txt', 'w').write('changed')",
    ],
}


ELSEWHERE = 'import os\nos.environ["COURSE_PROGRESS"] = "/content/drive/MyDrive/progress.json"'
FROM_COLAB = {
    "nbformat": 4,
    "nbformat_minor": 0,
    "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": {}}, "kernelspec": {"name": "ir"}},
    "cells": [
        {"cell_type": "code", "metadata": [], "source": textwrap.dedent(RIGHT).splitlines(keepends=True)}
    ],
}
MENTIONS = [RIGHT, "print('day_7.push')  # @exercise(\"day_7.clamp\")"]
SOLVED = {"day_6.encode": "correct"}
RIGHT_ALL_THE_SAME = {
    "elsewhere": ([ELSEWHERE, RIGHT], SOLVED),
    "nowhere": (["import os\nos.environ['COURSE_PROGRESS'] = ''", RIGHT], SOLVED),
    "clears": (
        ["from course_utils.exercises import exercise", "exercise; import os\nos.environ.clear()", RIGHT],
        SOLVED,
    ),
    "moves": (["%cd /", RIGHT], SOLVED),
    "leaves": ([RIGHT, "exit()"], SOLVED),
    "mentions": (MENTIONS, SOLVED),
    "half_typed": (
        ["from course_utils.exercises import exercise", NOT_ATTEMPTED.replace("raise", "raise raise"), RIGHT],
        {"day_6.remove_parallel_gradient": "not attempted", **SOLVED},
    ),
    "timed": (
        ["from course_utils.exercises import exercise", f"%%time\n{textwrap.dedent(NOT_ATTEMPTED)}"],
        {"day_6.remove_parallel_gradient": "not attempted"},
    ),
    "unknown": (["def answer(question):\n    return question", "answer('why?')", RIGHT], SOLVED),
    "sockets": (
        ["from ipykernel import get_connection_info", "assert '\"ipc\"' in get_connection_info()", RIGHT],
        SOLVED,
    ),
    "installs": (
        ["import os", "assert os.environ['PIP_NO_INDEX'] and os.environ['PIP_TARGET']", RIGHT],
        SOLVED,
    ),
    "asks": (["name = input('Your name? ')", RIGHT], SOLVED),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Thirty hand-ins and more, a dozen of them hostile."""
    folder = tmp_path_factory.mktemp("hand_ins")
    for name, cells in HOSTILE.items():
        write(folder / f"{name}.ipynb", cells)
    for name, (cells, _) in RIGHT_ALL_THE_SAME.items():
        write(folder / f"{name}.ipynb", cells)
    write(folder / "=good.ipynb", [RIGHT, SLIP, NOT_ATTEMPTED])
    write(folder / "class b" / "nested.ipynb", [RIGHT])
    write(folder / "skips.ipynb", [RIGHT], tags=["skip-execution"])
    write(folder / "no_code.ipynb", [])
    right = (folder / "class b" / "nested.ipynb").read_bytes()
    (folder / "UPPER.IPYNB").write_bytes(right)
    (folder / "from_a_browser.ipynb.txt").write_bytes(right)
    (folder / "marked.ipynb").write_bytes(b"\xef\xbb\xbf" + right)
    (folder / "wide.ipynb").write_text(right.decode(), encoding="utf-16")
    (folder / "colab.ipynb").write_text(json.dumps(FROM_COLAB))
    (folder / os.fsdecode(b"m\xfcller.ipynb")).write_bytes(right)  # a name as old systems write it
    (folder / "not_json.ipynb").write_text("PK\x03\x04 this is no notebook")
    (folder / "not_a_notebook.ipynb").write_text(
        '{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}'
    )
    (folder / "empty.ipynb").touch()
    (folder / "binary.ipynb").write_bytes(os.urandom(5000))
    (folder / "link.ipynb").symlink_to(folder / "=good.ipynb")
    (folder / "data.txt").write_text("as it was")
    return folder


@pytest.fixture(scope="module")
def before(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def own_tmp(tmp_path_factory):
    """Where the grader makes its folders, so that its processes can be told from those of another run."""
    return tmp_path_factory.mktemp("grading")


@pytest.fixture(scope="module")
def results(folder, before, own_tmp):
    os.environ["COURSE_SECRET"] = "token"
    elsewhere, tempfile.tempdir = tempfile.tempdir, str(own_tmp)
    try:
        limits = Limits(seconds=300, memory=1e9, processes=40, disk=0.2e9)
        return {result.learner: result for result in grade_folder(folder, limits, jobs=4)}
    finally:
        del os.environ["COURSE_SECRET"]
        tempfile.tempdir = elsewhere


def test_the_good_one_is_graded_beside_them(results):
    good = results["=good"]
    assert good.status == "ran" and not good.errors
    assert {key: outcome.verdict for key, outcome in good.outcomes.items()} == {
        "day_6.encode": "correct",
        "day_6.fvu": "wrong",
        "day_6.remove_parallel_gradient": "not attempted",
    }
    assert good.n_solved == 1
    explained = next(said for said in find("day_6.fvu").slips if "fraction explained" in said)
    assert good.outcomes["day_6.fvu"].slips == (explained,)
    assert results["class b/nested"].outcomes["day_6.encode"].verdict == "correct"


@pytest.mark.parametrize("learner", RIGHT_ALL_THE_SAME)
def test_what_people_do_besides_costs_them_nothing(results, learner):
    outcomes = {key: outcome.verdict for key, outcome in results[learner].outcomes.items()}
    assert outcomes == RIGHT_ALL_THE_SAME[learner][1], results[learner]
    assert learner not in ("sockets", "installs") or not results[learner].errors


@pytest.mark.parametrize(
    "learner",
    ["skips", "UPPER", "from_a_browser", "marked", "wide", "colab", "m\N{REPLACEMENT CHARACTER}ller"],
)
def test_a_file_that_jupyter_opens_is_judged(results, learner):
    assert {key: outcome.verdict for key, outcome in results[learner].outcomes.items()} == SOLVED


@pytest.mark.parametrize(
    ("learner", "said"),
    [
        ("forks", "processes, the limit is 40"),
        ("fills_memory", "of memory, the limit is 1 GB"),
        ("kernel_dies", "its kernel died in cell 1"),
        ("kills_its_worker", "ended without a word in cell 1"),
        ("not_json", "not a notebook: it is an archive"),
        ("not_a_notebook", "not a notebook: it has no cells"),
        ("empty", "not a notebook: the file is empty"),
        ("binary", "not a notebook"),
        ("no_code", "empty"),
        ("link", "a link"),
        ("outlives", "ran"),
        ("daemon", "ran"),
        ("forges", "ran"),
    ],
)
def test_the_report_says_what_happened(results, learner, said):
    assert said in results[learner].status


def test_gigabytes_of_output_fill_nothing_but_its_own_limit(results):
    assert results["prints"].status == "ran" or "of memory" in results["prints"].status


def test_one_that_hangs_is_stopped(tmp_path):
    write(tmp_path / "hangs.ipynb", ["while True: pass"])
    (tmp_path / "other.ipynb").write_text("no notebook")
    hangs, other = grade_folder(tmp_path, Limits(seconds=10), jobs=2)
    assert hangs.status.startswith("stopped: it ran longer than 10 seconds")
    assert other.status.startswith(("not a notebook", "stopped"))  # a busy machine may take so long to say so


def test_later_cells_run_after_an_error(results):
    assert results["raises"].status == "ran"
    assert [cell for cell, _ in results["raises"].errors] == [1, 2]
    assert results["raises"].errors[0][1] == "ZeroDivisionError: division by zero"


def test_a_hand_in_cannot_touch_its_original_or_see_the_others(results, before):
    assert {path: path.read_bytes() for path in before} == before
    assert results["looks_around"].status == "ran" and not results["looks_around"].errors


def test_a_file_has_a_limit(results):
    assert "File too large" in str(results["fills_disk"].errors) or "to disk" in results["fills_disk"].status


def test_no_process_and_no_folder_is_left(results, own_tmp):
    def left() -> list[str]:
        said = []
        for process in psutil.process_iter():
            try:
                line = " ".join(process.cmdline())
                if ESCAPED in line or str(own_tmp) in line:
                    said.append(line)
            except psutil.Error:
                pass
        return said

    until = time.monotonic() + 60  # on a busy core even the killed need time to end
    while left() and time.monotonic() < until:
        time.sleep(0.1)
    assert left() == [] and list(own_tmp.iterdir()) == []


def test_only_known_keys_verdicts_and_slips_are_believed(results):
    assert results["forges"].outcomes == {"day_6.fvu": ExerciseOutcome("not attempted")}


def test_the_tables(results, tmp_path):
    wide, details, page = write_reports(list(results.values()), tmp_path / "reports")
    rows = list(csv.DictReader(wide.open(encoding="utf-8-sig")))
    assert len(rows) == len(results)
    good = next(row for row in rows if row["learner"] == "'=good")
    assert (good["solved"], good["exercises"], good["day_6.fvu"]) == ("1", "3", "wrong")
    slips = [
        row["slips"]
        for row in csv.DictReader(details.open(encoding="utf-8-sig"))
        if row["verdict"] == "wrong"
    ]
    assert slips == list(results["=good"].outcomes["day_6.fvu"].slips)
    solved = sum("day_6.encode" in result.outcomes for result in results.values())
    assert solved > 15 and f"Solved by {solved} of {solved}" in page.read_text(encoding="utf-8")


def test_names_that_print_alike_stay_two(tmp_path):
    for name in ("a\x01.ipynb", "a\x02.ipynb"):
        (tmp_path / name).touch()
    told = []
    assert len(grade_folder(tmp_path, told=told.append)) == len(told) == 2
    assert told[0] is not told[1]


def test_the_command(tmp_path):
    write(tmp_path / "in" / "mary.ipynb", ["1 / 0"])
    done = subprocess.run(grade_command(tmp_path), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "mary: 0 of 0 solved; ran" in done.stdout
    assert (tmp_path / "report.html").exists()
    assert json.loads((tmp_path / "in" / "mary.ipynb").read_text())["cells"][0]["outputs"] == []
