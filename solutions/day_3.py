"""Day 3: Superposition."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize, one_hot

from course_utils.exercises import Answer, Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.worlds import (
    cosine_matrix,
    excess_kurtosis,
    local_map,
    packing_loss,
    pairwise_cosines,
    participation_ratio,
    welch_bound,
)


def _random(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


# ── cosine_matrix ───────────────────────────────────────────────────────────────────────────────────────────────────


def _direction_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[3.0, 4.0], [2.0, 0.0], [-4.0, -3.0]])
    few, many = _random(seed, (4, 7), (6, 3))
    # rounded: no cosine of theirs rounds to more than 1, of which `arccos` is NaN
    return [(by_head,), (2 * few.round(decimals=1),), ((many + 0.5).round(decimals=1),)]


def _gram(directions: Tensor) -> Tensor:
    return directions @ directions.T


# ── welch_bound ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _welch_cases(seed: int = 0) -> list[tuple]:
    return [(9, 3), (5, 2), (3, 3), (4, 9), (40 + 7 * seed, 6 + seed), (2000 + seed, 256)]


_WELCH_MISTAKES = {
    "Take the square root: this is the bound on the squared cosine.": lambda n, d: (n - d) / (d * (n - 1)),
    "Each direction is compared with the n - 1 others, not with itself as well: divide by d (n - 1).": lambda n, d: (
        math.sqrt((n - d) / (d * n))
    ),
    "Under the line stands d (n - 1): the dimensions are missing.": lambda n, d: math.sqrt((n - d) / (n - 1)),
    "Python divides by `d` and then multiplies by `(n - 1)`: put both into one pair of parentheses.": lambda n, d: (
        math.sqrt((n - d) / d * (n - 1))
    ),
    "The parentheses of (n - 1) are missing: `d * n - 1` is another number.": lambda n, d: math.sqrt(
        (n - d) / (d * n - 1)
    ),
    "The parentheses of (n - d) are missing: only d is divided.": lambda n, d: math.sqrt(
        n - d / (d * (n - 1))
    ),
    "It is upside down: n - d stands above the line.": lambda n, d: math.sqrt(d * (n - 1) / (n - d)),
    "n - d stands above the line and n - 1 below; yours have changed places.": lambda n, d: math.sqrt(
        (n - 1) / (d * (n - d))
    ),
    "`//` cuts the fraction off: divide by `/`.": lambda n, d: math.sqrt((n - d) // (d * (n - 1))),
    "The root goes over the whole fraction; yours covers what is above the line.": lambda n, d: (
        math.sqrt(n - d) / (d * (n - 1))
    ),
    "That is 1/√d, which the bound comes near to when n is far larger than d; the n in it is missing.": lambda n, d: (
        1 / math.sqrt(d)
    ),
    "The sign: n less d stands above the line.": lambda n, d: math.sqrt((n + d) / (d * (n - 1))),
    "The sign: n less 1 stands below the line.": lambda n, d: math.sqrt((n - d) / (d * (n + 1))),
    "The square is there in place of the root.": lambda n, d: ((n - d) / (d * (n - 1))) ** 2,
    "`** 1 / 2` is `(… ** 1) / 2`: write `** 0.5`.": lambda n, d: (n - d) / (d * (n - 1)) / 2,
}
"""What a tutor would say → a formula that people write where n > d, whatever they do elsewhere."""


def _judge_welch(yours: float, expected: float, args: tuple) -> bool | str:
    if isinstance(yours, complex):
        return "It is a complex number: below the root stands something negative."
    yours, (n, d) = float(yours), args
    if math.isclose(yours, expected, rel_tol=1e-4, abs_tol=1e-9):
        return True
    if n <= d:
        return f"With {n} directions in {d} dimensions all can stand at right angles: what is the worst |cos| then?"
    if math.isclose(yours, 0.0, abs_tol=1e-12):
        return f"It gives 0 for {n} directions in {d} dimensions: are the two cases the other way round, or does `//` cut a fraction off?"
    for sentence, formula in _WELCH_MISTAKES.items():
        if math.isclose(yours, formula(n, d), rel_tol=1e-4):
            return sentence
    return f"Yours is {yours:.4g}, {expected:.4g} is expected."


# ── packing_loss ────────────────────────────────────────────────────────────────────────────────────────────────────


def _packing_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[3.0, 4.0], [2.0, 0.0], [-4.0, -3.0]])  # |cos| 0.6, 0.8 and 0.96
    few, many = _random(seed, (4, 6), (7, 3))
    # shifted: more small angles than large ones
    cases = [
        (by_head, 2.0),
        (3 * few + 2, 3.0),
        (many + 1.5, 9.0),
        (many.abs() + 0.5, 4.5),
        (
            torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [1.0, 1.0]]),
            2.0 + seed,
        ),  # perpendicular, parallel
    ]
    return [(directions.requires_grad_(), p) for directions, p in cases]  # as in the notebook


def _off_diagonal(directions: Tensor) -> Tensor:
    n = len(directions)
    return cosine_matrix(directions)[~torch.eye(n, dtype=torch.bool)]


def _power_mean(numbers: Tensor, p: float) -> Tensor:
    return numbers.abs().pow(p).mean().pow(1 / p)


def _without_cosine_0(directions: Tensor, p: float) -> Tensor:
    cosines = _off_diagonal(directions).abs()
    return _power_mean(cosines[cosines > 1e-6], p)


def _without_cosine_1(directions: Tensor, p: float) -> Tensor:
    cosines = cosine_matrix(directions).abs()
    return _power_mean(cosines[cosines < 0.999], p)


def _pair_by_pair(directions: Tensor, p: float) -> Tensor:
    total, n = 0.0, len(directions)
    for i in range(n):
        for j in range(i):
            total = total + cosine_similarity(directions[i], directions[j], dim=0).abs() ** p
    return (total / (n * (n - 1) / 2)) ** (1 / p)


def _by_direction(directions: Tensor, p: float) -> Tensor:
    others = _off_diagonal(directions).reshape(len(directions), -1)
    return others.abs().pow(p).mean(dim=1).pow(1 / p)


def _packing_norm(directions: Tensor, p: float) -> Tensor:
    cosines = _off_diagonal(directions)
    return cosines.norm(p=p) / len(cosines) ** (1 / p)


# ── concept_directions ──────────────────────────────────────────────────────────────────────────────────────────────


def concept_directions(values: Tensor, concept_ids: Tensor, n_concepts: int) -> Tensor:
    """One unit vector (n_concepts, d) for each concept: the mean of its rows less the mean of all other rows."""
    is_concept = one_hot(concept_ids, n_concepts).T.to(values.dtype)
    is_other = 1 - is_concept
    mean = is_concept @ values / is_concept.sum(dim=1, keepdim=True)
    mean_of_others = is_other @ values / is_other.sum(dim=1, keepdim=True)
    return normalize(mean - mean_of_others, dim=1)


def _concept_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[3.0, 1.0], [5.0, 1.0], [1.0, 1.0], [1.0, 4.0]])
    cases = [(by_head, torch.tensor([0, 0, 1, 2]), 3)]
    for n, (rows, d, n_concepts) in enumerate([(13, 5, 3), (9, 7, 4)]):
        values, shift = _random(10 * seed + n, (rows, d), (n_concepts, d))
        ids = torch.tensor([i * i % n_concepts for i in range(rows)])  # squares: some concepts are rarer
        ids[:n_concepts] = torch.arange(n_concepts)
        cases.append((values + 2 * shift[ids] + 3, ids, n_concepts))
    return cases


def _by_masks(values: Tensor, concept_ids: Tensor, n_concepts: int) -> Tensor:
    return torch.stack(
        [
            normalize(values[concept_ids == c].mean(dim=0) - values[concept_ids != c].mean(dim=0), dim=0)
            for c in range(n_concepts)
        ]
    )


def _means(values: Tensor, concept_ids: Tensor, n_concepts: int) -> Tensor:
    return torch.stack([values[concept_ids == c].mean(dim=0) for c in range(n_concepts)])


def _from_the_mean_of_all(values: Tensor, concept_ids: Tensor, n_concepts: int) -> Tensor:
    return normalize(_means(values, concept_ids, n_concepts) - values.mean(dim=0), dim=1)


def _from_the_mean_of_means(values: Tensor, concept_ids: Tensor, n_concepts: int) -> Tensor:
    means = _means(values, concept_ids, n_concepts)
    return normalize(means - means.mean(dim=0), dim=1)


def _without_length(values: Tensor, concept_ids: Tensor, n_concepts: int) -> Tensor:
    return _means(values, concept_ids, n_concepts) - _others(values, concept_ids, n_concepts)


def _others(values: Tensor, concept_ids: Tensor, n_concepts: int) -> Tensor:
    return torch.stack([values[concept_ids != c].mean(dim=0) for c in range(n_concepts)])


def _sums(values: Tensor, concept_ids: Tensor, n_concepts: int) -> Tensor:
    return torch.stack([values[concept_ids == c].sum(dim=0) for c in range(n_concepts)])


def _scalar_means(values: Tensor, concept_ids: Tensor, n_concepts: int) -> Tensor:
    return torch.stack(
        [values[concept_ids == c].mean() - values[concept_ids != c].mean() for c in range(n_concepts)]
    )


# ── participation_ratio ─────────────────────────────────────────────────────────────────────────────────────────────


def _vector_cases(seed: int = 0) -> list[tuple]:
    rows, one = _random(seed, (4, 9), (12,))
    return [(torch.tensor([[3.0, 0.0, 0.0, -4.0], [2.0, 2.0, 2.0, -2.0]]),), (5 * rows,), (one.exp(),)]


# ── crosstalk ───────────────────────────────────────────────────────────────────────────────────────────────────────


def crosstalk(features: Tensor, directions: Tensor) -> Tensor:
    """What the reading of each feature gains from the others: (batch, n) from features (batch, n), directions (n, d).

    Mix, ``x = features @ directions``; read along each direction; take away what should have been read.
    """
    x = features @ directions
    readings = x @ directions.T
    return readings - features


def _mixing_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]))
    features, directions = _random(seed, (5, 8), (8, 3))
    more, others = _random(seed + 100, (2, 4), (4, 6))
    return [by_head, (features.relu(), normalize(directions, dim=1)), (more, normalize(others, dim=1))]


# ── excess_kurtosis ─────────────────────────────────────────────────────────────────────────────────────────────────


def _sample_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[0.0, 1.0], [0.0, 2.0], [0.0, 2.0], [4.0, 7.0]])
    some, others = _random(seed, (30, 4), (12, 3))
    return [(by_head,), (3 * some.pow(3) + 2,), (others.exp(),)]


# ── local_map ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _network_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([1.0, 2.0]),
        [torch.tensor([[1.0, 0.0], [0.0, -1.0], [1.0, 1.0]]), torch.tensor([[2.0, 3.0, -1.0]])],
        [torch.tensor([-1.5, 1.0, -1.0]), torch.tensor([1.0])],  # only the third neuron is on
    )
    cases = [by_head]
    for n, sizes in enumerate([(2, 9, 7, 3), (4, 6, 1), (3, 8, 8, 6, 2)]):
        shapes = list(zip(sizes[1:], sizes, strict=False))
        x, *rest = _random(10 * seed + n, (sizes[0],), *shapes, *[(size,) for size in sizes[1:]])
        cases.append((x, rest[: len(shapes)], rest[len(shapes) :]))
    x, W, b = _random(10 * seed + 7, (3,), (2, 3), (2,))
    return [*cases, (x, [W], [b])]  # the last one is all linear


def _answer(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> Tensor:
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        x = torch.relu(W @ x + b)
    return weights[-1] @ x + biases[-1]


def _by_jacobian(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> tuple[Tensor, Tensor]:
    A = torch.as_tensor(torch.autograd.functional.jacobian(lambda x: _answer(x, weights, biases), x))
    return A, _answer(x, weights, biases) - A @ x


def _by_diagonals(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> tuple[Tensor, Tensor]:
    A, c, h = torch.eye(len(x)), torch.zeros(len(x)), x
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        pre = W @ h + b
        gate = torch.diag((pre > 0).float())
        A, c, h = gate @ W @ A, gate @ (W @ c + b), torch.relu(pre)
    return weights[-1] @ A, weights[-1] @ c + biases[-1]


def _on(x: Tensor, A: Tensor, c: Tensor) -> Tensor:
    return (A @ x + c > 0).float()


def _step(A: Tensor, c: Tensor, on: Tensor, W: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    return W @ (A * on[:, None]), W @ (c * on) + b


def _composed(
    x: Tensor,
    weights: list[Tensor],
    biases: list[Tensor],
    *,
    on: Callable[[Tensor, Tensor, Tensor], Tensor] = _on,
    step: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]] = _step,
    first_bias: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """As the hints have it, with a step that can be changed; a mistake goes into the next layer's decisions."""
    A, c = weights[0], first_bias * biases[0]
    for W, b in zip(weights[1:], biases[1:], strict=True):
        A, c = step(A, c, on(x, A, c), W, b)
    return A, c


def _decided_beside(
    x: Tensor,
    weights: list[Tensor],
    biases: list[Tensor],
    *,
    gate_bias: bool = True,
    carry: bool = True,
    first: float = 1.0,
    later: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """The network runs beside the maps and decides, so that a mistake in the constant does not reach the decisions."""
    A, c, h = weights[0], first * biases[0], weights[0] @ x + biases[0]
    for W, b in zip(weights[1:], biases[1:], strict=True):
        on = (h > 0).float()
        A, c = W @ (A * on[:, None]), W @ (c * (on if gate_bias else 1.0)) * carry + later * b
        h = W @ torch.relu(h) + b
    return A, c


def _gated_at_the_end(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> tuple[Tensor, Tensor]:
    A, c = local_map(x, weights, biases)
    on = _on(x, A, c)
    return A * on[:, None], c * on


def _gated_at_the_input(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> tuple[Tensor, Tensor]:
    A, c = torch.eye(len(x)), torch.zeros(len(x))
    for W, b in zip(weights, biases, strict=True):
        A, c = _step(A, c, _on(x, A, c), W, b)
    return A, c


def _without_last_bias(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> tuple[Tensor, Tensor]:
    A, c = local_map(x, weights, biases)
    return A, c - biases[-1]


def _answer_for_c(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> tuple[Tensor, Tensor]:
    return local_map(x, weights, biases)[0], _answer(x, weights, biases)


_MAP_MISTAKES: tuple[tuple[str, Callable[..., tuple[Tensor, Tensor]]], ...] = tuple(
    (sentence, wrong)
    for sentence, versions in {
        "The ReLUs are missing: neurons that are off at `x` must pass nothing on.": [
            partial(_composed, on=lambda x, A, c: torch.ones_like(c)),
        ],
        "A neuron that is off loses its constant too: multiply `c` with `on` as well.": [
            partial(_composed, step=lambda A, c, on, W, b: (W @ (A * on[:, None]), W @ c + b)),
            partial(_decided_beside, gate_bias=False),
        ],
        "A neuron that is off loses its row of A too: multiply the rows with `on`, as you do with `c`.": [
            partial(_composed, step=lambda A, c, on, W, b: (W @ A, W @ (c * on) + b)),
        ],
        "The biases are missing: c starts as `biases[0]`, and every layer adds its own.": [
            partial(
                _composed, step=lambda A, c, on, W, b: (W @ (A * on[:, None]), W @ (c * on)), first_bias=0.0
            ),
            partial(_decided_beside, first=0.0, later=0.0),
        ],
        "The first layer's bias is missing: c begins as `biases[0]`.": [
            partial(_composed, first_bias=0.0),
            partial(_decided_beside, first=0.0),
        ],
        "Only the first layer's bias is in c: each layer adds its own `b`.": [
            partial(_composed, step=lambda A, c, on, W, b: (W @ (A * on[:, None]), W @ (c * on))),
            partial(_decided_beside, later=0.0),
        ],
        "The last layer's bias is missing in c.": [_without_last_bias],
        "What c holds already goes through the next layer too: `W @ (…) + b`, not `b` alone.": [
            partial(_composed, step=lambda A, c, on, W, b: (W @ (A * on[:, None]), b)),
            partial(_decided_beside, carry=False),
        ],
        "The bias takes part in the decision: a neuron is on when `A @ x + c > 0`.": [
            partial(_composed, on=lambda x, A, c: (A @ x > 0).float()),
        ],
        "That is the network's answer at `x`; c is what is left of it when `A @ x` is taken away.": [
            _answer_for_c
        ],
        "There is no ReLU after the last layer, so nothing is switched off there.": [_gated_at_the_end],
        "There is no ReLU in front of the first layer: it takes `x` as it is.": [
            _gated_at_the_input,
            lambda x, weights, biases: local_map(torch.relu(x), weights, biases),
        ],
        "It is the other way round: a neuron is on when it is above 0.": [
            partial(_composed, on=lambda x, A, c: (A @ x + c < 0).float()),
        ],
        "Multiply with 1 or 0, on or off, not with how strongly the neuron is on.": [
            partial(_composed, on=lambda x, A, c: torch.relu(A @ x + c)),
            partial(_composed, on=lambda x, A, c: A @ x + c),
        ],
        "The ReLU acts on what the neurons get, not on the weights: a row of A stays whole or becomes 0.": [
            partial(_composed, step=lambda A, c, on, W, b: (W @ A.relu(), W @ c.relu() + b)),
        ],
        "The last layer is missing.": [
            lambda x, weights, biases: local_map(x, weights[:-1] or weights, biases[:-1] or biases)
        ],
        "A bias is added, not taken away.": [
            partial(_composed, step=lambda A, c, on, W, b: (W @ (A * on[:, None]), W @ (c * on) - b)),
            partial(_composed, first_bias=-1.0),
        ],
    }.items()
    for wrong in versions
)
"""What a tutor would say, and a version that earns it; some mistakes are made in two ways."""


def _judge_local_map(yours: tuple, expected: tuple, args: tuple) -> bool | str:
    if _same_map(yours, expected):
        return True
    if _same_map(yours[::-1], expected):
        return "Return A first and c second."
    for sentence, wrong in _MAP_MISTAKES:
        if _same_map(yours, wrong(*args)):
            return sentence
    for name, mine, right in zip("Ac", yours, expected, strict=True):
        if mine.shape != right.shape:
            turned = (
                mine.ndim == 2 and mine.T.shape == right.shape and torch.allclose(mine.T, right, 1e-4, 1e-5)
            )
            more = ": the right numbers, transposed" if turned else ""
            more = ": an axis too many" if mine.numel() == right.numel() and mine.ndim > right.ndim else more
            return f"{name} has shape {tuple(mine.shape)}, expected is {tuple(right.shape)}{more}."
    wrong_ones = [
        n for n, y, e in zip("Ac", yours, expected, strict=True) if not torch.allclose(y, e, 1e-4, 1e-5)
    ]
    return f"{' and '.join(wrong_ones)} {'differs' if len(wrong_ones) == 1 else 'differ'}."


def _same_map(yours: tuple, other: tuple) -> bool:
    return all(
        y.shape == o.shape and torch.allclose(y, o, rtol=1e-4, atol=1e-5)
        for y, o in zip(yours, other, strict=True)
    )


# ── active_budget ───────────────────────────────────────────────────────────────────────────────────────────────────


def active_budget(d_model: int) -> float:
    """The largest k with sqrt(k/d_model) <= 1/4: a sixteenth of the dimensions."""
    return d_model / 16


def _width_cases(seed: int = 0) -> list[tuple]:
    return [(256 + 16 * seed,), (768 + 48 * seed,)]


EXERCISES = {
    "cosine_matrix": Exercise(
        cosine_matrix,
        cases=_direction_cases,
        difficulty=1,
        hints=(
            "The dot product of two vectors of length 1 is the cosine of the angle between them.",
            "Scale every row to length 1 first: `directions / directions.norm(dim=1, keepdim=True)`.",
            "With unit rows in `unit`, all dot products at once are `unit @ unit.T`.",
        ),
        slips={
            "Those are dot products: they grow with the rows' lengths. Scale each row to length 1 first.": lambda directions: (
                directions @ directions.T
            ),
            "A direction is a row: normalise along `dim=1`, not the columns.": lambda directions: (
                normalize(directions, dim=0) @ normalize(directions, dim=0).T
            ),
            "Only one of the two factors has unit rows: both must.": lambda directions: (
                normalize(directions, dim=1) @ directions.T
            ),
            "Keep the sign: -1 says opposite, which is not the same direction.": lambda directions: (
                cosine_matrix(directions).abs()
            ),
            "That is the angle; the cosine of it is asked for.": lambda directions: (
                cosine_matrix(directions).clamp(-1, 1).arccos()
            ),
            "Only the second factor has unit rows: both must.": lambda directions: (
                directions @ normalize(directions, dim=1).T
            ),
            "Divide each row by its length, not by the square of it: the root of the summed squares is missing.": lambda directions: (
                _gram(directions / directions.square().sum(dim=1, keepdim=True))
            ),
            "That divides by the square of one row's length; a cosine is divided by the lengths of both.": lambda directions: (
                directions @ directions.T / directions.square().sum(dim=1)
            ),
            "`norm(dim=1)` has shape (n,), which does not fit beside (n, d): keep its axis with `keepdim=True`.": lambda directions: (
                directions / directions.norm(dim=1)
            ),
            "`norm()` without an axis is one length for the whole table; each row has its own.": lambda directions: (
                _gram(directions / directions.norm())
            ),
            "A length is the root of the summed squares, not the sum of the absolute values.": lambda directions: (
                _gram(normalize(directions, p=1, dim=1))
            ),
            "A standard deviation is not a length: it takes the row's mean away and divides by n - 1.": lambda directions: (
                _gram(directions / directions.std(dim=1, keepdim=True))
            ),
            "Centring the rows first turns the cosines into correlations; a cosine takes the rows as they are.": lambda directions: (
                cosine_matrix(directions - directions.mean(dim=1, keepdim=True))
            ),
            "(n, d) @ (n, d) does not fit: one of the two factors has to be transposed.": lambda directions: (
                normalize(directions, dim=1) @ normalize(directions, dim=1)
            ),
            "That is (d, d), the columns with each other: transpose the second factor, not the first.": lambda directions: (
                normalize(directions, dim=1).T @ normalize(directions, dim=1)
            ),
            "That compares the d columns; the directions are the n rows.": lambda directions: (
                normalize(directions, dim=0).T @ normalize(directions, dim=0)
            ),
            "`*` multiplies entry by entry; whole rows are multiplied with each other by `@`.": lambda directions: (
                normalize(directions, dim=1).square()
            ),
            "`cosine_similarity(x, x)` compares each row with itself; all rows with all rows are asked for.": lambda directions: (
                cosine_similarity(directions, directions)
            ),
            "That is one less the cosine, a distance: 0 for the same direction.": lambda directions: (
                1 - cosine_matrix(directions)
            ),
            "Those are distances between the ends of the rows; they grow with the lengths, a cosine does not.": lambda directions: (
                torch.cdist(directions, directions)
            ),
            "The diagonal belongs to it: a direction has cosine 1 with itself.": lambda directions: (
                cosine_matrix(directions).fill_diagonal_(0)
            ),
            "Leave the cosine as it is: its square has lost the sign.": lambda directions: cosine_matrix(
                directions
            ).square(),
            "Half of the matrix is zero: the cosine of i and j stands at (i, j) and at (j, i).": lambda directions: (
                cosine_matrix(directions).triu()
            ),
            "That lists every pair once; the whole matrix (n, n) is asked for.": lambda directions: (
                pairwise_cosines(directions)
            ),
            "Those are angles in degrees; the cosine is asked for.": lambda directions: (
                cosine_matrix(directions).clamp(-1, 1).arccos().rad2deg()
            ),
        },
        variants={
            "cosine_similarity": lambda directions: cosine_similarity(
                directions[:, None], directions[None], dim=2
            ),
            "divide by both lengths": lambda directions: (
                directions @ directions.T / torch.outer(directions.norm(dim=1), directions.norm(dim=1))
            ),
            "einsum": lambda directions: torch.einsum(
                "id,jd->ij", normalize(directions, dim=1), normalize(directions, dim=1)
            ),
        },
        explanation="""
            Once the rows have length 1, their dot products are cosines, and a matrix product takes all of them at
            once. Entry (i, j) says how much of direction i you hear when you listen along direction j: the whole day is
            about keeping that number small.""",
    ),
    "welch_bound": Exercise(
        welch_bound,
        cases=_welch_cases,
        difficulty=1,
        hints=(
            "It is the formula above, with one exception to take care of.",
            "With no more directions than dimensions all of them can be perpendicular. What is the worst |cos| then?",
            "`math.sqrt((n - d) / (d * (n - 1)))` when n > d, and 0 otherwise.",
        ),
        judge=_judge_welch,
        slips={
            "With n <= d all directions can stand at right angles: the bound is 0 there.": lambda n, d: (
                math.sqrt(abs(n - d) / (d * (n - 1)))
            ),
            "A worst |cos| of 1 says that two directions are the same. With n <= d all can stand at right angles.": lambda n, d: (
                1.0 if n <= d else welch_bound(n, d)
            ),
            "With n < d the formula asks for the root of a negative number. All directions can stand at right angles there: what is the worst |cos| then?": lambda n, d: (
                math.sqrt((n - d) / (d * (n - 1)))
            ),
            "With n < d the power makes a complex number of a negative one. All directions can stand at right angles there: what is the worst |cos| then?": lambda n, d: (
                ((n - d) / (d * (n - 1))) ** 0.5
            ),
            "n counts the directions and d the dimensions; you have them the other way round.": lambda n, d: (
                math.sqrt(max(d - n, 0) / (n * (d - 1)))
            ),
            "The two cases are the other way round: the formula holds for n > d.": lambda n, d: (
                0.0 if n > d else math.sqrt((d - n) / (d * (n - 1)))
            ),
            "`torch.sqrt` takes tensors; n and d are numbers, for which there is `math.sqrt` or `** 0.5`.": lambda n, d: (
                0.0 if n <= d else torch.sqrt((n - d) / (d * (n - 1)))  # pyright: ignore[reportArgumentType]
            ),
        },
        variants={
            "max": lambda n, d: math.sqrt(max(0, n - d) / (d * (n - 1))),
            "power": lambda n, d: (max(n / d - 1, 0) / (n - 1)) ** 0.5,
            "from the trace": lambda n, d: math.sqrt(max(n * n / d - n, 0) / (n * (n - 1))),
        },
        explanation="""
            Where it comes from: the n × n matrix G of cosines has rank d, and its eigenvalues sum to n, as its diagonal
            is all ones. The sum of squared eigenvalues, which is the sum of all squared cosines, is least when the d
            of them are equal: n²/d. Take away the n ones of the diagonal, divide by the n (n - 1) entries beside it,
            and the mean squared cosine is at least (n - d) / (d (n - 1)). The worst pair is no better than the mean.""",
    ),
    "packing_loss": Exercise(
        packing_loss,
        cases=_packing_cases,
        gradient=("directions",),
        difficulty=2,
        hints=(
            "Three steps: the cosines of all pairs, their power mean, nothing else. `cosine_matrix` is at hand.",
            "Leave the diagonal out, or every direction is its own worst pair. `torch.triu_indices(n, n, 1)` lists the pairs.",
            "For numbers c the power mean is `c.abs().pow(p).mean().pow(1 / p)`. Stay in torch: the cell below asks for its gradient.",
        ),
        slips={
            "Every pair counts, also one with cosine 0: leave out the diagonal by its place, not by a value.": _without_cosine_0,
            "Every pair counts, also two parallel rows with cosine 1: leave out the diagonal by its place, not by a value.": _without_cosine_1,
            "The diagonal is still in it: the cosine of a direction with itself is always 1.": lambda directions, p: (
                cosine_matrix(directions).abs().pow(p).mean().pow(1 / p)
            ),
            "Take the mean over the pairs, not the sum: the value should not grow with their number.": lambda directions, p: (
                _off_diagonal(directions).abs().pow(p).sum().pow(1 / p)
            ),
            "Zeros count in the mean: pick the pairs out, by `torch.triu_indices` or a mask, in place of setting the rest to zero.": lambda directions, p: (
                cosine_matrix(directions).triu(1).abs().pow(p).mean().pow(1 / p)
            ),
            "The root is missing: take the mean to the power of 1/p at the end.": lambda directions, p: (
                _off_diagonal(directions).abs().pow(p).mean()
            ),
            "A cosine of -0.9 is as bad as one of 0.9: take `abs()` before the power.": lambda directions, p: (
                _off_diagonal(directions).pow(p).mean().pow(1 / p)
            ),
            "That is the worst pair alone; the power mean listens to all pairs, the worse the louder.": lambda directions, p: (
                _off_diagonal(directions).abs().max()
            ),
            "The rows' lengths must not matter: use cosines, not dot products.": lambda directions, p: (
                (directions @ directions.T)[~torch.eye(len(directions), dtype=torch.bool)]
                .abs()
                .pow(p)
                .mean()
                .pow(1 / p)
            ),
            "That is the sum over the pairs, to the power of 1/p: take their mean.": lambda directions, p: (
                pairwise_cosines(directions).norm(p=p)
            ),
            "The diagonal is zero now, and its zeros still count in the mean: pick the pairs out by an index or a mask.": lambda directions, p: (
                _power_mean(cosine_matrix(directions).fill_diagonal_(0), p)
            ),
            "`triu()` keeps the diagonal, and the zeros below it count in the mean: pick the pairs out by an index or a mask.": lambda directions, p: (
                _power_mean(cosine_matrix(directions).triu(), p)
            ),
            "`triu_indices(n, n)` lists the diagonal as well; a third argument, 1, leaves it out.": lambda directions, p: (
                _power_mean(
                    cosine_matrix(directions)[*torch.triu_indices(len(directions), len(directions))], p
                )
            ),
            "Each pair is summed twice, as (i, j) and as (j, i), and divided by the number of pairs once.": lambda directions, p: (
                (2 * pairwise_cosines(directions).abs().pow(p).mean()).pow(1 / p)
            ),
            "Divide by the number of pairs, n (n - 1) / 2, not by the number of directions.": lambda directions, p: (
                (pairwise_cosines(directions).abs().pow(p).sum() / len(directions)).pow(1 / p)
            ),
            "The mean comes before the root: divide by the number of pairs first.": lambda directions, p: (
                pairwise_cosines(directions).norm(p=p) / (len(directions) * (len(directions) - 1) / 2)
            ),
            "A ReLU leaves the negative cosines out; -0.9 is as bad as 0.9, so take `abs()`.": lambda directions, p: (
                _power_mean(pairwise_cosines(directions).relu(), p)
            ),
            "Take `abs()` and the power of each cosine first, then the mean: here they cancel before.": lambda directions, p: (
                pairwise_cosines(directions).mean().abs()
            ),
            "`p` is not used: the plain mean of |cos| is the power mean for p = 1.": lambda directions, p: (
                pairwise_cosines(directions).abs().mean()
            ),
            "That is the root mean square whatever `p` is: use the argument in place of 2.": lambda directions, p: (
                _power_mean(pairwise_cosines(directions), 2.0)
            ),
            "The root at the end is the p-th one, `pow(1 / p)`, not the square root.": lambda directions, p: (
                pairwise_cosines(directions).abs().pow(p).mean().sqrt()
            ),
            "The last step undoes the power: `pow(1 / p)`, not `pow(p)` again.": lambda directions, p: (
                pairwise_cosines(directions).abs().pow(p).mean().pow(p)
            ),
            "`p` need not be a whole number: take it as it is.": lambda directions, p: _power_mean(
                pairwise_cosines(directions), int(p)
            ),
            "The two powers have changed places: p inside the mean, 1/p outside.": lambda directions, p: (
                _power_mean(pairwise_cosines(directions), 1 / p)
            ),
            "`** 1 / p` is `(… ** 1) / p`: put 1 / p into parentheses.": lambda directions, p: (
                pairwise_cosines(directions).abs().pow(p).mean() / p
            ),
            "The cosines are squared before they are raised to p: the power alone is enough.": lambda directions, p: (
                _power_mean(pairwise_cosines(directions).square(), p)
            ),
            "One number for all pairs is asked for; that is one for each direction.": lambda directions, p: (
                _by_direction(directions, p)
            ),
            "One power mean over all pairs, not the mean of one for each direction.": lambda directions, p: (
                _by_direction(directions, p).mean()
            ),
            "Crowded has to be large: leave the minus out, gradient descent makes it small.": lambda directions, p: (
                -packing_loss(directions, p)
            ),
            "A direction is a row; yours have been scaled down the columns.": lambda directions, p: (
                _power_mean(
                    _gram(normalize(directions, dim=0))[~torch.eye(len(directions), dtype=torch.bool)], p
                )
            ),
        },
        variants={
            "off the diagonal": lambda directions, p: (
                _off_diagonal(directions).abs().pow(p).mean().pow(1 / p)
            ),
            "pair by pair": _pair_by_pair,
            "as a norm": _packing_norm,
        },
        explanation="""
            With p = 2 this is the root mean square: all pairs count, and the Welch bound is a bound on exactly this. As p
            grows the largest cosine drowns the others, and at p = 64 the loss is nearly the worst pair's cosine. Starting
            with a small p lets everybody move first; ending with a large one polishes the worst corner. The package
            version, below, takes the pairs from a helper that does what your index does.""",
    ),
    "concept_directions": Exercise(
        concept_directions,
        cases=_concept_cases,
        difficulty=2,
        hints=(
            "For one concept: the mean of its rows, less the mean of the rows that are not its own, scaled to length 1.",
            "`values[concept_ids == c].mean(dim=0)` is the one mean, `!=` gives the other.",
            "Do that for each c in `range(n_concepts)`, and `torch.stack` the results; each needs length 1.",
        ),
        slips={
            "Scale each direction to length 1 at the end.": _without_length,
            "That is where the concept's rows are, not how they differ: subtract the mean of the others.": lambda values, concept_ids, n_concepts: (
                normalize(_means(values, concept_ids, n_concepts), dim=1)
            ),
            "The *mean* of the rows is asked for; that is their median.": lambda values, concept_ids, n_concepts: (
                normalize(
                    torch.stack(
                        [
                            values[concept_ids == c].median(0).values
                            - values[concept_ids != c].median(0).values
                            for c in range(n_concepts)
                        ]
                    ),
                    dim=1,
                )
            ),
            "Row c is a text and not concept c: choose rows by `concept_ids == c`.": lambda values, concept_ids, n_concepts: (
                normalize(
                    torch.stack(
                        [
                            values[c] - values[torch.arange(len(values)) != c].mean(0)
                            for c in range(n_concepts)
                        ]
                    ),
                    dim=1,
                )
            ),
            "Concepts are counted from 0, `range(n_concepts)`: the last one of yours has no rows.": lambda values, concept_ids, n_concepts: (
                torch.stack(
                    [
                        normalize(values[concept_ids == c].mean(0) - values[concept_ids != c].mean(0), dim=0)
                        for c in range(1, n_concepts + 1)
                    ]
                )
            ),
            "The direction should point from the others to the concept; yours points back.": lambda values, concept_ids, n_concepts: (
                -concept_directions(values, concept_ids, n_concepts)
            ),
            "Every other row counts the same: the mean of the concepts' means lets rare concepts count as much as common ones.": _from_the_mean_of_means,
            "One row a concept: yours has been scaled along the wrong axis. A direction is a row, so `dim=1`.": lambda values, concept_ids, n_concepts: (
                normalize(_without_length(values, concept_ids, n_concepts), dim=0)
            ),
            "Scale each direction to length 1 at the end: yours still has the length of its difference.": lambda values, concept_ids, n_concepts: (
                _means(values, concept_ids, n_concepts) - values.mean(dim=0)
            ),
            "`norm()` without an axis is one length for the whole table; every row is to have length 1.": lambda values, concept_ids, n_concepts: (
                normalize(_without_length(values, concept_ids, n_concepts).flatten(), dim=0).reshape(
                    n_concepts, -1
                )
            ),
            "`norm(dim=1)` has shape (n_concepts,), which does not fit beside (n_concepts, d): keep its axis with `keepdim=True`.": lambda values, concept_ids, n_concepts: (
                _without_length(values, concept_ids, n_concepts)
                / _without_length(values, concept_ids, n_concepts).norm(dim=1)
            ),
            "Divide by the length, not by the square of it: the root of the summed squares is missing.": lambda values, concept_ids, n_concepts: (
                _without_length(values, concept_ids, n_concepts)
                / _without_length(values, concept_ids, n_concepts).square().sum(dim=1, keepdim=True)
            ),
            "A length is the root of the summed squares, not the sum of the absolute values.": lambda values, concept_ids, n_concepts: (
                normalize(_without_length(values, concept_ids, n_concepts), p=1, dim=1)
            ),
            "Take means, not sums: with sums, whichever side has more rows decides.": lambda values, concept_ids, n_concepts: (
                normalize(
                    _sums(values, concept_ids, n_concepts)
                    - (values.sum(dim=0) - _sums(values, concept_ids, n_concepts)),
                    dim=1,
                )
            ),
            "The concept's own rows are summed and the others' averaged: take the mean of both.": lambda values, concept_ids, n_concepts: (
                normalize(_sums(values, concept_ids, n_concepts) - values.mean(dim=0), dim=1)
            ),
            "Subtract first and scale afterwards: the two means must keep their lengths until then.": lambda values, concept_ids, n_concepts: (
                normalize(
                    normalize(_means(values, concept_ids, n_concepts), dim=1)
                    - normalize(_others(values, concept_ids, n_concepts), dim=1),
                    dim=1,
                )
            ),
            "Scale the difference, not the two means before it.": lambda values, concept_ids, n_concepts: (
                normalize(_means(values, concept_ids, n_concepts), dim=1)
                - normalize(_others(values, concept_ids, n_concepts), dim=1)
            ),
            "The rows go into the means as they are: do not scale each text to length 1 first.": lambda values, concept_ids, n_concepts: (
                concept_directions(normalize(values, dim=1), concept_ids, n_concepts)
            ),
            "The difference of the two means is asked for, not their sum.": lambda values, concept_ids, n_concepts: (
                normalize(
                    _means(values, concept_ids, n_concepts) + _others(values, concept_ids, n_concepts), dim=1
                )
            ),
            "Subtract the others' mean; yours divides by it.": lambda values, concept_ids, n_concepts: (
                normalize(
                    _means(values, concept_ids, n_concepts) / _others(values, concept_ids, n_concepts), dim=1
                )
            ),
            "`mean()` without an axis is one number for the whole table: the mean of rows is `mean(dim=0)`.": lambda values, concept_ids, n_concepts: (
                normalize(_means(values, concept_ids, n_concepts) - values.mean(), dim=1)
            ),
            "`mean()` without an axis leaves one number for a concept; the mean of its rows, `mean(dim=0)`, has d of them.": lambda values, concept_ids, n_concepts: (
                _scalar_means(values, concept_ids, n_concepts)
            ),
            "A mean without an axis leaves one number for a concept, and scaled to length 1 that is 1 or -1: take `mean(dim=0)`.": lambda values, concept_ids, n_concepts: (
                _scalar_means(values, concept_ids, n_concepts).sign()
            ),
            "`mean(dim=1)` averages within each text; the mean over texts is `mean(dim=0)`.": lambda values, concept_ids, n_concepts: (
                torch.stack(
                    [
                        values[concept_ids == c].mean(dim=1) - values[concept_ids != c].mean(dim=1)
                        for c in range(n_concepts)
                    ]
                )
            ),
            "`values[c]` is the row number c; the rows *of* concept c are `values[concept_ids == c]`.": lambda values, concept_ids, n_concepts: (
                normalize(values[:n_concepts] - _others(values, concept_ids, n_concepts), dim=1)
            ),
            "Each concept has other others: yours takes one mean away from all of them.": lambda values, concept_ids, n_concepts: (
                normalize(
                    _means(values, concept_ids, n_concepts)
                    - _others(values, concept_ids, n_concepts).mean(dim=0),
                    dim=1,
                )
            ),
            "Keep the signs: which way a neuron goes is half of the direction.": lambda values, concept_ids, n_concepts: (
                concept_directions(values, concept_ids, n_concepts).abs()
            ),
            "The difference of means leaves the spread alone: do not divide by the standard deviation.": lambda values, concept_ids, n_concepts: (
                normalize(_without_length(values, concept_ids, n_concepts) / values.std(dim=0), dim=1)
            ),
            "That is the mean of the concept's rows as it is: take the mean of all other rows away, and scale to length 1.": _means,
        },
        variants={
            "masks": _by_masks,
            "from the mean of all rows": _from_the_mean_of_all,
            "own length": lambda values, concept_ids, n_concepts: (
                _without_length(values, concept_ids, n_concepts)
                / _without_length(values, concept_ids, n_concepts).norm(dim=1, keepdim=True)
            ),
        },
        explanation="""
            Subtracting the others' mean takes away what all texts have in common and leaves what makes this concept's
            texts different. Subtracting the mean of *all* rows gives the same direction: the concept's own rows are part of
            that mean, which shortens the difference and does not turn it.""",
    ),
    "participation_ratio": Exercise(
        participation_ratio,
        cases=_vector_cases,
        difficulty=1,
        hints=(
            "Work with squares, s = x²: it is the square of their sum over the sum of their squares.",
            "Sums run over the last axis, `dim=-1`, so that a matrix gives one number a row.",
            "`s.sum(dim=-1).square() / s.square().sum(dim=-1)` with `s = x.square()`.",
        ),
        slips={
            "Square the entries first: the formula has x² and x⁴, yours |x| and x².": lambda x: (
                x.abs().sum(dim=-1).square() / x.square().sum(dim=-1)
            ),
            "It is upside down: the square of the sum goes above the line.": lambda x: (
                x.pow(4).sum(dim=-1) / x.square().sum(dim=-1).square()
            ),
            "That counts the entries that are not zero; here a small entry counts for little.": lambda x: (
                (x != 0).sum(dim=-1).float()
            ),
            "Square the sum above the line: (Σ x²)².": lambda x: (
                x.square().sum(dim=-1) / x.pow(4).sum(dim=-1)
            ),
            "Above the line stands the square of the sum, not the sum of the squares again.": lambda x: (
                x.square().square().sum(dim=-1) / x.pow(4).sum(dim=-1)
            ),
            "Square each entry before you sum: entries of both signs cancel otherwise.": lambda x: (
                x.sum(dim=-1).square() / x.square().sum(dim=-1)
            ),
            "The powers go inside the sums: Σ x², not (Σ x)².": lambda x: (
                x.sum(dim=-1).pow(4) / x.pow(4).sum(dim=-1)
            ),
            "Below the line stands the sum of the fourth powers, not of the squares.": lambda x: (
                x.square().sum(dim=-1)
            ),
            "With means in place of sums that is the *share* of the entries: it ends at 1, not at n.": lambda x: (
                x.square().mean(dim=-1).square() / x.pow(4).mean(dim=-1)
            ),
            "The count itself is asked for, not its root.": lambda x: participation_ratio(x).sqrt(),
            "Only vectors of length 1 have Σ x² = 1: divide by the length, or keep (Σ x²)² above the line.": lambda x: (
                1 / x.pow(4).sum(dim=-1)
            ),
            "Below the line stand fourth powers, not third ones.": lambda x: (
                x.square().sum(dim=-1).square() / x.pow(3).sum(dim=-1)
            ),
            "That is everything in one sum; a matrix has one number a row: sum over `dim=-1`.": lambda x: (
                x.square().sum().square() / x.pow(4).sum()
            ),
            "Below the line everything is in one sum: there, too, over `dim=-1`.": lambda x: (
                x.square().sum(dim=-1).square() / x.pow(4).sum()
            ),
            "The sums run down the columns; the last axis is `dim=-1`.": lambda x: (
                x.square().sum(dim=0).square() / x.pow(4).sum(dim=0)
            ),
            "A vector has no `dim=1`: the last axis, of a vector and of a matrix, is `dim=-1`.": lambda x: (
                x.square().sum(dim=1).square() / x.pow(4).sum(dim=1)
            ),
            "Below the line the sum is missing.": lambda x: x.square().sum(dim=-1).square() / x.pow(4),
            "That is the exponential of an entropy, another good count; the participation ratio is (Σ x²)² / Σ x⁴.": lambda x: (
                torch.special.entr(x.square() / x.square().sum(dim=-1, keepdim=True)).sum(dim=-1).exp()
            ),
            "It is upside down, and the square of the sum is missing: (Σ x²)² above the line, Σ x⁴ below.": lambda x: (
                x.pow(4).sum(dim=-1) / x.square().sum(dim=-1)
            ),
            "Below the line stands Σ x⁴, each entry to the fourth, not (Σ x)⁴.": lambda x: (
                x.square().sum(dim=-1).square() / x.sum(dim=-1).pow(4)
            ),
        },
        variants={
            "powers": lambda x: (x**2).sum(-1) ** 2 / (x**4).sum(-1),
            "shares": lambda x: 1 / (x.square() / x.square().sum(dim=-1, keepdim=True)).square().sum(dim=-1),
            "norms": lambda x: (x.norm(dim=-1) / x.norm(p=4, dim=-1)) ** 4,
        },
        explanation="""
            Divide every square by their sum, and you have shares that add up to 1. The sum of the squared shares is the
            chance to draw the same entry twice; one over it is how many equal entries would make that chance. So two
            equal entries give 2, and an entry next to nothing adds next to nothing.""",
    ),
    "crosstalk": Exercise(
        crosstalk,
        cases=_mixing_cases,
        difficulty=2,
        hints=(
            "Three steps: mix the features into `x`, read along every direction, compare with what went in.",
            "The mixture is `features @ directions`, of shape (batch, d).",
            "The readings are `x @ directions.T`, and the crosstalk is what is left after subtracting `features`.",
        ),
        slips={
            "Those are the readings: take away the features themselves, which are meant to be heard.": lambda features, directions: (
                features @ directions @ directions.T
            ),
            "The sign is turned round: the crosstalk is the reading minus the feature.": lambda features, directions: (
                features - features @ directions @ directions.T
            ),
            "Keep the sign: crosstalk can push a reading up or down.": lambda features, directions: crosstalk(
                features, directions
            ).abs(),
            "That is the crosstalk of silent features only; every reading has some.": lambda features, directions: (
                crosstalk(features, directions).where(features == 0, torch.zeros(()))
            ),
            "That is the mixture `x`; it still has to be read along every direction.": lambda features, directions: (
                features @ directions
            ),
            "To read along the directions, multiply by their transpose: (batch, d) @ (d, n).": lambda features, directions: (
                features @ directions @ directions
            ),
            "`x` has d numbers and not one for each feature: read it along the directions first.": lambda features, directions: (
                features @ directions - features
            ),
            "`directions.T @ directions` is (d, d); the cosines of n directions are (n, n), `directions @ directions.T`.": lambda features, directions: (
                features @ (directions.T @ directions)
            ),
            "Weigh and add: `*` multiplies entry by entry, where each reading sums over all features with `@`.": lambda features, directions: (
                features * (_gram(directions) - torch.eye(len(directions)))
            ),
            "That is the table of the cosines: each still has to be weighted with how active the other feature is.": lambda features, directions: (
                _gram(directions) - torch.eye(len(directions))
            ),
            "Each cosine is weighed with how strong the other feature is, `features`, not with 0 or 1.": lambda features, directions: (
                (features != 0).to(features.dtype) @ (_gram(directions) - torch.eye(len(directions)))
            ),
            "Take away how strong the feature itself is, `features`, not 1 wherever it is on.": lambda features, directions: (
                features @ _gram(directions) - (features != 0).to(features.dtype)
            ),
            "That is what a feature gives to all others; asked for is what it gets: the sum over j of f_j cos_ij.": lambda features, directions: (
                features * (_gram(directions) - torch.eye(len(directions))).sum(dim=1)
            ),
            "That sums the cosines as if every feature were active: weigh them with `features`.": lambda features, directions: (
                (_gram(directions) - torch.eye(len(directions))).sum(dim=1)
            ),
            "Features are not always of strength 1: take away `features`, not 1.": lambda features, directions: (
                features @ _gram(directions) - 1
            ),
            "Take the features away; yours adds them once more.": lambda features, directions: (
                features @ _gram(directions) + features
            ),
            "What comes on top is a difference: subtract the features, do not divide by them.": lambda features, directions: (
                features @ _gram(directions) / features - 1
            ),
            "Keep the sign: it is not the square that is asked for.": lambda features, directions: crosstalk(
                features, directions
            ).square(),
            "Crosstalk goes up or down: a ReLU drops one of the two.": lambda features, directions: crosstalk(
                features, directions
            ).relu(),
            "The cosines keep their signs; yours cannot cancel.": lambda features, directions: (
                features @ _gram(directions).abs() - features
            ),
            "Each other feature counts with the cosine, not with its square.": lambda features, directions: (
                features @ _gram(directions).square() - features
            ),
            "Only features that come before the reading's own are counted: the upper half of the cosines is not all of them.": lambda features, directions: (
                features @ _gram(directions).triu(1)
            ),
            "The disturbances add up: a sum over the other features, not a mean.": lambda features, directions: (
                crosstalk(features, directions) / len(directions)
            ),
            "One number for each reading is asked for, (batch, n): leave them apart, do not sum over the batch.": lambda features, directions: (
                crosstalk(features, directions).sum(dim=0)
            ),
            "One number for each reading is asked for, (batch, n): do not average over the features.": lambda features, directions: (
                crosstalk(features, directions).mean(dim=1)
            ),
            "One number for each reading is asked for; a cell below takes the root mean square.": lambda features, directions: (
                crosstalk(features, directions).square().mean().sqrt()
            ),
            "All pairs overlap fully in yours: the cosines are missing.": lambda features, directions: (
                features @ (1 - torch.eye(len(directions)))
            ),
            "Yours multiplies by 1 - f: subtract the feature from its reading, whatever its strength.": lambda features, directions: (
                features @ _gram(directions) * (1 - features)
            ),
        },
        variants={
            "matrix of cosines": lambda features, directions: (
                features @ (directions @ directions.T - torch.eye(len(directions)))
            ),
            "diagonal left out": lambda features, directions: (
                features @ (directions @ directions.T).fill_diagonal_(0)
            ),
            "einsum": lambda features, directions: (
                torch.einsum("bn,nd,md->bm", features, directions, directions) - features
            ),
        },
        explanation="""
            Feature j is heard in reading i with the cosine of their angle. So the reading of i is feature i itself plus
            a sum over the others, each weighted with a cosine, some positive and some negative. That sum is the price of
            having more features than dimensions.""",
    ),
    "excess_kurtosis": Exercise(
        excess_kurtosis,
        cases=_sample_cases,
        difficulty=1,
        hints=(
            "Centre each column, then divide the mean fourth power by the square of the mean square, and take 3 away.",
            "`x - x.mean(dim=0)` centres; means run over the rows, `dim=0`.",
            "With `centred`: `centred.pow(4).mean(dim=0) / centred.square().mean(dim=0).square() - 3`.",
        ),
        slips={
            "That is the kurtosis; the excess is what it has over a normal distribution's 3.": lambda x: (
                excess_kurtosis(x) + 3
            ),
            "The *fourth* power: with the third it is the skewness, of which no 3 is taken.": lambda x: (
                (x - x.mean(dim=0)).pow(3).mean(dim=0) / (x - x.mean(dim=0)).square().mean(dim=0) ** 1.5 - 3
            ),
            "Centre each column first: subtract its mean.": lambda x: (
                x.pow(4).mean(dim=0) / x.square().mean(dim=0).square() - 3
            ),
            "One number a column: means run over `dim=0`, not over everything.": lambda x: (
                (x - x.mean()).pow(4).mean() / (x - x.mean()).square().mean().square() - 3
            ),
            "`var` and `std` divide by n - 1 unless told otherwise; here the plain mean of the squares is meant.": lambda x: (
                (x - x.mean(dim=0)).pow(4).mean(dim=0) / x.var(dim=0).square() - 3
            ),
            "The variance below the line has to be squared, or the result depends on the units of `x`.": lambda x: (
                (x - x.mean(dim=0)).pow(4).mean(dim=0) / (x - x.mean(dim=0)).square().mean(dim=0) - 3
            ),
            "With sums in place of means the ratio is n times too small.": lambda x: (
                (excess_kurtosis(x) + 3) / len(x) - 3
            ),
            "One number a column: the variance and the fourth moment are averaged over the rows only, `dim=0`.": lambda x: (
                (x - x.mean(dim=0)).pow(4).mean() / (x - x.mean(dim=0)).square().mean().square() - 3
            ),
            "A column is what is judged: means run down the rows, `dim=0`, not along them.": lambda x: (
                excess_kurtosis(x.T)
            ),
            "Each column has a mean of its own: `x.mean(dim=0)`, not `x.mean()`.": lambda x: (
                (x - x.mean()).pow(4).mean(dim=0) / (x - x.mean()).square().mean(dim=0).square() - 3
            ),
            "Centre by the mean, not by the median.": lambda x: (
                (x - x.median(dim=0).values).pow(4).mean(dim=0)
                / (x - x.median(dim=0).values).square().mean(dim=0).square()
                - 3
            ),
            "Below the line the column is not centred: the variance is the mean square *around the mean*.": lambda x: (
                (x - x.mean(dim=0)).pow(4).mean(dim=0) / x.square().mean(dim=0).square() - 3
            ),
            "That is the skewness, which has a third power above the line.": lambda x: (
                (x - x.mean(dim=0)).pow(3).mean(dim=0) / x.var(dim=0, correction=0).pow(1.5)
            ),
            "The power comes before the mean: the mean of what is centred is 0.": lambda x: (
                (x - x.mean(dim=0)).mean(dim=0).pow(4) / x.var(dim=0, correction=0).square() - 3
            ),
            "Take the means above and below the line first, then divide.": lambda x: (
                ((x - x.mean(dim=0)).pow(4) / (x - x.mean(dim=0)).square().square()).mean(dim=0) - 3
            ),
            "The 3 is taken from the whole ratio, not from the fourth moment.": lambda x: (
                ((x - x.mean(dim=0)).pow(4).mean(dim=0) - 3) / x.var(dim=0, correction=0).square()
            ),
            "The 3 is taken from the whole ratio, not from what is below the line.": lambda x: (
                (x - x.mean(dim=0)).pow(4).mean(dim=0) / (x.var(dim=0, correction=0).square() - 3)
            ),
            "Subtract the normal distribution's 3; yours adds it.": lambda x: excess_kurtosis(x) + 6,
            "The sign is turned round: the kurtosis less 3.": lambda x: -excess_kurtosis(x),
            "It is upside down: the fourth moment stands above the line.": lambda x: (
                1 / (excess_kurtosis(x) + 3) - 3
            ),
            "Below the line stands the variance squared, which is the standard deviation to the fourth; yours has its first power.": lambda x: (
                (x - x.mean(dim=0)).pow(4).mean(dim=0) / x.std(dim=0, correction=0) - 3
            ),
            "Below the line stands the variance squared; yours is `std()`, which also divides by n - 1.": lambda x: (
                (x - x.mean(dim=0)).pow(4).mean(dim=0) / x.std(dim=0) - 3
            ),
            "The variance is squared, not raised to the fourth: x is in it as a square already.": lambda x: (
                (x - x.mean(dim=0)).pow(4).mean(dim=0) / x.var(dim=0, correction=0).pow(4) - 3
            ),
            "Nothing is divided: below the line stands the squared variance.": lambda x: (
                (x - x.mean(dim=0)).pow(4).mean(dim=0) - 3
            ),
            "Above the line stands the mean fourth power, not the squared variance.": lambda x: (
                x.var(dim=0, correction=0).square() - 3
            ),
            "Close: that is the version which corrects for small samples. The task's is plain means, dividing by n.": lambda x: (
                (len(x) - 1) / ((len(x) - 2) * (len(x) - 3)) * ((len(x) + 1) * excess_kurtosis(x) + 6)
            ),
        },
        variants={
            "standardised": lambda x: (
                ((x - x.mean(dim=0)) / x.std(dim=0, correction=0)).pow(4).mean(dim=0) - 3
            ),
            "var": lambda x: (x - x.mean(dim=0)).pow(4).mean(dim=0) / x.var(dim=0, correction=0).square() - 3,
            "column by column": lambda x: torch.stack(
                [((c - c.mean()) ** 4).mean() / ((c - c.mean()) ** 2).mean() ** 2 - 3 for c in x.T]
            ),
        },
        explanation="""
            The fourth power listens to rare large values and hardly to anything else, and dividing by the squared variance
            takes the units out. A normal distribution has 3, so what is left after subtracting it says how much heavier
            the tails are: negative for a flat distribution, large for a feature that is mostly absent.""",
    ),
    "local_map": Exercise(
        local_map,
        cases=_network_cases,
        difficulty=3,
        hints=(
            "Before any ReLU the map is `weights[0]` and `biases[0]`. How does it change when it goes through one ReLU and one more layer?",
            "Which neurons are on is decided by `A @ x + c > 0`. A neuron that is off contributes nothing: its row of A and its entry of c become 0.",
            "The next layer then gives `A = W @ (A * on[:, None])` and `c = W @ (c * on) + b`.",
        ),
        judge=_judge_local_map,
        slips={
            **dict(reversed(_MAP_MISTAKES)),
            "A neuron is a row of A, and `A * on` scales columns: write `on[:, None]`.": partial(
                _composed, step=lambda A, c, on, W, b: (W @ (A * (on > 0)), W @ (c * (on > 0)) + b)
            ),
            "The later layer acts last, so it stands on the left: `W @ A`.": partial(
                _composed, step=lambda A, c, on, W, b: ((A * on[:, None]) @ W, W @ (c * on) + b)
            ),
            "Two results are asked for, `return A, c`; this is the network's answer at `x`.": _answer,
            "Two results are asked for, `return A, c`; this is A alone.": lambda x, weights, biases: (
                local_map(x, weights, biases)[0]
            ),
        },
        variants={
            "Jacobian": _by_jacobian,
            "diagonal matrices": _by_diagonals,
            "hidden layer kept beside": lambda x, weights, biases: _decided_beside(x, weights, biases),
        },
        explanation="""
            Around `x` every ReLU is settled: it is either "pass" or "zero". So the network is a chain of affine maps, and
            a chain of affine maps is one affine map. It stays the same until you walk across a border, where one neuron
            changes its mind.""",
    ),
    "active_budget": Answer(
        active_budget,
        cases=_width_cases,
        difficulty=1,
        hints=(
            "Set the scatter √(k/d) equal to 1/4 and solve for k.",
            "Square both sides: k/d = 1/16.",
        ),
        slips={
            "Square it: √(k/d) = 1/4 means k/d = 1/16.": lambda d_model: d_model / 4,
            "You solved for d; here d is given and k is asked for.": lambda d_model: 16 * d_model,
            "Undo the root by squaring: (1/4)² is 1/16, not 1/2.": lambda d_model: d_model / 2,
            "Squaring 1/4 gives 1/16; twice a quarter in the denominator is 1/8.": lambda d_model: (
                d_model / 8
            ),
            "The root is over k/d as a whole: square both sides and there is no root left.": lambda d_model: (
                math.sqrt(d_model) / 4
            ),
            "With k = d the crosstalk is as large as the signal; it is to be a quarter of it.": lambda d_model: (
                d_model
            ),
            "The quarter is the crosstalk; the number of features k is asked for.": lambda d_model: 0.25,
            "The square is taken once too often: k/d is 1/16, so k is d/16.": lambda d_model: (
                (d_model / 16) ** 2
            ),
            "Nothing is taken off for the feature itself: the law is √(k/d) as it stands.": lambda d_model: (
                d_model / 16 - 1
            ),
            "The inverse: k/d is 1/16, so k is much smaller than d.": lambda d_model: 4 * d_model,
            "The law has k/d under the root, not k alone: the width counts.": lambda d_model: 1 / 16,
        },
    ),
}

QUIZZES = {
    "room": Quiz(
        (
            Single(
                "You draw two directions at random in a space whose dimension you then make four times as large. What "
                "happens to the typical size of their cosine?",
                (
                    Option(
                        "It stays the same: random is random.",
                        "in more dimensions there are more ways to be perpendicular.",
                    ),
                    Option(
                        "It falls to a quarter.",
                        "the *variance* does; the cosine's size goes with its square root.",
                    ),
                    Option(
                        "It is halved.",
                        "the standard deviation is 1/√d, and √4 = 2.",
                        right=True,
                    ),
                    Option(
                        "It becomes zero.",
                        "random directions are almost perpendicular, never exactly.",
                    ),
                ),
            ),
            Multiple(
                "A layer of 100 neurons is to hold 1,000 features. Which of these make it easier?",
                (
                    Option(
                        "Only a few of the features are present at a time.",
                        "each active feature adds crosstalk to every reading; few of them add little.",
                        right=True,
                    ),
                    Option(
                        "All directions are made ten times as long.",
                        "signal and crosstalk grow alike; what decides is the angles.",
                    ),
                    Option(
                        "Readings pass through a ReLU with a threshold.",
                        "small crosstalk stays below the threshold and is cut off: this is what toy models use on day 4.",
                        right=True,
                    ),
                    Option(
                        "Half of the features are present at any time.",
                        "that is the worst case: with so many voices every reading drowns.",
                    ),
                ),
            ),
            Numeric(
                "A concept direction has two neurons of equal weight and zeros elsewhere. What is its participation ratio?",
                value=2.0,
                tolerance=0.01,
                why="with weights a, a: (2a²)² / 2a⁴ = 2, whatever a is.",
                slips={
                    0.5: "Upside down: it counts neurons, so it is at least 1.",
                    1.0: "One neuron alone would give 1.",
                    4.0: "Divide by the sum of the fourth powers, which is 2a⁴.",
                },
            ),
            Single(
                "Welch says that five directions in the plane must have a worst |cos| of at least 0.61. The best there are, "
                "a regular pentagon's, have 0.81. Why is there a gap?",
                (
                    Option(
                        "The bound is one for directions that are drawn at random, and a pentagon's are chosen.",
                        "it holds for all directions, whoever chose them.",
                    ),
                    Option(
                        "It bounds a mean over all pairs, and the pentagon's pairs are not all alike.",
                        "the pentagon's root mean square meets the bound; a worst pair equal to the mean needs all "
                        "angles equal, and the plane has room for three such lines only.",
                        right=True,
                    ),
                    Option(
                        "The descent got stuck: from other starts it would find an arrangement with 0.61.",
                        "nothing better than the regular pentagon exists in the plane.",
                    ),
                    Option(
                        "A pentagon has sides, so its directions are not of length 1 as the bound assumes.",
                        "a cosine does not see lengths.",
                    ),
                ),
            ),
            Ordering(
                "Order these by E[x⁴] / E[x²]², which says how well a dimension can be shared, smallest first.",
                (
                    Option("uniform between -1 and 1", "flat and bounded: 1.8."),
                    Option("normal around zero", "3."),
                    Option("1 in one of 20 cases, else 0", "mostly zero, sometimes far away: 1/p = 20."),
                    Option(
                        "1 in one of 1,000 cases, else 0", "the rarer, the heavier the tail: 1/p = 1,000."
                    ),
                ),
                shown=(2, 0, 3, 1),
            ),
        )
    ),
}

PREDICTIONS = {
    "bits": Numeric(
        "Of 117,659 concepts 10 are present. How many bits say which?",
        value=147.0,
        tolerance=30.0,
        unit="bits",
        why="To name one takes 17; ten take a little less than 170, as it does not matter which is named first.",
    ),
    "cosines": Single(
        "What does the histogram of the cosines look like in 3, in 30 and in 768 dimensions?",
        (
            Option(
                "A hill around 0 in all three, the narrower the more dimensions there are.",
                "In 30 and in 768 it is one, of width 0.183 and 0.036; in 3 no cosine is likelier than another.",
            ),
            Option(
                "Flat in 3, a hill around 0 in 30, a needle at 0 in 768.",
                "The standard deviations are 0.576, 0.183 and 0.036: nearly any two directions stand nearly at a right angle.",
                right=True,
            ),
            Option(
                "Flat in all three: a random direction may point anywhere.",
                "In 3 dimensions it is; in 768 nearly all there is lies around the equator, and the standard deviation is 0.036.",
            ),
        ),
    ),
    "weights": Single(
        "A row is a concept, a column a neuron. What will the picture of the weights look like?",
        (
            Option(
                "A few bright spots in each row, the concept's own neurons, and little else.",
                "No: the median concept spans 229 of 1,024 neurons.",
            ),
            Option(
                "Bright columns: a few neurons carry all the concepts.",
                "No: the median neuron serves 32 of 112 concepts, and no column stands out.",
            ),
            Option(
                "Colour all over: many neurons have some weight in each concept.",
                "The median concept spans 229 of 1,024 neurons.",
                right=True,
            ),
        ),
        of_pocket=True,
    ),
    "axes": Single(
        "In which of the two places does the best axis beat the best of as many random directions?",
        (
            Option("In both.", "Not in the residual stream: 0.74 against 0.74."),
            Option(
                "Among the MLP neurons only.",
                "0.79 against 0.68 there, and 0.74 against 0.74 in the residual stream.",
                right=True,
            ),
            Option(
                "In the residual stream only, as all layers read from it.",
                "It is there that they do not: 0.74 against 0.74.",
            ),
            Option("In neither.", "Among the neurons they do: 0.79 against 0.68."),
        ),
        of_pocket=True,
    ),
    "four_times": Single(
        "With four times as many active features, by what factor does the crosstalk grow?",
        (
            Option("By 4.", "That would be so if all terms had one sign; signs that differ cancel in part."),
            Option("By 2.", "It grows as the square root: a slope of 0.50 on logarithmic axes.", right=True),
            Option("Not at all.", "Random signs cancel in part, never all of it: the slope is 0.50, not 0."),
        ),
    ),
    "sharing": Single(
        "What decides whether two features should share a dimension?",
        (
            Option(
                "Only how often a feature is present.",
                "At p = 0.5 sharing loses with strengths that are always 1 (2.0) and wins with uniform ones (0.8).",
            ),
            Option(
                "Only how its strength is distributed when it is present.",
                "Uniform strengths lose at p = 0.9 and win at p = 0.5.",
            ),
            Option(
                "Both: the more alike its strengths, the more often it may be present.",
                "The other way round: at p = 0.5 strengths that are always 1 lose (2.0), exponential ones win (0.3).",
            ),
            Option(
                "Both: the more its strengths differ, the more often it may be present.",
                "At p = 0.5 sharing costs 2.0 times as much as giving the dimension away if strengths are always 1, and 0.3 times if they are exponential.",
                right=True,
            ),
        ),
    ),
    "regions": Numeric(
        "One layer of seven makes 29 regions. How many do three layers of seven make, with our random weights?",
        value=215.0,
        tolerance=75.0,
        unit="regions",
        why="The bound is 24,389, and random weights come nowhere near it.",
    ),
}
