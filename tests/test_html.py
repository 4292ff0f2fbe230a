from dataclasses import replace
from html.parser import HTMLParser

import pytest

from course_utils.reading import ConceptHit, Example, Hit, LabelGuess, LatentSummary
from course_utils.views import concept_hit_list, hit_list, latent_card, plain_table, token_strip

EVIL = "<script>alert('&')</script>\""


class Outline(HTMLParser):
    """Tags must be closed in the order they were opened; keeps the tags and the text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def example(token=" sea", quantile=1.0):
    return Example((" the", token, " sang"), (0.0, 3.25, 0.0), peak=1, text=0, quantile=quantile)


def summary(**changes):
    card = LatentSummary(
        latent=17,
        n_tokens=12345,
        firing_rate=0.0042,
        top=(example(),),
        quantiles=(example(" wave", 0.5),),
        histogram=(8, 4, 0, 1),
        strongest=3.25,
        promoted=((" whale", 1.5),),
        suppressed=(("def", -2.0),),
        nearest=((4, 0.75),),
        label=LabelGuess("whales", 0.931),
    )
    return replace(card, **changes)


def test_the_strongest_token_is_the_most_orange():
    html = token_strip(["a", "b", "c"], [0.0, 1.0, 2.0])
    assert [html.count(f"rgba(255,140,0,{alpha})") for alpha in ("0.00", "0.50", "1.00")] == [1, 1, 1]


def test_a_strip_shows_the_tokens_as_they_are():
    assert Outline(token_strip(["The", " sea", "\n"], [0, 1, 2])).text == "The sea↵"


def test_full_orange_has_black_text_in_any_theme():
    faint, full = token_strip(["a", "b"], [0.1, 1.0]).split("</span>")[:2]
    assert "color:#000" in full and "color:#000" not in faint


@pytest.mark.parametrize("strengths", [[0.0, 0.0], [-1.0, -2.0]])
def test_nothing_positive_is_nothing_orange(strengths):
    assert token_strip(["a", "b"], strengths).count("rgba(255,140,0,0.00)") == 2


def test_strips_can_share_a_scale_and_mark_a_token():
    html = token_strip(["a", "b"], [1.0, 2.0], strongest=4.0, marked=0)
    a, b = html.split("</span>")[:2]
    assert "rgba(255,140,0,0.25)" in a and "rgba(255,140,0,0.50)" in b
    assert "underline" in a and "underline" not in b


def test_what_has_no_sign_gets_one():
    assert Outline(token_strip(["a\r\n", "\t\x1f", " é�"], [0, 0, 0])).text == "a↵⇥\\x1f é�"


def test_no_tokens_no_strip():
    assert token_strip([], []) == ""
    with pytest.raises(ValueError, match="2 tokens, but 1 strengths"):
        token_strip(["a", "b"], [1.0])


def test_tokens_are_escaped():
    outline = Outline(token_strip([EVIL], [1.0]))
    assert outline.tags == {"span"} and outline.text == EVIL


def test_a_card_says_what_is_known():
    text = Outline(latent_card(summary())).text
    for said in (
        "Latent 17",
        "fires on 0.42% of 12,345 tokens",
        "whales (ROC area 0.93)",
        "the sea sang",
        "3.25",
        "the wave sang",
        "quantile 0.50",
        "␣whale +1.50",
        "def -2.00",
        "4 (cosine 0.75)",
    ):
        assert said in text


def test_examples_share_the_latents_scale():
    faint = Example((" sea",), (0.325,), peak=0, text=0, quantile=0.1)
    assert "rgba(255,140,0,0.10)" in latent_card(summary(quantiles=(faint,)))


def test_the_histogram_is_made_of_boxes():
    html = latent_card(summary())
    assert [html.count(f"height:{h}%") for h in (100, 50, 0, 12)] == [1, 1, 1, 1]
    assert "svg" not in html and "script" not in html


def test_a_card_without_guess_or_logits():
    text = Outline(latent_card(summary(label=None, promoted=(), suppressed=()))).text
    assert "guess" not in text and "promotes" not in text


def test_a_dead_latents_card():
    card = latent_card(summary(top=(), quantiles=(), histogram=(0,) * 20, firing_rate=0.0, strongest=0.0))
    assert "fires on none of 12,345 tokens" in Outline(card).text


def test_everything_from_data_is_escaped():
    outline = Outline(
        latent_card(
            summary(
                top=(example(EVIL),),
                quantiles=(example(EVIL),),
                promoted=((EVIL, 1.0),),
                suppressed=((EVIL, -1.0),),
                label=LabelGuess(EVIL, 0.9),
            )
        )
    )
    assert outline.tags <= {"div", "span", "b", "br", "code"}
    assert outline.text.count("alert('&')") == 5


# ── lists of latents ────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_fires_on_a_sentence_is_a_table_of_latents():
    hits = [Hit(17, 2.0, 1, (0.0, 3.0)), Hit(4, 1.0, 0, (1.0, 0.0))]
    outline = Outline(hit_list([EVIL, " ship"], hits, [LabelGuess(EVIL, 0.9)] * 18, chosen=1))
    assert outline.tags <= {"table", "thead", "tbody", "tr", "th", "td", "div", "span", "b"}
    assert outline.text.index("latent 17") < outline.text.index("latent 4")
    assert outline.text.count("alert('&')") == 4, "the token and the guess of each latent"
    assert ["font-weight:bold" in hit_list(["a", "b"], hits[:1], chosen=c) for c in (None, 0)] == [
        False,
        True,
    ]
    assert "label guess" not in Outline(hit_list(["a", "b"], hits[:1])).text


def test_what_fires_for_a_concept_tells_the_choosing_area_from_the_judging_one():
    text = Outline(concept_hit_list([ConceptHit(17, 0.98, 0.913)])).text
    assert [word for word in ("latent 17", "0.98", "0.91") if word in text] == ["latent 17", "0.98", "0.91"]


def test_a_plain_table_is_escaped():
    assert Outline(plain_table([EVIL], [[EVIL]])).text.count("alert('&')") == 2


def test_a_blind_card_does_not_tell_what_it_shows():
    text = Outline(latent_card(summary(label=LabelGuess("whales", 0.9)), title="Card 3", blind=True)).text
    assert "Card 3" in text and "Latent" not in text and "whales" not in text and "promotes" not in text
    n_tokens = f"{summary().n_tokens:,}"
    assert n_tokens in Outline(latent_card(summary())).text and n_tokens not in text
