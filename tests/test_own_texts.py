import codecs
import json
import os

import needs
import pytest

from course_utils.desk import own_texts, read_texts
from course_utils.lm import split_of


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def texts_of(found):
    return [text.text for text in found.texts]


def test_lines_of_a_text_file(tmp_path):
    found = read_texts(write(tmp_path, "a.txt", codecs.BOM_UTF8 + b"one\r\n\n  two  \nthree"))
    assert texts_of(found) == ["one", "two", "three"]
    assert {text.concept for text in found.texts} == {""} and found.problems() == ""


def test_every_tenth_or_so_is_held_out_by_its_characters(tmp_path):
    lines = [f"line {number}" for number in range(2000)]
    found = read_texts(write(tmp_path, "a.txt", "\n".join(lines)))
    assert [text.split for text in found.texts] == [split_of(line) for line in lines]
    assert 120 < sum(text.split == "held_out" for text in found.texts) < 280


BAD = {
    b"{": "not JSON",
    b"[" * 100_000: "not JSON",
    b'{"text": ' + b"9" * 5000 + b"}": "not JSON",
    b'["text"]': 'no "text"',
    b'{"label": "a"}': 'no "text"',
    b'{"text": 3}': 'no "text"',
    b'{"text": "  "}': "no text",
    b'{"text": "a\\u0000b"}': "not text",
    b'{"text": "\xff"}': "not UTF-8",
    b'{"text": "\\ud800"}': "half a character",
    b'{"text": "a", "label": ["b"]}': "neither a word nor a number",
    b'{"text": "a", "label": 1.5}': "neither a word nor a number",
    json.dumps({"text": "a", "label": "b" * 81}).encode(): "more than 80 letters",
    json.dumps({"text": "a" * 1_000_000}).encode(): "longer than 1,000,000 bytes",
    b'{"text": "fine"}': "repeated",
}


@pytest.mark.parametrize("line", BAD, ids=BAD.values())
def test_a_bad_line_is_left_out_counted_and_named(tmp_path, line):
    lines = b'{"text": "fine", "label": "a"}\n' + line + b'\n{"text": "also fine", "label": 7}\n'
    found = read_texts(write(tmp_path, "a.jsonl", lines))
    assert [(text.text, text.concept) for text in found.texts] == [("fine", "a"), ("also fine", "7")]
    assert BAD[line] in found.problems() and "a.jsonl:2" in found.problems()
    assert found.problems().startswith("1 line left out")


def test_many_bad_lines_are_counted_and_five_named(tmp_path):
    found = read_texts(write(tmp_path, "a.jsonl", "x\n" * 40 + '["y"]\n' * 2 + '{"text": "fine"}'))
    assert found.problems().startswith('42 lines left out (40 not JSON, 2 no "text"): a.jsonl:1 (not JSON), ')
    assert found.problems().endswith("a.jsonl:5 (not JSON) and 37 more")


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    write(tmp_path, "b.TXT", "two")
    write(tmp_path, "a/x.jsonl", '{"text": "one", "label": "z"}')
    write(tmp_path, ".hidden.txt", "no")
    write(tmp_path, "c.csv", "no")
    (tmp_path / "d.txt").mkdir()
    assert texts_of(read_texts(tmp_path)) == ["two", "one"] or texts_of(read_texts(tmp_path)) == [
        "one",
        "two",
    ]
    assert texts_of(read_texts(str(tmp_path))) == texts_of(read_texts(tmp_path))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-be"])
def test_another_encoding_is_refused_or_left_out(tmp_path, encoding):
    path = write(tmp_path, "a.txt", "The ship sails.".encode(encoding))
    with pytest.raises(ValueError, match=r"not in UTF-8|no text that can be used"):
        read_texts(path)


def test_latin_1_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no text that can be used: 1 line left out \(1 not UTF-8\)"):
        read_texts(write(tmp_path, "a.txt", "é".encode("latin-1")))


def test_what_cannot_be_read_is_refused(tmp_path):
    for name, kind, why in (
        ("no.txt", None, "there is no file"),
        ("a.csv", "x", "is none of"),
        ("b.txt", "", "no text"),
        ("c.txt", " \n\n", "no text"),
    ):
        if kind is not None:
            write(tmp_path, name, kind)
        with pytest.raises((ValueError, FileNotFoundError), match=why):
            read_texts(tmp_path / name)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="without files of texts"):
        read_texts(tmp_path / "empty")


def test_absurd_sizes_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(own_texts, "MAX_BYTES", 100)
    found = read_texts(write(tmp_path, "a.txt", "\n".join(f"line number {n}" for n in range(50))))
    assert found.cut and len(found.texts) == 7
    monkeypatch.setattr(own_texts, "MAX_FILES", 2)
    for number in range(3):
        write(tmp_path, f"folder/{number}.txt", "x")
    with pytest.raises(ValueError, match="has 3 files of texts; at most 2"):
        read_texts(tmp_path / "folder")


@needs.posix("its peak of memory")
def test_a_line_of_a_gigabyte_takes_no_gigabyte(tmp_path):
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        os.truncate(path, 200_000_000)
        file.seek(200_000_000)
        file.write(b"\nfine\n")
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert texts_of(read_texts(path)) == ["fine"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
