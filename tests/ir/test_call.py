"""Ops outside of a graph: on arrays by position and name, and as Keras layers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.ir.call import create_variables
from ddspgraph.ir.types import Rate, signal


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


ZEROS = np.zeros
MISFITS = {
    "add": (lambda: dg.ops.Add()(ZEROS([1, 100]), ZEROS([1, 99])), "E414", ("signal_one", "signal_two", "100", "99")),
    "add of three": (lambda: dg.ops.Add()(*(ZEROS([1, n]) for n in (100, 100, 99))), "E414", ("input_3", "99")),
    "gain": (lambda: dg.ops.Gain()(ZEROS([1, 100, 2]), ZEROS([1, 3])), "E414", ("audio", "gain")),
    "mod_delay": (
        lambda: dg.ops.ModDelay(sample_rate=16000)(ZEROS([1, 100]), ZEROS([1, 50, 1]), ZEROS([1, 100, 1])),
        "E414",
        ("gain", "audio", "50", "100"),
    ),
    "batches": (lambda: dg.ops.Reverb()(ZEROS([2, 1000]), ZEROS([3, 10])), "E414", ("audio", "ir")),
    "harmonic": (
        lambda: dg.ops.Harmonic(sample_rate=16000, n_samples=640)(
            ZEROS([1, 10, 1]), ZEROS([1, 11, 4]), ZEROS([1, 10, 1])
        ),
        "E414",
        ("harmonic_distribution", "amplitudes"),
    ),
    "rank": (lambda: dg.ops.Loudness()(ZEROS([1, 1000, 2])), "E413", ("audio",)),
    "loss": (lambda: dg.losses.SpectralLoss()(ZEROS([1, 999]), ZEROS([1, 900])), "E414", ("target_audio", "audio")),
    "channels": (
        lambda: dg.ops.Split(outputs=(("a", 1), ("b", 2)))(ZEROS([1, 10, 4])),
        "E414",
        ("signal", "1 + 2", "4"),
    ),
    "frames": (
        lambda: dg.ops.Wavetable(sample_rate=16000, n_samples=640)(
            ZEROS([1, 10, 1]), ZEROS([1, 9, 64]), ZEROS([1, 10, 1])
        ),
        "E414",
        ("wavetables", "amplitudes"),
    ),
    "rnn": (lambda: _on_other_channels(dg.ops.Rnn(dims=4)), "E605", ("'x' is [1, 5, 2]", "variable 'kernel'")),
    "weights": (
        lambda: dg.losses.SpectralLoss()(ZEROS([1, 999]), ZEROS([1, 999]), ZEROS([1, 3])),
        "E414",
        ("weights",),
    ),
}


def _on_other_channels(op: Any) -> Any:
    """An op on inputs of two channels, with variables for three."""
    return op(ZEROS([1, 5, 2]), variables=create_variables(op, {"x": signal(1, 5, 3, rate=Rate.FRAME)}, "n"))


@pytest.mark.parametrize("name", MISFITS)
def test_sizes_that_disagree_are_named_by_port(name: str) -> None:
    call, code, said = MISFITS[name]
    with pytest.raises(dg.GraphError) as caught:
        call()
    assert caught.value.diagnostics[0].code == code
    assert all(word in str(caught.value) for word in said), str(caught.value)


def test_sizes_that_disagree_while_it_is_traced() -> None:
    with pytest.raises(dg.GraphError, match="'signal_two'"):
        tf.function(dg.ops.Add().__call__, autograph=False)(tf.zeros([1, 100]), tf.zeros([1, 99]))


def test_weights_of_examples_in_every_rank() -> None:
    """[batch], [batch, 1] and [batch, 1, 1] weigh the same: the mean of what each example loses alone."""
    generator = np.random.default_rng(3)
    target, audio = generator.normal(size=(2, 2, 2048)).astype(np.float32)
    loss, weights = dg.losses.SpectralLoss(fft_sizes=(256,)), np.float32([0.5, 2.0])
    alone = [float(loss(target[i : i + 1], audio[i : i + 1])) for i in (0, 1)]
    for shape in ([2], [2, 1], [2, 1, 1]):
        found = float(loss(target, audio, weights.reshape(shape)))
        np.testing.assert_allclose(found, np.mean(weights * np.array(alone)), rtol=1e-5)  # means in another order
