"""A hundred stations on ten channels: what is sent, what arrives, and how far one is from the other.

    features  (samples, n_stations)   what each station sends, 0 while it is off the air
    codes     (n_stations, n_channels)   how a station spreads over the channels; rows of length 1
    x = features @ codes              what arrives, (samples, n_channels)

A station on the air sends (1 + sound) / 2: never negative and never 0, as in the amplitude of an AM carrier. That makes
it a feature in the sense of the other days: sparse, and at least 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.base import require_index
from course_utils.worlds.sound import PROGRAMME_KINDS, programme


class Stations(NamedTuple):
    """What the stations are called, and what they have to send."""

    names: list[str]
    sound: Float[Tensor, "n_stations samples"]
    """Waveforms between -1 and 1."""


def draw_stations(n_stations: int = 100, seconds: float = 3.0, *, seed: int = 0) -> Stations:
    """Stations with a short programme each, the kinds by turns.

    Examples:
        >>> stations = draw_stations(2, seconds=0.1)
        >>> stations.names, stations.sound.shape
        (['00 chord', '01 melody'], torch.Size([2, 800]))

    Args:
        seconds: of each programme, at `SAMPLE_RATE` samples a second.
    """
    kinds = [PROGRAMME_KINDS[i % len(PROGRAMME_KINDS)] for i in range(n_stations)]
    sound = torch.stack(
        [programme(kind, seed=1000 * seed + i, seconds=seconds) for i, kind in enumerate(kinds)]
    )
    return Stations([f"{i:02d} {kind}" for i, kind in enumerate(kinds)], sound)


def random_codes(
    n_stations: int, n_channels: int, *, seed: int = 0
) -> Float[Tensor, "n_stations n_channels"]:
    """Directions drawn at random, of length 1. Returns a code a row.

    Examples:
        >>> random_codes(4, 2).norm(dim=1).round(decimals=2)
        tensor([1., 1., 1., 1.])
    """
    # another stream than an `SAE` takes, which would else start exactly at the answer where seed and shape agree
    generator = torch.Generator().manual_seed(seed + 10_000)
    codes = torch.randn(n_stations, n_channels, generator=generator, dtype=torch.float64)
    return (codes / codes.norm(dim=1, keepdim=True)).to(torch.get_default_dtype())


def spread_codes(
    codes: Float[Tensor, "n_stations n_channels"],
    *,
    steps: int = 200,
    step: float = 0.1,
    hardness: float = 30.0,
) -> Float[Tensor, "n_stations n_channels"]:
    """The same codes pushed apart, or away from each other's opposite: down a soft maximum of all absolute cosines.

    Two hundred steps turn a difference in the last bit into one ten thousand times as large, so the result is rounded
    to four decimals: it is then the same on every processor.

    Examples:
        >>> from course_utils.worlds import coherence
        >>> codes = random_codes(12, 6)
        >>> coherence(spread_codes(codes, steps=20)) < coherence(codes)  # the worst pair is less alike
        True

    Args:
        steps: of descent.
        step: how far each goes.
        hardness: of the soft maximum; the larger, the more the worst pair alone is pushed apart.

    Returns:
        Codes of length 1 in the order of ``codes``.
    """
    dtype, codes = codes.dtype, codes.double()
    itself = torch.eye(len(codes), dtype=codes.dtype)
    for _ in range(steps):
        cosines = codes @ codes.T - itself
        push = torch.softmax(hardness * cosines.abs().flatten(), dim=0).view_as(cosines) * cosines.sign()
        codes = codes - step * hardness * push @ codes
        codes = codes / codes.norm(dim=1, keepdim=True)
    codes = codes.round(decimals=4)
    return (codes / codes.norm(dim=1, keepdim=True)).to(dtype)


def on_air(
    n_blocks: int, n_stations: int, duty: float, always: int | None = None, *, seed: int = 0
) -> Bool[Tensor, "n_blocks n_stations"]:
    """Who is on the air in each block of time: every station by chance ``duty``, independently.

    Examples:
        >>> on = on_air(1000, 3, duty=0.1, always=0)
        >>> on.float().mean(dim=0).round(decimals=1)
        tensor([1.0000, 0.1000, 0.1000])

    Args:
        duty: the share of the blocks in which a station sends.
        always: a station that never pauses.

    Raises:
        ValueError: if there is no such station.
    """
    if always is not None:
        require_index("always", always, n_stations, "stations")
    on = torch.rand(n_blocks, n_stations, generator=torch.Generator().manual_seed(seed)) < duty
    if always is not None:
        on[:, always] = True
    return on


def broadcast(
    sound: Float[Tensor, "n_stations samples"], on: Bool[Tensor, "n_blocks n_stations"]
) -> Float[Tensor, "samples n_stations"]:
    """Features of a broadcast: (1 + sound) / 2 in the blocks in which a station is on the air, else 0.

    Examples:
        >>> sound = torch.tensor([[0.0, 1.0, -1.0, 0.5]])
        >>> broadcast(sound, torch.tensor([[True], [False]])).T  # on the air in the first of two blocks
        tensor([[0.5000, 1.0000, 0.0000, 0.0000]])

    Args:
        sound: waveforms between -1 and 1.
        on: from `on_air`; the blocks are equally long, except that the last may be shorter.
    """
    block = math.ceil(sound.shape[1] / len(on))
    return (1 + sound.T) / 2 * on.repeat_interleave(block, dim=0)[: sound.shape[1]]


def scattered_moments(
    sound: Float[Tensor, "n_stations samples"], duty: float, n: int, generator: torch.Generator
) -> Float[Tensor, "n n_stations"]:
    """Features at ``n`` moments far apart: every station at a random place of its programme, if it is on the air.

    Examples:
        >>> sound = torch.tensor([[0.0, 0.0], [1.0, 1.0]])  # two stations that always send the same
        >>> scattered_moments(sound, 1.0, 3, torch.Generator().manual_seed(0))
        tensor([[0.5000, 1.0000],
                [0.5000, 1.0000],
                [0.5000, 1.0000]])

    Args:
        duty: the chance that a station is on the air at a moment.
        generator: what to draw from. A generator and not a seed, because moments to train on and others to judge by are
            drawn from one stream, one after the other, so that they differ.
    """
    n_stations, samples = sound.shape
    moment = torch.randint(samples, (n, n_stations), generator=generator)
    on = torch.rand(n, n_stations, generator=generator) < duty
    return on * (1 + sound[torch.arange(n_stations), moment]) / 2


def listen(received: Float[Tensor, "samples"]) -> Float[Tensor, "samples"]:
    """A received strength as sound: its mean is silence, and its largest swing is 0.9.

    Examples:
        >>> listen(torch.tensor([4.0, 6.0, 5.0]))
        tensor([-0.9000,  0.9000,  0.0000])
    """
    swing = received - received.mean()
    return 0.9 * swing / swing.abs().max().clamp(min=1e-9)


def signal_to_noise(sent: Float[Tensor, "samples"], received: Float[Tensor, "samples"]) -> float:
    """How much stronger the programme is than what was added to it, in decibels.

    Both are centred first, since a constant cannot be heard: 10 log10(power of sent / power of received - sent).

    Examples:
        >>> sent, hum = torch.tensor([1.0, -1.0, 1.0, -1.0]), torch.tensor([0.1, 0.1, -0.1, -0.1])
        >>> round(signal_to_noise(sent, 5 + sent + hum), 1)  # a tenth of the amplitude, a hundredth of the power
        20.0

    Args:
        sent: the programme alone.
        received: what a receiver makes of it, in the same scale.

    Raises:
        ValueError: if nothing was sent, or only a constant.
    """
    signal = sent - sent.mean()
    noise = (received - received.mean()) - signal
    if signal.square().sum() == 0:
        raise ValueError("nothing was sent, so there is no signal to compare the noise with")
    ratio = signal.square().sum() / noise.square().sum().clamp(min=1e-12)
    return 10 * math.log10(ratio.item())


def row_batches(
    x: Float[Tensor, "n d"], steps: int, batch_size: int = 1024, *, seed: int = 0
) -> Iterator[Float[Tensor, "batch_size d"]]:
    """``steps`` batches of rows of ``x``, drawn with replacement.

    Examples:
        >>> x = torch.arange(6.0).view(3, 2)
        >>> [tuple(batch.shape) for batch in row_batches(x, steps=2, batch_size=4)]  # more rows than x has
        [(4, 2), (4, 2)]
    """
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        yield x[torch.randint(len(x), (batch_size,), generator=generator)]


def matched_filter(
    x: Float[Tensor, "n n_channels"], codes: Float[Tensor, "n_stations n_channels"]
) -> Float[Tensor, "n n_stations"]:
    """How far ``x`` points along each code: right for a station that is alone.

    Examples:
        >>> codes = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
        >>> matched_filter(2 * codes[:1], codes)  # only the first sends 2, but the second seems to be on the air too
        tensor([[2.0000, 1.2000]])
    """
    return x @ codes.T / codes.square().sum(dim=1)
