"""The sum of a harmonic series whose amplitudes are given at frame rate, without an envelope at audio rate.

Wanted is y(t) = sum over k = 1 ... K of A[k](t) sin(k p(t)), where the amplitude A[k] of a sample mixes those of
two frames (four for 'cubic'): A[k](t) = sum over n of w[n](t) A[n, k]. Writing k = M i + m with m = 1 ... M,

    sin(k p) = sin(M i p) cos(m p) + cos(M i p) sin(m p),

so that, with the amplitudes of a frame reshaped to [rows i, columns m],

    y = sum over n, i of w[n] ( sin(M i p) sum over m of A[n, i, m] cos(m p)
                              + cos(M i p) sum over m of A[n, i, m] sin(m p) ).

The inner sums are small matrix products for each frame, [rows, M] times [M, samples of the block]. Instead of K
sines a sample needs 2 (M + K / M), fewest at M = sqrt(K), and no tensor [batch, samples, K] ever exists.

Partials at or above the Nyquist frequency must not sound, sample by sample. Most sound throughout a block or nowhere
in it, which is a matter of the amplitudes; those that cross Nyquist inside a block are added one by one. Rows above the
highest partial that sounds at all are left out.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

from ddspgraph.dsp.numerics import TensorLike, needs_plain_gradients, needs_static_shapes, tf_float32
from ddspgraph.dsp.oscillators import highest_in_support, mixing_weights, sine, sinusoidal_sum
from ddspgraph.dsp.partials import get_harmonic_frequencies, normalize_harmonics, nyquist_gain
from ddspgraph.dsp.passes import in_passes
from ddspgraph.dsp.phase import frame_cycles, to_radians
from ddspgraph.dsp.resampling import grid_and_blend, resample, shift_frames
from ddspgraph.dsp.sizes import Size, larger, size_of
from ddspgraph.lazy import tf

_TWO_PI = 2.0 * math.pi
#: Bounds the memory of long audio: about 100 MB at 100 harmonics.
_SAMPLES_PER_PASS = 2**18


def harmonic_synthesis(
    frequencies: TensorLike,
    amplitudes: TensorLike,
    harmonic_shifts: TensorLike | None = None,
    harmonic_distribution: TensorLike | None = None,
    n_samples: Size = 64000,
    sample_rate: float = 16000,
    amp_resample_method: str = "window",
    use_angular_cumsum: bool = False,
    *,
    nyquist_fade: float = 0.0,
) -> tf.Tensor:
    """Audio of a harmonic oscillator whose controls are given at frame rate (Engel et al., ICLR 2020, section 3).

    >>> f0_hz, level = np.full([1, 50, 1], 440.0), np.full([1, 50, 1], 0.5)
    >>> partials = np.full([1, 50, 4], 0.25)  # four harmonics of equal level
    >>> dg.dsp.harmonic_synthesis(f0_hz, level, harmonic_distribution=partials, n_samples=3200).shape
    TensorShape([1, 3200])

    Args:
      frequencies: Fundamental frequency in Hz, [batch, frames, 1]; runs on straight lines between frames.
      amplitudes: Linear amplitude, [batch, frames, 1].
      harmonic_shifts: Relative detuning of each harmonic, f[k] = k * f0 * (1 + shift), [batch, frames, harmonics].
      harmonic_distribution: Factor of each harmonic's amplitude, [batch, frames, harmonics]; without it there
        are as many harmonics of equal amplitude as `harmonic_shifts` has, or one.
      n_samples: Length of the audio; frequencies and amplitudes may have different numbers of frames.
      sample_rate: Hz.
      amp_resample_method: How amplitudes go from frames to samples; see `resample`.
      use_angular_cumsum: Accepted for compatibility. It chooses the accuracy of the phase in magenta/ddsp; here
        the phase is always exact.
      nyquist_fade: 0 silences a harmonic in the samples where its frequency is sample_rate / 2 or above. A
        fraction up to 1 fades it out below, over that part of the Nyquist frequency, without a click.

    Returns:
      [batch, n_samples].

    Raises:
      ValueError: Wrong ranks, no harmonics, an unknown method, or a hop that is no integer with the method 'window'.
    """
    del use_angular_cumsum
    f0_hz, amplitudes = tf_float32(frequencies), tf_float32(amplitudes)
    n_harmonics: Any = 1
    if harmonic_shifts is not None:
        harmonic_shifts = tf_float32(harmonic_shifts)
        n_harmonics = harmonic_shifts.shape[-1]
    if harmonic_distribution is not None:
        harmonic_distribution = tf_float32(harmonic_distribution)
        n_harmonics = harmonic_distribution.shape[-1]
        amplitudes = amplitudes * harmonic_distribution
    _check_controls(f0_hz, amplitudes, n_harmonics)

    is_known = n_harmonics is not None  # a trace for any number has no rows and columns: each harmonic is a sine
    if is_known and harmonic_shifts is None and f0_hz.shape[-1] == 1 and amplitudes.shape[-1] == n_harmonics:
        cycles = tf.squeeze(frame_cycles(f0_hz, n_samples, sample_rate), axis=2)
        f0_samples = tf.squeeze(resample(f0_hz, n_samples), axis=2)
        return harmonic_sum(cycles, amplitudes, amp_resample_method, f0_samples, sample_rate, nyquist_fade)

    # In float64: the rounding of a frequency to float32 would add up over all the samples of a frame.
    count = tf.cast(n_harmonics if is_known else tf.shape(amplitudes)[2], tf.float64)
    partials_hz = tf.cast(f0_hz, tf.float64) * tf.range(1.0, count + 1.0, dtype=tf.float64)
    if harmonic_shifts is not None:
        partials_hz *= 1.0 + tf.cast(harmonic_shifts, tf.float64)
    return sinusoidal_sum(partials_hz, amplitudes, n_samples, sample_rate, amp_resample_method, nyquist_fade)


def streaming_harmonic_synthesis(
    frequencies: TensorLike,
    amplitudes: TensorLike,
    harmonic_distribution: TensorLike | None = None,
    initial_phase: TensorLike | None = None,
    n_samples: Size = 64000,
    sample_rate: float = 16000,
    amp_resample_method: str = "linear",
) -> tuple[tf.Tensor, tf.Tensor]:
    """`harmonic_synthesis` of one block of a stream: it starts from a phase and gives the phase it ends with.

    The distribution is normalized below Nyquist frame by frame; there is no mask sample by sample.

    >>> f0_hz, level = np.full([1, 4, 1], 440.0), np.full([1, 4, 1], 0.5)
    >>> first, phase = dg.dsp.streaming_harmonic_synthesis(f0_hz, level, n_samples=256)
    >>> second, phase = dg.dsp.streaming_harmonic_synthesis(f0_hz, level, initial_phase=phase, n_samples=256)
    >>> second.shape
    TensorShape([1, 256])

    Args:
      frequencies, amplitudes: [batch, frames, 1] in Hz and linear.
      harmonic_distribution: [batch, frames, harmonics]; None is the fundamental alone.
      initial_phase: Radians, [batch, 1, 1]; None is 0.
      n_samples: Length of the block.
      sample_rate: Hz.
      amp_resample_method: See `resample`.

    Returns:
      Audio [batch, n_samples], and the phase of its last sample, radians in [0, 2 pi), [batch, 1, 1].

    Raises:
      ValueError: See `harmonic_synthesis`.
    """
    f0_hz, amplitudes = tf_float32(frequencies), tf_float32(amplitudes)
    if harmonic_distribution is not None:
        amplitudes = amplitudes * normalize_harmonics(harmonic_distribution, f0_hz, sample_rate)
    _check_controls(f0_hz, amplitudes, amplitudes.shape[-1])
    if amplitudes.shape[-1] is None:
        raise ValueError("streaming harmonic synthesis: the number of harmonics must be known")
    cycles = frame_cycles(f0_hz, n_samples, sample_rate, initial_phase)
    audio = harmonic_sum(tf.squeeze(cycles, axis=2), amplitudes, amp_resample_method)
    return audio, to_radians(cycles[:, -1:, :1])


def harmonic_sum(
    cycles: tf.Tensor,
    amplitudes: tf.Tensor,
    method: str,
    f0_hz: tf.Tensor | None = None,
    sample_rate: float = 16000,
    nyquist_fade: float = 0.0,
    columns: int | None = None,
) -> tf.Tensor:
    """The sum of the module's docstring, from the phase of each sample and the amplitudes of each frame.

    Args:
      cycles: Phase of the fundamental, float64 [batch, samples], in [0, 1).
      amplitudes: [batch, frames, harmonics], the last axis known.
      method: Resampling method of the amplitudes.
      f0_hz: Fundamental frequency of each sample, [batch, samples]; without it all harmonics sound.
      sample_rate: Hz.
      nyquist_fade: See `harmonic_synthesis`.
      columns: M; without it the square root of the number of harmonics.

    Returns:
      [batch, samples].
    """
    n_harmonics: Any = amplitudes.shape[-1]
    columns = columns or math.isqrt(n_harmonics - 1) + 1
    grid, blend = grid_and_blend(size_of(amplitudes, 1), size_of(cycles, 1), method)
    kernel, sampled = partial(_sum_up_to, columns=columns), [grid.to_grid(cycles)]
    if f0_hz is not None and nyquist_fade > 0.0:
        highest_hz = highest_in_support(tf.reduce_max(tf.abs(grid.to_grid(f0_hz)), axis=2), blend)
        partials_hz = get_harmonic_frequencies(tf.expand_dims(highest_hz, 2), n_harmonics)
        amplitudes *= nyquist_gain(partials_hz, sample_rate, nyquist_fade)
        highest = tf.reduce_max(harmonics_below(highest_hz, sample_rate / 2.0, n_harmonics))
        kernel = partial(_sum_up_to, columns=columns, highest=highest)
    elif f0_hz is not None:
        kernel = partial(_sum_below_nyquist, columns=columns, nyquist_hz=sample_rate / 2.0)
        sampled.append(grid.to_grid(f0_hz))
    bank = tf.stack([shift_frames(amplitudes, offset) for offset, _ in blend], axis=2)
    samples_per_frame = larger(larger(size_of(cycles, 0), size_of(amplitudes, 0)) * grid.slots, 1)
    frames_per_pass = _SAMPLES_PER_PASS // samples_per_frame
    return grid.to_samples(in_passes(kernel, [mixing_weights(blend), bank, *sampled], grid.n_frames, frames_per_pass))


def harmonics_below(f0_hz: tf.Tensor, limit_hz: float, n_harmonics: int) -> tf.Tensor:
    """How many of the harmonics k = 1 ... n_harmonics have k * f0 < limit, as floats; all where f0 <= 0.

    The quotient may be off by one where limit / f0 is next to an integer: the float32 products decide.
    """
    f0_hz = tf.stop_gradient(f0_hz)
    positive = f0_hz > 0.0
    f0_hz = tf.where(positive, f0_hz, limit_hz)
    count = tf.minimum(tf.floor(limit_hz / f0_hz), float(n_harmonics))
    count -= tf.cast(count * f0_hz >= limit_hz, tf.float32)
    count += tf.cast((count + 1.0) * f0_hz < limit_hz, tf.float32)
    return tf.where(positive, tf.minimum(count, float(n_harmonics)), float(n_harmonics))


def _sum_below_nyquist(
    mix: tf.Tensor, bank: tf.Tensor, cycles: tf.Tensor, f0_hz: tf.Tensor, *, columns: int, nyquist_hz: float
) -> tf.Tensor:
    """The sum for some consecutive blocks, each harmonic silent in the samples where it is at Nyquist or above.

    Args:
      mix: Weights w[n], [1, blocks or 1, n, slots].
      bank: The amplitudes of the mixed frames, [batch, blocks, n, harmonics].
      cycles: Phase, float64 [batch, blocks, slots].
      f0_hz: Fundamental frequency, [batch, blocks, slots].
      columns: M.
      nyquist_hz: In Hz.

    Returns:
      [batch, blocks, slots].
    """
    n_harmonics: Any = bank.shape[3]
    extremes_hz = tf.stack([tf.reduce_max(f0_hz, axis=2), tf.reduce_min(f0_hz, axis=2)])
    throughout, somewhere = tf.unstack(harmonics_below(extremes_hz, nyquist_hz, n_harmonics))
    harmonics = tf.range(1.0, n_harmonics + 1.0)
    is_whole = tf.cast(harmonics <= throughout[:, :, tf.newaxis, tf.newaxis], tf.float32)
    y = _sum_up_to(mix, bank * is_whole, cycles, columns=columns, highest=tf.reduce_max(throughout))

    crossing = _Crossing(mix, bank, cycles, f0_hz, throughout, somewhere, nyquist_hz)
    return crossing.in_turn(y) if needs_static_shapes() else crossing.alone(y)


class _Crossing(NamedTuple):
    """The harmonics that cross Nyquist inside a block, few harmonics in few blocks: one sine each.

    The first four as of `_sum_below_nyquist`; `throughout` and `somewhere`, [batch, blocks], are how many harmonics
    are below Nyquist in all and in some samples.
    """

    mix: tf.Tensor
    bank: tf.Tensor
    cycles: tf.Tensor
    f0_hz: tf.Tensor
    throughout: tf.Tensor
    somewhere: tf.Tensor
    nyquist_hz: float

    def alone(self, y: tf.Tensor) -> tf.Tensor:
        """Adds them to the sum of the others, [batch, blocks, slots], where they are."""
        mix, bank, cycles, f0_hz, throughout, somewhere, nyquist_hz = self
        crossed = tf.where(tf.broadcast_to(throughout < somewhere, tf.shape(y)[:2]))
        n_crossing = tf.cast(tf.maximum(tf.reduce_max(somewhere - throughout, keepdims=True)[0], 0.0), tf.int32)

        def there(x: tf.Tensor) -> tf.Tensor:
            is_alike = x.shape[:2].is_fully_defined() and x.shape[:2] == y.shape[:2]
            return tf.gather_nd(
                x, crossed if is_alike else tf.math.floormod(crossed, tf.shape(x, tf.int64)[:2])
            )  # an axis of 1 serves all

        n_harmonics: Any = bank.shape[3]
        first, last = tf.split(there(tf.stack([throughout, somewhere], axis=2)), 2, axis=1)
        k = first + tf.slice(tf.range(1.0, n_harmonics + 1.0), [0], n_crossing)
        index = tf.cast(tf.maximum(tf.minimum(k, last), 1.0), tf.int32) - 1
        envelope = tf.matmul(tf.gather(there(bank), index, axis=2, batch_dims=1), there(mix), transpose_a=True)
        k = tf.expand_dims(k, 2)
        is_below = (k <= tf.expand_dims(last, 2)) & (k * tf.expand_dims(there(f0_hz), 1) < nyquist_hz)
        sines = sine(tf.cast(k, tf.float64) * tf.expand_dims(there(cycles), 1))
        return tf.tensor_scatter_nd_add(y, crossed, tf.reduce_sum(tf.where(is_below, envelope, 0.0) * sines, axis=1))

    def in_turn(self, y: tf.Tensor) -> tf.Tensor:
        """`alone` with shapes that no value decides: in turn one harmonic of every block."""
        mix, bank, cycles, f0_hz, throughout, somewhere, nyquist_hz = self
        n_harmonics: Any = bank.shape[3]
        harmonics = tf.range(1.0, n_harmonics + 1.0)
        n_crossing = tf.reduce_max(somewhere - throughout)

        def add_next(i: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            k = tf.expand_dims(throughout + 1.0 + i, 2)
            # Where k is past the last harmonic no amplitude is picked.
            picked = tf.reduce_sum(bank * tf.cast(tf.equal(tf.expand_dims(k, 2), harmonics), tf.float32), axis=3)
            envelope = tf.reduce_sum(mix * tf.expand_dims(picked, 3), axis=2)
            is_below = (k <= tf.expand_dims(somewhere, 2)) & (k * f0_hz < nyquist_hz)
            return i + 1.0, y + tf.where(is_below, envelope, 0.0) * sine(tf.cast(k, tf.float64) * cycles)

        first = (tf.constant(0.0), y)
        _, whole = tf.while_loop(lambda i, _: i < n_crossing, add_next, first, maximum_iterations=n_harmonics)
        return whole


def _sum_up_to(
    mix: tf.Tensor, bank: tf.Tensor, cycles: tf.Tensor, *, columns: int, highest: tf.Tensor | None = None
) -> tf.Tensor:
    """The factored sum for some consecutive blocks; arguments as of `_sum_below_nyquist`.

    Rows above the `highest` harmonic that sounds are left out: where f0 is 200 Hz and the rate 16 kHz, those of
    more than half of 100 harmonics.
    """
    blocks, slots, n_mixed = size_of(cycles, 1), size_of(cycles, 2), mix.shape[2]
    n_harmonics: Any = bank.shape[3]
    n_rows: Any = -(-n_harmonics // columns)
    padded = tf.pad(bank, [[0, 0], [0, 0], [0, 0], [0, n_rows * columns - n_harmonics]])
    rows, row = tf.reshape(padded, [size_of(bank, 0), blocks, n_mixed, n_rows, columns]), tf.range(float(n_rows))
    if highest is not None and not needs_static_shapes():
        n_rows = tf.maximum(tf.cast(tf.math.ceil(highest / columns), tf.int32), 1)
        rows, row = rows[:, :, :, :n_rows], row[:n_rows]
    rows = tf.reshape(rows, [size_of(bank, 0), blocks, n_mixed * n_rows, columns])

    # Axes [batch, blocks, rows or columns, slots]. M p is wrapped in float64, so that products stay small.
    coarse, fine = _float32_radians(columns * cycles), _float32_radians(cycles)
    sin_row, cos_row = _sine_and_cosine(row[:, tf.newaxis] * coarse)
    sin_column, cos_column = _sine_and_cosine(tf.range(1.0, columns + 1.0)[:, tf.newaxis] * fine)
    in_phase, quadrature = rows @ cos_column, rows @ sin_column
    by_row = [size_of(in_phase, 0), blocks, n_mixed, n_rows, slots]
    in_phase = tf.reshape(in_phase, by_row) * tf.expand_dims(sin_row, 2)
    quadrature = tf.reshape(quadrature, by_row) * tf.expand_dims(cos_row, 2)
    return tf.reduce_sum(mix * tf.reduce_sum(in_phase + quadrature, axis=3), axis=2)


def _float32_radians(cycles: tf.Tensor) -> tf.Tensor:
    """Float64 cycles to radians in [-pi, pi], with an axis for the multiples."""
    wrapped = cycles - tf.stop_gradient(tf.round(cycles))
    return tf.expand_dims(tf.cast(_TWO_PI * wrapped, tf.float32), 2)


def _sine_and_cosine(angle: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Both, with a gradient that uses them again: TensorFlow's own computes a cosine and a sine anew."""
    if needs_plain_gradients():
        return tf.sin(angle), tf.cos(angle)

    @tf.custom_gradient
    def both(x: tf.Tensor) -> Any:
        sine, cosine = tf.sin(x), tf.cos(x)
        return (sine, cosine), lambda to_sine, to_cosine: to_sine * cosine - to_cosine * sine

    return both(angle)


def _check_controls(f0_hz: tf.Tensor, amplitudes: tf.Tensor, n_harmonics: int | None) -> None:
    for name, x in (("frequencies", f0_hz), ("amplitudes", amplitudes)):
        if x.shape.rank != 3:
            raise ValueError(f"harmonic synthesis: {name} need rank 3, [batch, frames, channels], not {x.shape.rank}")
    if n_harmonics == 0:
        raise ValueError("harmonic synthesis: the number of harmonics must be positive, not 0")
