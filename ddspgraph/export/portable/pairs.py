"""Numbers that two float32 tensors stand for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from ddspgraph.export.portable.retelling import NotPortable, Numbers, Pair, Retelling, Value

#: They move numbers, or treat both parts alike.
PART_BY_PART = {
    "BroadcastTo", "ConcatV2", "ExpandDims", "Fill", "Gather", "GatherNd", "GatherV2", "Pack", "Pad", "Reshape",
    "ReverseV2", "Roll", "Select", "SelectV2", "Slice", "Split", "SplitV", "Squeeze", "StridedSlice", "Tile",
    "Transpose", "Unpack",
}  # fmt: skip


class PairOps(Numbers):
    """Attributes:
    told: what becomes of an operation, by its type, beside those of `by_part`.
    outside: the type of the two numbers that stand for an argument or result, in a last axis.
    """

    n_parts = 2
    outside = tf.float32
    told: ClassVar[dict[str, Callable[..., Any]]]
    by_part: ClassVar[set[str]] = PART_BY_PART

    @abstractmethod
    def halves(self, constant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What two float32 arrays stand for a constant."""

    def taken(self, x: tf.Tensor) -> Value:
        """An argument, from its two numbers [..., 2]."""
        return tuple(tf.unstack(x, axis=-1))

    def given(self, value: Value) -> tf.Tensor:
        """A result as two numbers [..., 2]."""
        return tf.stack(self.parts(value), axis=-1)

    def parts(self, value: Value) -> Pair:
        if not isinstance(value, np.ndarray):
            return value
        first, second = self.halves(value)
        return tf.constant(first, tf.float32), tf.constant(second, tf.float32)

    def tell(self, retelling: Retelling, op: tf.Operation, inputs: Sequence[Value]) -> Sequence[Value]:
        known = [self.parts(x) if t.dtype == self.dtype else x for t, x in zip(op.inputs, inputs, strict=True)]
        if op.type in self.told:
            found = self.told[op.type](retelling, op, known)
            return found if isinstance(found, list) else [found]
        if op.type not in self.by_part:
            raise NotPortable(op.type, op.name)
        first, second = (
            retelling.copy(op, [x[i] if isinstance(x, tuple) else x for x in known], {self.dtype: tf.float32})
            for i in (0, 1)
        )
        return list(zip(first, second, strict=True))
