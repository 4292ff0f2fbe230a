"""Files as people hand them in: what can be understood is read, and the rest is refused in a sentence."""

import copy
import json
import random
from pathlib import Path

import nbformat
import pytest

from course_utils.grade import exercise_keys, read_notebook

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
CODE = '@exercise("day_6.encode")\ndef encode(x, W_enc, b_enc, b_dec):\n    raise NotImplementedError'
GOOD = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Tag 6 · Ümläute"},
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {"alt": "a plot"},
            "source": ["x = 1\n", "x"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}],
            "execution_count": 1,
        },
    ],
}


@pytest.fixture
def read(tmp_path):
    def write(content):
        data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        (tmp_path / "a.ipynb").write_bytes(data)
        notebook = read_notebook(tmp_path / "a.ipynb")
        nbformat.validate(notebook)
        return notebook

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_any_unicode_is_read(read, encoding):
    cells = read(json.dumps(GOOD, ensure_ascii=False).encode(encoding)).cells
    assert [cell.source for cell in cells] == ["# Tag 6 · Ümläute", "x = 1\nx"]


def test_a_byte_of_another_encoding_costs_a_letter(read):
    assert (
        "# Tag 6 · Ümläute" not in read(json.dumps(GOOD, ensure_ascii=False).encode("cp1252")).cells[0].source
    )
    assert read(json.dumps(GOOD, ensure_ascii=False).encode("cp1252")).cells[1].source == "x = 1\nx"


def changed(at, value):
    notebook = copy.deepcopy(GOOD)
    place = notebook
    for part in at[:-1]:
        place = place[part]
    place[at[-1]] = value
    return notebook


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (["metadata"], {"widgets": {"application/vnd.jupyter.widget-state+json": {}}}),
        (["metadata"], []),
        (["metadata"], {"language_info": [], "kernelspec": None}),
        (["nbformat_minor"], 4),
        (["nbformat_minor"], None),
        (["nbformat"], "4"),
        (["nbformat"], 5),
        (["cells", 1, "metadata"], []),
        (["cells", 1, "metadata"], {"tags": None, "jupyter": None, "alt": None, "collapsed": "no"}),
        (["cells", 0, "metadata"], {"tags": "launch"}),
        (["cells", 0, "id"], "b"),
        (["cells", 0, "id"], "no id\u0000"),
        (["cells", 1, "outputs"], None),
        (["cells", 1, "outputs"], [None, 3, {"output_type": "new"}, {"output_type": ["stream"]}]),
        (["cells", 1, "outputs"], [{"output_type": "display_data", "data": {"text/plain": "x"}}]),
        (
            ["cells", 1, "outputs"],
            [{"output_type": "execute_result", "data": {"text/plain": None, "a/b": 3}}],
        ),
        (["cells", 1, "outputs"], [{"output_type": "error", "traceback": [None]}]),
        (["cells", 1, "outputs"], [{"output_type": "pyout", "text": "1", "prompt_number": 3}]),
        (["cells", 1, "execution_count"], "1"),
        (["cells", 0, "attachments"], {"a.png": None}),
        (["more"], {"of": "somebody's"}),
    ],
)
def test_what_is_wrong_beside_the_source_does_not_matter(read, at, value):
    assert [cell.source for cell in read(changed(at, value)).cells] == ["# Tag 6 · Ümläute", "x = 1\nx"]


@pytest.mark.parametrize(
    ("source", "expected"), [(None, ""), ([], ""), (["a\n", None, "b"], "a\nb"), (3, "")]
)
def test_a_source_of_another_kind(read, source, expected):
    assert read(changed(["cells", 1, "source"], source)).cells[1].source == expected


def test_cells_without_ids_get_each_their_own(read):
    notebook = copy.deepcopy(GOOD) | {"nbformat_minor": 4}
    for cell in notebook["cells"]:
        del cell["id"]
    notebook["cells"] += [*notebook["cells"], None, {"cell_type": "code", "id": "cell-1", "source": "y"}]
    assert len({cell.id for cell in read(notebook).cells}) == len(read(notebook).cells) == 5


def test_half_a_surrogate_pair_is_a_mark(read):
    notebook = changed(["cells", 1, "source"], "x = '\ud800'")
    assert read(json.dumps(notebook).encode()).cells[1].source == "x = '\N{REPLACEMENT CHARACTER}'"


def test_metadata_that_the_tools_look_at_is_kept(read):
    about = {"tags": ["launch"], "jupyter": {"outputs_hidden": True}, "alt": "a plot", "tolerance": {}}
    kept = read(changed(["cells", 1, "metadata"], about)).cells[1].metadata
    assert kept == {"tags": ["launch"], "jupyter": {"outputs_hidden": True}, "alt": "a plot"}


def test_older_versions_are_read(read):
    heading = {"cell_type": "heading", "level": 2, "source": "Toys", "metadata": {}}
    code = {
        "cell_type": "code",
        "language": "python",
        "input": "1 + 1",
        "prompt_number": 1,
        "collapsed": False,
        "outputs": [{"output_type": "pyout", "text": "2", "prompt_number": 1, "metadata": {}}],
        "metadata": {},
    }
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": [heading, code]}],
    }
    first, second = read(copy.deepcopy(old)).cells
    assert (first.cell_type, first.source, second.source) == ("markdown", "## Toys", "1 + 1")
    assert second.outputs[0].data == {"text/plain": "2"}
    assert (
        read(changed(["cells", 0], heading)).cells[0].source == "## Toys"
    )  # by hand, in a file of version 4
    del code["outputs"], code["prompt_number"]
    assert read(old | {"worksheets": [{"cells": [code]}, None]}).cells[0].source == "1 + 1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n", "the file is empty"),
        (bytes(4096), "the file is empty"),
        (b"[]", "no notebook"),
        (b"3", "no notebook"),
        (b"{}", "it has no cells"),
        (b'{"cells": {"a": 1}}', "it has no cells"),
        (b"PK\x03\x04\x00", "an archive"),
        (b"\n<!DOCTYPE html><html></html>", "a web page"),
        (
            b'{"cells": [\n<<<<<<< HEAD\n{},\n=======\n{}\n>>>>>>> mine\n]}',
            "merge of git is left open in it, at line 2",
        ),
        (json.dumps(GOOD).encode()[:-50], "cut off"),
        (json.dumps(GOOD).encode()[:-60], "cut off"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"cells": [' + b"9" * 5000 + b"]}", "a number of thousands of digits"),
        (b"import torch\n", "it is not JSON"),
        (bytes(range(256)) * 20, "it is not JSON"),
    ],
)
def test_what_is_no_notebook_is_named(read, content, said):
    with pytest.raises(ValueError, match=said) as raised:
        read(content)
    assert type(raised.value) is ValueError and "\n" not in str(raised.value)


def places(value, path=()):
    yield path
    for name, part in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(part, (*path, name))


def test_a_day_with_anything_anywhere_is_valid_or_refused(read):
    day = json.loads(next(NOTEBOOKS.glob("day_3_*")).read_text(encoding="utf-8"))
    day["cells"] = day["cells"][:12]
    chance, junk = (
        random.Random(0),
        [None, [], {}, 3, -1, "x", "\ud800", True, 1.5, [None], {"a": None}, "heading", "code"],
    )
    for _ in range(150):
        notebook = copy.deepcopy(day)
        for _ in range(chance.choice([1, 5, 40])):
            *parents, last = chance.choice([path for path in places(notebook) if path] or [("cells",)])
            place = notebook
            for part in parents:
                place = place[part]
            place[last] = copy.deepcopy(chance.choice(junk))
        try:
            read(json.dumps(notebook).encode())
        except ValueError as refused:
            assert str(refused) == "it has no cells"


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        (CODE, ["day_6.encode"]),
        ('x = answer("day_6.l0_of_batch", 3)', ["day_6.l0_of_batch"]),
        ('ex.exercise(key="day_6.fvu")(f)', ["day_6.fvu"]),
        (f"%matplotlib inline\n{CODE}", ["day_6.encode"]),
        (f"!pip list\n{CODE}\n", ["day_6.encode"]),
        (f"%%time\n{CODE}", ["day_6.encode"]),
        ('%time x = answer("day_6.l0_of_batch", 3)', ["day_6.l0_of_batch"]),
        (CODE.replace("x, W", "x W"), ["day_6.encode"]),  # half typed
        (CODE + "\n" + CODE, ["day_6.encode"]),
        ("@exercise('day_6.encode')\r\ndef encode(:\r\n", ["day_6.encode"]),
        (CODE + "\0", ["day_6.encode"]),
        (f"{CODE}\nx = {'-' * 20_000}1", ["day_6.encode"]),
        ("\n" * 200_000 + "(", []),
        ('# @exercise("day_6.encode")', []),
        ("print(\"@exercise('day_6.encode')\")", []),
        ('"""See @exercise("day_6.encode")."""\n(', []),
        ("print('day_7.push')", []),
        ("def answer(q): ...\nanswer(3)", []),
        ("%matplotlib inline", []),
        (f"%%html\n{CODE}", []),
        ("!echo 'answer(\"day_6.fvu\")'", []),
        ("", []),
    ],
)
def test_keys_are_what_code_asks_for(source, keys):
    assert exercise_keys(source) == keys
