"""What the tests of single ops share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.ir.op import Op, Traits


def variables_of(op: Op) -> dict[str, tf.Variable] | None:
    """The variables of a trainable op with their first values."""
    from ddspgraph.ir.call import create_variables

    return create_variables(op, {}, op.name) if Traits.TRAINABLE in op.traits else None


def results_of(op: Op, **inputs: Any) -> dict[str, np.ndarray]:
    """All outputs of a direct call, as arrays."""
    return {name: np.array(value) for name, value in op.signals(**inputs, variables=variables_of(op)).items()}


def assert_finite(op: Op, inputs: Mapping[str, Any]) -> None:
    """T23: all outputs, and the gradients of their sum of squares in all inputs, are finite."""
    tensors = {name: tf.constant(value, tf.float32) for name, value in inputs.items()}
    variables = variables_of(op) or {}
    with tf.GradientTape() as tape:
        tape.watch(list(tensors.values()))
        outputs = op.signals(**tensors, variables=variables or None)
        total = tf.add_n([tf.reduce_sum(value**2) for value in outputs.values()])
    for name, value in outputs.items():
        assert np.isfinite(value.numpy()).all(), f"output {name}"
    for name, gradient in tape.gradient(total, {**tensors, **variables}).items():
        assert gradient is None or np.isfinite(tf.convert_to_tensor(gradient).numpy()).all(), f"gradient in {name}"


def traced(op: Op, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The outputs by one `tf.function` whose batch and time axes are open."""

    def opened(value: np.ndarray) -> tf.TensorSpec:
        return tf.TensorSpec([None if axis < 2 else n for axis, n in enumerate(value.shape)], tf.float32)

    arrays = {name: np.asarray(value, np.float32) for name, value in inputs.items()}
    names = list(arrays)

    @tf.function(input_signature=[opened(a) for a in arrays.values()])
    def function(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return op.signals(**dict(zip(names, tensors, strict=True)))

    return {name: value.numpy() for name, value in function(*arrays.values()).items()}
