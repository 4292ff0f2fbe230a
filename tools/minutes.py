"""How long is a day, honestly? `python tools/minutes.py` prints minutes for each sitting, and for what is marked ◇.

200 words a minute, 4 seconds a line of code that is shown, 8 minutes an exercise, 45 seconds a prediction or a question
of a quiz. A heading that ends with ◇ marks what can be left out, down to the next heading that is not below it;
what is folded in ``<details>`` can be left out as well. The sources at the end are not counted. A cell tagged
``break`` divides a day into two sittings. tests/test_notebooks.py compares the first page's promise with this.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from course_utils.exercises import find_quiz, item_texts  # noqa: E402 — a program that finds its own folder first

WORD, LINE, EXERCISE, PREDICTION, QUESTION = 1 / 200, 4 / 60, 8.0, 0.75, 0.75  # minutes
MOST = 90
"""Minutes that the two sittings may take together, without what is marked ◇."""

PROMISE = re.compile(r"Two sittings of (\d+) and (\d+) minutes; what is marked ◇ takes (\d+) more\.")


class Minutes(NamedTuple):
    first: float
    second: float
    optional: float

    def rounded(self) -> tuple[int, ...]:
        """As a day's first page promises them: to five minutes."""
        return tuple(5 * round(part / 5) for part in self)


def minutes(notebook: Path) -> Minutes:
    """Of one day.

    Raises:
        ValueError: if it has no cell tagged ``break``.
    """
    spent = {"first": 0.0, "second": 0.0, "optional": 0.0}
    sitting, optional_below = "first", 0  # the level of the ◇ heading that we are under, 0 for none
    for cell in nbformat.read(notebook, as_version=4).cells:
        tags = cell.metadata.get("tags", [])
        if "break" in tags:
            sitting = "second"
        if "launch" in tags:
            continue
        if cell.cell_type == "code":
            spent["optional" if optional_below else sitting] += _code(cell)
            continue
        for part in re.split(r"^(?=#+ )", cell.source, flags=re.MULTILINE):
            heading = re.match(r"(#+) (.*)", part)
            if heading and heading[2].strip() == "Where this comes from":
                continue
            if heading and (not optional_below or len(heading[1]) <= optional_below):
                optional_below = len(heading[1]) if heading[2].rstrip().endswith("◇") else 0
            folded = "".join(re.findall(r"<details>.*?</details>", part, flags=re.DOTALL))
            spent["optional"] += WORD * _words(folded)
            spent["optional" if optional_below else sitting] += WORD * (_words(part) - _words(folded))
    if sitting == "first":
        raise ValueError(f"{notebook.name} has no cell tagged break")
    return Minutes(**spent)


def _words(text: str) -> int:
    return len(re.findall(r"\S*\w\S*", re.sub(r"<[^>]+>|\]\([^)]*\)", " ", text)))


def _code(cell: nbformat.NotebookNode) -> float:
    if cell.metadata.get("jupyter", {}).get("source_hidden"):
        return 0.0
    source = cell.source
    questions = sum(len(find_quiz(key).questions) for key in re.findall(r'\bquiz\("([^"]+)"\)', source))
    asks = re.compile(r"\s*(predict|your_guess|guesses|quiz|inventory)\(")  # counted by what they ask
    lines = sum(bool(line.strip()) and not asks.match(line) for line in source.splitlines())
    exercises = len(re.findall(r'@exercise\("|\banswer\("', source))
    questions += len(item_texts()) * len(re.findall(r'\binventory\("', source))
    predictions = len(re.findall(r'\bpredict\("', source))
    return LINE * lines + EXERCISE * exercises + PREDICTION * predictions + QUESTION * questions


def main() -> None:
    for notebook in map(Path, sys.argv[1:] or sorted((ROOT / "notebooks").glob("day_*.ipynb"))):
        first, second, optional = minutes(notebook)
        core = "" if first + second <= MOST else f"  more than {MOST}"
        print(f"{notebook.stem[:5]}: {first:3.0f} + {second:3.0f} minutes, ◇ {optional:3.0f} more{core}")


if __name__ == "__main__":
    main()
