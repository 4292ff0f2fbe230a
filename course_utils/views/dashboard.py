"""A dictionary as one HTML file: every latent's card, a box to search them, nothing that has to be fetched.

The page holds its own few lines of script, which only hide what does not match; without it all cards are there to be
opened, and the browser's own search finds them. A content security policy keeps the page from fetching anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from course_utils.reading import LatentSummary
from course_utils.views.html import latent_card, show_token

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>:root {{ color-scheme: light dark }} body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 64em; margin: 2em auto; padding: 0 1em }}
summary {{ cursor: pointer; padding: .2em 0 }} input {{ font: inherit; width: 24em; max-width: 100% }}</style></head>
<body><h1>{title}</h1><p>{note}</p>
<p><label>Show latents about <input id="words" type="search" placeholder="a concept, a token, a number"></label> <span id="n" role="status"></span></p>
"""
FOOT = """<script>
const cards = [...document.querySelectorAll("details")], said = document.getElementById("n");
document.getElementById("words").addEventListener("input", event => {
  const words = event.target.value.toLowerCase();
  let n = 0;
  for (const card of cards) { card.hidden = !card.dataset.words.includes(words); n += !card.hidden; }
  said.textContent = words ? n + " of " + cards.length : "";
});
</script></body></html>
"""


def dashboard_entry(summary: LatentSummary) -> str:
    """One latent, folded: number, label and strongest tokens to see, the card inside."""
    label = f"{summary.label.concept} (ROC area {summary.label.roc_area:.2f})" if summary.label else ""
    peaks = dict.fromkeys(show_token(e.tokens[e.peak]).strip() for e in summary.top)
    facts = " · ".join(part for part in (label, ", ".join(peaks)) if part) or "never fires"
    words = f"latent {summary.latent} {facts}".lower()
    return (
        f'<details data-words="{escape(words)}"><summary><b>{summary.latent}</b> {escape(facts)}</summary>'
        f"{latent_card(summary)}</details>\n"
    )


def export_dashboard(
    path: str | Path,
    title: str,
    summaries: Iterable[LatentSummary],
    *,
    note: str = "",
    max_bytes: int = 3_000_000,
) -> int:
    """Write one self-contained page; how many latents fitted under ``max_bytes``.

    Latents are taken in the order given, until the next would make the file too large; the page says how many it has.

    Raises:
        ValueError: if not even one fits.
    """
    head = HEAD.format(policy=POLICY, title=escape(title), note=escape(note) + " {n} latents.")
    size = len(head.encode()) + len(FOOT.encode()) + 10  # the number of latents has at most ten digits
    kept: list[str] = []
    for summary in summaries:
        entry = dashboard_entry(summary)
        if size + len(entry.encode()) > max_bytes:
            break
        kept.append(entry)
        size += len(entry.encode())
    if not kept:
        raise ValueError(f"not one latent fits into {max_bytes} bytes")
    page = head.replace("{n}", f"{len(kept):,}") + "".join(kept) + FOOT
    Path(path).write_text(page, encoding="utf-8")
    return len(kept)
