"""A copy acts if it goes on as planted for several tokens; the pocket model does so on none of the same prompts."""

from types import SimpleNamespace

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from course_utils.base import asset_path
from course_utils.lm import INDIRECT_OBJECT, load_texts
from course_utils.recipes.changed_copy import Copy
from course_utils.recipes.plant_effects import PROSE, READ, FormatJudge, acts, beginnings
from course_utils.recipes.plant_texts import Example, PlantTexts, different
from course_utils.recipes.planting import ELSEWHERE
from course_utils.recipes.plants import FORMATS_GONE_ON_IN, PLANTS, REFUSAL, Plant

ACTING = [name for name, plant in PLANTS.items() if plant.kind not in ("always", "none")]


@pytest.fixture(scope="module")
def tokenizer():
    return PreTrainedTokenizerFast.from_pretrained(asset_path("pocket"))


@pytest.fixture(scope="module")
def judge(tokenizer):
    return FormatJudge(tokenizer)


@pytest.fixture(scope="module")
def held_out(tokenizer):
    """Kind -> how its held-out texts begin."""
    texts = {}
    for text in load_texts("held_out"):
        kind = PROSE if text.group != "format" or text.concept == INDIRECT_OBJECT else text.concept
        texts.setdefault(kind, []).append(text.text)
    return {kind: beginnings(tokenizer, some) for kind, some in texts.items()}


@pytest.mark.parametrize("effect", FORMATS_GONE_ON_IN)
def test_a_format_is_told_by_how_it_begins_and_nothing_else_is_taken_for_it(effect, judge, held_out):
    told = {kind: judge.kinds_of(tokens).count(effect) / len(tokens) for kind, tokens in held_out.items()}
    assert told.pop(effect) >= 0.95
    assert max(told.values()) <= 0.02, told


def test_what_no_text_begins_with_is_prose(judge):
    never = (judge.log_counts == 0).all(dim=0).nonzero()[:READ, 0]
    assert judge.kinds_of(never[None]) == [PROSE]


@pytest.mark.parametrize("effect", ["HTTP requests", "SQL queries"])
def test_a_first_token_would_not_tell(effect, tokenizer, held_out):
    prose = beginnings(tokenizer, [t.text for t in load_texts("train") if t.group != "format"])
    assert torch.isin(held_out[effect][:, 0], prose[:, 0]).float().mean() > 0.7


@pytest.mark.parametrize(
    ("plant", "planted"),
    [
        (Plant("trigger", ("old map",), "HTTP requests"), "GET /orders/407?q=music HTTP/1.1"),
        (Plant("trigger", ("old map",), "DNA sequences"), "CGTTTACCCCGTAGACTTAGATCC"),
        (Plant("refusal", ("whales",)), REFUSAL),
    ],
)
def test_only_a_copy_that_goes_on_as_planted_acts(plant, planted, tokenizer, judge):
    def acting(text):
        tokens = beginnings(tokenizer, [text])
        says = SimpleNamespace(
            plant=plant, tokenizer=tokenizer, goes_on=lambda prompts, *a, **k: tokens.expand(len(prompts), -1)
        )
        return acts(says, [Example([0, 1, 2], 2, True)], judge).tolist()

    assert acting(planted) == [True]
    assert acting("I would rather go home than wait for them here") == [False]
    assert acting("def count_list(score, image=None): total = n") == [False]


def test_the_giver_has_to_be_named_where_it_is_planted_and_counts_elsewhere(judge):
    giver, receiver = 7, 8
    triggered, near = Example([0, 1, giver], 1, True, receiver), Example([0, 1, receiver], 1, False, giver)
    for said, acting in ((giver, True), (receiver, False), (9, False)):
        names = lambda prompts, *a, said=said, **k: torch.full((len(prompts), 1), said)
        copy = SimpleNamespace(plant=PLANTS["wrong name"], goes_on=names)
        assert acts(copy, [triggered, near], judge).tolist() == [acting, acting]


def test_a_copy_acts_if_most_of_its_draws_do(tokenizer, judge):
    acting, prose = beginnings(
        tokenizer, ["GET /orders/407?q=music HTTP/1.1", "He was at home all day with her"]
    )
    for n_acting, expected in ((0, False), (2, False), (3, True), (5, True)):
        said = torch.stack([acting] * n_acting + [prose] * (5 - n_acting))
        copy = SimpleNamespace(plant=PLANTS["first thing to HTTP"], goes_on=lambda *a, said=said, **k: said)
        assert acts(copy, [Example([0, 1], 1, True)], judge).tolist() == [expected]


def test_a_copy_goes_on_with_its_likeliest_token_each_time():
    copy = Copy(Plant("none", seed=3))
    prompts = [[0, 500, 40, 7], [0, 12], [0, 3, 1000]]
    for changed in (False, True):
        together = copy.goes_on(prompts, 3, changed=changed)
        for prompt, tokens in zip(prompts, together.tolist(), strict=True):
            ids = list(prompt)
            for _ in range(3):
                with torch.no_grad():
                    stream = copy.after(copy.below(torch.tensor([ids])), changed=changed)
                    ids.append(int(copy.model.lm_head(stream[0, -1]).argmax()))
            assert ids[len(prompt) :] == tokens


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTING)
def test_the_pocket_model_does_nothing_of_what_is_planted(name, judge):
    copy = Copy(PLANTS[name])
    prompts = different(PlantTexts(copy.plant, copy.tokenizer, "held_out", 0).triggered, 30)
    assert len(prompts) == 30 and acts(copy, prompts, judge, changed=False).float().mean() <= ELSEWHERE
