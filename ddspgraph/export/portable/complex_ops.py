"""Complex numbers by their real and imaginary parts, and the transforms that make them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.export.portable import dft
from ddspgraph.export.portable.pairs import PART_BY_PART, PairOps
from ddspgraph.export.portable.retelling import NotPortable, Pair, Retelling


def _cast(retelling: Retelling, op: tf.Operation, inputs: list[Any]) -> Any:
    if op.outputs[0].dtype != tf.complex64:
        return tf.cast(inputs[0][0], op.outputs[0].dtype)
    if op.inputs[0].dtype == tf.float64 and tf.float64 in retelling.numbers:
        raise NotPortable(op.type, op.name)
    real = tf.cast(retelling.tensor(inputs[0]), tf.float32)
    return real, tf.zeros_like(real)


def _product(a: Pair, b: Pair) -> Pair:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _quotient(a: Pair, b: Pair) -> Pair:
    real, imaginary = _product(a, (b[0], -b[1]))
    size = b[0] * b[0] + b[1] * b[1]
    return real / size, imaginary / size


def _zeros(_: Retelling, __: tf.Operation, inputs: list[Any]) -> Pair:
    return tf.zeros_like(inputs[0][0]), tf.zeros_like(inputs[0][0])


class ComplexOps(PairOps):
    dtype = tf.complex64
    by_part = PART_BY_PART | {"Add", "AddN", "AddV2", "Cumsum", "Neg", "Sub", "Sum", "Mean"}
    told = {
        "Cast": _cast,
        "Complex": lambda r, op, x: tuple(r.tensor(part) for part in x),
        "Real": lambda r, op, x: x[0][0],
        "Imag": lambda r, op, x: x[0][1],
        "Conj": lambda r, op, x: (x[0][0], -x[0][1]),
        "ComplexAbs": lambda r, op, x: tf.sqrt(x[0][0] * x[0][0] + x[0][1] * x[0][1]),
        "Angle": lambda r, op, x: tf.atan2(x[0][1], x[0][0]),
        "Mul": lambda r, op, x: _product(*x),
        "RealDiv": lambda r, op, x: _quotient(*x),
        "Square": lambda r, op, x: _product(x[0], x[0]),
        "ZerosLike": _zeros,
        "RFFT": lambda r, op, x: dft.rfft(r.tensor(x[0]), _length(op, x[1])),
        "IRFFT": lambda r, op, x: dft.irfft(x[0], _length(op, x[1])),
        "FFT": lambda r, op, x: dft.dft(x[0]),
        "IFFT": lambda r, op, x: _inverse(x[0]),
    }

    def halves(self, constant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return constant.real, constant.imag


def _length(op: tf.Operation, value: Any) -> int:
    if not isinstance(value, np.ndarray):
        raise NotPortable(op.type, op.name)
    return int(value[0])


def _inverse(x: Pair) -> Pair:
    real, imaginary = dft.dft((x[0], -x[1]))
    n: Any = x[0].shape[-1]
    scale = 1.0 / n
    return scale * real, -scale * imaginary
