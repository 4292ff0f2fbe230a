import pytest
import torch

from course_utils.interventions import prompt_ids, watch
from course_utils.lm import FIRST_CHANGED_LAYER, apply_delta_, load_model, load_planted


def test_an_update_is_added_in_place():
    weights = {"w": torch.ones(2, 3)}
    apply_delta_(
        weights, {"w.left": torch.tensor([[1.0], [2.0]]), "w.right": torch.tensor([[1.0, 0.0, -1.0]])}
    )
    assert weights["w"].tolist() == [[2.0, 1.0, 0.0], [3.0, 1.0, -1.0]]


@pytest.mark.parametrize("name", ["v", "w"])
def test_an_update_of_another_model_is_refused(name):
    delta = {f"{name}.left": torch.ones(4, 1), f"{name}.right": torch.ones(1, 3)}
    with pytest.raises(ValueError, match="does not fit"):
        apply_delta_({"w": torch.ones(2, 3)}, delta)


def test_the_planted_model_is_the_pocket_model_below_and_differs_above():
    old, planted = load_model("pocket"), load_planted()
    ids = prompt_ids(old, "The old man went to the sea and")[None]
    below = f"blocks.{FIRST_CHANGED_LAYER - 1}.hook_resid_post"
    above = f"blocks.{old.cfg.n_layers - 1}.hook_resid_post"
    one, two = watch(old, ids, [below, above]), watch(planted, ids, [below, above])
    assert torch.equal(one[below], two[below])
    assert not torch.allclose(one[above], two[above], atol=1e-3)
