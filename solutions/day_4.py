"""Day 4: Toy models of superposition."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.exercises import Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.worlds import feature_dimensionality, toy_loss


def _random(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


# ── toy_output ──────────────────────────────────────────────────────────────────────────────────────────────────────


def toy_output(features: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """relu(Wᵀ W x + b) for every row x of ``features`` (batch, n_features)."""
    hidden = features @ W.T
    return torch.relu(hidden @ W + b)


def _output_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[1.0, 0.0, 0.5]]),
        torch.tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]]),
        torch.tensor([0.25, -1.0, 0.1]),
    )
    cases = [by_head]
    for n, (batch, d_hidden, n_features) in enumerate([(6, 3, 5), (4, 2, 7)]):
        x, W, b = _random(10 * seed + n, (batch, n_features), (d_hidden, n_features), (n_features,))
        cases.append((x.abs() + 0.1 * seed, W, b))
    return cases


# ── toy_loss ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _loss_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[1.0, 0.0], [0.0, 3.0]]),
        torch.tensor([[0.0, 0.0], [2.0, 1.0]]),
        torch.tensor([1.0, 0.5]),
    )
    cases = [by_head]
    for n, shape in enumerate([(5, 3), (3, 6)]):
        output, target, importance = _random(10 * seed + n, shape, shape, (shape[1],))
        cases.append((output, 2 * target, importance.exp()))
    return cases


# ── mean_biases ─────────────────────────────────────────────────────────────────────────────────────────────────────


def mean_biases(W: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """For each instance the mean bias of the features with a direction, and of those without."""
    has_direction = W.norm(dim=1) > 0.5
    with_one = (b * has_direction).sum(dim=1) / has_direction.sum(dim=1)
    without = (b * ~has_direction).sum(dim=1) / (~has_direction).sum(dim=1)
    return with_one, without


def _bias_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[[1.0, 0.0, 0.3, 0.1], [0.0, -0.8, 0.1, -0.4]]]),
        torch.tensor([[0.1, -0.7, 0.8, 0.2]]),
    )
    edge = (  # above a half in length are (-0.9, 0), (0.4, 0.4) and (0.6, 0.1), but neither (0.5, 0) nor (0.3, 0.3)
        torch.tensor(
            [
                [[0.5, -0.9, 0.4, 0.6, 0.1], [0.0, 0.0, 0.4, 0.1, 0.1]],
                [[0.3, 0.1, 0.6, 0.0, -0.9], [0.3, 0.2, -0.7, 0.1, -0.2]],
            ]
        ),
        torch.tensor([[0.5, -1.0, 0.25, 0.7, 3.0], [0.75, 0.5, -2.0, -0.6, 0.3]]),
    )
    W, b = _random(seed, (4, 3, 6), (4, 6))
    W[:, :, :2] *= 0.1  # without a direction
    W[:, 0, 2] += 3.0  # with one
    b[:, 0], b[:, 1] = b[:, 0].abs(), -b[:, 1].abs()
    return [by_head, edge, (W, b)]


def _biases_by_loops(W: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    long = [torch.linalg.vector_norm(model, dim=0) > 0.5 for model in W]
    return (
        torch.stack([biases[mask].mean() for biases, mask in zip(b, long, strict=True)]),
        torch.stack([biases[~mask].mean() for biases, mask in zip(b, long, strict=True)]),
    )


def _biases_by_nanmean(W: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    long = W.pow(2).sum(dim=1) > 0.25
    return (
        torch.where(long, b, torch.nan).nanmean(dim=1),
        torch.where(long, torch.nan, b).nanmean(dim=1),
    )


def _masked_means(b: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    return (b * mask).sum(dim=1) / mask.sum(dim=1), (b * ~mask).sum(dim=1) / (~mask).sum(dim=1)


# ── interference ────────────────────────────────────────────────────────────────────────────────────────────────────


def interference(W: Tensor) -> Tensor:
    """For each column of W, the squared parts of all other columns that lie along it, summed."""
    along = normalize(W, dim=-2).mT @ W
    everything = along.square().sum(dim=-1)
    itself = along.diagonal(dim1=-2, dim2=-1).square()
    return everything - itself


def _interference_loops(W: Tensor) -> Tensor:
    out = torch.zeros(W.shape[0], W.shape[2])
    for k, model in enumerate(W):
        for i, w in enumerate(model.T):
            for j, v in enumerate(model.T):
                if i != j:
                    out[k, i] += torch.dot(w / w.norm(), v) ** 2
    return out


def _interference_masked(W: Tensor) -> Tensor:
    along = torch.einsum("kdi,kdj->kij", W / W.norm(dim=1, keepdim=True), W)
    return (along * (1 - torch.eye(W.shape[2]))).pow(2).sum(dim=2)


def _W_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[[2.0, 0.0, -3.0], [0.0, 1.0, 4.0]]])
    one, two = _random(seed, (3, 2, 5), (2, 4, 3))
    return [(by_head,), (one,), (1.5 * two,)]


# ── feature_dimensionality ──────────────────────────────────────────────────────────────────────────────────────────


def _dimensionality_by_products(W: Tensor) -> Tensor:
    products = torch.einsum("kdi,kdj->kij", W, W)
    return products.diagonal(dim1=1, dim2=2) ** 2 / (products**2).sum(dim=2)


def _dimensionality_loops(W: Tensor) -> Tensor:
    rows = []
    for model in W:
        columns = list(model.T)
        rows.append(
            torch.stack(
                [w.norm() ** 2 / sum(torch.dot(w / w.norm(), v) ** 2 for v in columns) for w in columns]
            )
        )
    return torch.stack(rows)


# ── phase ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def phase(W: Tensor) -> Tensor:
    """0 where neither feature has a direction, 1 the first only, 2 the second only, 3 both."""
    has_direction = W.norm(dim=1) > 0.5
    return has_direction[:, 0] + 2 * has_direction[:, 1].long()


def _phase_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[[1.0, -0.9]], [[1.0, 0.1]], [[0.2, -1.1]], [[0.0, 0.3]], [[-0.7, 0.6]]])
    (drawn,) = _random(seed, (40, 1, 2))
    on_the_bar = torch.tensor([[[0.5, 0.9]], [[-0.5, 0.5]], [[0.51, -0.5]], [[0.49, 1.5]]])
    return [(by_head,), (0.8 * drawn,), (on_the_bar,)]


# ── phase_boundary ──────────────────────────────────────────────────────────────────────────────────────────────────


def phase_boundary(r: Tensor) -> Tensor:
    """The probability below which an antipodal pair loses less, when the second feature has importance ``r``."""
    low, high = r.clamp(max=1), r.clamp(min=1)
    return 4 * low / (2 * high + 5 * low)


def _boundary_cases(seed: int = 0) -> list[tuple]:
    (drawn,) = _random(seed, (6,))
    return [(torch.tensor([1.0, 0.5, 0.1]),), (torch.tensor([2.0, 10.0, 0.3]),), (drawn.exp(),)]


def _boundary_by_symmetry(r: Tensor) -> Tensor:
    r = torch.minimum(r, 1 / r)
    return 4 * r / (2 + 5 * r)


def _boundary_by_bisection(r: Tensor) -> Tensor:
    below, above = torch.zeros_like(r), torch.ones_like(r)
    p = below
    for _ in range(40):
        p = (below + above) / 2
        antipodal_wins = p**2 * (1 + r) / 6 < r.clamp(max=1) * (p / 3 - p**2 / 4)
        below, above = torch.where(antipodal_wins, p, below), torch.where(antipodal_wins, above, p)
    return p


# ── features_per_neuron ─────────────────────────────────────────────────────────────────────────────────────────────


def features_per_neuron(W: Tensor) -> Tensor:
    """How many features each neuron carries: weights at least half as large as its largest; 0 for a dead neuron."""
    size = W.abs()
    largest = size.amax(dim=-1, keepdim=True)
    carried = (size >= 0.5 * largest) & (largest > 0.1)
    return carried.sum(dim=-1)


def _neuron_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[[1.0, -0.6, 0.4], [0.05, 0.03, 0.02], [0.0, -2.0, 0.1], [0.5, 0.5, -0.5]]])
    on_the_bar = torch.tensor(  # half precision rounds 0.4999 up; 0.5 and -1.0 are exactly half
        [[[1.0, 0.4999, -0.4999, 0.4998], [-2.0, 1.0, -1.0, 0.9998], [0.25, 0.125, 0.1249, 0.0]]]
    )
    just_dead = torch.tensor([[[0.1, -0.1, 0.0], [-0.1, 0.02, 0.06]]], dtype=torch.float64)
    (drawn,) = _random(seed, (3, 4, 6))
    cases = [by_head, drawn, 0.04 * drawn, 0.15 * drawn.clamp(-1, 1), on_the_bar, just_dead]
    return [(W,) for W in cases]


def _neuron_loops(W: Tensor) -> Tensor:
    counts = []
    for model in W:
        row = []
        for neuron in model:
            top = max(abs(v) for v in neuron.tolist())
            row.append(sum(abs(v) >= top / 2 for v in neuron.tolist()) if top > 0.1 else 0)
        counts.append(row)
    return torch.tensor(counts)


# ── absolute_value_weights ──────────────────────────────────────────────────────────────────────────────────────────


def absolute_value_weights(n: int) -> tuple[Tensor, Tensor]:
    """W_in and W_out, (2n, n) both, with relu(x @ W_in.T) @ W_out = |x|."""
    one_each = torch.eye(n)
    W_in = torch.cat([one_each, -one_each])
    W_out = torch.cat([one_each, one_each])
    return W_in, W_out


def _absolute_cases(seed: int = 0) -> list[tuple]:
    return [(1,), (3,), (5 + seed,)]


def _gives_absolute_values(yours: tuple, expected: tuple, args: tuple) -> bool | str:
    """The same outputs: the order of the neurons and their scales are free."""
    (n,) = args
    for name, mine, right in zip(("W_in", "W_out"), yours, expected, strict=True):
        if mine.shape != right.shape:
            return f"{name} has shape {tuple(mine.shape)}, expected is {tuple(right.shape)}: a row for each neuron."
    if yours[0].shape != (2 * n, n):
        return all(torch.equal(mine, right) for mine, right in zip(yours, expected, strict=True))
    x = torch.cat([torch.eye(n), -torch.eye(n), _random(n, (20, n))[0]]).double()
    mine, right = (torch.relu(x @ W_in.double().T) @ W_out.double() for W_in, W_out in (yours, expected))
    if torch.allclose(mine, right, rtol=1e-4, atol=1e-5):
        return True
    return f"relu(x @ W_in.T) @ W_out is not |x|: {_how_it_fails(mine, right, n)}."


def _how_it_fails(mine: Tensor, right: Tensor, n: int) -> str:
    """In words, for inputs of which the first 2n have one feature on, at 1 and then at −1."""
    alone = mine[: 2 * n]
    if not alone.any():
        return "whatever goes in, 0 comes out"
    if not torch.allclose(alone * (1 - right[: 2 * n]), torch.zeros(1).double(), atol=1e-5):
        return "a feature that is on alone comes out in the place of another one too"
    for sign, rows in ((1, alone[:n]), (-1, alone[n:])):
        gain = rows.diagonal()
        if not torch.allclose(gain, torch.ones(n).double(), rtol=1e-4):
            worst = gain[(gain - 1).abs().argmax()]
            return f"a feature of {sign} comes out as {worst:.2f}"
    return "a feature is disturbed when others are on as well"


def _neurons_in_turn(n: int) -> tuple[Tensor, Tensor]:
    W_in, W_out = torch.zeros(2 * n, n), torch.zeros(2 * n, n)
    for i in range(n):
        W_in[2 * i, i], W_in[2 * i + 1, i] = 2.0, -3.0
        W_out[2 * i, i], W_out[2 * i + 1, i] = 1 / 2, 1 / 3
    return W_in, W_out


# ── polysemanticity ─────────────────────────────────────────────────────────────────────────────────────────────────


def polysemanticity(W: Tensor) -> Tensor:
    """For each instance, |W_ki| |W_kj| summed over all neurons k and pairs of different features i < j."""
    size = W.abs()
    all_pairs = size.sum(dim=2).square()
    with_itself = size.square().sum(dim=2)
    return ((all_pairs - with_itself) / 2).sum(dim=1)


def _pairs_by_product(W: Tensor) -> Tensor:
    size = W.abs()
    products = torch.einsum("nki,nkj->nij", size, size)
    return products.triu(diagonal=1).sum(dim=(1, 2))


def _pairs_by_loops(W: Tensor) -> Tensor:
    size, total = W.abs(), torch.zeros(len(W))
    for i in range(W.shape[2]):
        for j in range(i):
            total = total + (size[:, :, i] * size[:, :, j]).sum(dim=1)
    return total


EXERCISES = {
    "toy_output": Exercise(
        toy_output,
        cases=_output_cases,
        gradient=("W", "b"),
        difficulty=1,
        hints=(
            "Down and up again: the features become `d_hidden` numbers, and these are read off with the same weights.",
            "`features` is (batch, n_features) and `W` (d_hidden, n_features): `features @ W.T` is (batch, d_hidden).",
            "The way up is `hidden @ W + b`, and a `relu` comes last.",
        ),
        slips={
            "Almost: the `relu` at the end is missing, so outputs can be negative.": lambda features, W, b: (
                features @ W.T @ W + b
            ),
            "The bias has to be inside the `relu`: it decides how much interference is cut off.": lambda features, W, b: (
                torch.relu(features @ W.T @ W) + b
            ),
            "The bias `b` is missing.": lambda features, W, b: torch.relu(features @ W.T @ W),
            "This model's hidden layer is linear: the only `relu` is at the output.": lambda features, W, b: (
                torch.relu(torch.relu(features @ W.T) @ W + b)
            ),
            "The bias is added; yours takes it away.": lambda features, W, b: torch.relu(
                features @ W.T @ W - b
            ),
            "That is the hidden layer; it still has to be read off with `W`, and then comes the `relu`.": lambda features, W, b: (
                features @ W.T
            ),
            "That is the hidden layer; the way back up to the features, `@ W + b`, is missing.": lambda features, W, b: (
                torch.relu(features @ W.T)
            ),
            "The way down takes `W.T`: `features` ends in n_features, as `W` does, and what is multiplied must meet.": lambda features, W, b: (
                torch.relu(features @ W @ W.T + b)
            ),
            "On paper x is a column; here each input is a row, so it stands on the left: `features @ W.T`.": lambda features, W, b: (
                torch.relu(W.T @ (W @ features) + b)
            ),
            "The way up multiplies with `W`, (d_hidden, n_features); with `W.T` it does not fit.": lambda features, W, b: (
                torch.relu(features @ W.T @ W.T + b)
            ),
            "`b` has an entry for each feature, so it is added on the way up, not to the hidden layer.": lambda features, W, b: (
                torch.relu((features @ W.T + b) @ W)
            ),
            "The input itself is not added to the output: all of it has to go through the hidden layer.": lambda features, W, b: (
                torch.relu(features @ W.T @ W + b + features)
            ),
            "`W` is used as it is: its columns are not made length 1.": lambda features, W, b: toy_output(
                features, normalize(W, dim=0), b
            ),
            "The output is not cut off at 1: the `relu` has no upper end.": lambda features, W, b: toy_output(
                features, W, b
            ).clamp(max=1),
            "A `relu` makes 0 of what is negative; yours turns its sign.": lambda features, W, b: (
                features @ W.T @ W + b
            ).abs(),
            "At the end stands a `relu`, which leaves positive numbers as they are.": lambda features, W, b: (
                torch.sigmoid(features @ W.T @ W + b)
            ),
            "A row of `features` is one input, so it stands on the left of what multiplies it: `features @ W.T @ W`.": lambda features, W, b: (
                torch.relu(W.T @ W @ features + b)
            ),
        },
        variants={
            "einsum": lambda features, W, b: (torch.einsum("nj,hj,hi->ni", features, W, W) + b).clamp(min=0),
            "gram first": lambda features, W, b: torch.relu(features @ (W.T @ W) + b),
            "row by row": lambda features, W, b: torch.stack(
                [torch.relu(W.T @ (W @ x) + b) for x in features]
            ),
        },
        explanation="""
            A row of `features` is one input, so it is multiplied from the left: what is `W x` on paper is `x @ W.T`
            here. `d_hidden` numbers are all that gets through the middle, so `Wᵀ W`, n × n, cannot be the identity.
            The `relu` and a bias below zero are what the model has against the rest.""",
    ),
    "toy_loss": Exercise(
        toy_loss,
        cases=_loss_cases,
        gradient=("output",),
        difficulty=1,
        hints=(
            "Square the errors, weight each feature by its importance, then get one number out of the table.",
            "Over the batch take the mean, over the features the sum.",
            "`(output - target)**2` is (batch, n_features), and `importance` (n_features,) broadcasts over its rows.",
        ),
        slips={
            "Sum over the features; a mean over everything divides by their number as well.": lambda output, target, importance: (
                (importance * (output - target) ** 2).mean()
            ),
            "Take the mean over the batch, not the sum: the loss should not depend on the size of the batch.": lambda output, target, importance: (
                (importance * (output - target) ** 2).sum()
            ),
            "The importance weights the squared error; yours is squared along with it.": lambda output, target, importance: (
                ((importance * (output - target)) ** 2).mean(dim=0).sum()
            ),
            "The importance is missing.": lambda output, target, importance: (
                ((output - target) ** 2).mean(dim=0).sum()
            ),
            "Squared, not absolute: many small errors should cost less than one large one.": lambda output, target, importance: (
                (importance * (output - target).abs()).mean(dim=0).sum()
            ),
            "Mean over the batch, sum over the features: yours has the two the other way round.": lambda output, target, importance: (
                (importance * (output - target) ** 2).mean(dim=1).sum()
            ),
            "One number is asked for: sum over the features as well.": lambda output, target, importance: (
                importance * (output - target) ** 2
            ).mean(dim=0),
            "One number is asked for: take the mean over the batch as well.": lambda output, target, importance: (
                (importance * (output - target) ** 2).sum(dim=1)
            ),
            "Sum and mean are still missing: one number is asked for.": lambda output, target, importance: (
                importance * (output - target) ** 2
            ),
            "The errors are not squared: those of opposite sign cancel.": lambda output, target, importance: (
                (importance * (output - target)).mean(dim=0).sum()
            ),
            "No root at the end: the loss is the sum of squares itself.": lambda output, target, importance: (
                toy_loss(output, target, importance).sqrt()
            ),
            "The weights are not made to add up to 1: do not divide by the sum of the importances.": lambda output, target, importance: (
                toy_loss(output, target, importance) / importance.sum()
            ),
            "No factor of a half: the formula has none.": lambda output, target, importance: (
                toy_loss(output, target, importance) / 2
            ),
            "Square each error before you take means; yours averages the errors over the batch first.": lambda output, target, importance: (
                (importance * (output - target).mean(dim=0) ** 2).sum()
            ),
            "Square each error by itself; yours squares their sum.": lambda output, target, importance: (
                (importance * (output - target)).sum(dim=1) ** 2
            ).mean(),
            "The importance multiplies the error; yours divides by it.": lambda output, target, importance: (
                toy_loss(output, target, 1 / importance)
            ),
            "Squared difference, not difference of squares.": lambda output, target, importance: (
                (importance * (output**2 - target**2)).mean(dim=0).sum()
            ),
            "A plain mean over everything: the importance is missing, and over the features it should be a sum.": lambda output, target, importance: (
                ((output - target) ** 2).mean()
            ),
            "A loss is something to make small: it is not below zero.": lambda output, target, importance: (
                -toy_loss(output, target, importance)
            ),
        },
        variants={
            "matmul": lambda output, target, importance: (((output - target) ** 2) @ importance).mean(),
            "sum over the batch size": lambda output, target, importance: (
                torch.einsum("f,bf->", importance, (target - output) ** 2) / len(output)
            ),
        },
        explanation="""
            A feature that matters twice as much costs twice as much when it is wrong. Summing over the features keeps
            one feature's cost the same, however many others there are. The package's version, below, takes a whole
            batch of instances as well, which is why its axes are counted from the end.""",
    ),
    "mean_biases": Exercise(
        mean_biases,
        cases=_bias_cases,
        difficulty=2,
        hints=(
            "Decide first which features have a direction: `W.norm(dim=1) > 0.5` is a yes or no for each, in every instance.",
            "How many there are differs between instances, so sum and count for each: a yes counts 1, a no 0, and `b * mask` "
            "keeps what is wanted.",
            "`(b * mask).sum(dim=1) / mask.sum(dim=1)` is a mean over the yes; with `~mask` it is one over the no.",
        ),
        slips={
            "One mean for each instance: sum over its features, `dim=1`, not over the instances.": lambda W, b: (
                tuple(
                    (b * mask).sum(dim=0) / mask.sum(dim=0)
                    for mask in (W.norm(dim=1) > 0.5, W.norm(dim=1) <= 0.5)
                )
            ),
            "The two are swapped: first the features with a direction, then those without.": lambda W, b: (
                mean_biases(W, b)[::-1]
            ),
            "That divides by all features: divide by the number of those you summed.": lambda W, b: (
                (b * (W.norm(dim=1) > 0.5)).mean(dim=1),
                (b * (W.norm(dim=1) <= 0.5)).mean(dim=1),
            ),
            "That is the sum of the biases; divide it by how many they are.": lambda W, b: (
                (b * (W.norm(dim=1) > 0.5)).sum(dim=1),
                (b * (W.norm(dim=1) <= 0.5)).sum(dim=1),
            ),
            "One number for each instance: a mask on two axes, as in `b[mask]`, runs all instances together.": lambda W, b: (
                b[W.norm(dim=1) > 0.5].mean(),
                b[W.norm(dim=1) <= 0.5].mean(),
            ),
            "A direction is a column, so its length runs along `dim=1`; yours is the length of a row.": lambda W, b: (
                _masked_means(b, W.norm(dim=2) > 0.5)
            ),
            "Longer than a half speaks of the length; yours compares its square.": lambda W, b: _masked_means(
                b, W.square().sum(dim=1) > 0.5
            ),
            "The length of a column is a root of summed squares; yours adds up its entries.": lambda W, b: (
                _masked_means(b, W.abs().sum(dim=1) > 0.5)
            ),
            "A direction can point to the negative side, and its entries add up to anything: take `W.norm(dim=1)`.": lambda W, b: (
                _masked_means(b, W.sum(dim=1) > 0.5)
            ),
            "The length of a column counts all of its entries; yours looks at the largest one.": lambda W, b: (
                _masked_means(b, W.abs().amax(dim=1) > 0.5)
            ),
            "*Longer* than a half: a column of exactly 0.5 has none yet.": lambda W, b: _masked_means(
                b, W.norm(dim=1) >= 0.5
            ),
            "The direction is the column of `W`; yours asks how large the bias is.": lambda W, b: (
                _masked_means(b, b.abs() > 0.5)
            ),
            "The plain mean: the biases have signs, and the signs are what we are after.": lambda W, b: (
                mean_biases(W, b.abs())
            ),
            "The second result is the mean over the features *without* a direction; yours runs over all.": lambda W, b: (
                mean_biases(W, b)[0],
                b.mean(dim=1),
            ),
            "The mean of the biases is asked for, not that of the lengths.": lambda W, b: mean_biases(
                W, W.norm(dim=1)
            ),
            "`b` has no axis for the hidden dimensions: compare lengths, `W.norm(dim=1)`, not single weights.": lambda W, b: (
                b[W.abs() > 0.5].mean(),
                b[W.abs() <= 0.5].mean(),
            ),
            "That is the mean over all features, twice: the two kinds have to be told apart by their directions.": lambda W, b: (
                b.mean(dim=1),
                b.mean(dim=1),
            ),
            "The *direction* decides, a column of `W`; yours sorts by the sign of the bias.": lambda W, b: (
                _masked_means(b, b > 0)
            ),
            "A direction can be negative: take its length, `W.norm(dim=1)`, not its largest entry.": lambda W, b: (
                _masked_means(b, (W > 0.5).any(dim=1))
            ),
            "The mean, not the median.": lambda W, b: (
                torch.stack([x[w.norm(dim=0) > 0.5].median() for w, x in zip(W, b, strict=True)]),
                torch.stack([x[w.norm(dim=0) <= 0.5].median() for w, x in zip(W, b, strict=True)]),
            ),
            "`W.norm()` is one number for everything: the length of each column is `W.norm(dim=1)`.": lambda W, b: (
                _masked_means(b, W.norm() > 0.5)
            ),
        },
        variants={"loops": _biases_by_loops, "nanmean": _biases_by_nanmean},
        explanation="""
            A mask multiplied in keeps what is wanted and makes 0 of the rest, so the sum is right, and the number of
            yes divides it. What it shows: a feature that was dropped comes out as its bias whatever happens, and the
            best constant is its mean. A feature that shares its direction with several others gets a bias below zero,
            which silences small disturbances.""",
    ),
    "interference": Exercise(
        interference,
        cases=_W_cases,
        difficulty=2,
        hints=(
            "Feature i is read off along its own direction, at length 1. What do the *other* columns have along it?",
            "`normalize(W, dim=-2)` makes the columns of every instance 1 long; `A.mT @ W` holds all their dot products "
            "with the columns of `W`.",
            "Square, sum over the other features, and leave the diagonal out: it is the feature itself.",
        ),
        slips={
            "Every column has a length of its own, `norm(dim=-2)`; yours is that of the whole instance.": lambda W: (
                interference(W) * (W.norm(dim=-2) / W.flatten(1).norm(dim=1, keepdim=True)) ** 2
            ),
            "The feature itself is in your sum: leave j = i out.": lambda W: (
                (normalize(W, dim=-2).mT @ W).square().sum(dim=-1)
            ),
            "Only the direction of feature i is made length 1; the others keep their length.": lambda W: (
                (normalize(W, dim=-2).mT @ normalize(W, dim=-2)).square().sum(dim=-1) - 1
            ),
            "Square each part before you sum.": lambda W: (
                (normalize(W, dim=-2).mT @ W).abs().sum(dim=-1) - W.norm(dim=-2)
            ),
            "A direction is a column: make it length 1 along `dim=-2`, not along the row.": lambda W: (
                (normalize(W, dim=-1).mT @ W).square().sum(dim=-1)
                - (normalize(W, dim=-1).mT @ W).diagonal(dim1=-2, dim2=-1).square()
            ),
            "Make the direction of feature i length 1 first, or a long feature seems to suffer more.": lambda W: (
                (W.mT @ W).square().sum(dim=-1) - (W.mT @ W).diagonal(dim1=-2, dim2=-1).square()
            ),
            "That is how much feature i disturbs the others; sum over the features that disturb it instead.": lambda W: (
                (normalize(W, dim=-2).mT @ W).square().sum(dim=-2)
                - (normalize(W, dim=-2).mT @ W).diagonal(dim1=-2, dim2=-1).square()
            ),
            "Square each part before summing, or positive and negative ones cancel.": lambda W: (
                (normalize(W, dim=-2).mT @ W).sum(dim=-1)
                - (normalize(W, dim=-2).mT @ W).diagonal(dim1=-2, dim2=-1)
            ),
            "`W.norm(dim=1)` has lost an axis, so it does not line up with the columns: `keepdim=True` keeps it.": lambda W: (
                ((W / W.norm(dim=1)).mT @ W).square().sum(dim=-1) - W.norm(dim=1) ** 2
            ),
            "On the diagonal stands the length of feature i: take its *square* away, as the others are squared too.": lambda W: (
                (normalize(W, dim=-2).mT @ W).square().sum(dim=-1) - W.norm(dim=-2)
            ),
            "The diagonal is the squared length of feature i, which is 1 only by chance: take that away, not 1.": lambda W: (
                (normalize(W, dim=-2).mT @ W).square().sum(dim=-1) - 1
            ),
            "Divide by the length before you square: what is squared takes the length with it.": lambda W: (
                ((W.mT @ W).square().sum(dim=-1) - W.norm(dim=-2) ** 4) / W.norm(dim=-2)
            ),
            "Sum over the other features; yours takes the mean.": lambda W: interference(W) / W.shape[-1],
            "The sum over the others, not their mean: do not divide by n − 1.": lambda W: (
                interference(W) / (W.shape[-1] - 1)
            ),
            "No root at the end: the squared parts are summed, and that is it.": lambda W: interference(
                W
            ).sqrt(),
            "One number for each feature: leave the last axis as it is.": lambda W: interference(W).sum(
                dim=-1
            ),
            "Square each part before summing; yours squares the sum, where positive and negative cancel.": lambda W: (
                ((normalize(W, dim=-2).mT @ W).sum(dim=-1) - W.norm(dim=-2)) ** 2
            ),
            "`W @ W.mT` compares hidden dimensions; features are columns, so it is `W.mT @ W`.": lambda W: (
                (normalize(W, dim=-2) @ W.mT).square().sum(dim=-1)
                - (normalize(W, dim=-2) @ W.mT).diagonal(dim1=-2, dim2=-1).square()
            ),
            "Each instance by itself: `W.T` turns all three axes round; `W.mT` the last two.": lambda W: (
                (normalize(W, dim=-2).permute(2, 1, 0) @ W).square().sum(dim=-1) - W.norm(dim=-2) ** 2
            ),
            "A push of either sign is a disturbance: yours leaves out the negative ones.": lambda W: (
                (normalize(W, dim=-2).mT @ W).relu().square().sum(dim=-1) - W.norm(dim=-2) ** 2
            ),
            "Two things: `W.norm(dim=1)` needs `keepdim=True` to line up with the columns, and feature i itself is in the sum.": lambda W: (
                ((W / W.norm(dim=1)).mT @ W).square().sum(dim=-1)
            ),
            "`W @ W.mT` compares hidden dimensions, and feature i itself is in the sum: begin with `W.mT @ W`.": lambda W: (
                (normalize(W, dim=-2) @ W.mT).square().sum(dim=-1)
            ),
            "Both j < i and j > i disturb feature i: yours counts one side of the diagonal.": lambda W: (
                (normalize(W, dim=-2).mT @ W).triu(diagonal=1).square().sum(dim=-1)
            ),
            "The squared length of a feature is summed down its column, `dim=-2`; yours runs along the row.": lambda W: (
                (normalize(W, dim=-2).mT @ W).square().sum(dim=-1) - W.square().sum(dim=-1)
            ),
        },
        variants={
            "loops": _interference_loops,
            "masked": _interference_masked,
            "divide at the end": lambda W: (
                ((W.mT @ W) ** 2).sum(dim=2) / (W**2).sum(dim=1) - (W**2).sum(dim=1)
            ),
        },
        explanation="""
            Along the direction of feature i lies its own length, on the diagonal, and a part of every other feature:
            when one of these is on, that part of it is mistaken for feature i. Squares, because a disturbance of
            either sign is an error.""",
    ),
    "feature_dimensionality": Exercise(
        feature_dimensionality,
        cases=_W_cases,
        difficulty=2,
        hints=(
            "A ratio: what feature i has, over everything that lies along its direction, itself included.",
            "Above stands `W.norm(dim=-2)**2`. Below stands the sum that is called interference above, with j = i left in.",
            "`(normalize(W, dim=-2).mT @ W)**2`, summed over its last axis, is what stands below.",
        ),
        slips={
            "A share is a ratio, |W_i|² over all that lies along its direction, and not 1 less the interference.": lambda W: (
                1 - interference(W)
            ),
            "The shares stay as they are: they need not fill the dimensions.": lambda W: (
                feature_dimensionality(W) / feature_dimensionality(W).sum(dim=-1, keepdim=True) * W.shape[-2]
            ),
            "The sum below runs over all features, i included; without it, a feature alone would get infinity.": lambda W: (
                W.norm(dim=-2) ** 2 / interference(W)
            ),
            "Above stands the squared length of the feature.": lambda W: (
                W.norm(dim=-2) / (normalize(W, dim=-2).mT @ W).square().sum(dim=-1)
            ),
            "The others keep their length, and the sum runs along the direction of feature i: the last axis of `normalize(W, dim=-2).mT @ W`.": lambda W: (
                1 / (normalize(W, dim=-2).mT @ normalize(W, dim=-2)).square().sum(dim=-1)
            ),
            "Below, only the direction of feature i is made length 1; the others keep their length.": lambda W: (
                W.norm(dim=-2) ** 2 / (normalize(W, dim=-2).mT @ normalize(W, dim=-2)).square().sum(dim=-1)
            ),
            "Below, feature i has to be made length 1; else the value depends on the scale of `W`.": lambda W: (
                W.norm(dim=-2) ** 2 / (W.mT @ W).square().sum(dim=-1)
            ),
            "Upside down: what feature i has stands above, everything along its direction below.": lambda W: (
                1 / feature_dimensionality(W)
            ),
            "Square each part below before you sum.": lambda W: (
                W.norm(dim=-2) ** 2 / (normalize(W, dim=-2).mT @ W).sum(dim=-1)
            ),
            "Below stand squares: a sum of sizes is not the same.": lambda W: (
                W.norm(dim=-2) ** 2 / (normalize(W, dim=-2).mT @ W).abs().sum(dim=-1)
            ),
            "Below, feature i counts with its squared length, which is 1 only by chance.": lambda W: (
                W.norm(dim=-2) ** 2 / (1 + interference(W))
            ),
            "`W.norm(dim=1)` has lost an axis, so it does not line up with the columns: `keepdim=True` keeps it.": lambda W: (
                W.norm(dim=1) ** 2 / ((W / W.norm(dim=1)).mT @ W).square().sum(dim=-1)
            ),
            "Below stands a sum; yours takes the mean.": lambda W: feature_dimensionality(W) * W.shape[-1],
            "No root: a share is the ratio of the squares themselves.": lambda W: feature_dimensionality(
                W
            ).sqrt(),
            "One share for each feature: do not sum over them.": lambda W: feature_dimensionality(W).sum(
                dim=-1
            ),
            "That is the share that goes to the *others*; feature i's own share stands above.": lambda W: (
                1 - feature_dimensionality(W)
            ),
            "A direction is a column: its length runs along `dim=-2`.": lambda W: (
                W.norm(dim=-1) ** 2 / (normalize(W, dim=-1) @ W.mT).square().sum(dim=-1)
            ),
            "A direction is a column: make it length 1 along `dim=-2`, not along the row.": lambda W: (
                W.norm(dim=-2) ** 2 / (normalize(W, dim=-1).mT @ W).square().sum(dim=-1)
            ),
            "Square each part below, then sum; yours squares the sum, where positive and negative cancel.": lambda W: (
                W.norm(dim=-2) ** 2 / (normalize(W, dim=-2).mT @ W).sum(dim=-1) ** 2
            ),
            "The length of a feature runs down its column, `dim=-2`; above stands that of a row.": lambda W: (
                W.norm(dim=-1) ** 2 / (normalize(W, dim=-2).mT @ W).square().sum(dim=-1)
            ),
            "Above, leave `keepdim` out: it is (instances, n_features), as the sum below.": lambda W: (
                W.norm(dim=-2, keepdim=True) ** 2 / (normalize(W, dim=-2).mT @ W).square().sum(dim=-1)
            ),
            "Leave `keepdim` out, above and below: a row divided by a column makes a table.": lambda W: (
                W.norm(dim=-2, keepdim=True) ** 2
                / (normalize(W, dim=-2).mT @ W).square().sum(dim=-1, keepdim=True)
            ),
            "A fourth power above needs whole dot products below, without length 1: one of the two, not a mixture.": lambda W: (
                W.norm(dim=-2) ** 4 / (normalize(W, dim=-2).mT @ W).square().sum(dim=-1)
            ),
            "That is a share of all squared lengths; only what lies along feature i's direction stands below.": lambda W: (
                W.norm(dim=-2) ** 2 / W.square().sum(dim=(-2, -1))[:, None]
            ),
            "Divide feature by feature; yours sums over all of them first.": lambda W: (
                W.square().sum(dim=(-2, -1)) / (normalize(W, dim=-2).mT @ W).square().sum(dim=(-2, -1))
            ),
        },
        variants={
            "dot products": _dimensionality_by_products,
            "loops": _dimensionality_loops,
            "from the interference": lambda W: W.norm(dim=-2) ** 2 / (W.norm(dim=-2) ** 2 + interference(W)),
        },
        explanation="""
            One feature alone: its squared length over itself, 1. Two of the same length on one line: half each.
            Make `W` ten times as large, and nothing changes. The sum over all features is at most the number of
            dimensions, and reaches it when none is wasted. The package's version, below, gives a feature without a
            direction 0 instead of 0/0.""",
    ),
    "phase": Exercise(
        phase,
        cases=_phase_cases,
        difficulty=1,
        hints=(
            "First decide for each feature whether it has a direction: how long is its column?",
            "`W.norm(dim=1) > 0.5` is a (instances, 2) table of yes and no. Its two columns make the four cases.",
            "1 for the first and 2 for the second add up: 0, 1, 2 or 3.",
        ),
        slips={
            "A direction may be negative: compare its length, not its value.": lambda W: (
                (W[:, 0, 0] > 0.5) + 2 * (W[:, 0, 1] > 0.5).long()
            ),
            "First and second are swapped: 1 stands for the first feature only.": lambda W: (
                2 * (W.norm(dim=1)[:, 0] > 0.5).long() + (W.norm(dim=1)[:, 1] > 0.5).long()
            ),
            "That counts the directions; the number should also say which feature has one.": lambda W: (
                W.norm(dim=1) > 0.5
            ).sum(dim=1),
            "*Longer* than a half: a length of exactly 0.5 is not yet a direction.": lambda W: (
                (W.norm(dim=1)[:, 0] >= 0.5) + 2 * (W.norm(dim=1)[:, 1] >= 0.5).long()
            ),
            "That says which of the two is longer; both can have a direction, or neither.": lambda W: (
                W.norm(dim=1).argmax(dim=1) + 1
            ),
            "A direction is a column, and there are two: take the length along `dim=1`, the hidden axis.": lambda W: (
                (W.norm(dim=2)[:, 0] > 0.5) + 2 * (W.norm(dim=2)[:, 1] > 0.5).long()
            ),
            "Compare the length with a half; yours compares its square.": lambda W: (
                (W.square()[:, 0, 0] > 0.5) + 2 * (W.square()[:, 0, 1] > 0.5).long()
            ),
            "Both features count: 3 where both have a direction. Yours tells only whether they all do.": lambda W: (
                3 * (W.norm(dim=1) > 0.5).all(dim=1).long()
            ),
            "Neither is 0 and both is 3; yours has the two the other way round.": lambda W: 3 - phase(W),
            "The second adds 2, the first 1; yours has a 1 missing where both are there.": lambda W: (
                torch.where(W.norm(dim=1)[:, 1] > 0.5, 2, (W.norm(dim=1)[:, 0] > 0.5).long())
            ),
            "Where both have a direction it is 3; yours lets the first decide alone.": lambda W: torch.where(
                W.norm(dim=1)[:, 0] > 0.5, 1, 2 * (W.norm(dim=1)[:, 1] > 0.5).long()
            ),
            "Longer than a half, not longer than 0: a trained length is never exactly 0.": lambda W: (
                (W.norm(dim=1)[:, 0] > 0) + 2 * (W.norm(dim=1)[:, 1] > 0).long()
            ),
            "`W` holds many instances: an `if` needs a single yes or no, so compare the whole tensor and use `torch.where`.": lambda W: (
                3 if W[:, 0, 0].abs() > 0.5 and W[:, 0, 1].abs() > 0.5 else 0
            ),
            "One number for each instance: the two columns are still apart.": lambda W: (
                (W.norm(dim=1) > 0.5).long() * torch.tensor([1, 2])
            ),
            "Longer than a *half*: a feature can be there at less than full length.": lambda W: (
                (W.norm(dim=1)[:, 0] >= 1) + 2 * (W.norm(dim=1)[:, 1] >= 1).long()
            ),
            "True + True is True: yes and no become numbers with `.long()`, and the second counts 2.": lambda W: (
                (W.norm(dim=1)[:, 0] > 0.5) + (W.norm(dim=1)[:, 1] > 0.5)
            ),
            "Counted from 0: where neither has a direction it is 0.": lambda W: phase(W) + 1,
            "One axis too many: the hidden one has length 1, and `W.norm(dim=1)` takes it away.": lambda W: (
                (W.abs() > 0.5)[:, :, 0] + 2 * (W.abs() > 0.5)[:, :, 1].long()
            ),
        },
        variants={
            "matmul": lambda W: (W[:, 0].abs() > 0.5).long() @ torch.tensor([1, 2]),
            "where": lambda W: (
                torch.where(W[:, 0, 0].abs() > 0.5, 1, 0) + torch.where(W[:, 0, 1].abs() > 0.5, 2, 0)
            ),
            "squares": lambda W: (
                (W.pow(2).sum(dim=1)[:, 0] > 0.25).long() + (W.pow(2).sum(dim=1)[:, 1] > 0.25) * 2
            ),
        },
        explanation="""
            In one dimension a direction is a number, and its sign is a matter of luck. What counts is whether it is
            there at all, and trained models seldom leave that open: lengths are near 0 or near 1.""",
    ),
    "phase_boundary": Exercise(
        phase_boundary,
        cases=_boundary_cases,
        check="Work it out at r = 1: (1 + r) p/6 = 1/3 - p/4 gives p = 4/7, and r = 1/4 and r = 4 both give 4/13.",
        difficulty=2,
        hints=(
            "Set the two losses equal and divide both sides by p: what is left is linear in p.",
            "For r ≤ 1: r/3 - r p/4 = p (1 + r)/6. Multiply by 12 and solve for p.",
            "For r > 1 the first feature is the one to give up: the dedicated loss has 1 in the place of r. "
            "`r.clamp(max=1)` is the importance of the less important one.",
        ),
        slips={
            "Right up to r = 1. Beyond it the *first* feature is the one to give up.": lambda r: (
                4 * r / (2 + 5 * r)
            ),
            "Beyond r = 1 only the feature that is given up counts 1; in the pair's loss r stays as it is.": lambda r: (
                4 * r.clamp(max=1) / (2 + 5 * r.clamp(max=1))
            ),
            "The error of a constant guess is the variance, p/3 - p²/4; yours leaves out the p²/4.": lambda r: (
                2 * r.clamp(max=1) / (1 + r)
            ),
            "In an antipodal pair both features go wrong, with importance 1 and r; yours counts the second only.": lambda r: (
                4 * r.clamp(max=1) / (2 * r + 3 * r.clamp(max=1))
            ),
            "`r` is a tensor, and an `if` needs a single yes or no: `torch.where(r <= 1, …, …)` or `r.clamp(max=1)` decides for each.": lambda r: (
                4 * r / (2 + 5 * r) if r <= 1 else 4 / (2 * r + 5)
            ),
            "The two branches are swapped: what you have for r ≤ 1 belongs to r > 1.": lambda r: torch.where(
                r <= 1, 4 / (2 * r + 5), 4 * r / (2 + 5 * r)
            ),
            "That is the loss there; the probability p at which both losses are equal is asked for.": lambda r: (
                phase_boundary(r) ** 2 / 6 * (1 + r)
            ),
            "That says whether p = 1/2 lies below the edge; the edge itself is asked for.": lambda r: (
                phase_boundary(r) > 0.5
            ).float(),
            "That is 1 over it: solve for p itself.": lambda r: 1 / phase_boundary(r),
            "Mind the sign: on the other side, the p of the variance is added, so 2 (1 + r) + 3 min.": lambda r: (
                4 * r.clamp(max=1) / (2 * (1 + r) - 3 * r.clamp(max=1))
            ),
            "p²/6, not p/6: both features have to be on, so there is a p left after you divide.": lambda r: (
                (r.clamp(max=1) / 3 - (1 + r) / 6) / (r.clamp(max=1) / 4)
            ),
            "The smaller one squared is 1/6 on average; yours counts it with 1/3.": lambda r: (
                4 * r.clamp(max=1) / (4 * (1 + r) + 3 * r.clamp(max=1))
            ),
            "In the pair both are lost, so 1 and r are added; yours multiplies with r only.": lambda r: (
                4 * r.clamp(max=1) / (2 * r.clamp(max=1) + 3 * r.clamp(max=1))
            ),
            "Below r = 1 the *second* feature is left out, with importance r; yours always leaves out the first.": lambda r: (
                4 / (2 * r + 5)
            ),
            "`clamp(min=1)` is the larger of 1 and r; the one that is given up is the less important one.": lambda r: (
                4 * r.clamp(min=1) / (2 + 5 * r)
            ),
            "In the pair both features are lost, 1 + r; yours counts the first one only.": lambda r: (
                4 * r.clamp(max=1) / (2 + 3 * r.clamp(max=1))
            ),
            "Beyond r = 1 the 1 and the r change places below as well as above the line.": lambda r: (
                torch.where(r <= 1, 4 * r / (2 + 5 * r), 4 / (2 + 5 * r))
            ),
            "An edge for each importance: do not average over them.": lambda r: phase_boundary(r).mean(),
            "Multiply all three terms by 12: p/3 becomes 4, p²/4 becomes 3, p²/6 becomes 2.": lambda r: (
                8 * r.clamp(max=1) / (4 * (1 + r) + 3 * r.clamp(max=1))
            ),
        },
        variants={"by symmetry": _boundary_by_symmetry, "bisection": _boundary_by_bisection},
        explanation="""
            Antipodal wins while p² (1 + r)/6 < min(1, r) (p/3 - p²/4). Multiply by 12, divide by p, and put what has
            p in it on one side: p < 4 min / (2 (1 + r) + 3 min). As 1 + r is the smaller plus the larger of 1 and r,
            that is 4 min / (2 max + 5 min). Swapping the two features changes nothing, as it should.""",
    ),
    "features_per_neuron": Exercise(
        features_per_neuron,
        cases=_neuron_cases,
        difficulty=2,
        hints=(
            "Size is `W.abs()`. Each neuron sets its own bar: half of its largest weight.",
            "`size.amax(dim=-1, keepdim=True)` is the largest weight of each neuron, ready to broadcast.",
            "A neuron whose largest weight is not above 0.1 counts as dead: combine the two conditions with `&`.",
        ),
        slips={
            "A negative weight carries a feature too: take absolute values first.": lambda W: (
                (0.5 * W.amax(dim=-1, keepdim=True) <= W) & (W.amax(dim=-1, keepdim=True) > 0.1)
            ).sum(dim=-1),
            "A neuron with no weight above 0.1 is dead, and carries nothing: count 0.": lambda W: (
                W.abs() >= 0.5 * W.abs().amax(dim=-1, keepdim=True)
            ).sum(dim=-1),
            "That counts neurons for each feature; a neuron is a row, so go along the last axis.": lambda W: (
                (W.abs() >= 0.5 * W.abs().amax(dim=-2, keepdim=True))
                & (W.abs().amax(dim=-2, keepdim=True) > 0.1)
            ).sum(dim=-2),
            "Each neuron has a bar of its own, half of its largest weight; yours is the same for all.": lambda W: (
                (W.abs() >= 0.5 * W.abs().max()).sum(dim=-1)
            ),
            "Half of the neuron's *largest* weight; yours asks for half a unit.": lambda W: (
                (W.abs() >= 0.5) & (W.abs().amax(dim=-1, keepdim=True) > 0.1)
            ).sum(dim=-1),
            "*At least* half: a weight of exactly half the largest counts.": lambda W: (
                (W.abs() > 0.5 * W.abs().amax(dim=-1, keepdim=True))
                & (W.abs().amax(dim=-1, keepdim=True) > 0.1)
            ).sum(dim=-1),
            "The largest weight has lost its axis, so it does not line up with the features: `keepdim=True` keeps it.": lambda W: (
                (W.abs() >= 0.5 * W.abs().amax(dim=-1)).sum(dim=-1)
            ),
            "One number for each neuron: sum over the features only.": lambda W: features_per_neuron(W).sum(
                dim=-1
            ),
            "A count, not a share: do not divide by the number of features.": lambda W: (
                features_per_neuron(W) / W.shape[-1]
            ),
            "A neuron is dead if none of its weights is above 0.1; yours drops every single weight up to 0.1.": lambda W: (
                ((W.abs() >= 0.5 * W.abs().amax(dim=-1, keepdim=True)) & (W.abs() > 0.1)).sum(dim=-1)
            ),
            "A neuron whose largest is exactly 0.1 is not above it, so it is dead: `>`, not `>=`.": lambda W: (
                (
                    (W.abs() >= 0.5 * W.abs().amax(dim=-1, keepdim=True))
                    & (W.abs().amax(dim=-1, keepdim=True) >= 0.1)
                ).sum(dim=-1)
            ),
            "The largest one carries a feature too: it counts itself.": lambda W: features_per_neuron(W) - 1,
            "Half of the largest weight; yours compares the squares, which is 0.71 of it.": lambda W: (
                (W.square() >= 0.5 * W.square().amax(dim=-1, keepdim=True))
                & (W.abs().amax(dim=-1, keepdim=True) > 0.1)
            ).sum(dim=-1),
            "Half of the largest weight is the bar; yours is the mean of its weights.": lambda W: (
                (W.abs() >= W.abs().mean(dim=-1, keepdim=True)) & (W.abs().amax(dim=-1, keepdim=True) > 0.1)
            ).sum(dim=-1),
            "How many reach the bar is asked for, not how much they weigh together.": lambda W: (
                W.abs()
                * (
                    (W.abs() >= 0.5 * W.abs().amax(dim=-1, keepdim=True))
                    & (W.abs().amax(dim=-1, keepdim=True) > 0.1)
                )
            ).sum(dim=-1),
            "Half precision rounds a weight just below the bar onto it: stay in single precision.": lambda W: (
                features_per_neuron(W.half())
            ),
            "In bfloat16 a weight just below the bar is rounded onto it: stay in single precision.": lambda W: (
                features_per_neuron(W.bfloat16())
            ),
            "A row is a neuron: compare and count along the last axis, not along `dim=1`.": lambda W: (
                W.abs() >= 0.5 * W.abs().amax(dim=1, keepdim=True)
            ).sum(dim=1),
            "Half of the neuron's *largest* weight is the bar; yours is half of the mean.": lambda W: (
                (W.abs() >= 0.5 * W.abs().mean(dim=-1, keepdim=True))
                & (W.abs().amax(dim=-1, keepdim=True) > 0.1)
            ).sum(dim=-1),
            "The largest weight is the largest *in size*: take absolute values before `amax` as well.": lambda W: (
                (
                    (W.abs() >= 0.5 * W.amax(dim=-1, keepdim=True))
                    & (W.abs().amax(dim=-1, keepdim=True) > 0.1)
                ).sum(dim=-1)
            ),
            "How many features is asked for, not whether there are several.": lambda W: (
                features_per_neuron(W) > 1
            ),
            "A count is asked for: `sum`, not `mean`, and 0 for a dead neuron.": lambda W: (
                (W.abs() >= 0.5 * W.abs().amax(dim=-1, keepdim=True)).float().mean(dim=-1)
            ),
            "The bar for a dead neuron is 0.1, not 1.": lambda W: (
                (W.abs() >= 0.5 * W.abs().amax(dim=-1, keepdim=True))
                & (W.abs().amax(dim=-1, keepdim=True) > 1)
            ).sum(dim=-1),
        },
        variants={
            "loops": _neuron_loops,
            "relative": lambda W: (
                (W.abs() / W.abs().amax(dim=-1, keepdim=True) >= 0.5).sum(dim=-1)
                * (W.abs().amax(dim=-1) > 0.1)
            ),
        },
        explanation="""
            1 is a monosemantic neuron: no other feature moves it half as much as its first. Where to put the bar is a
            choice; half is a lenient one, so what it calls polysemantic is.""",
    ),
    "absolute_value_weights": Exercise(
        absolute_value_weights,
        cases=_absolute_cases,
        judge=_gives_absolute_values,
        difficulty=2,
        hints=(
            "|x| = relu(x) + relu(-x): one neuron sees a feature above zero, another one below.",
            "A row of `W_in` says what a neuron listens to, a row of `W_out` what it adds to the outputs.",
            "`torch.cat([torch.eye(n), -torch.eye(n)])` listens to each feature twice, once turned round.",
        ),
        slips={
            "The second half of the neurons should add too: |x| is relu(x) *plus* relu(-x).": lambda n: (
                torch.cat([torch.eye(n), -torch.eye(n)]),
                torch.cat([torch.eye(n), -torch.eye(n)]),
            ),
            "Both halves see the same side: turn the sign of one of them in `W_in`.": lambda n: (
                torch.cat([torch.eye(n), torch.eye(n)]),
                torch.cat([torch.eye(n), torch.eye(n)]) / 2,
            ),
            "A row for each neuron: both matrices are (2n, n).": lambda n: (
                torch.cat([torch.eye(n), -torch.eye(n)]).T,
                torch.cat([torch.eye(n), torch.eye(n)]).T,
            ),
            "The minus signs belong in `W_in`, the first of the two, where they choose a side; in `W_out` they take away.": lambda n: (
                absolute_value_weights(n)[::-1]
            ),
            "n neurons hear only one side of each feature; it takes two for each: both matrices are (2n, n).": lambda n: (
                torch.eye(n),
                torch.eye(n),
            ),
            "Both halves see the same side, so a positive feature comes out twice and a negative one not at all.": lambda n: (
                torch.cat([torch.eye(n), torch.eye(n)]),
                torch.cat([torch.eye(n), torch.eye(n)]),
            ),
            "No half is needed in `W_out`: of the two neurons only one is on at a time.": lambda n: (
                torch.cat([torch.eye(n), -torch.eye(n)]),
                torch.cat([torch.eye(n), torch.eye(n)]) / 2,
            ),
            "Each neuron may listen to one feature only: a matrix of ones mixes them all.": lambda n: (
                torch.cat([torch.ones(n, n), -torch.ones(n, n)]),
                torch.cat([torch.ones(n, n), torch.ones(n, n)]),
            ),
            "Each neuron may add to one output only: `W_out` needs the identity, not ones.": lambda n: (
                torch.cat([torch.eye(n), -torch.eye(n)]),
                torch.ones(2 * n, n),
            ),
            "The neurons of the two matrices stand in different orders: a row of `W_out` belongs to the same row of `W_in`.": lambda n: (
                torch.cat([torch.eye(n), -torch.eye(n)]),
                torch.eye(n).repeat_interleave(2, dim=0),
            ),
            "The order of the neurons differs: a row of `W_out` belongs to the same row of `W_in`.": lambda n: (
                torch.kron(torch.eye(n), torch.tensor([[1.0], [-1.0]])),
                torch.cat([torch.eye(n), torch.eye(n)]),
            ),
        },
        variants={
            "neurons in turn": _neurons_in_turn,
            "other half first": lambda n: (
                torch.cat([-torch.eye(n), torch.eye(n)]),
                torch.cat([torch.eye(n), torch.eye(n)]),
            ),
            "kron": lambda n: (
                torch.kron(torch.eye(n), torch.tensor([[1.0], [-1.0]])),
                torch.kron(torch.eye(n), torch.ones(2, 1)),
            ),
        },
        explanation="""
            Two neurons a feature, each with one meaning: "feature i is positive" and "feature i is negative". Any
            order of the neurons will do, and any scale that `W_out` undoes.""",
    ),
    "polysemanticity": Exercise(
        polysemanticity,
        cases=_W_cases,
        gradient=("W",),
        difficulty=3,
        hints=(
            "One neuron: the product of the sizes of every two different weights, summed. No second weight, no penalty.",
            "(a + b + c)² = a² + b² + c² + 2 (ab + ac + bc): the pairs fall out of a square of a sum.",
            "For each neuron: `size.sum(dim=2)**2 - (size**2).sum(dim=2)`, halved; then sum over the neurons.",
        ),
        slips={
            "Each pair is in there twice, as (i, j) and as (j, i): halve it.": lambda W: (
                2 * polysemanticity(W)
            ),
            "The squares of the single weights are still in it: a monosemantic neuron should cost nothing.": lambda W: (
                (W.abs().sum(dim=2) ** 2 / 2).sum(dim=1)
            ),
            "Take absolute values first, or weights of opposite sign earn a reward.": lambda W: (
                (W.sum(dim=2) ** 2 - (W**2).sum(dim=2)) / 2
            ).sum(dim=1),
            "Pairs of features in one neuron: sum along the features (dim=2) first, then over the neurons.": lambda W: (
                ((W.abs().sum(dim=1) ** 2 - (W.abs() ** 2).sum(dim=1)) / 2).sum(dim=1)
            ),
            "One number for each instance: do not sum over the first axis.": lambda W: polysemanticity(
                W
            ).sum(),
            "i = j is in there: the pairs are of *different* features, so leave the squares out.": lambda W: (
                _pairs_by_product(W) + W.square().sum(dim=(1, 2))
            ),
            "Each pair is in there twice, and so is each weight with itself: leave i = j out, and halve the rest.": lambda W: (
                W.abs().sum(dim=2).square().sum(dim=1)
            ),
            "One number for each instance: sum over the neurons as well.": lambda W: (
                (W.abs().sum(dim=2) ** 2 - (W**2).sum(dim=2)) / 2
            ),
            "Sum over the neurons; yours takes the mean, so that more neurons would cost no more.": lambda W: (
                polysemanticity(W) / W.shape[1]
            ),
            "The sum over the pairs, not their mean.": lambda W: (
                polysemanticity(W) / (W.shape[2] * (W.shape[2] - 1) / 2)
            ),
            "Pairs of features within *one* neuron; a sum over all weights first mixes different neurons.": lambda W: (
                (W.abs().sum(dim=(1, 2)) ** 2 - (W**2).sum(dim=(1, 2))) / 2
            ),
            "Products of sizes, not sums: a weight by itself costs nothing.": lambda W: W.abs().sum(
                dim=(1, 2)
            ),
            "That punishes every weight by its square; here only pairs cost.": lambda W: W.square().sum(
                dim=(1, 2)
            ),
            "Each product by its size: yours squares it.": lambda W: (
                ((W**2).sum(dim=2) ** 2 - (W**4).sum(dim=2)) / 2
            ).sum(dim=1),
            "`W.mT @ W` sums over the neurons before you take sizes, so weights of opposite sign cancel: sizes first.": lambda W: (
                (W.mT @ W).abs().triu(diagonal=1).sum(dim=(1, 2))
            ),
            "Every pair of different features, not only neighbours.": lambda W: (
                W.abs()[:, :, 1:] * W.abs()[:, :, :-1]
            ).sum(dim=(1, 2)),
            "Each neuron's two largest are not all: every pair of its weights counts.": lambda W: (
                W.abs().topk(2, dim=2).values.prod(dim=2).sum(dim=1)
            ),
            "Sizes of weights multiplied within each neuron; yours are squared dot products of whole columns.": lambda W: (
                (W.mT @ W).triu(diagonal=1).square().sum(dim=(1, 2))
            ),
            "Products of every two weights, not what a neuron has beside its largest.": lambda W: (
                W.abs().sum(dim=2) - W.abs().amax(dim=2)
            ).sum(dim=1),
        },
        variants={
            "products": _pairs_by_product,
            "loops": _pairs_by_loops,
            "combinations": lambda W: (
                W.abs()[:, :, torch.combinations(torch.arange(W.shape[2]))].prod(dim=-1).sum(dim=(1, 2))
            ),
        },
        explanation="""
            The square of the sum holds every pair twice and every weight with itself once; taking the latter away and
            halving leaves each pair once. A neuron with one weight, however large, costs nothing: this does not make
            weights small, only lonely.""",
    ),
}

QUIZZES = {
    "superposition": Quiz(
        (
            Single(
                "A toy model with a linear output (no `relu`) gets features of different importance that are hardly ever on. "
                "What does it learn?",
                (
                    Option(
                        "More features than dimensions, at slanted angles at which each of them can still be read off.",
                        "without a `relu` nothing can cut interference off, and each overlap costs what it gains.",
                    ),
                    Option(
                        "The most important features, one a dimension and no others, however rare they are.",
                        "it is principal component analysis: sparsity does not enter into it.",
                        right=True,
                    ),
                    Option(
                        "Antipodal pairs, since two of them are hardly ever on at once.",
                        "in a pair the one feature comes out negative when the other is on; only a `relu` removes that.",
                    ),
                    Option(
                        "Nothing, since the best guess for features that are hardly ever on is 0.",
                        "the most important ones are worth a dimension at any sparsity.",
                    ),
                ),
            ),
            Numeric(
                "Eight features share three dimensions evenly, and no dimension is wasted. What is the dimensionality of each?",
                value=0.375,
                tolerance=0.006,
                why="the shares add up to the number of dimensions: 3/8 each.",
                slips={
                    8 / 3: "That is features a dimension; the share of a feature is its inverse.",
                    0.5: "That is a pair's: four pairs would need four dimensions, and here are three.",
                    0.125: "That divides one dimension by eight; there are three to divide.",
                },
            ),
            Multiple(
                "What makes superposition more likely?",
                (
                    Option(
                        "Features that are on more rarely.",
                        "two at once, the only costly case, is rarer still.",
                        right=True,
                    ),
                    Option(
                        "Features of about equal importance.",
                        "if one matters far more, sharing its dimension costs more than the other is worth.",
                        right=True,
                    ),
                    Option(
                        "Features that are always on together.",
                        "they disturb each other just when they are needed; merging them into one direction, as in section 6, "
                        "gives one feature up and is not superposition.",
                    ),
                    Option(
                        "More dimensions than features, so that there is room to mix.",
                        "with room for all there is nothing to share.",
                    ),
                ),
            ),
            Single(
                "Two features are never on at the same time, and there is one dimension for both. What is best?",
                (
                    Option(
                        "Opposite directions.",
                        "what one pushes into the other's output is below zero, where the `relu` cuts it off, and they never meet: both come out right.",
                        right=True,
                    ),
                    Option(
                        "The same direction, since only one of them uses it at a time.",
                        "then the output cannot tell which of them was on.",
                    ),
                    Option(
                        "The more important one gets it, as in principal component analysis.",
                        "the other would be lost without need.",
                    ),
                    Option(
                        "Opposite directions, each of half the length, so that both fit.",
                        "length is not what is short, and at half of it each comes out at a quarter.",
                    ),
                ),
            ),
            Ordering(
                "Twenty features of falling importance become rarer and rarer, as in the sweep of section 2. "
                "In which order do these happen?",
                (
                    Option(
                        "five features have a dimension each, the others nothing",
                        "so it is while features are common.",
                    ),
                    Option(
                        "the less important of the five share a line with another one, its opposite",
                        "pairs come in where least is lost.",
                    ),
                    Option(
                        "even the most important one shares its line",
                        "then ten features make five pairs, and all dimensions are shared.",
                    ),
                    Option(
                        "beyond pairs: some features push others up, and their biases fall below zero",
                        "only rare features can afford a push up, which no `relu` cuts off and a bias has to silence.",
                    ),
                ),
                shown=(2, 0, 3, 1),
            ),
            Single(
                "A layer has a neuron for every feature, all features come out right, and yet each neuron answers to several. "
                "What is this?",
                (
                    Option(
                        "Superposition: what else would mix several features in a neuron?",
                        "there are as many dimensions as features, so no direction has to be shared.",
                    ),
                    Option(
                        "Polysemantic neurons without superposition: an accident, not a need.",
                        "mixed by accident: the features have a direction each, which are not those of the neurons.",
                        right=True,
                    ),
                    Option(
                        "Neither: where nothing is lost, the neurons have one meaning each.",
                        "loss tells nothing of that: the mixture is nearly as good as the pure solution, as section 8 shows.",
                    ),
                ),
            ),
        )
    )
}

PREDICTIONS = {
    "dense": Single(
        "Five dimensions, twenty features that are always there. What will WᵀW look like?",
        (
            Option(
                "All twenty cells of the diagonal a little, with much beside it.",
                "No: fifteen features are dropped altogether, at a length of 0.0.",
            ),
            Option(
                "Five cells of the diagonal in full, and nothing else.",
                "Features 0 to 4, the most important ones, have a direction; the others are 0.0 long.",
                right=True,
            ),
            Option(
                "Ten cells of the diagonal, in pairs that share a dimension.",
                "No: pairs come later, when features are rare; here five have a dimension each.",
            ),
            Option(
                "Five cells somewhere on the diagonal, by the luck of the start.",
                "No: the start does not decide, importance does, and it is features 0 to 4.",
            ),
        ),
    ),
    "rare": Numeric(
        "When a feature is on only about once in thirty inputs, how many of the twenty will have a direction?",
        value=13,
        tolerance=2,
        why="More than the five dimensions, but not all twenty: the most important one that is left out has an importance of 0.05.",
        unit="features",
    ),
    "fall": Single(
        "How will the dimensions spent on a feature change as features become rarer?",
        (
            Option(
                "They fall smoothly from 1.",
                "No: 5 of 28 models stand at one half.",
            ),
            Option(
                "They fall, halt on the way, and fall again.",
                "5 of 28 models stand at one half, for features that are on between 0.26 and 0.46 of the time.",
                right=True,
            ),
            Option(
                "They stay at 1 and then drop at once to 20/80.",
                "No: between the two there is a halt at one half.",
            ),
        ),
    ),
    "border": Single(
        "Where will superposition live, and what is its border like?",
        (
            Option(
                "Where features are rare and of similar importance; an edge.",
                "Your formula alone is right in 96% of the 420 cells, and from one row to the next the second length falls from 0.7 to 0.0.",
                right=True,
            ),
            Option(
                "Where features are rare and of similar importance; a gradient.",
                "The place is right, the border is not: from one row to the next the second length falls from 0.7 to 0.0.",
            ),
            Option(
                "Wherever features are rare, however important they are.",
                "No: at importance 0.1 pairs end at p = 0.16, at equal importance only at 0.70.",
            ),
            Option(
                "Where the second feature is the more important one.",
                "No: far beyond r = 1 it gets the dimension for itself; the map is the same on both sides.",
            ),
        ),
    ),
    "companions": Single(
        "Two dimensions, two sets of two. Where does a feature go whose companion is always on together with it?",
        (
            Option(
                "At a right angle to it, so that neither disturbs the other.",
                "No, not while room is short: 14 of 16 sets lie in one direction; right angles come when features are rarer.",
            ),
            Option(
                "Opposite to it.",
                "No: opposite go those that are never on together, 14 of 16 sets.",
            ),
            Option(
                "Into the same direction.",
                "14 of 16 sets lie in one direction.",
                right=True,
            ),
            Option(
                "Anywhere: who is on with whom does not enter into it.",
                "No: 14 of 16 sets lie in one direction, against 2 of 16 where features are independent.",
            ),
        ),
    ),
    "eight_neurons": Single(
        "By hand, eight neurons serve four of twelve features. Will eight trained ones miss less?",
        (
            Option(
                "Yes, at every sparsity: training finds the best there is.",
                "No: with dense features the best of six starts misses 54%, ours by hand 52%.",
            ),
            Option(
                "Only where features are rare.",
                "The best of six starts misses 54% when features are dense and 42% when they are rarest, ours by hand 52%.",
                right=True,
            ),
            Option(
                "No: each absolute value takes two neurons, whoever finds them.",
                "No: where features are rarest the best of six starts misses 42%, ours by hand 52%.",
            ),
        ),
    ),
    "as_many_neurons": Single(
        "As many neurons as features. Does free training find the solution with one feature for each neuron?",
        (
            Option(
                "Yes, from every start: it is perfect.",
                "No: from none of four starts; 0 to 5 of the 12 neurons carry one feature.",
            ),
            Option(
                "From some starts only.",
                "No: from none of four; 0 to 5 of the 12 neurons carry one feature, and with a light penalty three of four find it.",
            ),
            Option(
                "No: the neurons stay mixed.",
                "From none of four starts: 0 to 5 of the 12 neurons carry one feature.",
                right=True,
            ),
        ),
    ),
}
