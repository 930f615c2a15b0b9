"""Levels against closed forms and librosa."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp
from tests.dsp.gradients import assert_finite, assert_gradient, assert_one_trace

RNG = np.random.default_rng(6)
AUDIO = RNG.normal(size=(2, 2000)).astype(np.float32)
PADDINGS = ("center", "clock", "same", "valid")


@pytest.mark.parametrize(
    ("padding", "samples", "frame_size", "hop", "expected"),
    [
        ("center", 1000, 512, 64, (16, 1512)),
        ("center", 10, 7, 3, (4, 17)),
        ("clock", 1000, 512, 64, (16, 1472)),
        ("clock", 1, 512, 64, (1, 512)),
        ("same", 1000, 512, 64, (16, 1472)),
        ("same", 1, 512, 64, (1, 512)),
        ("valid", 1000, 512, 64, (8, 1000)),
        ("valid", 1, 512, 64, (0, 1)),
    ],
)
def test_framed_lengths(padding: str, samples: int, frame_size: int, hop: int, expected: tuple) -> None:
    assert dsp.get_framed_lengths(samples, frame_size, hop, padding) == expected
    symbolic = tf.function(lambda n: dsp.get_framed_lengths(n, frame_size, hop, padding))
    assert tuple(int(n) for n in symbolic(tf.constant(samples))) == expected


def test_pad() -> None:
    ramp = np.arange(1.0, 11.0)[np.newaxis]
    np.testing.assert_array_equal(dsp.pad(ramp, 5, 2)[0], [0, 0, *range(1, 11), 0, 0])
    np.testing.assert_array_equal(dsp.pad(ramp, 5, 2, "clock")[0], [0, 0, *range(1, 11), 0])
    np.testing.assert_array_equal(dsp.pad(ramp, 2, 2, "clock")[0, :-1], [0, *range(1, 10)])
    np.testing.assert_array_equal(dsp.pad(ramp, 5, 2, "same")[0], [*range(1, 11), 0, 0, 0])
    np.testing.assert_array_equal(dsp.pad(ramp, 5, 2, "valid"), ramp)
    np.testing.assert_array_equal(dsp.pad(ramp[0], 4, 2, mode="REFLECT"), [3, 2, *range(1, 11), 9, 8])
    np.testing.assert_array_equal(dsp.pad(ramp, 4, 2, constant_values=7)[0, :3], [7, 7, 1])
    assert dsp.pad(ramp[..., np.newaxis], 4, 2).shape == (1, 14, 1)


def test_frames_lie_where_padding_says() -> None:
    """One click: the frames that hear it are those that contain sample 640."""
    click = np.zeros((1, 1280), np.float32)
    click[0, 640] = 1.0
    heard = {p: np.flatnonzero(dsp.compute_rms_energy(click, frame_size=128, padding=p)[0]) for p in PADDINGS}
    np.testing.assert_array_equal(heard["center"], [10, 11])  # middles 640 and 704, frames of 64 either side
    np.testing.assert_array_equal(heard["clock"], [10, 11])
    np.testing.assert_array_equal(heard["same"], [9, 10])
    np.testing.assert_array_equal(heard["valid"], [9, 10])


@pytest.mark.parametrize("padding", PADDINGS)
def test_rms_of_a_tone(padding: str) -> None:
    tone = 0.5 * np.sin(2.0 * np.pi * 500.0 * np.arange(16_000) / 16_000)[np.newaxis]
    rms = dsp.compute_rms_energy(tone, padding=padding).numpy()[0]
    np.testing.assert_allclose(rms[10:-10], 0.5 / np.sqrt(2.0), rtol=1e-5)
    power_db = dsp.compute_power(tone, padding=padding).numpy()[0]
    np.testing.assert_allclose(power_db[10:-10], 10.0 * np.log10(0.125), atol=1e-4)


def test_rms_is_librosas() -> None:
    rms = dsp.compute_rms_energy(AUDIO)
    expected = librosa.feature.rms(y=AUDIO, frame_length=512, hop_length=64, pad_mode="constant")
    np.testing.assert_allclose(rms, expected[:, 0], atol=1e-5)


def test_reference_and_range() -> None:
    quiet = np.zeros((1, 1000))
    np.testing.assert_allclose(dsp.compute_power(quiet, range_db=60.0), -60.0)
    np.testing.assert_allclose(dsp.compute_loudness(quiet), -80.0)
    for function in (dsp.compute_power, dsp.compute_loudness):
        lower = function(AUDIO, ref_db=20.7, range_db=200.0)
        np.testing.assert_allclose(lower, function(AUDIO, range_db=200.0) - 20.7, atol=1e-4)


def test_loudness_is_librosas() -> None:
    spectrum = librosa.stft(AUDIO, n_fft=512, hop_length=64, pad_mode="constant")
    hz = librosa.fft_frequencies(sr=16_000, n_fft=512)
    with np.errstate(divide="ignore"):
        weighted = np.abs(spectrum) ** 2 * 10.0 ** (librosa.A_weighting(hz)[:, np.newaxis] / 10.0)
    expected = 10.0 * np.log10(weighted.mean(axis=1))
    np.testing.assert_allclose(dsp.compute_loudness(AUDIO), expected, atol=1e-3)


def test_loudness_hears_as_people_do() -> None:
    def loudness_db(hz: float) -> float:
        tone = np.sin(2.0 * np.pi * hz * np.arange(8000) / 16_000)[np.newaxis]
        return float(dsp.compute_loudness(tone, n_fft=2048)[0, 60])

    assert loudness_db(100.0) == pytest.approx(loudness_db(1000.0) - 19.1, abs=0.3)
    assert loudness_db(2500.0) == pytest.approx(loudness_db(1000.0) + 1.3, abs=0.3)


@pytest.mark.parametrize("n_fft", [512, 500, 511])
def test_loudness_in_numpy(n_fft: int) -> None:
    array = dsp.compute_loudness(AUDIO, n_fft=n_fft, use_tf=False)
    assert isinstance(array, np.ndarray)
    np.testing.assert_allclose(array, dsp.compute_loudness(AUDIO, n_fft=n_fft))


def test_other_rates_and_shapes() -> None:
    for function in (dsp.compute_rms_energy, dsp.compute_power, dsp.compute_loudness):
        levels = function(AUDIO, sample_rate=22_050, frame_rate=250.0)
        assert levels.shape == (2, 1 + 2000 // 88)
        np.testing.assert_array_equal(function(AUDIO[..., np.newaxis]), function(AUDIO))
        np.testing.assert_allclose(function(AUDIO[0]), function(AUDIO)[0], atol=1e-4)


def test_pad_or_trim() -> None:
    vector = np.arange(10)
    np.testing.assert_array_equal(dsp.pad_or_trim_to_expected_length(vector, 12, 3), [*range(10), 3, 3])
    np.testing.assert_array_equal(dsp.pad_or_trim_to_expected_length(vector, 8), range(8))
    trimmed = dsp.pad_or_trim_to_expected_length(np.ones((2, 10, 3)), 12, use_tf=True)
    assert tf.is_tensor(trimmed)
    assert trimmed.shape == (2, 12, 3)
    with pytest.raises(ValueError, match="10 differs from the expected 31 by more than 20"):
        dsp.pad_or_trim_to_expected_length(vector, 31)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="'center', 'clock', 'same' or 'valid', not 'full'"):
        dsp.compute_rms_energy(AUDIO, padding="full")
    with pytest.raises(ValueError, match="do not reach the next one"):
        dsp.compute_rms_energy(AUDIO, frame_size=32)
    with pytest.raises(ValueError, match="above sample_rate"):
        dsp.compute_loudness(AUDIO, frame_rate=20_000)


@pytest.mark.parametrize("padding", PADDINGS)
def test_lengths_of_one_trace(padding: str) -> None:
    calls = [(AUDIO[:, :n],) for n in (2000, 513, 511, 1, 0)]
    for function in (dsp.compute_power, dsp.compute_loudness):
        assert_one_trace(lambda a, f=function: f(a, padding=padding), *calls, atol=1e-4)


def test_gradients() -> None:
    audio = RNG.normal(size=(1, 200))
    assert_gradient(lambda a: dsp.compute_rms_energy(a, frame_size=64), audio, step=1e-3)
    assert_gradient(lambda a: dsp.compute_loudness(a, n_fft=64), audio, step=1e-3)
    for samples in (1, 600):
        for function in (dsp.compute_rms_energy, dsp.compute_power, dsp.compute_loudness):
            assert_finite(function, np.zeros((1, samples)))
