"""Day 2: The messy reality."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import torch
from torch import Tensor
from torch.nn.functional import relu

from course_utils.exercises import Answer, Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
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
    by_head = (torch.tensor([[0.95, 0.75, 0.2], [0.5, 0.8, 0.05]]), 0.75)
    generator = _generator(seed)
    cases = [by_head]
    for shape, threshold in [((5, 8), 0.7), ((9, 4), 0.6)]:
        cases.append((torch.rand(shape, generator=generator), threshold))
    return cases


# ── profile_entropy ─────────────────────────────────────────────────────────────────────────────────────────────────


def _profile_cases(seed: int = 0) -> list[tuple]:
    cases = [(torch.tensor([[2.0, 2.0, 0.0, 0.0], [3.0, 3.0, 3.0, 3.0], [0.0, 7.0, 0.0, 0.0]]),)]
    for x in _random(seed, (6, 5), (3, 11)):
        cases.append((relu(x + 0.3) + 0.01 * (x > 0.5) + 0.02 * (x == x.amax(dim=1, keepdim=True)),))
    return cases


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
        torch.tensor([1, 2, 4, 5]),
    )
    cases = [by_head]
    for n, (length, depths) in enumerate([(40, [3, 10, 30]), (35, [1, 5, 7, 20, 33])]):
        values, noise = _random(10 * seed + n, (length,), (length,))
        cases.append((values, values + noise > 0.2, torch.tensor(depths)))
    return cases


def _purity_by_loop(values: Tensor, is_concept: Tensor, depths: Tensor) -> Tensor:
    ranked = [c for _, c in sorted(zip(values.tolist(), is_concept.tolist(), strict=True), reverse=True)]
    return torch.tensor([sum(ranked[:n]) / n for n in depths.tolist()])


# ── ascend ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _ascend_cases(seed: int = 0) -> list[tuple]:
    generator = _generator(seed)
    cases = [(torch.tensor([[0.2, 0.5], [0.9, 0.05]]), torch.tensor([[3.0, 0.0], [4.0, 0.0]]), 0.5)]
    for shape, step, size in [((1, 4, 5), 0.7, 0.1), ((1, 6, 3), 2.0, 5.0)]:
        picture = torch.rand(shape, generator=generator)
        cases.append((picture, size * torch.randn(shape, generator=generator), step))
    return [*cases, (torch.rand(2, 3, generator=generator), torch.zeros(2, 3), 1.0)]


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
    return cases


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
        torch.tensor([[1.0, 2.0], [1.0, -2.0]]),
        torch.tensor([[3.0, 1.0]]),
        0.0,
    )
    a_sum_of_zero = (
        torch.tensor([[1.0, 2.0]]),
        torch.tensor([[2.0, 1.0], [-1.0, 1.0]]),
        torch.tensor([[1.0, 3.0]]),
        0.5,
    )
    return [*_relevance_cases(seed, (0.25, 0.1), by_head), a_sum_of_zero]


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


def _from_two_sides(weigh: Callable[[float, Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """An attempt that weighs what `_two_sides` returns."""
    return lambda inputs, W, relevance, alpha=2.0: weigh(alpha, *_two_sides(inputs, W, relevance))


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


# ── frequency_power and n_key_frequencies ───────────────────────────────────────────────────────────────────────────


def _power_cases(seed: int = 0) -> list[tuple]:
    cases = [(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), fourier_basis(3))]
    for n, (p, d_model) in enumerate([(7, 4), (11, 3)]):
        (W_E,) = _random(10 * seed + n, (p, d_model))
        cases.append((1.5 * W_E + 0.5, fourier_basis(p)))
    return cases


def _power_by_fft(W_E: Tensor, waves: Tensor) -> Tensor:
    power = torch.fft.rfft(W_E, dim=0).abs().pow(2).sum(dim=1) / len(W_E)
    return torch.cat([power[:1], 2 * power[1:]])


def _power_by_loop(W_E: Tensor, waves: Tensor) -> Tensor:
    along = [float((wave @ W_E).norm() ** 2) for wave in waves]
    return torch.tensor([along[0], *(along[i] + along[i + 1] for i in range(1, len(along), 2))])


def n_key_frequencies(power: Tensor) -> int:
    """The fewest frequencies that carry 95% of the power; ``power[0]``, the constant, is none of them."""
    strongest_first = power[1:].sort(descending=True).values
    carried = strongest_first.cumsum(dim=0) / strongest_first.sum()
    return int((carried < 0.95).sum()) + 1


def _key_cases(seed: int = 0) -> list[tuple]:
    noise = torch.rand(30, generator=_generator(seed))
    power = 0.02 * noise
    power[[0, 4, 9, 17, 21]] += torch.tensor([4.0, 9.0, 7.0, 5.0, 2.0])
    return [(torch.tensor([50.0, 1.0, 60.0, 2.0, 37.0]),), (power,)]


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
            "The labels are still in the order of the text: index them with the order that `argsort` gives.": lambda values, is_concept, depths: (
                is_concept.cumsum(dim=0)[depths - 1] / depths
            ),
            "That counts the tokens of the concept; divide by how many you looked at.": lambda values, is_concept, depths: (
                is_concept[values.argsort(descending=True)].cumsum(dim=0)[depths - 1].float()
            ),
            "Counting starts at 0: the count after n tokens stands at index n - 1.": lambda values, is_concept, depths: (
                is_concept[values.argsort(descending=True)].cumsum(dim=0)[depths] / depths
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
            "Subtracting goes downhill, as in training; here the unit should fire more: add.": lambda picture, gradient, step: (
                ascend(picture, -gradient, step)
            ),
            "Make the gradient length 1 before you multiply with `step`: gradients of different units differ by orders of magnitude.": lambda picture, gradient, step: (
                (picture + step * gradient).clamp(0, 1)
            ),
            "Pixels have to stay between 0 and 1: clamp the result.": lambda picture, gradient, step: (
                picture + step * gradient / gradient.norm().clamp(min=1e-12)
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
            "That is the share that hit its target; what is asked for is the rest.": lambda damage: (
                damage.clamp(min=0).diagonal() / damage.clamp(min=0).sum(dim=1)
            ),
            "A gain elsewhere must not make up for harm: set negative entries to zero first.": lambda damage: (
                1 - damage.diagonal() / damage.sum(dim=1)
            ),
            "A row is one operation: sum over `dim=1`. Over `dim=0` you compare with what others did to the same concept.": lambda damage: (
                1 - damage.clamp(min=0).diagonal() / damage.clamp(min=0).sum(dim=0)
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
            "The sums can come near zero, and then the shares explode: put `epsilon` into the denominator.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * ((relevance / (inputs @ W)) @ W.T)
            ),
            "That shares relevance out by weights alone, whatever the inputs were: divide by what they added up to, `inputs @ W`.": lambda inputs, W, relevance, epsilon=1e-6: (
                inputs * (relevance @ W.T)
            ),
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
            "With `up = W.clamp(min=0)`: what spoke for output j is `inputs @ up`, and its sharing is `inputs * ((relevance / (inputs @ up)) @ up.T)`.",
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
    "n_key_frequencies": Answer(
        n_key_frequencies,
        cases=_key_cases,
        hints=(
            "Leave the constant out with `power[1:]`, and sort what is left, the strongest first.",
            "`cumsum(dim=0)` divided by the sum is the share that the strongest 1, 2, 3 … carry: where does it pass 0.95?",
        ),
        slips={
            "That many carry less than 95%: you need one more to pass it.": lambda power: (
                n_key_frequencies(power) - 1
            ),
            "The constant is no wave: leave `power[0]` out, of the sum too.": lambda power: (
                int(
                    (
                        (power.sort(descending=True).values.cumsum(dim=0) / power.sum()) < 0.95
                    ).sum()
                )
                + 1
            ),
            "Sort first: the strongest are not the lowest frequencies.": lambda power: (
                int(((power[1:].cumsum(dim=0) / power[1:].sum()) < 0.95).sum()) + 1
            ),
        },
    ),
}  # fmt: skip

QUIZZES = {
    "reality": Quiz(
        (
            Single(
                "The twenty texts on which a neuron fires most strongly are all chess games. What do you know?",
                (
                    Option(
                        "The neuron stands for chess.",
                        "you know its strongest moments only. On most of the tokens where it fires it may do something else.",
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
        )
    ),
}
