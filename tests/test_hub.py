"""Where a published file is, asked without a network."""

from course_utils.base import cached_folder, first_line, hub_problem


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
