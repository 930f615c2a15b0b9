"""Ops outside of a graph: on arrays by position and name, and as Keras layers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg


def test_arguments_by_position_and_by_name() -> None:
    gain = dg.ops.Gain()
    audio = np.ones([1, 10], np.float32)
    np.testing.assert_allclose(gain(audio, [[6.0]]), gain(gain=[[6.0]], audio=audio))
    with pytest.raises(TypeError, match="needs the input gain"):
        gain(audio)
    with pytest.raises(TypeError, match="takes 2 inputs"):
        gain(audio, 1.0, 2.0)
    with pytest.raises(TypeError, match="no free input 'volume'"):
        gain(audio, volume=1.0)


def test_all_outputs_by_name() -> None:
    harmonic = dg.ops.Harmonic(sample_rate=16000, n_samples=640)
    found = harmonic.signals(np.zeros([2, 10, 1]), np.zeros([2, 10, 4]), np.full([2, 10, 1], 440.0))
    assert list(found) == ["signal", "amplitudes", "harmonic_distribution", "f0_hz"]
    assert found["signal"].shape == (2, 640)


def test_a_trainable_op_is_a_layer_that_learns() -> None:
    """A reverb learns the impulse response that a recording went through."""
    generator = np.random.default_rng(0)
    dry = tf.constant(generator.normal(size=[4, 800]), tf.float32)
    true_ir = tf.constant(np.exp(-np.arange(50) / 10.0)[None] * 0.3, tf.float32)
    target = dg.ops.Reverb(reverb_length=50)(dry, tf.repeat(true_ir, 4, axis=0))
    layer = dg.ops.Reverb(trainable=True, reverb_length=50).layer()
    layer(dry)
    assert [w.name for w in layer.trainable_weights] == ["ir"]
    optimizer = keras.optimizers.Adam(0.05)
    first = last = None
    for _ in range(60):
        with tf.GradientTape() as tape:
            last = tf.reduce_mean((layer(dry) - target) ** 2)
        first = first if first is not None else last
        optimizer.apply(tape.gradient(last, layer.trainable_weights), layer.trainable_weights)
    assert last < 0.02 * first


def test_a_trainable_op_without_variables_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="layer"):
        dg.ops.Reverb(trainable=True, reverb_length=50)(np.zeros([1, 100]))


def test_a_clocked_op_without_a_rate_says_so() -> None:
    with pytest.raises(ValueError, match="sample_rate"):
        dg.ops.Harmonic()(np.zeros([1, 10, 1]), np.zeros([1, 10, 4]), np.full([1, 10, 1], 440.0))
