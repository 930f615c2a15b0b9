"""Losses between two waveforms: functions of audio [batch, samples], means over the batch."""

from __future__ import annotations

import math
from typing import Any

from ddspgraph.dsp.numerics import tf_float32
from ddspgraph.lazy import tf

#: What keeps ratios of energies finite on silence.
_EPS = 1e-8
#: ln cosh x as a series of x**2, from its first power on.
_LOG_COSH = (1 / 2, -1 / 12, 1 / 45, -17 / 2520, 31 / 14175, -691 / 935550, 10922 / 42567525)


def esr_loss(target_audio: Any, audio: Any) -> tf.Tensor:
    """Error-to-signal ratio: the mean of sum (target - x)**2 / (sum target**2 + 1e-8)."""
    target, audio = tf_float32(target_audio), tf_float32(audio)
    return _mean(_energy(target - audio) / (_energy(target) + _EPS))


def dc_loss(target_audio: Any, audio: Any) -> tf.Tensor:
    """Offset: the mean of (mean target - mean x)**2 / (mean target**2 + 1e-8)."""
    target, audio = tf_float32(target_audio), tf_float32(audio)
    offset = _time_mean(target - audio)
    return _mean(offset**2.0 / (_time_mean(target**2.0) + _EPS))


def snr_loss(target_audio: Any, audio: Any, *, zero_mean: bool = True) -> tf.Tensor:
    """Minus the signal-to-noise ratio in dB, the noise being what x differs from the target by.

    Args:
      target_audio, audio: Shape [batch, samples].
      zero_mean: Leave the offset of both out.
    """
    target, audio = _centred(target_audio, zero_mean), _centred(audio, zero_mean)
    return -_mean(_ratio_db(target, audio - target))


def si_sdr_loss(target_audio: Any, audio: Any, *, zero_mean: bool = True) -> tf.Tensor:
    """Minus the scale-invariant signal-to-distortion ratio in dB: the SNR with the target at its best level.

    Args:
      target_audio, audio: Shape [batch, samples].
      zero_mean: Leave the offset of both out.
    """
    target, audio = _centred(target_audio, zero_mean), _centred(audio, zero_mean)
    level = tf.reduce_sum(target * audio, axis=-1) / (_energy(target) + _EPS)
    target = level[:, tf.newaxis] * target
    return -_mean(_ratio_db(target, audio - target))


def log_cosh_loss(target_audio: Any, audio: Any, *, a: float = 1.0) -> tf.Tensor:
    """The mean of ln cosh(a d) / a, d being the difference: a d**2 / 2 where it is small, |d| - ln 2 / a where large.

    As |d| + (ln(1 + exp(-2 a |d|)) - ln 2) / a, which no difference overflows; below a |d| = 1/2, where that is a
    difference of equal numbers, by its power series, to 1e-7.

    Args:
      target_audio, audio: Shape [batch, samples].
      a: The larger, the nearer to |d|.
    """
    scaled = a * tf.abs(tf_float32(audio) - tf_float32(target_audio))
    square = tf.square(tf.minimum(scaled, 0.5))
    near = tf.zeros_like(square)
    for coefficient in reversed(_LOG_COSH):
        near = square * (coefficient + near)
    far = scaled + tf.math.log(1.0 + tf.exp(-2.0 * scaled)) - math.log(2.0)
    return _mean(tf.where(scaled < 0.5, near, far)) / a


def _energy(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(x**2.0, axis=-1)


def _ratio_db(signal: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    ratio = _energy(signal) / (_energy(noise) + _EPS)
    return (10.0 / math.log(10.0)) * tf.math.log(ratio + _EPS)


def _centred(x: Any, zero_mean: bool) -> tf.Tensor:
    x = tf_float32(x)
    return x - _time_mean(x)[:, tf.newaxis] if zero_mean else x


def _time_mean(x: tf.Tensor) -> tf.Tensor:
    """Mean over time; 0 of no samples."""
    return tf.reduce_sum(x, axis=-1) / tf.cast(tf.maximum(tf.shape(x)[-1], 1), x.dtype)


def _mean(x: tf.Tensor) -> tf.Tensor:
    """Mean over everything; 0 of nothing."""
    return tf.reduce_sum(x) / tf.cast(tf.maximum(tf.size(x), 1), x.dtype)
