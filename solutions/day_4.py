"""Day 4: Toy models of superposition."""

from __future__ import annotations

import math

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


# ── polygon ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def polygon(n: int, radius: float) -> Tensor:
    """W (2, n) whose columns are the corners of a regular polygon around 0, ``radius`` long."""
    angle = 2 * math.pi * torch.arange(n) / n
    return radius * torch.stack([torch.cos(angle), torch.sin(angle)])


def _polygon_cases(seed: int = 0) -> list[tuple]:
    return [(2, 1.0), (5, 1.2 + seed), (3, 0.7), (8, 2.0)]


def _gaps(W: Tensor) -> Tensor:
    """The angles from each column to the next, sorted."""
    angles = torch.atan2(W[1], W[0]).sort().values
    return torch.cat([angles.diff(), angles[:1] - angles[-1:] + 2 * math.pi]).sort().values


def _same_polygon(yours: Tensor, expected: Tensor, args: tuple) -> bool | str:
    """The same up to where it starts and which way it goes round."""
    n, radius = args
    if yours.shape != expected.shape:
        return (
            f"It has shape {tuple(yours.shape)}, expected is {tuple(expected.shape)}: a feature is a column."
        )
    if yours.shape != (2, n):
        return torch.allclose(yours.float(), expected.float())
    yours, expected = yours.double(), expected.double()
    if not torch.allclose(
        yours.norm(dim=0).sort().values, expected.norm(dim=0).sort().values, rtol=1e-3, atol=1e-3
    ):
        return f"Each column should be {radius:g} long."
    if not torch.allclose(_gaps(yours), _gaps(expected), rtol=1e-2, atol=1e-3):
        return "The angles from corner to corner are not all equal."
    return True


# ── phase ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def phase(W: Tensor) -> Tensor:
    """0 where neither feature has a direction, 1 the first only, 2 the second only, 3 both."""
    has_direction = W.norm(dim=1) > 0.5
    return has_direction[:, 0] + 2 * has_direction[:, 1].long()


def _phase_cases(seed: int = 0) -> list[tuple]:
    by_head = torch.tensor([[[1.0, -0.9]], [[1.0, 0.1]], [[0.2, -1.1]], [[0.0, 0.3]], [[-0.7, 0.6]]])
    (drawn,) = _random(seed, (40, 1, 2))
    return [(by_head,), (0.8 * drawn,)]


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
    (drawn,) = _random(seed, (3, 4, 6))
    return [(by_head,), (drawn,), (0.04 * drawn,), (0.15 * drawn.clamp(-1, 1),)]


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
    row, i = divmod(int((mine - right).abs().argmax()), n)
    if row < 2 * n:
        given = (
            f"where feature {i} should come out as {right[row, i]:.2f}, it comes out as {mine[row, i]:.2f}"
        )
    else:
        given = "a feature is disturbed when others are on as well"
    return f"relu(x @ W_in.T) @ W_out is not |x|: {given}."


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
        },
        variants={"loops": _interference_loops, "masked": _interference_masked},
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
            "Above stands `W.norm(dim=-2)**2`. Below stands the sum that you have just written, with j = i left in.",
            "`(normalize(W, dim=-2).mT @ W)**2`, summed over its last axis, is what stands below.",
        ),
        slips={
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
    "polygon": Exercise(
        polygon,
        cases=_polygon_cases,
        judge=_same_polygon,
        difficulty=1,
        hints=(
            "n angles, evenly spaced around the circle: corner k stands at k/n of a full turn.",
            "`2 * torch.pi * torch.arange(n) / n` are the angles; cosine and sine are the two coordinates.",
            "`torch.stack([cosines, sines])` is (2, n), a column for each corner.",
        ),
        slips={
            "The columns are the corners: (2, n), not (n, 2).": lambda n, radius: polygon(n, radius).T,
            "The first corner is there twice: n corners make n gaps, so divide the full turn by n.": lambda n, radius: (
                radius
                * torch.stack(
                    [
                        torch.cos(torch.linspace(0, 2 * math.pi, n)),
                        torch.sin(torch.linspace(0, 2 * math.pi, n)),
                    ]
                )
            ),
            "Torch's angles are in radians: a full turn is 2π.": lambda n, radius: (
                radius
                * torch.stack([torch.cos(360 * torch.arange(n) / n), torch.sin(360 * torch.arange(n) / n)])
            ),
            "Multiply with the radius.": lambda n, radius: polygon(n, 1.0),
            "That is half a turn: the corners should go all the way round.": lambda n, radius: (
                radius
                * torch.stack(
                    [torch.cos(math.pi * torch.arange(n) / n), torch.sin(math.pi * torch.arange(n) / n)]
                )
            ),
        },
        variants={
            "turned": lambda n, radius: (
                radius
                * torch.stack(
                    [
                        torch.sin(1 + 2 * math.pi * torch.arange(n) / n),
                        torch.cos(1 + 2 * math.pi * torch.arange(n) / n),
                    ]
                )
            ),
            "polar": lambda n, radius: (
                torch.view_as_real(
                    torch.polar(torch.full((n,), float(radius)), 2 * math.pi * torch.arange(n) / n)
                ).T
            ),
            "list": lambda n, radius: torch.tensor(
                [
                    [radius * math.cos(2 * math.pi * k / n) for k in range(n)],
                    [radius * math.sin(2 * math.pi * k / n) for k in range(n)],
                ]
            ),
        },
        explanation="""
            Where the first corner stands does not matter, nor which way round you go: the model has no preferred
            direction either. With n = 2 the polygon is a pair of opposite directions.""",
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
        },
        variants={"products": _pairs_by_product, "loops": _pairs_by_loops},
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
                "A toy model with a linear output (no `relu`) and features that are hardly ever on. What does it learn?",
                (
                    Option(
                        "More features than dimensions, at random angles.",
                        "without a `relu` nothing can cut interference off, and each overlap costs what it gains.",
                    ),
                    Option(
                        "A direction for the most important features, as many as there are dimensions.",
                        "it is principal component analysis: sparsity does not enter into it.",
                        right=True,
                    ),
                    Option(
                        "Antipodal pairs.",
                        "in a pair the one feature comes out negative when the other is on; only a `relu` removes that.",
                    ),
                    Option(
                        "Nothing at all.",
                        "the most important features are worth a dimension at any sparsity.",
                    ),
                ),
            ),
            Numeric(
                "Eight features share three dimensions evenly, and no dimension is wasted. What is the dimensionality of each?",
                value=0.375,
                tolerance=0.006,
                why="the shares add up to the number of dimensions: 3/8 each.",
                slips={2.67: "That is features a dimension; the share of a feature is its inverse."},
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
                        "Features that are on together.",
                        "they would disturb each other just when they are needed.",
                    ),
                    Option("More dimensions than features.", "with room for all there is nothing to share."),
                ),
            ),
            Single(
                "Two features are never on at the same time, and there is one dimension for both. What is best?",
                (
                    Option(
                        "Opposite directions.",
                        "each is cut off by the other's `relu`, and they never meet: both come out right.",
                        right=True,
                    ),
                    Option("The same direction.", "then the output cannot tell which of them was on."),
                    Option("One of them gets it.", "the other would be lost without need."),
                    Option("Right angles.", "there is only one dimension."),
                ),
            ),
            Ordering(
                "A feature becomes less important, all else equal. In which order do these happen to it?",
                (
                    Option("it has a dimension of its own", "it is worth a whole one."),
                    Option(
                        "it shares a dimension with one other",
                        "half a dimension is enough for what it is worth.",
                    ),
                    Option(
                        "it shares with several, like a corner of a pentagon",
                        "a smaller share, more interference.",
                    ),
                    Option("it is not represented", "the disturbance it makes outweighs it."),
                ),
                shown=(2, 0, 3, 1),
            ),
        )
    )
}
