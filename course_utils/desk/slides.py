"""A day as slides: the page's blocks in sections, which a script of its own deals out to screens.

Without the script the sections stand one below the other. How much fits a screen depends on the screen, so the script
measures it, anew for each window: it deals out, shrinks what is taller than a screen alone, and takes the arrow keys.
"""

from __future__ import annotations

import re
from base64 import b64encode
from copy import copy
from hashlib import sha256

from bs4 import BeautifulSoup, Tag

from course_utils.desk.reading_page import LOOKS, make_readable, put_style

HEADING = re.compile("h[1-3]")
PARTS = ".jp-CodeCell .jp-Cell-inputWrapper, .jp-CodeCell details:has(> .jp-Cell-outputWrapper), .jp-OutputArea-child"
"""What a cell of code is cut into; a folded output stays in its fold."""


def cut_into_slides(soup: BeautifulSoup) -> None:
    """Turn a page into slides, in place: each heading begins a section, each paragraph, code or picture is a block.

    Examples:
        >>> cells = "<div class='jp-Cell'><div class='jp-RenderedMarkdown'><p>Then</p><h2>Two</h2></div></div>"
        >>> soup = BeautifulSoup(f"<head></head><body><main><h1>One</h1>{cells}</main></body>", "html.parser")
        >>> cut_into_slides(soup)
        >>> [[block.get_text() for block in section.select(".block")] for section in soup.find_all("section")]
        [['One', 'Then'], ['Two']]

    Raises:
        ValueError: if the page has no head or no main.
    """
    if soup.head is None or soup.main is None:
        raise ValueError("a page without head or main cannot be cut into slides")
    make_readable(soup, contents=False)
    put_style(soup, "slides.css")
    sections: list[Tag] = []
    for block in _blocks(soup.main):
        if not sections or HEADING.fullmatch(block.name):
            sections.append(soup.new_tag("section", attrs={"class": "slide"}))
        came_out = "jp-OutputArea-child" in block.get_attribute_list("class") or block.name == "details"
        wrapped = soup.new_tag("div", attrs={"class": "block follows" if came_out else "block"})
        wrapped.append(block.extract())
        sections[-1].append(wrapped)
    soup.main.clear()
    soup.main.extend(sections)
    _add_script(soup, soup.head)


def _blocks(main: Tag) -> list[Tag]:
    """Children of what Markdown became; the input of a cell, and each of its outputs; a quiz by its questions."""
    found = []
    for child in main.find_all(True, recursive=False):
        texts, parts = child.select(".jp-RenderedMarkdown"), child.select(PARTS)
        if parts:
            outer = [part for part in parts if not any(above in parts for above in part.parents)]
            found += [piece for part in outer for piece in _questions(part)]
        elif texts:
            found += [block for text in texts for block in text.find_all(True, recursive=False)]
        else:
            found.append(child)
    return found


def _questions(part: Tag) -> list[Tag]:
    """One block a question of a quiz, each with its answer; anything else is one block."""
    quiz = part.select_one('[role="group"][aria-label^="Quiz"]')
    folds = quiz.find_all("details", recursive=False) if quiz is not None else []
    if quiz is None or len(folds) < 2:
        return [part]
    pieces = []
    for number, fold in enumerate(folds, 1):
        piece = copy(part)
        group = piece.select_one('[role="group"]')
        question = fold.find_previous_sibling("div")
        if group is not None and question is not None:
            group.clear()
            group.extend([copy(question), copy(fold)])
            group["aria-label"] = f"{quiz['aria-label']}, question {number}"
            pieces.append(piece)
    return pieces


def _add_script(soup: BeautifulSoup, head: Tag) -> None:
    """The one script that the page's policy lets run, known by its hash."""
    code = LOOKS.joinpath("slides.js").read_text(encoding="utf-8")
    script = soup.new_tag("script")
    script.string = code
    policy = head.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    if isinstance(policy, Tag):
        known = b64encode(sha256(code.encode()).digest()).decode()
        policy["content"] = f"{policy['content']}; script-src 'sha256-{known}'"
    if soup.body is not None:
        soup.body.append(script)
