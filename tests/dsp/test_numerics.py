"""Guards: values where they matter, finite gradients where the plain function has none."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import dsp

EDGES = np.float32([-2.0, -1e-9, 0.0, 1e-30, 1e-9, 1.0, 1e6])


@pytest.mark.parametrize(
    "function",
    [dsp.safe_log, dsp.safe_sqrt, dsp.logb, dsp.log10, lambda x: dsp.safe_divide(0.0, x), dsp.nan_to_num],
    ids=["safe_log", "safe_sqrt", "logb", "log10", "safe_divide", "nan_to_num"],
)
def test_values_and_gradients_are_finite(function) -> None:
    x = tf.constant(EDGES)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert np.all(np.isfinite(y))
    assert np.all(np.isfinite(tape.gradient(y, x)))


def test_a_root_below_the_noise_is_silence() -> None:
    """A power under -200 dB is 0 in value and gradient; above it the root is the plain one."""
    x = tf.constant([0.0, 1e-30, 1e-21, 1e-19, 1e-4])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = dsp.safe_sqrt(x)
    expected = np.array([0.0, 0.0, 0.0, 10**-9.5, 1e-2])
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(y, x), [0.0, 0.0, 0.0, 0.5 / 10**-9.5, 50.0], rtol=1e-6)


def test_tf_float32_takes_everything() -> None:
    for value in (3, [1, 2], np.arange(3), np.ones(2), tf.ones([2], tf.float64), tf.constant(1)):
        assert dsp.tf_float32(value).dtype == tf.float32
    assert dsp.tf_float32([[1, 2], [3, 4]]).shape == (2, 2)


def test_guards_only_change_what_needs_a_guard() -> None:
    np.testing.assert_allclose(dsp.safe_log([1e-7, np.e, 0.0, -1.0]), np.log([1e-7, np.e, 1e-5, 1e-5]), rtol=1e-6)
    np.testing.assert_array_equal(dsp.safe_divide([1.0, 1.0, -1.0], [0.0, 4.0, 2.0]), np.float32([1e7, 0.25, -0.5]))
    np.testing.assert_allclose(dsp.safe_sqrt([0.0, 4.0, -1.0]), [0.0, 2.0, 0.0])
    np.testing.assert_array_equal(dsp.nan_to_num([np.nan, np.inf, 1.0], 7.0), [7.0, np.inf, 1.0])


def test_logarithms_to_a_base() -> None:
    np.testing.assert_allclose(dsp.logb([8.0, 0.5]), [3.0, -1.0], rtol=1e-6)
    np.testing.assert_allclose(dsp.logb([81.0], base=3.0), [4.0], rtol=1e-6)
    np.testing.assert_allclose(dsp.log10([1000.0, 0.0], eps=1e-3), [3.0, -3.0], rtol=1e-6)


def test_log_scale_meets_its_limits() -> None:
    np.testing.assert_allclose(dsp.log_scale([-1.0, 0.0, 1.0], 1e-2, 1e2), [1e-2, 1.0, 1e2], rtol=1e-5)


def test_pad_and_diff_along_any_axis() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    for axis in (-3, -1, 0, 1, 2):
        np.testing.assert_array_equal(dsp.diff(x, axis), np.diff(x, axis=axis))
        widths = [(0, 0)] * 3
        widths[axis] = (1, 2)
        np.testing.assert_array_equal(dsp.pad_axis(x, (1, 2), axis), np.pad(x, widths))
    for function in (dsp.diff, lambda x, axis: dsp.pad_axis(x, (1, 1), axis)):
        with pytest.raises(ValueError, match=r"axis 3 is not one of the 3 axes"):
            function(x, 3)


def test_gradient_reversal() -> None:
    x = tf.constant([1.0, -2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = dsp.gradient_reversal(x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(tape.gradient(y, x), [-1.0, -1.0])
