"""Texts that a user brings: lines of ``.txt`` files, ``.jsonl`` lines with "text" and perhaps "label", or a folder.

Files of strangers hold anything. A line that cannot be used is left out, counted and named; what is too large is cut
off; a file that cannot be used at all is refused in a sentence.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from course_utils.lm import LabelledText, split_of

JSON_LINES, LINES = (".jsonl", ".ndjson"), (".txt",)
MAX_FILES, MAX_LINE, MAX_BYTES, MAX_LABEL = 10_000, 1_000_000, 500_000_000, 80
OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
NAMED = 5


class OwnTexts(NamedTuple):
    """What was read."""

    texts: list[LabelledText]
    """Each once, its label as the concept ("" if it has none), every tenth or so held out, by its characters alone."""

    left_out: dict[str, int]
    """Why lines were left out, and how many for each reason."""

    named: list[str]
    """The first few of these lines: ``file:7 (not JSON)``."""

    cut: bool
    """Whether there was more than is read of a source."""

    def problems(self) -> str:
        """The lines that were left out, in one sentence; empty if there were none."""
        n = sum(self.left_out.values())
        if not n:
            return ""
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.left_out.items())
        more = f" and {n - len(self.named):,} more" if n > len(self.named) else ""
        return f"{n:,} line{'s' if n > 1 else ''} left out ({reasons}): {', '.join(self.named)}{more}"


def read_texts(source: str | Path) -> OwnTexts:
    r"""Read a file or a folder of them.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     lines = '{"text": "The ship sails.", "label": "sea"}\n{"text": "It rains."}\nnot json\n'
        ...     _ = Path(folder, "mine.jsonl").write_text(lines)
        ...     found = read_texts(folder)
        >>> [(text.text, text.concept, text.split) for text in found.texts]
        [('The ship sails.', 'sea', 'train'), ('It rains.', '', 'held_out')]
        >>> found.problems()
        '1 line left out (1 not JSON): mine.jsonl:3 (not JSON)'

    Args:
        source: a ``.txt`` file, every line of which is a text; a ``.jsonl`` file, every line of which is an object with
            "text" and perhaps "label"; or a folder, in which all such files are read, in the order of their names.

    Raises:
        FileNotFoundError: if there is nothing.
        ValueError: if it is of another kind, in another encoding than UTF-8, or holds no text.
    """
    source = Path(source).expanduser()
    found = OwnTexts([], {}, [], False)
    seen: set[str] = set()
    n_bytes, cut = 0, False
    for path in _files(source):
        name = path.relative_to(source).as_posix() if source.is_dir() else path.name
        for number, line in _lines(path):
            n_bytes += len(line)
            if n_bytes > MAX_BYTES:
                cut = True
                break
            try:
                text = _text(line, path.suffix.lower() in JSON_LINES)
            except ValueError as problem:
                _leave_out(found, str(problem), f"{name}:{number}")
                continue
            if text is None:
                continue
            if text.text in seen:
                _leave_out(found, "repeated", f"{name}:{number}")
                continue
            seen.add(text.text)
            found.texts.append(text)
        if cut:
            break
    if not found.texts:
        raise ValueError(
            f"{source} holds no text that can be used" + (f": {found.problems()}" if found.named else "")
        )
    return found._replace(cut=cut)


def _leave_out(found: OwnTexts, reason: str, where: str) -> None:
    found.left_out[reason] = found.left_out.get(reason, 0) + 1
    if len(found.named) < NAMED:
        found.named.append(f"{where} ({reason})")


def _files(source: Path) -> list[Path]:
    kinds = (*LINES, *JSON_LINES)
    if source.is_dir():
        inside = (path for path in source.rglob("*") if path.suffix.lower() in kinds)
        files = sorted(p for p in inside if p.is_file() and not p.name.startswith("."))
        if not files:
            raise ValueError(f"{source} is a folder without files of texts ({', '.join(kinds)})")
        if len(files) > MAX_FILES:
            raise ValueError(f"{source} has {len(files):,} files of texts; at most {MAX_FILES:,} are read")
        return files
    if not source.exists():
        raise FileNotFoundError(f"there is no file or folder {source}")
    if source.suffix.lower() not in kinds:
        raise ValueError(f"{source} is none of {', '.join(kinds)}, nor a folder")
    return [source]


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number, line) of a file; of a line that is too long its beginning, longer than is allowed."""
    with path.open("rb") as file:
        if file.peek(4).startswith(OTHER_ENCODINGS):
            raise ValueError(f"{path} is not in UTF-8: save it in UTF-8")
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            whole = line
            while len(whole) > MAX_LINE and not whole.endswith(b"\n"):  # pass over the rest
                whole = file.readline(MAX_LINE + 1)
                if not whole:
                    break
            yield number, line.removeprefix(codecs.BOM_UTF8) if number == 1 else line


def _text(line: bytes, is_json: bool) -> LabelledText | None:
    """What a line holds; None if it is blank.

    Raises:
        ValueError: with the reason, if it cannot be used.
    """
    if len(line) > MAX_LINE:
        raise ValueError(f"longer than {MAX_LINE:,} bytes")
    try:
        read = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if not read:
        return None
    text, label = _parsed(read) if is_json else (read, "")
    if not text.strip():
        raise ValueError("no text")
    if "\0" in text:
        raise ValueError("not text")
    return LabelledText(text, label, "", "", split_of(text))


def _parsed(line: str) -> tuple[str, str]:
    """Text and label of a line of JSON."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError('no "text"')
    text, label = row["text"], row.get("label")
    if not isinstance(label, str | int | None):
        raise ValueError("a label that is neither a word nor a number")
    label = "" if label is None else " ".join(str(label).split())
    if len(label) > MAX_LABEL:
        raise ValueError(f"a label of more than {MAX_LABEL} letters")
    try:
        (text + label).encode()
    except UnicodeEncodeError:
        raise ValueError("half a character") from None
    return text, label
