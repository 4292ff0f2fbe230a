"""Every writer of the course writes all of a file or nothing, through links, and never over what is no plain file."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import needs
import pytest
import torch
from safetensors.torch import save_file

from course_utils.base import NotAPlainFile, check_writable, make_folder, whole_file, write_text
from course_utils.exercises import progress_path
from course_utils.exercises.progress_file import read_progress, remember_question
from course_utils.grade import Result, write_reports
from course_utils.sae import SAE
from course_utils.training import fit_sae

ROOT = Path(__file__).parents[1]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "report.html"
    write_text(path, "old")
    with pytest.raises(OSError, match="full"), whole_file(path) as unfinished:
        unfinished.write_text("half of the new", encoding="utf-8")
        raise OSError("the disk is full")
    assert path.read_text(encoding="utf-8") == "old" and names(tmp_path) == ["report.html"]


def test_a_full_disk_is_an_oserror_whoever_notices_it(tmp_path):
    with pytest.raises(OSError, match=r"No space left on device.*weights"), whole_file(tmp_path / "weights"):
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert names(tmp_path) == []


@needs.links
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link, file = tmp_path / "progress.json", tmp_path / "elsewhere" / "mine.json"
    link.symlink_to(file)
    write_text(link, "new")
    assert link.is_symlink() and file.read_text(encoding="utf-8") == "new"


@needs.posix("pipes")
def test_a_pipe_a_folder_and_a_link_to_either_are_never_replaced(tmp_path):
    pipe, folder, link = tmp_path / "pipe", tmp_path / "folder", tmp_path / "link"
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to(pipe)
    for path in (pipe, folder, link):
        for writes in (lambda: write_text(path, "x"), lambda: check_writable(path)):  # noqa: B023
            with pytest.raises(NotAPlainFile, match="no plain file"):
                writes()
    assert stat.S_ISFIFO(pipe.stat().st_mode) and names(tmp_path) == ["folder", "link", "pipe"]


@needs.posix("permissions")
def test_a_file_keeps_its_permissions_and_a_new_one_follows_the_umask(tmp_path):
    private, new = tmp_path / "private", tmp_path / "new"
    write_text(private, "a")
    private.chmod(0o600)
    write_text(private, "b")
    before = os.umask(0o027)
    try:
        write_text(new, "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600 and stat.S_IMODE(new.stat().st_mode) == 0o640


def test_half_a_surrogate_pair_ends_nothing(tmp_path):
    write_text(tmp_path / "page.html", "a\ud800b\r\n")
    assert (tmp_path / "page.html").read_bytes() == b"a?b\r\n"


@needs.posix("whether a process is alive")
def test_what_a_killed_writer_left_goes_at_the_next_write_and_not_what_another_still_writes(tmp_path):
    path = tmp_path / "page.html"
    code = (
        "import sys, time\nfrom course_utils.base import whole_file\n"
        "with whole_file(sys.argv[1]) as unfinished:\n"
        "    unfinished.write_text('half'); print('there', flush=True); time.sleep(60)\n"
    )
    write_text(path, "old")
    writers = [
        subprocess.Popen([sys.executable, "-c", code, path], cwd=ROOT, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        for writer in writers:
            assert writer.stdout.readline() == b"there\n"
        assert len(names(tmp_path)) == 3
        writers[0].send_signal(signal.SIGKILL)
        writers[0].wait()
        assert path.read_text(encoding="utf-8") == "old"
        write_text(path, "new")
        assert len(names(tmp_path)) == 2, "of the killed one and no other"
        left = next(file for file in tmp_path.iterdir() if file != path)
        os.utime(left, (time.time() - 2 * 86400,) * 2)
        write_text(path, "new")
        assert names(tmp_path) == ["page.html"], "nobody writes for two days"
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
            writer.stdout.close()


@needs.posix("pipes")
def test_progress_is_not_kept_in_a_pipe_and_is_written_through_a_link(tmp_path, monkeypatch):
    pipe, link = tmp_path / "pipe", tmp_path / "link.json"
    os.mkfifo(pipe)
    monkeypatch.setenv("COURSE_PROGRESS", str(pipe))
    assert "no plain file" in remember_question("day_1.check", 1, right=True)
    assert stat.S_ISFIFO(pipe.stat().st_mode) and names(tmp_path) == ["pipe"]
    assert read_progress()["quizzes"] == {}

    (tmp_path / "synced").mkdir()
    link.symlink_to(tmp_path / "synced" / "progress.json")
    monkeypatch.setenv("COURSE_PROGRESS", str(link))
    assert remember_question("day_1.check", 1, right=True) == ""
    assert link.is_symlink() and (tmp_path / "synced" / "progress.json").is_file()
    assert read_progress()["quizzes"]["day_1.check"]["1"]["verdict"] == "correct"
    (tmp_path / "synced" / "progress.json").write_text("{damaged", encoding="utf-8")
    assert "was damaged" in remember_question("day_1.check", 1, right=True)
    assert link.is_symlink() and progress_path() == link


def test_a_report_that_cannot_be_written_leaves_the_old_ones(tmp_path, monkeypatch):
    write_reports([Result("anna", "ran", {})], tmp_path)
    old = {path: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        write_reports([Result("ben", "ran", {})], tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_a_checkpoint_that_cannot_be_written_is_told_before_training(tmp_path):
    (tmp_path / "run.pt").mkdir()
    with pytest.raises(NotAPlainFile, match=r"run\.pt"):
        fit_sae(
            SAE(8, 32, "relu"),
            torch.randn(3, 64, 8),
            l1_coefficient=1,
            progress=False,
            checkpoint=tmp_path / "run.pt",
        )


def test_weights_can_be_read_by_whoever_may_read_a_new_file(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    with whole_file(tmp_path / "weights") as unfinished:
        save_file({"w": torch.zeros(2)}, unfinished)
    assert (tmp_path / "weights").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("there", ["a file", "a link to nothing", "a link to itself", "a file above it"])
def test_a_folder_is_never_made_in_the_place_of_a_file(tmp_path, there):
    path = tmp_path / "out"
    if there.startswith("a file"):
        path.write_text("mine", encoding="utf-8")
    else:
        path.symlink_to(path if there.endswith("itself") else tmp_path / "gone")
    wanted = path / "below" if there.endswith("above it") else path
    with pytest.raises(NotAPlainFile, match="cannot be a folder"):
        make_folder(wanted)
    with pytest.raises(NotAPlainFile, match="cannot be a folder"):
        write_reports([Result("anna", "ran", {})], wanted)
    assert path.is_symlink() or path.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_no_system_can_make_is_told_in_a_sentence(tmp_path):
    with pytest.raises(OSError, match=r"the folder .*…x+ cannot be made: File name too long"):
        make_folder(tmp_path / ("x" * 300))
    with pytest.raises(ValueError, match="is no name of a folder"):
        make_folder("a\0b")


def test_a_link_to_itself_is_no_place_for_a_file(tmp_path):
    path = tmp_path / "loop.html"
    path.symlink_to(path)
    with pytest.raises(NotAPlainFile, match="is no plain file"):
        write_text(path, "page")
    assert path.is_symlink() and [file.name for file in tmp_path.iterdir()] == ["loop.html"]
