"""Fourier transforms, framing and windows: the only file that calls TensorFlow's FFTs and ``tf.signal``.

Everything spectral goes through here, so that a graph without FFTs (LiteRT, ONNX) is one file to replace.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.dsp.numerics import pad_axis
from ddspgraph.dsp.sizes import Size

_LARGEST_SIZE = 2**31 - 1


def rfft(x: tf.Tensor, fft_length: Size) -> tf.Tensor:
    """Spectrum of real `x` [..., n], cropped or zero-padded to `fft_length`: complex [..., fft_length // 2 + 1]."""
    length = x.shape[-1]
    if isinstance(fft_length, int) and length is not None and length < fft_length:
        # tf.signal.rfft pads by itself, but not where another axis is empty, and then refuses.
        x = pad_axis(x, (0, fft_length - length), axis=-1)
    return tf.signal.rfft(x, [fft_length])


def irfft(spectrum: tf.Tensor, fft_length: Size) -> tf.Tensor:
    """Real signal [..., fft_length] of the half `spectrum` [..., fft_length // 2 + 1]; inverse of `rfft`."""
    return tf.signal.irfft(spectrum, [fft_length])


def get_fft_size(frame_size: Size, ir_size: Size, power_of_2: bool = True) -> Size:
    """Smallest FFT length that holds the linear convolution of `frame_size` and `ir_size` samples.

    Args:
      frame_size: Length of the audio (frame), in samples.
      ir_size: Length of the impulse response, in samples.
      power_of_2: Round up to a power of two; otherwise to a product of 2, 3 and 5 (`smooth_fft_size`).

    Returns:
      Length of at least `frame_size + ir_size - 1`; an int unless an argument is a symbolic tensor.
    """
    convolved_size = frame_size + ir_size - 1
    return _next_in(_powers_of_two() if power_of_2 else _smooth_numbers(), convolved_size)


def smooth_fft_size(n: Size) -> Size:
    """The next number from `n` upwards whose only prime factors are 2, 3 and 5: a fast FFT length.

    Such numbers lie dense (112,500 follows 111,999 where the next power of two is 131,072), and the FFT of
    TensorFlow's CPU kernels handles them at the same cost a sample as powers of two.

    Args:
      n: An int, or an int32 scalar tensor; inside a graph the answer is looked up in a constant table.

    Raises:
      ValueError: No such number below 2**31.
    """
    return _next_in(_smooth_numbers(), n)


def _next_in(table: np.ndarray, n: Size) -> Size:
    known = tf.get_static_value(n)
    if known is None:
        return tf.gather(tf.constant(table), tf.searchsorted(table, [tf.cast(n, tf.int32)])[0])
    if known > table[-1]:
        raise ValueError(f"an FFT of {int(known)} samples is too long: at most {table[-1]} are possible")
    return int(table[np.searchsorted(table, known)])


@functools.cache
def _powers_of_two() -> np.ndarray:
    return np.array([2**i for i in range(31)], np.int32)


@functools.cache
def _smooth_numbers() -> np.ndarray:
    """All 2**a * 3**b * 5**c below 2**31, ascending."""
    numbers = [1]
    for prime in (2, 3, 5):
        for number in numbers:  # grows while it is read: every member times the prime is a member
            if number * prime <= _LARGEST_SIZE:
                numbers.append(number * prime)
    return np.array(sorted(numbers), np.int32)


def frame(signal: Any, frame_size: Size, hop_size: Size, pad_end: bool = False) -> tf.Tensor:
    """Cuts [..., n] into overlapping frames [..., n_frames, frame_size] that begin every `hop_size` samples.

    `pad_end` adds frames, filled up with zeros, until every sample begins or lies in one: ceil(n / hop_size).
    """
    return tf.signal.frame(signal, frame_size, hop_size, pad_end=pad_end)


def overlap_and_add(frames: Any, hop_size: Size) -> tf.Tensor:
    """Sums frames [..., n_frames, frame_size], each `hop_size` later: [..., (n_frames - 1) * hop + frame_size]."""
    return tf.signal.overlap_and_add(frames, hop_size)


def hann_window(size: Size, periodic: bool = False) -> tf.Tensor:
    """Hann window [size], 0.5 - 0.5 cos(2 pi i / period). A window of one sample is 1.

    The period is `size` for even sizes and `size - 1`, a symmetric window, for odd ones: TensorFlow's convention,
    which magenta/ddsp's filters and spectra inherit. `periodic` makes it `size` for all (librosa's convention).
    """
    known = tf.get_static_value(size)
    if known is None:
        return tf.signal.hann_window(size)
    return tf.constant(_raised_cosine(int(known), 0.5, periodic), tf.float32)


def hamming_window(size: int) -> tf.Tensor:
    """Hamming window [size], 0.54 - 0.46 cos(2 pi i / period), with the period of `hann_window`."""
    return tf.constant(_raised_cosine(size, 0.54, False), tf.float32)


@functools.lru_cache(maxsize=64)
def _raised_cosine(size: int, mean: float, periodic: bool) -> np.ndarray:
    if size == 1:
        return np.ones(1)
    period = size if periodic else size - size % 2
    return mean - (1.0 - mean) * np.cos(2.0 * np.pi * np.arange(size) / period)
