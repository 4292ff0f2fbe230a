"""Day 6: A sparse autoencoder on GPT-2."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear, normalize

from course_utils.exercises import Answer, Exercise, Multiple, Numeric, Option, Ordering, Quiz, Single
from course_utils.metrics import fvu, l0
from course_utils.sae import encode


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
    cases = [by_head]
    for n, (batch, d_in, d_sae) in enumerate([(7, 5, 11), (3, 8, 4)]):
        x, W_enc, b_enc, b_dec = _random(10 * seed + n, (batch, d_in), (d_in, d_sae), (d_sae,), (d_in,))
        cases.append((3 * x, 0.7 * W_enc, b_enc, b_dec))
    return cases


# ── fvu ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _fvu_cases(seed: int = 0) -> list[tuple]:
    by_head = (torch.tensor([[1.0, 4.0], [3.0, 8.0]]), torch.tensor([[1.0, 5.0], [3.0, 6.0]]))
    cases = [by_head]
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
    cases = [by_head]
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


EXERCISES = {
    "encode": Exercise(
        encode,
        cases=_encode_cases,
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
    "l0_of_batch": Answer(
        l0,
        cases=_latents_cases,
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
}
