"""Lists of tensors, which loops fill, as one tensor of all their elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ddspgraph.backends.portable.retelling import NotPortable, Numbers, Retelling, Value


class ListOps(Numbers):
    """Elements are alike, and a list keeps its length: as of a `tf.TensorArray` that a loop over time fills."""

    dtype = tf.variant

    def tell(self, retelling: Retelling, op: tf.Operation, inputs: Sequence[Value]) -> Sequence[Value]:
        if op.type in ("TensorListFromTensor", "TensorListStack"):
            return [retelling.tensor(inputs[0])]
        if op.type == "TensorListReserve":
            shape, n = inputs
            if not isinstance(shape, np.ndarray) or not isinstance(n, np.ndarray) or np.any(shape < 0):
                raise NotPortable(op.type, op.name)
            return [tf.zeros([int(n), *map(int, np.atleast_1d(shape))], op.get_attr("element_dtype"))]
        if op.type == "TensorListGetItem":
            return [tf.gather(inputs[0], inputs[1])]
        if op.type == "TensorListSetItem":
            elements, i, item = inputs
            return [tf.tensor_scatter_nd_update(elements, [[i]], [retelling.tensor(item)])]
        raise NotPortable(op.type, op.name)
