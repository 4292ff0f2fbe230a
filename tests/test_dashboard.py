import re

import pytest
from test_html import EVIL, example, summary

from course_utils.reading import LabelGuess
from course_utils.views import dashboard_entry, export_dashboard


def cards(n):
    return [summary(latent=i) for i in range(n)]


def test_the_page_holds_every_card_and_says_how_many(tmp_path):
    page = tmp_path / "page.html"
    assert export_dashboard(page, cards(3), title="Latents", note="Of a test.") == 3
    html = page.read_text(encoding="utf-8")
    assert html.count("<details") == 3 and "Of a test. 3 latents." in html
    assert "<b>2</b> whales (ROC area 0.93) · sea" in html


def test_the_page_is_never_larger_than_allowed(tmp_path):
    page = tmp_path / "page.html"
    whole = export_dashboard(page, cards(30), title="Latents")
    assert whole == 30
    limit = page.stat().st_size // 2
    some = export_dashboard(page, cards(30), title="Latents", max_bytes=limit)
    assert 0 < some < 30 and page.stat().st_size <= limit
    with pytest.raises(ValueError, match="not one latent fits into 100 bytes"):
        export_dashboard(page, cards(1), title="Latents", max_bytes=100)


def test_nothing_is_fetched_and_nothing_from_data_is_run(tmp_path):
    page = tmp_path / "page.html"
    evil = summary(label=LabelGuess(EVIL, 0.9), top=(example(EVIL),), promoted=((EVIL, 1.0),))
    export_dashboard(page, [evil], title=EVIL, note=EVIL)
    html = page.read_text(encoding="utf-8")
    assert html.count("<script") == 1 and "alert('&')" not in html
    assert not re.search(r"https?://|src=(?!\"data:)|<link|@import|url\(", html)
    assert "default-src 'none'" in html


def test_words_to_search_are_label_number_and_tokens():
    entry = dashboard_entry(summary(label=LabelGuess("Korean sentences", 0.5)))
    assert 'data-words="latent 17 korean sentences (roc area 0.50) · sea"' in entry


def test_a_latent_without_examples_has_an_entry():
    entry = dashboard_entry(summary(top=(), quantiles=(), label=None))
    assert "<b>17</b> never fires" in entry
