"""Short programmes drawn by code, and sound as bytes that a browser can play.

Four kinds: a held chord, a melody, a rhythm, and noise shaped like speech (voiced syllables, no words). A programme is
a waveform between -1 and 1 around 0; the same seed gives the same programme.
"""

from __future__ import annotations

import wave
from io import BytesIO

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

SAMPLE_RATE = 8000  # samples a second: enough for a voice, as on the telephone
PROGRAMME_KINDS = ("chord", "melody", "rhythm", "speech")
PENTATONIC = np.array([0, 2, 4, 7, 9, 12, 14, 16])


def programme(
    kind: str, seconds: float = 3.0, rate: int = SAMPLE_RATE, *, seed: int
) -> Float[Tensor, "samples"]:
    """One programme, evened out as stations do it, so that all are about equally loud; no sample goes beyond ±0.9.

    Examples:
        >>> melody = programme("melody", seconds=0.5, seed=0)
        >>> melody.shape, bool(melody.abs().max() < 1)
        (torch.Size([4000]), True)

    Args:
        kind: one of `PROGRAMME_KINDS`.
        rate: samples a second.
        seed: the same seed draws another programme for each kind.

    Returns:
        The waveform, between -0.9 and 0.9.

    Raises:
        ValueError: if the kind is none of `PROGRAMME_KINDS`.
    """
    if kind not in PROGRAMME_KINDS:
        raise ValueError(f"there is no programme of kind {kind!r}; there are {', '.join(PROGRAMME_KINDS)}")
    # each kind draws how many numbers it needs as it goes, so they all take the generator and not the seed
    generator = np.random.default_rng([seed, PROGRAMME_KINDS.index(kind)])
    t = np.arange(round(seconds * rate)) / rate
    wave_ = {"chord": _chord, "melody": _melody, "rhythm": _rhythm, "speech": _speech}[kind](t, generator)
    wave_ = np.tanh((wave_ - wave_.mean()) / (2 * wave_.std()))
    programme_ = torch.from_numpy(0.9 * (wave_ - wave_.mean())).clamp(-0.9, 0.9)
    return programme_.to(torch.get_default_dtype())


def wav_bytes(sound: Float[Tensor, "samples"], rate: int = SAMPLE_RATE) -> bytes:
    """A mono WAV file with 16 bits a sample. What is louder than 1 is scaled down as a whole.

    Examples:
        >>> file = wav_bytes(torch.zeros(SAMPLE_RATE))  # a second of silence
        >>> file[:4], len(file)  # two bytes a sample after a header of 44
        (b'RIFF', 16044)

    Args:
        sound: silence is 0 and full loudness ±1.
        rate: samples a second.

    Raises:
        ValueError: if the sound is not one row of finite numbers.
    """
    if sound.ndim != 1 or not len(sound) or not sound.isfinite().all():
        raise ValueError(f"a sound is one row of finite numbers, not {tuple(sound.shape)}")
    samples = (sound / max(1.0, sound.abs().max().item()) * 32767).round().numpy().astype("<i2")
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def _note(t: np.ndarray, frequency: float) -> np.ndarray:
    """A tone with three overtones, each fainter."""
    tones = (np.sin(2 * np.pi * n * frequency * t) / n**1.5 for n in (1, 2, 3, 4))
    return sum(tones, start=np.zeros_like(t))


def _chord(t: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    root = 110 * 2 ** (generator.integers(0, 18) / 12)
    steps = generator.choice([(0, 4, 7), (0, 3, 7), (0, 5, 9), (0, 7, 12)])
    tremolo = 1 + 0.4 * np.sin(2 * np.pi * generator.uniform(0.7, 3) * t)
    return tremolo * sum(
        _note(t, root * 2 ** (step / 12) * generator.uniform(0.998, 1.002)) for step in steps
    )


def _melody(t: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    beat, root = generator.choice([0.15, 0.2, 0.25, 0.3]), 196 * 2 ** (generator.integers(0, 14) / 12)
    place, out = generator.integers(len(PENTATONIC)), np.zeros_like(t)
    for start in np.arange(0, t[-1], beat):
        place = int(np.clip(place + generator.integers(-2, 3), 0, len(PENTATONIC) - 1))
        since = t - start
        out += (since >= 0) * np.exp(-6 * since.clip(0)) * _note(since, root * 2 ** (PENTATONIC[place] / 12))
    return out


def _rhythm(t: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    beat, pattern, out = (
        generator.choice([0.125, 0.15, 0.2]),
        generator.integers(0, 3, size=8),
        np.zeros_like(t),
    )
    low, noise = generator.uniform(70, 130), generator.normal(size=len(t))
    for number, start in enumerate(np.arange(0, t[-1], beat)):
        since = t - start
        on = since >= 0
        if pattern[number % 8] == 1:  # a thump, its pitch falling
            out += on * np.exp(-18 * since.clip(0)) * np.sin(2 * np.pi * low * since.clip(0) ** 0.9) * 2
        elif pattern[number % 8] == 2 or number % 8 == 0:  # a hiss
            out += on * np.exp(-45 * since.clip(0)) * noise
    return out


def _speech(t: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Syllables: a buzz at the voice's pitch, its overtones weighed by two resonances that change each time."""
    pitch, out, start = generator.uniform(90, 220), np.zeros_like(t), 0.0
    while start < t[-1]:
        length = generator.uniform(0.12, 0.28)
        inside = (t >= start) & (t < start + length)
        since = t[inside] - start
        bend = pitch * (1 + 0.15 * generator.normal()) * (since + generator.normal() * 0.2 * since**2)
        first, second = generator.uniform(300, 850), generator.uniform(900, 2300)
        for n in range(1, int(3000 / pitch)):
            f = n * pitch
            weight = np.exp(-(((f - first) / 180) ** 2)) + 0.6 * np.exp(-(((f - second) / 250) ** 2))
            out[inside] += weight * np.sin(2 * np.pi * n * bend)
        out[inside] = (out[inside] + 0.05 * generator.normal(size=len(since))) * np.sin(
            np.pi * since / length
        )
        start += length + (0.0 if generator.random() < 0.7 else generator.uniform(0.05, 0.25))
    return out
