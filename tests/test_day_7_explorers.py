import gc
import weakref

import pytest
import torch

from course_utils.interventions import direction_unit
from course_utils.lm import IndirectObjectSentence, indirect_object_prompts, load_model
from course_utils.widgets import (
    StreamingPanel,
    day_7,
    dial_panel,
    dose_panel,
    patching_panel,
    texts_side_by_side,
)

HOOK = "blocks.2.hook_resid_post"


@pytest.fixture(scope="module")
def model():
    return load_model("pocket")


def test_texts_are_escaped():
    html = texts_side_by_side("<the sea", {"a & b": "was <b>calm"})
    assert "&lt;the sea" in html and "a &amp; b" in html and "<b>calm" not in html


def test_a_stream_ends_on_its_last_page_and_errors_are_sentences():
    panel = StreamingPanel(lambda: iter(["one", "two"]), title="a stream")
    assert panel.html == "two"

    def broken():
        yield "one"
        raise ValueError("it stopped")

    assert "it stopped" in StreamingPanel(broken).html


def test_the_dial_turns(model):
    unit = direction_unit(torch.ones(model.cfg.d_model).cumsum(dim=0), HOOK)
    panel = dial_panel(model, {"ramp": (unit, 1.0)}, dial=0.0, n_tokens=4)
    at_rest = panel.html
    assert "untouched" in at_rest and "ramp: add +0" in at_rest
    assert panel.set(dial=10.0).html != at_rest
    assert "ramp: scale +0" in panel.set(how="scale", dial=0.0).html


def test_the_dial_forgets_old_seeds(model, monkeypatch):
    """Each text that could go on holds the keys and values of its tokens: 500 of them filled the memory."""
    open_ones = weakref.WeakSet()

    class Written:
        def __init__(self):
            open_ones.add(self)

        def __next__(self):
            return ["a word"]

    monkeypatch.setattr(day_7, "stream", lambda *args, **options: Written())
    unit = direction_unit(torch.ones(model.cfg.d_model), HOOK)
    panel = dial_panel(model, {"all": (unit, 1.0)}, n_tokens=2)
    for seed in range(30):
        panel.set(seed=seed)
    gc.collect()
    assert 1 <= len(open_ones) <= 10


def other_giver(prompt, subject, indirect_object):
    start, end = prompt.rsplit(f" {subject} ", 1)
    return f"{start} {indirect_object} {end}"


def test_the_map_changes_with_sentence_and_part(model):
    sentences = [s for s in indirect_object_prompts("held_out") if s.prompt.startswith("When ")][:2]
    panel = patching_panel(model, sentences, other_giver)
    seen = [panel.html, panel.set(sentence=1).html, panel.set(part="heads").html]
    assert len(set(seen)) == 3 and all("data:image/png" in html for html in seen)


def test_versions_that_do_not_line_up_are_a_sentence(model):
    sentence = indirect_object_prompts("held_out")[0]
    panel = patching_panel(model, [sentence], lambda prompt, subject, io: prompt + " the end")
    assert "lines up" in panel.html


def test_a_name_of_several_tokens_is_a_sentence(model):
    sentence = IndirectObjectSentence("Kate and Bartholomew ran, Kate told", "Bartholomew", "Kate", "")
    panel = patching_panel(model, [sentence], lambda prompt, subject, io: prompt)
    assert "Bartholomew or Kate is more than one token" in panel.html


def test_the_doses_of_one_concept_are_those_measured():
    rates = {
        "latent": torch.tensor([[0.0, 0.25], [0.0, 1.0]]),
        "random": torch.tensor([[0.0, 0.0], [0.0, 0.5]]),
    }
    costs = {name: torch.ones(2, 2) for name in rates}
    panel = dose_panel(["whales", "chess"], [0.0, 4.0], rates, costs)
    assert "latent: at most 25%; random: at most 0%" in panel.html and "<img" in panel.html
    assert "latent: at most 100%; random: at most 50%" in panel.set(concept="chess").html
