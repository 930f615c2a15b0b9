"""The portable form of a traced function: no Fourier transforms, complex numbers, variables or open shapes.

Nothing is known of graphs here. The function is frozen, and told again operation by operation (`retelling`); what
a runtime lacks is told in other words: a complex number by its parts (`complexes`) and transforms by products
of matrices (`dft`), a float64 by two float32 (`doubles`), a word of 32 bits by a signed one (`words`).
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2  # no public name

from ddspgraph.backends.portable.complex_ops import ComplexOps
from ddspgraph.backends.portable.double_ops import DoubleOps
from ddspgraph.backends.portable.long_ops import LongOps
from ddspgraph.backends.portable.retelling import NotPortable, Numbers, Retelling
from ddspgraph.backends.portable.word_ops import WordOps

__all__ = ["NotPortable", "portable"]

#: The numbers that a runtime lacks.
_LACKING: dict[str, tuple[type[Numbers], ...]] = {
    "onnx": (ComplexOps, LongOps),
    "litert": (ComplexOps, DoubleOps, WordOps, LongOps),
}


def portable(function: Any, target: str) -> Any:
    """The same function for another runtime.

    Args:
      function: a concrete function of named tensors of known shapes, which gives a dict of tensors. It is best
        traced within `dsp.static_shapes()`.
      target: "litert" or "onnx".

    Returns:
      a concrete function of the same arguments and results, with its variables as constants.

    Raises:
      NotPortable: an operation that has no other words.
    """
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True)
    specs: list[tf.TensorSpec] = tf.nest.flatten(function.structured_input_signature)
    results = sorted(function.structured_outputs)

    def told(**given: tf.Tensor) -> dict[str, tf.Tensor]:
        retelling = Retelling([kind() for kind in _LACKING[target]])
        values = {f"{name}:0": x for name, x in given.items()}
        found = retelling.run(frozen.graph, values, frozen.outputs)
        return {name: tf.identity(retelling.tensor(x), name) for name, x in zip(results, found, strict=True)}

    return tf.function(told, autograph=False).get_concrete_function(**{spec.name: spec for spec in specs})
