import io
import wave

import pytest
import torch

from course_utils.views import audio
from course_utils.worlds import PROGRAMME_KINDS, programme, wav_bytes


@pytest.mark.parametrize("kind", PROGRAMME_KINDS)
def test_programmes_are_audible_repeatable_and_differ_by_seed(kind):
    sound = programme(kind, seed=3, seconds=0.5)
    assert sound.shape == (4000,) and sound.abs().max() <= 0.9 and sound.std() > 0.1
    assert abs(sound.mean()) < 0.1
    assert torch.equal(sound, programme(kind, seed=3, seconds=0.5))
    assert not torch.equal(sound, programme(kind, seed=4, seconds=0.5))


def test_a_wav_file_holds_the_samples():
    sound = torch.tensor([0.0, 0.5, -1.0])
    with wave.open(io.BytesIO(wav_bytes(sound, rate=8000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        assert file.readframes(3) == b"\x00\x00\x00\x40\x01\x80"  # 0, 16384, -32767, low byte first


def test_loud_sounds_are_scaled_not_cut():
    assert wav_bytes(torch.tensor([1.0, 0.5])) == wav_bytes(torch.tensor([4.0, 2.0]))


def test_what_is_no_sound_is_refused():
    with pytest.raises(ValueError, match=r"sound has shape \(2, 2\), not float tensor \(samples\)"):
        wav_bytes(torch.zeros(2, 2))
    with pytest.raises(ValueError, match="no programme of kind 'opera'"):
        programme("opera", seed=0)


def test_a_player_says_what_it_plays_and_stays_small():
    html = audio(wav_bytes(torch.zeros(8)), alt='A "test" <tone>')
    assert "<audio controls" in html and "data:audio/wav;base64," in html
    assert html.count("A &quot;test&quot; &lt;tone&gt;") == 2 and "<tone>" not in html
    with pytest.raises(ValueError, match="alt is empty"):
        audio(b"", alt=" ")
    with pytest.raises(ValueError, match="kB of sound; keep it below 300"):
        audio(bytes(240_000), alt="Long.")
