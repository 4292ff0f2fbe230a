"""Lists, tuples and arrays of the right numbers are right, where no gradient has to get through."""

import numpy as np
import pytest
import torch

from course_utils.exercises import Answer, Exercise, exercise, find, judge, judge_value
from course_utils.exercises.other_kinds import of_expected_kind


def record_of(key):
    record = find(key)
    assert isinstance(record, Exercise)
    return record


KINDS = {
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(x.tolist()),
    "array": lambda x: x.numpy(),
    "list of tensors": list,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["day_2.count_concepts", "day_2.clock_votes", "day_4.phase_boundary"])
def test_the_right_numbers_of_another_kind_pass_and_are_turned(key, kind, capsys):
    record = record_of(key)
    attempt = lambda *args: KINDS[kind](record.reference(*args))
    verdict = judge(record, attempt)
    assert verdict.status == "correct"
    assert verdict.notes[0].endswith("the notebook turns it into a tensor.")
    used = exercise(key)(attempt)
    args = record.cases()[0]
    result, expected = used(*args), record.reference(*args)
    assert isinstance(result, torch.Tensor)
    assert result.dtype == expected.dtype and torch.allclose(result, expected)


def test_a_list_is_no_gradient():
    record = record_of("day_6.encode")
    verdict = judge(record, lambda *args: record.reference(*args).tolist())
    assert verdict.status == "wrong"


def test_wrong_numbers_in_a_list_are_wrong():
    record = record_of("day_2.count_concepts")
    verdict = judge(record, lambda *args: [n + 1 for n in record.reference(*args).tolist()])
    assert verdict.sentence == "Yours is 1 more than expected everywhere."


def test_two_numbers_may_come_as_one_array():
    record = record_of("day_1.precision_recall")
    assert judge(record, lambda *args: torch.stack(record.reference(*args))).status == "correct"
    assert (
        judge(record, lambda *args: np.array([float(n) for n in record.reference(*args)])).status == "correct"
    )


@pytest.mark.parametrize(
    "yours", [[[1.0], [1.0, 2.0]], (torch.ones(2), torch.ones(2)), ([1, 2],), "12", [], {}]
)
def test_what_is_no_table_of_numbers_stays_as_it_is(yours):
    assert of_expected_kind(yours, torch.ones(2)) is yours


@pytest.mark.parametrize("word", [" Lamp ", "lamp", "LAMP", "“lamp”", "lamp."])
def test_a_word_is_a_word_however_it_is_written(word):
    record = find("day_7.the_other")
    assert isinstance(record, Answer)
    assert judge_value(record, word).status == "correct"


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("showed a lamp to", "one word alone"),
        ("Kate", "Not a person"),
        ("offered", "Not the verb"),
        ("museum", "Not the place"),
        ("candle", "Near"),
        ("indirect objects", "One word"),
        ("whale", "thing by thing"),
    ],
)
def test_another_word_is_told_where_to_look(word, says):
    record = find("day_7.the_other")
    assert isinstance(record, Answer)
    assert says in judge_value(record, word).sentence


def test_a_list_may_have_more_axes_in_the_notebook_than_in_the_cases():
    reference = record_of("day_2.ascend").reference
    used = exercise("day_2.ascend")(lambda *args: list(reference(*args)))
    picture = torch.rand(3, 4, 4, generator=torch.Generator().manual_seed(0))
    result = used(picture, 1 - picture, 0.5)
    assert isinstance(result, torch.Tensor)
    torch.testing.assert_close(result, reference(picture, 1 - picture, 0.5))
