"""Day 5: Radio stations."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_utils.exercises import Answer, Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.sae import ista_step
from course_utils.training import fresh_pairs, resampling_odds
from course_utils.worlds import crossing, matched_filter, random_codes, signal_to_noise


def _random(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


# ── coherence ───────────────────────────────────────────────────────────────────────────────────────────────────────


def coherence(codes: Tensor) -> float:
    """The largest absolute cosine between two different codes (n_stations, n_channels), whose rows have length 1."""
    cosines = (codes @ codes.T).abs()
    cosines.fill_diagonal_(0.0)
    return cosines.max().item()


def _codes_cases(seed: int = 0) -> list[tuple]:
    opposite = torch.tensor([[1.0, 0.0], [-0.96, 0.28], [0.6, 0.8]])
    codes = random_codes(9, 4, seed=seed)
    cosines = (codes @ codes.T).fill_diagonal_(0.0)
    i, j = divmod(int(cosines.abs().argmax()), len(codes))
    codes[i] *= -cosines[i, j].sign()  # so that the absolute value matters
    return [(opposite,), (codes,)]


def _without_abs(codes: Tensor) -> float:
    return (codes @ codes.T - 2 * torch.eye(len(codes))).max().item()


# ── matched_filter ──────────────────────────────────────────────────────────────────────────────────────────────────


def _filter_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[2.0, 0.0], [3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 4.0]]))
    x, codes, y, more = _random(seed, (7, 4), (9, 4), (3, 5), (4, 5))
    return [by_head, (x, 2 * codes), (y, 0.5 * more)]


# ── signal_to_noise ─────────────────────────────────────────────────────────────────────────────────────────────────


def _snr_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([1.0, 3.0]), torch.tensor([5.0, 9.0]))
    sent, noise = _random(seed, (50,), (50,))
    return [by_head, (sent + 2, sent + 0.3 * noise + 5), (0.2 * sent, 0.2 * sent + noise - 1)]


# ── ista_step ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _ista_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 1.0]]), torch.eye(2), 0.5, 0.4)
    features, x, codes = _random(seed, (6, 8), (6, 3), (8, 3))
    others, y, more = _random(seed + 1, (4, 5), (4, 7), (5, 7))
    return [by_head, (features.relu(), 2 * x, codes, 0.2, 0.7), (others.relu(), y, more, 0.05, 3.0)]


def _ista_in_loops(features: Tensor, x: Tensor, codes: Tensor, step: float, l1: float) -> Tensor:
    out = []
    for f, received in zip(features, x, strict=True):
        missed = received - sum(strength * code for strength, code in zip(f, codes, strict=True))
        out.append([max(0.0, float(s + step * (missed.dot(c) - l1))) for s, c in zip(f, codes, strict=True)])
    return torch.tensor(out)


# ── omp ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def omp(x: Tensor, codes: Tensor, k: int) -> Tensor:
    """Strengths (n_stations,) of the k stations that explain one moment ``x`` (n_channels,); codes have length 1."""
    chosen: list[int] = []
    rest, strengths = x, x[:0]  # no strengths yet
    for _ in range(k):
        match = codes @ rest
        match[chosen] = -math.inf
        chosen.append(int(match.argmax()))
        strengths = torch.linalg.lstsq(codes[chosen].T, x[:, None]).solution[:, 0]
        rest = x - strengths @ codes[chosen]
    out = x.new_zeros(len(codes))
    out[chosen] = strengths
    return out


def _omp_cases(seed: int = 0) -> list[tuple]:
    # 3 of the first code and 1 of the second, in an order in which refitting matters: the codes lean on each other
    by_head = (torch.tensor([3.0, 1.0]), torch.tensor([[1.0, 0.0], [0.6, 0.8], [-0.8, 0.6]]), 2)
    # what is left matches nothing, only its opposite
    below = (torch.tensor([1.0, -1.0]), torch.tensor([[1.0, 0.0], [-0.6, 0.8]]), 2)
    cases: list[tuple] = [by_head, below]
    for n, (stations, channels, k) in enumerate([(12, 6, 2), (15, 7, 3), (9, 5, 4), (20, 6, 3)]):
        codes = random_codes(stations, channels, seed=10 * seed + n + 1)
        (x,) = _random(100 * seed + n, (channels,))
        cases.append((x, codes, k))
    return cases


def _pursuit(
    x: Tensor, codes: Tensor, k: int, *, refit: bool = True, residual: bool = True, size: bool = False
):
    chosen: list[int] = []
    rest, found = x, x[:0]
    for _ in range(k):
        match = codes @ (rest if residual else x)
        match = match.abs() if size else match
        match[chosen] = -math.inf
        chosen.append(int(match.argmax()))
        if refit:
            found = torch.linalg.lstsq(codes[chosen].T, x[:, None]).solution[:, 0]
        else:
            found = torch.cat([found, (codes[chosen[-1]] @ rest)[None]])
        rest = x - found @ codes[chosen]
    out = x.new_zeros(len(codes))
    out[chosen] = found
    return out


def _by_normal_equations(x: Tensor, codes: Tensor, k: int) -> Tensor:
    picked, rest, strengths = torch.zeros(len(codes), dtype=torch.bool), x, x[:0]
    for _ in range(k):
        picked[(codes @ rest).masked_fill(picked, -math.inf).argmax()] = True
        some = codes[picked]
        strengths = torch.linalg.solve(some @ some.T, some @ x)
        rest = x - strengths @ some
    return torch.zeros(len(codes), dtype=x.dtype).masked_scatter(picked, strengths)


# ── crossing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _crossing_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([0.0, 1.0, 2.0, 5.0]), torch.tensor([1.0, 0.9, 0.4, 0.0]), 0.5)
    at_once = (torch.tensor([1.0, 3.0, 4.0]), torch.tensor([1.0, 0.2, 0.0]), 0.4)
    generator = torch.Generator().manual_seed(seed)
    cases = [by_head, at_once]
    for n, level in ((8, 0.5), (12, 0.3)):
        x = torch.rand(n, generator=generator).cumsum(dim=0)
        fall = torch.rand(n, generator=generator).cumsum(dim=0)
        cases.append((x, 1.02 - fall / fall[-1], level))
    return cases


def _first_below(x: Tensor, y: Tensor, level: float) -> float:
    return float(x[int((y < level).nonzero()[0])])


def _last_above(x: Tensor, y: Tensor, level: float) -> float:
    return float(x[int((y < level).nonzero()[0]) - 1])


def _middle(x: Tensor, y: Tensor, level: float) -> float:
    return (_first_below(x, y, level) + _last_above(x, y, level)) / 2


def _turned(x: Tensor, y: Tensor, level: float) -> float:
    i = int((y < level).nonzero()[0])
    return float(x[i] - (y[i - 1] - level) / (y[i - 1] - y[i]) * (x[i] - x[i - 1]))


def _by_walking(x: Tensor, y: Tensor, level: float) -> float:
    for i in range(1, len(x)):
        if y[i] < level:
            slope = (y[i] - y[i - 1]) / (x[i] - x[i - 1])
            return float(x[i - 1] + (level - y[i - 1]) / slope)
    raise ValueError("never")


# ── shrinkage ───────────────────────────────────────────────────────────────────────────────────────────────────────


def shrinkage(x: Tensor, x_hat: Tensor) -> float:
    """How large the reconstruction is against the best multiple of itself: 1 is faithful, less is shrunk."""
    return (x_hat.pow(2).sum() / (x_hat * x).sum()).item()


def _shrinkage_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
    x, noise = _random(seed, (8, 5), (8, 5))
    return [by_head, (3 * x + 1, 2 * x + 1 + 0.3 * noise), (x, 1.2 * x + 0.1 * noise)]


# ── resampling ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _odds_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.zeros(2, 2))
    x, noise = _random(seed, (6, 4), (6, 4))
    return [by_head, (x, x + noise), (2 * x[:, :3], 2 * x[:, :3] + 0.4 * noise[:, :3])]


def _pairs_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[3.0, 4.0]]),
        torch.tensor([[2.0, 0.0, 6.0], [0.0, 9.0, 8.0]]),
        torch.tensor([False, True, False]),
    )
    chosen, W_enc = _random(seed, (3, 4), (4, 9))
    dead = torch.zeros(9, dtype=torch.bool)
    dead[torch.randperm(9, generator=torch.Generator().manual_seed(seed))[:3]] = True
    return [by_head, (2 * chosen, 3 * W_enc * torch.linspace(0.2, 2, 9), dead)]


def _pairs(chosen: Tensor, W_enc: Tensor, dead: Tensor, *, unit=True, live=True, share=0.2, mean=True):
    rows = chosen / chosen.norm(dim=1, keepdim=True)
    lengths = W_enc[:, ~dead if live else torch.ones_like(dead)].norm(dim=0)
    length = share * (lengths.mean() if mean else 1.0)
    return rows, length * (rows if unit else chosen).T


EXERCISES = {
    "coherence": Answer(
        coherence,
        cases=_codes_cases,
        hints=(
            "`codes @ codes.T` holds the cosine of every pair, since all codes have length 1.",
            "The diagonal compares each code with itself; it has to go before you take the largest absolute value.",
        ),
        slips={
            "That is 1: each code compared with itself. Only pairs of different stations count.": lambda codes: (
                (codes @ codes.T).abs().max()
            ),
            "A cosine near -1 disturbs as well: take the absolute value before the largest.": _without_abs,
            "That is the mean over the pairs; coherence is about the worst pair.": lambda codes: (
                (codes @ codes.T).abs().fill_diagonal_(0).sum() / (len(codes) * (len(codes) - 1))
            ),
        },
    ),
    "matched_filter": Exercise(
        matched_filter,
        cases=_filter_cases,
        difficulty=1,
        hints=(
            "How far does `x` point along a code? That is a dot product, for every moment and every station.",
            "`x @ codes.T` is (n, n_stations). For a station alone it gives its strength times the squared length of its code.",
            "Divide by `codes.square().sum(dim=1)`, one number for each station.",
        ),
        slips={
            "A station alone comes out too loud or too faint: divide by the squared length of its code.": lambda x, codes: (
                x @ codes.T
            ),
            "Divide by the *squared* length: `x` already holds the code's length once, and the dot product brings it in again.": lambda x, codes: (
                x @ codes.T / codes.norm(dim=1)
            ),
            "A matched filter reads what it reads, also below zero: leave the `relu` to better receivers.": lambda x, codes: (
                torch.relu(x @ codes.T / codes.square().sum(dim=1))
            ),
            "Divide by the length of the station's code, not by that of what arrives: a loud moment should stay loud.": lambda x, codes: (
                x @ codes.T / x.square().sum(dim=1, keepdim=True)
            ),
        },
        variants={
            "einsum": lambda x, codes: (
                torch.einsum("nc,sc->ns", x, codes) / torch.einsum("sc,sc->s", codes, codes)
            ),
            "scaled first": lambda x, codes: x @ (codes / codes.norm(dim=1, keepdim=True).square()).T,
            "station by station": lambda x, codes: torch.stack([x @ c / (c @ c) for c in codes], dim=1),
        },
        explanation="""
            If one station alone sends f, then x is f times its code, and the dot product with that code is f times the
            squared length: dividing gives f back. Every other station on the air adds its own strength times its cosine
            with this code. That sum is the interference.""",
    ),
    "signal_to_noise": Exercise(
        signal_to_noise,
        cases=_snr_cases,
        difficulty=1,
        hints=(
            "Centre both, so that a constant, which nobody hears, counts for nothing.",
            "Noise is what was received minus what was sent, both centred; power is the sum of squares.",
            "`10 * math.log10(power of the signal / power of the noise)`.",
        ),
        slips={
            "Centre both first: a constant offset cannot be heard, and yours counts it.": lambda sent, received: (
                10 * math.log10(sent.square().sum() / (received - sent).square().sum())
            ),
            "That is noise over signal: the sign is turned round.": lambda sent, received: (
                -signal_to_noise(sent, received)
            ),
            "Decibels of a power take 10 times the logarithm; 20 belongs to amplitudes.": lambda sent, received: (
                2 * signal_to_noise(sent, received)
            ),
            "`math.log` is the natural logarithm; decibels use the one to base 10.": lambda sent, received: (
                math.log(10) * signal_to_noise(sent, received)
            ),
            "The noise is received minus sent; you compare with all of what was received.": lambda sent, received: (
                10
                * math.log10(
                    (sent - sent.mean()).square().sum() / (received - received.mean()).square().sum()
                )
            ),
        },
        variants={
            "variances": lambda sent, received: 10 * math.log10(sent.var() / (received - sent).var()),
            "amplitudes": lambda sent, received: 20 * math.log10(sent.std() / (received - sent).std()),
            "torch": lambda sent, received: 10 * torch.log10(sent.var() / (received - sent).var()),
        },
        explanation="""
            Ten decibels more is ten times the power. At 0 dB what was added is as strong as the programme; speech can be
            followed from about there on. Centring the difference is the same as centring both.""",
    ),
    "ista_step": Exercise(
        ista_step,
        cases=_ista_cases,
        difficulty=2,
        hints=(
            "What is not explained yet? `x - features @ codes`. Ask each code how much of it points its way.",
            "Move `features` by `step` times that answer; the penalty takes `step * l1` off every station.",
            "No station sends less than nothing: end with `torch.relu`.",
        ),
        slips={
            "The penalty is missing: take `step * l1` off every station before the `relu`.": lambda features, x, codes, step, l1: (
                torch.relu(features + step * (x - features @ codes) @ codes.T)
            ),
            "You walk uphill: the step goes along what is missed, `x - features @ codes`.": lambda features, x, codes, step, l1: (
                torch.relu(features + step * ((features @ codes - x) @ codes.T - l1))
            ),
            "The penalty shrinks by `step * l1`: a shorter step must also shrink less.": lambda features, x, codes, step, l1: (
                torch.relu(features + step * (x - features @ codes) @ codes.T - l1)
            ),
            "The penalty makes silence cheap: take `step * l1` off, do not add it.": lambda features, x, codes, step, l1: (
                torch.relu(features + step * ((x - features @ codes) @ codes.T + l1))
            ),
            "No station sends less than nothing: a `relu` is missing at the end.": lambda features, x, codes, step, l1: (
                features + step * ((x - features @ codes) @ codes.T - l1)
            ),
            "That starts anew from 0 each time: the step is added to the `features` you have.": lambda features, x, codes, step, l1: (
                torch.relu(step * ((x - features @ codes) @ codes.T - l1))
            ),
        },
        variants={
            "by gradient": lambda features, x, codes, step, l1: (
                features - step * ((features @ codes - x) @ codes.T + l1)
            ).clamp(min=0),
            "soft threshold": lambda features, x, codes, step, l1: torch.nn.functional.softshrink(
                features + step * (x - features @ codes) @ codes.T, step * l1
            ).relu(),
            "loops": _ista_in_loops,
            "gram matrix": lambda features, x, codes, step, l1: torch.relu(
                features - step * (features @ (codes @ codes.T) - x @ codes.T + l1)
            ),
        },
        explanation="""
            The gradient of half the squared error is minus what is missed, read along every code; the gradient of the
            penalty is `l1` for every station. One step against both, then back to what a station can send. Compare it with
            the encoder of an autoencoder: `relu(x @ W_enc + b)` is the first such step from silence, with a bias of
            -step * l1.""",
    ),
    "omp": Exercise(
        omp,
        cases=_omp_cases,
        difficulty=3,
        hints=(
            "Keep a list of the stations chosen so far and what is left of `x`. Each round adds one station.",
            "The next station is the one whose code has the largest dot product with what is left, among those not chosen yet.",
            "Then fit all chosen stations together to the whole of `x`: "
            "`torch.linalg.lstsq(codes[chosen].T, x[:, None]).solution[:, 0]`.",
            "What is left is `x - strengths @ codes[chosen]`; at the end put the strengths in their places of a row of zeros.",
        ),
        slips={
            "Fit all chosen stations again in each round: the codes lean on each other, so the earlier strengths change.": lambda x, codes, k: (
                _pursuit(x, codes, k, refit=False)
            ),
            "Match the codes with what is left of `x`, not with `x`: else the loudest station's neighbours are chosen.": lambda x, codes, k: (
                _pursuit(x, codes, k, residual=False)
            ),
            "No station sends less than nothing: choose the largest match, not the largest absolute one.": lambda x, codes, k: (
                _pursuit(x, codes, k, size=True)
            ),
            "That is one station short.": lambda x, codes, k: omp(x, codes, k - 1),
        },
        variants={
            "normal equations": _by_normal_equations,
            "pseudo-inverse": lambda x, codes, k: _by_pinv(x, codes, k),
            "the package's, for a batch": lambda x, codes, k: _batched(x, codes, k),
        },
        tolerance=1e-3,
        explanation="""
            Choosing is greedy and never undone; fitting is not, since each round fits all chosen stations to the whole of
            `x`. That makes the rest perpendicular to every chosen code (hence *orthogonal* matching pursuit), so that no
            station needs to be chosen twice.""",
    ),
    "crossing": Exercise(
        crossing,
        cases=_crossing_cases,
        difficulty=2,
        hints=(
            "Find the first place at which `y` is below the level; the crossing lies between it and the place before.",
            "How far along the way? `(y[i - 1] - level) / (y[i - 1] - y[i])` is the share of the way from `i - 1` to `i`.",
            "`x[i - 1] + share * (x[i] - x[i - 1])`.",
        ),
        slips={
            "That is the first place below the level; the line crosses it before that.": _first_below,
            "That is the last place above the level; the line crosses it after that.": _last_above,
            "The middle of the two places is right only if both are equally far from the level.": _middle,
            "The share counts from the place before, yours from the place after.": _turned,
        },
        variants={
            "walking": _by_walking,
            "slope": lambda x, y, level: next(
                float(x[i - 1] + (level - y[i - 1]) * (x[i] - x[i - 1]) / (y[i] - y[i - 1]))
                for i in range(1, len(x))
                if y[i] < level
            ),
            "weights": lambda x, y, level: _weighted(x, y, level),
        },
        explanation="""
            Between two measured points we draw a straight line, and ask where it has come down to the level. The points
            are a few hundredths of ρ apart, so it hardly matters that the true curve bends between them.""",
    ),
    "shrinkage": Exercise(
        shrinkage,
        cases=_shrinkage_cases,
        difficulty=1,
        hints=(
            "Two sums over everything: of `x_hat` squared, and of `x_hat * x`.",
            "γ is the first over the second.",
        ),
        slips={
            "That is turned round: γ below 1 has to mean a reconstruction that is too small.": lambda x, x_hat: (
                (x_hat * x).sum() / x_hat.pow(2).sum()
            ),
            "That compares the sizes; a reconstruction that misses a part of `x` is smaller without being shrunk. "
            "Below the line belongs `x_hat * x`.": lambda x, x_hat: x_hat.pow(2).sum() / x.pow(2).sum(),
            "Above the line belongs `x_hat` with itself: that is the regression of `x_hat` on `x`.": lambda x, x_hat: (
                (x_hat * x).sum() / x.pow(2).sum()
            ),
            "Sum over everything first and divide once; a mean of ratios is led by the faint moments.": lambda x, x_hat: (
                (x_hat.pow(2).sum(dim=1) / (x_hat * x).sum(dim=1)).mean()
            ),
        },
        variants={
            "means": lambda x, x_hat: x_hat.pow(2).sum(dim=1).mean() / (x_hat * x).sum(dim=1).mean(),
            "norm": lambda x, x_hat: x_hat.norm() ** 2 / torch.dot(x_hat.flatten(), x.flatten()),
            "einsum": lambda x, x_hat: (
                torch.einsum("ni,ni->", x_hat, x_hat) / torch.einsum("ni,ni->", x_hat, x)
            ).item(),
        },
        explanation="""
            Multiply the reconstruction by 1/γ and it comes as near to `x` as a multiple of it can. If that factor is not 1,
            the autoencoder could do better by being louder, and something keeps it from it (Rajamanoharan et al. 2024a,
            section 4).""",
    ),
    "resampling_odds": Exercise(
        resampling_odds,
        cases=_odds_cases,
        difficulty=1,
        hints=(
            "The loss of an input is its squared error, `||x - x_hat||²`, one number a row.",
            "The chance is proportional to the *square* of that loss. Then make them sum to 1.",
        ),
        slips={
            "That is proportional to the length of the error. The loss is its square, and the protocol squares the loss again.": lambda x, x_hat: (
                (x - x_hat).norm(dim=1) / (x - x_hat).norm(dim=1).sum()
            ),
            "That is proportional to the loss; the protocol takes its square.": lambda x, x_hat: (
                (x - x_hat).pow(2).sum(dim=1) / (x - x_hat).pow(2).sum()
            ),
            "They are to sum to 1: divide by their sum.": lambda x, x_hat: (
                (x - x_hat).pow(2).sum(dim=1).pow(2)
            ),
            "Sum the squares over the dimensions first, then square: a fourth power of each entry is something else.": lambda x, x_hat: (
                (x - x_hat).pow(4).sum(dim=1) / (x - x_hat).pow(4).sum()
            ),
        },
        variants={
            "norms": lambda x, x_hat: (x - x_hat).norm(dim=1) ** 4 / ((x - x_hat).norm(dim=1) ** 4).sum(),
            "normalize": lambda x, x_hat: torch.nn.functional.normalize(
                (x - x_hat).square().sum(dim=1).square(), p=1, dim=0
            ),
            "means": lambda x, x_hat: (
                (x - x_hat).square().mean(dim=1).square() / (x - x_hat).square().mean(dim=1).square().sum()
            ),
        },
        explanation="""
            Squaring the loss favours the inputs that are explained worst, so that new latents start where something is
            missing and seldom in the same place.""",
    ),
    "fresh_pairs": Exercise(
        fresh_pairs,
        cases=_pairs_cases,
        difficulty=2,
        hints=(
            "A decoder row is the chosen input with length 1; an encoder column is the same direction with another length.",
            "Columns of `W_enc` belong to latents: their lengths are `W_enc.norm(dim=0)`, and `~dead` chooses the live ones.",
            "The length is `0.2 * W_enc[:, ~dead].norm(dim=0).mean()`; return `rows, length * rows.T`.",
        ),
        slips={
            "The encoder column has the *unit* direction times the length; yours is as long as the input was loud.": lambda chosen, W_enc, dead: (
                _pairs(chosen, W_enc, dead, unit=False)
            ),
            "You measure the dead latents: `dead` is True for them, `~dead` for the live ones.": lambda chosen, W_enc, dead: (
                _pairs(chosen, W_enc, ~dead)
            ),
            "A latent is a column of `W_enc`: its length is `W_enc.norm(dim=0)`.": lambda chosen, W_enc, dead: (
                chosen / chosen.norm(dim=1, keepdim=True),
                0.2 * W_enc.norm(dim=1).mean() * (chosen / chosen.norm(dim=1, keepdim=True)).T,
            ),
            "Only live latents set the length: leave the dead ones out of the mean.": lambda chosen, W_enc, dead: (
                _pairs(chosen, W_enc, dead, live=False)
            ),
            "The encoder starts at 0.2 of the live latents' mean length: as loud as they are, the newcomers would drown them.": lambda chosen, W_enc, dead: (
                _pairs(chosen, W_enc, dead, share=1.0)
            ),
            "A fixed length of 0.2 is right only if the live encoder columns have length 1 on average.": lambda chosen, W_enc, dead: (
                _pairs(chosen, W_enc, dead, mean=False)
            ),
        },
        variants={
            "normalize": lambda chosen, W_enc, dead: (
                torch.nn.functional.normalize(chosen, dim=1),
                torch.nn.functional.normalize(chosen, dim=1).T * W_enc.norm(dim=0)[~dead].mean() / 5,
            ),
            "by rows": lambda chosen, W_enc, dead: _by_rows(chosen, W_enc, dead),
            "linalg": lambda chosen, W_enc, dead: (
                chosen / torch.linalg.vector_norm(chosen, dim=1)[:, None],
                (chosen / torch.linalg.vector_norm(chosen, dim=1)[:, None]).T
                * (0.2 * torch.linalg.vector_norm(W_enc.T[~dead], dim=1).mean()),
            ),
        },
        explanation="""
            A short encoder column lets the newcomer fire faintly on the inputs it was made for and hardly on others, so that
            it grows into its place instead of disturbing everything at once. The draft in the notebook leaves the scaling out
            of the encoder, which makes the start depend on how loud the chosen input happened to be.""",
    ),
}


def _by_pinv(x: Tensor, codes: Tensor, k: int) -> Tensor:
    out, rest = torch.zeros(len(codes)), x
    for _ in range(k):
        match = torch.where(out != 0, torch.tensor(-math.inf), codes @ rest)
        chosen = [*out.nonzero()[:, 0].tolist(), int(match.argmax())]
        strengths = x @ torch.linalg.pinv(codes[chosen])
        out = torch.zeros(len(codes)).index_put((torch.tensor(chosen),), strengths)
        rest = x - out @ codes
    return out


def _batched(x: Tensor, codes: Tensor, k: int) -> Tensor:
    from course_utils.sae import omp as batched

    return batched(x[None], codes, k)[0]


def _weighted(x: Tensor, y: Tensor, level: float) -> float:
    i = int((y >= level).long().cumprod(dim=0).sum())
    above, below = y[i - 1] - level, level - y[i]
    return float((below * x[i - 1] + above * x[i]) / (above + below))


def _by_rows(chosen: Tensor, W_enc: Tensor, dead: Tensor) -> tuple[Tensor, Tensor]:
    live = [float(column.norm()) for column, gone in zip(W_enc.T, dead, strict=True) if not gone]
    rows = torch.stack([row / row.norm() for row in chosen])
    return rows, 0.2 * sum(live) / len(live) * rows.T


QUIZZES = {
    "reading": Quiz(
        (
            Single(
                "You tune the matched filter to a station that is off the air, while two others speak. What do you hear?",
                (
                    Option("Silence.", "each of the two leaks in by its cosine with the code you tuned to."),
                    Option(
                        "A faint mixture of the two.",
                        "the filter reads each station's strength times the cosine of the two codes.",
                        right=True,
                    ),
                    Option(
                        "The louder of the two only.",
                        "nothing in a dot product chooses: both leak in and add up.",
                    ),
                    Option(
                        "Noise without structure.",
                        "what leaks in is their programmes, faint and perhaps upside down.",
                    ),
                ),
            ),
            Numeric(
                "A jumprelu latent has threshold 0.5, the bandwidth is 0.1 and its pre-activation is 0.48. What is the "
                "estimated slope of the latent with respect to its threshold?",
                value=-5.0,
                tolerance=0.01,
                why="0.48 is within 0.05 of the threshold, so the slope is -threshold / bandwidth = -0.5 / 0.1.",
                slips={
                    0.0: "It would be 0 more than half a bandwidth away; 0.48 is nearer, even though the latent is off.",
                    5.0: "Raising the threshold can only turn a latent off: the slope is negative.",
                    -10.0: "That is -1 / bandwidth, the slope of the count of active latents; a latent that goes off loses its value, 0.5.",
                },
            ),
            Multiple(
                "Which of these make a ReLU autoencoder with an L1 penalty read too faintly?",
                (
                    Option(
                        "The penalty falls on the very numbers that are decoded.",
                        "a little less latent costs little squared error and saves penalty in proportion.",
                        right=True,
                    ),
                    Option(
                        "The decoder rows are kept at length 1.",
                        "that stops the decoder from making up for it.",
                        right=True,
                    ),
                    Option("Dead latents.", "they leave things out; they do not make what is read fainter."),
                    Option("Too small a batch.", "that makes the training noisy, in both directions."),
                ),
            ),
            Ordering(
                "Order these receivers by how much work they do for one moment, least first (100 stations, 10 channels).",
                (
                    Option("matched filter of one station", "one dot product."),
                    Option("encoder of a sparse autoencoder", "one matrix product, a bias and a comparison."),
                    Option(
                        "orthogonal matching pursuit, two stations", "two matrix products and two small fits."
                    ),
                    Option("FISTA, a hundred steps", "two matrix products a step."),
                ),
                shown=(2, 0, 3, 1),
            ),
            Single(
                "Twice as many stations share ten channels, and on average as many speak at once as before. What becomes "
                "of the interference in a matched filter?",
                (
                    Option("It doubles.", "it counts who speaks, not who could."),
                    Option("It is halved.", "nothing about the channels changed for the better."),
                    Option(
                        "It stays about the same.",
                        "its power is (stations at once) / channels times their mean square strength.",
                        right=True,
                    ),
                ),
            ),
        )
    ),
}
