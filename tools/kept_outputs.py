"""Compare what a cell prints with what the notebook keeps: words exactly, numbers as exactly as the cell states.

    pytest --nbval -p tools.kept_outputs notebooks

nbval compares characters. Last bits differ between processors, and where a training passes them on, so do printed
digits. A cell whose numbers were seen to move (tools/shake.py) states in its metadata by how much they may, in units of
the last digit printed, and all other cells stay exact:

    {"tolerance": 2}    0.95 matches 0.93 to 0.97, and 51% matches 49% to 53%

Signs and decimals belong to the words: -0.02 never matches 0.02, and 0.5 never matches 0.50.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

NUMBER = re.compile(r"( *)(?<![\w.#])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)")
COMPARED = ("text/plain", "text/html")


class Number(NamedTuple):
    padding: str
    digits: str

    @property
    def value(self) -> Decimal:
        return Decimal(self.digits.replace(",", ""))


def parts(text: str) -> tuple[list[str], list[Number]]:
    """The words of a text, and the numbers between them: one word more than numbers."""
    pieces = NUMBER.split(text)
    return pieces[::3], [Number(*pair) for pair in zip(pieces[1::3], pieces[2::3], strict=True)]


def units_apart(kept: Number, printed: Number) -> Decimal | None:
    """How far two numbers are apart, in units of the last digit printed; None if they are not written alike."""
    exponent = kept.value.as_tuple().exponent
    same_width = len("".join(kept)) == len("".join(printed)) or kept.padding == printed.padding
    if exponent != printed.value.as_tuple().exponent or not same_width:
        return None
    return abs(kept.value - printed.value).scaleb(-exponent)


def settle(kept: str, printed: str, tolerance: int) -> str:
    """``printed`` with every number that is within the tolerance of the kept one replaced by that one.

    A text with other words is returned as it is.
    """
    words, expected = parts(kept)
    other_words, numbers = parts(printed)
    if words != other_words:
        return printed
    settled = []
    for ours, theirs in zip(expected, numbers, strict=True):
        apart = units_apart(ours, theirs)
        settled.append(ours if apart is not None and apart <= tolerance else theirs)
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


def settle_outputs(kept: list[dict], printed: list[dict], tolerance: int) -> list[dict]:
    """A copy of a cell's printed outputs in which numbers within the tolerance are the kept ones."""
    printed = copy.deepcopy(printed)
    for ours, theirs in zip(kept, printed, strict=False):
        for (where, key), (kept_where, kept_key) in zip(texts(theirs), texts(ours), strict=False):
            if key == kept_key:
                where[key] = settle(kept_where[kept_key], where[key], tolerance)
    return printed


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each notebook cell that states a tolerance compare with it."""
    for item in items:
        tolerance = getattr(item, "cell", {}).get("metadata", {}).get("tolerance", 0)
        if tolerance:
            compare = item.compare_outputs

            def compare_settled(test, ref, skip_compare=None, compare=compare, tolerance=tolerance):
                return compare(settle_outputs(ref, test, tolerance), ref, skip_compare)

            item.compare_outputs = compare_settled
