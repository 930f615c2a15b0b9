"""Envelopes against closed forms and SciPy's waves."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from ddspgraph import dsp

WAVES = {
    "sine": lambda turns: np.sin(2.0 * np.pi * turns),
    "triangle": lambda turns: signal.sawtooth(2.0 * np.pi * (turns + 0.25), 0.5),
    "square": lambda turns: signal.square(2.0 * np.pi * turns),
    "saw": lambda turns: signal.sawtooth(2.0 * np.pi * turns),
}


@pytest.mark.parametrize("shape", WAVES)
@pytest.mark.parametrize("phase", [0.0, 1.0, -7.0])
def test_wave(shape: str, phase: float) -> None:
    wave = dsp.low_frequency_oscillator([3.17, 0.0], 500, 250.0, shape, phase)
    turns = np.float32([3.17, 0.0]).astype(float)[:, None] * np.arange(500) / 250.0 + phase / (2.0 * np.pi)
    assert wave.shape == (2, 500, 1)
    np.testing.assert_allclose(wave[..., 0], WAVES[shape](turns), atol=1e-5)


def test_an_hour_does_not_drift() -> None:
    n = 3600 * 250
    wave = dsp.low_frequency_oscillator([5.3], n, 250.0).numpy()[0, -1000:, 0]
    turns = float(np.float32(5.3)) * np.arange(n - 1000, n) / 250.0
    np.testing.assert_allclose(wave, np.sin(2.0 * np.pi * (turns % 1.0)), atol=1e-6)


def test_unknown_wave() -> None:
    with pytest.raises(ValueError, match="'sine', 'triangle', 'square' or 'saw'"):
        dsp.low_frequency_oscillator([1.0], 4, 250.0, "ramp")


@pytest.mark.parametrize("t60", [0.01, 0.5, 30.0])
def test_t60_is_the_time_to_fall_by_60_db(t60: float) -> None:
    curve = dsp.exponential_decay([[0.7]], [[t60]], 101, 100.0 / t60).numpy()[0, :, 0]
    np.testing.assert_allclose(20.0 * np.log10(curve[-1] / curve[0]), -60.0, atol=1e-3)
    steps = np.diff(20.0 * np.log10(curve))
    np.testing.assert_allclose(steps, -0.6, atol=1e-3)


def test_decay_of_no_length_is_finite() -> None:
    t60 = tf.constant([[0.0, -1.0, 1e-9]])
    with tf.GradientTape() as tape:
        tape.watch(t60)
        curve = dsp.exponential_decay([[1.0, 1.0, 1.0]], t60, 5, 250.0)
    np.testing.assert_array_equal(curve[0, :, 0], [1.0, 0.0, 0.0, 0.0, 0.0])
    assert np.isfinite(tape.gradient(curve, t60)).all()


@pytest.mark.parametrize("decay", [-100.0, 0.0, 4.0, 200.0])
def test_unit_decay(decay: float) -> None:
    value = tf.constant([[decay]])
    with tf.GradientTape() as tape:
        tape.watch(value)
        curve = dsp.unit_decay(value, 200)
    with np.errstate(under="ignore"):
        expected = np.exp(-(2.0 + np.exp(decay)) * np.linspace(0.0, 1.0, 200))
    np.testing.assert_allclose(curve[0], expected, rtol=1e-4, atol=1e-30)
    assert np.isfinite(tape.gradient(curve, value)).all()


def test_one_sample() -> None:
    assert dsp.unit_decay([[1.0]], 1).numpy().tolist() == [[1.0]]
    assert dsp.low_frequency_oscillator([1.0], 1, 250.0).shape == (1, 1, 1)
