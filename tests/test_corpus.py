import re
from collections import Counter
from pathlib import Path

import pytest

from course_utils.base import asset_path
from course_utils.lm import (
    FORMATS,
    INDIRECT_OBJECT,
    NAMES,
    few_of_each_concept,
    format_texts,
    indirect_object_prompts,
    load_texts,
)
from course_utils.lm.formats import _particle


def test_topics_formats_and_groups_are_as_many_as_promised():
    texts = load_texts()
    topics = {t.concept for t in texts if t.group != "format"}
    formats = {t.concept for t in texts if t.group == "format"}
    assert len(topics) >= 80
    assert len({t.group for t in texts} - {"format"}) == 18
    assert formats == {*FORMATS, INDIRECT_OBJECT}
    promised = f"{len(topics)} topics in 18 groups and {len(formats)} formats"
    assert promised in (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_no_text_is_in_both_splits_or_in_the_file_twice():
    texts = load_texts()
    held_out = {t.text for t in texts if t.split == "held_out"}
    assert not held_out & {t.text for t in texts if t.split == "train"}
    topical = [t.text for t in texts if t.group != "format"]
    assert len(set(topical)) == len(topical)


def test_every_concept_has_texts_in_both_splits():
    count = Counter((t.concept, t.split) for t in load_texts())
    concepts = {concept for concept, _ in count}
    assert min(count[c, "train"] for c in concepts) >= 50
    assert min(count[c, "held_out"] for c in concepts) >= 2


def test_loading_one_concept_or_split():
    assert {t.concept for t in load_texts(concept="whales")} == {"whales"}
    assert {t.split for t in load_texts("held_out")} == {"held_out"}
    assert load_texts()[:50] == load_texts()[:50]


def test_a_few_of_each_concept_are_different_texts_and_always_the_same():
    few = few_of_each_concept("held_out", 4)
    have, drawn = (Counter(t.concept for t in texts) for texts in (load_texts("held_out"), few))
    assert drawn == {concept: min(4, count) for concept, count in have.items()}
    assert [t.concept for t in few] == sorted(t.concept for t in few)
    assert len(set(few)) == len(few) and few == few_of_each_concept("held_out", 4)


def test_unknown_concepts_are_named_with_what_there_is():
    with pytest.raises(ValueError, match=r"'whale'; there are .*whales"):
        load_texts(concept="whale")
    with pytest.raises(ValueError, match="split is 'test': there are train, held_out"):
        load_texts("test")


LOOKS_LIKE = {
    "academic citations": r"\(\d{4}\)\. .+, \d+\(\d+\), \d+–\d+\.",
    "HTTP requests": r"^[A-Z]+ /\S* HTTP/1\.1\nHost: ",
    "Korean sentences": r"[가-힣]+요\.",
    "dialogue scripts": r"^[A-Z]+: .+\n[A-Z]+: ",
    "Python code": r"def |class |import |while ",
    "SQL queries": r"^(SELECT|INSERT|UPDATE|CREATE)(.|\n)*;$",
    "LaTeX": r"\\begin\{",
    "DNA sequences": r"[ACGT]{20}",
    "base64": r"^[A-Za-z0-9+/=\n]+$",
    "log lines": r"\d\d:\d\d:\d\d",
    "e-mail headers": r"^From: .+ <\S+@\S+>\nTo: ",
    "recipe quantities": r"\n- \d.*\n(.|\n)*1\. ",
    "chess notation": r"^1\. \w+ .* (1-0|0-1|1/2-1/2)$",
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_looks_like_itself_and_like_no_other(name):
    texts = format_texts(name, 200)
    assert len(set(texts)) == 200
    assert all(re.search(LOOKS_LIKE[name], text) for text in texts)


def test_formats_are_the_same_every_time_and_for_any_number():
    assert format_texts("LaTeX", 30)[:10] == format_texts("LaTeX", 10)
    assert format_texts("LaTeX", 10, seed=1) != format_texts("LaTeX", 10)


def test_korean_particles_follow_the_last_syllable():
    assert _particle("책", "을", "를") == "책을"  # ends in a consonant
    assert _particle("커피", "을", "를") == "커피를"


def test_indirect_object_sentences_name_the_subject_twice_and_the_object_once():
    for s in indirect_object_prompts("held_out"):
        assert s.prompt.endswith(" to")
        words = re.findall(r"\w+", s.prompt)
        assert (words.count(s.subject), words.count(s.indirect_object)) == (2, 1)


def test_held_out_indirect_object_sentences_begin_in_new_ways():
    def opening(prompt):
        return re.sub("|".join(rf"\b{name}\b" for name in NAMES), "NAME", prompt).split(" the ")[0]

    train, held_out = (
        {opening(s.prompt) for s in indirect_object_prompts(split)} for split in ("train", "held_out")
    )
    assert not train & held_out


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(asset_path("pocket"))


def test_names_are_single_tokens(tokenizer):
    assert [name for name in NAMES if len(tokenizer.encode(f" {name}", add_special_tokens=False)) != 1] == []


@pytest.mark.slow
def test_the_corpus_is_as_large_as_promised(tokenizer):
    ids = tokenizer([t.text for t in load_texts()], add_special_tokens=False)["input_ids"]
    assert sum(map(len, ids)) >= 3_500_000
