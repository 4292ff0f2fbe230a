"""Two processes do what one does; one that dies ends the run, which goes on from its checkpoint."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from distributed_worker import CASES, STEPS, harvest, train
from two_processes import run_twice

from course_utils.base import Processes, processes
from course_utils.lm import open_activations

pytestmark = pytest.mark.slow

WORKER = Path(__file__).with_name("distributed_worker.py")
TOLERANCE = dict(atol=2e-5, rtol=2e-4)  # sums of other orders, through 12 steps of Adam


def run(out, **options):
    """(exit code, stderr) of each of two processes."""
    return run_twice(WORKER, out, json.dumps(options), timeout=240)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    for code, error in run(out, cases=list(CASES), harvest=True):
        assert code == 0, error
    loaded = {
        name: [torch.load(out / f"{name} {rank}.pt") for rank in range(2)] for name in (*CASES, "harvest")
    }
    return loaded | {"folder": out}


@pytest.mark.parametrize("case", CASES)
def test_two_processes_end_where_one_ends(results, case):
    sae, history = train(case)
    first, second = results[case]
    for name, value in sae.state_dict().items():
        assert torch.equal(first["sae"][name], second["sae"][name])  # the two never part
        torch.testing.assert_close(first["sae"][name], value, **TOLERANCE)
    for name in ("loss", "fvu", "l0"):
        expected = getattr(history, name)
        assert first[name] == second[name] == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_two_processes_harvest_what_one_does(results):
    for found in results["harvest"]:
        for got, expected in zip(found, harvest(), strict=True):
            torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


def test_two_processes_write_one_store(results):
    values, where, _ = harvest()
    pieces = list(open_activations(results["folder"] / "store"))
    assert {name[0] for name, _ in open_activations(results["folder"] / "store").shards} == {"0", "1"}
    assert torch.equal(torch.cat([piece.where for piece in pieces]), where)
    torch.testing.assert_close(torch.cat([piece.values for piece in pieces]), values, atol=1e-5, rtol=1e-5)


def test_processes_that_write_the_same_texts_are_told(results):
    for rank in range(2):
        assert "share=True" in (results["folder"] / f"twice {rank}").read_text()
    assert not (results["folder"] / "twice" / "index.json").exists()


def test_a_killed_worker_ends_the_run_which_then_goes_on_exactly(results, tmp_path):
    checkpoint = dict(checkpoint=str(tmp_path / "run.pt"), every=2)
    (survivor, error), (killed, _) = run(tmp_path, cases=["topk"], dies_after=6, **checkpoint)
    assert killed == -9 and survivor not in (0, None)
    assert "another process of this run has ended" in error
    assert torch.load(tmp_path / "run.pt")["done"] == 6
    for code, error in run(tmp_path, cases=["topk"], **checkpoint):
        assert code == 0, error
    resumed = torch.load(tmp_path / "topk 0.pt")
    whole = results["topk"][0]
    assert all(torch.equal(resumed["sae"][name], whole["sae"][name]) for name in whole["sae"])
    assert resumed["loss"] == whole["loss"] and len(whole["loss"]) == STEPS


def test_the_connection_ends_before_python_does(results):
    """Left open, gloo's threads aborted 14 of 80 processes at their end, with all work done."""
    for rank in range(2):
        assert (results["folder"] / f"connected {rank}").read_text() == "False"


def test_different_batches_are_noticed(tmp_path):
    for code, error in run(tmp_path, cases=[], other_batches=True):
        assert code == 1 and "different batches" in error


def test_alone_nothing_is_imported_and_nothing_changes(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    alone, rows = processes(), torch.arange(6.0).view(3, 2)
    assert alone.is_first and alone.count == 1
    assert alone.share(rows) is rows and alone.any(rows) is rows
    alone.sum_([rows]), alone.check_same(rows), alone.wait()
    code = "import sys; from course_utils.sae import SAE; from course_utils.training import fit_sae; import torch;"
    code += "fit_sae(SAE(4, 8, 'topk', k=1), [torch.randn(9, 4)], progress=False);"
    code += "print('accelerate' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "False\n", done.stderr


def test_shares_are_all_the_rows():
    rows = torch.arange(7)
    parts = [Processes(rank, 3).share(rows) for rank in range(3)]
    assert torch.equal(torch.cat(parts), rows) and [len(part) for part in parts] == [3, 2, 2]
    with pytest.raises(ValueError, match="2 rows cannot be shared among 3"):
        Processes(0, 3).share(rows[:2])
