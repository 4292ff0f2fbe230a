"""A dictionary and what it is worth on one page that needs nothing else: scores beside controls, then latents to read.

As in `dashboard`, a content security policy keeps the page from fetching anything, and its one script, the search,
only hides what does not match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from course_utils.base import render_template
from course_utils.reading import LatentSummary
from course_utils.views.dashboard import dashboard_entry


class Section(NamedTuple):
    """A heading with sentences, a table, and lines of code; all of it is escaped."""

    heading: str
    sentences: Sequence[str] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    code: Sequence[str] = ()
    first_is_own: bool = False
    """Whether the first row is what the page is about, and the others are controls."""

    folded: bool = False
    """Whether only the heading shows until it is clicked."""

    words: bool = False
    """Whether the cells hold sentences, which run from the left and break."""


def dictionary_page(
    title: str,
    lead: Sequence[str],
    sections: Sequence[Section],
    summaries: Iterable[LatentSummary],
    *,
    hint: str = "",
    max_bytes: int = 3_000_000,
) -> str:
    """The page. Latents are taken in the order given, until the next would make it too large.

    Examples:
        >>> silent = LatentSummary(4, 12345, 0.0, (), (), (), 0.0, (), (), (), label=None)
        >>> scores = Section("Scores", heads=["", "fvu"], rows=[["dictionary", "0.12"]], first_is_own=True)
        >>> page = dictionary_page("A & B", ["Of a model."], [scores], [silent])
        >>> "A &amp; B" in page, "<td>0.12</td>" in page, "1 latents to look at" in page
        (True, True, True)

    Args:
        title: of the page.
        lead: sentences below it.
        sections: in their order.
        summaries: as `summarise_latents` makes them; may be a generator, or empty.
        hint: a sentence above the search box.
        max_bytes: of the page.

    Returns:
        HTML.
    """

    def page(n: int, entries: str) -> str:
        return render_template(
            "views",
            "dictionary_page",
            title=title,
            lead=lead,
            sections=sections,
            hint=hint,
            n=n,
            entries=Markup(entries),
        )

    size, kept = len(page(0, "").encode()) + 8, []
    for summary in summaries:
        entry = dashboard_entry(summary)
        size += len(entry.encode())
        if size > max_bytes:
            break
        kept.append(entry)
    return page(len(kept), "".join(kept))
