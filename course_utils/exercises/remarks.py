"""Remarks of `difference` such as "the right numbers, transposed": said only if they mend every case.

On one case it may look so by chance: with one instance the first axis has length 1, with one row of small whole numbers
a count looks like a share that was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from course_utils.exercises.outcomes import OwnWords

REMARKS = (
    "the right numbers, transposed",
    "an axis of length 1 is too many",
    "an axis of length 1 is missing",
    "the right numbers in another shape",
    "cut the fraction off",
    "cut fractions off",
    "they count or point at something",
    "a mask must be boolean",
    "they lose fractions",
    "nothing in it is imaginary",
    "which keeps no more",
)
ADDED = re.compile(
    r"(: the right numbers[^:]*(: .*)?|\. (It is \w+: w|W)hole numbers cut [^.]*|[:,] everything was summed[^.]*)\.$"
)
WHOLE = re.compile(
    r"(The right numbers, but as|Right to three digits|Right, but as|The numbers agree here, but)"
)


def _remark(complaint: str | None) -> str | None:
    return next((remark for remark in REMARKS if complaint and remark in complaint), None)


def holds_everywhere(complaints: Sequence[str | None]) -> bool:
    """Whether one remark is all that is to be said of every case that is not right."""
    said = [_remark(complaint) for complaint in complaints if complaint]
    return said[0] is not None and len(set(said)) == 1


def told_best_by(complaints: Sequence[str | None]) -> int:
    """The first case that is not right; if only its kind of number is amiss, the first whose numbers are, too."""
    first = next(i for i, complaint in enumerate(complaints) if complaint)
    if holds_everywhere(complaints) or not WHOLE.search(complaints[first] or ""):
        return first
    return next(
        (i for i, complaint in enumerate(complaints) if complaint and not WHOLE.search(complaint)), first
    )


def without_remark(complaint: str) -> str:
    """What is amiss, without what would mend it.

    Examples:
        >>> without_remark("It has shape (1, 3), expected is (3, 1): the right numbers, transposed.")
        'It has shape (1, 3), expected is (3, 1).'
    """
    kept = ADDED.sub(".", complaint)
    return type(complaint)(kept)


def own_words(complaints: Sequence[str | None]) -> str | None:
    """What a record's own judge says of every case that is not right, up to numbers; else None."""
    said = [complaint for complaint in complaints if complaint]
    if not all(isinstance(complaint, OwnWords) for complaint in said):
        return None
    return said[0] if len({re.sub(r"[-\d.e]+", "#", complaint) for complaint in said}) == 1 else None
