"""What compressors, expanders, gates and limiters ask of a level: curves in dB, and what they look at.

Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design" (JAES 60(6), 2012), eq. 4
(the soft knee).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ddspgraph.dsp.attack_release import smoothed
from ddspgraph.dsp.moving_filters import linear_scan
from ddspgraph.dsp.sections import clipped
from ddspgraph.dsp.sizes import size_of
from ddspgraph.lazy import np, tf

#: Levels below are taken for it: silence is a number.
FLOOR_DB = -120.0
#: The range of thresholds and ceilings, of ratios, and of knees.
LOUDEST_DB = 60.0
LARGEST_RATIO = 1000.0
#: The smallest knee: what is narrower is hard, to 1e-4 dB.
_HARD_KNEE_DB = 1e-3
_DB_PER_NEPER = 20.0 / math.log(10.0)
#: A gate before the first sample: not on the open side, and long not.
CLOSED = (0.0, float(1 << 24))
#: Samples before and after a point that the interpolator of `true_peaks` reads, and points between two samples.
PEAK_REACH = 6
_OVERSAMPLING = 4


def amplitude_level(x: tf.Tensor) -> tf.Tensor:
    """20 log10 |x| in dB, at least -120 dB.

    >>> dg.dsp.amplitude_level(tf.constant([1.0, -0.1, 0.0])).numpy()
    array([   0.,  -20., -120.], dtype=float32)
    """
    return _DB_PER_NEPER * tf.math.log(tf.maximum(tf.abs(x), 10.0 ** (FLOOR_DB / 20.0)))


def power_level(x: tf.Tensor) -> tf.Tensor:
    """10 log10 x in dB of a mean square, at least -120 dB.

    >>> dg.dsp.power_level(tf.constant([1.0, 0.01, 0.0])).numpy()
    array([   0.,  -20., -120.], dtype=float32)
    """
    return 0.5 * _DB_PER_NEPER * tf.math.log(tf.maximum(x, 10.0 ** (FLOOR_DB / 10.0)))


def gain_of_db(gain_db: tf.Tensor) -> tf.Tensor:
    """10 ** (gain_db / 20).

    >>> dg.dsp.gain_of_db(tf.constant([0.0, -20.0])).numpy()
    array([1. , 0.1], dtype=float32)
    """
    return tf.exp(gain_db / _DB_PER_NEPER)


def mean_square(x: tf.Tensor, coefficient: tf.Tensor, state: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    """x * x through a one-pole, for the level of an RMS detector: as `smoothed`, never below 0.

    >>> dg.dsp.mean_square(tf.constant([[2.0, 2.0]]), tf.constant([[0.5]]))[0].numpy()
    array([[2., 3.]], dtype=float32)
    """
    power, after = smoothed(x * x, coefficient, state)
    return tf.nn.relu(power), after


def past_knee(over_db: tf.Tensor, knee_db: Any) -> tf.Tensor:
    """How far a level is over the threshold, beginning softly: a parabola of `knee_db` around it, then a line.

    >>> dg.dsp.past_knee(tf.constant([-3.0, 0.0, 3.0, 10.0]), 6.0).numpy()
    array([ 0.  ,  0.75,  3.  , 10.  ], dtype=float32)

    Args:
      over_db: Level minus threshold, any shape.
      knee_db: In dB, 0 to 60, of a shape that broadcasts: 0 is a corner.
    """
    knee = clipped(knee_db, _HARD_KNEE_DB, LOUDEST_DB)
    within = tf.clip_by_value(over_db + 0.5 * knee, 0.0, knee)
    return within * within / (2.0 * knee) + tf.nn.relu(over_db - 0.5 * knee)


def compression_db(level_db: tf.Tensor, threshold_db: Any, ratio: Any, knee_db: Any) -> tf.Tensor:
    """The gain of a compressor: above the threshold `ratio` dB more of level become 1 dB more.

    >>> dg.dsp.compression_db(tf.constant([-30.0, -12.0]), -20.0, 4.0, 0.0).numpy()
    array([-0., -6.], dtype=float32)

    Args:
      level_db: Any shape; the others broadcast to it.
      threshold_db: -120 to 60 dB.
      ratio: 1 to 1000.
      knee_db: 0 to 60 dB.
    """
    over = level_db - clipped(threshold_db, FLOOR_DB, LOUDEST_DB)
    ratio = clipped(ratio, 1.0, LARGEST_RATIO)
    return (1.0 - ratio) / ratio * past_knee(over, knee_db)


def expansion_db(level_db: tf.Tensor, threshold_db: Any, ratio: Any, knee_db: Any, range_db: Any) -> tf.Tensor:
    """The gain of a downward expander: below the threshold 1 dB less of level becomes `ratio` dB less.

    >>> dg.dsp.expansion_db(tf.constant([-10.0, -26.0, -90.0]), -20.0, 2.0, 0.0, 40.0).numpy()
    array([ -0.,  -6., -40.], dtype=float32)

    Args:
      level_db, threshold_db, knee_db: As of `compression_db`.
      ratio: 1 to 1000.
      range_db: The most that is taken away, 0 to 120 dB.
    """
    under = clipped(threshold_db, FLOOR_DB, LOUDEST_DB) - level_db
    wanted = (clipped(ratio, 1.0, LARGEST_RATIO) - 1.0) * past_knee(under, knee_db)
    return -tf.minimum(wanted, clipped(range_db, 0.0, -FLOOR_DB))


def gate_side(
    level_db: tf.Tensor, threshold_db: Any, hysteresis_db: Any, hold_samples: Any, state: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Whether a gate is open: 1 or 0.

    It opens above the threshold, and closes once the level has been below threshold - hysteresis for `hold_samples`.

    >>> levels = tf.constant([[-60.0, -10.0, -25.0, -40.0, -40.0, -25.0]])
    >>> dg.dsp.gate_side(levels, -20.0, 10.0, 1.0, tf.constant([dg.dsp.CLOSED]))[0].numpy()
    array([[0., 1., 1., 1., 0., 0.]], dtype=float32)

    Args:
      level_db: float32 [batch, samples].
      threshold_db, hysteresis_db: -120 to 60 dB and 0 to 60 dB.
      hold_samples: 0 and more.
      state: [batch or 1, 2]: whether the level is on the open side, 0 or 1, and samples since it was, of the sample
        before. `CLOSED` before the first.

    Returns:
      float32 [batch, samples], and the state after the last sample.
    """
    threshold = clipped(threshold_db, FLOOR_DB, LOUDEST_DB)
    opens = tf.cast(level_db > threshold, tf.float32) + tf.zeros_like(state[:, :1])
    closes = tf.cast(level_db < threshold - clipped(hysteresis_db, 0.0, LOUDEST_DB), tf.float32)
    # Both are sums of products of 0, 1 and whole numbers, which the scan computes exactly: what is last stays.
    is_up, after_up = smoothed(opens, tf.maximum(opens, closes), state[:, :1])
    since, after_since = _counted(is_up, state[:, 1:])
    is_open = tf.cast(since <= hold_samples, tf.float32)
    return is_open, tf.concat([after_up, after_since], axis=1)


def true_peaks(x: tf.Tensor) -> tf.Tensor:
    """The largest |x| at and around each sample, on a grid four times as fine.

    Three points between two samples are interpolated by a windowed sinc of 12 taps; a peak between two samples counts
    for both.

    >>> wave = np.sin(np.pi * (np.arange(64) / 2 + 0.25))[None]                  # at fs / 4 no sample is at its peak
    >>> float(np.max(np.abs(wave))), float(tf.reduce_max(dg.dsp.true_peaks(tf.constant(wave, tf.float32)[:, 20:44])))
    (0.7071067811865476, 1.0016...)

    Args:
      x: float32 [batch, samples + 2 * PEAK_REACH], or with channels after it.

    Returns:
      [batch, samples], of the samples in the middle and the loudest channel.

    Source: ITU-R BS.1770-4, annex 2 (true-peak level by fourfold oversampling).
    """
    x = tf.expand_dims(x, 2) if len(x.shape) == 2 else x
    between = tf.nn.conv2d(tf.expand_dims(x, 3), tf.constant(_between_taps(), tf.float32), 1, "VALID")
    between = between[:, : size_of(x, 1) - 2 * PEAK_REACH + 1]  # of no items TensorFlow makes longer ones
    largest = tf.reduce_max(tf.abs(between), axis=[2, 3])  # [batch, samples + 1]: before each sample, after the last
    middle = x[:, PEAK_REACH : size_of(x, 1) - PEAK_REACH]
    return tf.maximum(tf.reduce_max(tf.abs(middle), axis=2), tf.maximum(largest[:, :-1], largest[:, 1:]))


def window_of(x: tf.Tensor, width: int, join: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """x[t], x[t + 1], ..., x[t + width - 1] joined, in about 2 log2(width) steps: [batch, samples - width + 1].

    >>> dg.dsp.window_of(tf.constant([[3.0, 1.0, 2.0, 5.0]]), 3, tf.minimum).numpy()
    array([[1., 1.]], dtype=float32)

    Args:
      x: [batch, samples], at least `width - 1` samples.
      join: Of two tensors, associative and commutative: a sum, a minimum.
    """
    n, begin, result = size_of(x, 1) - (width - 1), 0, None
    size, powers = 1, x  # powers[t] joins the `size` samples from t on
    while size <= width:
        if width & size:
            part = powers[:, begin : begin + n]
            result, begin = part if result is None else join(result, part), begin + size
        if 2 * size <= width:
            powers = join(powers[:, :-size], powers[:, size:])
        size *= 2
    assert result is not None
    return result


def _between_taps() -> Any:
    """[12, 1, 1, 3]: a Kaiser-windowed sinc at a quarter, a half and three quarters of the way between two samples."""
    fractions = np.arange(1, _OVERSAMPLING) / _OVERSAMPLING
    times = np.arange(1 - PEAK_REACH, PEAK_REACH + 1)[:, None] - fractions
    taps = np.sinc(times) * np.i0(5.0 * np.sqrt(1.0 - (times / PEAK_REACH) ** 2)) / np.i0(5.0)
    return (taps / np.sum(taps, axis=0))[:, None, None, :]


def _counted(is_up: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Samples since `is_up` was 1: 0 where it is."""
    down = 1.0 - is_up
    drive = tf.concat([down[:, :1] * (1.0 + state), down[:, 1:]], axis=1)
    (since,) = linear_scan([[is_up]], [drive])
    return since, since[:, -1:]
