"""Int64 is in every runtime, but not its bits: a mask of low bits is a remainder, a shift to the right a quotient.

Nor is the quotient itself: LiteRT has none, and tf2onnx writes one that rounds towards 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ddspgraph.backends.portable.retelling import NotPortable, Numbers, Retelling, Value

#: What remains of 64 bits is then 48 at most.
_SMALLEST_SHIFT = 16


class LongOps(Numbers):
    dtype = tf.int64

    def tell(self, retelling: Retelling, op: tf.Operation, inputs: Sequence[Value]) -> Sequence[Value]:
        if op.type not in ("BitwiseAnd", "FloorDiv", "RightShift"):
            return retelling.copy(op, inputs)
        if op.type == "FloorDiv" and isinstance(inputs[0], np.ndarray):
            raise NotPortable(op.type, op.name)
        x, constant = inputs if isinstance(inputs[1], np.ndarray) else reversed(inputs)
        if not isinstance(constant, np.ndarray) or constant.size != 1:
            raise NotPortable(op.type, op.name)
        number = int(constant.item())
        if op.type == "BitwiseAnd":
            if number & (number + 1):
                raise NotPortable(op.type, op.name)
            return [tf.math.floormod(x, tf.constant(number + 1, tf.int64))]
        if op.type == "FloorDiv":
            return [_quotient(x, number)]
        if number < _SMALLEST_SHIFT:
            raise NotPortable(op.type, op.name)
        return [_quotient(x, 1 << number)]


def _quotient(x: tf.Tensor, number: int) -> tf.Tensor:
    """x // number by float32: without the remainder, up to 48 bits are left, which two such numbers hold."""
    divisor = tf.constant(number, tf.int64)
    whole = x - tf.math.floormod(x, divisor)
    high = tf.cast(tf.cast(whole, tf.float32) * (1.0 / number), tf.int64)
    low = tf.cast(whole - high * divisor, tf.float32) * (1.0 / number)
    return high + tf.cast(tf.round(low), tf.int64)
