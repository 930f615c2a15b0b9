"""The variable delay against its definition, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp

RNG = np.random.default_rng(29)


def definition(phase: np.ndarray, audio: np.ndarray, max_length: int) -> np.ndarray:
    out = np.zeros(audio.shape)
    for b, t in np.ndindex(*audio.shape):
        line = [audio[b, t - d] if t >= d else 0.0 for d in range(max_length)] + [audio[b, t]]
        position = phase[b, t] * max_length
        lower = min(int(np.floor(position)), max_length - 1)
        out[b, t] = line[lower] + (position - lower) * (line[lower + 1] - line[lower])
    return out


@pytest.mark.parametrize(("batch", "n", "max_length"), [(2, 100, 16), (1, 1, 4), (1, 30, 512), (3, 20, 1)])
def test_against_the_definition(batch: int, n: int, max_length: int) -> None:
    audio, phase = RNG.normal(size=(batch, n)), RNG.uniform(size=(batch, n))
    got = dsp.variable_length_delay(phase[..., None], audio, max_length)
    np.testing.assert_allclose(got, definition(phase, audio, max_length), atol=1e-4)
    np.testing.assert_array_equal(dsp.variable_length_delay(phase, audio, max_length), got)


def test_whole_delays_and_the_circle() -> None:
    audio = np.arange(1.0, 11.0)[None]
    for phase, expected in ((0.0, audio), (0.25, np.pad(audio, [[0, 0], [1, 0]])[:, :10]), (1.0, audio)):
        np.testing.assert_array_equal(dsp.variable_length_delay(np.full([1, 10, 1], phase), audio, 4), expected)
    for phase in (1.5, -0.5):
        assert not np.any(dsp.variable_length_delay([[[phase]]], audio, 4))


def test_one_phase_for_all_and_one_trace() -> None:
    audio = RNG.normal(size=(3, 50)).astype(np.float32)
    one = dsp.variable_length_delay([[[0.3]]], audio, 10)
    np.testing.assert_array_equal(one, dsp.variable_length_delay(np.full([3, 50], 0.3), audio, 10))
    spec = [tf.TensorSpec([None, None, 1]), tf.TensorSpec([None, None])]
    dynamic = tf.function(lambda phase, audio: dsp.variable_length_delay(phase, audio, 10), input_signature=spec)
    np.testing.assert_array_equal(dynamic(np.full([3, 50, 1], 0.3, np.float32), audio), one)
    np.testing.assert_array_equal(dynamic(np.full([1, 7, 1], 0.3, np.float32), audio[:, :7]), one[:, :7])
    assert dynamic.experimental_get_tracing_count() == 1


def test_gradients() -> None:
    """Linear in the audio: the gradient is the transpose. In the phase: the slope between two samples."""
    audio, phase = tf.constant(RNG.normal(size=(1, 40)), tf.float32), tf.constant(RNG.uniform(0.05, 0.9, (1, 40, 1)))
    phase, g = tf.cast(phase, tf.float32), RNG.normal(size=(1, 40)).astype(np.float32)
    with tf.GradientTape() as tape:
        tape.watch([audio, phase])
        y = dsp.variable_length_delay(phase, audio, 8)
        total = tf.reduce_sum(y * g)
    by_audio, by_phase = tape.gradient(total, [audio, phase])
    np.testing.assert_allclose(np.sum(by_audio * audio), total, rtol=1e-4)
    base = phase.numpy()[..., 0].astype(np.float64)
    values = audio.numpy().astype(np.float64)
    moved = [definition(base + step, values, 8) for step in (-1e-7, 1e-7)]
    np.testing.assert_allclose(by_phase[..., 0], g * (moved[1] - moved[0]) / 2e-7, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("phase", [0.0, 1.0, -3.0, 1e9])
def test_edges_are_finite(phase: float) -> None:
    for n in (1, 5):
        phases, audio = tf.fill([1, n, 1], phase), tf.fill([1, n], 1e6)
        with tf.GradientTape() as tape:
            tape.watch([phases, audio])
            y = dsp.variable_length_delay(phases, audio, 4)
        assert np.all(np.isfinite(y))
        for gradient in tape.gradient(y, [phases, audio]):
            assert np.all(np.isfinite(gradient))
    assert dsp.variable_length_delay(np.ones([1, 0, 1]), np.ones([1, 0]), 4).shape == (1, 0)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"9 phases for 10 samples"):
        dsp.variable_length_delay(np.ones([1, 9, 1]), np.ones([1, 10]), 4)
    with pytest.raises(ValueError, match=r"not 3 and 1"):
        dsp.variable_length_delay(np.ones([1, 9, 1]), np.ones([9]), 4)
