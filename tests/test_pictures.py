import pytest
import torch

from course_utils.worlds import PICTURE_CONCEPTS, draw_picture, draw_pictures
from course_utils.worlds.pictures import DRAWINGS, _distance_to_lines


def test_distance_to_one_line():
    line = torch.tensor([[[-0.5, -0.5]]]), torch.tensor([[[0.5, -0.5]]])  # along the upper row's middles
    distance = _distance_to_lines(*line, side=2).view(2, 2)
    assert distance.tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_a_line_of_no_length_is_a_dot():
    dot = torch.zeros(1, 1, 2)
    assert torch.allclose(_distance_to_lines(dot, dot, side=2), torch.full((1, 4), 0.5**0.5))


def test_distance_matches_many_points_on_the_lines():
    start, stop = torch.rand(2, 1, 3, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    points = torch.cat([start + (stop - start) * t for t in torch.linspace(0, 1, 500)], dim=1)[0]
    middles = torch.tensor([(x, y) for y in (-0.75, -0.25, 0.25, 0.75) for x in (-0.75, -0.25, 0.25, 0.75)])
    assert torch.allclose(
        _distance_to_lines(start, stop, side=4)[0], torch.cdist(middles, points).amin(dim=1), atol=0.005
    )


@pytest.mark.parametrize("concept", PICTURE_CONCEPTS)
def test_pictures_hold_ink_vary_and_repeat(concept):
    pictures = draw_picture(concept, 5, seed=0)
    assert pictures.shape == (5, 1, 28, 28) and pictures.min() == 0 and pictures.max() == 1
    assert (pictures.mean(dim=(1, 2, 3)) > 0.03).all() and (pictures.mean(dim=(1, 2, 3)) < 0.5).all()
    assert (pictures[0] - pictures[1]).abs().max() > 0.5
    assert torch.equal(draw_picture(concept, 5, seed=0), pictures)
    assert not torch.equal(draw_picture(concept, 5, seed=1), pictures)


def test_nothing_leaves_the_square():
    points = torch.tensor([point for lines in DRAWINGS.values() for line in lines for point in line])
    assert points.abs().max() <= 1


def test_concepts_follow_one_another():
    pictures = draw_pictures(3, seed=0)
    assert pictures.concept_ids.tolist() == [c for c in range(len(PICTURE_CONCEPTS)) for _ in range(3)]
    assert torch.equal(pictures.pixels[3:6], draw_picture(PICTURE_CONCEPTS[1], 3, seed=0))


def test_an_unknown_concept_is_told_what_there_is():
    with pytest.raises(ValueError, match="no drawing of 'dog'; there are cat face"):
        draw_picture("dog", 1, seed=0)
