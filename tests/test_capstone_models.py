"""What the judge computes in the pocket model: an explanation, a circuit and a dictionary, with and without insight."""

import pytest
import torch
from capstone_reports import evidence, write_report

from course_utils.capstone import SCEPTIC, judge_report
from course_utils.circuits import attribution_graph, graph_to_json, influence_on_answer, part_of, prune
from course_utils.lm import load_model
from course_utils.sae import load_transcoder

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
