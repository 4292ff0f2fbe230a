from typing import NamedTuple

import pytest
import torch
from pipeline_model import END_OF_TEXT, N_CTX, TEXTS, tiny_model

from course_utils.lm import check_hook_name, tokenize


class Labelled(NamedTuple):
    text: str
    concept: str


def test_tokens_are_the_models_own():
    tokens = tokenize(tiny_model(), TEXTS)
    assert torch.equal(tokens.ids, tiny_model().to_tokens(TEXTS, padding_side="right"))


def test_lengths_leave_padding_out():
    tokens = tokenize(tiny_model(), TEXTS)
    assert [len(tokens.strings(i)) for i in range(len(TEXTS))] == tokens.lengths.tolist()
    assert tokens.is_real.sum(dim=1).tolist() == tokens.lengths.tolist()


def test_strings_put_together_are_the_text():
    tokens = tokenize(tiny_model(), TEXTS)
    for i, text in enumerate(TEXTS):
        assert "".join(tokens.strings(i)) == END_OF_TEXT + text


def test_a_text_that_holds_the_padding_token_keeps_it():
    assert tokenize(tiny_model(), ["No." + END_OF_TEXT, TEXTS[1]]).strings(0)[-1] == END_OF_TEXT


@pytest.mark.parametrize("lone", ["No.", Labelled("No.", "words")])
def test_a_lone_text_is_one_text(lone):
    assert len(tokenize(tiny_model(), lone)) == 1


def test_labelled_texts_are_read():
    labelled = [Labelled(text, "words") for text in TEXTS]
    assert torch.equal(tokenize(tiny_model(), labelled).ids, tokenize(tiny_model(), TEXTS).ids)


def test_long_texts_are_cut_at_the_context_and_at_the_limit():
    long = ["sea " * 500, "No."]
    assert tokenize(tiny_model(), long).lengths[0] == N_CTX
    cut = tokenize(tiny_model(), long, max_tokens_per_text=3)
    assert cut.lengths[0] == 3 and cut.ids.shape == (2, 3)
    again = tokenize(tiny_model(), tokenize(tiny_model(), long), max_tokens_per_text=3)
    assert torch.equal(again.ids, cut.ids) and torch.equal(again.lengths, cut.lengths)


def test_batches_hold_every_text_once_with_little_padding():
    tokens = tokenize(tiny_model(), TEXTS)
    seen = []
    for texts, batch in tokens.batches(batch_size=4):
        assert batch.ids.shape[1] == batch.lengths.max()
        assert [batch.strings(i) for i in range(len(batch))] == [tokens.strings(t) for t in texts.tolist()]
        seen += texts.tolist()
    assert sorted(seen) == list(range(len(TEXTS)))


def test_what_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="no texts"):
        tokenize(tiny_model(), [])
    with pytest.raises(ValueError, match="needs 2, BOS and one token"):
        tokenize(tiny_model(), TEXTS, max_tokens_per_text=1)


def test_a_misspelt_hook_name_brings_up_the_nearest():
    check_hook_name(tiny_model(), "blocks.1.hook_resid_post")
    with pytest.raises(ValueError, match=r"did you mean .*blocks\.1\.hook_resid_post"):
        check_hook_name(tiny_model(), "blocks.1.resid_post")
