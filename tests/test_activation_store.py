import json
from dataclasses import replace

import pytest
import torch
from pipeline_model import TEXTS, tiny_model

from course_utils.lm import (
    Activations,
    ActivationStore,
    activation_batches,
    collect_activations,
    iterate_activations,
    open_activations,
    write_activations,
)
from course_utils.reading import pool_by_text
from course_utils.sae import SAE
from course_utils.training import fit_sae

HOOK = "blocks.1.hook_resid_post"


def stream(n=100, chunk=30, d_in=4):
    """Row i is (i, i, …), of text i // 10."""
    for first in range(0, n, chunk):
        i = torch.arange(first, min(n, first + chunk))
        yield Activations(i[:, None].float().expand(-1, d_in), torch.stack([i // 10, i % 10], dim=1))


def joined(chunks):
    chunks = list(chunks)
    return torch.cat([c.values for c in chunks]), torch.cat([c.where for c in chunks])


@pytest.mark.parametrize("rows_per_shard", [7, 30, 64, 1000])
def test_what_was_written_is_read_again_in_order(tmp_path, rows_per_shard):
    store = write_activations(tmp_path / "store", stream(), rows_per_shard=rows_per_shard)
    values, where = joined(stream())
    for again in (store, open_activations(tmp_path / "store")):
        assert len(again) == 100 and again.d_in == 4
        assert all(torch.equal(a, b) for a, b in zip(joined(again), (values, where), strict=True))
        assert len(list(again)) == len(list(again)) > 0  # a second pass
    assert {rows for _, rows in store.shards[:-1]} <= {rows_per_shard}


def test_pieces_are_small_whatever_the_shard(tmp_path):
    store = write_activations(tmp_path, stream(), rows_per_shard=1000)
    assert len(store.shards) == 1
    pieces = list(replace(store, rows_at_a_time=16))
    assert [len(piece) for piece in pieces] == [16] * 6 + [4]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_takes_half_and_comes_back_as_float32(tmp_path, dtype):
    write_activations(tmp_path / "half", stream(1000), dtype=dtype)
    write_activations(tmp_path / "full", stream(1000))
    values, where = joined(open_activations(tmp_path / "half"))
    assert values.dtype == torch.float32 and where.dtype == torch.long
    torch.testing.assert_close(values, joined(stream(1000))[0].to(dtype).float())
    sizes = [(tmp_path / name / "0-00000.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.7 * sizes[1]


def test_shuffled_is_one_pass_in_another_order(tmp_path):
    store = write_activations(tmp_path, stream(), rows_per_shard=10)
    values, _ = joined(store.shuffled(seed=1))
    assert values[:, 0].tolist() != sorted(values[:, 0].tolist()) == list(range(100))
    assert torch.equal(values, joined(store.shuffled(seed=1))[0])


def test_an_unfinished_store_is_none_and_is_written_anew(tmp_path):
    def broken():
        yield from list(stream())[:3]
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        write_activations(tmp_path, broken(), rows_per_shard=10)
    assert list(tmp_path.glob("*.safetensors"))
    with pytest.raises(FileNotFoundError, match="broke off"):
        open_activations(tmp_path)
    write_activations(tmp_path, stream(20), rows_per_shard=10)
    assert len(open_activations(tmp_path)) == 20 and len(list(tmp_path.glob("*.safetensors"))) == 2


def test_what_cannot_be_written_or_read_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no activations"):
        write_activations(tmp_path / "none", [])
    with pytest.raises(ValueError, match="float32, bfloat16, float16"):
        write_activations(tmp_path / "int", stream(), dtype=torch.int8)
    write_activations(tmp_path / "store", stream(), rows_per_shard=50)
    with pytest.raises(FileExistsError, match="already"):
        write_activations(tmp_path / "store", stream())
    index = json.loads((tmp_path / "store" / "index.json").read_text())
    index["shards"][0][1] = 49
    (tmp_path / "store" / "index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="not the shard"):
        open_activations(tmp_path / "store")
    (tmp_path / "store" / "0-00000.safetensors").unlink()
    with pytest.raises(ValueError, match="missing"):
        open_activations(tmp_path / "store")


def test_a_run_from_disk_is_the_run_from_the_stream(tmp_path):
    texts = TEXTS * 8
    chunks = lambda: iterate_activations(tiny_model(), texts, HOOK, batch_size=4)
    whole = collect_activations(tiny_model(), texts, HOOK, batch_size=4)
    store = write_activations(tmp_path, chunks(), rows_per_shard=50, metadata={"hook_name": HOOK})
    assert open_activations(tmp_path).metadata == {"hook_name": HOOK}
    values, where = joined(store)
    torch.testing.assert_close(values, whole.values, atol=1e-5, rtol=1e-5)
    assert torch.equal(where, whole.where)
    assert torch.equal(pool_by_text(store, len(texts)), pool_by_text(chunks(), len(texts)))

    weights = []
    for source in (store, lambda: iter(store)):
        sae = SAE(16, 32, "topk", k=4)
        batches = activation_batches(source, 64, seed=0, epochs=2, buffer_size=200)
        fit_sae(sae, batches, steps=10, progress=False)
        weights.append(sae.W_dec.detach().clone())
    assert torch.equal(*weights)


# pools end after 5, 10, …, 40 batches, epochs after 47
@pytest.mark.parametrize("n", [0, 1, 5, 6, 10, 12, 40, 46, 47, 95, 140])
def test_batches_that_are_passed_over_change_nothing(tmp_path, n):
    store = write_activations(tmp_path, stream(1000), rows_per_shard=70)
    store = replace(store, rows_at_a_time=40)
    options = dict(seed=3, epochs=3, buffer_size=240)
    sources = [
        store,
        store.shuffled(seed=1),
        lambda: store.shuffled(seed=2),
        lambda: stream(1000),
        joined(stream(1000))[0],
    ]
    for source in sources:
        whole = list(activation_batches(source, 21, **options))
        assert len(whole) == 141
        rest = activation_batches(source, 21, **options)
        rest.pass_over(n)
        rest = list(rest)
        assert len(rest) == 141 - n and all(map(torch.equal, rest, whole[n:]))
        begun = activation_batches(source, 21, **options)
        first = next(begun)
        begun.pass_over(n)
        assert torch.equal(torch.stack([first, *begun]), torch.stack([whole[0], *whole[n + 1 :]]))


def test_a_store_is_not_read_for_batches_that_are_passed_over(tmp_path, monkeypatch):
    store = write_activations(tmp_path, stream(5000), rows_per_shard=50)
    read = []
    read_piece = ActivationStore.read
    monkeypatch.setattr(
        ActivationStore, "read", lambda self, piece: read.append(piece) or read_piece(self, piece)
    )
    batches = activation_batches(store, 50, seed=0, epochs=2, buffer_size=200)
    batches.pass_over(190)
    next(batches)
    assert 4 <= len(read) <= 20  # of 200: what the buffer of 200 rows holds then, older rows ever fewer


def test_what_is_not_ours_is_never_deleted(tmp_path):
    model = tmp_path / "my_model.safetensors"
    model.write_bytes(b"weeks of work")
    for chunks in ([], [Activations(torch.ones(2, 3), torch.zeros(2, 2).long())]):
        with pytest.raises(FileExistsError, match=r"my_model\.safetensors"):
            write_activations(tmp_path, chunks)
    assert model.read_bytes() == b"weeks of work" and len(list(tmp_path.iterdir())) == 1


def test_metadata_that_does_not_fit_is_told_before_the_work(tmp_path):
    def never():
        raise AssertionError("the harvest began")
        yield

    with pytest.raises(TypeError, match="JSON"):
        write_activations(tmp_path / "new", never(), metadata={"hook": torch.ones(1)})


@pytest.mark.parametrize(
    "index",
    [
        '{"shards": [["../other/0-00000.safetensors", 5]], "d_in": 3, "metadata": {}}',
        '{"shards": [["/etc/0-00000.safetensors", 5]], "d_in": 3, "metadata": {}}',
        '{"shards": [[',
        "[]",
        "[" * 100_000,
        '{"shards": [["0-00000.safetensors", -5]], "d_in": 3, "metadata": {}}',
        '{"shards": 3, "d_in": 3, "metadata": {}}',
    ],
    ids=["outside", "absolute", "cut", "a list", "nested", "negative", "no list"],
)
def test_a_damaged_index_is_told_in_a_sentence(tmp_path, index):
    (tmp_path / "index.json").write_text(index, encoding="utf-8")
    with pytest.raises(ValueError, match=r"no file of a store|damaged"):
        open_activations(tmp_path)
