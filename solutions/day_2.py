"""Day 2: The messy reality."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, log, pi

import torch
from torch import Tensor
from torch.nn.functional import relu

from course_utils.exercises import Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.reading import profile_entropy
from course_utils.worlds import alpha_beta_rule, ascend, epsilon_rule, fourier_basis, frequency_power


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _random(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = _generator(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


# ── count_concepts ──────────────────────────────────────────────────────────────────────────────────────────────────


def count_concepts(roc_area: Tensor, threshold: float = 0.9) -> Tensor:
    """How many concepts each unit tells from all others, by a ROC area at or above the threshold."""
    return (roc_area >= threshold).sum(dim=1)


def _count_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[0.95, 0.75, 0.2], [0.6, 0.8, 0.05]]), 0.75)
    generator = _generator(seed)
    cases = [by_head]
    for shape, threshold in [((5, 8), 0.7), ((9, 4), 0.6)]:
        roc_area = torch.rand(shape, generator=generator)
        roc_area[[0, 1], [0, 1]] = torch.tensor(
            [threshold - 2e-5, threshold + 2e-5]
        )  # half precision is not enough
        cases.append((roc_area, threshold))
    return cases


# ── profile_entropy ─────────────────────────────────────────────────────────────────────────────────────────────────


def _profile_cases(seed: int = 0) -> list[tuple]:
    cases = [(torch.tensor([[2.0, 2.0, 0.0, 0.0], [3.0, 3.0, 3.0, 3.0], [0.0, 7.0, 0.0, 0.0]]),)]
    for x in _random(seed, (6, 5), (3, 11)):
        cases.append((relu(x + 0.3) + 0.01 * (x > 0.5) + 0.02 * (x == x.amax(dim=1, keepdim=True)),))
    return cases


def _shares(profile: Tensor) -> Tensor:
    return profile / profile.sum(dim=1, keepdim=True)


def _bits(shares: Tensor) -> Tensor:
    """What each share adds to the entropy."""
    return -torch.xlogy(shares, shares) / log(2)


def _entropy_of(shares: Tensor) -> Tensor:
    """An attempt that takes these for shares."""
    return _bits(shares).sum(dim=1)


def _naive_entropy(profile: Tensor) -> Tensor:
    shares = profile / profile.sum(dim=1, keepdim=True)
    return torch.stack([-sum((p * p.log2() for p in row if p > 0), start=torch.zeros(())) for row in shares])


# ── purity_by_depth ─────────────────────────────────────────────────────────────────────────────────────────────────


def purity_by_depth(values: Tensor, is_concept: Tensor, depths: Tensor) -> Tensor:
    """Share of the concept among the n most strongly firing tokens, for each n of ``depths``."""
    hits = is_concept[values.argsort(descending=True)].cumsum(dim=0)
    return hits[depths - 1] / depths


def _purity_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([0.1, 3.0, 2.0, 0.5, 1.0, 0.2]),
        torch.tensor([False, True, True, False, False, True]),
        torch.tensor([2, 3, 4, 5]),
    )
    cases = [by_head]
    for n, (length, depths) in enumerate([(40, [3, 10, 30]), (35, [2, 5, 7, 20, 35])]):
        values, noise = _random(10 * seed + n, (length,), (length,))
        cases.append((values, values + noise > 0.2, torch.tensor(depths)))
    return cases


def _hits(values: Tensor, counted: Tensor) -> Tensor:
    """What is counted, from the strongest token on, added up."""
    return counted[values.argsort(descending=True)].cumsum(dim=0)


def _purity_of_slices(values: Tensor, is_concept: Tensor, depths: Tensor) -> Tensor:
    ordered = is_concept[values.argsort(descending=True)].float()
    return torch.stack([ordered[:n].mean() for n in depths.tolist()])


def _purity_between(values: Tensor, is_concept: Tensor, depths: Tensor) -> Tensor:
    ordered, starts = is_concept[values.argsort(descending=True)].float(), [0, *depths[:-1].tolist()]
    return torch.stack([ordered[a:b].mean() for a, b in zip(starts, depths.tolist(), strict=True)])


def _purity_by_loop(values: Tensor, is_concept: Tensor, depths: Tensor) -> Tensor:
    ranked = [c for _, c in sorted(zip(values.tolist(), is_concept.tolist(), strict=True), reverse=True)]
    return torch.tensor([sum(ranked[:n]) / n for n in depths.tolist()])


# ── ascend ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _ascend_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    cases = [(torch.tensor([[0.2, 0.5], [0.9, 0.05]]), torch.tensor([[3.0, 0.0], [4.0, 0.0]]), 0.5)]
    for shape, step, size in [((1, 4, 5), 0.7, 0.1), ((1, 6, 3), 6.0, 5.0)]:
        picture = torch.rand(shape, generator=generator)
        cases.append((picture, size * torch.randn(shape, generator=generator), step))
    return [*cases, (torch.rand(2, 3, generator=generator), torch.zeros(2, 3), 1.0)]


def _moved(picture: Tensor, gradient: Tensor, step: float) -> Tensor:
    return picture + step * gradient / gradient.norm().clamp(min=1e-12)


def _stretched(moved: Tensor, gradient: Tensor, picture: Tensor) -> Tensor:
    low, high = moved.min(), moved.max()
    return (moved - low) / (high - low) if gradient.any() else picture


# ── off_target_share ────────────────────────────────────────────────────────────────────────────────────────────────


def off_target_share(damage: Tensor) -> Tensor:
    """Of all the harm that each operation does, the share that falls on other concepts than the one meant.

    Row r of ``damage`` is the operation that was to remove concept r, column c what concept c lost. Gains count as zero.
    """
    harm = damage.clamp(min=0)
    return 1 - harm.diagonal() / harm.sum(dim=1)


def _damage_cases(seed: int = 0) -> list[tuple]:
    cases = [(torch.tensor([[6.0, 2.0, 0.0], [1.0, 3.0, -5.0], [4.0, 4.0, 2.0]]),)]
    for x in _random(seed, (4, 4), (7, 7)):
        cases.append((x + torch.eye(len(x)) * 3,))
    (drawn,) = _random(seed + 7, (5, 5))
    missed = drawn.abs() * (1 - 2 * torch.eye(5))  # no operation harms the concept that was meant
    missed[:2, :2] = torch.tensor([[-1.0, 3.0], [2.0, 0.0]])
    missed[3, 3] = 1.5
    return [*cases, (missed,)]


# ── epsilon_rule and alpha_beta_rule ────────────────────────────────────────────────────────────────────────────────


def _relevance_cases(seed: int, last: tuple[float, float], by_head: tuple) -> list[tuple]:
    cases = [by_head]
    for n, ((batch, d_in, d_out), setting) in enumerate(zip([(4, 6, 3), (3, 5, 7)], last, strict=True)):
        x, W, relevance = _random(10 * seed + n, (batch, d_in), (d_in, d_out), (batch, d_out))
        cases.append((x.abs(), 0.7 * W, relevance, setting))
    return cases


def _epsilon_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[1.0, 2.0]]),
        torch.tensor([[1.0, 1.0, -1.0], [1.0, -2.0, 2.0]]),
        torch.tensor([[3.0, 3.0, 3.0]]),
        0.0,
    )
    a_sum_of_zero = (
        torch.tensor([[1.0, 2.0]]),
        torch.tensor([[2.0, 1.0], [-1.0, 1.0]]),
        torch.tensor([[1.0, 3.0]]),
        0.5,
    )
    # the notebook leaves epsilon out; here it swallows a fifth
    by_default = (torch.tensor([[1.0, 2.0]]), torch.tensor([[2e-6], [1e-6]]), torch.tensor([[5.0]]))
    return [*_relevance_cases(seed, (0.25, 0.1), by_head), a_sum_of_zero, by_default]


def _sign(z: Tensor) -> Tensor:
    return torch.where(z >= 0, 1.0, -1.0)


def _away_from_zero(z: Tensor, epsilon: float) -> Tensor:
    return z + epsilon * _sign(z)


def _handed_down(inputs: Tensor, W: Tensor, relevance: Tensor, epsilon: float) -> Tensor:
    """What each output hands to each input: (batch, d_in, d_out)."""
    z = inputs[:, :, None] * W
    return z / _away_from_zero(z.sum(dim=1, keepdim=True), epsilon) * relevance[:, None]


def _epsilon_by_loop(inputs: Tensor, W: Tensor, relevance: Tensor, epsilon: float = 1e-6) -> Tensor:
    found = torch.zeros_like(inputs)
    for b in range(len(inputs)):
        for j in range(W.shape[1]):
            z = inputs[b] * W[:, j]
            total = z.sum()
            found[b] += z / (total + (epsilon if total >= 0 else -epsilon)) * relevance[b, j]
    return found


def _epsilon_by_gradient(inputs: Tensor, W: Tensor, relevance: Tensor, epsilon: float = 1e-6) -> Tensor:
    x = inputs.detach().clone().requires_grad_()
    z = x @ W
    share = relevance / torch.where(z < 0, z - epsilon, z + epsilon)
    (gradient,) = torch.autograd.grad((z * share.detach()).sum(), x)
    return inputs * gradient


def _alpha_cases(seed: int = 0) -> list[tuple]:
    # the second output has nobody against it, the third nobody for it
    by_head = (
        torch.tensor([[1.0, 2.0, 0.0]]),
        torch.tensor([[3.0, 1.0, -2.0], [-1.0, 2.0, -1.0], [5.0, -1.0, 3.0]]),
        torch.tensor([[1.0, 5.0, -4.0]]),
        2.0,
    )
    return _relevance_cases(seed, (1.5, 3.0), by_head)


def _two_sides(inputs: Tensor, W: Tensor, relevance: Tensor) -> tuple[Tensor, Tensor]:
    """Relevance shared among what spoke for each output, and among what spoke against, each side for itself."""
    z = inputs[:, :, None] * W
    up, down = (
        torch.einsum("bij,bj->bi", part / (part.sum(dim=1, keepdim=True) + tiny), relevance)
        for part, tiny in [(relu(z), 1e-12), (-relu(-z), -1e-12)]
    )
    return up, down


def _both_sides(inputs: Tensor, W: Tensor) -> Tensor:
    """Whether something spoke for an output and something against it."""
    return (inputs @ W.clamp(min=0) > 0) & (inputs @ W.clamp(max=0) < 0)


def _weighted(
    inputs: Tensor,
    W: Tensor,
    relevance: Tensor,
    alpha: float,
    *,
    none_for: bool = True,
    none_against: bool = True,
) -> Tensor:
    """The rule, with or without its two special cases."""
    up, down = W.clamp(min=0), W.clamp(max=0)
    z_up, z_down = inputs @ up, inputs @ down
    weight = torch.full_like(z_up, alpha)
    if none_against:
        weight = weight.where(z_down != 0, 1.0)
    if none_for:
        weight = weight.where(z_up != 0, 0.0)
    to_up = weight * relevance / z_up.where(z_up != 0, 1.0)
    to_down = (1 - weight) * relevance / z_down.where(z_down != 0, 1.0)
    return inputs * (to_up @ up.T + to_down @ down.T)


def _through(
    inputs: Tensor,
    W: Tensor,
    relevance: Tensor,
    alpha: float,
    back: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Each side's relevance for a unit of its sum, taken back to the inputs by ``back``."""
    up, down = W.clamp(min=0), W.clamp(max=0)
    to_up, to_down = relevance / (inputs @ up + 1e-12), relevance / (inputs @ down - 1e-12)
    return alpha * back(to_up, up) - (alpha - 1) * back(to_down, down)


def _from_two_sides(weigh: Callable[[float, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """An attempt that weighs what `_two_sides` returns."""
    return lambda inputs, W, relevance, alpha=2.0: weigh(alpha, *_two_sides(inputs, W, relevance))


def _empty_sides_right(weigh: Callable[[float], tuple[float, float]]) -> Callable[..., Tensor]:
    """An attempt with other weights for what spoke for and against, where both did; else as it should be."""

    def attempt(inputs: Tensor, W: Tensor, relevance: Tensor, alpha: float = 2.0) -> Tensor:
        up, down = W.clamp(min=0), W.clamp(max=0)
        z_up, z_down = inputs @ up, inputs @ down
        for_it, against = weigh(alpha)
        share_up = torch.where(z_down == 0, 1.0, for_it) * relevance / z_up.where(z_up != 0, 1.0)
        share_down = torch.where(z_up == 0, 1.0, against) * relevance / z_down.where(z_down != 0, 1.0)
        return inputs * (share_up @ up.T + share_down @ down.T)

    return attempt


def _without_inputs(inputs: Tensor, W: Tensor, relevance: Tensor, alpha: float = 2.0) -> Tensor:
    up, down = W.clamp(min=0), W.clamp(max=0)
    z_up, z_down = inputs @ up, inputs @ down
    share_up = torch.where(z_down == 0, 1.0, alpha) * relevance / z_up.where(z_up != 0, 1.0)
    share_down = torch.where(z_up == 0, 1.0, 1 - alpha) * relevance / z_down.where(z_down != 0, 1.0)
    return share_up @ up.T + share_down @ down.T


def _alpha_times_where_empty(inputs: Tensor, W: Tensor, relevance: Tensor, alpha: float = 2.0) -> Tensor:
    once = _weighted(inputs, W, relevance, alpha)
    alone = _weighted(inputs, W, relevance * ~_both_sides(inputs, W), alpha)
    return once + (alpha - 1) * alone


def _split_by_relevance(inputs: Tensor, W: Tensor, relevance: Tensor, alpha: float = 2.0) -> Tensor:
    share = relevance / _away_from_zero(inputs @ W, 1e-9)
    return inputs * (alpha * share.clamp(min=0) @ W.T - (alpha - 1) * share.clamp(max=0) @ W.T)


def _alpha_by_output(inputs: Tensor, W: Tensor, relevance: Tensor, alpha: float = 2.0) -> Tensor:
    found = torch.zeros_like(inputs)
    for b in range(len(inputs)):
        for j in range(W.shape[1]):
            z = inputs[b] * W[:, j]
            up, down = relu(z), relu(-z)
            if down.sum() == 0:
                share = up / up.sum() if up.sum() > 0 else up
            elif up.sum() == 0:
                share = down / down.sum()
            else:
                share = alpha * up / up.sum() - (alpha - 1) * down / down.sum()
            found[b] = found[b] + share * relevance[b, j]
    return found


def _alpha_with_masks(inputs: Tensor, W: Tensor, relevance: Tensor, alpha: float = 2.0) -> Tensor:
    up, down = relu(W), relu(-W)
    z_up, z_down = inputs @ up, inputs @ down
    both, only_down = (z_up > 0) & (z_down > 0), (z_up == 0) & (z_down > 0)
    for_up = torch.where(both, alpha, 1.0) * relevance / (z_up + 1e-12)
    for_down = (torch.where(both, 1 - alpha, 0.0) + only_down.float()) * relevance / (z_down + 1e-12)
    return inputs * torch.einsum("bj,ij->bi", for_up, up) + inputs * torch.einsum("bj,ij->bi", for_down, down)


# ── frequency_power ─────────────────────────────────────────────────────────────────────────────────────────────────


def _power_cases(seed: int = 0) -> list[tuple]:
    cases = [(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), fourier_basis(3))]
    for n, (p, d_model) in enumerate([(7, 4), (11, 3)]):
        (W_E,) = _random(10 * seed + n, (p, d_model))
        cases.append((1.5 * W_E + 0.5, fourier_basis(p)))
    return cases


def _power_by_fft(W_E: Tensor, waves: Tensor) -> Tensor:
    power = torch.fft.rfft(W_E, dim=0).abs().pow(2).sum(dim=1) / len(W_E)
    return torch.cat([power[:1], 2 * power[1:]])


def _paired(of_wave: Tensor, together: Callable[[Tensor, Tensor], Tensor] = torch.add) -> Tensor:
    """One row for the constant, then one for each frequency, from those of its cosine and sine."""
    return torch.cat([of_wave[:1], together(of_wave[1::2], of_wave[2::2])])


def _power_by_loop(W_E: Tensor, waves: Tensor) -> Tensor:
    along = [float((wave @ W_E).norm() ** 2) for wave in waves]
    return torch.tensor([along[0], *(along[i] + along[i + 1] for i in range(1, len(along), 2))])


# ── clock_votes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def clock_votes(sums: Tensor, frequencies: Tensor, p: int) -> Tensor:
    """How well each answer fits each sum on circles of these frequencies, all added up: (sums, p).

    On the circle of frequency k the number n stands at the angle 2 pi k n / p.
    """
    steps = sums[:, None] - torch.arange(p)
    return (2 * torch.pi * steps[..., None] * frequencies / p).cos().sum(dim=-1)


def _clock_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    cases = [(torch.tensor([1, 4]), torch.tensor([1]), 4)]
    for n_sums, n_frequencies, p in [(3, 2, 5), (6, 3, 11)]:
        sums = torch.randint(1, 2 * p - 1, (n_sums,), generator=generator)
        frequencies = torch.randperm((p - 1) // 2, generator=generator)[:n_frequencies] + 1
        cases.append((sums, frequencies, p))
    return cases


def _angles(sums: Tensor, frequencies: Tensor, p: int) -> Tensor:
    """From each answer to each sum on each circle: (sums, p, frequencies)."""
    return 2 * torch.pi * (sums[:, None] - torch.arange(p))[..., None] * frequencies / p


def _of_each(numbers: Tensor, frequencies: Tensor, p: int) -> Tensor:
    """Where each number stands on each circle: (numbers, frequencies)."""
    return 2 * torch.pi * numbers[:, None] * frequencies / p


def _votes_by_loop(sums: Tensor, frequencies: Tensor, p: int) -> Tensor:
    votes = torch.zeros(len(sums), p)
    for row, total in enumerate(sums.tolist()):
        for answer in range(p):
            for k in frequencies.tolist():
                votes[row, answer] += cos(2 * pi * k * (total - answer) / p)
    return votes


def _votes_by_hands(sums: Tensor, frequencies: Tensor, p: int) -> Tensor:
    """Two hands on a dial agree by their dot product."""
    ours, theirs = (_of_each(numbers, frequencies, p) for numbers in (sums, torch.arange(p)))
    return ours.cos() @ theirs.cos().T + ours.sin() @ theirs.sin().T


EXERCISES = {
    "count_concepts": Exercise(
        count_concepts,
        cases=_count_cases,
        difficulty=1,
        hints=(
            "Compare the whole table with the threshold at once: what does `roc_area >= threshold` look like?",
            "A row is one unit. Summing True and False over a row counts the True ones: `sum(dim=1)`.",
        ),
        slips={
            "A row is a unit, and you count over units: sum over `dim=1`, the concepts.": lambda roc_area, threshold=0.9: (
                (roc_area >= threshold).sum(dim=0)
            ),
            "That is the share of all concepts; what is asked for is their number.": lambda roc_area, threshold=0.9: (
                (roc_area >= threshold).float().mean(dim=1)
            ),
            "At or above: a ROC area of exactly the threshold counts too.": lambda roc_area, threshold=0.9: (
                (roc_area > threshold).sum(dim=1)
            ),
            "That counts the concepts below the threshold.": lambda roc_area, threshold=0.9: (
                (roc_area < threshold).sum(dim=1)
            ),
            "0.9 is only the default: compare with the argument `threshold`.": lambda roc_area, threshold=0.9: (
                (roc_area >= 0.9).sum(dim=1)
            ),
            "That is one count for the whole table. Each row is a unit and gets its own: `sum(dim=1)`.": lambda roc_area, threshold=0.9: (
                (roc_area >= threshold).sum()
            ),
            "`any` says whether there is one; asked for is how many: `sum`.": lambda roc_area, threshold=0.9: (
                (roc_area >= threshold).any(dim=1).long()
            ),
            "`any` says whether there is one, True or False; asked for is how many: `sum`.": lambda roc_area, threshold=0.9: (
                (roc_area >= threshold).any(dim=1)
            ),
            "That adds up the areas above the threshold. To count them, sum the comparison itself, True and False.": lambda roc_area, threshold=0.9: (
                (roc_area * (roc_area >= threshold)).sum(dim=1)
            ),
            "The comparison is made; now count the True ones of each row.": lambda roc_area, threshold=0.9: (
                roc_area >= threshold
            ),
            "An area near 0 is a unit that falls silent for the concept. It tells something, but is not counted here: at or above the threshold only.": lambda roc_area, threshold=0.9: (
                ((roc_area >= threshold) | (roc_area <= 1 - threshold)).sum(dim=1)
            ),
            "The right counts, but in a column, (units, 1): `keepdim` is not needed here.": lambda roc_area, threshold=0.9: (
                (roc_area >= threshold).sum(dim=1, keepdim=True)
            ),
            "First compare each entry, then sum over the row: you compare the sum.": lambda roc_area, threshold=0.9: (
                roc_area.sum(dim=1) >= threshold
            ),
            "That is the share of all units for each concept. A row is a unit: go along it, `dim=1`, and count, with a sum and not a mean.": lambda roc_area, threshold=0.9: (
                (roc_area >= threshold).float().mean(dim=0)
            ),
            "That is the best area of each unit; asked for is how many reach the threshold.": lambda roc_area, threshold=0.9: (
                roc_area.amax(dim=1)
            ),
            "Those are the columns of the concepts that are reached; asked for is how many of them each row has.": lambda roc_area, threshold=0.9: (
                (roc_area >= threshold).nonzero()[:, 1]
            ),
            "`round` puts the threshold at one half: compare with `threshold`.": lambda roc_area, threshold=0.9: (
                roc_area.round().long().sum(dim=1)
            ),
        },
        variants={
            "row by row": lambda roc_area, threshold=0.9: torch.tensor(
                [sum(area >= threshold for area in row) for row in roc_area.tolist()]
            ),
            "count_nonzero": lambda roc_area, threshold=0.9: torch.count_nonzero(
                roc_area >= threshold, dim=1
            ),
            "einsum of ones": lambda roc_area, threshold=0.9: torch.einsum(
                "uc->u", (roc_area >= threshold).long()
            ),
        },
        explanation="""
            A ROC area that does not exist (no text of the concept was held out) is `nan`, and every comparison with
            `nan` is False, so it is not counted. A ROC area near 0 would mean that the unit falls silent for the
            concept; that is information too, but not what we call firing for it.""",
    ),
    "profile_entropy": Exercise(
        profile_entropy,
        cases=_profile_cases,
        difficulty=2,
        hints=(
            "First make each row into shares that sum to 1: divide it by its own sum, with `keepdim=True`.",
            "The entropy of a row of shares is minus the sum of share times log2(share).",
            "0 times log2(0) counts as 0, but in floating point it is `nan`: use `torch.xlogy`, or clamp inside the log.",
        ),
        slips={
            "That is in nats. For bits the logarithm has base 2: divide by `log(2)`.": lambda profile: (
                profile_entropy(profile) * log(2)
            ),
            "Entropy is never negative: the minus sign is missing.": lambda profile: -profile_entropy(profile),
            "Each unit's row has to sum to 1: divide by its own sum, `sum(dim=1, keepdim=True)`, not by the sum of the table.": lambda profile: (
                lambda p: -torch.xlogy(p, p).sum(dim=1) / log(2)
            )(profile / profile.sum()),
            "That is 2 to the entropy, the effective number of concepts; stop one step earlier.": lambda profile: (
                2 ** profile_entropy(profile)
            ),
            "Two things: the minus sign is missing, and for bits the logarithm has base 2.": lambda profile: (
                -profile_entropy(profile) * log(2)
            ),
            "A row is a unit: its shares sum to 1 over `dim=1`. You divide by the sums of the columns.": lambda profile: (
                _entropy_of(profile / profile.sum(dim=0))
            ),
            "The rows have to be shares first: divide each by its own sum, `profile.sum(dim=1, keepdim=True)`.": lambda profile: (
                _entropy_of(profile)
            ),
            "Entropy is a sum over the shares of a row, not their mean: the shares are the weights already.": lambda profile: (
                profile_entropy(profile) / profile.shape[1]
            ),
            "That sums over the units. Each unit (a row) has an entropy of its own: `sum(dim=1)`.": lambda profile: (
                _bits(_shares(profile)).sum(dim=0)
            ),
            "That is one number for the whole table. Each unit (a row) has an entropy of its own: `sum(dim=1)`.": lambda profile: (
                profile_entropy(profile).sum()
            ),
            "That is with the logarithm to base 10; bits have base 2.": lambda profile: (
                profile_entropy(profile) * log(2) / log(10)
            ),
            "Softmax gives every concept a share, also one that got nothing. Shares are the row divided by its sum.": lambda profile: (
                _entropy_of(profile.softmax(dim=1))
            ),
            "You divide by the largest entry of each row; shares sum to 1, so divide by the sum.": lambda profile: (
                _entropy_of(profile / profile.amax(dim=1, keepdim=True))
            ),
            "You divide by the length of each row, the root of the sum of squares; shares sum to 1, so divide by the sum.": lambda profile: (
                _entropy_of(profile / profile.norm(dim=1, keepdim=True))
            ),
            "Each logarithm is weighted by its share: the sum of share *times* log2(share).": lambda profile: (
                -_shares(profile).clamp(min=1e-12).log2().sum(dim=1)
            ),
            "That is the entropy as a fraction of the largest one possible; it is asked for in bits.": lambda profile: (
                profile_entropy(profile) * log(2) / log(profile.shape[1])
            ),
            "The right numbers, but in a column, (units, 1): `keepdim` is for the division, not for the last sum.": lambda profile: (
                profile_entropy(profile)[:, None]
            ),
            "From nats to bits you *divide* by `log(2)`; you multiply.": lambda profile: (
                profile_entropy(profile) * log(2) ** 2
            ),
            "One minus the sum of squares is another measure of mixing; entropy is minus the sum of share times log2(share).": lambda profile: (
                1 - _shares(profile).pow(2).sum(dim=1)
            ),
            "Adding 1 inside the logarithm avoids log2(0), but changes every other share as well. Use `torch.xlogy`, or clamp at something tiny.": lambda profile: (
                lambda p: -(p * (p + 1).log2()).sum(dim=1)
            )(_shares(profile)),
            "What you add inside the logarithm is large enough to change the result. Take 1e-9, or `torch.xlogy`.": lambda profile: (
                lambda p: -(p * (p + 1e-2).log2()).sum(dim=1)
            )(_shares(profile)),
            "Those are the shares; the entropy of each row is still to come.": lambda profile: _shares(profile),
            "That is what each concept adds; sum it over the row, `dim=1`.": lambda profile: _bits(_shares(profile)),
        },
        variants={
            "zeros left out": _naive_entropy,
            "torch.special.entr": lambda profile: (
                torch.special.entr(profile / profile.sum(dim=1, keepdim=True)).sum(dim=1) / log(2)
            ),
            "clamped": lambda profile: (
                lambda p: -(p * p.clamp(min=1e-12).log2()).sum(dim=1)
            )(profile / profile.sum(dim=1, keepdim=True)),
        },
        explanation="""
            0 bits: all of the unit's activation belongs to one concept. One bit: it is shared as between two. Each
            further bit doubles that, so 2 to the entropy is an *effective number of concepts* that knows about shares:
            one strong and five faint concepts come out near one.""",
    ),
    "purity_by_depth": Exercise(
        purity_by_depth,
        cases=_purity_cases,
        difficulty=2,
        hints=(
            "Order the tokens by how strongly they fire, the strongest first: `values.argsort(descending=True)`.",
            "Put the labels in the same order by indexing, `is_concept[order]`; its first n entries are the n strongest tokens.",
            "`cumsum(dim=0)` of the ordered labels counts the hits so far; the count after n tokens stands at index n - 1.",
        ),
        slips={
            "The strongest come first: sort with `descending=True`.": lambda values, is_concept, depths: (
                purity_by_depth(-values, is_concept, depths)
            ),
            "Off by one: the count after n tokens stands at place n - 1 of `cumsum`.": lambda values, is_concept, depths: (
                is_concept[values.argsort(descending=True)].float().cumsum(dim=0)[
                    depths.clamp(max=len(values) - 1)
                ]
                / depths
            ),
            "Off by one, twice: the count after n tokens stands at place n - 1 of `cumsum`, and is divided by n.": lambda values, is_concept, depths: (
                is_concept[values.argsort(descending=True)].float().cumsum(dim=0)[
                    depths.clamp(max=len(values) - 1)
                ]
                / (depths + 1)
            ),
            "A depth is a number of tokens and not a strength: the n strongest, not those above n.": lambda values, is_concept, depths: (
                torch.stack([is_concept[values >= depth].float().mean() for depth in depths])
            ),
            "The labels are still in the order of the text: index them with the order that `argsort` gives.": lambda values, is_concept, depths: (
                is_concept.cumsum(dim=0)[depths - 1] / depths
            ),
            "That counts the tokens of the concept; divide by how many you looked at.": lambda values, is_concept, depths: (
                is_concept[values.argsort(descending=True)].cumsum(dim=0)[depths - 1].float()
            ),
            "Counting starts at 0: the count after n tokens stands at index n - 1.": lambda values, is_concept, depths: (
                is_concept[values.argsort(descending=True)].cumsum(dim=0)[depths] / depths
            ),
            "That divides by all tokens of the concept: it is how many of them are among the n strongest (recall). Divide by n.": lambda values, is_concept, depths: (
                _hits(values, is_concept)[depths - 1] / is_concept.sum()
            ),
            "That divides by all tokens; the share is among the n strongest: divide by n.": lambda values, is_concept, depths: (
                _hits(values, is_concept)[depths - 1] / len(values)
            ),
            "A strongly negative value is not strong firing: sort the values themselves, without `abs`.": lambda values, is_concept, depths: (
                purity_by_depth(values.abs(), is_concept, depths)
            ),
            "That is the concept's share of the activation. Here every token counts the same: the share of the *tokens*.": lambda values, is_concept, depths: (
                _hits(values, values * is_concept)[depths - 1] / _hits(values, values)[depths - 1]
            ),
            "That is the label of the n-th token alone; asked for is the share among the first n.": lambda values, is_concept, depths: (
                is_concept[values.argsort(descending=True)][depths - 1].float()
            ),
            "`//` cuts the fraction off: divide with `/`.": lambda values, is_concept, depths: (
                _hits(values, is_concept)[depths - 1] // depths
            ),
            "That counts hits, as whole numbers; divide by how many tokens you looked at, n.": lambda values, is_concept, depths: (
                _hits(values, is_concept)[depths - 1]
            ),
            "That is for the first depth only; return one share for each n of `depths`.": lambda values, is_concept, depths: (
                purity_by_depth(values, is_concept, depths)[0]
            ),
            "Every n counts from the top: the tokens above the last depth belong to it as well.": _purity_between,
            "That is the whole curve, for every n from 1 on; take from it the n in `depths`: index `depths - 1`.": lambda values, is_concept, depths: (
                _hits(values, is_concept) / torch.arange(1, len(values) + 1)
            ),
            "Off by one: among the n strongest, divide by n, not by n - 1.": lambda values, is_concept, depths: (
                _hits(values, is_concept)[depths - 1] / (depths - 1)
            ),
            "Off by one: among the n strongest, divide by n, not by n + 1.": lambda values, is_concept, depths: (
                _hits(values, is_concept)[depths - 1] / (depths + 1)
            ),
            "Off by one: `[:n - 1]` leaves the n-th token out; the first n are `[:n]`.": lambda values, is_concept, depths: (
                _purity_of_slices(values, is_concept, depths - 1)
            ),
            "Off by one: `[:n + 1]` takes n + 1 tokens; the first n are `[:n]`.": lambda values, is_concept, depths: (
                _purity_of_slices(values, is_concept, depths + 1)
            ),
            "That takes the largest *labels*; take the labels of the largest values: their places are `values.topk(n).indices`.": lambda values, is_concept, depths: (
                depths.clamp(max=is_concept.sum()) / depths
            ),
            "That is the share of everything else; count where `is_concept` is True.": lambda values, is_concept, depths: (
                1 - purity_by_depth(values, is_concept, depths)
            ),
            "That is in percent; a share lies between 0 and 1.": lambda values, is_concept, depths: (
                100 * purity_by_depth(values, is_concept, depths)
            ),
            "`argsort` of `argsort` gives ranks. To put the labels in order, index with `argsort` itself.": lambda values, is_concept, depths: (
                is_concept[values.argsort(descending=True).argsort()].cumsum(dim=0)[depths - 1] / depths
            ),
        },
        variants={
            "sorted in Python": _purity_by_loop,
            "topk": lambda values, is_concept, depths: torch.stack(
                [is_concept[values.topk(n).indices].double().mean() for n in depths.tolist()]
            ),
            "slices": lambda values, is_concept, depths: torch.stack(
                [is_concept[(-values).argsort()][:n].float().mean() for n in depths.tolist()]
            ),
        },
        explanation="""
            A small n is what a list of strongest examples shows you; the largest n is all that the neuron does. A unit
            that means one thing would keep its share for as long as there are tokens of that kind.""",
    ),
    "ascend": Exercise(
        ascend,
        cases=_ascend_cases,
        difficulty=1,
        hints=(
            "Uphill is along the gradient: add it. Divide it by its length first, so that `step` alone says how far.",
            "The length of the whole gradient is `gradient.norm()`; where it is zero the picture should stay as it is.",
            "`(picture + step * gradient / gradient.norm().clamp(min=1e-12)).clamp(0, 1)`.",
        ),
        slips={
            "What lies outside of 0 to 1 is cut off, `clamp(0, 1)`; stretching changes every pixel.": lambda picture, gradient, step: (
                _stretched(_moved(picture, gradient, step), gradient, picture)
            ),
            "Subtracting goes downhill, as in training; here the unit should fire more: add.": lambda picture, gradient, step: (
                ascend(picture, -gradient, step)
            ),
            "Make the gradient length 1 before you multiply with `step`: gradients of different units differ by orders of magnitude.": lambda picture, gradient, step: (
                (picture + step * gradient).clamp(0, 1)
            ),
            "Pixels have to stay between 0 and 1: clamp the result.": lambda picture, gradient, step: (
                picture + step * gradient / gradient.norm().clamp(min=1e-12)
            ),
            "Two things: subtracting goes downhill, and the gradient has to be divided by its length first.": lambda picture, gradient, step: (
                (picture - step * gradient).clamp(0, 1)
            ),
            "Two things: divide the gradient by its length, and clamp the result to 0 … 1.": lambda picture, gradient, step: (
                picture + step * gradient
            ),
            "That keeps pixels from going below 0; above 1 they have to stop as well.": lambda picture, gradient, step: (
                _moved(picture, gradient, step).clamp(min=0)
            ),
            "That keeps pixels from going above 1; below 0 they have to stop as well.": lambda picture, gradient, step: (
                _moved(picture, gradient, step).clamp(max=1)
            ),
            "Pixels go from 0 to 1, not from -1: no ink is 0.": lambda picture, gradient, step: (
                _moved(picture, gradient, step).clamp(-1, 1)
            ),
            "That gives every row a step of its own. One length for the whole gradient: `gradient.norm()`, without a `dim`.": lambda picture, gradient, step: (
                (
                    picture + step * gradient / gradient.norm(dim=-1, keepdim=True).clamp(min=1e-12)
                ).clamp(0, 1)
            ),
            "`normalize` works along one axis only. The step has one length as a whole: `gradient.norm()`, without a `dim`.": lambda picture, gradient, step: (
                (picture + step * torch.nn.functional.normalize(gradient)).clamp(0, 1)
            ),
            "You divide by the square of the length: a root is missing.": lambda picture, gradient, step: (
                (picture + step * gradient / gradient.pow(2).sum().clamp(min=1e-12)).clamp(0, 1)
            ),
            "You divide by the largest entry, so that one pixel moves by `step`. The *whole* step has that length: `gradient.norm()`.": lambda picture, gradient, step: (
                (picture + step * gradient / gradient.abs().amax().clamp(min=1e-12)).clamp(0, 1)
            ),
            "You divide by the sum of the entries without their signs. The length is the root of the sum of squares.": lambda picture, gradient, step: (
                (picture + step * gradient / gradient.abs().sum().clamp(min=1e-12)).clamp(0, 1)
            ),
            "You divide by the mean entry: the step gets longer with more pixels. The length is the root of the *sum* of squares.": lambda picture, gradient, step: (
                (picture + step * gradient / gradient.abs().mean().clamp(min=1e-12)).clamp(0, 1)
            ),
            "You divide by the root of the *mean* square: the step gets longer with more pixels. Take the root of the sum.": lambda picture, gradient, step: (
                (picture + step * gradient / gradient.pow(2).mean().sqrt().clamp(min=1e-12)).clamp(0, 1)
            ),
            "You clamp the step, so that no pixel can go down; clamp the picture that comes out.": lambda picture, gradient, step: (
                picture + (step * gradient / gradient.norm().clamp(min=1e-12)).clamp(0, 1)
            ),
            "`step` is not used: the length of the step is `step`, not 1.": lambda picture, gradient, step: (
                ascend(picture, gradient, 1.0)
            ),
            "That is the step alone; add it to `picture`.": lambda picture, gradient, step: (
                ascend(torch.zeros_like(picture), gradient, step)
            ),
            "Add the step to the picture; you multiply, and a pixel of 0 could never change.": lambda picture, gradient, step: (
                (picture * _moved(torch.ones_like(picture), gradient, step)).clamp(0, 1)
            ),
            "The direction is missing: every pixel gets the same. Multiply with `gradient` before you divide by its length.": lambda picture, gradient, step: (
                (picture + step / gradient.norm().clamp(min=1e-12)).clamp(0, 1)
            ),
            "You divide by the length of the picture; it is the gradient that should get length 1.": lambda picture, gradient, step: (
                (picture + step * gradient / picture.norm()).clamp(0, 1)
            ),
            "You *multiply* with the gradient's length; divide by it, and its length becomes 1.": lambda picture, gradient, step: (
                (picture + step * gradient * gradient.norm()).clamp(0, 1)
            ),
            "Stretching to 0 … 1 changes pixels that were fine. Only cut off what leaves: `clamp(0, 1)`.": lambda picture, gradient, step: (
                lambda moved: (moved - moved.amin()) / (moved.amax() - moved.amin())
            )(_moved(picture, gradient, step)),
            "A sigmoid bends every pixel. Only cut off what leaves 0 … 1: `clamp(0, 1)`.": lambda picture, gradient, step: (
                _moved(picture, gradient, step).sigmoid()
            ),
            "That is the sign of the gradient, which moves every pixel equally far. Divide it by its length instead.": lambda picture, gradient, step: (
                (picture + step * gradient.sign()).clamp(0, 1)
            ),
        },
        variants={
            "normalize": lambda picture, gradient, step: (
                picture + step * torch.nn.functional.normalize(gradient.flatten(), dim=0).view_as(gradient)
            ).clamp(min=0, max=1),
            "root of the sum of squares": lambda picture, gradient, step: torch.clip(
                picture + step * gradient / (gradient.pow(2).sum().sqrt() + 1e-12), 0, 1
            ),
            "minimum and maximum": lambda picture, gradient, step: torch.minimum(
                torch.maximum(
                    picture + step * gradient / gradient.norm().clamp(min=1e-9), torch.zeros_like(picture)
                ),
                torch.ones_like(picture),
            ),
        },
        explanation="""
            Gradient ascent on the *input* instead of descent on the weights. The network does not change; the picture
            turns into what the unit would most like to see.""",
    ),
    "off_target_share": Exercise(
        off_target_share,
        cases=_damage_cases,
        difficulty=1,
        hints=(
            "What was meant stands on the diagonal; everything else in a row is collateral damage.",
            "A concept that got better was not harmed: `damage.clamp(min=0)` first.",
            "`1 - harm.diagonal() / harm.sum(dim=1)`.",
        ),
        slips={
            "A gain is no harm: entries below zero become zero, not positive.": lambda damage: (
                1 - damage.diagonal() / damage.abs().sum(dim=1)
            ),
            "The diagonal too: where the concept that was meant got better, its harm is zero.": lambda damage: (
                1 - damage.diagonal() / (damage.clamp(min=0).sum(dim=1) + damage.diagonal().clamp(max=0))
            ),
            "A gain is no harm, neither on the diagonal nor beside it: negative entries become zero, not positive.": lambda damage: (
                1 - damage.abs().diagonal() / damage.abs().sum(dim=1)
            ),
            "All other concepts count together, not only the one that is hit most.": lambda damage: (
                (relu(damage) - relu(damage).diagonal().diag()).amax(dim=1) / relu(damage).sum(dim=1)
            ),
            "Set each negative entry to zero before you add up: in a sum, gains take harm away.": lambda damage: (
                1
                - relu(damage.diagonal())
                / ((damage.sum(dim=1) - damage.diagonal()).clamp(min=0) + relu(damage.diagonal()))
            ),
            "That is the share that hit its target; what is asked for is the rest.": lambda damage: (
                damage.clamp(min=0).diagonal() / damage.clamp(min=0).sum(dim=1)
            ),
            "A gain elsewhere must not make up for harm: set negative entries to zero first.": lambda damage: (
                1 - damage.diagonal() / damage.sum(dim=1)
            ),
            "A row is one operation: sum over `dim=1`. Over `dim=0` you compare with what others did to the same concept.": lambda damage: (
                1 - damage.clamp(min=0).diagonal() / damage.clamp(min=0).sum(dim=0)
            ),
            "That is harm elsewhere for each unit of harm on target. A share has *all* harm of the row below the line.": lambda damage: (
                off_target_share(damage) / (1 - off_target_share(damage))
            ),
            "You divide by the harm of all operations together; each row is judged by its own sum, `dim=1`.": lambda damage: (
                1 - relu(damage).diagonal() / relu(damage).sum()
            ),
            "That is one number for the whole table; return one share for each row.": lambda damage: (
                1 - relu(damage).trace() / relu(damage).sum()
            ),
            "`trace` adds the whole diagonal up; each row has its own entry of it: `diagonal()`.": lambda damage: (
                1 - relu(damage).trace() / relu(damage).sum(dim=1)
            ),
            "A share of all harm needs its sum below the line, not its mean.": lambda damage: (
                1 - relu(damage).diagonal() / relu(damage).mean(dim=1)
            ),
            "You divide once more by the number of others: it is the share of them together that is asked for.": lambda damage: (
                off_target_share(damage) / (len(damage) - 1)
            ),
            "That counts how many concepts were hurt; it is asked how much of the harm fell on them.": lambda damage: (
                lambda hit: (hit.sum(dim=1) - hit.diagonal().long()) / hit.sum(dim=1)
            )(damage > 0),
            "That counts how many of the others were hurt; it is asked how much of the harm fell on them.": lambda damage: (
                ((damage > 0).sum(dim=1) - 1) / (len(damage) - 1)
            ),
            "`keepdim` made a column, and the diagonal, a row, was divided by it crosswise: leave `keepdim` out.": lambda damage: (
                1 - relu(damage).diagonal() / relu(damage).sum(dim=1, keepdim=True)
            ),
            "What was meant is on the diagonal, whether or not it got the most harm: `diagonal()`, not the largest entry.": lambda damage: (
                1 - relu(damage).amax(dim=1) / relu(damage).sum(dim=1)
            ),
            "That is in percent; a share lies between 0 and 1.": lambda damage: 100 * off_target_share(damage),
            "Two things: a row is one operation, `dim=1`, and gains count as zero.": lambda damage: (
                1 - damage.diagonal() / damage.sum(dim=0)
            ),
            "Two things: gains count as zero, and it is the rest that is asked for, what misses its target.": lambda damage: (
                damage.diagonal() / damage.sum(dim=1)
            ),
            "Others stand left *and* right of the diagonal; `triu` takes those on the right only.": lambda damage: (
                relu(damage).triu(1).sum(dim=1) / relu(damage).sum(dim=1)
            ),
            "That is the mean harm of the others; asked for is their share of all harm in the row.": lambda damage: (
                (relu(damage).sum(dim=1) - relu(damage).diagonal()) / (len(damage) - 1)
            ),
            "You divide by the number of concepts; a share divides by all harm in the row.": lambda damage: (
                (relu(damage).sum(dim=1) - relu(damage).diagonal()) / len(damage)
            ),
            "Row r was meant for concept r: its target is on the diagonal, not always in the first column.": lambda damage: (
                1 - relu(damage)[:, 0] / relu(damage).sum(dim=1)
            ),
            "The order of the difference: 1 less the share on target.": lambda damage: -off_target_share(damage),
            "Above the line, too, gains count as zero: clamp once, before anything is summed.": lambda damage: (
                (damage.sum(dim=1) - damage.diagonal()) / relu(damage).sum(dim=1)
            ),
            "That is how much harm fell elsewhere; divide by all harm in the row to get a share.": lambda damage: (
                damage.clamp(min=0).sum(dim=1) - damage.clamp(min=0).diagonal()
            ),
        },
        variants={
            "masked": lambda damage: (
                relu(damage).masked_fill(torch.eye(len(damage), dtype=torch.bool), 0).sum(dim=1)
                / relu(damage).sum(dim=1)
            ),
            "row by row": lambda damage: torch.stack(
                [1 - relu(row[i]) / relu(row).sum() for i, row in enumerate(damage)]
            ),
            "einsum": lambda damage: (
                1 - torch.einsum("ii->i", relu(damage)) / torch.einsum("ij->i", relu(damage))
            ),
        },
        explanation="""
            0 is a scalpel: all harm is where it was meant to be. With n concepts hit alike, a share of (n - 1)/n is
            what a hammer does.""",
    ),
    "epsilon_rule": Exercise(
        epsilon_rule,
        cases=_epsilon_cases,
        difficulty=2,
        hints=(
            "Three steps: what each output sums up to, `z = inputs @ W`; how much relevance there is for each unit of z; and back.",
            "`relevance / z` is (batch, d_out). Going back to the inputs is `@ W.T`, and each input gets its part times its own value.",
            "Before dividing, push z away from zero: add `epsilon` where it is zero or more, subtract it where it is negative.",
        ),
        slips={
            "A sum of exactly zero has no sign, `torch.sign` gives 0 for it, and the division fails there: count zero as plus.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * ((relevance / (inputs @ W + epsilon * torch.sign(inputs @ W))) @ W.T)
            ),
            "An input's contribution is its value times the weight: multiply with `inputs` at the end.": lambda inputs, W, relevance, epsilon=1e-6: (
                (relevance / (inputs @ W + epsilon * torch.where(inputs @ W >= 0, 1.0, -1.0))) @ W.T
            ),
            "For a negative sum `+ epsilon` goes towards zero: the sign of epsilon has to be that of z.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * ((relevance / (inputs @ W + epsilon)) @ W.T)
            ),
            "1e-6 is only the default: use the argument `epsilon`.": lambda inputs, W, relevance, epsilon=1e-6: (
                epsilon_rule(inputs, W, relevance, 1e-6)
            ),
            "`epsilon` is not used: sums can come near zero, and then the shares explode. It belongs into the denominator.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * ((relevance / (inputs @ W)) @ W.T)
            ),
            "That shares relevance out by weights alone, whatever the inputs were: divide by what they added up to, `inputs @ W`.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * (relevance @ W.T)
            ),
            "That sends relevance back through the weights, whatever the inputs were: what is shared out are the contributions, input times weight over their sum.": lambda inputs, W, relevance, epsilon=1e-6: (
                relevance @ W.T
            ),
            "On the way back the weights are transposed: `W` is (d_in, d_out), so from outputs to inputs it is `@ W.T`.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * ((relevance / (inputs @ W)) @ W)
            ),
            "The sum keeps its sign: with `abs` an output that was negative hands out shares of the wrong sign.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * ((relevance / ((inputs @ W).abs() + epsilon)) @ W.T)
            ),
            "Away from zero: for a positive sum *add* `epsilon`, for a negative one subtract it.": lambda inputs, W, relevance, epsilon=1e-6: (
                epsilon_rule(inputs, W, relevance, -epsilon)
            ),
            "For a positive sum `- epsilon` goes towards zero: the sign of epsilon has to be that of z.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * ((relevance / (inputs @ W - epsilon)) @ W.T)
            ),
            "You multiply with the sum of the contributions; a share divides by it.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * ((relevance * _away_from_zero(inputs @ W, epsilon)) @ W.T)
            ),
            "Upside down: relevance is above the line, the sum of the contributions below it.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * ((_away_from_zero(inputs @ W, epsilon) / relevance) @ W.T)
            ),
            "`epsilon` is *added* to the sum, away from zero. To clamp it there leaves larger sums as they are.": lambda inputs, W, relevance, epsilon=1e-6: (
                lambda z: inputs * ((relevance / (z.abs().clamp(min=epsilon) * _sign(z))) @ W.T)
            )(inputs @ W),
            "The input is multiplied in twice: once is its contribution.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * epsilon_rule(inputs, W, relevance, epsilon)
            ),
            "That counts only what spoke for an output. Here contributions of both signs share, and both are in the sum.": lambda inputs, W, relevance, epsilon=1e-6: (
                epsilon_rule(inputs, W.clamp(min=0), relevance, epsilon)
            ),
            "That is relevance for each unit of an output's sum; it still has to go back to the inputs: `@ W.T`, and times `inputs`.": lambda inputs, W, relevance, epsilon=1e-6: (
                relevance / _away_from_zero(inputs @ W, epsilon)
            ),
            "Those are the shares added up; each has to be multiplied with its output's `relevance`.": lambda inputs, W, relevance, epsilon=1e-6: (
                epsilon_rule(inputs, W, torch.ones_like(relevance), epsilon)
            ),
            "Each picture of the batch keeps relevances of its own: do not average over the batch.": lambda inputs, W, relevance, epsilon=1e-6: (
                epsilon_rule(inputs, W, relevance, epsilon).mean(dim=0)
            ),
            "Each picture of the batch keeps relevances of its own: do not sum over the batch.": lambda inputs, W, relevance, epsilon=1e-6: (
                epsilon_rule(inputs, W, relevance, epsilon).sum(dim=0)
            ),
            "Contributions keep their signs, above the line and in the sum below it; you took `abs`.": lambda inputs, W, relevance, epsilon=1e-6: (
                lambda z: torch.einsum("bij,bj->bi", z / (z.sum(dim=1, keepdim=True) + epsilon), relevance)
            )((inputs[:, :, None] * W).abs()),
            "Softmax makes shares too, but not those of the rule: a share is the contribution divided by the sum.": lambda inputs, W, relevance, epsilon=1e-6: (
                torch.einsum("bij,bj->bi", (inputs[:, :, None] * W).softmax(dim=1), relevance)
            ),
            "That is what each output hands to each input, (batch, d_in, d_out); sum it over the outputs.": lambda inputs, W, relevance, epsilon=1e-6: (
                _handed_down(inputs, W, relevance, epsilon)
            ),
            "That sums over the inputs and gives the relevance of the outputs back. Sum over the outputs, the last axis.": lambda inputs, W, relevance, epsilon=1e-6: (
                _handed_down(inputs, W, relevance, epsilon).sum(dim=1)
            ),
            "The contributions to one *output* sum to its z: sum over the inputs, not over the outputs.": lambda inputs, W, relevance, epsilon=1e-6: (
                lambda z: torch.einsum(
                    "bij,bj->bi", z / _away_from_zero(z.sum(dim=2, keepdim=True), epsilon), relevance
                )
            )(inputs[:, :, None] * W),
        },
        variants={
            "loops": _epsilon_by_loop,
            "by a gradient": _epsilon_by_gradient,
            "all contributions at once": lambda inputs, W, relevance, epsilon=1e-6: (
                lambda z: torch.einsum(
                    "bij,bj->bi",
                    z
                    / (
                        z.sum(dim=1, keepdim=True)
                        + epsilon * torch.where(z.sum(dim=1, keepdim=True) >= 0, 1.0, -1.0)
                    ),
                    relevance,
                )
            )(inputs[:, :, None] * W),
        },
        explanation="""
            The contributions to output j, divided by their sum, are shares that add up to 1; so what a layer hands down
            adds up to what it was given, but for what `epsilon` swallows. In a network of ReLUs without biases and with
            `epsilon` going to zero the result is the input times the gradient: the same number by another route.""",
    ),
    "alpha_beta_rule": Exercise(
        alpha_beta_rule,
        cases=_alpha_cases,
        difficulty=3,
        hints=(
            "Do the sharing twice, once with the positive weights only and once with the negative ones only.",
            "With `up = W.clamp(min=0)`, what spoke for the outputs adds up to `inputs @ up`. Share it out as `epsilon_rule` does, with `up` in the place of `W`.",
            "The same with `down = W.clamp(max=0)`. The result is alpha times the first less (alpha - 1) times the second.",
            "For the empty sides use `torch.where`: a weight of 1 instead of alpha where `inputs @ down` is zero, of 0 where `inputs @ up` is.",
        ),
        slips={
            "What spoke against an output gets its share with a minus: subtract (alpha - 1) times it.": _from_two_sides(
                lambda alpha, up, down: alpha * up + (alpha - 1) * down
            ),
            "Both sides weigh the same here, so they cancel in the sum; the ones against count alpha - 1.": _from_two_sides(
                lambda alpha, up, down: alpha * up - alpha * down
            ),
            "That is what spoke for an output only; what spoke against it, times alpha - 1, is missing.": lambda inputs, W, relevance, alpha=2.0: (
                alpha * _two_sides(inputs, W, relevance)[0]
            ),
            "Each side is divided by its own sum, `inputs @ up` and `inputs @ down`, not by the sum of both.": lambda inputs, W, relevance, alpha=2.0: (
                inputs * ((relevance / (inputs @ W)) @ (alpha * W.clamp(min=0) - (alpha - 1) * W.clamp(max=0)).T)
            ),
            "alpha and alpha - 1 are missing: the side that spoke for counts alpha, the other minus (alpha - 1).": _from_two_sides(
                lambda alpha, up, down: up - down
            ),
            "That is what spoke for an output only, and without alpha: what spoke against it, times alpha - 1, is subtracted.": _from_two_sides(
                lambda alpha, up, down: up
            ),
            "The two sides are swapped: alpha goes to what spoke *for* the output, the positive weights.": _from_two_sides(
                lambda alpha, up, down: alpha * down - (alpha - 1) * up
            ),
            "The two weights have to add up to 1, or relevance is not conserved: alpha and -(alpha - 1).": _from_two_sides(
                lambda alpha, up, down: alpha * up - (alpha + 1) * down
            ),
            "The weights add up to more than 1, and relevance is invented: alpha and *minus* (alpha - 1).": _from_two_sides(
                lambda alpha, up, down: alpha * up + (alpha + 1) * down
            ),
            "Empty sides are right. Where both spoke, what spoke against gets *minus* (alpha - 1) times: subtract.": _empty_sides_right(
                lambda alpha: (alpha, alpha - 1)
            ),
            "Empty sides are right. Where both spoke, what spoke against counts alpha - 1, not alpha, so that 1 is left in all.": _empty_sides_right(
                lambda alpha: (alpha, -alpha)
            ),
            "Empty sides are right. Where both spoke, what spoke against counts alpha - 1, not alpha + 1.": _empty_sides_right(
                lambda alpha: (alpha, -alpha - 1)
            ),
            "Empty sides are right. Where both spoke, alpha and alpha - 1 are missing: one side counts alpha, the other minus (alpha - 1).": _empty_sides_right(
                lambda alpha: (1.0, -1.0)
            ),
            "Empty sides are right. Where both spoke, the weights are exchanged: alpha goes to what spoke *for* the output.": _empty_sides_right(
                lambda alpha: (1 - alpha, alpha)
            ),
            "Empty sides are right. Where both spoke, what spoke against is missing: minus (alpha - 1) times it.": _empty_sides_right(
                lambda alpha: (alpha, 0.0)
            ),
            "Where one side of an output is empty, the other takes its relevance once, not alpha times; and every output of every picture decides for itself.": _alpha_times_where_empty,
            "The sides are those of the contributions, by the sign of the weight; yours splits the relevance.": _split_by_relevance,
            "Empty sides are right, and the inputs are missing: a contribution is input times weight.": _without_inputs,
            "2 is only the default: use the argument `alpha`.": lambda inputs, W, relevance, alpha=2.0: (
                alpha_beta_rule(inputs, W, relevance, 2.0)
            ),
            "One of the empty sides is done: where nothing spoke *for* an output, what spoke against it takes all.": lambda inputs, W, relevance, alpha=2.0: (
                _weighted(inputs, W, relevance, alpha, none_for=False)
            ),
            "One of the empty sides is done: where nothing spoke *against* an output, what spoke for it takes all.": lambda inputs, W, relevance, alpha=2.0: (
                _weighted(inputs, W, relevance, alpha, none_against=False)
            ),
            "Where one side is empty its relevance gets lost: the other side takes all of it, with a weight of 1.": lambda inputs, W, relevance, alpha=2.0: (
                _weighted(inputs, W, relevance * _both_sides(inputs, W), alpha)
            ),
            "That is the epsilon rule: the contributions of both signs over one sum. Here each side is shared out by its own sum.": lambda inputs, W, relevance, alpha=2.0: (
                epsilon_rule(inputs, W, relevance)
            ),
            "It is the *weights* that are split by sign, `W.clamp(min=0)`; the inputs are never negative.": lambda inputs, W, relevance, alpha=2.0: (
                alpha * epsilon_rule(inputs, W, relevance)
            ),
            "The relevance has to be divided by what each side adds up to, `inputs @ up` and `inputs @ down`.": lambda inputs, W, relevance, alpha=2.0: (
                inputs * (relevance @ (alpha * W.clamp(min=0) - (alpha - 1) * W.clamp(max=0)).T)
            ),
            "An input's contribution is its value times the weight: multiply with `inputs` at the end.": lambda inputs, W, relevance, alpha=2.0: (
                _through(inputs, W, relevance, alpha, lambda share, W: share @ W.T)
            ),
            "On the way back the weights are transposed: from outputs to inputs it is `@ up.T` and `@ down.T`.": lambda inputs, W, relevance, alpha=2.0: (
                inputs * _through(inputs, W, relevance, alpha, lambda share, W: share @ W)
            ),
            "The second side, too, has a sum of its own: divide by `inputs @ down`, not by `inputs @ W`.": lambda inputs, W, relevance, alpha=2.0: (
                alpha * _two_sides(inputs, W, relevance)[0]
                - (alpha - 1) * inputs * ((relevance / (inputs @ W)) @ W.clamp(max=0).T)
            ),
            "Nearly: where one side of an output is empty, the other takes all of its relevance, with a weight of 1.": _from_two_sides(
                lambda alpha, up, down: alpha * up - (alpha - 1) * down
            ),
        },
        variants={"output by output": _alpha_by_output, "with masks": _alpha_with_masks},
        explanation="""
            Where contributions nearly cancel, shares of their small sum get huge. Here each side is divided by its own
            sum instead, which cannot cancel; alpha and alpha - 1 see to it that what is handed down still adds up. With
            alpha = 1 only what spoke *for* an output counts.""",
    ),
    "frequency_power": Exercise(
        frequency_power,
        cases=_power_cases,
        difficulty=2,
        hints=(
            "`waves @ W_E` tells how much of each wave there is in each of the embedding's columns: a row for each wave.",
            "The power along a wave is the squared length of its row: `.pow(2).sum(dim=1)`.",
            "Row 0 is the constant. After it come pairs, cosine and sine of one frequency: add the two of each pair.",
        ),
        slips={
            "There are two waves for each frequency, a cosine and a sine: add their powers.": lambda W_E, waves: (
                (waves @ W_E).pow(2).sum(dim=1)
            ),
            "Power is squared: the square of each entry, summed over the embedding's columns.": lambda W_E, waves: (
                lambda size: torch.cat([size[:1], size[1::2] + size[2::2]])
            )((waves @ W_E).abs().sum(dim=1)),
            "The constant in row 0 is a frequency of its own; the pairs begin with row 1.": lambda W_E, waves: (
                (waves @ W_E)[:-1].pow(2).sum(dim=1).view(-1, 2).sum(dim=1)
            ),
            "Only the sines are counted, and the constant. Add the power of the row before each.": lambda W_E, waves: (
                (waves @ W_E).pow(2).sum(dim=1)[[0, *range(2, len(waves), 2)]]
            ),
            "Power is squared: square each entry before you sum over the embedding's columns.": lambda W_E, waves: (
                _paired((waves @ W_E).sum(dim=1))
            ),
            "First square, then sum over the columns: entries of both signs cancel in your sum.": lambda W_E, waves: (
                _paired((waves @ W_E).sum(dim=1).pow(2))
            ),
            "A squared length is a sum over the columns, not a mean.": lambda W_E, waves: (
                _paired((waves @ W_E).pow(2).mean(dim=1))
            ),
            "A wave is a *row* of `waves`: `waves @ W_E`, without the transpose.": lambda W_E, waves: (
                _paired((waves.T @ W_E).pow(2).sum(dim=1))
            ),
            "Power is the *squared* length: leave the root out.": lambda W_E, waves: frequency_power(W_E, waves).sqrt(),
            "`norm` is the length; power is its square, and squares add up, lengths do not.": lambda W_E, waves: (
                _paired((waves @ W_E).norm(dim=1))
            ),
            "All but the constant are half of what they should be: cosine and sine are added, not averaged; with `rfft`, each stands for two and counts twice.": lambda W_E, waves: (
                torch.fft.rfft(W_E, dim=0).abs().pow(2).sum(dim=1) / len(W_E)
            ),
            "`fft` does not scale its waves to length 1: divide by p, and count all but the constant twice, or use `waves`.": lambda W_E, waves: (
                torch.fft.rfft(W_E, dim=0).abs().pow(2).sum(dim=1)
            ),
            "There is only one constant: it does not count twice.": lambda W_E, waves: (
                torch.cat([2 * frequency_power(W_E, waves)[:1], frequency_power(W_E, waves)[1:]])
            ),
            "Those are shares of all power; the power itself is asked for.": lambda W_E, waves: (
                frequency_power(W_E, waves) / frequency_power(W_E, waves).sum()
            ),
            "The constant is missing: it comes first.": lambda W_E, waves: frequency_power(W_E, waves)[1:],
            "The constant comes first, not last.": lambda W_E, waves: frequency_power(W_E, waves).roll(-1),
            "Cosine and sine together: their sum, not the larger one.": lambda W_E, waves: (
                _paired((waves @ W_E).pow(2).sum(dim=1), torch.maximum)
            ),
            "Cosine and sine together: their sum, not their product.": lambda W_E, waves: (
                _paired((waves @ W_E).pow(2).sum(dim=1), torch.mul)
            ),
            "That sums over the waves. Each wave is a row and keeps a power of its own: sum over `dim=1`, the columns of the embedding.": lambda W_E, waves: (
                (waves @ W_E).pow(2).sum(dim=0)
            ),
            "The pairs lie side by side, cosine and sine of frequency 1, then of 2; not all cosines first.": lambda W_E, waves: (
                lambda power: torch.cat([power[:1], power[1:].view(2, -1).sum(dim=0)])
            )((waves @ W_E).pow(2).sum(dim=1)),
            "The pairs are off by one: rows 1 and 2, 3 and 4, and so on; row 0 belongs to none.": lambda W_E, waves: (
                lambda power: torch.cat([power[:1], power[0:-1:2] + power[1::2]])
            )((waves @ W_E).pow(2).sum(dim=1)),
            "Square first, then add cosine and sine: they are perpendicular, so their squares add up.": lambda W_E, waves: (
                _paired(waves @ W_E).pow(2).sum(dim=1)
            ),
            "You take the mean of the numbers out first, and with it the constant, which is asked for.": lambda W_E, waves: (
                frequency_power(W_E - W_E.mean(dim=0), waves)
            ),
            "That is all power together; one number for each frequency is asked for.": lambda W_E, waves: (
                (waves @ W_E).pow(2).sum()
            ),
            "A variance takes a mean out and divides by a number; power is the sum of squares.": lambda W_E, waves: (
                _paired((waves @ W_E).var(dim=1))
            ),
            "Only the cosines are counted. A shifted wave is part sine: add the power of the row after each.": lambda W_E, waves: (
                (waves @ W_E).pow(2).sum(dim=1)[[0, *range(1, len(waves), 2)]]
            ),
        },
        variants={
            "by fast Fourier transform": _power_by_fft,
            "loops": _power_by_loop,
            "einsum": lambda W_E, waves: (
                lambda power: torch.cat([power[:1], power[1:].view(-1, 2).sum(dim=1)])
            )(torch.einsum("kn,nm,kl,lm->k", waves, W_E, waves, W_E)),
        },
        explanation="""
            The waves are perpendicular to one another and of length 1, so nothing is counted twice: all powers together
            are the squared length of the embedding. A cosine that is shifted along becomes a sine; their sum does not
            care about the shift.""",
    ),
    "clock_votes": Exercise(
        clock_votes,
        cases=_clock_cases,
        difficulty=2,
        hints=(
            "First the difference of every sum and every answer: `sums[:, None] - torch.arange(p)` is (sums, p).",
            "A third axis for the frequencies: `[..., None] * frequencies`. Times 2 pi / p it is an angle.",
            "Then the cosine of each angle, and the sum over the frequencies, `sum(dim=-1)`.",
        ),
        slips={
            "A whole turn is 2 pi: without it the numbers do not go round.": lambda sums, frequencies, p: (
                (_angles(sums, frequencies, p) / (2 * pi)).cos().sum(dim=-1)
            ),
            "A whole turn is 2 pi: `cos` takes radians, not degrees.": lambda sums, frequencies, p: (
                (_angles(sums, frequencies, p) * 360 / (2 * pi)).cos().sum(dim=-1)
            ),
            "A whole turn is 2 pi, not pi.": lambda sums, frequencies, p: (
                (_angles(sums, frequencies, p) / 2).cos().sum(dim=-1)
            ),
            "`cos` takes radians: a whole turn is 2 pi, not 360.": lambda sums, frequencies, p: (
                (_angles(sums, frequencies, p) / (2 * pi) * 360).cos().sum(dim=-1)
            ),
            "Hands that agree have an angle of 0 between them, and 0 should give the largest vote: cosine, not sine.": lambda sums, frequencies, p: (
                _angles(sums, frequencies, p).sin().sum(dim=-1)
            ),
            "The votes of the frequencies are added up, not averaged.": lambda sums, frequencies, p: (
                _angles(sums, frequencies, p).cos().mean(dim=-1)
            ),
            "Votes are added, not multiplied.": lambda sums, frequencies, p: _angles(sums, frequencies, p).cos().prod(dim=-1),
            "Each frequency has a circle and a vote of its own: add the cosines, not the angles or the frequencies.": lambda sums, frequencies, p: (
                _angles(sums, frequencies, p).sum(dim=-1).cos()
            ),
            "The angle between the two hands is their *difference*: sum less answer.": lambda sums, frequencies, p: (
                clock_votes(-sums, frequencies, p)
            ),
            "Once round is p steps: divide by `p`.": lambda sums, frequencies, p: (
                (_angles(sums, frequencies, p) * p).cos().sum(dim=-1)
            ),
            "The modulus is the argument `p`, 67 only in the notebook.": lambda sums, frequencies, p: (
                (_angles(sums, frequencies, p) * p / 67).cos().sum(dim=-1)
            ),
            "A fast wave goes round `frequency` times as fast: the angle has to be multiplied with it.": lambda sums, frequencies, p: (
                clock_votes(sums, torch.ones(1), p)
            ),
            "A fast wave goes round `frequency` times as fast: each angle has to be multiplied with its frequency.": lambda sums, frequencies, p: (
                clock_votes(sums, torch.ones(len(frequencies)), p)
            ),
            "The higher the frequency, the *faster* the hand: multiply with it, you divide.": lambda sums, frequencies, p: (
                clock_votes(sums, 1 / frequencies, p)
            ),
            "Only the first frequency votes; all of them should.": lambda sums, frequencies, p: (
                clock_votes(sums, frequencies[:1], p)
            ),
            "Those are the votes of each frequency, (sums, p, frequencies): add them up over the last axis.": lambda sums, frequencies, p: (
                _angles(sums, frequencies, p).cos()
            ),
            "You sum over the answers; sum over the frequencies, the last axis.": lambda sums, frequencies, p: (
                _angles(sums, frequencies, p).cos().sum(dim=1)
            ),
            "That is the answer that wins; asked for is the vote of every answer.": lambda sums, frequencies, p: (
                clock_votes(sums, frequencies, p).argmax(dim=1)
            ),
            "A row for each sum and a column for each answer: the other way round.": lambda sums, frequencies, p: (
                clock_votes(sums, frequencies, p).T
            ),
            "Answers begin with 0: `torch.arange(p)`.": lambda sums, frequencies, p: (
                clock_votes(sums - 1, frequencies, p)
            ),
            "The answers do not come in: each of 0 … p - 1 has a hand, and it is compared with the sum's.": lambda sums, frequencies, p: (
                (2 * pi * sums[:, None] * frequencies / p).cos().sum(dim=-1)
            ),
            "The cosine of a difference is not the difference of two cosines: subtract first.": lambda sums, frequencies, p: (
                _of_each(sums, frequencies, p).cos()[:, None] - _of_each(torch.arange(p), frequencies, p).cos()
            ).sum(dim=-1),
            "That is half of it: cos(x - y) is cos x cos y *plus sin x sin y*.": lambda sums, frequencies, p: (
                _of_each(sums, frequencies, p).cos() @ _of_each(torch.arange(p), frequencies, p).cos().T
            ),
            "Hands that point in opposite directions vote *against* an answer: keep the sign of the cosine.": lambda sums, frequencies, p: (
                _angles(sums, frequencies, p).cos().abs().sum(dim=-1)
            ),
            "The votes themselves are asked for, without a softmax.": lambda sums, frequencies, p: (
                clock_votes(sums, frequencies, p).softmax(dim=-1)
            ),
            "That marks the right answer by arithmetic. Let the circles find it: a cosine for each frequency, and their sum.": lambda sums, frequencies, p: (
                torch.nn.functional.one_hot(sums % p, p).float()
            ),
        },
        variants={
            "loops": _votes_by_loop,
            "dot products of hands": _votes_by_hands,
            "complex numbers": lambda sums, frequencies, p: (
                torch.exp(1j * _angles(sums, frequencies, p)).real.sum(dim=-1)
            ),
        },
        explanation="""
            Adding 1 to a number turns its hand by 2 pi k / p on the circle of frequency k. So a + b stands where the
            hands of a and b together point, and the cosine of the difference is 1 for the answer that stands there too
            and less for all others. One circle decides by a hair; several add up to a clear winner.""",
    ),
}  # fmt: skip

QUIZZES = {
    "reality": Quiz(
        (
            Single(
                "The twenty texts on which a neuron fires most strongly are all chess games. What do you know?",
                (
                    Option(
                        "It stands for chess: twenty of twenty cannot be luck.",
                        "it is not luck, and still you know its strongest moments only. On most of the tokens where it fires it may do something else.",
                    ),
                    Option(
                        "A very strong activation of it is a good sign of chess.",
                        "that is what a list of strongest examples says, and all that it says.",
                        right=True,
                    ),
                    Option(
                        "Without the neuron the model could not play chess notation.",
                        "firing for something and being needed for it are two things: only an intervention tells.",
                    ),
                ),
            ),
            Numeric(
                "A unit gives half of its activation to cats and a quarter each to cars and keys. Its effective number of "
                "concepts, 2 to the entropy?",
                value=2**1.5,
                tolerance=0.05,
                why="the entropy is ½·1 + ¼·2 + ¼·2 = 1.5 bits.",
                slips={
                    1.5: "That is the entropy in bits; now take 2 to that power.",
                    3.0: "Three would be right if the shares were equal.",
                },
            ),
            Multiple(
                "Which of these would show up as collateral damage when one unit is silenced?",
                (
                    Option(
                        "The unit also drives another concept.",
                        "that concept loses part of its evidence.",
                        right=True,
                    ),
                    Option(
                        "The unit held another concept's logit down.",
                        "without it that logit rises and wins where it should not.",
                        right=True,
                    ),
                    Option(
                        "Other units carry the same concept as well.",
                        "then the damage is small, on the target too; nothing else gets hurt by it.",
                    ),
                    Option(
                        "The unit never fires for any of the concepts.",
                        "a unit that is zero anyway cannot be missed.",
                    ),
                ),
            ),
            Single(
                "The network that adds is right on 99.7% of all pairs without its frequency 14. What follows?",
                (
                    Option(
                        "It does not compute with frequency 14.",
                        "its votes are in the logits, if more softly than those of the others; taking something away shows what cannot be spared, not what is used.",
                    ),
                    Option(
                        "The three others agree on nearly every answer by themselves.",
                        "the frequencies vote, and this one votes most softly.",
                        right=True,
                    ),
                    Option(
                        "Frequency 14 has hardly any power in how numbers are written down.",
                        "it has 17% of the power, four times what the strongest has in a random embedding.",
                    ),
                    Option(
                        "Any one of the four can be spared, since all of them vote on every answer.",
                        "without frequency 31 only 26% of the answers are right.",
                    ),
                ),
            ),
        )
    ),
    "relevance": Quiz(
        (
            Ordering(
                "Put the steps of layer-wise relevance propagation in order.",
                (
                    Option("run the network and keep every layer's inputs", "the shares are made of them."),
                    Option(
                        "choose one logit as the relevance to hand out",
                        "the question is always about one answer.",
                    ),
                    Option(
                        "share it among the inputs of the last layer",
                        "in proportion to what they contributed to that logit.",
                    ),
                    Option(
                        "go on with the layer below, until the pixels are reached",
                        "each layer's outputs are the inputs of the one above.",
                    ),
                    Option(
                        "check that the pixels' relevance adds up to the logit",
                        "if it does not, a bias or epsilon took a part.",
                    ),
                ),
                shown=(2, 4, 0, 3, 1),
            ),
            Single(
                "In one layer somebody takes an epsilon of 0.5, and one output's contributions sum to about as much. What does this output hand down?",
                (
                    Option(
                        "All of it, since relevance is conserved.",
                        "that holds as long as epsilon is small against the sums.",
                    ),
                    Option(
                        "Only a part of its relevance.",
                        "each share is divided by twice the sum, so the shares add up to a half; epsilon swallows the rest.",
                        right=True,
                    ),
                    Option(
                        "More than its relevance, since epsilon is added.",
                        "it is added below the line, so the shares get smaller.",
                    ),
                ),
            ),
            Multiple(
                "Which of these would change the heat map of a picture, the network staying as it is?",
                (
                    Option("Another rule.", "the map is the result of a rule.", right=True),
                    Option(
                        "Asking for the logit of another concept.",
                        "the question is always about one answer.",
                        right=True,
                    ),
                    Option(
                        "Alpha 1 in place of alpha 2.",
                        "what spoke against an output is weighed by alpha - 1.",
                        right=True,
                    ),
                    Option(
                        "Multiplying the pixels with the gradient in place of an epsilon of 1e-6.",
                        "in a network of ReLUs without biases that is the same number by another route.",
                    ),
                ),
            ),
        )
    ),
}

PREDICTIONS = {
    "one_family": Numeric(
        "Of the neurons that have a family at all, what percentage has exactly one?",
        value=52,
        tolerance=10,
        why="The other 48% have several; 480 of 5,120 neurons have three or more.",
        unit="%",
        of_pocket=True,
    ),
    "spectrum": Numeric(
        "Of all tokens on which it is above zero, what percentage stands in texts of that concept?",
        value=6,
        tolerance=5,
        why="The concept is chess notation, with 100% of the ten strongest tokens and 34% of the hundred strongest.",
        unit="%",
        of_pocket=True,
    ),
    "six_units": Single(
        "What will a unit do?",
        (
            Option("Stand for two concepts", "No: every unit answers to many concepts."),
            Option(
                "Answer to many concepts, to each by a different amount",
                "The effective number of concepts is 7 to 12 for each unit; a concept is told by the combination.",
                right=True,
            ),
            Option(
                "Ask for one property, such as “is it round?”, and say yes or no",
                "Near: concepts are told by the combination, but the answers come in all strengths.",
            ),
            Option(
                "Stand for one concept; the six others are told badly",
                "No: 99% of unseen pictures get the right name.",
            ),
        ),
    ),
    "width": Single(
        "Four times as many units as concepts: what does a unit end up with?",
        (
            Option(
                "One or two concepts, rent or not: there is room for all",
                "Not without rent: 9.8 concepts a unit with 6 units, 10.7 with 48.",
            ),
            Option(
                "One or two with rent only; without it as many as before",
                "With rent it is 1.5 concepts a unit, without it 10.7.",
                right=True,
            ),
            Option(
                "More than before with rent: fewer units are on, so each does more",
                "The other way round: with rent it falls from 4.6 to 1.5 concepts a unit.",
            ),
            Option(
                "One or two with rent, but the network names fewer pictures",
                "It names 100% of them, with rent or without.",
            ),
        ),
    ),
    "cats": Numeric(
        "Silence the unit that hurts cats most. Of all the harm, what percentage falls on cats?",
        value=16,
        tolerance=8,
        why="Cats lose 98 percentage points of accuracy, and so do cars; five other concepts suffer as well.",
        unit="%",
    ),
    "strokes": Single(
        "Relevance is shared out in proportion to what each stroke contributed. Which of these holds the most, for a cat?",
        (
            Option(
                "The whiskers, which nothing else has",
                "They hold 4.0 of 23.8 in all.",
            ),
            Option(
                "The ears and the forehead",
                "They hold 14.0 of 23.8 in all, the most of the three; all that is left holds more still.",
                right=True,
            ),
            Option(
                "The eyes",
                "They hold -10.5: they speak against a cat.",
            ),
            Option(
                "All three about equally",
                "From -10.5 for the eyes to 14.0 for ears and forehead.",
            ),
        ),
    ),
    "one_circle": Single(
        "Which pairs does it still add correctly without one of the four key frequencies?",
        (
            Option(
                "All, whichever it is: the three others are enough",
                "That holds for frequency 14 only, with 99.7%.",
            ),
            Option(
                "Nearly all or few: it depends on the frequency",
                "From 26% without frequency 31 to 99.7% without frequency 14.",
                right=True,
            ),
            Option(
                "About half of them, whichever it is",
                "55% without frequency 4, but 99.7% without 14 and 26% without 31.",
            ),
            Option(
                "No more than by guessing, 1.5%: all four have to agree",
                "Even without frequency 31 it is 26%.",
            ),
        ),
    ),
}
