"""Axes folded into the batch and back: what `ir.mapped` does to tensors. A row is item * n + member."""

from __future__ import annotations

import functools
from typing import Any

from ddspgraph.lazy import tf

#: A count of rows: an int where it is known, an int32 scalar where only the graph knows it.
Rows = Any


def size_of(x: tf.Tensor, axis: int) -> Rows:
    """The length of one axis of a tensor."""
    return x.shape[axis] if x.shape[axis] is not None else tf.shape(x)[axis]


def most(sizes: list[Rows]) -> Rows:
    """The size of an axis where some may be 1: the one that is not, as far as the graph knows it."""
    known = max([size for size in sizes if isinstance(size, int)], default=1)
    unknown = [size for size in sizes if not isinstance(size, int)]
    if known > 1 or not unknown:
        return known
    return unknown[0] if len(unknown) == 1 else tf.reduce_max(tf.stack(unknown))


def joint(sizes: list[Rows]) -> Rows:
    """The size of an axis where tensors meet: that of those that are not repeated, 0 included; 1 where all are."""
    return functools.reduce(_joint, sizes, 1)


def _joint(a: Rows, b: Rows) -> Rows:
    if isinstance(a, int):
        return b if a == 1 else a
    return tf.where(tf.equal(a, 1), b, a)


def fold(x: tf.Tensor) -> tf.Tensor:
    """[batch, n, ...] -> [batch * n, ...]: voices as a caller gives them to rows."""
    return tf.reshape(x, [-1, *(size_of(x, axis) for axis in range(2, len(x.shape)))])


def unfold(x: tf.Tensor, n: Rows) -> tf.Tensor:
    """[batch * n, ...] -> [batch, n, ...]."""
    return tf.reshape(x, [-1, n, *(size_of(x, axis) for axis in range(1, len(x.shape)))])


def fold_channels(x: tf.Tensor, keeps_axis: bool) -> tf.Tensor:
    """[batch, time, n] -> [batch * n, time], or with the axis kept [batch * n, time, 1]."""
    rows = fold(tf.transpose(x, [0, 2, 1]))
    return tf.expand_dims(rows, -1) if keeps_axis else rows


def unfold_channels(x: tf.Tensor, n: Rows) -> tf.Tensor:
    """Members side by side: [batch * n, time] -> [batch, time, n]; [batch * n, time, c] -> [batch, time, n * c].

    What has no axis but the batch gets one: [batch * n] -> [batch, n].
    """
    x, axes = unfold(x, n), len(x.shape)
    if axes < 2:
        return x
    if axes == 2:
        return tf.transpose(x, [0, 2, 1])
    x = tf.transpose(x, [0, *range(2, axes), 1, axes])
    sizes = [size_of(x, axis) for axis in range(1, axes - 1)]
    return tf.reshape(x, [-1, *sizes, n * size_of(x, axes)])


def spread(x: tf.Tensor, n: Rows) -> tf.Tensor:
    """[batch, time, n or 1] -> [batch, time, n]: one channel, which the call alone may know of, is held for all."""
    if x.shape[2] is not None and isinstance(n, int) and x.shape[2] == n:
        return x
    return tf.broadcast_to(x, tf.stack([size_of(x, 0), size_of(x, 1), n]))


def held(x: tf.Tensor, rows: Rows) -> tf.Tensor:
    """[items, ...] -> [rows, ...], every item `rows / items` times in a row."""
    times = _times(x, rows)
    if _is_one(times):
        return x
    tail = [size_of(x, axis) for axis in range(1, len(x.shape))]
    return tf.reshape(tf.tile(x[:, tf.newaxis], [1, times, *[1] * len(tail)]), [-1, *tail])


def tiled(x: tf.Tensor, rows: Rows) -> tf.Tensor:
    """[items, ...] -> [rows, ...], all items in order, `rows / items` times."""
    times = _times(x, rows)
    return x if _is_one(times) else tf.tile(x, [times, *[1] * (len(x.shape) - 1)])


def _times(x: tf.Tensor, rows: Rows) -> Rows:
    items = size_of(x, 0)
    return rows // (max(items, 1) if isinstance(items, int) else tf.maximum(items, 1))  # a batch may have no items


def _is_one(times: Rows) -> bool:
    return isinstance(times, int) and times == 1
