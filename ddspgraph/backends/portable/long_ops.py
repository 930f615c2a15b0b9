"""Int64 is in every runtime, but not its bits: a mask of low bits is a remainder, a shift to the right a quotient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ddspgraph.backends.portable.division import divided
from ddspgraph.backends.portable.retelling import NotPortable, Numbers, Retelling, Value


class LongOps(Numbers):
    dtype = tf.int64

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
