"""How much a day reads: fewer texts or tokens where the model is large, so that a day stays within minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

LARGE, VERY_LARGE = 30e6, 300e6
"""Weights in the layers from which on a day reads half and a quarter of what it reads with a small model."""


def fewer_if_large(model: TransformerBridge, n: int) -> int:
    """``n`` texts or tokens with a small model, half with a large one, a quarter with a very large one.

    One core read 3,900 tokens a second with the pocket model, 270 with SmolLM2.

    Examples:
        >>> from course_utils.lm import load_model
        >>> fewer_if_large(load_model("pocket"), 64)
        64

    Args:
        n: how many with a small model, such as the pocket model.

    Returns:
        At least 1.
    """
    return max(1, n // _times_less(model))


def what_it_reads(model: TransformerBridge) -> str:
    """For the line that names the model: nothing for a small one.

    Examples:
        >>> from course_utils.lm import load_model
        >>> what_it_reads(load_model("pocket"))
        ''
    """
    share = {1: "", 2: "half", 4: "a quarter"}[_times_less(model)]
    return share and f"; it is large, so the days read {share} as much with it where reading takes long"


def _times_less(model: TransformerBridge) -> int:
    weights = 12 * model.cfg.n_layers * model.cfg.d_model**2  # the usual estimate, embeddings left out
    return 1 if weights < LARGE else 2 if weights < VERY_LARGE else 4
