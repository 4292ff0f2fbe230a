"""Streaming search, against holding every latent and sorting it."""

import pytest
import torch

from course_utils.reading import Active, TopRows, top_examples, top_rows


def latents(n=300, d_sae=10, firing=0.3, seed=0, levels=None):
    generator = torch.Generator().manual_seed(seed)
    strengths = torch.rand(n, d_sae, generator=generator)
    if levels:
        strengths = (strengths * levels).ceil()  # many equal ones
    return strengths * (torch.rand(n, d_sae, generator=generator) < firing)


def plain(whole, keep):
    """Hold everything, then sort."""
    strengths, rows = whole.sort(dim=0, descending=True, stable=True)
    strengths, rows = strengths[:keep].T, rows[:keep].T
    return TopRows(strengths, torch.where(strengths > 0, rows, -1))


def as_active(batch, k):
    strengths, active = batch.topk(k, dim=1)
    return Active(active, strengths)


def same(a, b):
    return torch.equal(a.strengths, b.strengths) and torch.equal(a.rows, b.rows)


@pytest.fixture(params=[8, 2**18])
def often_sorted(request, monkeypatch):
    monkeypatch.setattr(top_examples, "WAITING", request.param)
    monkeypatch.setattr(top_examples, "ENTRIES_AT_A_TIME", 40)


@pytest.mark.parametrize("d_sae", [10, 16])  # of 10, places do not come in eights
@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize("size", [1, 7, 300])
def test_a_stream_gives_what_sorting_everything_gives(often_sorted, size, levels, d_sae):
    whole = latents(d_sae=d_sae, levels=levels)
    assert same(top_rows(whole.split(size), d_sae, keep=6), plain(whole, 6))


@pytest.mark.parametrize("levels", [None, 3])
def test_active_latents_alone_give_the_same(often_sorted, levels):
    whole = latents(levels=levels)
    batches = [as_active(batch, k=10) for batch in whole.split(50)]
    assert same(top_rows(batches, 10, keep=6), plain(whole, 6))


def test_by_hand_with_a_latent_that_fires_once_and_one_that_never_does():
    batches = [torch.tensor([[1.0, 0.0, 0.0], [3.0, 2.0, 0.0]]), torch.tensor([[2.0, -1.0, 0.0]])]
    found = top_rows(batches, 3, keep=2)
    assert found.strengths.tolist() == [[3, 2], [2, 0], [0, 0]]
    assert found.rows.tolist() == [[1, 2], [1, -1], [-1, -1]]


def test_fewer_rows_than_are_to_be_kept_and_none_at_all():
    assert top_rows([torch.ones(2, 3)], 3, keep=4).rows.tolist() == [[0, 1, -1, -1]] * 3
    assert (top_rows([], 3, keep=4).rows == -1).all()


def test_what_waits_stays_small_however_long_the_stream(monkeypatch):
    monkeypatch.setattr(top_examples, "WAITING", 100)
    monkeypatch.setattr(top_examples, "ENTRIES_AT_A_TIME", 50)
    sizes, sort = [], top_examples._keep_strongest_
    monkeypatch.setattr(
        top_examples,
        "_keep_strongest_",
        lambda held, n, keep: sizes.append(n) or sort(held, n, keep),
    )
    top_rows((latents(seed=seed) for seed in range(40)), 10, keep=6)
    assert max(sizes) <= 60 + 100 + 50  # kept, waiting, and one more piece
    assert len(sizes) < 40  # the bars keep most of 12,000 rows out


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="5 latents, not d_sae = 3"):
        top_rows([torch.ones(2, 5)], 3)
    with pytest.raises(ValueError, match="beyond d_sae = 3"):
        top_rows([Active(torch.tensor([[3]]), torch.ones(1, 1))], 3)
    with pytest.raises(ValueError, match="keep is 0: it has to be at least 1"):
        top_rows([], 3, keep=0)
