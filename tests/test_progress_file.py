import json
import os
import subprocess
import sys
import time

import pytest
from filelock import FileLock

from course_utils.exercises import (
    Verdict,
    keys,
    progress,
    progress_file,
    progress_path,
    progress_table,
    read_progress,
)

KEY = "day_6.encode"
WRONG = Verdict("wrong", "Close.", slip=True)
RIGHT = Verdict("correct")


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    path = tmp_path / "new folder" / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    monkeypatch.setattr(progress_file, "_told", set())
    return path


def test_what_is_kept(path):
    for verdict in (Verdict("not attempted"), WRONG, WRONG, Verdict("raised", "It stopped."), RIGHT):
        assert progress_file.remember_verdict(KEY, verdict) == ""
    progress_file.remember_seen(KEY, hints=2)
    progress_file.remember_seen(KEY, hints=1)
    progress_file.remember_seen(KEY, solution=True)
    progress_file.remember_question("day_6.reading", 1, False)
    kept = json.loads(path.read_text())
    entry = kept["exercises"][KEY]
    first = entry.pop("first_correct")
    assert first.endswith("+00:00")
    assert entry == {
        "verdict": "correct",
        "attempts": 4,
        "slips": {"Close.": 2},
        "hints": 2,
        "solution_seen": True,
    }
    assert kept["quizzes"] == {"day_6.reading": {"1": {"verdict": "wrong", "attempts": 1}}}
    assert kept["version"] == 1


def test_solved_stays_solved(path):
    progress_file.remember_verdict(KEY, RIGHT)
    before = path.read_text()
    progress_file.remember_verdict(KEY, WRONG)
    progress_file.remember_verdict(KEY, RIGHT)
    assert path.read_text() == before


def test_nothing_is_kept_of_a_stub_or_if_asked_not_to(path, monkeypatch):
    progress_file.remember_verdict(KEY, Verdict("not attempted"))
    monkeypatch.setenv("COURSE_PROGRESS", "")
    assert progress_file.remember_verdict(KEY, RIGHT) == ""
    assert progress_path() is None
    assert not path.exists()


@pytest.mark.parametrize(
    ("platform", "variables", "place"),
    [
        ("linux", {"HOME": "/h"}, "/h/.local/share/superposition-course/progress.json"),
        ("linux", {"XDG_DATA_HOME": "/x"}, "/x/superposition-course/progress.json"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Application Support/superposition-course/progress.json"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/superposition-course/progress.json"),
    ],
)
def test_the_place_on_each_platform(platform, variables, place, monkeypatch):
    for name in ("COURSE_PROGRESS", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv("USERPROFILE", value)  # Windows' name for HOME
    monkeypatch.setattr(sys, "platform", platform)
    assert progress_path().as_posix() == place


@pytest.mark.parametrize(
    "damage",
    [
        *("", "{", "[]", '{"version": 1, "exercises": []}', '{"exercises": {"a": 1}}', "\x00\xff"),
        "[" * 100_000,
        '{"exercises": {}, "quizzes": {}}',
        f'{{"version": 1, "exercises": {{"{KEY}": {{"attempts": "3"}}}}, "quizzes": {{}}}}',
        f'{{"version": 1, "exercises": {{"{KEY}": {{"slips": []}}}}, "quizzes": {{}}}}',
        '{"version": 1, "exercises": {}, "quizzes": {"day_6.reading": {"1": 0}}}',
    ],
)
def test_a_damaged_file_is_kept_aside(path, damage):
    path.parent.mkdir()
    for n in (1, 2):
        path.write_text(damage)
        assert f"progress.corrupt-{n}.json" in progress_file.remember_verdict(KEY, RIGHT)
        assert path.with_name(f"progress.corrupt-{n}.json").read_text() == damage
        assert read_progress()["exercises"][KEY]["verdict"] == "correct"


def test_a_file_of_a_newer_course_is_left_alone(path):
    path.parent.mkdir()
    newer = '{"version": 2, "exercises": {}, "quizzes": {}}'
    path.write_text(newer)
    assert "version 2" in progress_file.remember_verdict(KEY, RIGHT)
    assert path.read_text() == newer


def test_a_place_that_cannot_be_written_is_told_once(path, monkeypatch):
    path.parent.parent.joinpath("file").write_text("")
    monkeypatch.setenv("COURSE_PROGRESS", str(path.parent.parent / "file" / "progress.json"))
    assert progress_file.remember_verdict(KEY, RIGHT).startswith("Progress is not kept")
    assert progress_file.remember_verdict(KEY, RIGHT) == ""
    assert read_progress()["exercises"] == {}


def test_a_full_disk_leaves_the_old_file(path, monkeypatch):
    progress_file.remember_verdict(KEY, WRONG)
    before = path.read_text()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress_file.os, "fsync", full)
    assert "No space left" in progress_file.remember_verdict(KEY, RIGHT)
    assert path.read_text() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["progress.json", "progress.lock"]


WRITER = """
import sys
from course_utils.exercises import Verdict, progress_file
progress_file.PATIENCE = 60
print("ready", flush=True)
sys.stdin.readline()
for _ in range({times}):
    progress_file.remember_verdict("day_6.{name}", Verdict("wrong"))
    progress_file.remember_verdict("day_6.both", Verdict("wrong"))
"""


def writer(name, times):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER.format(name=name, times=times)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.slow
def test_two_notebooks_at_once_lose_nothing_and_a_killed_one_harms_nobody(path):
    one, two, killed = writer("one", 25), writer("two", 25), writer("three", 10**6)
    for process in (killed, one, two):
        process.stdin.write("\n")
        process.stdin.flush()
    time.sleep(0.2)
    killed.kill()
    killed.wait()
    one.communicate(timeout=120), two.communicate(timeout=120)
    kept = {key: entry["attempts"] for key, entry in json.loads(path.read_text())["exercises"].items()}
    assert (kept["day_6.one"], kept["day_6.two"]) == (25, 25)
    assert kept["day_6.both"] - 50 in (kept.get("day_6.three", 0), kept.get("day_6.three", 0) - 1)


def test_a_lock_that_is_never_given_back_is_not_waited_for(path, monkeypatch):
    monkeypatch.setattr(progress_file, "PATIENCE", 0.1)
    path.parent.mkdir()
    with FileLock(path.with_suffix(".lock")):
        assert "another notebook" in progress_file.remember_verdict(KEY, RIGHT)
    assert progress_file.remember_verdict(KEY, RIGHT) == ""


def test_a_file_system_without_locks_still_keeps_progress(path, monkeypatch):
    def no_locks(*_, **__):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(progress_file.FileLock, "acquire", no_locks)
    assert progress_file.remember_verdict(KEY, RIGHT) == ""
    assert read_progress()["exercises"][KEY]["verdict"] == "correct"


def test_the_seven_days_are_drawn(capsys):
    progress_file.remember_verdict(KEY, RIGHT)
    progress_file.remember_verdict("day_6.fvu", WRONG)
    progress_file.remember_question("day_6.reading", 1, True)
    progress()
    lines = capsys.readouterr().out.splitlines()
    assert [line[:5] for line in lines[:7]] == [f"Day {n}" for n in range(1, 8)]
    assert "●" in lines[5] and "1 of " in lines[5] and "1 tried" in lines[5]
    page = progress_table.progress_shown().html
    assert page.count("<tr>") == 7 and "A sparse autoencoder on GPT-2" in page


def test_a_day_ends_with_what_is_open_and_what_comes_next(capsys):
    tasks = [key.partition(".")[2] for key in keys("day_4")]
    progress_file.remember_verdict(f"day_4.{tasks[0]}", RIGHT)
    progress_file.remember_verdict(f"day_4.{tasks[1]}", WRONG)
    progress("day_4")
    row, still, then = capsys.readouterr().out.splitlines()
    assert row.startswith("Day 4  ●○") and f"1 of {len(tasks)} exercises, 1 tried" in row
    assert still == f"Still open: {', '.join(tasks[1:])}."
    assert then == "Next: day 5, Radio stations."
    for task in tasks[1:]:
        progress_file.remember_verdict(f"day_4.{task}", RIGHT)
    assert "All exercises are solved." in progress_table.day_shown("day_4").text
