"""Filters do to tones what their controls say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from ddspgraph import dsp
from tests.dsp.gradients import assert_finite, assert_gradient, assert_one_trace

RNG = np.random.default_rng(3)
RATE = 16_000


def tone(frequency_hz: float, samples: int = 4000) -> np.ndarray:
    return np.sin(2.0 * np.pi * frequency_hz * np.arange(samples) / RATE).astype(np.float32)[np.newaxis]


def gain(filtered: np.ndarray, source: np.ndarray) -> float:
    """RMS of the middle, where no edge is heard, over that of the source."""
    middle = slice(1000, 3000)
    return float(np.sqrt(np.mean(np.square(filtered[0, middle])) / np.mean(np.square(source[0, middle]))))


def test_impulse_response_has_the_magnitudes() -> None:
    """At the given frequencies, under the widest window, smoothed only by its neighbours."""
    magnitudes = np.linspace(1.0, 2.0, 65, dtype=np.float32)
    response = dsp.frequency_impulse_response(magnitudes)
    assert response.shape == (128,)
    np.testing.assert_allclose(np.abs(np.fft.rfft(response))[1:-1], magnitudes[1:-1], atol=1e-4)


def test_impulse_response_is_symmetric() -> None:
    response = dsp.frequency_impulse_response(np.abs(RNG.normal(size=33))).numpy()
    np.testing.assert_allclose(response[1:], response[1:][::-1], atol=1e-6)
    assert np.argmax(np.abs(response)) == 32


@pytest.mark.parametrize(("size", "window_size"), [(1, 1), (9, 1), (9, 3), (64, 2), (64, 64), (64, 32), (65, 32)])
def test_window_by_its_definition(size: int, window_size: int) -> None:
    """Even windows, and those of 1 and 3 samples, are centred on time 0: the response at time t times Hann."""
    zero_phase = RNG.normal(size=size).astype(np.float32)
    hann = signal.get_window("hann", window_size, fftbins=window_size % 2 == 0)
    times = np.arange(window_size) - window_size // 2
    result = dsp.apply_window_to_impulse_response(zero_phase, window_size)
    expected = zero_phase[times % size] * hann
    if window_size == 32:
        expected = expected[2:]  # shorter than the response: the earliest sample is left out
    np.testing.assert_allclose(np.trim_zeros(result.numpy()), np.trim_zeros(expected), atol=1e-6)


@pytest.mark.parametrize(
    ("size", "window_size", "causal", "expected"),
    [
        (4, 2, False, [1, 0]),
        (5, 0, False, [2, 5, 0.5, 0, 0]),
        (8, 7, False, [5.25, 8, 0.75, 0.5, 0, 0, 0]),
        (9, 8, False, [4, 7.682, 1, 1.7071, 1.5, 0.5858, 0]),
        (9, 5, True, [5, 3, 0, 0, 0]),
    ],
)
def test_window_as_recorded(size: int, window_size: int, causal: bool, expected: list[float]) -> None:
    """What magenta/ddsp 3.7.0 makes of the response 1, 2, ... size; odd windows peak one sample early there."""
    result = dsp.apply_window_to_impulse_response(np.arange(1.0, size + 1.0), window_size, causal)
    np.testing.assert_allclose(result, expected, atol=1e-4)


def test_causal_response_stays_in_place() -> None:
    taps = RNG.normal(size=(2, 16)).astype(np.float32)
    windowed = dsp.apply_window_to_impulse_response(taps, causal=True)
    np.testing.assert_allclose(windowed, taps * signal.get_window("hann", 16), atol=1e-6)


def test_flat_magnitudes_change_nothing() -> None:
    audio = RNG.normal(size=(2, 320)).astype(np.float32)
    filtered = dsp.frequency_filter(audio, np.ones((2, 5, 33)))
    # The compensated delay is one sample less than the response's, (ir_samples - 1) // 2 - 1.
    np.testing.assert_allclose(filtered[:, 2:], audio[:, :-2], atol=1e-5)
    np.testing.assert_allclose(dsp.frequency_filter(audio, 0.5 * np.ones((2, 5, 1))), 0.5 * audio, atol=1e-6)


@pytest.mark.parametrize("window_size", [0, 33, 64, 257])
def test_frequency_filter_keeps_and_kills(window_size: int) -> None:
    magnitudes = np.where(np.linspace(0.0, RATE / 2, 65) < 2000.0, 1.0, 0.0)
    audio = tone(600.0)
    kept = dsp.frequency_filter(audio, np.tile(magnitudes, (1, 10, 1)), window_size)
    assert gain(kept.numpy(), audio) == pytest.approx(1.0, abs=0.02)
    audio = tone(5000.0)
    killed = dsp.frequency_filter(audio, np.tile(magnitudes, (1, 10, 1)), window_size)
    assert gain(killed.numpy(), audio) < 0.02


def test_filter_follows_its_frames() -> None:
    magnitudes = np.zeros((1, 4, 33), np.float32)
    magnitudes[:, 2] = 1.0
    filtered = dsp.frequency_filter(tone(1000.0), magnitudes).numpy()[0]
    power = [np.mean(filtered[i + 100 : i + 900] ** 2) for i in (0, 1000, 2000, 3000)]
    np.testing.assert_allclose(power, [0.0, 0.0, 0.5, 0.0], atol=1e-3)


def test_sinc() -> None:
    x = np.concatenate([np.linspace(-5.0, 5.0, 999), [0.0, 1e-25, 1e-12, 1e-5, 0.03, 0.0318, 0.032]])
    np.testing.assert_allclose(dsp.sinc(x), np.sinc(x), atol=1e-6)
    np.testing.assert_allclose(dsp.sinc([0.0, 0.5]), [1.0, 2.0 / np.pi], atol=1e-6)
    np.testing.assert_allclose(dsp.sinc([0.1], threshold=0.3), np.sinc([0.3]), atol=1e-6)
    assert_gradient(dsp.sinc, np.linspace(-2.0, 2.0, 40))
    assert_finite(dsp.sinc, [0.0, 1e-30, 1e-10, 1e-3])


@pytest.mark.parametrize("high_pass", [False, True])
@pytest.mark.parametrize("window_size", [64, 257])
def test_sinc_response_is_scipys(window_size: int, high_pass: bool) -> None:
    response = dsp.sinc_impulse_response(3000.0, window_size, RATE, high_pass)
    taps = window_size // 2 * 2 + 1
    low = signal.firwin(taps, 3000.0, fs=RATE, window="hamming")
    expected = signal.unit_impulse(taps, "mid") - low if high_pass else low
    np.testing.assert_allclose(response[0, 0], expected, atol=1e-6)


@pytest.mark.parametrize("cutoff", [2000.0, [2000.0], [[2000.0]], np.full((1, 10, 1), 2000.0)], ids=np.ndim)
def test_sinc_filter_keeps_and_kills(cutoff: object) -> None:
    for frequency_hz, low, high in ((500.0, 1.0, 0.0), (6000.0, 0.0, 1.0)):
        audio = tone(frequency_hz)
        passed = dsp.sinc_filter(audio, cutoff, 256, RATE)
        assert gain(passed.numpy(), audio) == pytest.approx(low, abs=0.01)
        passed = dsp.sinc_filter(audio, cutoff, 256, RATE, high_pass=True)
        assert gain(passed.numpy(), audio) == pytest.approx(high, abs=0.01)


def test_each_batch_item_has_its_cutoff() -> None:
    audio = np.repeat(tone(3000.0), 2, axis=0)
    filtered = dsp.sinc_filter(audio, [[1000.0], [6000.0]], 256, RATE).numpy()
    assert gain(filtered[:1], audio) < 0.01
    assert gain(filtered[1:], audio) == pytest.approx(1.0, abs=0.01)


def test_lengths_of_one_trace() -> None:
    calls = [
        (RNG.normal(size=(2, n)), np.abs(RNG.normal(size=(2, f, k))))
        for n, f, k in ((60, 3, 1), (60, 5, 33), (1, 1, 9))
    ]
    for window_size in (0, 9, 257):
        assert_one_trace(lambda a, m, w=window_size: dsp.frequency_filter(a, m, w), *calls)
    calls = [(RNG.normal(size=(2, n)), np.full((2, f, 1), 0.3)) for n, f in ((60, 3), (60, 5), (1, 1))]
    assert_one_trace(lambda a, c: dsp.sinc_filter(a, c, 64), *calls)


def test_gradients() -> None:
    audio = RNG.normal(size=(1, 60))
    assert_gradient(dsp.frequency_filter, audio, np.abs(RNG.normal(size=(1, 3, 9))))
    assert_gradient(lambda a, m: dsp.frequency_filter(a, m, 9), audio, np.abs(RNG.normal(size=(1, 3, 9))))
    assert_gradient(lambda a, c: dsp.sinc_filter(a, c, 32), audio, np.full((1, 3, 1), 0.4), step=1e-3)


@pytest.mark.parametrize("samples", [1, 64])
@pytest.mark.parametrize("cutoff", [0.0, 1e-12, 1.0, 1.7])
def test_finite_on_silence(samples: int, cutoff: float) -> None:
    assert_finite(dsp.frequency_filter, np.zeros((1, samples)), np.zeros((1, 1, 9)))
    assert_finite(lambda a, c: dsp.sinc_filter(a, c, 32), np.zeros((1, samples)), np.full((1, 1, 1), cutoff))
