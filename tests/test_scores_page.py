import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from tools.scores import page
from tools.scores.dictionaries import plans


@pytest.mark.slow
def test_every_dictionary_is_scored_and_the_page_says_what_is_kept(tmp_path, monkeypatch):
    kept = page.load()
    assert set(kept) == {plan.name for plan in plans()}
    written = page.PAGE.read_text("utf-8")
    monkeypatch.setattr(page, "PAGE", tmp_path / "scores.md")
    page.write_page()
    assert (tmp_path / "scores.md").read_text("utf-8") == written, "python course.py scores --page"


def test_scores_are_in_their_ranges():
    for name, scores in page.load().items():
        assert all(map(math.isfinite, scores.values())), name
        for share in ("dead_share", "stability", "firing_f1", "probe_1", "probe_5"):
            assert 0 <= scores[share] <= 1, (name, share)
        assert -1 <= scores["matched_cosine"] <= 1 and scores["l0"] <= int(name.split("-")[1])


def test_ranks_with_ties_as_scipy_correlates_them():
    generator = np.random.default_rng(0)
    x, y = generator.integers(5, size=30).astype(float), generator.normal(size=30)
    assert page.spearman(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert math.isnan(page.spearman(np.ones(3), np.arange(3.0)))


def made_up(truth_of):
    scores = [{"fvu": i / 20, "matched_cosine": truth_of(i)} for i in range(20)]
    return scores, [f"world/a-{i // 2}-seed{i % 2}" for i in range(20)]


def test_a_score_that_ranks_right_or_wrong_is_called_so():
    right = page.correlation(*made_up(lambda i: 1 - i / 20), "fvu", "matched_cosine")
    wrong = page.correlation(*made_up(lambda i: i / 20), "fvu", "matched_cosine")
    assert right is not None and wrong is not None
    assert right.value == pytest.approx(1) and str(right).startswith("**+1.00")
    assert wrong.value == pytest.approx(-1) and str(wrong).endswith("*misleads*")
    assert page.correlation(*made_up(lambda i: i), "absorption", "matched_cosine") is None
