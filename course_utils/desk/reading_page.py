"""What makes nbconvert's page one to read: by keyboard, by ear, in the dark, and on paper.

Nothing here needs a script. On paper, where no fold can be opened, hints, solutions and answers stand at the end.
"""

from __future__ import annotations

import re
from copy import copy
from itertools import groupby
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from course_utils.desk.legible import keep_legible

LOOKS = Path(__file__).with_name("looks")
SIGNS = re.compile(r"([●○]{3}|◇)")
HELPS = re.compile(r"(Hint \d+ of \d+|Solution.*|Answer)")
"""What is folded so that one tries first."""

LONG = 36
"""Signs of a formula that are wider than a phone."""

SHORT = 12
"""Lines of code that are kept on one sheet of paper."""


def make_readable(soup: BeautifulSoup, *, contents: bool = True) -> None:
    """A page's style, headings and tab stops, its contents at the top and its appendix for paper; in place.

    Examples:
        >>> page = "<head></head><body><main><h2 id='a'>Exercise ●●○ encode</h2><p tabindex='0'>Try.</p></main></body>"
        >>> soup = BeautifulSoup(page, "html.parser")
        >>> make_readable(soup)
        >>> soup.h2.span["aria-label"], soup.nav.a["href"], soup.p.attrs
        ('difficulty 2 of 3', '#a', {})

    Args:
        contents: put them at the top, behind a link that skips them, and what is folded at the end, for paper.
    """
    put_style(soup, "page.css")
    for stop in soup.select("main [tabindex]"):
        del stop["tabindex"]
    for needless in soup.select("a.anchor-link, .jp-InputPrompt, .jp-OutputPrompt"):
        needless.decompose()
    listed = [(str(head.get("id", "")), head.get_text()) for head in soup.select("main h2")]
    for heading in soup.select("main :is(h1, h2, h3, h4)"):
        _say_signs(soup, heading)
    for code in soup.select("main .highlight pre"):
        if code.get_text().count("\n") <= SHORT:
            code["class"] = "short"
    for formula in soup.select('main p > math[display="block"]'):
        if len(formula.get_text()) > LONG and formula.parent is not None:
            formula.parent["tabindex"] = "0"
    if contents and soup.main is not None and soup.body is not None:
        keep_legible(soup, ".jp-RenderedImage img, .jp-RenderedHTML img[width]")
        _append_what_is_folded(soup, soup.main)
        soup.main.attrs |= {"id": "text", "tabindex": "-1"}
        soup.body.insert(0, soup.new_tag("a", attrs={"class": "skip", "href": "#text"}, string="To the text"))
        if listed:
            soup.main.insert_before(_contents(soup, listed))


def put_style(soup: BeautifulSoup, name: str) -> None:
    """A file of ``looks/`` at the end of the page's head, so that it overrides what stands there."""
    if soup.head is not None:
        soup.head.append(soup.new_tag("style", string=LOOKS.joinpath(name).read_text(encoding="utf-8")))


def _say_signs(soup: BeautifulSoup, heading: Tag) -> None:
    """A screen reader reads ●●○ as three circles."""
    for text in heading.find_all(string=SIGNS):
        parts = SIGNS.split(str(text))
        text.replace_with(*(_sign(soup, part) if SIGNS.fullmatch(part) else part for part in parts if part))


def _sign(soup: BeautifulSoup, sign: str) -> Tag:
    said = "optional" if sign == "◇" else f"difficulty {sign.count('●')} of 3"
    return soup.new_tag("span", attrs={"role": "img", "aria-label": said}, string=sign)


def _contents(soup: BeautifulSoup, headings: list[tuple[str, str]]) -> Tag:
    nav = soup.new_tag("nav", attrs={"class": "contents", "aria-label": "Contents"})
    fold, lines = soup.new_tag("details"), soup.new_tag("ol")
    for address, text in headings:
        item = soup.new_tag("li")
        item.append(soup.new_tag("a", attrs={"href": f"#{address}"}, string=text))
        lines.append(item)
    fold.extend([soup.new_tag("summary", string="Contents"), lines])
    nav.append(fold)
    return nav


def _append_what_is_folded(soup: BeautifulSoup, main: Tag) -> None:
    """For paper: what a fold holds that helps or answers, by the name of its card, in the order of the page."""
    folds = [
        fold
        for fold in main.find_all("details")
        if _helps(fold) and not any(map(_helps, fold.find_parents("details")))
    ]
    if not folds:
        return
    end = soup.new_tag("section", attrs={"class": "on-paper"})
    end.append(soup.new_tag("h2", string="Hints, solutions and answers"))
    for card, group in groupby(folds, key=_card):
        if card:
            end.append(soup.new_tag("h3", string=card))
        for number, fold in enumerate(group, 1):
            if card.startswith("Quiz"):
                end.append(soup.new_tag("h4", string=f"Question {number}"))
            end.append(_opened(fold))
            fold["class"] = "at-the-end"
    main.append(end)


def _helps(fold: Tag) -> bool:
    summary = fold.find("summary", recursive=False)
    return summary is not None and HELPS.fullmatch(summary.get_text(strip=True)) is not None


def _card(fold: Tag) -> str:
    card = fold.find_parent(attrs={"role": "group"})
    return str(card.get("aria-label", "")) if card is not None else ""


def _opened(fold: Tag) -> Tag:
    opened = copy(fold)
    for part in [opened, *opened.find_all("details")]:
        part.name = "div"
    for summary in opened.find_all("summary"):
        summary.name, summary.attrs = "p", {"class": "summary"}
    return opened
