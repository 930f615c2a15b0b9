"""Arithmetic on lengths: Python ints where a length is known, int32 scalar tensors where only the graph knows it.

Known lengths stay ints, so that windows and FFT sizes made from them are constants of the graph.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

#: A length: a Python int, or an int32 scalar tensor.
Size = Any


def size_of(x: tf.Tensor, axis: int) -> Size:
    """The length of one axis of a tensor."""
    return x.shape[axis] if x.shape[axis] is not None else tf.shape(x)[axis]


def ceil_divide(numerator: Size, denominator: Size) -> Size:
    """numerator / denominator, rounded up."""
    return -(-numerator // denominator)


def smaller(a: Size, b: Size) -> Size:
    """The smaller of two lengths."""
    return choose(a < b, a, b)


def larger(a: Size, b: Size) -> Size:
    """The larger of two lengths."""
    return choose(a > b, a, b)


def choose(condition: Any, a: Size, b: Size) -> Size:
    """`a` where the condition (a bool, or a scalar bool tensor) holds, else `b`."""
    return (a if condition else b) if isinstance(condition, bool) else tf.where(condition, a, b)
