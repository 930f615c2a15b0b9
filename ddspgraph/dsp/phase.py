"""Phase of oscillators: the running sum of their frequencies, exact over any length.

The phase of sample j is the sum of the frequencies of the samples 0 ... j, in cycles f / sample_rate: the first
sample is already one step old. In float32 such a sum drifts (3 rad after 4 s at 440 Hz), so sums are taken in
float64, wrapped to one cycle, and only then rounded to float32: an hour of audio is as exact as its first second.

Frame-rate frequencies need no sum over samples. With hop h, block i runs on a line from f[i] to f[i + 1], and
sample r of the block, which lies at the position p + r / h after the frame, has the phase

    phase[i, r] = start[i] + (r + 1) * (f[i] + p * d[i]) + d[i] * r * (r + 1) / (2 h),    d[i] = f[i + 1] - f[i],

the sum of a line: quadratic in r. Starts are the running sum of what whole blocks add.
"""

from __future__ import annotations

import math

from ddspgraph.dsp.frame_grid import FrameGrid
from ddspgraph.dsp.numerics import TensorLike, tf_float32
from ddspgraph.dsp.resampling import shift_frames
from ddspgraph.dsp.sizes import Size, ceil_divide, size_of
from ddspgraph.lazy import tf

_TWO_PI = 2.0 * math.pi
_CHUNK = 1024


def angular_cumsum(angular_frequency: TensorLike, chunk_size: int = 1000) -> tf.Tensor:
    """Running sum over axis 1, wrapped to [0, 2 pi).

    >>> dg.dsp.angular_cumsum([[3.0, 3.0, 3.0]]).numpy()
    array([[3.    , 6.    , 2.7168]], dtype=float32)

    Args:
      angular_frequency: Radians per sample, [batch, time, ...].
      chunk_size: Accepted for compatibility: magenta/ddsp sums in chunks to limit float32 errors; here the sum
        is exact for any length.

    Returns:
      Phase in radians, same shape.
    """
    del chunk_size
    return to_radians(accumulate_cycles(tf_float32(angular_frequency), _TWO_PI))


def accumulate_phase(frequency_hz: TensorLike, sample_rate: float = 16000) -> tf.Tensor:
    """Exact phase of audio-rate frequencies: 2 pi / sample_rate times their running sum, wrapped to [0, 2 pi).

    >>> dg.dsp.accumulate_phase([[4000.0, 4000.0, 4000.0]]).numpy()
    array([[1.5708, 3.1416, 4.7124]], dtype=float32)

    Args:
      frequency_hz: [batch, samples, ...].
      sample_rate: Hz.

    Returns:
      Radians, same shape.
    """
    return to_radians(accumulate_cycles(tf_float32(frequency_hz), sample_rate))


def frame_phase(
    f0_hz: TensorLike, n_samples: Size, sample_rate: float = 16000, initial_phase: TensorLike | None = None
) -> tf.Tensor:
    """Exact phase at every sample of frequencies that run on straight lines between frames, in closed form.

    >>> dg.dsp.frame_phase([[[1000.0], [1000.0]]], 4)[0, :, 0].numpy()
    array([0.3927, 0.7854, 1.1781, 1.5708], dtype=float32)

    Args:
      f0_hz: Frequencies of the frames, [batch, frames, channels]; the last is held.
      n_samples: Length of the audio; the hop n_samples / frames may be a fraction.
      sample_rate: Hz.
      initial_phase: Radians, broadcasts to [batch, 1, channels]; the phase that the sum starts from.

    Returns:
      Radians in [0, 2 pi), [batch, n_samples, channels]: what `accumulate_phase` gives for the frequencies
      after linear resampling.
    """
    return to_radians(frame_cycles(tf_float32(f0_hz), n_samples, sample_rate, initial_phase))


def accumulate_cycles(frequency: tf.Tensor, sample_rate: float) -> tf.Tensor:
    """Running sum of frequency / sample_rate over axis 1 in wrapped float64 cycles."""
    return wrapped_cumsum(tf.cast(frequency, tf.float64) / sample_rate)


def wrapped_cumsum(cycles: tf.Tensor) -> tf.Tensor:
    """Running sum over axis 1 in float64, wrapped to [0, 1).

    Over an hour of samples even a float64 sum is 4e-4 cycles off, since equal steps are rounded the same way each
    time. So chunks are summed apart, and what whole chunks add is wrapped before it is summed.
    """
    length, inner = size_of(cycles, 1), [size_of(cycles, axis) for axis in range(2, len(cycles.shape))]
    if isinstance(length, int) and length <= _CHUNK:
        return wrap(tf.cumsum(cycles, axis=1))
    n_chunks = ceil_divide(length, _CHUNK)
    padded = tf.pad(cycles, [[0, 0], [0, n_chunks * _CHUNK - length]] + [[0, 0]] * len(inner))
    chunks = tf.cumsum(tf.reshape(padded, [size_of(cycles, 0), n_chunks, _CHUNK, *inner]), axis=2)
    starts = tf.cumsum(wrap(chunks[:, :, -1:]), axis=1, exclusive=True)
    return tf.reshape(wrap(chunks + starts), [size_of(cycles, 0), n_chunks * _CHUNK, *inner])[:, :length]


def frame_cycles(
    frequency: tf.Tensor, n_samples: Size, sample_rate: float, initial_phase: TensorLike | None = None
) -> tf.Tensor:
    """`frame_phase` in wrapped float64 cycles: [batch, frames, channels] to [batch, n_samples, channels]."""
    grid = FrameGrid(size_of(frequency, 1), n_samples)
    starts, first, slope = block_lines(frequency, grid, sample_rate)
    if initial_phase is not None:
        starts += initial_cycles(initial_phase)
    r = tf.cast(tf.range(grid.slots), tf.float64)[:, tf.newaxis]
    cycles = starts[:, :, tf.newaxis] + (r + 1.0) * (first[:, :, tf.newaxis] + 0.5 * r * slope[:, :, tf.newaxis])
    return grid.to_samples(wrap(cycles))


def block_lines(frequency: tf.Tensor, grid: FrameGrid, sample_rate: float) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What the phase in each block is made of: cycles[r] = start + (r + 1) * (first + r * slope / 2).

    Returns:
      Wrapped start in cycles, the first sample's frequency and the frequency's slope in cycles per sample, all
      float64 [batch, frames, channels].
    """
    cycles_per_sample = tf.cast(frequency, tf.float64) / sample_rate
    rise = shift_frames(cycles_per_sample, 1) - cycles_per_sample
    slope = rise * grid.step()
    first = cycles_per_sample + rise * grid.offsets()
    size = tf.cast(grid.sizes(), tf.float64)[:, tf.newaxis]
    total = size * (first + 0.5 * (size - 1.0) * slope)
    return wrap(wrapped_cumsum(total) - total), first, slope


def initial_cycles(initial_phase: TensorLike) -> tf.Tensor:
    """Radians to float64 cycles."""
    return tf.cast(tf_float32(initial_phase), tf.float64) / _TWO_PI


def wrap(cycles: tf.Tensor) -> tf.Tensor:
    """Cycles to [0, 1) by whole cycles; the gradient passes unchanged."""
    return cycles - tf.stop_gradient(tf.floor(cycles))


def to_radians(cycles: tf.Tensor) -> tf.Tensor:
    """Float64 cycles to float32 radians in [0, 2 pi); what rounds up to 2 pi becomes 0."""
    radians = tf.cast(_TWO_PI * wrap(cycles), tf.float32)
    return tf.where(radians >= tf.constant(_TWO_PI, tf.float32), tf.zeros_like(radians), radians)
