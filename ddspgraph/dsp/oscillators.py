"""Banks of sinusoidal oscillators, with envelopes at audio rate or controls at frame rate."""

from __future__ import annotations

import math

from ddspgraph.dsp.numerics import TensorLike, tf_float32
from ddspgraph.dsp.partials import nyquist_gain, remove_above_nyquist
from ddspgraph.dsp.passes import in_passes
from ddspgraph.dsp.phase import accumulate_cycles, block_lines, initial_cycles, to_radians, wrap
from ddspgraph.dsp.resampling import Blend, grid_and_blend, resample, shift_frames
from ddspgraph.dsp.sizes import Size, larger, size_of
from ddspgraph.lazy import tf

_TWO_PI = 2.0 * math.pi
#: Bounds the memory of long audio: about 30 MB.
_SINES_PER_PASS = 2**20


def oscillator_bank(
    frequency_envelopes: TensorLike,
    amplitude_envelopes: TensorLike,
    sample_rate: float = 16000,
    sum_sinusoids: bool = True,
    use_angular_cumsum: bool = False,
) -> tf.Tensor:
    """Sinusoids whose frequencies and amplitudes are given sample by sample, silent at and above Nyquist.

    >>> f_hz = np.full([1, 16000, 2], [440.0, 9000.0])  # one below Nyquist, one above
    >>> audio = dg.dsp.oscillator_bank(f_hz, np.ones([1, 16000, 2]))
    >>> audio.shape, round(float(tf.reduce_max(audio)), 2)
    (TensorShape([1, 16000]), 1.0)

    Args:
      frequency_envelopes: Hz, [batch, samples, sinusoids].
      amplitude_envelopes: [batch, samples, sinusoids].
      sample_rate: Hz.
      sum_sinusoids: False keeps the sinusoids apart.
      use_angular_cumsum: Accepted for compatibility; the phase is always exact.

    Returns:
      [batch, samples], or [batch, samples, sinusoids] if not summed.
    """
    del use_angular_cumsum
    frequencies = tf_float32(frequency_envelopes)
    amplitudes = remove_above_nyquist(frequencies, amplitude_envelopes, sample_rate)
    audio = amplitudes * sine(accumulate_cycles(frequencies, sample_rate))
    return tf.reduce_sum(audio, axis=-1) if sum_sinusoids else audio


def harmonic_oscillator_bank(
    frequency: TensorLike,
    amplitude_envelopes: TensorLike,
    initial_phase: TensorLike | None = None,
    sample_rate: float = 16000,
    use_angular_cumsum: bool = True,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Harmonics of one fundamental frequency, all in phase with it; none is silenced above Nyquist.

    >>> audio, phase = dg.dsp.harmonic_oscillator_bank(np.full([1, 160, 1], 100.0), np.ones([1, 160, 3]))
    >>> audio.shape, phase.shape
    (TensorShape([1, 160]), TensorShape([1, 1, 1]))

    Args:
      frequency: Fundamental in Hz, [batch, samples, 1].
      amplitude_envelopes: [batch, samples, harmonics].
      initial_phase: Radians, [batch, 1, 1]; None is 0.
      sample_rate: Hz.
      use_angular_cumsum: Accepted for compatibility; the phase is always exact.

    Returns:
      Audio [batch, samples], and the fundamental's phase at the last sample, in [0, 2 pi), [batch, 1, 1].
    """
    del use_angular_cumsum
    cycles = accumulate_cycles(tf_float32(frequency), sample_rate)
    if initial_phase is not None:
        cycles = wrap(cycles + initial_cycles(initial_phase))
    amplitudes = tf_float32(amplitude_envelopes)
    ratios = tf.cast(tf.range(1, size_of(amplitudes, 2) + 1), tf.float64)
    audio = tf.reduce_sum(amplitudes * sine(cycles * ratios), axis=-1)
    return audio, to_radians(cycles[:, -1:, :1])


def sinusoidal_synthesis(
    frequencies: TensorLike,
    amplitudes: TensorLike,
    n_samples: Size = 64000,
    sample_rate: float = 16000,
    amp_resample_method: str = "window",
    *,
    nyquist_fade: float = 0.0,
) -> tf.Tensor:
    """Audio of sinusoids whose frequencies and amplitudes are given at frame rate.

    >>> f_hz, level = np.full([1, 50, 2], [440.0, 660.0]), np.full([1, 50, 2], 0.25)
    >>> dg.dsp.sinusoidal_synthesis(f_hz, level, n_samples=3200).shape
    TensorShape([1, 3200])

    Args:
      frequencies: Hz, [batch, frames, sinusoids]; run on straight lines between frames.
      amplitudes: [batch, frames, sinusoids].
      n_samples: Length of the audio.
      sample_rate: Hz.
      amp_resample_method: How amplitudes go from frames to samples; see `resample`.
      nyquist_fade: See `harmonic_synthesis`.

    Returns:
      [batch, n_samples].

    Raises:
      ValueError: Wrong ranks, an unknown method, or a hop that is no integer with the method 'window'.
    """
    frequencies, amplitudes = tf_float32(frequencies), tf_float32(amplitudes)
    for name, x in (("frequencies", frequencies), ("amplitudes", amplitudes)):
        if x.shape.rank != 3:
            raise ValueError(f"sinusoidal_synthesis: {name} need rank 3, [batch, frames, n], not {x.shape.rank}")
    return sinusoidal_sum(frequencies, amplitudes, n_samples, sample_rate, amp_resample_method, nyquist_fade)


def sinusoidal_sum(
    frequencies: tf.Tensor,
    amplitudes: tf.Tensor,
    n_samples: Size,
    sample_rate: float,
    method: str,
    nyquist_fade: float,
) -> tf.Tensor:
    """`sinusoidal_synthesis` of tensors that broadcast to one another; frequencies in float32 or float64."""
    exact_hz, frequencies = frequencies, tf.cast(frequencies, tf.float32)
    known = frequencies.shape[1], amplitudes.shape[1]
    if None not in known and known[0] != known[1]:
        return _sum_of_envelopes(frequencies, amplitudes, n_samples, sample_rate, method, nyquist_fade)

    grid, blend = grid_and_blend(size_of(frequencies, 1), n_samples, method)
    if nyquist_fade > 0.0:
        highest_hz = tf.maximum(tf.abs(frequencies), shift_frames(tf.abs(frequencies), 1))
        amplitudes = amplitudes * nyquist_gain(highest_in_support(highest_hz, blend), sample_rate, nyquist_fade)

    r = tf.cast(tf.range(grid.slots), tf.float64)
    powers = tf.stack([tf.ones_like(r), r + 1.0, 0.5 * r * (r + 1.0)])
    positions = tf.cast(grid.positions(), tf.float32)[tf.newaxis, :, tf.newaxis]
    line = tf.concat([tf.ones_like(positions), positions], axis=2)

    def sum_of_blocks(lines: tf.Tensor, hz: tf.Tensor, bank: tf.Tensor, mix: tf.Tensor, line: tf.Tensor) -> tf.Tensor:
        # Axes: [batch, blocks, sinusoids, slots].
        envelope = bank @ mix
        if nyquist_fade == 0.0:
            envelope = tf.where(hz @ line >= sample_rate / 2.0, 0.0, envelope)
        return tf.reduce_sum(envelope * sine(tf.matmul(lines, powers)), axis=2)

    hz = tf.stack([frequencies, shift_frames(frequencies, 1) - frequencies], axis=-1)
    inputs = [
        tf.stack(block_lines(exact_hz, grid, sample_rate), axis=-1),
        hz,
        tf.stack([shift_frames(amplitudes, offset) for offset, _ in blend], axis=-1),
        mixing_weights(blend),
        line,
    ]
    batch = larger(size_of(frequencies, 0), size_of(amplitudes, 0))
    sines_per_frame = batch * grid.slots * larger(size_of(frequencies, 2), size_of(amplitudes, 2))
    frames_per_pass = _SINES_PER_PASS // larger(sines_per_frame, 1)
    return grid.to_samples(in_passes(sum_of_blocks, inputs, grid.n_frames, frames_per_pass))


def _sum_of_envelopes(
    frequencies: tf.Tensor,
    amplitudes: tf.Tensor,
    n_samples: Size,
    sample_rate: float,
    method: str,
    nyquist_fade: float,
) -> tf.Tensor:
    """The sum for frequencies and amplitudes of different frame rates, by way of envelopes at audio rate."""
    frequencies = resample(frequencies, n_samples)
    amplitudes = resample(amplitudes, n_samples, method)
    if nyquist_fade > 0.0:
        amplitudes *= nyquist_gain(tf.abs(frequencies), sample_rate, nyquist_fade)
    return oscillator_bank(frequencies, amplitudes, sample_rate)


def highest_in_support(highest_hz: tf.Tensor, blend: Blend) -> tf.Tensor:
    """The highest frequency of the samples that a frame takes part in, from the highest of each block.

    [batch, frames, ...] to the same: frame i takes part in the blocks i - offset.
    """
    reached = [shift_frames(highest_hz, -offset) for offset, _ in blend]
    return tf.reduce_max(tf.stack(reached), axis=0)


def mixing_weights(blend: Blend) -> tf.Tensor:
    """The weights of a blend as one tensor [1, frames or 1, mixed frames, slots]."""
    return tf.stack([weight for _, weight in blend], axis=1)[tf.newaxis]


def sine(cycles: tf.Tensor) -> tf.Tensor:
    """sin(2 pi cycles) in float32, of float64 cycles."""
    return tf.sin(_TWO_PI * tf.cast(cycles - tf.stop_gradient(tf.round(cycles)), tf.float32))
