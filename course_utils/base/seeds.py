"""One seed for all random numbers of a notebook."""

from __future__ import annotations

import random


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators, for notebooks whose cells draw from them.

    The seed may be passed by position, since it is the only argument.

    Examples:
        >>> seed_everything(0)
        >>> first = random.random()
        >>> seed_everything(0)
        >>> random.random() == first
        True

    Raises:
        ValueError: if NumPy has no such seed.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed is {seed}: it has to be from 0 to {2**32 - 1}, for NumPy")
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 — the global generator is the one that libraries draw from
    torch.manual_seed(seed)
