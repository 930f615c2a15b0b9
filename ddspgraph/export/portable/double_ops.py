"""Float64 by pairs of float32: which operations there are."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.export.portable import doubles
from ddspgraph.export.portable.pairs import PairOps
from ddspgraph.export.portable.retelling import NotPortable, Pair, Retelling

_MOST_COLUMNS = 16


def _cast(retelling: Retelling, op: tf.Operation, inputs: list[Any]) -> Any:
    source, wanted = op.inputs[0].dtype, op.outputs[0].dtype
    if source == wanted:
        return inputs[0]
    if wanted != tf.float64:
        return _from_pair(inputs[0], wanted, op)
    x = retelling.tensor(inputs[0])
    high = tf.cast(x, tf.float32)
    if not source.is_integer:
        return high, tf.zeros_like(high)
    return high, tf.cast(x - tf.cast(high, source), tf.float32)


def _from_pair(x: Pair, wanted: tf.DType, op: tf.Operation) -> tf.Tensor:
    if wanted == tf.float32:
        return x[0]
    if not wanted.is_integer:
        raise NotPortable(op.type, op.name)
    # Towards zero: of a negative number what is above it.
    below = doubles.floor(x)
    above = doubles.negative(doubles.floor(doubles.negative(x)))
    is_negative = x[0] < 0.0
    high, low = (tf.where(is_negative, a, b) for a, b in zip(above, below, strict=True))
    return tf.cast(high, wanted) + tf.cast(low, wanted)


def _cumsum(_: Retelling, op: tf.Operation, inputs: list[Any]) -> Pair:
    if op.get_attr("reverse"):
        raise NotPortable(op.type, op.name)
    return doubles.cumsum(inputs[0], int(inputs[1]), op.get_attr("exclusive"))


def _sum(_: Retelling, op: tf.Operation, inputs: list[Any]) -> Pair:
    x, axes = inputs[0], sorted(int(axis) % len(inputs[0][0].shape) for axis in np.atleast_1d(inputs[1]))
    for axis in axes:
        x = doubles.total(x, axis)
    return x if op.get_attr("keep_dims") else (tf.squeeze(x[0], axes), tf.squeeze(x[1], axes))


def _floor_mod(_: Retelling, __: tf.Operation, inputs: list[Any]) -> Pair:
    a, b = inputs
    return doubles.subtract(a, doubles.multiply(b, doubles.floor(doubles.divide(a, b))))


def _larger(a: Pair, b: Pair) -> Pair:
    is_less = doubles.is_less(a, b)
    return tf.where(is_less, b[0], a[0]), tf.where(is_less, b[1], a[1])


def _smaller(a: Pair, b: Pair) -> Pair:
    is_less = doubles.is_less(a, b)
    return tf.where(is_less, a[0], b[0]), tf.where(is_less, a[1], b[1])


def _abs(x: Pair) -> Pair:
    sign = tf.sign(x[0])
    return sign * x[0], sign * x[1]


def _matrix_product(_: Retelling, op: tf.Operation, inputs: list[Any]) -> Pair:
    """Of few columns and rows: lines between two frames are such products."""
    a, b = inputs
    if op.get_attr("adj_x"):
        a = tuple(tf.linalg.matrix_transpose(part) for part in a)
    if op.get_attr("adj_y"):
        b = tuple(tf.linalg.matrix_transpose(part) for part in b)
    n: Any = a[0].shape[-1]
    if n > _MOST_COLUMNS:
        raise NotPortable(op.type, op.name)
    columns = zip(*(tf.split(part, n, axis=-1) for part in a), strict=True)
    rows = zip(*(tf.split(part, n, axis=-2) for part in b), strict=True)
    return functools.reduce(doubles.add, (doubles.multiply(c, r) for c, r in zip(columns, rows, strict=True)))


def _as_float32(function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[..., Pair]:
    """A function whose result is as exact as float32: what it is of came from float32."""

    def told(_: Retelling, __: tf.Operation, inputs: list[Any]) -> Pair:
        y = function(inputs[0][0])
        return y, tf.zeros_like(y)

    return told


class DoubleOps(PairOps):
    dtype = tf.float64
    told = {
        "Cast": _cast,
        "Add": lambda r, op, x: doubles.add(*x),
        "AddV2": lambda r, op, x: doubles.add(*x),
        "Sub": lambda r, op, x: doubles.subtract(*x),
        "Mul": lambda r, op, x: doubles.multiply(*x),
        "RealDiv": lambda r, op, x: doubles.divide(*x),
        "Neg": lambda r, op, x: doubles.negative(*x),
        "Square": lambda r, op, x: doubles.multiply(x[0], x[0]),
        "Abs": lambda r, op, x: _abs(*x),
        "Floor": lambda r, op, x: doubles.floor(*x),
        "Round": lambda r, op, x: doubles.rounded(*x),
        "FloorDiv": lambda r, op, x: doubles.floor(doubles.divide(*x)),
        "FloorMod": _floor_mod,
        "Maximum": lambda r, op, x: _larger(*x),
        "Minimum": lambda r, op, x: _smaller(*x),
        "Less": lambda r, op, x: doubles.is_less(*x),
        "Greater": lambda r, op, x: doubles.is_less(x[1], x[0]),
        "GreaterEqual": lambda r, op, x: tf.logical_not(doubles.is_less(*x)),
        "LessEqual": lambda r, op, x: tf.logical_not(doubles.is_less(x[1], x[0])),
        "Equal": lambda r, op, x: doubles.is_equal(*x),
        "NotEqual": lambda r, op, x: tf.logical_not(doubles.is_equal(*x)),
        "BatchMatMulV2": _matrix_product,
        "Cumsum": _cumsum,
        "Sum": _sum,
        "Cos": _as_float32(tf.cos),
        "Exp": _as_float32(tf.exp),
        "Relu": _as_float32(tf.nn.relu),
        "Sigmoid": _as_float32(tf.sigmoid),
        "Sin": _as_float32(tf.sin),
        "Softplus": _as_float32(tf.math.softplus),
        "Sqrt": _as_float32(tf.sqrt),
        "Tanh": _as_float32(tf.tanh),
    }

    def halves(self, constant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        high = constant.astype(np.float32)
        return high, np.where(np.isfinite(high), constant - high, 0.0).astype(np.float32)
