"""A dictionary as one HTML file: every latent's card, a box to search them, nothing that has to be fetched.

The page holds its own few lines of script, which only hide what does not match; without it all cards are there to be
opened, and the browser's own search finds them. A content security policy keeps the page from fetching anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup

from course_utils.base import render_template, write_text
from course_utils.reading import LatentSummary
from course_utils.views.html import latent_card, show_token


def dashboard_entry(summary: LatentSummary) -> str:
    """One latent, folded: number, label and strongest tokens to see, the card inside. Returns HTML.

    Examples:
        >>> from course_utils.reading import Example, LabelGuess
        >>> example = Example((" the", " sea"), (0.0, 3.25), peak=1, text=0, quantile=1.0)
        >>> guess = LabelGuess("whales", 0.93)
        >>> summary = LatentSummary(17, 12345, 0.0042, (example,), (), (8, 1), 3.25, (), (), (), guess)
        >>> "<summary><b>17</b> whales (ROC area 0.93) · sea</summary>" in dashboard_entry(summary)
        True

    Args:
        summary: from `summarise_latent`.
    """
    label = f"{summary.label.concept} (ROC area {summary.label.roc_area:.2f})" if summary.label else ""
    peaks = dict.fromkeys(show_token(e.tokens[e.peak]).strip() for e in summary.top)
    facts = " · ".join(part for part in (label, ", ".join(peaks)) if part) or "never fires"
    words = f"latent {summary.latent} {facts}".lower()
    card = Markup(latent_card(summary))
    return render_template(
        "views", "dashboard_entry", words=words, latent=summary.latent, facts=facts, card=card
    )


def export_dashboard(
    path: str | Path,
    summaries: Iterable[LatentSummary],
    *,
    note: str = "",
    max_bytes: int = 3000000,
    title: str,
) -> int:
    """Write one self-contained page of at most ``max_bytes``. Returns the number of latents that fitted.

    Latents are taken in the order given, until the next would make the file too large; the page says how many it has.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> silent = LatentSummary(4, 12345, 0.0, (), (), (), 0.0, (), (), (), label=None)
        >>> with TemporaryDirectory() as folder:
        ...     export_dashboard(f"{folder}/page.html", [silent, silent], title="Two that never fire")
        2

    Args:
        path: of the page; an existing file is overwritten.
        summaries: as `summarise_latents` makes them; may be a generator.
        note: a sentence below the title, such as which autoencoder this is.

    Raises:
        ValueError: if not even one fits.
    """

    def page(n: str, entries: str) -> str:
        return render_template("views", "dashboard", title=title, note=note, n=n, entries=Markup(entries))

    size = len(page("9,999,999,999", "").encode())
    kept: list[str] = []
    for summary in summaries:
        entry = dashboard_entry(summary)
        if size + len(entry.encode()) > max_bytes:
            break
        kept.append(entry)
        size += len(entry.encode())
    if not kept:
        raise ValueError(f"not one latent fits into {max_bytes} bytes")
    write_text(path, page(f"{len(kept):,}", "".join(kept)))
    return len(kept)
