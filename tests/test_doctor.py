"""`course doctor` names what is off, and no check can spoil another."""

import pytest
import torch

from course_utils.desk import Finding, doctor, examine, main


@pytest.fixture
def no_hub(monkeypatch):
    monkeypatch.setattr("course_utils.lm.find_model", lambda name: None)
    monkeypatch.setattr("course_utils.base.hub_problem", lambda: "the hub does not answer")


def test_this_machine_can_run_the_course(no_hub):
    findings = list(examine())
    assert len(findings) == len(doctor.CHECKS)
    assert [finding for finding in findings if finding.state == "broken"] == []
    assert all(finding.advice for finding in findings if finding.state != "fine")


def test_without_a_hub_there_is_advice(no_hub):
    finding = doctor._hub()
    assert finding.state == "advice" and "COURSE_GPT2" in finding.advice


def test_a_folder_that_is_not_there_is_no_gpt2(monkeypatch):
    monkeypatch.setenv("COURSE_GPT2", "/nowhere/gpt2")
    finding = doctor._hub()
    assert finding.state == "advice" and finding.found.startswith("there is no folder")


def test_a_check_that_fails_reports_itself(monkeypatch):
    def _strange_check():
        raise OSError("no such\nthing")

    monkeypatch.setattr(doctor, "CHECKS", (_strange_check, doctor._python))
    first, second = examine()
    assert first.line().startswith("✗ strange check: the check itself failed (OSError: no such thing)")
    assert second.state == "fine"


def test_a_damaged_pocket_model_is_broken(monkeypatch):
    def damaged(name):
        raise ValueError("model.safetensors is damaged")

    monkeypatch.setattr("course_utils.base.asset_path", damaged)
    assert doctor._pocket_model().state == "broken"


def test_little_memory(monkeypatch):
    monkeypatch.setattr(doctor, "_memory_bytes", lambda: (2e9, 0.5e9))
    assert doctor._memory().line() == (
        "! memory: 2.0 GB, of which 0.5 GB are free — a day takes about 0.7 GB: close other notebooks' kernels"
    )


@pytest.mark.parametrize(
    ("cores", "threads", "advice"),
    [
        (0.25, 2, "set OMP_NUM_THREADS=1"),
        (1, 1, ""),
        (2, 4, ""),
        (2, 5, "set OMP_NUM_THREADS=2"),
        (2, 1, "unset OMP_NUM_THREADS, or training takes twice as long"),
    ],
)
def test_threads_and_cores(monkeypatch, cores, threads, advice):
    monkeypatch.setattr(doctor, "_cores", lambda: cores)
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    assert doctor._threads().advice == advice


def test_the_processor_is_named():
    assert doctor._processor().found.endswith(torch.backends.cpu.get_cpu_capability())


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(
        doctor, "_version", lambda name: {"torch": "2.0", "numpy": None}.get(name, "999") if name else None
    )
    finding = doctor._packages()
    assert finding.state == "broken"
    assert "torch>=2.6 is needed, 2.0 is here" in finding.found
    assert "numpy>=2 is needed, none is here" in finding.found


def test_progress_that_cannot_be_kept(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    for place in ("", tmp_path / "file" / "progress.json"):
        monkeypatch.setenv("COURSE_PROGRESS", str(place))
        assert doctor._progress().state == "advice"


def test_progress_that_can(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "new" / "progress.json"))
    assert doctor._progress().state == "fine"
    assert list(tmp_path.iterdir()) == []


def test_a_finding_is_one_line():
    assert Finding("disk", "broken", "full", "make room").line() == "✗ disk: full — make room"
    assert Finding("disk", "fine", "empty").line(("ok", "!", "X", "-")) == "ok disk: empty"


@pytest.mark.parametrize(
    ("findings", "line"),
    [
        ([Finding("disk", "fine", ""), Finding("fonts", "advice", "")], None),
        ([Finding("memory", "advice", ""), Finding("Python", "broken", "")], "(memory, Python)"),
    ],
)
def test_quietly_it_says_a_line_of_what_would_cost_work(monkeypatch, capsys, findings, line):
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    assert main(["doctor", "--quiet"]) == (line is not None)
    printed = capsys.readouterr().out
    assert (line in printed and printed.count("\n") == 1) if line else printed == ""
