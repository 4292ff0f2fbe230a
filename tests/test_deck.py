"""The deck for Anki holds every term and every question, and keeps each card's identity."""

import re
import sqlite3
import zipfile

from course_utils.desk import cards, write_deck
from course_utils.desk.deck import GLOSSARY
from course_utils.exercises import days, find_quiz, keys


def notes(path, folder):
    with zipfile.ZipFile(path) as package:
        package.extract("collection.anki2", folder)
    with sqlite3.connect(folder / "collection.anki2") as database:
        return database.execute("select guid, flds, tags from notes").fetchall()


def test_every_term_and_every_question_is_a_card(tmp_path):
    n_terms = len(re.findall(r"(?m)^- \*\*", GLOSSARY.read_text(encoding="utf-8")))
    n_questions = sum(len(find_quiz(key).questions) for day in days() for key in keys(day, "QUIZZES"))
    assert write_deck(tmp_path / "course.apkg") == n_terms + n_questions
    found = notes(tmp_path / "course.apkg", tmp_path)
    assert len(found) == len({guid for guid, *_ in found}) == n_terms + n_questions
    assert all(field.strip() for _, fields, _ in found for field in fields.split("\x1f"))
    assert {tag.strip() for *_, tag in found} == set(days())


def test_a_card_keeps_its_identity(tmp_path):
    write_deck(tmp_path / "one.apkg")
    write_deck(tmp_path / "two.apkg")
    assert notes(tmp_path / "one.apkg", tmp_path) == notes(tmp_path / "two.apkg", tmp_path)


def test_signs_are_escaped_and_code_is_code():
    fronts = " ".join(card.front + card.back for card in cards())
    assert "<code>" in fronts and re.search(r"<(?!/?(b|br|code|em)>)", fronts) is None


def test_without_the_repository_there_are_the_quizzes(tmp_path, monkeypatch):
    monkeypatch.setattr("course_utils.desk.deck.GLOSSARY", tmp_path / "not there.md")
    assert {card.key.count(".") for card in cards()} == {2}
