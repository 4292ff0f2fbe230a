"""Small mistakes in any exercise are named, and nothing is said that does not hold on every case."""

import pytest
import torch

from course_utils.exercises import Exercise, judge
from course_utils.exercises import near_misses as module
from course_utils.exercises.code_changes import changes


@pytest.fixture(autouse=True)
def _errors_are_told(monkeypatch):
    monkeypatch.setattr(module, "TELL_ERRORS", True)


def loudness(x, scale):
    """How loud each row is."""
    centred = x - x.mean(dim=1, keepdim=True)
    return scale * centred.square().mean(dim=1).sqrt()


def cases(seed=0):
    generator = torch.Generator().manual_seed(seed)
    small = (torch.tensor([[1.0, 3.0, 2.0], [0.0, -4.0, 1.0]]), 2.0)
    return [small, *((torch.randn(n, d, generator=generator), 0.5 * n) for n, d in [(4, 5), (6, 3)])]


LOUDNESS = Exercise(
    loudness,
    cases,
    hints=("Centre.", "Square."),
    slips={"Centre each row first.": lambda x, scale: scale * x.square().mean(dim=1).sqrt()},
)


def wrong_axis(x, scale):
    centred = x - x.mean(dim=1, keepdim=True)
    return scale * centred.square().mean(dim=0).sqrt()


def wrong_mean(x, scale):
    centred = x - x.mean(dim=0, keepdim=True)
    return scale * centred.square().mean(dim=1).sqrt()


def root_too_many(x, scale):
    spread = ((x - x.mean(dim=1, keepdim=True)) ** 2).mean(dim=1) ** 0.5
    return scale * spread.sqrt()


def sum_for_mean(x, scale):
    rows = [sum((v - row.mean()) ** 2 for v in row) ** 0.5 for row in x]
    return scale * torch.stack(rows)


def no_root(x, scale):
    return scale * x.var(dim=1, correction=0)


def less_one(x, scale):
    return scale * x.std(dim=1)


def sign(x, scale):
    return -scale * x.std(dim=1, correction=0)


def sorted_rows(x, scale):
    return (scale * x.std(dim=1, correction=0)).sort().values


def without_scale(x, scale):
    return x.std(dim=1, correction=0)


def two_of_them(x, scale):
    return -scale * x.square().mean(dim=1).sqrt()


def everywhere_one(x, scale):
    return torch.ones(len(x))


def first_row_only(x, scale):
    first = scale * x[:1].std(dim=1, correction=0)
    return torch.cat([first, x[1:].exp().cos().sum(dim=1)])


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (wrong_axis, "with `dim=1` in place of `dim=0` in `mean` it is right"),
        (wrong_mean, "Look at `x.mean(dim=0, keepdim=True)`: with `dim=1`"),
        (root_too_many, "without `** 0.5`"),
        (sum_for_mean, "`x` along axis 1"),
        (no_root, "with `std` in place of `var`"),
        (less_one, "n / (n - 1)"),
        (sign, "wrong sign"),
        (sorted_rows, "sorted"),
        (without_scale, "divided by `scale`"),
        (two_of_them, "Two things. Centre each row first. And besides: the right size with the wrong sign"),
        (everywhere_one, "Yours is 1 everywhere"),
        (first_row_only, "behind the first"),
    ],
)
def test_the_mistake_is_named(attempt, says):
    verdict = judge(LOUDNESS, attempt)
    assert verdict.status == "wrong"
    assert says in verdict.sentence


def test_nothing_is_said_of_what_is_nothing_of_the_kind():
    verdict = judge(LOUDNESS, lambda x, scale: (x.cos() * torch.arange(x.shape[1])).sinh().sum(dim=1))
    assert verdict.sentence.startswith("It differs on input 1 of 3. ")
    assert not verdict.slip


def test_a_remark_has_to_hold_on_every_case():
    def total(x):
        """The sum of each row."""
        return x.sum(dim=1)

    def total_cases(seed=0):
        return [(torch.ones(1, 3) + seed,), (torch.arange(6.0).reshape(2, 3),)]

    record = Exercise(total, total_cases, hints=("Sum.", "Rows."), slips={})
    lucky = judge(record, lambda x: x.sum(dim=1, keepdim=True).flip(0) ** 1.0)
    assert "axis of length 1" not in lucky.sentence
    everywhere = judge(record, lambda x: x.sum(dim=1, keepdim=True) ** 1.0)
    assert "an axis of length 1 is too many" in everywhere.sentence


def test_counts_are_no_shares_that_were_cut_off():
    verdict = judge(LOUDNESS, lambda x, scale: (x > 0).sum(dim=1))
    assert "cut" not in " ".join((verdict.sentence, *verdict.details))


def test_what_is_not_to_be_shown_is_not_hinted_at():
    secret = Exercise(loudness, cases, hints=("Centre.", "Square."), slips={}, shows_expected=False)
    verdict = judge(secret, wrong_axis)
    assert "Look at" not in verdict.sentence
    assert not any(line.startswith("expected") for line in verdict.details)


def test_every_change_is_one_and_leaves_the_function_as_it_was():
    before = loudness(*cases()[0])
    words = [change.words for change in changes(loudness)]
    assert len(words) > 40
    assert torch.equal(loudness(*cases()[0]), before)
    assert "with `dim=0` in place of `dim=1` in `mean`" in words


def test_up_to_eight_numbers_of_the_result_are_shown():
    verdict = judge(LOUDNESS, lambda x, scale: (x.cos() * torch.arange(x.shape[1])).sinh().sum(dim=1))
    assert "expected: tensor (2,) float32, [1.633, 4.32]" in verdict.details


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("without `+ b`", False),  # it is there
        ("without `.abs()`", True),
        ("with the first two arguments of `found` exchanged", False),  # the learner calls no such thing
        ("with the first two arguments of `maximum` exchanged", True),
        ("without `_hidden`", False),
    ],
)
def test_a_likeness_speaks_of_what_the_learner_wrote_or_left_out(words, fits):
    assert module._speaks_of(words, "def f(x, b):\n    return torch.maximum(x + b, b)") is fits
    assert module._speaks_of(words, None) is (words != "without `_hidden`")
