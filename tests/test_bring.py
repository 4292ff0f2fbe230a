"""`course bring`: stopped at any moment it goes on exactly; what it writes is judged, escaped, and needs nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import needs
import pytest
import torch
from filelock import FileLock
from pipeline_model import tiny_folder
from transformers import AutoModelForCausalLM
from two_processes import run_twice

from course_utils.desk import bring, bring_model, bring_train, main
from course_utils.desk import bring as bring_function
from course_utils.desk.bring_settings import Settings, keep_settings
from course_utils.desk.bring_texts import material
from course_utils.lm import load_model, load_texts, open_activations
from course_utils.sae import load_sae

WORKER = Path(__file__).with_name("bring_worker.py")
EVIL = "<script>alert('&')</script>"
SMALL = dict(latents=64, k=4, tokens=4000, passes=4, progress=False)
WORDS = {
    "cats": "The cat sat on mat",
    "trade": "John gave a drink for money",
    "code": "def f(x): return x +",
    EVIL: f"The whale sang {EVIL}",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Four labels, one of which is not to be trusted, and lines that cannot be used."""
    path = tmp_path_factory.mktemp("data") / "mine.jsonl"
    rows = [
        json.dumps({"text": f"{words} {number}, {number * 7}.", "label": label})
        for number in range(150)
        for label, words in WORDS.items()
    ]
    path.write_text("\n".join([*rows, "not json", json.dumps({"text": "rare", "label": "rare"})]) + "\n")
    return path


@pytest.fixture(scope="module")
def llama():
    return str(tiny_folder("llama"))


@pytest.fixture(scope="module")
def done(tmp_path_factory, llama, data):
    """A finished run, and what it said."""
    said = []
    out = tmp_path_factory.mktemp("runs") / "done"
    bring(llama, out, data=data, say=said.append, **SMALL)
    return out, said


def copy_of(done, tmp_path):
    return Path(shutil.copytree(done[0], tmp_path / "copy"))


def products(folder):
    """All but times and locks, byte for byte."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_it_says_what_it_found_and_what_it_does(done):
    said = "\n".join(done[1])
    assert "3 layers, d_model 16" in said and "GB of memory are needed" in said
    assert "blocks.1.hook_resid_post (the residual stream after layer 2 of 3" in said
    assert "1 line left out (1 not JSON): mine.jsonl:601 (not JSON)" in said
    assert "1 label with too few texts" in said
    assert [line[:3] for line in done[1] if line.endswith("…")] == [f"{n}/7" for n in range(1, 8)]


def test_what_it_leaves_can_be_read_elsewhere(done):
    sae = load_sae(done[0] / "dictionary")
    assert (sae.d_in, sae.d_sae, sae.k) == (16, 64, 4) and sae.hook_name == "blocks.1.hook_resid_post"
    assert len(open_activations(done[0] / "activations")) >= 4000
    assert not list(done[0].rglob("*.part")) and not (done[0] / "training.pt").exists()


def test_scores_stand_beside_controls(done):
    fit, loss, areas = (
        json.loads((done[0] / "scores" / f"{name}.json").read_text()) for name in ("fit", "loss", "areas")
    )
    assert fit["dictionary"]["fvu"] < fit["untrained"]["fvu"] and fit["dictionary"]["l0"] <= 4
    assert loss["dictionary"]["spliced"] < loss["dictionary"]["zero_ablated"]
    n_units = {name: kind["n_units"] for name, kind in areas["kinds"].items()}
    assert n_units == {"latents": 64, "neurons": 24, "random": 64, "untrained": 64}
    assert {row["label"] for row in areas["labels"]} == set(WORDS)
    random, untrained = ([row[kind]["unit"] for row in areas["labels"]] for kind in ("random", "untrained"))
    assert random != untrained
    assert areas["n_judged_by"] + areas["n_chosen_by"] == 600


def test_the_page_needs_nothing_and_runs_nothing_of_the_data(done):
    html = (done[0] / "index.html").read_text(encoding="utf-8")
    assert re.search(r"<h1>A dictionary of the model “tiny_\w+”</h1>", html)  # a folder, called by its name
    assert html.count("<script") == 1 and "alert('&')" not in html
    assert not re.search(r"https?://|src=(?!\"data:)|<link|@import|url\(", html)
    assert "default-src 'none'" in html and str(done[0]) not in html
    for said in ("before training", "random directions", "principal directions", "neurons of the layer"):
        assert said in html
    assert 0 < html.count("<details data-words") <= 64 and "4 labels" in html


def test_what_is_done_is_not_done_again(done, tmp_path, monkeypatch, llama, data):
    folder = copy_of(done, tmp_path)
    before, said = products(folder), []
    for name in (
        "harvest",
        "harvest_judged",
        "train",
        "score_fit",
        "score_loss",
        "score_areas",
        "write_page",
    ):
        monkeypatch.setattr(sys.modules["course_utils.desk.bring_stages"], name, lambda run: 1 / 0)
    bring(llama, folder, data=data, say=said.append, **SMALL)
    assert products(folder) == before and sum("there already" in line for line in said) == 7
    monkeypatch.undo()
    (folder / "index.html").unlink()
    shutil.rmtree(folder / "activations")
    said.clear()
    bring(llama, folder, data=data, say=said.append, **SMALL)
    assert "1/7 harvest: not needed any more" in said
    assert products(folder)["index.html"] == before["index.html"]


OTHERS = {
    "k was 4, is 5": dict(k=5),
    "latents was 64, is 32": dict(latents=32),
    "tokens was 4000, is 5000": dict(tokens=5000),
    "passes was 4, is 1": dict(passes=1),
    "context was 256, is 9": dict(context=9),
    "seed was 0, is 1": dict(seed=1),
    "hook was blocks.1.hook_resid_post, is blocks.0.hook_resid_post": dict(hook="blocks.0.hook_resid_post"),
    "data was .*mine.jsonl, is course; texts was": dict(data=None),
}


@pytest.mark.parametrize("why", OTHERS)
def test_another_run_is_refused_by_the_name_of_the_setting(done, llama, data, why):
    before = products(done[0])
    with pytest.raises(ValueError, match=rf"is of another run \(.*{why}.*\): ask for the same, or name"):
        bring(llama, done[0], say=lambda line: None, **{"data": data} | SMALL | OTHERS[why])
    assert products(done[0]) == before


def test_other_weights_and_other_texts_are_noticed(done, tmp_path, llama, data):
    other = tmp_path / "mine.jsonl"
    other.write_text(data.read_text() + json.dumps({"text": "One more.", "label": "cats"}) + "\n")
    with pytest.raises(ValueError, match=r"data was .*; texts was"):
        bring(llama, done[0], data=other, say=lambda line: None, **SMALL)
    with pytest.raises(ValueError, match=r"model was .*; weights was"):
        bring(str(tiny_folder()), done[0], data=data, say=lambda line: None, **SMALL)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    asked = Settings("m", "w", "h", 8, 2, 100, "course", "t")
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(ValueError, match="holds other files"):
        keep_settings(tmp_path, asked)
    for content, why in (("{", "damaged"), ('{"settings": {"k": 3}}', "another version")):
        (tmp_path / "manifest.json").write_text(content)
        with pytest.raises(ValueError, match=why):
            keep_settings(tmp_path, asked)


def test_what_the_machine_chose_stays(tmp_path):
    first = Settings("m", "w", "h", 8, 2, 100, "course", "t", compute="bfloat16", speed="fast_bfloat16")
    keep_settings(tmp_path / "run", first)
    assert keep_settings(tmp_path / "run", Settings("m", "w", "h", 8, 2, 100, "course", "t")) == first


def test_two_programs_do_not_work_in_one_folder(done, llama, data):
    with FileLock(done[0] / ".lock"), pytest.raises(ValueError, match="another program works in"):
        bring(llama, done[0], data=data, say=lambda line: None, **SMALL)


def test_texts_without_labels_are_judged_without_areas(tmp_path, llama):
    (tmp_path / "mine.txt").write_text("\n".join(f"The cat number {n} sat." for n in range(600)))
    said = []
    page = bring(llama, tmp_path / "run", data=tmp_path / "mine.txt", say=said.append, **SMALL)
    html = page.read_text(encoding="utf-8")
    assert "There are no areas: the texts have no labels." in html and "ROC" not in html
    assert "6/6 page …" in said and not (tmp_path / "run" / "scores" / "areas.json").exists()
    assert "strongest and rarest" in html and html.count("<details data-words") > 3


def test_massive_dimensions_get_their_own_scale_and_the_page_says_so(tmp_path, data):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder("llama"))
    with torch.no_grad():
        model.get_input_embeddings().weight[:, 3] = 200 + torch.randn(
            len(model.get_input_embeddings().weight)
        )
    shutil.copytree(tiny_folder("llama"), tmp_path / "model")
    model.save_pretrained(tmp_path / "model")
    page = bring(str(tmp_path / "model"), tmp_path / "run", data=data, say=lambda line: None, **SMALL)
    about = load_sae(tmp_path / "run" / "dictionary").metadata
    assert about["scaled_by"] == "dimension" and about["outlier_dimensions"] == [3]
    assert about["share_of_three_largest"] > 0.9
    html = page.read_text(encoding="utf-8")
    assert "1 dimension is massive" in html and "fvu without massive dimensions" in html


def test_the_command_refuses_in_one_line(capsys, monkeypatch, tmp_path, llama, data):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "one.txt").write_text("It rains.\n")
    (tmp_path / "few.txt").write_text("\n".join(f"line {n}" for n in range(60)))
    for words, why in (
        (["no_model"], "there is no folder"),
        ([llama, "--data", str(tmp_path / "no.txt")], "there is no file"),
        ([llama, "--data", str(tmp_path / "a.csv")], "is none of .txt"),
        ([llama, "--data", str(tmp_path / "one.txt")], "none of them to train on"),
        ([llama, "--data", str(tmp_path / "few.txt")], "a dictionary needs 1000 at least"),
        ([llama, "--hook", "blocks.9.hook_out"], "is not a hook point of this model"),
        ([llama, "--hook", "blocks.1.attn.hook_pattern"], "does not hold one row a token"),
        ([llama, "--latents", "8"], "k is 32, more than the 8 latents"),
    ):
        assert main(["bring", *words, "--out", str(tmp_path / "out" / str(len(why)))]) == 2
        error = capsys.readouterr().err
        assert error.startswith("course: ") and why in error and error.count("\n") == 1
    for wrong in (["--k", "0"], ["--tokens", "-1"], ["--latents", "x"], ["--seed", "-1"]):
        with pytest.raises(SystemExit):
            main(["bring", llama, *wrong])


@pytest.mark.parametrize("stage", ["harvest_activations", "fit_sae"])
def test_ctrl_c_says_how_to_go_on(capsys, monkeypatch, tmp_path, done, llama, data, stage):
    real = getattr(bring_train, stage)

    def interrupted(*arguments, **options):
        if stage == "fit_sae":
            return real(*arguments, **options | dict(callbacks=[stops]))
        raise KeyboardInterrupt

    def stops(state):
        raise KeyboardInterrupt

    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.setattr(bring_train, stage, interrupted)
    words = ["--latents", "64", "--k", "4", "--tokens", "4000", "--passes", "4"]
    words = ["bring", llama, "--out", str(tmp_path / "a run"), "--data", str(data), *words]
    assert main(words) == 130
    error = capsys.readouterr().err
    assert "the same command goes on from here" in error and f"--out '{tmp_path}/a run'" in error
    assert "--latents 64 --k 4 --tokens 4000 --passes 4" in error
    monkeypatch.undo()
    assert main(words) == 0
    assert products(tmp_path / "a run") == products(done[0])


@pytest.mark.slow
@needs.posix("forks")
def test_killed_at_any_moment_it_ends_the_same_bit_for_bit(tmp_path, llama, data):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [sys.executable, "-W", "ignore", str(WORKER), "killed", llama, str(data), str(tmp_path)],
        capture_output=True, text=True, env=environment, timeout=900,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout + found.stderr
    assert int(found.stdout.split()[-1]) >= 3
    whole, broken = (products(tmp_path / name) for name in ("whole", "broken"))
    left = {name: content for name, content in broken.items() if not name.endswith(".part")}
    assert left == whole and "index.html" in whole


@pytest.mark.slow
def test_two_processes_bring_what_one_does(tmp_path, done, llama, data):
    ended = run_twice(WORKER, "run", llama, data, tmp_path / "run", timeout=600)
    assert [code for code, _ in ended] == [0, 0], ended
    one, two = (products(folder) for folder in (done[0], tmp_path / "run"))
    assert set(one) == set(two) and one["activations/index.json"] == two["activations/index.json"]
    single, shared_sae = (load_sae(folder / "dictionary") for folder in (done[0], tmp_path / "run"))
    torch.testing.assert_close(single.W_dec, shared_sae.W_dec, atol=2e-2, rtol=2e-2)


def test_a_hook_point_is_chosen_in_the_middle():
    place = bring_model.choose_place(load_model("pocket"))
    assert (place.hook_name, place.width) == ("blocks.2.hook_resid_post", 256)
    assert "layer 3 of 5" in place.why
    place = bring_model.choose_place(load_model("pocket"), "blocks.0.mlp.hook_post")
    assert place.width == 1024 and "--hook" in place.why


def test_a_run_that_does_not_fit_is_refused(monkeypatch, llama, tmp_path, data):
    monkeypatch.setattr(bring_model, "memory_bytes", lambda: (10**9, 10**8))
    with pytest.raises(ValueError, match=r"this machine has 1\.0: take fewer latents \(--latents 500000\)"):
        bring_model.describe_needs(load_model("pocket"), 256, 1_000_000)
    free = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(bring_train.shutil, "disk_usage", lambda folder: free)
    with pytest.raises(OSError, match="take fewer --tokens"):
        bring_function(llama, tmp_path / "run", data=data, say=lambda line: None, **SMALL)


def test_the_courses_texts_are_of_every_concept_and_in_mixed_order():
    brought = material(None, context=256, seed=0)
    assert len(brought.labels) == 126 and len(brought.choose) == 126 * 16
    assert set(brought.train) == {text.text for text in load_texts("train")}
    assert not {text.text for text in brought.judge} & set(brought.train)
    concepts = {text.text: text.concept for text in load_texts("train")}
    assert len({concepts[text] for text in brought.train[:300]}) > 60
    assert brought.fingerprint != material(None, context=256, seed=1).fingerprint


def test_long_texts_come_in_passages(tmp_path):
    words = " ".join("{0}." + str(n) for n in range(400)) + " the end of all"
    rows = [{"text": words.format(n), "label": "ab"[n % 2]} for n in range(60)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    brought = material(tmp_path / "a.jsonl", context=50, seed=0)
    every = [*brought.train, *(text.text for text in brought.judge)]
    assert max(map(len, every)) <= 100 and min(map(len, brought.train[:50])) > 0
    assert brought.labels == ["a", "b"]
    assert sum(len(text) for text in brought.train) > 40 * len(words)
    assert not set(brought.train) & {text.text for text in brought.judge}  # though all end alike
