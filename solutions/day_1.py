"""Day 1: The monosemantic dream."""

from __future__ import annotations

from statistics import NormalDist

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
    cases = [(torch.tensor([0.0, 0.9, -2.0, 1.4, 0.7]), ["whale", "chess", "anger", "recipe", "insult"], 0.5)]
    generator = _generator(seed)
    for n, threshold in [(8, 0.3), (6, 0.8)]:
        x = 2 * torch.rand(n, generator=generator).cumsum(0) / n - 1
        x = x[torch.randperm(n, generator=generator)] * 1.5
        x[:3] = torch.tensor([1.1, -1.3, 1.7]) + 0.1 * torch.rand(3, generator=generator)
        cases.append((x, list(WORDS[:n]), threshold))
    return cases


def _read_by_loop(x: Tensor, names: list[str], threshold: float = 0.5) -> list[str]:
    pairs = [(value, name) for value, name in zip(x.tolist(), names, strict=True) if value > threshold]
    return [name for _, name in sorted(pairs, reverse=True)]


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
    return cases


def _edit_row(x: Tensor, neuron: int, value: float) -> Tensor:
    x = x.clone()
    x[neuron] = value
    return x


def _edit_second_axis(x: Tensor, neuron: int, value: float) -> Tensor:
    x = x.clone()
    x[:, neuron] = value
    return x


def _edit_add(x: Tensor, neuron: int, value: float) -> Tensor:
    x = x.clone()
    x[..., neuron] += value
    return x


def _edit_times(x: Tensor, neuron: int, value: float) -> Tensor:
    x = x.clone()
    x[..., neuron] *= value
    return x


def _edit_alone(x: Tensor, neuron: int, value: float) -> Tensor:
    x = torch.zeros_like(x)
    x[..., neuron] = value
    return x


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
    return cases


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


def _chance_cases(seed: int = 0) -> list[tuple]:
    a, b = torch.randint(8, 40, (2,), generator=_generator(seed)).tolist()
    return [(20, 80, 1), (a, 10 * a, 500), (2 * b, 7 * b, 30)]


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
    return cases


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


def _pick(score):
    """The threshold that is best by another score."""

    def chosen(values: Tensor, is_concept: Tensor) -> float:
        tried = values.unique()
        return tried[torch.stack([score(values, is_concept, t).float() for t in tried]).argmax()].item()

    return chosen


def _accuracy(values: Tensor, is_concept: Tensor, threshold: Tensor) -> Tensor:
    return ((values >= threshold) == is_concept).float().mean()


def _threshold_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    cases = [(torch.tensor([0.5, 3.0, 1.0, 2.0, 2.5]), torch.tensor([False, True, False, True, False]))]
    while len(cases) < 4:
        n = 30 + 10 * len(cases)
        is_concept = torch.rand(n, generator=generator) < 0.2
        values = (torch.randn(n, generator=generator) + 1.6 * is_concept).mul(10).round() / 10
        f1 = torch.stack([_f1(values, is_concept, t) for t in values.unique()]).sort().values
        if f1[-1] > f1[-2] + 1e-3:  # one answer only
            cases.append((values, is_concept))
    return cases


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
            "The right names in the order of the neurons; the strongest should come first.": lambda x, names, threshold=0.5: [
                name for name, value in zip(names, x.tolist(), strict=True) if value > threshold
            ],
            "The strongest should come first; `argsort` sorts upwards unless you say `descending=True`.": lambda x, names, threshold=0.5: [
                names[i] for i in x.argsort().tolist() if x[i] > threshold
            ],
            "All names are there; leave out the neurons that are not above the threshold.": lambda x, names, threshold=0.5: [
                names[i] for i in x.argsort(descending=True).tolist()
            ],
            "A neuron far below zero is not active: compare `x` itself with the threshold, not its size.": lambda x, names, threshold=0.5: [
                names[i] for i in x.abs().argsort(descending=True).tolist() if x[i].abs() > threshold
            ],
            "These are places; look the names up: `names[i]`.": lambda x, names, threshold=0.5: [
                i for i in x.argsort(descending=True).tolist() if x[i] > threshold
            ],
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
            "`x[neuron]` is a row, one text; the neurons lie on the last axis: `x[..., neuron]`.": _edit_row,
            "`x[:, neuron]` is the second axis, and `x` may have three; the last one is `x[..., neuron]`.": _edit_second_axis,
            "That adds the value to what the neuron had; it should have exactly `value` afterwards.": _edit_add,
            "That multiplies the neuron by the value; it should have exactly `value` afterwards.": _edit_times,
            "The other neurons have lost their values: start from a copy of `x`, not from zeros.": _edit_alone,
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
            "That is the ratio itself, large for a cell that answers everything: take 1 minus it, over `1 - 1 / n`.": lambda rates: (
                rates.mean(dim=1) ** 2 / (rates**2).mean(dim=1)
            ),
            "Close: divide by `1 - 1 / n`, so that a cell with a single stimulus gets exactly 1.": lambda rates: (
                1 - rates.mean(dim=1) ** 2 / (rates**2).mean(dim=1)
            ),
            "A row is a cell, so the means go over `dim=1`, the stimuli.": lambda rates: (
                (1 - rates.mean(dim=0) ** 2 / (rates**2).mean(dim=0)) / (1 - 1 / len(rates))
            ),
            "`n` is the number of stimuli, `rates.shape[1]`; `len(rates)` counts the cells.": lambda rates: (
                (1 - rates.mean(dim=1) ** 2 / (rates**2).mean(dim=1)) / (1 - 1 / len(rates))
            ),
            "The ratio stands on its head: the square of the mean goes above, the mean of the squares below.": lambda rates: (
                (1 - (rates**2).mean(dim=1) / rates.mean(dim=1) ** 2) / (1 - 1 / rates.shape[1])
            ),
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
            "Ties are missing: a pair of equal values counts half.": lambda concept_values, other_values: (
                (concept_values[:, None] > other_values).float().mean()
            ),
            "Ties count half, not fully: add `(… == …) / 2` to the pairs that are strictly larger.": lambda concept_values, other_values: (
                (concept_values[:, None] >= other_values).float().mean()
            ),
            "That is the chance that the *other* value is larger: turn the comparison round.": lambda concept_values, other_values: (
                1 - roc_area(concept_values, other_values)
            ),
            "Compare every value with every other one: with the mean of the others too much is lost.": lambda concept_values, other_values: (
                (concept_values > other_values.mean()).float().mean()
            ),
            "That counts pairs; divide by their number, or take the mean, to get a chance.": lambda concept_values, other_values: (
                roc_area(concept_values, other_values) * len(concept_values) * len(other_values)
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
            "That is the level for a single cell. You try `n_units` of them: give each `0.05 / n_units`.": lambda n_concept, n_other, n_units=1: (
                0.5 + _z(0.05) * _spread(n_concept, n_other)
            ),
            "Start from 1/2, which is where a cell that knows nothing ends up on average.": lambda n_concept, n_other, n_units=1: (
                _z(0.05 / n_units) * _spread(n_concept, n_other)
            ),
            "The standard deviation is the square root of that fraction.": lambda n_concept, n_other, n_units=1: (
                0.5 + _z(0.05 / n_units) * _spread(n_concept, n_other) ** 2
            ),
            "Only the upper tail counts here: `0.05 / n_units`, not half of it.": lambda n_concept, n_other, n_units=1: (
                0.5 + _z(0.025 / n_units) * _spread(n_concept, n_other)
            ),
            "More tries have to raise the bar: divide 0.05 by `n_units`, not the standard deviations.": lambda n_concept, n_other, n_units=1: (
                0.5 + _z(0.05) / n_units * _spread(n_concept, n_other)
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
            "The second term is missing: without `- rates.sum(dim=0)` the stimulus with the most spikes always wins.": lambda spikes, rates: (
                (spikes @ rates.log()).argmax(dim=1)
            ),
            "Poisson's formula wants the logarithm of the rates: `rates.log()`.": lambda spikes, rates: (
                spikes @ rates - rates.sum(dim=0)
            ).argmax(dim=1),
            "Expected spikes speak against a stimulus: subtract `rates.sum(dim=0)`.": lambda spikes, rates: (
                spikes @ rates.log() + rates.sum(dim=0)
            ).argmax(dim=1),
            "That is the stimulus whose rates are nearest; a Poisson cell with a high rate is noisier, and log P knows it.": _nearest_mean,
            "Choose among the stimuli, `argmax(dim=1)`: one answer a trial.": lambda spikes, rates: (
                spikes @ rates.log() - rates.sum(dim=0)
            ).argmax(dim=0),
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
            "The two are exchanged: precision first, the share of the concept among the rows that fired.": lambda values, is_concept, threshold: (
                precision_recall(values, is_concept, threshold)[::-1]
            ),
            "A row exactly at the threshold counts as fired: `>=`.": lambda values, is_concept, threshold: (
                ((values > threshold) & is_concept).sum() / (values > threshold).sum(),
                ((values > threshold) & is_concept).sum() / is_concept.sum(),
            ),
            "The second is recall: hits over all rows of the concept, not over all rows.": lambda values, is_concept, threshold: (
                precision_recall(values, is_concept, threshold)[0],
                ((values >= threshold) & is_concept).float().mean(),
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
            "That threshold has the best recall, and the lowest one always has. F1 weighs it against precision.": lambda values, is_concept: (
                values.min().item()
            ),
            "That is the place of the best value in the list; return the value itself.": lambda values, is_concept: (
                values.tolist().index(best_threshold(values, is_concept))
            ),
            "A row exactly at the threshold counts as fired: `>=`.": _pick(
                lambda values, is_concept, t: (
                    2 * ((values > t) & is_concept).sum() / ((values > t).sum() + is_concept.sum())
                )
            ),
        },
        variants={"sorting": _threshold_by_sorting, "argmax": _pick(_f1)},
        explanation="""
            This loop looks at all rows for each threshold, so ten times the rows take a hundred times as long. Sorted by value,
            one pass is enough: going down from the top, each row adds one to those that fired and perhaps one to the hits. The
            package does that for all neurons and concepts at once.""",
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
                        "Some of the information.", "an orthogonal matrix can be undone exactly, so none is."
                    ),
                    Option(
                        "Accuracy: the outputs get noisier.",
                        "the next layer undoes the rotation, so the outputs are the same.",
                    ),
                    Option(
                        "The directions of the features.",
                        "they are still there, at right angles; they left the axes.",
                    ),
                    Option(
                        "Nothing that the network computes. Only, no single neuron stands for a feature any more.",
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
                        "Its precision for whales is 0.3.",
                        "seven times in ten when it speaks up, the text is about something else.",
                        right=True,
                    ),
                    Option(
                        "Its ROC area for whales is 0.99 on held-out texts.",
                        "that speaks for it, though not for “nothing else”: the area for another concept may be high too.",
                    ),
                    Option(
                        "Without it the model gets worse at chess notation.",
                        "then something downstream uses it for chess, whatever it looks like from outside.",
                        right=True,
                    ),
                    Option(
                        "There are other neurons that fire for whales.",
                        "that speaks against a *single* whale neuron, but each of them could still mean whales only.",
                    ),
                ),
            ),
            Single(
                "With one cell for each person, a hundred cells know a hundred people. Why can a crowd of a hundred cells "
                "know so many more?",
                (
                    Option(
                        "Its cells are less noisy.",
                        "they are Poisson cells of the same rates in both; the noise is no smaller.",
                    ),
                    Option(
                        "It is read with a cleverer, nonlinear decoder.",
                        "the best read-out of Poisson cells is a weighted sum of spikes, for either code.",
                    ),
                    Option(
                        "Every cell takes part in every answer.",
                        "patterns over a hundred cells are far more than a hundred, and a pattern is told by all its cells "
                        "together.",
                        right=True,
                    ),
                    Option(
                        "It fires less.",
                        "it fires more; spikes are the price that the crowd pays.",
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
