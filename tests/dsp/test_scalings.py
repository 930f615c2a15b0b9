"""Scalings: limits, closed forms, gradients everywhere."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp
from tests.dsp import reference

X = np.array([-1e4, -30.0, -3.0, -0.5, 0.0, 0.5, 3.0, 30.0, 1e4])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.where(x >= 0, 1.0 / (1.0 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1.0 + np.exp(-np.abs(x))))


def exp_sigmoid(x: np.ndarray) -> np.ndarray:
    return 2.0 * sigmoid(x) ** np.log(10.0) + 1e-7


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("exp_sigmoid", exp_sigmoid),
        ("sym_exp_sigmoid", lambda x: exp_sigmoid(8.0 * (np.abs(x) / 2.0 - 1.0))),
        ("sigmoid", sigmoid),
        ("tanh", np.tanh),
        ("softplus", lambda x: np.logaddexp(0.0, x)),
        ("relu", lambda x: np.maximum(x, 0.0)),
        (None, lambda x: x),
    ],
)
def test_scaling_by_name(name, definition) -> None:
    function = dsp.scaling(name)
    x = tf.constant(X, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    np.testing.assert_allclose(y, definition(X), rtol=2e-5, atol=1e-7)
    gradient = tape.gradient(y, x).numpy()
    assert np.all(np.isfinite(gradient))
    for index in (2, 3, 5, 6):
        step = np.eye(len(X))[index]
        slope = reference.slope(lambda x: np.sum(definition(x) * step), X, step)  # noqa: B023
        np.testing.assert_allclose(gradient[index], slope, rtol=1e-3, atol=1e-9)


def test_scaling_takes_callables_and_names_the_unknown() -> None:
    assert dsp.scaling(tf.nn.elu) is tf.nn.elu
    with pytest.raises(ValueError, match=r"'sigmiod' is unknown; there are exp_sigmoid, .*softplus"):
        dsp.scaling("sigmiod")


def test_exp_sigmoid_of_a_small_exponent_has_a_gradient() -> None:
    """As a power, sigmoid(x) ** ln(1.5) would have an infinite slope where sigmoid(x) is 0."""
    x = tf.constant([-200.0, 0.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = dsp.exp_sigmoid(x, exponent=1.5)
    assert np.all(np.isfinite(tape.gradient(y, x)))


def test_soft_limit_stays_inside() -> None:
    y = dsp.soft_limit(np.linspace(-100.0, 100.0, 999), -1.0, 2.0).numpy()
    assert np.all(np.diff(y) >= 0)
    assert -1.0 <= y.min() < -0.999
    assert 1.999 < y.max() <= 2.0


def test_frequencies_softmax_is_a_mean_of_pitches() -> None:
    certain = np.zeros([1, 1, 10], np.float32)
    certain[..., 3], certain[..., 9] = 100.0, 100.0
    np.testing.assert_allclose(
        dsp.frequencies_softmax(certain, depth=5, hz_min=55.0, hz_max=880.0).numpy().ravel(), [440.0, 880.0], rtol=1e-5
    )
    flat = dsp.frequencies_softmax(np.zeros([2, 3, 8]), depth=8, hz_min=100.0, hz_max=1600.0)
    np.testing.assert_allclose(flat, np.full([2, 3, 1], 400.0), rtol=1e-5)


def test_frequencies_sigmoid_spans_its_range() -> None:
    for depth in (1, 2, 5):
        for logit, hz in ((-100.0, 50.0), (100.0, 4000.0)):
            got = dsp.frequencies_sigmoid(np.full([1, 1, depth], logit), depth, 50.0, 4000.0).numpy().item()
            # Each of the depth - 1 coarse sigmoids starts at MIDI note 0; the shares add up to hz_max - hz_min.
            expected = hz + (depth - 1) * 8.1758 if logit < 0 else 3950.0
            np.testing.assert_allclose(got, expected, rtol=1e-3)


def test_frequencies_critical_bands_move_by_a_bandwidth() -> None:
    middle = dsp.frequencies_critical_bands(np.zeros([1, 1, 9])).numpy()[0, 0]
    up = dsp.frequencies_critical_bands(np.full([1, 1, 9], 20.0)).numpy()[0, 0]
    assert np.all(np.diff(middle) > 0)
    inner = slice(1, -2)
    widths = 0.108 * (middle[inner] - 20.0) + 24.7
    np.testing.assert_allclose(up[inner] - middle[inner], widths, rtol=1e-3)
    assert up.max() <= 8000.0


@pytest.mark.parametrize("function", [dsp.frequencies_softmax, dsp.frequencies_sigmoid, dsp.frequencies_critical_bands])
def test_depth_axis(function) -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 12)).astype(np.float32)
    flat, deep = function(x, depth=3), function(x.reshape(2, 5, 4, 3), depth=3)
    assert flat.shape == (2, 5, 4)
    np.testing.assert_array_equal(flat, deep)
    with pytest.raises(ValueError, match=r"12 channels .* depth 5"):
        function(x, depth=5)
    dynamic = tf.function(lambda x: function(x, depth=3), input_signature=[tf.TensorSpec([None, None, 12])])
    np.testing.assert_allclose(dynamic(x), flat, rtol=1e-6)
