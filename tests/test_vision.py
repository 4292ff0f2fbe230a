import torch

from course_utils.worlds import (
    PICTURE_CONCEPTS,
    VisionNetwork,
    accuracy_by_concept,
    ascend,
    draw_pictures,
    fit_vision,
    most_exciting,
    trace_layers,
)


def test_the_matrices_are_the_network():
    network, pixels = VisionNetwork(5, seed=1), draw_pictures(2, seed=0).pixels
    run = trace_layers(network.as_matrices(), pixels.flatten(start_dim=1))
    seen = network.see(pixels)
    assert torch.allclose(run.inputs[-1], seen.units, atol=1e-5)
    assert torch.allclose(run.logits, seen.logits, atol=1e-5)


def test_an_empty_picture_says_nothing():
    assert VisionNetwork(4)(torch.zeros(2, 1, 28, 28)).abs().max() == 0


def test_a_silenced_unit_is_zero_and_the_others_stay():
    network, pixels = VisionNetwork(4), draw_pictures(1, seed=0).pixels
    whole, cut = network.see(pixels).units, network.see(pixels, silenced=[2]).units
    assert cut[:, 2].abs().max() == 0 and whole[:, 2].abs().max() > 0
    assert torch.equal(cut[:, [0, 1, 3]], whole[:, [0, 1, 3]])


def test_it_learns_and_repeats():
    pictures = draw_pictures(20, seed=0)
    networks = [VisionNetwork(12, seed=0), VisionNetwork(12, seed=0)]
    losses = [fit_vision(network, pictures, epochs=8) for network in networks]
    assert losses[0] == losses[1] and losses[0][-1] < 0.7 * losses[0][0]


def test_rent_makes_units_quieter():
    pictures = draw_pictures(20, seed=0)
    free, paying = VisionNetwork(12), VisionNetwork(12)
    fit_vision(free, pictures, epochs=4)
    fit_vision(paying, pictures, epochs=4, unit_cost=0.05)
    with torch.no_grad():
        assert paying.see(pictures.pixels).units.sum() < free.see(pictures.pixels).units.sum()


def test_accuracy_is_counted_by_concept():
    pictures, network = draw_pictures(3, seed=0), VisionNetwork(4)
    with torch.no_grad():
        right = network(pictures.pixels).argmax(dim=1) == pictures.concept_ids
    assert torch.allclose(
        accuracy_by_concept(network, pictures), right.float().view(len(PICTURE_CONCEPTS), 3).mean(dim=1)
    )


def test_a_step_uphill():
    picture, gradient = torch.tensor([0.5, 0.5]), torch.tensor([3.0, -4.0])
    assert torch.allclose(ascend(picture, gradient, 0.5), torch.tensor([0.8, 0.1]))
    assert ascend(picture, gradient, 10.0).tolist() == [1.0, 0.0]
    assert ascend(picture, torch.zeros(2), 1.0).tolist() == [0.5, 0.5]


def test_the_most_exciting_picture_excites_more_than_the_start():
    network = VisionNetwork(4)
    start = 0.3 * torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))
    found = most_exciting(network, 1, start, steps=10)
    with torch.no_grad():
        before, after = network.see(torch.stack([start, found])).units[:, 1]
    assert after > before and found.min() >= 0 and found.max() <= 1
