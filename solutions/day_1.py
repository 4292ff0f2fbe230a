"""Day 1: The monosemantic dream."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, cast

import torch
from torch import Tensor

from course_utils.exercises import Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.reading import chance_roc_area
from course_utils.worlds import decode_stimulus, selectivity


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = ("whale", "wedding", "chess", "anger", "question", "recipe", "weather", "insult")


def read(x: Tensor, names: list[str], threshold: float = 0.5) -> list[str]:
    """The names of the neurons above ``threshold``, the strongest first."""
    order = x.argsort(descending=True).tolist()
    return [names[i] for i in order if x[i] > threshold]


def _read_cases(seed: int = 0) -> list[tuple]:
    x = torch.tensor([0.0, 0.9, -2.0, 1.4, 0.7, 0.5])  # the last one is exactly at the threshold
    cases: list[tuple] = [(x, ["whale", "chess", "anger", "recipe", "insult", "weather"])]  # by default 0.5
    generator = _generator(seed)
    for n, threshold in [(8, 0.25), (6, 0.75)]:
        x = 2 * torch.rand(n, generator=generator).cumsum(0) / n - 1
        x = x[torch.randperm(n, generator=generator)] * 1.5
        x[:3] = torch.tensor([1.1, -1.3, 1.7]) + 0.1 * torch.rand(3, generator=generator)
        cases.append((x, list(WORDS[:n]), threshold))
    x = torch.tensor([-0.4, 0.3, -0.9, 1.2, 0.1]) + 0.05 * torch.rand(5, generator=generator)
    return [*cases, (x, list(WORDS[-5:]), -0.5)]


def _read_by_loop(x: Tensor, names: list[str], threshold: float = 0.5) -> list[str]:
    pairs = [(value, name) for value, name in zip(x.tolist(), names, strict=True) if value > threshold]
    return [name for _, name in sorted(pairs, reverse=True)]


def _strongest(x: Tensor) -> list[int]:
    return x.argsort(descending=True).tolist()


def _named(order: Any, x: Tensor, names: list[str], threshold: float) -> list[str]:
    return [names[i] for i in order if x[i] > threshold]


def _read_by_topk(x: Tensor, names: list[str], threshold: float = 0.5) -> list[str]:
    return [names[i] for i in x.topk(int((x > threshold).sum())).indices]


# ── edit ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def edit(x: Tensor, neuron: int, value: float) -> Tensor:
    """A copy of ``x`` (…, n_neurons) in which one neuron has ``value`` in every row, and nothing else is changed."""
    x = x.clone()
    x[..., neuron] = value
    return x


def _edit_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    cases = [(torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]]), 1, 5.0)]
    for shape, neuron, value in [((4, 6), 2, -1.5), ((3, 5, 4), 1, 0.25)]:
        cases.append((torch.randn(shape, generator=generator), neuron, value))
    return [*cases, (torch.randn(5, generator=generator), 3, 0.75)]  # one text alone


def _edit_by(change: Callable[[Tensor, int, float], Any]) -> Callable[[Tensor, int, float], Tensor]:
    """`change` on a copy, which is returned."""

    def attempt(x: Tensor, neuron: int, value: float) -> Tensor:
        x = x.clone()
        change(x, neuron, value)
        return x

    return attempt


def _put(at: Callable[[int], Any]) -> Callable[[Tensor, int, float], Tensor]:
    """The value at another place."""
    return _edit_by(lambda x, neuron, value: x.__setitem__(at(neuron), value))


def _edit_where(x: Tensor, neuron: int, value: float) -> Tensor:
    return torch.where(torch.arange(x.shape[-1]) == neuron, torch.tensor(value).to(x), x)


def _edit_fill(x: Tensor, neuron: int, value: float) -> Tensor:
    return x.index_fill(-1, torch.tensor([neuron]), value)


def _edit_cat(x: Tensor, neuron: int, value: float) -> Tensor:
    return torch.cat([x[..., :neuron], torch.full_like(x[..., :1], value), x[..., neuron + 1 :]], dim=-1)


# ── selectivity ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _rates_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    cases = [(torch.tensor([[0.0, 8.0, 0.0], [3.0, 3.0, 3.0], [1.0, 2.0, 3.0], [5.0, 1.0, 0.0]]),)]
    for shape in [(5, 9), (7, 4)]:
        cases.append((12 * torch.rand(shape, generator=generator) ** 2 + 0.5,))
    return cases


def _square_of_mean(rates: Tensor) -> Tensor:
    return rates.mean(dim=1) ** 2


def _mean_of_squares(rates: Tensor) -> Tensor:
    return (rates**2).mean(dim=1)


def _index(
    above: Callable[[Tensor], Tensor] = _square_of_mean,
    below: Callable[[Tensor], Tensor] = _mean_of_squares,
    largest: Callable[[Tensor], float] = lambda rates: 1 - 1 / rates.shape[1],
) -> Callable[[Tensor], Tensor]:
    """The index with another part in one of its places."""
    return lambda rates: (1 - above(rates) / below(rates)) / largest(rates)


def _selectivity_by_loop(rates: Tensor) -> Tensor:
    found = []
    for row in rates.tolist():
        n = len(row)
        square_of_mean, mean_of_squares = (sum(row) / n) ** 2, sum(r * r for r in row) / n
        found.append((1 - square_of_mean / mean_of_squares) / (1 - 1 / n))
    return torch.tensor(found)


# ── roc_area ────────────────────────────────────────────────────────────────────────────────────────────────────────


def roc_area(concept_values: Tensor, other_values: Tensor) -> Tensor:
    """Chance that a value of the concept is larger than one of the others; a tie counts half."""
    larger = (concept_values[:, None] > other_values).float()
    equal = (concept_values[:, None] == other_values).float()
    return (larger + equal / 2).mean()


def _area_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    cases = [(torch.tensor([3.0, 1.0]), torch.tensor([0.0, 1.0, 2.0]))]
    for n, others in [(6, 11), (9, 4)]:
        concept = torch.poisson(torch.full((n,), 3.0), generator=generator)
        other = torch.poisson(torch.full((others,), 2.0), generator=generator)
        concept[:2], other[:2] = torch.tensor([2.0, 4.0]), torch.tensor([2.0, 1.0])
        cases.append((concept, other))
    concept = (
        torch.poisson(torch.full((5,), 2.0), generator=generator) - 1
    )  # lower than the others, some below zero
    other = torch.poisson(torch.full((7,), 4.0), generator=generator)
    concept[:3], other[:3] = torch.tensor([1.0, -1.0, 6.0]), torch.tensor([1.0, 5.0, 30.0])
    return [*cases, (concept, other)]


def _wins(concept_values: Tensor, other_values: Tensor) -> Tensor:
    """1, a half or 0 for every pair."""
    return torch.heaviside(concept_values[:, None] - other_values, torch.tensor(0.5))


def _area_by_loop(concept_values: Tensor, other_values: Tensor) -> float:
    wins = 0.0
    for a in concept_values.tolist():
        for b in other_values.tolist():
            wins += 1.0 if a > b else 0.5 if a == b else 0.0
    return wins / (len(concept_values) * len(other_values))


def _area_by_ranks(concept_values: Tensor, other_values: Tensor) -> Tensor:
    ordered = other_values.sort().values
    below = torch.searchsorted(ordered, concept_values.contiguous())
    not_above = torch.searchsorted(ordered, concept_values.contiguous(), right=True)
    return ((below + not_above) / 2).mean() / len(other_values)


# ── chance_roc_area ─────────────────────────────────────────────────────────────────────────────────────────────────


def _spread(n_concept: int, n_other: int) -> float:
    return ((n_concept + n_other + 1) / (12 * n_concept * n_other)) ** 0.5


def _z(tail: float) -> float:
    return -torch.special.ndtri(torch.tensor(tail, dtype=torch.double)).item()


def _bar(
    z: Callable[[int], float] = lambda n_units: _z(0.05 / n_units),
    spread: Callable[[int, int], float] = _spread,
) -> Callable[[int, int, int], float]:
    """The bar with another part in one of its places."""
    return lambda n_concept, n_other, n_units: 0.5 + z(n_units) * spread(n_concept, n_other)


def _chance_cases(seed: int = 0) -> list[tuple]:
    a, b = torch.randint(8, 40, (2,), generator=_generator(seed)).tolist()
    return [(20, 80, 1), (a, 10 * a, 19), (2 * b, 7 * b, 6)]


# ── decode ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _decode_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    cases = [
        (torch.tensor([[5.0, 0.0], [2.0, 1.0], [0.0, 4.0]]), torch.tensor([[6.0, 1.0, 2.0], [0.5, 3.0, 0.7]]))
    ]
    for trials, cells, stimuli in [(40, 3, 7), (60, 5, 9)]:
        rates = 0.3 + 9 * torch.rand(cells, stimuli, generator=generator) ** 2
        spikes = torch.poisson(4 * torch.rand(trials, cells, generator=generator), generator=generator)
        cases.append((spikes, rates))
    return cases


def _decode_by_log_prob(spikes: Tensor, rates: Tensor) -> Tensor:
    log_prob = torch.distributions.Poisson(rates.T).log_prob(spikes[:, None, :])
    return log_prob.sum(dim=-1).argmax(dim=1)


def _guess(
    weight: Callable[[Tensor], Tensor] = torch.log,
    cost: Callable[[Tensor], Any] = lambda rates: rates.sum(dim=0),
) -> Callable[[Tensor, Tensor], Tensor]:
    """The guess with another part in one of its places."""
    return lambda spikes, rates: (spikes @ weight(rates) - cost(rates)).argmax(dim=1)


def _scores(spikes: Tensor, rates: Tensor) -> Tensor:
    return spikes @ rates.log() - rates.sum(dim=0)


def _nearest_mean(spikes: Tensor, rates: Tensor) -> Tensor:
    return torch.cdist(spikes, rates.T.contiguous()).argmin(dim=1)


# ── precision_recall ────────────────────────────────────────────────────────────────────────────────────────────────


def precision_recall(values: Tensor, is_concept: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Share of the concept among the rows at or above the threshold; share of the concept's rows that are there."""
    fired = values >= threshold
    hits = (fired & is_concept).sum()
    return hits / fired.sum(), hits / is_concept.sum()


def _fired_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    cases = [(torch.tensor([0.0, 2.0, 3.0, 1.0, 5.0]), torch.tensor([False, True, True, True, False]), 2.0)]
    for n, threshold in [(40, 1.5), (60, 2.0)]:
        is_concept = torch.rand(n, generator=generator) < 0.4
        values = (torch.randn(n, generator=generator) + 1 + is_concept).mul(2).round() / 2
        cases.append((values, is_concept, threshold))
    values, is_concept = cases[1][0].sub(3).flip(0), cases[1][1].flip(0)  # mostly below zero
    values[0] = 2.5
    return [*cases, (values, is_concept, -0.5)]


def _shares(
    fired: Callable[[Tensor, float], Tensor] = torch.ge,
    hits: Callable[[Tensor, Tensor], Tensor] = torch.logical_and,
    found: Callable[[Tensor, Tensor], Any] = lambda fired, is_concept: fired.sum(),
    there: Callable[[Tensor, Tensor], Any] = lambda fired, is_concept: is_concept.sum(),
) -> Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]:
    """Both shares with another part in one of their places."""

    def attempt(values: Tensor, is_concept: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
        fires = fired(values, threshold)
        n = hits(fires, is_concept).sum()
        return n / found(fires, is_concept), n / there(fires, is_concept)

    return attempt


def _both(change: Callable[[Tensor], Any]) -> Callable[[Tensor, Tensor, float], tuple[Any, Any]]:
    return lambda *args: tuple(map(change, precision_recall(*args)))  # pyright: ignore[reportReturnType]


def _second(
    other: Callable[[Tensor, Tensor], Tensor],
) -> Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]:
    """Precision, and beside it what is not recall."""
    return lambda values, is_concept, t: (
        precision_recall(values, is_concept, t)[0],
        other(values >= t, is_concept),
    )


def _fired_by_loop(values: Tensor, is_concept: Tensor, threshold: float) -> tuple[float, float]:
    pairs = list(zip(values.tolist(), is_concept.tolist(), strict=True))
    hits = sum(1 for v, c in pairs if v >= threshold and c)
    return hits / sum(1 for v, _ in pairs if v >= threshold), hits / sum(1 for _, c in pairs if c)


# ── best_threshold ──────────────────────────────────────────────────────────────────────────────────────────────────


def best_threshold(values: Tensor, is_concept: Tensor) -> float:
    """Of all ``values``, the one from which on "this is the concept" has the best F1."""
    best, best_f1 = 0.0, -1.0
    for threshold in values.unique():
        fired = values >= threshold
        f1 = 2 * (fired & is_concept).sum() / (fired.sum() + is_concept.sum())
        if f1 > best_f1:
            best, best_f1 = threshold.item(), f1
    return best


def _f1(values: Tensor, is_concept: Tensor, threshold: Tensor) -> Tensor:
    fired = values >= threshold
    return 2 * (fired & is_concept).sum() / (fired.sum() + is_concept.sum())


def _pick(score: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], float]:
    """The threshold that is best by another score; another one that reaches as much is the same slip."""

    def best(values: Tensor, is_concept: Tensor) -> float:
        found = _ByScore(values.unique()[_place(score, values, is_concept)].item())
        found.score = score
        return found

    return best


class _ByScore(float):
    score: Callable[[Tensor, Tensor, Tensor], Tensor]


def _place(score: Callable[[Tensor, Tensor, Tensor], Tensor], values: Tensor, is_concept: Tensor) -> int:
    """Where it is among the values in their order."""
    scores = [score(values, is_concept, t).float() for t in values.unique()]
    return int(torch.stack(scores).argmax())


def _f1_is_best(yours: Any, expected: float, args: tuple) -> bool | str:
    """Two thresholds may reach the same F1, and either is right; the value has to be one that occurs."""
    values, is_concept = args
    if isinstance(expected, _ByScore):
        one, two = (expected.score(values, is_concept, torch.tensor(float(t))) for t in (expected, yours))
        return bool((one - two).abs() < 1e-6) and bool((values - yours).abs().min() < 1e-5)
    best, reached = (_f1(values, is_concept, torch.tensor(float(t))).item() for t in (expected, yours))
    occurs = bool((values - yours).abs().min() < 1e-5)
    if abs(reached - best) < 1e-6:
        between = (
            "From there on F1 is best, but asked for is a value that occurs, not one between two of them."
        )
        return occurs or between
    where = "" if occurs else " and it does not occur among the values"
    return f"From {float(yours):.3g} on F1 is {reached:.3f}{where}; another value reaches more."


def _accuracy(values: Tensor, is_concept: Tensor, threshold: Tensor) -> Tensor:
    return ((values >= threshold) == is_concept).float().mean()


def _threshold_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    values = torch.tensor([1.5, 4.5, 2.0, 3.5, 4.0])  # none is the place of the best one
    cases = [(values, torch.tensor([False, True, False, True, False]))]
    while len(cases) < 4:
        n = 30 + 10 * len(cases)
        is_concept = torch.rand(n, generator=generator) < 0.2
        values = (torch.randn(n, generator=generator) + 1.6 * is_concept).mul(10).round() / 10
        f1 = torch.stack([_f1(values, is_concept, t) for t in values.unique()]).sort().values
        if f1[-1] > f1[-2] + 1e-3:  # one answer only
            cases.append((values, is_concept))
    values, is_concept = cases[1]
    return [*cases, (values - 4, is_concept)]  # below zero, nearly all of them


def _middle(values: Tensor, is_concept: Tensor) -> float:
    ordered, place = values.unique(), _place(_f1, values, is_concept)
    return (ordered[place] / 2 + ordered[max(place - 1, 0)] / 2).item()


def _rates_of(values: Tensor, is_concept: Tensor, threshold: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Precision, recall and the share of false alarms."""
    fired = values >= threshold
    return *precision_recall(values, is_concept, threshold.item()), fired[~is_concept].float().mean()


def _last_with_hits(values: Tensor, is_concept: Tensor) -> float:
    return values[is_concept].max().item()


def _threshold_by_sorting(values: Tensor, is_concept: Tensor) -> Tensor:
    ordered, order = values.sort(descending=True, stable=True)
    fired = torch.arange(1, len(values) + 1)
    f1 = 2 * is_concept[order].cumsum(0) / (fired + is_concept.sum())
    last = torch.ones(len(values), dtype=torch.bool)
    last[:-1] = ordered[1:] != ordered[:-1]  # rows of equal value fire together
    return ordered[f1.where(last, -1.0).argmax()]


EXERCISES = {
    "read": Exercise(
        read,
        cases=_read_cases,
        difficulty=1,
        hints=(
            "Two questions: which neurons are above the threshold, and in which order do you name them?",
            "`x.argsort(descending=True)` gives the places of the neurons, the strongest first.",
            "Go through these places and keep `names[i]` where `x[i] > threshold`: a list comprehension will do.",
        ),
        slips={
            "The right names in the order of the neurons; the strongest should come first.": lambda x, names, t=0.5: [
                name for name, value in zip(names, x.tolist(), strict=True) if value > t
            ],
            "The order of the neurons turned round is still not the order of their strength.": lambda x, names, t=0.5: (
                [name for name, value in zip(names, x.tolist(), strict=True) if value > t][::-1]
            ),
            "Sorted by the alphabet; how strong the neurons are should decide.": lambda x, names, t=0.5: (
                sorted(name for name, value in zip(names, x.tolist(), strict=True) if value > t)
            ),
            "The strongest should come first; `argsort` sorts upwards unless you say `descending=True`.": lambda x, names, t=0.5: (
                _named(x.argsort(), x, names, t)
            ),
            "All names are there; leave out the neurons that are not above the threshold.": lambda x, names, t=0.5: (
                _named(_strongest(x), x, names, -math.inf)
            ),
            "0.5 is only what `threshold` is if nobody says otherwise: compare with `threshold`.": lambda x, names, t=0.5: (
                _named(_strongest(x), x, names, 0.5)
            ),
            "Above zero is not yet above the threshold: compare with `threshold`.": lambda x, names, t=0.5: (
                _named(_strongest(x), x, names, 0.0)
            ),
            "Above the threshold is `>`: a neuron that is exactly at it is left out.": lambda x, names, t=0.5: [
                names[i] for i in _strongest(x) if x[i] >= t
            ],
            "These are the quiet ones: the comparison points the other way.": lambda x, names, t=0.5: [
                names[i] for i in _strongest(x) if x[i] < t
            ],
            "Only the strongest is there. Is the `return` inside the loop, or a single one asked for?": lambda x, names, t=0.5: [
                names[int(x.argmax())]
            ],
            "How many are above the threshold differs from message to message: no fixed number of them.": lambda x, names, t=0.5: [
                names[i] for i in x.topk(2).indices
            ],
            "A neuron far below zero is not active: compare `x` itself with the threshold, not its size.": lambda x, names, t=0.5: (
                _named(_strongest(x.abs()), x.abs(), names, t)
            ),
            "Sorted by size without the sign; the strongest is the one with the largest value of `x` itself.": lambda x, names, t=0.5: (
                _named(_strongest(x.abs()), x, names, t)
            ),
            "These are places; look the names up: `names[i]`.": lambda x, names, t=0.5: [
                i for i in _strongest(x) if x[i] > t
            ],
            "These are places, in the order of the neurons; names are asked for, the strongest first.": lambda x, names, t=0.5: (
                (x > t).nonzero()[:, 0].tolist()
            ),
            "These are the values of the neurons; their names are asked for.": lambda x, names, t=0.5: [
                x[i].item() for i in _strongest(x) if x[i] > t
            ],
            "Names and values in pairs; the names alone are asked for.": lambda x, names, t=0.5: [
                (names[i], x[i].item()) for i in _strongest(x) if x[i] > t
            ],
            "The values are sorted and the names are not: `sort` gives the places, too, and they lead to the names.": lambda x, names, t=0.5: [
                name for name, value in zip(names, x.sort(descending=True).values, strict=True) if value > t
            ],
            "`x[x > threshold]` counts its places anew, so they lead to other names: sort first, leave out afterwards.": lambda x, names, t=0.5: [
                names[i] for i in _strongest(x[x > t])
            ],
            "`names` is a plain list, and a list takes one place at a time: go through the places in a loop.": lambda x, names, t=0.5: (
                names[x > t]
            ),
            "`x` has many values, so `x > threshold` has many answers: an `if` needs one neuron, `x[i] > threshold`.": lambda x, names, t=0.5: (
                names if x > t else []
            ),
        },
        variants={"sorted pairs": _read_by_loop, "topk": _read_by_topk},
        explanation="""
            That it takes three lines is the point. Nothing is estimated and nothing was learned: the names belong to the
            axes, so reading is looking.""",
    ),
    "edit": Exercise(
        edit,
        cases=_edit_cases,
        makes_a_copy=True,
        difficulty=1,
        hints=(
            "Copy first, `x = x.clone()`, so that the caller keeps the original.",
            "The neurons lie on the last axis, whatever stands before it: `x[..., neuron]` is one neuron in all rows.",
        ),
        slips={
            "`x[neuron]` is a row, one text; the neurons lie on the last axis: `x[..., neuron]`.": _put(
                lambda neuron: neuron
            ),
            "`x[:, neuron]` is the second axis, and `x` may have one or three; the last one is `x[..., neuron]`.": _put(
                lambda neuron: (slice(None), neuron)
            ),
            "`x[:, :, neuron]` needs three axes, and `x` may have fewer; `...` stands for all that come before.": _put(
                lambda neuron: (slice(None), slice(None), neuron)
            ),
            "That adds the value to what the neuron had; it should have exactly `value` afterwards.": _edit_by(
                lambda x, neuron, value: x[..., neuron].add_(value)
            ),
            "That multiplies the neuron by the value; it should have exactly `value` afterwards.": _edit_by(
                lambda x, neuron, value: x[..., neuron].mul_(value)
            ),
            "The other neurons have lost their values: start from a copy of `x`, not from zeros.": lambda x, neuron, value: (
                edit(torch.zeros_like(x), neuron, value)
            ),
            "The neuron is zero now; it should have `value`, whatever that is.": lambda x, neuron, value: (
                edit(x, neuron, 0.0)
            ),
            "The neuron has the opposite of `value`: a minus too many.": lambda x, neuron, value: edit(
                x, neuron, -value
            ),
            "It is always the first neuron that changes: `neuron` says which.": _put(lambda neuron: (..., 0)),
            "It is always the last neuron that changes: `neuron` says which.": _put(lambda neuron: (..., -1)),
            "The neuron before it has changed: Python counts from 0, and so does `neuron`.": _put(
                lambda neuron: (..., neuron - 1)
            ),
            "All neurons have the value now; only one of them should.": lambda x, neuron, value: (
                torch.full_like(x, value)
            ),
            "The neuron kept its value and all others lost theirs: the two sides are exchanged.": lambda x, neuron, value: (
                edit(torch.full_like(x, value), neuron, 0)
                + edit(torch.zeros_like(x), neuron, 1) * x[..., neuron, None]
            ),
            "Nothing has changed. Assign with `x[..., neuron] = …`; a function without `_` at its end gives a new tensor.": lambda x, neuron, value: (
                x.clone()
            ),
            "That is the one neuron alone; return the whole copy, with all the others in it.": lambda x, neuron, value: (
                edit(x, neuron, value)[..., neuron]
            ),
            "`x[0]` is the first row only, and every row is meant: `x[..., neuron]`.": _edit_by(
                lambda x, neuron, value: x[0].__setitem__(neuron, value)
            ),
            "Only the last row has changed, and every row is meant.": _edit_by(
                lambda x, neuron, value: x[-1].__setitem__((..., neuron), value)
            ),
            "Which neuron and which value are exchanged: the place stands in the brackets.": _edit_by(
                lambda x, neuron, value: x.__setitem__((..., cast(Any, value)), neuron)
            ),
            "`x == neuron` looks for that *value* in `x`; `neuron` is a place on the last axis.": lambda x, neuron, value: (
                torch.where(x == neuron, value, x)
            ),
            "Tensors have no `copy`; theirs is called `clone`.": lambda x, neuron, value: x.copy(),
        },
        variants={"where": _edit_where, "index_fill": _edit_fill, "cat": _edit_cat},
        explanation="""
            `...` stands for all axes before the last one, so the same line serves one text, a batch of texts and, at the
            end of the day, texts × tokens in a real model. The copy matters there: a hook that changes its argument in
            place changes what other code still wants to read.""",
    ),
    "selectivity": Exercise(
        selectivity,
        cases=_rates_cases,
        difficulty=2,
        hints=(
            "Two numbers a cell: the square of its mean rate, and the mean of its squared rates.",
            "If all rates are equal these two agree and their ratio is 1. If one of n counts alone, the ratio is 1/n.",
            "So take 1 minus the ratio, and divide by `1 - 1 / n` to make the largest value 1. Means go over `dim=1`.",
        ),
        slips={
            "That is the largest rate's share in the sum; the formula holds the squared mean against the mean square.": lambda rates: (
                rates.amax(dim=1) / rates.sum(dim=1)
            ),
            "That is the ratio itself, large for a cell that answers everything: take 1 minus it, over `1 - 1 / n`.": lambda rates: (
                _square_of_mean(rates) / _mean_of_squares(rates)
            ),
            "What you divide by `1 - 1 / n` is the ratio itself, large for a cell that answers everything: 1 minus it belongs there.": lambda rates: (
                _square_of_mean(rates) / _mean_of_squares(rates) / (1 - 1 / rates.shape[1])
            ),
            "Close: divide by `1 - 1 / n`, so that a cell with a single stimulus gets exactly 1.": _index(
                largest=lambda rates: 1.0
            ),
            "Close: you multiply by `1 - 1 / n`; it has to be divided by.": _index(
                largest=lambda rates: 1 / (1 - 1 / rates.shape[1])
            ),
            "Below stands `1 - 1 / n`, the largest that the upper part can be; yours is `1 / n`.": _index(
                largest=lambda rates: 1 / rates.shape[1]
            ),
            "Brackets: 1 minus the ratio first, and all of that is divided by `1 - 1 / n`.": lambda rates: (
                1 - _square_of_mean(rates) / _mean_of_squares(rates) / (1 - 1 / rates.shape[1])
            ),
            "Brackets: `/ 1 - 1 / n` divides by 1 and subtracts afterwards.": lambda rates: (
                (1 - _square_of_mean(rates) / _mean_of_squares(rates)) / 1 - 1 / rates.shape[1]
            ),
            "A row is a cell, so the means go over `dim=1`, the stimuli.": lambda rates: (
                (1 - rates.mean(dim=0) ** 2 / (rates**2).mean(dim=0)) / (1 - 1 / len(rates))
            ),
            "That is one number for each person; a row is a cell, so the means go along the row.": lambda rates: (
                (1 - rates.mean(dim=0) ** 2 / (rates**2).mean(dim=0)) / (1 - 1 / rates.shape[1])
            ),
            "That is one number for the whole table: a mean without `dim` mixes all cells.": lambda rates: (
                (1 - rates.mean() ** 2 / (rates**2).mean()) / (1 - 1 / rates.shape[1])
            ),
            "The right numbers in a column of their own: leave `keepdim` out.": lambda rates: _index()(rates)[
                :, None
            ],
            "`n` is the number of stimuli, `rates.shape[1]`; `len(rates)` counts the cells.": _index(
                largest=lambda rates: 1 - 1 / len(rates)
            ),
            "`n` is the number of stimuli, not of all numbers in the table.": _index(
                largest=lambda rates: 1 - 1 / rates.numel()
            ),
            "`n` is the number of stimuli, all of them: one is missing.": _index(
                largest=lambda rates: 1 - 1 / (rates.shape[1] - 1)
            ),
            "20 people were shown in this recording; another one may have more: take `n` from the shape of `rates`.": _index(
                largest=lambda rates: 1 - 1 / 20
            ),
            "The ratio stands on its head: the square of the mean goes above, the mean of the squares below.": _index(
                _mean_of_squares, _square_of_mean
            ),
            "Above stands the *square* of the mean; yours is the mean itself.": _index(
                lambda rates: rates.mean(dim=1)
            ),
            "Below stands the mean of the *squared* rates: square them before the mean.": _index(
                below=lambda rates: rates.mean(dim=1)
            ),
            "Always 0: the same stands above and below. One is squared after the mean, the other before it.": lambda rates: (
                torch.zeros(len(rates))
            ),
            "Means, not sums: above, the sum would enter squared and bring a factor too many.": _index(
                lambda rates: rates.sum(dim=1) ** 2, lambda rates: (rates**2).sum(dim=1)
            ),
            "Close: the formula has the ratio of squares, and yours is its root.": _index(
                lambda rates: rates.mean(dim=1), lambda rates: _mean_of_squares(rates).sqrt()
            ),
            "Close: `var` divides by n - 1 unless you say `correction=0`, and the bars are means over n.": lambda rates: (
                rates.var(dim=1) / _mean_of_squares(rates) / (1 - 1 / rates.shape[1])
            ),
            "That looks at the largest rate alone, which is another index; the formula has squares.": lambda rates: (
                1 - rates.mean(dim=1) / rates.amax(dim=1)
            ),
            "`^` is not a power in Python; `**` is.": lambda rates: rates ^ 2,
        },
        variants={
            "loop": _selectivity_by_loop,
            "sums": lambda rates: (
                (1 - rates.sum(1) ** 2 / (rates.shape[1] * rates.pow(2).sum(1)))
                * rates.shape[1]
                / (rates.shape[1] - 1)
            ),
            "variance": lambda rates: (
                rates.var(dim=1, correction=0) / (rates**2).mean(dim=1) / (1 - 1 / rates.shape[1])
            ),
        },
        explanation="""
            The mean of squares is the square of the mean plus the variance. So the ratio is 1 when there is no variance, and
            falls the more of the rate is in few stimuli. Multiply all rates by ten and nothing changes: the index is about
            the shape of the answer, not about how loud the cell is.""",
    ),
    "roc_area": Exercise(
        roc_area,
        cases=_area_cases,
        difficulty=2,
        hints=(
            "Imagine all pairs of one value from each side: in which share of them is the concept's value larger?",
            "`concept_values[:, None] > other_values` compares every value of one with every value of the other.",
            "Spike counts tie often. Add half of `concept_values[:, None] == other_values` before you take the mean.",
        ),
        slips={
            "Ties are missing: a pair of equal values counts half.": lambda c, o: (
                (c[:, None] > o).float().mean()
            ),
            "Ties count half, not fully: add `(… == …) / 2` to the pairs that are strictly larger.": lambda c, o: (
                (c[:, None] >= o).float().mean()
            ),
            "Ties are left out of the pairs as well; they are pairs, and count half.": lambda c, o: (
                (c[:, None] > o).sum() / (c[:, None] != o).sum()
            ),
            "The half goes to ties only; yours gives it to every pair.": lambda c, o: (
                (c[:, None] > o).float().mean() + 0.5
            ),
            "Ties speak half *for* the concept: add them, do not subtract.": lambda c, o: (
                (c[:, None] > o).float() - (c[:, None] == o) / 2
            ).mean(),
            "That is the chance that the *other* value is larger: turn the comparison round.": lambda c, o: (
                1 - roc_area(c, o)
            ),
            "That is the chance that the *other* value is larger, and ties are missing.": lambda c, o: (
                (c[:, None] < o).float().mean()
            ),
            "An area below 1/2 is an answer too: the concept's values are the lower ones. Leave it as it is.": lambda c, o: (
                torch.maximum(roc_area(c, o), 1 - roc_area(c, o))
            ),
            "Compare every value with every other one: with the mean of the others too much is lost.": lambda c, o: (
                (c > o.mean()).float().mean()
            ),
            "Compare every value with every other one, not with their median.": lambda c, o: (
                (c > o.median()).float().mean()
            ),
            "It need not be larger than *all* others: it gets its share for each that it is larger than.": lambda c, o: (
                (c > o.max()).float().mean()
            ),
            "That only says which mean is larger; asked for is in which share of the pairs.": lambda c, o: (
                c.mean() > o.mean()
            ).float(),
            "A difference of means is not a chance: count in how many pairs the first is larger.": lambda c, o: (
                c.mean() - o.mean()
            ),
            "`zip` pairs first with first and stops at the shorter list; every value meets every other one.": lambda c, o: (
                _wins(c[: len(o)], o[: len(c)]).diagonal().mean()
            ),
            "The two lists need not be of equal length. `concept_values[:, None]` compares each with all others.": lambda c, o: (
                (c > o).float().mean()
            ),
            "That counts pairs; divide by their number, or take the mean, to get a chance.": lambda c, o: (
                _wins(c, o).sum()
            ),
            "Divided by the values of the concept only; there are n · m pairs.": lambda c, o: (
                _wins(c, o).sum() / len(c)
            ),
            "Divided by the other values only; there are n · m pairs.": lambda c, o: (
                _wins(c, o).sum() / len(o)
            ),
            "Divided by the number of values, n + m; there are n · m pairs.": lambda c, o: (
                _wins(c, o).sum() / (len(c) + len(o))
            ),
            "Divided by the length of the first list twice; the other one has a length of its own.": lambda c, o: (
                _wins(c, o).sum() / len(c) ** 2
            ),
            "One number for each of the others: the mean goes over both axes, all pairs.": lambda c, o: _wins(
                c, o
            ).mean(dim=0),
            "One number for each value of the concept: the mean goes over both axes, all pairs.": lambda c, o: (
                _wins(c, o).mean(dim=1)
            ),
            "That runs from -1 to 1; a chance of 1/2 should come out as 1/2.": lambda c, o: (
                2 * roc_area(c, o) - 1
            ),
            "A comparison gives True and False, which have no mean: `.float()` before `.mean()`.": lambda c, o: (
                (c[:, None] > o).mean()
            ),
            "An `if` decides once, and here each pair has its own answer: keep them as numbers, and average.": lambda c, o: (
                1.0 if c[:, None] > o else 0.5
            ),
        },
        variants={
            "loop": _area_by_loop,
            "ranks": _area_by_ranks,
            "sign": lambda concept_values, other_values: (
                (torch.sign(concept_values[:, None] - other_values) + 1) / 2
            ).mean(),
        },
        explanation="""
            This is the area under the curve that you get by trying every threshold and drawing hits against false alarms,
            and it needs neither curve nor threshold. For many values there is a faster way by ranks; the package uses it,
            and one of its tests is that both agree.""",
    ),
    "chance_roc_area": Exercise(
        chance_roc_area,
        cases=_chance_cases,
        difficulty=2,
        hints=(
            "For one cell that knows nothing the area is spread around 1/2, with the standard deviation of the task.",
            "`z_of(tail)` says how many standard deviations are exceeded with chance `tail`. For one cell, tail = 0.05.",
            "With `n_units` cells each may exceed with chance `0.05 / n_units` only, if all together are to stay at 0.05.",
        ),
        slips={
            "That is the level for a single cell. You try `n_units` of them: give each `0.05 / n_units`.": _bar(
                lambda n_units: _z(0.05)
            ),
            "1.64 standard deviations are the bar for a single cell; how many it takes for more of them, `z_of` says.": _bar(
                lambda n_units: 1.64
            ),
            "Close: `1 - 0.95 ** (1 / n_units)` is exact if the cells are independent (Šidák). The task shares 0.05 out evenly, which holds for any cells.": _bar(
                lambda n_units: _z(1 - 0.95 ** (1 / n_units))
            ),
            "Start from 1/2, which is where a cell that knows nothing ends up on average.": lambda n, m, k: (
                _z(0.05 / k) * _spread(n, m)
            ),
            "That lies below 1/2 as far as the bar lies above it: a minus for a plus, or `1 - tail` for `tail`?": _bar(
                lambda n_units: -_z(0.05 / n_units)
            ),
            "Only the upper tail counts here: `0.05 / n_units`, not half of it.": _bar(
                lambda n_units: _z(0.025 / n_units)
            ),
            "0.95 is the chance that all goes well; the 0.05 is what there is to share out.": _bar(
                lambda n_units: _z(0.95 / n_units)
            ),
            "One recording in twenty is 0.05, and you have 0.01.": _bar(lambda n_units: _z(0.01 / n_units)),
            "Multiplied: with more cells each one must exceed the bar *less* often, so divide 0.05 by `n_units`.": _bar(
                lambda n_units: _z(0.05 * n_units)
            ),
            "`0.05 ** n_units` is the chance that *all* of them exceed the bar; a single one is enough to fool you.": _bar(
                lambda n_units: _z(0.05**n_units)
            ),
            "More tries have to raise the bar: divide 0.05 by `n_units`, not the standard deviations.": _bar(
                lambda n_units: _z(0.05) / n_units
            ),
            "The best of many is not a mean of many: no root of `n_units` divides the spread.": _bar(
                lambda n_units: _z(0.05) / n_units**0.5
            ),
            "The bar rises far more slowly than that: `n_units` divides the 0.05, it does not multiply the deviations.": _bar(
                lambda n_units: _z(0.05) * n_units
            ),
            "The bar rises more slowly than the root of `n_units`: share the 0.05 out, and let `z_of` say how far that is.": _bar(
                lambda n_units: _z(0.05) * n_units**0.5
            ),
            "A tail is a chance, not a number of standard deviations: `z_of` turns the one into the other.": _bar(
                lambda n_units: 0.05 / n_units
            ),
            "That is one standard deviation above the middle; how many it takes, `z_of` says.": _bar(
                lambda n_units: 1.0
            ),
            "That is the chance that each cell gets; asked for is the area that is exceeded with this chance.": lambda n, m, k: (
                0.05 / k
            ),
            "The standard deviation is the square root of that fraction.": _bar(
                spread=lambda n, m: _spread(n, m) ** 2
            ),
            "The root goes over the whole fraction, not only over what stands above.": _bar(
                spread=lambda n, m: (n + m + 1) ** 0.5 / (12 * n * m)
            ),
            "Brackets: `/ 12 * n * m` divides by 12 and multiplies by the rest.": _bar(
                spread=lambda n, m: ((n + m + 1) / 12 * n * m) ** 0.5
            ),
            "The 12 is missing below.": _bar(spread=lambda n, m: ((n + m + 1) / (n * m)) ** 0.5),
            "Close: above stands n + m + 1, and the 1 is missing.": _bar(
                spread=lambda n, m: ((n + m) / (12 * n * m)) ** 0.5
            ),
            "`torch.sqrt` wants a tensor; the root of a plain number is `** 0.5`.": lambda n, m, k: (
                torch.sqrt((n + m + 1) / (12 * n * m))
            ),
        },
        variants={
            "statistics": lambda n_concept, n_other, n_units=1: NormalDist(
                0.5, _spread(n_concept, n_other)
            ).inv_cdf(1 - 0.05 / n_units),
            "z": lambda n_concept, n_other, n_units=1: 0.5 + _z(0.05 / n_units) * _spread(n_concept, n_other),
            "torch.distributions": lambda n_concept, n_other, n_units=1: torch.distributions.Normal(
                0.5, _spread(n_concept, n_other)
            ).icdf(torch.tensor(1 - 0.05 / n_units)),
        },
        explanation="""
            The chance that at least one of many cells passes is at most the sum of their chances, so sharing the 0.05 out
            among them keeps the whole at 0.05, whether the cells resemble one another or not. That is Bonferroni's
            correction. The bar rises slowly: a thousand tries put it less
            than three times as far from 1/2 as one does.""",
    ),
    "decode": Exercise(
        decode_stimulus,
        cases=_decode_cases,
        difficulty=2,
        hints=(
            "Two terms: what the spikes speak for, and what each stimulus would have cost in expected spikes.",
            "`spikes @ rates.log()` is (trials, stimuli): each cell's spikes times the logarithm of its rate, summed.",
            "Subtract `rates.sum(dim=0)`, one number a stimulus, and take the `argmax` over the stimuli, `dim=1`.",
        ),
        slips={
            "All stimuli cost the same here, so whoever makes most spikes likely always wins: subtract for each its own expected spikes, one number a stimulus.": _guess(
                cost=lambda rates: 0.0
            ),
            "Poisson's formula wants the logarithm of the rates: `rates.log()`.": _guess(lambda rates: rates),
            "Neither the logarithm nor the second term is there: that favours whoever makes every cell fire.": _guess(
                lambda rates: rates, lambda rates: 0.0
            ),
            "Expected spikes speak against a stimulus: subtract `rates.sum(dim=0)`.": _guess(
                cost=lambda rates: -rates.sum(dim=0)
            ),
            "The second term is a sum over the cells; their mean is too small beside the first.": _guess(
                cost=lambda rates: rates.mean(dim=0)
            ),
            "The second term is the sum of the rates themselves, without a logarithm.": _guess(
                cost=lambda rates: rates.sum(dim=0).log()
            ),
            "The second term has no logarithm: it is the number of spikes that a stimulus makes us expect.": _guess(
                cost=lambda rates: rates.log().sum(dim=0)
            ),
            "`rates.sum(dim=1)` is one number a cell; subtract one number a stimulus.": _guess(
                cost=lambda rates: rates.sum(dim=1)
            ),
            "The logarithm is the natural one: with `log2` the two terms no longer fit together.": _guess(
                torch.log2
            ),
            "The logarithm is the natural one: with `log10` the two terms no longer fit together.": _guess(
                torch.log10
            ),
            "`log1p` adds 1 to the rates before the logarithm; they are above 0 as they are.": _guess(
                torch.log1p
            ),
            "The logarithm belongs to the rates; there may be no spikes, and log 0 is not a number.": lambda spikes, rates: (
                (spikes.log() @ rates - rates.sum(dim=0)).argmax(dim=1)
            ),
            "The logarithm of each rate first, then the sum over the cells: not the other way round.": lambda spikes, rates: (
                ((spikes @ rates).log() - rates.sum(dim=0)).argmax(dim=1)
            ),
            "That is the stimulus whose rates are nearest; a Poisson cell with a high rate is noisier, and log P knows it.": _nearest_mean,
            "That is the stimulus whose pattern points the same way; how many spikes there are in all says something, too.": _guess(
                lambda rates: rates / rates.norm(dim=0), lambda rates: 0.0
            ),
            "That asks only the cell with the most spikes; every cell has a say, also by being silent.": lambda spikes, rates: (
                rates[spikes.argmax(dim=1)].argmax(dim=1)
            ),
            "Choose among the stimuli, `argmax(dim=1)`: one answer a trial.": lambda spikes, rates: _scores(
                spikes, rates
            ).argmax(dim=0),
            "One guess for all trials together: choose for each trial, along `dim=1`.": lambda spikes, rates: (
                _scores(spikes, rates).argmax()
            ),
            "These are the least likely ones: `argmax`.": lambda spikes, rates: _scores(spikes, rates).argmin(
                dim=1
            ),
            "These are the scores of all stimuli; return which of them is the best, one number a trial.": _scores,
            "These are the chances of all stimuli; return which of them is the likeliest, one number a trial.": lambda spikes, rates: (
                _scores(spikes, rates).softmax(dim=1)
            ),
            "That is how good the best one is; return which one it is: `argmax`.": lambda spikes, rates: (
                _scores(spikes, rates).amax(dim=1)
            ),
            "The right guesses in a column of their own: leave `keepdim` out.": lambda spikes, rates: _scores(
                spikes, rates
            ).argmax(dim=1, keepdim=True),
            "Off by one: stimuli are counted from 0, as columns are.": lambda spikes, rates: (
                _scores(spikes, rates).argmax(dim=1) + 1
            ),
            "No transpose: `spikes` has the cells last, `rates` has them first, so they meet.": lambda spikes, rates: (
                spikes @ rates.log().T
            ),
            "`*` multiplies place by place; the sum over the cells is what `@` does.": lambda spikes, rates: (
                spikes * rates.log()
            ),
        },
        variants={
            "Poisson's log_prob": _decode_by_log_prob,
            "einsum": lambda spikes, rates: (
                torch.einsum("tc,cs->ts", spikes, rates.log()) - rates.sum(dim=0)
            ).argmax(dim=1),
            "log of the means": lambda spikes, rates: (
                spikes @ (rates.log() - rates.log().mean(dim=1, keepdim=True)) - rates.sum(dim=0)
            ).argmax(dim=1),
        },
        explanation="""
            Log P of Poisson counts is Σ n·log r − Σ r − Σ log n!, and the last term is the same for all stimuli. What is
            left is linear in the spikes: every stimulus has one weight for each cell and one constant. So the best read-out
            of a crowd is a weighted vote, and no cell needs to mean anything by itself.""",
    ),
    "precision_recall": Exercise(
        precision_recall,
        cases=_fired_cases,
        difficulty=1,
        hints=(
            "First a mask: `fired = values >= threshold`. Hits are the rows that fired *and* are of the concept.",
            "Both shares have the hits above. Below stands how many fired, or how many there are to be found.",
        ),
        slips={
            "Those are counts of rows: divide the hits by how many fired, and by how many are of the concept.": lambda values, is_concept, threshold: (
                ((values >= threshold) & is_concept).sum(),
                (~(values >= threshold) & is_concept).sum(),
            ),
            "The two are exchanged: precision first, the share of the concept among the rows that fired.": lambda values, is_concept, t: (
                precision_recall(values, is_concept, t)[::-1]
            ),
            "A row exactly at the threshold counts as fired: `>=`.": _shares(torch.gt),
            "These are the shares for rows *below* the threshold: the comparison points the other way.": _shares(
                torch.lt
            ),
            "It fires from another value on each time: compare with `threshold`, not with 2.": lambda values, is_concept, t: (
                precision_recall(values, is_concept, 2.0)
            ),
            "A neuron far below zero has not fired: compare `values` themselves, not their size.": lambda values, is_concept, t: (
                precision_recall(values.abs(), is_concept, t)
            ),
            "The second is recall: hits over all rows of the concept, not over all rows.": _shares(
                there=lambda fired, is_concept: len(fired)
            ),
            "The first is precision: hits over the rows that fired, not over all rows.": _shares(
                found=lambda fired, is_concept: len(fired)
            ),
            "Both are shares of all rows; the first is one of the rows that fired, the second one of the concept's.": _shares(
                found=lambda fired, is_concept: len(fired), there=lambda fired, is_concept: len(fired)
            ),
            "Both are divided by the number of the concept's rows; the first should be by that of rows that fired.": _shares(
                found=lambda fired, is_concept: is_concept.sum()
            ),
            "Both are divided by the number of rows that fired; the second should be by that of the concept's rows.": _shares(
                there=lambda fired, is_concept: fired.sum()
            ),
            "A hit has fired *and* is of the concept, `&`; yours counts what is one or the other.": _shares(
                hits=torch.logical_or
            ),
            "A hit has fired *and* is of the concept; yours counts all that fired.": _shares(
                hits=lambda fired, is_concept: fired
            ),
            "The first is accuracy, how often it is right in all; precision looks only at the rows that fired.": lambda values, is_concept, t: (
                ((values >= t) == is_concept).float().mean(),
                precision_recall(values, is_concept, t)[1],
            ),
            "The second is the share of false alarms among the other rows; recall looks at the concept's.": _second(
                lambda fired, is_concept: fired[~is_concept].float().mean()
            ),
            "The second is how often it is silent on the others; recall looks at the concept's rows.": _second(
                lambda fired, is_concept: (~fired)[~is_concept].float().mean()
            ),
            "These are the shares that go wrong, one minus what is asked for.": _both(
                lambda share: 1 - share
            ),
            "Upside down: the hits stand above.": _both(lambda share: 1 / share),
            "Shares between 0 and 1, not percentages.": _both(lambda share: 100 * share),
            "`//` cuts the fraction off, and all that is left is 0 or 1: divide with `/`.": _both(
                torch.floor
            ),
            "These are counts, and shares are asked for: divide the one by the other.": lambda values, is_concept, t: (
                ((values >= t) & is_concept).sum(),
                (values >= t).sum(),
            ),
            "Rows are counted here, each as one; yours adds up how strongly they fire.": lambda values, is_concept, t: (
                values[(values >= t) & is_concept].sum() / values[values >= t].sum(),
                values[(values >= t) & is_concept].sum() / values[is_concept].sum(),
            ),
            "`and` and `if` want a single yes or no; between two masks stands `&`.": lambda values, is_concept, t: (
                values >= t and is_concept
            ),
        },
        variants={
            "loop": _fired_by_loop,
            "means": lambda values, is_concept, threshold: (
                is_concept[values >= threshold].float().mean(),
                (values[is_concept] >= threshold).float().mean(),
            ),
        },
        explanation="""
            Precision asks about the neuron: when it speaks, is it right? Recall asks about the concept: when it is there, does
            the neuron speak? A threshold high enough makes nearly any neuron precise, and one low enough gives it full recall.
            A neuron that means one thing has both at once.""",
    ),
    "best_threshold": Exercise(
        best_threshold,
        cases=_threshold_cases,
        judge=_f1_is_best,
        difficulty=3,
        hints=(
            "Between two neighbouring values nothing changes, so it is enough to try each value that occurs.",
            "F1 of a threshold: `2 * hits / (fired + concept)`, with the numbers of rows that hit, fired, are of the concept.",
            "Loop over `values.unique()`, keep the threshold with the largest F1, and return it as a number.",
        ),
        slips={
            "That threshold gives the most right answers. Where the concept is rare, silence does well by that; use F1.": _pick(
                _accuracy
            ),
            "That is the best F1 itself; what is asked for is the threshold that reaches it.": lambda values, is_concept: (
                max(_f1(values, is_concept, t).item() for t in values.unique())
            ),
            "That is the lowest value. Is the `return` inside the loop? Is `& is_concept` missing in the hits? Or did recall alone decide? The lowest one always has all of it.": lambda values, is_concept: (
                values.min().item()
            ),
            "That is the highest value; there only a single row fires.": lambda values, is_concept: (
                values.max().item()
            ),
            "That is the place of the best value in the list; return the value itself.": lambda values, is_concept: (
                values.tolist().index(best_threshold(values, is_concept))
            ),
            "That is the place of the best value in the sorted list, where `argmax` finds it; the value there is asked for.": lambda values, is_concept: (
                _place(_f1, values, is_concept)
            ),
            "The place counts in `values.unique()`, which is sorted; in `values` something else stands there.": lambda values, is_concept: (
                values[_place(_f1, values, is_concept)].item()
            ),
            "F1 stands in the order of the *sorted* values, so take the best of those, not of `values`.": lambda values, is_concept: (
                values[
                    torch.stack([_f1(values, is_concept, t) for t in values.sort().values]).argmax()
                ].item()
            ),
            "F1 stands in the order of the values sorted *from the largest*: take the best of those, not of `values`.": lambda values, is_concept: (
                values[
                    torch.stack(
                        [_f1(values, is_concept, t) for t in values.sort(descending=True).values]
                    ).argmax()
                ].item()
            ),
            "A row exactly at the threshold counts as fired: `>=`.": _pick(
                lambda values, is_concept, t: (
                    2 * ((values > t) & is_concept).sum() / ((values > t).sum() + is_concept.sum())
                )
            ),
            "A row fires at or *above* the threshold: the comparison points the other way.": _pick(
                lambda values, is_concept, t: (
                    2 * ((values < t) & is_concept).sum() / ((values < t).sum() + is_concept.sum())
                )
            ),
            "From there on F1 is best, but asked for is a value that occurs, not the middle between two.": _middle,
            "That threshold has the best precision, and a few rows are enough for it. Is `+ texts of the concept` missing below, or outside of the brackets?": _pick(
                lambda values, is_concept, t: _rates_of(values, is_concept, t)[0]
            ),
            "That has the best sum of precision and recall; F1 falls if *either* does, by the formula of the task.": _pick(
                lambda values, is_concept, t: torch.stack(_rates_of(values, is_concept, t)[:2]).sum()
            ),
            "That has the best product of precision and recall; F1 is another mean of the two.": _pick(
                lambda values, is_concept, t: torch.stack(_rates_of(values, is_concept, t)[:2]).prod()
            ),
            "That has the largest recall less false alarms (Youden's index), which counts rare rows more; F1 is asked for.": _pick(
                lambda values, is_concept, t: (
                    _rates_of(values, is_concept, t)[1] - _rates_of(values, is_concept, t)[2]
                )
            ),
            "That has the *worst* F1: keep a threshold when its F1 is larger.": _pick(
                lambda values, is_concept, t: -_f1(values, is_concept, t)
            ),
            "Below stands how many fired plus how many are of the concept; `len` counts all rows.": _pick(
                lambda values, is_concept, t: (
                    2 * ((values >= t) & is_concept).sum() / ((values >= t).sum() + len(values))
                )
            ),
            "Remember the best F1 along with its threshold: now each one that has any hit takes the place of the last.": _last_with_hits,
            "It is always 0, what you started from: keep the threshold whenever F1 gets better.": lambda values, is_concept: (
                0.0
            ),
            "That is the lowest value of the concept: all of it is found, and how many others fire with it is not asked.": lambda values, is_concept: (
                values[is_concept].min().item()
            ),
            "A mean of the concept's values is a guess; try each value that occurs and compare F1.": lambda values, is_concept: (
                values[is_concept].mean().item()
            ),
            "Halfway between the two means is a guess; try each value that occurs and compare F1.": lambda values, is_concept: (
                (values[is_concept].mean() + values[~is_concept].mean()).item() / 2
            ),
            "The middle value asks nothing about the concept; try each value that occurs and compare F1.": lambda values, is_concept: (
                values.median().item()
            ),
        },
        variants={"sorting": _threshold_by_sorting, "argmax": _pick(_f1)},
        explanation="""
            This loop looks at all rows for each threshold, so ten times the rows take a hundred times as long. Sorted by value,
            one pass is enough: going down from the top, each row adds one to those that fired and perhaps one to the hits. The
            package does that for all neurons and concepts at once.""",
    ),
}

PREDICTIONS = {
    "turned": Single(
        "The axes are turned and the outputs turn them back. What is left of reading, editing and verifying by neurons?",
        (
            Option(
                "All three: the network does the same as before.",
                "No: the answers are the same, but nothing can be read from the neurons any more.",
            ),
            Option(
                "Editing and verifying; only the names are mixed up.",
                "No: a cut through one neuron changes all features, and the alarm.",
            ),
            Option(
                "None of them.",
                "The alarm changes by 0.00, yet message 2 is read as question, insult, recipe, and cutting one neuron "
                "changes 8 of 8 features.",
                right=True,
            ),
            Option(
                "Reading, with a little noise; the answers get worse as well.",
                "No: the answers are exactly as good, and the reading is not noisy but wrong.",
            ),
        ),
    ),
    "luck": Numeric(
        "Of 1,000 cells that know nothing, which ROC area for your grandmother does the best one reach?",
        value=0.88,
        tolerance=0.03,
        why="Each has its area near one half, but she was shown six times only, and the best of a thousand is far out.",
    ),
    "crowd": Single(
        "One cell can tell two people apart in a second. How many can forty cells tell apart?",
        (
            Option("About two, as one does.", "No: what one cell leaves open another one decides."),
            Option(
                "About forty, one for each cell.",
                "No: that is how many there would be if each cell had one person of its own.",
            ),
            Option("About eighty, two for each cell.", "No: the cells are not read one by one."),
            Option(
                "More than a thousand.",
                "The crowd tells at least 2,048 apart with at most 15% wrong, and we tried no more.",
                right=True,
            ),
        ),
    ),
    "speakers": Single(
        "A network has learned whether two speakers agree. What has its last hidden layer for “they agree”?",
        (
            Option(
                "A neuron and a direction, with one hidden layer and with two.",
                "No: with one hidden layer the best neuron reaches an area of 0.75.",
            ),
            Option(
                "A direction but no neuron, with one hidden layer and with two.",
                "No: with two hidden layers there is a neuron with an area of 1.00.",
            ),
            Option(
                "Two hidden layers: both. One: a direction, and no neuron.",
                "The direction reaches 1.00 in all four networks; the best neuron 0.64 and 0.75 with one layer, 1.00 with "
                "two.",
                right=True,
            ),
            Option(
                "Two hidden layers: both. One: neither, as in the input.",
                "No: one hidden layer is enough for a direction, with an area of 1.00.",
            ),
        ),
    ),
    "clean": Numeric(
        "For how many of the 126 concepts is there a neuron that fires on most of their texts and on hardly any others?",
        value=12,
        tolerance=5,
        why="All twelve are formats, such as DNA sequences or Python code; no topic has one, and so whales have none.",
        of_pocket=True,
    ),
    "lesion": Numeric(
        "The neuron that stands out most is silenced. How many nats a token does the model lose on its concept?",
        value=0.058,
        tolerance=0.03,
        why="It loses 0.0001 on everything else: the harm is where it should be, and it is small.",
        unit="nats",
        of_pocket=True,
    ),
    "ten": Numeric(
        "The ten best neurons for the concept are silenced together. How many times the harm of one is that?",
        value=5.1,
        tolerance=1.5,
        why="Together they cost the concept 0.30 nats a token, the best of them alone 0.058.",
        of_pocket=True,
    ),
}

QUIZZES = {
    "dream": Quiz(
        (
            Single(
                "A network's neurons are rotated by an orthogonal matrix, and the next layer undoes the rotation. What "
                "is lost?",
                (
                    Option(
                        "Some of the information: a neuron that mixes eight features no longer tells which one was there.",
                        "eight mixtures of eight features can be undone exactly, and the next layer does so.",
                    ),
                    Option(
                        "Some accuracy: the outputs get a little noisier, as after any change of the weights.",
                        "the next layer undoes the rotation, so the outputs are the same.",
                    ),
                    Option(
                        "The directions of the features: they are no longer at right angles.",
                        "a rotation keeps all angles; the directions only left the axes.",
                    ),
                    Option(
                        "Nothing that the network computes; only its neurons lose their names.",
                        "the network computes the same as before, and nothing in its training would notice. What is gone "
                        "is a convenience of ours.",
                        right=True,
                    ),
                ),
            ),
            Numeric(
                "1,000 cells that know nothing are each tested on 20 people, every test at the 5% level. How many false "
                "alarms do you expect?",
                value=1000,
                tolerance=0.5,
                why="there are 20,000 tests and one in twenty passes by luck alone: as many discoveries as cells.",
                slips={
                    50: "That is for one person; there are 20 people to test each cell on.",
                    1: "That is for one cell; there are 1,000 of them.",
                    0.05: "That is the chance for one test; how many tests are there?",
                    20000: "So many are the tests. One in twenty passes by luck.",
                },
            ),
            Multiple(
                "Which findings speak against “this neuron means whales, and nothing else”?",
                (
                    Option(
                        "From every threshold on that finds half of the whale texts, its precision is 0.3 at most.",
                        "wherever it is taken to fire, most of the texts are about something else.",
                        right=True,
                    ),
                    Option(
                        "Without it the model predicts texts about whales no worse.",
                        "that is about what the model uses it for; a neuron can go along with whales and have no part in them.",
                    ),
                    Option(
                        "It tells chess notation from all other texts as well, with a ROC area of 0.97.",
                        "then chess is another thing that it means.",
                        right=True,
                    ),
                    Option(
                        "There are other neurons that fire for whales, and some of them fire more strongly.",
                        "that speaks against a *single* whale neuron, but each of them could still mean whales only.",
                    ),
                ),
            ),
            Single(
                "With one cell for each person, a hundred cells know a hundred people. Why can a crowd of a hundred cells "
                "know so many more?",
                (
                    Option(
                        "Its cells are less noisy, as each of them answers everybody.",
                        "a cell's noise depends on its rate alone, and the rates lie in the same range in both codes.",
                    ),
                    Option(
                        "It is read with a cleverer, nonlinear decoder.",
                        "the best read-out of Poisson cells is a weighted sum of spikes, for either code.",
                    ),
                    Option(
                        "Every cell takes part in every answer.",
                        "there are far more patterns over a hundred cells than cells, and all cells together tell a pattern.",
                        right=True,
                    ),
                    Option(
                        "It makes three times the spikes, and that is what it takes.",
                        "it does make more, but with one cell each more spikes would still be for a hundred people only.",
                    ),
                ),
            ),
            Ordering(
                "You want to claim that a model has a neuron for weddings. In which order do you work?",
                (
                    Option(
                        "set some labelled texts aside", "before anything is looked at, or they are no judge."
                    ),
                    Option(
                        "score every neuron on the rest and choose the best",
                        "the choice may look at these texts as often as it likes.",
                    ),
                    Option(
                        "choose its threshold on the same texts",
                        "the threshold is part of the choice, so it comes from the same side.",
                    ),
                    Option(
                        "score the chosen neuron on the texts set aside",
                        "they judge once, and luck has no second chance.",
                    ),
                    Option(
                        "remove the neuron and see what the model loses",
                        "last, and of another kind: the scores say what goes together, only this says what is used.",
                    ),
                ),
                shown=(2, 4, 0, 3, 1),
            ),
        )
    ),
}
