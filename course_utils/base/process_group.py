"""One process or several that train together: what they have to tell each other.

`torchrun` and `accelerate launch` start the same program several times, on one machine or many, and say so in
``WORLD_SIZE``. Hugging Face Accelerate then connects the processes through torch.distributed (gloo between CPUs, nccl
between GPUs). A program that was started plainly is alone: nothing here does anything, and Accelerate is not imported.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from jaxtyping import Shaped
from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """This process among the ``count`` that run the program; alone, every method leaves things as they are.

    Examples:
        >>> Processes(rank=1, count=2).share(torch.arange(5))  # the second of two gets what the first leaves
        tensor([3, 4])
        >>> Processes().gather("mine")
        ['mine']

    Args:
        rank: which of them this is, from 0 on.
    """

    rank: int = 0
    count: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    """What a model or an autoencoder should be moved to: every process of a machine has a GPU of its own, if any."""

    @property
    def is_first(self) -> bool:
        """The one that writes files and shows progress."""
        return self.rank == 0

    def share(self, rows: Shaped[Tensor, "n ..."]) -> Tensor:
        """This process's part of the rows.

        Raises:
            ValueError: if there are fewer rows than processes.
        """
        if len(rows) < self.count:
            raise ValueError(f"{len(rows)} rows cannot be shared among {self.count} processes")
        return rows if self.count == 1 else rows.tensor_split(self.count)[self.rank]

    def sum_(self, tensors: Iterable[Tensor]) -> None:
        """Replace each by its sum over the processes.

        Raises:
            RuntimeError: if another process has ended.
        """
        if self.count > 1:
            with _clear_errors():
                for tensor in tensors:
                    torch.distributed.all_reduce(tensor if tensor.is_contiguous() else tensor.T)

    def gather(self, value: T) -> list[T]:
        """What each process has, in the order of their ranks; anything that can be pickled.

        Raises:
            RuntimeError: if another process has ended.
        """
        values = [value] * self.count
        if self.count > 1:
            with _clear_errors():
                torch.distributed.all_gather_object(values, value)
        return values

    def any(self, mask: Tensor) -> Tensor:
        """True where it is True in some process."""
        if self.count == 1:
            return mask
        n = mask.int()
        self.sum_([n])
        return n > 0

    def from_first_(self, tensors: Iterable[Tensor]) -> None:
        """Replace each by what the first process has."""
        if self.count > 1:
            with _clear_errors():
                for tensor in tensors:
                    torch.distributed.broadcast(tensor if tensor.is_contiguous() else tensor.T, src=0)

    def check_same(self, rows: Tensor) -> None:
        """Make sure that all processes were given the same.

        Raises:
            ValueError: if they were not.
        """
        if self.count > 1:
            mean = torch.stack([rows.double().sum(), rows.double().abs().sum()])
            mine = mean.clone()
            self.sum_([mean])
            if not torch.allclose(mean / self.count, mine, rtol=1e-9):
                raise ValueError(
                    "the processes were given different batches: shuffle with the same seed in each"
                )

    def wait(self) -> None:
        """Go on when all have come here."""
        self.sum_([torch.zeros(1, device=self.device)])


ALONE = Processes()


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # gloo's and nccl's say which socket closed, not why
        raise RuntimeError(
            "another process of this run has ended or cannot be reached, so this one stops too; "
            "its own message says why. Start the run again: it goes on from its checkpoint, if it has one."
        ) from error


def processes() -> Processes:
    """The processes that this program runs as. The first call connects them.

    Examples:
        >>> processes() == ALONE  # started plainly, not by torchrun
        True

    Raises:
        RuntimeError: if there are several, and Accelerate is not installed or has connected another number of them.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    try:
        from accelerate import PartialState
    except ImportError as error:
        raise RuntimeError(
            "several processes need Accelerate: pip install 'superposition-in-seven-days[scale]'"
        ) from error
    state = PartialState(cpu=not torch.accelerator.is_available())
    if state.num_processes != int(os.environ["WORLD_SIZE"]):
        raise RuntimeError(
            f"Accelerate has connected {state.num_processes} processes, not {os.environ['WORLD_SIZE']}"
        )
    atexit.unregister(_disconnect)  # once, however often we are asked
    atexit.register(_disconnect)
    return Processes(state.process_index, state.num_processes, torch.device(state.device or "cpu"))


def _disconnect() -> None:
    """gloo's threads must end before Python does: else one that still frees a tensor aborts the process (torch 190489)."""
    if torch.distributed.is_initialized() and torch.distributed.get_backend() == "gloo":
        torch.distributed.destroy_process_group()
