"""A fixed function as a LiteRT model (`.tflite`) of builtin operators alone: no interpreter in the wheels runs Flex."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from ddspgraph.backends.fixed import Fixed
from ddspgraph.backends.portable import portable
from ddspgraph.backends.quiet import quiet
from ddspgraph.backends.targets import conversion_failed

_SIGNATURE = "serving_default"


def write_litert(model: Fixed, path: Path) -> None:
    """Writes a model with one signature of named tensors. Raises GraphError E416."""
    function = portable(model.function, "litert")

    def call(**given: tf.Tensor) -> dict[str, tf.Tensor]:
        results = function(*(given[t.tensor] for t in model.inputs))
        return {t.tensor: x for t, x in zip(model.outputs, results, strict=True)}

    specs = {t.tensor: tf.TensorSpec(t.shape, t.dtype, t.tensor) for t in model.inputs}
    named = tf.function(call, autograph=False).get_concrete_function(**specs)
    path.write_bytes(_convert(model, named))


def _convert(model: Fixed, named: Any) -> bytes:
    # Only a SavedModel gives the model a signature, by whose names a caller can tell the tensors.
    with tempfile.TemporaryDirectory() as folder, quiet():
        tf.saved_model.save(tf.Module(), folder, signatures={_SIGNATURE: named})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[_SIGNATURE])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return converter.convert()
        except Exception as error:  # its own class of errors is not public
            raise conversion_failed(model.graph, "litert", str(error)) from None
