"""Prompts as token numbers, and the one token that an answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Int
from torch import Tensor

from course_utils.lm import whole_signs

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


def prompt_ids(model: TransformerBridge, text: str) -> Int[Tensor, "pos"]:
    """Token numbers of a prompt, BOS first; BOS alone if the prompt is empty.

    Examples:
        >>> from course_utils.lm import load_model
        >>> ids = prompt_ids(load_model("pocket"), "The ship sails")
        >>> ids  # ids[None] is a batch of this one text
        tensor([   0,  558, 3137, 7027])
    """
    ids = model.tokenizer(whole_signs(text), add_special_tokens=False)["input_ids"]
    return torch.tensor([model.tokenizer.bos_token_id, *ids])


def word_after(model: TransformerBridge, prompt: str, word: str) -> int | None:
    """The token by which a word continues a prompt; None where the tokenizer cuts the word into several.

    Examples:
        >>> from course_utils.lm import load_model
        >>> model = load_model("pocket")
        >>> model.tokenizer.decode([word_after(model, "John gave a drink to", "Mary")])
        ' Mary'
        >>> word_after(model, "John gave a drink to", "Bartholomew") is None
        True
    """
    before, longer = prompt_ids(model, prompt), prompt_ids(model, f"{prompt} {word}")
    *start, last = longer.tolist()
    return last if start == before.tolist() else None
