"""Day 5: Radio stations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.exercises import Answer, Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.sae import ista_step
from course_utils.training import fresh_pairs, resampling_odds
from course_utils.worlds import matched_filter, random_codes, signal_to_noise, welch_bound


def _random(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


# ── judges ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _judge(
    diagnosis: Callable[[Any, Any, tuple], str], tolerance: float = 1e-4
) -> Callable[[Any, Any, tuple], bool | str]:
    """A judge that takes the expected numbers, and says of others what ``diagnosis`` finds in them."""

    def judge(yours: Any, expected: Any, args: tuple) -> bool | str:
        if not isinstance(expected, Tensor):
            yours, expected = torch.as_tensor(yours).double(), torch.as_tensor(expected).double()
        if yours.numel() == expected.numel() and yours.shape != expected.shape:
            if yours.ndim == 2 and yours.T.shape == expected.shape and _agree(yours.T, expected, tolerance):
                return "The right numbers, transposed."
            if _agree(yours.reshape(expected.shape), expected, tolerance):
                return "The right numbers, with an axis of length 1 too many or too few."
        if yours.ndim == expected.ndim == 0 and not yours.isfinite():
            return "It is not a finite number: a division by zero, or a logarithm of something not positive?"
        if yours.shape != expected.shape or not yours.isfinite().all():
            return False
        return _agree(yours, expected, tolerance) or diagnosis(yours, expected, args)

    return judge


def _agree(yours: Tensor, expected: Tensor, tolerance: float = 1e-4) -> bool:
    return bool(((yours - expected).abs() <= tolerance * (expected.abs() + 0.1 * expected.abs().max())).all())


def _close(one: Tensor, other: Tensor) -> bool:
    return bool(((one - other).abs() <= 1e-3 * other.abs()).all())


def _of_one_size(values: Tensor) -> bool:
    return bool((values - values.mean()).abs().max() <= 1e-3 * values.abs().mean())


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


def _between(codes: Tensor) -> Tensor:
    return (codes @ codes.T).abs().fill_diagonal_(0)


def _without_abs(codes: Tensor) -> float:
    return (codes @ codes.T - 2 * torch.eye(len(codes))).max().item()


# ── matched_filter ──────────────────────────────────────────────────────────────────────────────────────────────────


def _filter_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[2.0, 1.0], [3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 4.0]]))
    x, codes, y, more = _random(seed, (7, 4), (9, 4), (3, 5), (4, 5))
    return [by_head, (x, 2 * codes), (y, 0.5 * more)]


def _judge_filter(yours: Tensor, expected: Tensor, args: tuple) -> str:
    if _agree(yours, expected.round(), 1e-3):
        return "The strengths are rounded; they are asked for as they are."
    factors = yours / expected
    by_code, by_moment = _close(factors, factors[:1]), _close(factors, factors[:, :1])
    if by_code and by_moment:
        return f"All of it is {factors.mean():.3g} times what it should be."
    if by_code:
        return "Each station is too loud or too faint by a factor of its own: how does the length of its code come in?"
    if by_moment:
        return "Each moment is too loud or too faint by a factor of its own: why divide by anything of `x`?"
    if _close(factors * factors[:1, :1], factors[:, :1] * factors[:1]):
        return "Stations and moments each have a factor of their own too many: only the code's squared length is divided by."
    if (yours >= 0).all() and (expected < 0).any():
        return "Nothing of yours is below zero, but a dot product may be, and a matched filter leaves it as it is."
    return "These are not the dot products of moments with codes, each divided by something: begin with `x @ codes.T`."


# ── signal_to_noise ─────────────────────────────────────────────────────────────────────────────────────────────────


def _snr_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([1.0, 3.0]), torch.tensor([4.9, 7.1]))  # a tenth of the amplitude: 20 dB
    sent, noise = _random(seed, (50,), (50,))
    return [by_head, (sent + 2, sent + 0.3 * noise + 5), (0.2 * sent, 0.2 * sent + noise - 1)]


def _judge_decibels(yours: Tensor, expected: Tensor, args: tuple) -> str:
    """What over what the answer would be decibels of."""
    sent, received = (sound.double() for sound in args)
    sounds = {"the noise": received - sent, "what was sent": sent, "what was received": received}
    powers = {}
    for name, sound in sounds.items():
        powers[f"{name}, centred,"] = sound.var(correction=0)
        powers[f"{name}, not centred,"] = sound.square().mean()
        powers[f"the largest amplitude of {name}"] = sound.abs().max().square()
    for above, top in powers.items():
        for below, bottom in powers.items():
            if above == below:
                continue
            for factor, what in ((1.0, ""), (0.5, "half of "), (2.0, "twice "), (math.log(10), "2.3 times ")):
                if abs(factor * 10 * math.log10(top / bottom) - yours) < 1e-3:
                    return f"That is {what}the decibels of {above} over {below.rstrip(',')}."
    if abs(yours - expected - 10) < 1e-3 or abs(yours - expected / 10 - 1) < 1e-3:
        return "The 10 belongs in front of the logarithm, not inside it."
    return (
        "It is not ten times the logarithm, to base 10, of one power over another: what do you divide by what, "
        "and is each a sum of squares?"
    )


def _centred(sound: Tensor) -> Tensor:
    return sound - sound.mean()


def _power(sound: Tensor) -> float:
    return _centred(sound).square().sum().item()


# ── ista_step ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _ista_cases(seed: int = 0) -> list[tuple]:
    guess = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    by_head = (guess, torch.tensor([[3.0, 1.0], [0.0, 2.0], [2.0, 4.0]]), torch.eye(2), 0.5, 0.4)
    features, x, codes = _random(seed, (6, 8), (6, 3), (8, 3))
    others, y, more = _random(seed + 1, (4, 5), (4, 7), (5, 7))
    return [by_head, (features.relu(), 2 * x, codes, 0.2, 0.7), (others.relu(), y, more, 0.05, 3.0)]


def _ista_in_loops(features: Tensor, x: Tensor, codes: Tensor, step: float, l1: float) -> Tensor:
    out = []
    for f, received in zip(features, x, strict=True):
        missed = received - sum(strength * code for strength, code in zip(f, codes, strict=True))
        out.append([max(0.0, float(s + step * (missed.dot(c) - l1))) for s, c in zip(f, codes, strict=True)])
    return torch.tensor(out)


def _judge_ista(yours: Tensor, expected: Tensor, args: tuple) -> str:
    features, x, codes, step, l1 = args
    if (yours < -1e-9).any():
        return "Some strengths are below zero, which no station can send."
    match = (x - features @ codes) @ codes.T
    on = yours > 1e-6
    if on.sum() < 4:
        return "Hardly a station stays on: how far does it go along what is missed, and what does the price take off?"
    parts = torch.stack([features[on], step * match[on], torch.full_like(match[on], -step * l1)], dim=1)
    fit = torch.linalg.lstsq(parts.double(), yours[on][:, None].double()).solution[:, 0]
    if not _agree(parts.double() @ fit, yours[on].double(), 1e-3):
        return (
            "It is not `features`, a step along what is missed, and a price taken off: is what is missed read along "
            "every code, and does the `relu` come last?"
        )
    said = [
        f"{what} comes in {factor:.2g} times"
        for what, factor in zip(
            ("`features`", "`step` along what is missed", "the price, `step * l1`,"),
            fit.tolist(),
            strict=True,
        )
        if abs(factor - 1) > 1e-2
    ]
    return (
        f"Where a station stays on, {' and '.join(said)}."
        if said
        else "What stays on is right; look at what falls below zero, and whether anything is cut off at the top."
    )


def _faint_silenced(features: Tensor, price: float) -> Tensor:
    return torch.where(features > price, features, torch.zeros_like(features))


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
    x: Tensor,
    codes: Tensor,
    k: int,
    *,
    fit: str = "all to x",
    residual: bool = True,
    score: Callable[[Tensor], Tensor] = lambda match: match,
    mask: float | None = -math.inf,
    stop: bool = False,
) -> tuple[list[int], Tensor]:
    """The pursuit with one thing done another way: what it chose, and their strengths."""
    chosen: list[int] = []
    rest, found = x, x[:0]
    for _ in range(k):
        match = score(codes @ (rest if residual else x))
        if mask is not None:
            match[chosen] = mask
        if stop and match.max() <= 0:
            break
        chosen.append(int(match.argmax()))
        picked = codes[chosen]
        alone = picked[-1] @ rest
        if fit == "all to x":
            found = torch.linalg.lstsq(picked.T, x[:, None]).solution[:, 0]
        elif fit == "normal equations":
            found = torch.linalg.solve(picked @ picked.T, picked @ x)
        elif fit == "all to the rest":
            found = torch.linalg.lstsq(picked.T, rest[:, None]).solution[:, 0]
        elif fit == "none":
            found = picked @ x
        else:
            found = torch.cat([found, alone[None]])
        if fit == "all to the rest":
            rest = rest - found @ picked
        elif fit in ("one", "at the end"):
            rest = rest - alone * picked[-1]
        else:
            rest = x - found @ picked
    if fit == "at the end":
        found = torch.linalg.lstsq(codes[chosen].T, x[:, None]).solution[:, 0]
    return chosen, found


def _wrong_pursuit(**ways: Any) -> Callable[[Tensor, Tensor, int], Tensor]:
    def pursuit(x: Tensor, codes: Tensor, k: int) -> Tensor:
        chosen, found = _pursuit(x, codes, k, **ways)
        out = x.new_zeros(len(codes))
        out[chosen] = found
        return out

    return pursuit


def _added_up(x: Tensor, codes: Tensor, k: int) -> Tensor:
    """Matching pursuit, which is not orthogonal."""
    chosen, found = _pursuit(x, codes, k, fit="one", mask=None)
    return x.new_zeros(len(codes)).index_add(0, torch.tensor(chosen), found)


def _judge_omp(yours: Tensor, expected: Tensor, args: tuple) -> str:
    k = args[2]
    if len(yours) and not yours.any():
        return "Every strength is 0."
    mine, right = yours.abs() > 1e-9, expected != 0
    if mine.sum() > k:
        return f"{int(mine.sum())} stations have a strength, and {k} were to be chosen."
    if mine.sum() < right.sum():
        return (
            f"{int(mine.sum())} of {k} stations have a strength. Each round adds a station that has not been chosen "
            "yet, even if its match is below zero, and its strength stays what the fit gives it."
        )
    if torch.equal(mine, right):
        return "The right stations, but not the strengths that fit the whole of `x` best together."
    return "It chooses other stations: in each round take the one that matches best what is left of `x`."


def _by_normal_equations(x: Tensor, codes: Tensor, k: int) -> Tensor:
    picked, rest, strengths = torch.zeros(len(codes), dtype=torch.bool), x, x[:0]
    for _ in range(k):
        picked[(codes @ rest).masked_fill(picked, -math.inf).argmax()] = True
        some = codes[picked]
        strengths = torch.linalg.solve(some @ some.T, some @ x)
        rest = x - strengths @ some
    return torch.zeros(len(codes), dtype=x.dtype).masked_scatter(picked, strengths)


# ── shrinkage ───────────────────────────────────────────────────────────────────────────────────────────────────────


def shrinkage(x: Tensor, x_hat: Tensor) -> float:
    """How large the reconstruction is against the best multiple of itself: 1 is faithful, less is shrunk."""
    return (x_hat.pow(2).sum() / (x_hat * x).sum()).item()


def _shrinkage_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[2.0, 2.0], [0.0, 4.0]]), torch.tensor([[1.0, 1.0], [0.0, 2.0]]))
    x, noise = _random(seed, (8, 5), (8, 5))
    return [by_head, (3 * x + 1, 2 * x + 1 + 0.3 * noise), (x, 1.2 * x + 0.1 * noise)]


def _judge_shrinkage(yours: Tensor, expected: Tensor, args: tuple) -> str:
    x, x_hat = args
    missed = float((x - x_hat).square().sum() / x.square().sum())
    for name, value in {
        "the variance missed": missed,
        "one minus the variance missed": 1 - missed,
        "the root of γ": float(expected.clamp(min=0).sqrt()),
        "γ squared": float(expected.square()),
    }.items():
        if abs(yours - value) < 1e-3 * (1 + abs(value)):
            return f"That is {name}."
    if _agree(x, 2 * x_hat):
        return "Here the reconstruction is exactly half of `x`, so γ has to be a half."
    return (
        "It is right where the reconstruction is a multiple of `x`, but here it also misses a part of `x`: γ has the sum "
        "of `x_hat` squared above the line and that of `x_hat * x` below it."
    )


# ── resampling ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _odds_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), torch.zeros(3, 2))  # losses 1, 4 and 2
    x, noise = _random(seed, (6, 4), (6, 4))
    return [by_head, (x, x + noise), (2 * x[:, :3], 2 * x[:, :3] + 0.4 * noise[:, :3])]


def _judge_odds(yours: Tensor, expected: Tensor, args: tuple) -> str:
    x, x_hat = args
    loss = (x - x_hat).square().sum(dim=1)
    if (yours < 0).any():
        return "Some chances are below zero."
    order, ranks = yours.argsort().argsort(), loss.argsort().argsort()
    if yours.max() - yours.min() < 1e-6:
        return "All inputs have the same chance; those that are explained badly are to be chosen more often."
    if torch.equal(order, len(x) - 1 - ranks):
        return "The worse an input is explained, the smaller is its chance: it is the other way round."
    if not torch.equal(order, ranks):
        return "An input with a larger loss has a smaller chance than another: is the loss the squared length of `x - x_hat`?"
    growth = (yours.clamp(min=1e-30).log().diff() / loss.log().diff())[loss.diff() != 0]
    if _of_one_size(growth) and 0.01 < abs(growth.mean() - 2) < 5:
        return f"The chances grow like the loss to the power {growth.mean():.2g}; they are to grow like its square."
    if abs(yours.sum() - 1) > 1e-3:
        return f"They sum to {yours.sum():.3g}: divide by their sum."
    return "The order of the chances is right, but they are not proportional to the square of the loss."


def _shares(x: Tensor) -> Tensor:
    return x / x.sum()


def _pairs_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[3.0, 4.0]]),
        torch.tensor([[2.0, 0.0, 6.0], [0.0, 9.0, 8.0]]),
        torch.tensor([False, True, False]),
    )
    chosen, W_enc = _random(seed, (3, 4), (4, 9))
    dead = torch.zeros(9, dtype=torch.bool)
    dead[torch.randperm(9, generator=torch.Generator().manual_seed(seed))[:3]] = True
    more, wider = _random(seed + 1, (2, 5), (5, 7))
    some = torch.tensor([True, False, False, True, False, False, False])
    return [by_head, (2 * chosen, 3 * W_enc * torch.linspace(0.2, 2, 9), dead), (0.3 * more, wider, some)]


def _pairs(
    chosen: Tensor,
    W_enc: Tensor,
    dead: Tensor,
    *,
    unit: bool = True,
    unit_rows: bool = True,
    live: bool = True,
    length: Callable[[Tensor], Tensor | float] = lambda live: 0.2 * live.norm(dim=0).mean(),
    norm: Callable[[Tensor], Tensor] = lambda chosen: chosen.norm(dim=1, keepdim=True),
) -> tuple[Tensor, Tensor]:
    rows = chosen / norm(chosen)
    columns = length(W_enc[:, ~dead] if live else W_enc) * (rows if unit else chosen).T
    return (rows if unit_rows else chosen), columns


def _judge_pairs(yours: Any, expected: Any, args: tuple) -> bool | str:
    """Rows first, then columns: where they point, then how long they are."""
    if any(not isinstance(mine, Tensor) for mine in yours):
        return False
    chosen, W_enc, dead = args
    (rows, columns), (right_rows, right_columns) = yours, expected
    if rows.shape != right_rows.shape or columns.shape != right_columns.shape:
        shapes = f"{tuple(rows.shape)} and {tuple(columns.shape)}"
        return f"Yours have shapes {shapes}: asked for are decoder rows (n_dead, d_in), then encoder columns (d_in, n_dead)."
    if not (rows.isfinite().all() and columns.isfinite().all()):
        return "Some numbers are not finite: a division by zero?"
    if _agree(rows, right_rows) and _agree(columns, right_columns):
        return True
    for name, mine in (("decoder rows", rows), ("encoder columns", columns.T)):
        cosines = torch.nn.functional.cosine_similarity(mine, chosen, dim=1)
        if cosines.min() < 1 - 1e-3:
            return f"Your {name} do not point where the chosen inputs point."
    if not _agree(rows, right_rows):
        return f"Your decoder rows point the right way, but are {rows[0].norm():.3g} long, the first of them; length 1 is asked for."
    lengths = columns.norm(dim=0)
    if not _of_one_size(lengths):
        return "Your encoder columns have different lengths; all of them get the same."
    share = float(lengths[0] / W_enc[:, ~dead].norm(dim=0).mean())
    return f"Your encoder columns are {share:.2g} times as long as the live ones are on average; 0.2 is asked for."


def _wrong_pairs(**ways: Any) -> Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]:
    return lambda chosen, W_enc, dead: _pairs(chosen, W_enc, dead, **ways)


# ── absorption ──────────────────────────────────────────────────────────────────────────────────────────────────────


def absorption(
    latents: Tensor, W_dec: Tensor, code: Tensor, general: Tensor, special: Tensor
) -> tuple[float, float]:
    """How often the latent nearest to the general station's code is active: while it is on alone, and with the special one."""
    cosines = W_dec @ code / W_dec.norm(dim=1)
    active = latents[:, cosines.argmax()] > 0
    alone = general & ~special
    return active[alone].double().mean().item(), active[special].double().mean().item()


def _absorption_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[1.0, 0.0], [0.2, 0.9], [0.0, 2.0], [0.5, 0.1], [0.0, 0.3], [0.0, 0.0]]),
        torch.tensor(
            [[0.5, 0.0], [0.8, 0.6]]
        ),  # the second has the larger dot product, the first the larger cosine
        torch.tensor([1.0, 0.0]),
        torch.tensor([True, True, True, True, False, False]),
        torch.tensor([False, False, True, True, False, False]),
    )
    cases = [by_head]
    for n, d_sae, d_in, scale in ((60, 7, 4, 1.0), (90, 9, 6, 3.0)):
        latents, W_dec, code, chance = _random(seed + n, (n, d_sae), (d_sae, d_in), (d_in,), (n,))
        code = code / code.norm()
        aside = normalize(W_dec - (W_dec @ code)[:, None] * code, dim=1)
        W_dec[2] = 0.3 * (code + 0.1 * aside[2])  # the nearest in direction, and short
        W_dec[1] = 5 * (code + 0.9 * aside[1])  # has the largest dot product
        W_dec[4] = 0.9 * (code + 0.4 * aside[4])  # comes closest
        W_dec[5] = -1.5 * code  # points the other way
        general = chance > -0.5
        special = general & (latents[:, 0] > 0.3)
        latents[:, 2] -= special.to(latents.dtype) * 0.5  # so that the two shares differ
        latents[:, [0, 1, 3, 6]] -= 1.0  # so that at some moments none is active
        cases.append((latents.relu(), W_dec, scale * code, general, special))
    return cases


def _cosines(W_dec: Tensor, code: Tensor) -> Tensor:
    return torch.nn.functional.cosine_similarity(W_dec, code[None])


def _shares_of(
    latents: Tensor,
    W_dec: Tensor,
    code: Tensor,
    general: Tensor,
    special: Tensor,
    *,
    nearest: Callable[[Tensor, Tensor], Tensor] = lambda W_dec, code: _cosines(W_dec, code).argmax(),
    counts: Callable[[Tensor], Tensor] = lambda strength: strength > 0,
    alone: Callable[[Tensor, Tensor], Tensor] = lambda general, special: general & ~special,
    both: Callable[[Tensor, Tensor], Tensor] = lambda general, special: special,
) -> tuple[float, float]:
    """`absorption` with one thing done another way."""
    value = counts(latents[:, nearest(W_dec, code)]).double()
    return value[alone(general, special)].mean().item(), value[both(general, special)].mean().item()


def _judge_shares(yours: Any, expected: Any, args: tuple) -> bool | str:
    W_dec = args[1]
    first, second = (float(share) for share in yours)
    if not (math.isfinite(first) and math.isfinite(second)):
        return "A share is not finite: a division by zero?"
    if abs(first - expected[0]) < 1e-4 and abs(second - expected[1]) < 1e-4:
        return True
    if min(first, second) < 0 or max(first, second) > 1:
        return "A share lies between 0 and 1."
    if abs(first - expected[0]) < 1e-4:
        return "The first share is right, the second is not: it is of the moments at which `special` is on, and active means above 0."
    if abs(second - expected[1]) < 1e-4:
        return "The second share is right, the first is not: it is of the moments with `general` and without `special`, and active means above 0."
    for latent in range(len(W_dec)):
        other = _wrong_shares(nearest=lambda W_dec, code, latent=latent: torch.tensor(latent))(*args)
        if abs(first - other[0]) < 1e-4 and abs(second - other[1]) < 1e-4:
            return (
                f"Those are the shares of latent {latent}, which is not the nearest to `code` by its cosine."
            )
    return (
        "Two things to look at: which moments you count (the station on alone, then both), and when the latent is active "
        "(above 0, whatever the others do)."
    )


def _wrong_shares(**ways: Any) -> Callable[..., tuple[float, float]]:
    return lambda latents, W_dec, code, general, special: _shares_of(
        latents, W_dec, code, general, special, **ways
    )


def _counts_of(
    latents: Tensor, W_dec: Tensor, code: Tensor, general: Tensor, special: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """How often the latent is active alone, with the special one, and at all."""
    active = latents[:, _cosines(W_dec, code).argmax()] > 0
    return (active & general & ~special).sum(), (active & special).sum(), active.sum()


def _of_all(
    latents: Tensor, W_dec: Tensor, code: Tensor, general: Tensor, special: Tensor
) -> tuple[float, float]:
    alone, both, _ = _counts_of(latents, W_dec, code, general, special)
    return (alone / len(latents)).item(), (both / len(latents)).item()


def _of_active(
    latents: Tensor, W_dec: Tensor, code: Tensor, general: Tensor, special: Tensor
) -> tuple[float, float]:
    alone, both, active = _counts_of(latents, W_dec, code, general, special)
    return (alone / active).item(), (both / active).item()


def _any_latent(
    latents: Tensor, W_dec: Tensor, code: Tensor, general: Tensor, special: Tensor
) -> tuple[float, float]:
    active = (latents > 0).any(dim=1).double()
    return active[general & ~special].mean().item(), active[special].mean().item()


def _busiest(
    latents: Tensor, W_dec: Tensor, code: Tensor, general: Tensor, special: Tensor
) -> tuple[float, float]:
    active = (latents[:, latents[general].mean(dim=0).argmax()] > 0).double()
    return active[general & ~special].mean().item(), active[special].mean().item()


def _changed_shares(change: Callable[[float, float], Any]) -> Callable[..., Any]:
    return lambda latents, W_dec, code, general, special: change(
        *absorption(latents, W_dec, code, general, special)
    )


def _absorption_in_loops(
    latents: Tensor, W_dec: Tensor, code: Tensor, general: Tensor, special: Tensor
) -> tuple[float, float]:
    cosines = [float(row @ code / (row.norm() * code.norm())) for row in W_dec]
    latent = cosines.index(max(cosines))
    fired: dict[bool, list[bool]] = {False: [], True: []}
    for strengths, is_general, is_special in zip(latents, general, special, strict=True):
        if is_general:
            fired[bool(is_special)].append(bool(strengths[latent] > 0))
    return sum(fired[False]) / len(fired[False]), sum(fired[True]) / len(fired[True])


EXERCISES = {
    "coherence": Answer(
        coherence,
        cases=_codes_cases,
        tolerance=0.005,  # other figures lie within 1 % by chance
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
                _between(codes).sum() / (len(codes) * (len(codes) - 1))
            ),
            "That is a mean, and over each code with itself too; coherence is about the worst pair.": lambda codes: (
                (codes @ codes.T).abs().mean()
            ),
            "That is a root mean square over all; coherence is about the worst pair.": lambda codes: (
                _between(codes).square().mean().sqrt()
            ),
            "That is each code's nearest neighbour, averaged; coherence is about the worst pair of all.": lambda codes: (
                _between(codes).amax(dim=1).mean()
            ),
            "That is the square of it: the cosine itself is asked for.": lambda codes: (
                _between(codes).max().square()
            ),
            "That is the pair that disturbs each other least; the worst is asked for.": lambda codes: (
                (codes @ codes.T).abs().min()
            ),
            "`codes.T @ codes` compares channels with each other; the stations are the rows.": lambda codes: (
                _between(codes.T).max()
            ),
            "That is an angle, in degrees; its cosine is asked for.": lambda codes: math.degrees(
                math.acos(coherence(codes))
            ),
            "That is an angle, in radians; its cosine is asked for.": lambda codes: math.acos(
                coherence(codes)
            ),
            "That is one minus it, a distance; the cosine itself is asked for.": lambda codes: (
                1 - coherence(codes)
            ),
            "That is a distance between two codes; the cosine is asked for.": lambda codes: torch.pdist(
                codes
            ).min(),
            "That is the bound of day 3; what do these codes really reach?": lambda codes: welch_bound(
                *codes.shape
            ),
            "`argmax` says *where* the largest one stands; `max` says how large it is.": lambda codes: float(
                _between(codes).argmax()
            ),
        },
    ),
    "matched_filter": Exercise(
        matched_filter,
        judge=_judge(_judge_filter),
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
            "That is a cosine, which forgets how loud the moment is: leave the length of `x` alone.": lambda x, codes: (
                torch.nn.functional.cosine_similarity(x[:, None], codes[None], dim=2)
            ),
            "You divide by the *mean* of a code's squares; its squared length is their sum.": lambda x, codes: (
                x @ codes.T / codes.square().mean(dim=1)
            ),
            "You divide by the sum of a code's entries; its squared length is the sum of their squares.": lambda x, codes: (
                x @ codes.T / codes.sum(dim=1)
            ),
            "You divide all stations by one number; each code has a length of its own.": lambda x, codes: (
                x @ codes.T / codes.square().sum()
            ),
            "You multiply by the squared length: a long code then sounds louder still.": lambda x, codes: (
                x @ codes.T * codes.square().sum(dim=1)
            ),
            "That takes the code's length out four times; the dot product brought it in twice.": lambda x, codes: (
                x @ codes.T / codes.square().sum(dim=1).square()
            ),
            "No absolute value: what leaks in may well be below zero, and you want to see it.": lambda x, codes: (
                (x @ codes.T / codes.square().sum(dim=1)).abs()
            ),
            "That explains `x` by all stations together, which section 4 is about; here each is read as if it were alone.": lambda x, codes: (
                x @ torch.linalg.pinv(codes)
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
        judge=_judge(_judge_decibels),
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
            "That is half of it: `std` and `norm` measure amplitudes, and a power is a square.": lambda sent, received: (
                10 * math.log10(sent.std() / (received - sent).std())
            ),
            "That adds up sizes; a power adds up squares.": lambda sent, received: (
                10 * math.log10(_centred(sent).abs().sum() / _centred(received - sent).abs().sum())
            ),
            "Above the line belongs what was sent; yours has what was received, noise and all.": lambda sent, received: (
                10 * math.log10(_power(received) / _power(received - sent))
            ),
            "That is the ratio of the powers; decibels are 10 times its logarithm to base 10.": lambda sent, received: (
                _power(sent) / _power(received - sent)
            ),
            "Those are bels: the 10 in front is missing.": lambda sent, received: (
                signal_to_noise(sent, received) / 10
            ),
            "Decibels use the logarithm to base 10, yours is to base 2.": lambda sent, received: (
                10 * math.log2(_power(sent) / _power(received - sent))
            ),
            "You centre what was sent and not what was received, so its constant counts as noise.": lambda sent, received: (
                10 * math.log10(_power(sent) / (received - _centred(sent)).square().sum())
            ),
            "You centre the signal and not the noise: a constant cannot be heard in either.": lambda sent, received: (
                10 * math.log10(_power(sent) / (received - sent).square().sum())
            ),
            "You centre the noise and not the signal: a constant cannot be heard in either.": lambda sent, received: (
                10 * math.log10(sent.square().sum() / _power(received - sent))
            ),
            "Square first, then sum: in a plain sum the swings up and down cancel.": lambda sent, received: (
                10 * math.log10((sent.sum() / (received - sent).sum()) ** 2)
            ),
            "Subtract the sounds, not their powers: the noise is `received - sent`, and its power is taken afterwards.": lambda sent, received: (
                10 * math.log10(_power(sent) / abs(_power(received) - _power(sent)))
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
        judge=_judge(_judge_ista),
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
            "That is always the first step, from silence: begin at `features`, and take what they explain off `x`.": lambda features, x, codes, step, l1: (
                torch.relu(step * (x @ codes.T - l1))
            ),
            "You step along all of `x`; what `features` explain already is not missed any more.": lambda features, x, codes, step, l1: (
                torch.relu(features + step * (x @ codes.T - l1))
            ),
            "`step` is missing: it scales the whole way, what is missed and the penalty.": lambda features, x, codes, step, l1: (
                torch.relu(features + (x - features @ codes) @ codes.T - l1)
            ),
            "Twice too far along what is missed: the ½ of the cost takes away the 2 of the square.": lambda features, x, codes, step, l1: (
                torch.relu(features + step * (2 * (x - features @ codes) @ codes.T - l1))
            ),
            "The price of one more unit is `l1`, however strong a station is: do not multiply it by `features`.": lambda features, x, codes, step, l1: (
                torch.relu(features + step * ((x - features @ codes) @ codes.T - l1 * features))
            ),
            "The penalty comes off before the `relu`, or strengths end below zero.": lambda features, x, codes, step, l1: (
                torch.relu(features + step * (x - features @ codes) @ codes.T) - step * l1
            ),
            "That shrinks towards zero from both sides; no station sends less than nothing, so what is below zero becomes zero.": lambda features, x, codes, step, l1: (
                torch.nn.functional.softshrink(features + step * (x - features @ codes) @ codes.T, step * l1)
            ),
            "What falls below zero becomes zero, not its absolute value.": lambda features, x, codes, step, l1: (
                (features + step * ((x - features @ codes) @ codes.T - l1)).abs()
            ),
            "The `relu` goes around the whole: around the step alone, strengths can only grow.": lambda features, x, codes, step, l1: (
                features + torch.relu(step * ((x - features @ codes) @ codes.T - l1))
            ),
            "Everybody pays: yours silences what is faint, and takes nothing off the others.": lambda features, x, codes, step, l1: (
                _faint_silenced(features + step * (x - features @ codes) @ codes.T, step * l1)
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
            "The next station is the one whose code has the largest dot product with what is left, among those not chosen "
            "yet: `match[chosen] = -math.inf` keeps the others out.",
            "Then fit all chosen stations together to the whole of `x`: "
            "`torch.linalg.lstsq(codes[chosen].T, x[:, None]).solution[:, 0]`.",
            "What is left is `x - strengths @ codes[chosen]`; at the end put the strengths in their places of a row of zeros.",
        ),
        slips={
            "Fit all chosen stations again in each round: the codes lean on each other, so the earlier strengths change.": (
                _wrong_pursuit(fit="one")
            ),
            "That is matching pursuit without the *orthogonal*: all chosen stations are to be fitted again in each round.": (
                _added_up
            ),
            "The fit is to the whole of `x`; yours is to what was left, which the earlier stations no longer explain.": (
                _wrong_pursuit(fit="all to the rest")
            ),
            "Fit in each round, not only at the end: what is left decides which station is next.": (
                _wrong_pursuit(fit="at the end")
            ),
            "A match is not a fit: it reads each station as if it were alone. Least squares fits them together.": (
                _wrong_pursuit(fit="none")
            ),
            "Match the codes with what is *left* of `x` in each round: by their match with `x`, or all `k` at once, the loudest "
            "station's neighbours are chosen.": (_wrong_pursuit(residual=False)),
            "No station sends less than nothing: choose the largest match, not the largest absolute one.": (
                _wrong_pursuit(score=torch.abs)
            ),
            "That chooses the *worst* match in each round.": _wrong_pursuit(score=torch.neg),
            "A station was chosen twice. What is left matches a station that is fitted with 0; if all others are below 0, "
            "that one wins again. Keep the chosen ones out of the race; a match of 0 does not.": _wrong_pursuit(
                mask=None
            ),
            "A station was chosen twice, so the equations have no single solution. Keep the chosen ones out of the race.": (
                _wrong_pursuit(mask=None, fit="normal equations")
            ),
            "You stop once nothing matches any more; `k` stations are asked for, so the least bad one is next.": (
                _wrong_pursuit(stop=True)
            ),
            "The fit may give a station less than nothing. Choosing prefers the positive; the strengths stay as they are fitted.": (
                lambda x, codes, k: omp(x, codes, k).relu()
            ),
            "That is the strengths of the chosen ones alone; put them in their places in a row of zeros, one for each station.": (
                lambda x, codes, k: _pursuit(x, codes, k)[1]
            ),
            "That fits all stations at once; only `k` of them may have a strength.": (
                lambda x, codes, k: x @ torch.linalg.pinv(codes)
            ),
            "That is one station short.": lambda x, codes, k: omp(x, codes, k - 1),
            "That is one station too many.": lambda x, codes, k: omp(x, codes, k + 1),
        },
        variants={
            "normal equations": _by_normal_equations,
            "pseudo-inverse": lambda x, codes, k: _by_pinv(x, codes, k),
            "the package's, for a batch": lambda x, codes, k: _batched(x, codes, k),
        },
        tolerance=1e-3,
        judge=_judge(_judge_omp, tolerance=1e-3),
        explanation="""
            Choosing is greedy and never undone; fitting is not, since each round fits all chosen stations to the whole of
            `x`. That makes the rest perpendicular to every chosen code (hence *orthogonal* matching pursuit), so that no
            station needs to be chosen twice.""",
    ),
    "shrinkage": Exercise(
        shrinkage,
        judge=_judge(_judge_shrinkage),
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
            "That compares the lengths of the two. Below the line belongs `x_hat * x`, above it a squared length.": lambda x, x_hat: (
                x_hat.norm() / x.norm()
            ),
            "That compares mean lengths. Below the line belongs `x_hat * x`, above it a squared length.": lambda x, x_hat: (
                x_hat.norm(dim=1).mean() / x.norm(dim=1).mean()
            ),
            "That is the cosine of the two, which stays the same however faint the reconstruction is.": lambda x, x_hat: (
                (x_hat * x).sum() / (x_hat.norm() * x.norm())
            ),
            "That is a mean of cosines, which stay the same however faint the reconstruction is.": lambda x, x_hat: (
                torch.nn.functional.cosine_similarity(x, x_hat).mean()
            ),
            "That is how far it falls short; γ itself is asked for, which is 1 where nothing is lost.": lambda x, x_hat: (
                1 - x_hat.pow(2).sum() / (x_hat * x).sum()
            ),
            "In a plain sum positive and negative entries cancel: multiply first, then sum.": lambda x, x_hat: (
                x_hat.sum() / x.sum()
            ),
            "Above the line the length is to be squared.": lambda x, x_hat: x_hat.norm() / (x_hat * x).sum(),
            "The mean length, squared, is not the mean of the squared lengths: square first.": lambda x, x_hat: (
                x_hat.norm(dim=1).mean().pow(2) / (x_hat * x).sum(dim=1).mean()
            ),
            "One of your means is over moments, the other over single entries: take the same for both.": lambda x, x_hat: (
                x_hat.pow(2).sum(dim=1).mean() / (x_hat * x).mean()
            ),
            "Above the line belongs `x_hat` with itself; yours has `x` with itself.": lambda x, x_hat: (
                x.pow(2).sum() / (x_hat * x).sum()
            ),
            "Nothing is centred here: a constant is to be reconstructed like anything else.": lambda x, x_hat: (
                shrinkage(x - x.mean(dim=0), x_hat - x_hat.mean(dim=0))
            ),
            "One number for all moments together: sum over everything, not over `dim=1`.": lambda x, x_hat: (
                x_hat.pow(2).sum(dim=1) / (x_hat * x).sum(dim=1)
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
    "absorption": Exercise(
        absorption,
        judge=_judge_shares,
        cases=_absorption_cases,
        difficulty=2,
        hints=(
            "Which latent is it? The one whose row of `W_dec` has the largest cosine with `code`. Then only its column of "
            "`latents` counts: where is it above 0?",
            "`general & ~special` marks the moments of the first share, `special` those of the second. Index with them.",
            "The mean of `active[alone].float()` is a share; `.item()` makes a number of it. Return both: `return first, second`.",
        ),
        slips={
            "The first share is of the moments with the general station *alone*: leave those with the special one out.": (
                _wrong_shares(alone=lambda general, special: general)
            ),
            "`~special` alone holds all the moments at which neither is on: the general station has to be on as well.": (
                _wrong_shares(alone=lambda general, special: ~special)
            ),
            "`~general` are the moments at which it is off.": _wrong_shares(
                alone=lambda general, special: ~general
            ),
            "The second share is of the moments at which the special station is *on*.": _wrong_shares(
                both=lambda general, special: ~special
            ),
            "That is the latent with the largest dot product: a long row wins there. Divide by the lengths of the rows.": (
                _wrong_shares(nearest=lambda W_dec, code: (W_dec @ code).argmax())
            ),
            "A row that points the *other* way stands for no station: take the largest cosine, not its size.": (
                _wrong_shares(nearest=lambda W_dec, code: _cosines(W_dec, code).abs().argmax())
            ),
            "That is the row at the smallest distance; a short row in the right direction is farther away. Take the cosine.": (
                _wrong_shares(nearest=lambda W_dec, code: (W_dec - code).norm(dim=1).argmin())
            ),
            "`argmin` finds the latent that is least like the code.": (
                _wrong_shares(nearest=lambda W_dec, code: _cosines(W_dec, code).argmin())
            ),
            "The latent is to be found by its direction; yours is the one that is strongest while the station is on.": (
                _busiest
            ),
            "Only the one latent that stands for the station counts; yours counts moments at which any of them is active.": (
                _any_latent
            ),
            "Active is above 0: at `>= 0` every moment counts.": _wrong_shares(
                counts=lambda strength: strength >= 0
            ),
            "That is its mean strength; a share counts the moments at which it is active.": _wrong_shares(
                counts=lambda strength: strength
            ),
            "You divide by all moments; divide by those at which the station is on.": _of_all,
            "That is of the moments at which the *latent* is active. Asked for is the share of the moments at which the station is on.": (
                _of_active
            ),
            "Those are counts; divide each by its number of moments.": (
                lambda latents, W_dec, code, general, special: tuple(
                    float(count) for count in _counts_of(latents, W_dec, code, general, special)[:2]
                )
            ),
            "The two are swapped: first alone, then with the special one.": _changed_shares(
                lambda a, b: (b, a)
            ),
            "Those are percentages; shares lie between 0 and 1.": _changed_shares(
                lambda a, b: (100 * a, 100 * b)
            ),
            "That is how often it is silent; how often it is active is asked for.": _changed_shares(
                lambda a, b: (1 - a, 1 - b)
            ),
        },
        variants={
            "loops": _absorption_in_loops,
            "counts": lambda latents, W_dec, code, general, special: (
                (_counts_of(latents, W_dec, code, general, special)[0] / (general & ~special).sum()).item(),
                (_counts_of(latents, W_dec, code, general, special)[1] / special.sum()).item(),
            ),
            "cosine_similarity": _wrong_shares(),
            "xor": _wrong_shares(alone=torch.logical_xor, both=torch.logical_and),
        },
        explanation="""
            The first share says how well the latent stands for its station, the second what becomes of it when the special
            case is on. What makes the latent fire is not asked at all: a latent that fires for nothing but its station can
            still keep silent on a part of it.""",
    ),
    "resampling_odds": Exercise(
        resampling_odds,
        judge=_judge(_judge_odds),
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
            "Square first, then divide by the sum: odds that are squared afterwards no longer sum to 1.": lambda x, x_hat: (
                _shares((x - x_hat).pow(2).sum(dim=1)).pow(2)
            ),
            "`softmax` takes exponentials; the odds are to be proportional to the squared loss itself.": lambda x, x_hat: (
                torch.softmax((x - x_hat).pow(2).sum(dim=1).pow(2), dim=0)
            ),
            "`softmax` takes exponentials of the loss; the odds are to be proportional to its square.": lambda x, x_hat: (
                torch.softmax((x - x_hat).pow(2).sum(dim=1), dim=0)
            ),
            "You sum over the inputs: one number for each input is asked for, not for each dimension.": lambda x, x_hat: (
                _shares((x - x_hat).pow(2).sum(dim=0).pow(2))
            ),
            "One number for each input is asked for, yours has one for each entry: a loss sums over a row.": lambda x, x_hat: (
                _shares((x - x_hat).pow(2).pow(2))
            ),
            "Each entry is normalised by itself there: a loss sums over a row, then it is squared.": lambda x, x_hat: (
                _shares((x - x_hat).pow(2)).pow(2)
            ),
            "The loss adds up squares; yours adds up absolute values.": lambda x, x_hat: _shares(
                (x - x_hat).abs().sum(dim=1).pow(2)
            ),
            "Errors of either sign cancel in a plain sum: square each of them first.": lambda x, x_hat: (
                _shares((x - x_hat).sum(dim=1).pow(2))
            ),
            "That goes by how loud the inputs are; the loss is what `x_hat` misses of them.": lambda x, x_hat: (
                _shares(x.pow(2).sum(dim=1).pow(2))
            ),
            "That divides each loss by the size of its input; the protocol takes the loss as it is.": lambda x, x_hat: (
                _shares(((x - x_hat).pow(2).sum(dim=1) / x.pow(2).sum(dim=1)).pow(2))
            ),
            "The loss is the squared length of `x - x_hat`, not the difference of two squared lengths.": lambda x, x_hat: (
                _shares((x.pow(2).sum(dim=1) - x_hat.pow(2).sum(dim=1)).pow(2))
            ),
            "Divided by the largest they do not sum to 1: divide by their sum.": lambda x, x_hat: (
                (x - x_hat).pow(2).sum(dim=1).pow(2) / (x - x_hat).pow(2).sum(dim=1).pow(2).max()
            ),
            "Divided by their `norm` their squares sum to 1: divide by their sum.": lambda x, x_hat: (
                torch.nn.functional.normalize((x - x_hat).pow(2).sum(dim=1).pow(2), dim=0)
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
        judge=_judge_pairs,
        cases=_pairs_cases,
        difficulty=2,
        hints=(
            "A decoder row is the chosen input with length 1; an encoder column is the same direction with another length.",
            "Columns of `W_enc` belong to latents: their lengths are `W_enc.norm(dim=0)`, and `~dead` chooses the live ones.",
            "The length is `0.2 * W_enc[:, ~dead].norm(dim=0).mean()`; return `rows, length * rows.T`.",
        ),
        slips={
            "The encoder column has the *unit* direction times the length; yours is as long as the input was loud.": (
                _wrong_pairs(unit=False)
            ),
            "The decoder row is to have length 1; yours is as long as the input was loud.": (
                _wrong_pairs(unit_rows=False)
            ),
            "Neither is to be as loud as the input was: both take its direction, at length 1.": (
                _wrong_pairs(unit=False, unit_rows=False)
            ),
            "You measure the dead latents: `dead` is True for them, `~dead` for the live ones.": (
                lambda chosen, W_enc, dead: _pairs(chosen, W_enc, ~dead)
            ),
            "A latent is a column of `W_enc`: its length is `W_enc.norm(dim=0)`.": (
                _wrong_pairs(live=False, length=lambda live: 0.2 * live.norm(dim=1).mean())
            ),
            "The live ones are chosen rightly, but a latent is a column of `W_enc`, and you measure rows.": (
                _wrong_pairs(length=lambda live: 0.2 * live.norm(dim=1).mean())
            ),
            "Only live latents set the length: leave the dead ones out of the mean.": _wrong_pairs(
                live=False
            ),
            "The encoder starts at 0.2 of the live latents' mean length: as loud as they are, the newcomers would drown them.": (
                _wrong_pairs(length=lambda live: live.norm(dim=0).mean())
            ),
            "A fixed length of 0.2 is right only if the live encoder columns have length 1 on average.": (
                _wrong_pairs(length=lambda live: 0.2)
            ),
            "The encoder columns have no length of their own yet: they go by the live latents' columns.": (
                _wrong_pairs(length=lambda live: 1.0)
            ),
            "That multiplies by 5: the newcomers are to be a fifth as long as the live ones.": (
                _wrong_pairs(length=lambda live: live.norm(dim=0).mean() / 0.2)
            ),
            "The *mean* length of the live columns is asked for; yours is their median.": (
                _wrong_pairs(length=lambda live: 0.2 * live.norm(dim=0).median())
            ),
            "The *mean* length of the live columns is asked for; yours is the longest.": (
                _wrong_pairs(length=lambda live: 0.2 * live.norm(dim=0).max())
            ),
            "The *mean* length of the live columns is asked for; yours is the sum.": (
                _wrong_pairs(length=lambda live: 0.2 * live.norm(dim=0).sum())
            ),
            "That is the length of the whole matrix: measure each column (`dim=0`), then take the mean.": (
                _wrong_pairs(length=lambda live: 0.2 * live.norm())
            ),
            "You average the columns and then measure; measure each, then average: directions cancel, lengths do not.": (
                _wrong_pairs(length=lambda live: 0.2 * live.mean(dim=1).norm())
            ),
            "Those are squared lengths: a root is missing.": (
                _wrong_pairs(length=lambda live: 0.2 * live.square().sum(dim=0).mean())
            ),
            "You divide by the length over all rows at once; each row has a length of its own.": (
                _wrong_pairs(norm=lambda chosen: chosen.norm())
            ),
            "You measure `chosen` down its columns; an input is a row.": (
                _wrong_pairs(norm=lambda chosen: chosen.norm(dim=0, keepdim=True))
            ),
            "Only the encoder columns are short: the decoder rows keep length 1.": (
                lambda chosen, W_enc, dead: _twice(fresh_pairs(chosen, W_enc, dead)[1])
            ),
            "The two are swapped: first the decoder rows, then the encoder columns.": (
                lambda chosen, W_enc, dead: fresh_pairs(chosen, W_enc, dead)[::-1]
            ),
            "The encoder has a *column* for each latent: its new part is (d_in, n_dead), so transpose.": (
                lambda chosen, W_enc, dead: _both_in_rows(*fresh_pairs(chosen, W_enc, dead))
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


def _twice(columns: Tensor) -> tuple[Tensor, Tensor]:
    return columns.T, columns


def _both_in_rows(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    return rows, columns.T


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
                    Option(
                        "Silence: nobody sends on its code.",
                        "each of the two leaks in by its cosine with the code you tuned to.",
                    ),
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
                "One station alone sends 0.8. Its code has length 1, and the price λ is 0.1. At which strength does ISTA, "
                "after many steps, settle for it?",
                value=0.7,
                tolerance=0.005,
                why="½(0.8 - f)² + 0.1 f is least where the 0.1 that is missed pulls as hard as the price pushes. That is "
                "shrinkage.",
                slips={
                    0.8: "There the squared error is 0 and flat: a little less strength costs next to nothing and saves the price.",
                    0.72: "The price is for each unit, whatever the strength: it takes an amount off, not a share.",
                    0.9: "A price makes strengths smaller.",
                    0.08: "That is what the price costs, λ times the strength; asked for is the strength.",
                    0.1: "That is what is missed at the end; asked for is what is read.",
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
                        "that stops the decoder from making up for it by being louder.",
                        right=True,
                    ),
                    Option(
                        "Some latents are dead, and their stations are missing in the sum.",
                        "they leave things out; to turn the rest up would not bring them back.",
                    ),
                    Option(
                        "Its encoder takes a single step where ISTA takes many.",
                        "TopK's encoder takes a single step as well, and its γ is 1.00.",
                    ),
                ),
            ),
            Ordering(
                "Order these receivers by how much work they do for one moment, least first (100 stations, 10 channels).",
                (
                    Option("matched filter of one station", "one dot product."),
                    Option(
                        "encoder of a sparse autoencoder of 150 latents",
                        "one matrix product, a bias and a comparison.",
                    ),
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
                    Option(
                        "It doubles: twice as many codes lean on yours.",
                        "it counts who speaks, not who could.",
                    ),
                    Option(
                        "It is halved: each station is on the air half as often.",
                        "there are twice as many of them, so as many leak in at once.",
                    ),
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

PREDICTIONS = {
    "one_channel": Single(
        "Our station plays all the time, the others come and go. Will you recognise it in one channel of the ten?",
        (
            Option(
                "Yes, all the time: the others are seldom on.",
                "No: seldom is enough, since they have 6.0 times its power in this channel.",
            ),
            Option(
                "Only while it is alone.",
                "The others are on for 25% of the time, and have 6.0 times its power in this channel.",
                right=True,
            ),
            Option(
                "Never: it takes all ten channels to make anything out.",
                "No: alone, it is all that the channel holds, softer and unchanged.",
            ),
        ),
    ),
    "all_speaking": Single(
        "If all hundred stations spoke all the time: how strong would the interference be, beside our own station?",
        (
            Option(
                "Weaker: each leaks in with about a tenth of its power.",
                "No: there are ninety-nine of them, so it is 2.2 against our station's 0.28.",
            ),
            Option("About as strong.", "No: it is 2.2 against our station's 0.28."),
            Option(
                "Several times as strong.",
                "It is 2.2 against our station's 0.28; the formula says 2.8.",
                right=True,
            ),
            Option(
                "Nearly a hundred times as strong.",
                "No: the codes lean on each other only a little, so it is 2.2 against our station's 0.28.",
            ),
        ),
    ),
    "edge": Numeric(
        "With half as many channels as stations: how many stations may speak at once for each channel, so that half of "
        "the mixtures come back? (0.1 is one station for ten channels.)",
        value=0.56,
        tolerance=0.1,
        why="More than one unknown for every two equations, when they are at least 0.",
    ),
    "four_or_forty": Single(
        "Four networks, each with five regional versions. What will a dictionary of 4 latents find, and what one of 40?",
        (
            Option(
                "4 find the networks, 40 the versions.",
                "With 4 latents the networks have a mean max cosine of 0.97; with 40 the versions have 0.99.",
                right=True,
            ),
            Option(
                "Both find the networks; the rest of the 40 stay unused.",
                "No: with 40 latents the versions are found best, at 0.99, and the networks at 0.91.",
            ),
            Option(
                "4 find four of the versions, 40 find all twenty.",
                "No: four latents settle in the middle of the families, where the networks are, at 0.97.",
            ),
            Option(
                "4 find the networks, 40 find networks and versions alike.",
                "No: with 40 latents the networks fall from 0.97 to 0.91, since each version has a latent of its own.",
            ),
        ),
    ),
    "weather": Numeric(
        "With one latent a moment, the news latent is active at nine in ten of the moments with the news alone. At what "
        "percentage of the moments with news and weather?",
        value=1,
        tolerance=10,
        why="Another latent has taken the two together: the nearest one has a cosine of 0.99 with their sum.",
        unit="%",
    ),
    "least_missed": Single(
        "Five kinds of autoencoder, three settings of each. Will the one that misses the least variance also find the "
        "codes best?",
        (
            Option(
                "Yes, the same kind at the same setting.",
                "No: jumprelu misses least, 6%, and has a mean max cosine of 0.62.",
            ),
            Option(
                "The same kind, at a sparser setting.",
                "No: jumprelu misses least, 6%, and topk finds the codes best.",
            ),
            Option(
                "No, another kind.",
                "Jumprelu misses least, 6%, with a mean max cosine of 0.62; topk misses 13% and has 0.96.",
                right=True,
            ),
        ),
    ),
}
