"""Time and channels: the few tensor handlings that networks need beside maths."""

from __future__ import annotations

from typing import Any

from ddspgraph.lazy import tf


def product(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """[..., n] times [n, m] as one product of two matrices.

    TensorFlow's product of a batch with one matrix runs item by item.
    """
    n, m = kernel.shape
    shape: Any = [tf.shape(x)[:-1], [m]]
    y = tf.reshape(tf.reshape(x, [-1, n]) @ kernel, tf.concat(shape, axis=0))
    y.set_shape([*x.shape[:-1], m])
    return y


def flatten_channels(x: tf.Tensor) -> tf.Tensor:
    """[batch, time, bands, channels] -> [batch, time, bands * channels].

    >>> dg.nn.flatten_channels(tf.zeros([2, 10, 8, 3])).shape
    TensorShape([2, 10, 24])
    """
    bands, channels = x.shape[2], x.shape[3]
    if bands is None or channels is None:
        raise ValueError("flatten_channels: the numbers of bands and channels must be known")
    width = bands * channels
    shape: Any = [tf.shape(x)[:2], [width]]
    y = tf.reshape(x, tf.concat(shape, axis=0))
    y.set_shape([*x.shape[:2], width])
    return y


def frame_count(audio: tf.Tensor, hop_samples: int) -> Any:
    """Frames of audio [batch, samples], the last one perhaps not full.

    >>> int(dg.nn.frame_count(tf.zeros([1, 1000]), 64))
    16
    """
    return -(-tf.shape(audio)[1] // hop_samples)


def mean_over_time(x: tf.Tensor) -> tf.Tensor:
    """[batch, time, channels] -> [batch, channels].

    >>> dg.nn.mean_over_time(tf.constant([[[1.0], [3.0]]])).numpy()
    array([[2.]], dtype=float32)
    """
    return tf.reduce_mean(x, axis=1)


def hold_last(x: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """`x` [batch, time, channels] with as many frames as `like`: its last one is held, or the end cut off.

    >>> dg.nn.hold_last(tf.constant([[[1.0], [3.0]]]), tf.zeros([1, 4, 1]))[0, :, 0].numpy()
    array([1., 3., 3., 3.], dtype=float32)
    """
    frames = tf.minimum(tf.range(tf.shape(like)[1]), tf.shape(x)[1] - 1)
    return tf.gather(x, frames, axis=1)
