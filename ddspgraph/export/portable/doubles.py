"""Float64 as the unevaluated sum of two float32 numbers, for runtimes that have none: 48 bits of mantissa.

Sums and products keep their rounding errors in the second number (T. J. Dekker, Numerische Mathematik 18 (1971);
D. E. Knuth, The Art of Computer Programming, volume 2, section 4.2.2). Of a pair (h, l), |l| is at most half a unit
in the last place of h.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ddspgraph.export.portable.retelling import Pair

#: 2**12 + 1 halves a mantissa of 24 bits.
_SPLIT = 4097.0


def add(a: Pair, b: Pair) -> Pair:
    high, error = _two_sum(a[0], b[0])
    low, low_error = _two_sum(a[1], b[1])
    high, error = _quick_two_sum(high, error + low)
    return _quick_two_sum(high, error + low_error)


def negative(a: Pair) -> Pair:
    return -a[0], -a[1]


def subtract(a: Pair, b: Pair) -> Pair:
    return add(a, negative(b))


def multiply(a: Pair, b: Pair) -> Pair:
    high, error = _two_product(a[0], b[0])
    return _quick_two_sum(high, error + (a[0] * b[1] + a[1] * b[0]))


def divide(a: Pair, b: Pair) -> Pair:
    """By two steps of long division."""
    first = a[0] / b[0]
    rest = subtract(a, multiply(b, (first, tf.zeros_like(first))))
    second = rest[0] / b[0]
    rest = subtract(rest, multiply(b, (second, tf.zeros_like(second))))
    high, low = _quick_two_sum(first, second)
    return _quick_two_sum(high, low + rest[0] / b[0])


def floor(a: Pair) -> Pair:
    high = tf.floor(a[0])
    return _quick_two_sum(high, tf.where(tf.equal(high, a[0]), tf.floor(a[1]), tf.zeros_like(high)))


def rounded(a: Pair) -> Pair:
    """To a whole number; of two as near the upper, where float64 has the even."""
    half = tf.fill(tf.shape(a[0]), 0.5)
    return floor(add(a, (half, tf.zeros_like(half))))


def is_less(a: Pair, b: Pair) -> tf.Tensor:
    return tf.logical_or(a[0] < b[0], tf.logical_and(tf.equal(a[0], b[0]), a[1] < b[1]))


def is_equal(a: Pair, b: Pair) -> tf.Tensor:
    return tf.logical_and(tf.equal(a[0], b[0]), tf.equal(a[1], b[1]))


def cumsum(a: Pair, axis: int, exclusive: bool) -> Pair:
    """The running sum, in log2(n) passes that add what lies 1, 2, 4, ... before."""
    n: Any = a[0].shape[axis]
    if exclusive:
        a = _later(a, axis, 1)
    distance = 1
    while distance < n:
        a = add(a, _later(a, axis, distance))
        distance *= 2
    return a


def total(a: Pair, axis: int) -> Pair:
    """The sum over one axis, which it keeps: halves are added until one is left."""
    n: Any = a[0].shape[axis]
    while n > 1:
        half = n // 2
        (h1, h2, h3), (l1, l2, l3) = (tf.split(part, [half, half, n - 2 * half], axis=axis) for part in a)
        high, low = add((h1, l1), (h2, l2))
        a, n = (tf.concat([high, h3], axis=axis), tf.concat([low, l3], axis=axis)), n - half
    return a


def _later(a: Pair, axis: int, by: int) -> Pair:
    """Moved along an axis, with zeros before."""
    n: Any = a[0].shape[axis]
    rank = len(a[0].shape)
    paddings = [[0, 0] for _ in range(rank)]
    paddings[axis][0] = by
    size = [-1] * rank
    size[axis] = max(n - by, 0)
    first, second = (tf.pad(tf.slice(part, [0] * rank, size), paddings) for part in a)
    return first, second


def _two_sum(a: tf.Tensor, b: tf.Tensor) -> Pair:
    high = a + b
    part = high - a
    return high, (a - (high - part)) + (b - part)


def _quick_two_sum(a: tf.Tensor, b: tf.Tensor) -> Pair:
    """Where |a| >= |b|."""
    high = a + b
    return high, b - (high - a)


def _two_product(a: tf.Tensor, b: tf.Tensor) -> Pair:
    high = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(a: tf.Tensor) -> Pair:
    scaled = _SPLIT * a
    high = scaled - (scaled - a)
    return high, a - high
