"""How many threads torch works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def using_threads(n: int) -> Iterator[None]:
    """Work on ``n`` threads, and afterwards on as many as before.

    Examples:
        >>> with using_threads(1):
        ...     torch.get_num_threads()
        1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """Work on one thread: in matrices this small several wait for each other, and results would depend on their number.

    Also a decorator: ``@one_thread()``.

    Examples:
        >>> with one_thread():
        ...     torch.get_num_threads()
        1
    """
    with using_threads(1):
        yield
