import pytest
import torch
from pipeline_model import TEXTS, tiny_model
from sklearn.decomposition import PCA

from course_utils.lm import collect_activations
from course_utils.reading import dictionary_fvu, pca_fvu, random_dictionary_fvu, shuffled_weights

HOOK = "blocks.1.hook_resid_post"


def test_one_direction_explains_what_lies_on_a_line():
    line = torch.tensor([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    assert pca_fvu(line, line, [1]) == pytest.approx([0], abs=1e-6)


def test_pca_is_that_of_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, 6, generator=generator) @ torch.randn(6, 6, generator=generator) + 3
    pca = PCA(2).fit(x[:150].numpy())
    theirs = torch.from_numpy(pca.inverse_transform(pca.transform(x[150:].numpy())))
    missed = (x[150:] - theirs).pow(2).sum() / (x[150:] - x[150:].mean(dim=0)).pow(2).sum()
    assert pca_fvu(x[:150], x[150:], [2]) == pytest.approx([missed.item()], rel=1e-4)
    assert pca_fvu(x[:150], x[150:], [6]) == pytest.approx([0], abs=1e-5)


def test_there_are_not_more_directions_than_axes():
    with pytest.raises(ValueError, match="3 principal directions"):
        pca_fvu(torch.randn(9, 3), torch.randn(9, 3), [4])


def test_a_dictionary_that_holds_the_parts_explains_their_sums():
    directions = torch.eye(4) * 3  # of any length
    x = torch.tensor([[1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 0.0, 5.0], [0.0, 0.0, 1.0, 1.0]])
    assert dictionary_fvu(x, directions, 2, torch.zeros(4)) == pytest.approx(0, abs=1e-6)
    assert dictionary_fvu(x, directions, 1, torch.zeros(4)) > 0.05


def test_the_centre_is_taken_away_and_given_back():
    x = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
    centre = torch.tensor([4.0, -1.0, 2.0])
    assert dictionary_fvu(x + centre, torch.eye(3), 1, centre) == pytest.approx(0, abs=1e-6)


def test_more_random_directions_to_choose_from_explain_more():
    x = torch.randn(60, 12, generator=torch.Generator().manual_seed(0))
    few, many = (random_dictionary_fvu(x, n, 3, torch.zeros(12)) for n in (6, 200))
    assert many < few < 1


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_a_shuffled_model_is_another_one_and_comes_back(architecture):
    model = tiny_model(architecture)
    before = {name: p.detach().clone() for name, p in model.original_model.named_parameters()}
    harvest = collect_activations(model, TEXTS, HOOK).values
    with shuffled_weights(model, seed=0):
        for name, p in model.original_model.named_parameters():
            # GPT-2's q, k and v share one matrix, shuffled as one
            if p.untyped_storage().nbytes() == p.nbytes:
                assert torch.equal(p.flatten().sort().values, before[name].flatten().sort().values)
        elsewhere = collect_activations(model, TEXTS, HOOK).values
    assert not torch.allclose(elsewhere, harvest, atol=0.1)
    assert torch.equal(collect_activations(model, TEXTS, HOOK).values, harvest)


def test_a_shuffled_model_comes_back_after_an_error():
    model = tiny_model()
    harvest = collect_activations(model, TEXTS, HOOK).values
    with pytest.raises(KeyError), shuffled_weights(model):
        raise KeyError
    assert torch.equal(collect_activations(model, TEXTS, HOOK).values, harvest)


def test_the_seed_decides_the_order():
    model, harvests = tiny_model(), []
    for seed in (0, 0, 1):
        with shuffled_weights(model, seed=seed):
            harvests.append(collect_activations(model, TEXTS, HOOK).values)
    assert torch.equal(harvests[0], harvests[1]) and not torch.equal(harvests[0], harvests[2])
