"""What the judge computes in the pocket model: an explanation, a circuit and a dictionary, with and without insight."""

import os

import needs
import numpy as np
import pytest
import torch
from capstone_reports import evidence, write_report

from course_utils.capstone import SCEPTIC, dictionary, judge_report
from course_utils.capstone.dictionary import compared
from course_utils.circuits import attribution_graph, graph_to_json, influence_on_answer, part_of, prune
from course_utils.lm import load_model
from course_utils.reading import Column
from course_utils.sae import SAE, load_sae, load_transcoder, save_sae

pytestmark = pytest.mark.slow  # model and texts are read

PRINTED, LINES = evidence(12)
SHOW = ("show_results()", PRINTED)
ANSWERS = {key: (line, "what this line means for it") for key, line in zip(SCEPTIC, LINES, strict=True)}
THE = "def fires(text):\n    return 'the' in [word.strip('.,!?').lower() for word in text.split()]"
LOT = "def fires(text):\n    return sum(map(ord, text)) % 2 == 0"
PROMPT, ANSWER, AGAINST = (
    "When Lily and Daniel arrived at the station, Daniel sold a hat to",
    " Lily",
    " Daniel",
)


def judged(path, letter):
    return next(score for score in judge_report(path).scores if score.project.letter == letter)


@pytest.fixture(scope="module")
def graph():
    transcoders = {layer: load_transcoder(f"layer_{layer}").requires_grad_(False) for layer in range(5)}
    return attribution_graph(load_model("pocket"), transcoders, PROMPT, ANSWER, AGAINST, max_targets=300)


def circuit(graph, numbers, **other):
    latents = [list(graph.nodes[i][1:4]) for i in numbers]
    form = {"prompt": PROMPT, "answer": ANSWER, "against": AGAINST, "latents": latents} | other
    return f"CIRCUIT = {form!r}"


def test_an_explanation_that_is_right_gets_all_points_and_one_drawn_by_lot_none(tmp_path):
    def score(function, bar=1.0):
        form = f"NEURON = {dict(layer=2, neuron=187, bar=bar, answers=ANSWERS)!r}"
        return judged(write_report(tmp_path / "a.ipynb", SHOW, function, form), "c")

    assert score(THE).points == 14 and not score(THE).missing
    lot, never = score(LOT), score("def fires(text):\n    return False")
    assert lot.raw <= 6 and never.raw <= 6, "the sceptic's six points, and nothing for luck"
    assert "“the”" in lot.notes[-1].text
    assert "with another bar" in score(THE, bar=1e6).missing[0]


def test_the_latents_with_most_influence_are_a_circuit_and_others_are_none(tmp_path, graph):
    path = tmp_path / "a.ipynb"
    by_influence = (influence_on_answer(graph) * graph.are("latent")).argsort(descending=True).tolist()
    score = judged(write_report(path, circuit(graph, by_influence[:40])), "d")
    assert score.points == 14, score
    weak = judged(write_report(path, circuit(graph, by_influence[-440:-400])), "d")
    assert weak.points < 1, weak
    assert judged(write_report(path, circuit(graph, by_influence[:41])), "d").points == 0

    few = prune(graph, 0.2)
    latents = [node for node in few.nodes if node.kind == "latent"]
    (tmp_path / "mine.json").write_text(graph_to_json(few), encoding="utf-8")
    from_file = judged(write_report(path, circuit(graph, [], latents="mine.json")), "d")
    assert f"{len(latents)} latents" in from_file.notes[0].text and from_file.points > 5


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"latents": [[0, 1, 4095]]}, "no latent of the graph"),
        ({"latents": [[0, 1]]}, "a list of [layer, position, latent]"),
        ({"latents": "nowhere.json"}, "not beside the notebook"),
        ({"answer": " Lily and"}, "not one"),
        ({"answer": None}, "a text is asked"),
        ({"answer": " Daniel", "against": " Lily"}, "does not answer so"),
        ({"prompt": "the sea " * 100}, "are traced at most"),
    ],
)
def test_a_circuit_that_cannot_be_traced_gets_a_sentence(tmp_path, graph, change, why):
    score = judged(write_report(tmp_path / "a.ipynb", circuit(graph, [100], **change)), "d")
    assert score.points == 0 and why in score.missing[0], score.missing


def test_a_part_is_named_by_its_latents(graph):
    number = next(i for i, node in enumerate(graph.nodes) if node.kind == "latent")
    node = graph.nodes[number]
    assert part_of(graph, [(node.layer, node.position, node.latent)]).nonzero().tolist() == [[number]]
    assert torch.equal(part_of(graph, []), torch.zeros(len(graph.nodes), dtype=torch.bool))


# ── (a) ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def column(score, better="higher", width=0.01, **controls):
    return Column(score, better, 100, (score - width, score + width), "", "", controls)


@pytest.mark.parametrize(
    ("mine", "ours", "points", "why"),
    [
        (column(0.60), column(0.55), 5, "beaten"),
        (column(0.60), column(0.595), 0, "within the interval"),
        (column(0.50), column(0.55), 0, "not beaten"),
        (column(0.05, "lower"), column(0.08, "lower"), 5, "beaten"),
        (column(0.08, "lower"), column(0.05, "lower"), 0, "not beaten"),
        (column(float("nan")), column(0.5), 0, "no finite number"),
        (column(float("inf")), column(0.5), 0, "no finite number"),
        (column(0.94, untrained=0.94, pca=0.9, probe=1), column(0.81), 0, "what learned nothing (0.940)"),
        (column(0.97, untrained=0.94, pca=0.9, probe=1), column(0.81), 5, "beaten"),
        (
            column(0.00, "lower", 0, untrained=0.0, pca=0.4),
            column(0.01, "lower"),
            0,
            "learned nothing (0.000)",
        ),
        (column(0.02, "lower", untrained=0.9, pca=0.4), column(0.05, "lower"), 5, "beaten"),
    ],
)
def test_a_column_is_beaten_if_its_interval_leaves_out_ours_and_what_learned_nothing(mine, ours, points, why):
    note = compared("probe_1", {"probe_1": mine}, {"probe_1": ours})
    assert note.points == points and why in note.text, note


@pytest.mark.parametrize(("precision", "points"), [(0.40, 5), (0.02, 0), (float("nan"), 0)])
def test_recall_that_precision_pays_for_is_not_a_win(precision, points):
    mine = {"recall": column(1.0), "precision": column(precision)}
    note = compared("recall", mine, {"recall": column(0.5), "precision": column(0.39)})
    assert note.points == points and ("worse precision" in note.text) == (points == 0)


def changed(folder, change, d_in=256):
    sae = load_sae("layer_2_512") if d_in == 256 else SAE(d_in, 64, "topk", k=8)
    sae.requires_grad_(False)
    change(sae)
    save_sae(sae, folder)


def shuffled(sae):
    order = torch.randperm(sae.d_sae, generator=torch.Generator().manual_seed(0))
    sae.W_dec.copy_(sae.W_dec[order])
    sae.W_enc.copy_(sae.W_enc[:, order])
    sae.b_enc.copy_(sae.b_enc[order])


def with_noise(sae):
    noise = torch.randn(sae.W_dec.shape, generator=torch.Generator().manual_seed(0))
    sae.W_dec.add_(0.05 / 16 * noise * sae.W_dec.norm(dim=1, keepdim=True))


@pytest.mark.parametrize(
    ("change", "d_in", "columns", "why"),
    [
        (lambda sae: None, 256, ["recall"], "of your directions are those of"),
        (shuffled, 256, ["recall"], "of your directions are those of"),
        (with_noise, 256, ["recall"], "of your directions are those of"),
        (lambda sae: None, 64, ["recall"], "reads 64 numbers"),
        (lambda sae: None, 256, ["l0"], "no column that counts"),
        (lambda sae: None, 256, [], "names no columns"),
    ],
)
def test_a_dictionary_that_is_ours_or_does_not_fit_is_not_measured(tmp_path, change, d_in, columns, why):
    changed(tmp_path / "mine", change, d_in)
    form = f"DICTIONARY = {dict(folder='mine', columns=columns)!r}"
    score = judged(write_report(tmp_path / "a.ipynb", form), "a")
    assert score.points == 0 and why in score.missing[0], score.missing


def test_three_columns_of_three_kinds_at_our_l0_are_asked(tmp_path, monkeypatch):
    save_sae(SAE(256, 64, "topk", k=32, seed=0).requires_grad_(False), tmp_path / "mine")
    names = ["fvu", "fvu_topics", "recall", "probe_1", "precision"]
    form = f"DICTIONARY = {dict(folder='mine', columns=names)!r}"
    path = write_report(tmp_path / "a.ipynb", form)
    ours = {name: column(0.5, "lower" if "fvu" in name else "higher") for name in names}
    mine = {name: column(0.4 if "fvu" in name else 0.6, ours[name].better, pca=0.45) for name in names}
    monkeypatch.setattr(dictionary, "_shipped", lambda columns: {**ours, "l0": column(32)})
    for l0, points in ((33, 15), (35.3, 0), (28, 0), (float("nan"), 0)):
        monkeypatch.setattr(dictionary, "_measured", lambda sae, columns, l0=l0: {**mine, "l0": column(l0)})
        score = judged(path, "a")
        assert score.points == points and len(score.notes) in (0, 4)
        assert "fvu_topics" not in str(score.notes)


def test_a_dictionary_that_does_not_rebuild_is_none(tmp_path, monkeypatch):
    save_sae(SAE(256, 64, "topk", k=32, seed=0).requires_grad_(False), tmp_path / "mine")
    path = write_report(tmp_path / "a.ipynb", "DICTIONARY = {'folder': 'mine', 'columns': ['probe_1']}")
    found = {"l0": column(32), "probe_1": column(0.9), "fvu": column(0.9, "lower", pca=0.28)}
    monkeypatch.setattr(dictionary, "_measured", lambda sae, columns: found)
    score = judged(path, "a")
    assert score.points == 0 and "as many principal directions" in score.missing[0]


def test_ours_among_others_is_a_copy(tmp_path):
    ours = load_sae("layer_2_512").requires_grad_(False)
    around = SAE(256, 4096, "topk", k=32, seed=3).requires_grad_(False)
    around.W_dec[:512], around.W_enc[:, :512], around.b_enc[:512] = ours.W_dec, ours.W_enc, ours.b_enc
    with pytest.raises(ValueError, match="layer_2_512, which ships, is in yours"):
        dictionary.refuse_copy(around)
    dictionary.refuse_copy(SAE(256, 4096, "topk", k=32, seed=3))


def refusal_of(tmp_path):
    path = write_report(tmp_path / "a.ipynb", "DICTIONARY = {'folder': 'mine', 'columns': ['probe_1']}")
    return judged(path, "a").missing[0]


@needs.links
def test_a_link_to_a_file_elsewhere_is_not_followed(tmp_path):
    changed(tmp_path / "mine", lambda sae: None)
    (tmp_path / "mine" / "cfg.json").rename(tmp_path / "cfg.json")
    (tmp_path / "mine" / "cfg.json").symlink_to(tmp_path / "cfg.json")
    assert "no plain file" in refusal_of(tmp_path)


@needs.posix("named pipes")
def test_a_pipe_is_not_opened_for_nobody_may_ever_write_to_it(tmp_path):
    changed(tmp_path / "mine", lambda sae: None)
    (tmp_path / "mine" / "cfg.json").unlink()
    os.mkfifo(tmp_path / "mine" / "cfg.json")
    assert "no plain file" in refusal_of(tmp_path)


def test_an_archive_counts_as_large_as_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(dictionary, "LARGEST", 2_000_000)
    (tmp_path / "mine").mkdir()
    np.savez_compressed(tmp_path / "mine" / "params.npz", W_dec=np.zeros((2_000, 256)))
    assert (tmp_path / "mine" / "params.npz").stat().st_size < 100_000
    assert "are read at most" in refusal_of(tmp_path)


@pytest.mark.parametrize("folder", ["..", "nowhere", "/", "\0", "a" * 5000, 7, None])
def test_a_folder_elsewhere_is_not_opened(tmp_path, folder):
    form = f"DICTIONARY = {dict(folder=folder, columns=['recall'])!r}"
    score = judged(write_report(tmp_path / "a.ipynb", form), "a")
    assert score.points == 0 and (
        "beside the notebook" in score.missing[0] or "which file" in score.missing[0]
    )
