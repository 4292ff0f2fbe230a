"""The comparison of weights says what loops over the definition say, and which of the two is missing."""

import copy
from types import SimpleNamespace

import pytest
import torch
from pipeline_model import TEXTS, tiny_model
from stand_in_hub import bare_machine
from tiny_gguf import digit_tokenizer, only_index

from course_utils.lm import KNOWN_MODELS
from course_utils.lm.sources import FoundModel
from tools import four_bits
from tools.four_bits import WeightDifference, weight_difference


@pytest.fixture
def rounded():
    """A pair of tiny models: the second has its weights rounded to 4 bits or so."""
    other = copy.deepcopy(tiny_model("llama"))
    with torch.no_grad():
        for parameter in other.original_model.parameters():
            parameter.copy_((parameter * 8).round() / 8)
    return other


def test_a_model_does_not_differ_from_itself():
    same = weight_difference(tiny_model("llama"), tiny_model("llama"), TEXTS)
    assert same.loss == same.other_loss and same.margin == 0 and abs(same.kl) < 1e-9 and same.n_texts == 6


def test_it_is_what_loops_over_the_definition_give(rounded):
    model, losses, other_losses, kls = tiny_model("llama"), [], [], []
    for text in TEXTS:
        ids = [0, *model.tokenizer(text, add_special_tokens=False)["input_ids"]]
        p, q = (of(torch.tensor([ids]))[0].double().softmax(-1).tolist() for of in (model, rounded))
        at = range(len(ids) - 1)
        log = lambda x: torch.tensor(x, dtype=torch.float64).log().item()
        losses.append(sum(-log(p[i][ids[i + 1]]) for i in at) / len(at))
        other_losses.append(sum(-log(q[i][ids[i + 1]]) for i in at) / len(at))
        kls.append(sum(a * (log(a) - log(b)) for i in at for a, b in zip(p[i], q[i], strict=True)) / len(at))
    found = weight_difference(model, rounded, TEXTS)
    n = len(TEXTS)
    assert found.loss == pytest.approx(sum(losses) / n, abs=1e-5)
    assert found.other_loss == pytest.approx(sum(other_losses) / n, abs=1e-5)
    assert found.kl == pytest.approx(sum(kls) / n, abs=1e-5) and found.kl > 0.001


def test_models_of_other_tokens_are_not_compared(rounded):
    other = SimpleNamespace(tokenizer=digit_tokenizer(), cfg=rounded.cfg)
    with pytest.raises(ValueError, match="other tokens in 'The cat sat on the mat"):
        weight_difference(tiny_model("llama"), other, TEXTS)


def test_a_line_has_both_losses_their_difference_with_its_margin_and_n():
    assert str(WeightDifference(3.0, 3.0712, 0.0213, 0.0456, 42)) == (
        "loss 3.000 and 3.071 nats a token (difference +0.071 ± 0.021), mean KL 0.046, on 42 texts"
    )


def test_both_are_compared_on_topics_and_formats(rounded, monkeypatch, capsys):
    pair = {"smollm2": tiny_model("llama"), "smollm2-4bit": rounded}
    found = FoundModel(None, KNOWN_MODELS["smollm2"].full_name, "")
    monkeypatch.setattr(four_bits, "have_model", lambda name: found)
    monkeypatch.setattr(four_bits, "load_model", pair.get)
    monkeypatch.setattr(four_bits, "MAX_TOKENS", 12)
    four_bits.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["topics", "formats"]
    assert all(line.endswith("on 42 texts") for line in lines)


def test_where_one_cannot_be_had_it_says_which(monkeypatch, tmp_path):
    only_index(monkeypatch, tmp_path)
    bare_machine(monkeypatch, tmp_path)
    with pytest.raises(SystemExit, match="Both are needed: SmolLM2-135M-Instruct is not complete"):
        four_bits.main()
    packed = FoundModel(None, KNOWN_MODELS["smollm2-4bit"].full_name, "")
    monkeypatch.setattr(four_bits, "have_model", lambda name: packed)
    with pytest.raises(SystemExit, match=r"Only the 4-bit weights .* set COURSE_SMOLLM2 to a folder"):
        four_bits.main()
