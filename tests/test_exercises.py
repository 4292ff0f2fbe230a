"""What a learner is told: every verdict, and that nothing they write takes the notebook down."""

# ruff: noqa: NPY002, SIM105, E722 — learners write such things

import dataclasses
import functools
import random
import subprocess
import sys
import threading
import time
from decimal import Decimal
from fractions import Fraction

import needs
import numpy as np
import pytest
import torch

from course_utils.exercises import (
    Answer,
    Exercise,
    Verdict,
    answer,
    exercise,
    find,
    hint,
    judge,
    judge_value,
    solution,
)
from course_utils.exercises.compare import difference
from course_utils.exercises.notebook_api import _next_hint


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    _next_hint.clear()


def centre(x, mean):
    """Subtract the mean, column by column."""
    return x - mean


def centre_cases(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        (torch.tensor([[1.0, 2.0]]), torch.tensor([1.0, 4.0])),
        (torch.randn(5, 3, generator=generator), torch.randn(3, generator=generator)),
    ]


def record(reference=centre, cases=centre_cases, **more):
    more = {"hints": ("one", "two"), "slips": {"The sign is turned round.": lambda x, mean: mean - x}} | more
    return Exercise(reference, cases=cases, **more)


RECORD = record()
QUICK = record(seconds=0.3)


def status(attempt, rec=RECORD):
    return judge(rec, attempt).status


# ── right in many ways ──────────────────────────────────────────────────────────────────────────────────────────────


@torch.no_grad()
def below_a_decorator(x, mean):
    return x - mean


class Callable:
    def __call__(self, x, mean):
        return x - mean


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x, mean: x - mean,
        lambda x, mean, scale=1.0: (x - mean) * scale,
        lambda *args: args[0] - args[1],
        lambda x, mean: (x.double() - mean).requires_grad_(),
        lambda x, mean: (x - mean).T.contiguous().T,
        lambda x, mean: (x - mean).to_sparse(),
        lambda x, mean: torch.nn.Parameter(x - mean),
        Callable(),
        below_a_decorator,
        functools.partial(lambda scale, x, mean: scale * (x - mean), 1.0),
    ],
)
def test_any_right_way_passes(attempt):
    assert status(attempt) == "correct"


def test_another_precision_is_told_of_and_turned_into_the_references(capsys):
    verdict = judge(RECORD, lambda x, mean: (x - mean).double())
    assert verdict.status == "correct" and "float64" in verdict.notes[0]
    pair = record(lambda x, mean: (x, mean), slips={})
    assert judge(pair, lambda x, mean: (x, mean.double())).notes == verdict.notes


@pytest.mark.parametrize("short", [torch.half, torch.bfloat16])
def test_a_precision_that_loses_digits_is_wrong(short):
    verdict = judge(RECORD, lambda x, mean: (x - mean).to(short))
    assert verdict.status == "wrong" and "compute in float32" in verdict.sentence


TRAINED = Exercise(
    lambda x, p: (x * x).sum() ** p,
    lambda seed=0: [(torch.tensor([1.0, 2.0]), 1.0), (torch.tensor([[1.0], [3.0]]), 0.5)],
    ("", ""),
    slips={},
    gradient=("x",),
)


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (lambda x, p: x.square().sum().pow(p), ""),
        (lambda x, p: x.double().square().sum().pow(p), ""),
        (lambda x, p: x.mul_(x).sum() ** p, "changes in place what its gradient still needs"),
        (lambda x, p: ((x * x).sum() ** p).item(), "bare number"),
        (lambda x, p: (x.detach() * x.detach()).sum() ** p, "no gradient gets through it to `x`"),
        (lambda x, p: (x.detach() * x).sum() ** p, "gradient with respect to `x` is not"),
        (lambda x, p: torch.tensor(x.detach().square().sum().item() ** p), "no gradient"),
        (torch.no_grad()(lambda x, p: (x * x).sum() ** p), "no gradient"),
        (torch.inference_mode()(lambda x, p: (x * x).sum() ** p), "no gradient"),
        (lambda x, p: np.square(x.detach().numpy()).sum() ** p, "gradient"),
        (lambda x, p: np.asarray(x.detach().numpy() ** 2).sum().astype("float32") ** p, "gradient"),
    ],
)
def test_the_gradient_is_asked_for_where_a_cell_trains_through_it(attempt, says):
    verdict = judge(TRAINED, attempt)
    assert verdict.status == ("wrong" if says else "correct"), verdict
    assert says in verdict.sentence


def test_a_class_may_be_the_answer():
    class Point:
        def __init__(self, x):
            self.x = x

    rec = record(Point, lambda seed=0: [(1.5,)], judge=lambda yours, expected, args: yours.x == expected.x)

    class Mine(Point):
        pass

    assert status(Mine, rec) == "correct"


def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)


def test_a_function_that_calls_itself_means_itself():
    rec = record(factorial, lambda seed=0: [(5,)], slips={})

    def mine(n):
        return 1 if n < 2 else n * mine(n - 1)

    inner = mine
    del mine  # as before the decorator's name is bound
    assert status(inner, rec) == "correct"
    namespace = {}
    exec("def again(n):\n    return 1 if n < 2 else n * again(n - 1)", namespace)
    attempt = namespace.pop("again")
    assert status(attempt, rec) == "correct"
    assert "again" not in namespace, "the name stays as the learner left it"


def test_numbers_and_tensors_without_axes_are_the_same():
    rec = record(lambda x: float(x.sum()), lambda seed=0: [(torch.ones(3),)], slips={})
    assert status(lambda x: x.sum(), rec) == "correct"
    assert status(lambda x: np.float32(3), rec) == "correct"
    assert judge(rec, lambda x: x.sum(dim=0, keepdim=True)).sentence.endswith(
        "take the number out of it: `.item()`."
    )


def test_a_judge_decides_what_is_the_same():
    def same_up_to_sign(yours, expected, args):
        return "Its length is wrong." if yours.norm() > 2 else torch.allclose(yours.abs(), expected.abs())

    rec = record(lambda: torch.tensor([1.0, -1.0]), lambda seed=0: [()], judge=same_up_to_sign, slips={})
    assert status(lambda: torch.tensor([-1.0, 1.0]), rec) == "correct"
    assert judge(rec, lambda: torch.tensor([9.0, 3.0])).sentence.endswith("Its length is wrong.")
    assert judge(rec, lambda: torch.tensor([0.0, 1.0])).status == "wrong"


# ── wrong in many ways ──────────────────────────────────────────────────────────────────────────────────────────────


def no_return(x, mean):
    x - mean


class Point:
    def __init__(self, x, mean):
        self.x = x


class Incomparable:
    def __eq__(self, other):
        raise RuntimeError("no")


def yields(x, mean):
    yield x - mean


async def later(x, mean):
    return x - mean


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (lambda x, mean: mean - x, "The sign is turned round."),
        (no_return, "`return` missing"),
        (yields, "generator"),
        (later, "async"),
        (lambda x, mean: torch.relu, "parentheses"),
        (lambda x, mean: [[1.0], (2.0, 3.0)], "a list of 2, not a tensor"),
        (lambda x, mean: (x, x - mean), "2 tensors; one is asked for"),
        (lambda x, mean: (x - mean,), "a comma too many"),
        (
            lambda x, mean: (x - mean).max(dim=0),
            "values and indices together: take the one that is asked for",
        ),
        (Point, "It is a class; a function is asked for: `def Point(x, mean):`."),
        (lambda x, mean: "x" * 10**6, "a string, not a tensor"),
        (lambda x, mean: object(), "an object, not a tensor"),
        (lambda x, mean: (x - mean).to("meta"), "meta"),
        (lambda x, mean: (x - mean).T, "transposed"),
        (lambda x, mean: (x - mean)[None], "axis of length 1 is too many"),
        (lambda x, mean: (x - mean).flatten(), "shape"),
        (lambda x, mean: (x - mean).sum(), "no sum at the end"),
        (lambda x, mean: (x - mean).int(), "compute in floats"),
        (lambda x, mean: (x - mean).exp() / 0, "infinite"),
        (lambda x, mean: (x - mean) * float("nan"), "NaN"),
        (lambda x, mean: x - 2 * mean, "numbers differ, most at [0, 1]: yours is -6, -2 is expected"),
        (lambda x: x, "It takes (x), but is called with 2 arguments: x, mean."),
        (lambda mean, x: x - mean, "passed in the order (x, mean)"),
    ],
)
def test_what_is_wrong_is_said(attempt, says):
    verdict = judge(RECORD, attempt)
    assert verdict.status == "wrong"
    assert says in " ".join((verdict.sentence, *verdict.details))
    assert len(verdict.sentence) < 200


@pytest.mark.parametrize(
    ("yours", "expected", "says"),
    [
        (torch.tensor([1, 0]), torch.tensor([True, False]), "a mask must be boolean"),
        (torch.tensor([1, 2]), torch.tensor([1.0, 2.0]), "`.float()`"),
        (torch.tensor([1.0, 2.0]), torch.tensor([1, 2]), "`.long()`"),
        (torch.tensor([100_001]), torch.tensor([100_000]), "differ"),
        ((1.0,), (1.0, 2.0), "1 where 2 are expected"),
        ((1.0, 3.0), (1.0, 2.0), "In result 2 of 2: yours is 3"),
        ({"a": 1}, {"a": 1, "b": 2}, "'b' is missing"),
        (torch.tensor([1, 2]), [1, 2], "`.tolist()`"),
        ("whales", "fungi", "'whales'"),
        ([1, 2], {1, 2}, "not a set"),
        (torch.tensor([1.0]), torch.tensor([1j]), "differ"),
        (torch.tensor([1.0 + 0j]), torch.tensor([1.0]), "`.real`"),
        (1 + 0j, 1.0, "`.real`"),
        (Fraction(1, 2), 0.25, "Yours is 0.5"),
        (Decimal("0.5"), 0.25, "Yours is 0.5"),
        (10**400, 1, "cannot be compared: it is an int"),
        (
            torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
            torch.ones(2),
            "cannot be compared",
        ),
        (Incomparable(), Point(1, 2), "not a Point"),
        (Incomparable(), Incomparable(), "cannot be compared"),
        (torch.ones(3, 4).topk(2), (torch.ones(3, 2), torch.ones(3, 2, dtype=torch.long)), "result 2 of 2"),
    ],
)
def test_other_kinds_of_answers(yours, expected, says):
    assert says in difference(yours, expected)
    assert difference(expected, expected) is None or isinstance(expected, Incomparable)


def test_the_first_input_is_shown_small_and_the_code_is_not():
    verdict = judge(RECORD, lambda x, mean: (x**3).cos() - mean.exp())
    assert verdict.sentence.startswith("It differs on input 1 of 2.")
    assert verdict.details == (
        "x: tensor (1, 2) float32, [[1, 2]]",
        "mean: tensor (2,) float32, [1, 4]",
        "expected: tensor (1, 2) float32, [[0, -2]]",
        "yours: tensor (1, 2) float32, [[-2.178, -54.74]]",
    )


def test_a_slip_has_to_agree_everywhere():
    def turned_round_once(x, mean):
        return mean - x if len(x) == 1 else x - 2 * mean

    assert not judge(RECORD, turned_round_once).slip


def test_a_slip_that_stops_is_recognised_by_its_error():
    rec = record(slips={"Transpose it first.": lambda x, mean: x @ mean[:, None].T})
    verdict = judge(rec, lambda x, mean: torch.matmul(x, mean[:, None].T))
    assert (verdict.status, verdict.sentence, verdict.slip) == ("raised", "Transpose it first.", True)


# ── not attempted, errors ───────────────────────────────────────────────────────────────────────────────────────────


def stub(x, mean):
    """A docstring."""
    raise NotImplementedError


def dots(x, mean): ...


@torch.no_grad()
def stub_below_a_decorator(x, mean):
    raise NotImplementedError


def with_helper(x, mean):
    return helper(x) - mean


def helper(x):
    return x @ torch.ones(7, 7)


def forgot_the_raise(x, mean):
    x = x - mean
    raise NotImplementedError


def test_a_stub_is_not_an_attempt():
    for untouched in (stub, dots, stub_below_a_decorator):
        assert judge(RECORD, untouched) == Verdict("not attempted")


def test_work_above_a_forgotten_raise_is_seen():
    verdict = judge(RECORD, forgot_the_raise)
    assert verdict.status == "not attempted"
    assert "still stands in it" in verdict.sentence


def test_an_operation_that_torch_lacks_is_an_error_and_no_stub():
    verdict = judge(RECORD, lambda x, mean: torch.ops.aten.bincount(x))
    assert verdict.status == "raised"


def test_an_error_shows_the_learners_line_and_the_shapes_there():
    verdict = judge(RECORD, with_helper)
    assert verdict.status == "raised"
    assert verdict.details[0] == "line 2 of helper: return x @ torch.ones(7, 7)"
    name, _, why = verdict.details[1].partition(": ")  # torch 2.15 begins with "mm: "
    assert name == "RuntimeError" and "mat1 and mat2 shapes cannot be multiplied" in why
    assert verdict.details[2] == "the shapes there: x (1, 2)"
    assert not any("site-packages" in line or ".py" in line for line in verdict.details)


def test_wrong_numbers_of_axes_show_the_shapes_too():
    assert judge(RECORD, lambda x, mean: x.dot(mean)).details[-1] == "the shapes there: x (1, 2), mean (2,)"


def test_debug_raises_the_learners_error():
    with pytest.raises(ZeroDivisionError):

        @exercise("day_6.fvu", debug=True)
        def fvu(x, x_hat):
            return 1 / 0


# ── accidents ───────────────────────────────────────────────────────────────────────────────────────────────────────


def for_ever(x, mean):
    while True:
        pass


def for_ever_catching(x, mean):
    while True:
        try:
            x = x + 1
        except Exception:
            pass


def for_ever_bare(x, mean):
    while True:
        try:
            time.sleep(0.01)
        except:
            pass


def for_ever_bare_in_helper(x, mean):
    while True:
        for_ever_bare(x, mean)


def for_ever_asleep(x, mean):
    time.sleep(60)


def for_ever_printing(x, mean):
    while True:
        print("x" * 10_000)


@pytest.mark.parametrize(
    "attempt",
    [
        for_ever,
        for_ever_catching,
        pytest.param(for_ever_bare, marks=needs.posix("an alarm")),
        pytest.param(for_ever_bare_in_helper, marks=needs.posix("an alarm")),
        pytest.param(for_ever_asleep, marks=needs.posix("an alarm")),
        for_ever_printing,
    ],
)
def test_a_loop_without_an_end_is_stopped(attempt, capsys):
    began = time.monotonic()
    verdict = judge(QUICK, attempt)
    assert verdict.status == "raised"
    assert verdict.sentence.startswith("It ran longer than 0.3 s and was stopped")
    assert time.monotonic() - began < 20
    assert capsys.readouterr().out == ""
    assert len(verdict.said) < 1000
    time.sleep(0.2)  # nothing rings afterwards


def in_thread(attempt, **options):
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(judge(QUICK, attempt, **options)))
    thread.start()
    thread.join(timeout=30)
    return verdicts[0]


def test_outside_the_main_thread_loops_are_stopped_too():
    assert "and was stopped" in in_thread(for_ever).sentence
    assert "and was stopped" in in_thread(for_ever_catching).sentence
    assert in_thread(centre).status == "correct"


def test_a_debugger_works_after_a_limit_by_thread():
    """In a process of its own: Python 3.11 hung, and would take the tests with it."""
    code = (
        "import sys\nfrom course_utils.exercises.guards import _by_thread\n"
        "with _by_thread(9): pass\n"
        "def step(): return 1\n"
        "sys.settrace(lambda *_: None)\nstep()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_looking_for_the_slip_takes_none_of_the_learners_time():
    def slowly(x, mean):
        time.sleep(0.4)
        return mean - x

    verdict = judge(
        record(seconds=0.5, slips={"The sign is turned round.": slowly}), lambda x, mean: mean - x
    )
    assert (verdict.status, verdict.slip) == ("wrong", True)


@needs.posix("an alarm")
def test_a_breakpoint_needs_debug_and_then_has_time():
    def steps(x, mean):
        breakpoint()
        return x - mean

    assert "add `debug=True`" in judge(QUICK, steps).details[-1]

    def stepped(x, mean):
        sys.settrace(lambda *_: None)
        time.sleep(1.5)
        sys.settrace(None)
        return x - mean

    assert judge(QUICK, stepped, quiet=False).status == "correct"
    assert judge(QUICK, stepped).status == "raised"


def test_without_an_alarm_a_debugger_has_time_too():
    calls = []

    def stopped_at_first(x, mean):
        calls.append(x)
        time.sleep(1.5 if len(calls) == 1 else 0)
        return x - mean

    assert in_thread(stopped_at_first, quiet=False).status == "correct"


@needs.posix("an alarm")
def test_a_limit_around_the_limit_goes_on():
    import signal

    def alarm(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.6)
        assert judge(QUICK, for_ever).status == "raised"
        with pytest.raises(TimeoutError):
            time.sleep(20)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_absurd_tensor_is_refused():
    verdict = judge(RECORD, lambda x, mean: torch.empty(10**13))
    assert verdict.status == "raised"
    assert "It asked for 40,000.0 GB of memory" in verdict.sentence


@pytest.mark.skipif(torch.cuda.is_available(), reason="no memory limit beside CUDA")
def test_a_growing_list_is_refused_or_stopped_and_its_memory_freed():
    psutil = pytest.importorskip("psutil")

    def grows(x, mean):
        kept = []
        while True:
            kept.append(torch.empty(2**28).random_(2))

    assert judge(record(seconds=1.0), grows).status == "raised"
    assert psutil.Process().memory_info().rss < 4e9


def test_endless_recursion_is_told():
    def again(x, mean):
        return again(x, mean)

    assert "calls itself without an end" in judge(RECORD, again).sentence


def leaves(x, mean):
    exit()


def raises_system_exit(x, mean):
    raise SystemExit(3)


@pytest.mark.parametrize("attempt", [leaves, raises_system_exit])
def test_exit_does_not_end_the_kernel(attempt):
    assert "calls `exit()`" in judge(RECORD, attempt).sentence
    assert "exit" not in globals()


def test_the_stop_button_goes_through():
    def stopped(x, mean):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(RECORD, stopped)


def test_changed_arguments_do_no_harm_and_are_told():
    def in_place(x, mean):
        x -= mean
        return x

    verdict = judge(RECORD, in_place)
    assert verdict.status == "correct"
    assert "changes `x` in place" in verdict.notes[0]
    assert judge(RECORD, centre) == judge(RECORD, centre)


def test_a_copy_that_was_asked_for_must_be_one():
    def in_place(x, mean):
        x -= mean
        return x

    verdict = judge(dataclasses.replace(RECORD, makes_a_copy=True), in_place)
    assert verdict.status == "wrong" and "`x` itself is changed" in verdict.sentence


def test_other_names_pass():
    assert judge(RECORD, lambda a, b: a - b) == judge(RECORD, centre)


def test_prints_are_caught_and_kept_short(capsys):
    def chatty(x, mean):
        for _ in range(1000):
            print("hello", x.shape)
        return x - mean

    verdict = judge(RECORD, chatty)
    assert verdict.said.startswith("hello torch.Size([1, 2])\n")
    assert len(verdict.said) < 700
    assert capsys.readouterr().out == ""


def test_judging_leaves_the_random_generators_alone():
    def noisy(x, mean):
        return x - mean + 0 * torch.randn(3)[0] * np.random.rand() * random.random()

    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    undisturbed = torch.rand(1).item(), np.random.rand(), random.random()
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    assert judge(RECORD, noisy).status == "correct"
    assert (torch.rand(1).item(), np.random.rand(), random.random()) == undisturbed


def test_torchs_settings_are_put_back():
    def careless(x, mean):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        return x - mean

    assert judge(RECORD, careless).status == "correct"
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()


def test_randomness_is_the_same_for_both():
    rec = record(lambda x: x + torch.randn(3), lambda seed=0: [(torch.zeros(3),)], slips={})
    assert status(lambda x: torch.randn(3) + x, rec) == "correct"


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────

SHARE = Answer(0.25, hints=("", ""), slips={"That is the share of the others.": 0.75})


@pytest.mark.parametrize(
    ("value", "status", "says"),
    [
        (0.2501, "correct", ""),
        (torch.tensor(0.25), "correct", ""),
        (np.float32(0.25), "correct", ""),
        (..., "not attempted", ""),
        (None, "not attempted", ""),
        (0.75, "wrong", "the share of the others"),
        (25, "wrong", "percentage"),
        (0.0025, "wrong", "percentage"),
        (-0.25, "wrong", "sign"),
        (0.3, "wrong", "too large"),
        (float("nan"), "wrong", "NaN"),
        ([0.25], "wrong", "This is a list of 1, not a number."),
        ("0.25", "wrong", "not a number"),
        (len, "wrong", "parentheses"),
    ],
)
def test_values(value, status, says):
    verdict = judge_value(SHARE, value)
    assert verdict.status == status
    assert says in verdict.sentence


def test_whole_numbers_are_exact_and_words_are_words():
    assert judge_value(Answer(1000, hints=("", ""), slips={}), 1001).status == "wrong"
    assert judge_value(Answer("fungi", hints=("", ""), slips={}), "fungi ").status == "correct"
    assert judge_value(Answer("fungi", hints=("", ""), slips={}), "whales").status == "wrong"


# ── the calls ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_reference_stands_in_until_the_attempt_passes(capsys):
    @exercise("day_6.remove_parallel_gradient")
    def remove_parallel_gradient(grad, W_dec):
        return grad

    assert remove_parallel_gradient is find("day_6.remove_parallel_gradient").reference
    assert "The reference stands in until yours passes." in capsys.readouterr().out

    def mine(grad, W_dec):
        return grad - (grad * W_dec).sum(1)[:, None] * W_dec

    assert exercise("day_6.remove_parallel_gradient")(mine).__wrapped__ is mine
    assert "✓ day_6.remove_parallel_gradient: correct." in capsys.readouterr().out


def test_the_reference_that_stands_in_is_no_attempt(capsys):
    @exercise("day_6.fvu")
    @exercise("day_6.fvu")
    def fvu(x, x_hat):
        return 0

    assert fvu is find("day_6.fvu").reference
    told = capsys.readouterr().out
    assert "✗" in told and "✓" not in told


def test_the_expected_value_stands_in_too(capsys):
    latents = torch.tensor([[0.0, 2.0], [1.0, 3.0]])
    assert answer("day_6.l0_of_batch", ..., latents) == 1.5
    assert answer("day_6.l0_of_batch", 0.75, latents) == 1.5
    assert answer("day_6.l0_of_batch", 3 / 2, latents) == 1.5
    told = capsys.readouterr().out
    assert "not attempted" in told and "the share of latents" in told and "✓" in told


def test_hints_come_one_after_another_and_the_last_stays(capsys):
    record = find("day_6.encode")
    for number in (1, 2, 3, 3):
        hint("day_6.encode")
        assert record.hints[number - 1] in capsys.readouterr().out
    hint("day_6.encode", 1)
    assert record.hints[0] in capsys.readouterr().out


def test_the_solution_explains_and_shows_the_source(capsys):
    solution("day_6.remove_parallel_gradient")
    told = capsys.readouterr().out
    assert "perpendicular" in told
    assert "return grad - along * W_dec" in told


def test_unknown_keys_name_the_nearest():
    with pytest.raises(KeyError, match=r"no exercise 'day_6.encod'.*day_6.encode"):
        exercise("day_6.encod")
    with pytest.raises(KeyError, match=r"day_6\.encode"):
        find("encode")
    for key in ("day_99.encode", ".encode", "day_6.", "day 6.encode", ""):
        with pytest.raises(KeyError, match="nearest"):
            find(key)
    with pytest.raises(TypeError, match="with the key of the exercise above stub"):
        exercise(stub)
    with pytest.raises(TypeError, match=r'a text such as "day_6.encode", not a function'):
        hint(stub)


def test_the_two_kinds_are_not_mixed_up():
    with pytest.raises(TypeError, match=r'@exercise\("day_6.encode"\)'):
        answer("day_6.encode", 1)
    with pytest.raises(TypeError, match=r'answer\("day_6.l0_of_batch"'):
        exercise("day_6.l0_of_batch")


def test_a_forgotten_comma_in_the_hints_is_noticed():
    with pytest.raises(TypeError, match="comma"):
        record(hints=("only one"))


class Untellable(Exception):
    def __str__(self):
        raise ZeroDivisionError


def raising(error):
    def attempt(*args):
        raise error

    return attempt


HOLDS_ITSELF: list = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize(
    ("key", "attempt"),
    [
        ("day_6.fvu", raising(GeneratorExit())),
        ("day_6.fvu", raising(Untellable())),
        ("day_6.fvu", lambda *args: 10**5000),
        ("day_3.welch_bound", lambda *args: Fraction(10**500)),
        ("day_6.fvu", lambda *args: torch.ones(2, device="meta")),
        ("day_5.fresh_pairs", lambda *args: (torch.ones(1, 2, device="meta"),) * 2),
        ("day_5.fresh_pairs", lambda *args: (HOLDS_ITSELF, HOLDS_ITSELF)),
        ("day_5.ista_step", lambda *args: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])),
        ("day_6.fvu", lambda *args: print("\ud800")),
    ],
)
def test_whatever_it_returns_or_raises_the_cell_goes_on(key, attempt, capsys):
    assert exercise(key)(attempt) is find(key).reference
    told = capsys.readouterr().out
    told.encode()
    assert told.startswith("✗") and len(told) < 2000


class SpoiltBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, spoil):
        ctx.spoil = spoil
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return ctx.spoil(), None


def endlessly():
    while True:
        pass


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (lambda W: SpoiltBackward.apply(W, lambda: {}["x"]).square().sum(), "cannot be computed"),
        (lambda W: SpoiltBackward.apply(W, endlessly).square().sum(), "takes too long"),
        (lambda W: W.square().sqrt().square().sum(), "NaN"),
    ],
)
def test_a_gradient_that_stops_or_is_nan_is_told(attempt, says):
    cases = lambda seed=0: [(torch.tensor([[0.0, 1.0 + seed]]),)]
    record = Exercise(lambda W: W.square().sum(), cases, ("", ""), slips={}, gradient=("W",), seconds=0.2)
    verdict = judge(record, attempt)
    assert verdict.status == "wrong" and says in verdict.sentence


def test_a_number_beyond_all_floats_is_a_wrong_value(capsys):
    record = find("day_3.active_budget")
    answer("day_3.active_budget", 10**400, *record.cases()[0])
    assert "✗" in capsys.readouterr().out


def test_numbers_of_hints_are_whole(capsys):
    with pytest.raises(TypeError, match="counted 1 to 3"):
        hint("day_6.fvu", "2")
    hint("day_6.fvu", -5)
    hint("day_6.fvu")
    assert "Hint 2 of 3" in capsys.readouterr().out
