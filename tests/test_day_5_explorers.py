import re
from base64 import b64decode

import pytest
import torch

from course_utils.sae import omp
from course_utils.widgets import N_BLOCKS, recovery_panel, tuner_panel
from course_utils.worlds import (
    broadcast,
    draw_stations,
    listen,
    matched_filter,
    on_air,
    random_codes,
    wav_bytes,
)

DELTAS, RHOS = torch.tensor([0.2, 0.5, 0.8]), torch.tensor([0.1, 0.5, 0.9])
CODES = random_codes(8, 6, seed=0)


@pytest.fixture(scope="module")
def stations():
    return draw_stations(8, seconds=0.5, seed=0)


@pytest.fixture
def radio(stations):
    receivers = {
        "matched filter": lambda x: matched_filter(x, CODES),
        "OMP": lambda x: omp(x, CODES, 2),
    }
    return tuner_panel(stations, CODES, receivers, station=1, seed=3)


def sound(html):
    return b64decode(re.search(r'src="data:audio/wav;base64,([^"]+)"', html).group(1))


def test_the_station_on_the_dial_is_the_one_that_is_played(radio, stations):
    radio.set(others=0.0)  # alone on the air, every receiver is right
    for station in (1, 5):
        radio.set(station=station)
        on = on_air(N_BLOCKS, 8, 0.0, seed=3, always=station)
        sent = broadcast(stations.sound, on)[:, station]
        assert f"Station {stations.names[station]} through the matched filter" in radio.html
        assert sound(radio.html) == wav_bytes(
            listen(matched_filter(sent[:, None] * CODES[station], CODES)[:, station])
        )


def test_it_can_be_heard_and_seen_and_stays_small(radio):
    assert "<audio" in radio.html and "data:image/png" in radio.html
    assert len(radio.html) < 300_000


def decibels(panel):
    return int(re.search(r": (-?\d+) dB", panel.html).group(1))


def test_the_switch_changes_the_receiver(radio):
    radio.set(others=2.0)  # two at most at once: what OMP has been told
    by_filter = decibels(radio), sound(radio.html)
    radio.set(receiver="OMP")
    assert "through the OMP" in radio.html
    assert decibels(radio) > by_filter[0] and sound(radio.html) != by_filter[1]


def test_the_more_the_others_talk_the_worse_the_filter(radio):
    quality = [decibels(radio.set(others=share)) for share in (0.0, 1.0, 5.0)]
    assert quality == sorted(quality, reverse=True) and quality[0] > quality[-1]


def test_the_dial_starts_where_it_was_told(radio):
    assert radio.values == {"station": 1, "receiver": "matched filter", "others": 0.5, "playing": False}


@pytest.fixture
def probe():
    return recovery_panel(DELTAS, RHOS, torch.rand(3, 3, generator=torch.Generator().manual_seed(0)))


def back(panel):
    return int(re.search(r"(\d+) of 100 fresh mixtures", panel.html).group(1))


def test_few_come_back_and_many_do_not(probe):
    probe.set(stations=60, channels=30, speaking=5)
    assert "5 of 60 stations on 30 channels: δ = 0.50, ρ = 0.17." in probe.html and back(probe) > 95
    assert "the edge is at ρ = 0.56" in probe.html and "data:image/png" in probe.html
    probe.set(speaking=27)
    assert back(probe) < 5


def test_what_makes_no_puzzle_is_a_sentence_to_the_learner(probe):
    probe.set(stations=20, channels=50)
    assert "50 channels for 20 stations" in probe.html and "<img" not in probe.html
    probe.set(stations=60, channels=10, speaking=20)
    assert "20 stations on 10 channels" in probe.html and "<img" not in probe.html


def test_a_moved_dial_plays_on_if_asked_beside_what_was_sent(radio):
    assert radio.html.count("<audio") == 2 and "autoplay" not in radio.html
    radio.set(playing=True, station=2)
    assert radio.html.count("autoplay loop") == 1 and "#t=0." in radio.html
    assert "as it was sent" in radio.html.rpartition("<figcaption>")[2]
