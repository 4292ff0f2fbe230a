"""Block by block, in memory used again: the numbers must be those of all instances at once (test_toy_models has autograd's)."""

import pytest
import torch

from course_utils.worlds import feature_rng, fit_toy_models, toy_gradients
from course_utils.worlds.toy_gradients import Room, Steps, blocks, gradients

KINDS = {
    "plain": dict(sparsity=[0.5, 0.8, 0.9, 0.6, 0.7]),
    "tied no more": dict(sparsity=[0.5, 0.8, 0.9, 0.6, 0.7], tied=False),
    "absolute, mixed": dict(instances=5, sparsity=0.7, target="absolute", hidden=["relu", "linear"] * 2 + ["relu"]),
    "correlated": dict(sparsity=0.6, correlation=[-0.5, 0.0, 0.5, 1.0, 0.2]),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("in_cache", [1, 400, 2**17])
def test_blocks_change_nothing(monkeypatch, kind, in_cache):
    monkeypatch.setattr(toy_gradients, "VALUES_IN_CACHE", in_cache)
    models = fit_toy_models(6, 3, steps=3, batch_size=32, progress=False, **KINDS[kind])
    generator, again = feature_rng(3), feature_rng(3)
    step = Steps(models, 32, generator=generator)
    assert len(step.parts) == {1: 5, 400: 3, 2**17: 1}[in_cache]
    for _ in range(2):  # the second time in used memory
        found = step(with_loss=True)
        whole = gradients(models, *models.task.batch(32, again), with_loss=True)
        for got, expected in zip(found, whole, strict=True):
            torch.testing.assert_close(got, expected, atol=1e-6, rtol=1e-5)


def test_used_memory_changes_nothing():
    models = fit_toy_models(6, 3, instances=2, sparsity=0.5, steps=2, batch_size=16, progress=False)
    room = Room.for_(models.W, 16)
    for table in room:
        table.fill_(torch.nan)
    batch = models.task.batch(16, feature_rng(0))
    used, new = gradients(models, *batch, room=room), gradients(models, *batch)
    assert torch.equal(used.W, new.W) and torch.equal(used.W_out, new.W_out) and torch.equal(used.b, new.b)


def test_blocks_are_alike_and_cover_all(monkeypatch):
    monkeypatch.setattr(toy_gradients, "VALUES_IN_CACHE", 100)
    stretches = [(s.start, s.stop) for s in blocks(7, 34)]
    assert stretches == [(0, 3), (3, 5), (5, 7)]
    assert [s.stop - s.start for s in blocks(3, 1000)] == [1, 1, 1]


def test_a_part_shares_memory_and_a_pick_does_not():
    models = fit_toy_models(4, 2, instances=3, sparsity=0.5, steps=2, batch_size=16, progress=False)
    assert models.part(slice(1, 3)).W.data_ptr() == models.W[1].data_ptr()
    assert models.pick([1, 2]).W.data_ptr() != models.W[1].data_ptr()
    assert len(models.pick([1, 2]).losses) == len(models.losses) > 0
