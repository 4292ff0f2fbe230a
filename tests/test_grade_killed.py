"""Whatever ends a grader, its hand-ins end with it, and their folders go."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import needs
import psutil
import pytest
from hand_ins import grade_command, write

from course_utils.grade import grade_folder
from course_utils.grade.rooms import LOCK, PREFIX, remove_abandoned, room

pytestmark = [pytest.mark.slow, needs.linux("it looks at processes in /proc")]
SLOW = """
import os, pathlib, subprocess, sys, time
code = "import time; time.sleep(600)"
daemon = f"from subprocess import *; import sys; print(Popen([sys.executable, '-c', {code!r}], stdout=DEVNULL, start_new_session=True).pid)"
left = subprocess.run([sys.executable, "-c", daemon], stdout=subprocess.PIPE, text=True).stdout
os.chmod(os.getcwd(), 0o500)
pathlib.Path(%r).write_text(f"{os.getpid()} {left}")
time.sleep(600)
"""


def heed_signals():
    """Where these tests run in the background, their children would ignore what a keyboard sends."""
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(each, signal.SIG_DFL)


def until(true, seconds=120.0):
    """Whether it became true in time."""
    ends = time.monotonic() + seconds
    while not (now := true()) and time.monotonic() < ends:
        time.sleep(0.1)
    return now


def ended(process):
    """In a container without an init, nobody collects what has ended."""
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def grading(tmp_path):
    """A grader at work: (its process, the processes of its hand-in, where it makes its folders)."""
    started, tmp = tmp_path / "started", tmp_path / "tmp"
    tmp.mkdir()
    write(tmp_path / "in" / "slow.ipynb", [SLOW % str(started)])
    (tmp_path / "in" / "first.ipynb").write_text("no notebook")
    quiet = subprocess.DEVNULL
    environment = os.environ | {"TMPDIR": str(tmp)}
    grader = subprocess.Popen(
        grade_command(tmp_path), stdout=quiet, stderr=quiet, env=environment, preexec_fn=heed_signals
    )
    try:
        assert until(lambda: started.exists() and len(started.read_text().split()) == 2)
        yield grader, [int(number) for number in started.read_text().split()], tmp
    finally:
        grader.kill()
        grader.wait(60)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGKILL", "SIGQUIT"])
def test_no_kernel_no_child_and_no_folder_is_left(grading, name, tmp_path):
    (grader, started, tmp), how = grading, getattr(signal, name)
    assert not any(map(ended, started)) and len(list(tmp.iterdir())) == 1
    grader.send_signal(how)
    assert grader.wait(60) == (-how if name in ("SIGKILL", "SIGQUIT") else 130)
    assert until(lambda: all(map(ended, started)), 60)
    assert until(lambda: list(tmp.iterdir()) == [], 30)
    if name in ("SIGTERM", "SIGHUP", "SIGINT"):  # what was graded is not lost
        assert "first" in (tmp_path / "report.csv").read_text(encoding="utf-8-sig")


def test_the_next_grader_clears_up_where_the_worker_was_killed_too(grading, monkeypatch):
    grader, started, tmp = grading
    worker = grader.pid and psutil.Process(grader.pid).children()[0]
    kernel = psutil.Process(started[0])
    kernel.suspend()  # or it would notice that its worker is gone
    worker.suspend()
    grader.kill()
    grader.wait(60)
    worker.kill()
    assert not any(map(ended, started)) and len(list(tmp.iterdir())) == 1
    monkeypatch.setattr("tempfile.tempdir", str(tmp))
    monkeypatch.setattr("course_utils.grade.rooms.NEW", 0.0)
    (tmp / "none").mkdir()
    assert grade_folder(tmp / "none") == []
    assert until(lambda: all(map(ended, started)), 10)
    assert [path.name for path in tmp.iterdir()] == ["none"]


def test_what_somebody_holds_or_has_just_made_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    new, linked, file = (tmp_path / f"{PREFIX}{name}" for name in ("new", "linked", "file"))
    new.mkdir()
    linked.symlink_to(new)
    file.touch()
    with room() as held:
        os.utime(held / LOCK, (0, 0))
        remove_abandoned()
        assert sorted(tmp_path.iterdir()) == sorted([new, linked, file, held])
    os.utime(new, (0, 0))
    remove_abandoned()
    assert sorted(tmp_path.iterdir()) == sorted([linked, file])


def test_a_room_goes_whatever_is_closed_in_it():
    code = (
        "import os, sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from course_utils.grade.rooms import room\n"
        "if os.getuid() == 0: os.setuid(54_321)  # nothing is closed to root\n"
        "with room() as made:\n"
        "    (made / 'a' / 'b').mkdir(parents=True); (made / 'a' / 'link').symlink_to('/')\n"
        "    os.chmod(made / 'a' / 'b', 0); os.chmod(made / 'a', 0); os.chmod(made, 0)\n"
    )
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o777)
        subprocess.run([sys.executable, "-c", code, top], check=True, timeout=60)
        assert list(Path(top).iterdir()) == []


def test_nohup_stays_nohup(tmp_path):
    code = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from course_utils.desk.stopping import terminated_like_interrupted\n"
        "with terminated_like_interrupted():\n    os.kill(os.getpid(), signal.SIGHUP)\nprint('went on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "went on\n", done.stderr
