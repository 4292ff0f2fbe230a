"""What a class gained, question by question of the concept inventory, and how well each question tells learners apart."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from course_utils.exercises import gain, item_texts, right_replies

LEAST = 5
"""Learners below which a correlation means nothing."""


class Item(NamedTuple):
    """One question, over a class. None where nobody answered, or too few did."""

    text: str
    before: float | None
    """Share of right replies before the course."""

    after: float | None
    n_both: int
    """Learners who answered the inventory both times."""

    gain: float | None
    """Of them: the share of what could still be gained that was."""

    discrimination: float | None
    """Correlation of this reply being right with how many others are, after the course."""


def item_table(inventories: Sequence[Mapping[str, str]]) -> list[Item]:
    """The class's `Item` for each question; empty if nobody answered the inventory.

    Examples:
        >>> table = item_table([{"before": "a" * 20, "after": "b" * 20}])
        >>> len(table), table[0].n_both, table[0].after
        (20, 1, 1.0)

    Args:
        inventories: of each learner, the replies ``before`` and ``after``, where they were given.
    """
    if not any(inventories):
        return []
    before, after = ([right_replies(i[w]) for i in inventories if w in i] for w in ("before", "after"))
    both = [
        (right_replies(i["before"]), right_replies(i["after"]))
        for i in inventories
        if {"before", "after"} <= set(i)
    ]
    table = []
    for number, text in enumerate(item_texts()):
        gained = None
        if both:
            gained = gain(*(statistics.fmean(replies[when][number] for replies in both) for when in (0, 1)))
        table.append(
            Item(
                text,
                _share(before, number),
                _share(after, number),
                len(both),
                gained,
                _discrimination(after, number),
            )
        )
    return table


def _share(replies: Sequence[Sequence[bool]], number: int) -> float | None:
    return statistics.fmean(reply[number] for reply in replies) if replies else None


def _discrimination(replies: Sequence[Sequence[bool]], number: int) -> float | None:
    here = [float(reply[number]) for reply in replies]
    elsewhere = [float(sum(reply) - reply[number]) for reply in replies]
    if len(replies) < LEAST or len(set(here)) < 2 or len(set(elsewhere)) < 2:
        return None
    return statistics.correlation(here, elsewhere)
