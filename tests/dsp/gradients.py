"""Gradients against finite differences, and other things that hold for every kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf


def assert_gradient(function: Callable[..., Any], *arguments: Any, step: float = 1e-2, rtol: float = 1e-3) -> None:
    """The gradient of sum(c * function(arguments)), c random, along random directions, by central differences.

    `function` answers in float32, the differences are taken in float64: `step` should make them much larger than
    the rounding of the answers, which is allowed for, and `function` should be smooth around `arguments`.
    """
    rng = np.random.default_rng(0)
    arrays = [np.asarray(a, np.float32) for a in arguments]
    tensors = [tf.constant(a) for a in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = function(*tensors)
        cotangent = rng.normal(size=result.shape).astype(np.float32)
        total = tf.reduce_sum(result * cotangent)
    gradients = tape.gradient(total, tensors)
    rounding = 2.0**-23 * float(np.sum(np.abs(np.float64(result) * cotangent)))

    def value(i: int, shift: np.ndarray) -> float:
        shifted = [a + shift if j == i else a for j, a in enumerate(arrays)]
        return float(np.sum(np.float64(function(*shifted)) * cotangent))

    for i, (array, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        gradient = np.float64(tf.convert_to_tensor(gradient))
        assert np.isfinite(gradient).all()
        # Towards the gradient, where the answer is largest, and somewhere else besides.
        direction = gradient / max(np.abs(gradient).max(), 1e-9) + rng.normal(size=array.shape)
        shift = np.float32(step * direction)
        measured = (value(i, shift) - value(i, -shift)) / 2.0
        np.testing.assert_allclose(
            np.sum(gradient * shift), measured, rtol=rtol, atol=rounding, err_msg=f"argument {i}"
        )


def assert_finite(function: Callable[..., Any], *arguments: Any) -> None:
    """T23: the value and the gradient of its sum of squares are finite."""
    tensors = [tf.constant(a, tf.float32) for a in arguments]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = function(*tensors)
        total = tf.reduce_sum(result**2)
    assert np.isfinite(result.numpy()).all(), "value"
    for i, gradient in enumerate(tape.gradient(total, tensors)):
        assert gradient is None or np.isfinite(tf.convert_to_tensor(gradient).numpy()).all(), f"gradient {i}"


def assert_one_trace(function: Callable[..., Any], *calls: tuple[Any, ...], atol: float = 1e-5) -> None:
    """One trace, whose axes are all open, answers every call as an eager one does."""
    specs = [tf.TensorSpec([None] * np.ndim(a), tf.float32) for a in calls[0]]
    traced = tf.function(function, input_signature=specs)
    for call in calls:
        arrays = [np.asarray(a, np.float32) for a in call]
        np.testing.assert_allclose(traced(*arrays), function(*arrays), atol=atol, rtol=1e-5)
    assert traced.experimental_get_tracing_count() == 1
