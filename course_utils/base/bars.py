"""The one progress bar that all long-running functions use."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from tqdm.auto import tqdm

from course_utils.base.refusing import shown as shown_as


def progress_bar(*args: Any, shown: bool = True, **options: Any) -> tqdm:
    """tqdm's bar of steps. ``TQDM_DISABLE=1`` hides it in a notebook too, where tqdm itself does not listen to that.

    Examples:
        >>> sum(progress_bar(range(4), shown=False))  # a loop over it is a loop over what it is given
        6

    Args:
        args, options: as for ``tqdm``.
        shown: False hides the bar and leaves the loop as it is.

    Raises:
        TypeError: if it is given something that cannot be looped over.
    """
    over = args[0] if args else None
    if isinstance(over, type) or not isinstance(over, Iterable | None):
        raise TypeError(f"a bar goes over something to loop over, not over {shown_as(over)}")
    off = not shown or os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
    return tqdm(*args, disable=off, **{"unit": "step", "mininterval": 0.5, **options})
