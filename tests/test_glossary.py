"""docs/glossary.md against the notebooks: each term stands where the glossary says, and in the text of no earlier day.

The lists of sources do not count: titles of papers use terms long before the course does.
"""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENTRY = re.compile(
    r"- \*\*(?P<term>[^*]+)\*\* \((?P<section>\d)(?:, met on day (?P<met>\d))?\): (?P<text>.+)"
)


def read_glossary(text):
    """[(term, day, section, day on which it was met before or None, explanation)], in order."""
    entries, day = [], None
    for line in text.splitlines():
        if heading := re.match(r"## Day (\d)", line):
            day = int(heading[1])
        elif line.startswith("- "):
            entry = ENTRY.fullmatch(line)
            assert entry, f"not an entry: {line}"
            met = entry["met"] and int(entry["met"])
            entries.append((entry["term"], day, int(entry["section"]), met, entry["text"]))
    return entries


def sections(day, kinds):
    """What stands in the cells of these kinds, without markup, by section; 0 is the introduction."""
    (path,) = (ROOT / "notebooks").glob(f"day_{day}_*.ipynb")
    found, place = {}, 0
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if "launch" in cell["metadata"].get("tags", ()):  # the repository's address may hold a term
            continue
        text = "".join(cell["source"]).split("### Where this comes from")[0].replace("*", "").replace("`", "")
        markdown = cell["cell_type"] == "markdown"
        for part in re.split(r"^(?=## \d · )", text, flags=re.MULTILINE) if markdown else [text]:
            if markdown and (heading := re.match(r"## (\d) · ", part)):
                place = int(heading[1])
            if cell["cell_type"] in kinds:
                found[place] = found.get(place, "") + "\n\n" + part
    return found


def occurs(term, text):
    """Is the term in the text as words of its own, in the singular or the plural, over a line break or not?"""
    words = r"\s+".join(map(re.escape, term.split()))
    return re.search(rf"(?<!\w){words}(?:s|es)?(?!\w)", text, flags=re.IGNORECASE) is not None


GLOSSARY = read_glossary((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
NOTEBOOK = {day: sections(day, {"markdown", "code"}) for day in range(1, 8)}
PROSE = {day: "\n".join(sections(day, {"markdown"}).values()) for day in range(1, 8)}


@pytest.mark.parametrize("entry", GLOSSARY, ids=lambda entry: entry[0].replace(" ", "-"))
def test_a_term_stands_where_the_glossary_says_and_in_no_earlier_text(entry):
    term, day, section, met, _ = entry
    assert occurs(term, NOTEBOOK[day].get(section, "")), f"not in day {day}, section {section}"
    earlier = [d for d in range(1, day) if occurs(term, PROSE[d])]
    assert earlier[:1] == ([met] if met else []), f"the text of days {earlier} has it already"


def test_terms_are_unique():
    assert [term for term, n in Counter(term.lower() for term, *_ in GLOSSARY).items() if n > 1] == []


def test_terms_come_in_the_order_in_which_they_are_defined():
    places = [(day, section) for _, day, section, *_ in GLOSSARY]
    assert places == sorted(places)


def test_every_day_has_a_few_terms():
    assert min(Counter(day for _, day, *_ in GLOSSARY)[day] for day in range(1, 8)) >= 5


def test_an_explanation_is_one_to_three_sentences():
    lengths = {term: len(re.findall(r"[.:?](?:\s|$)", text)) for term, _, _, _, text in GLOSSARY}
    assert {term: n for term, n in lengths.items() if not 1 <= n <= 3} == {}


def test_a_term_is_found_as_a_word_of_its_own():
    assert occurs("hook point", "at two hook\npoints") and occurs("latent", "Latents fire.")
    assert not occurs("semantic", "polysemantic") and not occurs("rent", "different rents_")
