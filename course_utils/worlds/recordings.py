"""A simulated recording: cells that answer stimuli with Poisson spikes, so that it is known what each cell means.

    spikes of a cell in one presentation ~ Poisson(rate(cell, stimulus) · seconds)

The experiment is that of Quian Quiroga et al. (2005, Nature 435:1102): pictures shown for one second, six times each.
The cells here are made up.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

SECONDS = 1.0
MOST_SPIKES = 1_000_000
PEOPLE = (
    "your grandmother", "your grandfather", "your sister", "your neighbour", "your teacher", "your dentist",
    "the postman", "the baker", "the bus driver", "the goalkeeper", "the mayor", "the newsreader", "the pianist",
    "the astronaut", "the chess champion", "the king of hearts", "Mona Lisa", "a stranger", "another stranger", "yourself",
)  # fmt: skip
CELL_KINDS = ("grandmother", "circle", "graded", "indifferent")


class Recording(NamedTuple):
    """What was shown, and how the cells answered."""

    spikes: Float[Tensor, "trials cells"]
    """Spike counts; a row is one presentation."""

    stimulus: Int[Tensor, "trials"]
    """What was shown."""


def record_spikes(
    rates: Float[Tensor, "cells stimuli"], presentations: int, *, seconds: float = SECONDS, seed: int
) -> Recording:
    """Show every stimulus ``presentations`` times and count spikes.

    Examples:
        >>> recording = record_spikes(torch.tensor([[0.0, 50.0]]), presentations=3, seed=0)  # one cell, two stimuli
        >>> recording.stimulus, recording.spikes[:, 0] > 0
        (tensor([0, 0, 0, 1, 1, 1]), tensor([False, False, False,  True,  True,  True]))

    Args:
        rates: in spikes a second.
        presentations: of each stimulus.
        seconds: how long each presentation lasts.

    Returns:
        A row for each presentation, stimulus after stimulus.

    Raises:
        ValueError: if a rate or the time is negative.
    """
    if (rates < 0).any() or seconds < 0:
        raise ValueError("rates and seconds cannot be negative")
    stimulus = torch.arange(rates.shape[1]).repeat_interleave(presentations)
    generator = torch.Generator().manual_seed(seed)
    return Recording(torch.poisson(rates.T[stimulus] * seconds, generator=generator), stimulus)


class BrainRegion(NamedTuple):
    """Cells of known kinds."""

    rates: Float[Tensor, "cells stimuli"]
    """Spikes a second."""

    kind: Int[Tensor, "cells"]
    """Which of `CELL_KINDS`: one stimulus only; a circle of several; each stimulus a little differently; none."""


def brain_region(
    n_stimuli: int = len(PEOPLE), n_each: tuple[int, int, int, int] = (3, 12, 45, 140), *, seed: int
) -> BrainRegion:
    """Cells of all four kinds in random order. The first cell made is a grandmother cell for stimulus 0.

    Examples:
        >>> region = brain_region(n_stimuli=8, n_each=(1, 0, 0, 2), seed=0)
        >>> [CELL_KINDS[kind] for kind in region.kind.sort().values]
        ['grandmother', 'indifferent', 'indifferent']
        >>> region.rates[region.kind == 0].argmax(dim=1)  # what the grandmother cell answers to
        tensor([0])

    Args:
        n_stimuli: at least five where there are cells of the kind "circle", each of which answers to five of them.
        n_each: how many cells of each of `CELL_KINDS`; at least one grandmother cell.
    """
    generator = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    kind = torch.arange(4).repeat_interleave(torch.tensor(n_each))
    rates = uniform(1.0, 6.0, len(kind), 1).repeat(1, n_stimuli)
    for cell, k in enumerate(kind.tolist()):
        some = torch.randperm(n_stimuli, generator=generator)
        if cell == 0:
            some = torch.arange(n_stimuli)
        if CELL_KINDS[k] == "grandmother":
            rates[cell] = uniform(0.3, 1.0, 1)
            rates[cell, some[:1]] = uniform(9.0, 14.0, 1)
        elif CELL_KINDS[k] == "circle":
            rates[cell, some[:5]] += uniform(4.0, 12.0, 5)
        elif CELL_KINDS[k] == "graded":
            rates[cell] *= uniform(0.3, 2.2, n_stimuli)
    order = torch.randperm(len(kind), generator=generator)
    return BrainRegion(rates[order], kind[order])


def crowd_rates(
    n_cells: int, n_stimuli: int, *, low: float = 2.0, high: float = 12.0, seed: int
) -> Float[Tensor, "cells stimuli"]:
    """A crowd: each cell answers each stimulus with a rate drawn evenly between ``low`` and ``high``.

    Examples:
        >>> rates = crowd_rates(200, 3, seed=0)
        >>> rates.shape, rates.mean().round()  # halfway between 2 and 12
        (torch.Size([200, 3]), tensor(7.))

    Args:
        low, high: in spikes a second.

    Returns:
        Spikes a second.
    """
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(n_cells, n_stimuli, generator=generator)


def one_cell_each(
    n_cells: int, n_stimuli: int, *, low: float = 2.0, high: float = 12.0
) -> Float[Tensor, "cells stimuli"]:
    """A grandmother code: cell i fires at about ``high`` for stimulus i and at ``low`` for all others.

    Stimuli beyond the last cell have none. No two cells have exactly the same high rate, or equal counts would leave it
    to rounding errors which of two stimuli is the likelier one.

    Examples:
        >>> one_cell_each(2, 3)
        tensor([[11.5000,  2.0000,  2.0000],
                [ 2.0000, 12.0000,  2.0000]])

    Args:
        low, high: in spikes a second.

    Returns:
        Spikes a second.
    """
    own = high + torch.linspace(-0.5, 0.5, max(n_cells, n_stimuli))
    return low + torch.diag(own - low)[:n_cells, :n_stimuli]


def selectivity(rates: Float[Tensor, "cells stimuli"]) -> Float[Tensor, "cells"]:
    """0 for a cell that answers every stimulus alike, 1 for one that answers a single stimulus.

    ``(1 - mean² / mean of squares) / (1 - 1 / n)``: Vinje and Gallant (2000, Science 287:1273), after Rolls and Tovee
    (1995). NaN for a cell that never fires.

    Examples:
        >>> selectivity(torch.tensor([[5.0, 5.0, 5.0, 5.0], [0.0, 0.0, 8.0, 0.0]]))
        tensor([0., 1.])

    Args:
        rates: in any unit, since a cell's scale does not matter; at least two stimuli.
    """
    n = rates.shape[1]
    return (1 - rates.mean(dim=1) ** 2 / (rates**2).mean(dim=1)) / (1 - 1 / n)


def decode_stimulus(
    spikes: Float[Tensor, "trials cells"], rates: Float[Tensor, "cells stimuli"]
) -> Int[Tensor, "trials"]:
    """The stimulus that makes these spikes likeliest: a linear read-out of the counts.

    ``log P = sum of spikes · log(rate) - rate``, up to what does not depend on the stimulus.

    Examples:
        >>> rates = torch.tensor([[9.0, 1.0], [1.0, 9.0]])  # each of two cells prefers another stimulus
        >>> decode_stimulus(torch.tensor([[7.0, 2.0], [0.0, 8.0]]), rates)
        tensor([0, 1])

    Args:
        spikes: counts; a row is one presentation.
        rates: the spikes expected in one presentation; above 0.

    Returns:
        For each presentation the number of a stimulus, a column of ``rates``.
    """
    return (spikes @ rates.log() - rates.sum(dim=0)).argmax(dim=1)


def spike_times(spikes: Float[Tensor, "trials"], *, seconds: float = SECONDS, seed: int) -> list[list[float]]:
    """A moment for each spike of each presentation: those of a Poisson process are spread evenly.

    Examples:
        >>> times = spike_times(torch.tensor([3.0, 0.0]), seconds=2.0, seed=0)
        >>> [len(one) for one in times], all(0 <= moment < 2 for moment in times[0])
        ([3, 0], True)

    Args:
        spikes: counts of one cell, one for each presentation.
        seconds: how long a presentation lasts.

    Returns:
        For each presentation the seconds since it began, in ascending order.

    Raises:
        ValueError: if a count is negative, or above a million.
    """
    if (spikes < 0).any():
        raise ValueError(f"spikes has negative counts, down to {spikes.min():g}")
    if spikes.max() > MOST_SPIKES:
        raise ValueError(f"spikes goes up to {spikes.max():g}: at most {MOST_SPIKES:,} a presentation")
    generator = torch.Generator().manual_seed(seed)
    return [sorted((seconds * torch.rand(int(n), generator=generator)).tolist()) for n in spikes.tolist()]
