"""Explorers of day 5: a radio to tune, and a probe for the edge of exact recovery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter

import ipywidgets as w
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.plots import figure_png, plot_phase_map, plot_waveforms
from course_utils.views import audio, picture
from course_utils.widgets.panel import Panel
from course_utils.worlds import (
    SAMPLE_RATE,
    Stations,
    broadcast,
    listen,
    on_air,
    signal_to_noise,
    success_rates,
    wav_bytes,
    weak_threshold,
)

Receiver = Callable[[Float[Tensor, "samples n_channels"]], Float[Tensor, "samples n_stations"]]
N_BLOCKS = 12
"""Blocks of time in `tuner_panel`, in each of which a station talks or pauses."""


def tuner_panel(
    stations: Stations,
    codes: Float[Tensor, "n_stations n_channels"],
    receivers: Mapping[str, Receiver],
    *,
    seed: int = 0,
    station: int = 1,
) -> Panel:
    """A dial for the station, a switch for the receiver, and how much the others talk.

    What is received stands beside what was sent, to compare; it can play on, from where it was, through each move.

    Examples:
        >>> from course_utils.worlds import draw_stations, matched_filter, random_codes
        >>> codes = random_codes(4, 6, seed=0)
        >>> receivers = {"matched filter": lambda received: matched_filter(received, codes)}
        >>> panel = tuner_panel(draw_stations(4, seconds=0.5, seed=0), codes, receivers, station=2)
        >>> "Station 02 rhythm through the matched filter" in panel.html
        True

    Args:
        codes: the direction along which each station is sent.
        receivers: by name, each from what is received, (samples, n_channels), to every station's sound,
            (samples, n_stations); the first is taken first.
        seed: of who talks when.
        station: the one to start with.
    """

    started = perf_counter()

    def view(station: int, receiver: str, others: float, playing: bool) -> str:
        on = on_air(N_BLOCKS, len(codes), others / 100, seed=seed, always=station)
        features = broadcast(stations.sound, on)
        heard = receivers[receiver](features @ codes)[:, station]
        sent = features[:, station]
        quality = signal_to_noise(sent, heard)
        speaking = (features > 0).sum(dim=1)
        # the moment at which a receiver is tested
        crowded = int((speaking == speaking.max()).float().argmax())
        some = slice(crowded, crowded + SAMPLE_RATE // 10)
        ax = plot_waveforms(sent[some], {receiver: heard[some]}, SAMPLE_RATE)
        at_once = speaking.float().mean()
        alt = (
            f"Station {stations.names[station]} through the {receiver}: {quality:.0f} dB, "
            f"{at_once:.1f} stations on the air at once on average."
        )
        at = (perf_counter() - started) % (len(heard) / SAMPLE_RATE) if playing else None
        players = audio(wav_bytes(listen(heard)), alt=alt, playing_at=at) + audio(
            wav_bytes(listen(sent)), alt=f"For comparison, station {stations.names[station]} as it was sent."
        )
        return picture(figure_png(ax), alt=f"{alt} The strength read, over the strength sent.") + players

    return Panel(
        view,
        title="Tune in",
        slow=True,
        station=w.IntSlider(station, 0, len(codes) - 1),
        receiver=w.Dropdown(options=list(receivers)),
        others=w.FloatSlider(
            0.5, min=0.0, max=5.0, step=0.25, description="each other station talks (% of the time)"
        ),
        playing=w.Checkbox(False, indent=False, description="play on while tuning"),
    )


def recovery_panel(
    deltas: Float[Tensor, "n_deltas"],
    rhos: Float[Tensor, "n_rhos"],
    success: Float[Tensor, "n_deltas n_rhos"],
) -> Panel:
    """Choose the size of the system and how many speak; a hundred fresh trials say how often all comes back.

    Examples:
        >>> panel = recovery_panel(torch.tensor([0.2, 0.5]), torch.tensor([0.1, 0.5]), torch.eye(2))
        >>> panel.html.partition(". ")[0], "for large systems the edge is at ρ = 0.56" in panel.html
        ('<div>20 of 100 stations on 50 channels: δ = 0.50, ρ = 0.40', True)

    Args:
        deltas: channels by stations, of the map in the background.
        rhos: stations that speak by channels.
        success: share of mixtures that came back exactly, measured beforehand (`success_rates`).
    """
    theory = weak_threshold(deltas, nonnegative=True)

    def view(stations: int, channels: int, speaking: int) -> str:
        if channels > stations:
            raise ValueError(f"{channels} channels for {stations} stations: there is nothing to puzzle out")
        if speaking > channels:
            raise ValueError(f"{speaking} stations on {channels} channels: not even knowing which would help")
        delta, rho = channels / stations, speaking / channels
        rate = success_rates(
            delta, torch.tensor([rho]), n_unknowns=stations, n_trials=100, nonnegative=True, seed=1
        ).item()
        edge = weak_threshold(torch.tensor([delta]), nonnegative=True).item()
        sentence = (
            f"{speaking} of {stations} stations on {channels} channels: δ = {delta:.2f}, ρ = {rho:.2f}. "
            f"{100 * rate:.0f} of 100 fresh mixtures come back exactly; for large systems the edge is at ρ = {edge:.2f}."
        )
        ax = plot_phase_map(deltas, rhos, success, theory, here=(delta, rho))
        return f"<div>{sentence}</div>" + picture(figure_png(ax), alt=f"Map of exact recovery. {sentence}")

    return Panel(
        view,
        title="How many can speak at once?",
        slow=True,
        stations=w.IntSlider(100, min=20, max=300, step=20),
        channels=w.IntSlider(50, min=5, max=150, step=5),
        speaking=w.IntSlider(20, min=1, max=100),
    )
