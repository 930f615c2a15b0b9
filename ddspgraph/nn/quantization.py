"""Steps without a gradient of their own, with that of something beside them (Bengio et al. 2013)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ddspgraph.lazy import tf


def stop_gradient(x: tf.Tensor) -> tf.Tensor:
    """The identity without a gradient.

    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * dg.nn.stop_gradient(x)
    >>> float(tape.gradient(y, x))
    3.0
    """
    return tf.stop_gradient(x)


def row_of(table: Any, index: tf.Tensor) -> tf.Tensor:
    """Rows of [n, m] by the nearest numbers from 0 to n - 1: [batch] -> [batch, m].

    >>> dg.nn.row_of(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([0.9])).numpy()
    array([[3., 4.]], dtype=float32)
    """
    table = tf.convert_to_tensor(table)
    rows = tf.clip_by_value(tf.cast(tf.round(index), tf.int32), 0, table.shape[0] - 1)
    return tf.gather(table, rows)


def as_frames(noise: tf.Tensor, channels: int) -> tf.Tensor:
    """[rows, time * channels] -> [rows, time, channels].

    >>> dg.nn.as_frames(tf.zeros([1, 20]), 4).shape
    TensorShape([1, 5, 4])
    """
    return tf.reshape(noise, [tf.shape(noise)[0] if noise.shape[0] is None else noise.shape[0], -1, channels])


def straight_through_softmax(logits: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """One class of each softmax as a one-hot vector, with the gradient of the probabilities.

    The class is the largest of logits + Gumbel noise, which draws it by its probability (Gumbel 1954).

    >>> one_hot, probabilities = dg.nn.straight_through_softmax(tf.constant([[0.0, 5.0]]), tf.zeros([1, 2]))
    >>> one_hot.numpy(), probabilities.numpy()
    (array([[0., 1.]], dtype=float32), array([[0.0067, 0.9933]], dtype=float32))

    Args:
      logits: Shape [..., n_classes].
      noise: Uniform in [-1, 1], of a shape that broadcasts to it.

    Returns:
      The one-hot vectors and the probabilities, both of the shape of the logits.
    """
    uniform = tf.clip_by_value((noise + 1.0) / 2.0, 1e-7, 1.0 - 1e-7)
    gumbel = -tf.math.log(-tf.math.log(uniform))
    probs = tf.nn.softmax(logits)
    n_classes = logits.shape[-1] or tf.shape(logits)[-1]
    one_hot = tf.one_hot(tf.argmax(logits + gumbel, axis=-1), n_classes)
    return tf.stop_gradient(one_hot - probs) + probs, probs


def straight_through_choice(one_hot: tf.Tensor, values: Sequence[float]) -> tf.Tensor:
    """The value of the class that was drawn: [..., n_classes] -> [..., 1].

    >>> dg.nn.straight_through_choice(tf.constant([[0.0, 1.0]]), [-1.0, 1.0]).numpy()
    array([[1.]], dtype=float32)
    """
    return tf.reduce_sum(one_hot * tf.constant(values, tf.float32), axis=-1, keepdims=True)


def straight_through_int_quantization(x: tf.Tensor) -> tf.Tensor:
    """The nearest integer, ties to even, with the gradient of x.

    >>> dg.nn.straight_through_int_quantization(tf.constant([0.4, 1.6])).numpy()
    array([0., 2.], dtype=float32)
    """
    return x + tf.stop_gradient(tf.round(x) - x)


def codebook(counts: Any, sums: Any, epsilon: float = 1e-8) -> tf.Tensor:
    """The mean of what was counted: sums [k, n] / counts [k].

    >>> dg.nn.codebook(tf.constant([2.0]), tf.constant([[4.0, 6.0]])).numpy()
    array([[2., 3.]], dtype=float32)
    """
    return tf.convert_to_tensor(sums) / (tf.convert_to_tensor(counts)[:, None] + epsilon)


def vector_quantization(
    x: tf.Tensor, codes: tf.Tensor, num_heads: int, commitment: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """The nearest of the codes, with the gradient of x and those of the paper's two loss terms.

    Added to the gradient as if mean((codes - sg(x))^2) + commitment * mean((x - sg(codes))^2) were part of the loss
    (van den Oord et al. 2017, equation 3).

    >>> codes = tf.constant([[0.0, 0.0], [1.0, 1.0]])
    >>> nearest, numbers = dg.nn.vector_quantization(tf.constant([[[0.9, 0.8]]]), codes, num_heads=1, commitment=0.25)
    >>> nearest.numpy(), numbers.numpy()
    (array([[[1., 1.]]], dtype=float32), array([[[1.]]], dtype=float32))

    Args:
      x: Shape [batch, time, num_heads * n].
      codes: Shape [k, n].
      num_heads: How many vectors a frame has.
      commitment: Weight of the second term.

    Returns:
      The codes, of the shape of x, and their numbers [batch, time, num_heads].
    """
    k, width = codes.shape

    @tf.custom_gradient
    def quantize(vectors: tf.Tensor, codes: tf.Tensor) -> tuple[Any, Any]:
        square = tf.reduce_sum(codes**2, axis=-1) - 2.0 * tf.matmul(vectors, codes, transpose_b=True)
        nearest = tf.argmin(square, axis=-1)
        chosen = tf.gather(codes, nearest)

        def gradient(upstream: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            pull = 2.0 * (vectors - chosen) / tf.cast(tf.maximum(tf.size(vectors), 1), tf.float32)
            moved = tf.matmul(tf.one_hot(nearest, k), -pull, transpose_a=True)
            return upstream + commitment * pull, moved

        return (chosen, tf.cast(nearest, tf.float32)), gradient

    chosen, nearest = quantize(tf.reshape(x, [-1, width]), codes)
    ids = tf.reshape(nearest, tf.concat([tf.shape(x)[:-1], [num_heads]], axis=0))
    ids.set_shape([*x.shape[:-1], num_heads])
    quantized = tf.reshape(chosen, tf.shape(x))
    quantized.set_shape(x.shape)
    return quantized, ids
