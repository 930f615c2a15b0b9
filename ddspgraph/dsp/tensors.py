"""Shapes and constants: the few tensor handlings that ops need beside maths."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def constant(value: Any) -> tf.Tensor:
    """A float32 tensor of a number, a nested tuple, or a frozen array."""
    return tf.constant(getattr(value, "array", value), tf.float32)


def broadcast_time(x: tf.Tensor, batch: Any, time: Any) -> tf.Tensor:
    """[1 or batch, 1, ...] -> [batch, time, ...]."""
    return tf.broadcast_to(x, tf.concat([[batch, time], tf.shape(x)[2:]], axis=0))


def drop_last_axis(x: tf.Tensor) -> tf.Tensor:
    """[..., 1] -> [...]."""
    return tf.squeeze(x, axis=-1)
