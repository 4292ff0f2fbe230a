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

from course_utils.base import BLUE_RGB, FRAME, ORANGE_RGB, render_template
from course_utils.reading import ConceptHit, Example, Hit, LabelGuess, LatentSummary

FAINT = "opacity:.7;font-size:90%"


def picture(png: bytes, alt: str) -> str:
    """A figure inside the page; ``alt`` says what it shows to a reader who cannot see it.

    Raises:
        ValueError: if ``alt`` is empty.
    """
    if not alt.strip():
        raise ValueError("a picture needs a sentence for readers who cannot see it: alt is empty")
    data = b64encode(png).decode()
    return (
        f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" style="max-width:100%;background:#fff">'
    )


def audio(wav: bytes, alt: str) -> str:
    """A sound with controls to play it; ``alt`` says what can be heard to a reader who cannot play it.

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
    return (
        f'<figure style="margin:.3em 0"><figcaption>{escape(alt)}</figcaption>'
        f'<audio controls preload="none" src="data:audio/wav;base64,{data}" aria-label="{escape(alt)}">'
        "This page cannot play sounds.</audio></figure>"
    )


def show_token(token: str) -> str:
    """A token as text that can be seen: ↵ for a line break, ⇥ for a tab, ``\\x1f`` for what has no sign. Not escaped."""
    token = token.replace("\r\n", "↵").replace("\n", "↵").replace("\r", "↵").replace("\t", "⇥")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in token)


def token_strip(
    tokens: Sequence[str],
    strengths: Sequence[float],
    *,
    strongest: float | None = None,
    marked: int | None = None,
) -> str:
    """Colour each token by how strongly a latent fires on it; point at one to read the number. Returns HTML.

    The space that a token begins with is coloured with it. Negative strengths count as none.

    Args:
        strongest: the strength of full orange, to compare several strips; None takes the strongest of this one.
        marked: the token to underline.

    Raises:
        ValueError: if there are not as many strengths as tokens.

    >>> print(token_strip([" sea"], [2.0]))
    <span style="background:rgba(255,140,0,1.00);white-space:pre-wrap;color:#000" title="2.00"> sea</span>
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


def latent_card(summary: LatentSummary, *, blind: bool = False, title: str = "") -> str:
    """Everything known about one latent on one card.

    Title, label and tokens are escaped.

    Args:
        title: in place of "Latent 17".
        blind: leave out whatever tells what kind of unit it is: number, label, logits, neighbours, and on how many
            tokens it was watched.
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


def hit_list(
    tokens: Sequence[str],
    hits: Sequence[Hit],
    guesses: Sequence[LabelGuess] | None = None,
    chosen: int | None = None,
) -> str:
    """What fires on a sentence: one row a latent, the sentence coloured by it, the latent's label where there is one.

    Args:
        guesses: one for each latent of the autoencoder.
        chosen: the row to set in bold, counted from 0.
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


def concept_hit_list(hits: Sequence[ConceptHit], chosen: int | None = None) -> str:
    """What fires for a concept: one row a latent, with the ROC area that chose it and the one that judges it."""
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


def plain_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts."""
    return _table([escape(h) for h in heads], "".join(_row(False, *(escape(c) for c in row)) for row in rows))


def _row(bold: bool, *cells: str) -> str:
    style = "text-align:left;padding:.1em .8em .1em 0" + (";font-weight:bold" if bold else "")
    return "<tr>" + "".join(f'<td style="{style}">{cell}</td>' for cell in cells) + "</tr>"


def _table(heads: Sequence[str], rows: str) -> str:
    head = "".join(f'<th style="text-align:left;padding-right:.8em;{FAINT}">{h}</th>' for h in heads)
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
