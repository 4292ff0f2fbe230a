"""Views as HTML strings: no script, no outside file, everything that comes from data escaped.

Colours lie over whatever background the page has, so that the same view reads in a light and in a dark theme. Orange
and blue can be told apart with any kind of colour vision, and no colour says anything that a number does not.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from markupsafe import Markup

from course_utils.base import BLUE_RGB, FRAME, ORANGE_RGB, no_formulas, render_template, shown_width
from course_utils.reading import ConceptHit, Example, Hit, LabelGuess, LatentSummary

FAINT = "opacity:.7;font-size:90%"


def picture(png: bytes, alt: str) -> str:
    """A figure inside the page; ``alt`` says what it shows to a reader who cannot see it. Returns HTML.

    Examples:
        >>> html = picture(b"the bytes of a PNG", alt="The loss falls & falls.")
        >>> html.startswith('<img src="data:image/png;base64,'), 'alt="The loss falls &amp; falls."' in html
        (True, True)

    Args:
        png: the bytes of a PNG file, as `figure_png` gives them.
        alt: a sentence, escaped here.

    Raises:
        ValueError: if ``alt`` is empty.
    """
    if not alt.strip():
        raise ValueError("a picture needs a sentence for readers who cannot see it: alt is empty")
    data = b64encode(png).decode()
    sharp = png.startswith(b"\x89PNG") and len(png) > 24
    width = f' width="{shown_width(png)}"' if sharp else ""
    style = "max-width:100%;height:auto;background:#fff"
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}"{width} style="{style}">'


@no_formulas
def audio(wav: bytes, alt: str, *, playing_at: float | None = None) -> str:
    """A sound with controls to play it; ``alt`` says what can be heard to a reader who cannot play it. Returns HTML.

    Examples:
        >>> import torch
        >>> from course_utils.worlds import wav_bytes
        >>> html = audio(wav_bytes(torch.zeros(800)), alt="A tenth of a second of silence.")
        >>> len(html) < 3000, "<figcaption>A tenth of a second of silence.</figcaption>" in html
        (True, True)

    Args:
        wav: the bytes of a WAV file, as `wav_bytes` gives them.
        alt: a sentence, escaped here; it also stands above the controls.
        playing_at: seconds from which it plays on its own, over and over; None waits to be asked.

    Raises:
        ValueError: if ``alt`` is empty, or the page would grow by more than 300 kB.
    """
    if not alt.strip():
        raise ValueError("a sound needs a sentence for readers who cannot play it: alt is empty")
    data = b64encode(wav).decode()
    if len(data) > 300_000:
        raise ValueError(
            f"{len(data) // 1000} kB of sound; keep it below 300: shorter, or fewer samples a second"
        )
    plays = 'preload="none"' if playing_at is None else "autoplay loop"
    since = "" if playing_at is None else f"#t={playing_at:.2f}"
    return (
        f'<figure style="margin:.3em 0"><figcaption>{escape(alt)}</figcaption>'
        f'<audio controls {plays} src="data:audio/wav;base64,{data}{since}" aria-label="{escape(alt)}">'
        "This page cannot play sounds.</audio></figure>"
    )


def show_token(token: str) -> str:
    """A token as text that can be seen: ↵ for a line break, ⇥ for a tab, ``\\x1f`` for what has no sign. Not escaped.

    Examples:
        >>> print(show_token("sea\\n\\t\\x1f"))
        sea↵⇥\\x1f
    """
    token = token.replace("\r\n", "↵").replace("\n", "↵").replace("\r", "↵").replace("\t", "⇥")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in token)


@no_formulas
def token_strip(
    tokens: Sequence[str],
    strengths: Sequence[float],
    *,
    strongest: float | None = None,
    marked: int | None = None,
) -> str:
    """Colour each token by how strongly a latent fires on it; point at one to read the number. Returns HTML.

    The space that a token begins with is coloured with it. Negative strengths count as none.

    Examples:
        >>> print(token_strip([" sea"], [2.0]))
        <span style="background:rgba(255,140,0,1.00);white-space:pre-wrap;color:#000" title="2.00"> sea</span>

    Args:
        strengths: one for each token.
        strongest: the strength of full orange, to compare several strips; None takes the strongest of this one.
        marked: the token to underline, counted from 0.

    Raises:
        ValueError: if there are not as many strengths as tokens.
    """
    if len(tokens) != len(strengths):
        raise ValueError(f"{len(tokens)} tokens, but {len(strengths)} strengths")
    top = strongest or max([0.0, *strengths]) or 1
    return "".join(
        _token(token, strength, min(1.0, max(0.0, strength / top)), i == marked)
        for i, (token, strength) in enumerate(zip(tokens, strengths, strict=True))
    )


def _token(token: str, strength: float, share: float, marked: bool) -> str:
    style = f"background:rgba({ORANGE_RGB},{share:.2f});white-space:pre-wrap"
    if share >= 0.7:
        style += ";color:#000"  # a dark theme's white text is hard to read on full orange
    if marked:
        style += ";text-decoration:underline"
    return f'<span style="{style}" title="{strength:.2f}">{escape(show_token(token))}</span>'


@no_formulas
def latent_card(summary: LatentSummary, *, blind: bool = False, title: str = "") -> str:
    """Everything known about one latent on one card. Returns HTML.

    Title, label and tokens are escaped.

    Examples:
        >>> example = Example((" the", " sea"), (0.0, 3.25), peak=1, text=0, quantile=1.0)
        >>> summary = LatentSummary(17, 12345, 0.0042, (example,), (), (8, 1), 3.25, (), (), (), label=None)
        >>> "fires on 0.42% of 12,345 tokens" in latent_card(summary)
        True
        >>> "Latent 17" in latent_card(summary), "Latent 17" in latent_card(summary, blind=True, title="Unit A")
        (True, False)

    Args:
        summary: from `summarise_latent`.
        title: in place of "Latent 17".
        blind: leave out whatever tells what kind of unit it is: label, logits, neighbours, and on how many tokens it
            was watched. Give a ``title`` to leave out its number too.
    """
    if blind:
        summary = replace(summary, label=None, promoted=(), suppressed=(), nearest=())
    tokens = "the tokens" if blind else f"{summary.n_tokens:,} tokens"
    lists = {
        "▲ promotes": [f"{_quoted(t)} {v:+.2f}" for t, v in summary.promoted],
        "▼ suppresses": [f"{_quoted(t)} {v:+.2f}" for t, v in summary.suppressed],
        "nearest latents": [f"{latent} (cosine {cosine:.2f})" for latent, cosine in summary.nearest],
    }
    return render_template(
        "views",
        "latent_card",
        title=title or f"Latent {summary.latent}",
        fires=f"fires on {100 * summary.firing_rate:.2g}% of {tokens}"
        if summary.top
        else f"fires on none of {tokens}",
        label=summary.label if summary.top else None,
        histogram=Markup(_histogram(summary.histogram, summary.strongest)),
        top=[_example(e, summary.strongest) for e in summary.top],
        quantiles=[_example(e, summary.strongest, f"quantile {e.quantile:.2f}") for e in summary.quantiles],
        columns=[(name, Markup("<br>".join(items))) for name, items in lists.items() if items],
        faint=FAINT,
        frame=FRAME,
    )


@no_formulas
def hit_list(
    tokens: Sequence[str],
    hits: Sequence[Hit],
    guesses: Sequence[LabelGuess] | None = None,
    chosen: int | None = None,
) -> str:
    """What fires on a sentence: one row a latent, the sentence coloured by it, the latent's label where there is one.

    Examples:
        >>> hits = [Hit(latent=17, score=9.0, peak=1, strengths=(0.0, 2.0)), Hit(4, 3.0, 0, (1.0, 0.0))]
        >>> html = hit_list(["The", " sea"], hits, chosen=0)
        >>> html.count("<tr>"), "latent 17" in html, html.count("underline")  # a head and two rows, each with its peak
        (3, True, 2)

    Args:
        tokens: of the sentence.
        hits: from `latents_on`, in the order of the rows.
        guesses: one for each latent of the autoencoder, from `label_guesses`.
        chosen: the row to set in bold, counted from 0.

    Returns:
        An HTML table.

    Raises:
        ValueError: if a hit does not have as many strengths as there are tokens.
    """
    rows = "".join(
        _row(
            rank == chosen,
            str(rank + 1),
            f"latent {hit.latent}",
            escape(guesses[hit.latent].concept) if guesses else "",
            token_strip(tokens, hit.strengths, marked=hit.peak),
        )
        for rank, hit in enumerate(hits)
    )
    return _table(("", "latent", "label guess" if guesses else "", "where it fires"), rows)


@no_formulas
def concept_hit_list(hits: Sequence[ConceptHit], chosen: int | None = None) -> str:
    """What fires for a concept: one row a latent, with the ROC area that chose it and the one that judges it.

    Examples:
        >>> html = concept_hit_list([ConceptHit(latent=17, train_roc_area=0.98, roc_area=0.91)])
        >>> [said in html for said in ("latent 17", "0.98", "0.91")]
        [True, True, True]

    Args:
        hits: from `latents_for`, in the order of the rows.
        chosen: the row to set in bold, counted from 0.

    Returns:
        An HTML table.
    """
    rows = "".join(
        _row(
            rank == chosen,
            str(rank + 1),
            f"latent {h.latent}",
            f"{h.train_roc_area:.2f}",
            f"{h.roc_area:.2f}",
        )
        for rank, h in enumerate(hits)
    )
    return _table(("", "latent", "ROC area, training texts", "held-out texts"), rows)


@no_formulas
def plain_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts, which are escaped. Returns HTML.

    Examples:
        >>> html = plain_table(["concept", "R&D"], [["whales", "0.93"], ["chess", "0.71"]])
        >>> html.count("<tr>"), "R&amp;D" in html
        (3, True)

    Args:
        heads: of the columns.
        rows: one text for each column.
    """
    return _table([escape(h) for h in heads], "".join(_row(False, *(escape(c) for c in row)) for row in rows))


def _row(bold: bool, *cells: str) -> str:
    style = "text-align:left;padding:.1em .8em .1em 0" + (";font-weight:bold" if bold else "")
    return "<tr>" + "".join(f'<td style="{style}">{cell}</td>' for cell in cells) + "</tr>"


def _table(heads: Sequence[str], rows: str) -> str:
    style = f"text-align:left;padding-right:.8em;{FAINT}"
    head = "".join(f'<th style="{style}">{h}</th>' if h else "<td></td>" for h in heads)
    return (
        f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _quoted(token: str) -> str:
    return f'<code style="white-space:pre-wrap">{escape(show_token(token).replace(" ", "␣"))}</code>'


def _example(example: Example, strongest: float, note: str = "") -> dict[str, str]:
    strip = token_strip(example.tokens, example.strengths, strongest=strongest, marked=example.peak)
    return {"strength": f"{example.strengths[example.peak]:.2f}", "strip": Markup(strip), "note": note}


def _histogram(counts: Sequence[int], strongest: float) -> str:
    """Bars from plain boxes; the height of a bar is its share of the tallest."""
    tallest = max(counts, default=0) or 1
    step = strongest / max(len(counts), 1)
    bars = "".join(
        f'<div title="{n} tokens, {i * step:.2f} to {(i + 1) * step:.2f}" '
        f'style="flex:1;background:rgba({BLUE_RGB},.9);height:{max(100 * n / tallest, 2 if n else 0):.0f}%"></div>'
        for i, n in enumerate(counts)
    )
    return (
        '<div style="max-width:24em">'
        f'<div style="display:flex;align-items:flex-end;gap:1px;height:3em">{bars}</div>'
        f'<div style="{FAINT};display:flex;justify-content:space-between">'
        f"<span>0</span><span>{strongest:.2f}</span></div></div>"
    )
