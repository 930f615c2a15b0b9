"""Quotients and remainders, which runtimes round in ways of their own or lack.

Both runtimes have a remainder of whole numbers with the sign of the divisor (`onnx_file` sees to that of ONNX). What it
leaves can be divided without rounding, so that all four operations follow from it, for every sign.
"""

from __future__ import annotations

import tensorflow as tf

DIVISIONS = {"FloorDiv", "FloorMod", "TruncateDiv", "TruncateMod", "Mod"}
#: The largest float32 that an int64 holds.
_LARGEST = 2.0**63 - 2.0**39
#: Each step of long division in float32 finds more than 21 bits of a quotient of 63.
_STEPS = 3


def is_native(op_type: str, dtype: tf.DType) -> bool:
    """Whether runtimes have a division as it is: of fractions what rounds down."""
    return dtype.is_floating and op_type.startswith("Floor")


def divided(op_type: str, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """What TensorFlow's operation of this name gives.

    Args:
      op_type: one of `DIVISIONS`; "Mod" is "TruncateMod".
      x, y: float32, float64, or whole numbers of any type but uint64.
    """
    dtype = x.dtype
    if op_type == "TruncateDiv" and dtype.is_floating:
        quotient = x / y
        return tf.where(quotient < 0.0, tf.math.ceil(quotient), tf.floor(quotient))
    if dtype.is_integer:
        wide = tf.int64 if dtype in (tf.uint32, tf.int64) else tf.int32
        x, y = tf.cast(x, wide), tf.cast(y, wide)
    rest = tf.math.floormod(x, y)
    if op_type == "FloorMod":
        return tf.cast(rest, dtype)
    # Towards 0: a negative quotient that is not whole is one more, and what remains has the sign of x.
    zero = tf.zeros_like(rest)
    is_cut = tf.logical_and(tf.not_equal(rest, zero), tf.not_equal(x < zero, y < zero))
    rest -= tf.where(is_cut, y + zero, zero)
    if op_type in ("TruncateMod", "Mod"):
        return tf.cast(rest, dtype)
    quotient = _exact(x - rest, y)
    if op_type == "FloorDiv":
        quotient -= tf.cast(is_cut, quotient.dtype)
    return tf.cast(quotient, dtype)


def _exact(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """x / y where y divides x: LiteRT has it for 32 bits."""
    if x.dtype == tf.int32:
        return tf.truncatediv(x, y)
    quotient, rest = tf.zeros_like(x), x
    for _ in range(_STEPS):
        nearest = tf.round(tf.cast(rest, tf.float32) / tf.cast(y, tf.float32))
        found = tf.cast(tf.clip_by_value(nearest, -_LARGEST, _LARGEST), tf.int64)
        quotient, rest = quotient + found, rest - found * y
    return quotient
