import pytest
import torch

from course_utils.reading import Hole, concept_scores, family, find_holes, recall_by_part


def test_a_child_belongs_to_the_nearest_direction():
    small = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    large = torch.tensor([[3.0, 1.0], [0.1, 5.0], [-1.0, -1.0], [1.0, 0.0]])
    found = family(small, large)
    assert found.parent.tolist()[:2] == [0, 1]
    # nearest first, the opposite one to nobody
    assert found.children(0) == [3, 0] and found.children(1) == [1]
    assert found.n_children(2).tolist() == [2, 1]
    assert found.n_children(2, at_least=0.99).tolist() == [1, 1]


def test_families_are_those_of_slow_loops():
    generator = torch.Generator().manual_seed(0)
    small, large = torch.randn(5, 8, generator=generator), torch.randn(30, 8, generator=generator)
    found = family(small, large)
    for i, row in enumerate(large):
        cosines = [torch.cosine_similarity(row, other, dim=0).item() for other in small]
        assert found.cosine[i].item() == pytest.approx(max(cosines), abs=1e-5)
        assert cosines[found.parent[i]] == max(cosines)


def test_recall_is_counted_part_by_part():
    recall = recall_by_part(torch.tensor([1.0, 3.0, 0.0, 2.0]), 1.5, torch.tensor([0, 0, 1, 1]), 3)
    assert recall.tolist()[:2] == [0.5, 0.5] and recall[2].isnan()


def test_the_depth_is_what_the_wide_latent_misses_and_another_has():
    assert Hole(
        0, 0, 0, wide_recall=0.9, recall=0.2, narrow_latent=1, narrow_recall=0.6
    ).depth == pytest.approx(0.4)
    assert Hole(
        0, 0, 0, wide_recall=0.5, recall=0.2, narrow_latent=1, narrow_recall=1.0
    ).depth == pytest.approx(0.3)


def test_a_planted_hole_is_found():
    """Three animals and two tools; latent 0 fires on animals but cats, latent 1 on cats, latent 2 on tools."""
    # cats, dogs, cows, saws, nails: training, then held out
    parts = torch.arange(5).repeat_interleave(8).repeat(2)
    pooled = torch.stack([(parts == 1) | (parts == 2), parts == 0, parts >= 3], dim=1).float()
    held_out = torch.arange(len(parts)) >= 40
    wide_of_part = torch.tensor([0, 0, 0, 1, 1])
    wide = concept_scores(pooled, wide_of_part[parts], 2, held_out=held_out)
    narrow = concept_scores(pooled, parts, 5, held_out=held_out)
    deepest, *others = find_holes(pooled, wide, narrow, wide_of_part, parts, held_out)
    assert deepest == Hole(0, 0, 0, 1.0, 0.0, 1, 1.0) and deepest.depth == 1
    assert len(others) == 4 and max(h.depth for h in others) <= 0


def test_parts_without_siblings_or_texts_are_left_out():
    parts = torch.tensor([0, 1, 0, 1])
    pooled = torch.tensor([[1.0], [0.0], [1.0], [0.0]])
    held_out = torch.tensor([False, False, True, True])
    wide_of_part = torch.tensor([0, 1, 1])  # part 2 has no texts
    wide = concept_scores(pooled, wide_of_part[parts], 2, held_out=held_out)
    narrow = concept_scores(pooled, parts, 3, held_out=held_out)
    assert find_holes(pooled, wide, narrow, wide_of_part, parts, held_out) == []
