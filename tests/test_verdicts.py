"""Answers that are right up to order, sign, rotation or noise: right ones pass in any dtype, wrong ones are told well."""

import pytest
import torch

from course_utils.exercises import Exercise, judge
from course_utils.exercises.compare import difference


def cases(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [(torch.randn(shape, generator=generator),) for shape in [(6, 3), (9, 4)]]


def record(reference, judged, slips=()):
    return Exercise(reference, cases=cases, hints=("", ""), slips=dict(slips), judge=judged)


def axis(x):
    """The direction in which the rows vary most."""
    return torch.linalg.svd(x - x.mean(dim=0), full_matrices=False).Vh[0]


def axis_not_centred(x):
    return torch.linalg.svd(x, full_matrices=False).Vh[0]


def up_to_sign(yours, expected, args):
    return min((yours - expected).norm(), (yours + expected).norm()) < 1e-2


SIGN = record(axis, up_to_sign, {"Centre it first.": axis_not_centred})


def up_to_sign_by_allclose(yours, expected, args):
    return torch.allclose(yours, expected, atol=1e-2) or torch.allclose(-yours, expected, atol=1e-2)


@pytest.mark.parametrize("judged", [up_to_sign, up_to_sign_by_allclose])
@pytest.mark.parametrize(
    "attempt",
    [
        lambda x: -axis(x),
        lambda x: axis(x.double()),
        lambda x: torch.stack([axis(x)] * 2, dim=1)[:, 0].requires_grad_(),
        lambda x: torch.linalg.eigh((x - x.mean(dim=0)).T @ (x - x.mean(dim=0))).eigenvectors[:, -1],
    ],
)
def test_up_to_sign_in_any_dtype(judged, attempt):
    assert judge(record(axis, judged), attempt).status == "correct"


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (lambda x: -axis_not_centred(x), "Centre it first."),
        (lambda x: axis(x)[:2], "It has shape (2,), expected is (3,)."),
        (lambda x: axis(x) * float("nan"), "3 of its 3 numbers are NaN"),
        (lambda x: [axis(x).tolist(), 1.0], "not a tensor"),
        (lambda x: 2 * axis(x), "It is not what is expected."),
        (lambda x: 2 * axis(x), "Exactly twice the expected"),
    ],
)
def test_what_is_wrong_is_said(attempt, says):
    verdict = judge(SIGN, attempt)
    assert says in " ".join((verdict.sentence, *verdict.details))


def test_up_to_rotation():
    def same_distances(yours, expected, args):
        close = torch.allclose(torch.cdist(yours, yours), torch.cdist(expected, expected), atol=1e-2)
        return close or "The distances between the points differ."

    rotation = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    rec = record(lambda x: x[:, :2], same_distances, {"That is twice as large.": lambda x: 2 * x[:, :2]})
    assert judge(rec, lambda x: x[:, :2] @ rotation + 3).status == "correct"
    assert judge(rec, lambda x: -2 * x[:, :2] @ rotation).sentence == "That is twice as large."
    assert judge(rec, lambda x: (3 * x[:, :2]).exp().cos()).sentence.endswith(
        "The distances between the points differ."
    )


def test_up_to_order_but_indices_stay_whole_numbers():
    def same_set(yours, expected, args):
        return sorted(yours.tolist()) == sorted(expected.tolist())

    rec = record(lambda x: x.norm(dim=1).topk(2).indices, same_set)
    assert judge(rec, lambda x: x.norm(dim=1).topk(2).indices.flip(0)).status == "correct"
    assert "`.long()`" in judge(rec, lambda x: x.norm(dim=1).topk(2).indices.float()).sentence


def test_a_judge_that_looks_at_the_answer_alone_can_have_slips():
    def looks_like_noise(yours, expected, args):
        return abs((yours - args[0]).std() - 0.1) < 0.01

    def noisy(x):
        return x + 0.1 * torch.randn(500, *x.shape)

    too_loud = "0.1 is the standard deviation, not the variance."
    rec = record(noisy, looks_like_noise, {too_loud: lambda x: x + 0.1**0.5 * torch.randn(500, *x.shape)})
    assert judge(rec, lambda x: torch.normal(x.expand(500, *x.shape), 0.1)).status == "correct"
    assert judge(rec, lambda x: torch.randn(500, *x.shape) * 0.1**0.5 + x).sentence == too_loud
    assert judge(rec, lambda x: x.expand(500, *x.shape)).status == "wrong"


def test_a_judge_that_fails_is_no_stack_trace():
    rec = record(lambda x: {"a": x}, lambda yours, expected, args: yours["a"].norm() < expected["a"])
    assert "It cannot be compared" in judge(rec, lambda x: {"a": x}).sentence


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_agrees_with_itself_only(odd):
    expected = torch.tensor([1.0, odd])
    assert difference(expected.clone(), expected) is None
    for other in (5.0, 1e30):
        assert "1 of 2 numbers differ" in difference(torch.tensor([1.0, other]), expected)
