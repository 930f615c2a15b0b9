"""A fixed function as an ONNX model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.export.fixed import Fixed
from ddspgraph.export.portable import portable
from ddspgraph.export.portable.recurrent_node import STAND_IN, write_node
from ddspgraph.export.quiet import quiet
from ddspgraph.export.targets import conversion_failed

#: The newest of ONNX's operator sets that tf2onnx 1.17 writes.
_OPSET = 18
_UNUSED = "unused"
#: ONNX's numbers of its types float, float16 and double.
_FRACTIONS = (1, 10, 11)


def write_onnx(model: Fixed, path: Path) -> None:
    """Writes a model of named tensors, in order. Raises GraphError E416."""
    try:
        converted = onnx_model(model.function, model.graph.name)
    except Exception as error:  # NotPortable, and whatever the rewriters of tf2onnx meet
        raise conversion_failed(model.graph, "onnx", str(error), is_open=model.is_open) from None
    path.write_bytes(converted.SerializeToString())


def onnx_model(function: Any, name: str) -> Any:
    """The ModelProto of a concrete function of named tensors. Raises ValueError for what has no operator."""
    with quiet():
        import tf2onnx
        from onnx import defs

        function = portable(function, "onnx")
        if not function.inputs:  # tf2onnx wants one
            with function.graph.as_default():
                tf.compat.v1.placeholder(tf.float32, [], _UNUSED)
        given = {x.name: x.name.split(":")[0] for x in function.inputs}
        made = {x.name: name for name, x in function.structured_outputs.items()}
        converted, _ = tf2onnx.convert.from_graph_def(
            _with_whole_loops(function.graph.as_graph_def()),
            name,
            input_names=list(given) or [f"{_UNUSED}:0"],
            output_names=list(made),
            opset=_OPSET,
            custom_op_handlers={"FloorMod": (_remainder, []), STAND_IN: (write_node, [])},
        )
        # What tf2onnx cannot convert it leaves as it was, without an exception.
        left = [n for n in converted.graph.node if n.domain in ("", "ai.onnx") and not defs.has(n.op_type)]
    if left:
        raise ValueError("no ONNX operator for " + ", ".join(f"{n.name} ({n.op_type})" for n in left[:8]))
    if not given:
        del converted.graph.input[:]
    _rename(converted.graph, given | made)
    return converted


def _with_whole_loops(definition: Any) -> Any:
    """With loops that stay functions: the optimiser moves what is the same in all turns, and tf2onnx then loses it."""
    for node in (*definition.node, *(node for f in definition.library.function for node in f.node_def)):
        if node.op in ("While", "StatelessWhile"):
            node.attr["_lower_using_switch_merge"].b = False
    return definition


def _remainder(ctx: Any, node: Any, _: str, __: Any) -> None:
    """A remainder with the sign of the divisor: tf2onnx would write x - (x / y) y, which rounds towards 0."""
    (x, y), outputs, shapes, dtypes = node.input, node.output, node.output_shapes, node.output_dtypes
    is_fraction = dtypes[0] in _FRACTIONS
    ctx.remove_node(node.name)
    if not is_fraction:
        ctx.make_node("Mod", [x, y], name=node.name, outputs=outputs, shapes=shapes, dtypes=dtypes)
        return
    # Of fractions ONNX has the one with the sign of the dividend, and exact.

    def make(op_type: str, *inputs: str, **attributes: int) -> str:
        return ctx.make_node(op_type, list(inputs), attr=attributes, op_name_scope=node.name).output[0]

    rest = make("Mod", x, y, fmod=1)
    is_other_side = make("And", make("Not", make("Equal", rest, _zero(ctx, dtypes[0]))), make("Xor", *(
        make("Less", value, _zero(ctx, dtypes[0])) for value in (rest, y)
    )))  # fmt: skip
    taken = [is_other_side, make("Add", rest, y), rest]
    ctx.make_node("Where", taken, name=node.name, outputs=outputs, shapes=shapes, dtypes=dtypes)


def _zero(ctx: Any, onnx_type: int) -> str:
    from tf2onnx.utils import make_name, map_onnx_to_numpy_type

    return ctx.make_const(make_name("zero"), np.zeros([], map_onnx_to_numpy_type(onnx_type))).output[0]


def _rename(graph: Any, names: Mapping[str, str]) -> None:
    """Gives the arguments and results of an ONNX graph their names, in it and in the bodies of its loops."""
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g, names)
