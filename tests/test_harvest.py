"""A harvest that was stopped anywhere and gone on with is the same, byte for byte."""

import random

import pytest
import torch
from pipeline_model import TEXTS, tiny_model

from course_utils.base import Processes
from course_utils.lm import collect_activations, harvest, harvest_activations, open_activations
from course_utils.lm.harvest import harvest_activations as real

HOOK = "blocks.1.hook_resid_post"
MANY = [f"{text} {number}" for number in range(7) for text in TEXTS]


def run(folder, **options):
    given = dict(texts_per_shard=5, batch_size=3, dtype=torch.float32) | options
    return harvest_activations(folder, tiny_model(), MANY, HOOK, **given)


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_holds_what_is_collected(tmp_path):
    store, whole = run(tmp_path, metadata={"hook_name": HOOK}), collect_activations(tiny_model(), MANY, HOOK)
    assert len(store.shards) == 9 and store.metadata == {"hook_name": HOOK}
    for again in (store, open_activations(tmp_path)):
        pieces = list(again)
        assert torch.equal(torch.cat([p.where for p in pieces]), whole.where)
        torch.testing.assert_close(torch.cat([p.values for p in pieces]), whole.values, atol=1e-5, rtol=1e-5)
    assert store.rows_at(torch.tensor([3, 200])).shape == (2, 16)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("seed", range(4))
def test_stopped_anywhere_it_goes_on_exactly(tmp_path, monkeypatch, seed):
    run(tmp_path / "whole")
    chance, writes = random.Random(seed), harvest.save_shard

    def dies(path, rows, dtype, **about):
        if chance.random() < 0.4:
            path.with_name(f"{path.name}.part").write_bytes(b"half a shard")
            raise Killed
        writes(path, rows, dtype, **about)

    monkeypatch.setattr(harvest, "save_shard", dies)
    n_killed = 0
    while True:
        try:
            run(tmp_path / "stopped")
            break
        except Killed:
            n_killed += 1
            with pytest.raises(FileNotFoundError):
                open_activations(tmp_path / "stopped")
    left = {name: b for name, b in bytes_of(tmp_path / "stopped").items() if not name.endswith(".part")}
    assert n_killed > 1 and left == bytes_of(tmp_path / "whole")


def test_what_is_there_is_not_made_again(tmp_path, monkeypatch):
    run(tmp_path)
    monkeypatch.setattr(harvest, "reader_of", lambda *_: 1 / 0)
    run(tmp_path)
    (tmp_path / "index.json").unlink()
    run(tmp_path)
    (tmp_path / "00003.safetensors").unlink()
    (tmp_path / "index.json").unlink()
    with pytest.raises(ZeroDivisionError):
        run(tmp_path)


def test_a_damaged_shard_is_made_again_and_a_foreign_one_refused(tmp_path):
    run(tmp_path)
    (tmp_path / "index.json").unlink()
    whole = bytes_of(tmp_path)
    (tmp_path / "00002.safetensors").write_bytes(whole["00002.safetensors"][:50])
    run(tmp_path)
    (tmp_path / "index.json").unlink()
    assert bytes_of(tmp_path) == whole
    for other in (dict(max_tokens_per_text=4), dict(compute_dtype=torch.bfloat16), dict(texts_per_shard=6)):
        with pytest.raises(ValueError, match="of another harvest"):
            run(tmp_path, **other)


def test_a_finished_one_is_not_taken_for_another(tmp_path):
    run(tmp_path)
    with pytest.raises(ValueError, match="of another harvest"):
        harvest_activations(tmp_path, tiny_model(), MANY[::-1], HOOK, texts_per_shard=5, batch_size=3)


def test_processes_take_turns_and_their_number_may_change(tmp_path, monkeypatch):
    class Stop(Exception):
        pass

    class Second(Processes):
        def wait(self):
            raise Stop

    run(tmp_path / "whole")
    monkeypatch.setattr(harvest, "processes", lambda: Second(rank=1, count=2))
    with pytest.raises(Stop):
        run(tmp_path / "shared")
    assert sorted(bytes_of(tmp_path / "shared")) == [f"{n:05}.safetensors" for n in (1, 3, 5, 7)]
    monkeypatch.undo()
    run(tmp_path / "shared")
    assert bytes_of(tmp_path / "shared") == bytes_of(tmp_path / "whole")


def test_what_cannot_be_harvested_is_refused(tmp_path):
    for texts, why in (([], "no texts"), (["", ""], "no activations")):
        with pytest.raises(ValueError, match=why):
            real(tmp_path / why, tiny_model(), texts, HOOK)
    with pytest.raises(ValueError, match="is not a hook point"):
        real(tmp_path, tiny_model(), MANY, "blocks.9.hook_out")
