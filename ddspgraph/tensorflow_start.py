"""TensorFlow without Keras: what Keras imports and tries takes 40 % of the processor time of `import tensorflow`."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any

#: With it TensorFlow imports `tf_keras` in Keras' place, or nothing where that is not installed.
_LEGACY = "TF_USE_LEGACY_KERAS"


def load_tensorflow() -> Any:
    """`import tensorflow`; `tf.keras` and `import keras` load Keras 3 on first use, as they always do.

    The import is a plain one where Keras is there already, or where the user has chosen a Keras by the variable or by
    installing `tf_keras`.
    """
    is_plain = {"tensorflow", "keras"} & set(sys.modules) or _LEGACY in os.environ
    if is_plain or importlib.util.find_spec("tf_keras") is not None:
        import tensorflow as tf

        return tf
    os.environ[_LEGACY] = "1"
    try:
        import tensorflow as tf
    finally:
        del os.environ[_LEGACY]  # read again when Keras is used
    return tf
