"""Where a published file is, and what becomes of a download, at a hub that runs on this machine."""

import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from stand_in_hub import Hub, bare_machine, hub_at, point_to

from course_utils.base import HubFiles, Unavailable, cached_folder, fetching, first_line, hub_problem
from course_utils.base.hub import is_damaged

FILES = HubFiles("the thing", "someone/something", ("config.json", "inner/weights.bin"), megabytes=1)
CONTENT = b"weights" * 1000


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    return bare_machine(monkeypatch, tmp_path) / "models--someone--something"


@pytest.fixture
def hub(cache, tmp_path, monkeypatch) -> Iterator[Hub]:
    (tmp_path / "files" / "inner").mkdir(parents=True)
    (tmp_path / "files" / "config.json").write_text("{}")
    (tmp_path / "files" / "inner" / "weights.bin").write_bytes(CONTENT)
    with hub_at(tmp_path / "files", monkeypatch, FILES.repository) as server:
        yield server


def is_whole(folder: Path | None) -> bool:
    assert folder is not None
    return (folder / "config.json").read_text() == "{}" and (
        folder / "inner/weights.bin"
    ).read_bytes() == CONTENT


def test_a_folder_counts_only_if_it_is_complete(monkeypatch, tmp_path):
    here = {"a.json": str(tmp_path / "a.json"), "b.bin": None}
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda repository, file: here[file])
    assert cached_folder("someone/something", ["a.json", "b.bin"]) is None
    assert cached_folder("someone/something", ["a.json"]) == tmp_path


def test_offline_is_said_at_once(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert hub_problem() == "HF_HUB_OFFLINE is set"


def test_an_error_is_one_line():
    assert first_line(OSError("no route to host.\nTraceback …")) == "no route to host"
    assert first_line(KeyError("weights")) == "KeyError 'weights'"


def test_files_are_found_once_they_were_fetched(hub, monkeypatch):
    assert FILES.find() is None
    assert is_whole(FILES.fetch()) and hub.fetched == ["config.json", "weights.bin"]
    point_to("http://127.0.0.1:1", monkeypatch)
    assert is_whole(FILES.find()) and is_whole(FILES.fetch())


def test_other_bytes_of_the_right_length_are_noticed_and_fetched_again(hub):
    hub.spoilt = 1
    assert is_whole(FILES.fetch()) and hub.fetched == ["config.json", "config.json", "weights.bin"]


def test_other_bytes_every_time_are_refused_and_not_kept(hub, cache):
    hub.spoilt = 100
    with pytest.raises(
        Unavailable, match=r"thing broke off \(config\.json arrived with other bytes than the hub says"
    ):
        FILES.fetch()
    assert list((cache / "blobs").iterdir()) == []
    hub.spoilt = 0
    assert is_whole(FILES.fetch())


def test_a_hub_that_stalls_half_way_is_given_up_and_nothing_half_is_left(hub, cache, monkeypatch):
    monkeypatch.setattr(fetching, "SILENCE", 8.0)
    hub.stalls.set()
    began = time.monotonic()
    with pytest.raises(
        Unavailable, match=r"the download of the thing broke off \(nothing came for 8 seconds\)"
    ):
        FILES.fetch()
    assert time.monotonic() - began < 60 and not list(cache.rglob("*.incomplete"))
    hub.stalls.clear()
    assert is_whole(FILES.fetch())


def test_a_file_that_is_not_there_is_named_in_one_line(hub, tmp_path):
    (tmp_path / "files" / "config.json").unlink()
    with pytest.raises(Unavailable, match=r"^the download of the thing broke off \(.*404") as caught:
        FILES.fetch()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_damaged_files_of_the_cache_are_removed_and_fetched_again_by_themselves(hub, cache):
    FILES.fetch()
    for blob in (cache / "blobs").iterdir():
        blob.write_bytes(b"x" * len(blob.read_bytes()))
    hub.fetched.clear()

    def reader(folder):
        if not is_whole(folder):
            raise ValueError("it cannot be read")
        return "read"

    assert FILES.read(reader) == "read" and sorted(hub.fetched) == ["config.json", "weights.bin"]
    hub.fetched.clear()
    with pytest.raises(ValueError, match="as the hub has it"):
        FILES.read(lambda folder: (_ for _ in ()).throw(ValueError("as the hub has it")))
    assert hub.fetched == [], "nothing is damaged, so nothing is fetched"


def test_small_files_are_known_by_their_git_object(tmp_path):
    content = b'{"model_type": "gpt2"}'
    name = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
    (tmp_path / name).write_bytes(content)
    assert not is_damaged(tmp_path / name)
    (tmp_path / name).write_bytes(content[:-1])
    assert is_damaged(tmp_path / name)
    (tmp_path / "config.json").write_bytes(b"a copy, where there are no links")
    assert not is_damaged(tmp_path / "config.json") and not is_damaged(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "asks for an account"),
        (403, "not give it to this account"),
        (404, "does not have it"),
        (429, "wait some minutes"),
        (503, "out of order"),
    ],
)
def test_what_a_hub_answers_is_one_sentence(hub, status, said):
    hub.status = status
    with pytest.raises(Unavailable, match=said) as caught:
        FILES.fetch()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
    hub.status = 200
    assert is_whole(FILES.fetch())


def test_who_is_no_hub_is_told_in_one_sentence(hub):
    hub.silent_about = {"X-Repo-Commit"}
    with pytest.raises(Unavailable, match="X-Repo-Commit") as caught:
        FILES.fetch()
    assert len(str(caught.value)) < 300
    hub.silent_about, hub.location = set(), "{path}"
    with pytest.raises(Unavailable, match="redirects"):
        FILES.fetch()
    hub.location = ""
    assert is_whole(FILES.fetch())


def test_a_name_that_is_no_checksum_is_not_written(hub, cache):
    hub.etag = "../../../../evil_blob"
    with pytest.raises(Unavailable, match="which is no checksum"):
        FILES.fetch()
    assert not list(cache.parents[1].rglob("evil*"))


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_a_lock_that_another_program_holds_is_named(hub, cache, monkeypatch):
    monkeypatch.setattr(fetching, "SILENCE", 6.0)
    locks = cache.parent / ".locks" / cache.name
    locks.mkdir(parents=True)
    lock = locks / f"{hashlib.sha256(b'{}').hexdigest()}.lock"
    with (
        FileLock(lock),
        pytest.raises(Unavailable, match=f"nothing came for 6 seconds; another program holds {lock}"),
    ):
        FILES.fetch()
    assert is_whole(FILES.fetch())
