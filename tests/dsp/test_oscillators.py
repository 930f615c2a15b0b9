"""Oscillator banks against float64 definitions."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp
from tests.dsp import reference
from tests.dsp.golden import phase_distance, relative_l2

RNG = np.random.default_rng(11)


def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    return RNG.uniform(low, high, size=shape).astype(np.float32)


@pytest.mark.parametrize(("batch", "n", "k"), [(2, 3000, 5), (1, 1, 1), (3, 77, 2)])
def test_bank_of_envelopes(batch: int, n: int, k: int) -> None:
    hz, amplitudes = uniform(batch, n, k, high=9000.0), uniform(batch, n, k)
    parts = np.where(hz >= 8000, 0.0, amplitudes) * np.sin(2 * np.pi * np.cumsum(hz.astype(float), axis=1) / 16000)
    # The float32 of each sample's sine is all that is left of the error.
    np.testing.assert_allclose(dsp.oscillator_bank(hz, amplitudes, sum_sinusoids=False), parts, atol=1e-6)
    np.testing.assert_allclose(dsp.oscillator_bank(hz, amplitudes), parts.sum(axis=-1), atol=1e-6 * k)


def test_harmonic_bank_goes_on_where_it_stopped() -> None:
    hz, amplitudes = uniform(2, 999, 1, low=50, high=400), uniform(2, 999, 12)
    whole, end = dsp.harmonic_oscillator_bank(hz, amplitudes)
    first, middle = dsp.harmonic_oscillator_bank(hz[:, :400], amplitudes[:, :400])
    second, last = dsp.harmonic_oscillator_bank(hz[:, 400:], amplitudes[:, 400:], middle)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=3e-5)
    assert end.shape == (2, 1, 1)
    assert phase_distance(last, end) < 1e-6


def test_harmonic_bank_has_no_nyquist_limit() -> None:
    audio, _ = dsp.harmonic_oscillator_bank(np.full([1, 64, 1], 7000.0), np.ones([1, 64, 2]))
    n = np.arange(1, 65)
    expected = np.sin(2 * np.pi * n * 7 / 16) + np.sin(2 * np.pi * n * 14 / 16)
    np.testing.assert_allclose(audio[0], expected, atol=1e-5)


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic", "window"])
@pytest.mark.parametrize(("n_frames", "n"), [(25, 1600), (5, 5 * 32), (1, 700)])
def test_sinusoids_against_their_definition(method: str, n_frames: int, n: int) -> None:
    hz, amplitudes = uniform(2, n_frames, 7, low=-50, high=9500.0), uniform(2, n_frames, 7)
    exact = reference.sinusoids(hz, amplitudes, n, 16000, method)
    tolerance = 2e-3 if method == "cubic" and n_frames == 1 else 1e-6
    assert relative_l2(dsp.sinusoidal_synthesis(hz, amplitudes, n, 16000, method), exact) < tolerance


def test_sinusoids_with_fractional_hops_and_two_frame_rates() -> None:
    hz, amplitudes = uniform(2, 25, 7, high=9500.0), uniform(2, 25, 7)
    exact = reference.sinusoids(hz, amplitudes, 1003, 16000, "linear")
    assert relative_l2(dsp.sinusoidal_synthesis(hz, amplitudes, 1003, 16000, "linear"), exact) < 1e-6
    exact = reference.sinusoids(hz, amplitudes[:, :10], 1000, 16000, "window")
    assert relative_l2(dsp.sinusoidal_synthesis(hz, amplitudes[:, :10], 1000), exact) < 1e-4


def test_long_controls_in_several_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    hz, amplitudes = uniform(2, 101, 4, high=5000.0), uniform(2, 101, 4)
    whole = dsp.sinusoidal_synthesis(hz, amplitudes, 101 * 16)
    monkeypatch.setattr("ddspgraph.dsp.oscillators._SINES_PER_PASS", 2 * 16 * 4 * 7)
    np.testing.assert_array_equal(dsp.sinusoidal_synthesis(hz, amplitudes, 101 * 16), whole)


def test_fade_is_silent_at_nyquist_and_smooth_below() -> None:
    """A slow sweep through the fade: the envelope follows a raised cosine and ends before Nyquist."""
    n_frames, hop = 800, 64
    hz = np.linspace(6000.0, 9000.0, n_frames, dtype=np.float32)[None, :, None]
    audio = dsp.sinusoidal_synthesis(hz, np.ones_like(hz), n_frames * hop, nyquist_fade=0.1).numpy()[0]
    at = np.interp(np.arange(n_frames * hop) / hop, np.arange(n_frames), hz[0, :, 0])
    assert np.all(audio[at >= 8000.0] == 0.0)
    for low, high, gain in ((6000, 7150, 1.0), (7590, 7610, 0.5), (7790, 7810, 0.1464)):
        peak = np.abs(audio[(at > low) & (at < high)]).max()
        np.testing.assert_allclose(peak, gain, rtol=0.08)


@pytest.mark.parametrize("fade", [0.0, 0.2])
@pytest.mark.parametrize("hz", [0.0, -300.0, 8000.0, 2e4])
def test_edges_are_finite(hz: float, fade: float) -> None:
    for frames, n in ((4, 256), (1, 1), (3, 2)):
        frequencies, amplitudes = tf.fill([2, frames, 3], hz), tf.fill([2, frames, 3], 1e6)
        with tf.GradientTape() as tape:
            tape.watch([frequencies, amplitudes])
            y = dsp.sinusoidal_synthesis(frequencies, amplitudes, n, amp_resample_method="linear", nyquist_fade=fade)
        assert np.all(np.isfinite(y))
        for gradient in tape.gradient(y, [frequencies, amplitudes]):
            assert np.all(np.isfinite(gradient))


def test_gradients_against_float64_differences() -> None:
    hz, amplitudes = uniform(1, 4, 3, low=100, high=1000.0), uniform(1, 4, 3)
    g = RNG.normal(size=(1, 64))
    hz_tensor, amplitudes_tensor = tf.constant(hz), tf.constant(amplitudes)
    with tf.GradientTape() as tape:
        tape.watch([hz_tensor, amplitudes_tensor])
        y = tf.reduce_sum(dsp.sinusoidal_synthesis(hz_tensor, amplitudes_tensor, 64) * g)
    by_hz, by_amplitude = tape.gradient(y, [hz_tensor, amplitudes_tensor])
    direction = RNG.normal(size=hz.shape)
    slope = reference.slope(lambda x: np.sum(reference.sinusoids(x, amplitudes, 64) * g), hz, direction, 1e-3)
    np.testing.assert_allclose(np.sum(by_hz * direction), slope, rtol=1e-3)
    slope = reference.slope(lambda x: np.sum(reference.sinusoids(hz, x, 64) * g), amplitudes, direction, 1e-3)
    np.testing.assert_allclose(np.sum(by_amplitude * direction), slope, rtol=1e-3)


def test_wrong_ranks_are_named() -> None:
    with pytest.raises(ValueError, match=r"amplitudes need rank 3.*not 2"):
        dsp.sinusoidal_synthesis(np.ones([1, 2, 3]), np.ones([1, 2]), 64)
