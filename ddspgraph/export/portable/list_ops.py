"""Lists of tensors, which loops fill, as one tensor of all their elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ddspgraph.export.portable.retelling import Empty, NotPortable, Numbers, Retelling, Value


class ListOps(Numbers):
    """Elements are alike, and a list keeps its length: as of a `tf.TensorArray` that a loop over time fills."""

    dtype = tf.variant

    def tell(self, retelling: Retelling, op: tf.Operation, inputs: Sequence[Value]) -> Sequence[Value]:
        if op.type in ("TensorListFromTensor", "TensorListStack"):
            return [retelling.tensor(inputs[0])]
        if op.type == "TensorListReserve":
            shape, n = inputs
            if not isinstance(shape, np.ndarray):
                raise NotPortable(op.type, op.name)
            return [Empty(int(n) if isinstance(n, np.ndarray) else n)]
        if op.type == "TensorListGetItem":
            return [tf.gather(inputs[0], inputs[1])]
        if op.type == "TensorListSetItem":
            elements, i, item = inputs[0], inputs[1], retelling.tensor(inputs[2])
            if isinstance(elements, Empty):
                if not item.shape.is_fully_defined():
                    raise NotPortable(f"{op.type} of elements of an open length", op.name)
                elements = tf.zeros([elements.length, *item.shape], item.dtype)
            return [tf.tensor_scatter_nd_update(elements, [[i]], [item])]
        raise NotPortable(op.type, op.name)
