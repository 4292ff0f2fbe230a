"""Whatever a program that fetches waits for, the caller's wait ends, and one sees what it waits for."""

import sys
import time
from pathlib import Path

import psutil
import pytest

from course_utils.base import Unavailable, fetching
from course_utils.base.fetching import run_fetch, seconds_for


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def is_over(file: Path) -> bool:
    """Has the process that wrote its number into the file ended?"""
    return not psutil.pid_exists(int(file.read_text()))


def test_it_returns_what_was_said_and_whether_it_succeeded(tmp_path):
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    fetched = run_fetch(python(code), tmp_path, title="x", megabytes=1)
    assert not fetched.succeeded and sorted(fetched.said.split()) == ["one", "two"]
    assert run_fetch(python(""), tmp_path / "nowhere", title="x", megabytes=1).succeeded


def test_a_program_cannot_ask(tmp_path):
    fetched = run_fetch(python("input('password?')"), tmp_path, title="x", megabytes=1)
    assert not fetched.succeeded and "EOFError" in fetched.said


def test_variables_are_added_to_those_of_this_process(tmp_path, monkeypatch):
    monkeypatch.setenv("ONE", "1")
    code = "import os; print(os.environ['ONE'], os.environ['TWO'])"
    assert run_fetch(python(code), tmp_path, title="x", megabytes=1, environment={"TWO": "2"}).said == "1 2\n"


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(Unavailable, match="nobody-has-this cannot be started"):
        run_fetch(["nobody-has-this"], tmp_path, title="x", megabytes=1)


STARTS = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid()));"


def test_silence_ends_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fetching, "SILENCE", 1.5)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="nothing came for 2 seconds"):
        run_fetch(python(f"{STARTS} time.sleep(60)"), tmp_path, title="x", megabytes=1)
    assert time.monotonic() - began < 20 and is_over(tmp_path / "pid")


def test_a_trickle_ends_too_though_it_is_never_silent(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fetching, "START", 4.0)
    code = f"{STARTS}\nwhile True: time.sleep(0.1); print(end='.', file=open('file', 'a'))"
    with pytest.raises(Unavailable, match="not through after 0 minutes"):
        run_fetch(python(code), tmp_path, title="x", megabytes=0)
    assert (tmp_path / "file").stat().st_size > 3 and is_over(tmp_path / "pid")


def test_an_interrupt_ends_the_program_as_well(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def interrupted(folder):
        if (tmp_path / "pid").exists():
            raise KeyboardInterrupt
        return {}

    monkeypatch.setattr(fetching, "_files", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_fetch(python(f"{STARTS} time.sleep(60)"), tmp_path, title="x", megabytes=1)
    assert is_over(tmp_path / "pid")


@pytest.mark.slow
def test_a_program_that_does_not_want_to_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fetching, "SILENCE", 2.0)
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STARTS} time.sleep(60)"
    with pytest.raises(Unavailable):
        run_fetch(python(code), tmp_path, title="x", megabytes=1)
    assert is_over(tmp_path / "pid")


def test_a_long_wait_is_announced_with_its_limit_and_a_short_one_is_not(tmp_path, monkeypatch, capfd):
    run_fetch(python(""), tmp_path, title="the model", megabytes=36)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(fetching, "ANNOUNCED", 0.0)
    run_fetch(python("import time; time.sleep(0.7)"), tmp_path, title="the model", megabytes=36)
    assert "the model, at most 5 minutes:   0%" in capfd.readouterr().err


def test_a_larger_download_may_take_longer():
    assert seconds_for(548) - seconds_for(48) == 500 / fetching.SLOWEST
