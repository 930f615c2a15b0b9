"""Int64 is in every runtime, but not its bits: a mask of low bits is a remainder, a shift to the right a quotient."""

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
        if op.type not in ("BitwiseAnd", "RightShift"):
            return retelling.copy(op, inputs)
        x, constant = inputs if isinstance(inputs[1], np.ndarray) else reversed(inputs)
        if not isinstance(constant, np.ndarray) or constant.size != 1:
            raise NotPortable(op.type, op.name)
        number = int(constant.item())
        if op.type == "BitwiseAnd":
            if number & (number + 1):
                raise NotPortable(op.type, op.name)
            return [tf.math.floormod(x, tf.constant(number + 1, tf.int64))]
        if number < _SMALLEST_SHIFT:
            raise NotPortable(op.type, op.name)
        return [_quotient(x, 1 << number)]


def _quotient(x: tf.Tensor, power: int) -> tf.Tensor:
    """x // power by float32: without the remainder, 48 bits are left, which two such numbers hold."""
    whole = x - tf.math.floormod(x, tf.constant(power, tf.int64))
    high = tf.cast(tf.cast(whole, tf.float32) * (1.0 / power), tf.int64)
    low = tf.cast(whole - high * tf.constant(power, tf.int64), tf.float32) * (1.0 / power)
    return high + tf.cast(low, tf.int64)
