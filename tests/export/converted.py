"""A function of arrays, converted and run in the runtime of a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

Arrays = Mapping[str, np.ndarray]


def both_ways(compute: Callable[..., Mapping[str, Any]], target: str, given: Arrays) -> tuple[Arrays, Arrays]:
    """What TensorFlow and what the runtime makes of named arrays, by name."""
    from ddspgraph.export.litert_file import litert_model
    from ddspgraph.export.onnx_file import onnx_model
    from ddspgraph.export.portable import portable_array

    specs = {name: tf.TensorSpec(x.shape, x.dtype, name) for name, x in given.items()}
    function = tf.function(lambda **x: dict(compute(**x)), autograph=False).get_concrete_function(**specs)
    wanted = {name: y.numpy() for name, y in function(**{n: tf.constant(x) for n, x in given.items()}).items()}
    if target == "litert":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=litert_model(function))
        outside = {name: portable_array(x, target) for name, x in given.items()}
        found = interpreter.get_signature_runner()(**outside)
        return wanted, {name: joined(y) if wanted[name].dtype == np.int64 else y for name, y in found.items()}
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx_model(function, "f").SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return wanted, dict(zip(names, session.run(names, dict(given)), strict=True))


def joined(words: np.ndarray) -> np.ndarray:
    """An int64 of the two int32 by which LiteRT gives it."""
    return np.ascontiguousarray(words, "<i4").view("<i8")[..., 0]
