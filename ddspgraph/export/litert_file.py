"""A fixed function as a LiteRT model (`.tflite`) of builtin operators alone: no interpreter in the wheels runs Flex."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from ddspgraph.export.fixed import Fixed
from ddspgraph.export.portable import portable
from ddspgraph.export.quiet import quiet
from ddspgraph.export.targets import conversion_failed

_SIGNATURE = "serving_default"


def write_litert(model: Fixed, path: Path) -> None:
    """Writes a model with one signature of named tensors. Raises GraphError E416."""
    try:
        path.write_bytes(litert_model(model.function))
    except OSError:
        raise
    except Exception as error:  # NotPortable, and the converter's own classes, which are not public
        raise conversion_failed(model.graph, "litert", str(error), is_open=model.is_open) from None


def litert_model(function: Any) -> bytes:
    """The model of a concrete function of named tensors."""
    # Only a SavedModel gives the model a signature, by whose names a caller can tell the tensors.
    with tempfile.TemporaryDirectory() as folder, quiet():
        tf.saved_model.save(tf.Module(), folder, signatures={_SIGNATURE: portable(function, "litert")})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[_SIGNATURE])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return converter.convert()
