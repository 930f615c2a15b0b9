"""Recurrent and dense layers against Keras: the same weights give the same states and gradients."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import nn, ops
from ddspgraph.ir.initialisers import initial_value
from ddspgraph.ir.op import Weight
from tests.ops.neural.inputs import normal

_LAYERS = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}
_X = normal(0, 3, 11, 5)


def _keras(rnn_type: str, bidir: bool, **params: Any) -> tuple[Any, dict[str, Any]]:
    """A layer of Keras, and its weights by our names."""
    layer = _LAYERS[rnn_type](4, return_sequences=True, **params)
    layer = keras.layers.Bidirectional(layer) if bidir else layer
    layer(_X)
    for i, variable in enumerate(layer.weights):
        variable.assign(0.4 * normal(i, *variable.shape))
    names = [
        f"{direction}{name}"
        for direction in (("forward_", "backward_") if bidir else ("",))
        for name in ("kernel", "recurrent_kernel", "bias")
    ]
    return layer, {name: v.value for name, v in zip(names, layer.weights, strict=True)}


@pytest.mark.parametrize("rnn_type", ["gru", "lstm"])
@pytest.mark.parametrize("bidir", [False, True])
def test_states_and_gradients(rnn_type: str, bidir: bool) -> None:
    layer, weights = _keras(rnn_type, bidir)
    x = tf.constant(_X)
    weigh = tf.constant(normal(9, 3, 11, 8 if bidir else 4))
    sources = [x, *weights.values()]

    @tf.function
    def both() -> Any:
        # A tape after the other: a persistent one has TensorFlow prepare the second derivatives of every loop.
        with tf.GradientTape() as their_tape:
            their_tape.watch(sources)
            theirs = layer(x)
            their_loss = tf.reduce_sum(theirs * weigh)
        with tf.GradientTape() as our_tape:
            our_tape.watch(sources)
            ours = nn.rnn(x, weights, rnn_type, bidir=bidir)
            our_loss = tf.reduce_sum(ours * weigh)
        return theirs, ours, their_tape.gradient(their_loss, sources), our_tape.gradient(our_loss, sources)

    theirs, ours, their_gradients, our_gradients = both()
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    for a, b in zip(our_gradients, their_gradients, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * float(tf.reduce_max(tf.abs(b))))


def test_gradient_of_the_last_state_and_the_first() -> None:
    layer, weights = _keras("gru", False, return_state=True)
    x, first = tf.constant(_X), tf.constant(normal(5, 3, 4))
    with tf.GradientTape() as our_tape:
        our_tape.watch([x, first])
        _, last = nn.rnn_step(x, first, weights)
        ours = tf.reduce_sum(last**2)
    with tf.GradientTape() as their_tape:
        their_tape.watch([x, first])
        _, expected = layer(x, initial_state=first)
        theirs = tf.reduce_sum(expected**2)
    np.testing.assert_allclose(last, expected, atol=1e-6)
    gradients: Any = our_tape.gradient(ours, [x, first]), their_tape.gradient(theirs, [x, first])
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_blocks_of_frames_go_on_from_the_state() -> None:
    """Two halves, the second from the state of the first, are the whole: the decoder of a plugin."""
    splits = (("amps", 1), ("harmonic_distribution", 3))
    whole = ops.RnnFcDecoder(rnn_channels=4, ch=5, layers_per_stack=1, outputs=splits)
    block = ops.RnnFcDecoder(rnn_channels=4, ch=5, layers_per_stack=1, outputs=splits, stateless=True)
    one, two = normal(1, 2, 8, 1), normal(2, 2, 8, 1)
    layer = whole.layer()
    layer(one, two)
    weights = {name: variable.value for name, variable in layer.weights_by_name.items()}
    expected = whole.signals(one, two, variables=weights)
    state, found = np.zeros((2, 4), np.float32), []
    for at in (slice(0, 5), slice(5, 8)):
        results = block.signals(one[:, at], two[:, at], state, variables=weights)
        state = results["state"]
        found.append(results["harmonic_distribution"])
    np.testing.assert_allclose(np.concatenate(found, axis=1), expected["harmonic_distribution"], atol=1e-6)


def test_fc_is_dense_and_layer_norm() -> None:
    dense, norm = keras.layers.Dense(6), keras.layers.LayerNormalization(epsilon=1e-3)
    expected = keras.ops.leaky_relu(norm(dense(_X)), negative_slope=0.2)
    gamma, beta = norm.weights
    weights = {"kernel": dense.kernel, "bias": dense.bias, "gamma": gamma, "beta": beta}
    found = nn.fc(tf.constant(_X), {name: variable.value for name, variable in weights.items()})
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(expected), atol=1e-5)


def test_spectral_norm_has_no_gain() -> None:
    kernel = 0.5 * normal(3, 3, 1, 6, 8)
    weights = {"kernel": kernel, "bias": np.zeros(8, np.float32), "u": normal(4, 1, 8)}
    found = np.asarray(nn.spectrally_normalized(weights)["kernel"]).reshape(-1, 8)
    assert np.linalg.norm(found, 2) == pytest.approx(1.0, abs=0.02)


def test_first_values_are_those_of_keras() -> None:
    layer = keras.layers.LSTM(5)
    layer(_X)
    bias = initial_value(Weight((20,), "lstm_bias"), "n/bias", 0)
    np.testing.assert_array_equal(bias, layer.weights[2].numpy())
    recurrent = initial_value(Weight((5, 20), "orthogonal"), "n/recurrent_kernel", 0)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(5), atol=1e-5)


def test_draws_follow_the_softmax_and_carry_its_gradient() -> None:
    logits = np.tile(np.log(np.array([0.5, 0.3, 0.2], np.float32)), (1, 4000, 1))
    op = ops.StraightThroughSoftmax()
    results = op.signals(logits, seed=3)
    np.testing.assert_allclose(np.asarray(results["signal"]).mean(axis=(0, 1)), [0.5, 0.3, 0.2], atol=0.03)
    x = tf.constant(normal(0, 1, 2, 3))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        one, probability = op(x)[0, 0, 0], tf.nn.softmax(x)[0, 0, 0]
    gradients: Any = tape.gradient(one, x), tape.gradient(probability, x)
    np.testing.assert_allclose(*gradients, atol=1e-6)
    chosen = np.asarray(ops.StraightThroughChoice(values=(-1.0, 0.5, 2.0))(logits, seed=3))
    assert set(np.unique(chosen)) == {-1.0, 0.5, 2.0}


def test_gradients_that_nodes_change() -> None:
    x = tf.constant(normal(0, 2, 3, 4))
    for op, expected in (
        (ops.StopGradient(), None),
        (ops.GradientReversal(), -1.0),
        (ops.StraightThroughIntQuantization(), 1.0),
    ):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(op(x))
        gradient = tape.gradient(y, x)
        assert gradient is None if expected is None else np.all(gradient == expected)
    np.testing.assert_array_equal(
        ops.StraightThroughIntQuantization()(np.array([[0.4, 0.5, 1.5, 2.5]])), [[0.0, 0.0, 2.0, 2.0]]
    )


def test_a_codebook_moves_to_its_inputs() -> None:
    """Steps against the gradient of the output alone bring codes and inputs together (equation 3 of the paper)."""
    x: Any = tf.constant(normal(0, 2, 9, 4))
    codes: Any = tf.Variable(tf.constant(normal(1, 5, 4)))

    def distance() -> float:
        return float(tf.reduce_mean((nn.vector_quantization(x, codes, 1, 0.2)[0] - x) ** 2))

    before = distance()
    for _ in range(200):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(0.0 * nn.vector_quantization(x, codes, 1, 0.2)[0])
        gradient: Any = tape.gradient(total, codes)
        codes.assign_sub(gradient)
    assert distance() < 0.8 * before
