"""HTML that runs nothing and loads nothing: in the place of what would, stands a line that says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag

from course_utils.desk.typesetting import Told

POLICY = (
    "default-src 'none'; img-src data:; media-src data:; font-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
"""What the browser is told for the whole page, should anything have been overlooked."""

INTERACTIVE = "An interactive output is left out: it needs a script"
FRAMES = ["iframe", "frame", "object", "embed", "applet", "portal"]
SHOWN = ["img", "video", "audio"]
NEVER = ["link", "meta", "base", "template", "noscript"]
ADDRESSES = ("src", "href", "xlink:href", "poster", "data", "background", "action", "formaction")
ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
TRAVELS = re.compile(r"#|//|[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""How an address begins that leads on from wherever the page lies."""

RUNS = re.compile(r"(?:javascript|vbscript):", re.IGNORECASE)
LOADS = re.compile(r"@import[^;]*;?|url\(\s*['\"]?\s*(?:https?:)?//[^)]*\)", re.IGNORECASE)


def left_out(sentence: str, address: str = "") -> str:
    """The line in the place of what a page cannot carry.

    Examples:
        >>> left_out("A frame is left out:", "https://example.org")
        '<em class="left-out">A frame is left out: <a href="https://example.org">https://example.org</a></em>'

    Args:
        address: of what was there, if it is on the web.
    """
    link = f' <a href="{escape(address)}">{escape(address)}</a>' if re.match("https?:", address) else ""
    return f'<em class="left-out">{escape(sentence)}{link}</em>'


def inert(html: str, picture: Callable[[str], str | None], told: Told) -> str:
    """The same HTML without scripts, frames and addresses to load from, whole in itself.

    Examples:
        >>> inert("<b>loss</b><script>draw()</script>", picture=lambda address: None, told=print)
        An interactive output is left out: it needs a script
        '<b>loss</b><em class="left-out">An interactive output is left out: it needs a script.</em>'

    Args:
        picture: the address of a picture that is not on the web → its content as a ``data:`` address, or None.
        told: is called with a sentence for each thing that is left out.
    """
    soup = BeautifulSoup(html, "html.parser")
    for number, script in enumerate(soup.find_all("script")):
        if number == 0:
            told(INTERACTIVE)
            _put(script, left_out(f"{INTERACTIVE}."))
        else:
            script.decompose()
    for frame in soup.find_all(FRAMES):
        if not frame.decomposed:
            address = str(frame.get("src") or frame.get("data") or "")
            told(f"A frame is left out{f': {address[:80]}' if address else ''}")
            _put(frame, left_out(f"A frame is left out{':' if ELSEWHERE.match(address) else '.'}", address))
    for tag in soup.find_all(NEVER):
        tag.unwrap() if tag.name == "noscript" else tag.decompose()
    for shown in soup.find_all(SHOWN):
        _embed(shown, picture, told)
    for tag in soup.find_all(True):
        _disarm(tag)
    for link in soup.find_all("a", href=True):
        _name_what_stays(link)
    return str(soup)


def _embed(shown: Tag, picture: Callable[[str], str | None], told: Told) -> None:
    source = shown if shown.get("src") else shown.find("source") or shown
    address = str(source.get("src") or "") if isinstance(source, Tag) else ""
    if address.startswith("data:"):
        return
    content = None if ELSEWHERE.match(address) or not address else picture(address)
    if content is not None and isinstance(source, Tag):
        source["src"] = content
        return
    kind = "picture" if shown.name == "img" else shown.name
    told(f"A {kind} is left out: {address[:80]}")
    shown_address = "" if ELSEWHERE.match(address) else f" {address[:80]}"
    _put(shown, left_out(f"A {kind} is left out:{shown_address}", address))


def _disarm(tag: Tag) -> None:
    for name, value in list(tag.attrs.items()):
        address = "".join(str(value).split())
        link = tag.name in ("a", "area") and name == "href"
        fetched = name in ADDRESSES and not link and ELSEWHERE.match(address)
        if (
            name.startswith("on")
            or name == "srcset"
            or fetched
            or (name in ADDRESSES and RUNS.match(address))
        ):
            del tag[name]
        elif name == "style":
            tag[name] = LOADS.sub("none", str(value))
    if tag.name == "style" and LOADS.search(tag.get_text()):
        tag.string = LOADS.sub("none", tag.get_text())


def _name_what_stays(link: Tag) -> None:
    """A file beside the notebook does not travel with its page: its name stands behind the words that led to it."""
    address = unquote(str(link["href"])).strip()
    if not address or TRAVELS.match(address):
        return
    name = address.partition("#")[0].removeprefix("./")
    while name.startswith("../"):
        name = name[3:]
    if name and name not in link.get_text():
        link.append(f" ({name})")
    link.unwrap()


def _put(tag: Tag, html: str) -> None:
    tag.replace_with(BeautifulSoup(html, "html.parser"))
