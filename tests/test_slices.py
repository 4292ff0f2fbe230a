"""Values of a notebook without the cells on which they do not hang."""

import ast

import nbformat
import pytest

from tools.slices import Notebook, Wanted, statement

CELLS = [
    "from random import Random\nnumbers = [1, 2]\ndear = 1 / 0",
    "total = sum(numbers)\nprint(f'{total} in all')",
    "numbers.append(4)\nfor other in (numbers, []):\n    other.append(8)\nlabels = {'a': 1}",
    "def share(n):\n    return n / whole\n\n\nlabels['b'] = 2\nlabels |= {'c': 3}",
    "whole = sum(numbers)\nif whole > 10:\n    numbers = numbers + [16]\nplot_all(numbers)",
    "half = [share(n) for n in numbers]\nnumbers = None",
    "number = Random(0).random() < 2\nwith open('nowhere') as file:\n    text = file.read()",
]


@pytest.fixture
def notebook(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells.insert(1, nbformat.v4.new_markdown_cell("sum(numbers)"))
    path = tmp_path / "day.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return Notebook(path)


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        ("in all", "total", 3),
        ("in all", "[n + total for n in numbers]", [4, 5]),
        ("labels = {", "len(numbers)", 4),
        ("labels = {", "labels", {"a": 1}),
        ("labels['b']", "sorted(labels)", ["a", "b", "c"]),
        ("whole = ", "numbers", [1, 2, 4, 8, 16]),
        ("half = ", "half[-1]", 16 / 15),
        ("half = ", "numbers", None),
        ("Random(0)", "number", True),
    ],
)
def test_a_value_is_what_the_whole_notebook_gives(notebook, cell, value, expected):
    wanted = Wanted("it", cell, value)
    assert list(notebook.measure([wanted])) == [("it", expected)]


def test_cells_about_a_call_are_those_that_work_with_it_and_what_they_need(notebook):
    assert notebook.cells_about("Random") == {0, 7}
    assert notebook.cells_about("share") == {0, 3, 4, 5, 6}  # not what prints a total of its own
    assert notebook.cells_about("nowhere") == set()


def test_several_values_are_taken_each_at_its_place(notebook):
    wanted = [Wanted("late", "half = ", "half[0] * whole"), Wanted("early", "in all", "len(numbers)")]
    assert list(notebook.measure(wanted)) == [("early", 2), ("late", 1.0)]


def test_what_it_does_not_hang_on_is_not_run(notebook):
    needed = notebook.needed_for(Wanted("total", "in all", "total"))
    assert [notebook.statements[i].source for i in needed] == ["numbers = [1, 2]", "total = sum(numbers)"]


def test_a_cell_is_named_by_what_no_other_has(notebook):
    for cell in ("nowhere else", "numbers"):
        with pytest.raises(ValueError, match=r"cells of day\.ipynb contain"):
            notebook.needed_for(Wanted("it", cell, "numbers"))


def test_code_is_another_if_what_the_value_hangs_on_changes(notebook):
    total, half = Wanted("total", "in all", "total"), Wanted("half", "half = ", "half")
    before = notebook.code_of(total), notebook.code_of(half)
    at = next(i for i, s in enumerate(notebook.statements) if s.source == "whole = sum(numbers)")
    notebook.statements[at] = statement(notebook.statements[at].cell, ast.parse("whole = 1").body[0])
    after = notebook.code_of(total), notebook.code_of(half)
    assert before[0] == after[0] and before[1] != after[1]


def test_an_imported_function_can_be_replaced(notebook):
    class Same:
        def __init__(self, seed):
            pass

        def random(self):
            return 3

    wanted = Wanted("it", "Random(0)", "number")
    assert list(notebook.measure([wanted], instead={"Random": Same})) == [("it", False)]
