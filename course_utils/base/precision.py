"""The precision that a call computes in, where somebody has given torch another default than float32."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch


def precisions(values: Iterable[Any], depth: int = 3) -> Iterator[torch.dtype]:
    """Of the tensors among values, in lists, mappings, modules and the fields of objects."""
    for value in values:
        if isinstance(value, torch.Tensor):
            if value.is_floating_point():
                yield value.dtype
        elif isinstance(value, torch.nn.Module):
            if "_parameters" not in vars(value):
                continue  # it is being made
            yield from precisions(itertools.islice(value.parameters(), 1))
        elif depth and isinstance(value, list | tuple):
            yield from precisions(value, depth - 1)
        elif depth:
            fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
            yield from precisions(fields.values(), depth - 1)


def called_in_its_precision(function: Callable, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What the function gives; meanwhile torch's default precision is that of what it is handed, where that is one."""
    theirs, before = set(precisions([*args, *kwargs.values()])), torch.get_default_dtype()
    if len(theirs) == 1 and theirs <= {torch.float32, torch.float64}:
        torch.set_default_dtype(theirs.pop())
    try:
        return function(*args, **kwargs)
    finally:
        torch.set_default_dtype(before)
