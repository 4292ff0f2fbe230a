"""The days run on a model of another family; what it prints means nothing, that no cell fails does."""

import nbformat
import pytest
from transformers import AutoTokenizer

from course_utils.lm import load_model, tokenize
from tools.other_models import STAND_INS, Fault, days_with_a_model, faults, make_stand_in, run


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "llama"
    make_stand_in("llama", folder)
    return folder


AS_IF_LARGE = "from course_utils.lm import model_size as _size; _size.LARGE = _size.VERY_LARGE = 0"


@pytest.mark.slow
@pytest.mark.parametrize("day", days_with_a_model())
def test_a_day_on_a_small_llama_that_counts_as_large(day, llama):
    """As large: the days then read a quarter, by statements that the pocket model never reaches."""
    done = run(days_with_a_model()[day], llama, "unsolved", first=AS_IF_LARGE)
    assert done.faults == [] and "it is large" in str(done.nb)


@pytest.mark.parametrize("name", [name for name in STAND_INS if name != "gpt2"])
def test_stand_ins_differ_in_what_a_notebook_can_trip_over(name, tmp_path):
    make_stand_in(name, tmp_path)
    model = load_model(tmp_path)
    tied = model.W_U.T.data_ptr() == model.W_E.data_ptr() or bool((model.W_U.T == model.W_E).all())
    assert tied == name.endswith("-tied")
    assert ("blocks.0.hook_resid_mid" in model.hook_dict) != name.startswith("neox")
    assert (AutoTokenizer.from_pretrained(tmp_path).bos_token is None) == name.startswith("qwen")
    assert tokenize(model, ["The ship sails."]).lengths.tolist() == [5]


def cell(*outputs):
    return nbformat.v4.new_code_cell("", outputs=list(outputs))


def said(text):
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def judged(text):
    return nbformat.v4.new_output("display_data", data={"text/plain": text})


def test_what_counts_as_a_fault():
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="no\nmore", traceback=[])
    open_exercise = judged("○ day_1.read: not attempted yet.")
    nb = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("nan"),
            cell(error),
            cell(said("all is well\nthe median neuron spreads over nan of 126 concepts")),
            cell(open_exercise),
            cell(judged("✓ day_1.read: right."), said("finance, banana")),
        ]
    )
    always = [Fault(1, "ValueError: no"), Fault(2, "the median neuron spreads over nan of 126 concepts")]
    assert list(faults(nb, "unsolved")) == always
    assert list(faults(nb, "solved")) == [*always, Fault(3, "○ day_1.read: not attempted yet.")]


def test_only_days_with_a_language_model_can_meet_another_one():
    assert list(days_with_a_model()) == ["1", "2", "3", "6", "7"]
