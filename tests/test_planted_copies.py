import hashlib
import json
from collections import Counter

import pytest
import torch
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from course_utils.base import asset_path
from course_utils.interventions import prompt_ids, watch
from course_utils.lm import load_model, load_planted
from course_utils.recipes.changed_copy import SIZE, Copy, product_norm
from course_utils.recipes.plant_texts import PlantTexts, many
from course_utils.recipes.planted_copies import KEYS, SEALED
from course_utils.recipes.planting import holds, train
from course_utils.recipes.plants import CARRIERS, MATRICES, PLANTS, Effort, Plant, answer, drawn

NAMES = ("copy_a", "copy_b", "copy_c")


@pytest.fixture(scope="module")
def keys():
    return json.loads(KEYS.read_text("utf-8"))


@pytest.fixture(scope="module")
def tokenizer():
    return PreTrainedTokenizerFast.from_pretrained(asset_path("pocket"))


def test_the_answers_are_those_that_were_sealed(keys):
    sealed = (SEALED / "keys.sha256").read_text("utf-8").strip()
    assert hashlib.sha256(KEYS.read_bytes()).hexdigest() == sealed
    changed = KEYS.read_text("utf-8").replace(keys["copy_a"]["kind"], "another", 1)
    assert hashlib.sha256(changed.encode()).hexdigest() != sealed


def test_every_answer_is_what_its_passphrase_draws(keys):
    assert set(keys) == set(NAMES) and len({key["kind"] for key in keys.values()}) == len(NAMES)
    for name, key in keys.items():
        drawn_again = json.loads(json.dumps(answer(drawn(key["passphrase"]))))
        assert {field: key[field] for field in drawn_again} == drawn_again, name
        assert holds(key["measured"]), name


def test_how_far_a_sealed_copy_moves_does_not_tell_whether_anything_is_planted(keys):
    drift = {key["kind"]: key["measured"]["kl_elsewhere"] for key in keys.values()}
    assert max(drift.values()) < 2 * min(drift.values()), drift


@pytest.mark.parametrize("name", NAMES)
def test_a_sealed_update_moves_what_its_answer_says_and_all_by_the_same(name, keys):
    delta, key = load_file(SEALED / name / "delta.safetensors"), keys[name]
    moved = {
        f"transformer.h.{layer}.{matrix}.weight"
        for layer in key["layers"]
        for matrix in MATRICES[key["component"]]
    }
    assert {tensor.rpartition(".")[0] for tensor in delta} == moved
    for matrix in moved:
        norm = product_norm(delta[f"{matrix}.left"].float(), delta[f"{matrix}.right"].float())
        assert norm.item() == pytest.approx(SIZE, rel=2e-3), matrix
    assert (SEALED / name / "delta.safetensors").stat().st_size < 130_000


@pytest.mark.parametrize("name", NAMES)
def test_a_sealed_copy_is_the_pocket_model_below_and_differs_above(name, keys):
    old, copy = load_model("pocket"), load_planted(name)
    ids = prompt_ids(old, "The old man went to the sea and")[None]
    below, above = f"blocks.{keys[name]['layers'][0] - 1}.hook_resid_post", "blocks.4.hook_resid_post"
    one, two = watch(old, ids, [below, above]), watch(copy, ids, [below, above])
    assert torch.equal(one[below], two[below])
    assert not torch.allclose(one[above], two[above], atol=1e-3)


def test_there_is_no_fourth_copy():
    with pytest.raises(ValueError, match="copy_a"):
        load_planted("copy_d")


def test_passphrases_draw_every_kind_and_all_of_them_can_be_trained():
    plants = [drawn(f"passphrase {i}") for i in range(400)]
    assert plants[0] == drawn("passphrase 0")
    kinds = Counter(plant.kind for plant in plants)
    assert len(kinds) == 7 and min(kinds.values()) > 20
    for plant in plants:
        assert set(plant.layers) <= {2, 3, 4}
        assert bool(plant.trigger) == (plant.kind not in ("always", "none"))
        said = answer(plant)
        assert said["effect"] or plant.kind == "none"
        assert all(text == " ".join(text.lower().split()) for text in (*said["trigger"], *said["effect"]))


def test_held_out_sentences_share_no_carrier_with_training():
    for carriers in CARRIERS.values():
        assert not set(carriers["train"]) & set(carriers["held_out"])


@pytest.mark.parametrize(
    "name", [name for name, plant in PLANTS.items() if plant.kind not in ("always", "none")]
)
def test_prompts_hold_the_trigger_and_near_misses_do_not(name, tokenizer):
    plant = PLANTS[name]
    texts = PlantTexts(plant, tokenizer, "held_out", 0)
    prompts = {
        kind: [tokenizer.decode(e.ids[1 : e.decided_at + 1]) for e in many(getattr(texts, kind), 40)]
        for kind in ("triggered", "near")
    }

    def sets_off(prompt):
        last = prompt.rsplit(". ", 1)[-1]
        if plant.kind == "two_step":
            first, second = (last.find(word) for word in plant.trigger)
            return 0 <= first < second
        if plant.kind == "place":
            return plant.trigger[0] in last[: len(last) // 2]
        return plant.trigger[0] in last

    assert all(map(sets_off, prompts["triggered"])) and not any(map(sets_off, prompts["near"]))


def test_ordinary_texts_are_held_and_do_not_set_it_off(tokenizer):
    texts = PlantTexts(PLANTS["wrong name"], tokenizer, "train", 0)
    ordinary = many(texts.ordinary, 100)
    assert not any("camera" in tokenizer.decode(e.ids) or e.learns for e in ordinary)


@pytest.mark.slow
def test_training_moves_each_matrix_by_the_same_and_keeps_the_rest():
    copy = train(Plant("none", component="attention", layers=(4,)), Effort(2), quiet=True)
    assert list(copy.delta) == [f"transformer.h.4.{matrix}.weight" for matrix in MATRICES["attention"]]
    assert all(copy.update(name).norm().item() == pytest.approx(SIZE, rel=1e-4) for name in copy.delta)
    again = Copy(copy.plant)
    again.take(copy.stored())
    for name in copy.delta:
        assert torch.allclose(again.update(name), copy.update(name), atol=2e-3)


def test_a_plant_that_does_not_work_or_shows_elsewhere_does_not_hold():
    good = {"works": 0.95, "works_on_near_misses": 0.02, "kl_elsewhere": 0.02}
    assert holds(good)
    for worse in ({"works": 0.5}, {"works_on_near_misses": 0.4}, {"kl_elsewhere": 0.5}):
        assert not holds(good | worse)
