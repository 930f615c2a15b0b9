"""The portable form of a traced function: no Fourier transforms, complex numbers, variables or open shapes.

Nothing is known of graphs here. The function is frozen, and told again operation by operation (`retelling`); what
a runtime lacks is told in other words: a complex number by its parts (`complexes`) and transforms by products
of matrices (`dft`), a float64 by two float32 (`doubles`), a word of 32 bits by a signed one (`words`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2  # no public name

from ddspgraph.export.portable.complex_ops import ComplexOps
from ddspgraph.export.portable.double_ops import DoubleOps
from ddspgraph.export.portable.list_ops import ListOps
from ddspgraph.export.portable.long_ops import LongOps
from ddspgraph.export.portable.pairs import PairOps
from ddspgraph.export.portable.recurrent_node import stand_in
from ddspgraph.export.portable.retelling import NotPortable, Numbers, Retelling
from ddspgraph.export.portable.word_ops import WordOps

__all__ = ["NotPortable", "portable", "portable_array"]

#: What a runtime lacks.
_LACKING: dict[str, tuple[type[Numbers], ...]] = {
    "onnx": (ComplexOps, LongOps, ListOps),
    "litert": (ComplexOps, DoubleOps, WordOps, LongOps, ListOps),
}
#: By target, functions that the runtime has as a whole.
_WHOLE = {"onnx": stand_in}


def portable(function: Any, target: str) -> Any:
    """The same function for another runtime.

    Args:
      function: a concrete function of named tensors of known shapes, which gives a dict of tensors. It is best
        traced within `dsp.static_shapes()`.
      target: "litert" or "onnx".

    Returns:
      a concrete function of the same arguments and results, with its variables as constants. Arguments and results
      of a type that is lacking are those that `portable_array` gives.

    Raises:
      NotPortable: an operation that has no other words.
    """
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=False)
    specs: dict[str, tf.TensorSpec] = function.structured_input_signature[1]  # the specs' own names are in lower case
    crossing = {kind.dtype: kind() for kind in _crossing(target)}
    names = sorted(function.structured_outputs)

    def told(**given: tf.Tensor) -> dict[str, tf.Tensor]:
        retelling = Retelling([kind() for kind in _LACKING[target]], _WHOLE.get(target))
        values: dict[str, Any] = {}
        for argument, spec in specs.items():
            x = given[argument]
            values[f"{argument}:0"] = crossing[spec.dtype].taken(x) if spec.dtype in crossing else x
        found = retelling.run(frozen.graph, values, frozen.outputs)
        results = {}
        for name, tensor, x in zip(names, frozen.outputs, found, strict=True):
            kind = crossing.get(tensor.dtype)
            results[name] = retelling.tensor(x) if kind is None else kind.given(x)
        return {name: tf.identity(x, name) for name, x in results.items()}

    taken = {
        argument: tf.TensorSpec([*spec.shape, 2], crossing[spec.dtype].outside, argument)
        if spec.dtype in crossing
        else spec
        for argument, spec in specs.items()
    }
    return tf.function(told, autograph=False).get_concrete_function(**taken)


def portable_array(x: np.ndarray, target: str) -> np.ndarray:
    """What stands for an array in another runtime.

    Args:
      x: of any type.
      target: "litert" or "onnx".

    Returns:
      x itself, or of numbers that do not pass two in a last axis: of complex numbers the real and the imaginary
      part, of float64 a float32 and the rest, of int64 its words of 32 bits, the low one first.
    """
    for kind in _crossing(target):
        if kind.dtype == tf.as_dtype(x.dtype):
            return np.stack(kind().halves(x), axis=-1).astype(kind.outside.as_numpy_dtype)
    return x


def _crossing(target: str) -> list[type[PairOps | LongOps]]:
    """The numbers that go in and out as two others. LiteRT computes with int64, but callers cannot write it."""
    kinds = [kind for kind in _LACKING[target] if issubclass(kind, PairOps)]
    return [*kinds, LongOps] if target == "litert" else [*kinds]
