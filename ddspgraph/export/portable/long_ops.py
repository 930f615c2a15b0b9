"""Int64 is in every runtime, but not its bits: a mask of low bits is a remainder, a shift to the right a quotient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ddspgraph.export.portable.division import divided
from ddspgraph.export.portable.retelling import NotPortable, Numbers, Retelling, Value

_SPAN = 1 << 32


class LongOps(Numbers):
    """Attributes: `outside`: the type of the two numbers that stand for an argument or result where it is crossed."""

    dtype = tf.int64
    outside = tf.int32

    def taken(self, x: tf.Tensor) -> Value:
        """An argument, from its words [..., 2], the low one first."""
        low, high = tf.cast(x[..., 0], tf.int64), tf.cast(x[..., 1], tf.int64)  # type: ignore[index]
        return tf.math.floormod(low, tf.constant(_SPAN, tf.int64)) + high * _SPAN

    def given(self, value: Value) -> tf.Tensor:
        """A result as its words [..., 2]."""
        x, span = tf.convert_to_tensor(value), tf.constant(_SPAN, tf.int64)
        words = tf.math.floormod(x, span), divided("FloorDiv", x, span)
        return tf.stack([tf.cast(word, tf.int32) for word in words], axis=-1)

    def halves(self, constant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        low = (constant % _SPAN).astype(np.uint32)
        return low.view(np.int32), constant // _SPAN

    def tell(self, retelling: Retelling, op: tf.Operation, inputs: Sequence[Value]) -> Sequence[Value]:
        if op.type not in ("BitwiseAnd", "RightShift"):
            return retelling.copy(op, inputs)
        x, constant = inputs if isinstance(inputs[1], np.ndarray) else reversed(inputs)
        if not isinstance(constant, np.ndarray) or constant.size != 1 or (op.type == "RightShift" and x is inputs[1]):
            raise NotPortable(op.type, op.name)
        number = int(constant.item())
        if op.type == "RightShift":
            if not 0 <= number < 63:
                raise NotPortable(op.type, op.name)
            return [divided("FloorDiv", retelling.tensor(x), tf.constant(1 << number, tf.int64))]
        if number < 0 or number == 2**63 - 1 or number & (number + 1):
            raise NotPortable(op.type, op.name)
        return [tf.math.floormod(x, tf.constant(number + 1, tf.int64))]
