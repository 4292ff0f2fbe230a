"""Where a wrong result is right: in the first row only, everywhere but where an argument is negative, …

Said only if the wrong places of all cases together are just those that the words name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.feedback import argument_names
from course_utils.exercises.relations import Results

EDGE = 1e-6


def right_except(
    reference: Callable[..., Any],
    yours: Results,
    expected: Results,
    cases: Sequence[tuple],
    tolerance: float,
    *,
    exactly: bool = True,
) -> str | None:
    """A sentence that names the places at which the numbers are wrong; None if no words fit, or all are wrong.

    Args:
        exactly: every place that the words name has to be wrong, not only most of them.
    """
    if any(y.shape != e.shape or not e.ndim for y, e in zip(yours, expected, strict=True)):
        return None
    wrong = [_wrong(y, e, tolerance) for y, e in zip(yours, expected, strict=True)]
    n_wrong, total = sum(int(w.sum()) for w in wrong), sum(w.numel() for w in wrong)
    right = torch.cat([e[~w].flatten() for e, w in zip(expected, wrong, strict=True)])
    if not n_wrong or n_wrong > 0.9 * total or (right != 0).sum() < max(2, 0.2 * len(right)):
        return None  # where 0 is expected, much is right by chance
    loose = None
    for words, masks in _places(reference, expected, cases):
        if any(m.shape != w.shape for m, w in zip(masks, wrong, strict=True)):
            continue
        if all(torch.equal(m, w) for m, w in zip(masks, wrong, strict=True)):
            return f"Right everywhere but {words}."
        if exactly:
            continue
        inside = all(bool((m | ~w).all()) for m, w in zip(masks, wrong, strict=True))
        named = sum(int(m.sum()) for m in masks)
        if inside and loose is None and named <= 0.6 * total and n_wrong >= 0.5 * named:
            loose = f"Right everywhere but {words}, where some are wrong."
    return loose


def _wrong(yours: Tensor, expected: Tensor, tolerance: float) -> Tensor:
    finite = expected.isfinite()
    scale = expected[finite].abs().max() if finite.any() else torch.zeros(())
    allowed = tolerance * (expected.abs() + 0.1 * scale) + 1e-9
    near = (yours - expected).abs() <= allowed
    return ~(near | (yours == expected) | (yours.isnan() & expected.isnan()))


def _places(
    reference: Callable[..., Any], expected: Results, cases: Sequence[tuple]
) -> Iterator[tuple[str, list[Tensor]]]:
    """(words, a mask for each case)."""
    for words, made in _OF_THE_RESULT.items():
        yield words, [made(e) for e in expected]
    names = argument_names(reference)[: min(map(len, cases))]
    for place, name in enumerate(names):
        values = [case[place] for case in cases]
        if not all(isinstance(v, Tensor) and v.ndim for v in values):
            continue
        bars = [
            (bar, [float(case[i]) for case in cases])
            for i, bar in enumerate(names)
            if all(isinstance(case[i], int | float) and not isinstance(case[i], bool) for case in cases)
        ]
        for words, masks in _of_argument(name, [v.detach() for v in values], bars):
            for more, fitted in _fitted(masks, expected):
                yield words.format(more), fitted


_OF_THE_RESULT: dict[str, Callable[[Tensor], Tensor]] = {
    "on the diagonal": lambda e: torch.eye(e.shape[-1], dtype=torch.bool).expand_as(e) if e.ndim >= 2 and e.shape[-1] == e.shape[-2] else torch.zeros(0),
    "off the diagonal": lambda e: ~torch.eye(e.shape[-1], dtype=torch.bool).expand_as(e) if e.ndim >= 2 and e.shape[-1] == e.shape[-2] else torch.zeros(0),
    "below the diagonal": lambda e: torch.ones_like(e).tril(-1).bool() if e.ndim >= 2 else torch.zeros(0),
    "above the diagonal": lambda e: torch.ones_like(e).triu(1).bool() if e.ndim >= 2 else torch.zeros(0),
    "in the first place": lambda e: _only(e, 0, 0) if e.ndim == 1 else torch.zeros(0),
    "in the last place": lambda e: _only(e, 0, -1) if e.ndim == 1 else torch.zeros(0),
    "in the first row": lambda e: _only(e, 0, 0) if e.ndim > 1 else torch.zeros(0),
    "in the last row": lambda e: _only(e, 0, -1) if e.ndim > 1 else torch.zeros(0),
    "in the first column": lambda e: _only(e, -1, 0) if e.ndim > 1 else torch.zeros(0),
    "in the last column": lambda e: _only(e, -1, -1) if e.ndim > 1 else torch.zeros(0),
    "in the rows behind the first": lambda e: ~_only(e, 0, 0) if e.ndim > 1 else torch.zeros(0),
    "in the places behind the first": lambda e: ~_only(e, 0, 0) if e.ndim == 1 else torch.zeros(0),
    "at the first place of axis 1": lambda e: _only(e, 1, 0) if e.ndim > 2 else torch.zeros(0),
    "where the result should be 0": lambda e: e == 0,
    "where the result should be negative": lambda e: e < 0,
    "where the result should be positive": lambda e: e > 0,
    "where the result should be above 1": lambda e: e > 1,
    "where the result is the largest of its row": lambda e: e == e.amax(dim=-1, keepdim=True),
    "where the result is the largest": lambda e: e == e.max(),
    "where the result should be NaN": torch.isnan,
}  # fmt: skip


def _only(e: Tensor, axis: int, place: int) -> Tensor:
    mask = torch.zeros_like(e, dtype=torch.bool)
    mask.select(axis, place).fill_(True)
    return mask


def _of_argument(
    name: str, values: Sequence[Tensor], bars: Sequence[tuple[str, list[float]]]
) -> Iterator[tuple[str, list[Tensor]]]:
    if values[0].dtype == torch.bool:
        yield f"where `{name}` is {{}}True", list(values)
        yield f"where `{name}` is {{}}False", [~v for v in values]
        return
    for words, made in (
        ("0", lambda v: v == 0),
        ("negative", lambda v: v < 0),
        ("not positive", lambda v: v <= 0),
        ("positive", lambda v: v > 0),
        ("not negative", lambda v: v >= 0),
        ("above 1", lambda v: v > 1),
        ("1 or more", lambda v: v >= 1),
        ("below 1", lambda v: v < 1),
        ("at most 1", lambda v: v <= 1),
        ("the largest of its row", lambda v: v == v.amax(dim=-1, keepdim=True)),
        ("equal to another of its row", lambda v: (v.unsqueeze(-1) == v.unsqueeze(-2)).sum(dim=-1) > 1),
    ):  # fmt: skip
        yield f"where `{name}` is {{}}{words}", [made(v) for v in values]
    for bar, numbers in bars:
        for words, made in (
            (f"exactly at `{bar}`", lambda v, n: (v - n).abs() <= EDGE * max(1.0, abs(n))),
            (f"above `{bar}`", lambda v, n: v > n),
            (f"below `{bar}`", lambda v, n: v < n),
        ):
            yield f"where `{name}` is {{}}{words}", [made(v, n) for v, n in zip(values, numbers, strict=True)]


def _fitted(masks: Sequence[Tensor], expected: Results) -> Iterator[tuple[str, list[Tensor]]]:
    """The masks in the shapes of the results: as they are, or one place a row of them."""
    if all(m.shape == e.shape for m, e in zip(masks, expected, strict=True)):
        yield "", list(masks)
    yield (
        "everywhere ",
        [torch.full_like(e, bool(m.all()), dtype=torch.bool) for m, e in zip(masks, expected, strict=True)],
    )
    for axis, row in ((-1, "row"), (0, "column")):
        if all(m.ndim == 2 and e.ndim == 1 and m.shape[axis - 1 if axis else 1] == len(e) for m, e in zip(masks, expected, strict=True)):  # fmt: skip
            yield f"in all of a {row} ", [m.all(dim=axis) for m in masks]
            yield f"somewhere in a {row} ", [m.any(dim=axis) for m in masks]
    if all(m.ndim == 1 and e.ndim == 2 and len(m) == len(e) for m, e in zip(masks, expected, strict=True)):
        yield "", [m[:, None].expand_as(e) for m, e in zip(masks, expected, strict=True)]
