import time

import torch

from course_utils.lm import Passage
from course_utils.reading import ConceptScores
from course_utils.widgets import NeuronCard, cell_panel, concept_panel
from course_utils.worlds import Recording

NAMES = ["your <grandmother>", "the mayor", "a stranger"]


def recording():
    """Cell 0 fires for stimulus 0 only, cell 1 always alike."""
    stimulus = torch.arange(3).repeat_interleave(20)
    return Recording(torch.stack([6.0 * (stimulus == 0), torch.full((60,), 2.0)], dim=1), stimulus)


def test_the_hunt_is_blind_until_asked():
    panel = cell_panel(recording(), NAMES, ["grandmother", "indifferent"])
    assert "Cell 0" in panel.html and "your &lt;grandmother&gt;" in panel.html
    assert "ROC area" not in panel.html and "indifferent" not in panel.html
    panel.set(scores=True)
    assert "selectivity 1.00" in panel.html and "1.00 (beyond luck" in panel.html
    panel.set(cell=1, truth=True)
    assert "0.50 (within luck" in panel.html and "indifferent" in panel.html


def cards():
    passage = Passage((" a", " <b>"), (0.5, 2.0), 0, 2.0)
    return {
        c: NeuronCard("layer 0, neuron 1", [(c, 0.9), ("other", 0.7)], [(c, passage)]) for c in ("x", "y")
    }


def test_the_browser_shows_the_concept_chosen():
    scores = ConceptScores(*(torch.tensor([0.25, 0.75]) for _ in range(5)))
    panel = concept_panel(scores, torch.tensor([0.6, 0.6]), cards())
    assert "no more than luck" in panel.html and "ROC area 0.25" in panel.html and "&lt;b&gt;" in panel.html
    panel.set(concept="y")
    assert "ROC area 0.75" in panel.html and "no more than luck" not in panel.html


def test_a_move_takes_less_than_a_tenth_of_a_second():
    panel = concept_panel(
        ConceptScores(*(torch.rand(2) for _ in range(5))), torch.tensor([0.6, 0.6]), cards()
    )
    hunt = cell_panel(recording(), NAMES, ["grandmother", "indifferent"])
    began = time.process_time()
    for i in range(10):
        panel.set(concept="xy"[i % 2])
        hunt.set(cell=(i + 1) % 2)
    assert (time.process_time() - began) / 20 < 0.1
