"""Curves through points and steps at a tempo, from the number of the time: nothing adds up, however long they are."""

from __future__ import annotations

from typing import Any

from ddspgraph.dsp.numerics import tf_float32
from ddspgraph.dsp.phase import wrapped_cumsum
from ddspgraph.lazy import np, tf

#: What is a jump, in steps of the result.
_AT_ONCE = 1e-6
#: How far times in float32 are off, as shares of them.
_ROUNDING = 2e-7
#: How far before its time a step begins, as a share of it: that much a product of its rate and a time may be off.
_EARLY = 1e-7


def breakpoints(
    times: tf.Tensor, values: tf.Tensor, n: Any, rate: float, interpolation: str = "linear", first: Any = 0
) -> tf.Tensor:
    """A curve through points, the first held before it and the last after it.

    >>> dg.dsp.breakpoints([[0.5, 1.0]], [[0.0, 4.0]], 6, rate=4.0).numpy()
    array([[0., 0., 0., 2., 4., 4.]], dtype=float32)

    Args:
      times: In seconds, [batch, points]; one earlier than those before it counts as late as they.
      values: [batch, points].
      n: Length, an int or an int32 scalar.
      rate: Steps a second.
      interpolation: 'linear', 'smooth' (level at both ends) or 'step' (each value until the next point).
      first: Number of the first step.

    Returns:
      [batch, n].

    Raises:
      ValueError: Another interpolation.
    """
    if interpolation not in ("linear", "smooth", "step"):
        raise ValueError(f"interpolation must be 'linear', 'smooth' or 'step', not {interpolation!r}")
    times, values = tf_float32(times), tf_float32(values)
    n_points: Any = times.shape[1]
    earlier = np.tril(np.ones([n_points, n_points], bool))  # of each point, it and those before it
    times = tf.reduce_max(tf.where(earlier, times[:, None], times.dtype.min), axis=2)
    places = tf.clip_by_value(tf.cast(times, tf.float64) * rate, -(2.0**60), 2.0**60)
    nearest = tf.round(places)
    off = tf.clip_by_value(_ROUNDING * tf.abs(nearest), _ROUNDING, 0.01)
    is_near = tf.abs(places - nearest) <= off  # 0.3 s at 1 kHz is step 300
    places += tf.stop_gradient(tf.where(is_near, nearest - places, tf.zeros_like(places)))
    whole = tf.floor(places)
    numbers = tf.cast(first, tf.int64) + tf.range(tf.cast(n, tf.int64))
    # Steps after each point. Only a difference of whole numbers is exact, however late it is.
    since = tf.cast(numbers[:, None] - tf.cast(whole, tf.int64)[:, None], tf.float32)
    since -= tf.cast(places - whole, tf.float32)[:, None]
    has_come = tf.cast(since[:, :, 1:] >= 0.0, tf.float32)
    if interpolation == "step":
        part = has_come
    else:
        length = tf.cast(places[:, 1:] - places[:, :-1], tf.float32)[:, None]
        line = tf.clip_by_value(since[:, :, :-1] / tf.maximum(length, _AT_ONCE), 0.0, 1.0)
        part = tf.where(length < _AT_ONCE, has_come, line)
    if interpolation == "smooth":
        part = part * part * (3.0 - 2.0 * part)
    rises = values[:, 1:] - values[:, :-1]
    return values[:, :1] + tf.reduce_sum(part * rises[:, None], axis=2)


def turns_so_far(frequency: tf.Tensor, rate: float, before: Any = 0.0) -> tuple[tf.Tensor, tf.Tensor]:
    """How far a frequency that moves has turned: float64 cycles in [0, 1), the first `before`.

    >>> turns, after = dg.dsp.turns_so_far(tf.constant([[[1.0], [1.0], [2.0]]]), 4.0)
    >>> turns[0, :, 0].numpy(), after[0, 0].numpy()
    (array([0.  , 0.25, 0.5 ]), array([0.]))

    Args:
      frequency: [batch, time, ...], cycles a second.
      rate: Steps a second.
      before: Of the first step, float64 [batch, 1, ...].

    Returns:
      [batch, time, ...], and what follows the last, [batch, 1, ...].
    """
    own = tf.cast(frequency, tf.float64) / rate
    ends = wrapped_cumsum(own) + before
    ends -= tf.stop_gradient(tf.floor(ends))
    turns = tf.concat([tf.zeros_like(ends[:, :1]) + before, ends[:, :-1]], axis=1)
    return turns, ends[:, -1:]


def steps_of(turns: tf.Tensor, n_steps: int) -> tuple[tf.Tensor, tf.Tensor]:
    """The step that a turn through all of them has reached, int32, and how far it has gone through that, float32.

    >>> step, part = dg.dsp.steps_of(tf.constant([0.0, 0.375, 0.75], tf.float64), 4)
    >>> step.numpy(), part.numpy()
    (array([0, 1, 3], dtype=int32), array([0. , 0.5, 0. ], dtype=float32))
    """
    place = turns * n_steps + _EARLY
    step = tf.floor(place)
    return tf.cast(step, tf.int32) % n_steps, tf.cast(place - step, tf.float32)
