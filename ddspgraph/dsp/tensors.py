"""Shapes and constants: the few tensor handlings that ops need beside maths."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from ddspgraph.dsp.resampling import resample
from ddspgraph.dsp.sizes import joint, size_of
from ddspgraph.lazy import tf


def constant(value: Any) -> tf.Tensor:
    """A float32 tensor of a number, a nested tuple, or a frozen array.

    >>> dg.dsp.constant((1, 2)).numpy()
    array([1., 2.], dtype=float32)
    """
    return tf.constant(getattr(value, "array", value), tf.float32)


def broadcast_time(x: tf.Tensor, batch: Any, time: Any) -> tf.Tensor:
    """[1 or batch, 1, ...] -> [batch, time, ...].

    >>> dg.dsp.broadcast_time(tf.zeros([1, 1, 3]), 2, 10).shape
    TensorShape([2, 10, 3])
    """
    rest = [size_of(x, axis) for axis in range(2, len(x.shape))]
    return tf.broadcast_to(x, tf.stack([batch, time, *rest]))


def broadcast_batch(x: tf.Tensor, batch: Any) -> tf.Tensor:
    """[1, ...] -> [batch, ...]; what has a batch of its own stays as it is.

    >>> dg.dsp.broadcast_batch(tf.zeros([1, 10]), 2).shape
    TensorShape([2, 10])
    """
    return tf.broadcast_to(x, tf.concat([[joint(size_of(x, 0), batch)], tf.shape(x)[1:]], axis=0))


def drop_last_axis(x: tf.Tensor) -> tf.Tensor:
    """[..., 1] -> [...].

    >>> dg.dsp.drop_last_axis(tf.zeros([2, 10, 1])).shape
    TensorShape([2, 10])
    """
    return tf.squeeze(x, axis=-1)


def match_rank(x: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """`x` with as many axes as `like`: axes of size 1 are appended, or last axes of size 1 dropped.

    So [batch] meets [batch, time, channels] as [batch, 1, 1], and not, as broadcasting would have it, as [batch].

    >>> dg.dsp.match_rank(tf.zeros([2]), tf.zeros([2, 10, 3])).shape
    TensorShape([2, 1, 1])
    """
    for _ in range(len(like.shape) - len(x.shape)):
        x = tf.expand_dims(x, -1)
    for _ in range(len(x.shape) - len(like.shape)):
        x = drop_last_axis(x)
    return x


def concat_channels(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """Joins along the last axis; all other axes broadcast: [batch, time, a] and [1, 1, b] -> [batch, time, a + b].

    >>> dg.dsp.concat_channels([tf.zeros([2, 10, 3]), tf.zeros([1, 1, 4])]).shape
    TensorShape([2, 10, 7])
    """
    leading = functools.reduce(tf.broadcast_dynamic_shape, [tf.shape(x)[:-1] for x in tensors])
    whole = [tf.broadcast_to(x, tf.concat([leading, tf.shape(x)[-1:]], axis=0)) for x in tensors]
    for before, after in zip(tensors, whole, strict=True):
        # broadcast_to forgets the channel count, which those who read the result may need.
        after.set_shape([None] * (len(before.shape) - 1) + [before.shape[-1]])
    return tf.concat(whole, axis=-1)


def stretch_to(x: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """`x` linearly resampled to as many time steps as `like` has; itself where it is known to have them.

    >>> dg.dsp.stretch_to(tf.constant([[[0.0], [1.0]]]), tf.zeros([1, 4, 1]))[0, :, 0].numpy()
    array([0. , 0.5, 1. , 1. ], dtype=float32)
    """
    if x.shape[1] is not None and x.shape[1] == like.shape[1]:
        return x
    return resample(x, size_of(like, 1))
