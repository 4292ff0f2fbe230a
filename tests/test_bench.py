"""`course bench`: any dictionary beside controls; what it writes is inert, and what cannot be scored is one sentence."""

import json
import math
import re
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from course_utils.base import DATA
from course_utils.desk import (
    bench,
    bench_run,
    bench_steering,
    board_page,
    load_entry,
    main,
    read_recipe,
    read_rows,
    write_row,
)
from course_utils.desk.bench_page import bench_page
from course_utils.desk.bench_steering import at_price
from course_utils.lm import load_texts
from course_utils.reading import BENCH_KINDS, WORLD_KINDS, hedging, judging_rows, score_in_world
from course_utils.sae import SAE, save_sae
from course_utils.worlds import WORLDS

EVIL = "<script>alert('&')</script>"
FEW = ("whales", "lighthouses", "cats", "dinosaurs", "HTTP requests", "chess notation")
CODE = """
import torch
class Halves:
    def encode(self, x):
        return torch.cat([x, -x], dim=1).relu()
    def decode(self, latents):
        n = latents.shape[1] // 2
        return latents[:, :n] - latents[:, n:] + 0.5
dictionary = Halves()
"""


@pytest.fixture(scope="module", autouse=True)
def few_texts():
    """Six concepts in place of 127, few of each."""
    texts = [text for concept in FEW for text in load_texts(concept=concept)[:400]]
    with pytest.MonkeyPatch.context() as patch:
        for module in (bench_run, bench_steering):
            patch.setattr(
                module, "load_texts", lambda split=None: [t for t in texts if split in (None, t.split)]
            )
        patch.setattr(bench_run, "FULL", dict(n_each=6, n_judged=6))
        patch.setattr(bench_steering, "N_CONCEPTS", 2)
        yield


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A shipped dictionary, and a module with a hostile name."""
    folder = tmp_path_factory.mktemp("bench")
    code = folder / f"{EVIL.replace('/', '∕')}.py"
    code.write_text(CODE)
    results = bench(["layer_2_512", str(code)], folder / "out", say=lambda line: None)
    return folder / "out", results


@pytest.mark.slow
def test_every_column_stands_beside_its_controls(done):
    result = done[1][0]
    assert list(result["columns"]) == [name for name in BENCH_KINDS if name != "fvu_without_outliers"]
    assert set(result["missing"]) == {"hedging"}
    for name, column in result["columns"].items():
        numbers = [column["score"], *column["controls"].values(), *(column["interval"] or [])]
        assert all(map(math.isfinite, numbers)) and column["n"] > 0, name
        assert (
            column["better"] == BENCH_KINDS[name].better and column["source"] and column["what"].endswith(".")
        )
        assert "untrained" in column["controls"], name
        if column["interval"]:
            low, high = column["interval"]
            assert low <= column["score"] <= high or name == "precision", name
    columns = result["columns"]
    assert (
        columns["fvu"]["score"] < columns["fvu"]["controls"]["pca"] < columns["fvu"]["controls"]["untrained"]
    )
    assert (
        columns["loss"]["score"]
        < columns["loss"]["controls"]["untrained"]
        < columns["loss"]["controls"]["mean"]
    )
    assert columns["stability"]["controls"] == {"untrained": 0.0} and 0 < columns["stability"]["score"] < 0.2
    assert columns["sensitivity"]["score"] > columns["sensitivity"]["controls"]["other_texts"]
    assert columns["removal"]["score"] > columns["removal"]["controls"]["random"]
    assert {"seed", "mean_difference", "random", "no_push"} <= set(columns["steering"]["controls"])


def test_the_json_is_what_was_promised(done):
    result = json.loads((done[0] / "layer_2_512.json").read_text())
    assert result == json.loads(json.dumps(done[1][0]))
    assert (
        result["version"] == 1
        and result["model"] == "pocket"
        and result["hook"] == "blocks.2.hook_resid_post"
    )
    sums = (DATA / "SHA256SUMS").read_text()
    assert f"{result['dictionary']['sha256']}  saes/layer_2_512/sae_weights.safetensors" in sums
    assert result["dictionary"] | {"sha256": ""} == {
        "name": "layer_2_512", "sha256": "", "architecture": "topk", "n_latents": 512,
    }  # fmt: skip
    assert result["seconds"]["all"] > 0 and result["texts"]["concepts"] == 6


def test_code_is_scored_as_files_are(done):
    result = done[1][1]
    assert (
        result["dictionary"]["architecture"] == "code (Halves)" and result["dictionary"]["n_latents"] == 512
    )
    assert "stability" in result["missing"]
    assert result["columns"]["l0"]["score"] == pytest.approx(256, abs=1)
    assert 0 < result["columns"]["fvu"]["score"] < 0.5  # off by 0.5 everywhere
    entry = load_entry(str(next(done[0].parent.glob("*.py"))), 256)
    assert torch.equal(entry.sae.W_dec, torch.cat([torch.eye(256), -torch.eye(256)]))
    assert entry.sae.b_dec.tolist() == [0.5] * 256


def test_the_page_is_inert_and_says_what_is_not_there(done):
    html = (done[0] / "index.html").read_text(encoding="utf-8")
    assert "<script" not in html and "alert" in html and "default-src 'none'" in html
    assert not re.search(r"https?://|src=|<link|@import|url\(", html)
    for said in (
        "Side by side",
        "untrained",
        "principal directions",
        "another seed",
        "dense probe",
        "hedging is not",
    ):
        assert said in html
    assert str(done[0]) not in html and len(list(done[0].glob("*.json"))) == 2


def test_a_hostile_result_stays_text():
    column = dict(
        score=0.5, better="higher", n=3, interval=None, what=EVIL, source=EVIL, controls={EVIL: 0.1}
    )
    result = {
        "version": 1, "dictionary": {"name": EVIL, "sha256": EVIL, "architecture": EVIL, "n_latents": 3},
        "model": EVIL, "hook": EVIL, "texts": {"choose": 1, "judge": 1, "tokens": 1, "concepts": 1},
        "columns": {"recall": column}, "missing": {EVIL: EVIL}, "seconds": {},
    }  # fmt: skip
    assert "<script" not in bench_page([result])


# ── what cannot be scored ───────────────────────────────────────────────────────────────────────────────────────────────


def refusal(capsys, *words):
    assert main(["bench", *map(str, words)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("course: ") and said.count("\n") == 1 and "Traceback" not in said
    return said


@pytest.fixture
def spoiled(tmp_path):
    """A copy of a shipped dictionary whose weights something is done to."""

    def make(change):
        folder = tmp_path / "spoiled"
        shutil.copytree(DATA / "saes" / "layer_2_1024", folder)
        weights = load_file(folder / "sae_weights.safetensors")
        change(weights)
        save_file(weights, folder / "sae_weights.safetensors")
        return folder

    return make


def test_weights_that_are_nan(spoiled, tmp_path, capsys):
    folder = spoiled(lambda weights: weights["W_enc"].view(-1)[7:8].fill_(float("nan")))
    assert "W_enc" in refusal(capsys, folder, "--out", tmp_path / "out")


def test_another_width_another_place_no_dictionary(tmp_path, capsys):
    save_sae(SAE(64, 128, "topk", k=4), tmp_path / "narrow")
    assert "narrow reads activations of 64, those of pocket" in refusal(
        capsys, tmp_path / "narrow", "--out", tmp_path / "out"
    )
    assert "says that it reads blocks.3" in refusal(
        capsys, "layer_3", "--hook", "blocks.2.hook_resid_post", "--out", tmp_path / "out"
    )
    assert "score those of one hook point together" in refusal(
        capsys, "layer_3", "layer_2", "--out", tmp_path / "out"
    )
    assert "nothing.json" in refusal(capsys, tmp_path / "nothing.json", "--out", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    assert "holds no autoencoder" in refusal(capsys, tmp_path / "empty", "--out", tmp_path / "out")
    assert "no column bogus: there are l0, fvu" in refusal(
        capsys, "layer_2", "--columns", "bogus", "--out", tmp_path / "out"
    )


def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert "file" in refusal(capsys, "layer_2_512", "--out", tmp_path / "file" / "out")
    (tmp_path / "out" / "index.html").mkdir(parents=True)
    assert "no plain file" in refusal(capsys, "layer_2_512", "--out", tmp_path / "out")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "stopped with ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "stopped with SystemExit: 3"),
        ("x = 1", "defines none"),
        ("def f(:", "stopped with SyntaxError"),
        (CODE + "other = Halves()\nthird = dictionary\ndel dictionary", "defines 2 of them (other, third)"),
        (CODE.replace("relu()", "relu() * float('nan')"), "latents hold NaN"),
        (CODE.replace(".relu()", ""), "negative latents"),
        (CODE.replace("+ 0.5", "** 3"), "decode is not a sum of directions"),
        (CODE.replace("latents[:, :n] - latents[:, n:] + 0.5", "latents"), "gives shape"),
        (
            CODE.replace("torch.cat([x, -x], dim=1).relu()", "open('/no/such/file')"),
            "encode stopped with FileNotFound",
        ),
    ],
)
def test_code_that_is_no_dictionary(code, said, tmp_path, capsys):
    (tmp_path / "mine.py").write_text(code)
    words = [tmp_path / "mine.py", "--columns", "fvu", "--out", tmp_path / "out"]
    assert said in refusal(capsys, *words)


def test_what_does_not_go_together(tmp_path, capsys):
    assert "NAME=DICTIONARY" in refusal(capsys, "layer_2", "--control", "seed")
    assert "'pca' is made here" in refusal(capsys, "layer_2", "--control", "pca=layer_2")
    assert "takes no code" in refusal(capsys, "mine.py", "--submit")
    assert "leave --quick" in refusal(capsys, tmp_path, "--submit", "--quick")
    assert "one folder, not 2" in refusal(capsys, "a", "b", "--submit")
    assert "needs no model" in refusal(capsys, "a", "--world", "independent", "--quick")


# ── steering ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_share_is_read_off_where_the_price_is_reached():
    assert at_price([0.0, 0.4, 0.8], [1.0, 1.5, 2.5], 2.0) == pytest.approx(0.6)
    assert at_price([0.0, 0.4, 0.8], [1.0, 1.2, 1.3], 2.0) == 0.8  # never that dear
    assert at_price([0.0, 1.0, 0.2], [1.0, 3.0, 9.0], 1.0) == 0.0
    assert at_price([0.1, 1.0, 0.2], [1.0, 0.5, 3.0], 2.0) == pytest.approx(1.0 - 0.8 * 1.5 / 2.5)


# ── worlds ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_in_a_world_the_truth_stands_beside(tmp_path):
    world = WORLDS["everything"]
    true = SAE(world.d, world.n_features, "topk", k=6).requires_grad_(False)
    true.W_dec.copy_(world.directions)
    true.W_enc.copy_(world.directions.T)
    save_sae(true, tmp_path / "true")
    assert (
        main(["bench", str(tmp_path / "true"), "--world", "everything", "--out", str(tmp_path / "out")]) == 0
    )
    result = json.loads((tmp_path / "out" / "true.json").read_text())
    assert set(result["columns"]) == set(WORLD_KINDS) - {"stability"} and set(result["missing"]) == {
        "stability"
    }
    columns = result["columns"]
    assert columns["matched_cosine"]["score"] == pytest.approx(1) and columns["hedging"][
        "score"
    ] == pytest.approx(0, abs=1e-6)
    assert columns["matched_cosine"]["controls"]["untrained"] < 0.6
    html = (tmp_path / "out" / "index.html").read_text()
    assert "matched cosine ↑" in html and "F1 of firing ↑" in html and "“everything”" in html


def test_a_latent_that_is_half_its_partner_hedges():
    world = WORLDS["everything"]
    mixed = SAE(world.d, world.n_features).requires_grad_(False)
    mixed.W_dec.copy_(world.directions)
    for first, second in world.together_pairs:
        mixed.W_dec[first] = world.directions[first] + 0.9 * world.directions[second]
    found = hedging(mixed, world)
    assert found is not None and found > 0.2
    assert hedging(mixed, WORLDS["independent"]) is None
    assert "stability" not in score_in_world(mixed, world, judging_rows(world))


def test_a_dictionary_of_another_width_is_not_of_the_world(tmp_path, capsys):
    assert "those of the world independent have 64" in refusal(
        capsys, "layer_2_512", "--world", "independent", "--out", tmp_path / "out"
    )


# ── the board ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_submitting_writes_a_row_that_the_board_takes(tmp_path, capsys):
    folder = tmp_path / "mine"
    shutil.copytree(DATA / "saes" / "layer_2_512", folder)
    assert "has no recipe.md" in refusal(capsys, folder, "--submit", "--out", tmp_path / "out")
    (folder / "recipe.md").write_text("\n" * 3)
    assert "has some, and at most" in refusal(capsys, folder, "--submit", "--out", tmp_path / "out")
    (folder / "recipe.md").write_bytes(b"\xff\xfe")
    assert "not text in UTF-8" in refusal(capsys, folder, "--submit", "--out", tmp_path / "out")
    (folder / "recipe.md").write_text(f"# Mine\n\n{EVIL} | [x](javascript:1)\n\x1b[31mred")
    assert main(["bench", str(folder), "--submit", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "docs/board/" in said and "pull request" in said
    page = board_page(read_rows(tmp_path / "out" / "board"))
    assert "| `mine` | 512 | topk |" in page and f"\n    {EVIL} | [x]" in page and "\x1b" not in page
    assert all(line.startswith("    ") for line in page.splitlines() if EVIL in line)


def row(**changes):
    column = dict(
        score=0.5, better="higher", n=3, interval=None, what="W.", source="S", controls={"untrained": 0.1}
    )
    about = {"name": "a", "sha256": "0" * 64, "architecture": "topk", "n_latents": 3}
    whole = {
        "version": 1, "dictionary": about, "model": "pocket", "hook": "blocks.2.hook_resid_post",
        "texts": {"choose": 1, "judge": 1}, "columns": {"recall": column}, "recipe": "how",
    }  # fmt: skip
    return whole | changes


BAD_ROWS = {
    "another version": row(version=2),
    "no sha256": row(dictionary=row()["dictionary"] | {"sha256": "x"}),
    "a name that is none": row(dictionary=row()["dictionary"] | {"name": "../a"}),
    "is not of blocks.2": row(hook="blocks.3.hook_resid_post"),
    "a column 'mine'": row(columns={"mine": row()["columns"]["recall"]}),
    "not finite": row(columns={"recall": row()["columns"]["recall"] | {"score": float("nan")}}),
    "wrong sign": row(columns={"recall": row()["columns"]["recall"] | {"better": "lower"}}),
    "no text of a page": row(recipe="x\n" * 100),
    "TypeError": [],
    "name the file after it": row(dictionary=row()["dictionary"] | {"name": "b"}),
}


@pytest.mark.parametrize("said", BAD_ROWS)
def test_a_row_that_is_none_is_refused(said, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(BAD_ROWS[said]))
    with pytest.raises(ValueError, match=said):
        read_rows(tmp_path)


def test_no_row_is_written_that_the_board_would_not_take(tmp_path):
    with pytest.raises(ValueError, match="does not take this row: it is not of"):
        write_row(row(model="gpt2"), "how", tmp_path)
    assert "`a`" in board_page([row()]) and "**50.0%** (10.0%)" in board_page([row()])
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        read_recipe(tmp_path / "none")
