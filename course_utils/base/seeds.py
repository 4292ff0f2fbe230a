"""One seed for all random numbers of a notebook."""

from __future__ import annotations

import random


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators, for notebooks whose cells draw from them."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 — the global generator is the one that libraries draw from
    torch.manual_seed(seed)
