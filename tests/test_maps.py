"""A patching map against one patch at a time."""

import pytest
import torch

from course_utils.interventions import PATCHABLE_PARTS, patch, patching_map, prompt_ids, watch
from course_utils.lm import load_model


@pytest.fixture(scope="module")
def model():
    return load_model("pocket")


def ids_of(model, text):
    return prompt_ids(model, text)[None]


def score(logits):
    return logits[..., -1, 11] - logits[..., -1, 7]


def test_a_cell_is_the_share_of_the_way_that_its_patch_goes(model):
    clean, corrupted = ids_of(model, "Tom gave Anna a"), ids_of(model, "Anna gave Tom a")
    found = patching_map(model, clean, corrupted, "MLP output", score)
    name, where = "blocks.1.hook_mlp_out", 2
    source = watch(model, clean, [name])[name]
    patched = score(patch(model, corrupted, name, source, (slice(None), where))).item()
    expected = (patched - found.corrupted) / (found.clean - found.corrupted)
    assert found.brought_back.shape == (model.cfg.n_layers, clean.shape[1])
    assert found.brought_back[1, where].item() == pytest.approx(expected, abs=1e-3)


def test_the_whole_first_residual_stream_brings_all_back(model):
    clean, corrupted = ids_of(model, "Tom"), ids_of(model, "Anna")
    found = patching_map(model, clean, corrupted, "residual stream", score)
    torch.testing.assert_close(found.brought_back[:, -1], torch.ones(model.cfg.n_layers), atol=1e-3, rtol=0)


def test_heads_have_a_column_each(model):
    found = patching_map(model, ids_of(model, "Tom"), ids_of(model, "Anna"), "heads", score)
    assert found.brought_back.shape == (model.cfg.n_layers, model.cfg.n_heads)


def test_what_does_not_line_up_or_exist_is_a_sentence(model):
    one, two = ids_of(model, "Tom"), ids_of(model, "Tom gave")
    with pytest.raises(ValueError, match="so pos is 3, but it is 2 in clean_ids"):
        patching_map(model, one, two, "heads", score)
    with pytest.raises(ValueError, match="not one of residual stream"):
        patching_map(model, one, one, "limbs", score)
    assert list(PATCHABLE_PARTS)[-1] == "heads"
