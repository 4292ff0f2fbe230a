"""What 4 bits a weight change in SmolLM2-135M-Instruct, where both kinds of weights can be had: `python tools/four_bits.py`.

Reads held-out texts of the corpus with the original and with the 4-bit weights, and prints for topics and for formats
the loss of each in nats a token and the mean KL of what they predict. The topical texts were sampled from the 4-bit
weights themselves, which flatters these; the formats were written by code.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn.functional import cross_entropy
from transformer_lens.model_bridge import TransformerBridge

from course_utils.interventions import disagreement
from course_utils.lm import (
    KNOWN_MODELS,
    ModelUnavailable,
    few_of_each_concept,
    have_model,
    load_model,
    tokenize,
)

N_TEXTS = 42
MAX_TOKENS = 96


class WeightDifference(NamedTuple):
    """Two models on the same tokens, in nats a token: means over texts."""

    loss: float
    other_loss: float

    margin: float
    """1.96 standard errors of the difference of the two losses, over texts."""

    kl: float
    """KL(model | other) of the next token."""

    n_texts: int

    def __str__(self) -> str:
        by = self.other_loss - self.loss
        return (
            f"loss {self.loss:.3f} and {self.other_loss:.3f} nats a token (difference {by:+.3f} ± {self.margin:.3f}), "
            f"mean KL {self.kl:.2g}, on {self.n_texts} texts"
        )


@torch.no_grad()
def weight_difference(
    model: TransformerBridge, other: TransformerBridge, texts: Sequence[str]
) -> WeightDifference:
    """Compare two models that read the same tokens.

    Args:
        texts: two or more; the first 96 tokens of each are read.

    Raises:
        ValueError: if the models' tokenizers do not agree on a text.
    """
    rows = []
    for text in texts:
        ids = tokenize(model, [text], max_tokens_per_text=MAX_TOKENS).ids
        if not torch.equal(ids, tokenize(other, [text], max_tokens_per_text=MAX_TOKENS).ids):
            raise ValueError(f"the two models read other tokens in {text[:40]!r}")
        logits, other_logits = (of(ids)[0, :-1].double() for of in (model, other))
        kl = disagreement(logits, other_logits).mean()
        rows.append([cross_entropy(logits, ids[0, 1:]), cross_entropy(other_logits, ids[0, 1:]), kl])
    losses, other_losses, kls = torch.tensor(rows).T
    margin = 1.96 * (other_losses - losses).std() / len(rows) ** 0.5
    return WeightDifference(
        losses.mean().item(), other_losses.mean().item(), margin.item(), kls.mean().item(), len(rows)
    )


def main() -> None:
    """Print both comparisons.

    Raises:
        SystemExit: if one of the two cannot be had; it says which.
    """
    try:
        if have_model("smollm2").full_name != KNOWN_MODELS["smollm2"].full_name:
            sys.exit(
                f"Only the 4-bit weights can be had here. Try again where the hub answers, or set "
                f"{KNOWN_MODELS['smollm2'].variable} to a folder with the original."
            )
        original, packed = load_model("smollm2"), load_model("smollm2-4bit")
    except ModelUnavailable as reason:
        sys.exit(f"Both are needed: {reason}.")
    drawn = few_of_each_concept("held_out", 3)
    formats = [text.text for text in drawn if text.group == "format"]
    topics = [text.text for text in drawn if text.group != "format"]
    for name, texts in (("topics", topics), ("formats", formats)):
        some = texts[:: max(len(texts) // N_TEXTS, 1)][:N_TEXTS]
        print(f"{name}, original and 4 bits: {weight_difference(original, packed, some)}")


if __name__ == "__main__":
    main()
