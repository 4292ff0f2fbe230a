"""docs/claims.md against the days: headings that exist, figures and words that stand in their section."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
ROW = re.compile(
    r"\| (?P<said>.+) \| \[day (?P<day>\d)\]\(\.\./notebooks/(?P<file>[^)]+)\) · (?P<heading>.+)"
    r" \| (?P<verdict>.+) \| (?P<found>.+) \|"
)
FIGURE = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?%?")
HEADING = re.compile(r"^(##+) (?:\d · )?(.+?)(?: ◇)?$", re.MULTILINE)
VERDICTS = {"taught", "measured", "corrected", "not tested here"}


class Claim(NamedTuple):
    said: str
    day: int
    heading: str
    verdicts: list[str]
    found: str


class Section(NamedTuple):
    prose: str
    outputs: str


def read_claims(page: str) -> list[Claim]:
    """The rows of all tables; a line that looks like a row and is none is an error."""
    claims = []
    for line in page.splitlines():
        if line.startswith("| ") and not line.startswith("| what is said"):
            row = ROW.fullmatch(line)
            assert row, f"not a row: {line}"
            assert row["file"].startswith(f"day_{row['day']}_"), line
            claims.append(
                Claim(row["said"], int(row["day"]), row["heading"], row["verdict"].split(", "), row["found"])
            )
    return claims


def shown(output: dict) -> str:
    """What an output says, without markup."""
    data = output.get("data", {})
    parts = [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
    return re.sub(r"<[^>]+>", " ", "\n".join("".join(part) for part in parts))


def sections(cells: list[dict]) -> dict[str, Section]:
    """By heading the section, from one ``##`` to the next, in which it stands."""
    found: dict[str, Section] = {}
    headings, section = [], Section("", "")
    for cell in cells:
        if cell["cell_type"] == "code":
            section = section._replace(outputs=section.outputs + "".join(map(shown, cell["outputs"])))
            continue
        for part in re.split(r"^(?=## )", "".join(cell["source"]), flags=re.MULTILINE):
            if part.startswith("## "):
                found |= dict.fromkeys(headings, section)
                headings, section = [], Section("", "")
            headings += [title for _, title in HEADING.findall(part)]
            section = section._replace(prose=f"{section.prose}\n{part}")
    return found | dict.fromkeys(headings, section)


def faults(claim: Claim, day: dict[str, Section]) -> list[str]:
    """What is wrong with a row."""
    if claim.heading not in day:
        return [f"day {claim.day} has no heading {claim.heading!r}"]
    prose, outputs = day[claim.heading]
    wrong = [f"no verdict: {v}" for v in claim.verdicts if v not in VERDICTS]
    there = set(FIGURE.findall(prose + outputs))
    wrong += [
        f"{n} stands neither there nor in its outputs" for n in FIGURE.findall(claim.found) if n not in there
    ]
    if len(re.findall(r"\S*\w\S*", claim.found)) > 15:
        wrong.append("more than 15 words")
    if "measured" in claim.verdicts:
        return wrong if outputs.strip() else [*wrong, "nothing was measured there"]
    words = re.findall(r"\*([^*]+)\*", claim.said)
    text = " ".join(prose.replace("*", "").split()).lower()
    wrong += [f"{word!r} does not stand there" for word in words if word.lower() not in text]
    return wrong if words else [*wrong, "no word in italics to look for"]


CLAIMS = read_claims((ROOT / "docs" / "claims.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def days() -> dict[int, dict[str, Section]]:
    paths = sorted((ROOT / "notebooks").glob("day_*.ipynb"))
    return {int(p.stem[4]): sections(json.loads(p.read_text(encoding="utf-8"))["cells"]) for p in paths}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.said[:40])
def test_a_row_says_what_its_section_says(claim, days):
    assert faults(claim, days[claim.day]) == []


def test_every_claim_stands_once_and_every_day_is_met():
    assert 50 <= len(CLAIMS) <= 70
    assert len({claim.said for claim in CLAIMS}) == len(CLAIMS)
    assert {claim.day for claim in CLAIMS} == set(range(1, 8))


def cell(source, *outputs):
    kind = (
        {"cell_type": "code", "outputs": [{"text": o} for o in outputs]}
        if outputs
        else {"cell_type": "markdown"}
    )
    return {"source": [source], **kind}


def test_faults_are_found():
    day = sections(
        [cell("## 1 · Waves\nThey add."), cell("run", "12 of 20"), cell("## 2 · Rest ◇\n### Quiet\nNo cell.")]
    )
    assert set(day) == {"Waves", "Rest", "Quiet"}
    right = Claim("They *add*.", 1, "Waves", ["measured"], "12 of 20")
    assert faults(right, day) == []
    assert faults(right._replace(heading="Wave"), day) == ["day 1 has no heading 'Wave'"]
    assert faults(right._replace(found="12 of 2"), day) == ["2 stands neither there nor in its outputs"]
    assert faults(right._replace(verdicts=["seen"]), day) == ["no verdict: seen"]
    assert faults(right._replace(found="word " * 16), day) == ["more than 15 words"]
    quiet = right._replace(heading="Quiet", found="")
    assert faults(quiet, day) == ["nothing was measured there"]
    assert faults(quiet._replace(verdicts=["taught"]), day) == ["'add' does not stand there"]
    assert faults(right._replace(said="They add.", verdicts=["taught"]), day) == [
        "no word in italics to look for"
    ]
    with pytest.raises(AssertionError, match="not a row"):
        read_claims("| a | b | c |")
