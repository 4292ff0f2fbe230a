"""What is set for the whole of a learner's notebook or machine, and has nothing to do with the course."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from course_utils.exercises import exercise, find, judge
from course_utils.sae import SAE, load_sae
from course_utils.training import fit_sae
from course_utils.worlds import (
    VisionNetwork,
    draw_pictures,
    fit_network,
    fit_toy_models,
    fit_vision,
    most_exciting,
)

ROOT = Path(__file__).parents[1]
POINTS, CLASSES = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), torch.tensor([0, 1, 1, 0])


@pytest.mark.parametrize(
    "trains",
    [
        lambda: fit_sae(SAE(8, 32), torch.randn(3, 16, 8), l1_coefficient=1.0, progress=False),
        lambda: fit_sae(SAE(8, 32), torch.randn(3, 16, 8), l1_coefficient=1.0, progress=False, speed="fast"),
        lambda: fit_network(POINTS, CLASSES, [8], steps=3, seed=0),
        lambda: fit_vision(VisionNetwork(4), draw_pictures(1, seed=0), epochs=1),
        lambda: most_exciting(VisionNetwork(4), 0, torch.rand(1, 28, 28), steps=2),
        lambda: fit_toy_models(5, 2, steps=3, progress=False),
    ],
    ids=["fit_sae", "fit_sae fast", "fit_network", "fit_vision", "most_exciting", "fit_toy_models"],
)
def test_gradients_that_are_off_for_all_cells_stop_no_training_and_stay_off(trains):
    """The first line of many notebooks of the field."""
    torch.set_grad_enabled(False)
    try:
        trains()
        assert not torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)


def test_double_precision_by_default_changes_no_right_answer():
    torch.set_default_dtype(torch.float64)
    try:
        for key in ("day_2.frequency_power", "day_5.omp", "day_6.encode", "day_6.fvu"):
            exercise = find(key)
            assert judge(exercise, exercise.reference).status == "correct", key
        assert load_sae("layer_2")(torch.randn(3, 256)).x_hat.isfinite().all()
        assert len(fit_sae(SAE(8, 32), torch.randn(3, 16, 8), l1_coefficient=1.0, progress=False).loss) == 3
    finally:
        torch.set_default_dtype(torch.float32)


def test_after_a_tick_double_precision_stays_double():
    torch.set_default_dtype(torch.float64)
    try:
        for key in ("day_5.ista_step", "day_5.fresh_pairs"):
            record = find(key)
            args = record.cases()[0]
            used = exercise(key)(lambda *a, right=record.reference: right(*a))
            expected = record.reference(*args)
            for given, wanted in zip(as_tuple(used(*args)), as_tuple(expected), strict=True):
                assert given.dtype == wanted.dtype == torch.float64, key
    finally:
        torch.set_default_dtype(torch.float32)


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


def run(code, **more):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=280, cwd=ROOT, **more
    )


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="becomes a user who has no home")
def test_without_a_home_an_exercise_is_judged_all_the_same():
    """Python looks for the home of an account that the system does not know."""
    code = (
        "import os\nfrom course_utils.exercises import exercise\n"
        "def judged():\n"
        "    @exercise('day_6.fvu')\n"
        "    def fvu(x, x_hat):\n"
        "        return (x - x_hat).square().sum() / (x - x.mean(dim=0)).square().sum()\n"
        "judged()  # all is imported: the installation may be closed to others\n"
        "del os.environ['COURSE_PROGRESS']; os.environ.pop('HOME', None); os.environ.pop('XDG_DATA_HOME', None)\n"
        "os.setgroups([]); os.setgid(54_321); os.setuid(54_321)\n"
        "judged()\n"
    )
    done = run(code, env={**os.environ, "COURSE_PROGRESS": ""})
    assert done.stdout.count("✓ day_6.fvu: correct") == 2, done.stdout
    assert "Traceback" not in done.stderr, done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="asks Linux for one core")
def test_one_core_is_enough():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "import torch\nfrom course_utils.base import using_threads\nfrom course_utils.sae import SAE\n"
        "from course_utils.training import fastest_threads, fit_sae\n"
        "with using_threads(2): pass\n"
        "x = torch.randn(3, 64, 8)\n"
        "for speed in ('plain', 'fast'): fit_sae(SAE(8, 32), x, l1_coefficient=1.0, progress=False, speed=speed)\n"
        "print('done', torch.get_num_threads())"
    )
    done = run(code)
    assert done.stdout.startswith("done"), done.stderr
