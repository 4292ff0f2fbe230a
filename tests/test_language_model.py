import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
import stand_in_hub
import torch
from huggingface_hub import constants
from pipeline_model import TEXTS, tiny_folder
from safetensors.torch import load_file, save_file
from stand_in_hub import COMMIT, GPT2, Hub, bare_machine, fill, hub_at, nobody_called, point_to
from transformers import AutoModelForCausalLM, BertConfig, BertForMaskedLM

from course_utils.base import asset_path, assets, fetching
from course_utils.lm import ModelUnavailable, describe_model, load_model
from course_utils.lm.language_model import _choose


@pytest.fixture(scope="session")
def gpt2_folder() -> Path:
    return tiny_folder("gpt2")


@pytest.fixture(scope="session")
def llama_folder() -> Path:
    return tiny_folder("llama")


@pytest.fixture
def folder(gpt2_folder, tmp_path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(gpt2_folder, tmp_path / "model"))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """That of a machine without models, at which the hub's files would lie."""
    return bare_machine(monkeypatch, tmp_path)


@pytest.fixture
def black_hole(monkeypatch) -> Iterator[socket.socket]:
    with stand_in_hub.black_hole(monkeypatch) as listening:
        yield listening


@pytest.fixture
def hub(gpt2_folder, monkeypatch) -> Iterator[Hub]:
    with hub_at(gpt2_folder, monkeypatch) as server:
        yield server


# --- what comes back


def plain(folder: Path) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()


def same_as_transformers(folder: Path) -> bool:
    """Logits and the residual stream behind block 1, to 1e-4."""
    model = load_model(folder)
    ids = model.to_tokens(TEXTS[1])
    logits, cache = model.run_with_cache(ids)
    with torch.no_grad():
        expected = plain(folder)(ids, output_hidden_states=True)
    torch.testing.assert_close(logits, expected.logits, atol=1e-4, rtol=1e-4)
    resid = cache["blocks.1.hook_resid_post"]
    torch.testing.assert_close(resid, expected.hidden_states[2], atol=1e-4, rtol=1e-4)
    return True


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_it_computes_what_transformers_computes(architecture):
    assert same_as_transformers(tiny_folder(architecture))


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_it_is_float32_in_eval_mode_on_the_cpu(architecture):
    model = load_model(tiny_folder(architecture))
    assert not model.training and not any(module.training for module in model.original_model.modules())
    for parameter in model.original_model.parameters():
        assert (parameter.dtype, parameter.device.type) == (torch.float32, "cpu")


def test_half_precision_on_disk_is_float32_in_memory(folder):
    halves = {key: value.half() for key, value in load_file(folder / "model.safetensors").items()}
    save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})
    model = load_model(folder)
    assert model(TEXTS[0]).dtype == torch.float32
    ids = model.to_tokens(TEXTS[0])
    torch.testing.assert_close(model(ids), plain(folder)(ids).logits, atol=1e-4, rtol=1e-4)


def test_gradients_reach_activations_and_no_weight(gpt2_folder):
    model = load_model(gpt2_folder)
    seen = []

    def watch(resid, hook):
        seen.append(resid.detach().requires_grad_())
        return seen[0]

    logits = model.run_with_hooks(TEXTS[0], fwd_hooks=[("blocks.0.hook_resid_post", watch)])
    logits[0, -1, 5].backward()
    assert seen[0].grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_nothing_is_folded_and_every_pattern_is_there(gpt2_folder):
    model = load_model(gpt2_folder)
    _, cache = model.run_with_cache(TEXTS[0])
    torch.testing.assert_close(
        cache["blocks.2.attn.hook_pattern"].sum(dim=-1), torch.ones(1, 2, cache["hook_embed"].shape[1])
    )
    assert cache["blocks.2.hook_resid_post"].mean(dim=-1).abs().max() > 1e-3  # centred weights would give 0


def test_loading_draws_no_random_numbers(gpt2_folder):
    before = torch.random.get_rng_state()
    first, second = load_model(gpt2_folder), load_model(gpt2_folder)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first(TEXTS[0]), second(TEXTS[0]))


@pytest.mark.parametrize("was_on", [True, False])
def test_the_garbage_collector_is_as_it_was(gpt2_folder, tmp_path, was_on):
    try:
        gc.enable() if was_on else gc.disable()
        load_model(gpt2_folder)
        assert gc.isenabled() == was_on
        with pytest.raises(ValueError):
            load_model(tmp_path)
        assert gc.isenabled() == was_on
    finally:
        gc.enable()


def test_describe_counts_every_weight_once(gpt2_folder, llama_folder):
    for path in (gpt2_folder, llama_folder):
        model = load_model(path)
        expected = plain(path).num_parameters() / 1e6
        assert describe_model(model) == f"{path.name}: 3 layers, d_model 16, {expected:.1f} M parameters"


# --- folders


def test_relative_paths_and_a_change_of_directory(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    model = load_model("model")
    monkeypatch.chdir("/")
    assert torch.equal(model(TEXTS[0]), load_model(folder)(TEXTS[0]))


def test_a_folder_called_gpt2_needs_a_path(folder, monkeypatch):
    folder.rename(folder.with_name("gpt2"))
    monkeypatch.chdir(folder.parent)
    assert describe_model(load_model(Path("gpt2"))).startswith("gpt2: 3 layers")
    with pytest.raises(ModelUnavailable):
        load_model("gpt2")


def test_weights_as_openai_community_stores_them(folder, gpt2_folder):
    """Without the prefix "transformer.", and with the causal masks as buffers."""
    weights = {
        key.removeprefix("transformer."): value
        for key, value in load_file(folder / "model.safetensors").items()
    }
    masks = {f"h.{layer}.attn.bias": torch.ones(1, 1, 48, 48).tril() for layer in range(3)}
    save_file({**weights, **masks}, folder / "model.safetensors", metadata={"format": "pt"})
    assert torch.equal(load_model(folder)(TEXTS[0]), load_model(gpt2_folder)(TEXTS[0]))


def config(**changes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file = folder / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

    return spoil


def text(file: str, content: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).write_text(content) and None


def without(*files: str) -> Callable[[Path], None]:
    return lambda folder: [(folder / file).unlink() for file in files] and None


def weights(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    return spoil


def cut_short(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def bert(folder: Path) -> None:
    sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    BertForMaskedLM(BertConfig(vocab_size=320, **sizes)).save_pretrained(folder)


def fewer_words(folder: Path) -> None:
    config(vocab_size=300)(folder)
    weights(lambda w: w.update({"transformer.wte.weight": w["transformer.wte.weight"][:300].clone()}))(folder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without("config.json"), "config.json in .*there is none"),
        (text("config.json", '{"model_type": '), "config.json in .*not a valid JSON"),
        (config(model_type="frobnicate"), "config.json in .*frobnicate"),
        (config(architectures=["GPT2Model"]), "config.json in .*GPT2Model is not a causal language model"),
        (bert, "config.json in .*BertForMaskedLM is not a causal language model"),
        (config(n_head=3), "weights in .*divisible"),
        (without("model.safetensors"), "weights in .*no file named model.safetensors"),
        (cut_short, "weights in .*(incomplete metadata|MetadataIncomplete)"),
        (
            text("model.safetensors", "version https://git-lfs.github.com/spec/v1\n"),
            "weights in .*(header too large|HeaderTooLarge)",
        ),
        (
            weights(lambda w: w.pop("transformer.h.1.attn.c_attn.bias")),
            r"h\.1\.attn\.c_attn\.bias is missing\)",
        ),
        (config(n_layer=4), r"transformer\.h\.3\..* is missing, and 11 more"),
        (config(n_layer=2), r"transformer\.h\.2\..* has no place in config.json, and 10 more"),
        (config(vocab_size=999), r"wte\.weight is \(320, 16\) where config.json asks for \(999, 16\)"),
        (without("tokenizer.json", "tokenizer_config.json"), "tokenizer in .*it knows 0 tokens"),
        (without("tokenizer.json"), "tokenizer in "),
        (text("tokenizer.json", "{"), "tokenizer in "),
        (fewer_words, "tokenizer in .*it knows 320 tokens and the model 300"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(folder, spoil, message, capfd):
    spoil(folder)
    capfd.readouterr()
    with pytest.raises(ValueError, match=message) as caught:
        load_model(folder)
    assert str(caught.value).endswith(
        "): put a complete copy there, or name the folder of another causal language model"
    )
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    assert capfd.readouterr() == ("", "")


def test_untied_output_weights_may_not_be_missing(llama_folder, tmp_path):
    folder = Path(shutil.copytree(llama_folder, tmp_path / "llama"))
    weights(lambda w: w.pop("lm_head.weight"))(folder)
    with pytest.raises(ValueError, match=r"lm_head\.weight is missing"):
        load_model(folder)


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(ModelUnavailable, match=f"no folder {tmp_path / 'nowhere'}: name the folder"):
        load_model(tmp_path / "nowhere")


# --- GPT-2: the cache and the hub


def is_tiny_gpt2(model, folder: Path) -> bool:
    assert describe_model(model) == "GPT-2 small: 3 layers, d_model 16, 0.0 M parameters"
    return torch.equal(model(TEXTS[0]), load_model(folder)(TEXTS[0]))


def test_the_hub_gives_gpt2_once_and_silently(hub, gpt2_folder, monkeypatch, capfd):
    monkeypatch.setattr(fetching, "ANNOUNCED", 600.0)  # no bar, however busy the machine is
    capfd.readouterr()
    assert is_tiny_gpt2(load_model("gpt2"), gpt2_folder)
    assert is_tiny_gpt2(load_model("gpt2"), gpt2_folder)
    assert hub.fetched == list(GPT2.files)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("repository", ["openai-community/gpt2", "gpt2"])
def test_a_complete_cache_needs_no_hub(cache, black_hole, gpt2_folder, repository, capfd):
    fill(cache, gpt2_folder, repository=repository)
    capfd.readouterr()
    assert is_tiny_gpt2(load_model("gpt2"), gpt2_folder)
    assert capfd.readouterr() == ("", "")
    assert is_tiny_gpt2(load_model(), gpt2_folder)
    out, err = capfd.readouterr()
    assert out == (
        "GPT-2 small: 3 layers, d_model 16, 0.0 M parameters (found on this machine); "
        'load_model("pocket") takes the small model that ships with the course.\n'
    )
    assert err == "" and nobody_called(black_hole)


def test_offline_mode_uses_the_cache(cache, gpt2_folder, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailable, match="HF_HUB_OFFLINE is set: try again with a network"):
        load_model("gpt2")
    fill(cache, gpt2_folder)
    assert is_tiny_gpt2(load_model("gpt2"), gpt2_folder)
    assert constants.HF_HUB_OFFLINE is True


def test_course_gpt2_names_a_folder(gpt2_folder, black_hole, monkeypatch):
    monkeypatch.setenv("COURSE_GPT2", str(gpt2_folder))
    assert _choose()[0] == "gpt2"
    assert is_tiny_gpt2(load_model("gpt2"), gpt2_folder) and nobody_called(black_hole)
    monkeypatch.setenv("COURSE_GPT2", "nowhere")
    with pytest.raises(ModelUnavailable, match=r"no folder .*nowhere"):
        load_model("gpt2")


@pytest.mark.parametrize("missing", GPT2.files)
def test_a_half_filled_cache_is_filled_by_the_hub_or_refused(cache, hub, gpt2_folder, missing, monkeypatch):
    fill(cache, gpt2_folder, files=[file for file in GPT2.files if file != missing])
    with monkeypatch.context() as away:
        point_to("http://127.0.0.1:1", away)
        assert _choose()[0] == "pocket"
        with pytest.raises(ModelUnavailable, match="not complete in the Hugging Face cache"):
            load_model("gpt2")
    assert is_tiny_gpt2(load_model("gpt2"), gpt2_folder)  # the network is back
    assert hub.fetched == [missing]


def test_a_damaged_cache_says_what_to_delete(cache, gpt2_folder):
    home = fill(cache, gpt2_folder)
    cut_short(home / "snapshots" / COMMIT)
    with pytest.raises(ValueError, match=f"weights in .*delete {home} and load it again"):
        load_model("gpt2")


def test_a_damaged_cache_heals_by_itself_where_the_hub_answers(cache, gpt2_folder, monkeypatch):
    home = fill(cache, gpt2_folder)
    weights = (home / "snapshots" / COMMIT / "model.safetensors").resolve()
    weights.write_bytes(weights.read_bytes()[:-4])
    with hub_at(gpt2_folder, monkeypatch) as hub:
        assert is_tiny_gpt2(load_model("gpt2"), gpt2_folder)
    assert hub.fetched == ["model.safetensors"]


@pytest.fixture
def trickle() -> Iterator[socket.socket]:
    """A hub that never stops beginning its answer, so that no single read times out."""

    def drip(listening: socket.socket) -> None:
        with suppress(OSError):
            caller = listening.accept()[0]
            caller.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                time.sleep(0.2)
                caller.sendall(b"z")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=drip, args=[listening], daemon=True).start()
        yield listening


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://nohost.invalid", "black hole", "trickle", "status 503"]
)
def test_a_hub_that_fails_is_given_up_within_5_seconds(address, black_hole, trickle, hub, monkeypatch):
    hub.status = 503
    ports = {"black hole": black_hole.getsockname()[1], "trickle": trickle.getsockname()[1]}
    ports["status 503"] = hub.server_port
    point_to(f"http://127.0.0.1:{ports[address]}" if address in ports else address, monkeypatch)
    began = time.monotonic()
    assert _choose() == ("pocket", "GPT-2 small is not on this machine")
    assert time.monotonic() - began < 1
    advice = (
        r'try again with a network, set COURSE_GPT2 to a folder that holds it, or use load_model\("pocket"\)$'
    )
    with pytest.raises(ModelUnavailable, match=advice) as caught:
        load_model("gpt2")
    assert time.monotonic() - began < 5
    assert "\n" not in str(caught.value)
    hub.status = 200
    point_to(hub.address, monkeypatch)
    assert describe_model(load_model("gpt2")).startswith("GPT-2 small")  # nothing was left switched off


def test_auto_starts_no_download(hub):
    assert _choose()[0] == "pocket" and hub.fetched == []


@pytest.mark.slow
def test_a_download_that_breaks_off(hub, cache, gpt2_folder):
    hub.cut = True
    with pytest.raises(ModelUnavailable, match=r"broke off .*: try again with a network, set COURSE_GPT2"):
        load_model("gpt2")
    hub.cut = False
    assert is_tiny_gpt2(load_model("gpt2"), gpt2_folder)


# --- what "auto" takes


def test_course_model_decides(gpt2_folder, llama_folder, cache, monkeypatch, capfd):
    fill(cache, gpt2_folder)
    monkeypatch.setenv("COURSE_MODEL", "pocket")
    assert _choose() == ("pocket", "COURSE_MODEL=pocket")
    monkeypatch.setenv("COURSE_MODEL", "")
    assert _choose() == ("gpt2", "found on this machine")
    monkeypatch.setenv("COURSE_MODEL", str(llama_folder))
    capfd.readouterr()
    model = load_model()
    out, err = capfd.readouterr()
    assert (
        out.startswith(f"{describe_model(model)} (COURSE_MODEL={llama_folder}); load_model(")
        and out.count("\n") == 1
    )
    assert model.cfg.architecture == "LlamaForCausalLM" and err == ""


def test_a_wrong_course_model_is_an_error_not_a_fallback(monkeypatch):
    monkeypatch.setenv("COURSE_MODEL", "pokcet")
    with pytest.raises(ModelUnavailable, match=r"no folder .*pokcet"):
        load_model()


def in_a_fresh_process(code: str, **environment: str) -> tuple[str, str]:
    """What it prints on stdout and stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "HF_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env={**kept, **environment}
    )
    return done.stdout, done.stderr


def test_importing_loads_no_library():
    heavy = "{'torch', 'transformers', 'transformer_lens', 'huggingface_hub', 'numpy'}"
    code = f"import sys, course_utils.lm.language_model; print(sorted({heavy} & set(sys.modules)))"
    assert in_a_fresh_process(code) == ("[]\n", "")


# --- the pocket model, as it ships

POCKET_LINE = (
    "pocket GPT-2: 5 layers, d_model 256, 6.1 M parameters ({why}); "
    'load_model("gpt2") takes GPT-2 small (548 MB from the hub, once).\n'
)


def test_the_pocket_computes_what_transformers_computes():
    assert same_as_transformers(assets.DATA / "pocket")
    assert torch.equal(load_model("pocket")(TEXTS[0]), load_model(assets.DATA / "pocket")(TEXTS[0]))


def test_the_pocket_asks_no_network_and_loads_in_two_seconds(black_hole, capfd):
    load_model("pocket")
    capfd.readouterr()
    began = time.process_time()  # a busy machine is not the model's fault
    model = load_model("pocket")
    assert time.process_time() - began < 2
    assert model.tokenizer.bos_token_id == 0 and model.cfg.n_ctx == 256
    assert capfd.readouterr() == ("", "") and nobody_called(black_hole)


def test_auto_takes_the_pocket_and_says_why(cache, gpt2_folder, monkeypatch, capfd):
    capfd.readouterr()
    load_model()
    assert capfd.readouterr() == (POCKET_LINE.format(why="GPT-2 small is not on this machine"), "")
    home = fill(cache, gpt2_folder)
    cut_short(home / "snapshots" / COMMIT)
    load_model()
    out, err = capfd.readouterr()
    assert out.startswith("pocket GPT-2: ") and f"delete {home} and load it again" in out
    assert out.count("\n") == 1 and err == ""


@pytest.mark.slow
def test_a_fresh_notebook_shows_one_line_and_nothing_else(black_hole, tmp_path):
    """The libraries are imported here too, and the hub's address comes from the environment."""
    hub = dict(HF_HOME=str(tmp_path), HF_ENDPOINT=constants.ENDPOINT)
    code = "from course_utils.lm import load_model; load_model()"
    assert in_a_fresh_process(code, **hub, COURSE_MODEL="pocket") == (
        POCKET_LINE.format(why="COURSE_MODEL=pocket"),
        "",
    )
    assert nobody_called(black_hole)


def test_a_pocket_that_is_missing_or_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "DATA", tmp_path)
    forget_assets()
    try:
        with pytest.raises(ModelUnavailable, match=r"pocket model is missing .*: clone or install it again"):
            load_model("pocket")
        (tmp_path / "pocket").mkdir()
        (tmp_path / "pocket" / "config.json").write_text("{}")
        (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  pocket/config.json\n")
        with pytest.raises(ValueError, match="damaged"):
            load_model("pocket")
    finally:
        forget_assets()


def forget_assets() -> None:
    assets._sha256sums.cache_clear()
    assets.asset_path.cache_clear()


def test_no_code_of_a_folder_runs_and_no_pickle_is_read(tmp_path):
    """Asked whether to run it, a notebook would hang, and "y" would run it."""
    evil = f"open({str(tmp_path / 'ran')!r}, 'w').close()"
    config = {
        "model_type": "evil",
        "architectures": ["EvilLM"],
        "auto_map": {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text(f"{evil}\nclass Evil: pass\n")
    with pytest.raises(ValueError, match="cannot be used") as caught:
        load_model(tmp_path)
    assert "[y/N]" not in str(caught.value) and not (tmp_path / "ran").exists()

    pickled = tmp_path / "pickled"
    pickled.mkdir()
    for file in ("config.json", "tokenizer.json"):
        shutil.copy(asset_path("pocket") / file, pickled)
    torch.save({"x": torch.zeros(1)}, pickled / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"weights in .* cannot be used"):
        load_model(pickled)
    outside = {"weight_map": {"x": "../evil.safetensors"}}
    (pickled / "model.safetensors.index.json").write_text(json.dumps(outside))
    with pytest.raises(ValueError, match=r"'\.\./evil.safetensors' in .* is no file of this folder"):
        load_model(pickled)
    deep = json.loads((pickled / "config.json").read_text()) | {"n_layer": 1_000_000}
    (pickled / "config.json").write_text(json.dumps(deep))
    with pytest.raises(ValueError, match="1,000,000 layers"):
        load_model(pickled)
