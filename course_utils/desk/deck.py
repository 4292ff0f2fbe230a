"""The glossary and the quizzes as a deck for Anki, a program that asks each card again shortly before it is forgotten.

Cards keep their identity from one version of the course to the next, so that importing a newer deck changes them and
leaves alone what was learned. The glossary belongs to the repository and is left out where only the package is
installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import ascii_lowercase
from typing import NamedTuple

import genanki

from course_utils.base import whole_file
from course_utils.exercises import Numeric, as_shown, days, explained, find_quiz, keys

GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
ENTRY = re.compile(r"- \*\*(?P<term>[^*]+)\*\* \([^)]*\): (?P<text>.+)")
DECK_ID, MODEL_ID = (
    1_734_001_207,
    1_734_001_208,
)  # any fixed numbers: Anki tells decks and note types apart by them
CSS = ".card { font: 20px/1.5 system-ui, sans-serif; text-align: left; max-width: 40em; margin: 1em auto }"


class Card(NamedTuple):
    """One card; front and back are HTML."""

    key: str
    """What it keeps its identity by."""

    front: str
    back: str
    tag: str


def cards() -> Iterator[Card]:
    """Every term of the glossary, then every question of the quizzes.

    Examples:
        >>> [card.front for card in cards() if card.key == "term.selectivity"]
        ['<b>selectivity</b>']
    """
    day = ""
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if GLOSSARY.exists() else ():
        if heading := re.match(r"## Day (\d)", line):
            day = f"day_{heading[1]}"
        elif entry := ENTRY.fullmatch(line):
            yield Card(f"term.{entry['term']}", f"<b>{_html(entry['term'])}</b>", _html(entry["text"]), day)
    for key in (key for day in days() for key in keys(day, "QUIZZES")):
        for number, question in enumerate(find_quiz(key).questions, 1):
            options = [
                f"{letter}) {_html(o.text)}"
                for letter, (_, o) in zip(ascii_lowercase, as_shown(question), strict=False)
            ]
            asked = f" ({escape(question.unit)})" if isinstance(question, Numeric) and question.unit else ""
            front = "<br>".join([_html(question.text) + asked, *options])
            yield Card(
                f"{key}.{number}", front, "<br>".join(map(_html, explained(question))), key.partition(".")[0]
            )


def write_deck(out: Path) -> int:
    """Write all `cards` as an ``.apkg`` file, which Anki imports.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     n = write_deck(Path(folder, "course.apkg"))
        >>> n == len(list(cards()))
        True

    Args:
        out: the file, in a folder that exists.

    Returns:
        How many cards there are.

    Raises:
        OSError: if the file cannot be written.
    """
    template = {"name": "Card", "qfmt": "{{Front}}", "afmt": "{{Front}}<hr>{{Back}}"}
    model = genanki.Model(
        MODEL_ID, "Superposition", fields=[{"name": "Front"}, {"name": "Back"}], templates=[template], css=CSS
    )
    deck = genanki.Deck(DECK_ID, "Superposition in seven days")
    for card in cards():
        guid = genanki.guid_for(card.key)
        deck.add_note(genanki.Note(model, [card.front, card.back], guid=guid, tags=[card.tag]))
    with whole_file(out) as unfinished:
        genanki.Package(deck).write_to_file(str(unfinished))
    return len(deck.notes)


def _html(text: str) -> str:
    """Escaped, with `code` and *emphasis*."""
    coded = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", coded)
