"""Operations on float32 that a converter does not know, by those that it knows."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def _log1p(x: tf.Tensor) -> tf.Tensor:
    """log(1 + x), the rounding of 1 + x taken back (Goldberg, ACM Computing Surveys 23 (1991), theorem 4).

    A difference, not a sum: TensorFlow would make a Log1p of the logarithm of a sum with 1.
    """
    u = x - (-1.0)
    is_one = tf.equal(u, 1.0)
    rest = tf.where(is_one, tf.ones_like(u), u - 1.0)
    return tf.where(is_one, x, tf.math.log(u) * (x / rest))


def _softplus(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu(x) + _log1p(tf.exp(-tf.abs(x)))


#: By target: operation -> what it is of its inputs.
OTHER_WORDS: dict[str, dict[str, Callable[..., tf.Tensor]]] = {
    "onnx": {"Log1p": _log1p, "Softplus": _softplus},
    "litert": {},
}
