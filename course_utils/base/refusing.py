"""The sentences of a refusal: what was given, and the nearest of what there is."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from typing import Any


def shown(value: Any) -> str:
    """What a value is, in a few words: ``float32 (4, 5)``, ``'abc'``, ``a list of 3``.

    Examples:
        >>> shown([1, 2, 3]), shown("abc"), shown(None)
        ('a list of 3', "'abc'", 'None')
    """
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    if value is None or isinstance(value, str | bytes | bool | int | float | complex):
        text = repr(value)
        return text if len(text) <= 60 else f"{text[:57]}…"
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    article = "the class" if isinstance(value, type) else "an" if kind[0].lower() in "aeiou" else "a"
    count = f" of {len(value)}" if isinstance(value, list | tuple | dict | set) else ""
    return f"{article} {kind}{count}"


def nearest(word: Any, known: Iterable[Any]) -> str:
    """The end of a sentence about an unknown name: the nearest one, and what there is.

    Examples:
        >>> nearest("rellu", ["relu", "topk"])
        'did you mean relu? There are relu, topk'
    """
    known = [str(name) for name in known]
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(str(word).lower(), by_lower, n=1, cutoff=0.5)
    listed = ", ".join(known[:30]) + (f" and {len(known) - 30} more" if len(known) > 30 else "")
    return f"did you mean {by_lower[close[0]]}? There are {listed}" if close else f"there are {listed}"


def require_choice(name: str, value: Any, known: Iterable[Any]) -> None:
    """Raises a ValueError if a value is none of those known; it names the nearest.

    Examples:
        >>> require_choice("how", "maximum", ["max", "mean"])
        Traceback (most recent call last):
        ...
        ValueError: how is 'maximum': did you mean max? There are max, mean
    """
    known = list(known)
    if not any(type(value) is type(one) and value == one for one in known):
        raise ValueError(f"{name} is {shown(value)}: {nearest(value, known)}")


def require_index(name: str, value: int, count: int, of: str) -> None:
    """Raises an IndexError's sentence as a ValueError: a number that counts from 0, below ``count``.

    Examples:
        >>> require_index("layer", 7, 4, "layers")
        Traceback (most recent call last):
        ...
        ValueError: layer is 7: there are 4 layers, 0 to 3
    """
    if not 0 <= value < count:
        raise ValueError(f"{name} is {value}: there are {count} {of}, 0 to {count - 1}")


def is_tensor(value: Any) -> bool:
    """Without importing torch: where it is not imported, nothing is a tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)
