"""The comparison of notebooks forgives a number what its cell states, and nothing else."""

import copy
import random
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbval.plugin import IPyNbCell, coalesce_streams, get_sanitize_patterns, nocolors

from tools.kept_outputs import (
    parts,
    pytest_collection_modifyitems,
    settle,
    settle_outputs,
    texts,
    tolerance_of,
)

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DAYS = [path for path in NOTEBOOKS if path.stem.startswith("day_")]
"""The capstone is a frame for others' work and prints little itself."""
SKIPPED = ("metadata", "traceback", "text/latex", "prompt_number", "output_type", "name", "execution_count")
PATTERNS = dict(get_sanitize_patterns((ROOT / "tests" / "nbval.cfg").read_text()))


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kept", "printed", "tolerance", "same"),
    [
        ("area 0.95 of 4,096", "area 0.94 of 4,096", {0: 1}, True),
        ("area 0.95 of 4,096", "area 0.93 of 4,096", {0: 1}, False),
        ("area 0.95 of 4,096", "area 0.95 of 4,097", {0: 1}, False),  # the second number is exact
        ("51% dead", "49% dead", {0: 2}, True),
        ("rate  9.9 Hz", "rate 10.0 Hz", {0: 1}, True),  # a column keeps its width
        ("rate   9.9 Hz", "rate 10.0 Hz", {0: 1}, False),
        ("off by -0.02", "off by 0.02", {0: 9}, False),
        ("off by +0.00", "off by -0.00", {0: 9}, False),
        ("0.50 nats", "0.5 nats", {0: 9}, False),
        ("1,234 texts", "1234 texts", {0: 9}, False),
        ("3e-05", "4e-05", {0: 1}, True),
        ("3e-05", "3e-04", {0: 9}, False),
        ("latent 17 is whales", "latent 17 is ports", {0: 9}, False),
        ("blocks.2.hook", "blocks.3.hook", {0: 9}, False),
        ("#AA3377", "#AA3378", {0: 9}, False),
        ('<b style="width:50%">7</b>', '<b style="width:51%">7</b>', {0: 9}, False),
        ('<b style="width:50%">7</b>', '<b style="width:50%">8</b>', {0: 1}, True),
        ("0.5", "٠.5", {0: 9}, False),
        ("one 1", "one 1 and 2", {0: 9, 1: 9}, False),
    ],
)
def test_a_number_within_its_tolerance_is_the_same(kept, printed, tolerance, same):
    assert (settle(kept, printed, tolerance) == kept) is same


def test_numbers_beyond_the_tolerance_stay_as_they_were_printed():
    assert settle("1.0, 2.0, 3.0", "1.1, 2.9, 3.0", {0: 1, 1: 1}) == "1.0, 2.9, 3.0"


def test_numbers_are_counted_through_all_texts_of_a_cell():
    kept = [{"name": "stdout", "text": "1 of 2"}, {"data": {"text/html": "<b>3</b>", "text/plain": "4"}}]
    printed = [{"name": "stdout", "text": "1 of 2"}, {"data": {"text/html": "<b>3</b>", "text/plain": "5"}}]
    assert settle_outputs(kept, printed, {2: 1}) == kept  # plain text comes first, as in `texts`
    assert settle_outputs(kept, printed, {0: 1, 1: 1, 3: 1}) == printed


# ── kept outputs, changed ───────────────────────────────────────────────────────────────────────────────────────────


def nbval_cell(cell):
    """nbval's test of a notebook cell, as the plug-in leaves it; no kernel runs."""
    item = object.__new__(IPyNbCell)
    item.parent = SimpleNamespace(skip_compare=(*SKIPPED, "image/png"), sanitize_patterns=PATTERNS)
    item.cell, item.colors = cell, nocolors
    item.format_output_compare = lambda *args: None
    pytest_collection_modifyitems([item])
    return item


def compared(notebook):
    """Cells of a notebook whose outputs nbval compares and that print something."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and not {"nbval-ignore-output", "nbval-skip"} & set(tags):
            cell.outputs = coalesce_streams(cell.outputs)
            if any(True for output in cell.outputs for _ in texts(output)):
                yield cell


def change_word(text, cell):
    words = [
        m
        for m in re.finditer(r"[^\W\d_]{4,}", text)
        if "base64" not in text[max(0, m.start() - 40) : m.end()]
    ]
    return text[: words[0].start()] + "Other" + text[words[0].end() :] if words else None


def change_sign(text, cell):
    signs = [m.start() for m in re.finditer(r"(?<![\w])[-+−](?=\d)", text)]
    if not signs:
        return None
    other = {"-": "+", "−": "+", "+": "-"}[text[signs[0]]]
    return text[: signs[0]] + other + text[signs[0] + 1 :]


def change_number(text, cell, first=0):
    """The first number, by one unit of its last digit more than the cell forgives."""
    words, numbers = parts(text)
    plain = [i for i, n in enumerate(numbers) if not set(n.digits) & set("e,")]
    if not plain:
        return None
    digits = numbers[plain[0]].digits
    decimals = len(digits.partition(".")[2])
    more = float(digits) + (tolerance_of(cell).get(first + plain[0], 0) + 1) * 10**-decimals
    numbers[plain[0]] = numbers[plain[0]]._replace(digits=f"{more:.{decimals}f}")
    return words[0] + "".join("".join(n) + word for n, word in zip(numbers, words[1:], strict=True))


def drop_line(text, cell):
    lines = text.splitlines(keepends=True)
    return "".join(lines[1:]) if len(lines) > 1 else None


def reorder(text, cell):
    lines = text.splitlines(keepends=True)
    if len(lines) < 2 or lines[0].strip() == lines[1].strip():
        return None
    if not lines[1].endswith("\n"):
        lines[1] += "\n"
    return "".join([lines[1], lines[0], *lines[2:]])


CHANGES = {f.__name__: f for f in (change_word, change_sign, change_number, drop_line, reorder)}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:5])
def test_every_change_of_a_kept_output_is_found(notebook):
    """Of cells that state a tolerance, of exact ones, and of exact ones made to forgive their first number a little."""
    cells = list(compared(notebook))
    exact = [c for c in cells if not c.metadata.get("tolerance")]
    exact = random.Random(0).sample(exact, 10 if notebook in DAYS else len(exact))
    forgiving = copy.deepcopy(exact)
    for cell in forgiving:
        cell.metadata["tolerance"] = {"0": 2}
    made = dict.fromkeys(CHANGES, 0)
    for cell in exact + forgiving + [c for c in cells if c.metadata.get("tolerance")]:
        item = nbval_cell(cell)
        assert item.compare_outputs(copy.deepcopy(cell.outputs), cell.outputs)
        for name, change in CHANGES.items():
            first = 0
            for at, output in enumerate(cell.outputs):
                for _, key in texts(output):
                    printed = copy.deepcopy(cell.outputs)
                    where = printed[at] if key == "text" else printed[at]["data"]
                    kept = item.sanitize(where[key])
                    changed = change(kept, cell, first) if name == "change_number" else change(kept, cell)
                    first += len(parts(kept)[1])
                    if changed is None or changed == kept:
                        continue
                    where[key] = changed
                    made[name] += 1
                    assert not item.compare_outputs(printed, cell.outputs), f"{name}: {changed[:200]}"
    assert made["change_word"] >= 10 and made["change_number"] >= 5 and made["drop_line"] >= 1


@pytest.mark.parametrize("notebook", DAYS, ids=lambda path: path.stem[:5])
def test_whole_outputs_are_compared_too(notebook):
    """One that is left out, two that change places, a picture that is not drawn."""
    tried = {"left out": 0, "swapped": 0, "not drawn": 0}
    for cell in compared(notebook):
        item, outputs = nbval_cell(cell), cell.outputs
        changed = {"left out": outputs[1:]}
        if len(outputs) > 1:
            changed["swapped"] = [outputs[1], outputs[0], *outputs[2:]]
        if any("image/png" in output.get("data", {}) for output in outputs):
            changed["not drawn"] = copy.deepcopy(outputs)
            for output in changed["not drawn"]:
                output.get("data", {}).pop("image/png", None)
        for name, printed in changed.items():
            tried[name] += 1
            assert not item.compare_outputs(copy.deepcopy(printed), outputs), f"{cell.id}: {name}"
    assert tried["left out"] >= 10 and tried["not drawn"] >= 5


def test_nothing_is_left_out_of_the_comparison_without_a_reason():
    """Only cells that show a training's progress are not compared: what they print is a widget."""
    for notebook in NOTEBOOKS:
        for cell in nbformat.read(notebook, as_version=4).cells:
            if "nbval-ignore-output" in cell.metadata.get("tags", []):
                assert not cell.outputs, f"{notebook.name}, {cell.id}: state a tolerance instead"


# ── the whole way, with a kernel ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_nbval_compares_with_the_tolerance_of_the_cell(tmp_path):
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for tolerance in (2, 1, 0):
        cell = nbformat.v4.new_code_cell("print('area 0.95')", execution_count=1)
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="area 0.93\n")]
        if tolerance:
            cell.metadata["tolerance"] = {"0": tolerance}
        notebook = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)
        nbformat.write(notebook, tmp_path / f"by_{tolerance}.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "tools.kept_outputs"]
    once = ("-p", "no:cacheprovider", "-rA")
    done = subprocess.run([*command, *once, tmp_path], cwd=ROOT, capture_output=True, encoding="utf-8")
    said = {
        tolerance: re.findall(rf"(PASSED|FAILED) \S*by_{tolerance}", done.stdout) for tolerance in (2, 1, 0)
    }
    assert said == {2: ["PASSED"], 1: ["FAILED"], 0: ["FAILED"]}, done.stdout
