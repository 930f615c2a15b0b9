"""Fourier transforms by products of real matrices, for runtimes that have none.

A transform of L points is one product with an [L, L] matrix of cosines and one of sines. A long one is cut in two:
with L = A B, n = B a + b and k = p + A q,

    X[p + A q] = sum_b W_B^(b q) W_L^(b p) sum_a W_A^(a p) x[B a + b],    W_N = exp(-2 pi i / N),

the sums over a and b being shorter transforms (Cooley & Tukey 1965): 115,200 points, the tail of a reverb, need two
matrices of about 340 x 340. A spectrum is a pair of real tensors. All angles are reduced in integers.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.dsp.sizes import size_of
from ddspgraph.export.portable.retelling import Pair

#: The longest transform that is one product, where it can be cut.
_LARGEST_MATRIX = 512


def rfft(x: tf.Tensor, length: int) -> Pair:
    """The bins 0 ... length // 2 of real `x` [..., n], cropped or zero-padded to `length`: two of [..., bins]."""
    x, n_bins = _fitted(x, length), length // 2 + 1
    if _cut(length) is None:
        cosines, sines = _matrices(length)
        return _times(x, cosines[:, :n_bins]), _times(x, -sines[:, :n_bins])
    real, imaginary = dft((x, None))
    return real[..., :n_bins], imaginary[..., :n_bins]  # type: ignore[index]


def irfft(spectrum: Pair, length: int) -> tf.Tensor:
    """The real signal [..., length] of the bins 0 ... length // 2, as TensorFlow's: other bins are dropped or 0."""
    n_bins = length // 2 + 1
    real, imaginary = (_fitted(part, n_bins) for part in spectrum)
    if _cut(length) is None:
        cosines, sines = _matrices(length)
        weights = np.where(2 * np.arange(n_bins) % length == 0, 1.0, 2.0)[:, np.newaxis] / length
        return _times(real, weights * cosines[:n_bins]) - _times(imaginary, weights * sines[:n_bins])
    # The conjugate of a transform of conjugates is the inverse; of a real signal the conjugate is itself.
    n_mirrored = (length - 1) // 2
    whole = (
        tf.concat([real, tf.reverse(real[..., 1 : n_mirrored + 1], [-1])], axis=-1),  # type: ignore[index]
        tf.concat([-imaginary, tf.reverse(imaginary[..., 1 : n_mirrored + 1], [-1])], axis=-1),  # type: ignore[index]
    )
    return dft(whole)[0] * (1.0 / length)


def dft(x: tuple[tf.Tensor, tf.Tensor | None]) -> Pair:
    """The transform along the last axis, of known length; without an imaginary part `x` is real."""
    shape: Any = [size_of(x[0], axis) for axis in range(len(x[0].shape))]
    length = shape[-1]
    parts = _cut(length)
    if parts is None:
        return _product(x, *_matrices(length))
    rows, columns = parts
    grid = [_moved(part, [*shape[:-1], rows, columns]) for part in x if part is not None]
    inner = dft((grid[0], grid[1] if len(grid) == 2 else None))  # over a; [..., columns, rows]
    cosines, sines = (tf.constant(m, tf.float32) for m in _twiddles(rows, columns))
    real = inner[0] * cosines + inner[1] * sines
    imaginary = inner[1] * cosines - inner[0] * sines
    outer = dft(
        (tf.linalg.matrix_transpose(real), tf.linalg.matrix_transpose(imaginary))
    )  # over b; [..., rows, columns]
    together = [tf.reshape(tf.linalg.matrix_transpose(part), shape) for part in outer]
    return together[0], together[1]


def _moved(x: tf.Tensor, shape: list[Any]) -> tf.Tensor:
    """[..., rows * columns] as [..., columns, rows]."""
    return tf.linalg.matrix_transpose(tf.reshape(x, shape))


def _product(x: tuple[tf.Tensor, tf.Tensor | None], cosines: np.ndarray, sines: np.ndarray) -> Pair:
    real, imaginary = x
    if imaginary is None:
        return _times(real, cosines), _times(real, -sines)
    return _times(real, cosines) + _times(imaginary, sines), _times(imaginary, cosines) - _times(real, sines)


def _times(x: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    """A product of matrices, whatever axes there are before: runtimes are good at two."""
    shape = [size_of(x, axis) for axis in range(len(x.shape))]
    flat = tf.matmul(tf.reshape(x, [-1, shape[-1]]), tf.constant(matrix, tf.float32))
    return tf.reshape(flat, [*shape[:-1], matrix.shape[1]])


def _fitted(x: tf.Tensor, length: int) -> tf.Tensor:
    n: Any = x.shape[-1]
    missing = length - n
    if missing > 0:
        return tf.pad(x, [[0, 0]] * (len(x.shape) - 1) + [[0, missing]])
    return x[..., :length] if missing else x  # type: ignore[index]


@functools.cache
def _cut(length: int) -> tuple[int, int] | None:
    """Two factors, as equal as can be; None where one product is as good, or the length is prime."""
    if length <= _LARGEST_MATRIX:
        return None
    first = next(n for n in range(math.isqrt(length), 0, -1) if length % n == 0)
    return (first, length // first) if first > 1 else None


@functools.lru_cache(maxsize=32)
def _matrices(length: int) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin of 2 pi n k / length, [length, length]."""
    n = np.arange(length, dtype=np.int64)
    angle = (2.0 * np.pi / length) * (np.outer(n, n) % length)
    return np.cos(angle), np.sin(angle)


def _twiddles(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin of 2 pi b p / (rows * columns), [columns, rows]."""
    length = rows * columns
    angle = (2.0 * np.pi / length) * (np.outer(np.arange(columns, dtype=np.int64), np.arange(rows)) % length)
    return np.cos(angle), np.sin(angle)
