"""Explorers of day 5: a radio to tune, and a probe for the edge of exact recovery."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import product, starmap
from time import perf_counter
from typing import Any, NamedTuple

import ipywidgets as w
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.plots import figure_png, plot_phase_map, plot_waveforms
from course_utils.views import audio, picture
from course_utils.widgets.page import Page, numbers
from course_utils.widgets.panel import Panel
from course_utils.worlds import (
    PROGRAMME_KINDS,
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


class Tuned(NamedTuple):
    """What comes of one setting of the radio."""

    said: str
    sent: Float[Tensor, "samples"]
    heard: Float[Tensor, "samples"]
    crowded: slice
    """A tenth of a second from the most crowded moment on, which is drawn."""


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

    @lru_cache(maxsize=32)  # a place on the dial that one comes back to
    def tuned(station: int, receiver: str, others: float) -> Tuned:
        on = on_air(N_BLOCKS, len(codes), others / 100, seed=seed, always=station)
        features = broadcast(stations.sound, on)
        heard = receivers[receiver](features @ codes)[:, station]
        sent = features[:, station]
        speaking = (features > 0).sum(dim=1)
        # the moment at which a receiver is tested
        crowded = int((speaking == speaking.max()).float().argmax())
        some = slice(crowded, crowded + SAMPLE_RATE // 10)
        said = (
            f"Station {stations.names[station]} through the {receiver}: {signal_to_noise(sent, heard):.0f} dB, "
            f"{speaking.float().mean():.1f} stations on the air at once on average."
        )
        return Tuned(said, sent, heard, some)

    def view(station: int, receiver: str, others: float, playing: bool) -> str:
        said, sent, heard, some = tuned(station, receiver, others)
        ax = plot_waveforms(sent[some], {receiver: heard[some]}, SAMPLE_RATE)
        at = (perf_counter() - started) % (len(heard) / SAMPLE_RATE) if playing else None
        players = audio(wav_bytes(listen(heard)), alt=said, playing_at=at) + audio(
            wav_bytes(listen(sent)), alt=as_sent(station)
        )
        return picture(figure_png(ax), alt=f"{said} The strength read, over the strength sent.") + players

    def as_sent(station: int) -> str:
        return f"For comparison, station {stations.names[station]} as it was sent."

    def on_the_page() -> dict[str, Any]:
        settings = list(starmap(tuned, product(offered["station"], receivers, offered["others"])))
        of_each = settings[
            :: len(settings) // len(offered["station"])
        ]  # what is sent hangs on the station only
        return {
            "settings": [
                {
                    "said": t.said,
                    "sent": numbers(t.sent[t.crowded].double().round(decimals=3)),
                    "heard": numbers(t.heard[t.crowded].double().round(decimals=3)),
                    "sound": _one_byte_each(listen(t.heard)),
                }
                for t in settings
            ],
            "as_sent": [
                {"said": as_sent(station), "sound": _one_byte_each(listen(t.sent))}
                for station, t in zip(offered["station"], of_each, strict=True)
            ],
        }

    one_of_each_kind = {(station + i) % len(codes) for i in range(len(PROGRAMME_KINDS))}
    offered = {"station": sorted(one_of_each_kind), "others": [0.5, 2.0], "playing": [False]}
    return Panel(
        view,
        title="Tune in",
        slow=True,
        page=Page("tuner", on_the_page, offered=offered),
        station=w.IntSlider(station, 0, len(codes) - 1),
        receiver=w.Dropdown(options=list(receivers)),
        others=w.FloatSlider(
            0.5, min=0.0, max=5.0, step=0.25, description="each other station talks (% of the time)"
        ),
        playing=w.Checkbox(False, indent=False, description="play on while tuning"),
    )


def _one_byte_each(sound: Float[Tensor, "samples"]) -> str:
    return b64encode((127.5 + 127 * sound).round().clamp(0, 255).byte().numpy().tobytes()).decode()


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
        page=Page(
            "recovery",
            lambda: {
                "deltas": numbers(deltas),
                "rhos": numbers(rhos),
                "success": numbers(success),
                "theory": numbers(theory),
            },
        ),
        stations=w.IntSlider(100, min=20, max=300, step=20),
        channels=w.IntSlider(50, min=5, max=150, step=5),
        speaking=w.IntSlider(20, min=1, max=100),
    )
