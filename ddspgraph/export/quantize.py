"""Trained weights of a portable model in 16 or 8 bits: what is computed and carried stays in float32.

A constant is a trained weight where it holds the numbers of a variable, in whatever order. So matrices of Fourier
transforms, filters, phases and states are left alone. With "int8" layers are products of integers, whose inputs are
quantized as they come; what recurs, and convolutions of ONNX, have weights in float16, as all have with "fp16".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ddspgraph.export.quiet import quiet
from ddspgraph.export.targets import Precision, Target

#: Fewer numbers are not worth it.
_FEWEST = 256
_RECURRENT = ("GRU", "LSTM")


def quantize(target: Target, path: Path, variables: Iterable[Any], precision: Precision) -> None:
    """Quantizes a model file in its place."""
    known = {_key(v.numpy()) for v in variables if v.dtype.base_dtype.name == "float32"}
    with quiet():
        {"litert": _litert, "onnx": _onnx}[target](path, known, precision)


def _key(x: np.ndarray) -> bytes:
    """The same of arrays of the same numbers in another order: converters transpose, and reorder gates."""
    return np.sort(np.asarray(x, np.float32).ravel()).tobytes()


def _onnx(path: Path, known: set[bytes], precision: Precision) -> None:
    import onnx
    from onnx import helper, numpy_helper
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(path)
    graph = model.graph
    constants = {c.name: c for c in graph.initializer if c.data_type == onnx.TensorProto.FLOAT}
    products, halves = [], []
    for node in graph.node:
        weights = node.input[1 : 3 if node.op_type in _RECURRENT else 2]
        for name in weights if node.op_type in (*_RECURRENT, "MatMul", "Gemm", "Conv") else ():
            x = numpy_helper.to_array(constants[name]) if name in constants else np.zeros(0, np.float32)
            if x.size < _FEWEST or not (node.op_type in _RECURRENT or _key(x) in known):
                continue
            if precision == "int8" and node.op_type == "MatMul":
                products.append(node.name)
            elif name not in halves:
                halves.append(name)
    for name in halves:
        half = numpy_helper.to_array(constants[name]).astype(np.float16)
        constants[name].CopyFrom(numpy_helper.from_array(half, f"{name}_fp16"))
        graph.node.insert(0, helper.make_node("Cast", [f"{name}_fp16"], [name], to=onnx.TensorProto.FLOAT))
    if products:
        # 7 of 8 bits: products of 8 saturate on processors without VNNI.
        options: dict[str, Any] = {"per_channel": True, "reduce_range": True, "weight_type": QuantType.QInt8}
        quantize_dynamic(model, path, ["MatMul"], nodes_to_quantize=products, **options)
    else:
        onnx.save(model, path)


def _litert(path: Path, known: set[bytes], precision: Precision) -> None:
    from ai_edge_quantizer import quantizer, recipe_manager
    from ai_edge_quantizer.algorithm_manager import AlgorithmName
    from ai_edge_quantizer.qtyping import TFLOperationName

    recipe, content = recipe_manager.RecipeManager(), path.read_bytes()
    for kind, scope, recurs in _layers(content, known):
        operation, scope = TFLOperationName(kind), f"^{re.escape(scope)};"
        if precision == "fp16" or recurs:
            recipe.add_weight_only_config(scope, operation, 16, algorithm_key=AlgorithmName.FLOAT_CASTING)
        else:
            recipe.add_dynamic_config(scope, operation, 8)
    wanted = recipe.get_quantization_recipe()
    if wanted:
        made = quantizer.Quantizer(content, wanted).quantize(enable_progress_report=False).quantized_model
        path.write_bytes(bytes(made))


def _layers(content: bytes, known: set[bytes]) -> Iterator[tuple[str, str, bool]]:
    """Of each operation with trained weights: its kind, its scope as the quantizer knows it, and whether it recurs."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    for number, graph in enumerate(model.subgraphs):
        for op in graph.operators:
            kind = flatbuffer_utils.opcode_to_name(model, op.opcodeIndex)
            if kind not in ("FULLY_CONNECTED", "CONV_2D"):
                continue
            raw = model.buffers[graph.tensors[op.inputs[1]].buffer].data
            x = np.zeros(0, np.float32) if raw is None else np.frombuffer(bytes(raw), np.float32)
            if x.size >= _FEWEST and _key(x) in known:
                yield kind, ";".join(graph.tensors[i].name.decode() for i in op.outputs), number > 0
