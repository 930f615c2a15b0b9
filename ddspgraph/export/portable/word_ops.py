"""Words of 32 bits by signed integers: sums and products wrap alike, and shifts lose the sign that they draw in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.export.portable.division import DIVISIONS, divided
from ddspgraph.export.portable.pairs import PART_BY_PART
from ddspgraph.export.portable.retelling import NotPortable, Numbers, Retelling, Value

_ALIKE = PART_BY_PART | {"Add", "AddV2", "BitwiseXor", "Mul", "Neg", "Sub", "Sum"}
_SPAN = 2.0**32


class WordOps(Numbers):
    dtype = tf.uint32

    def parts(self, value: Value) -> tuple[tf.Tensor]:
        return (tf.constant(value.view(np.int32)) if isinstance(value, np.ndarray) else value,)

    def tell(self, retelling: Retelling, op: tf.Operation, inputs: Sequence[Value]) -> Sequence[Value]:
        known = [self.parts(x)[0] if t.dtype == self.dtype else x for t, x in zip(op.inputs, inputs, strict=True)]
        if op.type == "Cast":
            return [_cast(retelling, op, known[0])]
        if op.type == "RightShift":
            return [_right_shift(op, known[0], inputs[1])]
        if op.type in DIVISIONS:
            wide = [tf.math.floormod(tf.cast(x, tf.int64), tf.constant(1 << 32, tf.int64)) for x in known]
            return [tf.cast(divided(op.type, *wide), tf.int32)]
        if op.type not in _ALIKE:
            raise NotPortable(op.type, op.name)
        return retelling.copy(op, known, {self.dtype: tf.int32})


def _cast(retelling: Retelling, op: tf.Operation, x: Any) -> tf.Tensor:
    source, wanted = op.inputs[0].dtype, op.outputs[0].dtype
    if wanted == tf.uint32 and source in (tf.int32, tf.int64):
        return tf.cast(retelling.tensor(x), tf.int32)
    if wanted == tf.float32:
        unsigned = tf.cast(x, tf.float32)
        return tf.where(x < 0, unsigned + _SPAN, unsigned)
    raise NotPortable(op.type, op.name)


def _right_shift(op: tf.Operation, x: tf.Tensor, bits: Any) -> tf.Tensor:
    if not isinstance(bits, np.ndarray):
        raise NotPortable(op.type, op.name)
    n = int(bits)
    # x >> 31 is -1 where the sign is set: times this it is the ones that the shift drew in.
    ones = -(np.int64(-1) << (32 - n)) if n else 0
    drawn_in = tf.bitwise.right_shift(x, 31) * tf.constant(int(ones), tf.int32)
    return tf.bitwise.bitwise_xor(tf.bitwise.right_shift(x, n), drawn_in)
