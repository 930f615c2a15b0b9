"""Fourier transforms, framing and windows: the only file that calls TensorFlow's FFTs and ``tf.signal``.

Everything spectral goes through here, so that a graph without FFTs (LiteRT, ONNX) is one file to replace.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from ddspgraph.dsp.numerics import pad_axis
from ddspgraph.dsp.sizes import Size, ceil_divide, larger, size_of, smaller
from ddspgraph.lazy import np, tf

_LARGEST_SIZE = 2**31 - 1
#: Overlapping frames are added part by part where parts are long (in samples) and few: measured.
_SHORTEST_PART, _MOST_PARTS = 32, 8


def rfft(x: tf.Tensor, fft_length: Size) -> tf.Tensor:
    """Spectrum of real `x` [..., n], cropped or zero-padded to `fft_length`: complex [..., fft_length // 2 + 1].

    The gradient is one inverse transform: with L = fft_length and a cotangent G,
    dx[n] = sum over k = 0 ... L // 2 of Re(G[k] exp(2 pi i k n / L)), where `irfft` would count the bins between 0
    and L / 2 twice and divide by L. (TensorFlow's own makes several complex signals of full length.)

    >>> dg.dsp.rfft(tf.constant([[1.0, 0.0, 0.0, 0.0]]), 4).numpy()
    array([[1.+0.j, 1.+0.j, 1.+0.j]], dtype=complex64)
    """
    length = x.shape[-1]
    if isinstance(fft_length, int) and length is not None and length < fft_length:
        # tf.signal.rfft pads by itself, but not where another axis is empty, and then refuses.
        x = pad_axis(x, (0, fft_length - length), axis=-1)

    @tf.custom_gradient
    def transform(x: tf.Tensor) -> Any:  # value and gradient; called, the value alone
        def adjoint(cotangent: tf.Tensor) -> tf.Tensor:
            weights = _bin_weights(fft_length)
            fitted = irfft(cotangent * tf.complex(weights, tf.zeros_like(weights)), fft_length)
            n = size_of(x, -1)
            if isinstance(n, int) and isinstance(fft_length, int) and n == fft_length:
                return fitted
            fitted = fitted[..., : smaller(n, fft_length)]  # type: ignore[arg-type]  # the stub has no ...
            return tf.pad(fitted, [[0, 0]] * (len(x.shape) - 1) + [[0, larger(n - fft_length, 0)]])

        return tf.signal.rfft(x, [fft_length]), adjoint

    return transform(x)


def _bin_weights(fft_length: Size) -> tf.Tensor:
    """L at 0 and, for an even L, at L / 2; L / 2 in between: float32 [L // 2 + 1]."""
    k = tf.range(fft_length // 2 + 1)
    alone = (k == 0) | (2 * k == fft_length)
    length = tf.cast(fft_length, tf.float32)
    return tf.where(alone, length, 0.5 * length)


def magnitude(spectrum: tf.Tensor) -> tf.Tensor:
    """|S| of a complex tensor; the gradient is 0 where S is 0, and below about 1e-19, whose square is 0, S counts as 0.

    From real and imaginary parts: TensorFlow's `abs` of complex numbers costs as much as the transform, and its
    gradient more.
    """

    @tf.custom_gradient
    def modulus(s: tf.Tensor) -> Any:  # value and gradient; called, the value alone
        size = tf.sqrt(tf.square(tf.math.real(s)) + tf.square(tf.math.imag(s)))

        def adjoint(cotangent: tf.Tensor) -> tf.Tensor:
            share = tf.math.divide_no_nan(cotangent, size)
            return s * tf.complex(share, tf.zeros_like(share))

        return size, adjoint

    return modulus(spectrum)


def irfft(spectrum: tf.Tensor, fft_length: Size) -> tf.Tensor:
    """Real signal [..., fft_length] of the half `spectrum` [..., fft_length // 2 + 1]; inverse of `rfft`.

    >>> dg.dsp.irfft(tf.constant([[1.0, 1.0, 1.0]], tf.complex64), 4).numpy()
    array([[1., 0., 0., 0.]], dtype=float32)
    """
    return tf.signal.irfft(spectrum, [fft_length])


def convolve(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Linear convolution of two long real signals along the last axis, by complex transforms of half the length.

    With 2 M >= n_a + n_b - 1 it is the product of polynomials modulo z**(2 M) + 1. There z**M = i, so the halves of a
    signal are real and imaginary parts of M numbers; times exp(i pi k / (2 M)), k = 0 ... M - 1, those multiply
    cyclically, which spectra do (Crandall & Fagin, "Discrete weighted transforms and large-integer arithmetic", Math.
    Comp. 62, 1994). TensorFlow's real transform of one long signal takes twice the time of this complex one.

    Args:
      a: Shape [..., n_a].
      b: Shape [..., n_b]; other axes broadcast with those of `a`.

    Returns:
      Shape [..., 2 M]; from n_a + n_b - 1 on, zeros up to rounding.
    """
    half = convolution_fft_size(ceil_divide(size_of(a, -1) + size_of(b, -1) - 1, 2))
    angle = tf.cast(tf.range(half), tf.float32) * (0.5 * math.pi / tf.cast(half, tf.float32))
    twist = tf.complex(tf.cos(angle), tf.sin(angle))

    def spectrum(x: tf.Tensor) -> tf.Tensor:
        x = pad_axis(x, (0, 2 * half - size_of(x, -1)), axis=-1)
        return tf.signal.fft(tf.complex(x[..., :half], x[..., half:]) * twist)  # type: ignore[arg-type]

    product = tf.signal.ifft(spectrum(a) * spectrum(b)) * tf.math.conj(twist)
    return tf.concat([tf.math.real(product), tf.math.imag(product)], axis=-1)


def get_fft_size(frame_size: Size, ir_size: Size, power_of_2: bool = True) -> Size:
    """Smallest FFT length that holds the linear convolution of `frame_size` and `ir_size` samples.

    >>> dg.dsp.get_fft_size(1000, 100), dg.dsp.get_fft_size(1000, 100, power_of_2=False)
    (2048, 1125)

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

    >>> dg.dsp.smooth_fft_size(1099)
    1125

    Args:
      n: An int, or an int32 scalar tensor; inside a graph the answer is looked up in a constant table.

    Raises:
      ValueError: No such number below 2**31.
    """
    return _next_in(_smooth_numbers(), n)


def convolution_fft_size(n: Size) -> Size:
    """As `smooth_fft_size`, of the numbers whose odd part is at most 225 (15 * 15).

    They are nearly as dense, and the transforms are faster and more exact: for 3 s of reverb on 4 s of audio 115,200
    (2**9 * 225) took 7 % less time than 112,500 (2**2 * 28,125), with 2.2e-7 instead of 2.4e-7 of error.
    """
    return _next_in(_even_smooth_numbers(), n)


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


@functools.cache
def _even_smooth_numbers() -> np.ndarray:
    numbers = _smooth_numbers()
    return numbers[numbers // (numbers & -numbers) <= 225]


def frame(signal: Any, frame_size: Size, hop_size: Size, pad_end: bool = False) -> tf.Tensor:
    """Cuts [..., n] into overlapping frames [..., n_frames, frame_size] that begin every `hop_size` samples.

    `pad_end` adds frames, filled up with zeros, until every sample begins or lies in one: ceil(n / hop_size).
    """

    @tf.custom_gradient
    def cut(x: tf.Tensor) -> Any:  # value and gradient; called, the value alone
        def adjoint(cotangent: tf.Tensor) -> tf.Tensor:
            n = size_of(x, -1)
            summed = overlap_and_add(cotangent, hop_size)[..., :n]  # type: ignore[arg-type]
            return tf.pad(summed, [[0, 0]] * (len(x.shape) - 1) + [[0, n - size_of(summed, -1)]])

        return tf.signal.frame(x, frame_size, hop_size, pad_end=pad_end), adjoint

    return cut(tf.convert_to_tensor(signal))


def overlap_and_add(frames: Any, hop_size: Size) -> tf.Tensor:
    """Sums frames [..., n_frames, frame_size], each `hop_size` later: [..., (n_frames - 1) * hop + frame_size]."""
    frames = tf.convert_to_tensor(frames)
    frame_size, rank = frames.shape[-1], len(frames.shape)
    known = isinstance(frame_size, int) and isinstance(hop_size, int)
    if not known or hop_size < _SHORTEST_PART or frame_size > _MOST_PARTS * hop_size:
        return tf.signal.overlap_and_add(frames, hop_size)
    # Hop by hop: what the frames have there, shifted by as many frames. TensorFlow's own transposes everything.
    n_parts, n_frames = larger(ceil_divide(frame_size, hop_size), 1), size_of(frames, -2)
    fitted = tf.pad(frames, [[0, 0]] * (rank - 1) + [[0, n_parts * hop_size - frame_size]])
    parts = [
        tf.pad(part, [[0, 0]] * (rank - 2) + [[i, n_parts - 1 - i], [0, 0]])
        for i, part in enumerate(tf.split(fitted, n_parts, axis=-1))
    ]
    length = (n_frames + n_parts - 1) * hop_size
    summed = tf.reshape(tf.add_n(parts), tf.concat([tf.shape(frames)[:-2], [length]], axis=0))
    return summed[..., : length - (n_parts * hop_size - frame_size)]  # type: ignore[arg-type]


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
