"""Every exercise of the course is one that teaches: its reference passes, its slips are told, other right ways pass too,
and its cases notice small mistakes. Notebooks and answer key name the same keys and arguments."""

import ast
import inspect
import time
from pathlib import Path

import pytest
import torch
from mutants import mutants, tally

from course_utils.exercises import (
    Answer,
    Exercise,
    Multiple,
    Numeric,
    Ordering,
    Single,
    answer,
    days,
    exercise,
    find,
    find_quiz,
    grade_reply,
    judge,
    judge_value,
    keys,
)
from course_utils.exercises.answer_key import explanation, source
from course_utils.exercises.compare import difference
from tools.solved import uses

NOTEBOOKS = {
    path.stem[:5]: path for path in sorted((Path(__file__).parents[1] / "notebooks").glob("day_*.ipynb"))
}
RECORDS = {key: find(key) for day in days() for key in keys(day)}
EXERCISES = {key: record for key, record in RECORDS.items() if isinstance(record, Exercise)}
ANSWERS = {key: record for key, record in RECORDS.items() if isinstance(record, Answer)}
QUIZZES = [key for day in days() for key in keys(day, "QUIZZES")]

SURVIVORS: dict[str, dict[str, str]] = {}
"""Mutants that pass though some draw tells them apart, each with the reason why that is all right."""


@pytest.fixture(autouse=True)
def keep_nothing(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "")


def stub(*args):
    raise NotImplementedError


def contexts(record):
    return record.cases() if record.cases else [()]


def computed(value, context):
    return value(*context) if callable(value) else value


# ── every record ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", RECORDS)
def test_hints_slips_and_explanation(key):
    record = RECORDS[key]
    assert len(record.hints) >= 2 and all(hint.strip() for hint in record.hints)
    assert len(record.slips) >= 2
    assert explanation(record), "explain it, in the docstring or in `explanation`"
    assert all(text.strip()[-1] in ".?!" for text in (*record.hints, *record.slips, explanation(record)))
    if callable(record.reference):
        assert inspect.getdoc(record.reference)
        assert source(record).lstrip("@").startswith(("def ", "torch.no_grad"))


@pytest.mark.parametrize("key", [key for key, record in RECORDS.items() if record.cases])
def test_cases_are_fresh_repeatable_and_differ_by_seed(key):
    cases = RECORDS[key].cases
    assert same(cases(), cases(0))
    assert not same(cases(0), cases(1)), "cases(seed) should draw other numbers for another seed"
    tensors = [id(a) for case in cases() for a in case if isinstance(a, torch.Tensor)]
    again = [a for case in cases() for a in case if isinstance(a, torch.Tensor)]
    assert len(cases()) >= 2 and len(tensors) == len(again)
    for tensor in again:
        tensor.detach().zero_()
    assert same(cases(), cases(0))


def same(one, two):
    return len(one) == len(two) and all(
        len(a) == len(b)
        and all(callable(x) or difference(x, y, 1e-9) is None for x, y in zip(a, b, strict=True))
        for a, b in zip(one, two, strict=True)
    )


# ── functions ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", EXERCISES)
def test_the_reference_passes_and_quickly(key):
    record = EXERCISES[key]
    began = time.process_time()
    verdict = judge(record, record.reference)
    assert (verdict.status, verdict.notes) == ("correct", ())
    assert time.process_time() - began < 3


@pytest.mark.parametrize("key", EXERCISES)
def test_a_stub_falls_back_to_the_reference(key, capsys):
    assert exercise(key)(stub) is EXERCISES[key].reference
    assert "not attempted" in capsys.readouterr().out


@pytest.mark.parametrize("key", ANSWERS)
@pytest.mark.parametrize("nothing", [None, ...])
def test_an_answer_left_open_is_the_expected_value(key, nothing, capsys):
    record = ANSWERS[key]
    for context in contexts(record):
        assert difference(answer(key, nothing, *context), computed(record.reference, context)) is None
    assert "not attempted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "sentence"), [(k, s) for k, record in EXERCISES.items() for s in record.slips]
)
def test_every_slip_is_told_by_its_own_sentence(key, sentence):
    verdict = judge(EXERCISES[key], EXERCISES[key].slips[sentence])
    assert (verdict.sentence, verdict.slip) == (sentence, True)


def mapped(change):
    """The reference on changed tensors, of floats only."""

    def wrap(reference):
        def variant(*args):
            out = reference(
                *[change(a) if isinstance(a, torch.Tensor) and a.is_floating_point() else a for a in args]
            )
            return change(out) if isinstance(out, torch.Tensor) and out.is_floating_point() else out

        return variant

    return wrap


def strided(x):
    """The same numbers, every second place in memory."""
    return torch.stack([x, x], dim=-1)[..., 0]


AUTOMATIC = {
    "float64": mapped(torch.Tensor.double),
    "non-contiguous": mapped(strided),
    "with gradients": mapped(lambda x: x.clone().requires_grad_()),
}


def variants(record):
    """Hand-written ones, and the automatic ones that the reference can take."""
    found = dict(record.variants)
    for name, wrap in AUTOMATIC.items():
        variant = wrap(record.reference)
        try:
            for args in record.cases():
                variant(*args)
        except (RuntimeError, TypeError, ValueError):
            continue
        found[name] = variant
    return found


@pytest.mark.parametrize("key", EXERCISES)
def test_at_least_three_other_right_ways_pass(key):
    record = EXERCISES[key]
    found = variants(record)
    assert record.variants, "write at least one other formulation"
    assert len(found) >= 3
    for name, variant in found.items():
        verdict = judge(record, variant)
        assert verdict.status == "correct", f"{name}: {verdict}"


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", ANSWERS)
def test_expected_values_pass_and_slips_are_told(key):
    record = ANSWERS[key]
    assert callable(record.reference) == (record.cases is not None)
    for context in contexts(record):
        expected = computed(record.reference, context)
        assert judge_value(record, expected, context).status == "correct"
        assert judge_value(record, ..., context).status == "not attempted"
    for sentence, slip in record.slips.items():
        said = [
            judge_value(record, computed(slip, context), context).sentence for context in contexts(record)
        ]
        assert sentence in said, "this slip is never told"
        assert set(said) <= {*record.slips, ""} and "" not in said


# ── mutants ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def tallies():
    return {key: tally(record) for key, record in RECORDS.items() if callable(record.reference)}


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key, record in RECORDS.items() if callable(record.reference)])
def test_small_mistakes_are_noticed(key, tallies):
    survivors = set(tallies[key].survivors)
    listed = set(SURVIVORS.get(key, {}))
    assert survivors - listed == set(), "sharpen the cases, or list the mutant with a reason in SURVIVORS"
    assert listed - survivors == set(), "these no longer survive: take them out of SURVIVORS"


@pytest.mark.slow
def test_at_least_95_of_100_mutants_are_noticed(tallies):
    noticed = sum(len(t.wrong) for t in tallies.values())
    passed = sum(len(t.survivors) for t in tallies.values())
    assert noticed >= 5 * len(tallies), "too few mutants to mean anything"
    assert noticed / (noticed + passed) >= 0.95, f"{noticed} told wrong, {passed} passed"


def two_lines(x, mean):
    """A docstring - not + mutated."""
    centred = x - mean
    return torch.relu(centred).sum(dim=0, keepdim=True)


def test_the_mutants_are_the_mistakes_that_people_make():
    names = [mutant.name for mutant in mutants(two_lines)]
    for mistake in (
        "x - mean → x + mean",
        "x - mean → x",
        "x - mean → mean - x",
        "torch.relu(centred) → centred",
        "torch.relu(centred) → torch.abs(centred)",
        "keepdim=True → left out",
        "0 → 1",
        "sum(dim=0, keepdim=True) → torch.relu(centred).mean(dim=0, keepdim=True)",
    ):
        assert any(mistake in name for name in names), mistake
    assert len(names) == len(set(names))
    for _, mutant in mutants(two_lines):
        assert callable(mutant) and mutant is not two_lines


def test_a_case_that_is_too_simple_lets_mutants_live():
    record = Exercise(
        _centre,
        cases=lambda seed=0: [(torch.full((1,), float(seed > 1)), torch.zeros(1))],  # the judge tries 0 and 1
        hints=("", ""),
        slips={},
    )
    assert tally(record).survivors


def _centre(x, mean):
    return x - mean


# ── quizzes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", QUIZZES)
def test_questions_can_be_answered_and_explain_themselves(key):
    questions = find_quiz(key).questions
    assert len(questions) >= 3
    for question in questions:
        assert question.text.strip()[-1] in ".?!:"
        if isinstance(question, Numeric):
            assert grade_reply(question, question.value).right and question.why
            assert not any(grade_reply(question, wrong).right for wrong in question.slips)
            continue
        assert 2 <= len(question.options) <= 8
        assert all(option.text and option.why.endswith(".") for option in question.options)
        right = [option.right for option in question.options]
        if isinstance(question, Single):
            assert sum(right) == 1
        elif isinstance(question, Multiple):
            assert any(right) and not all(right)
        elif isinstance(question, Ordering):
            assert list(question.shown) != sorted(question.shown)


def test_the_right_option_is_not_always_the_same_one():
    singles = [q for key in QUIZZES for q in find_quiz(key).questions if isinstance(q, Single)]
    places = [[o.right for o in q.options].index(True) for q in singles]
    assert len(places) < 4 or max(map(places.count, places)) < 0.6 * len(places)


# ── notebooks ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("day", NOTEBOOKS)
def test_notebook_and_answer_key_name_the_same(day):
    used = uses(NOTEBOOKS[day])
    here = set(keys(day)) if day in days() else set()
    assert sorted(used.times) == sorted(here), "each exercise of the day stands in its notebook once"
    assert sorted(used.quizzes) == sorted(keys(day, "QUIZZES") if day in days() else [])


@pytest.mark.parametrize("day", NOTEBOOKS)
def test_stubs_ask_for_the_references_arguments(day):
    for key, node in uses(NOTEBOOKS[day]).exercises.items():
        check_stub(key, node)
    for key, node in uses(NOTEBOOKS[day]).answers.items():
        assert isinstance(find(key), Answer)
        assert ast.unparse(node.args[1]) in ("...", "None"), f"{key} is answered in the notebook"


def check_stub(key, node):
    parameters = list(inspect.signature(find(key).reference).parameters.values())
    asked = [argument.arg for argument in node.args.args]
    assert asked == [p.name for p in parameters[: len(asked)]], key
    assert all(p.default is not p.empty for p in parameters[len(asked) :]), key
    assert ast.get_docstring(node), f"{key} has no docstring"
    assert "NotImplementedError" in ast.unparse(node.body[-1]), f"{key} is solved in the notebook"
