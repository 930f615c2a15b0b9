"""T28: the noise is fixed for ever, equal on every path, and statistically white."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from ddspgraph import dsp

N = 1_000_000
WORD = 0xFFFFFFFF


def hash32(x: int) -> int:
    x = (x ^ x >> 16) * 0x7FEB352D & WORD
    x = (x ^ x >> 15) * 0x846CA68B & WORD
    return x ^ x >> 16


def one_number(position: int, seed: int, stream: int) -> float:
    """The generator in Python's integers, independent of TensorFlow's."""
    keys = []
    for start in (0x6A09E667, 0xBB67AE85):
        key = start
        for word in (seed & WORD, seed >> 32 & WORD, stream & WORD, stream >> 32 & WORD):
            key = hash32(key ^ word) + start & WORD
        keys.append(key)
    bits = hash32(hash32((position & WORD) ^ keys[0]) ^ keys[1])
    return -1.0 + 2.0 * ((bits >> 9) + 0.5) / 2**23


def test_stored_vectors() -> None:
    """These values must never change: saved audio depends on them."""
    vector = ["0x1.77ed88p-2", "-0x1.a7d7a0p-4", "0x1.f16c7cp-1", "-0x1.0d9dc4p-1", "-0x1.f49b34p-1", "-0x1.db576cp-1"]
    np.testing.assert_array_equal(dsp.uniform_noise(6, 0)[0], [float.fromhex(x) for x in vector])
    np.testing.assert_array_equal(
        dsp.uniform_noise(4, 1234567890123, stream=0xDEADBEEF12345)[0],
        np.float32([-0.5900527238845825, -0.8694285154342651, 0.41514718532562256, -0.27058589458465576]),
    )
    np.testing.assert_allclose(
        dsp.normal([3], 5), [-0.36204981803894043, 0.61479651927948, -0.6066357493400574], rtol=1e-5
    )


@pytest.mark.parametrize("seed", [0, 1, -1, 2**31, 2**63 - 1, 2**64 + 5])
@pytest.mark.parametrize(("stream", "start"), [(0, 0), (7, 100), (2**63 + 9, 2**32 - 3)])
def test_against_python_integers(seed: int, stream: int, start: int) -> None:
    expected = [one_number(start + j, seed, stream) for j in range(8)]
    np.testing.assert_array_equal(dsp.uniform_noise(8, seed, stream=stream, start=start)[0], expected)


def test_every_path_gives_the_same_numbers() -> None:
    eager = dsp.uniform_noise(1000, 42, stream=3).numpy()
    traced = tf.function(
        lambda seed, n: dsp.uniform_noise(n, seed, stream=3),
        input_signature=[tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.int32)],
    )
    compiled = tf.function(lambda seed: dsp.uniform_noise(1000, seed, stream=3), jit_compile=True)
    np.testing.assert_array_equal(traced(42, 1000), eager)
    np.testing.assert_array_equal(traced(42, 10), eager[:, :10])
    assert traced.experimental_get_tracing_count() == 1
    np.testing.assert_array_equal(compiled(tf.constant(42)), eager)
    np.testing.assert_array_equal(dsp.uniform_noise(900, 42, stream=3, start=tf.constant(100)), eager[:, 100:])


def test_uniform_and_white() -> None:
    x = dsp.uniform_noise(N, 2024).numpy()[0].astype(np.float64)
    assert np.abs(x).max() < 1.0
    assert abs(x.mean()) < 4.0 / np.sqrt(3 * N)
    assert abs(x.var() - 1.0 / 3.0) < 4.0 * np.sqrt(4.0 / 45.0 / N)
    assert stats.kstest(x, stats.uniform(-1.0, 2.0).cdf).pvalue > 1e-3
    for lag in (1, 2, 3, 64, 128, 1000, 4096):
        assert abs(np.mean(x[lag:] * x[:-lag])) * 3.0 < 4.5 / np.sqrt(N)
    power = np.abs(np.fft.rfft(x))[1:-1] ** 2
    # The flatness of white noise: the exponential distribution's exp(-Euler gamma).
    flatness = np.exp(np.mean(np.log(power))) / np.mean(power)
    assert abs(flatness / np.exp(-np.euler_gamma) - 1.0) < 0.01
    assert power.max() / power.mean() < np.log(len(power)) + 8.0


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 6},
        {"seed": 5 + 2**32},
        {"seed": 5, "stream": 1},
        {"seed": 5, "stream": 2**32},
    ],
    ids=str,
)
def test_seeds_and_streams_are_unrelated(other: dict) -> None:
    x = dsp.uniform_noise(N, 5).numpy()[0].astype(np.float64)
    y = dsp.uniform_noise(N, **other).numpy()[0].astype(np.float64)
    for lag in (0, 1, 5, 32):
        assert abs(np.mean(x[lag:] * y[: N - lag])) * 3.0 < 4.5 / np.sqrt(N)
    # Nor are they the same numbers in another order.
    assert len(np.intersect1d(x[:4096], y[:4096])) < 20


def test_interval() -> None:
    x = dsp.uniform_noise(1000, 1, minval=2.0, maxval=3.0).numpy()
    assert x.shape == (1, 1000)
    assert x.min() > 2.0
    assert x.max() < 3.0
    assert dsp.uniform_noise(0, 1).shape == (1, 0)


def test_normal() -> None:
    x = dsp.normal([1001, 333], 9, stddev=0.5).numpy().astype(np.float64)
    assert x.shape == (1001, 333)
    assert stats.kstest(x.ravel()[::5], stats.norm(0.0, 0.5).cdf).pvalue > 1e-3
    assert abs(np.mean(x[:, 1:] * x[:, :-1])) < 5 * 0.25 / np.sqrt(x.size)
    assert not np.array_equal(dsp.normal([8], 9), dsp.normal([8], 9, stream=1))
    assert dsp.normal([], 1).shape == ()
