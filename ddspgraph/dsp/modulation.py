"""What moves an effect by itself: a slow wave whose rate may move, and delays read between samples by an all-pass."""

from __future__ import annotations

import math

from ddspgraph.dsp.attack_release import smoothed
from ddspgraph.dsp.phase import wrap, wrapped_cumsum
from ddspgraph.dsp.sections import clipped
from ddspgraph.lazy import tf

#: The shortest delay that an all-pass reads, in samples: nearer to 0 it rings at Nyquist.
SHORTEST_ALLPASS = 0.5


def swing(
    rate_hz: tf.Tensor, like: tf.Tensor, sample_rate: float, shape: str, phase: float, state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """A wave between 0 and 1, which begins at 0.

    >>> dg.dsp.swing(tf.constant([[1.0]]), tf.zeros([1, 4]), 4.0, "sine", 0.0)[0].numpy()
    array([[0. , 0.5, 1. , 0.5]])

    Args:
      rate_hz: Turns a second, float32 [batch or 1, samples or 1].
      like: float32 [batch, samples], for the size.
      sample_rate: Samples a second.
      shape: "sine", "triangle" or "square".
      phase: In radians, at the first sample.
      state: float64 [batch or 1, 1], the cycles at the first sample; None: 0.

    Returns:
      float64 [batch, samples], since times are made of it, and the state of the next block.
    """
    rate_hz = clipped(rate_hz, -0.5 * sample_rate, 0.5 * sample_rate)
    steps = tf.cast(rate_hz + tf.zeros_like(like), tf.float64) / sample_rate
    begin = tf.zeros([1, 1], tf.float64) if state is None else state
    after = begin + wrapped_cumsum(steps)
    return _wave(shape, wrap(after - steps + phase / (2.0 * math.pi))), wrap(after[:, -1:])


def _wave(shape: str, turns: tf.Tensor) -> tf.Tensor:
    if shape == "triangle":
        return 1.0 - tf.abs(1.0 - 2.0 * turns)
    if shape == "square":
        return tf.cast(turns >= 0.5, tf.float64)
    half = tf.sin(math.pi * turns)
    return half * half


def allpass_parts(delay: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The whole delay before an all-pass, and its coefficient (1 - d) / (1 + d) for the rest d, 0.5 to 1.5 samples.

    Args:
      delay: In samples, float64, `SHORTEST_ALLPASS` or more.

    Returns:
      float64, and float32: of the same shape.
    """
    whole = tf.stop_gradient(tf.floor(delay - SHORTEST_ALLPASS))
    rest = tf.cast(delay - whole, tf.float32)
    return whole, (1.0 - rest) / (1.0 + rest)


def allpass_read(
    now: tf.Tensor, before: tf.Tensor, coefficient: tf.Tensor, state: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """y[n] = a now[n] + before[n] - a y[n-1]: of order 1, every frequency as loud as it came.

    Args:
      now, before: float32 [batch, samples], a sound and the same one sample later.
      coefficient: a, float32 [batch or 1, samples or 1].
      state: [batch or 1, 1], y before the first sample; None: 0.

    Source: Laakso et al., Splitting the unit delay (IEEE Signal Processing Magazine 13(1), 1996), section "allpass".
    """
    # As steps of `smoothed`, y + c (x - y), with c = 1 + a.
    return smoothed((coefficient * now + before) / (1.0 + coefficient), 1.0 + coefficient, state)
