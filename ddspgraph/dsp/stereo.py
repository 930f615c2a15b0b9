"""Two channels: where a sound stands between them, their middle and side, and channels as sums of channels."""

from __future__ import annotations

import math

from ddspgraph.dsp.filters import sinc
from ddspgraph.lazy import tf


def pan_gains(position: tf.Tensor, law: str = "-3 dB") -> tuple[tf.Tensor, tf.Tensor]:
    """The gains of left and right for a position from -1, left, to 1, right; beyond them it is held there.

    With u = (1 - position) / 2 the left gain is sin(u pi / 2) by the law of -3 dB (constant power), u by that of -6 dB
    (constant sum), and by that of -4.5 dB the geometric mean of both. The right gain is that of -position.

    >>> left, right = dg.dsp.pan_gains([-1.0, 0.0, 1.0])
    >>> (left**2 + right**2).numpy()
    array([1., 1., 1.], dtype=float32)

    Args:
      position: Any shape.
      law: '-3 dB', '-4.5 dB' or '-6 dB'.

    Returns:
      Two tensors of that shape.

    Raises:
      ValueError: `law` is none of the three.
    """
    u = 0.5 - 0.5 * tf.clip_by_value(tf.cast(position, tf.float32), -1.0, 1.0)
    return _pan_gain(u, law), _pan_gain(1.0 - u, law)


def _pan_gain(u: tf.Tensor, law: str) -> tf.Tensor:
    if law == "-6 dB":
        return u
    if law == "-3 dB":
        return tf.sin(0.5 * math.pi * u)
    if law == "-4.5 dB":
        # sqrt(u sin(u pi / 2)), written so that its slope at 0 is finite.
        return u * tf.sqrt(0.5 * math.pi * sinc(0.5 * u))
    raise ValueError(f"law must be '-3 dB', '-4.5 dB' or '-6 dB', this is {law!r}")


def mid_side(left_right: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What both channels have in common, and what they differ by: m = (l + r) / 2, s = (l - r) / 2.

    >>> mid, side = dg.dsp.mid_side([[[1.0, 0.5]]])
    >>> float(mid[0, 0]), float(side[0, 0])
    (0.75, 0.25)

    Args:
      left_right: [batch, samples, 2].

    Returns:
      Two tensors [batch, samples].
    """
    left, right = tf.unstack(tf.convert_to_tensor(left_right), num=2, axis=-1)
    return 0.5 * (left + right), 0.5 * (left - right)


def left_right(mid: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """Two channels of their middle and side: l = m + s, r = m - s. The inverse of `mid_side`.

    >>> dg.dsp.left_right([[0.75]], [[0.25]]).numpy()
    array([[[1. , 0.5]]], dtype=float32)

    Args:
      mid, side: [batch, samples].

    Returns:
      [batch, samples, 2].
    """
    mid, side = tf.convert_to_tensor(mid), tf.convert_to_tensor(side)
    return tf.stack([mid + side, mid - side], axis=-1)


def mix_channels(x: tf.Tensor, matrix: tf.Tensor) -> tf.Tensor:
    """Every channel of the result as a sum of channels: y[t, j] = sum over i of x[t, i] a[i, j].

    >>> dg.dsp.mix_channels([[[1.0, 2.0]]], [[[0.0, 1.0], [1.0, 0.0]]]).numpy()
    array([[[2., 1.]]], dtype=float32)

    Args:
      x: [batch, samples, k].
      matrix: [batch, k, m], of a batch of 1 for all items.

    Returns:
      [batch, samples, m].
    """
    return tf.matmul(x, matrix)
