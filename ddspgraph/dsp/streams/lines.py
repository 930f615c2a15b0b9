"""Delay lines: what closes the loops of a graph. A line is [batch, channels, samples], the newest sample last.

A delay is whole, or has a fraction that an interpolator reads between samples: linear, or Lagrange's of order 3
(Laakso et al., Splitting the unit delay, IEEE Signal Processing Magazine 13(1), 1996). Neither amplifies: no fraction
makes a loop louder than its whole neighbours do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ddspgraph.dsp.sizes import Size, joint, size_of
from ddspgraph.dsp.streams.frames import slide
from ddspgraph.lazy import tf

#: Interpolator -> the samples that it reads, as delays relative to the whole part of the delay.
DELAY_TAPS: dict[str, tuple[int, ...]] = {"none": (0,), "linear": (0, 1), "lagrange3": (-1, 0, 1, 2)}


def tap_weights(interpolation: str, fraction: Any) -> tuple[Any, ...]:
    """The weight of each of `DELAY_TAPS` for a fraction of 0 to 1 (a number or a tensor), 1 in sum."""
    if interpolation == "none":
        return (1.0 + 0.0 * fraction,)
    if interpolation == "linear":
        return (1.0 - fraction, fraction)
    t = fraction
    return (
        -t * (t - 1.0) * (t - 2.0) / 6.0,
        (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
        -(t + 1.0) * t * (t - 2.0) / 2.0,
        (t + 1.0) * t * (t - 1.0) / 6.0,
    )


def whole_and_fraction(delay: float, interpolation: str) -> tuple[int, float]:
    """The whole part of a constant delay, and its fraction; without an interpolator the nearest whole delay."""
    if interpolation == "none":
        return round(delay), 0.0
    nearest = round(delay)
    if abs(delay - nearest) < 1e-9 * max(delay, 1.0):  # 31 ms at 48 kHz is computed, and means 1488
        return nearest, 0.0
    return int(delay), delay - int(delay)


def reach_of_delay(delay: float, interpolation: str) -> tuple[int, int]:
    """The newest and the oldest sample that a read at this constant delay touches, as delays."""
    whole, fraction = whole_and_fraction(delay, interpolation)
    taps = DELAY_TAPS[interpolation] if fraction else (0,)
    return whole + min(taps), whole + max(taps)


def read_line_at(line: tf.Tensor, end: Size, count: Size, delays: Sequence[float], interpolation: str) -> tf.Tensor:
    """A block of a line at constant delays, by slices.

    Args:
      line: [batch, channels, n].
      end: The position in the line of the block's first moment: what is `d` old stands `d` before it.
      count: Samples of the block.
      delays: In samples, one for all channels or one for each.
      interpolation: One of `DELAY_TAPS`.

    Returns:
      [batch, channels, count].
    """
    if len(set(delays)) == 1:
        return _taps(line, end, count, delays[0], interpolation)
    each = [_taps(line[:, i : i + 1], end, count, delay, interpolation) for i, delay in enumerate(delays)]
    return tf.concat(each, axis=1)


def _taps(line: tf.Tensor, end: Size, count: Size, delay: float, interpolation: str) -> tf.Tensor:
    whole, fraction = whole_and_fraction(delay, interpolation)

    def at(age: int) -> tf.Tensor:
        is_whole = isinstance(end, int) and isinstance(count, int) and end == age and count == line.shape[2]
        return line if is_whole else line[:, :, end - age : end - age + count]

    if not fraction:
        return at(whole)
    weights = tap_weights(interpolation, fraction)
    return tf.add_n([weight * at(whole + tap) for tap, weight in zip(DELAY_TAPS[interpolation], weights, strict=True)])


def read_moving_line(line: tf.Tensor, end: Size, count: Size, delay: tf.Tensor, interpolation: str) -> tf.Tensor:
    """A block of a line at delays that change from sample to sample; the gradient reaches the delay.

    Args:
      line: [batch, channels, n].
      end, count: As of `read_line_at`.
      delay: In samples, float64 [batch or 1, count or 1, channels or 1], within what the line holds.
      interpolation: One of `DELAY_TAPS`; "none" takes the nearest whole delay.

    Returns:
      [batch, channels, count].
    """
    if interpolation == "none":
        delay = tf.round(delay)
    # The newest tap is never later than the moment itself: nearer to it, the same taps read between others.
    whole = tf.stop_gradient(tf.maximum(tf.floor(delay), float(-min(DELAY_TAPS[interpolation]))))
    weights = tap_weights(interpolation, tf.cast(delay - whole, tf.float32))
    batch, channels = tf.shape(line)[0], size_of(line, 1)
    now = tf.range(count) + end
    age = tf.transpose(tf.cast(whole, tf.int32), [0, 2, 1])
    newest = tf.broadcast_to(now - age, tf.stack([batch, channels, count]))
    last = size_of(line, 2) - 1
    total = tf.zeros([])
    for tap, weight in zip(DELAY_TAPS[interpolation], weights, strict=True):
        read = tf.gather(line, tf.clip_by_value(newest - tap, 0, last), axis=2, batch_dims=2)
        total += tf.transpose(weight, [0, 2, 1]) * read
    return total


def line_of_delays(longest: float) -> int:
    """How many samples of the past a line keeps for delays of up to `longest` samples, whatever the interpolator."""
    return math.ceil(longest) + max(DELAY_TAPS["lagrange3"])


def delayed_by(past: tf.Tensor, audio: tf.Tensor, delay: tf.Tensor, interpolation: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Audio at delays that may move from sample to sample, one for each tap; the gradient reaches the delays.

    Args:
      past: The samples before, [batch, `line_of_delays`].
      audio: [batch, samples].
      delay: In samples, float64 [batch or 1, samples or 1, taps], within what `past` was made for.
      interpolation: One of `DELAY_TAPS`.

    Returns:
      [batch, taps, samples], and the past of the next block.
    """
    joined, after = slide(past, audio)
    batch = joint(size_of(joined, 0), size_of(delay, 0))
    line = tf.broadcast_to(joined[:, tf.newaxis], tf.stack([batch, size_of(delay, 2), size_of(joined, 1)]))
    return read_moving_line(line, size_of(past, 1), size_of(audio, 1), delay, interpolation), after


def line_delay(delay: tf.Tensor, scale: float | None, per_second: float, shortest: float, longest: float) -> tf.Tensor:
    """A delay signal in samples, float64, held between two ends, where its gradient is 0.

    Args:
      delay: Any shape, in a unit of which one is `scale` samples; where that is None in Hz, of which the period counts.
      per_second: Samples a second.
    """
    delay = tf.cast(delay, tf.float64)
    samples = tf.math.divide_no_nan(tf.cast(per_second, tf.float64), delay) if scale is None else delay * scale
    return tf.clip_by_value(samples, shortest, longest)


def length_of_line(line: tf.Tensor) -> Size:
    """How many samples a line holds."""
    return size_of(line, 2)


def as_line(values: tf.Tensor) -> tf.Tensor:
    """[batch, count] or [batch, count, channels] as the lines hold them: [batch, channels, count]."""
    if len(values.shape) == 2:
        return values[:, tf.newaxis]
    if values.shape[2] == 1:  # a new shape costs less than a transposition
        return tf.reshape(values, tf.stack([size_of(values, 0), 1, size_of(values, 1)]))
    return tf.transpose(values, [0, 2, 1])


def as_values(line: tf.Tensor, *, has_channels: bool) -> tf.Tensor:
    """[batch, channels, count] as the nodes take it: [batch, count, channels], or [batch, count]."""
    if not has_channels:
        return tf.squeeze(line, axis=1)
    if line.shape[1] == 1:
        return tf.reshape(line, tf.stack([size_of(line, 0), size_of(line, 2), 1]))
    return tf.transpose(line, [0, 2, 1])


def joined_line(line: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
    """The line, and a block [batch, channels, count] after it."""
    return tf.concat([line, block], axis=2)


def push_line(line: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
    """The line after a block [batch, channels, count] came in."""
    length, count = line.shape[2], block.shape[2]
    if length is not None and length == count:
        return block
    if length is not None and count is not None and length > count:  # copies less than the general form
        return joined_line(line[:, :, count:], block)
    after = joined_line(line, block)[:, :, size_of(block, 2) :]
    after.set_shape(line.shape)
    return after
