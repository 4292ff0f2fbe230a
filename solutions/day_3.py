"""Day 3: Superposition."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize, one_hot

from course_utils.exercises import Answer, Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.worlds import (
    cosine_matrix,
    excess_kurtosis,
    local_map,
    packing_loss,
    participation_ratio,
    welch_bound,
)


def _random(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


# ── cosine_matrix ───────────────────────────────────────────────────────────────────────────────────────────────────


def _direction_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[3.0, 4.0], [2.0, 0.0], [0.0, -5.0]])
    few, many = _random(seed, (4, 7), (6, 3))
    return [(by_head,), (2 * few,), (many + 0.3,)]


# ── welch_bound ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _welch_cases(seed: int = 0) -> list[tuple]:
    return [(4, 3), (5, 2), (3, 3), (4, 9), (40 + 7 * seed, 6 + seed), (2000 + seed, 256)]


# ── packing_loss ────────────────────────────────────────────────────────────────────────────────────────────────────


def _packing_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[3.0, 4.0], [2.0, 0.0], [0.0, -5.0]])
    few, many = _random(seed, (4, 6), (7, 3))
    # shifted: more small angles than large ones
    cases = [
        (by_head, 2.0),
        (3 * few + 2, 3.0),
        (many + 1.5, 9.0),
    ]
    return [(directions.requires_grad_(), p) for directions, p in cases]  # as in the notebook


def _off_diagonal(directions: Tensor) -> Tensor:
    n = len(directions)
    return cosine_matrix(directions)[~torch.eye(n, dtype=torch.bool)]


def _pair_by_pair(directions: Tensor, p: float) -> Tensor:
    total, n = 0.0, len(directions)
    for i in range(n):
        for j in range(i):
            total = total + cosine_similarity(directions[i], directions[j], dim=0).abs() ** p
    return (total / (n * (n - 1) / 2)) ** (1 / p)


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
    means = _means(values, concept_ids, n_concepts)
    others = torch.stack([values[concept_ids != c].mean(dim=0) for c in range(n_concepts)])
    return means - others


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
    by_head = torch.tensor([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0], [4.0, 6.0]])
    some, others = _random(seed, (30, 4), (12, 3))
    return [(by_head,), (3 * some.pow(3) + 2,), (others.exp(),)]


# ── local_map ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _network_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([1.0, 2.0]),
        [torch.tensor([[1.0, 0.0], [0.0, -1.0], [1.0, 1.0]]), torch.tensor([[2.0, 3.0, -1.0]])],
        [torch.tensor([0.5, 0.0, -1.0]), torch.tensor([4.0])],
    )
    cases = [by_head]
    for n, sizes in enumerate([(2, 9, 7, 3), (4, 6, 1), (3, 8, 8, 6, 2)]):
        shapes = list(zip(sizes[1:], sizes, strict=False))
        x, *rest = _random(10 * seed + n, (sizes[0],), *shapes, *[(size,) for size in sizes[1:]])
        cases.append((x, rest[: len(shapes)], rest[len(shapes) :]))
    return cases


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


def _composed(
    x: Tensor,
    weights: list[Tensor],
    biases: list[Tensor],
    *,
    gate: bool = True,
    gate_bias: bool = True,
    bias: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """The right way round, with one step left out."""
    A, c, h = weights[0], bias * biases[0], x
    h = weights[0] @ x + biases[0]
    for W, b in zip(weights[1:], biases[1:], strict=True):
        on = (h > 0).float() if gate else torch.ones_like(h)
        A, c = W @ (A * on[:, None]), W @ (c * on if gate_bias else c) + bias * b
        h = W @ torch.relu(h) + b
    return A, c


def _gated_by_weights(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> tuple[Tensor, Tensor]:
    A, c = weights[0], biases[0]
    for W, b in zip(weights[1:], biases[1:], strict=True):
        on = A @ x > 0
        A, c = W @ (A * on[:, None]), W @ (c * on) + b
    return A, c


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
        slips={
            "Take the square root: this is the bound on the squared cosine.": lambda n, d: (
                max(n - d, 0) / (d * (n - 1))
            ),
            "With n <= d all directions can stand at right angles: the bound is 0 there.": lambda n, d: (
                math.sqrt(abs(n - d) / (d * (n - 1)))
            ),
            "With n < d the formula asks for the root of a negative number. All directions can stand at right angles there: what is the worst |cos| then?": lambda n, d: (
                math.sqrt((n - d) / (d * (n - 1)))
            ),
            "With n < d the power makes a complex number of a negative one. All directions can stand at right angles there: what is the worst |cos| then?": lambda n, d: (
                ((n - d) / (d * (n - 1))) ** 0.5
            ),
            "Each direction is compared with the n - 1 others, not with itself as well: divide by d (n - 1).": lambda n, d: (
                math.sqrt(max(n - d, 0) / (d * n))
            ),
            "Under the line stands d (n - 1): the dimensions are missing.": lambda n, d: math.sqrt(
                max(n - d, 0) / (n - 1)
            ),
            "n counts the directions and d the dimensions; you have them the other way round.": lambda n, d: (
                math.sqrt(max(d - n, 0) / (n * (d - 1)))
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
            "The direction should point from the others to the concept; yours points back.": lambda values, concept_ids, n_concepts: (
                -concept_directions(values, concept_ids, n_concepts)
            ),
            "Every other row counts the same: the mean of the concepts' means lets rare concepts count as much as common ones.": _from_the_mean_of_means,
            "One row a concept: yours has been scaled along the wrong axis. A direction is a row, so `dim=1`.": lambda values, concept_ids, n_concepts: (
                normalize(_without_length(values, concept_ids, n_concepts), dim=0)
            ),
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
            "The readings are `x @ directions.T`, and the crosstalk is what they have too much: minus `features`.",
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
        slips={
            "The ReLUs are missing: neurons that are off at `x` must pass nothing on.": lambda x, weights, biases: (
                _composed(x, weights, biases, gate=False)
            ),
            "A neuron that is off loses its constant too: multiply `c` with `on` as well.": lambda x, weights, biases: (
                _composed(x, weights, biases, gate_bias=False)
            ),
            "The slope is right, the constant is not: the biases are missing.": lambda x, weights, biases: (
                _composed(x, weights, biases, bias=0.0)
            ),
            "The bias takes part in the decision: a neuron is on when `A @ x + c > 0`.": _gated_by_weights,
        },
        variants={
            "Jacobian": _by_jacobian,
            "diagonal matrices": _by_diagonals,
            "hidden layer kept beside": lambda x, weights, biases: _composed(x, weights, biases),
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
                        "The features all have the same length of direction.",
                        "lengths scale signal and crosstalk alike; the angles decide.",
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
                        "The bound holds for random directions only.",
                        "it holds for all directions, whoever chose them.",
                    ),
                    Option(
                        "The bound is the root mean square over the pairs, and the pentagon's pairs are not all alike.",
                        "its root mean square meets the bound; a worst pair equal to the mean needs all angles equal, "
                        "and the plane has room for three such lines only.",
                        right=True,
                    ),
                    Option(
                        "A better optimiser would find 0.61.",
                        "nothing better than the regular pentagon exists in the plane.",
                    ),
                    Option(
                        "The pentagon's directions should have different lengths.",
                        "a cosine does not see lengths.",
                    ),
                ),
            ),
            Ordering(
                "Order these activations by their excess kurtosis, smallest first.",
                (
                    Option("uniform between -1 and 1", "flat and bounded: -1.2."),
                    Option("normal", "0, by definition of *excess*."),
                    Option("a feature present in one of 20 cases", "mostly zero, sometimes far away."),
                    Option(
                        "a feature present in one of 1,000 cases",
                        "the rarer, the heavier the tail: about 1/p.",
                    ),
                ),
                shown=(2, 0, 3, 1),
            ),
        )
    ),
}
