"""Token batches: what goes into a language model, and the names of the places where it can be watched.

Every text starts with the model's own BOS token (GPT-2's is ``<|endoftext|>``), so position 0 never holds a word.
Rows are padded on the right: a causal model looks only to the left, so padding changes nothing in front of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge


@dataclass(frozen=True, eq=False)
class Tokens:
    """Some texts as token numbers, one text a row."""

    ids: Int[Tensor, "batch pos"]
    """BOS first; what lies beyond a text's length is padding."""

    lengths: Int[Tensor, "batch"]
    """Tokens of each text, BOS counted, padding not."""

    decode: Callable[[list[int]], list[str]] = field(repr=False)
    """Token numbers to one string each."""

    def __len__(self) -> int:
        return len(self.ids)

    def strings(self, text: int) -> list[str]:
        """The tokens of one text as strings, BOS first. Part of a character (Korean, emoji) reads ``�``."""
        return self.decode(self.ids[text, : self.lengths[text]].tolist())

    @property
    def is_real(self) -> Bool[Tensor, "batch pos"]:
        """True for BOS and the text's own tokens, False for padding."""
        return torch.arange(self.ids.shape[1]) < self.lengths[:, None]

    def select(self, texts: Int[Tensor, "some"] | slice) -> Tokens:
        """Some of the texts, with no more padding than they need."""
        lengths = self.lengths[texts]
        return Tokens(self.ids[texts, : int(lengths.max())], lengths, self.decode)

    def batches(self, batch_size: int) -> Iterator[tuple[Int[Tensor, "some"], Tokens]]:
        """(which texts, their tokens), texts of like length together so that little is spent on padding."""
        for texts in self.lengths.argsort(stable=True).split(batch_size):
            yield texts, self.select(texts)


@runtime_checkable
class HasText(Protocol):
    """`LabelledText`, say."""

    @property
    def text(self) -> str: ...


Texts = str | HasText | Sequence[str] | Sequence[HasText] | Tokens
"""What a function that reads texts accepts; a single string counts as one text."""


def as_list(texts: str | HasText | Sequence[str] | Sequence[HasText]) -> list[str]:
    """The texts as strings, with a lone text (itself a sequence!) taken as one; half a surrogate pair becomes ``?``.

    Raises:
        ValueError: if there are none.
    """
    several: Sequence[str | HasText] = [texts] if isinstance(texts, str | HasText) else texts
    strings = [text if isinstance(text, str) else text.text for text in several]
    if not strings:
        raise ValueError("there are no texts: the list is empty")
    return [whole_signs(string) for string in strings]


def whole_signs(text: str) -> str:
    """A text that can be encoded: half a surrogate pair becomes ``?``.

    Examples:
        >>> whole_signs("a whale \\ud83d")
        'a whale ?'
    """
    return text.encode("utf-8", "replace").decode("utf-8")


def tokenize(model: TransformerBridge, texts: Texts, *, max_tokens_per_text: int | None = None) -> Tokens:
    """Texts to token numbers, BOS first, each cut to ``max_tokens_per_text`` (BOS counts) and the model's context.

    Ready `Tokens` pass through, cut likewise.

    Examples:
        >>> from course_utils.lm import load_model
        >>> tokens = tokenize(load_model("pocket"), ["The ship sails.", "Hello"])
        >>> tokens.strings(0), tokens.lengths.tolist()
        (['<|endoftext|>', 'The', ' ship', ' sails', '.'], [5, 2])

    Args:
        texts: strings, labelled texts, or one of either.

    Returns:
        `Tokens`, a text a row: ids (batch, pos), padded on the right, and lengths (batch,).

    Raises:
        ValueError: if there are no texts, a cut leaves nothing but BOS, or the tokenizer has no BOS.
    """
    if max_tokens_per_text is not None and max_tokens_per_text < 2:
        raise ValueError(f"max_tokens_per_text is {max_tokens_per_text}: it needs 2, BOS and one token")
    longest = min(max_tokens_per_text or model.cfg.n_ctx, model.cfg.n_ctx)
    if isinstance(texts, Tokens):
        if not len(texts):
            raise ValueError("there are no texts: the Tokens are empty")
        lengths = texts.lengths.clamp(max=longest)
        return Tokens(texts.ids[:, : int(lengths.max())], lengths, texts.decode)

    tokenizer = model.tokenizer
    if tokenizer.bos_token_id is None:
        raise ValueError("this model's tokenizer has no BOS token to start a text with")
    # BOS is put in front here, and padding never read back from the ids: in GPT-2, BOS, EOS and padding share a number
    encoded = tokenizer(as_list(texts), add_special_tokens=False, truncation=True, max_length=longest - 1)
    rows = [torch.tensor([tokenizer.bos_token_id, *ids]) for ids in encoded["input_ids"]]
    return Tokens(
        ids=pad_sequence(rows, batch_first=True, padding_value=tokenizer.bos_token_id),
        lengths=torch.tensor([len(row) for row in rows]),
        decode=lambda ids: tokenizer.batch_decode([[i] for i in ids], clean_up_tokenization_spaces=False),
    )


def check_hook_name(model: TransformerBridge, hook_name: str) -> None:
    """Make sure that the model has this hook point.

    Examples:
        >>> from course_utils.lm import load_model
        >>> check_hook_name(load_model("pocket"), "blocks.2.hook_resid_pst")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ValueError: 'blocks.2.hook_resid_pst' is not a hook point ...: did you mean blocks.2.hook_resid_post ...

    Raises:
        ValueError: if it has not; the message lists the nearest names.
    """
    if hook_name not in model.hook_dict:
        nearest = get_close_matches(hook_name, model.hook_dict, n=3, cutoff=0.4)
        hint = f": did you mean {' or '.join(nearest)}?" if nearest else ""
        raise ValueError(f"{hook_name!r} is not a hook point of this model{hint}")
