"""Wavetable oscillators: one cycle of a waveform, read with linear interpolation at the phase of each sample."""

from __future__ import annotations

import math
from typing import TypeAlias

from ddspgraph.dsp.numerics import TensorLike, tf_float32
from ddspgraph.dsp.phase import frame_cycles, wrap
from ddspgraph.dsp.resampling import grid_and_blend, resample, shift_frames
from ddspgraph.dsp.sizes import Size, joint, larger, size_of
from ddspgraph.lazy import tf

#: Two neighbouring entries of a table: (index, weight) of each.
Neighbours: TypeAlias = "tuple[tuple[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]"


def linear_lookup(phase: TensorLike, wavetables: TensorLike) -> tf.Tensor:
    """Reads wavetables at a phase, with linear interpolation; the first entry follows the last.

    Outside [0, 1] the result falls to 0 within one entry.

    >>> dg.dsp.linear_lookup([[[0.0], [0.125], [0.5]]], [[0.0, 1.0, 0.0, -1.0]]).numpy()
    array([[0. , 0.5, 0. ]], dtype=float32)

    Args:
      phase: Position in the table in cycles, [batch, samples, 1] or [batch, samples].
      wavetables: [batch, samples, entries]; [batch, entries] or [batch, 1, entries] is one table for all samples.

    Returns:
      [batch, samples].

    Raises:
      ValueError: Wrong ranks, or phase and tables for different numbers of samples.
    """
    phase, tables = tf_float32(phase), tf_float32(wavetables)
    if phase.shape.rank not in (2, 3) or tables.shape.rank not in (2, 3):
        raise ValueError(f"linear_lookup: ranks {phase.shape.rank} and {tables.shape.rank} must be 2 or 3")
    phase = phase[..., 0] if phase.shape.rank == 3 else phase
    tables = tables[:, tf.newaxis] if tables.shape.rank == 2 else tables
    n_phases, n_tables, entries = size_of(phase, 1), size_of(tables, 1), size_of(tables, 2)
    known = isinstance(n_phases, int) and isinstance(n_tables, int)
    if known and n_phases != n_tables and 1 not in (n_phases, n_tables):
        raise ValueError(f"linear_lookup: {n_phases} phases but tables for {n_tables} samples")
    samples = tf.range(larger(n_phases, n_tables))
    first_entry = tf.minimum(samples, n_tables - 1) * entries
    return _read(tables, first_entry, neighbours(phase, entries))


def neighbours(phase: tf.Tensor, entries: Size) -> Neighbours:
    """The two entries next to phase * entries, with linear weights; entry `entries` is entry 0 again.

    Both weights are 0 one entry and more outside [0, 1]; indices are valid for every phase, NaN included.
    A float64 phase keeps its precision in long tables; weights are float32.
    """
    length = tf.cast(entries, phase.dtype)
    position = tf.clip_by_value(phase * length, -1.0, length + 1.0)
    lower = tf.stop_gradient(tf.floor(position))
    between = position - lower

    def entry(index: tf.Tensor, weight: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        index, weight = tf.cast(index, tf.int32), tf.cast(weight, tf.float32)
        inside = tf.clip_by_value(index, 0, entries)
        outside = tf.logical_or(index < 0, index > entries)
        # NaN turns into a negative index; its weight stays NaN, to be seen.
        outside = tf.logical_and(outside, tf.equal(weight, weight))
        return inside % entries, tf.where(outside, 0.0, weight)

    return entry(lower, 1.0 - between), entry(lower + 1.0, between)


def _read(tables: tf.Tensor, first_entry: tf.Tensor, near: Neighbours) -> tf.Tensor:
    """Weighted entries of tables [batch, tables, entries]: indices [batch, ...] counted from `first_entry`."""
    batch = joint(size_of(tables, 0), size_of(near[0][0], 0))
    flat = tf.reshape(tables, [size_of(tables, 0), size_of(tables, 1) * size_of(tables, 2)])
    flat = tf.broadcast_to(flat, [batch, tf.shape(flat)[1]])

    def value(index: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
        index = index + first_entry
        index = tf.broadcast_to(index, tf.concat([[batch], tf.shape(index)[1:]], axis=0))
        return weight * tf.gather(flat, index, axis=1, batch_dims=1)

    return value(*near[0]) + value(*near[1])


def harmonic_distribution_to_wavetable(harmonic_distribution: TensorLike, n_wavetable: int = 2048) -> tf.Tensor:
    """One cycle of a sum of cosines: w[j] = sum over k of d[k] cos(2 pi k j / n), k = 1 ... harmonics.

    The sum is magenta/ddsp's real inverse Fourier transform: an odd `n_wavetable` gives n_wavetable - 1 entries,
    scaled by n_wavetable / (n_wavetable - 1), and the harmonic at half the table's rate counts half.

    >>> dg.dsp.harmonic_distribution_to_wavetable([1.0], n_wavetable=4).numpy()
    array([ 1.,  0., -1.,  0.], dtype=float32)

    Args:
      harmonic_distribution: [..., harmonics].
      n_wavetable: Entries, at least twice the number of harmonics.

    Returns:
      [..., 2 * (n_wavetable // 2)].

    Raises:
      ValueError: More harmonics than n_wavetable // 2, or their number is unknown.
    """
    distribution = tf_float32(harmonic_distribution)
    n_harmonics, half = distribution.shape[-1], n_wavetable // 2
    if n_harmonics is None or not n_harmonics <= half:
        raise ValueError(f"{n_harmonics} harmonics don't fit a wavetable of {n_wavetable} entries: {half} would")
    entries = 2 * half
    # k * j modulo n in integers keeps the angles exact.
    turns = tf.range(1, n_harmonics + 1)[:, tf.newaxis] * tf.range(entries) % entries
    cosines = tf.cos((2.0 * math.pi / entries) * tf.cast(turns, tf.float32))
    gains = [n_wavetable / entries * (0.5 if k == half else 1.0) for k in range(1, n_harmonics + 1)]
    return tf.tensordot(distribution * gains, cosines, axes=1)


def wavetable_synthesis(
    frequencies: TensorLike,
    amplitudes: TensorLike,
    wavetables: TensorLike,
    n_samples: Size = 64000,
    sample_rate: float = 16000,
) -> tf.Tensor:
    """Audio of an oscillator that reads wavetables, which fade linearly from one frame's table to the next.

    Only the two tables beside a sample are read, at two entries each: no table at audio rate exists. The first
    sample has phase 0.

    >>> sine = np.sin(2 * np.pi * np.arange(64) / 64)
    >>> dg.dsp.wavetable_synthesis(np.full([1, 50, 1], 440.0), np.ones([1, 50, 1]), sine, n_samples=3200).shape
    TensorShape([1, 3200])

    Args:
      frequencies: Hz, [batch, frames, 1] or [batch, frames].
      amplitudes: [batch, frames, 1], upsampled by overlapping windows.
      wavetables: [batch, frames, entries]; [batch, entries] or [entries] is one table for all of the audio.
      n_samples: Length of the audio, a multiple of the frames of `amplitudes`.
      sample_rate: Hz.

    Returns:
      [batch, n_samples].

    Raises:
      ValueError: Wrong ranks, or n_samples is no multiple of the frames of `amplitudes`.
    """
    f0_hz, amplitudes, tables = tf_float32(frequencies), tf_float32(amplitudes), tf_float32(wavetables)
    f0_hz = tf.expand_dims(f0_hz, 2) if f0_hz.shape.rank == 2 else f0_hz
    tables = tables[tf.newaxis] if tables.shape.rank == 1 else tables
    tables = tables[:, tf.newaxis] if tables.shape.rank == 2 else tables
    for name, x in (("frequencies", f0_hz), ("amplitudes", amplitudes), ("wavetables", tables)):
        if x.shape.rank != 3:
            raise ValueError(f"wavetable_synthesis: {name} need rank 3, [batch, frames, channels], not {x.shape.rank}")

    own_step = tf.cast(resample(f0_hz / sample_rate, n_samples), tf.float64)
    cycles = tf.squeeze(wrap(frame_cycles(f0_hz, n_samples, sample_rate) - own_step), axis=2)
    grid, blend = grid_and_blend(size_of(tables, 1), n_samples, "linear")
    near = neighbours(grid.to_grid(cycles), size_of(tables, 2))
    first_entry = tf.range(grid.n_frames)[:, tf.newaxis] * size_of(tables, 2)
    parts = [weight * _read(shift_frames(tables, offset), first_entry, near) for offset, weight in blend]
    return tf.squeeze(resample(amplitudes, n_samples, "window"), axis=2) * grid.to_samples(tf.add_n(parts))
