"""The notebooks as they are kept: executed in order, no errors, nothing on stderr, readable without running.

Whether their outputs are still what the code prints is nbval's part of `make test`.
"""

import ast
import io
import json
import re
import tokenize
from pathlib import Path

import pytest

from course_utils.exercises import keys
from tools.minutes import MOST, PROMISE, minutes

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def code_cells(request):
    return [c for c in json.loads(request.param.read_text())["cells"] if c["cell_type"] == "code"]


def test_there_are_the_seven_days_and_the_capstone():
    """What holds for a day alone (exercises, predictions, minutes, buttons) asks for ``day_*``; the rest holds for both."""
    assert [path.stem for path in NOTEBOOKS if not path.stem.startswith("day_")] == ["capstone"]
    assert len(NOTEBOOKS) == 8


def test_every_cell_was_run_once_and_in_order(code_cells):
    assert [cell["execution_count"] for cell in code_cells] == list(range(1, len(code_cells) + 1))


def test_no_output_is_an_error_or_stderr(code_cells):
    outputs = [output for cell in code_cells for output in cell["outputs"]]
    assert [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"] == []


def test_every_rich_output_has_a_static_picture_or_text(code_cells):
    kinds = [set(o["data"]) for cell in code_cells for o in cell["outputs"] if "data" in o]
    assert all(
        kind & {"image/png", "text/html", "text/plain"} and not any("widget" in k for k in kind)
        for kind in kinds
    )


def test_no_output_names_an_object_by_its_address(code_cells):
    assert " at 0x" not in json.dumps([cell["outputs"] for cell in code_cells])


def lines_of_code(source: str) -> int:
    """Logical lines: a call that is wrapped counts once, as the eye takes it."""
    code = "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!"))) + "\n"
    return sum(
        token.type == tokenize.NEWLINE for token in tokenize.generate_tokens(io.StringIO(code).readline)
    )


def test_cells_are_short_and_narrow(code_cells):
    # the set-up cell is written by tools/launch.py, and folded
    sources = ["".join(c["source"]) for c in code_cells if "launch" not in c["metadata"].get("tags", ())]
    lengths = sorted(map(lines_of_code, sources))
    assert lengths[-1] <= 25, "a cell has more than 25 lines of code"
    assert lengths[len(lengths) // 2] <= 6, "the median cell has more than 6 lines of code"
    wide = [line for source in sources for line in source.splitlines() if len(line) > 92]
    assert wide == [], "JupyterLab shows about 92 columns beside its file browser"


def test_cells_that_only_build_a_table_are_folded(code_cells):
    tables = [c for c in code_cells if "plain_table(" in "".join(c["source"])]
    assert all(c["metadata"].get("jupyter", {}).get("source_hidden") for c in tables)


# ── promises of the first page ──────────────────────────────────────────────────────────────────────────────────────

DAYS = [path for path in NOTEBOOKS if path.stem.startswith("day_")]


@pytest.mark.parametrize("path", DAYS, ids=lambda path: path.stem[:5])
def test_the_minutes_that_are_promised_are_those_that_are_computed(path):
    spent = minutes(path)
    first_page = "".join(json.loads(path.read_text())["cells"][0]["source"]).replace("\n", " ")
    promised = PROMISE.search(first_page)
    assert promised, "the first page says: Two sittings of 45 and 40 minutes; what is marked ◇ takes 35 more."
    assert tuple(map(int, promised.groups())) == spent.rounded(), spent
    assert spent.first + spent.second <= MOST, spent


@pytest.mark.parametrize("path", DAYS, ids=lambda path: path.stem[:5])
def test_the_names_that_cards_mention_are_there(path):
    cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    imported, used = set(), set()
    for source in ("".join(c["source"]) for c in cells):
        if not source.startswith(("%", "!")):
            tree = ast.parse(source)
            imported |= {
                alias.name
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and node.module == "course_utils.exercises"
                for alias in node.names
            }
        if re.search(r"^@exercise\(", source, re.MULTILINE):
            assert {"hint", "solution"} <= imported, (
                "a card names them, so they must have been imported above"
            )
        used |= set(re.findall(r"\b(predict|guesses|quiz|answer)\(", source))
    assert used <= imported


@pytest.mark.parametrize("path", DAYS, ids=lambda path: path.stem[:5])
def test_what_answers_a_prediction_is_folded_until_it_is_run(path):
    cells = json.loads(path.read_text())["cells"]
    asked, answered = {}, {}
    for place, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            asked |= dict.fromkeys(
                re.findall(r'^predict\("([^"]+)"\)', "".join(cell["source"]), re.MULTILINE), place
            )
            if key := cell["metadata"].get("answers"):
                answered.setdefault(key, []).append(place)
                assert cell["metadata"]["jupyter"]["outputs_hidden"] and cell["metadata"]["collapsed"], place
                first = cell["outputs"][0] if cell["outputs"] else {}
                if "image/png" not in first.get("data", {}):
                    shown = "".join(first.get("text", ""))
                    assert shown.startswith("Your guess: none\n"), (
                        f"cell {place}: JupyterLab shows the first line folded"
                    )
    assert sorted(asked) == sorted(answered) == sorted(keys(path.stem[:5], "PREDICTIONS"))
    for key, place in asked.items():
        assert place < answered[key][0], f"{key} is answered before it is asked"
    words = sum("".join(c["source"]).count("**Predict") for c in cells if c["cell_type"] == "markdown")
    assert words == len(asked), "each **Predict** has its predict(…), and no other"
    code = "".join("".join(c["source"]) for c in cells)
    assert (
        code.index(f'guesses("{path.stem[:5]}")')
        < code.rindex("quiz(")
        < code.index(f'progress("{path.stem[:5]}")')
    )
