"""The concept inventory: the same twenty questions before the first day and after the last, kept on this machine.

    inventory("before")                     shows them, without a verdict
    inventory("before", "bacd…")            keeps twenty letters, - where one was left out
    inventory("after", "bbcd…")             keeps them, and says what was gained, question by question

The gain is Hake's: of what could still be gained, the share that was (Hake 1998, *Interactive-engagement versus
traditional methods*). Replies can be handed in with a notebook; `course grade` then reports on the class.
"""

from __future__ import annotations

from html import escape
from string import ascii_lowercase
from typing import Any, Literal

from course_utils.base import EDGE_BLUE, EDGE_GREY
from course_utils.exercises import rendering
from course_utils.exercises.answer_key import Single, day_module
from course_utils.exercises.describing import short
from course_utils.exercises.progress_file import read_progress, remember_inventory
from course_utils.exercises.quizzes import controls
from course_utils.exercises.rendering import Shown

INVENTORY: tuple[Single, ...] = day_module("inventory").INVENTORY
When = Literal["before", "after"]
SKIPPED = "-"
_this_session: dict[str, str] = {}
"""Replies, for where no progress is kept."""


def inventory(when: When, replies: str | None = None) -> None:
    """Show the twenty questions, or keep the replies to them.

    Examples:
        >>> inventory("before", "a" * 20)
        Kept: 20 of 20 questions answered before the course. Their answers wait until after day 7.

    Args:
        when: ``"before"`` the first day or ``"after"`` the last.
        replies: a letter for each question, ``-`` for one left out; without it the questions are shown.

    Raises:
        ValueError: if ``when`` is something else, or the replies are not that many letters of options.
    """
    if when not in ("before", "after"):
        raise ValueError(f"{when!r} is not a time: 'before' or 'after'")
    if replies is None:
        _questions(when).show()
    else:
        _feedback(when, keep_replies(when, replies)).show()


def keep_replies(when: When, replies: str) -> str:
    """Keep replies, before the course the first ones; returns a note if they are not kept, else an empty string.

    Examples:
        >>> keep_replies("after", "b" * 20)
        ''

    Raises:
        ValueError: if the replies are not one letter of an option, or ``-``, for each question.
    """
    typed = "".join(str(replies).lower().replace(",", " ").split())
    if len(typed) != len(INVENTORY):
        raise ValueError(
            f"{len(typed)} replies to {len(INVENTORY)} questions: a letter for each, - for one left out"
        )
    if not is_reply(typed):
        raise ValueError(
            f"{replies!r} holds more than the options' letters, a to d, and - for a question left out"
        )
    first = kept_replies("before") if when == "before" else None
    if first is not None and first.strip(SKIPPED):
        return "" if typed == first else "These are not kept: your first answers before the course stay."
    _this_session[when] = typed
    return remember_inventory(when, typed, lambda kept: is_reply(kept) and bool(kept.strip(SKIPPED)))


def kept_replies(when: When) -> str | None:
    """The replies that were kept, of this session or another; None if there are none.

    Examples:
        >>> _ = keep_replies("after", "c" * 20)
        >>> kept_replies("after")
        'cccccccccccccccccccc'
    """
    kept = read_progress().get("inventory", {}).get(when, {}).get("replies")
    kept = _this_session.get(when, kept)
    return kept if is_reply(kept) else None


def is_reply(kept: object) -> bool:
    """Whether this is a letter of an option, or ``-``, for each question.

    Examples:
        >>> is_reply("abcd-" * 4), is_reply("abcde" * 4)
        (True, False)
    """
    if not isinstance(kept, str) or len(kept) != len(INVENTORY):
        return False
    allowed = (ascii_lowercase[: len(item.options)] + SKIPPED for item in INVENTORY)
    return all(letter in letters for letter, letters in zip(kept, allowed, strict=True))


def item_texts() -> list[str]:
    """The questions, in their order.

    Examples:
        >>> len(item_texts())
        20
    """
    return [item.text for item in INVENTORY]


def right_replies(replies: str) -> list[bool]:
    """Whether each reply is right.

    Examples:
        >>> sum(right_replies("a" * 20))  # six of twenty begin with the right one
        6

    Raises:
        ValueError: if they are not a letter of an option, or ``-``, for each question.
    """
    if not is_reply(replies):
        raise ValueError(
            f"replies is {short(replies)}: {len(INVENTORY)} letters, a to d, or - for one left out"
        )
    return [
        letter != SKIPPED and item.options[ascii_lowercase.index(letter)].right
        for letter, item in zip(replies, INVENTORY, strict=True)
    ]


def gain(before: float, after: float) -> float | None:
    """The share of what could still be gained that was; None where all was known before.

    Examples:
        >>> gain(0.4, 0.7)
        0.5

    Args:
        before: share of right replies.
        after: the same, afterwards; a loss gives a negative gain.
    """
    return None if before >= 1 else round((after - before) / (1 - before), 10)


def _questions(when: When) -> Shown:
    text, html = [f"Inventory, {when} the course: {len(INVENTORY)} questions"], []
    for number, item in enumerate(INVENTORY, 1):
        text.append(f"{number}. {item.text}")
        options = list(zip(ascii_lowercase, item.options, strict=False))
        text += [f"   {letter}) {option.text}" for letter, option in options]
        html.append(f'<div style="margin-top:6px"><b>{number}.</b> {rendering.rich(item.text)}</div>')
        html += [
            f'<div style="margin-left:1.2em">{letter}) {rendering.rich(o.text)}</div>'
            for letter, o in options
        ]
    say = f'Keep your answers with inventory("{when}", "…"): a letter for each question, - for one left out.'
    text.append(say)
    page = rendering.folded(text[0], "".join(html)) + f"<div>{rendering.rich(say)}</div>"
    return Shown("\n".join(text), rendering.box(page, EDGE_GREY, "Inventory"), lambda: _widget(when))


def _feedback(when: When, note: str) -> Shown:
    lines = said(when)
    lines += [note] if note else []
    html = "".join(f"<div>{rendering.rich(line)}</div>" for line in lines)
    return Shown("\n".join(lines), rendering.box(html, EDGE_BLUE, "Inventory"))


def said(when: When) -> list[str]:
    """What is said once replies are kept: before the course no verdict, afterwards the gain and each reason.

    Examples:
        >>> _ = keep_replies("after", "a" * 20)
        >>> said("after")[0]  # doctest: +ELLIPSIS
        'Right after the course: 6 of 20...'
    """
    replies = kept_replies(when)
    if replies is None:
        return ["No answers are kept yet."]
    n = len(INVENTORY)
    if when == "before":
        answered = n - replies.count(SKIPPED)
        return [
            f"Kept: {answered} of {n} questions answered before the course. Their answers wait until after day 7."
        ]
    right, before = right_replies(replies), kept_replies("before")
    head = f"Right after the course: {sum(right)} of {n}."
    if before is not None:
        was = right_replies(before)
        gained = gain(sum(was) / n, sum(right) / n)
        head += f" Before it: {sum(was)} of {n}."
        head += "" if gained is None else f" Of what could be gained you gained {gained:.0%}."
    lines = [head]
    for number, (letter, item, is_right) in enumerate(zip(replies, INVENTORY, right, strict=True), 1):
        if not is_right:
            best = next(o for o in item.options if o.right)
            chosen = [] if letter == SKIPPED else [item.options[ascii_lowercase.index(letter)]]
            yours = "".join(f"Not “{o.text}”: {o.why} " for o in chosen)
            lines.append(f"{number}. {item.text} {yours}But “{best.text}”: {best.why}")
    return lines


def _widget(when: When) -> Any:
    w = rendering.widgets()
    if w is None:
        return None
    rows, reads = [], []
    for number, item in enumerate(INVENTORY, 1):
        fields, read = controls(w, item)
        rows += [w.HTML(f"<b>{number}.</b> {rendering.rich(item.text)}"), *fields]
        reads.append(read)
    keep = w.Button(description="Keep my answers", tooltip=f"Keep your answers {when} the course")
    below = w.HTML()

    def on_keep(_: Any) -> None:
        places = [read() for read in reads]
        replies = "".join(SKIPPED if place is None else ascii_lowercase[place] for place in places)
        note = keep_replies(when, replies)
        hand_in = f'To hand them in, run inventory("{when}", "{replies}") in a cell.'
        lines = [*said(when), *([note] if note else []), hand_in]
        html = "".join(f"<div>{rendering.rich(line)}</div>" for line in lines)
        below.value = rendering.box(f'<div role="status">{html}</div>', EDGE_BLUE)

    keep.on_click(on_keep)
    title = f"<b>{escape(f'Inventory, {when} the course')}</b>: {len(INVENTORY)} questions, no verdict yet."
    return w.VBox(
        [w.HTML(title if when == "before" else "<b>Inventory, after the course</b>"), *rows, keep, below]
    )
