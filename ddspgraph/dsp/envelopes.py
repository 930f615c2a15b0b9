"""Curves over time that are made from a few numbers: low-frequency waves and exponential decays."""

from __future__ import annotations

import math
from typing import Any

from ddspgraph.dsp.numerics import TensorLike, tf_float32
from ddspgraph.dsp.sizes import whole_packets
from ddspgraph.lazy import tf

#: Beyond it exp(x) would leave float32; a decay that fast is over after one step anyway.
_LARGEST_EXPONENT = 80.0
#: A sound that falls by 60 dB within a microsecond is over after one frame.
_SHORTEST_T60_S = 1e-6


def low_frequency_oscillator(
    frequency_hz: TensorLike,
    n_frames: Any,
    frame_rate: float,
    shape: str = "sine",
    phase: float = 0.0,
    first_frame: Any = 0,
) -> tf.Tensor:
    """A periodic wave in [-1, 1], sampled at a frame rate.

    With the turn u = frac(f n / frame_rate + phase / (2 pi)) of frame n: sine sin(2 pi u); triangle, which
    like the sine begins at 0 and rises; square, +1 then -1; saw 2 u - 1. The turn is computed from the
    frame's number in float64, so that it does not drift.

    >>> dg.dsp.low_frequency_oscillator([1.0], 4, frame_rate=4.0, shape="triangle")[0, :, 0].numpy()
    array([ 0.,  1.,  0., -1.], dtype=float32)

    Args:
      frequency_hz: Shape [batch].
      n_frames: Length, an int or an int32 scalar.
      frame_rate: Frames a second, in Hz.
      shape: 'sine', 'triangle', 'square' or 'saw'.
      phase: In radians, at frame 0.
      first_frame: The number of the first frame: a later part of the same wave begins later.

    Returns:
      Shape [batch, n_frames, 1].

    Raises:
      ValueError: Another `shape`.
    """
    # Whole packets: the sines that are left over after the last one would be rounded otherwise than in a stream.
    times = tf.cast(_numbers(first_frame, whole_packets(n_frames)), tf.float64) / float(frame_rate)
    turns = tf.cast(tf_float32(frequency_hz), tf.float64)[:, tf.newaxis] * times + phase / (2.0 * math.pi)
    return low_frequency_wave(shape, tf.expand_dims(turns, -1))[:, :n_frames]


def low_frequency_wave(shape: str, turns: tf.Tensor) -> tf.Tensor:
    """The waves of `low_frequency_oscillator` at float64 turns of any size; its gradient passes.

    >>> dg.dsp.low_frequency_wave("saw", tf.constant([0.0, 0.75, 1.25], tf.float64)).numpy()
    array([-1. ,  0.5, -0.5], dtype=float32)
    """
    turns = tf.cast(turns - tf.stop_gradient(tf.floor(turns)), tf.float32)
    if shape == "sine":
        return tf.sin(2.0 * math.pi * turns)
    if shape == "triangle":
        # A line from -1 to 3 over the turn, folded up at -1 (a quarter) and down at 1 (three quarters).
        return tf.abs(tf.abs(4.0 * turns - 1.0) - 2.0) - 1.0
    if shape == "square":
        return tf.where(turns < 0.5, 1.0, -1.0)
    if shape == "saw":
        return 2.0 * turns - 1.0
    raise ValueError(f"shape must be 'sine', 'triangle', 'square' or 'saw', not {shape!r}")


def exponential_decay(
    amplitude: TensorLike, t60: TensorLike, n_frames: Any, frame_rate: float, first_frame: Any = 0
) -> tf.Tensor:
    """An amplitude that falls by 60 dB within `t60`: y = amplitude * 10 ** (-3 t / t60).

    >>> dg.dsp.exponential_decay([[1.0]], [[1.0]], 3, frame_rate=2.0)[0, :, 0].numpy()
    array([1.    , 0.0316, 0.001 ], dtype=float32)

    Args:
      amplitude: Linear, at time 0; shape [batch, channels].
      t60: In seconds, same shape or one that broadcasts; below a microsecond it counts as a microsecond.
      n_frames: Length, an int or an int32 scalar.
      frame_rate: Frames a second, in Hz.
      first_frame: The number of the first frame: a later part of the same decay begins later.

    Returns:
      Shape [batch, n_frames, channels].

    Source: the definition of reverberation time, ISO 3382-1.
    """
    times = tf.cast(_numbers(first_frame, n_frames), tf.float32)[:, tf.newaxis] / float(frame_rate)
    rates = 3.0 * math.log(10.0) / tf.maximum(tf_float32(t60), _SHORTEST_T60_S)
    return tf_float32(amplitude)[:, tf.newaxis, :] * tf.exp(-rates[:, tf.newaxis, :] * times)


def unit_decay(decay: TensorLike, n_samples: Any) -> tf.Tensor:
    """exp(-(2 + exp(decay)) u), with u from 0 at the first sample to 1 at the last.

    >>> dg.dsp.unit_decay([[0.0]], 3).numpy()
    array([[1.    , 0.2231, 0.0498]], dtype=float32)

    Args:
      decay: Any number, shape [batch, 1]: 2 nepers (17 dB) and more are lost over the length.
      n_samples: Length, an int or an int32 scalar.

    Returns:
      Shape [batch, n_samples].
    """
    exponent = 2.0 + tf.exp(tf.minimum(tf_float32(decay), _LARGEST_EXPONENT))
    last = tf.maximum(tf.cast(n_samples, tf.float32) - 1.0, 1.0)
    return tf.exp(-exponent * tf.cast(tf.range(n_samples), tf.float32) / last)


def _numbers(first_frame: Any, n_frames: Any) -> tf.Tensor:
    return tf.cast(first_frame, tf.int64) + tf.range(tf.cast(n_frames, tf.int64))
