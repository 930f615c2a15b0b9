"""How likely one set of sinusoids is under another, taken as a mixture of normal distributions."""

from __future__ import annotations

import math
from typing import Any

from ddspgraph.dsp.numerics import safe_divide, safe_log, tf_float32
from ddspgraph.dsp.units import hz_to_midi
from ddspgraph.lazy import tf


def mixture_log_density(points: tf.Tensor, centers: tf.Tensor, scale: float, weights: Any = None) -> tf.Tensor:
    """Log density of points under a mixture of normal distributions of one standard deviation.

    log p(x) = logsumexp_j(log w_j - (x - c_j)**2 / (2 s**2)) - log(s sqrt(2 pi)), with sum_j w_j = 1.

    Args:
      points: x, shape [..., n_points].
      centers: c, shape [..., n_centers].
      scale: s, in the unit of points and centers.
      weights: Shape [..., n_centers], not negative, of any sum; weights of 0 count as 1e-7. None: all equal.

    Returns:
      Shape [..., n_points].
    """
    deviations = (tf.expand_dims(points, -1) - tf.expand_dims(centers, -2)) / scale
    logits = -0.5 * deviations**2.0
    if weights is None:
        log_weights = -tf.math.log(tf.cast(tf.shape(centers)[-1], tf.float32))
    else:
        log_weights = tf.expand_dims(tf.nn.log_softmax(safe_log(weights, 1e-7)), -2)
    return tf.reduce_logsumexp(logits + log_weights, axis=-1) - math.log(scale * math.sqrt(2.0 * math.pi))


def kde_consistency(
    amps_a: Any,
    freqs_a: Any,
    amps_b: Any,
    freqs_b: Any,
    *,
    weight_a: float = 1.0,
    weight_b: float = 1.0,
    weight_mean_amp: float = 1.0,
    scale_a: float = 0.1,
    scale_b: float = 0.1,
) -> tf.Tensor:
    """Disagreement of two sets of sinusoids, by kernel density estimates on the axis of pitch.

    The amplitude-weighted negative log likelihood of set a under a Gaussian mixture around set b, the same the
    other way round, and the difference of the mean amplitudes.

    Args:
      amps_a, freqs_a: Shape [batch, frames, sinusoids_a]; linear, Hz.
      amps_b, freqs_b: Shape [batch, frames, sinusoids_b].
      weight_a: Weight of how unlikely a is, given b.
      weight_b: Weight of how unlikely b is, given a.
      weight_mean_amp: Weight of the difference of the mean amplitudes.
      scale_a: Standard deviation of the kernels around the frequencies of a, in semitones.
      scale_b: The same for b.

    Returns:
      Scalar.
    """
    amps_a, amps_b = tf_float32(amps_a), tf_float32(amps_b)
    midi_a, midi_b = hz_to_midi(freqs_a), hz_to_midi(freqs_b)
    mean_amp_difference = tf.abs(tf.reduce_mean(amps_a, axis=-1) - tf.reduce_mean(amps_b, axis=-1))
    return (
        weight_a * _mean_surprise(amps_a, mixture_log_density(midi_a, midi_b, scale_b, amps_b))
        + weight_b * _mean_surprise(amps_b, mixture_log_density(midi_b, midi_a, scale_a, amps_a))
        + weight_mean_amp * tf.reduce_mean(mean_amp_difference)
    )


def _mean_surprise(amps: tf.Tensor, log_density: tf.Tensor) -> tf.Tensor:
    """-log density, weighted by the share of each sinusoid in its frame's amplitude; mean over all sinusoids."""
    shares = safe_divide(amps, tf.reduce_sum(amps, axis=-1, keepdims=True))
    return tf.reduce_mean(-shares * log_density)
