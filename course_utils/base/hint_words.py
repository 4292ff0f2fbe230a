"""Annotations in words, and the refusal of what is of another kind."""

from __future__ import annotations

import collections.abc as abc
import types
import typing
from pathlib import Path
from typing import Any

from course_utils.base.refusing import shown
from course_utils.base.tensor_hints import words_for

WORDS = {int: "a whole number", float: "a number", str: "a string", bool: "True or False", bytes: "bytes",
         Path: "a path", type(None): "None"}  # fmt: skip
ELSEWHERE = "elsewhere"
"""The module of classes that only type checkers import: they are known by their name."""

MAKERS = {"TransformerBridge": "load_model gives one", "SAE": "pass an autoencoder, from load_sae say",
          "Units": "pass direction_unit(direction, hook_name), latent_units(…) or neuron_units(…)"}  # fmt: skip


def describe(hint: Any) -> str:
    """An annotation in words: ``a list of strings``."""
    if hasattr(hint, "dim_str"):
        return words_for(hint)
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(describe(one) for one in inside))
    if origin is typing.Literal:
        return " or ".join(map(repr, inside))
    if origin is tuple and inside:
        return f"a tuple of {len(inside)}" if Ellipsis not in inside else "a tuple"
    if origin in (list, abc.Sequence, abc.Collection) or hint in (list, abc.Sequence):
        names = {str: "strings", int: "whole numbers", float: "numbers"}
        return "a list" + (f" of {names.get(inside[0], describe(inside[0]) + ' each')}" if inside else "")
    if origin in (abc.Mapping, dict):
        return "a dict"
    if origin in (abc.Iterable, abc.Iterator):
        return "something to loop over"
    if origin is abc.Callable or hint is abc.Callable:
        return "a function"
    if hint in WORDS:
        return WORDS[hint]
    name = getattr(hint, "__name__", str(hint))
    return f"{'an' if name[0] in 'AEIO' or name[:3] == 'SAE' else 'a'} {name}"


class Unfit(TypeError):
    """Of another kind; ``asks`` if the sentence ends in what to do."""

    def __init__(self, value: Any, name: str, hint: Any, ask: str = ""):
        ask = ask or MAKERS.get(getattr(hint, "__name__", ""), "")
        super().__init__(f"{name} is {shown(value)}, not {describe(hint)}" + (f": {ask}" if ask else ""))
        self.asks = bool(ask)
