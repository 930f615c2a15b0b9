"""Frequencies and amplitudes of partials at frame rate: harmonic sets, sinusoids, and the way between them."""

from __future__ import annotations

import math

from ddspgraph.dsp.numerics import TensorLike, safe_divide, tf_float32
from ddspgraph.dsp.sizes import Size, size_of
from ddspgraph.lazy import tf


def get_harmonic_frequencies(frequencies: TensorLike, n_harmonics: Size) -> tf.Tensor:
    """Frequencies of the harmonics 1 ... n_harmonics: [batch, time, 1] -> [batch, time, n_harmonics], Hz to Hz.

    >>> dg.dsp.get_harmonic_frequencies([[[110.0]]], 3).numpy()
    array([[[110., 220., 330.]]], dtype=float32)
    """
    ratios = tf.cast(tf.range(1, n_harmonics + 1), tf.float32)
    return tf_float32(frequencies) * ratios[tf.newaxis, tf.newaxis, :]


def remove_above_nyquist(
    frequency_envelopes: TensorLike, amplitude_envelopes: TensorLike, sample_rate: float = 16000
) -> tf.Tensor:
    """The amplitudes, 0 where the partial's frequency is at or above sample_rate / 2.

    >>> dg.dsp.remove_above_nyquist([[[7000.0, 8000.0]]], [[[1.0, 1.0]]], sample_rate=16000).numpy()
    array([[[1., 0.]]], dtype=float32)

    Args:
      frequency_envelopes: Hz, [batch, time, partials].
      amplitude_envelopes: Same shape, or one that broadcasts to it.
      sample_rate: Hz.
    """
    frequencies, amplitudes = tf_float32(frequency_envelopes), tf_float32(amplitude_envelopes)
    return tf.where(frequencies >= sample_rate / 2.0, 0.0, amplitudes)


def nyquist_gain(frequencies: TensorLike, sample_rate: float, nyquist_fade: float) -> tf.Tensor:
    """Gain of partials near Nyquist: 1 below (1 - nyquist_fade) of it, a raised cosine down to 0 at and above it.

    `nyquist_fade` is a fraction of sample_rate / 2, above 0 and at most 1.
    """
    below = 1.0 - tf_float32(frequencies) / (sample_rate / 2.0)
    return tf.sin(0.5 * math.pi * tf.clip_by_value(below / nyquist_fade, 0.0, 1.0)) ** 2


def normalize_harmonics(
    harmonic_distribution: TensorLike, f0_hz: TensorLike | None = None, sample_rate: float | None = None
) -> tf.Tensor:
    """Scales the last axis to a sum of 1, without the harmonics above Nyquist if f0_hz and sample_rate are given.

    >>> dg.dsp.normalize_harmonics([[[1.0, 1.0, 2.0]]]).numpy()
    array([[[0.25, 0.25, 0.5 ]]], dtype=float32)

    Args:
      harmonic_distribution: [batch, frames, harmonics]; where its sum is 0 it stays 0.
      f0_hz: Fundamental frequency, [batch, frames, 1].
      sample_rate: Hz.
    """
    distribution = tf_float32(harmonic_distribution)
    if f0_hz is not None and sample_rate is not None:
        harmonics_hz = get_harmonic_frequencies(f0_hz, size_of(distribution, -1))
        distribution = remove_above_nyquist(harmonics_hz, distribution, sample_rate)
    return safe_divide(distribution, tf.reduce_sum(distribution, axis=-1, keepdims=True))


def harmonic_to_sinusoidal(
    harm_amp: TensorLike, harm_dist: TensorLike, f0_hz: TensorLike, sample_rate: float = 16000
) -> tuple[tf.Tensor, tf.Tensor]:
    """Amplitudes and frequencies of the sinusoids that a harmonic set consists of, normalized below Nyquist.

    >>> amplitudes, frequencies = dg.dsp.harmonic_to_sinusoidal([[[0.4]]], [[[3.0, 1.0]]], [[[220.0]]])
    >>> amplitudes.numpy(), frequencies.numpy()
    (array([[[0.3, 0.1]]], dtype=float32), array([[[220., 440.]]], dtype=float32))

    Args:
      harm_amp: Amplitude of the whole set, [batch, frames, 1].
      harm_dist: Distribution over the harmonics, [batch, frames, harmonics].
      f0_hz: Fundamental frequency, [batch, frames, 1].
      sample_rate: Hz.

    Returns:
      Amplitudes and frequencies in Hz, both [batch, frames, harmonics].
    """
    distribution = tf_float32(harm_dist)
    frequencies = get_harmonic_frequencies(f0_hz, size_of(distribution, -1))
    amplitudes = tf_float32(harm_amp) * normalize_harmonics(distribution, f0_hz, sample_rate)
    return amplitudes, frequencies


def sinusoidal_to_harmonic(
    sin_amps: TensorLike,
    sin_freqs: TensorLike,
    f0_hz: TensorLike,
    harmonic_width: float = 0.1,
    n_harmonics: int = 100,
    sample_rate: float = 16000,
    normalize: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The harmonic set that sinusoids come nearest to: each harmonic gathers its neighbours by a Gaussian weight.

    A sinusoid at f counts for harmonic k with the weight exp(-((f / f0 - k) / harmonic_width) ** 2).

    >>> sines = ([[[0.3, 0.1]]], [[[220.0, 440.0]]])  # amplitudes and Hz
    >>> amplitude, distribution = dg.dsp.sinusoidal_to_harmonic(*sines, [[[220.0]]], n_harmonics=3)
    >>> amplitude.numpy(), distribution.numpy()
    (array([[[0.4]]], dtype=float32), array([[[0.75, 0.25, 0.  ]]], dtype=float32))

    Args:
      sin_amps, sin_freqs: Amplitudes and frequencies in Hz, [batch, frames, sinusoids].
      f0_hz: Fundamental frequency, [batch, frames, 1].
      harmonic_width: Width of the Gaussian in units of f0.
      n_harmonics: Number of harmonics.
      sample_rate: Hz; harmonics at and above half of it are 0.
      normalize: Divides by the sum of a harmonic's weights where it exceeds 1.

    Returns:
      Amplitude of the set, [batch, frames, 1], and its distribution, [batch, frames, n_harmonics], of sum 1.
    """
    sin_amps, sin_freqs, f0_hz = tf_float32(sin_amps), tf_float32(sin_freqs), tf_float32(f0_hz)
    harmonics_hz = get_harmonic_frequencies(f0_hz, n_harmonics)
    # Axes from here on: [batch, frames, sinusoids, harmonics].
    distance_hz = tf.expand_dims(sin_freqs, 3) - tf.expand_dims(harmonics_hz, 2)
    distance = safe_divide(distance_hz, tf.expand_dims(f0_hz, 3)) / harmonic_width
    weights = tf.exp(-(distance**2))
    if normalize:
        weights /= tf.maximum(tf.reduce_sum(weights, axis=2, keepdims=True), 1.0)
    amplitudes = tf.reduce_sum(tf.expand_dims(sin_amps, 3) * weights, axis=2)
    amplitudes = remove_above_nyquist(harmonics_hz, amplitudes, sample_rate)
    amplitude = tf.reduce_sum(amplitudes, axis=-1, keepdims=True)
    return amplitude, safe_divide(amplitudes, amplitude)
