"""Filters drawn from what a network can control: magnitudes over frequency, or a cutoff frequency.

Frequency sampling: the inverse transform of a real, zero-phase frequency response, windowed to smooth the
response between its samples. Windowed sinc: the ideal low-pass under a Hamming window. For both see
J. O. Smith, Spectral Audio Signal Processing, chapter "FIR Digital Filter Design".
"""

from __future__ import annotations

import math
from typing import Any

from ddspgraph.dsp import fft
from ddspgraph.dsp.convolution import fft_convolve
from ddspgraph.dsp.numerics import safe_divide, tf_float32
from ddspgraph.dsp.sizes import Size, choose, larger, size_of, smaller
from ddspgraph.lazy import tf


def apply_window_to_impulse_response(impulse_response: Any, window_size: int = 0, causal: bool = False) -> tf.Tensor:
    """Shortens and smooths an impulse response with a Hann window, and puts it in causal order.

    >>> dg.dsp.apply_window_to_impulse_response(tf.ones([1, 8]), window_size=4).shape
    TensorShape([1, 3])

    Args:
      impulse_response: Shape [..., ir_samples], zero-phase: time 0 first, negative times at the end.
      window_size: Samples of the window; below 1 or above `ir_samples` it is `ir_samples`.
      causal: The response comes in causal order already (time 0 in the middle).

    Returns:
      The windowed response in causal order. Its length is that of the window, less 1 (the earliest sample)
      if that is even and shorter than the response. As in magenta/ddsp, an odd window peaks one sample before
      time 0; the windows of 1 and 3 samples, of which that would leave nothing, are centred.
    """
    response = tf_float32(impulse_response)
    ir_size = size_of(response, -1)
    if causal:
        response = tf.roll(response, ir_size // 2, axis=-1)
    window_size = smaller(window_size, ir_size) if window_size > 0 else ir_size
    first, last, weights = _window_by_time(window_size, ir_size)
    past = response[..., ir_size + first : ir_size]  # type: ignore[arg-type]  # TensorFlow's stub has no ...
    coming = response[..., : last + 1]  # type: ignore[arg-type]
    return tf.concat([past, coming], axis=-1) * weights


def _window_by_time(window_size: Size, ir_size: Size) -> tuple[Size, Size, tf.Tensor]:
    """The first and the last time, in samples, that a windowed response keeps, and the window's weights from the one
    to the other: first <= 0 <= last + 1, less than `ir_size` apart."""
    # Written with & and *, so that the sizes may be ints or tensors.
    whole = window_size == ir_size
    tiny = (window_size == 1) | ((window_size == 3) & (ir_size > 3))
    peak = choose(tiny, window_size // 2, (window_size + 1) // 2)  # index in the window that lies at time 0
    first = choose(tiny, -peak, choose(whole, -(ir_size // 2), smaller(2 - peak, 0)))
    last = choose(whole, first + ir_size - 1, peak)
    times = tf.range(first, last + 1)
    # Up to two kept times lie past the window's end.
    weights = tf.pad(fft.hann_window(window_size), [[0, 2]])
    return first, last, tf.gather(weights, times + peak)


def _zero_phase_window(response: tf.Tensor, window_size: int) -> tf.Tensor:
    """A zero-phase response, time 0 first, under a Hann window: of odd length, with time 0 in the middle."""
    ir_size = size_of(response, -1)
    half = (smaller(window_size, ir_size) if window_size > 0 else ir_size) // 2
    reach = larger(half - 1, 0)  # the window is 0 at -half and half
    times = tf.range(-reach, reach + 1)
    turns = tf.cast(times, tf.float32) / tf.cast(2 * larger(half, 1), tf.float32)
    past = response[..., ir_size - reach : ir_size]  # type: ignore[arg-type]  # TensorFlow's stub has no ...
    coming = response[..., : reach + 1]  # type: ignore[arg-type]
    return tf.concat([past, coming], axis=-1) * (0.5 + 0.5 * tf.cos(2.0 * math.pi * turns))


def frequency_impulse_response(magnitudes: Any, window_size: int = 0, timing: str = "ddsp") -> tf.Tensor:
    """Linear-phase impulse response of given magnitudes, by frequency sampling.

    >>> dg.dsp.frequency_impulse_response(tf.ones([1, 5]), timing="exact").numpy()
    array([[0., 0., 0., 1., 0., 0., 0.]], dtype=float32)

    Args:
      magnitudes: Shape [..., n_frequencies]: linear gains at n_frequencies equally spaced frequencies from 0
        to Nyquist, both included.
      window_size: Samples of the Hann window over the response; below 1 or above the response's length it is
        that length. A shorter window smooths the frequency response.
      timing: 'exact' gives an odd number of samples, symmetric about time 0 in the middle, where the window is 1;
        'ddsp' the response of `apply_window_to_impulse_response`.

    Returns:
      Shape [..., ir_samples] in causal order, 2 * (n_frequencies - 1) samples (one less, which would be 0, with
      'exact') before the window shortens it. One frequency is a gain: one sample.
    """
    magnitudes = tf_float32(magnitudes)
    ir_size = larger(2 * (size_of(magnitudes, -1) - 1), 1)
    response = fft.irfft(tf.cast(magnitudes, tf.complex64), ir_size)
    windowed = _zero_phase_window if timing == "exact" else apply_window_to_impulse_response
    return windowed(response, window_size)


def _aligned(audio: Any, response: tf.Tensor, padding: str, timing: str) -> tf.Tensor:
    """Audio through a linear-phase response, whose delay is undone: exactly, or as `fft_convolve` counts it."""
    if timing not in ("exact", "ddsp"):
        raise ValueError(f"timing must be 'exact' or 'ddsp', not {timing!r}")
    return fft_convolve(audio, response, padding, size_of(response, -1) // 2 if timing == "exact" else -1)


def frequency_filter(
    audio: Any, magnitudes: Any, window_size: int = 0, padding: str = "same", timing: str = "ddsp"
) -> tf.Tensor:
    """Filters audio with given magnitudes over frequency, which may change from frame to frame.

    >>> noise = dg.dsp.uniform_noise(1600, seed=0)
    >>> dg.dsp.frequency_filter(noise, tf.ones([1, 10, 65]), timing="exact").shape
    TensorShape([1, 1600])

    Args:
      audio: Shape [batch, samples].
      magnitudes: Linear gains, shape [batch, n_frequencies] or [batch, frames, n_frequencies]; see
        `frequency_impulse_response`.
      window_size: Samples of the window over the impulse response; below 1: as long as the response.
      padding: 'same' or 'valid', as in `fft_convolve`.
      timing: 'exact' undoes all of the filter's delay; 'ddsp' leaves up to 2 samples, as magenta/ddsp does (2 with
        windows below the response's length or 3 bands and more, 1 with 2 bands, 0 with odd windows).

    Returns:
      Shape [batch, samples], or [batch, samples + ir_samples - 1] for 'valid'.

    Raises:
      ValueError: As `fft_convolve`; another `timing`.
    """
    return _aligned(audio, frequency_impulse_response(magnitudes, window_size, timing), padding, timing)


def sinc(x: Any, threshold: float = 1e-20) -> tf.Tensor:
    """Normalised sinc function, sin(pi x) / (pi x).

    >>> dg.dsp.sinc([0.0, 0.5]).numpy()
    array([1.    , 0.6366], dtype=float32)

    Args:
      x: Any shape.
      threshold: Where |x| is below it, the value is that at `threshold`.

    Returns:
      Same shape as `x`. Where |pi x| < 0.1 it is a Taylor series, whose gradient has no 0 / 0 and no
      cancellation of cos(x) / x with sin(x) / x**2.
    """
    x = tf_float32(x)
    x = math.pi * tf.where(tf.abs(x) < threshold, tf.cast(threshold, x.dtype), x)
    near = tf.abs(x) < 0.1
    far_x = tf.where(near, 1.0, x)
    square = tf.where(near, x * x, 0.0)  # next term: x**6 / 5040 < 2e-10
    return tf.where(near, 1.0 - square / 6.0 * (1.0 - square / 20.0), tf.sin(far_x) / far_x)


def sinc_impulse_response(
    cutoff_frequency: Any,
    window_size: int = 512,
    sample_rate: float | None = None,
    high_pass: bool = False,
) -> tf.Tensor:
    """Impulse response of a low-pass or high-pass filter: a sinc under a Hamming window, of unit gain.

    h[i] = w[i] sinc(c i) / |sum_i w[i] sinc(c i)|, where c is the cutoff over Nyquist; the high-pass is
    delta[i] - h[i].

    >>> low = dg.dsp.sinc_impulse_response([[1000.0]], window_size=64, sample_rate=16000)
    >>> low.shape, round(float(tf.reduce_sum(low)), 4)
    (TensorShape([1, 1, 65]), 1.0)

    Args:
      cutoff_frequency: In Hz if `sample_rate` is given, else as a fraction of Nyquist, 0 to 1. A number, or
        shape [batch] or [batch, 1], or [batch, frames, 1] for a filter that changes from frame to frame.
      window_size: Samples of the response; made odd by adding 1.
      sample_rate: In Hz.
      high_pass: Keep what lies above the cutoff instead.

    Returns:
      Shape [batch, frames, ir_samples]; what `cutoff_frequency` does not have of batch and frames is 1.
    """
    cutoff = tf_float32(cutoff_frequency)
    if sample_rate is not None:
        cutoff *= 2.0 / float(sample_rate)
    if cutoff.shape.rank != 3:
        cutoff = tf.reshape(cutoff, [-1, 1, 1])
    half_size = window_size // 2
    ir_size = 2 * half_size + 1
    response = sinc(cutoff * tf.range(-half_size, half_size + 1, dtype=tf.float32))
    response *= fft.hamming_window(ir_size)
    response = safe_divide(response, tf.abs(tf.reduce_sum(response, axis=-1, keepdims=True)))
    return tf.one_hot(half_size, ir_size) - response if high_pass else response


def sinc_filter(
    audio: Any,
    cutoff_frequency: Any,
    window_size: int = 512,
    sample_rate: float | None = None,
    padding: str = "same",
    high_pass: bool = False,
    timing: str = "ddsp",
) -> tf.Tensor:
    """Low-pass or high-pass filters audio with a windowed sinc (`sinc_impulse_response`).

    >>> noise = dg.dsp.uniform_noise(1600, seed=0)
    >>> dg.dsp.sinc_filter(noise, [500.0], sample_rate=16000, timing="exact").shape
    TensorShape([1, 1600])

    Args:
      audio: Shape [batch, samples].
      cutoff_frequency: A number, [batch], [batch, 1] or [batch, frames, 1]; in Hz if `sample_rate` is given, else as a
        fraction of Nyquist.
      window_size: Samples of the impulse response; made odd by adding 1.
      sample_rate: In Hz.
      padding: 'same' or 'valid', as in `fft_convolve`.
      high_pass: Keep what lies above the cutoff instead.
      timing: 'exact' undoes all of the filter's delay; 'ddsp' leaves 1 sample, as magenta/ddsp does.

    Returns:
      Shape [batch, samples], or [batch, samples + ir_samples - 1] for 'valid'.

    Raises:
      ValueError: As `fft_convolve`; another `timing`.
    """
    response = sinc_impulse_response(cutoff_frequency, window_size, sample_rate, high_pass)
    return _aligned(audio, response, padding, timing)
