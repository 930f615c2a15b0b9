"""Convolutions against products summed one by one, where there are fewer bands than taps, and in a batch of none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ddspgraph import nn


def _summed(x: np.ndarray, kernel: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    """Zeros at the edges: half of what is missing before, the rest after."""
    sizes = [-(-n // s) for n, s in zip(x.shape[1:3], strides, strict=True)]
    before = [
        max((out - 1) * s + taps - n, 0) // 2
        for out, s, taps, n in zip(sizes, strides, kernel.shape[:2], x.shape[1:3], strict=True)
    ]
    y = np.zeros([x.shape[0], *sizes, kernel.shape[3]])
    for i, j in itertools.product(*map(range, sizes)):
        for a, b in itertools.product(*map(range, kernel.shape[:2])):
            row, band = i * strides[0] + a - before[0], j * strides[1] + b - before[1]
            if 0 <= row < x.shape[1] and 0 <= band < x.shape[2]:
                y[:, i, j] += x[:, row, band] @ kernel[a, b]
    return y


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("taps", "strides"), [((7, 7), (1, 2)), ((3, 3), (1, 3)), ((1, 5), (1, 1)), ((3, 2), (2, 4))])
@pytest.mark.parametrize("bands", [1, 2, 3, 5])
def test_a_convolution_of_few_bands(bands: int, taps: tuple[int, int], strides: tuple[int, int], channels: int) -> None:
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=[2, 5, bands, channels]), rng.normal(size=[*taps, channels, 4])
    weights = {"kernel": tf.constant(kernel, tf.float32), "bias": tf.zeros([4])}
    y = nn.conv(tf.constant(x, tf.float32), weights, strides)
    # Sums of at most 147 products of numbers near 1 in float32.
    np.testing.assert_allclose(y, _summed(x, kernel, strides), atol=2e-5)


@pytest.mark.parametrize("known", [True, False])
def test_a_batch_of_none_has_the_shape_of_a_batch(known: bool) -> None:
    weights = {"kernel": tf.zeros([3, 3, 2, 5]), "bias": tf.zeros([5])}

    @tf.function(input_signature=[tf.TensorSpec([0 if known else None, 6, 8, 2])])
    def twice(x: tf.Tensor) -> tf.Tensor:
        return nn.conv(nn.conv(x, weights), {"kernel": tf.zeros([3, 3, 5, 7]), "bias": tf.zeros([7])}, (1, 2))

    assert twice(tf.zeros([0, 6, 8, 2])).shape == [0, 6, 4, 7]
