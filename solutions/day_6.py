"""Day 6: A sparse autoencoder on GPT-2."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, gelu, linear, normalize, softplus

from course_utils.exercises import Answer, Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.reading import fvu, l0, strong_and_rare
from course_utils.sae import SAEOutput, encode, topk
from course_utils.sae import sae_loss as loss_of_output
from course_utils.training import fresh_pairs


def _random(seed: int, *shapes: tuple[int, ...], scale: float = 1.0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [scale * torch.randn(shape, generator=generator) for shape in shapes]


# ── encode ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _encode_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[2.0, -1.0]]),
        torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.5]]),
        torch.tensor([0.5, -1.0, 0.25]),
        torch.tensor([1.0, -3.0]),
    )
    cases: list[tuple] = [by_head]
    for n, (batch, d_in, d_sae) in enumerate([(7, 5, 11), (3, 8, 4)]):
        x, W_enc, b_enc, b_dec = _random(10 * seed + n, (batch, d_in), (d_in, d_sae), (d_sae,), (d_in,))
        cases.append((3 * x, 0.7 * W_enc, b_enc, b_dec))
    return cases


# ── fvu ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _fvu_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[1.0, 4.0], [3.0, 8.0], [2.0, 9.0]]),
        torch.tensor([[1.0, 6.0], [3.0, 8.0], [2.0, 7.0]]),
    )
    cases: list[tuple] = [by_head]
    for n, (rows, d_in) in enumerate([(9, 4), (5, 12)]):
        x, noise, mean, width = _random(10 * seed + n, (rows, d_in), (rows, d_in), (d_in,), (d_in,))
        x = x * width.exp() + 3 * mean
        cases.append((x, x + 0.4 * noise))
    return cases


def _mean_of_shares(x: Tensor, x_hat: Tensor, dim: int = 0) -> Tensor:
    residual = (x - x_hat).pow(2).sum(dim=dim)
    return (residual / (x - x.mean(dim=0)).pow(2).sum(dim=dim)).mean()


def _error(x: Tensor, x_hat: Tensor) -> Tensor:
    return (x - x_hat).pow(2).sum()


def _spread(x: Tensor, mean: Tensor | None = None) -> Tensor:
    return (x - (x.mean(dim=0) if mean is None else mean)).pow(2).sum()


# ── remove_parallel_gradient ────────────────────────────────────────────────────────────────────────────────────────


def remove_parallel_gradient(grad: Tensor, W_dec: Tensor) -> Tensor:
    """Each row of ``grad``, without the part along the same row of ``W_dec``, whose rows have length 1."""
    along = (grad * W_dec).sum(dim=1, keepdim=True)
    return grad - along * W_dec


def _gradient_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]]),
        torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]),
    )
    cases: list[tuple] = [by_head]
    for n, shape in enumerate([(6, 4), (3, 9)]):
        grad, W_dec = _random(10 * seed + n, shape, shape)
        grad[-1] = 0.0  # of a latent that did not fire
        cases.append((2 * grad, normalize(W_dec, dim=1)))
    return cases


def _row_by_row(grad: Tensor, W_dec: Tensor) -> Tensor:
    return torch.stack([g - torch.dot(g, w) * w for g, w in zip(grad, W_dec, strict=True)])


def _by_projection_matrices(grad: Tensor, W_dec: Tensor) -> Tensor:
    across = torch.eye(W_dec.shape[1]) - W_dec[:, :, None] * W_dec[:, None, :]
    return torch.einsum("nij,nj->ni", across, grad)


def _along(grad: Tensor, W_dec: Tensor) -> Tensor:
    return (grad * W_dec).sum(dim=1, keepdim=True)


# ── l0_of_batch ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _latents_cases(seed: int = 0) -> list[tuple]:
    (pre,) = _random(seed, (40, 30))
    by_head = torch.zeros(3, 6)  # 2, 2 and 1 active; two latents never
    by_head[0, 1:3], by_head[1, 0], by_head[1, 3], by_head[2, 2] = torch.tensor([2.0, 0.5]), 1.5, 1.0, 3.0
    return [(by_head,), ((pre - 1).relu(),)]


# ── sae_loss ────────────────────────────────────────────────────────────────────────────────────────────────────────


def sae_loss(x: Tensor, x_hat: Tensor, latents: Tensor, l1_coefficient: float) -> Tensor:
    """Squared error of each row plus its price in latents, then the mean over the rows."""
    return loss_of_output(x, SAEOutput(x_hat, latents), l1_coefficient)


def _loss_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[1.0, 2.0], [0.0, 4.0]]),
        torch.tensor([[1.0, 1.0], [3.0, 0.0]]),
        torch.tensor([[0.0, 2.0, 1.0], [0.0, 0.0, 3.0]]),
        0.5,
    )
    cases: list[tuple] = [by_head]
    for n, (rows, d_in, d_sae, l1) in enumerate([(5, 7, 13, 2.0), (8, 3, 6, 0.3)]):
        x, noise, pre = _random(10 * seed + n, (rows, d_in), (rows, d_in), (rows, d_sae))
        cases.append((2 * x, 2 * x + noise, 3 * pre.relu(), l1))
    return cases


def _loss_of(
    error: Callable[[Tensor], Tensor], price: Callable[[Tensor], Tensor], *, sign: float = 1.0
) -> Callable[..., Tensor]:
    """A loss of these two terms, each given as a function of ``x - x_hat`` and of the latents."""

    def wrong(x: Tensor, x_hat: Tensor, latents: Tensor, l1_coefficient: float) -> Tensor:
        return (error(x - x_hat) + sign * l1_coefficient * price(latents)).mean()

    return wrong


def _squares(gap: Tensor) -> Tensor:
    return gap.pow(2).sum(dim=1)


def _sums(latents: Tensor) -> Tensor:
    return latents.sum(dim=1)


# ── topk ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _topk_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[3.0, 1.0, 2.0, -1.0], [-1.0, -2.0, 5.0, -3.0]]), 2)
    cases: list[tuple] = [by_head]
    for n, (rows, d_sae, k) in enumerate([(6, 12, 4), (4, 9, 7), (3, 6, 1)]):
        (pre,) = _random(10 * seed + n, (rows, d_sae))
        pre[-1] = pre[-1].abs() if k == 1 else -pre[-1].abs()  # a row of which nothing stays
        cases.append((2 * pre - 0.4, k))
    return cases


def _kept(pre_activations: Tensor, k: int, *, dim: int = -1, largest: bool = True) -> Tensor:
    """The k largest in their places, negative ones too."""
    values, where = pre_activations.topk(k, dim=dim, largest=largest)
    return torch.zeros_like(pre_activations).scatter(dim, where, values)


def _from(pre_activations: Tensor, least: Tensor) -> Tensor:
    return torch.where(pre_activations >= least, pre_activations, 0.0)


def _by_size(pre_activations: Tensor, k: int) -> Tensor:
    where = pre_activations.abs().topk(k, dim=-1).indices
    return torch.zeros_like(pre_activations).scatter(-1, where, pre_activations.gather(-1, where))


def _put_first(pre_activations: Tensor, k: int) -> Tensor:
    best = torch.zeros_like(pre_activations)
    best[:, :k] = pre_activations.topk(k, dim=-1).values.relu()
    return best


def _topk_row_by_row(pre_activations: Tensor, k: int) -> Tensor:
    kept = torch.zeros_like(pre_activations)
    for row, values in enumerate(pre_activations):
        for i in values.argsort(descending=True)[:k]:
            kept[row, i] = values[i].relu()
    return kept


def _topk_of_the_batch(pre_activations: Tensor, k: int) -> Tensor:
    return _from(pre_activations, pre_activations.flatten().topk(k * len(pre_activations)).values[-1]).relu()


# ── resample ────────────────────────────────────────────────────────────────────────────────────────────────────────


def resample(
    W_enc: Tensor, b_enc: Tensor, W_dec: Tensor, dead: Tensor, chosen: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """New weights: each dead latent reads and writes the direction of one badly explained input."""
    rows = chosen / chosen.norm(dim=1, keepdim=True)
    W_enc, b_enc, W_dec = W_enc.clone(), b_enc.clone(), W_dec.clone()
    # rows.T, 0.2 times as long as live encoder columns are on average
    _, columns = fresh_pairs(chosen, W_enc, dead)
    W_dec[dead], W_enc[:, dead], b_enc[dead] = rows, columns, 0.0
    return W_enc, b_enc, W_dec


def _resample_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[5.0, 9.0, 3.0], [0.0, 9.0, 4.0]]),
        torch.tensor([0.5, -7.0, 1.0]),
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]),
        torch.tensor([False, True, False]),
        torch.tensor([[6.0, 8.0]]),
    )
    cases: list[tuple] = [by_head]
    for n, (d_in, d_sae) in enumerate([(4, 9), (7, 6)]):
        W_enc, b_enc, W_dec, chosen = _random(
            10 * seed + n, (d_in, d_sae), (d_sae,), (d_sae, d_in), (d_sae, d_in)
        )
        dead = torch.arange(d_sae) % 3 == n
        W_enc = torch.where(dead, 3 * W_enc, W_enc)  # dead columns must not count in the mean length
        cases.append((W_enc, b_enc, normalize(W_dec, dim=1), dead, 4 * chosen[dead]))
    return cases


def _mean_length(W_enc: Tensor, dead: Tensor) -> Tensor:
    return W_enc[:, ~dead].norm(dim=0).mean()


def _resample_wrongly(
    *,
    length: Callable[[Tensor, Tensor], Tensor | float] = _mean_length,
    share: float = 0.2,
    unit: bool = True,
    unit_encoder: bool = True,
    bias: str = "dead",
    others: bool = False,
    encoder: bool = True,
    decoder: bool = True,
):
    """The reference with one thing done otherwise."""

    def wrong(W_enc: Tensor, b_enc: Tensor, W_dec: Tensor, dead: Tensor, chosen: Tensor):
        new_enc, new_bias, new_dec = W_enc.clone(), b_enc.clone(), W_dec.clone()
        rows, where = normalize(chosen, dim=1), ~dead if others else dead
        if encoder:
            new_enc[:, where] = share * length(W_enc, dead) * (rows if unit_encoder else chosen).T
        if decoder:
            new_dec[where] = rows if unit else chosen
        if bias != "kept":
            new_bias[where if bias == "dead" else slice(None)] = 0.0
        return new_enc, new_bias, new_dec

    return wrong


def _resample_in_another_order(W_enc: Tensor, b_enc: Tensor, W_dec: Tensor, dead: Tensor, chosen: Tensor):
    return resample(W_enc, b_enc, W_dec, dead, chosen)[::-1]


def _resample_with_where(W_enc: Tensor, b_enc: Tensor, W_dec: Tensor, dead: Tensor, chosen: Tensor):
    rows = torch.zeros_like(W_dec)
    rows[dead] = chosen / chosen.norm(dim=1, keepdim=True)
    length = 0.2 * W_enc.norm(dim=0)[~dead].mean()
    return (
        torch.where(dead, length * rows.T, W_enc),
        torch.where(dead, 0.0, b_enc),
        torch.where(dead[:, None], rows, W_dec),
    )


def _resample_one_by_one(W_enc: Tensor, b_enc: Tensor, W_dec: Tensor, dead: Tensor, chosen: Tensor):
    new_enc, new_bias, new_dec = W_enc.clone(), b_enc.clone(), W_dec.clone()
    lengths = [W_enc[:, i].norm() for i in range(len(dead)) if not dead[i]]
    for i, x in zip(dead.nonzero()[:, 0].tolist(), chosen, strict=True):
        new_dec[i] = x / x.norm()
        new_enc[:, i] = 0.2 * sum(lengths) / len(lengths) * x / x.norm()
        new_bias[i] = 0.0
    return new_enc, new_bias, new_dec


# ── strong_and_rare ─────────────────────────────────────────────────────────────────────────────────────────────────


def _rank_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[0.0, 2.0, 0.0], [3.0, 0.0, 1.5]]), torch.tensor([0.5, 0.01, 0.0]))
    cases: list[tuple] = [by_head]
    for n, (pos, d_sae) in enumerate([(5, 8), (9, 4)]):
        pre, rate = _random(10 * seed + n, (pos, d_sae), (d_sae,))
        rates = (-rate.abs() - 0.5).exp()
        rates[:2] = torch.tensor([1e-5, 1e-7])  # rare, and too rare
        cases.append((3 * pre.relu() + 0.1, rates))
    return cases


def _rarity(firing_rate: Tensor) -> Tensor:
    return -firing_rate.clamp(min=1e-6).log()


# ── splice ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def splice(stream: Tensor, reconstruct: Callable[[Tensor], Tensor]) -> Tensor:
    """The stream with every position but the first, the start token's, replaced by its reconstruction."""
    spliced = stream.clone()
    spliced[:, 1:] = reconstruct(stream[:, 1:])
    return spliced


def _splice_cases(seed: int = 0) -> list[tuple]:
    by_head = (
        torch.tensor([[[9.0, 9.0], [1.0, 2.0], [3.0, 4.0]]]),
        _linear(torch.eye(2), torch.tensor([0.5, 0.0])),
    )
    cases: list[tuple] = [by_head]
    for n, (batch, pos, d_in) in enumerate([(2, 5, 3), (4, 3, 6)]):
        stream, A, b = _random(10 * seed + n, (batch, pos, d_in), (d_in, d_in), (d_in,))
        cases.append((3 * stream, _linear(A, b)))
    return cases


def _linear(A: Tensor, b: Tensor) -> Callable[[Tensor], Tensor]:
    """Stands for an autoencoder: takes and returns (…, d_in)."""
    return lambda x: (x @ A).relu() + b


def _splice_flat(stream: Tensor, reconstruct: Callable[[Tensor], Tensor]) -> Tensor:
    later = stream[:, 1:]
    rows = reconstruct(later.reshape(-1, stream.shape[-1]))
    return torch.cat([stream[:, :1], rows.reshape(later.shape)], dim=1)


def _splice_where(stream: Tensor, reconstruct: Callable[[Tensor], Tensor]) -> Tensor:
    is_start = torch.arange(stream.shape[1])[:, None] == 0
    return torch.where(is_start, stream, reconstruct(stream))


def _splice_in_a_loop(stream: Tensor, reconstruct: Callable[[Tensor], Tensor]) -> Tensor:
    texts = [[text[0], *(reconstruct(x) for x in text[1:])] for text in stream]
    return torch.stack([torch.stack(text) for text in texts])


# ── hole_depth ──────────────────────────────────────────────────────────────────────────────────────────────────────


def hole_depth(wide: Tensor, narrow: Tensor, of_topic: Tensor, of_siblings: Tensor) -> Tensor:
    """What the group's latent finds of the topic, below the smaller of two shares: what it finds of the siblings, and
    what the topic's own latent finds of the topic."""
    misses = wide[of_topic].float().mean()
    return torch.minimum(wide[of_siblings].float().mean(), narrow[of_topic].float().mean()) - misses


def _hole_cases(seed: int = 0) -> list[tuple]:
    def table(*rows: str) -> tuple[Tensor, ...]:
        return tuple(torch.tensor([mark == "x" for mark in row]) for row in rows)

    cases: list[tuple] = [
        # wide: 1 of 4 of the topic, 3 of 4 of its siblings; narrow: all 4
        table("x...xxx..x", "xxxx......", "xxxx......", "....xxxx.."),
        # here the topic's own latent is the weaker one: 2 of 4, and the wide one finds all siblings
        table("....xxx.x.", "xx...x..xx", "xxxx......", "....xxx..."),
        # and here there is no hole: of the topic it finds more than of the siblings
        table("xxx..x....", "xxxx......", "xxxx......", "....xxxx.."),
    ]
    for n, texts in enumerate([30, 47]):
        draws = _random(10 * seed + n, (texts,), (texts,), (texts,))
        kind = draws[2]
        of_topic, of_siblings = kind < -0.5, (kind >= -0.5) & (kind < 0.6)
        cases.append(
            (draws[0] > of_topic.float() - 0.3, draws[1] > 0.6 - of_topic.float(), of_topic, of_siblings)
        )
    return cases


def _recall(fires: Tensor, where: Tensor) -> Tensor:
    return fires[where].float().mean()


def _hole_by_counting(wide: Tensor, narrow: Tensor, of_topic: Tensor, of_siblings: Tensor) -> float:
    def found(fires: Tensor, where: Tensor) -> float:
        return sum(f and w for f, w in zip(fires.tolist(), where.tolist(), strict=True)) / sum(where.tolist())

    return min(found(wide, of_siblings), found(narrow, of_topic)) - found(wide, of_topic)


EXERCISES = {
    "encode": Exercise(
        encode,
        cases=_encode_cases,
        gradient=("W_enc", "b_enc", "b_dec"),
        difficulty=1,
        hints=(
            "Three steps: centre the input, project it onto the encoder directions, keep what is positive.",
            "`x` is (batch, d_in) and `W_enc` (d_in, d_sae), so `@` takes the one after the other as they are.",
            "Centring is `x - b_dec`; the bias `b_enc` comes after the projection and before `torch.relu`.",
        ),
        slips={
            "`b_dec` is of the input's shape: take it off `x`, *before* the product.": lambda x, W_enc, b_enc, b_dec: (
                torch.relu(x @ W_enc - b_dec + b_enc)
            ),
            "That is decoded again: the latents themselves are asked for.": lambda x, W_enc, b_enc, b_dec: (
                torch.relu((x - b_dec) @ W_enc + b_enc) @ W_enc.T + b_dec
            ),
            "Close: centre the input first, by subtracting `b_dec`.": lambda x, W_enc, b_enc, b_dec: (
                torch.relu(x @ W_enc + b_enc)
            ),
            "Latents are never negative: a `relu` is missing at the end.": lambda x, W_enc, b_enc, b_dec: (
                (x - b_dec) @ W_enc + b_enc
            ),
            "`b_dec` is what the decoder adds at the end, so the encoder subtracts it; yours adds it.": lambda x, W_enc, b_enc, b_dec: (
                torch.relu((x + b_dec) @ W_enc + b_enc)
            ),
            "Each latent has its own threshold: `b_enc` is missing.": lambda x, W_enc, b_enc, b_dec: (
                torch.relu((x - b_dec) @ W_enc)
            ),
            "The bias `b_enc` has to be inside the `relu`: it decides whether a latent is active.": lambda x, W_enc, b_enc, b_dec: (
                torch.relu((x - b_dec) @ W_enc) + b_enc
            ),
            "A bias is added: yours subtracts `b_enc`.": lambda x, W_enc, b_enc, b_dec: torch.relu(
                (x - b_dec) @ W_enc - b_enc
            ),
            "What points the other way is off, not on: zero instead of the absolute value.": lambda x, W_enc, b_enc, b_dec: (
                ((x - b_dec) @ W_enc + b_enc).abs()
            ),
            "A sigmoid is never exactly zero, so that every latent would be active on every token: take `relu`.": lambda x, W_enc, b_enc, b_dec: (
                torch.sigmoid((x - b_dec) @ W_enc + b_enc)
            ),
            "`gelu` lets a little of the negative through; the formula has `relu`, which makes it exactly zero.": lambda x, W_enc, b_enc, b_dec: (
                gelu((x - b_dec) @ W_enc + b_enc)
            ),
            "That says which latents are active; a latent also says how strongly: keep the number, not 1.": lambda x, W_enc, b_enc, b_dec: (
                ((x - b_dec) @ W_enc + b_enc > 0).float()
            ),
            "Subtract the learned `b_dec`, not the mean of this batch: what a token's latents are must not depend on its neighbours.": lambda x, W_enc, b_enc, b_dec: (
                torch.relu((x - x.mean(dim=0)) @ W_enc + b_enc)
            ),
            "Project first and rectify last: yours drops the negative part of the input.": lambda x, W_enc, b_enc, b_dec: (
                torch.relu(x - b_dec) @ W_enc + b_enc
            ),
            "`relu` keeps what is positive: `clamp(min=0)`, where yours keeps what is negative.": lambda x, W_enc, b_enc, b_dec: (
                ((x - b_dec) @ W_enc + b_enc).clamp(max=0)
            ),
            "`softplus` is never exactly zero; the formula has `relu`.": lambda x, W_enc, b_enc, b_dec: (
                softplus((x - b_dec) @ W_enc + b_enc)
            ),
            "`tanh` ends at 1 and goes below 0; a latent is as strong as it is, and never negative: `relu`.": lambda x, W_enc, b_enc, b_dec: (
                torch.tanh((x - b_dec) @ W_enc + b_enc)
            ),
        },
        variants={
            "einsum": lambda x, W_enc, b_enc, b_dec: (
                torch.einsum("ni,ij->nj", x - b_dec, W_enc) + b_enc
            ).clamp(min=0),
            "linear": lambda x, W_enc, b_enc, b_dec: torch.relu(linear(x - b_dec, W_enc.T, b_enc)),
            "bias folded": lambda x, W_enc, b_enc, b_dec: torch.relu(x @ W_enc + (b_enc - b_dec @ W_enc)),
        },
        explanation="""
            Subtracting `b_dec` puts the origin in the middle of the activations, so that a latent tells how `x`
            differs from the usual. Each column of `W_enc` then asks how far `x` points one way, and `b_enc` how far is
            far enough: below that, `relu` makes the latent exactly zero, which is what makes the code sparse.

            The package's version, below, takes the activation function as an argument; yours is `torch.relu`.""",
    ),
    "fvu": Exercise(
        fvu,
        cases=_fvu_cases,
        difficulty=1,
        hints=(
            "It is a ratio: the squared error of the reconstruction, over the squared error of the best constant.",
            "The best constant is the mean activation, one number for each dimension: `x.mean(dim=0)`.",
            "Sum both squared errors over everything, rows and dimensions, and divide once at the end.",
        ),
        slips={
            "Above stands the squared *error*, of `x - x_hat`; yours compares how far both spread.": lambda x, x_hat: (
                1 - x_hat.var(dim=0).sum() / x.var(dim=0).sum()
            ),
            "A correlation forgives a wrong scale and offset; here the squared error counts.": lambda x, x_hat: (
                1 - torch.corrcoef(torch.stack([x.flatten(), x_hat.flatten()]))[0, 1] ** 2
            ),
            "That is the fraction explained; this one counts what is left: 0 is perfect.": lambda x, x_hat: (
                1 - fvu(x, x_hat)
            ),
            "The total is the spread around the mean: subtract `x.mean(dim=0)` before you square `x`.": lambda x, x_hat: (
                (x - x_hat).pow(2).sum() / x.pow(2).sum()
            ),
            "Each dimension has its own mean: `x.mean(dim=0)`, not one mean of all numbers.": lambda x, x_hat: (
                (x - x_hat).pow(2).sum() / (x - x.mean()).pow(2).sum()
            ),
            "That is the squared error. Divide it by the variance, or it only tells how large `x` is.": lambda x, x_hat: (
                (x - x_hat).pow(2).mean()
            ),
            "Divide by the variance of `x`, what there is to explain, not by that of the reconstruction.": lambda x, x_hat: (
                (x - x_hat).pow(2).sum() / (x_hat - x_hat.mean(dim=0)).pow(2).sum()
            ),
            "Sum over the dimensions first and divide once: a mean of ratios lets tiny dimensions count as much as large ones.": _mean_of_shares,
            "Each row counts as much as any other here; sum over everything first and divide once.": lambda x, x_hat: (
                _mean_of_shares(x, x_hat, dim=1)
            ),
            "That is the sum of squared errors. Divide it by that of the mean, or it only tells how large `x` is.": _error,
            "That is the squared error of a row. Divide it by the variance, or it only tells how large `x` is.": lambda x, x_hat: (
                _error(x, x_hat) / len(x)
            ),
            "`x.var` divides by n - 1 and your mean by n: divide two plain sums of squares, or take `correction=0`.": lambda x, x_hat: (
                (x - x_hat).pow(2).mean() / x.var(dim=0).mean()
            ),
            "A sum is divided by a variance, which is a mean already: sum both, or average both.": lambda x, x_hat: (
                _error(x, x_hat) / x.var(dim=0).sum()
            ),
            "A sum is divided by a mean: sum both, or average both.": lambda x, x_hat: (
                _error(x, x_hat) / x.var(dim=0, correction=0).sum()
            ),
            "`x.var()` takes one mean of all numbers, and divides by one fewer: each dimension has its own mean.": lambda x, x_hat: (
                (x - x_hat).pow(2).mean() / x.var()
            ),
            "`x.var(correction=0)` takes one mean of all numbers, but sums and means are mixed as well: divide two sums of squares, with `x.mean(dim=0)`.": lambda x, x_hat: (
                _error(x, x_hat) / x.var(correction=0)
            ),
            "A token's own mean over its dimensions says nothing: the mean is taken over the rows, `dim=0`.": lambda x, x_hat: (
                _error(x, x_hat) / _spread(x, x.mean(dim=1, keepdim=True))
            ),
            "The mean is taken over the rows: `x.mean(dim=0)` has one number for each dimension.": lambda x, x_hat: (
                _error(x, x_hat) / _spread(x, x.mean(dim=1))
            ),
            "That is a ratio of lengths; variances are their squares.": lambda x, x_hat: (
                _error(x, x_hat) / _spread(x)
            ).sqrt(),
            "The ratio is turned upside down: what is missed goes on top.": lambda x, x_hat: (
                _spread(x) / _error(x, x_hat)
            ),
            "Square the differences; yours adds up absolute values.": lambda x, x_hat: (
                (x - x_hat).abs().sum() / (x - x.mean(dim=0)).abs().sum()
            ),
            "Those are mean lengths: a variance adds up *squared* lengths.": lambda x, x_hat: (
                (x - x_hat).norm(dim=1).mean() / (x - x.mean(dim=0)).norm(dim=1).mean()
            ),
            "Above stands a mean and below a sum: take two sums or two means.": lambda x, x_hat: (
                (x - x_hat).pow(2).mean() / _spread(x)
            ),
            "A fraction is asked for, not percent.": lambda x, x_hat: 100 * _error(x, x_hat) / _spread(x),
            "The mean is that of `x`: yours is the mean of the reconstruction.": lambda x, x_hat: (
                _error(x, x_hat) / _spread(x, x_hat.mean(dim=0))
            ),
            "A constant error is an error too: square the differences as they are, without taking off their mean.": lambda x, x_hat: (
                _spread(x - x_hat) / _spread(x)
            ),
            "That compares two spreads, and a reconstruction can spread as widely and still be wrong: compare `x - x_hat` with `x - x.mean(dim=0)`.": lambda x, x_hat: (
                x_hat.var(dim=0).sum() / x.var(dim=0).sum()
            ),
            "The spread is the sum over n rows: the mean's squared length counts n times.": lambda x, x_hat: (
                _error(x, x_hat) / (x.pow(2).sum() - x.mean(dim=0).pow(2).sum())
            ),
            "`x.var()` subtracts one mean of all numbers, above and below: take plain squares above, and `x.mean(dim=0)` below.": lambda x, x_hat: (
                (x - x_hat).var() / x.var()
            ),
            "That is how far the reconstruction spreads around the mean; asked for is how far it is from `x`.": lambda x, x_hat: (
                _spread(x_hat, x.mean(dim=0)) / _spread(x)
            ),
            "Above stands a mean over the rows and below a sum over them: take two sums or two means.": lambda x, x_hat: (
                (x - x_hat).pow(2).sum(dim=1).mean() / _spread(x)
            ),
            "A fraction is a ratio: divide the two, do not subtract them.": lambda x, x_hat: (
                _error(x, x_hat) - _spread(x)
            ),
        },
        variants={
            "var": lambda x, x_hat: (x - x_hat).pow(2).mean() / x.var(dim=0, correction=0).mean(),
            "norms": lambda x, x_hat: ((x - x_hat).norm() / (x - x.mean(dim=0)).norm()) ** 2,
            "Python loops": lambda x, x_hat: (
                sum((a - b) ** 2 for a, b in zip(x.flatten().tolist(), x_hat.flatten().tolist(), strict=True))
                / sum(
                    (a - m) ** 2
                    for row in x.tolist()
                    for a, m in zip(row, x.mean(dim=0).tolist(), strict=True)
                )
            ),
        },
        explanation="""
            Below stands the squared error of the laziest reconstruction, which says the mean for every token. So 1
            means no better than that, 0 means perfect, and more than 1 means worse than the mean. Multiply `x` by
            ten, and the value stays: that is why it can be compared between layers and models.""",
    ),
    "sae_loss": Exercise(
        sae_loss,
        cases=_loss_cases,
        gradient=("x_hat", "latents"),
        difficulty=1,
        hints=(
            "Work out one number for each row first, and take the mean over the rows at the very end.",
            "A row's squared error is `(x - x_hat).pow(2).sum(dim=1)`: a sum over the dimensions, not a mean.",
            "A row's price is `l1_coefficient * latents.sum(dim=1)`; latents are never negative, so no `abs` is needed.",
        ),
        slips={
            "The squared error is summed over the dimensions of a row and averaged over the rows only; yours is averaged over both.": lambda x, x_hat, latents, l1_coefficient: (
                (x - x_hat).pow(2).mean() + l1_coefficient * latents.sum(dim=1).mean()
            ),
            "The price is the sum of a row's latents, not their mean: otherwise a larger dictionary would pay less.": lambda x, x_hat, latents, l1_coefficient: (
                ((x - x_hat).pow(2).sum(dim=1) + l1_coefficient * latents.mean(dim=1)).mean()
            ),
            "Only the latents are multiplied with `l1_coefficient`; the squared error stands by itself.": lambda x, x_hat, latents, l1_coefficient: (
                (l1_coefficient * ((x - x_hat).pow(2).sum(dim=1) + latents.sum(dim=1))).mean()
            ),
            "That is the sum over the batch: take the mean over its rows, or the loss grows with the batch.": lambda x, x_hat, latents, l1_coefficient: (
                (x - x_hat).pow(2).sum() + l1_coefficient * latents.sum()
            ),
            "Counting active latents has no gradient, so training could not lower it; the price is their sum.": lambda x, x_hat, latents, l1_coefficient: (
                ((x - x_hat).pow(2).sum(dim=1) + l1_coefficient * (latents > 0).sum(dim=1)).mean()
            ),
            "The price is for the latents as they are: leave out the square.": lambda x, x_hat, latents, l1_coefficient: (
                ((x - x_hat).pow(2).sum(dim=1) + l1_coefficient * latents.pow(2).sum(dim=1)).mean()
            ),
            "Both terms are averaged over everything; each of them is a *sum* along its row, and only the rows are averaged.": lambda x, x_hat, latents, l1_coefficient: (
                (x - x_hat).pow(2).mean() + l1_coefficient * latents.mean()
            ),
            "The squared error is averaged over everything and the latents are summed over everything: sum each along its row, then take the mean over the rows.": lambda x, x_hat, latents, l1_coefficient: (
                (x - x_hat).pow(2).mean() + l1_coefficient * latents.sum()
            ),
            "Both sums run down the columns: a row is a token, so sum over `dim=1`.": lambda x, x_hat, latents, l1_coefficient: (
                (x - x_hat).pow(2).sum(dim=0).mean() + l1_coefficient * latents.sum(dim=0).mean()
            ),
            "`norm` takes a root; the loss has the squared length of the error.": _loss_of(
                lambda gap: gap.norm(dim=1), _sums
            ),
            "`norm` without `dim` is one root over the whole batch; the loss has each row's squared length.": _loss_of(
                lambda gap: gap.norm(), _sums
            ),
            "The latents have a price: `l1_coefficient` is not used.": lambda x, x_hat, latents, l1_coefficient: (
                (_squares(x - x_hat) + _sums(latents)).mean()
            ),
            "The price belongs to the other term: `l1_coefficient` multiplies the latents, and yours the error.": lambda x, x_hat, latents, l1_coefficient: (
                (l1_coefficient * _squares(x - x_hat) + _sums(latents)).mean()
            ),
            "So far that is one number for each row; the loss is their mean.": lambda x, x_hat, latents, l1_coefficient: (
                _squares(x - x_hat) + l1_coefficient * _sums(latents)
            ),
            "That is the error alone: the price of the latents is missing.": lambda x, x_hat, latents, l1_coefficient: (
                _squares(x - x_hat).mean()
            ),
            "That is the price alone: the squared error is missing.": lambda x, x_hat, latents, l1_coefficient: (
                l1_coefficient * _sums(latents).mean()
            ),
            "The price is subtracted: training would be rewarded for more latents.": _loss_of(
                _squares, _sums, sign=-1
            ),
            "Square the differences; yours takes their absolute values.": _loss_of(
                lambda gap: gap.abs().sum(dim=1), _sums
            ),
            "Square first and sum then: in yours an error up and one down cancel before the square.": _loss_of(
                lambda gap: gap.sum(dim=1).pow(2), _sums
            ),
            "The differences are not squared, so that errors up and down cancel.": _loss_of(
                lambda gap: gap.sum(dim=1), _sums
            ),
            "The latents are summed over the whole batch: take the mean over the rows of their sums too.": lambda x, x_hat, latents, l1_coefficient: (
                _squares(x - x_hat).mean() + l1_coefficient * latents.sum()
            ),
            "The squared error is summed over the whole batch: take the mean over its rows too.": lambda x, x_hat, latents, l1_coefficient: (
                (x - x_hat).pow(2).sum() + l1_coefficient * _sums(latents).mean()
            ),
            "Where does the half come from? The squared error counts whole here.": _loss_of(
                lambda gap: 0.5 * _squares(gap), _sums
            ),
            "That is the length of a row's latents; the price is their plain sum.": _loss_of(
                _squares, lambda latents: latents.norm(dim=1)
            ),
            "The latents are summed down the columns: the price of a token is the sum along its row, `dim=1`.": lambda x, x_hat, latents, l1_coefficient: (
                _squares(x - x_hat).mean() + l1_coefficient * latents.sum(dim=0).mean()
            ),
            "The squared errors are summed down the columns: a token's error is the sum along its row, `dim=1`.": lambda x, x_hat, latents, l1_coefficient: (
                (x - x_hat).pow(2).sum(dim=0).mean() + l1_coefficient * _sums(latents).mean()
            ),
            "The price is the sum of a row's latents, not the largest of them.": _loss_of(
                _squares, lambda latents: latents.amax(dim=1)
            ),
            "Multiply the latents with `l1_coefficient`; yours divides by it, so that a higher price would cost less.": lambda x, x_hat, latents, l1_coefficient: (
                (_squares(x - x_hat) + _sums(latents) / l1_coefficient).mean()
            ),
        },
        variants={
            "two means": lambda x, x_hat, latents, l1_coefficient: (
                (x - x_hat).square().sum(dim=-1).mean() + l1_coefficient * latents.abs().sum(dim=-1).mean()
            ),
            "norms": lambda x, x_hat, latents, l1_coefficient: (
                (x - x_hat).norm(dim=1) ** 2 + l1_coefficient * latents.norm(p=1, dim=1)
            ).mean(),
            "divide at the end": lambda x, x_hat, latents, l1_coefficient: (
                (((x - x_hat) ** 2).sum() + l1_coefficient * latents.sum()) / len(x)
            ),
        },
        explanation="""
            `((x - x_hat).pow(2).sum(dim=1) + l1_coefficient * latents.sum(dim=1)).mean()`: both terms are sums over a
            row, so a row has one price, and the mean over rows makes the loss the same for any batch size. The sum of
            the latents stands in for what we want, their number: it is the nearest thing to a count that has a slope.""",
    ),
    "topk": Exercise(
        topk,
        cases=_topk_cases,
        gradient=("pre_activations",),
        difficulty=2,
        hints=(
            "`pre_activations.topk(k, dim=-1)` gives the k largest values of each row, and where they stand.",
            "Start from `torch.zeros_like(pre_activations)` and put the values back with `.scatter(-1, where, values)`.",
            "A row may have fewer than k positive entries: let `relu` set the negative ones among the k to zero.",
        ),
        slips={
            "Among the k largest there can be negative ones; latents are never negative, so they become zero too.": _kept,
            "Those are the k largest of each column; k latents may be active in each row.": lambda pre_activations, k: (
                _kept(pre_activations, k, dim=0).relu()
            ),
            "The result has the shape of `pre_activations`, with zeros where nothing is kept: put the values back in their places.": lambda pre_activations, k: (
                pre_activations.topk(k, dim=-1).values.relu()
            ),
            "The k values alone do not say whose they are: put them back in their places, with zeros elsewhere, and drop the negative ones.": lambda pre_activations, k: (
                pre_activations.topk(k, dim=-1).values
            ),
            "Those are the places of the k largest; the task asks for the values, standing in these places.": lambda pre_activations, k: (
                pre_activations.topk(k, dim=-1).indices
            ),
            "The values are right, and not in their places: each belongs in the column it came from.": _put_first,
            "Keep what is largest, not what is largest in absolute value: a strongly negative latent is off.": lambda pre_activations, k: (
                _by_size(pre_activations, k).relu()
            ),
            "Largest does not mean largest in absolute value, and what is negative becomes zero.": _by_size,
            "Each row has its own k: yours shares k times the number of rows among the whole batch.": _topk_of_the_batch,
            "Each row has its own k: yours keeps k numbers of the whole batch.": lambda pre_activations, k: (
                _from(pre_activations, pre_activations.flatten().topk(k).values[-1]).relu()
            ),
            "The k-th largest has to stay too: yours keeps one fewer (`>=`, not `>`).": lambda pre_activations, k: (
                torch.where(
                    pre_activations > pre_activations.topk(k, dim=-1).values[:, -1:], pre_activations, 0.0
                ).relu()
            ),
            "That keeps k + 1: the k-th largest stands at place k - 1.": lambda pre_activations, k: _from(
                pre_activations,
                pre_activations.topk(min(k + 1, pre_activations.shape[1]), dim=-1).values[:, -1:],
            ).relu(),
            "Those are the k smallest; keep the largest.": lambda pre_activations, k: _kept(
                pre_activations, k, largest=False
            ).relu(),
            "Keep the numbers themselves, not a 1 in their places.": lambda pre_activations, k: (
                _kept(pre_activations, k).relu() > 0
            ).float(),
            "That marks the k largest with a 1, negative ones too; keep the numbers that are positive.": lambda pre_activations, k: (
                torch.zeros_like(pre_activations).scatter(-1, pre_activations.topk(k, dim=-1).indices, 1.0)
            ),
            "That is `relu` alone: `k` decides nothing yet.": lambda pre_activations, k: (
                pre_activations.relu()
            ),
            "What stays keeps its size: yours subtracts the k-th largest from it.": lambda pre_activations, k: (
                (pre_activations - pre_activations.topk(k, dim=-1).values[:, -1:]).relu()
            ),
            "That keeps what should go: everything *but* the k largest becomes zero.": lambda pre_activations, k: (
                pre_activations.relu() - _kept(pre_activations, k).relu()
            ),
            "Those are the first k columns, not the k largest numbers.": lambda pre_activations, k: (
                torch.where(torch.arange(pre_activations.shape[1]) < k, pre_activations, 0.0).relu()
            ),
            "`k` is an argument, and other numbers than 2 are tried.": lambda pre_activations, k: _kept(
                pre_activations, 2
            ).relu(),
            "`kthvalue` counts from the smallest: the k-th largest is another one.": lambda pre_activations, k: (
                _from(pre_activations, pre_activations.kthvalue(k, dim=1, keepdim=True).values).relu()
            ),
            "Nothing has changed: keep the k largest of each row, where they are positive.": lambda pre_activations, k: (
                pre_activations.clone()
            ),
            "The mask is turned round: the k largest are what should stay.": lambda pre_activations, k: (
                pre_activations - _kept(pre_activations, k)
            ),
        },
        variants={
            # of equal numbers at the edge, keeping one or all is right: neither page nor `torch.topk` says which
            "threshold": lambda pre_activations, k: torch.where(
                pre_activations >= pre_activations.topk(k, dim=-1).values[:, -1:], pre_activations, 0.0
            ).relu(),
            "row by row": _topk_row_by_row,
            "rank": lambda pre_activations, k: (
                pre_activations * (pre_activations.argsort(dim=1, descending=True).argsort(dim=1) < k)
            ).clamp(min=0),
        },
        explanation="""
            No penalty is needed any more: at most k latents are active, whatever their size, and nothing pushes them
            down. What is not among the k largest gets no gradient either, which is why latents die more easily here.""",
    ),
    "resample": Exercise(
        resample,
        cases=_resample_cases,
        makes_a_copy=True,
        difficulty=3,
        hints=(
            "Work on copies (`W_enc.clone()` …), and change only what belongs to dead latents: rows of `W_dec`, columns of `W_enc`, entries of `b_enc`.",
            "New rows are the chosen inputs at length 1: `chosen / chosen.norm(dim=1, keepdim=True)`; `W_dec[dead] = rows`.",
            "The live columns' mean length is `W_enc[:, ~dead].norm(dim=0).mean()`; new columns are `0.2 * length * rows.T`, new biases 0.",
        ),
        slips={
            "The new encoder columns are 0.2 times as long as the live ones are on average; yours are as long as they are.": _resample_wrongly(
                share=1.0
            ),
            "Take the mean length over the live latents only: `W_enc[:, ~dead]`.": _resample_wrongly(
                length=lambda W_enc, dead: W_enc.norm(dim=0).mean()
            ),
            "The mask is turned round in the mean length: the live ones are `~dead`.": _resample_wrongly(
                length=lambda W_enc, dead: W_enc[:, dead].norm(dim=0).mean()
            ),
            "Decoder rows have length 1: divide each chosen input by its norm.": _resample_wrongly(
                unit=False
            ),
            "The encoder gets the *direction* of the input: yours is longer for longer inputs, as in some published code.": _resample_wrongly(
                unit_encoder=False
            ),
            "Only the directions of the chosen inputs count: divide each by its norm before you use it in either matrix.": _resample_wrongly(
                unit=False, unit_encoder=False
            ),
            "The old bias kept the latent silent: set `b_enc[dead]` to 0.": _resample_wrongly(bias="kept"),
            "Live latents keep their biases: only `b_enc[dead]` becomes 0.": _resample_wrongly(bias="all"),
            "A latent's encoder direction is a *column* of `W_enc`: its length is the norm over `dim=0`.": _resample_wrongly(
                length=lambda W_enc, dead: W_enc[:, ~dead].norm(dim=1).mean()
            ),
            "`norm()` without `dim` is one number for the whole matrix: take each column's length, `dim=0`, and their mean.": _resample_wrongly(
                length=lambda W_enc, dead: W_enc[:, ~dead].norm()
            ),
            "First the lengths, then the mean: columns that point different ways cancel if they are averaged before.": _resample_wrongly(
                length=lambda W_enc, dead: W_enc[:, ~dead].mean(dim=1).norm()
            ),
            "0.2 times the mean length of the live encoder *columns*, which need not be 1: yours are 0.2 long.": _resample_wrongly(
                length=lambda W_enc, dead: 1.0
            ),
            "The mean of the live lengths is asked for, not their median.": _resample_wrongly(
                length=lambda W_enc, dead: W_enc[:, ~dead].norm(dim=0).median()
            ),
            "The *mean* of the live lengths: yours adds them up.": _resample_wrongly(
                length=lambda W_enc, dead: W_enc[:, ~dead].norm(dim=0).sum()
            ),
            "A length is the root of the sum of squares: yours is the mean squared length.": _resample_wrongly(
                length=lambda W_enc, dead: W_enc[:, ~dead].pow(2).sum(dim=0).mean()
            ),
            "The results are wanted in the order `W_enc, b_enc, W_dec`.": _resample_in_another_order,
            "`W_dec` is still the old one: its dead rows become the chosen directions.": _resample_wrongly(
                decoder=False
            ),
            "`W_enc` is still the old one: its dead columns get the chosen directions too.": _resample_wrongly(
                encoder=False
            ),
            "The mask is turned round: yours replaces what is alive.": lambda W_enc, b_enc, W_dec, dead, chosen: (
                resample(W_enc, b_enc, W_dec, ~dead, chosen)
            ),
            "The length is asked for, not its square.": _resample_wrongly(
                length=lambda W_enc, dead: _mean_length(W_enc, dead) ** 2
            ),
            "The *mean* of the live lengths: yours is the longest.": _resample_wrongly(
                length=lambda W_enc, dead: W_enc[:, ~dead].norm(dim=0).max()
            ),
        },
        variants={
            "where": _resample_with_where,
            "one by one": _resample_one_by_one,
            "normalize": _resample_wrongly(),
        },
        explanation="""
            A dead latent gets no gradient, so only a push from outside can bring it back. It is pointed at something
            that the others explain badly, and its encoder is short and its bias 0, so that it starts as a small voice:
            it fires on inputs like the chosen one and does not disturb what works. `fresh_pairs` is day 5's.""",
    ),
    "remove_parallel_gradient": Exercise(
        remove_parallel_gradient,
        cases=_gradient_cases,
        difficulty=2,
        hints=(
            "Each row by itself: how far does the gradient point along the decoder direction? Take that away.",
            "How far row i points along it is the dot product of `grad[i]` and `W_dec[i]`, as its length is 1.",
            "`(grad * W_dec).sum(dim=1, keepdim=True)` holds all dot products, as a column that broadcasts over rows.",
        ),
        slips={
            "That is the part along the direction, which should go; subtract it from `grad`.": lambda grad, W_dec: (
                (grad * W_dec).sum(dim=1, keepdim=True) * W_dec
            ),
            "The sign is turned round: subtract the parallel part instead of adding it.": lambda grad, W_dec: (
                grad + (grad * W_dec).sum(dim=1, keepdim=True) * W_dec
            ),
            "A decoder direction is a row: sum over `dim=1`, not over the columns.": lambda grad, W_dec: (
                grad - (grad * W_dec).sum(dim=0, keepdim=True) * W_dec
            ),
            "Each row loses only its own direction; `grad @ W_dec.T @ W_dec` takes away those of all other rows too.": lambda grad, W_dec: (
                grad - grad @ W_dec.T @ W_dec
            ),
            "The dot product says how far; it still has to be multiplied with the direction `W_dec`.": lambda grad, W_dec: (
                grad - (grad * W_dec).sum(dim=1, keepdim=True)
            ),
            "Before you multiply with the direction, sum the products along each row: yours treats each entry by itself.": lambda grad, W_dec: (
                grad - grad * W_dec * W_dec
            ),
            "`grad * W_dec` is only the first half of a dot product: sum it along the row, then multiply with the direction.": lambda grad, W_dec: (
                grad - grad * W_dec
            ),
            "A dot product is a sum; yours takes the mean along the row.": lambda grad, W_dec: (
                grad - (grad * W_dec).mean(dim=1, keepdim=True) * W_dec
            ),
            "That is one number for all rows: sum along each row by itself, `dim=1`.": lambda grad, W_dec: (
                grad - (grad * W_dec).sum() * W_dec
            ),
            "The cosine forgets how long the gradient is: take the plain dot product.": lambda grad, W_dec: (
                grad - cosine_similarity(grad, W_dec, dim=1)[:, None] * W_dec
            ),
            "The two have changed places: the gradient loses its part along the direction, not the other way round.": lambda grad, W_dec: (
                W_dec - _along(grad, W_dec) * grad
            ),
            "What is subtracted has to point along the direction `W_dec`; yours points along the gradient.": lambda grad, W_dec: (
                grad - _along(grad, W_dec) * grad
            ),
            "That subtracts the direction itself; multiply it with how far the gradient points along it.": lambda grad, W_dec: (
                grad - W_dec
            ),
            "Keep the sign of the dot product: where the gradient points against the direction, that part is added back.": lambda grad, W_dec: (
                grad - _along(grad, W_dec).abs() * W_dec
            ),
            "Shrinking changes the length as well: take the part away whether it points along the direction or against it.": lambda grad, W_dec: (
                grad - _along(grad, W_dec).relu() * W_dec
            ),
            "What is left keeps its own length: leave out the normalising at the end.": lambda grad, W_dec: (
                normalize(grad - _along(grad, W_dec) * W_dec, dim=1)
            ),
            "How far the gradient points along the direction is a dot product, not the gradient's own length.": lambda grad, W_dec: (
                grad - grad.norm(dim=1, keepdim=True) * W_dec
            ),
            "The order of the subtraction is turned round: the gradient minus its parallel part.": lambda grad, W_dec: (
                _along(grad, W_dec) * W_dec - grad
            ),
            "Those are the dot products: multiply each with its direction, and subtract that from the gradient.": lambda grad, W_dec: (
                (grad * W_dec).sum(dim=1)
            ),
            "That is the gradient as it came: take the part along `W_dec` away.": lambda grad, W_dec: (
                grad.clone()
            ),
        },
        variants={
            "einsum": lambda grad, W_dec: grad - torch.einsum("ni,ni->n", grad, W_dec)[:, None] * W_dec,
            "row by row": _row_by_row,
            "projection matrices": _by_projection_matrices,
            "diagonal": lambda grad, W_dec: grad - (grad @ W_dec.T).diagonal()[:, None] * W_dec,
        },
        explanation="""
            After each step the rows of `W_dec` are made unit length again, which undoes every change along them. A
            gradient that keeps pushing there does nothing but fill Adam's averages, and makes its steps wrong. What
            is left after the subtraction is perpendicular to each direction: it turns the direction and does not
            stretch it.""",
    ),
    "strong_and_rare": Exercise(
        strong_and_rare,
        cases=_rank_cases,
        difficulty=2,
        hints=(
            "Two factors for each latent: how strong it is at most in this sentence, and how surprising it is that it fires.",
            "The largest activation over the tokens is `latents.amax(dim=0)`; the rarity is `-firing_rate.log()`.",
            "A latent that was never seen to fire has rate 0 and log(1/0) is infinite: `firing_rate.clamp(min=1e-6)` first.",
        ),
        slips={
            "That is the strength alone; latents that fire everywhere would win every search. Multiply with log(1 / rate).": lambda latents, firing_rate: (
                latents.amax(dim=0)
            ),
            "The sign is turned round: log of the rate is negative, log(1 / rate) is positive and larger for rare latents.": lambda latents, firing_rate: (
                latents.amax(dim=0) * firing_rate.clamp(min=1e-6).log()
            ),
            "Take the largest activation over the sentence, not the mean: a latent may fire on one token only.": lambda latents, firing_rate: (
                latents.mean(dim=0) * -firing_rate.clamp(min=1e-6).log()
            ),
            "Take the largest over the tokens, `dim=0`: there must be one score for each latent.": lambda latents, firing_rate: (
                latents.amax(dim=1)
            ),
            "Use the logarithm of 1 / rate: without it rarity counts so much that strength hardly matters.": lambda latents, firing_rate: (
                latents.amax(dim=0) / firing_rate.clamp(min=1e-6)
            ),
            "That is the rarity alone: multiply with the largest activation in the sentence.": lambda latents, firing_rate: (
                _rarity(firing_rate)
            ),
            "Take the largest activation over the sentence, not the sum: long sentences would win.": lambda latents, firing_rate: (
                latents.sum(dim=0) * _rarity(firing_rate)
            ),
            "The ranking would be the same, but log is the natural logarithm here: `.log()`, not `.log2()`.": lambda latents, firing_rate: (
                latents.amax(dim=0) * -firing_rate.clamp(min=1e-6).log2()
            ),
            "The ranking would be the same, but log is the natural logarithm here: `.log()`, not `.log10()`.": lambda latents, firing_rate: (
                latents.amax(dim=0) * -firing_rate.clamp(min=1e-6).log10()
            ),
            "The floor is one in a *million*, 1e-6: yours is one in a thousand.": lambda latents, firing_rate: (
                latents.amax(dim=0) * -firing_rate.clamp(min=1e-3).log()
            ),
            "Multiply the two factors; yours adds them.": lambda latents, firing_rate: (
                latents.amax(dim=0) + _rarity(firing_rate)
            ),
            "That has a score for every token: take the largest over the tokens, `amax(dim=0)`.": lambda latents, firing_rate: (
                latents * _rarity(firing_rate)
            ),
            "1 - rate is nearly 1 for every rare latent: take log(1 / rate).": lambda latents, firing_rate: (
                latents.amax(dim=0) * (1 - firing_rate)
            ),
            "`clamp(max=1e-6)` makes every rate as rare as the rarest: the floor is `min=1e-6`.": lambda latents, firing_rate: (
                latents.amax(dim=0) * -firing_rate.clamp(max=1e-6).log()
            ),
            "The floor belongs to the rate, before the logarithm: yours is put on its logarithm.": lambda latents, firing_rate: (
                latents.amax(dim=0) * -firing_rate.log().clamp(min=1e-6)
            ),
            "`latents.max()` is one number for all latents: take the largest of each, `amax(dim=0)`.": lambda latents, firing_rate: (
                latents.max() * _rarity(firing_rate)
            ),
            "A latent that never fired elsewhere and fires here is the most surprising of all: its rate counts as 1e-6, its score is not 0.": lambda latents, firing_rate: (
                latents.amax(dim=0) * torch.where(firing_rate > 0, -firing_rate.log(), 0.0)
            ),
            "That is the last token alone: take the largest activation over all tokens.": lambda latents, firing_rate: (
                latents[-1] * _rarity(firing_rate)
            ),
            "That is the smallest activation in the sentence: take the largest, `amax`.": lambda latents, firing_rate: (
                latents.amin(dim=0) * _rarity(firing_rate)
            ),
            "Rare means rare in *other* texts: use `firing_rate`, not how often the latent fires in this sentence.": lambda latents, firing_rate: (
                latents.amax(dim=0) * _rarity((latents > 0).float().mean(dim=0))
            ),
            "log(1 / rate), without adding 1 to the inverse.": lambda latents, firing_rate: (
                latents.amax(dim=0) * (1 / firing_rate.clamp(min=1e-6)).log1p()
            ),
            "A rate of 0 makes log(1 / rate) infinite: take a rate below one in a million as one in a million, before the logarithm.": lambda latents, firing_rate: (
                latents.amax(dim=0) * -firing_rate.log()
            ),
            "`max(dim=0)` gives values *and* their places: take `.values`, or write `amax(dim=0)`.": lambda latents, firing_rate: (
                latents.max(dim=0) * _rarity(firing_rate)
            ),
            "Rare latents come first: multiply with the rarity, where yours divides by it.": lambda latents, firing_rate: (
                latents.amax(dim=0) / _rarity(firing_rate)
            ),
            "Adding 1e-6 changes every rate a little; a floor leaves all others as they are: `clamp(min=1e-6)`.": lambda latents, firing_rate: (
                latents.amax(dim=0) * -(firing_rate + 1e-6).log()
            ),
            "`argmax` says on which token it is strongest; asked for is how strong: `amax`.": lambda latents, firing_rate: (
                latents.argmax(dim=0) * _rarity(firing_rate)
            ),
        },
        variants={
            "log of the inverse": lambda latents, firing_rate: (
                latents.max(dim=0).values * (1 / firing_rate.clamp(min=1e-6)).log()
            ),
            "where": lambda latents, firing_rate: (
                latents.amax(dim=0) * -torch.where(firing_rate < 1e-6, 1e-6, firing_rate).log()
            ),
            "Python loops": lambda latents, firing_rate: torch.tensor(
                [
                    max(column) * -log(max(rate, 1e-6))
                    for column, rate in zip(latents.T.tolist(), firing_rate.tolist(), strict=True)
                ]
            ),
        },
        explanation="""
            Search engines weigh words in this way: how often a word stands in this page, times the logarithm of how
            rare it is in all pages. Here the words are latents and the page is a sentence.""",
    ),
    "splice": Exercise(
        splice,
        cases=_splice_cases,
        difficulty=2,
        hints=(
            "What comes back has the shape of `stream`; position 0 is as it was, everything behind it is reconstructed.",
            "`stream[:, 1:]` is every position but the first, of every text; `reconstruct` takes it as it is.",
            "Copy the stream with `.clone()`, assign `reconstruct(stream[:, 1:])` to the copy's `[:, 1:]`, return the copy.",
        ),
        slips={
            "The start token is reconstructed too. The autoencoder never saw it: leave position 0 as it is.": lambda stream, reconstruct: (
                reconstruct(stream)
            ),
            "The model goes on with all positions: the start token has to stay in front of what is reconstructed.": lambda stream, reconstruct: (
                reconstruct(stream[:, 1:])
            ),
            "Only the start token is reconstructed: it is the one to leave alone.": lambda stream, reconstruct: (
                torch.cat([reconstruct(stream[:, :1]), stream[:, 1:]], dim=1)
            ),
            "The axes are (batch, position, dimension): yours leaves out the first *text*, not the first position.": lambda stream, reconstruct: (
                torch.cat([stream[:1], reconstruct(stream[1:])], dim=0)
            ),
            "It is the last position that stays in yours; the start token is the first.": lambda stream, reconstruct: (
                torch.cat([reconstruct(stream[:, :-1]), stream[:, -1:]], dim=1)
            ),
            "One off: each position is replaced by the reconstruction of the one before it.": lambda stream, reconstruct: (
                torch.cat([stream[:, :1], reconstruct(stream[:, :-1])], dim=1)
            ),
            "The reconstruction takes the *place* of the activation; yours is added to it.": lambda stream, reconstruct: (
                torch.cat([stream[:, :1], stream[:, 1:] + reconstruct(stream[:, 1:])], dim=1)
            ),
            "That is what the reconstruction misses; the model is to go on with the reconstruction itself.": lambda stream, reconstruct: (
                torch.cat([stream[:, :1], stream[:, 1:] - reconstruct(stream[:, 1:])], dim=1)
            ),
            "Nothing is replaced: is the result of `reconstruct` assigned to anything?": lambda stream, reconstruct: (
                stream.clone()
            ),
            "The start token has become zero; it stays as it was.": lambda stream, reconstruct: torch.cat(
                [torch.zeros_like(stream[:, :1]), reconstruct(stream[:, 1:])], dim=1
            ),
            "The axes are (batch, position, dimension): yours leaves out the first *dimension*, not the first position.": lambda stream, reconstruct: (
                torch.cat([stream[..., :1], reconstruct(stream)[..., 1:]], dim=2)
            ),
            "Every position behind the start token is replaced, not position 1 alone: `[:, 1:]`.": lambda stream, reconstruct: (
                torch.cat([stream[:, :1], reconstruct(stream[:, 1:2]), stream[:, 2:]], dim=1)
            ),
            "Only position 0 is the start token: the first word stands at position 1 and is replaced too.": lambda stream, reconstruct: (
                torch.cat([stream[:, :2], reconstruct(stream[:, 2:])], dim=1)
            ),
            "The reconstruction takes the place of the activation; yours is halfway between the two.": lambda stream, reconstruct: (
                torch.cat([stream[:, :1], (stream[:, 1:] + reconstruct(stream[:, 1:])) / 2], dim=1)
            ),
            "One position too many: what stands behind the start token starts at `[:, 1:]` on both sides.": lambda stream, reconstruct: (
                torch.cat([stream[:, :1], reconstruct(stream)], dim=1)
            ),
            "The start token has moved to the end; it comes first.": lambda stream, reconstruct: torch.cat(
                [reconstruct(stream[:, 1:]), stream[:, :1]], dim=1
            ),
        },
        variants={
            "rows": _splice_flat,
            "where": _splice_where,
            "token by token": _splice_in_a_loop,
            "cat": lambda stream, reconstruct: torch.cat([stream[:, :1], reconstruct(stream[:, 1:])], dim=1),
        },
        explanation="""
            A hook is given the stream and returns what the model goes on with. Everything that the layers above see of
            the text has passed through the reconstruction; only the start token, which the autoencoder was not trained
            on, is as it was.""",
    ),
    "hole_depth": Exercise(
        hole_depth,
        cases=_hole_cases,
        difficulty=2,
        hints=(
            "Three shares, each the mean of one latent's answers over some of the texts: which latent, which texts?",
            "`wide[of_topic].float().mean()` is the share of the topic's texts that the group's latent finds.",
            "From the smaller of `wide` over the siblings and `narrow` over the topic, subtract `wide` over the topic.",
        ),
        slips={
            "A difference is asked for, not a ratio: nothing is divided by the smaller share.": lambda wide, narrow, of_topic, of_siblings: (
                hole_depth(wide, narrow, of_topic, of_siblings)
                / torch.minimum(_recall(wide, of_siblings), _recall(narrow, of_topic))
            ),
            "The smaller of the two witnesses less the group's share; not the largest of all three less the smallest.": lambda wide, narrow, of_topic, of_siblings: (
                (
                    shares := torch.stack(
                        [_recall(wide, of_siblings), _recall(narrow, of_topic), _recall(wide, of_topic)]
                    )
                ).max()
                - shares.min()
            ),
            "Take the group's share off, do not multiply by what it misses.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(_recall(wide, of_siblings), _recall(narrow, of_topic))
                * (1 - _recall(wide, of_topic))
            ),
            "Brackets: take the smaller of the two shares first, then the group's share off.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(_recall(wide, of_siblings), _recall(narrow, of_topic) - _recall(wide, of_topic))
            ),
            "Take the *smaller* of the two shares: a hole is only as deep as the weaker of the two witnesses.": lambda wide, narrow, of_topic, of_siblings: (
                torch.maximum(_recall(wide, of_siblings), _recall(narrow, of_topic)) - _recall(wide, of_topic)
            ),
            "Take the smaller of the two shares, not their mean.": lambda wide, narrow, of_topic, of_siblings: (
                (_recall(wide, of_siblings) + _recall(narrow, of_topic)) / 2 - _recall(wide, of_topic)
            ),
            "The sign is turned round: what the group's latent finds of the topic is subtracted.": lambda wide, narrow, of_topic, of_siblings: (
                _recall(wide, of_topic) - torch.minimum(_recall(wide, of_siblings), _recall(narrow, of_topic))
            ),
            "The topic's own latent is to be asked about the topic; yours is asked about the siblings.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(_recall(wide, of_siblings), _recall(narrow, of_siblings))
                - _recall(wide, of_topic)
            ),
            "That is how far it lies below the topic's own latent; what the group's latent finds of the siblings counts too.": lambda wide, narrow, of_topic, of_siblings: (
                _recall(narrow, of_topic) - _recall(wide, of_topic)
            ),
            "That is how far it lies below the siblings; whether another latent has the topic counts too.": lambda wide, narrow, of_topic, of_siblings: (
                _recall(wide, of_siblings) - _recall(wide, of_topic)
            ),
            "Subtract what the group's latent finds of the topic: the smaller share alone is no depth.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(_recall(wide, of_siblings), _recall(narrow, of_topic))
            ),
            "Divide by the texts of the topic, not by those on which the latent fires: that would be precision.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(_recall(of_siblings, wide), _recall(of_topic, narrow)) - _recall(of_topic, wide)
            ),
            "Each share is taken over the texts of its own kind, not over all texts.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum((wide & of_siblings).float().mean(), (narrow & of_topic).float().mean())
                - (wide & of_topic).float().mean()
            ),
            "Those are numbers of texts; topics differ in size, so take shares.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum((wide & of_siblings).sum(), (narrow & of_topic).sum()) - (wide & of_topic).sum()
            ),
            "The siblings are the *other* topics: the topic's own texts do not count among them.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(_recall(wide, of_siblings | of_topic), _recall(narrow, of_topic))
                - _recall(wide, of_topic)
            ),
            "The two latents have changed places: the group's latent is `wide`.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(_recall(narrow, of_siblings), _recall(wide, of_topic))
                - _recall(narrow, of_topic)
            ),
            "A share is the mean of zeros and ones, and a mask has none before `.float()`.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(wide[of_siblings].mean(), narrow[of_topic].mean()) - wide[of_topic].mean()
            ),
            "That is the share that the group's latent misses; it is compared with what the two others find.": lambda wide, narrow, of_topic, of_siblings: (
                1 - _recall(wide, of_topic)
            ),
            "The depth itself is asked for, not whether it is above 0.3.": lambda wide, narrow, of_topic, of_siblings: (
                hole_depth(wide, narrow, of_topic, of_siblings) > 0.3
            ),
            "A negative depth says that the group's latent is good at this very topic: leave it negative.": lambda wide, narrow, of_topic, of_siblings: (
                hole_depth(wide, narrow, of_topic, of_siblings).clamp(min=0)
            ),
            "Subtract the shares; yours divides them.": lambda wide, narrow, of_topic, of_siblings: (
                _recall(wide, of_topic) / torch.minimum(_recall(wide, of_siblings), _recall(narrow, of_topic))
            ),
            "Siblings are the group's other topics, `of_siblings`, not all texts that are not of the topic.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(_recall(wide, ~of_topic), _recall(narrow, of_topic)) - _recall(wide, of_topic)
            ),
            "The two kinds of texts have changed places: the hole is where the *topic's* texts are.": lambda wide, narrow, of_topic, of_siblings: (
                torch.minimum(_recall(wide, of_topic), _recall(narrow, of_siblings))
                - _recall(wide, of_siblings)
            ),
        },
        variants={
            "counting": _hole_by_counting,
            "products": lambda wide, narrow, of_topic, of_siblings: (
                min(
                    (wide * of_siblings).sum() / of_siblings.sum(), (narrow * of_topic).sum() / of_topic.sum()
                )
                - (wide * of_topic).sum() / of_topic.sum()
            ),
            "smaller of two depths": lambda wide, narrow, of_topic, of_siblings: min(
                _recall(wide, of_siblings) - _recall(wide, of_topic),
                _recall(narrow, of_topic) - _recall(wide, of_topic),
            ),
        },
        explanation="""
            Two witnesses are needed: the group's latent works (it finds the other topics), and the topic can be found
            (its own latent does). The hole is as deep as the weaker of the two allows.""",
    ),
    "l0_of_batch": Answer(
        l0,
        cases=_latents_cases,
        tolerance=1e-4,  # a number copied from a rounded print is not an answer
        explanation="Mean number of active latents a row.",
        hints=(
            "L0 counts: how many latents of a row are not zero?",
            "Count for each row, `(latents > 0).sum(dim=1)`, then take the mean over the rows.",
        ),
        slips={
            "That is the first row only; the mean is over all rows.": lambda latents: (latents[0] > 0).sum(),
            "That is the length of the rows; L0 counts how many numbers are not 0.": lambda latents: (
                latents.norm(dim=1).mean()
            ),
            "That is a percentage of all latents; L0 is their number a row.": lambda latents: (
                100 * (latents > 0).float().mean()
            ),
            "That is the share of latents that are active; L0 is their number a row.": lambda latents: (
                (latents > 0).float().mean()
            ),
            "That counts the active latents of the whole batch; divide by the number of rows.": lambda latents: (
                (latents > 0).float().sum()
            ),
            "That is L1, the sum of the activations. L0 only asks whether each of them is above zero.": lambda latents: (
                latents.sum(dim=1).mean()
            ),
            "That counts the latents that fire on some row; L0 is how many fire on one row, on average.": lambda latents: (
                (latents > 0).any(dim=0).float().sum()
            ),
            "Those are the zeros; L0 counts the others.": lambda latents: (
                (latents == 0).sum(dim=1).float().mean()
            ),
            "Every latent is at least zero, so `>= 0` counts all of them: `> 0`.": lambda latents: (
                (latents >= 0).sum(dim=1).float().mean()
            ),
            "That counts the rows on which a latent is active: sum along each row, `dim=1`.": lambda latents: (
                (latents > 0).sum(dim=0).float().mean()
            ),
            "The mean over the rows is asked for, not the median.": lambda latents: (
                (latents > 0).sum(dim=1).float().median()
            ),
            "That is the row with the most active latents; take the mean over the rows.": lambda latents: (
                (latents > 0).sum(dim=1).max()
            ),
            "That is the mean activation. L0 asks of each only whether it is above zero.": lambda latents: (
                latents.mean()
            ),
            "A mean of counts need not be whole: leave out `int` or `round`.": lambda latents: int(
                l0(latents)
            ),
        },
    ),
}

QUIZZES = {
    "reading": Quiz(
        (
            Single(
                "An SAE is trained with an L1 penalty on its latents, and nothing holds the length of the rows of "
                "`W_dec`. What happens?",
                (
                    Option(
                        "The latents grow until the penalty stops them.",
                        "the penalty pushes them down from the first step on.",
                    ),
                    Option(
                        "The latents shrink and the rows grow.",
                        "their product, the reconstruction, stays the same while the penalty falls: the loss goes down "
                        "and nothing got sparser.",
                        right=True,
                    ),
                    Option(
                        "More latents die.",
                        "a latent dies when it is active on no input; the length of its decoder row does not decide that.",
                    ),
                    Option(
                        "Nothing: `relu` already limits the latents.",
                        "`relu` limits them from below only.",
                    ),
                ),
            ),
            Multiple(
                "What can lower L0 without a single new weight being learned?",
                (
                    Option(
                        "Lowering every entry of `b_enc`.",
                        "each latent then needs a larger projection to be above zero, so fewer are.",
                        right=True,
                    ),
                    Option(
                        "Keeping only the k largest latents of each token.",
                        "that caps L0 at k: it is what a TopK autoencoder does.",
                        right=True,
                    ),
                    Option(
                        "Halving every latent after the `relu`.",
                        "half of something above zero is still above zero: L0 counts, it does not weigh.",
                    ),
                    Option(
                        "Scaling the rows of `W_dec` to length 1.",
                        "the decoder comes after the latents and changes none of them.",
                    ),
                ),
            ),
            Numeric(
                "An autoencoder has collapsed: for every token it says the mean activation. What is its fraction of "
                "variance unexplained?",
                value=1.0,
                tolerance=0.005,
                why="its squared error is exactly the variance around the mean, which fvu divides by.",
                slips={
                    0.0: "0 would be a perfect reconstruction.",
                    100.0: "A fraction is asked for, not percent.",
                    0.5: "There is no middle here: what it leaves unexplained is all of the variance.",
                },
            ),
            Ordering(
                "What happens in one training step of an SAE whose decoder rows have length 1?",
                (
                    Option("encode and decode a batch", "the loss compares `x` with its reconstruction."),
                    Option(
                        "compute the loss and its gradients", "they need the reconstruction and the latents."
                    ),
                    Option(
                        "remove the parallel part of the decoder's gradient",
                        "after the gradient exists, before the optimiser saves it up.",
                    ),
                    Option("take the optimiser's step", "it uses what is left of the gradient."),
                    Option(
                        "scale the rows of `W_dec` back to length 1",
                        "even a perpendicular step makes a row a little longer, so this comes last.",
                    ),
                ),
                shown=(3, 0, 4, 2, 1),
            ),
        )
    ),
    "trust": Quiz(
        (
            Numeric(
                "The model's loss is 3.0 nats a token, with the reconstruction spliced in 3.2, with the mean activation "
                "in its place 8.0. What percentage of the damage does the reconstruction avoid?",
                value=96.0,
                tolerance=0.5,
                why="(8.0 - 3.2) / (8.0 - 3.0) = 0.96: the same autoencoder looks better the worse the baseline is.",
                slips={
                    4.0: "that is the share of the damage that is left.",
                    94.0: "that sets 3.0 and 3.2 in relation; the damage to be avoided is 8.0 - 3.0.",
                    60.0: "the whole damage is 8.0 - 3.0, not 8.0.",
                },
                unit="%",
            ),
            Single(
                "An autoencoder trained on a model with shuffled weights reaches a low error. What follows?",
                (
                    Option(
                        "A low error alone is no sign of something learned.",
                        "structure that comes from the texts and the architecture can be reconstructed too.",
                        right=True,
                    ),
                    Option(
                        "Autoencoders find nothing in language models but which token was read.",
                        "the same control leaves room for scores that tell trained and shuffled models apart.",
                    ),
                    Option(
                        "Part of what the model had learned survives a shuffle of its weights.",
                        "the shuffle keeps which numbers there are and nothing of where they stood. What it leaves to "
                        "reconstruct, perhaps which token was read, the low error does not say.",
                    ),
                    Option(
                        "The autoencoder has too many latents, so that it can reconstruct anything.",
                        "with k active latents a token it cannot: noise without structure would leave a large error.",
                    ),
                ),
            ),
            Multiple(
                "A latent's eight strongest examples are all about whales. What may still be true?",
                (
                    Option(
                        "Most of the tokens on which it fires have nothing to do with whales.",
                        "the strongest are a tiny share of them: look at the quantiles.",
                        right=True,
                    ),
                    Option(
                        "It is silent on most texts about whales.",
                        "top examples show where it fires, never where it should and does not.",
                        right=True,
                    ),
                    Option(
                        "Another latent of the same dictionary fires for whales too.",
                        "in a large dictionary a subject is often split among several.",
                        right=True,
                    ),
                    Option(
                        "Some token about ships, in the same texts, makes it fire more strongly.",
                        "then that token would be among the eight strongest.",
                    ),
                ),
            ),
            Single(
                "In a larger dictionary the latent for “animals” no longer fires on cats, since there is a latent for "
                "cats now. What is that?",
                (
                    Option(
                        "Splitting: “animals” has become several latents of a finer grain.",
                        "if it had split cleanly, no latent would be left that looks like “animals” in general.",
                    ),
                    Option(
                        "Absorption: the wide latent has a hole.",
                        "sparsity rewards it, as one active latent is cheaper than two, and the examples of the wide "
                        "latent do not show it.",
                        right=True,
                    ),
                    Option(
                        "Death: on cats it was silent for so long that training dropped it there.",
                        "a latent is dead if it fires nowhere; this one fires on all other animals.",
                    ),
                ),
            ),
            Single(
                "Two autoencoders of one layer: A misses 10% of the variance, B misses 14%. Which is better?",
                (
                    Option(
                        "A, since it leaves less of the activations unexplained.",
                        "perhaps it only uses more latents a token.",
                    ),
                    Option(
                        "B, since what it leaves out makes its latents sparser and easier to read.",
                        "a larger error does not make a code sparser: it may use as many latents, and badly.",
                    ),
                    Option(
                        "Neither, as long as L0 is not known.",
                        "error and sparsity are traded against each other: compare at the same L0.",
                        right=True,
                    ),
                ),
            ),
        )
    ),
}

PREDICTIONS = {
    "same_word": Single(
        "Take a word such as “and” wherever it stands in our texts, and measure from the mean of all activations. What "
        "is the mean cosine between its activations in two places?",
        (
            Option("Nearly 1: it is the same word.", "No: it is 0.5 to 0.7 for frequent words."),
            Option(
                "About 0.5: something stays, and something is the context's.",
                "It is 0.5 to 0.7 for frequent words, and 0.00 for any two tokens.",
                right=True,
            ),
            Option(
                "About 0: in the middle of the model only the context counts.",
                "No: that is the figure for any two tokens.",
            ),
        ),
        of_pocket=True,
    ),
    "start_token": Numeric(
        "How many times as long as the median of all others is the start token's vector?",
        value=2.1,
        tolerance=0.6,
        why="That is little: in SmolLM2-135M it is 150 times as long.",
        of_pocket=True,
    ),
    "dead_share": Numeric(
        "What percentage of the latents will be dead after 200 steps?",
        value=30,
        tolerance=10,
        why="Nobody dies in the first third of the run; then the price takes one after the other.",
        unit="%",
        of_pocket=True,
    ),
    "three_controls": Single(
        "Which order, from the smallest error to the largest, with 32 directions for each token?",
        (
            Option("Learned dictionary, PCA, random dictionary.", "No: PCA misses 46%, the random one 28%."),
            Option(
                "PCA, learned dictionary, random dictionary.",
                "No: PCA is the best *fixed* set, and misses 46%, most of the three.",
            ),
            Option(
                "Learned dictionary, random dictionary, PCA.",
                "They miss 6%, 28% and 46%: to choose anew for each token is worth more than the best fixed choice.",
                right=True,
            ),
        ),
        of_pocket=True,
    ),
    "shuffled_error": Single(
        "How large will the error be of an autoencoder of the shuffled model?",
        (
            Option(
                "Much larger: there is nothing left to find.",
                "No: it misses 21%, and the one of the real model 23%.",
            ),
            Option(
                "About the same.",
                "It misses 21%, and the one of the real model 23%.",
                right=True,
            ),
            Option(
                "Much smaller: a model that does nothing is easy to copy.",
                "No: 21% against 23% is hardly a difference.",
            ),
        ),
        of_pocket=True,
    ),
    "worst_concept": Single(
        "For which of these four concepts will the latent that the training texts choose do worst on held-out texts?",
        (
            Option("Korean sentences.", "Its latent has an area of 1.00: no other text has these letters."),
            Option("Chess notation.", "Its latent has an area of 1.00: no other text looks like it."),
            Option("Wizards and magic spells.", "Its latent has an area of 0.99."),
            Option(
                "Falling in love.",
                "Its latent has an area of 0.78; that of whales, the next, 0.82.",
                right=True,
            ),
        ),
        of_pocket=True,
    ),
    "medians": Single(
        "What are the medians, over 126 concepts, of the best neuron's held-out area and of the best latent's?",
        (
            Option(
                "Both near 0.95: a good unit is a good unit.",
                "No: 0.82 for the neurons, 0.94 for the latents.",
            ),
            Option(
                "Neurons below 0.7, latents above 0.95: this is what they are trained for.",
                "No: the best of 1,024 neurons is better than that, 0.82; the latents have 0.94.",
            ),
            Option(
                "Neurons about 0.8, latents about 0.95.",
                "0.82 and 0.94: the latents are ahead, and the neurons far from useless.",
                right=True,
            ),
        ),
        of_pocket=True,
    ),
    "near_the_smallest": Numeric(
        "What percentage of the latents of the largest dictionary lie within 60° of one of the smallest?",
        value=6,
        tolerance=6,
        why="Most of the large dictionary points elsewhere; of the 1,024 latents of the next one 18% are near, and of a second "
        "run of the smallest 28%.",
        unit="%",
        of_pocket=True,
    ),
    "holes_again": Single(
        "The deepest hole of each of three dictionaries, found on eight texts of a topic at most: how many of the three are still "
        "deeper than 0.3 on forty fresh ones?",
        (
            Option(
                "None: the deepest of so many is deep by luck.",
                "No: luck made them look deeper, but 0.6 and 0.5 are left of two of them.",
            ),
            Option("One of the three.", "No: 0.6 and 0.5 are left of two of them."),
            Option(
                "Two of the three.",
                "0.6, 0.0 and 0.5 are left, of 0.7, 0.6 and 0.6: luck is a part of two, and all of the third.",
                right=True,
            ),
            Option(
                "All three: half a hundred texts of a group are enough to find them.",
                "No: of one nothing is left. The group has many texts, the topic had eight.",
            ),
        ),
        of_pocket=True,
    ),
}
