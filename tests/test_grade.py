"""Hand-ins of every kind in one folder: each costs itself alone."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

psutil = pytest.importorskip("psutil")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

from course_utils.exercises import find  # noqa: E402
from course_utils.grade import (  # noqa: E402
    ExerciseOutcome,
    Limits,
    Result,
    by_learner,
    find_hand_ins,
    grade_folder,
    report_html,
    write_reports,
)
from course_utils.grade.collect import _copy  # noqa: E402
from course_utils.grade.report import _cell  # noqa: E402

pytestmark = pytest.mark.slow

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the hand-ins fork and read what Linux says")

RIGHT = """
    import torch
    from course_utils.exercises import exercise

    @exercise("day_6.encode")
    def encode(x, W_enc, b_enc, b_dec):
        return torch.relu((x - b_dec) @ W_enc + b_enc)
"""
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


def write(path: Path, cells: list[str]) -> None:
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(cell).strip()) for cell in cells]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hand_ins")
    for name, cells in HOSTILE.items():
        write(folder / f"{name}.ipynb", cells)
    write(folder / "=good.ipynb", [RIGHT, SLIP, NOT_ATTEMPTED])
    write(folder / "class b" / "nested.ipynb", [RIGHT])
    write(folder / "no_code.ipynb", [])
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
        limits = Limits(seconds=150, memory=1e9, processes=40, disk=0.2e9)
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
    assert good.outcomes["day_6.fvu"].slips == (next(iter(find("day_6.fvu").slips)),)
    assert results["class b/nested"].outcomes["day_6.encode"].verdict == "correct"


@pytest.mark.parametrize(
    ("learner", "said"),
    [
        ("forks", "processes, the limit is 40"),
        ("fills_memory", "of memory, the limit is 1 GB"),
        ("kernel_dies", "its kernel died in cell 1"),
        ("kills_its_worker", "ended without a word in cell 1"),
        ("not_json", "not a notebook"),
        ("not_a_notebook", "not a notebook"),
        ("empty", "not a notebook"),
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


def test_no_process_is_left(results, own_tmp):
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
    assert left() == []


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
    assert "Solved by 2 of 2" in page.read_text(encoding="utf-8")


def test_seven_notebooks_of_one_learner_are_one_row():
    day_1 = Result("anna/day_1_dream", "ran", {"day_1.read": ExerciseOutcome("wrong", 2)})
    day_2 = Result(
        "anna/day_2/day_2_mess", "took too long", {"day_2.count": ExerciseOutcome("no verdict")}, ((3, "E"),)
    )
    again = Result("anna/day_1_again", "ran", {"day_1.read": ExerciseOutcome("correct", 5)})
    others = [Result(name, "ran", {}) for name in ("b/ben", "b/eve", "day_1_alone", "class/day_2_x")]
    anna, *rest = by_learner([day_1, day_2, again, *others])
    assert anna.learner == "anna" and anna.status == "day_2/day_2_mess: took too long"
    assert anna.outcomes == {
        "day_1.read": ExerciseOutcome("correct", 5),
        "day_2.count": ExerciseOutcome("no verdict"),
    }
    assert anna.errors == ((3, "day_2/day_2_mess: E"),)
    assert [r.learner for r in rest] == ["b/ben", "b/eve", "day_1_alone", "class"]
    assert "<h1>1 learner</h1>" in report_html([day_1, again])


def test_the_page_escapes_what_a_learner_wrote():
    result = Result("<script>", "ran <i>", {}, ((1, "<img src=x>"),))
    page = report_html([result])
    assert not any(tag in page for tag in ("<script", "<i>", "<img"))
    assert "http" not in page


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1"])
def test_a_spreadsheet_runs_nothing(text):
    assert _cell(text) == "'" + text


def test_names_that_print_alike_stay_two(tmp_path):
    for name in ("a\x01.ipynb", "a\x02.ipynb"):
        (tmp_path / name).touch()
    told = []
    assert len(grade_folder(tmp_path, told=told.append)) == len(told) == 2
    assert told[0] is not told[1]


def test_what_is_hidden_is_not_copied_and_too_much_is_refused(tmp_path):
    write(tmp_path / "ada" / "a.ipynb", [])
    for name in (".venv", "images"):
        (tmp_path / "ada" / name).mkdir()
        (tmp_path / "ada" / name / "file").write_bytes(bytes(1000))
    one = find_hand_ins(tmp_path)[0]
    _copy(one, tmp_path / "copy", 1e6)
    assert sorted(p.name for p in (tmp_path / "copy").iterdir()) == ["a.ipynb", "images"]
    with pytest.raises(ValueError, match="beside it"):
        _copy(one, tmp_path / "again", 500)


FORKS = """
import os, resource, sys, time
sys.path.insert(0, sys.argv[1])
import worker
worker.MORE_THREADS, worker.NEEDED_THREADS = 30, int(sys.argv[2])
if os.getuid() == 0:
    os.setuid(54_321)  # the system lets root pass
worker._restrict_threads()
children = []
try:
    while len(children) < 60:
        child = os.fork()
        if child == 0:
            time.sleep(60)
        children.append(child)
except BlockingIOError:
    pass
print(len(children))
for child in children:
    os.kill(child, 9)
"""


@pytest.mark.parametrize(("needed", "started"), [(5, range(1, 31)), (60, [60])])
def test_a_fork_bomb_meets_a_limit_unless_the_account_is_full_already(needed, started):
    worker = Path(sys.modules["course_utils.grade"].__file__).parent
    command = [sys.executable, "-c", FORKS, str(worker), str(needed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert int(done.stdout) in started, done.stderr


def test_links_and_checkpoints_are_not_followed(tmp_path):
    write(tmp_path / "class" / ".ipynb_checkpoints" / "a.ipynb", [])
    write(tmp_path / "class" / "a.ipynb", [])
    (tmp_path / "round").symlink_to(tmp_path)
    assert [one.learner for one in find_hand_ins(tmp_path)] == ["class/a"]
    with pytest.raises(NotADirectoryError):
        find_hand_ins(tmp_path / "nowhere")


def grade_command(folder):
    """`course grade` of what is in ``folder``/in, reports beside it."""
    return [sys.executable, "-m", "course_utils.desk.cli", "grade", str(folder / "in"), "--out", str(folder)]


def test_the_command(tmp_path):
    write(tmp_path / "in" / "mary.ipynb", ["1 / 0"])
    done = subprocess.run(grade_command(tmp_path), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "mary: 0 of 0 solved; ran" in done.stdout
    assert (tmp_path / "report.html").exists()
    assert json.loads((tmp_path / "in" / "mary.ipynb").read_text())["cells"][0]["outputs"] == []


def test_a_termination_leaves_no_hand_in_running(tmp_path):
    started = tmp_path / "started"
    source = f"import os, pathlib, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid())); time.sleep(600)"
    write(tmp_path / "in" / "slow.ipynb", [source])
    grading = subprocess.Popen(grade_command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not (started.exists() and started.read_text()) and time.monotonic() < until:
        time.sleep(0.1)
    kernel = int(started.read_text())
    grading.terminate()
    assert grading.wait(60) == 130
    # in a container without an init, nobody collects what has ended
    assert not psutil.pid_exists(kernel) or psutil.Process(kernel).status() == psutil.STATUS_ZOMBIE
