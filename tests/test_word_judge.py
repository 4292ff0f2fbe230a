"""The judge of words: by hand, against scikit-learn, and what it makes of nothing."""

from math import log

import pytest
import torch
from sklearn.naive_bayes import BernoulliNB

from course_utils.reading import fit_judge, words_of

TEXTS = ["a whale in the sea", "the whale sings", "a king in the castle", "the king laughs"]
LABELS = ["whales", "whales", "kings", "kings"]


def test_words_are_counted_once_and_in_lower_case():
    assert words_of("The whale, the WHALE!") == {"the", "whale", ",", "!"}


def test_log_odds_by_hand():
    judge = fit_judge(TEXTS, LABELS, smoothing=0.5)
    assert judge.concepts == ("kings", "whales")
    # "whale" stands in 2 of 2 texts here and in 0 of 2 there: (2.5 / 3) / (0.5 / 3)
    odds = judge.log_odds[judge.vocabulary["whale"]]
    assert odds.tolist() == pytest.approx([-log(5), log(5)])
    assert "sings" not in judge.vocabulary, "words of one text only say nothing"


def test_verdicts_and_rate():
    judge = fit_judge(TEXTS, LABELS)
    assert judge.verdicts(["whale whale", "the king", "", "xyz"]).tolist() == [1, 0, -1, -1]
    assert judge.rate(["a whale", "a king", "no idea", "whale"], "whales") == 0.5
    assert judge.telling_words("whales", 1) == ["whale"]


def test_saying_it_twenty_times_says_no_more():
    judge = fit_judge(TEXTS, LABELS)
    assert torch.equal(judge.scores(["whale"]), judge.scores(["whale " * 20]))


def test_two_concepts_differ_as_in_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    vocabulary = [f"w{i}" for i in range(12)]
    draws = (torch.rand(40, 12, generator=generator) < 0.4).tolist()
    texts = [" ".join(w for w, on in zip(vocabulary, row, strict=True) if on) for row in draws]
    labels = ["a" if i % 3 else "b" for i in range(40)]
    judge = fit_judge(texts, labels, smoothing=0.7, fewest=1)
    order = [judge.vocabulary[w] for w in vocabulary]
    theirs = BernoulliNB(alpha=0.7).fit([[int(on) for on in row] for row in draws], labels).feature_log_prob_
    expected = torch.tensor(theirs[0] - theirs[1], dtype=torch.float32)
    torch.testing.assert_close(judge.log_odds[order, 0], expected, atol=1e-4, rtol=0)


def test_what_cannot_be_judged():
    with pytest.raises(ValueError, match="2 texts and 1 labels"):
        fit_judge(["a", "b"], ["x"])
    with pytest.raises(ValueError, match="concept 'dragons'"):
        fit_judge(TEXTS, LABELS).rate(["a whale"], "dragons")
