"""A fixed function as an ONNX model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from ddspgraph.backends.fixed import Fixed
from ddspgraph.backends.portable import portable
from ddspgraph.backends.quiet import quiet
from ddspgraph.backends.targets import conversion_failed

#: The newest of ONNX's operator sets that tf2onnx 1.17 writes.
_OPSET = 18
_UNUSED = "unused"


def write_onnx(model: Fixed, path: Path) -> None:
    """Writes a model of named tensors, in order. Raises GraphError E416."""
    with quiet():
        import tf2onnx
        from onnx import defs

        try:
            function = portable(model.function, "onnx")
            if not function.inputs:  # tf2onnx wants one
                with function.graph.as_default():
                    tf.compat.v1.placeholder(tf.float32, [], _UNUSED)
            given = {x.name: x.name.split(":")[0] for x in function.inputs}
            made = {x.name: name for name, x in function.structured_outputs.items()}
            converted, _ = tf2onnx.convert.from_graph_def(
                function.graph.as_graph_def(),
                model.graph.name,
                input_names=list(given) or [f"{_UNUSED}:0"],
                output_names=list(made),
                opset=_OPSET,
            )
        except Exception as error:  # NotPortable, and whatever the rewriters of tf2onnx meet
            raise conversion_failed(model.graph, "onnx", str(error)) from None
        # What tf2onnx cannot convert it leaves as it was, without an exception.
        left = [n for n in converted.graph.node if n.domain in ("", "ai.onnx") and not defs.has(n.op_type)]
    if left:
        said = ", ".join(f"{n.name} ({n.op_type})" for n in left[:8])
        raise conversion_failed(model.graph, "onnx", f"no ONNX operator for {said}")
    if not given:
        del converted.graph.input[:]
    _rename(converted.graph, given | made)
    path.write_bytes(converted.SerializeToString())


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
