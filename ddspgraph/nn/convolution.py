"""Convolutions over time and bands, [batch, time, bands, channels], in Keras' layouts and paddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ddspgraph.lazy import tf
from ddspgraph.nn.shapes import product

_POWER_ITERATIONS = 8


def conv(x: tf.Tensor, weights: Mapping[str, Any], strides: tuple[int, int] = (1, 1), dilation: int = 1) -> tf.Tensor:
    """Convolution with zeros at the edges, so that the result has ceil(size / stride) frames and bands.

    >>> weights = {"kernel": tf.zeros([3, 3, 1, 8]), "bias": tf.zeros([8])}
    >>> dg.nn.conv(tf.zeros([2, 10, 64, 1]), weights, strides=(1, 2)).shape
    TensorShape([2, 10, 32, 8])

    Args:
      x: Shape [batch, time, bands, channels].
      weights: `kernel` [taps in time, taps in bands, channels, n_out] and `bias` [n_out].
      strides: In time and in bands.
      dilation: Frames from one tap to the next.
    """
    kernel = weights["kernel"]
    if dilation > 1 and kernel.shape[1] == 1:
        return _dilated(x, kernel, dilation) + weights["bias"]
    bands = x.shape[2]
    if bands is not None and strides[1] >= bands:
        x, kernel, strides = _of_one_band(x, kernel, strides)
    how = {"strides": list(strides), "padding": "SAME", "dilations": [dilation, 1]}
    return _of_any_batch(lambda x: tf.nn.conv2d(x, kernel, **how), x) + weights["bias"]


def _of_one_band(x: tf.Tensor, kernel: Any, strides: tuple[int, int]) -> tuple[tf.Tensor, Any, tuple[int, int]]:
    """The same convolution, where its result has one band: only with the taps and bands that meet.

    On processors with AVX-512, TensorFlow 2.21 computes nonsense where one channel goes in and a kernel reaches over
    the edge of so few bands.
    """
    bands, taps = x.shape[2], kernel.shape[1]
    met = min(bands, taps)
    before = (taps - met) // 2
    return x[:, :, :met], kernel[:, before : before + met], (strides[0], met)


def _of_any_batch(convolve: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    """The convolution of a batch that may be empty, which is computed with an item of zeros.

    On x86-64, TensorFlow 2.21 gives the convolution of an empty batch the channels of its input
    (findings/tf_convolution_of_an_empty_batch.sh), and the next layer does not fit. Padding by nothing copies nothing.
    """
    if x.shape[0]:
        return convolve(x)
    batch = tf.shape(x)[0]
    missing: Any = tf.cast(tf.equal(batch, 0), tf.int32)
    padded = tf.pad(x, [[0, missing], [0, 0], [0, 0], [0, 0]])
    padded.set_shape([None, *x.shape[1:]])
    return convolve(padded)[:batch]


def _dilated(x: tf.Tensor, kernel: Any, dilation: int) -> tf.Tensor:
    """A dilated convolution over time as a sum of products, one a tap.

    TensorFlow's own copies into blocks and back on a CPU.
    """
    taps = kernel.shape[0]
    reach = (taps - 1) * dilation
    before = reach // 2
    padded = tf.pad(x, [[0, 0], [before, reach - before], [0, 0], [0, 0]])
    time = tf.shape(x)[1]
    columns = [padded[:, i * dilation : i * dilation + time] for i in range(taps)]
    columns = tf.concat(columns, axis=-1)
    columns.set_shape([*x.shape[:-1], taps * kernel.shape[2]])
    return product(columns, tf.reshape(kernel, [taps * kernel.shape[2], kernel.shape[3]]))


def conv_transpose(x: tf.Tensor, weights: Mapping[str, Any], stride: int) -> tf.Tensor:
    """The transposed convolution over time: `stride` times as many frames.

    `kernel` is [taps, 1, n_out, channels].

    >>> weights = {"kernel": tf.zeros([4, 1, 8, 3]), "bias": tf.zeros([8])}
    >>> dg.nn.conv_transpose(tf.zeros([2, 10, 1, 3]), weights, stride=2).shape
    TensorShape([2, 20, 1, 8])
    """
    kernel = weights["kernel"]
    shape = tf.shape(x)
    out_shape = tf.stack([shape[0], shape[1] * stride, shape[2], kernel.shape[2]])
    y = tf.nn.conv2d_transpose(x, kernel, out_shape, strides=[stride, 1], padding="SAME")
    y.set_shape([x.shape[0], None, x.shape[2], kernel.shape[2]])
    return y + weights["bias"]


def max_pool(x: tf.Tensor, size: tuple[int, int], strides: tuple[int, int]) -> tf.Tensor:
    """The largest value of each window, as many windows as `strides` make.

    >>> dg.nn.max_pool(tf.zeros([2, 10, 64, 8]), (1, 3), (1, 2)).shape
    TensorShape([2, 10, 32, 8])
    """
    return tf.nn.max_pool2d(x, list(size), list(strides), padding="SAME")


def spectrally_normalized(weights: Mapping[str, Any]) -> dict[str, Any]:
    """The weights with the kernel divided by its largest singular value (Miyato et al. 2018).

    A power iteration from the vector `u` [1, n_out] finds it; the gradient takes the two singular vectors as constants.
    The paper makes one step a call and keeps `u`; here nothing is kept, so that a call makes several.
    """
    kernel = tf.convert_to_tensor(weights["kernel"])
    matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
    u = tf.convert_to_tensor(weights["u"])
    v = u
    for _ in range(_POWER_ITERATIONS):
        v = tf.math.l2_normalize(tf.stop_gradient(tf.matmul(u, matrix, transpose_b=True)))
        u = tf.math.l2_normalize(tf.stop_gradient(v @ matrix))
    sigma = tf.reduce_sum(v @ matrix * u)
    return {**weights, "kernel": kernel / sigma}
