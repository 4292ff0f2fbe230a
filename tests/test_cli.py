"""The command ``course``: a thin layer, tested by what it prints and returns."""

import subprocess
import sys

import pytest

from course_utils import grade
from course_utils.desk import Finding, doctor, main


def test_alone_it_helps(capsys):
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(command in printed for command in ("doctor", "export", "grade", "progress"))


def test_help_needs_no_torch():
    code = "import sys, course_utils.desk.cli as c; c.main([]); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize(("state", "status"), [("fine", 0), ("advice", 0), ("broken", 1)])
def test_doctor_fails_only_for_what_is_broken(monkeypatch, capsys, state, status):
    monkeypatch.setattr(doctor, "examine", lambda: [Finding("a", state, "b"), Finding("c", "fine", "d")])
    assert main(["doctor"]) == status
    assert capsys.readouterr().out.splitlines()[1] == "✓ c: d"


def test_progress_says_where_and_shows_seven_days(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "p.json"))
    assert main(["progress"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{tmp_path / 'p.json'} (nothing kept yet)"
    assert [line[:5] for line in lines[2:]] == [f"Day {n}" for n in range(1, 8)]


def test_an_old_terminal_gets_ascii(tmp_path):
    code = (
        "import sys; from course_utils.desk import cli, doctor\n"
        "doctor.examine = lambda: [doctor.Finding('a', 'fine', 'b', 'c')]\n"
        "sys.exit(cli.main(['doctor']) or cli.main(['progress']))"
    )
    env = {"PYTHONIOENCODING": "ascii", "COURSE_PROGRESS": str(tmp_path / "p.json"), "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"ok a: b - c") and b"Day 7  ......." in done.stdout


def test_grade_refuses_what_is_no_folder(capsys, tmp_path):
    assert main(["grade", str(tmp_path / "nowhere")]) == 2
    assert "is not a folder" in capsys.readouterr().err
    assert main(["grade", str(tmp_path)]) == 2
    assert "no notebooks" in capsys.readouterr().err


def test_grade_finds_out_first_whether_it_can_write_the_reports(capsys, tmp_path, monkeypatch):
    (tmp_path / "a.ipynb").write_text("no notebook")
    (tmp_path / "out" / "details.csv").mkdir(parents=True)
    monkeypatch.setattr(grade, "grade_folder", lambda *_: 1 / 0)
    assert main(["grade", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "details.csv is no plain file" in capsys.readouterr().err


def test_grade_says_what_it_does_not_unpack(capsys, tmp_path):
    (tmp_path / "anna.ZIP").touch()
    assert main(["grade", str(tmp_path)]) == 2
    assert f"not read: {tmp_path / 'anna.ZIP'} is an archive" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["0", "-1", "nan", "x"])
def test_grade_refuses_strange_limits(capsys, wrong):
    with pytest.raises(SystemExit):
        main(["grade", ".", "--time-limit", wrong])


def test_grade_help_says_what_isolation_is_not(capsys):
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    assert "not: a sandbox" in capsys.readouterr().out
