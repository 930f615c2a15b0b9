"""Any number -> a number between bounds, smoothly and one to one: the values of learned constants."""

from __future__ import annotations

import math

from ddspgraph.dsp.numerics import TensorLike
from ddspgraph.lazy import tf


def bounded(
    raw: TensorLike, low: float | None, high: float | None, is_log: bool = False, offset: TensorLike = 0.0
) -> tf.Tensor:
    """Maps all of the line to the numbers between two bounds; float64.

    Between both bounds it is low + (high - low) sigmoid(raw), above one low + softplus(raw), below one
    high - softplus(-raw), and without bounds raw itself. With `is_log` the same holds of ln y.

    Args:
      raw: any shape.
      low, high: None where there is no bound; above 0 with `is_log`.
      is_log: work on the logarithm of the result.
      offset: float64, added to raw: what a float32 could not hold.

    >>> dg.dsp.bounded([-2.0, 0.0, 2.0], 20.0, 2000.0, is_log=True).numpy()
    array([  34.6287,  200.    , 1155.1121])
    """
    raw = tf.cast(raw, tf.float64) + tf.cast(offset, tf.float64)
    if is_log:
        low, high = (bound if bound is None else math.log(bound) for bound in (low, high))
    if low is not None and high is not None:
        y = low + (high - low) * tf.sigmoid(raw)
    elif low is not None:
        y = low + tf.math.softplus(raw)
    elif high is not None:
        y = high - tf.math.softplus(-raw)
    else:
        y = raw
    return tf.exp(y) if is_log else y


def bounded_number(raw: float, low: float | None, high: float | None, is_log: bool = False) -> float:
    """As `bounded`, of one number and without TensorFlow."""
    if is_log:
        low, high = (bound if bound is None else math.log(bound) for bound in (low, high))
    if low is not None and high is not None:
        y = low + (high - low) * 0.5 * (1.0 + math.tanh(0.5 * raw))
    elif low is not None:
        y = low + _softplus(raw)
    else:
        y = raw if high is None else high - _softplus(-raw)
    return math.exp(y) if is_log else y


def unbounded(value: float, low: float | None, high: float | None, is_log: bool = False) -> float:
    """The number that `bounded` maps to a value strictly between its bounds.

    >>> dg.dsp.unbounded(200.0, 20.0, 2000.0, is_log=True)
    0.0
    """
    if is_log:
        value, low, high = (x if x is None else math.log(x) for x in (value, low, high))  # type: ignore[assignment]
    if low is not None and high is not None:
        return math.log((value - low) / (high - value))
    if low is not None:
        return _inverse_softplus(value - low)
    return -_inverse_softplus(high - value) if high is not None else value


def _softplus(x: float) -> float:
    """ln(1 + exp(x)), which does not overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _inverse_softplus(y: float) -> float:
    """ln(exp(y) - 1), which does not overflow."""
    return y + math.log(-math.expm1(-y))
