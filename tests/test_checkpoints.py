import pytest
import torch
from distributed_worker import CASES, STEPS, batches, train

from course_utils.lm import Activations, ActivationStore, activation_batches, write_activations
from course_utils.sae import SAE
from course_utils.training import fit_sae, resampler
from course_utils.training.checkpoints import load_checkpoint, save_checkpoint


class Stop(Exception):
    pass


def stops_after(step):
    def callback(state):
        if state.measurement.step == step:
            raise Stop

    return callback


@pytest.mark.parametrize("case", CASES)
def test_a_run_that_was_stopped_goes_on_exactly(tmp_path, case):
    kept = dict(checkpoint=tmp_path / "folder" / "run.pt", checkpoint_every=5)
    sae, history = train(case)
    with pytest.raises(Stop):
        train(case, callbacks=[stops_after(7)], **kept)
    for _ in range(2):  # the second time there is nothing left to do
        again, record = train(case, **kept)
        assert all(torch.equal(a, b) for a, b in zip(again.parameters(), sae.parameters(), strict=True))
        assert record == history and len(record.step) == STEPS
    assert load_checkpoint(kept["checkpoint"], torch.load(kept["checkpoint"])["settings"])["step"] == STEPS


def test_a_run_from_disk_goes_on_exactly_without_reading_again(tmp_path, monkeypatch):
    rows = torch.cat(list(batches()))
    chunks = [Activations(rows, torch.zeros(len(rows), 2, dtype=torch.long))]
    store = write_activations(tmp_path / "store", chunks, rows_per_shard=20)
    n_read, read = [], ActivationStore.read
    monkeypatch.setattr(ActivationStore, "read", lambda self, piece: n_read.append(1) or read(self, piece))

    def run(*callbacks, **kept):
        again = activation_batches(store, 64, seed=0, epochs=None, buffer_size=130)
        return train("topk", batches=again, callbacks=callbacks, **kept)[0]

    whole, kept = run(), dict(checkpoint=tmp_path / "run.pt", checkpoint_every=2)
    all_of_it = len(n_read)
    with pytest.raises(Stop):
        run(stops_after(10), **kept)
    n_read.clear()
    again = run(**kept)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), whole.parameters(), strict=True))
    assert 0 < len(n_read) < all_of_it


@torch.no_grad()
def strike(state):
    """Twelve of sixteen latents dead, after step 2 and again after step 6."""
    if state.measurement.step in (2, 6):
        state.sae.b_enc[4:] = -100.0


def test_resampling_goes_on_exactly_too(tmp_path):
    def run(*more, at_steps=(4, 8), **kept):
        revive = resampler(next(batches(seed=1)), at_steps=at_steps, dead_after=100)
        return train("relu", callbacks=[strike, revive, *more], **kept)[0]

    kept = dict(checkpoint=tmp_path / "run.pt", checkpoint_every=1)
    with pytest.raises(Stop):
        run(stops_after(7), **kept)
    whole, again, once = run(), run(**kept), run(at_steps=(4,))
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), whole.parameters(), strict=True))
    assert not torch.equal(whole.W_dec, once.W_dec)  # the second time, too, there was something to do


def test_saving_changes_nothing(tmp_path):
    plain, saved = train("topk")[0], train("topk", checkpoint=tmp_path / "run.pt", checkpoint_every=1)[0]
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), saved.parameters(), strict=True))


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    train("topk", checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match="of another run \\(architecture topk, k 3"):
        train("relu", checkpoint=tmp_path / "run.pt")
    sae = SAE(8, 16, "topk", k=2)
    with pytest.raises(ValueError, match="of another run"):
        fit_sae(sae, batches(), steps=STEPS, lr=0.01, speed="fast", checkpoint=tmp_path / "run.pt")
    assert all(p.is_contiguous() and p.grad is None for p in sae.parameters())


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
    train("topk", checkpoint=tmp_path / "run.pt", checkpoint_every=5)
    _, history = train("topk", checkpoint=tmp_path / "run.pt", batches=iter(list(batches())[:3]))
    assert len(history.step) == STEPS
