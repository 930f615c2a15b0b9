"""FFTs, their sizes, framing and windows, against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import fft as scipy_fft
from scipy import signal

from ddspgraph import dsp
from ddspgraph.dsp import fft
from tests.dsp.gradients import assert_finite, assert_gradient

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("n", [1, 2, 3, 16, 45, 191])
def test_transforms_equal_numpy(n: int) -> None:
    x = RNG.normal(size=(3, n)).astype(np.float32)
    np.testing.assert_allclose(dsp.rfft(tf.constant(x), n), np.fft.rfft(x), atol=1e-4)
    np.testing.assert_allclose(dsp.irfft(dsp.rfft(tf.constant(x), n), n), x, atol=1e-5)


def test_transform_pads_and_crops() -> None:
    x = RNG.normal(size=(2, 10)).astype(np.float32)
    np.testing.assert_allclose(dsp.rfft(tf.constant(x), 16), np.fft.rfft(x, 16), atol=1e-4)
    np.testing.assert_allclose(dsp.rfft(tf.constant(x), 6), np.fft.rfft(x, 6), atol=1e-4)
    assert dsp.rfft(tf.zeros([0, 10]), 16).shape == (0, 9)


def test_parseval() -> None:
    x = RNG.normal(size=(1, 90)).astype(np.float32)
    power = np.abs(dsp.rfft(tf.constant(x), 90).numpy()) ** 2
    power[:, 1:-1] *= 2.0  # all but 0 Hz and Nyquist stand for two bins
    np.testing.assert_allclose(power.sum() / 90, np.sum(x**2), rtol=1e-5)


@pytest.mark.parametrize("n", [16, 15])
def test_gradients(n: int) -> None:
    x = RNG.normal(size=(2, n))
    assert_gradient(lambda x: tf.math.real(dsp.rfft(x, n)) + tf.math.imag(dsp.rfft(x, n)), x)
    assert_gradient(lambda x: dsp.irfft(tf.cast(x, tf.complex64), 2 * n - 2), x)
    assert_finite(lambda x: tf.abs(dsp.rfft(x, n)), np.zeros((2, n)))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (7, 1), (1, 6), (100, 37), (37, 100), (1000, 999)])
def test_convolution_is_numpys(n: int, m: int) -> None:
    a, b = RNG.normal(size=(2, n)).astype(np.float32), RNG.normal(size=(1, m)).astype(np.float32)
    expected = np.stack([np.convolve(row, b[0]) for row in a.astype(np.float64)])
    for found in (fft.convolve(tf.constant(a), tf.constant(b)), _convolve_any(a, b), _convolve_xla(a, b)):
        np.testing.assert_allclose(found[:, : n + m - 1], expected, atol=1e-6 * np.abs(expected).max())
        np.testing.assert_allclose(found[:, n + m - 1 :], 0.0, atol=1e-6 * np.abs(expected).max())
    assert_gradient(fft.convolve, RNG.normal(size=(2, 5)), RNG.normal(size=(1, 4)))
    assert_finite(fft.convolve, np.zeros((2, n)), np.zeros((1, m)))


_ANY = tf.TensorSpec([None, None])
_convolve_any = tf.function(fft.convolve, input_signature=[_ANY, _ANY], autograph=False)
_convolve_xla = tf.function(fft.convolve, jit_compile=True, autograph=False)


def test_convolution_of_no_signals() -> None:
    assert fft.convolve(tf.zeros([0, 10]), tf.zeros([1, 3])).shape == (0, 12)


def test_smooth_sizes_are_scipys() -> None:
    sizes = [1, 2, 7, 11, 191, 1023, 111_999, 1_000_001]
    assert [dsp.smooth_fft_size(n) for n in sizes] == [scipy_fft.next_fast_len(n, real=True) for n in sizes]
    assert dsp.smooth_fft_size(0) == 1  # an FFT of nothing would end the process


def test_sizes_for_convolution_have_small_odd_parts() -> None:
    sizes = [1, 2, 7, 191, 1023, 111_999, 1_000_001]
    assert [fft.convolution_fft_size(n) for n in sizes] == [1, 2, 8, 192, 1024, 115_200, 1_024_000]
    traced = tf.function(lambda n: fft.convolution_fft_size(n))
    assert int(traced(tf.constant(111_999))) == 115_200


def test_sizes_of_lengths_that_only_the_graph_knows() -> None:
    sizes = tf.function(lambda n: (dsp.smooth_fft_size(n), dsp.get_fft_size(n, 129)))
    smooth, power_of_two = sizes(tf.constant(191))
    assert (int(smooth), int(power_of_two)) == (192, 512)


def test_fft_size_holds_the_convolution() -> None:
    assert dsp.get_fft_size(64, 128) == 256
    assert dsp.get_fft_size(64, 128, power_of_2=False) == 192
    assert dsp.get_fft_size(1, 1) == 1
    assert dsp.get_fft_size(65, 64) == 128


def test_size_beyond_the_largest() -> None:
    with pytest.raises(ValueError, match="too long"):
        dsp.smooth_fft_size(2**31)


def test_frames_add_up() -> None:
    x = RNG.normal(size=(2, 30)).astype(np.float32)
    frames = fft.frame(x, 5, 5)
    np.testing.assert_array_equal(fft.overlap_and_add(frames, 5), x)
    assert fft.frame(x, 8, 4, pad_end=True).shape == (2, 8, 8)
    assert fft.frame(x, 8, 4).shape == (2, 6, 8)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 33, 512])
def test_windows_are_scipys(size: int) -> None:
    periodic = size % 2 == 0
    for window, name in ((fft.hann_window, "hann"), (fft.hamming_window, "hamming")):
        np.testing.assert_allclose(window(size), signal.get_window(name, size, fftbins=periodic), atol=1e-7)
    np.testing.assert_allclose(fft.hann_window(size, periodic=True), signal.get_window("hann", size), atol=1e-7)


def test_window_of_a_length_that_only_the_graph_knows() -> None:
    window = tf.function(fft.hann_window, input_signature=[tf.TensorSpec([], tf.int32)])
    for size in (1, 2, 33, 64):
        np.testing.assert_allclose(window(size), fft.hann_window(size), atol=1e-6)
