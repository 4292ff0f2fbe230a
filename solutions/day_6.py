"""Day 6: A sparse autoencoder on GPT-2."""

from __future__ import annotations

from math import log

import torch
from torch import Tensor
from torch.nn.functional import linear, normalize

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
    by_head = (torch.tensor([[1.0, 4.0], [3.0, 8.0]]), torch.tensor([[1.0, 5.0], [3.0, 6.0]]))
    cases: list[tuple] = [by_head]
    for n, (rows, d_in) in enumerate([(9, 4), (5, 12)]):
        x, noise, mean, width = _random(10 * seed + n, (rows, d_in), (rows, d_in), (d_in,), (d_in,))
        x = x * width.exp() + 3 * mean
        cases.append((x, x + 0.4 * noise))
    return cases


def _mean_of_shares(x: Tensor, x_hat: Tensor) -> Tensor:
    residual = (x - x_hat).pow(2).sum(dim=0)
    return (residual / (x - x.mean(dim=0)).pow(2).sum(dim=0)).mean()


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
        cases.append((2 * grad, normalize(W_dec, dim=1)))
    return cases


def _row_by_row(grad: Tensor, W_dec: Tensor) -> Tensor:
    return torch.stack([g - torch.dot(g, w) * w for g, w in zip(grad, W_dec, strict=True)])


def _by_projection_matrices(grad: Tensor, W_dec: Tensor) -> Tensor:
    across = torch.eye(W_dec.shape[1]) - W_dec[:, :, None] * W_dec[:, None, :]
    return torch.einsum("nij,nj->ni", across, grad)


# ── l0_of_batch ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _latents_cases(seed: int = 0) -> list[tuple]:
    (pre,) = _random(seed, (40, 30))
    return [(torch.tensor([[0.0, 2.0, 0.5], [1.5, 0.0, 0.0]]),), ((pre - 1).relu(),)]


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


# ── topk ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _topk_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[3.0, 1.0, 2.0, -1.0], [-1.0, -2.0, 5.0, -3.0]]), 2)
    cases: list[tuple] = [by_head]
    for n, (rows, d_sae, k) in enumerate([(6, 12, 4), (4, 9, 7)]):
        (pre,) = _random(10 * seed + n, (rows, d_sae))
        cases.append((2 * pre - 0.4, k))
    return cases


def _topk_row_by_row(pre_activations: Tensor, k: int) -> Tensor:
    kept = torch.zeros_like(pre_activations)
    for row, values in enumerate(pre_activations):
        for i in values.argsort(descending=True)[:k]:
            kept[row, i] = max(values[i].item(), 0.0)
    return kept


def _topk_of_the_batch(pre_activations: Tensor, k: int) -> Tensor:
    least = pre_activations.flatten().topk(k * len(pre_activations)).values[-1]
    return torch.where(pre_activations >= least, pre_activations, 0.0).relu()


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


def _resample_wrongly(
    *,
    share: float = 0.2,
    of_all: bool = False,
    unit: bool = True,
    unit_encoder: bool = True,
    bias: bool = True,
):
    """The reference with one thing left out."""

    def wrong(W_enc: Tensor, b_enc: Tensor, W_dec: Tensor, dead: Tensor, chosen: Tensor):
        W_enc, b_enc, W_dec = W_enc.clone(), b_enc.clone(), W_dec.clone()
        rows = normalize(chosen, dim=1)
        length = share * (W_enc if of_all else W_enc[:, ~dead]).norm(dim=0).mean()
        W_enc[:, dead] = length * (rows if unit_encoder else chosen).T
        W_dec[dead] = rows if unit else chosen
        if bias:
            b_enc[dead] = 0.0
        return W_enc, b_enc, W_dec

    return wrong


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
    by_head = (torch.tensor([[0.0, 2.0, 0.0], [3.0, 0.0, 0.0]]), torch.tensor([0.5, 0.01, 0.0]))
    cases: list[tuple] = [by_head]
    for n, (pos, d_sae) in enumerate([(5, 8), (9, 4)]):
        pre, rate = _random(10 * seed + n, (pos, d_sae), (d_sae,))
        cases.append((3 * pre.relu(), (-rate.abs() - 0.5).exp()))
    return cases


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
        difficulty=2,
        hints=(
            "`pre_activations.topk(k, dim=-1)` gives the k largest values of each row, and where they stand.",
            "Start from `torch.zeros_like(pre_activations)` and put the values back with `.scatter(-1, where, values)`.",
            "A row may have fewer than k positive entries: let `relu` set the negative ones among the k to zero.",
        ),
        slips={
            "Among the k largest there can be negative ones; latents are never negative, so they become zero too.": lambda pre_activations, k: (
                torch.zeros_like(pre_activations).scatter(
                    -1, pre_activations.topk(k, dim=-1).indices, pre_activations.topk(k, dim=-1).values
                )
            ),
            "Those are the k largest of each column; k latents may be active in each row.": lambda pre_activations, k: (
                torch.zeros_like(pre_activations).scatter(
                    0,
                    pre_activations.topk(min(k, len(pre_activations)), dim=0).indices,
                    pre_activations.topk(min(k, len(pre_activations)), dim=0).values.relu(),
                )
            ),
            "The result has the shape of `pre_activations`, with zeros where nothing is kept: put the values back in their places.": lambda pre_activations, k: (
                pre_activations.topk(k, dim=-1).values.relu()
            ),
            "Keep what is largest, not what is largest in absolute value: a strongly negative latent is off.": lambda pre_activations, k: (
                torch.zeros_like(pre_activations).scatter(
                    -1,
                    pre_activations.abs().topk(k, dim=-1).indices,
                    pre_activations.gather(-1, pre_activations.abs().topk(k, dim=-1).indices).relu(),
                )
            ),
            "Each row has its own k: yours shares k times the number of rows among the whole batch.": _topk_of_the_batch,
        },
        variants={
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
                of_all=True
            ),
            "Decoder rows have length 1: divide each chosen input by its norm.": _resample_wrongly(
                unit=False
            ),
            "The encoder gets the *direction* of the input: yours is longer for longer inputs, as in some published code.": _resample_wrongly(
                unit_encoder=False
            ),
            "The old bias kept the latent silent: set `b_enc[dead]` to 0.": _resample_wrongly(bias=False),
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
    "l0_of_batch": Answer(
        l0,
        cases=_latents_cases,
        explanation="Mean number of active latents a row.",
        hints=(
            "L0 counts: how many latents of a row are not zero?",
            "Count for each row, `(latents > 0).sum(dim=1)`, then take the mean over the rows.",
        ),
        slips={
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
                        "A low error alone does not show that an autoencoder found what a model has learned.",
                        "structure that comes from the texts and the architecture can be reconstructed too.",
                        right=True,
                    ),
                    Option(
                        "Autoencoders find nothing in language models.",
                        "the same control leaves room for scores that tell trained and shuffled models apart.",
                    ),
                    Option(
                        "The shuffled model has learned something.",
                        "nobody trained it after the shuffle; what is left is which token was read.",
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
                        "It never fires on whales.",
                        "the examples show that it does.",
                    ),
                ),
            ),
            Single(
                "In a larger dictionary the latent for “animals” no longer fires on cats, since there is a latent for "
                "cats now. What is that?",
                (
                    Option(
                        "Splitting: “animals” has become several latents.",
                        "if it had split cleanly, no latent would be left that looks like “animals” in general.",
                    ),
                    Option(
                        "Absorption: a wide latent has a hole where a narrow one took over.",
                        "sparsity rewards it, as one active latent is cheaper than two, and the examples of the wide "
                        "latent do not show it.",
                        right=True,
                    ),
                    Option(
                        "A dead latent.",
                        "dead latents fire nowhere; this one fires on all other animals.",
                    ),
                ),
            ),
            Single(
                "Two autoencoders of one layer: A misses 10% of the variance, B misses 14%. Which is better?",
                (
                    Option("A.", "perhaps it only uses more latents a token."),
                    Option("B.", "nothing here speaks for it yet."),
                    Option(
                        "It cannot be said before their numbers of active latents are known.",
                        "error and sparsity are traded against each other: compare at the same L0.",
                        right=True,
                    ),
                ),
            ),
        )
    ),
}
