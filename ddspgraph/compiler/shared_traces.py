"""Kernels of nodes alike are traced once: one function in the graph, and one call of it for each node.

TensorFlow's first call of a graph costs a part of a millisecond for every operation in it: tracing, then several
optimisers, then a kernel for each. A call of a function costs one operation as long as TensorFlow keeps the function
whole. Three things keep it so. The function is marked `_noinline`. It holds nothing but a call of what was traced,
since the optimisers copy a function's body at every call before they see the mark. And constants reach it through an
operation that TensorFlow does not fold: otherwise it makes a copy of the function for each constant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.dsp.numerics import needs_static_shapes
from ddspgraph.ir.graph import Node, Ref
from ddspgraph.ir.op import Traits

#: So many nodes alike share a trace: fewer gain too little for another function in the graph.
_LEAST_NODES = 4
#: Kernels of fewer operations are traced where they stand: a call costs about as much as some ten of them.
_LEAST_OPERATIONS = 40

Tensors = Mapping[str, Any]


class SharedTraces:
    """The traces that the nodes of one graph under construction share.

    Where somebody needs shapes that no value decides, as an export to another runtime does, nothing is shared: its
    graph stays flat.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        nodes = tuple(nodes)
        is_flat = tf.executing_eagerly() or needs_static_shapes()
        counts = Counter(node.op for node in nodes) if not is_flat else {}
        self._ops = {op for op, count in counts.items() if count >= _LEAST_NODES}
        self._fixed: set[Ref] = set()  # what TensorFlow may fold to constants
        for node in nodes:
            if Traits.PURE in node.op.traits and all(ref in self._fixed for _, ref in node.inputs):
                self._fixed.update(node.refs)
        self._functions: dict[Hashable, Callable[..., Any] | None] = {}

    def __call__(
        self,
        node: Node,
        compute: Callable[[dict[str, Any], dict[str, Any]], Any],
        inputs: Tensors,
        own: Mapping[str, Any],
        how: Hashable = None,
    ) -> Any:
        """`compute(inputs, own)`, by the trace of an earlier node where there is one for these types.

        Args:
          node: whose kernel runs.
          compute: depends on the node by its op, its two arguments and `how` alone.
          inputs: tensors by port.
          own: what else differs between nodes: tensors, variables, integers, arrays of them; also in nested mappings.
          how: what else decides what is traced.
        """
        if node.op not in self._ops:
            return compute(dict(inputs), dict(own))
        refs = dict(node.inputs)
        given = {
            "inputs": {port: _unfolded(x) if refs[port] in self._fixed else x for port, x in inputs.items()},
            "own": tf.nest.map_structure(_as_tensor, dict(own)),
        }
        flat = tf.nest.flatten(given)
        specs = [tf.TensorSpec(x.shape, x.dtype) for x in flat]
        key = (node.op, how, tuple(inputs), *((str(s.shape), s.dtype) for s in specs))
        if key not in self._functions:
            self._functions[key] = _traced(compute, given, specs)
        function = self._functions[key]
        return compute(dict(inputs), dict(own)) if function is None else function(*flat)


def _traced(
    compute: Callable[[dict[str, Any], dict[str, Any]], Any], given: dict[str, Any], specs: list[tf.TensorSpec]
) -> Callable[..., Any] | None:
    """A function of flat tensors that TensorFlow keeps whole; None where it is too small to gain by that."""

    def kernel(*flat: tf.Tensor) -> Any:
        return compute(**tf.nest.pack_sequence_as(given, flat))

    body = tf.function(kernel, autograph=False)
    if len(body.get_concrete_function(*specs).graph.get_operations()) < _LEAST_OPERATIONS:
        return None
    whole = tf.function(lambda *flat: body(*flat), autograph=False, experimental_attributes={"_noinline": True})
    return whole.get_concrete_function(*specs)


def _as_tensor(x: Any) -> tf.Tensor:
    return _unfolded(tf.constant(x, tf.int64)) if isinstance(x, (int, np.ndarray)) else tf.convert_to_tensor(x)


def _unfolded(x: tf.Tensor) -> tf.Tensor:
    """The same, by an operation that TensorFlow never folds to a constant."""
    return tf.raw_ops.PlaceholderWithDefault(input=x, shape=x.shape)
