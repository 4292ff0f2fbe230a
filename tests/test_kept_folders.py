"""A kept folder is whole or not there, whoever dies while making it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import needs
import pytest
from filelock import FileLock

from course_utils.base import Unavailable, keep_folder, kept_folder, kept_folders, label_of


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    """Counts how often it is asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, folder: Path) -> None:
        self.calls += 1
        (folder / "weights").write_bytes(b"1234")
        (folder / "inner").mkdir()
        (folder / "inner" / "config").write_text("{}")


def keep(make, **options) -> Path:
    return keep_folder("model", make, **{"label": "a model", "megabytes": 1, **options})


def test_it_is_made_once(cache):
    make = Maker()
    assert kept_folder("model") is None
    assert keep(make) == keep(make) == kept_folder("model") == (cache / "model").resolve()
    assert make.calls == 1 and (cache / "model" / "inner" / "config").read_text() == "{}"


DAMAGE = {
    "a flipped byte": lambda folder: (folder / "weights").write_bytes(b"1235"),
    "cut short": lambda folder: (folder / "weights").write_bytes(b"123"),
    "a file is missing": lambda folder: (folder / "inner" / "config").unlink(),
    "no list": lambda folder: (folder / "kept.json").unlink(),
    "a list cut short": lambda folder: (folder / "kept.json").write_text('{"label": "a mo'),
    "another list": lambda folder: (folder / "kept.json").write_text("[]"),
    "an empty list": lambda folder: (folder / "kept.json").write_text('{"label": "a model", "files": {}}'),
    "an empty folder": lambda folder: [shutil.rmtree(folder), folder.mkdir()],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_one_is_made_again(damage, cache):
    make = Maker()
    DAMAGE[damage](keep(make))
    assert kept_folder("model") is None
    assert (keep(make) / "weights").read_bytes() == b"1234" and make.calls == 2
    assert sorted(path.name for path in cache.iterdir()) == ["model", "model.lock"]


def test_a_maker_that_fails_leaves_nothing(cache):
    def make(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise Unavailable("no network")

    with pytest.raises(Unavailable, match="no network"):
        keep(make)
    assert [path.name for path in cache.iterdir()] == ["model.lock"] and kept_folder("model") is None


def maker_process(cache: Path, *, seconds: float) -> subprocess.Popen:
    code = f"""
import time
from pathlib import Path
from course_utils.base import keep_folder
def make(folder):
    with Path({str(cache.parent / "log")!r}).open("a") as log: log.write("x")
    (folder / "weights").write_text("whole")
    time.sleep({seconds})
keep_folder("model", make, label="a model", megabytes=1)
"""
    return subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "COURSE_CACHE": str(cache)})


def until(condition) -> None:
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_of_two_processes_at_once_one_makes_it(cache):
    first, second = (maker_process(cache, seconds=1) for _ in range(2))
    assert (first.wait(60), second.wait(60)) == (0, 0)
    assert (cache.parent / "log").read_text() == "x" and kept_folder("model")


def test_a_killed_maker_leaves_nothing_that_stays(cache):
    process = maker_process(cache, seconds=60)
    until(lambda: list(cache.glob("model-*.part/made/weights")))
    process.kill()
    process.wait()
    assert kept_folder("model") is None
    make = Maker()
    keep(make)
    assert make.calls == 1
    assert sorted(path.name for path in cache.iterdir()) == ["model", "model.lock"]


def test_a_process_that_holds_on_for_ever_is_waited_for_a_while_and_named(cache, monkeypatch, capfd):
    cache.mkdir()
    monkeypatch.setattr(kept_folders, "seconds_for", lambda megabytes: 1.0)
    monkeypatch.setattr(kept_folders, "ANNOUNCED", 0.0)
    lock = f"lock = filelock.FileLock({str(cache / 'model.lock')!r}); lock.acquire()"
    code = f"import filelock, time; {lock}; print('has it', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        with pytest.raises(Unavailable, match=r"another program has been making .*: end it, and try again"):
            keep(Maker())
    finally:
        holder.kill()
        holder.wait()
    assert "another program makes model: waiting, at most 0 minutes" in capfd.readouterr().err


def test_where_there_are_no_locks_it_is_made_all_the_same(cache, monkeypatch):
    def refuse(self, *args, **options):
        raise NotImplementedError

    monkeypatch.setattr(FileLock, "acquire", refuse)
    (cache / "model-of-somebody.part").mkdir(parents=True)
    assert keep(Maker()) == kept_folder("model")
    assert (cache / "model-of-somebody.part").exists()  # he may be at it


def test_a_full_disk_is_said_before_anything_is_made(monkeypatch):
    make = Maker()
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10**9, 10**9, 5 * 10**6))
    with pytest.raises(
        Unavailable, match=r"400 MB are needed in .* and 5 MB are free: make room, or set COURSE_CACHE"
    ):
        keep(make, megabytes=400)
    assert make.calls == 0


def test_a_place_that_is_no_folder(cache, monkeypatch):
    cache.mkdir()
    (cache / "model").write_text("mine")
    with pytest.raises(Unavailable, match="model is in the way: move it"):
        keep(Maker())
    assert (cache / "model").read_text() == "mine"
    monkeypatch.setenv("COURSE_CACHE", str(cache / "model" / "below"))
    with pytest.raises(Unavailable, match=r"cannot be written \(.+\): set COURSE_CACHE"):
        keep(Maker())


@needs.links
def test_a_link_to_another_disk_stays_one(cache, tmp_path):
    cache.mkdir()
    (tmp_path / "large").mkdir()
    (cache / "model").symlink_to(tmp_path / "large" / "model")
    assert keep(Maker()) == (tmp_path / "large" / "model").resolve()
    assert (cache / "model").is_symlink() and kept_folder("model")


def test_a_copy_knows_what_it_is(tmp_path):
    copy = shutil.copytree(keep(Maker()), tmp_path / "on a stick")
    assert label_of(copy) == "a model" and label_of(tmp_path) is None


def test_others_may_read_what_a_library_wrote_for_its_own_user():
    def make(folder: Path) -> None:
        (folder / "weights").touch(mode=0o600)

    folder = keep(make)
    assert (folder / "weights").stat().st_mode == (folder / "kept.json").stat().st_mode


@pytest.mark.parametrize(
    ("platform", "variables", "place"),
    [
        ("linux", {"HOME": "/home/ann"}, "/home/ann/.cache/superposition-course"),
        ("linux", {"XDG_CACHE_HOME": "/big"}, "/big/superposition-course"),
        ("darwin", {"HOME": "/home/ann"}, "/home/ann/Library/Caches/superposition-course"),
        ("win32", {"LOCALAPPDATA": "/app"}, "/app/superposition-course"),
    ],
)
def test_the_usual_places(platform, variables, place, monkeypatch):
    for name in ("COURSE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv("USERPROFILE", value)  # Windows' name for HOME
    monkeypatch.setattr(sys, "platform", platform)
    assert kept_folders.course_cache().as_posix() == place


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch):
    monkeypatch.delenv("COURSE_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    assert kept_folder("model") is None
    with pytest.raises(Unavailable, match="set COURSE_CACHE to a folder"):
        keep(Maker())


def test_the_list_can_be_read():
    kept = json.loads((keep(Maker()) / "kept.json").read_text())
    assert kept["label"] == "a model" and sorted(kept["files"]) == ["inner/config", "weights"]
