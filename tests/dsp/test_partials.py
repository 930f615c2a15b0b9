"""Partials at frame rate: laws of normalization, the Nyquist limit, and the two conversions."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ddspgraph import dsp

RNG = np.random.default_rng(3)


def test_harmonic_frequencies() -> None:
    f0_hz = np.float32([[[100.0], [220.5]]])
    np.testing.assert_allclose(dsp.get_harmonic_frequencies(f0_hz, 3), f0_hz * [1, 2, 3])


def test_nyquist_itself_is_silent() -> None:
    amplitudes = dsp.remove_above_nyquist([[[3999.0, 4000.0, 4001.0, -9.0]]], np.ones([1, 1, 4]), sample_rate=8000)
    np.testing.assert_array_equal(amplitudes[0, 0], [1.0, 0.0, 0.0, 1.0])


def test_normalized_distributions_sum_to_one_or_zero() -> None:
    distribution = RNG.uniform(size=(2, 30, 20))
    np.testing.assert_allclose(np.sum(dsp.normalize_harmonics(distribution), axis=-1), 1.0, rtol=1e-5)
    f0_hz = np.linspace(0.0, 9000.0, 60).reshape(2, 30, 1)
    limited = dsp.normalize_harmonics(distribution, f0_hz, 16000).numpy()
    sounding = np.float32(f0_hz) * np.arange(1, 21) < 8000.0
    assert np.all(limited[~sounding] == 0.0)
    np.testing.assert_allclose(limited.sum(axis=-1), sounding.any(axis=-1), rtol=1e-5)


def test_there_and_back() -> None:
    """A narrow Gaussian gathers each harmonic's own sinusoid and nothing else."""
    amplitude = RNG.uniform(0.1, 1.0, size=(2, 5, 1))
    f0_hz = RNG.uniform(50.0, 900.0, size=(2, 5, 1))
    distribution = dsp.normalize_harmonics(RNG.uniform(size=(2, 5, 12)), f0_hz, 16000)
    amplitudes, frequencies = dsp.harmonic_to_sinusoidal(amplitude, distribution, f0_hz)
    again, shares = dsp.sinusoidal_to_harmonic(amplitudes, frequencies, f0_hz, 0.1, 12, normalize=True)
    np.testing.assert_allclose(again, amplitude, rtol=1e-4)
    np.testing.assert_allclose(shares, distribution, atol=1e-5)


def test_edges_are_finite() -> None:
    for f0 in (0.0, -100.0, 8000.0, 1e5):
        f0_hz = tf.fill([1, 4, 1], f0)
        frequencies, amplitudes = tf.constant(RNG.uniform(0, 9000, [1, 4, 6]), tf.float32), tf.zeros([1, 4, 6])
        with tf.GradientTape() as tape:
            tape.watch([f0_hz, frequencies, amplitudes])
            amplitude, shares = dsp.sinusoidal_to_harmonic(amplitudes, frequencies, f0_hz, n_harmonics=5)
            levels, _ = dsp.harmonic_to_sinusoidal(amplitude, shares, f0_hz)
            total = tf.reduce_sum(levels) + tf.reduce_sum(shares) + tf.reduce_sum(amplitude)
        assert np.isfinite(total)
        for gradient in tape.gradient(total, [f0_hz, frequencies, amplitudes]):
            assert np.all(np.isfinite(gradient))


def test_gradients_through_the_gaussian() -> None:
    """Against central differences of the float64 definition."""
    amplitudes, frequencies = RNG.uniform(size=(1, 2, 4)), RNG.uniform(90, 500, size=(1, 2, 4))
    f0_hz = np.full([1, 2, 1], 100.0)

    def definition(hz: np.ndarray) -> float:
        distance = (hz[..., None] / f0_hz[..., None] - np.arange(1, 6)) / 0.3
        return float(np.sum(np.sum(amplitudes[..., None] * np.exp(-(distance**2)), axis=2) ** 2))

    x = tf.constant(frequencies, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        amplitude, shares = dsp.sinusoidal_to_harmonic(amplitudes, x, f0_hz, 0.3, 5)
        y = tf.reduce_sum((amplitude * shares) ** 2)
    np.testing.assert_allclose(y, definition(frequencies), rtol=1e-5)
    direction = RNG.normal(size=frequencies.shape)
    slope = (definition(frequencies + 1e-4 * direction) - definition(frequencies - 1e-4 * direction)) / 2e-4
    np.testing.assert_allclose(np.sum(tape.gradient(y, x) * direction), slope, rtol=1e-3)
