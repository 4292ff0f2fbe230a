"""Read a notebook as people hand it in.

Editors, Colab, git and older versions of Jupyter leave files that open in Jupyter and that nbformat refuses. What can be
understood is read and built anew as a valid notebook: sources, outputs, attachments, and the metadata that somebody
here uses. The rest stays behind, the state of widgets above all.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import nbformat
from nbformat import NotebookNode

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
JSON_KIND = re.compile(r"application/(.*\+)?json")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
OLD_OUTPUTS = {"pyout": "execute_result", "update_display_data": "display_data", "pyerr": "error"}
OLD_KINDS = {
    **{"text": "text/plain", "html": "text/html", "latex": "text/latex", "svg": "image/svg+xml"},
    **{"png": "image/png", "jpeg": "image/jpeg", "javascript": "application/javascript"},
}
"""What version 3 calls the kinds of an output, which it keeps beside each other."""


def read_notebook(path: str | Path) -> NotebookNode:
    """The notebook in a file, valid in the newest format, whatever state the file is in.

    A byte-order mark, UTF-16, ids that are missing or there twice, cells of other versions, fields of a wrong kind:
    each is put right or left out. Half a surrogate pair, which no file can hold, becomes U+FFFD.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.ipynb")
        ...     _ = path.write_text('{"cells": [{"source": ["x = ", "1"], "metadata": []}]}', encoding="utf-8-sig")
        ...     read_notebook(path).cells[0].source
        'x = 1'

    Raises:
        ValueError: if it is no notebook; the message says what it is, and does not name the file.
        OSError: if it cannot be read.
    """
    if Path(path).exists() and not Path(path).is_file():
        raise ValueError("it is no plain file")  # a pipe would keep us waiting
    raw = _json(Path(path).read_bytes())
    if not isinstance(raw, dict):
        raise ValueError("it is JSON, but no notebook")
    sheets = [raw, *map(_dict, _list(raw.get("worksheets")))]  # of version 3
    if not any(isinstance(sheet.get("cells"), list) for sheet in sheets):
        raise ValueError("it has no cells")
    found = [cell for sheet in sheets for cell in _list(sheet.get("cells")) if isinstance(cell, dict)]
    cells, taken = [], set[str]()
    for number, cell in enumerate(found, 1):
        cells.append(_cell(cell) | {"id": _id(cell.get("id"), number, taken)})
        taken.add(cells[-1]["id"])
    metadata = _notebook_metadata(_dict(raw.get("metadata")))
    notebook = nbformat.from_dict(dict(cells=cells, metadata=metadata, nbformat=4, nbformat_minor=5))
    return cast(NotebookNode, notebook)


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _json(data: bytes) -> Any:
    text = data.decode(json.detect_encoding(data), errors="replace").lstrip("\ufeff")
    if not text.strip("\0 \r\n\t"):
        raise ValueError("the file is empty")
    try:
        return json.loads(text, strict=False)  # Jupyter too takes a line break within a string
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(_what_it_is(text, error)) from None
    except ValueError:  # Python reads no number of more digits
        raise ValueError("it holds a number of thousands of digits") from None


def _what_it_is(text: str, error: json.JSONDecodeError) -> str:
    start = text.lstrip()[:100]
    if start.startswith("PK\x03\x04"):
        return "it is an archive: unpack it first"
    if start.startswith("<") and not start.startswith("<<<<"):
        return "it is a web page: download the file itself (on a code host: Raw)"
    if mark := re.search(r"^(?:<{7}|={7}|>{7})(?: |$)", text, re.MULTILINE):
        line = text.count("\n", 0, mark.start()) + 1
        return f"a merge of git is left open in it, at line {line}: settle it first"
    ends_early = error.msg.startswith("Unterminated") or not text[error.pos :].strip()
    if start.startswith("{") and ends_early:
        return "it ends in the middle: it was cut off when it was saved or sent"
    return f"it is not JSON: {error.msg} (line {error.lineno})"


def _notebook_metadata(raw: dict[str, Any]) -> dict[str, Any]:
    """The language, by which the code is coloured."""
    kernel, language = (
        {name: _text(value) for name, value in _dict(raw.get(part)).items() if isinstance(value, str)}
        for part in ("kernelspec", "language_info")
    )
    return {
        "kernelspec": {"name": "python3", "display_name": "Python 3"} | kernel,
        "language_info": {"name": "python"} | language,
    }


# ── its cells ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _cell(raw: dict[str, Any]) -> dict[str, Any]:
    kind = str(raw.get("cell_type") or "code").lower()
    source = _text(raw.get("source", raw.get("input")))
    if kind in ("heading", "html"):  # of version 3
        level = raw.get("level")
        marks = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " "
        kind, source = "markdown", (marks if kind == "heading" else "") + source
    cell: dict[str, Any] = {"metadata": _cell_metadata(_dict(raw.get("metadata"))), "source": source}
    if kind == "code":
        outputs = [_output(_dict(output)) for output in _list(raw.get("outputs"))]
        cell |= {"outputs": [output for output in outputs if output]}
        return cell | {"cell_type": kind, "execution_count": _number(raw.get("execution_count"))}
    attached = {_text(name): _bundle(data) for name, data in _dict(raw.get("attachments")).items()}
    cell["cell_type"] = "markdown" if kind == "markdown" else "raw"
    return cell | ({"attachments": attached} if attached else {})


def _cell_metadata(raw: dict[str, Any]) -> dict[str, Any]:
    """What the course's tools look at."""
    tags = raw.get("tags")
    tags = [tags] if isinstance(tags, str) else _list(tags)
    kept = {
        "tags": list(dict.fromkeys(_text(tag) for tag in tags if isinstance(tag, str))),
        "jupyter": {k: v for k, v in _dict(raw.get("jupyter")).items() if isinstance(v, bool)},
        "alt": _text(raw.get("alt")),
        "raw_mimetype": _text(raw.get("raw_mimetype")),
    }
    return {name: value for name, value in kept.items() if value}


def _output(raw: dict[str, Any]) -> dict[str, Any] | None:
    kind = str(raw.get("output_type"))
    kind = OLD_OUTPUTS.get(kind, kind)
    output: dict[str, Any] = {"output_type": kind}
    if kind == "stream":
        name = "stderr" if "stderr" in (raw.get("name"), raw.get("stream")) else "stdout"
        return output | {"name": name, "text": _text(raw.get("text"))}
    if kind == "error":
        lines = [_text(line) for line in _list(raw.get("traceback"))]
        return output | {n: _text(raw.get(n)) for n in ("ename", "evalue")} | {"traceback": lines}
    if kind == "execute_result":
        output["execution_count"] = _number(raw.get("execution_count"))
    elif kind != "display_data":
        return None
    data = raw.get("data", {OLD_KINDS[name]: raw[name] for name in OLD_KINDS if name in raw})
    return output | {"data": _bundle(data), "metadata": _sizes(_dict(raw.get("metadata")))}


def _bundle(raw: Any) -> dict[str, Any]:
    """What is shown, by its kind."""
    kept = {}
    for kind, value in _dict(raw).items():
        if JSON_KIND.fullmatch(kind):
            kept[_text(kind)] = {}  # that it was there is all that anybody here asks
        elif isinstance(value, str | list):
            kept[_text(kind)] = _text(value)
    return kept


def _sizes(raw: dict[str, Any]) -> dict[str, Any]:
    """Width and height of pictures, which may stand under their kind."""
    kept = {}
    for name, value in raw.items():
        if name in ("width", "height") and type(value) in (int, float):
            kept[name] = value
        elif name.startswith("image/") and (sizes := _sizes(_dict(value))):
            kept[_text(name)] = sizes
    return kept


def _id(wanted: Any, number: int, taken: set[str]) -> str:
    if isinstance(wanted, str) and CELL_ID.fullmatch(wanted) and wanted not in taken:
        return wanted
    while (name := f"cell-{number}") in taken:
        number += 1_000_000
    return name


# ── fields that may be of any kind ────────────────────────────────────────────────────────────────────────────────────


def _text(value: Any) -> str:
    """A text, or the lines of one; else an empty one."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None
