import dataclasses
import inspect
from contextlib import suppress
from itertools import islice

import pytest
import torch
from distributed_worker import CASES, STEPS, batches, train

from course_utils.lm import Activations, ActivationStore, activation_batches, write_activations
from course_utils.sae import SAE
from course_utils.training import Revival, Schedule, fit_sae, resampler
from course_utils.training.checkpoints import MAY_CHANGE, load_checkpoint, save_checkpoint


class Stop(Exception):
    pass


def broken_off(given, after):
    """The batches up to a step, then a crash."""
    yield from islice(given, after + 1)
    raise Stop


def same(a, b):
    return all(torch.equal(one, other) for one, other in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_a_run_that_was_stopped_goes_on_exactly(tmp_path, case):
    kept = dict(checkpoint=tmp_path / "folder" / "run.pt", every=5)
    sae, history = train(case)
    with pytest.raises(Stop):
        train(case, given=broken_off(batches(), 7), **kept)
    for _ in range(2):  # the second time there is nothing left to do
        again, record = train(case, **kept)
        assert same(again, sae)
        assert record == history and len(record.step) == STEPS
    assert load_checkpoint(kept["checkpoint"], torch.load(kept["checkpoint"])["settings"])["done"] == STEPS


@pytest.mark.parametrize("kind", [torch.Tensor.double, torch.Tensor.half, torch.Tensor.numpy])
def test_a_run_knows_its_batches_again_whatever_precision_or_kind_they_have(tmp_path, kind):
    def given():
        return map(kind, batches())

    kept = dict(checkpoint=tmp_path / "run.pt", every=5)
    whole = train("topk", given=given())[0]
    with pytest.raises(Stop):
        train("topk", given=broken_off(given(), 7), **kept)
    for _ in range(2):
        assert same(train("topk", given=given(), **kept)[0], whole)


def test_a_run_from_disk_goes_on_exactly_without_reading_again(tmp_path, monkeypatch):
    rows = torch.cat(list(batches()))
    chunks = [Activations(rows, torch.zeros(len(rows), 2, dtype=torch.long))]
    store = write_activations(tmp_path / "store", chunks, rows_per_shard=20)
    n_read, read = [], ActivationStore.read
    monkeypatch.setattr(ActivationStore, "read", lambda self, piece: n_read.append(1) or read(self, piece))

    def given():
        return activation_batches(store, 64, seed=0, epochs=None, buffer_size=130)

    kept = dict(checkpoint=tmp_path / "run.pt", every=2)
    whole = train("topk", given=given())[0]
    all_of_it = len(n_read)
    with pytest.raises(Stop):
        train("topk", given=broken_off(given(), 10), **kept)
    n_read.clear()
    assert same(train("topk", given=given(), **kept)[0], whole)
    assert 0 < len(n_read) < all_of_it


@torch.no_grad()
def strike(state):
    """Twelve of sixteen latents dead, after step 2 and again after step 6."""
    if state.measurement.step in (2, 6):
        state.sae.b_enc[4:] = -100.0


def test_resampling_goes_on_exactly_too(tmp_path):
    def run(given=None, at_steps=(4, 8), **kept):
        revive = resampler(next(batches(seed=1)), at_steps=at_steps, dead_after=100)
        return train("relu", given=given, callbacks=[strike, revive], **kept)[0]

    kept = dict(checkpoint=tmp_path / "run.pt", every=1)
    with pytest.raises(Stop):
        run(broken_off(batches(), 7), **kept)
    whole, again, once = run(), run(**kept), run(at_steps=(4,))
    assert same(again, whole)
    assert not torch.equal(whole.W_dec, once.W_dec)  # the second time, too, there was something to do


def test_saving_changes_nothing(tmp_path):
    assert same(train("topk")[0], train("topk", checkpoint=tmp_path / "run.pt", every=1)[0])


def test_where_the_batches_end_sooner_what_was_reached_is_kept_too(tmp_path):
    train("topk", given=list(batches())[:4], checkpoint=tmp_path / "run.pt")
    assert torch.load(tmp_path / "run.pt")["done"] == 4
    assert same(train("topk", checkpoint=tmp_path / "run.pt")[0], train("topk")[0])


def other_loss(x, output):
    return (x - output.x_hat).abs().sum(dim=1).mean()


OTHERS = {
    "l1_coefficient": dict(l1_coefficient=50.0),
    "normalise": dict(lr=Schedule(0.01, normalise=False)),
    "lr": dict(lr=0.02),
    "warmup_steps": dict(lr=Schedule(0.01, warmup_steps=3)),
    "decay_share": dict(lr=Schedule(0.01, decay_share=0.5)),
    "steps": dict(steps=STEPS - 1),
    "revival's dead_after": dict(revival=Revival(dead_after=7)),
    "speed": dict(speed="fast"),
    "loss_fn": dict(l1_coefficient=None, loss_fn=other_loss),
    "callbacks": dict(callbacks=[strike]),
    "starting weights": dict(seed=1),
    "batch dtype": dict(given=[x.double() for x in batches()]),
    "batch shape": dict(given=[x[1:] for x in batches()]),
    "batch was": dict(given=list(batches(seed=1))),
}


@pytest.mark.parametrize("setting", OTHERS)
@pytest.mark.parametrize("after", [7, STEPS])
def test_a_checkpoint_refuses_whatever_changes_the_run_by_name(tmp_path, setting, after):
    """Whether the run that it is of was stopped or had finished."""
    kept = dict(checkpoint=tmp_path / "run.pt", every=5)
    with suppress(Stop):
        train("relu", given=broken_off(batches(), after), **kept)
    before = (tmp_path / "run.pt").read_bytes()
    with pytest.raises(ValueError, match=rf"of another run \(.*{setting}.*\): remove it, or name another"):
        train("relu", **kept, **OTHERS[setting])
    assert (tmp_path / "run.pt").read_bytes() == before


def test_what_changes_nothing_may_change(tmp_path):
    with pytest.raises(Stop):
        train("relu", given=broken_off(batches(), 7), checkpoint=tmp_path / "run.pt", every=5)
    (tmp_path / "run.pt").rename(tmp_path / "moved.pt")
    again = train("relu", checkpoint=tmp_path / "moved.pt", every=3, progress=True)[0]
    assert same(again, train("relu")[0])


def test_every_option_is_compared_or_said_to_change_nothing(tmp_path):
    train("relu", checkpoint=tmp_path / "run.pt")
    compared = set(torch.load(tmp_path / "run.pt")["settings"]) | set(MAY_CHANGE)
    compared |= {"sae", "batches"}  # by their numbers
    options = {"lr": Schedule, "revival": Revival, "objective": None}
    for name in inspect.signature(fit_sae).parameters:
        if options.get(name):
            prefix = "revival's " if name == "revival" else ""
            assert {prefix + part.name for part in dataclasses.fields(options[name])} <= compared
        elif name not in options:
            assert name in compared, name


def test_an_autoencoder_is_left_alone_if_the_checkpoint_is_of_another_run(tmp_path):
    train("topk", checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match=r"architecture was topk, is relu; .*k was 3, is not recorded"):
        train("relu", checkpoint=tmp_path / "run.pt")
    sae, untouched = SAE(8, 16, "topk", k=2), SAE(8, 16, "topk", k=2)
    with pytest.raises(ValueError, match="k was 3, is 2"):
        fit_sae(sae, batches(), steps=STEPS, lr=0.01, speed="fast", checkpoint=tmp_path / "run.pt")
    assert same(sae, untouched) and all(p.is_contiguous() and p.grad is None for p in sae.parameters())


@pytest.mark.parametrize(
    "held", [torch.ones(3), {"W_dec": torch.ones(3)}, {"settings": 3}, [1, 2], None], ids=repr
)
def test_a_file_of_another_kind_is_no_checkpoint(tmp_path, held):
    torch.save(held, tmp_path / "run.pt")
    with pytest.raises(ValueError, match=r"run\.pt is no whole checkpoint"):
        train("relu", checkpoint=tmp_path / "run.pt")
    assert not list(tmp_path.glob(".*")), "nothing else is left there"


def test_a_save_that_breaks_off_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    save_checkpoint(path, {}, step=1)

    def broken(state, file):
        file.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(OSError):
        save_checkpoint(path, {}, step=2)
    assert load_checkpoint(path, {})["step"] == 1


def test_too_few_batches_are_just_the_end(tmp_path):
    train("topk", checkpoint=tmp_path / "run.pt", every=5)
    _, history = train("topk", checkpoint=tmp_path / "run.pt", given=iter(list(batches())[:3]))
    assert len(history.step) == STEPS
