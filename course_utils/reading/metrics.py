"""How good is a dictionary? Measured on a stream of activations and on the model's own loss.

The formulas that need tensors only are in `scores` and `concepts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.base import frees_memory
from course_utils.lm import Texts, check_hook_name, tokenize
from course_utils.reading.outliers import above_median
from course_utils.reading.scores import (
    ROWS_AT_A_TIME,
    Rows,
    dead_latents,
)
from course_utils.reading.splicing import Replacement, spliced_losses
from course_utils.sae import SAE, hook_name_of

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


class SAEScores(NamedTuple):
    """What `score_sae` measured on some activations."""

    fvu: float
    """Fraction of variance unexplained."""

    l0: float
    """Mean number of active latents a token."""

    dead_share: float
    """Share of the latents that are active on none of the tokens."""

    firing_rate: Float[Tensor, "d_sae"]
    """Share of the tokens on which each latent is active."""

    n_tokens: int

    fvu_without_outliers: float
    """The fvu of all dimensions but ``outliers``; equal to ``fvu`` where there are none."""

    outliers: Int[Tensor, "n_outliers"]
    """What `outlier_dimensions` finds in these activations, largest first."""


@frees_memory
@torch.no_grad()
def score_sae(sae: SAE, chunks: Iterable[Rows | Tensor] | Rows | Tensor) -> SAEScores:
    """`fvu`, `l0`, dead latents and firing rates over a stream of activations, holding 384 rows of latents at a time.

    Where a few dimensions dwarf all others (`outlier_dimensions`), they decide the fvu: then read it without them too.

    Examples:
        >>> from course_utils.sae import SAE
        >>> scores = score_sae(SAE(8, 32, "topk", k=4), torch.randn(100, 8))
        >>> scores.l0, scores.n_tokens
        (4.0, 100)

    Args:
        chunks: rows (n, d_in), `Activations`, or a stream of either; for a `Transcoder` what it reads and what it has
            to write, side by side, as `iterate_side_by_side` gives them.

    Raises:
        ValueError: if there are no rows, or they do not vary.
    """
    n, fires = 0, torch.zeros(sae.d_sae, dtype=torch.long)
    residual, total, squares = torch.zeros(3, len(sae.b_dec), dtype=torch.float64)
    for rows in _rows(chunks):
        x_hat, latents = sae(sae.split(rows)[0])
        x = sae.split(rows)[1]
        n += len(x)
        fires += (latents > 0).sum(dim=0)
        residual += (x - x_hat).double().pow(2).sum(dim=0)
        total += x.double().sum(dim=0)
        squares += x.double().pow(2).sum(dim=0)
    variance = squares - total.pow(2) / max(n, 1)
    if variance.sum() <= 1e-12 * squares.sum():
        raise ValueError(f"{n} activations that do not vary: there is nothing to explain")
    outliers = above_median(squares)
    kept = torch.ones(len(sae.b_dec), dtype=torch.bool).index_fill(0, outliers, False)
    fvu, without = ((residual[some].sum() / variance[some].sum()).item() for some in (slice(None), kept))
    rate = fires / n
    dead_share = dead_latents(rate).float().mean().item()
    return SAEScores(fvu, fires.sum().item() / n, dead_share, rate, n, without, outliers)


def _rows(chunks: Iterable[Rows | Tensor] | Rows | Tensor) -> Iterator[Float[Tensor, "some d_in"]]:
    several = [chunks] if isinstance(chunks, Tensor) else [chunks] if isinstance(chunks, Rows) else chunks
    for chunk in several:
        yield from (chunk if isinstance(chunk, Tensor) else chunk.values).split(ROWS_AT_A_TIME)


class LossRecovered(NamedTuple):
    """Next-token losses in nats a token, and what of the damage of ablation a reconstruction avoids."""

    clean: float
    spliced: float
    """With the activations replaced by their reconstruction."""

    zero_ablated: float
    mean_ablated: float
    """With the activations replaced by zero, or by their mean over these texts."""

    recovered_vs_zero: float
    recovered_vs_mean: float
    """(ablated - spliced) / (ablated - clean). High shares come cheap where ablation breaks the whole model, as on
    the residual stream: read them beside ``loss_increase``. Not a number if ablation changes nothing."""

    loss_increase: float
    """spliced - clean, in nats a token."""


@frees_memory
@torch.no_grad()
def loss_recovered(
    model: TransformerBridge,
    sae: SAE,
    texts: Texts,
    hook_name: str | None = None,
    *,
    batch_size: int = 8,
    max_tokens_per_text: int | None = None,
) -> LossRecovered:
    """The model's loss with ``sae(x)`` in place of the activation ``x`` at a hook point.

    Replaced is every token but BOS, which autoencoders are not trained on. Scored is the prediction made *at* every
    replaced token that has a successor: from the second token after BOS on.

    Examples:
        >>> from course_utils.lm import load_model
        >>> from course_utils.sae import load_sae
        >>> losses = loss_recovered(load_model("pocket"), load_sae("layer_2"), ["The ship sails over the sea."])
        >>> losses.spliced < losses.zero_ablated
        True

    Args:
        texts: strings, labelled texts, or `Tokens`.
        hook_name: None takes the one that the SAE was trained on.
        batch_size: texts a forward pass.
        max_tokens_per_text: longer texts are cut; BOS counts.

    Returns:
        Losses in nats a token with the activation left, reconstructed, zeroed and averaged, and the shares recovered.

    Raises:
        ValueError: if the hook point is unknown or unsaid, or no text has two tokens after BOS.
    """
    hook_name = hook_name_of(sae, hook_name)
    check_hook_name(model, hook_name)
    tokens = tokenize(model, texts, max_tokens_per_text=max_tokens_per_text)
    total, rows = torch.zeros(sae.d_in, dtype=torch.float64), 0

    def watch(x: Tensor) -> Tensor:
        nonlocal rows
        total.add_(x.double().sum(dim=0).cpu())
        rows += len(x)
        return x

    def mean_loss_of(replacements: Mapping[str, Replacement]) -> list[float]:
        losses, n = spliced_losses(model, tokens, hook_name, replacements, batch_size)
        if not n.any():
            raise ValueError("no text has two tokens after BOS, so there is no prediction to score")
        return [(of_texts.sum() / n.sum()).item() for of_texts in losses.values()]

    clean, spliced = mean_loss_of({"clean": watch, "spliced": lambda x: sae(x).x_hat})
    zero, flat = mean_loss_of({"zero": torch.zeros(sae.d_in), "mean": (total / rows).float()})
    of_zero, of_mean = ((a - spliced) / (a - clean) if a != clean else float("nan") for a in (zero, flat))
    return LossRecovered(clean, spliced, zero, flat, of_zero, of_mean, spliced - clean)
