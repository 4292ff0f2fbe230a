"""Compare what a cell prints with what the notebook keeps: words exactly, numbers as exactly as the cell states.

    pytest --nbval -p tools.kept_outputs notebooks

nbval compares characters. Last bits differ between processors, and where a training passes them on, so do printed
digits. A cell whose numbers were seen to move (tools/shake.py) states in its metadata which of them may, counted from 0
through all that it shows as text, and by how many units of the last digit printed:

    {"tolerance": {"3": 2}}    the fourth number: 0.95 matches 0.93 to 0.97, and 51% matches 49% to 53%

All other numbers and all other cells are exact. Signs and decimals belong to the words: -0.02 never matches 0.02, and
0.5 never matches 0.50; so do numbers in names and in HTML tags. Beyond nbval's comparison, outputs have to come in the
kept order, and a picture where one is kept.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

TAG = re.compile(r"<[A-Za-z/!][^>]*>")
NUMBER = re.compile(
    r"( *)(?<![\w.#])([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)", re.ASCII
)
COMPARED = ("text/plain", "text/html")
WIDGET = "application/vnd.jupyter.widget-view+json"


class Number(NamedTuple):
    padding: str
    digits: str

    @property
    def value(self) -> Decimal:
        return Decimal(self.digits.replace(",", ""))


def parts(text: str) -> tuple[list[str], list[Number]]:
    """The words of a text, tags among them, and the numbers between them: one word more than numbers."""
    words, numbers, end = [], [], 0
    tags = [match.span() for match in TAG.finditer(text)]
    for match in NUMBER.finditer(text):
        if any(start < match.start(2) < stop for start, stop in tags):
            continue
        words.append(text[end : match.start()])
        numbers.append(Number(match[1], match[2]))
        end = match.end()
    return [*words, text[end:]], numbers


def units_apart(kept: Number, printed: Number) -> Decimal | None:
    """How far two numbers are apart, in units of the last digit printed; None if they are not written alike."""
    exponent = kept.value.as_tuple().exponent
    same_width = len("".join(kept)) == len("".join(printed)) or kept.padding == printed.padding
    same_style = all((sign in kept.digits) == (sign in printed.digits) for sign in ",e")
    if exponent != printed.value.as_tuple().exponent or not same_width or not same_style:
        return None
    return abs(kept.value - printed.value).scaleb(-int(exponent))


def settle(kept: str, printed: str, tolerance: Mapping[int, int]) -> str:
    """``printed`` with every number that is within its tolerance of the kept one replaced by that one.

    A text with other words is returned as it is.

    Args:
        tolerance: for numbers of this text, counted from 0; all others are exact.
    """
    words, expected = parts(kept)
    other_words, numbers = parts(printed)
    if words != other_words:
        return printed
    settled = []
    for i, (ours, theirs) in enumerate(zip(expected, numbers, strict=True)):
        apart = units_apart(ours, theirs)
        settled.append(ours if apart is not None and apart <= tolerance.get(i, 0) else theirs)
    return words[0] + "".join(
        padding + digits + word for (padding, digits), word in zip(settled, words[1:], strict=True)
    )


def texts(output: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where the texts of an output stand: (a dictionary, a key of it)."""
    if "text" in output:
        yield output, "text"
    for kind in COMPARED:
        if kind in output.get("data", {}):
            yield output["data"], kind


def settle_outputs(
    kept: list[dict],
    printed: list[dict],
    tolerance: Mapping[int, int],
    sanitize: Callable[[str], str] = str,
) -> list[dict]:
    """A copy of a cell's printed outputs in which numbers within their tolerance are the kept ones."""
    printed, before = copy.deepcopy(printed), 0
    for ours, theirs in zip(kept, printed, strict=False):
        for (where, key), (kept_where, kept_key) in zip(texts(theirs), texts(ours), strict=False):
            text = sanitize(kept_where[kept_key])
            here = {i - before: units for i, units in tolerance.items() if i >= before}
            if key == kept_key:
                where[key] = settle(text, sanitize(where[key]), here)
            before += len(parts(text)[1])
    return printed


def tolerance_of(cell: Mapping[str, Any]) -> dict[int, int]:
    """What a cell states, by number."""
    return {int(i): units for i, units in cell.get("metadata", {}).get("tolerance", {}).items()}


def kinds(outputs: list[dict]) -> list[tuple[str, ...]]:
    """What is shown, in its order; live widgets are not kept."""
    static = [o for o in outputs if WIDGET not in o.get("data", {}) or "text/html" in o["data"]]
    return [(o["name"],) if "text" in o else tuple(sorted({*o.get("data", {})} - {WIDGET})) for o in static]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each notebook cell compare with the tolerance that it states, and its outputs in their order."""
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is None:
            continue

        def compare_settled(test, ref, skip_compare=None, item=item, compare=item.compare_outputs):
            if not compare(
                settle_outputs(ref, test, tolerance_of(item.cell), item.sanitize), ref, skip_compare
            ):
                return False
            if kinds(test) != kinds(ref):
                item.comparison_traceback.append(f"shown: {kinds(test)}, kept: {kinds(ref)}")
                return False
            return True

        item.compare_outputs = compare_settled
